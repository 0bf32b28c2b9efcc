"""Recipe of `few-steps-adapter`: a small LoRA with which `text-to-image` paints in one step or few, without guidance.

Source: Luo et al. (2023), latent consistency models and LCM-LoRA; here with four levels of noise and no moving average for the goal.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.foundry import albums, intervals, loops, painter_adapters, scene_judge, text_to_image
from course_utils.foundry.frame import Recipe

if TYPE_CHECKING:
    import torch
    from diffusers import StableDiffusionPipeline
    from torch import Tensor

# The path has so many levels of noise; scenes and captions are of the small world.
PATH, STEPS, RATE, BATCH, SCENES = 4, 100, 2e-3, 8, 400
RANK = 12


def build_few_steps(folder: Path, work: Path, quick: bool = False) -> dict:
    """Teaches jumps from four levels of noise to agree along the path that the painter walks with guidance."""
    import torch
    from diffusers import LCMScheduler
    from torch.nn import functional

    pipeline, where, size = painter_adapters.painter(RANK), loops.device(), BATCH
    unet, share = pipeline.unet, pipeline.scheduler.alphas_cumprod.to(where)
    scenes, captions = text_to_image.prompts("train", 8 if quick else SCENES, painter_adapters.LAYOUTS, seed=9)
    known = painter_adapters.latents(pipeline, albums.paint(scenes))
    words, nothing = painter_adapters.said(pipeline, captions), painter_adapters.said(pipeline, [""])
    levels = torch.tensor([999 - k * 1000 // PATH for k in range(PATH)] + [-1], device=where)

    def parts(noisy: "Tensor", times: "Tensor", velocity: "Tensor") -> tuple["Tensor", "Tensor"]:
        clean, noise = (share[times].view(-1, 1, 1, 1) ** 0.5, (1 - share[times].view(-1, 1, 1, 1)) ** 0.5)
        return clean * noisy - noise * velocity, clean * velocity + noise * noisy

    def loss(generator: "torch.Generator") -> "Tensor":
        some = torch.randint(len(known), (size,), device=where, generator=generator)
        noise = torch.randn(size, *known.shape[1:], device=where, generator=generator)
        place = torch.arange(size, device=where) % PATH
        times, later = levels[place], levels[place + 1].clamp(min=0)
        noisy, last = pipeline.scheduler.add_noise(known[some], noise, times), (levels[place + 1] < 0)[:, None, None, None]
        noisy[place == 0] = noise[place == 0]
        with torch.no_grad():
            unet.disable_adapters()
            both = unet(noisy.repeat(2, 1, 1, 1), times.repeat(2), torch.cat([words[some], nothing.expand(size, -1, -1)])).sample
            unet.enable_adapters()
            told, free = both.chunk(2)
            clean, left = parts(noisy, times, free + text_to_image.GUIDANCE * (told - free))
            nearer = share[later].view(-1, 1, 1, 1) ** 0.5 * clean + (1 - share[later].view(-1, 1, 1, 1)) ** 0.5 * left
            goal = torch.where(last, clean, parts(nearer, later, unet(nearer, later, words[some]).sample)[0])
        return functional.mse_loss(parts(noisy, times, unet(noisy, times, words[some]).sample)[0], goal)

    took = loops.train([unet], loss, work / "few", steps=STEPS, learning_rate=RATE, weight_decay=0.0, average=0.95, quick=quick)
    painter_adapters.save(pipeline, folder)
    pipeline.scheduler = LCMScheduler.from_config(pipeline.scheduler.config)
    scores = loops.once(work / "scores.json", lambda: score_few_steps(pipeline, quick))
    rows = []
    for switch in (unet.disable_adapters, unet.enable_adapters):
        switch()
        rows.append(painter_adapters.paint(pipeline, painter_adapters.shown_old(), 1, 1.0, seed=3))
    painter_adapters.sheet(rows, folder / "samples.png")
    return scores | {"training": took, "samples": SHEET}


def score_few_steps(pipeline: "StableDiffusionPipeline", quick: bool = False) -> dict:
    """Returns the share painted as asked in one and in two steps without guidance, without and with the adapter."""
    scenes, prompts = text_to_image.prompts("new", 4 if quick else 50, ("alone",), seed=41)
    scores: dict = {}
    for name, switch in {"without": pipeline.unet.disable_adapters, "with": pipeline.unet.enable_adapters}.items():
        switch()
        for steps in (1, 2):
            made = painter_adapters.paint(pipeline, prompts, steps, 1.0, seed=4)
            scores[f"{name}_it_in_{steps}"] = round(painter_adapters.right(scenes, made), 4)
            if steps == 1:
                read = scene_judge.readings(scene_judge.load(), made[:3])
    low, high = intervals.of_share(scores["with_it_in_1"], len(prompts))
    told = [[prompt, scene_judge.words(list(reading))] for prompt, reading in zip(prompts, read.numpy(), strict=False)]
    scores = {"score": scores["with_it_in_1"], "score_low": round(low, 4), "score_high": round(high, 4), **scores}
    return scores | {"pictures": len(prompts), "examples": told}


SHEET = "one step without guidance and the same noise: above, the painter as it is, below, with the adapter"

LIMITS = """\
For the weights of `text-to-image` alone, with `LCMScheduler` and guidance 1: guidance is learned into it, and more was not tried. It
was taught at four levels of noise and measured on single things, in one step and in two. Its goal is what the painter does with
guidance in four steps, so it is not made to paint better than that. One training, one seed."""

RECIPES = [
    Recipe(
        "few-steps-adapter", build_few_steps, LIMITS,
        **painter_adapters.ALIKE | {"sources": (*painter_adapters.ALIKE["sources"], Path(painter_adapters.__file__))},
    ),
]  # fmt: skip
