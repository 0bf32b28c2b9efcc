"""What names and expressions stand for in the installed libraries: the object, its members, the keywords it takes, what it returns.

Holds Thing, the rules by which one leads to the next, and the few facts that no annotation tells. Says GONE only when it is sure
and None when nobody can say. Knows nothing of lessons, of syntax trees, or of the list of removed calls.
"""

import functools
import importlib
import inspect
import re
import sys
from dataclasses import dataclass

_NOT_OF_LIBRARIES = ("builtins", "inspect", "typing", "types", "abc", "collections.abc", "contextlib")
# Wrappers that accept more keywords than the function inside, whose signature is the one that inspect shows.
_LENIENT_WRAPPER = re.compile(r"deprecat|rename|alias|legacy|preprocess_data|^strict\.")
# What the Auto classes make, and what an attribute of an unknown object can only be.
MADE = {
    "AutoTokenizer": "transformers.TokenizersBackend",
    "AutoModel": "transformers.PreTrainedModel",
    "AutoConfig": "transformers.PreTrainedConfig",
    "AutoImageProcessor": "transformers.BaseImageProcessor",
    "AutoFeatureExtractor": "transformers.FeatureExtractionMixin",
}
BY_ATTRIBUTE = {"past_key_values": "transformers.DynamicCache", "generate": "transformers.GenerationMixin.generate"}


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


GONE = Thing(None, "")


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
    """Returns an attribute of a thing, GONE when it certainly has none of that name, None when nobody can say."""
    if not thing.instance:
        path = f"{thing.path}.{name}"
        value = _member_of(thing.value, name) if hasattr(thing.value, name) else None
        if value is None and inspect.ismodule(thing.value) and not hasattr(thing.value, name):
            value = load(f"{thing.value.__name__}.{name}")
        if value is None:
            return None if hasattr(thing.value, name) else GONE
        return Thing(value, path, owner=_made(thing.value) if isinstance(thing.value, type) else None, name=name)
    values = [getattr(cls, name) for cls in _family(thing) if hasattr(cls, name)]
    if not hasattr(thing.value, name):
        return GONE if not values and all(_surely_lacks(cls, name) for cls in _family(thing)) else None
    if getter := getattr(values[0], "fget", None) or getattr(values[0], "func", None):
        return _annotated(getter, thing.value)
    path = f"{thing.value.__name__}.{name}"
    return Thing(values[0], path, owner=thing.value, name=name, others=tuple(values[1:])) if inspect.isroutine(values[0]) else None


def by_attribute(name: str) -> Thing | None:
    """Returns what an attribute of this name can only be, on whatever object, once transformers is loaded."""
    if name not in BY_ATTRIBUTE or "transformers" not in sys.modules:
        return None
    value, owner = load(BY_ATTRIBUTE[name]), load(BY_ATTRIBUTE[name].rpartition(".")[0])
    return instance(value) if isinstance(value, type) else Thing(value, name, owner=owner, name=name)


def called_instance(thing: Thing) -> Thing | None:
    """Returns what calling an instance runs: its `forward` when it is a torch module."""
    method = member(thing, "__call__")
    return member(thing, "forward") if getattr(method and method.value, "__name__", "") == "_wrapped_call_impl" else method


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
        return instance(value, exact=value.__new__ is object.__new__)
    if getattr(value, "__name__", "") == "load_dataset" and getattr(value, "__module__", "").startswith("datasets."):
        return None if keywords & {"split", "streaming", None} else instance(load("datasets.DatasetDict"))
    if inspect.ismethod(value) and function.name.startswith("from_"):
        return instance(function.owner)
    return _annotated(value, function.owner)


def instance(cls: object, exact: bool = False) -> Thing | None:
    """Returns something of a class; None for what is no class of a library."""
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
    return instance(owner if getattr(annotation, "__name__", "") == "Self" else annotation)


def _made(cls: type) -> type | None:
    """Returns the class of what a class's constructors give: itself, but for the Auto classes."""
    if not re.match("Auto[A-Z]", cls.__name__):
        return cls
    matches = [path for name, path in MADE.items() if cls.__name__.startswith(name) and cls.__module__.startswith("transformers.")]
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
        text = source_of(parent)
        if not text and cls.__dictoffset__:
            return False
        if re.search(
            rf"self\.{name}\b|setattr\(self|self\.__dict__\.update\((?!state\))|vars\(self\)", text
        ) or name in inspect.get_annotations(parent):
            return False
    return True


@functools.cache
def source_of(value: object) -> str:
    """Returns the code of a class or function; empty when it is compiled."""
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):
        return ""


def _member_of(value: object, name: str) -> object | None:
    try:
        return getattr(value, name, None)
    except Exception:  # lazy modules raise what the import behind the name raises
        return None


def derived(cls: object, parent: object) -> bool:
    """Returns True when the first is the second or a subclass of it."""
    return isinstance(cls, type) and isinstance(parent, type) and issubclass(cls, parent)
