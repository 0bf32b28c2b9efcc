"""The exercises of `05_diffusion/01_noise_and_back`: a ratio, a step, a push, a perfect memory, and a sampler of one's own."""

import functools
from itertools import pairwise

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 90.0  # seconds: the first check of a process may have to import torch and load the painter


def _schedules():
    """Returns schedules by name: tensors of β."""
    import torch

    curve = torch.cos(torch.arange(201) / 200 * 1.5) ** 2
    return {
        "straight": torch.linspace(0.0001, 0.02, 1000),
        "even": torch.full((60,), 0.05),
        "cosine": 1 - curve[1:] / curve[:-1],
        "steep": torch.tensor([0.6, 0.5, 0.9]),
    }


_RATIOS = (("straight", 1.0), ("straight", 0.1), ("even", 1.0), ("cosine", 0.5), ("steep", 1.0), ("even", 1e-6), ("steep", 0.1))


def _verify_drowned(answer):
    for name, ratio in _RATIOS:
        betas = _schedules()[name]
        found = call(answer, betas.clone(), ratio)
        where = f"For the {name} schedule of {len(betas)} steps (β from {betas[0]:.4f} to {betas[-1]:.4f}) and ratio {ratio:g}"
        try:
            whole = int(found)
        except (TypeError, ValueError, RuntimeError):
            refuse(f"{where}, expected a whole number and found {short(found)}.")
        expect(whole == found, f"{where}, expected a whole number and found {short(found)}.")
        expected = _drowned_by_walking(betas.tolist(), ratio)
        if whole == expected:
            continue
        told = f"found {whole}, expected {expected}."
        mistakes = {
            "a step's own 1 - β was taken; ᾱ is the product over all steps so far": _first_below((1 - betas) / betas, ratio),
            "the ratio is that of the variances, without roots": _first_below(
                ((1 - betas).cumprod(0) / (1 - (1 - betas).cumprod(0))).sqrt(), ratio
            ),
            "you compared ᾱ alone; the ratio divides it by 1 - ᾱ": _first_below((1 - betas).cumprod(0), ratio),
        }
        why = next((text for text, value in mistakes.items() if value == whole), "multiply 1 - β step by step and look at each ratio")
        expect(expected != -1, f"{where}, no time is that noisy: found {whole}, expected -1.")
        refuse(f"{where}, {why}: {told}")


def _first_below(ratios, ratio):
    times = (ratios < ratio).nonzero()
    return int(times[0]) if len(times) else -1


def _drowned_by_walking(betas, ratio):
    """Returns the first time below the ratio, one step after another; the oracle."""
    kept = 1.0
    for t, beta in enumerate(betas):
        kept *= 1 - beta
        if kept / (1 - kept) < ratio:
            return t
    return -1


def first_drowned(betas, ratio):
    alpha_bars = (1 - betas).cumprod(dim=0)
    times = (alpha_bars / (1 - alpha_bars) < ratio).nonzero()
    return int(times[0]) if len(times) else -1


def _other_drowned(betas, ratio):
    kept = 1.0
    for t, beta in enumerate(betas.tolist()):
        kept = kept * (1 - beta)
        if kept < ratio * (1 - kept):
            return t
    return -1


def _drowned_step_alone(betas, ratio):
    return _first_below((1 - betas) / betas, ratio)


def _drowned_by_roots(betas, ratio):
    kept = (1 - betas).cumprod(dim=0)
    return _first_below((kept / (1 - kept)).sqrt(), ratio)


def _drowned_without_none(betas, ratio):
    kept = (1 - betas).cumprod(dim=0)
    return int((kept / (1 - kept) < ratio).int().argmax())


def _verify_step(answer):
    import torch

    betas = torch.linspace(0.02, 0.3, 50)
    generator = torch.Generator().manual_seed(4)
    x, guess, fresh = (torch.randn(3, 5, generator=generator) for _ in range(3))
    for t in (20, 49, 1, 0):
        given = x.clone()
        found = call(answer, given, guess.clone(), t, betas.clone(), fresh.clone())
        where = f"At t = {t} of {len(betas)} steps"
        expect(
            isinstance(found, torch.Tensor) and found.shape == x.shape, f"{where}, expected a tensor of shape (3, 5), found {short(found)}."
        )
        expect(torch.equal(given, x), f"{where}, your function changed the picture that it was given. Return a new one.")
        expected = _step_by_posterior(x, guess, t, betas, fresh)
        if torch.allclose(found, expected, atol=1e-4):
            continue
        _explain_step(found, x, guess, t, betas, fresh, where)


