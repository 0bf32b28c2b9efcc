"""The exercises of `05_diffusion/05_teaching_new_concepts`: a loss that preserves, targets, a mix, misfits, a word learned alone."""

import functools
import math

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 90.0  # seconds: the first check of a process may have to import torch
_LEARNING = 240.0  # seconds: textual inversion, on a busy machine


def _number(value):
    """Returns a float of a number or of a tensor with one element, else nan."""
    try:
        return float(value.detach()) if hasattr(value, "detach") else float(value)
    except (TypeError, ValueError, RuntimeError):
        return math.nan


_LOSSES = ((5, 3, 1.0), (5, 3, 0.5), (2, 6, 2.0), (4, 4, 0.0), (1, 7, 1.0))


def _verify_preserving(answer):
    import torch

    source = torch.Generator().manual_seed(3)
    for new, prior, weight in _LOSSES:
        found = torch.randn(new + prior, 4, 3, 3, generator=source)
        target = torch.randn(new + prior, 4, 3, 3, generator=source)
        target[new:] *= 3
        value = _number(call(answer, found.clone(), target.clone(), new, weight))
        squares = (found - target).square()
        one, other = float(squares[:new].mean()), float(squares[new:].mean())
        where = f"With {new} rows of the new thing, {prior} of the prior and weight {weight:g}"
        expect(not math.isnan(value), f"{where}, expected one number: the loss.")
        expected = one + weight * other
        if abs(value - expected) < 1e-4 * max(1, expected):
            continue
        mistakes = {
            "you took one mean over all rows; each part has a mean of its own": float(squares.mean()),
            "the weight belongs to the prior's rows, which come last": weight * one + other,
            "you left the weight out": one + other,
            "you left the prior out": one,
            "you summed where a mean is expected": float(squares[:new].sum()) + weight * float(squares[new:].sum()),
            "you divided by the sum of the weights; nothing is to be divided": (one + weight * other) / (1 + weight),
        }
        why = next((text for text, wrong in mistakes.items() if abs(value - wrong) < 1e-4 * max(1, wrong)), "compare each part by itself")
        refuse(f"{where}, {why}: found {value:.3f}, expected {expected:.3f}.")


def preserving_loss(found, target, new, weight):
    squares = (found - target) ** 2
    return squares[:new].mean() + weight * squares[new:].mean()


def _other_preserving(found, target, new, weight):
    total = 0.0
    for part, factor in ((slice(0, new), 1.0), (slice(new, len(found)), weight)):
        apart = (found[part] - target[part]).flatten()
        total = total + factor * apart.dot(apart) / apart.numel()
    return total


def _preserving_of_all(found, target, new, weight):
    return ((found - target) ** 2).mean()


def _preserving_exchanged(found, target, new, weight):
    squares = (found - target) ** 2
    return weight * squares[:new].mean() + squares[new:].mean()


def _preserving_unweighted(found, target, new, weight):
    squares = (found - target) ** 2
    return squares[:new].mean() + squares[new:].mean()


def _preserving_nothing(found, target, new, weight):
    return ((found - target) ** 2)[:new].mean()


_KINDS = ("epsilon", "sample", "v_prediction")


