"""Stars with five tips, which the small world does not have: drawn as it draws, and judges that know them. Knows no painter.

Each judge learned from drawings of its own; what is no star in them has other corners or petals, or is a thing of the small world.
"""

import math
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from course_utils.foundry import albums, pictures, scene_judge
from course_utils.foundry.world.draw import Draw

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

# Each star is a colour, a place, a radius, its middle, and a turn: what `draw` is told.
FIVE = {
    "a yellow star": ("yellow", "plain", 0.33, 0.5, 0.5, 0.0), "a black star in the garden": ("black", "garden", 0.29, 0.52, 0.52, 0.0),
    "a grey star on the beach": ("grey", "beach", 0.32, 0.47, 0.5, 0.0), "a white star at night": ("white", "night", 0.27, 0.5, 0.48, 0.0),
    "a red star": ("red", "plain", 0.25, 0.53, 0.5, 0.0),
}  # fmt: skip
# Tips and notch of shapes with other corners: triangles, squares, other stars, a pentagon, a round thing.
CORNERS = ((3, 0.5), (3, 0.9), (4, 0.4), (4, 0.7), (6, 0.55), (6, 0.86), (8, 0.7), (5, 0.81), (5, 0.9), (12, 0.95))


def draw(
    colour: str, place: str, radius: float, x: float, y: float, turn: float, tips: int = 5, notch: float = 0.45, soft: bool = False
) -> "Image":
    """Returns a star drawn as the small world is drawn; other tips, notches and soft waves make other shapes of it."""
    from PIL import Image, ImageDraw

    wall, ground, _ = pictures.PLACES[place]
    picture, count, rim = Image.new("RGB", (256, 256), wall), 120 if soft else 2 * tips, []
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 160, 256, 256), fill=ground)
    for k in range(count):
        angle = 2 * math.pi * k / count
        wave = math.cos(tips * angle) if soft else 1 - 2 * (k % 2)
        far = radius * ((1 + notch) / 2 + (1 - notch) / 2 * wave)
        rim.append((256 * (x + far * math.sin(angle + turn)), 256 * (y - far * math.cos(angle + turn))))
    pen.polygon(rim, fill=pictures.COLOURS[colour])
    pen.line([*rim, *rim[:2]], fill=(150, 150, 156) if colour == "black" else (32, 32, 36), width=6, joint="curve")
    return picture.resize((64, 64), Image.Resampling.BOX)


def copies(moved: int) -> list[np.ndarray]:
    """Returns for each of the five, then for each of their mirrors, the picture with copies of it, zoomed and moved a little."""
    from PIL import ImageOps

    drawn, rng = [draw(*told) for told in FIVE.values()], np.random.default_rng(0)
    both = [*drawn, *map(ImageOps.mirror, drawn)]
    return [np.stack([np.array(picture), *(_moved(picture, rng) for _ in range(moved))]) for picture in both]


def _moved(picture: "Image", rng: np.random.Generator) -> np.ndarray:
    """Returns a copy, its edges carried on where nothing was."""
    from PIL import Image

    zoom, right, down = rng.uniform(0.85, 1.15), rng.uniform(-4, 4), rng.uniform(-3, 3)
    wide = Image.fromarray(np.pad(np.array(picture), ((16, 16), (16, 16), (0, 0)), mode="edge"))
    corner = 48 - 32 / zoom
    turned = (1 / zoom, 0, corner - right, 0, 1 / zoom, corner - down)
    return np.array(wide.transform((64, 64), Image.Transform.AFFINE, turned, Image.Resampling.BICUBIC))


def judges(count: int) -> list[Callable[["Tensor"], np.ndarray]]:
    """Returns judges of stars; each learned from drawings of its own, with look-alikes, half of them spoilt."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    def learned(seed: int) -> Callable[["Tensor"], np.ndarray]:
        batch, star = drawings(seed, count)
        fitted = make_pipeline(StandardScaler(), SVC(C=10)).fit(seen(batch), star)
        return lambda made: fitted.predict(seen(made))

    return [learned(seed) for seed in (1, 2, 3)]


def seen(batch: "Tensor") -> np.ndarray:
    """Returns the mean and the maximum of each channel of scene-judge's third stage."""
    import torch

    judge, found = scene_judge.load(), []
    for part in batch.split(100):
        with torch.no_grad():
            stage = judge(pixel_values=scene_judge.enlarge(part.to(judge.device)), output_hidden_states=True).hidden_states[-2]
        found.append(torch.cat([stage.mean(dim=(2, 3)), stage.amax(dim=(2, 3))], dim=1).cpu())
    return torch.cat(found).numpy()


def drawings(seed: int, count: int) -> tuple["Tensor", np.ndarray]:
    """Returns drawings and which are stars: the others have other corners or petals, or are things of the small world."""
    import torch

    rng, source, scenes = random.Random(seed), Draw("new", seed + 50), []

    def shape(**told: float) -> np.ndarray:
        spot = (rng.uniform(0.19, 0.39), rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.6), rng.uniform(-0.25, 0.25))
        return np.array(draw(rng.choice(list(pictures.COLOURS)), rng.choice(list(pictures.PLACES)), *spot, **told))

    made = [shape(notch=rng.uniform(0.4, 0.5)) for _ in range(count)]
    made += [shape(tips=tips, notch=notch) for tips, notch in rng.choices(CORNERS, k=count)]
    made += [shape(tips=rng.choice([4, 5, 5, 6]), notch=rng.uniform(0.46, 0.57), soft=True) for _ in range(count // 2)]
    while len(scenes) < count:
        scene = pictures.scene(source, "alone")
        if scene.things[0].noun.en in ("flower", "kite", "tree") or len(scenes) % 3 == 2:
            scenes.append(scene)
    batch = albums.scaled(albums.tensor(np.concatenate([np.stack(made), albums.paint(scenes)])))
    generator = torch.Generator().manual_seed(seed)
    spoilt = scene_judge.spoil(batch.clone(), generator)
    half = torch.rand(len(batch), 1, 1, 1, generator=generator) < 0.5
    return torch.where(half, spoilt, batch).clip(-1, 1), np.arange(len(batch)) < count
