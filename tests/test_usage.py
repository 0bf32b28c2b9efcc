"""Every checkpoint is an ordinary folder: the lines on its card use a copy of it where nothing of the course can be imported."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from course_utils import catalog

USED = [entry for entry in catalog.entries().values() if entry.usage]
ELSEWHERE = """
import contextlib, io, json, sys
from pathlib import Path
sys.modules["course_utils"] = None
import torch
torch.manual_seed(0)
for name, usage in json.load(sys.stdin).items():
    names = {"folder": str(Path(name).resolve()), "painter": str(Path("text-to-image").resolve())}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(usage, names)
    models = [model for value in names.values() if isinstance(model := getattr(value, "model", value), torch.nn.Module)]
    assert {str(model.dtype) for model in models} <= {"torch.float32"}, name
    if not said.getvalue():
        Path("picture.png").rename(f"{name}.png")
    print(json.dumps([name, said.getvalue().strip() or "a picture"]))
"""


def test_each_works_elsewhere_without_the_course(tmp_path):
    """Python starts isolated (-I) in another folder, and anything of the course that is imported all the same stops it."""
    for entry in USED:
        shutil.copytree(catalog.checkpoint(entry.name), tmp_path / entry.name)
    given = json.dumps({entry.name: entry.usage for entry in USED})
    command = [sys.executable, "-I", "-c", ELSEWHERE]
    done = subprocess.run(command, cwd=tmp_path, input=given, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    answers = dict(map(json.loads, done.stdout.splitlines()))
    assert list(answers) == [entry.name for entry in USED] and all(answers.values())
    assert answers["tokenizer-bpe"].startswith("[") and "NEGATIVE" in answers["sentiment"] and "'labels': ['sport'" in answers["entailment"]
    assert "Angela Moss".lower() in answers["entities"].lower() and answers["questions"] == "maria" and "token_str" in answers["fill-mask"]
    assert answers["story-writer"].removeprefix("<|endoftext|>").startswith("Anna ")
    assert answers["text-to-text"] == "Le chat noir a dormi." and answers["chat"] == "le grand bateau vert"
    assert "place: night" in answers["scene-judge"]
    painted = {name for name, answer in answers.items() if answer == "a picture"}
    assert painted == {"text-to-image", "star-adapter", "star-alone-adapter", "few-steps-adapter"}
    assert all((tmp_path / f"{name}.png").stat().st_size > 500 for name in painted)


def test_every_checkpoint_that_ships_says_how_it_is_used():
    shipped = {entry.name for entry in catalog.entries().values() if entry.kind == "checkpoint" and not entry.package}
    assert {entry.name for entry in USED} == shipped


def test_cards_show_it():
    for entry in USED:
        assert f"```python\n{entry.usage}\n```" in Path(entry.folder, "README.md").read_text(encoding="utf-8")
