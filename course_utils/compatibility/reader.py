"""Walks the code of one lesson in order and notes what it imports, calls and asks of objects that is gone.

Holds Reader and what makes plain Python of a cell. Knows nothing of notebooks and files, nor of how the libraries are searched:
`resolution` says what a name stands for, `removed` what is known to be gone. Runs no code of the lesson.
"""

import ast
import builtins
import re
from collections.abc import Iterable

from course_utils.compatibility.removed import literal, removed_calls
from course_utils.compatibility.resolution import (
    GONE,
    Thing,
    by_attribute,
    called_instance,
    instance,
    load,
    member,
    parameters,
    returned,
    source_of,
)
from course_utils.errors import nearest

_PYTHON_MAGICS = ("time", "timeit", "capture", "prun")


def python(source: str) -> str:
    """Returns a cell as plain Python with the same line numbers; empty for a cell in another language."""
    from IPython.core.inputtransformer2 import TransformerManager

    if magic := re.match(r"\s*%%(\w+)[^\n]*", source):
        if magic[1] not in _PYTHON_MAGICS:
            return ""
        source = "\n" * magic[0].count("\n") + source[magic.end() :]
    source = re.sub(r"^([ \t]*)%(?:time|timeit)[ \t]+(?:-\w+[ \t]*\d*[ \t]+)*", r"\1", source, flags=re.MULTILINE)
    manager = TransformerManager()
    manager.cleanup_transforms = []
    return manager.transform_cell(source)


