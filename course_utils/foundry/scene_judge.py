"""Recipe of `scene-judge`: a ResNet that reads a picture of the small world, count, layout, place, and each thing with its colour.

It is the ruler for everything that paints, and shares nothing with it: no weights, no text. It learns from every pair of a colour and a
thing, held-out ones too, because it must know what a painter is not shown; its own test is new pictures.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils import catalog
from course_utils.foundry import albums, intervals, loops, pictures, world
from course_utils.foundry.frame import Recipe
from course_utils.foundry.pictures import COLOURS, LAYOUTS, PLACES, SHAPES, Scene

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import ResNetForImageClassification

TRAINING, STEPS, BATCH = 40_000, 3000, 256
WIDTH = 128
# One label a logit, "group: value"; the reading is the likeliest value of each group. The second thing is read where there is a relation.
GROUPS = {
    "count": ("1", "2", "3"), "layout": LAYOUTS, "place": tuple(PLACES), "first thing": tuple(SHAPES), "first colour": tuple(COLOURS),
    "second thing": tuple(SHAPES), "second colour": tuple(COLOURS),
}  # fmt: skip
LABELS = [f"{group}: {value}" for group, values in GROUPS.items() for value in values]


def truth(scene: Scene) -> list[int]:
    """Returns the right value of each group by its place in GROUPS, -100 where there is none."""
    first, second = scene.things[0], scene.things[1] if scene.layout in pictures.RELATIONS else None
    said = {"count": str(len(scene.things)), "layout": scene.layout, "place": scene.place}
    said |= {"first thing": first.noun.en, "first colour": first.colour.en}
    said |= {"second thing": second.noun.en, "second colour": second.colour.en} if second else {}
    return [values.index(said[group]) if group in said else -100 for group, values in GROUPS.items()]


def model() -> "ResNetForImageClassification":
    """Returns the untrained judge: four stages of one plain block."""
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification

    torch.manual_seed(loops.SEED)
    labels = dict(enumerate(LABELS))
    return ResNetForImageClassification(
        ResNetConfig(
            embedding_size=32, hidden_sizes=[32, 64, 128, 192], depths=[1, 1, 1, 1], layer_type="basic", id2label=labels,
            label2id={label: i for i, label in labels.items()}, problem_type="multi_label_classification",
        )
    )  # fmt: skip


def processor() -> "object":
    """Returns what makes a model's input of a picture: twice its size, from -1 to 1."""
    from transformers import ViTImageProcessorPil

    half = [0.5, 0.5, 0.5]
    return ViTImageProcessorPil(size={"height": WIDTH, "width": WIDTH}, image_mean=half, image_std=half)


