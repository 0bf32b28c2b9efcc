"""The command line on a small fixture course: what it prints, what it writes, how it exits."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_utils import lessons
from course_utils.cli import app

FIXTURES = Path(__file__).parent / "fixtures"
COURSE = FIXTURES / "course"


def course(*arguments: object, notebooks: Path = COURSE):
    return CliRunner().invoke(app, ["--notebooks", str(notebooks), *map(str, arguments)])


def test_help_fits_a_screen_and_names_every_command():
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0
    assert len(done.output.splitlines()) <= 24
    for command in ("list", "run", "refresh", "check", "doctor", "serve", "progress", "foundry"):
        assert f"  {command}" in done.output


@pytest.mark.parametrize("command", ["list", "run", "refresh", "check", "doctor", "serve", "progress", "foundry"])
def test_each_command_explains_itself(command):
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert len(done.output.splitlines()) <= 24


def test_help_loads_no_machine_learning_library():
    libraries = ("torch", "transformers", "datasets", "numpy", "fastapi")
    code = f"import sys; from course_utils.cli import app; print([name for name in {libraries} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_list_shows_lessons_and_names():
    output = course("list").output
    assert "01_part/01_second  The second" in output
    assert "english-encoder" in output
    assert "vector_width" in course("list", "--exercises").output


def test_run_writes_copies_and_leaves_the_sources(tmp_path):
    before = (COURSE / "00_first.ipynb").read_bytes()
    done = course("run", "00_first", "--to", tmp_path)
    assert done.exit_code == 0, done.output
    assert "peak memory" in done.output
    assert "ok" in done.output
    assert (tmp_path / "00_first.ipynb").is_file()
    assert (COURSE / "00_first.ipynb").read_bytes() == before


def test_run_of_a_failing_lesson_exits_with_one_and_says_where(tmp_path):
    done = course("run", "00_fails", "--to", tmp_path, notebooks=FIXTURES / "broken")
    assert done.exit_code == 1
    assert "raised ZeroDivisionError" in done.output


def test_refresh_repairs_a_stale_lesson(tmp_path):
    shutil.copytree(COURSE, tmp_path, dirs_exist_ok=True)
    lesson = lessons.all_lessons(tmp_path)[1]
    before = lesson.path.read_text(encoding="utf-8")
    lesson.path.write_text(before.replace('"execution_count": 2', '"execution_count": 7'), encoding="utf-8")
    assert course("check", "01_part", notebooks=tmp_path).exit_code == 1
    assert course("refresh", "01_part", notebooks=tmp_path).exit_code == 0
    assert lesson.read().cells == lessons.all_lessons(COURSE)[1].read().cells
    assert course("check", "01_part", notebooks=tmp_path).exit_code == 0


def test_an_unknown_name_is_one_sentence_and_exit_code_two():
    command = [sys.executable, "-m", "course_utils", "run", "01_tokenisation"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "'01_tokenisation' is not a lesson of this course. Did you mean '01_tokenization/" in done.stderr


def test_an_unknown_recipe_is_refused():
    done = subprocess.run(
        [sys.executable, "-m", "course_utils", "foundry", "build", "reviewz"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Did you mean 'reviews'" in done.stderr


def test_progress_counts(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_STATE", str(tmp_path))
    (tmp_path / "progress.json").write_text('{"solved": {"vector_width": "2026-01-01"}}', encoding="utf-8")
    assert "lesson_00_start_here: 1 of" in course("progress").output
