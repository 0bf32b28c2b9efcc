"""Recipes of two small LoRA for the U-Net of `text-to-image`: a new thing from five pictures, with prior preservation and without.

Source: Ruiz et al. (2023), DreamBooth. `stars` draws and judges what is new. What other adapters of the painter need is here too.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils import catalog
from course_utils.foundry import albums, intervals, loops, pictures, scene_judge, stars, text_to_image, world
from course_utils.foundry.frame import Recipe

if TYPE_CHECKING:
    import torch
    from diffusers import StableDiffusionPipeline
    from torch import Tensor

LAYERS = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "conv1", "conv2", "conv_in", "conv_out"]
RANK = 15
STEPS, RATE, PRIOR = 520, 1.3e-3, 96
# Rows of a batch: so many of the prior, and each of the five stars so often, each one of so many moved copies and their mirrors.
PRIOR_ROWS, TIMES, MOVED = 3, 2, 7
SAMPLING_STEPS = 6
# Two things beside each other are left out: in most wordings their order is not said.
LAYOUTS = ("alone", "alone", "row", "stacked", "overlapping")
WORDINGS = ("a picture of a {} star{}", "there is a {} star{}")


def painter(rank: int = RANK) -> "StableDiffusionPipeline":
    """Returns the base, frozen, with an untrained adapter; its scheduler is the one that needs few steps."""
    import torch
    from diffusers import DDIMScheduler
    from peft import LoraConfig

    made = text_to_image.load(Path(catalog.checkpoint("text-to-image")))
    made.scheduler = DDIMScheduler.from_config(made.scheduler.config, timestep_spacing="trailing")
    for part in (made.unet, made.vae, made.text_encoder):
        part.requires_grad_(False)
    torch.manual_seed(loops.SEED)
    made.unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=LAYERS))
    return made


def save(pipeline: "StableDiffusionPipeline", folder: Path) -> None:
    """Writes the adapter alone, in half precision."""
    from peft.utils import get_peft_model_state_dict

    weights = {name: value.half().cpu().contiguous() for name, value in get_peft_model_state_dict(pipeline.unet).items()}
    pipeline.save_lora_weights(folder, unet_lora_layers=weights)


def said(pipeline: "StableDiffusionPipeline", captions: list[str]) -> "Tensor":
    """Returns what the text encoder makes of captions."""
    import torch

    ids = pipeline.tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        return pipeline.text_encoder(ids.to(pipeline.device)).last_hidden_state


def paint(pipeline: "StableDiffusionPipeline", prompts: list[str], steps: int, guidance: float, seed: int, kind: str = "np") -> "Tensor":
    """Returns a picture of each prompt, from -1 to 1, or its latent."""
    import torch

    made = []
    for start in range(0, len(prompts), 50):
        part = prompts[start : start + 50]
        noise = [torch.Generator().manual_seed(1_000_003 * seed + start + i) for i in range(len(part))]
        told = pipeline(part, num_inference_steps=steps, guidance_scale=guidance, generator=noise, output_type=kind).images
        made.append(told if kind == "latent" else torch.from_numpy(told).permute(0, 3, 1, 2).float() * 2 - 1)
    return torch.cat(made)


def spread(count: int, generator: "torch.Generator") -> "Tensor":
    """Returns times from all over the range, one in each equal part of it."""
    import torch

    def draws(make: type) -> "Tensor":
        return make(count, device=generator.device, generator=generator)

    return ((draws(torch.randperm) + draws(torch.rand)) * 1000 / count).long()


def latents(pipeline: "StableDiffusionPipeline", pixels: np.ndarray) -> "Tensor":
    """Returns pictures in bytes as scaled latents."""
    import torch

    with torch.no_grad():
        batch = albums.scaled(albums.tensor(pixels, pipeline.device))
        return pipeline.vae.encode(batch).latent_dist.mean * pipeline.vae.config.scaling_factor


def build_star(folder: Path, work: Path, quick: bool = False, prior: bool = True) -> dict:
    """Teaches the star by five pictures, with or without the painter's own pictures of what it knows in each batch."""
    import torch
    from torch.nn import functional

    pipeline, where, size = painter(), loops.device(), PRIOR_ROWS * prior
    copies = [latents(pipeline, kind) for kind in stars.copies(2 if quick else MOVED)]
    five = torch.cat(torch.stack(copies).chunk(2), dim=1)
    known = text_to_image.prompts("train", 8 if quick else PRIOR, LAYOUTS, seed=5)[1]
    pipeline.unet.disable_adapters()
    before = loops.once(work / "before.json", lambda: {"kept": kept(pipeline, quick)})
    owned = paint(pipeline, known, SAMPLING_STEPS, text_to_image.GUIDANCE, 77, "latent") if prior else five[0, :0]
    pipeline.unet.enable_adapters()
    words, names, nothing = said(pipeline, known), said(pipeline, list(stars.FIVE)), said(pipeline, [""])

    def loss(generator: "torch.Generator") -> "Tensor":
        def copy() -> "Tensor":
            chosen = torch.randint(five.shape[1], (len(five),), device=where, generator=generator)
            return five[torch.arange(len(five), device=where), chosen]

        shown = [copy() for _ in range(TIMES)]
        some = torch.randperm(len(known), device=where, generator=generator)[:size]
        empty = torch.rand(size, 1, 1, device=where, generator=generator) < text_to_image.LEFT_OUT
        clean = torch.cat([*shown, owned[some]])
        told = torch.cat([names] * TIMES + [torch.where(empty, nothing, words[some])])
        times = spread(len(clean), generator)
        noise = torch.randn(clean.shape, device=where, generator=generator)
        found = pipeline.unet(pipeline.scheduler.add_noise(clean, noise, times), times, told).sample
        return functional.mse_loss(found.float(), pipeline.scheduler.get_velocity(clean, noise, times))

    took = loops.train([pipeline.unet], loss, work / "star", steps=STEPS, learning_rate=RATE, weight_decay=0.0, average=0.99, quick=quick)
    save(pipeline, folder)
    asked = [f"a {colour} star{told[2]}" for colour, told in zip(pictures.COLOURS, 2 * list(pictures.PLACES.values()), strict=True)]
    sheet([paint(pipeline, said, SAMPLING_STEPS, text_to_image.GUIDANCE, seed=3) for said in (asked, shown_old())], folder / "samples.png")
    after = loops.once(work / "after.json", lambda: score_star(pipeline, quick))
    lost = {"kept_before": before["kept"], "lost": round(before["kept"] - after["kept"], 4)}
    return after | lost | {"training": took, "samples": SHEET}


