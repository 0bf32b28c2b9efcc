"""Recipes of `digits`, a Vision Transformer that reads scikit-learn's real handwritten digits, and of `digit-painter`, which writes them.

A third of the 1,797 digits is held out, by a digest of their pixels. Source of the digits: Alpaydin and Kaynak (1998), in scikit-learn.
"""

import hashlib
import math
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils import catalog
from course_utils.foundry import intervals, loops
from course_utils.foundry.frame import Recipe

if TYPE_CHECKING:
    import torch
    from diffusers import DDIMScheduler, UNet2DModel
    from torch import Tensor, nn
    from transformers import ViTForImageClassification

SIZE = 16
READING_STEPS, READING_BATCH = 4000, 128
PAINTING_STEPS, PAINTING_BATCH = 2000, 64
# The label that stands for any digit: as often as this a digit is painted without being asked for, so that guidance has a start.
ANY, LEFT_OUT = 10, 0.1
INFERENCE_STEPS, GUIDANCE = 25, 2.0


def drawn(held_out: bool) -> tuple["Tensor", "Tensor"]:
    """Returns digits, (count, 1, 16, 16) from -1 to 1, twice as wide and high as scikit-learn has them, and which they are."""
    import torch
    from sklearn.datasets import load_digits
    from torch.nn import functional

    found = load_digits()
    mine = [_held_out(pixels) == held_out for pixels in found.data]
    batch = torch.tensor(found.images[mine], dtype=torch.float32)[:, None] / 8 - 1
    return functional.interpolate(batch, scale_factor=2, mode="bilinear"), torch.tensor(found.target[mine])


def _held_out(pixels: np.ndarray) -> bool:
    return int(hashlib.sha256(pixels.astype(np.uint8).tobytes()).hexdigest(), 16) % 3 == 0


def readers() -> dict[str, Callable[[], "nn.Module"]]:
    """Returns how to make each untrained reader; the first one ships, the others are there to be compared with."""
    from transformers import (  # fmt: skip
        ConvNextConfig,
        ConvNextForImageClassification,
        ResNetConfig,
        ResNetForImageClassification,
        ViTConfig,
        ViTForImageClassification,
    )

    both = {"num_channels": 1, "num_labels": 10, "id2label": {i: str(i) for i in range(10)}, "label2id": {str(i): i for i in range(10)}}
    vit = ViTConfig(
        hidden_size=96, num_hidden_layers=4, num_attention_heads=4, intermediate_size=288, image_size=SIZE, patch_size=4,
        hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.0, **both,
    )  # fmt: skip
    resnet = ResNetConfig(embedding_size=32, hidden_sizes=[32, 64, 128], depths=[1, 1, 1], layer_type="basic", **both)
    convnext = ConvNextConfig(patch_size=2, num_stages=3, hidden_sizes=[32, 64, 96], depths=[1, 1, 1], **both)
    return {
        "vit": lambda: ViTForImageClassification(vit), "resnet": lambda: ResNetForImageClassification(resnet),
        "convnext": lambda: ConvNextForImageClassification(convnext),
    }  # fmt: skip


def moved(batch: "Tensor", generator: "torch.Generator") -> "Tensor":
    """Returns digits turned by up to 12 degrees, made larger or smaller by a tenth and shifted by a pixel and a half."""
    import torch
    from torch.nn import functional

    def uniform(reach: float) -> "Tensor":
        return (2 * torch.rand(len(batch), device=batch.device, generator=generator) - 1) * reach

    angle, size = uniform(math.pi / 15), 1 + uniform(0.1)
    rows = [torch.stack([angle.cos() * size, -angle.sin() * size, uniform(0.18)], 1)]
    rows.append(torch.stack([angle.sin() * size, angle.cos() * size, uniform(0.18)], 1))
    places = functional.affine_grid(torch.stack(rows, 1), list(batch.shape), align_corners=False)
    return functional.grid_sample(batch + 1, places, align_corners=False) - 1


