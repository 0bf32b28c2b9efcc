"""Recipe of `story-writer`: a GPT-2 from zero that tells stories of the small world. And of `stories`, its data set."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.foundry import training, world
from course_utils.foundry.frame import Recipe, write_jsonl
from course_utils.foundry.world import lexicon, questions, stories
from course_utils.foundry.world.draw import Draw

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<|endoftext|>"
STORIES = 240_000
VOCABULARY_SIZE = 1400
TEMPERATURE = 0.7
_NAMES = {person.name for person in lexicon.PEOPLE}


def tell(split: str, count: int, kind: str | None = None, seed: int = 0) -> list[str]:
    """Returns that many different stories in English."""
    draw, told = Draw(split, seed), {}
    while len(told) < count:
        told[stories.story(draw, kind).english] = None
    return list(told)


def tokenizer(texts: list[str]) -> "PreTrainedTokenizerFast":
    """Returns the tokenizer: byte-level BPE with GPT-2's end of text; what is generated is padded on the left."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=training.byte_level_tokenizer(texts, VOCABULARY_SIZE, [END]), bos_token=END, eos_token=END, pad_token=END,
        model_max_length=256, padding_side="left", clean_up_tokenization_spaces=False, model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def model(vocabulary_size: int) -> "GPT2LMHeadModel":
    """Returns the untrained GPT-2: 4 layers of width 128."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(training.SEED)
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocabulary_size,
            n_positions=256,
            n_embd=128,
            n_layer=4,
            n_head=4,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=0,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        )
    )


def collate(rows: list[dict]) -> dict:
    """Returns a batch of stories between two ends of text, padded on the right; padding is no label."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    texts = [torch.tensor([0, *row["input_ids"], 0]) for row in rows]
    seen = [torch.ones_like(text) for text in texts]
    return {
        "input_ids": pad_sequence(texts, batch_first=True),
        "attention_mask": pad_sequence(seen, batch_first=True),
        "labels": pad_sequence(texts, batch_first=True, padding_value=-100),
    }


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the model, writes the checkpoint and returns its perplexities and what its own stories are like."""
    texts = tell("train", 500 if quick else STORIES)
    words = tokenizer(texts[:20_000])
    writer = model(len(words))
    rows = [{"input_ids": ids} for ids in words(texts)["input_ids"]]
    training.train(writer, rows, collate, work / "training", epochs=1, batch_size=32, learning_rate=3e-3, quick=quick)
    training.save(writer, words, folder)
    return score(folder, set(texts), count=20 if quick else 500)


def score(folder: Path, seen: set[str], count: int) -> dict:
    """Returns the perplexity a token on new stories, held-out combinations and a kind it never met, and counts over its own stories."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    writer, words = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    measure = partial(_perplexity, writer, words)
    told = _generate(writer, words, count)
    corpus, own = _names_a_story(tell("new", count, seed=1)), _names_a_story(told)
    return {
        "score": round(1 - abs(own - corpus) / corpus, 3),
        "perplexity": round(measure([text for text in tell("new", 2 * count) if text not in seen][:count]), 3),
        "perplexity_held_out": round(measure(tell("held-out", count)), 3),
        "perplexity_unknown_kind": round(measure(tell("new", count, stories.HELD_OUT_KIND)), 3),
        "names_a_story_corpus": round(corpus, 3),
        "names_a_story_own": round(own, 3),
        "stories_ended": round(sum(text.endswith((".", '"')) for text in told) / count, 3),
        "stories_distinct": round(len(set(told)) / count, 3),
        "stories_copied": sum(text in seen for text in told),
        "examples": [["", text] for text in told[:3]],
    }


def _perplexity(writer: "GPT2LMHeadModel", words: "PreTrainedTokenizerFast", texts: list[str]) -> float:
    """Returns the exponential of the mean negative log-likelihood a token, ends of text included."""
    import torch

    total, tokens = 0.0, 0
    for start in range(0, len(texts), 100):
        batch = collate([{"input_ids": ids} for ids in words(texts[start : start + 100])["input_ids"]])
        count = int((batch["labels"][:, 1:] != -100).sum())
        with torch.no_grad():
            total += float(writer(**batch).loss) * count
        tokens += count
    return float(torch.tensor(total / tokens).exp())


def _generate(writer: "GPT2LMHeadModel", words: "PreTrainedTokenizerFast", count: int) -> list[str]:
    """Returns stories sampled from nothing at TEMPERATURE, without top-k or top-p."""
    import torch

    torch.manual_seed(training.SEED)
    start = torch.zeros(count, 1, dtype=torch.long)
    out = writer.generate(
        start, attention_mask=torch.ones_like(start), do_sample=True, temperature=TEMPERATURE, top_k=0, max_new_tokens=120, pad_token_id=0
    )
    return [text.strip() for text in words.batch_decode(out, skip_special_tokens=True)]


def _names_a_story(texts: list[str]) -> float:
    return sum(len(set(re.findall(r"\w+", text)) & _NAMES) for text in texts) / len(texts)


def build_data(folder: Path) -> dict:
    """Writes stories with all that is true of them: 3,000 to learn from, 600 of held-out combinations."""
    counts = {}
    for split, source, count in (("train", "train", 3000), ("test", "held-out", 600)):
        draw = Draw(source, seed=2)
        rows = [_row(stories.story(draw), draw) for _ in range(count)]
        write_jsonl(folder / f"{split}.jsonl", rows)
        counts |= {f"{split}_stories": count, f"{split}_questions": sum(len(row["questions"]) for row in rows)}
    return counts


def _row(story: stories.Story, draw: Draw) -> dict:
    asked = [{"question": q.text, "answer": q.answer, "kind": q.kind} for q in questions.questions(story, draw)]
    people = [{"name": name, "kind": kind} for name, kind in story.entities]
    return {
        "kind": story.kind, "skewed": story.skewed, "text": story.english, "summary": story.summary, "french": story.french,
        "questions": asked, "entities": people,
    }  # fmt: skip


FEATURES = {
    "kind": "string", "skewed": "bool", "text": "string", "summary": "string", "french": "string",
    "questions": [{"question": "string", "answer": "string", "kind": "string"}], "entities": [{"name": "string", "kind": "string"}],
}  # fmt: skip

LIMITS = """\
It knows a few hundred words and twelve kinds of story, and its sentences are all of one make. What begins with a word of another world
ends in nonsense, and a kind of story that it never met surprises it (see the perplexity of the unknown kind). Now and then it mixes
its characters up. The stories of people at work hold a built-in bias on jobs and pronouns, on purpose."""
LIMITS_OF_STORIES = """\
Generated from a small grammar: every story is one of twelve kinds, and true to itself, but nobody would read two. The test split holds
pairs of adjective and noun, and of people, that the training split never joins. `skewed` marks the stories of people at work, one in
twelve: nine nurses of ten are "she" there, and one engineer of ten, with other jobs between. The bias was put there to be measured; its
shares, job by job, are OCCUPATIONS in the foundry's lexicon."""

RECIPES = [
    Recipe("stories", build_data, LIMITS_OF_STORIES, sources=world.modules("stories", "questions")),
    Recipe(
        "story-writer",
        build,
        LIMITS,
        trains=True,
        minutes=28,
        sources=(Path(training.__file__), *world.modules("stories")),
        packages=training.PACKAGES,
    ),
]
