"""The gate on removed APIs: what lessons import, call and ask of objects, resolved against the installed libraries by reading alone.

A module, name or keyword that a library no longer has becomes a Finding before the lesson runs. Where a signature ends in
`**kwargs`, removed_calls.toml decides. Runs no cell, and stays silent where it cannot be sure: on the lesson's own functions and
classes, on builtins, on a name that has stood for two types.
"""

import ast
import builtins
import functools
import importlib
import inspect
import os
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from course_utils import lessons
from course_utils.errors import nearest
from course_utils.lessons import Lesson

_PYTHON_MAGICS = ("time", "timeit", "capture", "prun")
_NOT_OF_LIBRARIES = ("builtins", "inspect", "typing", "types", "abc", "collections.abc", "contextlib")
# Wrappers that accept more keywords than the function inside, whose signature is the one that inspect shows.
_LENIENT_WRAPPER = re.compile(r"deprecat|rename|alias|legacy|preprocess_data|^strict\.")
# What the Auto classes make, and what an attribute of an unknown object can only be.
_MADE = {
    "AutoTokenizer": "transformers.TokenizersBackend",
    "AutoModel": "transformers.PreTrainedModel",
    "AutoConfig": "transformers.PreTrainedConfig",
    "AutoImageProcessor": "transformers.BaseImageProcessor",
    "AutoFeatureExtractor": "transformers.FeatureExtractionMixin",
}
_BY_ATTRIBUTE = {"past_key_values": "transformers.DynamicCache", "generate": "transformers.GenerationMixin.generate"}


@dataclass(frozen=True)
class Finding:
    """One thing that a lesson uses and the installed libraries lack; `cell` counts code cells, `line` the lines of that cell."""

    lesson: str
    cell: int
    line: int
    text: str
    advice: str

    def __str__(self) -> str:
        return f"{self.lesson}, code cell {self.cell}, line {self.line}: {self.text} {self.advice}".rstrip()


@dataclass(frozen=True)
class Removed:
    """One entry of removed_calls.toml, which explains the fields."""

    name: str
    then: str
    now: str
    today: str
    argument: str = ""
    value: str = ""
    unless: str = ""
    override: bool = False
    error: str = ""
    shows: str = ""
    needs: str = ""
    unseen: str = ""
    unrun: str = ""

    @property
    def kind(self) -> str:
        """What the libraries do with the old call: "refused" with an exception, or "silent"."""
        return "refused" if self.error else "silent"

    @property
    def library(self) -> str:
        """The package that the call belongs to."""
        return self.name.split(".")[0]

    def concerns(self, owner: object, name: str) -> bool:
        """Returns True when this entry is about that member of a class or module, or of what is derived from it."""
        parent, _, last = self.name.rpartition(".")
        if last != name or self.library not in sys.modules:
            return False
        if inspect.ismodule(owner):
            return owner.__name__.split(".")[0] == self.library
        return _derived(owner, load(parent))


@functools.cache
def removed_calls() -> list[Removed]:
    """Returns the list of removed calls."""
    return [Removed(**fields) for fields in _file()["removed"]]


def preparation(entry: Removed) -> str:
    """Returns the code that has to run before an entry's `then` and `now`."""
    return "\n".join(_file()["setup"][name] for name in entry.needs.split())


def check(chosen: Iterable[Lesson]) -> list[Finding]:
    """Returns the findings of several lessons in reading order."""
    return [finding for lesson in chosen for finding in findings(lesson)]


def findings(lesson: Lesson) -> list[Finding]:
    """Returns what a lesson uses and the installed libraries lack; cells tagged raises-exception are left out."""
    cells = enumerate(lessons.code_cells(lesson.read()), start=1)
    return examine(lesson.name, [(number, cell.source) for number, cell in cells if "raises-exception" not in lessons.tags(cell)])


