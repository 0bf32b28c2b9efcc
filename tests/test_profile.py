"""The profile: offline unless told, in time or not at all, and the same numbers after every start."""

import os
import random
import sys

import pytest

from course_utils import profile
from course_utils.errors import CourseError, ProfileTooLate

HEAVY = ("torch", "transformers", "datasets", "numpy", "matplotlib", "evaluate", "huggingface_hub", "nbformat", "sklearn")
SECONDS_TO_IMPORT = 0.2


@pytest.fixture
def own_environment():
    """Restores the environment and torch's threads after a `start` in this process."""
    import torch

    before, threads = dict(os.environ), torch.get_num_threads()
    yield
    os.environ.clear()
    os.environ.update(before)
    torch.set_num_threads(threads)


def test_import_is_quick_and_loads_nothing_heavy(python):
    code = f"""
import sys, time
began = time.perf_counter()
import course_utils
print(time.perf_counter() - began, sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    best = float("inf")
    for _ in range(5):
        seconds, loaded = python(code).stdout.strip().split(maxsplit=1)
        assert loaded == "[]"
        best = min(best, float(seconds))
        if best <= SECONDS_TO_IMPORT:
            return
    raise AssertionError(f"the best of five took {best:.2f} s")


def test_start_says_one_line_and_sets_everything(python):
    code = """
from course_utils import start
start(seed=3)
import os, torch, huggingface_hub.constants
assert huggingface_hub.constants.HF_HUB_OFFLINE
assert torch.get_num_threads() == 2, torch.get_num_threads()
assert os.environ["OMP_NUM_THREADS"] == os.environ["RAYON_NUM_THREADS"] == "2"
assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
assert "TQDM_DISABLE" not in os.environ
"""
    done = python(
        code, COURSE_THREADS="2", HF_HUB_OFFLINE=None, HF_DATASETS_OFFLINE=None, TRANSFORMERS_OFFLINE=None, PYTEST_VERSION=None,
        COURSE_HEADLESS=None, TQDM_DISABLE=None, HF_HUB_DISABLE_PROGRESS_BARS=None, HF_DATASETS_DISABLE_PROGRESS_BARS=None,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Ready: offline profile, seed 3.\n"
    assert done.stderr == ""


def test_a_profile_that_comes_too_late_says_so(python):
    code = """
import huggingface_hub.constants
from course_utils import start
start("hub")
"""
    done = python(code, HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "ProfileTooLate: The profile 'hub' was asked for after `huggingface_hub` had been imported" in done.stderr
    assert "Restart the kernel and call start('hub') before any other import." in done.stderr


def test_offline_too_late_says_so_too(python):
    done = python(
        "import huggingface_hub.constants\nfrom course_utils import start\nstart()", HF_HUB_OFFLINE=None, TRANSFORMERS_OFFLINE=None
    )
    assert "ProfileTooLate: The profile 'offline'" in done.stderr


def test_starting_twice_is_fine(own_environment, capsys):
    profile.start()
    profile.start()
    assert capsys.readouterr().out == "Ready: offline profile, seed 0.\n" * 2


def test_unknown_profile(own_environment, capsys):
    with pytest.raises(CourseError, match=r"^'onlin' is not a profile\. Expected 'offline' or 'hub': start\(\"offline\"\)\.$"):
        profile.start("onlin")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("variable", "expected"), [(None, "offline"), ("", "offline"), ("hub", "hub"), ("offline", "offline")])
def test_variable_decides(monkeypatch, variable, expected):
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    if variable is not None:
        monkeypatch.setenv("COURSE_PROFILE", variable)
    assert profile.current() == expected


def test_hub_profile_takes_the_offline_switches_away(own_environment, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "huggingface_hub.constants", raising=False)
    profile.start("hub")
    assert profile.current() == "hub"
    assert not {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"} & set(os.environ)
    assert capsys.readouterr().out == "Ready: hub profile, seed 0.\n"


def test_a_refused_profile_changes_nothing(own_environment, monkeypatch):
    class Constants:
        HF_HUB_OFFLINE = True

    monkeypatch.setitem(sys.modules, "huggingface_hub.constants", Constants)
    with pytest.raises(ProfileTooLate):
        profile.start("hub")
    assert profile.current() == "offline"
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def _numbers() -> tuple:
    import numpy
    import torch

    return random.random(), numpy.random.rand(3).tolist(), torch.rand(3).tolist()


def test_same_numbers_after_each_start(own_environment):
    profile.start(seed=7)
    first = _numbers()
    between = _numbers()
    profile.start(seed=7)
    assert _numbers() == first != between
    profile.start(seed=8)
    assert _numbers() != first


def test_threads_by_argument_and_by_variable(own_environment, monkeypatch):
    import torch

    monkeypatch.setenv("COURSE_THREADS", "2")
    profile.start()
    assert torch.get_num_threads() == 2
    profile.start(threads=1)
    assert torch.get_num_threads() == 1
    assert os.environ["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize("asked", ["two", "0", "-1", "1.5"])
def test_threads_that_are_no_number(own_environment, monkeypatch, asked):
    monkeypatch.setenv("COURSE_THREADS", asked)
    with pytest.raises(CourseError, match=f"COURSE_THREADS is '{asked}'"):
        profile.start()


@pytest.mark.parametrize("variable", ["PYTEST_VERSION", "COURSE_HEADLESS"])
def test_headless_when_nobody_watches(monkeypatch, variable):
    for name in ("PYTEST_VERSION", "COURSE_HEADLESS"):
        monkeypatch.delenv(name, raising=False)
    assert not profile.headless()
    monkeypatch.setenv(variable, "1")
    assert profile.headless()


def test_headless_switches_progress_bars_off(own_environment):
    profile.start()
    assert os.environ["TQDM_DISABLE"] == os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] == "1"


def test_state_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_STATE", str(tmp_path))
    assert profile.state_folder() == tmp_path
    monkeypatch.delenv("COURSE_STATE")
    assert profile.state_folder().name == ".hugging-face-in-miniature"


def test_root_holds_the_data():
    assert (profile.data_folder() / "catalog.toml").is_file()
    assert profile.data_folder().parent == profile.root()


def test_installed_package_carries_its_own_data(monkeypatch, tmp_path):
    (tmp_path / "course_utils" / "data").mkdir(parents=True)
    monkeypatch.setattr(profile, "__file__", str(tmp_path / "course_utils" / "profile.py"))
    assert profile.root() == (tmp_path / "course_utils").resolve()
