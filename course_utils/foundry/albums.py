"""Many pictures at once, drawn by every core, the same on any number of them; and as tensors. Knows no model."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.foundry import pictures
from course_utils.foundry.pictures import Scene
from course_utils.foundry.world.draw import Draw

if TYPE_CHECKING:
    import torch

_CHUNK = 500


def draw(split: str, count: int, seed: int = 0, layouts: tuple[str, ...] = ()) -> tuple[list[Scene], np.ndarray]:
    """Returns that many scenes of a split with their pixels, (count, 64, 64, 3) in bytes; `layouts` limits what they show."""
    chosen = scenes(split, count, seed, layouts)
    return chosen, paint(chosen)


def scenes(split: str, count: int, seed: int = 0, layouts: tuple[str, ...] = ()) -> list[Scene]:
    """Returns the scenes alone."""
    source = Draw(split, seed)
    choose = partial(source.one, layouts) if layouts else lambda: None
    return [pictures.scene(source, choose()) for _ in range(count)]


def paint(scenes: list[Scene]) -> np.ndarray:
    """Returns the pixels of scenes."""
    parts = [scenes[start : start + _CHUNK] for start in range(0, len(scenes), _CHUNK)]
    if len(parts) == 1:
        return _paint(parts[0])
    with ProcessPoolExecutor(min(len(parts), os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        return np.concatenate(list(pool.map(_paint, parts)))


def _paint(scenes: list[Scene]) -> np.ndarray:
    return np.stack([pictures.render(scene).pixels for scene in scenes])


def later(scenes: list[Scene], where: str) -> Callable[[], "torch.Tensor"]:
    """Returns what paints the scenes when first called: a finished training needs no pictures."""
    return cache(lambda: tensor(paint(scenes), where))


def tensor(pixels: np.ndarray, where: str = "cpu") -> "torch.Tensor":
    """Returns pictures as (count, 3, height, width) in bytes on a device; `scaled` makes numbers from -1 to 1 of a batch."""
    import torch

    return torch.from_numpy(pixels).to(where).permute(0, 3, 1, 2).contiguous()


def scaled(batch: "torch.Tensor") -> "torch.Tensor":
    """Returns bytes as numbers from -1 to 1, as the library's image processors give them to a model."""
    return batch.float() / 127.5 - 1


def sheet(rows: Sequence[np.ndarray], right: Sequence[Sequence[bool]], path: Path) -> None:
    """Writes rows of pictures, in bytes, each framed, red where what was read of it is wrong. 256 colours do, in a third of the bytes."""
    from PIL import Image

    def framed(pixels: np.ndarray, good: bool) -> np.ndarray:
        whole = np.full((pixels.shape[0] + 8, pixels.shape[1] + 8, 3), 255 if good else (213, 0, 0), np.uint8)
        whole[4:-4, 4:-4] = pixels
        return whole

    lines = [np.concatenate([framed(*one) for one in zip(row, told, strict=True)], axis=1) for row, told in zip(rows, right, strict=True)]
    Image.fromarray(np.concatenate(lines)).quantize(256).save(path, optimize=True)