def _explain_step(found, x, guess, t, betas, fresh, where):
    import torch

    alpha_bars = (1 - betas).cumprod(0)
    mean = _step_by_posterior(x, guess, t, betas, 0 * fresh)
    before = alpha_bars[t - 1] if t else torch.tensor(1.0)
    variance = (1 - before) / (1 - alpha_bars[t]) * betas[t]
    expect(t != 0, f"{where}, the picture is clean afterwards: the time before has ᾱ = 1, so the variance is 0 and only the mean is left.")
    mistakes = {
        "you added the variance times the noise; the noise is multiplied by its root": mean + variance * fresh,
        "the variance is β_t times (1 - ᾱ before) / (1 - ᾱ now), not β_t itself": mean + betas[t].sqrt() * fresh,
        "the mean is right and the fresh noise is missing": mean,
        "you divided by 1 - ᾱ; the formula divides by its root": (x - betas[t] / (1 - alpha_bars[t]) * guess) / (1 - betas[t]).sqrt()
        + variance.sqrt() * fresh,
        "you divided by the root of ᾱ_t; the step divides by that of α_t, which is 1 - β_t": (
            x - betas[t] / (1 - alpha_bars[t]).sqrt() * guess
        )
        / alpha_bars[t].sqrt()
        + variance.sqrt() * fresh,
    }
    why = next(
        (text for text, value in mistakes.items() if torch.allclose(found, value, atol=1e-4)), "compare mean and variance one by one"
    )
    refuse(f"{where}, {why}. The largest difference is {(found - _step_by_posterior(x, guess, t, betas, fresh)).abs().max():.3f}.")


def _step_by_posterior(x, guess, t, betas, fresh):
    """Returns the step as Bayes' rule has it, a mix of the guessed clean picture and x; the oracle."""
    import torch

    alpha_bars = torch.cat([torch.ones(1), (1 - betas).cumprod(0)])  # shifted by one: at 0 the clean picture
    before, now = alpha_bars[t], alpha_bars[t + 1]
    clean = (x - (1 - now).sqrt() * guess) / now.sqrt()
    mean = (before.sqrt() * betas[t] * clean + (1 - betas[t]).sqrt() * (1 - before) * x) / (1 - now)
    return mean + ((1 - before) / (1 - now) * betas[t]).sqrt() * fresh


def paper_step(x, guess, t, betas, fresh):
    alpha_bars = (1 - betas).cumprod(dim=0)
    mean = (x - betas[t] / (1 - alpha_bars[t]).sqrt() * guess) / (1 - betas[t]).sqrt()
    if t == 0:
        return mean
    variance = (1 - alpha_bars[t - 1]) / (1 - alpha_bars[t]) * betas[t]
    return mean + variance.sqrt() * fresh


def _other_step(x, guess, t, betas, fresh):
    now = float((1 - betas[: t + 1]).prod())
    before = float((1 - betas[:t]).prod())
    clean = (x - (1 - now) ** 0.5 * guess) / now**0.5
    spread = ((1 - before) / (1 - now) * (1 - now / before)) ** 0.5
    return before**0.5 * clean + max(1 - before - spread**2, 0.0) ** 0.5 * guess + spread * fresh


def _step_of_beta(x, guess, t, betas, fresh):
    mean = paper_step(x, guess, t, betas, 0 * fresh)
    return mean + (betas[t].sqrt() * fresh if t else 0)


def _step_wraps_around(x, guess, t, betas, fresh):
    kept = (1 - betas).cumprod(dim=0)
    mean = paper_step(x, guess, t, betas, 0 * fresh)
    return mean + ((1 - kept[t - 1]) / (1 - kept[t]) * betas[t]).sqrt() * fresh


def _step_without_root(x, guess, t, betas, fresh):
    kept = (1 - betas).cumprod(dim=0)
    mean = paper_step(x, guess, t, betas, 0 * fresh)
    return mean + ((1 - kept[t - 1]) / (1 - kept[t]) * betas[t]) * fresh if t else mean


def _step_of_mean(x, guess, t, betas, fresh):
    return paper_step(x, guess, t, betas, 0 * fresh)


def _step_divided_by_all(x, guess, t, betas, fresh):
    kept = (1 - betas).cumprod(dim=0)
    mean = (x - betas[t] / (1 - kept[t]).sqrt() * guess) / kept[t].sqrt()
    return mean + (((1 - kept[t - 1]) / (1 - kept[t]) * betas[t]).sqrt() * fresh if t else 0)


