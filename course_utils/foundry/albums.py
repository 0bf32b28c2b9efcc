"""Many pictures at once, drawn by every core, the same on any number of them; and as tensors. Knows no model."""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
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
    sizes = [min(_CHUNK, count - start) for start in range(0, count, _CHUNK)]
    tasks = [(split, size, f"{seed}-{i}", layouts) for i, size in enumerate(sizes)]
    if len(tasks) == 1:
        parts = [_chunk(tasks[0])]
    else:
        with ProcessPoolExecutor(min(len(tasks), os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(_chunk, tasks))
    return [scene for scenes, _ in parts for scene in scenes], np.concatenate([pixels for _, pixels in parts])


def _chunk(task: tuple[str, int, str, tuple[str, ...]]) -> tuple[list[Scene], np.ndarray]:
    split, count, seed, layouts = task
    source = Draw(split, seed)
    choose = partial(source.one, layouts) if layouts else lambda: None
    scenes = [pictures.scene(source, choose()) for _ in range(count)]
    return scenes, np.stack([pictures.render(scene).pixels for scene in scenes])


def tensor(pixels: np.ndarray, where: str = "cpu") -> "torch.Tensor":
    """Returns pictures as (count, 3, height, width) in bytes on a device; `scaled` makes numbers from -1 to 1 of a batch."""
    import torch

    return torch.from_numpy(pixels).to(where).permute(0, 3, 1, 2).contiguous()


def scaled(batch: "torch.Tensor") -> "torch.Tensor":
    """Returns bytes as numbers from -1 to 1, as the library's image processors give them to a model."""
    return batch.float() / 127.5 - 1
