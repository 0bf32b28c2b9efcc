"""What the miniatures that understand English have in common: each is a low-rank change of the English encoder with a head of its own.

Source of the method: Hu et al. (2022), LoRA. Knows no task: a recipe brings its class, its labels and its rows.
"""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils import assembly, catalog
from course_utils.foundry import training

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel
    from transformers import PretrainedConfig, PreTrainedTokenizerFast

ENCODER = "english-encoder"
RANK = 16


def tokenizer() -> "PreTrainedTokenizerFast":
    """Returns the encoder's tokenizer."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(catalog.checkpoint(ENCODER))


def fit(
    kind: type, rows: Sequence[dict], collator: Callable, folder: Path, work: Path, *, labels: Sequence[str] = (), heads: Sequence[str],
    extra: Sequence[str] = (), prepare: Callable = lambda model: None, epochs: float, batch_size: int = 32, learning_rate: float = 5e-4,
    quick: bool = False,
) -> Path:  # fmt: skip
    """Trains a change of rank 16 and the heads, writes both into `folder` in half precision, and returns the whole checkpoint's folder.

    `kind` is a class such as AutoModelForTokenClassification; `heads` names the modules that are trained whole and saved, `extra` other
    weights to save. `prepare` gets the model before training.
    """
    import peft
    import torch

    torch.manual_seed(training.SEED)
    names = {"id2label": dict(enumerate(labels)), "label2id": {name: i for i, name in enumerate(labels)}} if labels else {}
    model = kind.from_pretrained(catalog.checkpoint(ENCODER), dtype=torch.float32, **names)
    prepare(model)
    settings = peft.LoraConfig(
        r=RANK,
        lora_alpha=2 * RANK,
        target_modules=r".*encoder\.layer\..*\.(query|key|value|dense)",
        modules_to_save=list(heads),
    )
    adapted = peft.get_peft_model(model, settings)
    training.train(
        adapted, rows, collator, work / "training", epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, quick=quick
    )
    _write(adapted, extra, folder)
    _write_settings(settings, model.config, type(model).__name__, folder)
    whole = work / "whole"
    whole.mkdir(exist_ok=True)
    assembly.assemble(folder, Path(catalog.checkpoint(ENCODER)), whole)
    return whole


def bounds(share: float, count: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share of `count` trials. Source: Wilson (1927)."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def _write(model: "PeftModel", extra: Sequence[str], folder: Path) -> None:
    """Writes the adapter as PEFT does, in half precision."""
    import peft
    import torch
    from safetensors.torch import save_file

    state = dict(peft.get_peft_model_state_dict(model))
    weights = model.state_dict()
    state |= {f"base_model.model.{name}": weights[f"base_model.model.{name}"] for name in extra}
    save_file({name: values.to(torch.float16).contiguous() for name, values in sorted(state.items())}, folder / "adapter_model.safetensors")


def _write_settings(settings: "LoraConfig", config: "PretrainedConfig", architecture: str, folder: Path) -> None:
    """Writes the adapter's settings in a fixed order, and the configuration of the whole model."""
    settings.inference_mode = True
    settings.save_pretrained(folder)
    path = folder / "adapter_config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["base_model_name_or_path"] = catalog.find(ENCODER, "checkpoint").hub_id
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8", newline="\n")
    config.architectures, config.dtype, config._name_or_path = [architecture], "float32", ""
    config.save_pretrained(folder)


PACKAGES = ("torch", "transformers", "peft", "accelerate")
PARTS = (Path(__file__), Path(training.__file__), Path(assembly.__file__), Path(__file__).with_name("written_texts.py"))
