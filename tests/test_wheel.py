"""The wheel is the whole installation: with it and one lesson's file alone, as on Colab, the lesson runs to its end."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from course_utils import catalog, lessons

ROOT = Path(__file__).resolve().parent.parent
RUNNER = """
import sys, nbformat
from nbclient import NotebookClient
lesson = nbformat.read(sys.argv[1], as_version=4)
where = "import course_utils, course_utils.profile; print(course_utils.__file__, course_utils.profile.data_folder(), sep='\\\\n')"
lesson.cells.append(nbformat.v4.new_code_cell(where))
NotebookClient(lesson, timeout=120, kernel_name="python3").execute()
print(lesson.cells[-1].outputs[0].text)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built offline from a copy of what it is made of, so that no build writes into the repository."""
    copy, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns("__pycache__")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("course_utils", "data"):
        shutil.copytree(ROOT / name, copy / name, ignore=left_out)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=copy, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_shipped_file(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    shipped = {entry.folder: name for name, entry in catalog.entries().items() if not entry.package}
    recorded = catalog.measured()["data"]
    files = [(folder / file).relative_to(ROOT).as_posix() for folder, name in shipped.items() for file in recorded[name]["files"]]
    wanted = {f"course_utils/{name}" for name in ["data/catalog.toml", "data/measured.json", *files]}
    assert wanted - held == set() and len(files) > 2


@pytest.fixture(scope="module")
def clean_python(wheel, tmp_path_factory):
    """A Python elsewhere that has the libraries and the wheel, and cannot see the repository: .pth files are not followed twice."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel]
    subprocess.run(command, check=True, capture_output=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def test_one_lesson_alone_runs_to_its_end(clean_python, tmp_path):
    first = next((lesson for lesson in lessons.all_lessons() if lesson.chapter), None)
    assert first is not None, "there is no lesson to run"
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(first.path, alone)
    (tmp_path / "home").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COURSE_", "JUPYTER", "PYTEST"))}
    kept |= {"HOME": str(tmp_path / "home"), "COURSE_HEADLESS": "1"}
    command = [str(clean_python), "-c", RUNNER, first.path.name]
    ended = subprocess.run(command, cwd=alone, env=kept, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr[-2000:]
    module, data = map(Path, ended.stdout.split())
    assert module.is_relative_to(clean_python.parent.parent) and data == module.parent / "data"
    assert not module.is_relative_to(ROOT)
