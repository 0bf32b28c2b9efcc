"""Training: the same again from the same seed, and after a kill."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from course_utils.foundry import loops, story_writer, training

KILLED = """
import json, sys
tests, name, work, arguments = sys.argv[1:]
sys.path.insert(0, tests)
import test_training
getattr(test_training, name)(test_training.Path(work), *json.loads(arguments))
"""


def fine_tune(work: Path, kill_at: int = 0, rate: float = 1e-2, brief: bool = False) -> tuple[int, str]:
    """Trains a tiny decoder, killing this process at a batch if asked to; returns the batches read and the digest of the weights."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=40, n_positions=32, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0))
    rows = [{"input_ids": [3 + (i * j) % 37 for j in range(4 + i % 5)]} for i in range(40)]
    collate, seen = _counted(story_writer.collate, kill_at)
    training.train(model, rows, collate, work, epochs=1, batch_size=4, learning_rate=rate, bfloat16=brief, quick=True)
    return len(seen), _digest(model)


def loop(work: Path, kill_at: int = 0) -> tuple[int, str]:
    """The same for the loop of the pictures, which keeps its progress after every step here."""
    import torch

    loops.SAVE_EVERY = 0.0
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 1))

    def loss(generator: torch.Generator) -> torch.Tensor:
        batch = torch.randn(16, 4, generator=generator)
        return ((model(batch)[:, 0] - batch.prod(1)) ** 2).mean()

    loss, seen = _counted(loss, kill_at)
    loops.train([model], loss, work, steps=8, learning_rate=1e-2, average=0.9)
    return len(seen), _digest(model)


def _counted(function: Callable, kill_at: int) -> tuple[Callable, list]:
    seen = []

    def counted(given: object) -> object:
        seen.append(given)
        if len(seen) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(given)

    return counted, seen


def _digest(model) -> str:
    return hashlib.sha256(b"".join(v.numpy().tobytes() for v in model.state_dict().values())).hexdigest()


def _killed(name: str, work: Path, *arguments: float) -> None:
    """Runs one of the functions above in a process that is killed by the system's own signal."""
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), name, str(work), json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    threads, every = torch.get_num_threads(), loops.SAVE_EVERY
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    loops.SAVE_EVERY = every


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """Returns how many batches a run without a stop read, and the digest of its weights."""
    return fine_tune(tmp_path_factory.mktemp("whole") / "work")


def test_again_is_the_same(whole, tmp_path):
    assert fine_tune(tmp_path / "work") == whole


def test_killed_and_resumed_is_the_same(whole, tmp_path):
    """Killed after the checkpoint of the second step, the second run reads fewer batches and ends with the same weights."""
    _killed("fine_tune", tmp_path / "work", 4)
    assert [path.name for path in (tmp_path / "work").glob("checkpoint-*")] == ["checkpoint-2"]
    seen, digest = fine_tune(tmp_path / "work")
    assert digest == whole[1]
    assert seen < whole[0]


def test_what_was_begun_otherwise_is_not_resumed(whole, tmp_path):
    _killed("fine_tune", tmp_path / "work", 4, 1e-3)
    assert fine_tune(tmp_path / "work") == whole


def test_in_bfloat16_too_a_resumed_run_ends_the_same(tmp_path):
    """Where the processor has no such multiplication this is float32 once more."""
    whole = fine_tune(tmp_path / "whole", brief=True)
    _killed("fine_tune", tmp_path / "work", 4, 1e-2, True)
    assert fine_tune(tmp_path / "work", brief=True)[1] == whole[1]


def test_the_loop_of_pictures_too_goes_on_after_a_kill_and_ends_the_same(tmp_path):
    whole = loop(tmp_path / "whole")
    _killed("loop", tmp_path / "work", 6)
    assert [path.suffix for path in (tmp_path / "work").glob("state.*")] == [".safetensors"]
    resumed = loop(tmp_path / "work")
    assert (whole[0], resumed[0]) == (8, 3)
    assert resumed[1] == whole[1]
