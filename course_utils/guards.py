"""What every stored lesson must be, beyond running: each guard yields sentences on what is wrong with one lesson.

Runs no cell. Removed calls are looked for in `compatibility`.
"""

import ast
import re
from collections.abc import Iterator
from itertools import chain

import nbformat

from course_utils import glossary, lessons
from course_utils.compatibility.reader import python
from course_utils.lessons import Lesson

LOOSE_TAGS = ("nbval-ignore-output", "nbval-skip")
LOOSE_SHARE = 1 / 50
EXERCISES = 3
_MACHINE = re.compile(r"(/home/|/root/|/tmp/|/Users/|[A-Z]:\\\\Users|/content/)\w+|127\.0\.0\.1:\d{4,5}|localhost:\d{4,5}")
_HIDDEN = ("foundry", "execution", "doctor", "cli", "lessons", "guards", "glossary")
_NO_CHECK = re.compile(r"NBVAL_(IGNORE_OUTPUT|SKIP)|PYTEST_VALIDATE_IGNORE_OUTPUT")


def problems(lesson: Lesson) -> list[str]:
    """Returns one sentence for each thing that is wrong with a stored lesson; none when it may ship."""
    notebook = lesson.read()
    guards = (one_run, code, comparison, traces, exercises)
    found = chain.from_iterable(guard(notebook) for guard in guards)
    return [f"{lesson.name}: {sentence}" for sentence in chain(shape(lesson, notebook), found, links(lesson, notebook))]


def one_run(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Stored outputs come from one run from top to bottom, and none is an error."""
    counts = [cell.get("execution_count") for cell in lessons.code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"its cells were run in the order {counts}, not once from top to bottom. `course refresh` stores one run."
    for cell in lessons.code_cells(notebook):
        failed = [output.ename for output in cell.outputs if output.output_type == "error"]
        if failed:
            yield f"the stored output of {_first(cell)} is a {failed[0]}."
        if "raises-exception" in lessons.tags(cell):
            yield f"{_first(cell)} is tagged raises-exception, where *Run all* in JupyterLab stops. Catch the error and print it."


def shape(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    """A title, promises, times and needs; one set-up cell, as the course writes it; the promises again at the end; a link onward."""
    first = notebook.cells[0].source if notebook.cells else ""
    for wanted in ("# ", "After this lesson you can", "**Time**", "**You need**"):
        if wanted not in first:
            yield f"its first cell lacks {wanted!r}."
    if not 3 <= len(re.findall(r"^[*-] ", first, re.MULTILINE)) <= 5:
        yield "its first cell does not promise three to five things."
    setups = [cell for cell in notebook.cells if lessons.SETUP_TAG in lessons.tags(cell)]
    if [cell.source for cell in setups] != [lessons.setup_code(lesson)] or notebook.cells[1] is not setups[0]:
        yield "its second cell is not the set-up cell. `course refresh` writes it."
    last = " ".join(cell.source for cell in notebook.cells[-3:])
    if "you can do now" not in last or ".ipynb" not in last:
        yield "it does not end with what you can do now and a link onward."


def code(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Code cells are short and import nothing that lessons may not see; there is a picture."""
    for cell in lessons.code_cells(notebook):
        count = len(cell.source.splitlines())
        if count > lessons.CODE_LINES:
            yield f"{_first(cell)} has {count} lines; at most {lessons.CODE_LINES} are allowed."
        for name in _imports(cell.source):
            if name.startswith("course_utils.") and name.split(".")[1] in _HIDDEN:
                yield f"{_first(cell)} imports {name}, which is not for lessons."
    if not any("image/png" in output.get("data", {}) for cell in lessons.code_cells(notebook) for output in cell.outputs):
        yield "it shows no picture."


def comparison(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Every code cell is compared, or carries a tag and a reason."""
    for cell in lessons.code_cells(notebook):
        loose = [tag for tag in lessons.tags(cell) if tag in LOOSE_TAGS]
        if loose and not cell.metadata.get("reason"):
            yield f"{_first(cell)} is tagged {loose[0]} without a reason in its metadata."
        if _NO_CHECK.search(cell.source):
            yield f"{_first(cell)} switches the comparison off by a comment; use a tag and a reason."


def too_loose(chosen: list[Lesson]) -> str:
    """Returns a sentence when more than one code cell in fifty of these lessons is not compared; else an empty string."""
    cells = [cell for lesson in chosen for cell in lessons.code_cells(lesson.read())]
    loose = sum(any(tag in LOOSE_TAGS for tag in lessons.tags(cell)) for cell in cells)
    return f"{loose} of {len(cells)} code cells are not compared; at most one in fifty may be." if loose > LOOSE_SHARE * len(cells) else ""


def traces(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Nothing of one machine: no path, no address, no token."""
    for cell in notebook.cells:
        texts = [cell.source, *(_output_text(output) for output in cell.get("outputs", []))]
        for text in texts:
            if found := _MACHINE.search(text):
                yield f"{_first(cell)} holds {found.group(0)!r}, a trace of one machine."
            if found := re.search(r"\bhf_[A-Za-z0-9]{20,}", text):
                yield f"{_first(cell)} holds what looks like a Hub token: revoke it."


def exercises(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """At least three exercises, all of them untouched."""
    checks = [cell for cell in lessons.code_cells(notebook) if re.search(r"^check\(", cell.source, re.MULTILINE)]
    untouched = [cell for cell in checks if "Not attempted" in "".join(_output_text(output) for output in cell.outputs)]
    if len(untouched) < EXERCISES:
        yield f"it holds {len(untouched)} untouched exercises; at least {EXERCISES} are expected."


def links(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Links to files of the course, and to terms of the glossary, lead somewhere."""
    known = {glossary.anchor(term) for term in glossary.terms()}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for name in glossary.LINK.findall(cell.source):
                if name not in known:
                    yield f"its link to the term {name!r} leads nowhere: the glossary has no such term."
            for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)\s#]+)", cell.source):
                if not (lesson.path.parent / target).exists():
                    yield f"its link to {target!r} leads nowhere."


def _imports(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(python(source))
    except SyntaxError:  # told by `compatibility`, with its line
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _output_text(output: nbformat.NotebookNode) -> str:
    data = output.get("data", {})
    return output.get("text", "") + "".join(str(data.get(kind, "")) for kind in ("text/plain", "text/html", "text/markdown"))


def _first(cell: nbformat.NotebookNode) -> str:
    rows = cell.source.strip().splitlines()
    return f"cell {rows[0][:50]!r}" if rows else "an empty cell"
