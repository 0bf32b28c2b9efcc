"""The script of the lesson on the training loop, on one process and on two: the same losses, step by step.

The script and the way in which it is started are taken from the stored lesson itself.
"""

import ast
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_utils import lessons

LESSON = "04_fine_tuning/03_the_training_loop"
SECONDS = 200  # on a busy machine; alone, a start takes a few


def tagged(tag: str) -> str:
    """Returns the source of the lesson's one cell with this tag."""
    (lesson,) = lessons.choose([LESSON])
    (cell,) = [cell for cell in lessons.code_cells(lesson.read()) if tag in lessons.tags(cell)]
    return cell.source


def script() -> str:
    """Returns the text of the script, the one string that its cell assigns."""
    (assignment,) = ast.parse(tagged("script")).body
    return ast.literal_eval(assignment.value)


def options(tag: str) -> list[str]:
    """Returns what the lesson hands to `accelerate launch` in the cell with this tag."""
    calls = [node for node in ast.walk(ast.parse(tagged(tag))) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "launch"]
    return ast.literal_eval(calls[0].args[0]).split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the script and with rows that the lesson does not have."""
    made = tmp_path_factory.mktemp("two")
    (made / "train.py").write_text(script(), encoding="utf-8")
    draw = random.Random(0)
    rows = [[draw.randrange(1, 30522) for _ in range(12)] for _ in range(64)]
    data = {"input_ids": rows, "labels": [draw.randrange(2) for _ in rows]}
    (made / "data.json").write_text(json.dumps(data), encoding="utf-8")
    return made


def report(folder: Path, *how: str) -> dict:
    """Returns what the script reports when `accelerate launch` starts it with these options."""
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    environment = os.environ | {
        "ACCELERATE_USE_CPU": "true",
        "GLOO_SOCKET_IFNAME": loopback,
        "OMP_NUM_THREADS": "1",
        "HF_HOME": str(folder),
    }
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--num_machines",
        "1",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
    ]
    command += [*how, str(folder / "train.py"), str(folder / "data.json")]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]  # one process speaks for all
    return json.loads(line)


def test_two_processes_give_the_losses_of_one(folder):
    one, two = report(folder, *options("launch-one")), report(folder, *options("launch-two"))
    assert (one["processes"], two["processes"]) == (1, 2)
    assert (one["rows each"], two["rows each"]) == (16, 8)
    assert len(one["losses"]) == 12
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-4)
    assert one["losses"][-1] < one["losses"][0]


def test_the_lesson_stores_that_both_agree():
    (lesson,) = lessons.choose([LESSON])
    (cell,) = [cell for cell in nbformat.read(lesson.path, as_version=4).cells if "launch-two" in lessons.tags(cell)]
    (output,) = cell.outputs
    assert "processes 2 " in output.text and output.text.rstrip().endswith("True")