def spoil(batch: "Tensor", generator: "torch.Generator") -> "Tensor":
    """Returns pictures, from -1 to 1, in which some are blurred, noisy or of other contrast: what is painted is never as clean as drawn."""
    import torch
    from torch.nn import functional

    def uniform(low: float, high: float) -> "Tensor":
        return low + (high - low) * torch.rand(len(batch), 1, 1, 1, device=batch.device, generator=generator)

    blurred = functional.avg_pool2d(functional.pad(batch, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    batch = torch.lerp(batch, blurred, uniform(-0.5, 1).clip(0))
    batch = batch * uniform(0.85, 1.1) + uniform(-0.08, 0.08)
    return batch + torch.randn(batch.shape, device=batch.device, generator=generator) * uniform(-0.12, 0.2).clip(0)


def enlarge(batch: "Tensor") -> "Tensor":
    """Returns pictures at the size that the judge sees, as its processor does."""
    from torch.nn import functional

    return functional.interpolate(batch, (WIDTH, WIDTH), mode="bilinear", align_corners=False)


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the judge, writes the checkpoint and returns how often it is right about each thing, on clean and on spoilt pictures."""
    import torch
    from torch.nn import functional

    count, size = (200, 16) if quick else (TRAINING, BATCH)
    scenes = albums.scenes("train", count) + albums.scenes("held-out", count // 4)
    where, judge = loops.device(), model()
    pixels = albums.later(scenes, where)
    right = torch.tensor([truth(scene) for scene in scenes], device=where)

    def loss(generator: "torch.Generator") -> "Tensor":
        chosen = torch.randint(len(scenes), (size,), device=where, generator=generator)
        logits = judge(pixel_values=enlarge(spoil(albums.scaled(pixels()[chosen]), generator))).logits
        parts = logits.split([len(values) for values in GROUPS.values()], dim=1)
        return sum(functional.cross_entropy(part, right[chosen, i]) for i, part in enumerate(parts))

    took = loops.train([judge], loss, work / "judge", steps=STEPS, learning_rate=3e-3, weight_decay=0.02, quick=quick)
    judge.to("cpu").half().save_pretrained(folder)
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"dtype": "float16"', '"dtype": "float32"'), encoding="utf-8", newline="\n")
    processor().save_pretrained(folder)
    sheet(folder)
    return loops.once(work / "scores.json", lambda: score(folder, 40 if quick else 2000)) | {"training": took, "samples": SHEET}


def load(folder: str | Path | None = None) -> "ResNetForImageClassification":
    """Returns the trained judge, on the device where models are scored here."""
    import torch
    from transformers import ResNetForImageClassification

    folder = folder or catalog.checkpoint("scene-judge")
    return ResNetForImageClassification.from_pretrained(folder, dtype=torch.float32).to(loops.device()).eval()


def readings(judge: "ResNetForImageClassification", batch: "Tensor") -> "Tensor":
    """Returns for each picture, from -1 to 1, the likeliest value of each group: (count, groups)."""
    import torch

    found = []
    for part in batch.split(250):
        with torch.no_grad():
            logits = judge(pixel_values=enlarge(part.to(judge.device))).logits
        found.append(torch.stack([group.argmax(1) for group in logits.split([len(v) for v in GROUPS.values()], dim=1)], dim=1).cpu())
    return torch.cat(found)


def words(reading: list[int]) -> str:
    """Returns a reading in words: red ball on blue box."""
    said = {group: values[i] for (group, values), i in zip(GROUPS.items(), reading, strict=True)}
    first = f"{said['first colour']} {said['first thing']}"
    if said["layout"] not in pictures.RELATIONS:
        return f"{said['count']} {first}"
    return f"{first} {pictures.RELATIONS[said['layout']][0].en} {said['second colour']} {said['second thing']}"


SPOILT = ("blur_1", "blur_2", "half_the_pixels", "noise_0.1", "noise_0.2", "noise_0.4", "a_fifth_covered")


def spoilt(batch: "Tensor", how: str) -> "Tensor":
    """Returns pictures degraded in one of the ways of SPOILT."""
    import torch
    from torch.nn import functional

    generator = torch.Generator().manual_seed(loops.SEED)
    if how.startswith("noise"):
        return batch + 2 * float(how.split("_")[1]) * torch.randn(batch.shape, generator=generator)
    if how == "half_the_pixels":
        return functional.interpolate(functional.avg_pool2d(batch, 2), scale_factor=2, mode="bilinear")
    if how == "a_fifth_covered":
        batch, (left, top) = batch.clone(), torch.randint(0, 36, (2,), generator=generator).tolist()
        batch[:, :, top : top + 28, left : left + 28] = 0
        return batch
    width = float(how.split("_")[1])
    kernel = torch.exp(-(torch.arange(-6, 7) ** 2) / (2 * width**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, 13)
    batch = functional.conv2d(functional.pad(batch, (6, 6, 6, 6), mode="replicate"), kernel, groups=3)
    return functional.conv2d(batch, kernel.transpose(2, 3), groups=3)


def score(folder: Path, count: int) -> dict:
    """Returns the share of right readings by attribute, on new pictures of all pairs; the score is the worst attribute."""
    judge = load(folder)
    drawn = [albums.draw(split, count // 2, seed=1) for split in ("new", "held-out")]
    right = np.array([truth(scene) for scenes, _ in drawn for scene in scenes])
    batch = albums.scaled(albums.tensor(np.concatenate([seen for _, seen in drawn])))
    found = attributes(readings(judge, batch).numpy(), right)
    worst = min(found, key=found.get)
    low, high = intervals.of_share(found[worst], len(right))
    scores = {"score": found[worst], "score_low": round(low, 4), "score_high": round(high, 4), **found, "pictures": len(right)}
    for how in SPOILT:
        scores |= {f"{how}_{what}": value for what, value in attributes(readings(judge, spoilt(batch, how)).numpy(), right).items()}
    told = [scene for scenes, _ in drawn for scene in scenes][:3]
    return scores | {
        "examples": [[pictures.captions(s)[-1], words(r.tolist())] for s, r in zip(told, readings(judge, batch[:3]), strict=True)]
    }


def sheet(folder: Path) -> None:
    """Writes a sheet of eight new pictures, as they were drawn and degraded in every way of SPOILT."""
    import torch

    scenes, seen = albums.draw("new", 8, seed=2)
    judge, batch, right = load(folder), albums.scaled(albums.tensor(seen)), np.array([truth(scene) for scene in scenes])
    rows = [batch, *(spoilt(batch, how) for how in SPOILT)]
    good = [((readings(judge, row).numpy() == right) | (right == -100)).all(axis=1) for row in rows]
    pixels = [((torch.clip(row, -1, 1).permute(0, 2, 3, 1).numpy() + 1) * 127.5).round().astype(np.uint8) for row in rows]
    albums.sheet(pixels, good, folder / "samples.png")


SHEET = "eight new pictures, unchosen, as drawn, then spoilt in the ways of the table, a row each; a red frame where it misread something"


def attributes(read: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Returns the share of pictures of which all things' shapes, all colours, the count and the relation are read right, and the place."""
    same = (read == right) | (right == -100)
    at = {group: same[:, i] for i, group in enumerate(GROUPS)}
    found = {"shape": at["first thing"] & at["second thing"], "colour": at["first colour"] & at["second colour"]}
    found |= {"count": at["count"], "relation": at["layout"], "place": at["place"]}
    return {what: round(float(share.mean()), 4) for what, share in found.items()}


LIMITS = """\
It knows eight things, eight colours and five layouts, and always names some of them: of a picture of anything else it says nonsense with
confidence. The first of two things is the left, the upper or the front one. It was trained on slightly spoilt pictures; what heavier damage
does to it is in the table. It has seen every pair of a colour and a thing, those included that painters are not shown."""

RECIPES = [
    Recipe(
        "scene-judge", build, LIMITS, trains=True, minutes=3, gpu=True, cpu_hours=1, packages=("torch", "transformers"),
        sources=tuple(Path(module.__file__) for module in (loops, albums, pictures, intervals)) + world.modules(),
    ),
]  # fmt: skip
