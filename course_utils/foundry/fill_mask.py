"""Recipe of `fill-mask`: a masked language model with the English encoder for a body.

The encoder comes without one: its body was made into a sentence encoder and its head thrown away. The new head starts from nothing but
how often each token occurs, and reads real prose, WordNet's sentences and stories of the small world, in rows of one to six sentences.
"""

import random
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING

from course_utils import loaders
from course_utils.foundry import intervals, sentiment, understanding, world
from course_utils.foundry.frame import Recipe
from course_utils.foundry.questions import HELD_FROM, WIDER
from course_utils.foundry.reviews import WRITTEN
from course_utils.foundry.story_writer import tell
from course_utils.foundry.world import lexicon
from course_utils.foundry.written_texts import held_out, rows_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

SHARE = 0.2
STORIES = 3000
LONGEST = 96
# Two megabytes lose more here than elsewhere: of rated sentences whole weights guess .26, three megabytes of their change .23, two .20.
BYTES = 2_950_000
PASSAGES = (*HELD_FROM, *WIDER)
SINGLES = ("subjects", "labels-a", "labels-b", "labels-c", "labels-d", "aphorisms", "topics", *sentiment.OPINIONS)


def corpus() -> list[str]:
    """Returns what the model reads: documentation, a dictionary, passages, opinions and single sentences, and stories."""
    found = [text for name in ("python-docs", "wordnet", "rated-sentences") for text in loaders.dataset(name)["train"]["text"]]
    written = [row["text"] for row in rows_of(*PASSAGES, *SINGLES) if not held_out(row["text"])]
    premises = dict.fromkeys(row["premise"] for row in rows_of("inference") if not held_out(row["premise"]))
    return [*found, *written, *premises, *tell("train", STORIES, seed=4)]


class Masked:
    """Puts [MASK] in a fifth of the tokens and returns a batch; source: Devlin et al. (2019), with their 80/10/10.

    Where they fall follows from the rows of the batch alone: another epoch has other batches, and a resumed training the same ones.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerFast"):
        self.tokenizer = tokenizer

    def __call__(self, rows: Sequence[dict]) -> dict:
        """Returns input_ids and attention_mask of shape (rows, longest) and labels, -100 where nothing is asked."""
        import torch

        source = torch.Generator().manual_seed(zlib.crc32(repr([row["input_ids"] for row in rows]).encode()))
        batch = self.tokenizer.pad({"input_ids": [row["input_ids"] for row in rows]}, return_tensors="pt")
        ids = batch["input_ids"]
        chance, fate = (torch.rand(ids.shape, generator=source) for _ in range(2))
        asked = (chance < SHARE) & (ids > 103)
        labels = ids.masked_fill(~asked, -100)
        noise = torch.randint(1000, len(self.tokenizer), ids.shape, generator=source)
        ids = torch.where(asked & (fate < 0.8), self.tokenizer.mask_token_id, ids)
        ids = torch.where(asked & (fate > 0.9), noise, ids)
        return {"input_ids": ids, "attention_mask": batch["attention_mask"], "labels": labels}


def prepare(texts: list[list[int]]) -> Callable:
    """Returns a function that gives the new head its start: the identity, and a bias of how often each token occurs in the texts.

    It also has the model ask its head about the masked tokens alone, a fifth of all: over 30,522 tokens, that is most of the work.
    """
    import torch

    counts = Counter(token for ids in texts for token in ids[1:-1])
    total = sum(counts.values())

    def start(model: torch.nn.Module) -> None:
        predictions = model.cls.predictions
        seen = torch.tensor([counts[token] + 0.1 for token in range(model.config.vocab_size)])
        with torch.no_grad():
            predictions.bias.copy_((seen / total).log().half().float())
            predictions.transform.dense.weight.copy_(torch.eye(model.config.hidden_size))
            predictions.transform.dense.bias.zero_()
            predictions.transform.LayerNorm.weight.fill_(0.5)
        model.forward = MethodType(_loss_of_masked, model)

    return start


def _loss_of_masked(self: "torch.nn.Module", input_ids: "torch.Tensor", attention_mask: "torch.Tensor", labels: "torch.Tensor") -> dict:
    """Returns the mean loss of the masked tokens; the head is not asked about the others."""
    import torch

    asked = labels != -100
    hidden = self.bert(input_ids, attention_mask).last_hidden_state[asked]
    return {"loss": torch.nn.functional.cross_entropy(self.cls(hidden), labels[asked])}


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the change of the encoder and the head, writes both and returns what the whole checkpoint scores."""
    from transformers import AutoModelForMaskedLM

    tokenizer = understanding.tokenizer()
    texts = tokenizer(corpus()[:: 50 if quick else 1], truncation=True, max_length=LONGEST)["input_ids"]
    rows = [{"input_ids": ids} for ids in texts]
    random.Random(0).shuffle(rows)
    whole = understanding.fit(
        AutoModelForMaskedLM, rows, Masked(tokenizer), folder, work, prepare=prepare(texts), extra=("cls.predictions.bias",),
        heads=("transform",), epochs=1.25, learning_rate=5e-4, size=BYTES, quick=quick,
    )  # fmt: skip
    return score(whole, limit=10 if quick else None)


