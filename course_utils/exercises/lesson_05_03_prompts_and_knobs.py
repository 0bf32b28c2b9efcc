"""The exercises of `05_diffusion/03_prompts_and_knobs`: cost, timesteps, guidance in range, memory, and a frugal painter."""

import functools
import random

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 120.0  # seconds: the first check of a process may have to import torch and diffusers and to load three models


_CALLS = (
    (1, 8, 3, "DDIM"),
    (4, 8, 1, "DDIM"),
    (3, 25, 7.5, "DPM-Solver++"),
    (2, 4, 1.5, "LCM"),
    (5, 10, 1, "PNDM"),
    (3, 20, 5, "PNDM"),
    (2, 6, 0.5, "DDIM"),
    (2, 6, 0, "LCM"),
)


def _verify_passes(answer):
    for pictures, steps, guidance, scheduler in _CALLS:
        found = call(answer, pictures, steps, guidance, scheduler)
        where = f"For {pictures} pictures, {steps} steps, guidance {guidance:g} and {scheduler}"
        expect(isinstance(found, int | float), f"{where}, expected a number and found {short(found)}.")
        asked = steps + (1 if scheduler == "PNDM" else 0)
        questions = [1, 2][guidance > 1]
        expected = pictures * asked * questions
        if found == expected:
            continue
        told = f"found {short(found)}, expected {expected}."
        mistakes = {
            "a batch is one call, and still every picture goes through the U-Net": asked * questions,
            "guidance at 1 or below asks only once": pictures * asked * 2,
            "guidance above 1 asks twice at every step, with the prompt and with the empty one": pictures * asked,
            "PNDM asks once more than it has steps": pictures * steps * questions,
            "PNDM's extra question is one more for each picture and each of the two prompts": pictures * steps * questions + 1,
            "only PNDM asks once more than it has steps": pictures * (steps + 1) * questions,
        }
        why = next((text for text, value in mistakes.items() if found == value), "multiply pictures, questions and steps")
        refuse(f"{where}, {why}: {told}")


def passes_needed(pictures, steps, guidance_scale, scheduler):
    questions = 2 if guidance_scale > 1 else 1
    asked = steps + 1 if scheduler == "PNDM" else steps
    return pictures * questions * asked


def _other_passes(pictures, steps, guidance_scale, scheduler):
    total = 0
    for _ in range(pictures):
        for _ in range(steps + (scheduler == "PNDM")):
            total += 1 + (guidance_scale > 1)
    return total


def _passes_of_batch(pictures, steps, guidance_scale, scheduler):
    return passes_needed(1, steps, guidance_scale, scheduler)


def _passes_always_two(pictures, steps, guidance_scale, scheduler):
    return passes_needed(pictures, steps, 3, scheduler)


def _passes_always_one(pictures, steps, guidance_scale, scheduler):
    return passes_needed(pictures, steps, 1, scheduler)


def _passes_without_pndm(pictures, steps, guidance_scale, scheduler):
    return passes_needed(pictures, steps, guidance_scale, "DDIM")


_SPACINGS = (
    (1, "leading", 1000),
    (1, "trailing", 1000),
    (4, "leading", 1000),
    (4, "trailing", 1000),
    (7, "leading", 1000),
    (7, "trailing", 1000),
    (3, "trailing", 100),
    (30, "leading", 100),
    (1000, "trailing", 1000),
)