def widened(reader: "ViTForImageClassification") -> "ViTForImageClassification":
    """Returns the reader for three channels, as pipelines load pictures: each has a third of the weights, so of grey it says the same."""
    from transformers import ViTForImageClassification

    weights, first, config = reader.state_dict(), "vit.embeddings.patch_embeddings.projection.weight", copy(reader.config)
    weights[first] = weights[first].expand(-1, 3, -1, -1) / 3
    config.num_channels = 3
    made = ViTForImageClassification(config)
    made.load_state_dict(weights)
    return made.to(reader.device).eval()


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the readers, writes the first and returns the accuracy of each on the held-out third."""
    import torch
    from torch.nn import functional
    from transformers import ViTImageProcessorPil

    where = loops.device()
    digits, right = (part.to(where) for part in drawn(held_out=False))
    unseen, asked = (part.to(where) for part in drawn(held_out=True))
    scores, seconds = {}, 0.0
    for name, make in readers().items():
        torch.manual_seed(loops.SEED)
        reader = make()

        def loss(generator: "torch.Generator", reader: "nn.Module" = reader) -> "Tensor":
            chosen = torch.randint(len(digits), (READING_BATCH,), device=where, generator=generator)
            logits = reader(pixel_values=moved(digits[chosen], generator)).logits
            return functional.cross_entropy(logits.float(), right[chosen], label_smoothing=0.05)

        took = loops.train([reader], loss, work / name, steps=READING_STEPS, learning_rate=2e-3, weight_decay=0.05, quick=quick)
        if name == "vit":
            reader = widened(reader).half()
            reader.save_pretrained(folder)
            reader.float()
        with torch.no_grad():
            said = reader(pixel_values=unseen.expand(-1, reader.config.num_channels, -1, -1)).logits.argmax(1)
        scores[name], seconds = round(float((said == asked).float().mean()), 4), seconds + took["seconds"]
        if name == "vit":
            examples = [[f"a handwritten {a}", str(b)] for a, b in zip(asked[:3].tolist(), said[:3].tolist(), strict=True)]
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"dtype": "float16"', '"dtype": "float32"'), encoding="utf-8", newline="\n")
    side, half = {"height": SIZE, "width": SIZE}, [0.5, 0.5, 0.5]
    ViTImageProcessorPil(size=side, image_mean=half, image_std=half).save_pretrained(folder)
    low, high = intervals.of_share(scores["vit"], len(unseen))
    found = {"score": scores.pop("vit"), "score_low": round(low, 4), "score_high": round(high, 4), **scores, "digits": len(unseen)}
    return found | {"training": took | {"seconds": round(seconds, 1)}, "examples": examples}


def painter() -> "UNet2DModel":
    """Returns the untrained U-Net, told which digit to write."""
    import torch
    from diffusers import UNet2DModel

    torch.manual_seed(loops.SEED)
    return UNet2DModel(
        sample_size=SIZE, in_channels=1, out_channels=1, block_out_channels=(32, 64, 64), layers_per_block=1, norm_num_groups=8,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"), num_class_embeds=11, attention_head_dim=16,
        up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip


def scheduler() -> "DDIMScheduler":
    """Returns the noise schedule."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(beta_schedule="squaredcos_cap_v2", clip_sample=True, set_alpha_to_one=False)


