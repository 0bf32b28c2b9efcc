"""Recipe of `sentiment`: positive or negative, for any English sentence.

It learns from sentences that twenty people rated, and from opinions written one by one; it is scored on `reviews`, whose held-out third
nothing was trained on.
"""

import re
from pathlib import Path

from course_utils import loaders, metrics
from course_utils.foundry import intervals, understanding
from course_utils.foundry.frame import Recipe
from course_utils.foundry.reviews import WRITTEN
from course_utils.foundry.written_texts import rows_of

LABELS = ("NEGATIVE", "POSITIVE")
OPINIONS = ("opinions-a", "opinions-b", "opinions-c", "opinions-d")
CLEAR = 1.0
_LONGEST = 96

Opinion = tuple[str, int]


def opinions() -> list[Opinion]:
    """Returns what the model learns from: a text and 1 for positive. Of the rated sentences, those on which people agreed."""
    rated = loaders.dataset("rated-sentences")["train"]
    found = [(row["text"], int(row["rating"] > 0)) for row in rated if abs(row["rating"]) >= CLEAR]
    found += [(row["text"], row["label"]) for row in loaders.dataset("reviews")["train"]]
    return found + [(row["text"], int(row["label"] == "positive")) for row in rows_of(*OPINIONS)]


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the change of the encoder, writes it and returns the accuracies of the whole checkpoint."""
    from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding

    tokenizer, known = understanding.tokenizer(), opinions()
    texts = tokenizer([text for text, _ in known], truncation=True, max_length=_LONGEST)["input_ids"]
    rows = [{"input_ids": ids, "labels": label} for ids, (_, label) in zip(texts, known, strict=True)]
    whole = understanding.fit(
        AutoModelForSequenceClassification, rows, DataCollatorWithPadding(tokenizer), folder, work,
        labels=LABELS, heads=("classifier",), epochs=2, quick=quick,
    )  # fmt: skip
    return score(whole, limit=20 if quick else None)


def score(whole: Path, limit: int | None = None) -> dict:
    """Returns the accuracy on the held-out reviews, on those that only imply, and on held-out rated sentences."""
    from transformers import pipeline

    classify = pipeline("text-classification", model=str(whole), device="cpu")
    found: dict = {}
    seen = {_letters(text) for text in loaders.dataset("rated-sentences")["train"]["text"]}
    clear = [row for row in loaders.dataset("rated-sentences")["test"] if abs(row["rating"]) >= CLEAR and _letters(row["text"]) not in seen]
    rated = [(row["text"], int(row["rating"] > 0)) for row in clear]
    tests = {"score": _opinions("reviews"), "implied_reviews": _opinions("implied-reviews"), "rated_sentences": rated}
    for name, known in tests.items():
        texts, right = zip(*known[:limit], strict=True)
        said = [LABELS.index(answer["label"]) for answer in classify(list(texts), truncation=True)]
        share = metrics.load("accuracy").compute(predictions=said, references=list(right))["accuracy"]
        low, high = intervals.of_share(share, len(right))
        found |= {name: round(share, 3), f"{name}_low": round(low, 3), f"{name}_high": round(high, 3)}
    found["examples"] = [[text, f"{a['label']} {a['score']:.2f}"] for text in EXAMPLES for a in classify(text)]
    return found


def _letters(text: str) -> str:
    """Returns the text without capitals and marks: a few sentences stand in the archive twice, differing in these."""
    return re.sub(r"\W+", " ", text.lower()).strip()


def _opinions(name: str) -> list[Opinion]:
    return [(row["text"], row["label"]) for row in loaders.dataset(name)["test"]]


EXAMPLES = ("The soup was cold, and so was the waiter.", "I would take this course again tomorrow.", "It does what it says, no more.")

LIMITS = """\
It knows two answers: a sentence that has no opinion gets one of them all the same, often with a high score. Irony and praise that
names no feeling mislead it (see `implied reviews` above), and so does an opinion that is not the writer's own. It has read
English opinions on films, products and daily life; nobody has measured it on news, on medical or legal text, or on how it treats groups
of people. Do not let it decide about anybody."""

RECIPES = [
    Recipe(
        "sentiment", build, LIMITS, trains=True, minutes=10, needs=("english-encoder", "reviews", "implied-reviews", "rated-sentences"),
        packages=understanding.PACKAGES,
        sources=(*understanding.PARTS, *(WRITTEN / f"{name}.jsonl" for name in OPINIONS)),
    )
]  # fmt: skip
