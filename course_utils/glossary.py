"""The glossary: one sentence for each of the course's terms, and the lesson that first speaks of it.

Terms stand in glossary.toml, written by people; notebooks/glossary.ipynb is generated from them. Lessons link to a term by its anchor,
`glossary.ipynb#attention-mask`. Knows nothing of what lessons say.
"""

import functools
import re
import tomllib
from itertools import groupby
from pathlib import Path

import nbformat

from course_utils import lessons

FILE = "glossary.ipynb"
LINK = re.compile(rf"\]\([./]*{re.escape(FILE)}#([^)]*)\)")
_OPENING = """\
# Glossary

The terms of the course, one sentence each, with the lesson that explains it. If a link from a lesson opened this page at its top, follow it
once more: JupyterLab then goes to the term."""


@functools.cache
def terms() -> dict[str, str]:
    """Returns the sentence of each term, in alphabetical order."""
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        found = tomllib.load(file)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def anchor(term: str) -> str:
    """Returns what a link to a term ends in: JupyterLab's own name for its heading."""
    return term.replace(" ", "-")


def first_lessons(folder: Path) -> dict[str, lessons.Lesson]:
    """Returns the first lesson, in reading order, that links to each anchor."""
    found: dict[str, lessons.Lesson] = {}
    for lesson in lessons.all_lessons(folder):
        for cell in lesson.read().cells:
            if cell.cell_type == "markdown":
                for name in LINK.findall(cell.source):
                    found.setdefault(name, lesson)
    return found


def notebook(folder: Path) -> str:
    """Returns the glossary's notebook as text: a cell for each initial letter."""
    explained = first_lessons(folder)
    cells = [nbformat.v4.new_markdown_cell(_OPENING, id="opening")]
    for letter, names in groupby(terms(), key=lambda term: term[0].upper()):
        cells.append(nbformat.v4.new_markdown_cell("\n\n".join(_entry(name, explained) for name in names), id=f"letter-{letter}"))
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made.metadata["language_info"] = {"name": "python"}
    return lessons.dumps(made)


def refresh(folder: Path) -> bool:
    """Writes the glossary's notebook; returns True when that changed it."""
    path, text = folder / FILE, notebook(folder)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8", newline="\n")
    return True


def _entry(term: str, explained: dict[str, lessons.Lesson]) -> str:
    lesson = explained.get(anchor(term))
    where = f" [{lesson.title()}]({lesson.name}.ipynb)" if lesson else ""
    return f"### {term}\n\n{terms()[term]}{where}"