def build_painter(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the painter, writes it with its scheduler, and returns how many of its digits are read as asked, and how new they are."""
    import torch
    from torch.nn import functional

    where, unet, schedule = loops.device(), painter(), scheduler()
    digits, right = (part.to(where) for part in drawn(held_out=False))

    def loss(generator: "torch.Generator") -> "Tensor":
        chosen = torch.randint(len(digits), (PAINTING_BATCH,), device=where, generator=generator)
        times = torch.randint(1000, (PAINTING_BATCH,), device=where, generator=generator)
        left_out = torch.rand(PAINTING_BATCH, device=where, generator=generator) < LEFT_OUT
        noise = torch.randn(digits[chosen].shape, device=where, generator=generator)
        found = unet(schedule.add_noise(digits[chosen], noise, times), times, class_labels=right[chosen].masked_fill(left_out, ANY)).sample
        return functional.mse_loss(found.float(), noise)

    took = loops.train([unet], loss, work / "painter", steps=PAINTING_STEPS, learning_rate=2e-3, average=0.999, quick=quick)
    unet.to("cpu").half().save_pretrained(folder)
    unet.float()
    schedule.save_pretrained(folder)
    _sheet(paint(unet.to(where), torch.arange(10 if quick else 100) % 10), folder / "samples.png")
    scores = loops.once(work / "scores.json", lambda: score_painter(folder, 20 if quick else 1000))
    return scores | {"training": took, "samples": "a hundred handwritten digits, 0 to 9 from left to right"}


def paint(unet: "UNet2DModel", asked: "Tensor", guidance: float = GUIDANCE, seed: int = 0) -> "Tensor":
    """Returns a digit for each that is asked for, from -1 to 1."""
    import torch

    schedule = scheduler()
    schedule.set_timesteps(INFERENCE_STEPS)
    noise = torch.randn(len(asked), 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed)).to(unet.device)
    labels = torch.cat([asked, torch.full_like(asked, ANY)]).to(unet.device)
    for time in schedule.timesteps:
        with torch.no_grad():
            told, free = unet(torch.cat([noise, noise]), time, class_labels=labels).sample.chunk(2)
        noise = schedule.step(free + guidance * (told - free), time, noise).prev_sample
    return noise.clamp(-1, 1).cpu()


def score_painter(folder: Path, count: int) -> dict:
    """Returns the share read as asked, the variety, and the distances to the nearest training digit beside those of real ones."""
    import torch
    from diffusers import UNet2DModel
    from transformers import ViTForImageClassification

    unet = UNet2DModel.from_pretrained(folder, torch_dtype=torch.float32).to(loops.device()).eval()
    reader = ViTForImageClassification.from_pretrained(catalog.checkpoint("digits"), dtype=torch.float32).eval()
    asked = torch.arange(count) % 10
    made = paint(unet, asked)
    with torch.no_grad():
        said = reader(pixel_values=made.expand(-1, 3, -1, -1)).logits.argmax(1)
    right = round(float((said == asked).float().mean()), 4)
    low, high = intervals.of_share(right, count)
    known, real = drawn(held_out=False), drawn(held_out=True)
    nearest = {"painted": _nearest(made, known[0]), "real": _nearest(real[0], known[0])}
    found = {"score": right, "score_low": round(low, 4), "score_high": round(high, 4), "digits": count}
    for name, away in nearest.items():
        found[f"distance_to_the_nearest_trained_{name}"] = round(float(away.median()), 3)
        found[f"distance_below_half_of_the_real_median_{name}"] = round(float((away < nearest["real"].median() / 2).float().mean()), 4)
    found["spread_within_a_digit_painted"], found["spread_within_a_digit_real"] = _spread(made, asked), _spread(*real)
    return found | {"examples": [[f"write a {a}", f"read as {b}"] for a, b in zip(asked[:3].tolist(), said[:3].tolist(), strict=True)]}


def _nearest(batch: "Tensor", known: "Tensor") -> "Tensor":
    """Returns the root mean square difference of each picture to the nearest known one."""
    import torch

    return torch.cdist(batch.flatten(1), known.flatten(1)).min(dim=1).values / SIZE


def _spread(batch: "Tensor", labels: "Tensor") -> float:
    """Returns the mean standard deviation of a pixel among pictures of the same digit."""
    return round(float(np.mean([float(batch[labels == i].std(dim=0).mean()) for i in range(10)])), 3)


def _sheet(batch: "Tensor", path: Path) -> None:
    from PIL import Image

    tiles = ((batch[:, 0] + 1) * 127.5).round().byte().numpy()
    rows = [np.concatenate(list(tiles[start : start + 10]), axis=1) for start in range(0, len(tiles), 10)]
    whole = np.concatenate(rows)
    Image.fromarray(whole).resize((whole.shape[1] * 2, whole.shape[0] * 2), Image.Resampling.NEAREST).save(path, optimize=True)


LIMITS = """\
It reads single digits of 16 by 16 pixels, centred, light on black, as scikit-learn has them; the same hands wrote both parts, so a
stranger's is read less well. A letter or a blot is read as some digit too. It was trained on one channel of grey and ships with three, a
third of the weights each, because pipelines load pictures so: of a colour it sees the mean. `resnet` and `convnext` were trained
beside it on the same digits, to be compared with."""
LIMITS_OF_PAINTER = """\
It writes digits of 16 by 16 pixels, with `UNet2DModel` and the scheduler in this folder; label 10 asks for any digit. `digits` reads what
it writes, and that reader errs too. The distances tell whether it copies: root mean square differences to the nearest training digit,
beside those of real digits that it never saw. Its digits are a little less varied than real ones."""

RECIPES = [
    Recipe(
        "digits", build, LIMITS, trains=True, minutes=24, packages=("torch", "transformers", "scikit-learn"),
        sources=(Path(loops.__file__), Path(intervals.__file__)),
    ),
    Recipe(
        "digit-painter", build_painter, LIMITS_OF_PAINTER, trains=True, minutes=24, needs=("digits",),
        packages=("torch", "diffusers", "transformers", "scikit-learn"), sources=(Path(loops.__file__), Path(intervals.__file__)),
    ),
]  # fmt: skip