def _verify_target(answer):
    import torch

    source = torch.Generator().manual_seed(4)
    for share in (0.9, 0.25, 0.02):
        clean, noise = torch.randn(2, 3, 4, 4, generator=source), torch.randn(2, 3, 4, 4, generator=source)
        own, other = math.sqrt(share), math.sqrt(1 - share)
        right = {"epsilon": noise, "sample": clean, "v_prediction": own * noise - other * clean}
        for kind in _KINDS:
            found = call(answer, kind, clean.clone(), noise.clone(), share)
            where = f"For {kind!r} at a clean share of {share}"
            expect(getattr(found, "shape", None) == clean.shape, f"{where}, expected a tensor of the latents' shape; found {short(found)}.")
            if torch.allclose(found, right[kind], atol=1e-4):
                continue
            mistakes = {
                "you returned the noise": noise,
                "you returned the clean latent": clean,
                "you returned the noisy latent, which is what goes in": own * clean + other * noise,
                "you exchanged the two factors": other * noise - own * clean,
                "you took the shares without their square roots": share * noise - (1 - share) * clean,
                "the sign is turned round": other * clean - own * noise,
                "the clean part is subtracted": own * noise + other * clean,
            }
            why = next(
                (t for t, wrong in mistakes.items() if torch.allclose(found, wrong, atol=1e-4)), "look at the formula of the velocity"
            )
            refuse(f"{where}, {why}.")
    try:
        answer("velocity", torch.zeros(1), torch.zeros(1), 0.5)
    except ValueError:
        return
    except Exception as error:
        refuse(f"For the kind 'velocity', which no scheduler has, expected a ValueError; yours raises {type(error).__name__}.")
    refuse(
        "For the kind 'velocity', which no scheduler has, expected a ValueError; yours returns something: training on it would be silent."
    )


def training_target(kind, clean, noise, share):
    if kind == "epsilon":
        return noise
    if kind == "sample":
        return clean
    if kind == "v_prediction":
        return share**0.5 * noise - (1 - share) ** 0.5 * clean
    raise ValueError(f"{kind!r} is no prediction type.")


def _other_target(kind, clean, noise, share):
    angle = math.acos(math.sqrt(share))
    made = {"epsilon": (1.0, 0.0), "sample": (0.0, 1.0), "v_prediction": (math.cos(angle), -math.sin(angle))}
    if kind not in made:
        raise ValueError(kind)
    return made[kind][0] * noise + made[kind][1] * clean


def _target_noise(kind, clean, noise, share):
    return noise


def _target_exchanged(kind, clean, noise, share):
    velocity = (1 - share) ** 0.5 * noise - share**0.5 * clean
    return {"epsilon": noise, "sample": clean, "v_prediction": velocity}[kind]


def _target_without_roots(kind, clean, noise, share):
    return {"epsilon": noise, "sample": clean, "v_prediction": share * noise - (1 - share) * clean}[kind]


def _target_for_anything(kind, clean, noise, share):
    velocity = share**0.5 * noise - (1 - share) ** 0.5 * clean
    return {"epsilon": noise, "sample": clean}.get(kind, velocity)


_MIXES = (
    ((5, 7), ((2, 2, 1.0),)),
    ((5, 7), ((2, 4, 0.5),)),
    ((6, 4), ((3, 3, 1.0), (1, 4, 0.7))),
    ((4, 4), ((2, 8, 0.0), (4, 2, 1.5), (1, 1, -1.0))),
    ((3, 8), ()),
)


def _verify_mixed(answer):
    import torch

    source = torch.Generator().manual_seed(5)
    for (outputs, inputs), plan in _MIXES:
        base = torch.randn(outputs, inputs, generator=source)
        adapters = [
            {"A": torch.randn(rank, inputs, generator=source), "B": torch.randn(outputs, rank, generator=source), "alpha": alpha}
            for rank, alpha, _ in plan
        ]
        weights = [weight for _, _, weight in plan]
        given = base.clone()
        found = call(answer, given, adapters, weights)
        where = f"For {len(plan)} adapters of rank {[p[0] for p in plan]}, alpha {[p[1] for p in plan]}, weights {weights}"
        expect(torch.equal(given, base), f"{where}, you changed the base in place: it could not be unfused. Return a new matrix.")
        expect(getattr(found, "shape", None) == base.shape, f"{where}, expected a matrix of the base's shape; found {short(found)}.")
        changes = [a["B"] @ a["A"] for a in adapters]
        scaled = [c * a["alpha"] / len(a["A"]) for c, a in zip(changes, adapters, strict=True)]
        if torch.allclose(found, base + sum(w * c for w, c in zip(weights, scaled, strict=True)), atol=1e-4):
            continue
        mistakes = {
            "you left the scaling alpha / rank out": base + sum(w * c for w, c in zip(weights, changes, strict=True)),
            "you left the weights out": base + sum(scaled),
            "the base is missing": sum(w * c for w, c in zip(weights, scaled, strict=True)),
            "you took the last adapter alone": base + (weights[-1] * scaled[-1] if plan else 0),
            "you took the mean of the adapters; they add": base
            + sum(w * c for w, c in zip(weights, scaled, strict=True)) / max(1, len(plan)),
        }
        alike = {text: wrong for text, wrong in mistakes.items() if getattr(wrong, "shape", None) == found.shape}
        why = next(
            (t for t, wrong in alike.items() if torch.allclose(found, wrong, atol=1e-4)), "add weight × (alpha / rank) × B A for each"
        )
        refuse(f"{where}, {why}.")


