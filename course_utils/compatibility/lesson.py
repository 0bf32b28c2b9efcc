"""The lesson on then and now, as far as the list of removed calls writes it: its generated cells, and `stamp`, which puts them in.

A call that is `alone` has two cells, the old way and today's; the others share tables, which the lesson's own function `compare`
runs. What entries need stands before their section. Knows nothing of files and runs nothing.
"""

import ast
import builtins
import re
import textwrap
from collections.abc import Iterable, Iterator

import nbformat
from nbformat.v4 import new_code_cell

from course_utils import lessons
from course_utils.compatibility.removed import Removed, removed_calls, setups
from course_utils.errors import CourseError

TAG, OLD = "generated", "then"
_WIDTH = 140


def stamp(notebook: nbformat.NotebookNode) -> None:
    """Brings the generated cells of a notebook up to date with the list, where it has any; handwritten cells stay as they are.

    A cell that is there keeps its place; a new one follows the one before it in the list, or the cell whose id is its section's
    name. A changed cell loses its outputs.
    """
    if not any(TAG in lessons.tags(cell) for cell in notebook.cells):
        return
    sections = cells()
    known = {cell.id for section in sections.values() for cell in section}
    kept = [cell for cell in notebook.cells if TAG not in lessons.tags(cell) or cell.id in known]
    for name, section in sections.items():
        place = next((number for number, cell in enumerate(kept) if cell.id == name), None)
        if place is None:
            raise CourseError(f"The lesson has no cell with the id {name!r}. Its section of the list needs one, the heading to follow.")
        for cell in section:
            places = {old.id: number for number, old in enumerate(kept)}
            if cell.id not in places:
                kept.insert(place + 1, cell)
            elif (kept[places[cell.id]].source, kept[places[cell.id]].metadata) != (cell.source, cell.metadata):
                kept[places[cell.id]] = cell
            place = places.get(cell.id, place + 1)
    notebook.cells = kept


def cells() -> dict[str, list[nbformat.NotebookNode]]:
    """Returns the generated cells of each section of the lesson, in the list's order."""
    found: dict[str, list[nbformat.NotebookNode]] = {}
    for section, cell, _ in _written():
        found.setdefault(section, []).append(cell)
    return found


def homes() -> dict[str, str]:
    """Returns, for the label of each entry, the id of the cell that shows it (today's way, where it has two)."""
    return {entry.label: cell.id for _, cell, entries in _written() for entry in entries}


def _written() -> Iterator[tuple[str, nbformat.NotebookNode, list[Removed]]]:
    """Yields (section, cell, the entries that it shows)."""
    ready: set[str] = set()
    for group in dict.fromkeys(entry.group for entry in removed_calls()):
        entries = [entry for entry in removed_calls() if entry.group == group]
        needs = [name for name in dict.fromkeys(" ".join(entry.needs for entry in entries).split()) if name not in ready]
        ready.update(needs)
        for number, code in enumerate(_packed([_split(setups()[name]) for name in needs])):
            yield group, _cell(f"setup-{group}-{number}", code), []
        for entry in [entry for entry in entries if entry.alone]:
            yield group, _cell(f"then-{_slug(entry)}", _then(entry), OLD), [entry]
            yield group, _cell(f"now-{_slug(entry)}", _now(entry)), [entry]
        for number, (code, shown) in enumerate(_tables([entry for entry in entries if not entry.alone])):
            yield group, _cell(f"table-{group}-{number}", code), shown


def _cell(name: str, code: str, *more_tags: str) -> nbformat.NotebookNode:
    return new_code_cell(code, id=name, metadata={"tags": [TAG, *more_tags]})


