"""How every miniature is trained: the library's Trainer, one set of habits, checkpoints to resume after a stop.

Knows no task. A recipe brings the model, the rows and the collator, and says how many steps and how fast.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel, PreTrainedTokenizerFast, TrainingArguments

SEED = 0
QUICK_STEPS = 4
PACKAGES = ("torch", "transformers", "tokenizers", "accelerate")


def train(
    model: "PreTrainedModel",
    rows: Sequence[dict],
    collator: Callable,
    work: Path,
    *,
    epochs: float,
    batch_size: int,
    learning_rate: float,
    weight_decay: float = 0.01,
    group_by_length: bool = True,
    bfloat16: bool = False,
    quick: bool = False,
) -> None:
    """Trains the model in place: AdamW, warm-up over the first twentieth, cosine to zero.

    `rows` are tokenized examples. What has been trained so far is kept in `work` every 200 steps; another call with the same
    arguments goes on from there and ends with the same weights. `bfloat16` multiplies in that format where the processor can: about twice
    as fast, with other last digits than elsewhere. `quick` takes a handful of steps, to see that a recipe runs.
    """
    import torch
    from transformers import PrinterCallback, Trainer, TrainingArguments
    from transformers.trainer_utils import get_last_checkpoint

    settings = TrainingArguments(
        output_dir=str(work),
        num_train_epochs=epochs,
        max_steps=QUICK_STEPS if quick else -1,
        per_device_train_batch_size=batch_size,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        max_grad_norm=1.0,
        bf16=bfloat16 and _multiplies_bfloat16(),
        use_cpu=not torch.cuda.is_available(),
        adam_beta2=0.98,
        train_sampling_strategy="group_by_length" if group_by_length else "random",
        save_steps=2 if quick else 200,
        save_total_limit=1,
        logging_steps=50,
        report_to=[],
        seed=SEED,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    _forget_another(work, model, rows, settings)
    trainer = Trainer(model=model, args=settings, train_dataset=list(rows), data_collator=collator)
    trainer.remove_callback(PrinterCallback)
    for folder in work.glob("checkpoint-*"):
        if not (folder / "trainer_state.json").is_file():
            shutil.rmtree(folder)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(work)))
    model.to("cpu").eval()


def _multiplies_bfloat16() -> bool:
    """Returns True where that is faster than float32."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def _forget_another(work: Path, model: "PreTrainedModel", rows: Sequence[dict], settings: "TrainingArguments") -> None:
    """Empties the folder when what was begun there started from other weights, read other rows or had other settings."""
    found = hashlib.sha256(json.dumps(list(rows)).encode())
    for name, values in model.state_dict().items():
        found.update(name.encode() + values.cpu().numpy().tobytes())
    chosen = ("num_train_epochs", "max_steps", "per_device_train_batch_size", "learning_rate", "weight_decay")
    found.update(json.dumps([getattr(settings, name) for name in chosen]).encode())
    mark = work / "begun.txt"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != found.hexdigest():
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        mark.write_text(found.hexdigest(), encoding="utf-8")


def byte_level_tokenizer(texts: Sequence[str], size: int, special: Sequence[str]) -> "Tokenizer":
    """Returns a byte-level BPE trained on the texts: nothing typed is ever unknown. Source: Sennrich et al. (2016)."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast", folder: Path) -> None:
    """Writes an ordinary checkpoint in half precision whose configuration says float32: that is how it loads on a CPU."""
    model.half().save_pretrained(folder)
    model.float()
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"dtype": "float16"', '"dtype": "float32"'), encoding="utf-8", newline="\n")
    tokenizer.save_pretrained(folder)