def mixed_weight(base, adapters, weights):
    mixed = base.clone()
    for adapter, weight in zip(adapters, weights, strict=True):
        rank = adapter["A"].shape[0]
        mixed = mixed + weight * adapter["alpha"] / rank * adapter["B"] @ adapter["A"]
    return mixed


def _other_mixed(base, adapters, weights):
    total = base * 1.0
    for k in range(len(adapters)):
        thin, wide = adapters[k]["A"], adapters[k]["B"]
        for row, column in zip(thin, wide.T, strict=True):
            total = total + column[:, None] * row[None, :] * (weights[k] * adapters[k]["alpha"] / len(thin))
    return total


def _mixed_unscaled(base, adapters, weights):
    return base + sum(w * a["B"] @ a["A"] for a, w in zip(adapters, weights, strict=True))


def _mixed_unweighted(base, adapters, weights):
    return base + sum(a["alpha"] / len(a["A"]) * a["B"] @ a["A"] for a in adapters)


def _mixed_in_place(base, adapters, weights):
    for a, w in zip(adapters, weights, strict=True):
        base += w * a["alpha"] / len(a["A"]) * a["B"] @ a["A"]
    return base


def _mixed_last(base, adapters, weights):
    mixed = base
    for a, w in zip(adapters, weights, strict=True):
        mixed = base + w * a["alpha"] / len(a["A"]) * a["B"] @ a["A"]
    return mixed


_MODEL = {"down.0.to_q": (64, 64), "down.0.to_k": (64, 128), "mid.to_v": (128, 128), "up.0.to_out": (32, 96)}
_FILES = {
    "one that fits": ({"down.0.to_q": ((4, 64), (64, 4)), "down.0.to_k": ((8, 128), (64, 8))}, []),
    "one with a strange layer": ({"down.0.to_q": ((4, 64), (64, 4)), "blocks.7.to_q": ((4, 64), (64, 4))}, ["blocks.7.to_q"]),
    "one of another family": (
        {"blocks.0.to_q": ((4, 64), (64, 4)), "blocks.1.to_q": ((4, 64), (64, 4))},
        ["blocks.0.to_q", "blocks.1.to_q"],
    ),
    "one for narrower words": ({"down.0.to_k": ((4, 64), (64, 4)), "mid.to_v": ((4, 128), (128, 4))}, ["down.0.to_k"]),
    "one with wider outputs": ({"mid.to_v": ((2, 128), (256, 2)), "up.0.to_out": ((2, 96), (32, 2))}, ["mid.to_v"]),
    "one whose factors are of two ranks": ({"up.0.to_out": ((4, 96), (32, 8)), "mid.to_v": ((1, 128), (128, 1))}, ["up.0.to_out"]),
    "one for the turned matrix": ({"up.0.to_out": ((4, 32), (96, 4))}, ["up.0.to_out"]),
    "an empty one": ({}, []),
}


