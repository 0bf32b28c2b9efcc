"""The course's lessons, run a second time under other conditions, with the same outputs.

The first run is nbval's: it executes notebooks/ itself, with one thread. This one takes two threads and, where the system can make
a network without a way out (Linux), no network at all; it also holds each lesson to its budget of seconds and memory.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_utils import execution, lessons
from course_utils.lessons import Lesson

BROKEN = Path(__file__).parent / "fixtures" / "broken"
NO_WAY_OUT = ["unshare", "--net", "--map-root-user"]
RUNNER = """
import fcntl, json, socket, struct, sys
from pathlib import Path
if sys.argv[4] == "cut":  # bring up the loopback of the new network: kernels are spoken to through it
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))
from course_utils import execution, lessons
outcome = execution.run(lessons.Lesson(Path(sys.argv[1]), Path(sys.argv[2])), threads=2)
Path(sys.argv[3]).write_text(lessons.dumps(outcome.notebook), encoding="utf-8")
print(json.dumps([outcome.problem, outcome.seconds, outcome.peak_mib]))
"""


def can_cut_the_network() -> bool:
    return shutil.which("unshare") is not None and subprocess.run([*NO_WAY_OUT, "true"], capture_output=True, check=False).returncode == 0


def second_run(lesson: Lesson, folder: Path) -> execution.Run:
    """Returns a run with two threads, cut off from every network where that is possible."""
    cut = can_cut_the_network()
    target = folder / "executed.ipynb"
    command = [sys.executable, "-c", RUNNER, str(lesson.path), str(lesson.folder), str(target), "cut" if cut else "open"]
    done = subprocess.run([*NO_WAY_OUT, *command] if cut else command, capture_output=True, text=True, check=True, timeout=600)
    problem, seconds, peak_mib = json.loads(done.stdout.splitlines()[-1])
    return execution.Run(lesson, nbformat.read(target, as_version=4), seconds, peak_mib, problem)


@pytest.mark.parametrize("lesson", lessons.all_lessons(), ids=lambda lesson: lesson.name)
def test_a_second_run_with_two_threads_and_no_network_gives_the_same(lesson, tmp_path):
    outcome = second_run(lesson, tmp_path)
    assert outcome.problem == ""
    assert execution.differences(lesson.read(), outcome.notebook) == []
    assert execution.over_budget(outcome, times=2) == ""


def test_a_lesson_that_depends_on_the_number_of_threads_is_caught(tmp_path):
    lesson = Lesson(BROKEN / "00_one_thread_only.ipynb", BROKEN)
    outcome = second_run(lesson, tmp_path)
    assert len(execution.differences(lesson.read(), outcome.notebook)) == 1


@pytest.mark.skipif(not can_cut_the_network(), reason="this system cannot make a network without a way out")
def test_a_lesson_that_needs_the_network_is_caught(tmp_path):
    outcome = second_run(Lesson(BROKEN / "00_opens_a_socket.ipynb", BROKEN), tmp_path)
    assert "Network is unreachable" in outcome.problem


def test_nbval_refuses_an_output_that_differs(tmp_path):
    for name, code in (("good", 0), ("wrong_output", 1)):
        copy = shutil.copy(BROKEN / f"00_{name}.ipynb", tmp_path)
        command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-p", "no:xdist", "-q", copy]
        done = subprocess.run(
            [*command, "--rootdir", tmp_path, "-c", "/dev/null"], capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == code, done.stdout


@pytest.mark.parametrize("lesson", lessons.all_lessons(), ids=lambda lesson: lesson.name)
def test_no_stored_output_shows_a_failed_check(lesson):
    """The doctor's report is not compared, as it names the machine: it may at least not be stored in a bad moment."""
    assert "[FAIL]" not in lesson.path.read_text(encoding="utf-8")
