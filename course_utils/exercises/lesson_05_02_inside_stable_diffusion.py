"""The exercises of `05_diffusion/02_inside_stable_diffusion`: a latent's size, unread words, three conventions, a word's map, a blend."""

import functools

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 90.0  # seconds: the first check of a process may have to import torch and load a model


_SIZES = (
    (64, 64, (32, 64, 64), 4),
    (512, 512, (128, 256, 512, 512), 4),
    (96, 32, (32, 64), 3),
    (1024, 768, (128, 256, 512, 512), 16),
    (40, 24, (64,), 2),
)


def _verify_size(answer):
    for height, width, blocks, channels in _SIZES:
        where = f"For {height} by {width} pixels, blocks {list(blocks)} and {channels} channels"
        found = call(answer, height, width, list(blocks), channels)
        expect(
            isinstance(found, tuple | list) and len(found) == 2 and isinstance(found[0], tuple | list) and len(found[0]) == 3,
            f"{where}, expected ((channels, height, width), ratio) and found {short(found)}.",
        )
        shape, ratio = tuple(found[0]), found[1]
        times = 1
        for _ in blocks[1:]:
            times *= 2
        expected = (channels, height // times, width // times)
        expect(
            len(blocks) < 2 or shape != (channels, expected[1] // 2, expected[2] // 2),
            f"{where}, you halved once for every block, and found {shape}; the last block does not halve: expected {expected}.",
        )
        expect(sorted(shape) != sorted(expected) or shape == expected, f"{where}, found {shape}; expected the order {expected}.")
        expect(shape == expected, f"{where}, found the shape {shape}; expected {expected}: each block but the last halves both sides.")
        numbers = expected[0] * expected[1] * expected[2]
        right = 3 * height * width / numbers
        expect(isinstance(ratio, int | float), f"{where}, the second value is {short(ratio)}; expected a number.")
        mistakes = {
            "you left out the picture's three colours": right / 3,
            "you left out the latent's channels": right * channels,
            "that is the latent divided by the picture; it is asked the other way round": 1 / right,
        }
        why = next((text for text, value in mistakes.items() if abs(ratio - value) < 1e-6), "divide the picture's numbers by the latent's")
        expect(abs(ratio - right) < 1e-6 * right, f"{where}, {why}: found {ratio:g}, expected {right:g}.")


def latent_size(height, width, blocks, channels):
    times = 2 ** (len(blocks) - 1)
    shape = (channels, height // times, width // times)
    return shape, 3 * height * width / (shape[0] * shape[1] * shape[2])


def _other_size(height, width, blocks, channels):
    small, wide = height, width
    for _ in list(blocks)[1:]:
        small, wide = small // 2, wide // 2
    return [channels, small, wide], 3 * (height / small) * (width / wide) / channels


def _size_all_halve(height, width, blocks, channels):
    return latent_size(height, width, [*blocks, 1], channels)


def _size_without_colours(height, width, blocks, channels):
    shape, ratio = latent_size(height, width, blocks, channels)
    return shape, ratio / 3


def _size_without_channels(height, width, blocks, channels):
    shape, ratio = latent_size(height, width, blocks, channels)
    return shape, ratio * channels


def _size_upside_down(height, width, blocks, channels):
    shape, ratio = latent_size(height, width, blocks, channels)
    return shape, 1 / ratio


def _size_channels_last(height, width, blocks, channels):
    (depth, small, wide), ratio = latent_size(height, width, blocks, channels)
    return (small, wide, depth), ratio


def _size_always_four(height, width, blocks, channels):
    return (channels, height // 4, width // 4), 3 * 16 / channels


_LONG = "there is a big red ball to the left of a small blue box in the garden and a green tree behind a white cup on the beach at night"
_TEXTS = (
    "a red ball",
    "",
    _LONG,
    "a picture of a red ball on a blue box for my grandmother, at night",
    "a grey hat " * 10,
    "a crimson dragon beside a purple table",
)


def _verify_unread(answer):
    for limit, tokenizer in _tokenizers().items():
        for prompt in _TEXTS:
            found = call(answer, tokenizer, prompt)
            where = f"For {short(prompt)} and a length of {limit}"
            expect(isinstance(found, str), f"{where}, expected a text and found {short(found)}.")
            _judge_unread(found, tokenizer, prompt, limit, where)
    return "These words cost you tokens and do nothing."


def _judge_unread(found, tokenizer, prompt, limit, where):
    pieces = tokenizer.tokenize(prompt)
    kept = limit - 2
    expected = _joined(pieces[kept:]).strip()
    if found == expected:
        return
    expect("<|" not in found, f"{where}, your text holds a mark, {short(found)}. The end mark is kept, and it is no word of the prompt.")
    expect(found.strip() == found, f"{where}, your text {short(found)} has spaces around it.")
    mistakes = {
        "you left no room for the two marks": limit,
        "you left no room for one of the two marks": limit - 1,
    }
    told = f"found {short(found)}, expected {short(expected)}."
    for why, place in mistakes.items():
        expect(found != _joined(pieces[place:]).strip(), f"{where}, {why}: {told}")
    expect(found != _joined(pieces[:kept]).strip(), f"{where}, that is what was read; the rest is asked for: {told}")
    expect(
        found not in (" ".join(prompt.split()[kept:]), " ".join(prompt.split()[limit:])),
        f"{where}, you counted words; the limit counts tokens, and an unknown word has many: {told}",
    )
    refuse(f"{where}, {told}")


def _joined(pieces):
    """Returns pieces of words as a text; the oracle's way back."""
    return "".join(pieces).replace("</w>", " ")


def unread(tokenizer, prompt):
    ids = tokenizer(prompt)["input_ids"]
    lost = ids[tokenizer.model_max_length - 1 : -1]
    return tokenizer.decode(lost).strip()


def _other_unread(tokenizer, prompt):
    pieces = tokenizer.tokenize(prompt)
    return "".join(pieces[tokenizer.model_max_length - 2 :]).replace("</w>", " ").strip()


def _unread_without_marks(tokenizer, prompt):
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    return tokenizer.decode(ids[tokenizer.model_max_length :]).strip()


def _unread_with_end(tokenizer, prompt):
    ids = tokenizer(prompt)["input_ids"]
    return tokenizer.decode(ids[tokenizer.model_max_length - 1 :]).strip()


def _unread_words(tokenizer, prompt):
    return " ".join(prompt.split()[tokenizer.model_max_length - 2 :])


def _what_was_read(tokenizer, prompt):
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    return tokenizer.decode(ids[: tokenizer.model_max_length - 2]).strip()


def _unread_of_32(tokenizer, prompt):
    return tokenizer.decode(tokenizer(prompt)["input_ids"][31:-1]).strip()


def _unread_one_early(tokenizer, prompt):
    ids = tokenizer(prompt)["input_ids"]
    return tokenizer.decode(ids[tokenizer.model_max_length : -1]).strip()


@functools.cache
def _tokenizers():
    """Returns the painter's tokenizer with three lengths."""
    from transformers import CLIPTokenizer

    from course_utils import checkpoint

    folder = f"{checkpoint('text-to-image')}/tokenizer"
    return {limit: CLIPTokenizer.from_pretrained(folder, model_max_length=limit) for limit in (32, 12, 20)}


_KINDS = ("epsilon", "v_prediction", "sample")


def _verify_kinds(answer):
    import torch

    clean, noise = torch.randn(2, 3, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    for a in (0.9, 0.5, 0.08):
        noisy = a**0.5 * clean + (1 - a) ** 0.5 * noise
        velocity = a**0.5 * noise - (1 - a) ** 0.5 * clean
        for kind, prediction in zip(_KINDS, (noise, velocity, clean), strict=True):
            given = noisy.clone(), prediction.clone()
            found = call(answer, *given, a, kind)
            where = f"For a={a} and {kind!r}"
            expect(
                isinstance(found, tuple | list) and len(found) == 2 and all(isinstance(one, torch.Tensor) for one in found),
                f"{where}, expected two tensors, the clean latent and the noise; found {short(found)}.",
            )
            expect(torch.equal(given[0], noisy) and torch.equal(given[1], prediction), f"{where}, your function changed what it was given.")
            _judge_kind(found, (clean, noise), (noisy, prediction, a), where)
    return "The same three lines stand in every scheduler."


def _judge_kind(found, right, given, where):
    import torch

    def equal(one, other):
        return one.shape == other.shape and torch.allclose(one, other, atol=1e-3)

    if equal(found[0], right[0]) and equal(found[1], right[1]):
        return
    noisy, prediction, a = given
    expect(not (equal(found[0], right[1]) and equal(found[1], right[0])), f"{where}, the two are swapped: the clean latent comes first.")
    swapped = (1 - a) ** 0.5 * noisy - a**0.5 * prediction
    expect(not equal(found[0], swapped), f"{where}, √a and √(1 − a) are swapped in your clean latent.")
    without_root = a * noisy - (1 - a) * prediction, (noisy - (1 - a) * prediction) / a
    expect(not any(equal(found[0], one) for one in without_root), f"{where}, a is a share of the variance: take its square root.")
    expect(not equal(found[0], noisy - (1 - a) ** 0.5 * prediction), f"{where}, without the noise, √a · clean is left: divide by √a.")
    expect(not equal(found[0], prediction), f"{where}, you took the prediction itself for the clean latent; that is so for 'sample' alone.")
    expect(not equal(found[1], prediction), f"{where}, you took the prediction itself for the noise; that is so for 'epsilon' alone.")
    which = "noise" if equal(found[0], right[0]) else "clean latent"
    refuse(f"{where}, the {which} is not what the prediction stands for. Start from noisy = √a · clean + √(1 − a) · noise.")


def clean_and_noise(noisy, prediction, a, kind):
    signal, spread = a**0.5, (1 - a) ** 0.5
    if kind == "v_prediction":
        return signal * noisy - spread * prediction, signal * prediction + spread * noisy
    if kind == "epsilon":
        return (noisy - spread * prediction) / signal, prediction
    return prediction, (noisy - signal * prediction) / spread


def _other_kinds(noisy, prediction, a, kind):
    if kind == "epsilon":
        clean = (noisy - (1 - a) ** 0.5 * prediction) / a**0.5
    elif kind == "sample":
        clean = prediction
    else:
        clean = a**0.5 * noisy - (1 - a) ** 0.5 * prediction
    return clean, (noisy - a**0.5 * clean) / (1 - a) ** 0.5


def _kinds_all_velocity(noisy, prediction, a, kind):
    return clean_and_noise(noisy, prediction, a, "v_prediction") if kind != "epsilon" else (prediction, prediction)


def _kinds_swapped(noisy, prediction, a, kind):
    return clean_and_noise(noisy, prediction, a, kind)[::-1]


def _kinds_without_root(noisy, prediction, a, kind):
    if kind == "epsilon":
        return (noisy - (1 - a) * prediction) / a, prediction
    return clean_and_noise(noisy, prediction, a, kind)


def _kinds_not_divided(noisy, prediction, a, kind):
    if kind == "epsilon":
        return noisy - (1 - a) ** 0.5 * prediction, prediction
    return clean_and_noise(noisy, prediction, a, kind)


def _kinds_roots_swapped(noisy, prediction, a, kind):
    if kind == "v_prediction":
        return (1 - a) ** 0.5 * noisy - a**0.5 * prediction, a**0.5 * prediction + (1 - a) ** 0.5 * noisy
    return clean_and_noise(noisy, prediction, a, kind)


def _kinds_noise_is_velocity(noisy, prediction, a, kind):
    clean, noise = clean_and_noise(noisy, prediction, a, kind)
    return clean, prediction if kind == "v_prediction" else noise


def _verify_map(answer):
    import torch

    generator = torch.Generator().manual_seed(1)
    for widths, heads, places, size in (
        ((4,), 1, [2], 4),
        ((2,), 3, [0, 1], 4),
        ((4, 2), 2, [5], 8),
        ((8, 4, 4), 4, [3, 4, 6], 16),
        ((1, 2), 2, [1], 2),
    ):
        weights = [torch.randn(heads, width**2, 7, generator=generator).softmax(dim=-1) for width in widths]
        found = call(answer, [one.clone() for one in weights], list(places), size)
        where = f"For layers {' and '.join(f'{width} wide' for width in widths)}, tokens {places} and size {size}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(found.shape == (size, size), f"{where}, your map has the shape {tuple(found.shape)}; expected ({size}, {size}).")
        _judge_map(found, weights, places, size, where)


def _judge_map(found, weights, places, size, where):
    import torch

    def equal(other):
        return torch.allclose(found.float(), other, atol=1e-5)

    right = _map_by_cells(weights, places, size)
    if equal(right):
        return
    expect(not equal(right.T), f"{where}, your map is mirrored: pixels come row by row.")
    expect(not equal(right / len(places)), f"{where}, you took the mean over the word's tokens; add them up.")
    expect(not equal(right * len(weights)), f"{where}, you added the layers up; take their mean.")
    expect(not equal(right * len(weights[0])), f"{where}, you added the heads up; take their mean.")
    expect(
        not equal(_map_by_cells(weights, places[:1], size)), f"{where}, only the first token of the word is in your map; add the others."
    )
    expect(not equal(_map_by_cells(weights[:1], places, size)), f"{where}, only the first layer is in your map.")
    tiled = torch.stack([_tiled(one, places, size) for one in weights]).mean(dim=0)
    expect(not equal(tiled), f"{where}, you laid the small squares side by side; repeat each cell.")
    refuse(f"{where}, the first row is {short(found[0].tolist())}; expected {short(right[0].tolist())}. Repeat cells, without smoothing.")


def _map_by_cells(weights, places, size):
    """Returns the map, cell by cell; the oracle."""
    import torch

    made = torch.zeros(size, size)
    for one in weights:
        width = round(one.shape[1] ** 0.5)
        for y in range(size):
            for x in range(size):
                pixel = (y * width // size) * width + x * width // size
                made[y, x] += one[:, pixel, places].sum() / len(one) / len(weights)
    return made


def _tiled(one, places, size):
    width = round(one.shape[1] ** 0.5)
    return one[:, :, places].sum(dim=2).mean(dim=0).reshape(width, width).repeat(size // width, size // width)


def word_map(weights, places, size):
    import torch

    made = []
    for layer in weights:
        width = round(layer.shape[1] ** 0.5)
        square = layer[:, :, places].sum(dim=-1).mean(dim=0).reshape(width, width)
        times = size // width
        made.append(square.repeat_interleave(times, dim=0).repeat_interleave(times, dim=1))
    return torch.stack(made).mean(dim=0)


def _other_map(weights, places, size):
    import torch

    total = 0
    for layer in weights:
        width = int(layer.shape[1] ** 0.5 + 0.5)
        square = sum(layer.mean(dim=0)[:, place] for place in places).view(1, 1, width, width)
        total = total + torch.nn.functional.interpolate(square, size=(size, size), mode="nearest")[0, 0]
    return total / len(weights)


def _map_mean_of_tokens(weights, places, size):
    return word_map(weights, places, size) / len(places)


def _map_first_token(weights, places, size):
    return word_map(weights, places[:1], size)


def _map_mirrored(weights, places, size):
    return word_map(weights, places, size).T


def _map_sum_of_layers(weights, places, size):
    return word_map(weights, places, size) * len(weights)


def _map_sum_of_heads(weights, places, size):
    return word_map(weights, places, size) * len(weights[0])


def _map_tiled(weights, places, size):
    import torch

    made = []
    for layer in weights:
        width = round(layer.shape[1] ** 0.5)
        square = layer[:, :, places].sum(dim=-1).mean(dim=0).reshape(width, width)
        made.append(square.repeat(size // width, size // width))
    return torch.stack(made).mean(dim=0)


def _map_smoothed(weights, places, size):
    import torch

    total = 0
    for layer in weights:
        width = round(layer.shape[1] ** 0.5)
        square = layer[:, :, places].sum(dim=-1).mean(dim=0).reshape(1, 1, width, width)
        total = total + torch.nn.functional.interpolate(square, size=(size, size), mode="bilinear")[0, 0]
    return total / len(weights)


_PAIRS = (
    ("a red ball at night", "a green tree on the beach"),
    ("a blue boat in the garden", "a yellow hat at night"),
    ("a pink cup on the beach", "a grey kite in the garden"),
    ("a white flower at night", "a black box in the garden"),
    ("a green hat on the beach", "a blue ball at night"),
    ("a yellow kite in the garden", "a red cup on the beach"),
)
_ASKED, _STEPS = 4, 12


def _verify_blend(answer):
    import torch

    with torch.no_grad():
        seen = _read(_painted(answer))
    things = [f"{one['first colour']} {one['first thing']}" in second for one, (_, second) in zip(seen, _PAIRS, strict=True)]
    places = [one["place"] in first for one, (first, _) in zip(seen, _PAIRS, strict=True)]
    both = sum(a and b for a, b in zip(things, places, strict=True))
    told = f"the second prompt's thing and colour in {sum(things)} of {len(_PAIRS)} pictures, the first one's place in {sum(places)}"
    if both < _ASKED:
        kept = sum(f"{one['first colour']} {one['first thing']}" in first for one, (first, _) in zip(seen, _PAIRS, strict=True))
        turned = sum(one["place"] in second for one, (_, second) in zip(seen, _PAIRS, strict=True))
        told += f"; both in {both}, and {_ASKED} are asked for."
        if kept >= _ASKED and turned >= _ASKED:
            refuse(f"It is the wrong way round, the first thing in the second place: {told}")
        if kept >= _ASKED:
            refuse(f"The first prompt's thing is still there: {told}")
        if turned >= _ASKED and sum(things) >= _ASKED:
            refuse(f"Nothing of the first prompt's place is left: {told}")
        refuse(f"The two prompts are muddled: {told}")
    return f"The judge saw {told}; both in {both}."


def _painted(answer):
    """Returns pictures of all pairs, told at each step what the answer makes of their vectors."""
    import torch

    pipe, _, _ = _models()
    scheduler = pipe.scheduler
    scheduler.set_timesteps(_STEPS)
    nothing, *vectors = _encoded(("", *(text for pair in _PAIRS for text in pair)))
    noisy = torch.cat([torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(90 + i)) for i in range(len(_PAIRS))])
    for step, timestep in enumerate(scheduler.timesteps):
        told = [_told(answer, vectors[2 * i].clone(), vectors[2 * i + 1].clone(), step) for i in range(len(_PAIRS))]
        both = torch.cat([nothing.expand(len(told), -1, -1), torch.stack(told)])
        plain, heard = pipe.unet(torch.cat([noisy, noisy]), timestep, encoder_hidden_states=both).sample.chunk(2)
        noisy = scheduler.step(plain + 3.0 * (heard - plain), timestep, noisy).prev_sample
    return pipe.image_processor.postprocess(pipe.vae.decode(noisy / pipe.vae.config.scaling_factor).sample)


def _told(answer, first, second, step):
    import torch

    found = call(answer, first, second, step, _STEPS)
    expect(isinstance(found, torch.Tensor), f"At step {step}, expected a tensor and found {short(found)}.")
    expect(found.shape == first.shape, f"At step {step}, the vectors have the shape {tuple(found.shape)}; expected {tuple(first.shape)}.")
    expect(bool(torch.isfinite(found).all()), f"At step {step}, some of your numbers are not finite.")
    return found.float()


def _encoded(texts):
    pipe, _, _ = _models()
    ids = pipe.tokenizer(list(texts), padding="max_length", truncation=True, return_tensors="pt").input_ids
    return pipe.text_encoder(ids).last_hidden_state


def _read(pictures):
    """Returns what the judge sees in each picture, by group."""
    _, judge, processor = _models()
    labels = judge.config.id2label
    logits = judge(**processor(pictures, return_tensors="pt")).logits
    return [dict(labels[i].split(": ") for i in row.argsort().tolist()) for row in logits]


@functools.cache
def _models():
    """Returns the painter, the judge and the judge's processor."""
    import torch
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import logging as diffusers_logging
    from transformers import AutoImageProcessor, AutoModelForImageClassification
    from transformers.utils import logging

    from course_utils import checkpoint

    # A bar would be taken for something that the answer printed.
    shown = logging.is_progress_bar_enabled()
    shown_too = diffusers_logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()
    pipe = StableDiffusionPipeline.from_pretrained(checkpoint("text-to-image"))
    judge = AutoModelForImageClassification.from_pretrained(checkpoint("scene-judge"), dtype=torch.float32).eval()
    processor = AutoImageProcessor.from_pretrained(checkpoint("scene-judge"))
    if shown:
        logging.enable_progress_bar()
    if shown_too:
        diffusers_logging.enable_progress_bar()
    return pipe, judge, processor


def blended(first, second, step, steps):
    import torch

    return torch.cat([second[:4], first[4:]])


def _other_blend(first, second, step, steps):
    made = first.clone()
    if step >= steps // 4:
        made[1:4] = second[1:4]
    return made


def _blend_first(first, second, step, steps):
    return first


def _blend_second(first, second, step, steps):
    return second


def _blend_mean(first, second, step, steps):
    return (first + second) / 2


def _blend_reversed(first, second, step, steps):
    return blended(second, first, step, steps)


def _blend_joined(first, second, step, steps):
    import torch

    return torch.cat([first, second])


def _blend_too_early(first, second, step, steps):
    return first if step < 2 else second


def _blend_too_late(first, second, step, steps):
    return first if step < steps - 1 else second


EXERCISES = (
    Exercise(
        name="latent_size",
        verify=_verify_size,
        solution=latent_size,
        hints=(
            "Three blocks halve twice: 64 becomes 32, and 32 becomes 16. How often do four halve?",
            "With `times = 2 ** (len(blocks) - 1)`, height and width are divided by `times`.",
            "The picture has 3 · height · width numbers; the latent has the product of its shape.",
        ),
        wrong={
            "every block halves": Wrong(_size_all_halve, because="the last block does not halve"),
            "without colours": Wrong(_size_without_colours, because="three colours"),
            "without channels": Wrong(_size_without_channels, because="latent's channels"),
            "upside down": Wrong(_size_upside_down, because="the other way round"),
            "channels last": Wrong(_size_channels_last, because="expected the order"),
            "a quarter always": Wrong(_size_always_four, because="each block but the last"),
        },
        other=_other_size,
    ),
    Exercise(
        name="unread",
        verify=_verify_unread,
        solution=unread,
        hints=(
            "Tokenize without truncation: `tokenizer(prompt).input_ids` gives all ids, the start mark in front and the end mark behind.",
            "Of a length of 32, the end mark takes the last place: the first 31 ids are kept. Which ids of the prompt are not among them?",
            "`tokenizer.decode(ids[tokenizer.model_max_length - 1 : -1]).strip()`; what does it give for a prompt that fits?",
        ),
        wrong={
            "no room for the marks": Wrong(_unread_without_marks, because="no room for the two marks"),
            "room for one mark": Wrong(_unread_one_early, because="one of the two marks"),
            "the end mark too": Wrong(_unread_with_end, because="holds a mark"),
            "words counted": Wrong(_unread_words, because="you counted words"),
            "what was read": Wrong(_what_was_read, because="the rest is asked for"),
            "32 always": Wrong(_unread_of_32, because="a length of 12"),
        },
        other=_other_unread,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="clean_and_noise",
        verify=_verify_kinds,
        solution=clean_and_noise,
        hints=(
            "In each case you know two of the things in noisy = √a · clean + √(1 − a) · noise. Solve for the third.",
            "For the velocity, the lesson works out clean = √a · noisy − √(1 − a) · v. The noise comes likewise, with a plus.",
            "If you find the clean latent first, for each kind, one line gives the noise for all three.",
        ),
        wrong={
            "noise taken for clean": Wrong(_kinds_all_velocity, because="the prediction itself for the clean latent"),
            "swapped": Wrong(_kinds_swapped, because="the clean latent comes first"),
            "no square root": Wrong(_kinds_without_root, because="square root"),
            "not divided": Wrong(_kinds_not_divided, because="divide by √a"),
            "roots swapped": Wrong(_kinds_roots_swapped, because="are swapped in your clean latent"),
            "velocity taken for noise": Wrong(_kinds_noise_is_velocity, because="the prediction itself for the noise"),
        },
        other=_other_kinds,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="word_map",
        verify=_verify_map,
        solution=word_map,
        hints=(
            "For one layer: take the columns of the word, `layer[:, :, places]`, add them up, average over heads, reshape to a square.",
            "The width of a layer is the root of its number of pixels.",
            "`repeat_interleave(times, dim=0)` repeats each row in place; likewise dim 1. `repeat` would lay squares side by side.",
        ),
        wrong={
            "mean of tokens": Wrong(_map_mean_of_tokens, because="add them up"),
            "first token": Wrong(_map_first_token, because="only the first token"),
            "mirrored": Wrong(_map_mirrored, because="mirrored"),
            "layers added": Wrong(_map_sum_of_layers, because="added the layers up"),
            "heads added": Wrong(_map_sum_of_heads, because="added the heads up"),
            "tiled": Wrong(_map_tiled, because="side by side"),
            "smoothed": Wrong(_map_smoothed, because="without smoothing"),
        },
        other=_other_map,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="blended",
        verify=_verify_blend,
        solution=blended,
        hints=(
            "Two ways are open. In places: which vectors hold the thing, which the place? In time: who speaks first?",
            "In places: the lesson put the ends of one prompt behind the words of another. Here the thing stands at places 1 to 3.",
            "In time: let the first prompt speak at the beginning and the second one later, and try out when to change.",
        ),
        wrong={
            "the first alone": Wrong(_blend_first, because="first prompt's thing is still there"),
            "the second alone": Wrong(_blend_second, because="Nothing of the first prompt's place is left"),
            "the mean": Wrong(_blend_mean, because="muddled"),
            "the wrong way round": Wrong(_blend_reversed, because="wrong way round"),
            "one behind the other": Wrong(_blend_joined, because="have the shape"),
            "changed too early": Wrong(_blend_too_early, because="Nothing of the first prompt's place is left"),
            "changed too late": Wrong(_blend_too_late, because="still there"),
        },
        other=_other_blend,
        seconds=_PATIENCE,
    ),
)
