"""Recipe of `questions`: where in a passage the answer to a question stands, or that it does not stand there.

Passages and questions were written one by one; a third of the first two files is held out. The small world's stories and questions that
belong to another passage widen the training side.
"""

import random
import re
import string
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.foundry import intervals, understanding, world
from course_utils.foundry.frame import Recipe
from course_utils.foundry.reviews import WRITTEN
from course_utils.foundry.world import questions as world_questions
from course_utils.foundry.world import stories
from course_utils.foundry.world.draw import Draw
from course_utils.foundry.written_texts import held_out, rows_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

HELD_FROM = ("passages-a", "passages-b")
WIDER = ("passages-c", "passages-d", "passages-e", "passages-f", "passages-g", "passages-h", "passages-i", "passages-j", "passages-k")
STORIES = 300
LONGEST, LONGEST_ANSWER = 256, 30


class Asked(tuple):
    """A question, its passage and its answer, which is None when the passage does not hold one."""

    __slots__ = ()

    def __new__(cls, question: str, text: str, answer: str | None):
        return super().__new__(cls, (question, text, answer))


def training_questions() -> list[Asked]:
    """Returns the questions to learn from, those that nothing answers included."""
    rng, draw = random.Random(0), Draw("train", seed=3)
    passages = [row for row in rows_of(*HELD_FROM) if not held_out(row["text"])] + rows_of(*WIDER)
    found = [Asked(q["question"], row["text"], q["answer"]) for row in passages for q in row["questions"]]
    for row in passages[::2]:
        found.append(Asked(rng.choice(rng.choice(passages)["questions"])["question"], row["text"], None))
    for _ in range(STORIES):
        story = stories.story(draw)
        spans = [q for q in world_questions.questions(story, draw) if q.kind != "yes or no"]
        found.append(Asked((asked := rng.choice(spans)).text, story.english, asked.answer))
    return list(dict.fromkeys(found))


