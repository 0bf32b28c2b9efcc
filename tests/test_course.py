"""Every lesson, executed by nbval under other conditions than those in which its outputs were stored, and compared with them.

`course refresh` stores outputs made by one thread. Here the kernel has two, and where the system can make a network without a way out
(Linux), no network at all; each lesson is also held to its budget of seconds and memory.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import pytest

from course_utils import catalog, execution, lessons

REPOSITORY = Path(__file__).resolve().parent.parent
BROKEN = Path(__file__).parent / "fixtures" / "broken"
NO_WAY_OUT = ["unshare", "--net", "--map-root-user"]
RUNNER = """
import fcntl, json, resource, socket, struct, sys, time
sys.modules["rfc3987_syntax"] = None  # a grammar of addresses that takes a second to build, and that nobody here needs
import pytest
how, *arguments = sys.argv[1:]
if how == "cut":  # bring up the loopback of the new network: kernels are spoken to through it
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))
began = time.perf_counter()
code = pytest.main(arguments)
unit = 2**20 if sys.platform == "darwin" else 2**10
print(json.dumps([code, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit]))
"""
# Other plugins are not needed here, and take longer to import than pytest and nbval together.
PLUGINS = ["--disable-plugin-autoload", "-p", "nbval.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider"]
NBVAL = ["--nbval", "--nbval-current-env", f"--nbval-cell-timeout={execution.CELL_SECONDS}", "--nbval-sanitize-with=tests/nbval.cfg"]


@dataclass(frozen=True)
class Comparison:
    """What nbval said of a notebook; memory is that of the largest process, `left` what runs on after the end."""

    passed: bool
    report: str
    seconds: float
    peak_mib: float
    left: list[str]


def can_cut_the_network() -> bool:
    return shutil.which("unshare") is not None and subprocess.run([*NO_WAY_OUT, "true"], capture_output=True, check=False).returncode == 0


def compare(notebook: Path) -> Comparison:
    """Runs a notebook with nbval: two threads, and no network where that is possible."""
    cut = can_cut_the_network()
    command = [*(NO_WAY_OUT if cut else []), sys.executable, "-c", RUNNER, "cut" if cut else "open"]
    mark = uuid.uuid4().hex
    threads = {"COURSE_HEADLESS": "1", "COURSE_THREADS": "2", "OMP_NUM_THREADS": "2", "COURSE_RUN": mark}
    done = subprocess.run(
        [*command, *PLUGINS, *NBVAL, "-q", "--rootdir=.", notebook],
        cwd=REPOSITORY, env=os.environ | threads, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    *report, last = done.stdout.splitlines() or [""]
    assert last.startswith("["), done.stdout + done.stderr
    code, seconds, peak_mib = json.loads(last)
    return Comparison(code == 0, "\n".join(report), seconds, peak_mib, left_over(mark))


def left_over(mark: str) -> list[str]:
    """Returns the commands of the processes that a run started and that do not end soon after it: all inherit its mark."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("COURSE_RUN") == mark:
                found.append(process)
    _, alive = psutil.wait_procs(found, timeout=10)
    commands = [" ".join(process.cmdline()) for process in alive]
    for process in alive:
        process.kill()
    return commands


@pytest.mark.parametrize("lesson", lessons.all_lessons(), ids=lambda lesson: lesson.name)
def test_another_run_gives_the_stored_outputs(lesson):
    found = compare(lesson.path)
    assert found.passed, found.report
    assert found.seconds <= 2 * execution.BUDGET_SECONDS, "with half of the cores, at most twice the budget"
    assert found.peak_mib <= execution.BUDGET_MIB
    assert found.left == [], "no process outlives its lesson"


@pytest.mark.parametrize("lesson", lessons.all_lessons(), ids=lambda lesson: lesson.name)
def test_alone_a_lesson_was_measured_within_its_budget(lesson):
    measured = catalog.measured()["lessons"][lesson.name]
    assert measured["seconds"] <= execution.BUDGET_SECONDS and measured["peak_mib"] <= execution.BUDGET_MIB


@pytest.mark.parametrize("name", ["good", "wrong_output", "wrong_alt_text", "one_thread_only", "fails"])
def test_what_differs_is_caught(name):
    assert compare(BROKEN / f"00_{name}.ipynb").passed == (name == "good")


def test_a_process_that_outlives_its_lesson_is_caught(tmp_path):
    notebook = nbformat.read(BROKEN / "00_good.ipynb", 4)
    last = lessons.code_cells(notebook)[-1]
    last.source += "\nimport subprocess\nsleeper = subprocess.Popen(['sleep', '100'], start_new_session=True)"
    nbformat.write(notebook, tmp_path / "00_leaves_a_process.ipynb")
    found = compare(tmp_path / "00_leaves_a_process.ipynb")
    assert found.passed, found.report
    assert found.left == ["sleep 100"]


@pytest.mark.skipif(not can_cut_the_network(), reason="this system cannot make a network without a way out")
def test_a_lesson_that_needs_the_network_is_caught():
    found = compare(BROKEN / "00_opens_a_socket.ipynb")
    assert not found.passed and "Network is unreachable" in found.report


@pytest.mark.parametrize("lesson", lessons.all_lessons(), ids=lambda lesson: lesson.name)
def test_no_stored_output_shows_a_failed_check(lesson):
    """The doctor's report is not compared, as it names the machine: it may at least not be stored in a bad moment."""
    assert "[FAIL]" not in lesson.path.read_text(encoding="utf-8")
