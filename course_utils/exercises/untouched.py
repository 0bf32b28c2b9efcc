"""Tells whether an answer is still the starter with its hole, `...`. Knows nothing of exercises."""

import ast
import inspect
import textwrap
from types import FunctionType
from typing import Any


def holds_a_hole(answer: Any) -> bool:
    """Returns True for `...` itself, a container that holds it, and a function or class whose code still says `...`.

    An Ellipsis inside square brackets, as in `logits[..., -1]`, is an index and no hole.
    """
    if answer is ...:
        return True
    if isinstance(answer, (list, tuple)):
        return any(item is ... for item in answer[:100])
    if isinstance(answer, dict) and len(answer) <= 100:
        return any(item is ... for item in answer.values())
    if isinstance(answer, (FunctionType, type)):
        return _code_holds_a_hole(answer)
    return False


def _code_holds_a_hole(answer: FunctionType | type) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except (OSError, TypeError, SyntaxError):
        return False
    indices = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Subscript) for part in ast.walk(node.slice)}
    return any(isinstance(node, ast.Constant) and node.value is ... and id(node) not in indices for node in ast.walk(tree))
