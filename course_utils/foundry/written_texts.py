"""Recipes of the data sets that were written one by one, without templates: each a file of rows, split by a digest of the text.

A third of every file is held out. Further files of the same kind widen the training side alone. Knows no model.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from course_utils.errors import RecipeFailed
from course_utils.foundry.frame import Recipe, write_jsonl
from course_utils.foundry.reviews import NEAR_DUPLICATE, WRITTEN, largest_similarity

FEATURES = {
    "topics": {"text": "string", "topic": "string"},
    "inference": {
        "premise": "string", "hypothesis": "string", "label": ["entailment", "neutral", "contradiction"], "kind": "string",
    },
    "named-entities": {"text": "string"},
    "passages": {
        "title": "string", "text": "string",
        "questions": [{"question": "string", "answer": "string", "kind": "string"}],
    },
    "aphorisms": {"text": "string", "author": "string"},
    "instructions": {"instruction": "string", "good": "string", "bad": "string", "why": "string"},
    "cloze": {"text": "string", "accepted": ["string"]},
}  # fmt: skip


def rows_of(*names: str) -> list[dict]:
    """Returns the rows of these written files, in order."""
    texts = [(WRITTEN / f"{name}.jsonl").read_text(encoding="utf-8") for name in names]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def held_out(text: str) -> bool:
    """Returns True for the third of all texts that no training sees."""
    return _number(text) % 3 == 0


def build(name: str, key: str, files: Sequence[str], wider: Sequence[str], describe: Callable[[list[dict]], dict], folder: Path) -> dict:
    """Writes train.jsonl and test.jsonl: a third of `files` is held out by `key`, and all of `wider` is for training; returns counts."""
    rows = rows_of(*files)
    splits = {"train": [r for r in rows if not held_out(r[key])] + rows_of(*wider), "test": [r for r in rows if held_out(r[key])]}
    for split, members in splits.items():
        members.sort(key=lambda row: _number(json.dumps(row)))
        write_jsonl(folder / f"{split}.jsonl", members)
    similarity, pair = largest_similarity({row[key] for row in rows + rows_of(*wider)})
    if similarity >= NEAR_DUPLICATE:
        raise RecipeFailed(f"Two texts of {name!r} share {similarity:.0%} of their word pairs; write one of them anew: {pair}")
    counts = {f"{split}_{what}": n for split, members in splits.items() for what, n in describe(members).items()}
    return counts | {"largest_similarity": round(similarity, 3)}


def _number(text: str) -> int:
    return int(hashlib.sha256(f"written:{text}".encode()).hexdigest(), 16)
