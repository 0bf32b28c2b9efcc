"""Recipes of `reviews` and `implied-reviews`: each splits a file of written opinions, after checking that it is what its card says.

The opinions were written one by one, without templates. Which of them are held out follows from each text alone, so one that is added
later moves no other. Nothing in the course trains on the held-out third.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path

from course_utils.errors import RecipeFailed
from course_utils.foundry.frame import Recipe, write_jsonl

WRITTEN = Path(__file__).parent / "written"
FEATURES = {"text": "string", "label": ["negative", "positive"], "topic": "string", "kind": "string"}
NEAR_DUPLICATE = 0.4
_KINDS = {"plain", "mixed", "ironic", "long"}


def build(source: Path, folder: Path) -> dict[str, float]:
    """Writes train.jsonl and test.jsonl; returns counts, balance and the largest similarity of two opinions."""
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    check(rows)
    splits = {"train": [r for r in rows if not held_out(r["text"])], "test": [r for r in rows if held_out(r["text"])]}
    for split, members in splits.items():
        write_jsonl(folder / f"{split}.jsonl", sorted(members, key=lambda row: _number(row["text"])))
    kinds = Counter(row["kind"] for row in rows)
    return {
        **{f"{split}_reviews": len(members) for split, members in splits.items()},
        **{f"{split}_positive": round(sum(r["label"] == "positive" for r in m) / len(m), 3) for split, m in splits.items()},
        **{kind: kinds[kind] for kind in sorted(_KINDS)},
        "topics": len({row["topic"] for row in rows}),
        "largest_similarity": round(largest_similarity([row["text"] for row in rows])[0], 3),
    }


def held_out(text: str) -> bool:
    """Returns True for the third of all texts that no training sees."""
    return _number(text) % 3 == 0


def check(rows: list[dict]) -> None:
    """Raises RecipeFailed when a row is malformed, the labels are out of balance, or two opinions are nearly the same."""
    for row in rows:
        if list(row) != list(FEATURES) or row["label"] not in FEATURES["label"] or row["kind"] not in _KINDS:
            raise RecipeFailed(f"A review has other fields than {list(FEATURES)} or an unknown label or kind: {row}")
    share = sum(row["label"] == "positive" for row in rows) / len(rows)
    if not 0.45 <= share <= 0.55:
        raise RecipeFailed(f"{share:.0%} of the reviews are positive; expected 45 to 55 %. Write more of the other kind.")
    similarity, pair = largest_similarity([row["text"] for row in rows])
    if similarity >= NEAR_DUPLICATE:
        raise RecipeFailed(f"Two reviews share {similarity:.0%} of their word pairs; write one of them anew: {pair}")


def largest_similarity(texts: Iterable[str]) -> tuple[float, tuple[str, str]]:
    """Returns the largest Jaccard similarity of the word pairs of two texts, and these two."""
    bags = [(text, frozenset(word_pairs(text))) for text in texts]
    return max((len(a & b) / max(1, len(a | b)), (s, t)) for (s, a), (t, b) in combinations(bags, 2))


def word_pairs(text: str) -> list[tuple[str, str]]:
    """Returns each two words that stand side by side, small."""
    words = re.findall(r"\w+", text.lower())
    return list(pairwise(words))


def _number(text: str) -> int:
    return int(hashlib.sha256(f"reviews:{text}".encode()).hexdigest(), 16)


LIMITS = """\
The opinions were written one by one by a language model, without templates; the writers and what happened to them are invented, and
nobody but their author labelled them. `kind` marks those that praise and blame (mixed), those that mean the opposite of their words
(ironic) and the long ones. Too few for training from zero, and no sample of what people really write online."""
LIMITS_OF_IMPLIED = f"""\
{LIMITS}

Most of these opinions name no feeling and praise or blame nothing: a fact is told, and a reader knows what its writer thinks of it.
They are British in tone. Use `reviews` to learn on, and these to see where such a model ends: the lesson `00_start_here` measures
one."""

RECIPES = [
    Recipe(name, partial(build, source := WRITTEN / f"{name}.jsonl"), limits, sources=(source,))
    for name, limits in (("reviews", LIMITS), ("implied-reviews", LIMITS_OF_IMPLIED))
]
