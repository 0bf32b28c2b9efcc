"""Recipe of `text-to-text`: a T5 from zero that translates English to French and sums up stories of the small world."""

from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.foundry import training
from course_utils.foundry.world import sentences, stories
from course_utils.foundry.world.draw import Draw
from course_utils.foundry.world.grammar import english, french

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast, T5ForConditionalGeneration

TRANSLATE = "translate English to French: "
SUMMARIZE = "summarize: "
TRANSLATIONS, SUMMARIES = 120_000, 16_000
VOCABULARY_SIZE = 2000


def translation_pairs(split: str, count: int) -> list[tuple[str, str]]:
    """Returns that many different pairs of an input with its prefix and its French."""
    draw, pairs = Draw(split), {}
    while len(pairs) < count:
        before, sentence = draw.fresh, sentences.sentence(draw)
        if split != "held-out" or draw.fresh > before:
            pairs[TRANSLATE + english(sentence)] = french(sentence)
    return list(pairs.items())


def summary_pairs(split: str, count: int) -> list[tuple[str, str]]:
    """Returns that many different pairs of a story with its prefix and its summary."""
    draw, pairs = Draw(split), {}
    while len(pairs) < count:
        story = stories.story(draw)
        pairs[SUMMARIZE + story.english] = story.summary
    return list(pairs.items())


def tokenizer(texts: list[str]) -> "PreTrainedTokenizerFast":
    """Returns the tokenizer: T5's special tokens, and an end after every text."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    made = training.byte_level_tokenizer(texts, VOCABULARY_SIZE, ["<pad>", "</s>"])
    made.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="</s>", pad_token="<pad>", model_max_length=256, clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def model(vocabulary_size: int) -> "T5ForConditionalGeneration":
    """Returns the untrained T5: 3 + 3 layers of width 192."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(training.SEED)
    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=vocabulary_size, d_model=192, d_kv=32, num_heads=6, d_ff=512, num_layers=3, num_decoder_layers=3, dropout_rate=0.0,
            relative_attention_num_buckets=32, relative_attention_max_distance=64, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
        )  # fmt: skip
    )
