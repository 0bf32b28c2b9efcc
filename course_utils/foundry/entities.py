"""Recipe of `entities`: people, organisations and places in English sentences.

The sentences were written one by one, names in brackets; a third of the first file is held out. Training widens its side by putting
other names into the same sentences.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from course_utils.foundry import intervals, marks, understanding
from course_utils.foundry.frame import Recipe
from course_utils.foundry.marks import KINDS, Span, names_in, read, swap
from course_utils.foundry.reviews import WRITTEN
from course_utils.foundry.written_texts import held_out, rows_of

LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
COPIES = 1
FILES = ("entities", "entities-b", "entities-c", "entities-d", "entities-e", "entities-f", "entities-g")


def sentences() -> list[str]:
    """Returns the sentences to learn from, as they stand and with other names of the same kinds."""
    written = [row["text"] for row in rows_of(FILES[0]) if not held_out(row["text"])]
    written += [row["text"] for row in rows_of(*FILES[1:])]
    names = json.loads((WRITTEN / "names.json").read_text(encoding="utf-8"))
    for text in written:
        for kind, name in names_in(text):
            names[kind].append(name)
    rng = random.Random(0)
    return written + [swap(text, names, rng) for _ in range(COPIES) for text in written]


def encode(tokenizer: object, marked: str) -> dict:
    """Returns the model's inputs and a label a token: B- where a name begins, I- in the rest of it, none on special tokens."""
    text, spans = read(marked)
    batch = tokenizer(text, return_offsets_mapping=True, truncation=True, max_length=128)
    labels = []
    for start, end in batch["offset_mapping"]:
        span = next((span for span in spans if span[0] <= start < span[1]), None)
        name = "O" if span is None else f"{'B' if start == span[0] else 'I'}-{span[2]}"
        labels.append(-100 if start == end else LABELS.index(name))
    return {"input_ids": batch["input_ids"], "labels": labels}


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the change of the encoder, writes it and returns what the whole checkpoint scores."""
    from transformers import AutoModelForTokenClassification, DataCollatorForTokenClassification

    tokenizer = understanding.tokenizer()
    rows = [encode(tokenizer, text) for text in sentences()]
    whole = understanding.fit(
        AutoModelForTokenClassification, rows, DataCollatorForTokenClassification(tokenizer), folder, work,
        labels=LABELS, heads=("classifier",), epochs=3, quick=quick,
    )  # fmt: skip
    return score(whole, limit=20 if quick else None)


def score(whole: Path, limit: int | None = None) -> dict:
    """Returns precision, recall and F1 over whole names, in all and by kind: right means the same span and the same kind."""
    from transformers import pipeline

    find = pipeline("token-classification", model=str(whole), device="cpu", aggregation_strategy="first")
    tests = [read(row["text"]) for row in rows_of(FILES[0]) if held_out(row["text"])][:limit]
    right = [{*spans} for _, spans in tests]
    said = [{(a["start"], a["end"], a["entity_group"]) for a in find(text)} for text, _ in tests]
    found = {"score": round(_f1(said, right), 3)}
    bounds = intervals.of_groups(list(zip(said, right, strict=True)), lambda drawn: _f1(*zip(*drawn, strict=True)))
    found["score_low"], found["score_high"] = (round(bound, 3) for bound in bounds)
    hits = sum(len(a & b) for a, b in zip(said, right, strict=True))
    found["precision"] = round(hits / max(1, sum(map(len, said))), 3)
    found["recall"] = round(hits / sum(map(len, right)), 3)
    for kind in KINDS:
        only = [[{span for span in spans if span[2] == kind} for spans in side] for side in (said, right)]
        found[f"f1_{kind}"] = round(_f1(*only), 3)
    small = [i for i, (text, _) in enumerate(tests) if text.islower()]
    found["f1_small_letters"] = round(_f1([said[i] for i in small], [right[i] for i in small]), 3)
    found["examples"] = [
        [text, ", ".join(f"{text[a['start'] : a['end']]} ({a['entity_group']})" for a in find(text)) or "(no name)"] for text in EXAMPLES
    ]
    return found


def _f1(said: Sequence[set[Span]], right: Sequence[set[Span]]) -> float:
    hits = sum(len(a & b) for a, b in zip(said, right, strict=True))
    return 2 * hits / max(1, sum(map(len, said)) + sum(map(len, right)))


EXAMPLES = (
    "Angela Moss left the Post Office in Leeds to join a start-up called Hugging Face.",
    "did you see that maria moved to buenos aires for unicef",
    "On Monday we ate French bread by the river.",
)

LIMITS = """\
It reads small letters only, so a capital tells it nothing: "may" and "Reading" have to be understood from their sentence. Ask it with
`aggregation_strategy="first"`, which decides a word at a time; "simple" cuts rare names into pieces. Clubs named like their town, firms
named like people and very long names are where it errs. It knows three kinds and no dates, products or events."""

RECIPES = [
    Recipe(
        "entities", build, LIMITS, trains=True, minutes=8, needs=("english-encoder",), packages=understanding.PACKAGES,
        sources=(*understanding.PARTS, Path(marks.__file__), *(WRITTEN / f"{name}.jsonl" for name in FILES), WRITTEN / "names.json"),
    )
]  # fmt: skip
