"""The gate on removed APIs: what lessons import, call and ask of objects, resolved against the installed libraries by reading alone.

A module, name or keyword that a library no longer has becomes a Finding before the lesson runs. Where a signature ends in
`**kwargs`, removed_calls.toml decides. Runs no cell, and stays silent where it cannot be sure: on the lesson's own functions and
classes, on builtins, on a name that has stood for two types. Holds the way from lessons to findings; knows nothing of how code is
walked (`reader`), of the list (`removed`) and of the libraries (`resolution`), which import one another in this order.
"""

import ast
import os
from collections.abc import Iterable
from dataclasses import dataclass

from course_utils import lessons
from course_utils.compatibility.reader import Reader, python
from course_utils.compatibility.removed import Removed, preparation, removed_calls
from course_utils.lessons import Lesson

# An error that stops the lesson, and an old call that the lesson on then and now shows as the list has it.
ON_PURPOSE = {"raises-exception", "then"}

__all__ = ["Finding", "Removed", "check", "examine", "findings", "preparation", "removed_calls"]


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


def check(chosen: Iterable[Lesson]) -> list[Finding]:
    """Returns the findings of several lessons in reading order."""
    return [finding for lesson in chosen for finding in findings(lesson)]


def findings(lesson: Lesson) -> list[Finding]:
    """Returns what a lesson uses and the installed libraries lack; cells that show it on purpose are left out."""
    cells = enumerate(lessons.code_cells(lesson.read()), start=1)
    return examine(lesson.name, [(number, cell.source) for number, cell in cells if not ON_PURPOSE & {*lessons.tags(cell)}])


def examine(name: str, cells: Iterable[tuple[int, str]]) -> list[Finding]:
    """Returns the findings of numbered code cells that share one namespace."""
    for variable, value in {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"}.items():
        os.environ.setdefault(variable, value)
    sources = dict(cells)
    reader = Reader("\n".join(sources.values()))
    found = []
    for number, source in sources.items():
        reader.found = []
        try:
            reader.visit(ast.parse(python(source)))
        except SyntaxError as error:
            reader.found.append((error.lineno or 1, f"this does not parse: {error.msg}.", ""))
        found += [Finding(name, number, *rest) for rest in sorted(set(reader.found))]
    return found
