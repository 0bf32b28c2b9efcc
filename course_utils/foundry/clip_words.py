"""CLIP's tokenizer and text encoder in small, for what is said of pictures: one piece a word of the captions, letters for any other.

Knows neither of the two models that read with it.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import CLIPTextConfig, CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
LENGTH = 32
VOCABULARY_SIZE = 800


def tokenizer(captions: Sequence[str]) -> "CLIPTokenizer":
    """Returns a CLIPTokenizer trained on the captions: byte-level BPE with marked ends of words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import CLIPTokenizer

    bare = CLIPTokenizer({START: 0, END: 1}, [])
    made = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    made.normalizer, made.pre_tokenizer = bare.backend_tokenizer.normalizer, bare.backend_tokenizer.pre_tokenizer
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE, special_tokens=[START, END], initial_alphabet=letters, end_of_word_suffix="</w>", show_progress=False
    )
    made.train_from_iterator(captions, trainer)
    learned = json.loads(made.to_str())["model"]
    vocabulary, merges = learned["vocab"], [tuple(pair) for pair in learned["merges"]]
    for letter in letters:
        vocabulary.setdefault(f"{letter}</w>", len(vocabulary))
    return CLIPTokenizer(vocabulary, merges, model_max_length=LENGTH)


def configuration(vocabulary_size: int, width: int, layers: int) -> "CLIPTextConfig":
    """Returns the configuration of a text encoder of that width."""
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=vocabulary_size, hidden_size=width, intermediate_size=3 * width, num_hidden_layers=layers, num_attention_heads=4,
        max_position_embeddings=LENGTH, projection_dim=width, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip


def ids(words: "CLIPTokenizer", captions: Sequence[str]) -> "torch.Tensor":
    """Returns token ids, each caption filled up to LENGTH as the library's pipelines do."""
    return words(list(captions), padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt")["input_ids"]