def _verify_timesteps(answer):
    for steps, spacing, trained in _SPACINGS:
        found = call(answer, steps, spacing, trained)
        where = f"For {steps} steps, {spacing!r}, {trained} trained"
        expect(not isinstance(found, str) and hasattr(found, "__len__"), f"{where}, expected a list and found {short(found)}.")
        found = [float(t) for t in found]
        expect(len(found) == steps, f"{where}, your list holds {len(found)} timesteps; expected {steps}.")
        expected = _timesteps_by_library(steps, spacing, trained)
        if found == expected:
            continue
        told = f"found {found[:4]}, expected {expected[:4]}" + (" …" if steps > 4 else "") + "."
        expect(found != expected[::-1], f"{where}, the order is wrong: sampling begins at the noisy end, {told}")
        expect(
            found != [t - 1 for t in expected] or spacing == "trailing",
            f"{where}, the offset of 1 is missing: {told}",
        )
        expect(found != [t + 1 for t in expected] or spacing == "leading", f"{where}, take 1 off: timesteps are counted from 0, {told}")
        stride = trained / steps
        expect(
            spacing != "leading" or [int(t) for t in found] != [int(k * stride + 1) for k in range(steps)][::-1],
            f"{where}, the stride of 'leading' is a whole number, `trained // steps`: {told}",
        )
        whole = trained // steps
        expect(
            spacing != "trailing" or found != [trained - 1 - k * whole for k in range(steps)],
            f"{where}, the stride of 'trailing' is not rounded; the timesteps are: {told}",
        )
        refuse(f"{where}: {told}")
    _expect_refused(answer)


def _expect_refused(answer):
    for steps, spacing in ((0, "leading"), (-1, "trailing"), (4, "middle")):
        try:
            found = answer(steps, spacing)
        except ValueError:
            continue
        except Exception as error:
            refuse(f"{steps} steps of {spacing!r} should raise a ValueError; it raised {type(error).__name__}.")
        refuse(f"{steps} steps of {spacing!r} should raise a ValueError; it returned {short(found)}.")


def _timesteps_by_library(steps, spacing, trained):
    """Returns what the library's own scheduler asks for; the oracle."""
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(num_train_timesteps=trained, timestep_spacing=spacing, steps_offset=1)
    scheduler.set_timesteps(steps)
    return [float(t) for t in scheduler.timesteps]


def asked_timesteps(steps, spacing, trained=1000):
    if steps < 1:
        raise ValueError(f"{steps} steps: at least one is needed.")
    if spacing == "leading":
        stride = trained // steps
        return [k * stride + 1 for k in reversed(range(steps))]
    if spacing == "trailing":
        return [round(trained - k * trained / steps) - 1 for k in range(steps)]
    raise ValueError(f"{spacing!r} is not a spacing: 'leading' or 'trailing'.")


