"""Training: the same again from the same seed, and after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
TINY = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from transformers import GPT2Config, GPT2LMHeadModel
from course_utils.foundry import story_writer, training

work, kill_at, rate, brief = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == "True"
torch.manual_seed(0)
model = GPT2LMHeadModel(GPT2Config(vocab_size=40, n_positions=32, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0))
rows = [{"input_ids": [3 + (i * j) % 37 for j in range(4 + i % 5)]} for i in range(40)]
seen = 0

def collate(batch):
    global seen
    seen += 1
    if seen == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
    return story_writer.collate(batch)

training.train(model, rows, collate, work, epochs=1, batch_size=4, learning_rate=rate, bfloat16=brief, quick=True)
import hashlib
print(seen, hashlib.sha256(b"".join(v.numpy().tobytes() for v in model.state_dict().values())).hexdigest())
"""


def _run(work: Path, kill_at: int = 0, rate: float = 1e-2, brief: bool = False) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, "-c", TINY, str(work), str(kill_at), str(rate), str(brief)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """Returns how many batches a run without a stop read, and the digest of its weights."""
    done = _run(tmp_path_factory.mktemp("whole") / "work")
    assert done.returncode == 0, done.stderr
    seen, digest = done.stdout.split()[-2:]
    return int(seen), digest


def test_again_is_the_same(whole, tmp_path):
    done = _run(tmp_path / "work")
    assert done.stdout.split()[-1] == whole[1]


def test_killed_and_resumed_is_the_same(whole, tmp_path):
    """Killed after the checkpoint of the second step, the second run reads fewer batches and ends with the same weights."""
    killed = _run(tmp_path / "work", kill_at=4)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in (tmp_path / "work").glob("checkpoint-*")] == ["checkpoint-2"]
    resumed = _run(tmp_path / "work")
    assert resumed.returncode == 0, resumed.stderr
    seen, digest = resumed.stdout.split()[-2:]
    assert digest == whole[1]
    assert int(seen) < whole[0]


def test_what_was_begun_otherwise_is_not_resumed(whole, tmp_path):
    _run(tmp_path / "work", kill_at=4, rate=1e-3)
    done = _run(tmp_path / "work")
    seen, digest = done.stdout.split()[-2:]
    assert (int(seen), digest) == whole


def test_in_bfloat16_too_a_resumed_run_ends_the_same(tmp_path):
    """Where the processor has no such multiplication this is float32 once more."""
    whole = _run(tmp_path / "whole", brief=True)
    assert _run(tmp_path / "work", kill_at=4, brief=True).returncode == -signal.SIGKILL
    resumed = _run(tmp_path / "work", brief=True)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.split()[-1] == whole.stdout.split()[-1]


LOOP = """
import hashlib, os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from course_utils.foundry import loops

loops.SAVE_EVERY, kill_at, seen = 0.0, int(sys.argv[2]), 0
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 1))

def loss(generator):
    global seen
    seen += 1
    if seen == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
    batch = torch.randn(16, 4, generator=generator)
    return ((model(batch)[:, 0] - batch.prod(1)) ** 2).mean()

loops.train([model], loss, Path(sys.argv[1]), steps=8, learning_rate=1e-2, average=0.9)
print(seen, hashlib.sha256(b"".join(v.numpy().tobytes() for v in model.state_dict().values())).hexdigest())
"""


def test_the_loop_of_pictures_too_goes_on_after_a_kill_and_ends_the_same(tmp_path):
    def run(work: str, kill_at: int = 0) -> subprocess.CompletedProcess:
        command = [sys.executable, "-c", LOOP, str(tmp_path / work), str(kill_at)]
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    whole = run("whole").stdout.split()
    assert run("work", kill_at=6).returncode == -signal.SIGKILL
    assert [path.suffix for path in (tmp_path / "work").glob("state.*")] == [".safetensors"]
    resumed = run("work").stdout.split()
    assert (whole[0], resumed[0]) == ("8", "3")
    assert resumed[1] == whole[1]