class _Listener:
    """A stand-in for a network: its guess depends on picture, time and label, and it notes its calls."""

    def __init__(self):
        self.rows = []

    def __call__(self, x, t, asked):
        self.rows.append((len(x), len(t), len(asked)))
        return x * (1 + asked.float()[:, None]) + (0.01 * t.float() * (asked + 2))[:, None]


def _verify_steered(answer):
    import torch

    for wanted, unwanted, weight, count in ((3, 8, 2.0, 4), (7, 10, 1.5, 1), (0, 9, 0.0, 3), (5, 5, 4.0, 2)):
        where = f"For wanted {wanted}, unwanted {unwanted}, weight {weight:g} and {count} pictures"
        listener = _Listener()
        guess = call(answer, listener, wanted, unwanted, weight)
        expect(callable(guess), f"{where}, expected a function of (x, t) and found {short(guess)}.")
        x, t = torch.randn(count, 6, generator=torch.Generator().manual_seed(count)), torch.arange(100, 100 + count)
        found = call(guess, x.clone(), t.clone())
        expect(
            isinstance(found, torch.Tensor) and found.shape == x.shape, f"{where}, expected shape {tuple(x.shape)}, found {short(found)}."
        )
        to, away = (_Listener()(x, t, torch.full((count,), label)) for label in (wanted, unwanted))
        expected = away + weight * (to - away)
        if not torch.allclose(found, expected, atol=1e-3):
            mistakes = {
                "wanted and unwanted are exchanged": to + weight * (away - to),
                "you began at the wanted guess; begin at the unwanted one, so that weight 1 gives the wanted one": to
                + weight * (to - away),
            }
            why = next(
                (text for text, value in mistakes.items() if torch.allclose(found, value, atol=1e-3)), "look at weights 0 and 1 first"
            )
            refuse(f"{where}, {why}: the first number is {found[0, 0]:.3f}, expected {expected[0, 0]:.3f}.")
        expect(
            listener.rows == [(2 * count,) * 3],
            f"{where}, the network was called {len(listener.rows)} times, with {[row[0] for row in listener.rows]} pictures. "
            f"Put both questions into one batch of {2 * count}.",
        )


def steered(ask, wanted, unwanted, weight):
    def guess(x, t):
        import torch

        labels = torch.tensor([wanted] * len(x) + [unwanted] * len(x))
        to, away = ask(torch.cat([x, x]), torch.cat([t, t]), labels).chunk(2)
        return away + weight * (to - away)

    return guess


def _other_steered(ask, wanted, unwanted, weight):
    def guess(x, t):
        labels = t.new_tensor([unwanted, wanted]).repeat(len(x))
        pairs = ask(x.repeat_interleave(2, dim=0), t.repeat_interleave(2), labels).unflatten(0, (len(x), 2))
        return (1 - weight) * pairs[:, 0] + weight * pairs[:, 1]

    return guess


def _steered_exchanged(ask, wanted, unwanted, weight):
    return steered(ask, unwanted, wanted, weight)


def _steered_in_two_calls(ask, wanted, unwanted, weight):
    def guess(x, t):
        to, away = (ask(x, t, t * 0 + label) for label in (wanted, unwanted))
        return away + weight * (to - away)

    return guess


def _steered_from_wanted(ask, wanted, unwanted, weight):
    return steered(ask, wanted, unwanted, weight + 1)


def _steered_with_numbers(ask, wanted, unwanted, weight):
    return lambda x, t: ask(x, t, unwanted) + weight * (ask(x, t, wanted) - ask(x, t, unwanted))


