"""Recipe of `scenes`: pictures of the small world for the lessons, with all that is true of them. Knows no model."""

from pathlib import Path

import numpy as np

from course_utils.foundry import pictures
from course_utils.foundry.frame import Recipe
from course_utils.foundry.pictures import PLACES, SIZE, Scene
from course_utils.foundry.world.draw import Draw

TRAIN, TEST = 160, 40
# Other scenes than any checkpoint was trained on or scored with.
DRAW_SEED = 4
FEATURES = {
    "image": "image", "mask": "image", "depth": "image", "caption": "string", "layout": "string", "place": "string", "held_out": "bool",
    "things": [{"thing": "string", "colour": "string", "left": "int32", "top": "int32", "right": "int32", "bottom": "int32"}],
    "questions": [{"question": "string", "answer": "string"}],
}  # fmt: skip


def build(folder: Path) -> dict[str, int]:
    """Writes train.parquet and test.parquet, in which half of the scenes join held-out pairs; returns counts."""
    parts = {"train": [("train", TRAIN)], "test": [("new", TEST), ("held-out", TEST)]}
    rows = {split: [row for source, count in sources for row in _rows(source, count)] for split, sources in parts.items()}
    for split, members in rows.items():
        _write(folder / f"{split}.parquet", members)
    counts = {f"{split}_scenes": len(members) for split, members in rows.items()}
    return counts | {layout: sum(row["layout"] == layout for members in rows.values() for row in members) for layout in pictures.LAYOUTS}


def _rows(split: str, count: int) -> list[dict]:
    draw = Draw(split, DRAW_SEED)
    return [row(pictures.scene(draw), draw) for _ in range(count)]


def row(scene: Scene, draw: Draw) -> dict:
    """Returns what the data set says of a scene; its caption is one of the scene's wordings, chosen at random."""
    from PIL import Image

    seen = pictures.render(scene)
    numbers = np.arange(1, len(scene.things) + 1, dtype=np.uint8)[:, None, None]
    corners = ("left", "top", "right", "bottom")
    return {
        "image": Image.fromarray(seen.pixels),
        "mask": Image.fromarray((seen.masks * numbers).max(axis=0)),
        "depth": Image.fromarray(np.rint(seen.depth * 255).astype(np.uint8)),
        "caption": draw.one(pictures.captions(scene)),
        "layout": scene.layout,
        "place": scene.place,
        "held_out": draw.split == "held-out",
        "things": [
            {"thing": thing.noun.en, "colour": thing.colour.en} | dict(zip(corners, box, strict=True))
            for thing, box in zip(scene.things, seen.boxes, strict=True)
        ],
        "questions": [{"question": question, "answer": answer} for question, answer in pictures.questions(scene)],
    }


def _write(path: Path, rows: list[dict]) -> None:
    from datasets import Dataset, Features, Image, List, Value

    def column(kind: str | list) -> object:
        if isinstance(kind, list):
            return List({name: Value(plain) for name, plain in kind[0].items()})
        return Image() if kind == "image" else Value(kind)

    features = Features({name: column(kind) for name, kind in FEATURES.items()})
    Dataset.from_list(rows, features=features).to_parquet(path)


LIMITS = f"""\
Drawn by code, {SIZE} by {SIZE} pixels: {len(pictures.SHAPES)} things in {len(pictures.COLOURS)} colours and {len(PLACES)} places, flat and
with one outline. Whatever is learnt from them is learnt of drawings. In `mask`, 0 is the background and 1, 2, 3 are the things in their
order; in `depth`, 0 is nearest and 255 farthest; boxes are in pixels, right and bottom one beyond. In front of means nearer, and
therefore lower in the picture. Half of the test split, marked `held_out`, joins a colour and a thing that no scene of any training
split joins."""

RECIPES = [Recipe("scenes", build, LIMITS, packages=("datasets", "pillow"), sources=(Path(pictures.__file__),))]
