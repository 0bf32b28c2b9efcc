"""What the miniatures that understand English have in common: the English encoder is fine-tuned, its change kept in two or three megabytes.

Of each weight's change only the strongest directions are kept, as a low-rank adapter in the format of LoRA (Hu et al., 2022): by the
theorem of Eckart and Young (1936) nothing of that rank comes nearer. The adapter itself can be trained as well: it is reported to learn
less and to forget less (Biderman et al., 2024).
Knows no task: a recipe brings its class, its labels and its rows.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils import assembly, catalog
from course_utils.foundry import intervals, training, written_texts

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

ENCODER = "english-encoder"
BYTES = 1_950_000
_HALF = 2

Change = dict[str, "torch.Tensor"]


def tokenizer() -> "PreTrainedTokenizerFast":
    """Returns the encoder's tokenizer."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(catalog.checkpoint(ENCODER))


def fit(
    kind: type, rows: Sequence[dict], collator: Callable, folder: Path, work: Path, *, labels: Sequence[str] = (), heads: Sequence[str],
    extra: Sequence[str] = (), prepare: Callable = lambda model: None, epochs: float, batch_size: int = 32, learning_rate: float = 2e-4,
    rank: int = 0, size: int = BYTES, quick: bool = False,
) -> Path:  # fmt: skip
    """Fine-tunes the encoder's matrices and the heads, writes their change into `folder` and returns the whole checkpoint's folder.

    `kind` is a class such as AutoModelForTokenClassification; `heads` names the modules that are new and saved whole, `extra` other
    weights that are. `prepare` gets the model before training. With a `rank`, an adapter of that rank is trained in place of the matrices.
    `size` is what all of it may take, in bytes.
    """
    import torch

    torch.manual_seed(training.SEED)
    names = {"id2label": dict(enumerate(labels)), "label2id": {name: i for i, name in enumerate(labels)}} if labels else {}
    model = kind.from_pretrained(catalog.checkpoint(ENCODER), dtype=torch.float32, attn_implementation="eager", **names)
    prepare(model)
    before = {name: values.detach().clone() for name, values in model.named_parameters() if _is_matrix_of_the_body(name)}
    for name, values in model.named_parameters():
        values.requires_grad = name in before or not name.startswith("bert.")
    trained = _adapted(model, rank, before, heads) if rank else model
    training.train(
        trained,
        rows,
        collator,
        work / "training",
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        bfloat16=True,
        quick=quick,
    )
    if rank:
        model = trained.merge_and_unload()
    whole_weights = {name: values for name, values in model.named_parameters() if name in extra or {*name.split(".")} & {*heads}}
    with torch.no_grad():
        changes = {name: model.get_parameter(name) - values for name, values in before.items()}
    budget = size - _HALF * sum(values.numel() for values in whole_weights.values())
    _write(strongest(changes, budget), whole_weights, heads, model.config, type(model).__name__, folder)
    whole = work / "whole"
    whole.mkdir(exist_ok=True)
    assembly.assemble(folder, Path(catalog.checkpoint(ENCODER)), whole)
    return whole


def _adapted(model: "PreTrainedModel", rank: int, matrices: Iterable[str], heads: Sequence[str]) -> "PeftModel":
    """Returns the model with an adapter of this rank beside each of the matrices, which stay as they are; the heads are trained."""
    import peft

    targets = [name.removesuffix(".weight") for name in matrices]
    return peft.get_peft_model(model, peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets, modules_to_save=list(heads)))


def strongest(changes: Change, budget: int) -> dict[str, tuple["torch.Tensor", "torch.Tensor"]]:
    """Returns two factors a matrix, (rank, inputs) and (outputs, rank), whose products come as near to all changes as `budget` bytes allow.

    A direction costs two bytes a number. Each matrix keeps one; of the others, those with the most squared change a byte come first.
    """
    import torch

    parts = {name: torch.linalg.svd(change.double(), full_matrices=False) for name, change in changes.items()}
    cost = {name: _HALF * sum(change.shape) for name, change in changes.items()}
    worth = [(float(size) ** 2 / cost[name], name) for name, (_, sizes, _) in parts.items() for size in sizes]
    ranks = dict.fromkeys(changes, 1)
    budget -= sum(cost.values())
    for _, name in sorted(worth, reverse=True):
        if cost[name] > budget:
            break
        ranks[name] += 1
        budget -= cost[name]
    found = {}
    for name, (left, sizes, right) in parts.items():
        rank = ranks[name]
        scale = sizes[:rank].sqrt()
        found[name] = ((scale[:, None] * right[:rank]).float(), (left[:, :rank] * scale).float())
    return found


def _is_matrix_of_the_body(name: str) -> bool:
    return name.startswith(("bert.encoder.", "bert.pooler.")) and name.endswith(
        ("query.weight", "key.weight", "value.weight", "dense.weight")
    )


def _write(
    factors: dict[str, tuple["torch.Tensor", "torch.Tensor"]], heads_weights: Change, heads: Sequence[str], config: "PretrainedConfig",
    architecture: str, folder: Path,
) -> None:  # fmt: skip
    """Writes the adapter and its settings as PEFT does, in half precision, and the configuration of the whole model."""
    import torch
    from peft import LoraConfig
    from safetensors.torch import save_file

    state = {f"base_model.model.{name}": values for name, values in heads_weights.items()}
    for name, (right, left) in factors.items():
        module = name.removesuffix(".weight")
        state |= {f"base_model.model.{module}.lora_A.weight": right, f"base_model.model.{module}.lora_B.weight": left}
    halves = {name: values.detach().to(torch.float16).contiguous() for name, values in sorted(state.items())}
    save_file(halves, folder / "adapter_model.safetensors")
    ranks = {name.removesuffix(".weight"): len(right) for name, (right, _) in factors.items()}
    settings = LoraConfig(
        r=1, lora_alpha=1, rank_pattern=ranks, alpha_pattern=ranks, target_modules=sorted(ranks), modules_to_save=list(heads),
        inference_mode=True,
    )  # fmt: skip
    settings.save_pretrained(folder)
    path = folder / "adapter_config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["target_modules"].sort()  # a set in PEFT, whose order differs from process to process
    content["base_model_name_or_path"] = catalog.find(ENCODER, "checkpoint").hub_id
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8", newline="\n")
    config.architectures, config.dtype, config._name_or_path = [architecture], "float32", ""
    if architecture.endswith("ForSequenceClassification"):  # the model notes it at its first loss: one that only resumes has had none
        config.problem_type = "single_label_classification"
    config.save_pretrained(folder)


PACKAGES = ("torch", "transformers", "peft", "accelerate")
PARTS = tuple(map(Path, (__file__, training.__file__, assembly.__file__, intervals.__file__, written_texts.__file__)))
