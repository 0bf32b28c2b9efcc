"""Running lessons: outcomes of broken ones, clean storage, budgets."""

import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from course_utils import execution
from course_utils.lessons import Lesson

FIXTURES = Path(__file__).parent / "fixtures"


def broken(name: str) -> Lesson:
    return Lesson(FIXTURES / "broken" / f"00_{name}.ipynb", FIXTURES / "broken")


@pytest.fixture(scope="module")
def good_run() -> execution.Run:
    return execution.run(broken("good"))


def test_a_good_lesson_runs(good_run):
    assert good_run.problem == ""
    assert 50 < good_run.peak_mib < 2000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fails", "cell 4 ('1 / 0') raised ZeroDivisionError: division by zero"),
        ("endless", "cell 4 ('while True:') ran longer than 10 s"),
        ("dead_kernel", "The kernel died in cell 4 ('import os')"),
    ],
)
def test_a_broken_lesson_is_told_and_not_raised(name, words):
    before = broken(name).path.read_bytes()
    outcome = execution.run(broken(name), cell_seconds=10)
    assert words in outcome.problem
    assert not execution.store(outcome)
    assert broken(name).path.read_bytes() == before


def test_storing_is_idempotent_and_leaves_only_what_is_wanted(good_run, tmp_path):
    shutil.copy(good_run.lesson.path, tmp_path / "00_good.ipynb")
    outcome = replace(good_run, lesson=Lesson(tmp_path / "00_good.ipynb", tmp_path))
    execution.store(outcome)
    assert not execution.store(outcome)
    stored = outcome.lesson.read()
    nbformat.validate(stored)
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    assert {key for cell in stored.cells for key in cell.metadata} <= {"tags", "reason"}
    assert [cell.source for cell in stored.cells] == [cell.source for cell in broken("good").read().cells]


def test_pieces_of_a_stream_are_joined():
    cell = nbformat.v4.new_code_cell("print()")
    cell.outputs = [
        nbformat.v4.new_output("stream", name=name, text=text) for name, text in [("stdout", "a"), ("stdout", "b"), ("stderr", "c")]
    ]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    execution.merge_streams(notebook)
    assert [(output.name, output.text) for output in cell.outputs] == [("stdout", "ab"), ("stderr", "c")]


def test_a_lesson_beyond_its_budget_is_named(good_run):
    assert execution.over_budget(replace(good_run, seconds=59, peak_mib=2000)) == ""
    assert "ran 61 s" in execution.over_budget(replace(good_run, seconds=61))
    assert "took 2100 MiB" in execution.over_budget(replace(good_run, peak_mib=2100))
