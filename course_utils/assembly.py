"""Checkpoints that ship as a small difference on the English encoder, put together once in a cache outside the repository.

Shipped are a LoRA adapter in PEFT's format, with its head, and the configuration; the rest is the encoder's. What comes out is an ordinary
folder that `from_pretrained` and `pipeline` accept, the same bytes on every machine. Knows nothing of tasks.
"""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.errors import CourseError, DamagedFile

if TYPE_CHECKING:
    import numpy

_PREFIX = "base_model.model."
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
_WEIGHTS = "model.safetensors"
_checked: set[tuple[Path, str]] = set()


def assembled(home: Path, base: Path, expected: str, cache: Path) -> Path:
    """Returns the folder of the whole checkpoint, put together now if this is the first use; its weights are checked once a process.

    `home` holds the difference, `base` the encoder, `expected` is the digest of the whole's weights. Two processes may do this at the same
    time: each works in a folder of its own, and the first to finish puts it in place. Raises DamagedFile when something else comes out,
    and CourseError when the cache cannot be written.
    """
    place = cache / f"{home.name}-{expected[:16]}"
    if _is_whole(place, home, base, expected):
        return place
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{home.name}-", dir=cache) as drafts:
            draft = Path(drafts) / home.name
            draft.mkdir()
            assemble(home, base, draft)
            found = content_digest(draft / _WEIGHTS)
            if found != expected:
                raise DamagedFile(
                    f"{home.name!r} was put together from {home} and {base}, and came out as {found[:12]}…; expected {expected[:12]}…. "
                    f"`course foundry build {home.name} --again` builds it for this machine; please report what `course doctor` prints."
                )
            if not _is_whole(place, home, base, expected):
                _put_in_place(draft, place)
    except OSError as error:
        raise CourseError(
            f"{home.name!r} takes 90 MB in the cache {cache}, which cannot be written ({error.strerror or error}). "
            "Free space there, or set COURSE_CACHE to another folder."
        ) from error
    return place


def _is_whole(place: Path, home: Path, base: Path, expected: str) -> bool:
    """Returns True when the folder holds that checkpoint: its weights by digest, the small files byte for byte."""
    if not (place / _WEIGHTS).is_file():
        return False
    for source, name in _small_files(home, base):
        copy = place / name
        if not copy.is_file() or copy.read_bytes() != (source / name).read_bytes():
            return False
    if (place, expected) not in _checked and content_digest(place / _WEIGHTS) == expected:
        _checked.add((place, expected))
    return (place, expected) in _checked


def assemble(home: Path, base: Path, folder: Path) -> None:
    """Writes the whole checkpoint into an empty folder: weights in float32, configuration, tokenizer."""
    from safetensors.numpy import load_file, save_file

    adapter = load_file(home / "adapter_model.safetensors")
    settings = json.loads((home / "adapter_config.json").read_text(encoding="utf-8"))
    weights = {f"bert.{name}": values for name, values in load_file(base / _WEIGHTS).items() if _belongs(name, adapter)}
    for name, values in adapter.items():
        target = name.removeprefix(_PREFIX)
        if target.endswith(".lora_A.weight"):
            target = target.removesuffix(".lora_A.weight") + ".weight"
            change = _product(adapter[name.replace("lora_A", "lora_B")], values) * (settings["lora_alpha"] / settings["r"])
            weights[target] = (weights[target].astype("float64") + change).astype("float32")
        elif ".lora_B." not in target:
            weights[target] = values.astype("float32")
    save_file(dict(sorted(weights.items())), folder / _WEIGHTS, metadata={"format": "pt"})
    for source, name in _small_files(home, base):
        shutil.copyfile(source / name, folder / name)


def content_digest(path: Path) -> str:
    """Returns the sha256 of a safetensors file's tensors in the order of their names, whatever wrote the file; "" when unreadable."""
    from safetensors import SafetensorError, safe_open

    found = hashlib.sha256()
    try:
        with safe_open(path, framework="numpy") as file:
            for name in sorted(file.keys()):
                values = file.get_tensor(name)
                found.update(f"{name} {values.dtype} {values.shape}".encode())
                found.update(values.tobytes())
    except (SafetensorError, OSError):
        return ""
    return found.hexdigest()


def _product(left: "numpy.ndarray", right: "numpy.ndarray") -> "numpy.ndarray":
    """Returns left @ right in float64, term by term in a fixed order: a library's product may differ in its last bit by machine."""
    import numpy

    left, right = left.astype("float64"), right.astype("float64")
    total = numpy.zeros((left.shape[0], right.shape[1]))
    for k in range(left.shape[1]):
        total += left[:, k : k + 1] * right[k : k + 1, :]
    return total


def _belongs(name: str, adapter: dict) -> bool:
    """Returns True for the encoder's weights that this checkpoint has: the pooler only where the adapter changes it."""
    if "position_ids" in name:
        return False
    return not name.startswith("pooler.") or any(".pooler." in changed for changed in adapter)


def _small_files(home: Path, base: Path) -> list[tuple[Path, str]]:
    return [(home, "config.json"), *((base, name) for name in _TOKENIZER_FILES)]


def _put_in_place(draft: Path, place: Path) -> None:
    """Renames the draft; what stood there, damaged, goes out of the way first."""
    draft.chmod(0o755)
    if place.exists():
        os.rename(place, draft.parent / "before")
    try:
        os.rename(draft, place)
    except OSError:
        if not place.is_dir():
            raise