def encode(tokenizer: "PreTrainedTokenizerFast", asked: Asked) -> dict:
    """Returns the model's inputs and the first and last token of the answer; both are [CLS] when there is none."""
    question, text, answer = asked
    batch = tokenizer(question, text, truncation="only_second", max_length=LONGEST, return_offsets_mapping=True)
    first = last = 0
    if answer is not None:
        start = text.lower().index(answer.lower())
        inside = [
            i
            for i, (side, (a, b)) in enumerate(zip(batch.sequence_ids(), batch["offset_mapping"], strict=True))
            if side == 1 and a < start + len(answer) and b > start
        ]
        first, last = (inside[0], inside[-1]) if inside else (0, 0)
    return {
        "input_ids": batch["input_ids"], "token_type_ids": batch["token_type_ids"], "start_positions": first, "end_positions": last,
    }  # fmt: skip


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the change of the encoder, writes it and returns what the whole checkpoint scores."""
    from transformers import AutoModelForQuestionAnswering, DataCollatorWithPadding

    tokenizer = understanding.tokenizer()
    rows = [encode(tokenizer, asked) for asked in training_questions()[: 200 if quick else None]]
    whole = understanding.fit(
        AutoModelForQuestionAnswering, rows, DataCollatorWithPadding(tokenizer), folder, work,
        heads=("qa_outputs",), epochs=2, batch_size=16, quick=quick,
    )  # fmt: skip
    return score(whole, limit=3 if quick else None)


def score(whole: Path, limit: int | None = None) -> dict:
    """Returns exact match and F1 over all questions of the held-out passages, by kind, and how it tells that there is no answer."""
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    model, tokenizer = AutoModelForQuestionAnswering.from_pretrained(whole), AutoTokenizer.from_pretrained(whole)
    passages = [row for row in rows_of(*HELD_FROM) if held_out(row["text"])][:limit]
    tests = [(Asked(q["question"], row["text"], q["answer"]), q["kind"]) for row in passages for q in row["questions"]]
    said = answers(model, tokenizer, [(asked[0], asked[1]) for asked, _ in tests])
    exact = [_normal(a) == _normal(asked[2] or "") for a, (asked, _) in zip(said, tests, strict=True)]
    shared = [_f1(a, asked[2] or "") for a, (asked, _) in zip(said, tests, strict=True)]
    low, high = intervals.of_groups(_by_passage(tests, exact), lambda groups: sum(map(sum, groups)) / sum(map(len, groups)))
    found = {"score": round(sum(exact) / len(exact), 3), "score_low": round(low, 3), "score_high": round(high, 3)}
    found["f1"] = round(sum(shared) / len(shared), 3)
    has = [bool(asked[2]) for asked, _ in tests]
    for name, chosen in (("answerable", True), ("unanswerable", False)):
        members = [i for i, value in enumerate(has) if value == chosen]
        found[f"exact_match_{name}"] = round(sum(exact[i] for i in members) / len(members), 3)
        found[f"f1_{name}"] = round(sum(shared[i] for i in members) / len(members), 3)
    for kind in sorted({kind for _, kind in tests} - {"unanswerable"}):
        members = [value for value, (_, k) in zip(shared, tests, strict=True) if k == kind]
        found[f"f1_{kind.replace(' ', '_')}"] = round(sum(members) / len(members), 2)
    found["examples"] = [
        [f"{q} | {t}", a or "(no answer)"] for (q, t), a in zip(EXAMPLES, answers(model, tokenizer, EXAMPLES), strict=True)
    ]
    return found


def _by_passage(tests: list[tuple[Asked, str]], right: list[bool]) -> list[list[bool]]:
    """Returns which questions were answered right, a list a passage: they are not independent of one another."""
    found: dict[str, list[bool]] = {}
    for (asked, _), ok in zip(tests, right, strict=True):
        found.setdefault(asked[1], []).append(ok)
    return list(found.values())


def answers(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast", pairs: list[tuple[str, str]]) -> list[str]:
    """Returns the best span of each passage for its question, "" when [CLS] scores higher than every span."""
    import torch

    found = []
    for question, text in pairs:
        batch = tokenizer(question, text, truncation="only_second", max_length=LONGEST, return_offsets_mapping=True, return_tensors="pt")
        offsets, sides = batch.pop("offset_mapping")[0].tolist(), batch.sequence_ids()
        with torch.no_grad():
            out = model(**batch)
        starts, ends = out.start_logits[0], out.end_logits[0]
        scores = starts[:, None] + ends[None, :]
        allowed = torch.triu(torch.ones_like(scores)) - torch.triu(torch.ones_like(scores), LONGEST_ANSWER)
        inside = torch.tensor([side == 1 for side in sides])
        scores = scores.masked_fill(~(allowed.bool() & inside[:, None] & inside[None, :]), -1e9)
        first, last = divmod(int(scores.argmax()), len(sides))
        found.append(text[offsets[first][0] : offsets[last][1]] if scores.max() > starts[0] + ends[0] else "")
    return found


def _normal(text: str) -> str:
    """Returns the answer as SQuAD compares it: small, without articles and punctuation. Source: Rajpurkar et al. (2016)."""
    text = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _f1(said: str, right: str) -> float:
    ours, theirs = _normal(said).split(), _normal(right).split()
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


_PASSAGE = (
    "The bakery on Mill Lane opened in 1911, when Ada Thornby came back from Vienna. She baked forty loaves a day, and on Saturdays "
    "sixty, because the market drew farmers from three valleys. Her nephew Joseph sold it in 1958 to pay for his voyage to Chile."
)
EXAMPLES = [(question, _PASSAGE) for question in ("Who founded the bakery?", "Why did Joseph sell it?", "What did a loaf cost?")]

LIMITS = """\
It points at words of the passage and cannot count, conclude or say yes or no. It has learned from some thirteen thousand questions, a
tenth of what such models usually see: when two people, dates or numbers stand close together it may take the wrong one, and it finds an
answer in a good many passages that hold none. Passages are cut after 256 tokens; take longer ones by stride."""

RECIPES = [
    Recipe(
        "questions", build, LIMITS, trains=True, minutes=58, needs=("english-encoder",), packages=understanding.PACKAGES,
        sources=(
            *understanding.PARTS, *(WRITTEN / f"{name}.jsonl" for name in (*HELD_FROM, *WIDER)),
            *world.modules("stories", "questions"),
        ),
    )
]  # fmt: skip
