"""Recipe of `entailment`: does a sentence follow from another, contradict it, or neither. It serves zero-shot classification.

It learns what a sentence is about, with some thousands of labels right and wrong, and some real inference. It is scored on ten topics that
its training never named.
"""

import random
from pathlib import Path

from course_utils import catalog, metrics
from course_utils.foundry import intervals, sentiment, understanding
from course_utils.foundry.frame import Recipe
from course_utils.foundry.reviews import WRITTEN
from course_utils.foundry.written_texts import held_out, rows_of

LABELS = ("entailment", "neutral", "contradiction")
TEMPLATES = ("This example is about {}.", "This example is {}.", "This text is about {}.", "The topic is {}.", "It is about {}.")
OTHERS = 2
RIGHT, WRONG = 3, 2
LABELLED = ("labels-a", "labels-b", "labels-c", "labels-d")
OPINION_PAIRS = 1500

Pair = tuple[str, str, str]


def pairs() -> list[Pair]:
    """Returns premises, hypotheses and labels: labels and subjects right and wrong, opinions right and wrong, and real inference."""
    rng = random.Random(0)
    found: list[Pair] = []
    labelled = rows_of(*LABELLED)
    known = sorted({label for row in labelled for label in row["right"]})
    for row in labelled:
        elsewhere = rng.sample([label for label in known if label not in row["right"]], WRONG)
        for labels, count, answer in (
            (row["right"], RIGHT, "entailment"), (row["wrong"], WRONG, "contradiction"), (elsewhere, WRONG, "contradiction"),
        ):  # fmt: skip
            found += [(row["text"], rng.choice(TEMPLATES).format(label), answer) for label in rng.sample(labels, count)]
    rows = rows_of("subjects")
    names = sorted({row["subject"] for row in rows})
    for row in rows:
        wrong = rng.sample([name for name in names if name != row["subject"]], OTHERS)
        templates = [rng.choice(TEMPLATES) for _ in range(1 + OTHERS)]
        found.append((row["text"], templates[0].format(row["subject"]), "entailment"))
        found += [(row["text"], template.format(name), "contradiction") for template, name in zip(templates[1:], wrong, strict=True)]
    for text, positive in rng.sample(sentiment.opinions(), OPINION_PAIRS):
        said = rng.random() < 0.5
        word = rng.choice(("positive", "good", "praise") if said else ("negative", "bad", "a complaint"))
        found.append((text, TEMPLATES[1].format(word), "entailment" if said == bool(positive) else "contradiction"))
    return found + [(row["premise"], row["hypothesis"], row["label"]) for row in rows_of("inference") if not held_out(row["premise"])]


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the change of the encoder, writes it and returns what the whole checkpoint scores."""
    from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding

    tokenizer = understanding.tokenizer()
    known = pairs()[:: 100 if quick else 1]
    encoded = tokenizer([pair[0] for pair in known], [pair[1] for pair in known], truncation=True, max_length=96)
    rows = [
        {"input_ids": ids, "token_type_ids": types, "labels": LABELS.index(pair[2])}
        for ids, types, pair in zip(encoded["input_ids"], encoded["token_type_ids"], known, strict=True)
    ]
    whole = understanding.fit(
        AutoModelForSequenceClassification, rows, DataCollatorWithPadding(tokenizer), folder, work,
        labels=LABELS, heads=("classifier",), rank=16, epochs=2, learning_rate=5e-4, quick=quick,
    )  # fmt: skip
    return score(whole, limit=5 if quick else None)


def score(whole: Path, limit: int | None = None) -> dict:
    """Returns the accuracy of zero-shot classification among ten topics, and of real inference in all and by kind."""
    from transformers import pipeline

    zero_shot = pipeline("zero-shot-classification", model=str(whole), device="cpu")
    rows = rows_of("topics")
    topics = sorted({row["topic"] for row in rows})
    tests = [row for row in rows if held_out(row["text"])][:limit]
    answers = zero_shot([row["text"] for row in tests], topics, hypothesis_template=TEMPLATES[0])
    right = [answer["labels"][0] == row["topic"] for answer, row in zip(answers, tests, strict=True)]
    low, high = intervals.of_share(sum(right) / len(right), len(right))
    found = {"score": round(sum(right) / len(right), 3), "score_low": round(low, 3), "score_high": round(high, 3)}
    found["by_embeddings_alone"] = round(_by_embeddings([row["text"] for row in tests], [row["topic"] for row in tests], topics), 3)
    return found | _inference(zero_shot, limit) | {"examples": [_example(zero_shot, *case) for case in EXAMPLES]}


def _by_embeddings(texts: list[str], right: list[str], topics: list[str]) -> float:
    """Returns the accuracy of the nearest hypothesis by the encoder's own similarity: what needs no training at all."""
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(catalog.checkpoint(understanding.ENCODER), device="cpu")
    ours, theirs = (encoder.encode(side, normalize_embeddings=True) for side in (texts, [TEMPLATES[0].format(t) for t in topics]))
    return sum(topics[i] == topic for i, topic in zip((ours @ theirs.T).argmax(1), right, strict=True)) / len(right)


def _inference(zero_shot: object, limit: int | None) -> dict:
    import torch

    tests = [row for row in rows_of("inference") if held_out(row["premise"])][:limit]
    batch = zero_shot.tokenizer([r["premise"] for r in tests], [r["hypothesis"] for r in tests], padding=True, return_tensors="pt")
    with torch.no_grad():
        said = zero_shot.model(**batch).logits.argmax(-1).tolist()
    right = [LABELS.index(row["label"]) for row in tests]
    share = metrics.load("accuracy").compute(predictions=said, references=right)["accuracy"]
    low, high = intervals.of_share(share, len(tests))
    found = {"inference": round(share, 3), "inference_low": round(low, 3), "inference_high": round(high, 3)}
    for kind in sorted({row["kind"] for row in tests}):
        hits = [a == b for a, b, row in zip(said, right, tests, strict=True) if row["kind"] == kind]
        found[f"inference_{kind.replace('-', '_')}"] = round(sum(hits) / len(hits), 2)
    return found


def _example(zero_shot: object, text: str, labels: str) -> list[str]:
    answer = zero_shot(text, labels.split(", "), hypothesis_template=TEMPLATES[0])
    return [f"{text} ({labels})", f"{answer['labels'][0]} {answer['scores'][0]:.2f}"]


FILES = (*LABELLED, "subjects", "inference", "topics", *sentiment.OPINIONS)
EXAMPLES = (
    ("The orchestra tuned for a full minute before anyone dared to cough.", "music, traffic, money"),
    ("My knee has hurt since the second half.", "football, medicine, cooking"),
    ("They raised the rent again without a word.", "housing, fishing, astronomy"),
)

LIMITS = """\
It matches a sentence with a topic, a little worse, within the interval, than comparing embeddings does, which needs no training: `by
embeddings alone` is the same encoder on the same sentences. What `inference` measures is how far it is from understanding what follows
from what: a third is chance among three answers, and a model of this size learns next to nothing of it from a few hundred pairs.
Negation, numbers and who did what to whom mislead it. Labels that mean nearly the same share their score at random, and there is always
a winner, even when no label fits."""

RECIPES = [
    Recipe(
        "entailment", build, LIMITS, trains=True, minutes=20, needs=("english-encoder", "reviews", "rated-sentences"),
        packages=understanding.PACKAGES,
        sources=(*understanding.PARTS, Path(sentiment.__file__), *(WRITTEN / f"{name}.jsonl" for name in FILES)),
    )
]  # fmt: skip
