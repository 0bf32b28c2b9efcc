"""Recipes of the data sets that were written one by one, without templates: each a file of rows, split by a digest of the text.

A third is held out. Further files of the same kind widen the training side alone. Knows no model.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from course_utils.errors import RecipeFailed
from course_utils.foundry import marks, reviews
from course_utils.foundry.frame import Recipe, write_jsonl
from course_utils.foundry.marks import read
from course_utils.foundry.reviews import NEAR_DUPLICATE, WRITTEN, word_pairs

FEATURES = {
    "topics": {"text": "string", "topic": "string"},
    "inference": {
        "premise": "string", "hypothesis": "string", "label": ["entailment", "neutral", "contradiction"], "kind": "string",
    },
    "named-entities": {"text": "string", "entities": [{"start": "int32", "end": "int32", "kind": "string"}]},
    "passages": {"title": "string", "text": "string", "questions": [{"question": "string", "answer": "string", "kind": "string"}]},
    "aphorisms": {"text": "string", "author": "string"},
    "instructions": {"instruction": "string", "good": "string", "bad": "string", "why": "string"},
}  # fmt: skip


def rows_of(*names: str) -> list[dict]:
    """Returns the rows of these written files, in order."""
    texts = [(WRITTEN / f"{name}.jsonl").read_text(encoding="utf-8") for name in names]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def held_out(text: str) -> bool:
    """Returns True for the third of all texts that no training sees."""
    return _number(text) % 3 == 0


def build(name: str, files: Sequence[str], wider: Sequence[str], key: str, change: Callable[[dict], dict], folder: Path) -> dict:
    """Writes train.jsonl and test.jsonl: a third of `files` is held out by `key`, and all of `wider` is for training; returns counts."""
    first, wider = rows_of(*files), rows_of(*wider)
    train = [row for row in first if not held_out(row[key])] + wider
    test = [row for row in first if held_out(row[key])]
    for split, members in (("train", train), ("test", test)):
        rows = [change(row) for row in sorted(members, key=lambda row: _number(json.dumps(row)))]
        if any(list(row) != list(FEATURES[name]) for row in rows):
            raise RecipeFailed(f"A row of {name!r} has other fields than {list(FEATURES[name])}: look into {', '.join(files)}.")
        write_jsonl(folder / f"{split}.jsonl", rows)
    similarity, pair = _nearest({row[key] for row in train}, {row[key] for row in test})
    if similarity >= NEAR_DUPLICATE:
        raise RecipeFailed(f"A held-out text of {name!r} shares {similarity:.0%} of its word pairs with one for training: {pair}")
    return {"train_rows": len(train), "test_rows": len(test), "largest_similarity": round(similarity, 3)}


def unmark(row: dict) -> dict:
    """Returns the sentence with its names as spans of characters."""
    text, spans = read(row["text"])
    return {"text": text, "entities": [{"start": start, "end": end, "kind": kind} for start, end, kind in spans]}


def _nearest(train: set[str], test: set[str]) -> tuple[float, tuple[str, str]]:
    """Returns the largest Jaccard similarity of the word pairs of a text in each, and these two."""
    known = [(text, frozenset(word_pairs(text))) for text in sorted(train)]
    new = [(text, frozenset(word_pairs(text))) for text in sorted(test)]
    return max((len(a & b) / max(1, len(a | b)), (s, t)) for s, a in known for t, b in new)


def _number(text: str) -> int:
    return int(hashlib.sha256(f"written:{text}".encode()).hexdigest(), 16)


_WRITTEN = "Written one by one by a language model, without templates, and labelled by the same hand: nobody else has checked them."
_LIMITS = {
    "topics": "Ten topics of thirty sentences, none of which names its topic. Real texts are about several things at once; these are not.",
    "inference": "Ten kinds of inference, a hundred pairs of each, labels in balance within every kind. Too few to learn inference from.",
    "named-entities": "People, organisations and places; no dates, products or events. The training side is larger than the held-out one.",
    "passages": "Short passages with seven questions each; one or two of the seven have no answer in the passage. The facts in passages "
    "on real things were told from memory and not looked up. The training side is larger than the held-out one.",
    "aphorisms": "Sayings of twenty-four invented people and of nobody. None of these people ever lived.",
    "instructions": "Instructions with a good and a bad answer and the reason. What is good is one writer's opinion.",
}
_FILES: dict[str, tuple[tuple[str, ...], tuple[str, ...], str, Callable[[dict], dict]]] = {
    "topics": (("topics",), (), "text", dict),
    "inference": (("inference",), (), "premise", dict),
    "named-entities": (("entities",), ("entities-b", "entities-c", "entities-d", "entities-e", "entities-f", "entities-g"), "text", unmark),
    "passages": (
        ("passages-a", "passages-b"),
        ("passages-c", "passages-d", "passages-e", "passages-f", "passages-g", "passages-h", "passages-i", "passages-j", "passages-k"),
        "text",
        dict,
    ),
    "aphorisms": (("aphorisms",), (), "text", dict),
    "instructions": (("instructions",), (), "instruction", dict),
}
RECIPES = [
    Recipe(
        name,
        partial(build, name, files, wider, key, change),
        f"{_WRITTEN} {_LIMITS[name]}",
        sources=(Path(marks.__file__), Path(reviews.__file__), *(WRITTEN / f"{file}.jsonl" for file in (*files, *wider))),
    )
    for name, (files, wider, key, change) in _FILES.items()
]