def _verify_misfits(answer):
    for name, (file, expected) in _FILES.items():
        found = call(answer, dict(file), dict(_MODEL))
        where = f"For {name}, {file},"
        expect(isinstance(found, list | tuple | set), f"{where} expected a list of names and found {short(found)}.")
        missed, wrong = [n for n in expected if n not in found], [n for n in found if n not in expected]
        if missed and missed[0] not in _MODEL:
            refuse(f"{where} you let {missed[0]!r} pass, a layer that the model does not have: it would be ignored in silence.")
        if missed:
            (rank, inputs), (outputs, other) = file[missed[0]]
            asks = f"A ({rank}, {inputs}) and B ({outputs}, {other}) on a matrix of {_MODEL[missed[0]]}"
            refuse(f"{where} you let {missed[0]!r} pass: {asks}. Compare inputs, outputs and both ranks.")
        expect(not wrong, f"{where} you refuse {wrong[:1]}, which fits. Any rank fits, and no adapter need touch every layer.")
        expect(len(found) == len(expected), f"{where} expected each name once and found {short(found)}.")


def misfits(adapter, layers):
    wrong = []
    for name, ((rank, inputs), (outputs, same_rank)) in adapter.items():
        if layers.get(name) != (outputs, inputs) or rank != same_rank:
            wrong.append(name)
    return wrong


def _other_misfits(adapter, layers):
    fits = {name for name, (a, b) in adapter.items() if name in layers and (b[0], a[1]) == tuple(layers[name]) and a[0] == b[1]}
    return sorted(set(adapter) - fits)


def _misfits_by_name(adapter, layers):
    return [name for name in adapter if name not in layers]


def _misfits_by_inputs(adapter, layers):
    return [name for name, (a, _) in adapter.items() if name not in layers or layers[name][1] != a[1]]


def _misfits_of_known(adapter, layers):
    return [n for n, (a, b) in adapter.items() if n in layers and ((b[0], a[1]) != layers[n] or a[0] != b[1])]


def _misfits_of_the_model(adapter, layers):
    return [name for name in layers if name not in adapter] + [name for name in adapter if name not in layers]


@functools.cache
def _painter():
    """Returns what a word is learned with: the frozen parts, five stars as latents, their captions' ids, and the gap's id."""
    import torch
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging

    from course_utils import checkpoint

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a bar would be taken for something that the answer printed
    diffusers_logging.disable_progress_bar()
    pipe = StableDiffusionPipeline.from_pretrained(checkpoint("text-to-image"))
    if shown:
        logging.enable_progress_bar()
    for part in (pipe.unet, pipe.text_encoder, pipe.vae):
        part.requires_grad_(False)
    with torch.no_grad():
        clean = pipe.vae.encode(_stars()).latent_dist.mean * pipe.vae.config.scaling_factor
    said = [f"a {colour} *" for colour in _INKS]
    ids = pipe.tokenizer(said, padding="max_length", truncation=True, return_tensors="pt")["input_ids"]
    gap = pipe.tokenizer("*")["input_ids"][1]
    start = pipe.text_encoder.get_input_embeddings().weight[pipe.tokenizer("flower")["input_ids"][1]].clone()
    return pipe, clean, ids, gap, start


_INKS = {"yellow": (246, 205, 60), "red": (214, 48, 49), "blue": (45, 95, 205), "green": (40, 150, 70), "pink": (245, 150, 190)}


def _stars():
    """Returns five drawn stars, from -1 to 1."""
    import numpy
    import torch
    from PIL import Image, ImageDraw

    made = []
    for k, ink in enumerate(_INKS.values()):
        picture = Image.new("RGB", (256, 256), (233, 227, 215))
        far = [(70 + 5 * k) * (1 - 0.55 * (i % 2)) for i in range(10)]
        rim = [(128 + r * math.sin(math.pi * i / 5), 132 - r * math.cos(math.pi * i / 5)) for i, r in enumerate(far)]
        pen = ImageDraw.Draw(picture)
        pen.polygon(rim, fill=ink)
        pen.line([*rim, *rim[:2]], fill=(32, 32, 36), width=6, joint="curve")
        made.append(numpy.array(picture.resize((64, 64), Image.Resampling.BOX), dtype=numpy.float32))
    return torch.from_numpy(numpy.stack(made)).permute(0, 3, 1, 2) / 127.5 - 1


