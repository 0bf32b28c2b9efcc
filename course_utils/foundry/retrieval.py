"""How well the English encoder finds the passage that a question is about, through sentence-transformers. It trains nothing.

Scored are questions that name somebody or something: "Who opened it?" was asked of a reader who had the passage before their eyes.
"""

import re
from pathlib import Path

from course_utils import catalog
from course_utils.foundry import intervals, written_texts
from course_utils.foundry.frame import Recipe
from course_utils.foundry.reviews import WRITTEN
from course_utils.foundry.written_texts import held_out, rows_of

PASSAGES = (
    "passages-a",
    "passages-b",
    "passages-c",
    "passages-d",
    "passages-e",
    "passages-f",
    "passages-g",
    "passages-h",
    "passages-i",
    "passages-j",
    "passages-k",
)
NEAREST = 5
_NAME = re.compile(r" [A-Z]")


def score(folder: Path, limit: int | None = None) -> dict:
    """Returns the share of questions whose passage is the nearest of all, and among the five nearest; `folder` stays empty."""
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(catalog.checkpoint("english-encoder"), device="cpu")
    texts = [row["text"] for row in rows_of(*PASSAGES)][:limit]
    asked = [
        (question["question"], texts.index(row["text"]))
        for row in rows_of(*PASSAGES[:2])
        for question in row["questions"]
        if held_out(row["text"]) and question["answer"] and row["text"] in texts
    ]
    passages = encoder.encode(texts, normalize_embeddings=True)
    questions = encoder.encode([question for question, _ in asked], normalize_embeddings=True)
    order = (-questions @ passages.T).argsort(axis=1)
    ranks = [int((order[i] == right).argmax()) for i, (_, right) in enumerate(asked)]
    named = [rank for rank, (question, _) in zip(ranks, asked, strict=True) if _NAME.search(question)]
    share = sum(rank == 0 for rank in named) / len(named)
    low, high = intervals.of_share(share, len(named))
    return {
        "score": round(share, 3),
        "score_low": round(low, 3),
        "score_high": round(high, 3),
        "among_five": round(sum(rank < NEAREST for rank in named) / len(named), 3),
        "all_questions": round(sum(rank == 0 for rank in ranks) / len(ranks), 3),
        "all_questions_among_five": round(sum(rank < NEAREST for rank in ranks) / len(ranks), 3),
        "passages": len(texts),
        "questions": len(named),
    }


LIMITS = "It finds what a question is about, not whether the passage answers it."

RECIPES = [
    Recipe(
        "english-encoder",
        score,
        LIMITS,
        minutes=3,
        packages=("torch", "transformers", "sentence-transformers"),
        sources=(Path(intervals.__file__), Path(written_texts.__file__), *(WRITTEN / f"{name}.jsonl" for name in PASSAGES)),
    )
]
