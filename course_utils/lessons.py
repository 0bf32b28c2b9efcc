"""The lessons as files: where they are, what they are called, and the parts of each that are generated.

Generated are the Open in Colab badge, the set-up cell, in the first lesson the map of the course, and in the lesson on then and now the
cells of old calls. Runs nothing and knows no exercise.
"""

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path

import nbformat

from course_utils import profile
from course_utils.errors import MissingFile, UnknownName

CODE_LINES = 25
HUB_TAG = "hub"
MAP_TAG = "course-map"
SETUP_TAG = "setup"


@dataclass(frozen=True, order=True)
class Lesson:
    """One notebook of the course."""

    path: Path
    folder: Path

    @property
    def name(self) -> str:
        """The path below notebooks/ without its ending: `01_tokenization/03_batches`."""
        return self.path.relative_to(self.folder).with_suffix("").as_posix()

    @property
    def chapter(self) -> str:
        """The folder's title, `Tokenization`; empty for a lesson that stands before all chapters."""
        parent = self.path.parent
        return "" if parent == self.folder else _title_of_file(parent.name)

    @property
    def exercises(self) -> str:
        """The name of the module that holds the exercises: `lesson_01_03_batches`."""
        numbers = "" if self.path.parent == self.folder else self.path.parent.name.split("_")[0] + "_"
        return f"lesson_{numbers}{self.path.stem}"

    def read(self) -> nbformat.NotebookNode:
        """Returns the notebook."""
        return nbformat.read(self.path, as_version=4)

    def title(self) -> str:
        """Returns the heading of the first cell; the file's name where there is none."""
        cells = self.read().cells
        heading = re.search(r"^# (.+)$", cells[0].source, re.MULTILINE) if cells else None
        return heading.group(1) if heading else _title_of_file(self.path.stem)


def notebooks_folder() -> Path:
    """Returns the folder of the course's notebooks; raises MissingFile where only the package is installed."""
    folder = profile.root() / "notebooks"
    if not folder.is_dir():
        raise MissingFile(
            f"There are no notebooks in {profile.root()}. Clone the repository, or name a folder: course --notebooks FOLDER …"
        )
    return folder


def all_lessons(folder: Path | None = None) -> list[Lesson]:
    """Returns the lessons below a folder (the course's own when none is given) in reading order."""
    folder = folder or notebooks_folder()
    paths = (p for p in folder.rglob("[0-9][0-9]_*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    return [Lesson(path, folder) for path in sorted(paths, key=lambda p: p.relative_to(folder).as_posix())]


def choose(names: list[str], folder: Path | None = None) -> list[Lesson]:
    """Returns the named lessons, all when none is named. A name is a path, `01_tokenization/03_batches`, or the start of one."""
    known = all_lessons(folder)
    chosen = []
    for name in names:
        wanted = name.removeprefix("notebooks/").removesuffix(".ipynb").rstrip("/")
        matches = [x for x in known if x.name == wanted or x.name.startswith(f"{wanted}/") or x.path.stem == wanted]
        if not matches:
            raise UnknownName(name, "lesson", [x.name for x in known])
        chosen += matches
    return chosen or known


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Returns the code cells that hold anything."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """Returns the tags of a cell."""
    return list(cell.metadata.get("tags", []))


def stamp(lesson: Lesson) -> bool:
    """Writes the generated parts into a lesson; returns True when that changed the file."""
    from course_utils.compatibility import lesson as then_and_now

    notebook = lesson.read()
    then_and_now.stamp(notebook)
    for cell in notebook.cells:
        if SETUP_TAG in tags(cell):
            cell.source = setup_code(lesson)
        if MAP_TAG in tags(cell):
            cell.source = course_map(lesson.folder)
    if notebook.cells:
        notebook.cells[0].source = _with_badge(notebook.cells[0].source, lesson)
    text = dumps(notebook)
    if text == lesson.path.read_text(encoding="utf-8"):
        return False
    lesson.path.write_text(text, encoding="utf-8", newline="\n")
    return True


def dumps(notebook: nbformat.NotebookNode) -> str:
    """Returns the notebook as the text that is stored."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


@functools.cache
def repository() -> str:
    """Returns the address of the repository, the one setting of pyproject.toml that badges and set-up cells come from."""
    project = profile.root() / "pyproject.toml"
    if project.is_file():
        return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
    urls = metadata("hugging-face-in-miniature").get_all("Project-URL") or []
    return next(url.split(", ")[1] for url in urls if url.startswith("Repository"))


def setup_code(lesson: Lesson) -> str:
    """Returns the set-up cell: six lines of code, which install the course, and what the chapter on deployment adds, where they are not."""
    extras = "[serve,scale]" if lesson.name.startswith("06_deployment") else ""
    address = repository()
    pins = address.replace("https://github.com", "https://raw.githubusercontent.com") + "/main/requirements.txt"
    return (
        "try:  # on Colab, or with this file alone, the course is fetched first\n"
        "    import course_utils\n"
        "except ModuleNotFoundError:\n"
        f'    %pip install --quiet --constraint {pins} "hugging-face-in-miniature{extras} @ git+{address}"\n'
        "from course_utils import check, checkpoint, dataset, hint, metrics, plots, solution, start\n"
        "\n"
        "start()"
    )


def badge(lesson: Lesson) -> str:
    """Returns the Open in Colab badge of a lesson as Markdown."""
    place = repository().removeprefix("https://github.com/")
    address = f"https://colab.research.google.com/github/{place}/blob/main/notebooks/{lesson.name}.ipynb"
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({address})"


def course_map(folder: Path) -> str:
    """Returns the map of the course as Markdown: chapters and lessons, linked relative to the first lesson."""
    rows, chapter = ["| lesson | about |", "|---|---|"], ""
    for lesson in all_lessons(folder):
        if lesson.chapter != chapter:
            chapter = lesson.chapter
            rows.append(f"| **{chapter}** | |")
        rows.append(f"| [{lesson.path.stem}]({lesson.name}.ipynb) | {lesson.title()} |")
    return "\n".join(rows)


def _with_badge(source: str, lesson: Lesson) -> str:
    rows = [row for row in source.splitlines() if "colab-badge.svg" not in row]
    while rows and not rows[-1].strip():
        rows.pop()
    return "\n".join([*rows, "", badge(lesson)])


def _title_of_file(stem: str) -> str:
    words = re.sub(r"^\d+_", "", stem).replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