def _verify_by_heart(answer):
    import torch

    generator = torch.Generator().manual_seed(7)
    known = torch.rand(9, 16, generator=generator) * 2 - 1
    for kept in (0.3, 0.02, 0.8, 0.9999):
        kept_picture = kept**0.5 * known[:4] + (1 - kept) ** 0.5 * torch.randn(4, 16, generator=generator)
        found = call(answer, kept_picture.clone(), kept, known.clone())
        where = f"For ᾱ = {kept}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(
            found.shape == kept_picture.shape, f"{where}, the result has shape {tuple(found.shape)}; expected {tuple(kept_picture.shape)}."
        )
        expect(
            bool(found.isfinite().all()),
            f"{where}, the result holds nan: every exponential is 0 there, and 0 / 0 is no number. Let softmax take the exponents.",
        )
        expected = _belief(kept_picture, kept, known)
        if torch.allclose(found.double(), expected, atol=1e-3):
            continue
        mistakes = {
            "the known pictures must be made fainter, by the root of ᾱ, before the distance is taken": _belief(
                kept_picture, kept, known, faint=1.0
            ),
            "ᾱ itself was used to make the known pictures fainter; it is its root": _belief(kept_picture, kept, known, faint=kept),
            "the squared distance is divided by 2 (1 - ᾱ); the 2 is missing": _belief(kept_picture, kept, known, by=1 - kept),
            "the squared distance is divided by twice the noise's variance, 1 - ᾱ": _belief(kept_picture, kept, known, by=2.0),
            "you took the nearest known picture; the belief is a mean of all, weighted": known[
                torch.cdist(kept_picture, kept**0.5 * known).argmin(dim=1)
            ].double(),
            "the result is to be a mean of the known pictures as they are, not of the fainter ones": kept**0.5 * expected,
        }
        why = next(
            (text for text, value in mistakes.items() if torch.allclose(found.double(), value, atol=1e-3)), "compare the weights one by one"
        )
        refuse(f"{where}, {why}. The largest difference is {(found.double() - expected).abs().max():.3f}.")


def _belief(x, kept, known, faint=None, by=None):
    """Returns the weighted mean in double precision; the oracle, and with other numbers its neighbours."""
    faint = kept**0.5 if faint is None else faint
    squared = ((x.double()[:, None] - faint * known.double()[None]) ** 2).sum(dim=2)
    return (-squared / (2 * (1 - kept) if by is None else by)).softmax(dim=1) @ known.double()


def by_heart(x, alpha_bar, known):
    import torch

    squared = torch.cdist(x, alpha_bar**0.5 * known) ** 2
    return (-squared / (2 * (1 - alpha_bar))).softmax(dim=1) @ known


def _other_by_heart(x, alpha_bar, known):
    faint = alpha_bar**0.5 * known
    exponents = (x @ faint.T - (faint**2).sum(dim=1) / 2) / (1 - alpha_bar)  # the part of x alone is the same for all
    weights = (exponents - exponents.amax(dim=1, keepdim=True)).exp()
    return weights @ known / weights.sum(dim=1, keepdim=True)


def _by_heart_not_faint(x, alpha_bar, known):
    import torch

    return (-(torch.cdist(x, known) ** 2) / (2 * (1 - alpha_bar))).softmax(dim=1) @ known


def _by_heart_without_two(x, alpha_bar, known):
    import torch

    return (-(torch.cdist(x, alpha_bar**0.5 * known) ** 2) / (1 - alpha_bar)).softmax(dim=1) @ known


def _by_heart_nearest(x, alpha_bar, known):
    import torch

    return known[torch.cdist(x, alpha_bar**0.5 * known).argmin(dim=1)]


def _by_heart_by_hand(x, alpha_bar, known):
    import torch

    weights = (-(torch.cdist(x, alpha_bar**0.5 * known) ** 2) / (2 * (1 - alpha_bar)) - 100).exp()
    return weights @ known / weights.sum(dim=1, keepdim=True)


_ALLOWED, _READ, _VARIED, _DIGITS = 8, 0.85, 0.18, 60


def _verify_sampler(answer):
    import torch

    painter, reader, schedule, real = _painter()
    asked = torch.arange(_DIGITS) % 10
    noise = torch.randn(_DIGITS, 256, generator=torch.Generator().manual_seed(11))
    shown = 0

    def ask(x, t, asked):
        nonlocal shown
        shown += len(x)
        if shown > _ALLOWED * _DIGITS:
            refuse(f"The network saw more than {_ALLOWED} pictures a digit. With guidance each stop costs two: how many stops are left?")
        with torch.no_grad():
            return painter(x.reshape(-1, 1, 16, 16), t, class_labels=asked).sample.flatten(1)

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        found = call(answer, ask, asked.clone(), noise.clone(), schedule.clone())
    expect(
        isinstance(found, torch.Tensor) and found.shape == noise.shape,
        f"Expected digits of shape {tuple(noise.shape)}, found {short(found)}.",
    )
    expect(bool(found.isfinite().all()), "The digits hold nan or infinity. Is a root taken of a number that rounding made negative?")
    expect(shown > 0, "The network was never asked.")
    made = found.clamp(-1, 1)
    expect(torch.cdist(made, real).amin(dim=1).median() > 0.5, "These are real digits, copied. Paint new ones.")
    with torch.no_grad():
        said = reader(pixel_values=made.view(-1, 1, 16, 16).expand(-1, 3, -1, -1)).logits.argmax(dim=1)
    read = (said == asked).float().mean().item()
    varied = torch.stack([made[asked == digit].std(dim=0).mean() for digit in range(10)]).mean().item()
    told = f"read as asked {read:.2f} (at least {_READ} is asked for), variety {varied:.2f} (at least {_VARIED})"
    told = f"{told}, {shown / _DIGITS:g} pictures a digit"
    expect(read >= _READ, f"Too few are read as asked: {told}.")
    expect(varied >= _VARIED, f"They can be read and are too much alike: {told}.")
    return f"On {_DIGITS} digits: {told}."