def _word_loss(vector, generator):
    """Returns the painter's loss on the five stars, with this vector as the embedding of the gap."""
    import torch
    from torch.func import functional_call

    pipe, clean, ids, gap, _ = _painter()
    key = next(name for name, _ in pipe.text_encoder.named_parameters() if name.endswith("token_embedding.weight"))
    table = pipe.text_encoder.get_input_embeddings().weight
    row = (torch.arange(len(table)) == gap)[:, None]
    words = functional_call(pipe.text_encoder, {key: torch.where(row, vector, table)}, (ids,)).last_hidden_state
    times = ((torch.randperm(5, generator=generator) + torch.rand(5, generator=generator)) * 200).long()
    noise = torch.randn(clean.shape, generator=generator)
    found = pipe.unet(pipe.scheduler.add_noise(clean, noise, times), times, words).sample
    return (found - pipe.scheduler.get_velocity(clean, noise, times)).square().mean()


_CALLS, _LESS = 60, 0.975


def _verify_word(answer):
    import torch

    start = _painter()[-1]
    torch.manual_seed(0)
    source, calls = torch.Generator().manual_seed(1), []

    def loss_of(vector):
        calls.append(1)
        expect(len(calls) <= _CALLS, f"You asked for the loss more than {_CALLS} times. Use a larger rate and fewer steps.")
        expect(getattr(vector, "shape", None) == start.shape, f"loss_of wants a tensor of {len(start)} numbers; found {short(vector)}.")
        return _word_loss(vector, source)

    given = start.clone()
    try:
        found = answer(loss_of, given)
    except Exception as error:
        if type(error).__name__ in ("Mistake", "TimeLimitReached"):
            raise
        refuse(f"Your function raised {type(error).__name__}: {' '.join(str(error).split())[:120]}")
    expect(
        torch.is_tensor(found) and found.shape == start.shape, f"Expected the learned vector of {len(start)} numbers; found {short(found)}."
    )
    expect(bool(found.isfinite().all()), "The vector holds numbers that are not finite. Use a smaller rate.")
    expect(
        not torch.equal(found.detach(), start),
        "That is the vector that you were given. Move it against its gradient, or return the moved one.",
    )
    before, after = _mean_loss(start), _mean_loss(found.detach())
    told = f"the loss on new noise was {before:.3f} with the start and is {after:.3f} with your vector"
    expect(after < before, f"It has become worse: {told}. Does each step go against the gradient, and is the rate small enough?")
    expect(
        after <= _LESS * before,
        f"A little better, but {told}; at most {_LESS:.1%} of the start is asked for. More steps, or a larger rate?",
    )
    return f"{told[0].upper()}{told[1:]}, after {len(calls)} looks. DreamBooth goes lower: it may change the painter."


def _mean_loss(vector):
    import torch

    with torch.no_grad():
        return sum(float(_word_loss(vector, torch.Generator().manual_seed(900 + k))) for k in range(6)) / 6


def learn_word(loss_of, start):
    import torch

    vector = start.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([vector], lr=0.05)
    for step in range(30):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / 30)
        loss = loss_of(vector)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return vector.detach()


def _other_word(loss_of, start):
    import torch

    vector, speed = start.clone(), torch.zeros_like(start)
    for step in range(30):
        leaf = vector.clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(loss_of(leaf), leaf)
        speed = 0.8 * speed + slope / (slope.norm() + 1e-8)
        vector = vector - 0.12 * (1 - step / 30) * speed
    return vector


def _word_unchanged(loss_of, start):
    return start


def _word_uphill(loss_of, start):
    import torch

    leaf = start.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(loss_of(leaf), leaf)
    return start + 8 * slope / slope.norm()


def _word_of_zeros(loss_of, start):
    return start * 0


def _word_timid(loss_of, start):
    import torch

    leaf = start.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(loss_of(leaf), leaf)
    return start - 0.05 * slope / slope.norm()


def _word_greedy_of_time(loss_of, start):
    for _ in range(100):
        loss = loss_of(start)
    return start - float(loss.detach())


