"""Runs lessons through nbclient, measures them, and stores clean outputs.

Never edits a line of source. Each lesson runs in a kernel and an empty folder of its own, under a time limit for each cell.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import nbformat

from course_utils import lessons
from course_utils.lessons import Lesson

CELL_SECONDS = 120
BUDGET_SECONDS = 60
BUDGET_MIB = 2048
_QUIET_KERNEL = ["--log-level=40"]
_KEPT_METADATA = ("kernelspec", "language_info")


@dataclass(frozen=True)
class Run:
    """What came of one run of one lesson; `problem` is empty when it went well."""

    lesson: Lesson
    notebook: nbformat.NotebookNode
    seconds: float
    peak_mib: float
    problem: str = ""


def run(lesson: Lesson, threads: int = 1, cell_seconds: int = CELL_SECONDS) -> Run:
    """Returns the outcome of running a lesson from top to bottom in a fresh kernel; the source file is untouched.

    A failing cell, a time limit and a dead kernel are told in `Run.problem`, never raised.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = lesson.read()
    clear(notebook)
    problem, began = "", time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lesson-") as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=cell_seconds, kernel_name="python3", resources=resources, extra_arguments=_QUIET_KERNEL)
        client.on_cell_start = watch = _Watch(client)
        try:
            client.execute(env=_environment(threads))
        except CellTimeoutError:
            problem = f"{watch.place()} ran longer than {cell_seconds} s and was stopped."
        except DeadKernelError:
            problem = f"The kernel died in {watch.place()}: out of memory, or a crash in compiled code."
        except CellExecutionError as error:
            problem = f"{watch.place()} raised {error.ename}: {error.evalue}"
        except RuntimeError as error:
            problem = f"The kernel did not start: {error}. `course doctor` looks at the machine."
        finally:
            watch.stop()
    return Run(lesson, notebook, time.perf_counter() - began, watch.peak_mib, problem)


def run_all(chosen: Iterable[Lesson], jobs: int = 2, threads: int = 1, each: Callable[[Run], None] = lambda run: None) -> list[Run]:
    """Returns the runs of several lessons in reading order, `jobs` at a time, with a progress bar; `each` sees every run as it ends."""
    from tqdm import tqdm

    chosen = list(chosen)
    done = {}
    with ThreadPoolExecutor(jobs) as pool, tqdm(total=len(chosen), desc="lessons", unit="lesson", disable=None) as bar:
        for future in as_completed([pool.submit(run, lesson, threads) for lesson in chosen]):
            outcome = future.result()
            done[outcome.lesson] = outcome
            each(outcome)
            bar.update()
            bar.set_postfix_str(outcome.lesson.name)
    return [done[lesson] for lesson in chosen]


def clear(notebook: nbformat.NotebookNode) -> None:
    """Removes outputs, counts and whatever tools left in the metadata."""
    notebook.metadata = nbformat.from_dict({key: notebook.metadata[key] for key in _KEPT_METADATA if key in notebook.metadata})
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in ("tags", "reason") if key in cell.metadata})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def store(outcome: Run) -> bool:
    """Writes the outputs of a run that went well into the lesson's file; returns True when that changed the file."""
    if outcome.problem:
        return False
    for cell in outcome.notebook.cells:
        cell.metadata.pop("execution", None)
    outcome.notebook.metadata["language_info"] = {"name": "python"}
    merge_streams(outcome.notebook)
    text = lessons.dumps(outcome.notebook)
    if text == outcome.lesson.path.read_text(encoding="utf-8"):
        return False
    outcome.lesson.path.write_text(text, encoding="utf-8", newline="\n")
    return True


def merge_streams(notebook: nbformat.NotebookNode) -> None:
    """Joins neighbouring pieces of the same stream, whose number depends on the machine's speed."""
    for cell in lessons.code_cells(notebook):
        merged: list = []
        for output in cell.outputs:
            if merged and output.output_type == "stream" == merged[-1].output_type and output.name == merged[-1].name:
                merged[-1].text += output.text
            else:
                merged.append(output)
        cell.outputs = merged


def over_budget(outcome: Run) -> str:
    """Returns a sentence when a lesson took more than its budget of seconds or memory; else an empty string."""
    if outcome.seconds > BUDGET_SECONDS:
        return f"{outcome.lesson.name} ran {outcome.seconds:.0f} s; its budget is {BUDGET_SECONDS} s."
    if outcome.peak_mib > BUDGET_MIB:
        return f"{outcome.lesson.name} took {outcome.peak_mib:.0f} MiB; its budget is {BUDGET_MIB} MiB."
    return ""


class _Watch:
    """Follows one kernel: which code cell runs, and the peak memory of its process and their children."""

    def __init__(self, client: object) -> None:
        self.client, self.peak_mib, self._cell, self._index = client, 0.0, "", 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def __call__(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        self._cell, self._index = cell.source, cell_index

    def place(self) -> str:
        """Returns a description of the cell that was started last."""
        first = self._cell.strip().splitlines()[0] if self._cell.strip() else "nothing"
        return f"cell {self._index + 1} ({first[:60]!r})"

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stopped.wait(0.1):
            self.peak_mib = max(self.peak_mib, _memory_mib(_kernel_pid(self.client)))


def _kernel_pid(client: object) -> int | None:
    provisioner = getattr(getattr(client, "km", None), "provisioner", None)
    return getattr(provisioner, "pid", None)


def _memory_mib(pid: int | None) -> float:
    """Returns the resident memory of a process and its children in MiB; 0 when there is none."""
    import psutil

    if pid is None:
        return 0.0
    try:
        process = psutil.Process(pid)
        return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)]) / 2**20
    except psutil.Error:
        return 0.0


def _environment(threads: int) -> dict[str, str]:
    return os.environ | {"COURSE_HEADLESS": "1", "COURSE_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