class Reader(ast.NodeVisitor):
    """Walks cells in order; `visit` returns the Thing that an expression stands for, None when that is unknown."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[tuple[int, str, str]] = []
        self.scopes: list[dict[str, Thing | None]] = [{}]
        self.stored: set[str] = set()
        self.caught: list[set[str]] = []

    def report(self, node: ast.AST, text: str, advice: str, error: str) -> None:
        """Notes a finding, unless the lesson catches its exception on purpose."""
        names = {cls.__name__ for cls in getattr(builtins, error, Exception).__mro__} if error else set()
        if not any(names & caught for caught in self.caught):
            self.found.append((node.lineno, text, advice))

    def bind(self, target: ast.AST | str | None, thing: Thing | None = None) -> None:
        """Binds a name, or every name of an assignment's target; a second type makes it unknown."""
        if isinstance(target, ast.Name | str):
            name, scope = getattr(target, "id", target), self.scopes[-1]
            before = scope.get(name)
            same = before and thing and before.value is thing.value and before.instance == thing.instance
            scope[name] = thing if name not in scope or same else None
        elif isinstance(target, ast.Tuple | ast.List | ast.Starred):
            for part in getattr(target, "elts", None) or [target.value]:
                self.bind(part)
        elif target is not None:
            self.visit(target)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            module, top = self.module(node, alias.name), alias.name.split(".")[0]
            self.bind(alias.asname or top, module if alias.asname else module and Thing(load(top), top))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = self.module(node, node.module) if node.module and not node.level else None
        for alias in node.names:
            thing = self.member(node, module, alias.name, "ImportError") if module and alias.name != "*" else None
            self.bind(alias.asname or alias.name, thing)

    def module(self, node: ast.AST, name: str) -> Thing | None:
        """Returns a module, or reports the first part of its path that cannot be imported."""
        for end in [m.start() for m in re.finditer(r"\.|$", name)]:
            if load(name[:end]) is None:
                advice = next((e.today for e in removed_calls() if e.name == name[:end]), "")
                self.report(node, f"the module {name[:end]} cannot be imported.", advice, "ModuleNotFoundError")
                return None
        return Thing(load(name), name)

    def member(self, node: ast.AST, thing: Thing | None, name: str, error: str = "AttributeError") -> Thing | None:
        """Returns an attribute, or reports that it is gone."""
        found = None
        if thing and name not in self.stored:
            found = member(thing, name)
            entry = next((e for e in removed_calls() if not e.argument and e.concerns(thing.value, name)), None)
            if found is GONE or (entry and not hasattr(thing.value, name)):
                near = None if entry else nearest(name, dir(thing.value))
                advice = entry.today if entry else f"Did you mean {near!r}?" if near else ""
                self.report(node, f"{thing.path} has no {name!r}.", advice, error)
                return None
        return found or by_attribute(name)

    def visit_Name(self, node: ast.Name) -> Thing | None:
        return next((scope[node.id] for scope in reversed(self.scopes) if node.id in scope), None)

    def visit_Attribute(self, node: ast.Attribute) -> Thing | None:
        base = self.visit(node.value)
        if isinstance(node.ctx, ast.Load):
            return self.member(node, base, node.attr)
        self.stored.add(node.attr)
        return None

    def visit_Subscript(self, node: ast.Subscript) -> Thing | None:
        base, _ = self.visit(node.value), self.visit(node.slice)
        if not (base and base.instance):
            return None
        method = self.member(node, base, "__getitem__", "TypeError")
        return method and returned(method, set())

    def visit_Call(self, node: ast.Call) -> Thing | None:
        called = self.visit(node.func)
        for part in [*node.args, *node.keywords]:
            self.visit(part)
        if called and called.instance:
            called = called_instance(called)
        if called is None or not callable(called.value):
            return None
        accepted, listed = parameters(called), set()
        for entry in removed_calls():
            if entry.argument and not entry.override and entry.listed(called, self.text) and (given := entry.given(node, called)):
                listed.add(entry.argument)
                fate = f"raises {entry.error}" if entry.error else entry.shows
                self.report(given, f"{called.path}({entry.argument}={literal(given)}) {fate}.", entry.today, entry.error)
        for keyword in node.keywords:
            if accepted is not None and keyword.arg and keyword.arg not in accepted | listed:
                near = nearest(keyword.arg, accepted)
                advice = f"Did you mean {near!r}?" if near else ""
                self.report(keyword.value, f"{called.path} takes no argument {keyword.arg!r}.", advice, "TypeError")
        return returned(called, {keyword.arg for keyword in node.keywords})

    def visit_Assign(self, node: ast.Assign) -> None:
        thing = self.visit(node.value)
        for target in node.targets:
            self.bind(target, thing)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        self.bind(node.target, node.value and self.visit(node.value))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Thing | None:
        thing = self.visit(node.value)
        self.bind(node.target, thing)
        return thing

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self.bind(node.target)
        self.walk([*node.body, *node.orelse])

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            thing = self.visit(item.context_expr)
            entered = member(thing, "__enter__") if thing and thing.instance else None
            gives_itself = entered and re.search(r"return self\b(?!\.)", source_of(entered.value))
            self.bind(item.optional_vars, thing if gives_itself else entered and returned(entered, set()))
        self.walk(node.body)

    def visit_Try(self, node: ast.Try) -> None:
        kinds = [part for handler in node.handlers for part in ast.walk(handler.type or ast.Name("Exception"))]
        self.caught.append({getattr(part, "id", getattr(part, "attr", "")) for part in kinds})
        self.walk(node.body)
        self.caught.pop()
        self.walk([*node.handlers, *node.orelse, *node.finalbody])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.bind(node.name)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.bind(node.name)
        self.walk(node.decorator_list)
        self.within(node.args, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.within(node.args, [node.body])

    def within(self, arguments: ast.arguments, body: list) -> None:
        """Visits a function in a scope of its own, which holds its parameters by their annotations."""
        self.walk([default for default in [*arguments.defaults, *arguments.kw_defaults] if default])
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        types = {a.arg: a.annotation and self.visit(a.annotation) for a in every if a}
        self.scopes.append({name: thing and instance(thing.value) for name, thing in types.items()})
        self.walk(body)
        self.scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bind(node.name)
        bases = [base.value for part in node.bases if (base := self.visit(part))]
        for method in [part for part in node.body if isinstance(part, ast.FunctionDef)]:
            for entry in [e for e in removed_calls() if e.override and any(e.concerns(base, method.name) for base in bases)]:
                names = [a.arg for a in [*method.args.args, *method.args.kwonlyargs]]
                if entry.argument not in names and not method.args.kwarg:
                    self.report(method, f"{node.name}.{method.name} lacks the parameter {entry.argument!r}.", entry.today, entry.error)
        self.scopes.append({})
        self.walk([*node.decorator_list, *node.keywords, *node.body])
        self.scopes.pop()

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.scopes.append({})
        for part in node.generators:
            self.visit(part.iter)
            self.bind(part.target)
            self.walk(part.ifs)
        self.walk([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self.scopes.pop()

    def walk(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    visit_AsyncFor, visit_AsyncWith, visit_AsyncFunctionDef, visit_TryStar = visit_For, visit_With, visit_FunctionDef, visit_Try
    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = comprehension
