"""Recipes of the three tokenizers: byte-level BPE, WordPiece and Unigram, each trained on the training split of `python-docs`.

What they score on its held-out split is the number of tokens they need for a word of English.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils import catalog
from course_utils.foundry import training
from course_utils.foundry.frame import Recipe

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

VOCABULARY_SIZE = 8000
_LENGTH_LIMIT = 512


def byte_level_bpe(texts: list[str]) -> "PreTrainedTokenizerFast":
    """Returns a tokenizer of GPT-2's kind: merges of bytes, so that nothing is ever unknown. Source: Sennrich et al. (2016)."""
    tokenizer = training.byte_level_tokenizer(texts, VOCABULARY_SIZE, ["<|endoftext|>"])
    return _wrap(tokenizer, bos_token="<|endoftext|>", eos_token="<|endoftext|>", pad_token="<|endoftext|>")


def wordpiece(texts: list[str]) -> "PreTrainedTokenizerFast":
    """Returns a tokenizer of BERT's kind: lower-cased, longest piece first, [UNK] for the rest. Source: Devlin et al. (2019)."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    # The trainer numbers letters inside words in random order, and ties between merges follow the numbers: number them first.
    inner = [f"##{letter}" for letter in sorted({c for text in texts for c in tokenizer.normalizer.normalize_str(text) if not c.isspace()})]
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY_SIZE, special_tokens=special + inner, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer = _with_model(tokenizer, models.WordPiece(tokenizer.get_vocab(), unk_token="[UNK]"))
    tokenizer.decoder = decoders.WordPiece()
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=ends
    )
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return _wrap(tokenizer, model_input_names=inputs, **names)


def unigram(texts: list[str]) -> "PreTrainedTokenizerFast":
    """Returns a tokenizer of T5's kind: the likeliest split under a unigram language model. Source: Kudo (2018)."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=VOCABULARY_SIZE, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    _settle(tokenizer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", tokenizer.token_to_id("</s>"))]
    )
    return _wrap(tokenizer, eos_token="</s>", unk_token="<unk>", pad_token="<pad>")


def build(train: Callable[[list[str]], "PreTrainedTokenizerFast"], folder: Path) -> dict[str, float]:
    """Trains a tokenizer, writes it in transformers' format and returns its size and its tokens per word on held-out text."""
    tokenizer = train(_texts("train"))
    tokenizer.save_pretrained(folder)
    held_out = _texts("test")
    counts = [len(ids) for ids in tokenizer(held_out, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]]
    words = sum(len(text.split()) for text in held_out)
    characters = sum(map(len, held_out))
    return {
        "vocabulary_size": len(tokenizer),
        "tokens_per_word": round(sum(counts) / words, 3),
        "characters_per_token": round(characters / sum(counts), 3),
    }


def _texts(split: str) -> list[str]:
    path = catalog.dataset_folder("python-docs") / f"{split}.jsonl"
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def _with_model(trained: "Tokenizer", model: object) -> "Tokenizer":
    """Returns a tokenizer of that model and the trained one's other steps, with no special tokens of its own."""
    from tokenizers import Tokenizer

    fresh = Tokenizer(model)
    fresh.normalizer, fresh.pre_tokenizer = trained.normalizer, trained.pre_tokenizer
    return fresh


def _settle(tokenizer: "Tokenizer") -> None:
    """Makes the trained model the same on each run.

    The trainer walks through its words in random order: log-probabilities differ in their last digits, and letters too rare for
    one of their own get theirs by turns. So the former are rounded and the latter made equal.
    """
    from tokenizers import models

    state = json.loads(tokenizer.to_str())["model"]
    special, pieces = state["vocab"][:3], state["vocab"][3:]
    lowest = min(score for piece, score in pieces if len(piece) > 1)
    settled = sorted(((piece, round(max(score, lowest), 3)) for piece, score in pieces), key=lambda item: (-item[1], item[0]))
    tokenizer.model = models.Unigram([tuple(item) for item in special] + settled, unk_id=state["unk_id"], byte_fallback=False)


def _wrap(tokenizer: "Tokenizer", **settings: object) -> "PreTrainedTokenizerFast":
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=_LENGTH_LIMIT, clean_up_tokenization_spaces=False, **settings
    )


LIMITS = """\
It has read technical English alone. Other languages fall into single letters or bytes, everyday words into several pieces, and
it carries no model: nothing here knows what a token means."""

RECIPES = [
    Recipe(
        f"tokenizer-{name}",
        partial(build, train),
        LIMITS,
        needs=("python-docs",),
        packages=("tokenizers", "transformers"),
        sources=(Path(training.__file__),),
    )
    for name, train in (("bpe", byte_level_bpe), ("wordpiece", wordpiece), ("unigram", unigram))
]