@functools.cache
def _painter():
    """Returns the shipped painter, the reader, the painter's ᾱ, and real digits as the painter would draw them."""
    import torch
    from diffusers import DDIMScheduler, UNet2DModel
    from sklearn.datasets import load_digits
    from transformers import ViTForImageClassification
    from transformers.utils import logging

    from course_utils import checkpoint

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a bar would be taken for something that the answer printed
    reader = ViTForImageClassification.from_pretrained(checkpoint("digits"), dtype=torch.float32).eval()
    if shown:
        logging.enable_progress_bar()
    painter = UNet2DModel.from_pretrained(checkpoint("digit-painter"), torch_dtype=torch.float32).eval()
    schedule = DDIMScheduler.from_pretrained(checkpoint("digit-painter")).alphas_cumprod
    real = torch.tensor(load_digits().images, dtype=torch.float32)[:, None] / 8 - 1
    return painter, reader, schedule, torch.nn.functional.interpolate(real, scale_factor=2, mode="bilinear").flatten(1)


def own_sampler(ask, asked, noise, alpha_bars):
    import torch

    x, times = noise, [960, 720, 480, 240]  # four stops, two pictures each
    for t, earlier in pairwise([*times, -1]):
        now, then = alpha_bars[t], alpha_bars[earlier] if earlier >= 0 else torch.tensor(1.0)
        both = ask(torch.cat([x, x]), torch.full((2 * len(x),), t), torch.cat([asked, torch.full_like(asked, 10)]))
        told, free = both.chunk(2)
        guess = free + 1.5 * (told - free)
        clean = ((x - (1 - now).sqrt() * guess) / now.sqrt()).clamp(-1, 1)
        x = then.sqrt() * clean + ((1 - then) / (1 - now)).sqrt() * (x - now.sqrt() * clean)
    return x


def _walk(ask, asked, noise, alpha_bars, times, eta=0.0):
    """Returns digits after a walk without guidance."""
    import torch

    x = noise
    for t, earlier in pairwise([*times, -1]):
        now, then = alpha_bars[t], alpha_bars[earlier] if earlier >= 0 else torch.tensor(1.0)
        clean = ((x - (1 - now).sqrt() * ask(x, torch.full((len(x),), t), asked)) / now.sqrt()).clamp(-1, 1)
        guess = (x - now.sqrt() * clean) / (1 - now).sqrt()
        spread = eta * ((1 - then) / (1 - now) * (1 - now / then)).sqrt()
        x = then.sqrt() * clean + (1 - then - spread**2).clamp(min=0).sqrt() * guess + spread * torch.randn_like(x)
    return x


def _other_sampler(ask, asked, noise, alpha_bars):
    return _walk(ask, asked, noise, alpha_bars, range(950, 0, -125), eta=1.0)


def _sampler_in_one_stop(ask, asked, noise, alpha_bars):
    return _walk(ask, asked, noise, alpha_bars, [960])


def _sampler_of_many_stops(ask, asked, noise, alpha_bars):
    return _walk(ask, asked, noise, alpha_bars, range(960, -1, -40))


def _sampler_unasked(ask, asked, noise, alpha_bars):
    return _walk(ask, asked * 0 + 10, noise, alpha_bars, range(960, 0, -120))


def _sampler_without_noise(ask, asked, noise, alpha_bars):
    return _walk(ask, asked, noise * 0 + noise[:1], alpha_bars, range(960, 0, -120))


