"""Tells whether an answer is still the starter with its hole, `...`. Knows nothing of exercises."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import islice
from types import FunctionType
from typing import Any

_DEPTH = 3


def holds_a_hole(answer: Any, depth: int = _DEPTH) -> bool:
    """Returns True for `...` itself, a container that holds it, and a function or class whose code still says `...`.

    An Ellipsis inside square brackets, as in `logits[..., -1]`, is an index and no hole. Containers are opened three levels deep.
    """
    if answer is ...:
        return True
    if isinstance(answer, FunctionType):
        return _code_holds_a_hole(answer)
    if isinstance(answer, type):
        return any(holds_a_hole(part, 1) for part in _own_parts(answer))
    if depth and isinstance(answer, (list, tuple, set)):
        return any(holds_a_hole(item, depth - 1) for item in islice(answer, 100))
    if depth and isinstance(answer, dict):
        return any(holds_a_hole(item, depth - 1) for item in islice(answer.values(), 100))
    return False


def _own_parts(answer: type) -> Iterator[Any]:
    """Yields the methods and values of a class. (Of a class written in a notebook `inspect` finds no source; of its methods it does.)"""
    for value in vars(answer).values():
        part = getattr(value, "__func__", getattr(value, "fget", value))
        if not isinstance(part, type) and getattr(part, "__module__", answer.__module__) == answer.__module__:
            yield part


def _code_holds_a_hole(answer: FunctionType) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except (OSError, TypeError, SyntaxError):
        return False
    indices = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Subscript) for part in ast.walk(node.slice)}
    return any(isinstance(node, ast.Constant) and node.value is ... and id(node) not in indices for node in ast.walk(tree))