def examine(name: str, cells: Iterable[tuple[int, str]]) -> list[Finding]:
    """Returns the findings of numbered code cells that share one namespace."""
    for variable, value in {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"}.items():
        os.environ.setdefault(variable, value)
    sources = dict(cells)
    reader = _Reader("\n".join(sources.values()))
    found = []
    for number, source in sources.items():
        reader.found = []
        try:
            reader.visit(ast.parse(_python(source)))
        except SyntaxError as error:
            reader.found.append((error.lineno or 1, f"this does not parse: {error.msg}.", ""))
        found += [Finding(name, number, *rest) for rest in sorted(set(reader.found))]
    return found


@functools.cache
def _file() -> dict:
    return tomllib.loads(Path(__file__).with_name("removed_calls.toml").read_text(encoding="utf-8"))


def _python(source: str) -> str:
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


@dataclass(frozen=True, eq=False)
class Thing:
    """What an expression stands for: an object of a library or, as `instance`, something of the class `value`.

    `owner` and `name` say through which class a method was reached, `exact` that an instance is of no subclass; `others` holds
    the same method of subclasses that the instance may be of.
    """

    value: object
    path: str
    instance: bool = False
    exact: bool = True
    owner: type | None = None
    name: str = ""
    others: tuple = ()


_GONE = Thing(None, "")


@functools.cache
def load(path: str) -> object | None:
    """Returns the module, or the member of one, that a dotted path names; None when there is none."""
    parent, _, last = path.rpartition(".")
    found = _member_of(load(parent), last) if parent else None
    if found is None:
        try:
            return importlib.import_module(path)
        except Exception:
            return None
    return found


def member(thing: Thing, name: str) -> Thing | None:
    """Returns an attribute of a thing, `_GONE` when it certainly has none of that name, None when nobody can say."""
    if not thing.instance:
        path = f"{thing.path}.{name}"
        value = _member_of(thing.value, name) if hasattr(thing.value, name) else None
        if value is None and inspect.ismodule(thing.value) and not hasattr(thing.value, name):
            value = load(f"{thing.value.__name__}.{name}")
        if value is None:
            return None if hasattr(thing.value, name) else _GONE
        return Thing(value, path, owner=_made(thing.value) if isinstance(thing.value, type) else None, name=name)
    values = [getattr(cls, name) for cls in _family(thing) if hasattr(cls, name)]
    if not hasattr(thing.value, name):
        return _GONE if not values and all(_surely_lacks(cls, name) for cls in _family(thing)) else None
    if getter := getattr(values[0], "fget", None) or getattr(values[0], "func", None):
        return _annotated(getter, thing.value)
    path = f"{thing.value.__name__}.{name}"
    return Thing(values[0], path, owner=thing.value, name=name, others=tuple(values[1:])) if inspect.isroutine(values[0]) else None


def parameters(function: Thing) -> set[str] | None:
    """Returns the keywords that a call accepts; None when its signature does not tell."""
    accepted: set[str] = set()
    for candidate in {id(value): value for value in (function.value, *function.others)}.values():
        wrapper = candidate.__init__ if isinstance(candidate, type) else candidate
        while hasattr(wrapper, "__wrapped__"):
            if _LENIENT_WRAPPER.search(getattr(getattr(wrapper, "__code__", None), "co_qualname", "")):
                return None
            wrapper = wrapper.__wrapped__
        try:
            found = inspect.signature(candidate).parameters.values()
        except (TypeError, ValueError):
            return None
        if any(p.kind is p.VAR_KEYWORD for p in found) or getattr(candidate, "__name__", "") == "_forward_unimplemented":
            return None
        accepted |= {p.name for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    return accepted


def returned(function: Thing, keywords: set[str | None]) -> Thing | None:
    """Returns what a call gives, as far as the class, the name `from_…` or the annotation tells."""
    value = function.value
    if isinstance(value, type):
        return _instance(value, exact=value.__new__ is object.__new__)
    if getattr(value, "__name__", "") == "load_dataset" and getattr(value, "__module__", "").startswith("datasets."):
        return None if keywords & {"split", "streaming", None} else _instance(load("datasets.DatasetDict"))
    if inspect.ismethod(value) and function.name.startswith("from_"):
        return _instance(function.owner)
    return _annotated(value, function.owner)


def _instance(cls: object, exact: bool = False) -> Thing | None:
    known = isinstance(cls, type) and cls.__module__ not in _NOT_OF_LIBRARIES
    return Thing(cls, cls.__name__, instance=True, exact=exact) if known else None


def _annotated(function: object, owner: type | None) -> Thing | None:
    try:
        annotation = inspect.signature(function).return_annotation
        if isinstance(annotation, str):
            annotation = eval(annotation, getattr(inspect.unwrap(function), "__globals__", {}))
    except Exception:  # an annotation may name what is only imported for type checkers
        return None
    if inspect.iscoroutinefunction(function):
        return None
    return _instance(owner if getattr(annotation, "__name__", "") == "Self" else annotation)


def _made(cls: type) -> type | None:
    """Returns the class of what a class's constructors give: itself, but for the Auto classes."""
    if not re.match("Auto[A-Z]", cls.__name__):
        return cls
    matches = [path for name, path in _MADE.items() if cls.__name__.startswith(name) and cls.__module__.startswith("transformers.")]
    return load(matches[0]) if matches else None


def _family(thing: Thing) -> list[type]:
    """Returns the classes that an instance may be of, its own first; subclasses as far as they are loaded."""
    classes = [thing.value]
    if not thing.exact:
        for cls in classes:
            classes += [child for child in type.__subclasses__(cls) if child not in classes]
    return classes


def _surely_lacks(cls: type, name: str) -> bool:
    """Returns True when no class above has the attribute, makes attributes up, or mentions it as `self.name` in its source."""
    if hasattr(cls, "__getattr__") or cls.__getattribute__ is not object.__getattribute__:
        return False
    for parent in cls.__mro__:
        if parent.__module__ == "builtins":
            continue
        source = _source(parent)
        if not source and cls.__dictoffset__:
            return False
        if re.search(
            rf"self\.{name}\b|setattr\(self|self\.__dict__\.update\((?!state\))|vars\(self\)", source
        ) or name in inspect.get_annotations(parent):
            return False
    return True


def _source(value: object) -> str:
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):  # compiled
        return ""


def _member_of(value: object, name: str) -> object | None:
    try:
        return getattr(value, name, None)
    except Exception:  # lazy modules raise what the import behind the name raises
        return None


def _derived(cls: object, parent: object) -> bool:
    return isinstance(cls, type) and isinstance(parent, type) and issubclass(cls, parent)


class _Reader(ast.NodeVisitor):
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
            if found is _GONE or (entry and not hasattr(thing.value, name)):
                near = nearest(name, dir(thing.value))
                advice = entry.today if entry else f"Did you mean {near!r}?" if near else ""
                self.report(node, f"{thing.path} has no {name!r}.", advice, error)
                return None
        if found is None and name in _BY_ATTRIBUTE and "transformers" in sys.modules:
            value, owner = load(_BY_ATTRIBUTE[name]), load(_BY_ATTRIBUTE[name].rpartition(".")[0])
            found = _instance(value) if isinstance(value, type) else Thing(value, name, owner=owner, name=name)
        return found

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
            called = self.called_instance(called)
        if called is None or not callable(called.value):
            return None
        accepted, listed = parameters(called), set()
        for entry in removed_calls():
            if entry.argument and not entry.override and self.listed(entry, called) and (given := self.given(node, entry, called)):
                listed.add(entry.argument)
                fate = f"raises {entry.error}" if entry.error else entry.shows
                self.report(given, f"{called.path}({entry.argument}={_literal(given)}) {fate}.", entry.today, entry.error)
        for keyword in node.keywords:
            if accepted is not None and keyword.arg and keyword.arg not in accepted | listed:
                near = nearest(keyword.arg, accepted)
                advice = f"Did you mean {near!r}?" if near else ""
                self.report(keyword.value, f"{called.path} takes no argument {keyword.arg!r}.", advice, "TypeError")
        return returned(called, {keyword.arg for keyword in node.keywords})

    def called_instance(self, thing: Thing) -> Thing | None:
        """Returns what calling an instance runs: its `forward` when it is a torch module."""
        method = member(thing, "__call__")
        return member(thing, "forward") if getattr(method and method.value, "__name__", "") == "_wrapped_call_impl" else method

    def listed(self, entry: Removed, called: Thing) -> bool:
        """Returns True when an entry is about the function, class or method that is called."""
        if entry.unless and re.search(entry.unless, self.text):
            return False
        if called.owner:
            return entry.concerns(called.owner, called.name)
        target = load(entry.name) if entry.library in sys.modules else None
        return target is not None and (called.value is target or _derived(called.value, target))

    def given(self, node: ast.Call, entry: Removed, called: Thing) -> ast.expr | None:
        """Returns what a call passes for an entry's argument, as long as it is the value that the entry is about."""
        passed = [keyword.value for keyword in node.keywords if keyword.arg == entry.argument]
        if not passed and entry.value and node.args and next(iter(inspect.signature(called.value).parameters)) == entry.argument:
            passed = node.args[:1]
        right = passed and (not entry.value or (_literal(passed[0]) != "…" and re.fullmatch(entry.value, str(passed[0].value))))
        return passed[0] if right else None

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
            gives_itself = entered and re.search(r"return self\b(?!\.)", _source(entered.value))
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
        self.scopes.append({name: thing and _instance(thing.value) for name, thing in types.items()})
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


def _literal(node: ast.expr) -> str:
    return repr(node.value) if isinstance(node, ast.Constant) else "…"
