"""Each guard lets a sound lesson pass and refuses the broken one that is kept for it among the fixtures."""

from pathlib import Path

import pytest

from course_utils import guards, lessons
from course_utils.lessons import Lesson

BROKEN = Path(__file__).parent / "fixtures" / "broken"

DEFECTS = {
    "never_ran": "run in the order [1, None, 3",
    "out_of_order": "run in the order [1, 3, 2",
    "stored_error": "is a ZeroDivisionError",
    "tagged_to_raise": "where *Run all* in JupyterLab stops",
    "no_promises": "lacks 'After this lesson you can'",
    "other_setup": "second cell is not the set-up cell",
    "long_cell": "has 26 lines",
    "hidden_import": "imports course_utils.foundry",
    "no_picture": "shows no picture",
    "loose_without_reason": "without a reason",
    "switched_off": "by a comment",
    "machine_path": "holds '/home/ada', a trace of one machine",
    "hub_token": "looks like a Hub token",
    "two_exercises": "holds 2 untouched exercises",
    "answered_exercise": "holds 2 untouched exercises",
    "dead_link": "link to '00_vanished.ipynb' leads nowhere",
    "no_end": "does not end with what you can do now",
}


def broken(name: str) -> Lesson:
    return Lesson(BROKEN / f"00_{name}.ipynb", BROKEN)


@pytest.mark.parametrize("name", DEFECTS)
def test_the_guard_refuses(name):
    found = guards.problems(broken(name))
    assert any(DEFECTS[name] in sentence for sentence in found), found


@pytest.mark.parametrize("name", ["good", "loose_with_reason"])
def test_a_sound_lesson_passes(name):
    assert guards.problems(broken(name)) == []


def test_at_most_one_cell_in_fifty_is_not_compared():
    assert "1 of 6 code cells are not compared" in guards.too_loose([broken("loose_with_reason")])
    assert guards.too_loose([broken("good")]) == ""


@pytest.mark.parametrize("lesson", lessons.all_lessons(), ids=lambda lesson: lesson.name)
def test_the_course_passes(lesson):
    assert guards.problems(lesson) == []


def test_the_course_is_compared():
    assert guards.too_loose(lessons.all_lessons()) == ""