def _then(entry: Removed) -> str:
    """Returns the old call as a cell: it prints its error, or shows what a silent one leaves behind."""
    imports, code = _split(entry.then)
    if entry.error:
        start = ast.parse(code).body[-1].lineno - 1  # only the last statement fails
        before, failing = ["\n".join(part) + "\n" for part in (code.splitlines()[:start], code.splitlines()[start:])]
        caught = entry.error if hasattr(builtins, entry.error) else "Exception"
        tried = f"try:\n{textwrap.indent(failing, '    ')}except {caught} as error:\n    print(first_clause(error))"
        return _code(imports, before.lstrip("\n") + tried)
    if entry.warns:
        code = f'with warnings.catch_warnings(record=True) as told:\n    warnings.simplefilter("always")\n{textwrap.indent(code, "    ")}'
        return _code([*imports, "import warnings"], f"{code}\nprint(sorted({{warning.category.__name__ for warning in told}}))\nold")
    return _code(imports, f"{code}\nold")


def _now(entry: Removed) -> str:
    """Returns today's call as a cell; of a silent one, with the claim about both results."""
    imports, code = _split(entry.now)
    subject = (entry.value if entry.argument == "task" else entry.argument) or "The old call"
    told = f"# {entry.today}" if entry.error else f"# {subject} {entry.shows}. {entry.today}"
    told = "\n".join(textwrap.wrap(told, _WIDTH - 2, subsequent_indent="# "))
    return f"{told}\n" + _code(imports, code if entry.error else f"{code}\nassert {entry.proof}\nnew")


def _tables(entries: list[Removed]) -> Iterator[tuple[str, list[Removed]]]:
    """Yields (code, its entries): cells that each compare as many calls as fit."""
    while entries:
        count = len(entries)
        while len((code := _table(entries[:count])).splitlines()) > lessons.CODE_LINES:
            count -= 1
        yield code, entries[:count]
        entries = entries[count:]


def _table(entries: list[Removed]) -> str:
    imports, rows = [], []
    for entry in entries:
        (before, then), (after, now) = _split(entry.then), _split(entry.now)
        imports += before + after
        parts = [_quoted(part.replace("\n", "; ")) for part in (then, now, entry.proof) if part]
        row = f"    ({', '.join(parts)}),"
        rows.append(row if len(row) <= _WIDTH else "    (\n" + "".join(f"        {part},\n" for part in parts) + "    ),")
    return _code(imports, "compare(\n" + "\n".join(rows) + "\n)")


def _packed(pieces: Iterable[tuple[list[str], str]]) -> list[str]:
    """Returns pieces of code joined into as few cells as their length allows."""
    packed, imports, code = [], [], ""
    for more_imports, more in pieces:
        joined = _code(imports + more_imports, f"{code}\n{more}".strip())
        if len(joined.splitlines()) > lessons.CODE_LINES:
            packed.append(_code(imports, code))
            imports, code = [], ""
        imports, code = imports + more_imports, f"{code}\n{more}".strip()
    return [*packed, _code(imports, code)] if code else packed


def _split(code: str) -> tuple[list[str], str]:
    """Returns the imports that a piece of code begins with, and the rest; an import that stands alone is itself the rest."""
    rows = code.strip().splitlines()
    count = next((number for number, row in enumerate(rows) if not re.match("import |from ", row)), 0)
    return rows[:count], "\n".join(rows[count:]).strip()


def _code(imports: Iterable[str], code: str) -> str:
    """Returns code below its imports, which are sorted, one a module."""
    modules: dict[str, set[str]] = {}
    for row in imports:
        found = re.fullmatch(r"from (\S+) import (.+)", row)
        modules.setdefault(found[1] if found else row, set()).update(found[2].split(", ") if found else [])
    rows = sorted((_imported(module, sorted(names)) for module, names in modules.items()), key=lambda row: (row[:5] == "from ", row))
    gap = "\n\n\n" if code.startswith("class ") else "\n\n"
    return "\n".join(rows) + (gap if rows else "") + code


def _imported(module: str, names: list[str]) -> str:
    row = f"from {module} import {', '.join(names)}" if names else module
    return row if len(row) <= _WIDTH else f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _quoted(code: str) -> str:
    return repr(code) if '"' in code else f'"{code}"'


def _slug(entry: Removed) -> str:
    words = ".".join(entry.name.split(".")[-2:]) + f"-{entry.argument}-{entry.value}"
    return re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-").lower()[:55]
