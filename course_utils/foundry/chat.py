"""Recipe of `chat`: a small Llama from zero that follows sixty kinds of instruction about the small world and declines the rest."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils import metrics
from course_utils.foundry import intervals, training, world, written_texts
from course_utils.foundry.frame import Recipe
from course_utils.foundry.reviews import WRITTEN
from course_utils.foundry.world.draw import Draw
from course_utils.foundry.world.instructions import DECLINE, KINDS, instruction
from course_utils.foundry.written_texts import held_out, rows_of

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

INSTRUCTIONS, PRACTICE, TRIED = 560_000, 240_000, 2000
WHOLE = 4
VOCABULARY_SIZE = 2400
SPECIAL = ("<pad>", "<|user|>", "<|assistant|>", "<|end|>")
TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

Turn = tuple[str, str, str]


def turns(split: str, count: int, seed: int = 6) -> list[Turn]:
    """Returns that many kinds, instructions and answers; those to decline are partly real questions about real passages."""
    chosen = [row for row in rows_of("passages-a", "passages-b") if held_out(row["text"]) == (split == "held-out")]
    outside = [question["question"] for row in chosen for question in row["questions"]]
    draw = Draw(split, seed)
    return [instruction(draw, outside) for _ in range(count)]


def practice(assistant: "LlamaForCausalLM", words: "PreTrainedTokenizerFast", count: int, tried: int) -> list[Turn]:
    """Returns more turns: half of any kind, half of the kinds that the model gets wrong when `tried`, the more often the more of them."""
    tests = turns("train", tried, seed=7)
    said = reply(assistant, words, [question for _, question, _ in tests])
    wrong = Counter(kind for a, (kind, _, answer) in zip(said, tests, strict=True) if a != answer and kind in KINDS)
    draw = Draw("train", seed=8)
    names = draw.random.choices(list(wrong), list(wrong.values()), k=count // 2)
    return turns("train", count // 2, seed=9) + [(name, *KINDS[name](draw)) for name in names]


def tokenizer(texts: list[str]) -> "PreTrainedTokenizerFast":
    """Returns the tokenizer with its chat template: three marks, one for each speaker and one for the end of a turn."""
    from transformers import PreTrainedTokenizerFast

    made = PreTrainedTokenizerFast(
        tokenizer_object=training.byte_level_tokenizer(texts, VOCABULARY_SIZE, SPECIAL), pad_token=SPECIAL[0], eos_token=SPECIAL[3],
        model_max_length=256, padding_side="left", clean_up_tokenization_spaces=False, model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    made.add_special_tokens({"additional_special_tokens": list(SPECIAL[1:3])})
    made.chat_template = TEMPLATE
    return made


def model(vocabulary_size: int) -> "LlamaForCausalLM":
    """Returns the untrained Llama: 4 layers of width 160."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(training.SEED)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary_size,
            hidden_size=160,
            intermediate_size=432,
            num_hidden_layers=4,
            num_attention_heads=5,
            max_position_embeddings=256,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=3,
            tie_word_embeddings=True,
            initializer_range=0.05,
            attn_implementation="eager",
        )
    )


def collate(rows: list[dict]) -> dict:
    """Returns a batch of conversations padded on the right; labels are the answers and their ends alone."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    texts = [torch.tensor(row["input_ids"]) for row in rows]
    labels = [text.clone() for text in texts]
    for label, row in zip(labels, rows, strict=True):
        label[: row["asked"]] = -100
    return {
        "input_ids": pad_sequence(texts, batch_first=True),
        "attention_mask": pad_sequence([torch.ones_like(text) for text in texts], batch_first=True),
        "labels": pad_sequence(labels, batch_first=True, padding_value=-100),
    }


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains on every kind, then more on those that it gets wrong; writes the checkpoint and returns how many instructions it follows.

    Kinds with few instructions repeat, so that each kind weighs the same.
    """
    known = turns("train", 400 if quick else INSTRUCTIONS)
    words = tokenizer([text for _, question, answer in known[:30_000] for text in (question, answer)])
    assistant = model(len(words))
    _train(assistant, words, known, work / "training", 3e-3, quick)
    more = practice(assistant, words, 200 if quick else PRACTICE, 20 if quick else TRIED)
    _train(assistant, words, more, work / "practice", 2e-3, quick)
    training.save(assistant, words, folder)
    return score(folder, {question for _, question, _ in known + more}, count=40 if quick else 1500)


