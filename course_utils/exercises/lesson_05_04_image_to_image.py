"""The exercises of `05_diffusion/04_image_to_image`: the steps of a strength, pictures that fit, pasting back, a closed walk, an edit."""

import functools
import math

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 90.0  # seconds: the first check of a process may have to import torch and load the pipeline

_STEPS = ((20, 0.42), (10, 0.37), (25, 0.5), (8, 1.0), (10, 0.95), (20, 0.04), (10, 0.0))


def _verify_steps(answer):
    for count, strength in _STEPS:
        times = list(range(1000 - 1000 // count + 1, 0, -(1000 // count)))[:count]
        found = call(answer, list(times), strength)
        where = f"For {count} time steps from {times[0]} down to {times[-1]} and strength {strength}"
        expect(isinstance(found, list | tuple), f"{where}, expected a list and found {short(found)}.")
        found, wanted = list(found), int(count * strength)
        expect(len(found) == count or found != times[:wanted] or not wanted, f"{where}, these are the noisiest steps; the last ones run.")
        expect(wanted or len(found) != count, f"{where}, no step runs, and you returned all of them: a slice from -0 is the whole list.")
        expect(wanted or not found, f"{where}, no step runs; found {short(found)}. The pipeline does not add one.")
        expect(len(found) == wanted, f"{where}, expected {wanted} steps, rounded down, and found {len(found)}.")
        expect(found == times[count - wanted :], f"{where}, expected {short(times[count - wanted :])} and found {short(found)}.")
    for strength in (1.2, -0.1):
        try:
            found = answer([901, 601, 301, 1], strength)
        except ValueError:
            continue
        except Exception as error:
            refuse(f"For strength {strength}, expected a ValueError and found {type(error).__name__}.")
        refuse(f"For strength {strength}, expected a ValueError; your function returned {short(found)}.")


def steps_of(timesteps, strength):
    if not 0 <= strength <= 1:
        raise ValueError(f"strength lies between 0 and 1 and is {strength}")
    return timesteps[len(timesteps) - int(len(timesteps) * strength) :]


def _other_steps(timesteps, strength):
    if strength < 0 or strength > 1:
        raise ValueError("strength")
    left = math.floor(len(timesteps) * strength)
    return [time for k, time in enumerate(timesteps) if len(timesteps) - k <= left]


def _steps_rounded(timesteps, strength):
    return timesteps[len(timesteps) - round(len(timesteps) * strength) :] if 0 <= strength <= 1 else steps_of(timesteps, strength)


def _steps_first(timesteps, strength):
    return timesteps[: int(len(timesteps) * strength)]


def _steps_from_minus_zero(timesteps, strength):
    return timesteps[-int(len(timesteps) * strength) :]


def _steps_at_least_one(timesteps, strength):
    return timesteps[-max(1, int(len(timesteps) * strength)) :]


def _steps_of_any_strength(timesteps, strength):
    return timesteps[len(timesteps) - int(len(timesteps) * strength) :]


def _bands(width, height):
    """Returns a picture whose middle square is green, with red before and blue behind it."""
    from PIL import Image

    picture, side = Image.new("RGB", (width, height), "red"), min(width, height)
    picture.paste(
        (0, 0, 255),
        (width - (width - side) // 2, 0, width, height) if width > height else (0, height - (height - side) // 2, width, height),
    )
    left, top = (width - side) // 2, (height - side) // 2
    picture.paste((0, 128, 0), (left, top, left + side, top + side))
    return picture


def _verify_ready(answer):
    import numpy
    from PIL import Image

    for width, height in ((96, 32), (30, 90), (64, 64)):
        found = _made_ready(
            answer, _bands(width, height), 32, f"For a picture of {width} × {height}, red, green in its middle square, blue"
        )
        inner = numpy.asarray(found, int)[3:-3, 3:-3].reshape(-1, 3)
        expect(
            (abs(inner - (0, 128, 0)) < 12).all(),
            f"For a picture of {width} × {height}, there is more to be seen than the square around its middle. Crop before you resize.",
        )
    hidden = Image.new("RGBA", (40, 40), (200, 0, 0, 0))
    hidden.paste((0, 0, 200, 255), (0, 0, 40, 20))
    hidden.paste((0, 0, 0, 128), (0, 30, 40, 40))
    pixels = numpy.asarray(_made_ready(answer, hidden, 40, "For a picture with a transparent part"), int)
    expect((abs(pixels[4:16] - (0, 0, 200)) < 12).all(), "The opaque half of a picture with transparency should keep its colour.")
    expect(
        (pixels[23:27] > 243).all(),
        f"A transparent part should be white; found {pixels[25, 20].tolist()}. Lay the picture on a white one, its own alpha as the mask.",
    )
    expect((abs(pixels[34:37] - 127) < 12).all(), f"Half transparent black on white is grey; found {pixels[36, 20].tolist()}.")
    grey = _made_ready(answer, Image.new("L", (50, 70), 90), 24, "For a grey picture")
    expect((abs(numpy.asarray(grey, int) - 90) < 4).all(), "A grey picture should stay as grey as it was.")


def _made_ready(answer, picture, side, where):
    from PIL import Image

    before = picture.tobytes()
    found = call(answer, picture, side)
    expect(isinstance(found, Image.Image), f"{where}, expected a PIL picture and found {short(found)}.")
    expect(found.mode == "RGB", f"{where}, the mode is {found.mode}; the pipeline needs RGB.")
    expect(found.size == (side, side), f"{where}, the size is {found.size}; expected ({side}, {side}).")
    expect(found is not picture and picture.tobytes() == before, f"{where}, your function changed the picture that it was given.")
    return found


def ready(picture, side):
    from PIL import Image

    picture = picture.convert("RGBA")
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    edge = min(white.size)
    left, top = (white.width - edge) // 2, (white.height - edge) // 2
    return white.crop((left, top, left + edge, top + edge)).resize((side, side))


def _other_ready(picture, side):
    from PIL import Image, ImageOps

    picture = picture.convert("RGBA")
    return ImageOps.fit(Image.alpha_composite(Image.new("RGBA", picture.size, (255, 255, 255, 255)), picture).convert("RGB"), (side, side))


def _ready_squeezed(picture, side):
    from PIL import Image

    picture = picture.convert("RGBA").resize((side, side))
    return Image.alpha_composite(Image.new("RGBA", picture.size, (255, 255, 255, 255)), picture).convert("RGB")


def _ready_left(picture, side):
    edge = min(picture.size)
    return picture.crop((0, 0, edge, edge)).convert("RGB").resize((side, side))


def _ready_hidden(picture, side):
    return ready(picture.convert("RGB"), side)


def _ready_any_mode(picture, side):
    edge = min(picture.size)
    left, top = (picture.width - edge) // 2, (picture.height - edge) // 2
    return picture.crop((left, top, left + edge, top + edge)).resize((side, side))


def _pattern(side, shift):
    """Returns a picture in which every pixel differs from its neighbours."""
    import numpy
    from PIL import Image

    numbers = numpy.random.default_rng(shift).integers(0, 256, (side, side, 3), dtype=numpy.uint8)
    return Image.fromarray(numbers)


def _verify_pasted(answer):
    import numpy
    from PIL import Image

    for side, small, mask_side in ((32, 32, 32), (64, 32, 32), (96, 32, 96)):
        original, painted = _pattern(side, side), Image.new("RGB", (small, small), (10, 200, 90))
        mask = Image.new("L", (mask_side, mask_side), 0)
        mask.paste(255, (mask_side // 4, mask_side // 4, mask_side // 2, 3 * mask_side // 4))
        before = [image.tobytes() for image in (original, painted, mask)]
        found = call(answer, original, painted, mask)
        where = f"For an original of {side}, a painted picture of {small} and a mask of {mask_side} pixels"
        expect(isinstance(found, Image.Image), f"{where}, expected a PIL picture and found {short(found)}.")
        expect(found.size == original.size, f"{where}, the result has {found.size[0]} pixels; it should have the original's size.")
        expect([i.tobytes() for i in (original, painted, mask)] == before, f"{where}, your function changed one of the three pictures.")
        pixels, wanted = numpy.asarray(found.convert("RGB"), int), numpy.asarray(original, int)
        edge, fourth = 4 * side // 32, side // 4
        inside = pixels[fourth + edge : 3 * fourth - edge, fourth + edge : 2 * fourth - edge]
        outside = numpy.ones((side, side), bool)
        outside[fourth - edge : 3 * fourth + edge, fourth - edge : 2 * fourth + edge] = False
        expect(
            not (abs(pixels[outside] - (10, 200, 90)) < 6).all(),
            f"{where}, black shows what was painted and white the original: it is the other way round.",
        )
        expect((pixels[outside] == wanted[outside]).all(), f"{where}, outside the mask the pixels are not those of the original.")
        expect((abs(inside - (10, 200, 90)) < 6).all(), f"{where}, inside the mask there is not what was painted.")


def pasted_back(original, painted, mask):
    from PIL import Image

    return Image.composite(painted.resize(original.size), original, mask.resize(original.size))


def _other_pasted(original, painted, mask):
    result = original.copy()
    result.paste(painted.resize(original.size), (0, 0), mask.convert("L").resize(original.size, 0))
    return result


def _pasted_swapped(original, painted, mask):
    return pasted_back(painted.resize(original.size), original, mask)


def _pasted_small(original, painted, mask):
    return pasted_back(original.resize(painted.size), painted, mask)


def _pasted_blurred(original, painted, mask):
    return pasted_back(original.resize(painted.size), painted, mask).resize(original.size)


def _pasted_in_place(original, painted, mask):
    original.paste(painted.resize(original.size), (0, 0), mask.resize(original.size))
    return original


def _points(count, shape=(4, 3, 3)):
    import torch

    return [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * (1 + 0.1 * seed) for seed in range(count)]


def _verify_walk(answer):
    import torch

    for count, frames in ((3, 12), (2, 10), (4, 10)):
        points = _points(count)
        found = call(answer, [point.clone() for point in points], frames)
        where = f"For {count} points and {frames} frames"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(found.shape == (frames, 4, 3, 3), f"{where}, the shape is {tuple(found.shape)}; expected {(frames, 4, 3, 3)}.")
        if torch.allclose(found, _walk_by_hand(points, frames), atol=1e-4):
            continue
        expect(
            not torch.allclose(found[-1], points[0], atol=1e-4),
            f"{where}, the last frame is the first point again: the loop stands still there.",
        )
        straight = _walk_by_hand(points, frames, straight=True)
        expect(not torch.allclose(found, straight, atol=1e-4), f"{where}, this is the straight line; the length shrinks on the way.")
        expect(torch.allclose(found[0], points[0], atol=1e-4), f"{where}, the film does not begin at the first point.")
        expect(
            not torch.allclose(found, _walk_by_hand(points, frames, closed=False), atol=1e-4),
            f"{where}, the film ends near the last point; it should go back to the first.",
        )
        off = int(((found - _walk_by_hand(points, frames)).abs().amax(dim=(1, 2, 3)) > 1e-4).nonzero()[0])
        refuse(f"{where}, frame {off} is not where it should be. Take one angle for a whole latent, over all its numbers.")


def _walk_by_hand(points, frames, straight=False, closed=True):
    """Returns the walk, worked out in double precision number by number; the oracle."""
    import torch

    made, legs = [], len(points) if closed else len(points) - 1
    for frame in range(frames):
        leg, share = divmod(frame * legs / frames, 1)
        a, b = (points[(int(leg) + k) % len(points)].double() for k in (0, 1))
        angle = math.acos(float((a * b).sum() / (a.norm() * b.norm())))
        parts = (
            (1 - share, share) if straight else (math.sin((1 - share) * angle) / math.sin(angle), math.sin(share * angle) / math.sin(angle))
        )
        made.append((parts[0] * a + parts[1] * b).float())
    return torch.stack(made)


def closed_walk(points, frames):
    import torch

    def slerp(a, b, share):
        angle = torch.arccos((a * b).sum() / (a.norm() * b.norm()))
        return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)

    places = [len(points) * frame / frames for frame in range(frames)]
    return torch.stack([slerp(points[int(p)], points[(int(p) + 1) % len(points)], p % 1) for p in places])


def _other_walk(points, frames):
    import torch

    ring, made = [*points, points[0]], []
    for place in torch.linspace(0, len(points), frames + 1)[:-1].tolist():
        a, b = ring[int(place)], ring[int(place) + 1]
        across = b - a * (a * b).sum() / a.norm() ** 2
        turn = (place - int(place)) * torch.atan2(across.norm() * a.norm(), (a * b).sum())
        whole = torch.atan2(across.norm() * a.norm(), (a * b).sum())
        made.append((torch.sin(whole - turn) * a + torch.sin(turn) * b) / torch.sin(whole))
    return torch.stack(made)


def _walk_twice_first(points, frames):
    return __import__("torch").cat([closed_walk(points, frames - 1), points[0][None]])


def _walk_straight(points, frames):
    return _walk_by_hand(points, frames, straight=True)


def _walk_open(points, frames):
    return _walk_by_hand(points, frames, closed=False)


def _walk_row_by_row(points, frames):
    import torch

    rows = [closed_walk([point[k] for point in points], frames) for k in range(len(points[0]))]
    return torch.stack(rows, dim=1)


_THINGS = ("ball", "box", "kite", "boat", "tree", "cup", "flower", "hat")
_COLOURS = ("red", "blue", "green", "yellow", "black", "white", "grey", "pink")
_WHERE = {"garden": "in the garden", "beach": "on the beach", "night": "at night"}
_LEVELS = 4.0


@functools.cache
def _studio():
    """Returns the pipeline, the judge with its eyes, and three scenes as (picture, box, source, target, what the judge should read)."""
    import torch
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import logging
    from transformers import ResNetForImageClassification, ViTImageProcessorPil

    from course_utils import checkpoint, dataset

    logging.set_verbosity_error()
    pipe = StableDiffusionPipeline.from_pretrained(checkpoint("text-to-image"))
    pipe.set_progress_bar_config(disable=True)
    judge = ResNetForImageClassification.from_pretrained(checkpoint("scene-judge"), dtype=torch.float32).eval()
    eyes = ViTImageProcessorPil.from_pretrained(checkpoint("scene-judge"))
    rows = [row for row in dataset("scenes")["train"] if row["layout"] == "alone" and row["place"] in _WHERE][:3]
    return pipe, judge, eyes, [_case(row, k) for k, row in enumerate(rows)]


def _case(row, k):
    """Returns one scene of the check; the first is to change its thing, the second its colour, the third both."""
    thing, where = row["things"][0], _WHERE[row["place"]]
    new = _THINGS[(_THINGS.index(thing["thing"]) + 3) % 8] if k != 1 else thing["thing"]
    colour = _COLOURS[(_COLOURS.index(thing["colour"]) + 2) % 8] if k != 0 else thing["colour"]
    box = (thing["left"], thing["top"], thing["right"], thing["bottom"])
    wanted = {"first colour": colour, "first thing": new, "place": row["place"], "layout": "alone"}
    return row["image"], box, f"a {thing['colour']} {thing['thing']} {where}", f"a {colour} {new} {where}", wanted


def _reading(image):
    import torch

    _, judge, eyes, _ = _studio()
    with torch.no_grad():
        scores = judge(**eyes([image], return_tensors="pt")).logits[0].tolist()
    labels = [judge.config.id2label[k].split(": ") for k in range(len(scores))]
    return {group: value for _, (group, value) in sorted(zip(scores, labels, strict=True))}


def _verify_edit(answer):
    import numpy
    from PIL import Image

    pipe, _, _, cases = _studio()
    for picture, box, source, target, wanted in cases:
        found = call(answer, pipe, picture.copy(), source, target)
        where = f"From {source!r} to {target!r}"
        expect(isinstance(found, Image.Image), f"{where}, expected a PIL picture and found {short(found)}.")
        expect(found.size == picture.size, f"{where}, the result is {found.size[0]} × {found.size[1]}; the scene is 64 × 64.")
        read = _reading(found)
        said = f"{read['first colour']} {read['first thing']}, {read['place']}"
        kept = _reading(picture)
        expect(
            any(read[group] != kept[group] for group in ("first colour", "first thing")),
            f"{where}, the judge still reads {said}: the change did not arrive. More strength, or a prompt that asks for it.",
        )
        off = numpy.abs(numpy.asarray(found.convert("RGB"), float) - numpy.asarray(picture.convert("RGB"), float)).mean(axis=2)
        off[max(0, box[1] - 8) : box[3] + 8, max(0, box[0] - 8) : box[2] + 8] = numpy.nan
        away = float(numpy.nanmean(off))
        expect(
            away <= _LEVELS, f"{where}, away from the thing the picture changed by {away:.0f} levels; at most {_LEVELS:.0f} are allowed."
        )
        expect(all(read[group] == value for group, value in wanted.items()), f"{where}, the judge reads {said}: not what was asked for.")
    picture, _, source, target, _ = cases[0]
    one, two = (numpy.asarray(call(answer, pipe, picture.copy(), source, target), float) for _ in range(2))
    expect(abs(one - two).mean() < 1, "Two calls with the same scene give two pictures. Pass a generator with a seed.")
    return "The change arrives, and the rest stays."


def edit(pipe, picture, source, target):
    import torch
    from diffusers import StableDiffusionImg2ImgPipeline

    to = StableDiffusionImg2ImgPipeline.from_pipe(pipe)
    to.set_progress_bar_config(disable=True)
    settings = dict(strength=0.45, num_inference_steps=20, guidance_scale=3.0, generator=torch.Generator().manual_seed(0))
    return to(target, image=picture, **settings).images[0]


def _image_to_image(pipe, picture, target, strength, seed=0):
    import torch
    from diffusers import StableDiffusionImg2ImgPipeline

    to = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
    to.set_progress_bar_config(disable=True)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    return to(target, image=picture, strength=strength, num_inference_steps=20, guidance_scale=3.0, generator=generator).images[0]


def _other_edit(pipe, picture, source, target):
    half_way = _image_to_image(pipe, picture, target, 0.4, seed=3)
    return _image_to_image(pipe, half_way, target, 0.3, seed=4)


def _edit_from_nothing(pipe, picture, source, target):
    return _image_to_image(pipe, picture, target, 1.0)


def _edit_too_weak(pipe, picture, source, target):
    return _image_to_image(pipe, picture, target, 0.05)


def _edit_back_to_source(pipe, picture, source, target):
    return _image_to_image(pipe, picture, source, 0.4)


def _edit_by_chance(pipe, picture, source, target):
    import torch

    torch.seed()
    return _image_to_image(pipe, picture, target, 0.45, seed=None)


EXERCISES = (
    Exercise(
        name="strength_steps",
        verify=_verify_steps,
        solution=steps_of,
        hints=(
            "How many steps run? The lesson's first loop counts them: the number is rounded down.",
            "They are the last ones of the list. Mind what a slice from -0 gives.",
            "`timesteps[len(timesteps) - count :]` is right for a count of 0, too; look at the strength before that.",
        ),
        wrong={
            "rounded to the nearest": Wrong(_steps_rounded, because="rounded down"),
            "the noisiest steps": Wrong(_steps_first, because="the last ones run"),
            "a slice from -0": Wrong(_steps_from_minus_zero, because="whole list"),
            "at least one step": Wrong(_steps_at_least_one, because="does not add one"),
            "any strength taken": Wrong(_steps_of_any_strength, because="expected a ValueError"),
        },
        other=_other_steps,
    ),
    Exercise(
        name="ready_picture",
        verify=_verify_ready,
        solution=ready,
        hints=(
            '`convert("RGBA")` gives every picture an alpha channel, opaque where it had none.',
            "Paste the picture on a white one of the same size, with its alpha channel as the mask.",
            "The side of the square is the smaller of width and height; half of what is left over lies before it. Crop, then resize.",
        ),
        wrong={
            "squeezed": Wrong(_ready_squeezed, because="Crop before you resize"),
            "the first square": Wrong(_ready_left, because="around its middle"),
            "hidden colours shown": Wrong(_ready_hidden, because="should be white"),
            "any mode": Wrong(_ready_any_mode, because="needs RGB"),
        },
        other=_other_ready,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="pasted_back",
        verify=_verify_pasted,
        solution=pasted_back,
        hints=(
            "Which of the three has to keep its size? Bring the two others to it.",
            "`Image.composite(a, b, mask)` takes a where the mask is white and b where it is black.",
        ),
        wrong={
            "the other way round": Wrong(_pasted_swapped, because="other way round"),
            "the painted size": Wrong(_pasted_small, because="original's size"),
            "not the original's pixels": Wrong(_pasted_blurred, because="not those of the original"),
            "changes its argument": Wrong(_pasted_in_place, because="changed one of the three"),
        },
        other=_other_pasted,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="closed_walk",
        verify=_verify_walk,
        solution=closed_walk,
        hints=(
            "With n points there are n legs. Frame k stands at the place k * n / frames: its whole part is the leg, the rest the share.",
            "The leg after the last point leads to the first: `points[(leg + 1) % len(points)]`.",
            "The lesson's `slerp` does one leg; `torch.stack` makes one tensor of all frames.",
        ),
        wrong={
            "the first point twice": Wrong(_walk_twice_first, because="first point again"),
            "straight lines": Wrong(_walk_straight, because="straight line"),
            "not back to the first": Wrong(_walk_open, because="back to the first"),
            "an angle for each channel": Wrong(_walk_row_by_row, because="one angle for a whole latent"),
        },
        other=_other_walk,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="own_edit",
        verify=_verify_edit,
        solution=edit,
        hints=(
            "Which strengths of the sweep changed the thing and kept the place? Try one of them first, with the target as the prompt.",
            "Look at what changes away from the thing: a mask, or pasting back, keeps it. A generator with a seed makes it repeat.",
            "Image to image with a strength of about 0.45, 20 steps and guidance 3 is one answer.",
        ),
        wrong={
            "nothing of the scene left": Wrong(_edit_from_nothing, because="away from the thing"),
            "hardly any strength": Wrong(_edit_too_weak, because="did not arrive"),
            "the prompt is the source": Wrong(_edit_back_to_source, because="did not arrive"),
            "another picture each time": Wrong(_edit_by_chance, because="Two calls"),
            "the scene as it was": Wrong(lambda pipe, picture, source, target: picture, because="did not arrive"),
        },
        other=_other_edit,
        seconds=_PATIENCE,
    ),
)