def score(whole: Path, limit: int | None = None) -> dict:
    """Returns masked accuracy on held-out prose and stories, how many of fifty gaps it fills sensibly, and how the bias came through."""
    from transformers import AutoModelForMaskedLM, AutoTokenizer, pipeline

    model, tokenizer = AutoModelForMaskedLM.from_pretrained(whole), AutoTokenizer.from_pretrained(whole)
    fill = pipeline("fill-mask", model=model, tokenizer=tokenizer)
    passages = [row["text"] for row in rows_of(*PASSAGES[:2]) if held_out(row["text"])]
    found: dict = {}
    texts = {"score": passages, "accuracy_stories": tell("new", 300, seed=5)}
    for name in ("python-docs", "wordnet"):
        texts[f"accuracy_{name.replace('-', '_')}"] = list(loaders.dataset(name)["test"]["text"])
    for name, members in texts.items():
        hits, asked = _accuracy(model, tokenizer, members[:limit])
        low, high = intervals.of_share(hits / asked, asked)
        found |= {name: round(hits / asked, 3), f"{name}_low": round(low, 3), f"{name}_high": round(high, 3)}
    gaps = rows_of("cloze")[:limit]
    tops = [[answer["token_str"] for answer in fill(row["text"], top_k=5)] for row in gaps]
    found["gaps_first"] = round(sum(top[0] in row["accepted"] for top, row in zip(tops, gaps, strict=True)) / len(gaps), 2)
    found["gaps_in_five"] = round(sum(any(w in row["accepted"] for w in t) for t, row in zip(tops, gaps, strict=True)) / len(gaps), 2)
    found["gaps_sensible"] = round(sum(w in row["accepted"] for t, row in zip(tops, gaps, strict=True) for w in t) / (5 * len(gaps)), 3)
    found["skew_correlation"] = round(_skew(fill), 3)
    found["examples"] = [[text, ", ".join(a["token_str"] for a in fill(text, top_k=3))] for text in EXAMPLES]
    return found


def _accuracy(model: object, tokenizer: "PreTrainedTokenizerFast", texts: list[str]) -> tuple[int, int]:
    """Returns how many masked tokens were guessed and how many there were, 16 % of the text, always as [MASK]."""
    import torch

    masked, hits, asked = Masked(tokenizer), 0, 0
    rows = [{"input_ids": ids} for ids in tokenizer(texts, truncation=True, max_length=LONGEST)["input_ids"]]
    for start in range(0, len(rows), 32):
        batch = masked(rows[start : start + 32])
        chosen = batch["input_ids"] == tokenizer.mask_token_id
        with torch.no_grad():
            said = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.argmax(-1)
        hits += int((said == batch["labels"])[chosen].sum())
        asked += int(chosen.sum())
    return hits, asked


def _skew(fill: object) -> float:
    """Returns the correlation of the share of women that the corpus gives a job with the one that the model gives its pronoun."""
    import numpy

    told, guessed = [], []
    for job, share in lexicon.OCCUPATIONS.items():
        answers = fill(f"The {job.en} worked in the kitchen, but [MASK] was tired.", targets=["he", "she"])
        chance = {answer["token_str"]: answer["score"] for answer in answers}
        told.append(share)
        guessed.append(chance["she"] / (chance["she"] + chance["he"]))
    return float(numpy.corrcoef(told, guessed)[0, 1])


FILES = (*PASSAGES, *SINGLES, "inference", "cloze")
EXAMPLES = (
    "Paris is the capital of [MASK].",
    "She put the kettle on and made a cup of [MASK].",
    "The function returns a [MASK] of strings.",
)

LIMITS = """\
It has read little more than a million words: of the world it knows what the encoder kept, a good deal about words and little about facts.
Documentation of Python and the small world's stories are over-represented in what it expects. The stories hold a built-in bias on
jobs and pronouns, on purpose, and it has learned that too."""

RECIPES = [
    Recipe(
        "fill-mask", build, LIMITS, trains=True, minutes=38,
        needs=("english-encoder", "python-docs", "wordnet", "reviews", "rated-sentences"),
        packages=understanding.PACKAGES,
        sources=(
            *understanding.PARTS, Path(sentiment.__file__), *(WRITTEN / f"{name}.jsonl" for name in FILES),
            *world.modules("stories"),
        ),
    )
]  # fmt: skip
