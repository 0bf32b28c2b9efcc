"""The cells of the hub profile, run against a Hub on this machine that serves the miniature under its full-size twin's id.

What the full-size checkpoint would answer cannot be seen here; that the same call downloads, loads and answers can.
"""

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


@pytest.mark.parametrize("lesson", WITH_HUB, ids=lambda lesson: lesson.name)
def test_the_cell_for_the_hub_answers_with_what_the_hub_serves(lesson: Lesson, python: Callable, tmp_path: Path):
    (cell,) = hub_cells(lesson)
    (name,) = set(re.findall(r'checkpoint\("([^"]+)"\)', cell.source))
    entry = catalog.find(name, "checkpoint")
    code = plain(lessons.setup_code(lesson)) + "\n" + plain(cell.source)
    away = dict.fromkeys(
        ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE")
    )
    with Hub(Path(catalog.checkpoint(name)), entry.hub_id, entry.hub_revision) as hub:
        chosen = {"HF_ENDPOINT": hub.address, "COURSE_PROFILE": "hub", "HF_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1,localhost"}
        done = python(code, **(away | chosen))
        assert done.returncode == 0, done.stderr
        assert "config.json" in hub.bodies()
    first, *answer = done.stdout.splitlines()
    assert first == "Ready: hub profile, seed 0."
    assert answer and "Skipped" not in done.stdout


@pytest.mark.parametrize("lesson", WITH_HUB, ids=lambda lesson: lesson.name)
def test_offline_the_cell_for_the_hub_is_skipped_in_one_line_that_says_what_to_expect(lesson: Lesson):
    (cell,) = hub_cells(lesson)
    (output,) = cell.outputs
    assert output.text.startswith("Skipped offline. In the hub profile, expect ")
    assert output.text.count("\n") == 1