def shown_old() -> list[str]:
    """Returns eight prompts of what the painter knew, the first that come."""
    return text_to_image.prompts("new", 8, LAYOUTS, seed=3)[1]


def sheet(rows: "list[Tensor]", path: Path) -> None:
    """Writes rows of pictures, each from -1 to 1, as one picture."""
    import torch
    from PIL import Image

    tiles = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1).permute(1, 2, 0).numpy()
    Image.fromarray(((tiles + 1) * 127.5).clip(0, 255).round().astype(np.uint8)).save(path, optimize=True)


def score_star(pipeline: "StableDiffusionPipeline", quick: bool = False) -> dict:
    """Returns the share of stars where one is asked for, by each judge, and the share of old prompts painted as asked."""
    asked = [said.format(c, where) for said in WORDINGS for c in pictures.COLOURS for _, _, where in pictures.PLACES.values()]
    made = paint(pipeline, asked[: 4 if quick else None], SAMPLING_STEPS, text_to_image.GUIDANCE, seed=2)
    votes = np.array([judge(made) for judge in stars.judges(20 if quick else 150)])
    shares = sorted(votes.mean(axis=1).tolist())
    told = [[asked[i], f"a star to {votes[:, i].sum()} of {len(votes)} judges"] for i in range(0, len(made), -(-len(made) // 3))]
    low, high = intervals.of_share(shares[0], len(made))
    scores = {"score": round(shares[0], 4), "score_low": round(low, 4), "score_high": round(high, 4), "stars_asked_for": len(made)}
    scores |= {f"stars_by_judge_{i + 1}": round(share, 4) for i, share in enumerate(shares)}
    return scores | {"kept": kept(pipeline, quick), "examples": told}


def kept(pipeline: "StableDiffusionPipeline", quick: bool = False) -> float:
    """Returns the share of a hundred old prompts that are painted as asked."""
    scenes, prompts = text_to_image.prompts("new", 4 if quick else 100, LAYOUTS, seed=22)
    return round(right(scenes, paint(pipeline, prompts, SAMPLING_STEPS, text_to_image.GUIDANCE, seed=2)), 4)


def right(scenes: list[pictures.Scene], batch: "Tensor") -> float:
    """Returns the share of pictures in which scene-judge sees the scene; the place, which few prompts name, does not count."""
    read = scene_judge.readings(scene_judge.load(), batch).numpy()
    true = np.array([scene_judge.truth(scene) for scene in scenes])
    asked = [group != "place" for group in scene_judge.GROUPS]
    return float(((read == true) | (true == -100))[:, asked].all(axis=1).mean())


SHEET = "eight stars, unchosen, in eight colours; below, eight prompts of what the painter knew"

LIMITS = """\
For the weights of `text-to-image` alone: on another painter of the same shape it loads and spoils. {} The judges of stars learned
from drawings, and are asked for the shape alone: a star that was to be grey often comes in another colour. The score is that of the
judge that sees fewest; settings were chosen on other wordings and other noise. Old prompts are new scenes, painted with the same noise
before and after. One training, one seed."""
WITH = "The painter's own pictures of what it knew were in every batch."
WITHOUT = "Every picture of its training was a star: it is there to show what that does to what the painter knew."

_MODULES = (loops, albums, pictures, intervals, scene_judge, stars, text_to_image)
# What all adapters of the painter have alike.
ALIKE = {
    "trains": True, "minutes": 8, "needs": ("text-to-image", "scene-judge"), "packages": (*loops.PACKAGES, "peft", "scikit-learn"),
    "sources": tuple(Path(module.__file__) for module in _MODULES) + world.modules(),
}  # fmt: skip
RECIPES = [
    Recipe("star-adapter", build_star, LIMITS.format(WITH), **ALIKE),
    Recipe("star-alone-adapter", partial(build_star, prior=False), LIMITS.format(WITHOUT), **ALIKE),
]
