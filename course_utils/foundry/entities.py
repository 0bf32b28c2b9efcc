"""Recipe of `entities`: people, organisations and places in English sentences. And of its data set, `named-entities`.

The sentences were written one by one; a third is held out. Training widens its side by putting other names into the same sentences.
"""

import json
import random
import re
from collections.abc import Iterable
from pathlib import Path

from course_utils import catalog
from course_utils.foundry import training, understanding
from course_utils.foundry.frame import Recipe, write_jsonl
from course_utils.foundry.reviews import WRITTEN

LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
KINDS = ("PER", "ORG", "LOC")
COPIES = 4
_MARK = re.compile(r"\[(PER|ORG|LOC) ([^\]]+)\]")

Span = tuple[int, int, str]


def read(marked: str) -> tuple[str, list[Span]]:
    """Returns the sentence without its brackets, and the names in it as (start, end, kind) in characters."""
    text, spans, last = "", [], 0
    for found in _MARK.finditer(marked):
        text += marked[last : found.start()]
        spans.append((len(text), len(text) + len(found[2]), found[1]))
        text += found[2]
        last = found.end()
    return text + marked[last:], spans


def swapped(marked: str, names: dict[str, list[str]], rng: random.Random) -> str:
    """Returns the sentence with other names of the same kinds; a name in small letters stays in small letters."""

    def other(found: re.Match) -> str:
        name = rng.choice(names[found[1]])
        return f"[{found[1]} {name.lower() if found[2].islower() else name}]"

    return _MARK.sub(other, marked)