def _sampler_that_copies(ask, asked, noise, alpha_bars):
    import torch
    from sklearn.datasets import load_digits

    ask(noise, torch.full((len(noise),), 960), asked)
    found = load_digits()
    rows = [[k for k, target in enumerate(found.target) if target == digit][place] for place, digit in enumerate(asked.tolist())]
    chosen = torch.tensor(found.images[rows], dtype=torch.float32)[:, None] / 8 - 1
    return torch.nn.functional.interpolate(chosen, scale_factor=2, mode="bilinear").flatten(1)


EXERCISES = (
    Exercise(
        name="first_drowned",
        verify=_verify_drowned,
        solution=first_drowned,
        hints=(
            "From β to ᾱ it is one line of the lesson: the running product of 1 - β.",
            "`(ratios < ratio).nonzero()` gives all times below, in order; there may be none.",
        ),
        wrong={
            "each step alone": Wrong(_drowned_step_alone, because="the product over all steps"),
            "with roots": Wrong(_drowned_by_roots, because="without roots"),
            "no case for none": Wrong(_drowned_without_none, because="expected -1"),
        },
        other=_other_drowned,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="paper_step",
        verify=_verify_step,
        solution=paper_step,
        hints=(
            "Three numbers are needed: α_t, which is 1 - β_t; ᾱ_t, the product of all of them up to t; and ᾱ at the time before.",
            "`alpha_bars[t - 1]` at t = 0 is the *last* one: Python counts from the end. Treat that case by itself.",
            "Mean first, and return it at t = 0. Else add `variance.sqrt() * fresh`.",
        ),
        wrong={
            "β as the variance": Wrong(_step_of_beta, because="not β_t itself"),
            "the last ᾱ at t = 0": Wrong(_step_wraps_around, because="only the mean is left"),
            "variance without its root": Wrong(_step_without_root, because="multiplied by its root"),
            "the mean alone": Wrong(_step_of_mean, because="the fresh noise is missing"),
            "ᾱ in the place of α": Wrong(_step_divided_by_all, because="which is 1 - β_t"),
        },
        other=_other_step,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="steered",
        verify=_verify_steered,
        solution=steered,
        hints=(
            "It is the lesson's `guided` with another label in the place of `ANY`, and with labels that are fixed beforehand.",
            "Inside, the labels are a tensor of twice as many numbers as there are pictures: first all wanted, then all unwanted.",
            "`to, away = ask(torch.cat([x, x]), torch.cat([t, t]), labels).chunk(2)`, and start from `away`.",
        ),
        wrong={
            "exchanged": Wrong(_steered_exchanged, because="exchanged"),
            "two calls": Wrong(_steered_in_two_calls, because="one batch"),
            "from the wanted guess": Wrong(_steered_from_wanted, because="you began at the wanted guess"),
            "labels that are no tensors": Wrong(_steered_with_numbers, because="raised"),
        },
        other=_other_steered,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="by_heart",
        verify=_verify_by_heart,
        solution=by_heart,
        hints=(
            "`torch.cdist(x, y)` gives the distance of each row of x to each row of y: (pictures, count). Square it.",
            "Weights that are proportional to exponentials and sum to 1: that is softmax, which also keeps them from all becoming 0.",
            "Known pictures are made fainter for the distance; the mean is one of the known pictures as they are.",
        ),
        wrong={
            "known pictures at full strength": Wrong(_by_heart_not_faint, because="made fainter, by the root"),
            "without the 2": Wrong(_by_heart_without_two, because="the 2 is missing"),
            "the nearest alone": Wrong(_by_heart_nearest, because="a mean of all"),
            "exponentials by hand": Wrong(_by_heart_by_hand, because="0 / 0"),
        },
        other=_other_by_heart,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="own_sampler",
        verify=_verify_sampler,
        solution=own_sampler,
        hints=(
            "Start from the lesson's `back` and `sample`; begin with `x = noise`, and with eight stops and no guidance.",
            "The first stop must be noisy and not too noisy: near 960. The last jump goes to ᾱ = 1.",
            "Two ways that pass: eight stops without guidance, or four stops with a guidance between 1 and 2.",
        ),
        wrong={
            "one stop": Wrong(_sampler_in_one_stop, because="Too few are read"),
            "25 stops": Wrong(_sampler_of_many_stops, because="more than 8 pictures"),
            "unasked": Wrong(_sampler_unasked, because="Too few are read"),
            "the same noise for all": Wrong(_sampler_without_noise, because="too much alike"),
            "real digits": Wrong(_sampler_that_copies, because="copied"),
        },
        other=_other_sampler,
        seconds=_PATIENCE,
    ),
)