def _other_timesteps(steps, spacing, trained=1000):
    import numpy

    if spacing not in ("leading", "trailing") or steps < 1:
        raise ValueError
    if spacing == "leading":
        return numpy.arange(steps)[::-1] * (trained // steps) + 1
    return (numpy.arange(trained, 0, -trained / steps).round() - 1)[:steps]


def _timesteps_upwards(steps, spacing, trained=1000):
    return asked_timesteps(steps, spacing, trained)[::-1]


def _timesteps_without_offset(steps, spacing, trained=1000):
    found = asked_timesteps(steps, spacing, trained)
    return [t - 1 for t in found] if spacing == "leading" else found


def _timesteps_from_1000(steps, spacing, trained=1000):
    found = asked_timesteps(steps, spacing, trained)
    return [t + 1 for t in found] if spacing == "trailing" else found


def _timesteps_whole_strides(steps, spacing, trained=1000):
    if spacing == "trailing":
        return [trained - 1 - k * (trained // steps) for k in range(steps)]
    return asked_timesteps(steps, spacing, trained)


def _timesteps_unguarded(steps, spacing, trained=1000):
    return asked_timesteps(steps, "leading" if spacing == "leading" else "trailing", trained)


_GUIDANCES = ((1.0, 0.0), (3.0, 0.0), (7.5, 0.7), (15.0, 1.0), (2.0, 0.3), (0.0, 0.0))


def _verify_guided(answer):
    import torch

    noise = torch.Generator().manual_seed(5)
    empty, with_prompt = torch.randn(2, 3, 4, 6, 6, generator=noise)
    with_prompt = empty + with_prompt * torch.tensor([0.3, 1.0, 3.0]).view(3, 1, 1, 1)
    for scale, rescale in _GUIDANCES:
        given = empty.clone(), with_prompt.clone()
        found = call(answer, *given, scale, rescale)
        where = f"With scale={scale:g} and rescale={rescale:g}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(found.shape == empty.shape, f"{where}, the result has shape {tuple(found.shape)}; expected {tuple(empty.shape)}.")
        expect(torch.equal(given[0], empty) and torch.equal(given[1], with_prompt), f"{where}, your function changed what it was given.")
        _judge_guided(found, empty, with_prompt, scale, rescale, where)
    found = call(answer, empty, with_prompt, 3.0)
    expect(
        torch.allclose(found, empty + 3 * (with_prompt - empty), atol=1e-4), "Without rescale, 0.0 is meant: the guided answer as it is."
    )


def _judge_guided(found, empty, with_prompt, scale, rescale, where):
    import torch

    guided = empty + scale * (with_prompt - empty)
    expected = _rescaled_by_library(guided, with_prompt, rescale)
    if torch.allclose(found, expected, atol=1e-4):
        return
    whole = guided * (with_prompt.std() / guided.std())
    mistakes = {
        "the deviations are those of the whole batch; take them for each picture": rescale * whole + (1 - rescale) * guided,
        "the parts are exchanged: `rescale` belongs to the calm answer": _rescaled_by_library(guided, with_prompt, 1 - rescale),
        "you start from the prompt's answer; the formula starts from the empty one": _rescaled_by_library(
            with_prompt + scale * (with_prompt - empty), with_prompt, rescale
        ),
        "the two answers are exchanged": _rescaled_by_library(with_prompt + scale * (empty - with_prompt), with_prompt, rescale),
        "the guided answer is not rescaled at all": guided,
        "the spread is to be that of the prompt's answer, not of the empty one": _rescaled_by_library(guided, empty, rescale),
    }
    why = next((text for text, value in mistakes.items() if torch.allclose(found, value, atol=1e-4)), "the numbers differ")
    refuse(f"{where}, {why}: the first is {float(found.flatten()[0]):.3f}, expected {float(expected.flatten()[0]):.3f}.")


def _rescaled_by_library(guided, with_prompt, rescale):
    """Returns what the library's own function makes of the guided answer; the oracle."""
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

    return rescale_noise_cfg(guided, with_prompt, guidance_rescale=rescale)


def guided(empty, with_prompt, scale, rescale=0.0):
    over = empty + scale * (with_prompt - empty)
    numbers = (1, 2, 3)
    calm = over * with_prompt.std(dim=numbers, keepdim=True) / over.std(dim=numbers, keepdim=True)
    return rescale * calm + (1 - rescale) * over


def _other_guided(empty, with_prompt, scale, rescale=0.0):
    import torch

    made = []
    for e, p in zip(empty, with_prompt, strict=True):
        over = (1 - scale) * e + scale * p
        made.append(over * (1 - rescale + rescale * float(p.std()) / float(over.std())))
    return torch.stack(made)


def _guided_by_batch(empty, with_prompt, scale, rescale=0.0):
    over = empty + scale * (with_prompt - empty)
    return rescale * over * with_prompt.std() / over.std() + (1 - rescale) * over


def _guided_parts_exchanged(empty, with_prompt, scale, rescale=0.0):
    return guided(empty, with_prompt, scale, 1 - rescale)


def _guided_from_prompt(empty, with_prompt, scale, rescale=0.0):
    over = with_prompt + scale * (with_prompt - empty)
    return guided(empty, over, 1.0, 0.0) if rescale == 0 else guided(empty, with_prompt, scale, rescale)


def _guided_only(empty, with_prompt, scale, rescale=0.0):
    return empty + scale * (with_prompt - empty)


def _guided_in_place(empty, with_prompt, scale, rescale=0.0):
    with_prompt -= empty
    return empty + scale * with_prompt


_PARTS = {"text encoder": [30, 40, 50], "U-Net": [200, 300, 250, 50], "VAE": [60, 20]}  # 1,000 parameters in all
_BUDGETS = (
    (_PARTS, 100, 4400),
    (_PARTS, 100, 4399),
    (_PARTS, 100, 2200),
    (_PARTS, 100, 2199),
    (_PARTS, 100, 1800),
    (_PARTS, 100, 1799),
    (_PARTS, 100, 800),
    (_PARTS, 100, 799),
    (_PARTS, 0, 600),
    ({"a": [500], "b": [100, 100, 100, 100, 150]}, 10, 1110),
    ({"a": [500], "b": [100, 100, 100, 100, 150]}, 10, 1020),
    ({"one": [7]}, 3, 40),
)
_WAYS = ("single", "half", "model offload", "sequential offload")


def _needs(parts, working):
    """Returns the bytes that each way needs; the oracle."""
    everything = [count for layers in parts.values() for count in layers]
    weights = 4 * sum(everything), 2 * sum(everything), 2 * max(map(sum, parts.values())), 2 * max(everything)
    return {way: weight + (4 if way == "single" else 2) * working for way, weight in zip(_WAYS, weights, strict=True)}


def _verify_gentlest(answer):
    for parts, working, budget in _BUDGETS:
        needs = _needs(parts, working)
        expected = next((way for way in _WAYS if needs[way] <= budget), None)
        where = f"For parts of {[sum(layers) for layers in parts.values()]} parameters, {working} working values and {budget} bytes"
        found = _named_way(answer, parts, working, budget, where)
        if found == expected:
            continue
        told = f"found {found!r}, expected {expected!r}; the four ways need {list(needs.values())} bytes."
        doubled = next((way for way in _WAYS if needs[way] + (2 * working if way != "single" else 0) <= budget), None)
        if found == doubled and working:
            refuse(f"{where}, in half precision the working values have 2 bytes each as well: {told}")
        if found is None or (expected is not None and _WAYS.index(found) > _WAYS.index(expected)):
            edge = "exactly the budget still fits" if budget in needs.values() else "a gentler way fits"
            refuse(f"{where}, {edge}: {told}")
        refuse(f"{where}, that does not fit: are the working values on top, and which part or layer is the largest? {told}")


def _named_way(answer, parts, working, budget, where):
    """Returns what the answer names, None included, which `call` would take for a missing return."""
    if not callable(answer):
        refuse(f"The check expected a function and found {short(answer)}. Pass the function itself, without calling it.")
    found = call(lambda *given: ("found", answer(*given)), {name: list(layers) for name, layers in parts.items()}, working, budget)[1]
    expect(found is None or found in _WAYS, f"{where}, expected one of {list(_WAYS)} or None; found {short(found)}.")
    return found


def gentlest(parts, working, budget):
    sizes = [sum(layers) for layers in parts.values()]
    layers = [count for part in parts.values() for count in part]
    ways = {
        "single": 4 * (sum(sizes) + working),
        "half": 2 * (sum(sizes) + working),
        "model offload": 2 * (max(sizes) + working),
        "sequential offload": 2 * (max(layers) + working),
    }
    for way, needed in ways.items():
        if needed <= budget:
            return way
    return None


def _other_gentlest(parts, working, budget):
    total = sum(map(sum, parts.values())) + working
    if 4 * total <= budget:
        return "single"
    if total <= budget / 2:
        return "half"
    if all(sum(layers) + working <= budget / 2 for layers in parts.values()):
        return "model offload"
    if all(count + working <= budget / 2 for layers in parts.values() for count in layers):
        return "sequential offload"


def _gentlest_without_working(parts, working, budget):
    return gentlest(parts, 0, budget)


def _gentlest_strictly(parts, working, budget):
    return gentlest(parts, working, budget - 1)


def _gentlest_of_one_part(parts, working, budget):
    return gentlest({"all": [max(part) for part in parts.values()]}, working, budget)


def _gentlest_single_working(parts, working, budget):
    found = gentlest(parts, working, budget)
    return found if found in (None, "single") else gentlest(parts, 2 * working, budget)


def _gentlest_always_something(parts, working, budget):
    return gentlest(parts, working, budget) or "sequential offload"


_COUNT, _MEAN, _RIGHT, _FITTING = 24, 1.9, 22, 21


def _verify_frugal(answer):
    studio = _Studio()
    found = call(answer, studio.paint, studio.right, list(studio.wishes))
    expect(isinstance(found, list | tuple), f"Expected a list of pictures and found {short(found)}.")
    expect(
        len(found) == _COUNT,
        f"There were {_COUNT} prompts and you returned {len(found)} pictures. The good ones of the first round count too.",
    )
    expect(
        all(hasattr(p, "resize") for p in found), f"Expected pictures and found {short([p for p in found if not hasattr(p, 'resize')])}."
    )
    mean, seen = studio.passes / _COUNT, sum(studio.right(list(studio.wishes), list(found)))
    fitting = studio.fitting(list(found))
    told = f"{mean:.2f} passes a picture, {seen} of {_COUNT} right by scene-judge and {fitting} by picture-text"
    expect(mean < _MEAN, f"Too expensive: {told}. Fewer than {_MEAN} passes are allowed.")
    expect(seen >= _RIGHT, f"Not good enough: {told}. At least {_RIGHT} are asked for; is each picture at the place of its prompt?")
    expect(fitting >= _FITTING, f"The second judge does not agree: {told}.")
    return f"{told[0].upper()}{told[1:]}."


class _Studio:
    """New prompts, a painter that counts its passes, and two judges."""

    def __init__(self):
        self.pipe, self.shipped, self.judge, self.eyes, self.clip, self.clip_inputs = _models()
        self.groups = {}
        for index, label in self.judge.config.id2label.items():
            group, value = label.split(": ")
            self.groups.setdefault(group, {})[value] = index
        self.wishes, self.passes = self._new_prompts(), 0

    def _new_prompts(self):
        relations = {"to the left of": "beside", "on": "stacked", "in front of": "overlapping"}
        places = {"in the garden": "garden", "on the beach": "beach", "at night": "night"}
        draw, wishes = random.Random(11), {}
        while len(wishes) < _COUNT:
            relation, place = draw.choice(list(relations)), draw.choice(list(places))
            (a, b), (x, y) = draw.sample(list(self.groups["first thing"]), 2), draw.sample(list(self.groups["first colour"]), 2)
            wish = {"layout": relations[relation], "place": places[place], "first thing": a, "second thing": b}
            wishes[f"a {x} {a} {relation} a {y} {b} {place}"] = wish | {"first colour": x, "second colour": y}
        return wishes

    def paint(self, prompts, steps=2, guidance_scale=1, seed=0, scheduler="DDIM"):
        """Returns a picture for each prompt and counts the passes."""
        import torch

        if not prompts:
            return []
        pipe, made = self.pipe, self._scheduler(scheduler)
        noise = [torch.Generator().manual_seed(1000 + seed + i) for i in range(len(prompts))]
        hook = pipe.unet.register_forward_hook(self._count)
        pipe.scheduler = made
        try:
            return pipe(list(prompts), num_inference_steps=steps, guidance_scale=guidance_scale, generator=noise).images
        finally:
            hook.remove()
            pipe.scheduler = self.shipped

    def _scheduler(self, name):
        from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, LCMScheduler

        kinds = {"DDIM": DDIMScheduler, "trailing": DDIMScheduler, "DPM-Solver++": DPMSolverMultistepScheduler, "LCM": LCMScheduler}
        if name not in kinds:
            raise ValueError(f"{name!r} is no scheduler of this exercise: {', '.join(kinds)}.")
        words = {"timestep_spacing": "trailing"} if name == "trailing" else {}
        return kinds[name].from_config(self.shipped.config, **words)

    def _count(self, unet, inputs, output):
        self.passes += len(output[0])

    def right(self, prompts, pictures):
        """Returns for each picture whether scene-judge sees all that its prompt asks for."""
        import torch

        if not pictures:
            return []
        with torch.no_grad():
            logits = self.judge(**self.eyes(list(pictures), return_tensors="pt")).logits.tolist()
        found = [{g: max(values, key=lambda v: row[values[v]]) for g, values in self.groups.items()} for row in logits]
        return [self.wishes[prompt].items() <= seen.items() for prompt, seen in zip(prompts, found, strict=True)]

    def fitting(self, pictures):
        """Returns how many pictures fit their own prompt best by picture-text."""
        import torch

        inputs = self.clip_inputs(text=list(self.wishes), images=pictures, return_tensors="pt", padding=True)
        with torch.no_grad():
            fit = self.clip(**inputs).logits_per_image
        return int((fit.argmax(dim=1) == torch.arange(len(pictures))).sum())


@functools.cache
def _models():
    """Returns the pipeline, its scheduler, and the two judges with their processors, loaded without a progress bar."""
    import torch
    from transformers.utils import logging

    from course_utils import checkpoint

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a bar would be taken for something that the answer printed
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import logging as painters_logging
    from transformers import AutoImageProcessor, AutoModelForImageClassification, CLIPModel, CLIPProcessor

    painters_logging.disable_progress_bar()
    pipe = StableDiffusionPipeline.from_pretrained(checkpoint("text-to-image"))
    painters_logging.enable_progress_bar()
    pipe.set_progress_bar_config(disable=True)
    judge = AutoModelForImageClassification.from_pretrained(checkpoint("scene-judge"), dtype=torch.float32).eval()
    eyes = AutoImageProcessor.from_pretrained(checkpoint("scene-judge"))
    clip = CLIPModel.from_pretrained(checkpoint("picture-text"), dtype=torch.float32).eval()
    clip_inputs = CLIPProcessor.from_pretrained(checkpoint("picture-text"))
    if shown:
        logging.enable_progress_bar()
    return pipe, pipe.scheduler, judge, eyes, clip, clip_inputs


def frugal(paint, right, prompts):
    pictures = list(paint(prompts, steps=1, scheduler="trailing"))
    again = [i for i, good in enumerate(right(prompts, pictures)) if not good]
    better = paint([prompts[i] for i in again], steps=2, scheduler="DPM-Solver++", seed=100)
    for i, picture in zip(again, better, strict=True):
        pictures[i] = picture
    return pictures


def _other_frugal(paint, right, prompts):
    kept, waiting, seed = {}, list(prompts), 0
    for knobs in ({"steps": 1, "scheduler": "LCM"}, {"steps": 2, "scheduler": "trailing"}):
        pictures = paint(waiting, seed=seed, **knobs)
        good = right(waiting, pictures)
        kept |= dict(zip(waiting, pictures, strict=True))
        waiting, seed = [prompt for prompt, fine in zip(waiting, good, strict=True) if not fine], seed + 50
        if not waiting:
            break
    return [kept[prompt] for prompt in prompts]


def _frugal_two_steps(paint, right, prompts):
    return paint(prompts, steps=2, scheduler="DPM-Solver++")


def _frugal_one_step(paint, right, prompts):
    return paint(prompts, steps=1, scheduler="trailing")


def _frugal_shipped(paint, right, prompts):
    return paint(prompts, steps=1)


def _frugal_only_good(paint, right, prompts):
    pictures = paint(prompts, steps=1, scheduler="trailing")
    return [picture for picture, good in zip(pictures, right(prompts, pictures), strict=True) if good]


def _frugal_out_of_order(paint, right, prompts):
    pictures = paint(prompts, steps=1, scheduler="trailing")
    good = right(prompts, pictures)
    again = [prompt for prompt, fine in zip(prompts, good, strict=True) if not fine]
    return [p for p, fine in zip(pictures, good, strict=True) if fine] + paint(again, steps=2, scheduler="trailing", seed=50)


EXERCISES = (
    Exercise(
        name="passes_needed",
        verify=_verify_passes,
        solution=passes_needed,
        hints=(
            "How many questions does a step ask for one picture? It depends on the guidance scale alone.",
            "The U-Net is asked twice when guidance is above 1, else once; each picture of a batch counts.",
            "`pictures * questions * asked`, where `asked` is the number of steps, and one more for PNDM.",
        ),
        wrong={
            "a batch counted once": Wrong(_passes_of_batch, because="every picture goes through"),
            "always two questions": Wrong(_passes_always_two, because="asks only once"),
            "always one question": Wrong(_passes_always_one, because="asks twice"),
            "PNDM like the others": Wrong(_passes_without_pndm, because="PNDM asks once more"),
        },
        other=_other_passes,
    ),
    Exercise(
        name="asked_timesteps",
        verify=_verify_timesteps,
        solution=asked_timesteps,
        hints=(
            "Write down both lists for four steps by hand and compare them with what the lesson printed.",
            "'leading': `[k * stride + 1 for k in …]` with a whole stride, the largest k first.",
            "'trailing': `round(trained - k * trained / steps) - 1`, k from 0 upwards. Refuse the rest with `raise ValueError`.",
        ),
        wrong={
            "upwards": Wrong(_timesteps_upwards, because="begins at the noisy end"),
            "no offset": Wrong(_timesteps_without_offset, because="offset of 1 is missing"),
            "from 1000": Wrong(_timesteps_from_1000, because="counted from 0"),
            "whole strides in trailing": Wrong(_timesteps_whole_strides, because="is not rounded"),
            "any spacing taken": Wrong(_timesteps_unguarded, because="should raise a ValueError"),
        },
        other=_other_timesteps,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="guided_in_range",
        verify=_verify_guided,
        solution=guided,
        hints=(
            "Two steps: the guided answer by the lesson's formula, then its calm version, then the mix.",
            "`tensor.std(dim=(1, 2, 3), keepdim=True)` gives one deviation a picture, in a shape that divides.",
            "`calm = over * with_prompt.std(…) / over.std(…)`, and `rescale * calm + (1 - rescale) * over`.",
        ),
        wrong={
            "deviation of the batch": Wrong(_guided_by_batch, because="take them for each picture"),
            "parts exchanged": Wrong(_guided_parts_exchanged, because="belongs to the calm answer"),
            "from the prompt's answer": Wrong(_guided_from_prompt, because="starts from the empty one"),
            "not rescaled": Wrong(_guided_only, because="not rescaled at all"),
            "changes its arguments": Wrong(_guided_in_place, because="changed what it was given"),
        },
        other=_other_guided,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="gentlest_lever",
        verify=_verify_gentlest,
        solution=gentlest,
        hints=(
            "Compute what each of the four ways needs, in order, and return the first that is not larger than the budget.",
            "All parts lie there in the first two ways; in the third the largest *part*, in the fourth the largest *layer* of any part.",
            'Weights and working values have the same bytes each: 4 for "single", else 2. `4 * (everything + working)` is the first.',
        ),
        wrong={
            "working values forgotten": Wrong(_gentlest_without_working, because="working values on top"),
            "strictly less": Wrong(_gentlest_strictly, because="exactly the budget still fits"),
            "largest layers only": Wrong(_gentlest_of_one_part, because="that does not fit"),
            "working values never halved": Wrong(_gentlest_single_working, because="2 bytes each as well"),
            "never gives up": Wrong(_gentlest_always_something, because="that does not fit"),
        },
        other=_other_gentlest,
    ),
    Exercise(
        name="frugal_painter",
        verify=_verify_frugal,
        solution=frugal,
        hints=(
            "Which scheduler got most prompts right with one pass? Begin with that, and ask `right` which prompts still wait.",
            "Paint only those again, with a better setting or another seed, and put each picture at the place of its prompt.",
            "One pass for all and two more for a third of them make 1.67 passes a picture. `enumerate` keeps the places.",
        ),
        wrong={
            "two steps for all": Wrong(_frugal_two_steps, because="Too expensive"),
            "one step for all": Wrong(_frugal_one_step, because="Not good enough"),
            "the scheduler as shipped": Wrong(_frugal_shipped, because="Not good enough"),
            "only the good ones": Wrong(_frugal_only_good, because="The good ones of the first round"),
            "out of order": Wrong(_frugal_out_of_order, because="at the place of its prompt"),
        },
        other=_other_frugal,
        seconds=_PATIENCE,
    ),
)