EXERCISES = (
    Exercise(
        name="preserving_loss",
        verify=_verify_preserving,
        solution=preserving_loss,
        hints=(
            "Two losses: one of the first `new` rows, one of the rest. Each is a mean over all of its own numbers.",
            "`squares = (found - target) ** 2`, then `squares[:new]` and `squares[new:]`.",
            "`squares[:new].mean() + weight * squares[new:].mean()`",
        ),
        wrong={
            "one mean over all": Wrong(_preserving_of_all, because="one mean over all rows"),
            "weight on the new thing": Wrong(_preserving_exchanged, because="the weight belongs to the prior"),
            "no weight": Wrong(_preserving_unweighted, because="left the weight out"),
            "no prior": Wrong(_preserving_nothing, because="left the prior out"),
        },
        other=_other_preserving,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="training_target",
        verify=_verify_target,
        solution=training_target,
        hints=(
            "Three names, three answers; anything else is an error that should be loud.",
            "`share` is the clean part's share of the variance: the noisy latent is √share · clean + √(1 - share) · noise.",
            "The velocity is √share · noise - √(1 - share) · clean. End with `raise ValueError(...)`.",
        ),
        wrong={
            "always the noise": Wrong(_target_noise, because="you returned the noise"),
            "factors exchanged": Wrong(_target_exchanged, because="exchanged the two factors"),
            "no square roots": Wrong(_target_without_roots, because="without their square roots"),
            "silent for an unknown kind": Wrong(_target_for_anything, because="would be silent"),
        },
        other=_other_target,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="mixed_weight",
        verify=_verify_mixed,
        solution=mixed_weight,
        hints=(
            "Each adapter's change is B @ A, of the base's shape. Two factors stand before it.",
            "The rank is the number of A's rows; the scaling is alpha / rank. The weight is what set_adapters would be given.",
            "Begin with `base.clone()` and add `weight * alpha / rank * B @ A` for each adapter.",
        ),
        wrong={
            "no scaling": Wrong(_mixed_unscaled, because="left the scaling"),
            "no weights": Wrong(_mixed_unweighted, because="left the weights out"),
            "in place": Wrong(_mixed_in_place, because="in place"),
            "last adapter alone": Wrong(_mixed_last, because="the last adapter alone"),
        },
        other=_other_mixed,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="misfits",
        verify=_verify_misfits,
        solution=misfits,
        hints=(
            "Four things must hold: the name is known, A's columns are the inputs, B's rows the outputs, and A's rows are B's columns.",
            "`for name, ((rank, inputs), (outputs, same_rank)) in adapter.items():` names all four numbers.",
            "`layers.get(name) != (outputs, inputs)` is True for an unknown name as well.",
        ),
        wrong={
            "names alone": Wrong(_misfits_by_name, because="Compare inputs, outputs and both ranks"),
            "names and inputs": Wrong(_misfits_by_inputs, because="Compare inputs, outputs and both ranks"),
            "unknown names pass": Wrong(_misfits_of_known, because="ignored in silence"),
            "every layer must be touched": Wrong(_misfits_of_the_model, because="no adapter need touch every layer"),
        },
        other=_other_misfits,
    ),
    Exercise(
        name="learn_word",
        verify=_verify_word,
        solution=learn_word,
        hints=(
            "It is a training loop with one parameter: `vector = start.clone().requires_grad_(True)`.",
            "Adam with a rate of some hundredths moves a vector of this size well; thirty steps are enough. Each look draws new noise.",
            "loss = loss_of(vector); zero_grad; loss.backward(); step. Let the rate fall to zero, and return `vector.detach()`.",
        ),
        wrong={
            "unchanged": Wrong(_word_unchanged, because="the vector that you were given"),
            "uphill": Wrong(_word_uphill, because="become worse"),
            "zeros": Wrong(_word_of_zeros, because="become worse"),
            "one timid step": Wrong(_word_timid, because="A little better"),
            "too many looks": Wrong(_word_greedy_of_time, because="more than 60 times"),
        },
        other=_other_word,
        seconds=_LEARNING,
    ),
)
