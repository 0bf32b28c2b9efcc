"""Lessons as files: names, order, generated parts."""

import shutil
from pathlib import Path

import pytest

from course_utils import guards, lessons
from course_utils.errors import UnknownName
from course_utils.lessons import Lesson

COURSE = Path(__file__).parent / "fixtures" / "course"


def test_reading_order_and_names():
    found = lessons.all_lessons(COURSE)
    assert [lesson.name for lesson in found] == ["00_first", "01_part/01_second"]
    assert [lesson.chapter for lesson in found] == ["", "Part"]
    assert [lesson.exercises for lesson in found] == ["lesson_00_first", "lesson_01_01_second"]
    assert [lesson.title() for lesson in found] == ["The first", "The second"]


@pytest.mark.parametrize("name", ["01_part/01_second", "01_part", "01_second", "notebooks/01_part/01_second.ipynb", "01_part/"])
def test_a_lesson_is_chosen_by_any_of_its_names(name):
    assert [lesson.path.stem for lesson in lessons.choose([name], COURSE)] == ["01_second"]


def test_an_unknown_lesson_gets_the_nearest_name():
    with pytest.raises(UnknownName, match="Did you mean '00_first'"):
        lessons.choose(["00_frist"], COURSE)


def test_stamping_restores_the_generated_parts_and_nothing_else(tmp_path):
    shutil.copytree(COURSE, tmp_path, dirs_exist_ok=True)
    lesson = lessons.all_lessons(tmp_path)[1]
    before = lesson.path.read_text(encoding="utf-8")
    notebook = lesson.read()
    notebook.cells[1].source = "start()"
    notebook.cells[0].source = notebook.cells[0].source.rsplit("\n", 1)[0]
    lesson.path.write_text(lessons.dumps(notebook), encoding="utf-8")
    assert lessons.stamp(lesson)
    assert lesson.path.read_text(encoding="utf-8") == before
    assert not lessons.stamp(lesson)


def test_the_set_up_cell_is_short_and_names_the_one_repository():
    first = lessons.all_lessons()[0]
    last = next(lesson for lesson in lessons.all_lessons() if lesson.name.startswith("06_deployment"))
    code = lessons.setup_code(last)
    assert len([row for row in code.splitlines() if row]) <= 6
    assert f"git+{lessons.repository()}" in code
    assert "requirements.txt" in code
    assert "miniature[serve,scale] @" in code
    assert "miniature @" in lessons.setup_code(first)


def test_the_course_is_stamped(tmp_path):
    shutil.copytree(lessons.notebooks_folder(), tmp_path, dirs_exist_ok=True)
    stale = [lesson.name for lesson in lessons.all_lessons(tmp_path) if lessons.stamp(lesson)]
    assert stale == [], "`course refresh` stamps badge, set-up cell and map"


def test_the_map_links_every_lesson():
    found = lessons.course_map(COURSE)
    assert "[00_first](00_first.ipynb)" in found
    assert "| **Part** |" in found
    assert "[01_second](01_part/01_second.ipynb) | The second |" in found


def test_a_lesson_that_is_moved_breaks_its_links(tmp_path):
    shutil.copy(COURSE / "00_first.ipynb", tmp_path)
    assert any("leads nowhere" in sentence for sentence in guards.problems(Lesson(tmp_path / "00_first.ipynb", tmp_path)))