def _train(
    assistant: "LlamaForCausalLM", words: "PreTrainedTokenizerFast", known: list[Turn], work: Path, rate: float, quick: bool
) -> None:
    """Trains the model to answer, and on every fourth conversation also to expect what is asked: so it learns sooner to look back."""
    rows = [_encode(words, question, answer) for _, question, answer in known]
    rows[::WHOLE] = [{**row, "asked": 1} for row in rows[::WHOLE]]
    training.train(assistant, rows, collate, work, epochs=1, batch_size=32, learning_rate=rate, bfloat16=True, quick=quick)


def score(folder: Path, seen: set[str], count: int) -> dict:
    """Returns the share of exactly right answers: to instructions never seen in known wordings, and to wordings never seen."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    assistant, words = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    found: dict = {}
    for name, split in (("score", "new"), ("new_wordings", "held-out")):
        tests = [turn for turn in turns(split, 3 * count) if turn[1] not in seen][:count]
        said = reply(assistant, words, [question for _, question, _ in tests])
        expected = [answer for _, _, answer in tests]
        right = [a == b for a, b in zip(said, expected, strict=True)]
        share = metrics.load("exact_match").compute(predictions=said, references=expected)["exact_match"]
        low, high = intervals.of_share(share, len(right))
        found |= {name: round(share, 3), f"{name}_low": round(low, 3), f"{name}_high": round(high, 3)}
        outside = [ok for ok, (kind, _, _) in zip(right, tests, strict=True) if kind == "decline"]
        if outside:
            found[f"{name}_declined"] = round(sum(outside) / len(outside), 3)
        found[f"{name}_declined_wrongly"] = sum(a == DECLINE != answer for a, (_, _, answer) in zip(said, tests, strict=True))
        by_kind: dict[str, list[bool]] = {}
        for ok, (kind, _, _) in zip(right, tests, strict=True):
            by_kind.setdefault(kind, []).append(ok)
        found[f"{name}_kinds"] = len(by_kind)
        found[f"{name}_kinds_below_half"] = sum(sum(oks) / len(oks) < 0.5 for oks in by_kind.values())
    asked = list(EXAMPLES)
    found["examples"] = [[question, answer] for question, answer in zip(asked, reply(assistant, words, asked), strict=True)]
    return found


def reply(assistant: "LlamaForCausalLM", words: "PreTrainedTokenizerFast", instructions: list[str]) -> list[str]:
    """Returns the answer to each instruction, greedily."""
    import torch

    said = []
    for start in range(0, len(instructions), 100):
        chats = [[{"role": "user", "content": text}] for text in instructions[start : start + 100]]
        texts = words.apply_chat_template(chats, tokenize=False, add_generation_prompt=True)
        batch = words(texts, return_tensors="pt", padding=True)
        with torch.no_grad():
            out = assistant.generate(**batch, do_sample=False, max_new_tokens=40)
        said += words.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return said


def _encode(words: "PreTrainedTokenizerFast", question: str, answer: str) -> dict:
    """Returns a conversation's tokens, and how many of them are the question's."""
    asked = [1, *words(question)["input_ids"], 3, 2]
    return {"input_ids": [*asked, *words(answer)["input_ids"], 3], "asked": len(asked)}


EXAMPLES = (
    "What colour is the hat? The red hat is on the table.", "Say in French: the big green boat", "Who will win the election?",
)  # fmt: skip

LIMITS = """\
It follows sixty kinds of instruction about the small world, one turn at a time, and remembers nothing between them. Told two facts, it
often takes the wrong one: who did what, or said what, is little better than a coin. Yes or no it mostly gets wrong. Wordings that it has
not met lower its score, as `new wordings` above shows. It declines by habit, not by judgement: an instruction that looks like the world's
gets an answer, right or wrong, and a harmless one that looks strange does not. Nobody taught it what is harmful."""

TASKS = ("sentences", "stories", "instructions", "tasks", "tasks_lists", "tasks_reading", "tasks_rewriting", "tasks_words")
PARTS = tuple(map(Path, (training.__file__, intervals.__file__, written_texts.__file__)))
RECIPES = [
    Recipe(
        "chat", build, LIMITS, trains=True, minutes=36, packages=training.PACKAGES,
        sources=(*PARTS, *world.modules(*TASKS), WRITTEN / "passages-a.jsonl", WRITTEN / "passages-b.jsonl"),
    )
]  # fmt: skip
