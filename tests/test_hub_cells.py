"""The cells of the hub profile, run against a Hub on this machine that serves the miniature under its full-size twin's id.

What the full-size checkpoint would answer cannot be seen here; that the same call downloads, loads and answers can.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from hub_server import Hub

from course_utils import catalog, lessons
from course_utils.compatibility.reader import python as plain
from course_utils.lessons import Lesson

WITHOUT = ("00_start_here", "01_tokenization/")


def hub_cells(lesson: Lesson) -> list[nbformat.NotebookNode]:
    return [cell for cell in lessons.code_cells(lesson.read()) if lessons.HUB_TAG in lessons.tags(cell)]


WITH_HUB = [lesson for lesson in lessons.all_lessons() if not lesson.name.startswith(WITHOUT)]
# Each cell in a namespace of its own, as if its lesson had only been set up; a line of equals signs parts the answers.
ONE_BY_ONE = """
import json, sys
for code in json.load(sys.stdin):
    exec(code, {"__name__": "__main__"})
    print("=" * 40)
"""


def by_checkpoint() -> dict[str, list[tuple[Lesson, str]]]:
    """Returns lessons and the code of their cells for the Hub, by the one checkpoint that the cell names."""
    found: dict[str, list[tuple[Lesson, str]]] = {}
    for lesson in WITH_HUB:
        (cell,) = hub_cells(lesson)
        (name,) = set(re.findall(r'checkpoint\("([^"]+)"\)', cell.source))
        found.setdefault(name, []).append((lesson, plain(lessons.setup_code(lesson)) + "\n" + plain(cell.source)))
    return found


@pytest.mark.parametrize(("name", "cells"), by_checkpoint().items(), ids=by_checkpoint())
def test_the_cells_for_the_hub_answer_with_what_the_hub_serves(name: str, cells: list, python: Callable, tmp_path: Path):
    entry = catalog.find(name, "checkpoint")
    away = dict.fromkeys(
        ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE")
    )
    with Hub(Path(catalog.checkpoint(name)), entry.hub_id, entry.hub_revision) as hub:
        chosen = {"HF_ENDPOINT": hub.address, "COURSE_PROFILE": "hub", "HF_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1,localhost"}
        done = python(ONE_BY_ONE, given=json.dumps([code for _, code in cells]), **(away | chosen))
        assert done.returncode == 0, f"after {done.stdout.count('=' * 40)} of {[lesson.name for lesson, _ in cells]}:\n{done.stderr}"
        assert "config.json" in hub.bodies()
    answers = done.stdout.split("=" * 40 + "\n")[:-1]
    for (lesson, _), answered in zip(cells, answers, strict=True):
        first, *answer = answered.splitlines()
        assert first == "Ready: hub profile, seed 0.", lesson.name
        assert answer and "Skipped" not in answered, lesson.name


@pytest.mark.parametrize("lesson", WITH_HUB, ids=lambda lesson: lesson.name)
def test_offline_the_cell_for_the_hub_is_skipped_in_one_line_that_says_what_to_expect(lesson: Lesson):
    (cell,) = hub_cells(lesson)
    (output,) = cell.outputs
    assert output.text.startswith("Skipped offline. In the hub profile, expect ")
    assert output.text.count("\n") == 1
