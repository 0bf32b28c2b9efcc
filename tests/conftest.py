"""Settings of all tests: no network, one thread, no window, and nobody's own record of progress."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Libraries read these when they are imported, so they stand before every other import.
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_EVALUATE_OFFLINE="1")
os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive", TOKENIZERS_PARALLELISM="false", MPLBACKEND="Agg")
os.environ.pop("COURSE_PROFILE", None)

from course_utils import catalog, profile

REPOSITORY = Path(__file__).resolve().parent.parent


# Files of which each test, or each group of tests about one lesson, may run on another worker than the others.
LONG = ("test_course.py", "test_exercises.py", "test_foundry.py", "test_hub_cells.py")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]):
    """Deals the tests out to workers by file; of the long files, what stands in a test's brackets decides."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            name = item.path.name
            item.add_marker(pytest.mark.xdist_group(f"{name} {_share(item)}" if name in LONG else name))
    return (yield)


def _share(item: pytest.Item) -> str:
    """Returns the lesson that a test of an exercise belongs to, else what stands in the test's brackets."""
    from course_utils.exercises import core

    part = getattr(getattr(item, "callspec", None), "id", "")
    return next((lesson for lesson, exercises in core.by_lesson().items() if part in {e.name for e in exercises}), part)


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns the empty folder that takes the place of this person's own."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("COURSE_STATE", str(folder))
    return folder


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yields a copy of data/ that the package takes for its own, to damage and to rebuild."""
    folder = tmp_path / "data"
    shutil.copytree(profile.data_folder(), folder, ignore=shutil.ignore_patterns("__pycache__", ".building"))
    monkeypatch.setattr(profile, "data_folder", lambda: folder)
    remembered = (catalog.entries, catalog.verify)
    for function in remembered:
        function.cache_clear()
    yield folder
    for function in remembered:
        function.cache_clear()


@pytest.fixture
def python() -> Callable[..., subprocess.CompletedProcess]:
    """Returns a function that runs code in a fresh Python, `given` as its input; keywords are environment variables, None removes one."""

    def run(code: str, given: str = "", **settings: str | None) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **{k: v for k, v in settings.items() if v is not None}}
        for name in (name for name, value in settings.items() if value is None):
            environment.pop(name, None)
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, input=given, capture_output=True, text=True, timeout=300, check=False
        )

    return run
