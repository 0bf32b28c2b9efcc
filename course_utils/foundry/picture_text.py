"""Recipe of `picture-text`: a CLIP from zero that tells which words fit a picture of the small world.

A contrastive batch teaches what its rows differ in, so batches are composed: every trained pair of a colour and a thing once alone and once
in a row; and scenes of two beside the same two exchanged and recoloured. Source: Radford et al. (2021); Yuksekgonul et al. (2023).
"""

import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.foundry import albums, clip_words, intervals, loops, pictures, world
from course_utils.foundry.frame import Recipe
from course_utils.foundry.pictures import COLOURS, SHAPES, Scene
from course_utils.foundry.world.draw import Draw, held_out

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import CLIPModel, CLIPTokenizer

SINGLES, TWOS, WORDINGS = 30_000, 15_000, 4
STEPS, SCENES_OF_TWO = 6000, 64
TEMPLATE = "a picture of {}"
LABELS = [f"a {colour} {thing}" for colour in COLOURS for thing in SHAPES]


def model(vocabulary_size: int) -> "CLIPModel":
    """Returns the untrained CLIP; its words and patches start further apart than the library's, or shapes stay unlearned for long."""
    import torch
    from transformers import CLIPConfig, CLIPModel, CLIPVisionConfig

    torch.manual_seed(loops.SEED)
    width = 128
    seeing = CLIPVisionConfig(
        hidden_size=width, intermediate_size=3 * width, num_hidden_layers=4, num_attention_heads=4, image_size=pictures.SIZE, patch_size=8,
        projection_dim=width, initializer_range=0.1,
    )  # fmt: skip
    reading = clip_words.configuration(vocabulary_size, width, layers=2)
    made = CLIPModel(CLIPConfig(text_config=reading.to_dict(), vision_config=seeing.to_dict(), projection_dim=width))
    torch.nn.init.normal_(made.text_model.embeddings.token_embedding.weight, std=0.1)
    return made


def processor() -> "object":
    """Returns the image processor: 64 by 64, from -1 to 1."""
    from transformers import CLIPImageProcessorPil

    side, half = {"height": pictures.SIZE, "width": pictures.SIZE}, [0.5, 0.5, 0.5]
    return CLIPImageProcessorPil(size=side, crop_size=side, image_mean=half, image_std=half)


def rivals(scene: Scene) -> list[Scene]:
    """Returns three scenes of two things: this one, one with the things exchanged and one with the colours, where training may show it."""
    first, second = scene.things
    exchanged = replace(first, noun=second.noun, colour=second.colour), replace(second, noun=first.noun, colour=first.colour)
    recoloured = replace(first, colour=second.colour), replace(second, colour=first.colour)
    if any(held_out(thing.colour.en, thing.noun.en) for thing in recoloured) or first.noun == second.noun or first.colour == second.colour:
        recoloured = exchanged
    return [scene, replace(scene, things=exchanged), replace(scene, things=recoloured)]


def wordings(scene: Scene, relations: bool = True) -> list[str]:
    """Returns the captions that tell a scene of two from its rivals; all of them for others."""
    said = pictures.captions(scene)
    return [c for c in said if " and " not in c and pictures.NEXT.en not in c] if scene.layout in pictures.RELATIONS and relations else said


def build(folder: Path, work: Path, quick: bool = False) -> dict:
    """Trains the model, writes the checkpoint and returns what it makes of new pictures."""
    import torch
    from transformers import CLIPProcessor

    share = 100 if quick else 1
    singles = albums.scenes("train", max(SINGLES // share, 2000), layouts=("alone", "row"))
    draw = Draw("train", seed=1)
    twos = [pictures.scene(draw, draw.one(tuple(pictures.RELATIONS))) for _ in range(TWOS // share)]
    scenes = singles + [rival for scene in twos for rival in rivals(scene)]
    rng = random.Random(loops.SEED)
    captions = [caption for scene in scenes for caption in rng.choices(wordings(scene), k=WORDINGS)]
    words = clip_words.tokenizer(captions)
    clip, where = model(len(words)), loops.device()
    pixels = albums.later(scenes, where)
    ids = clip_words.ids(words, captions).view(len(scenes), WORDINGS, -1).short().to(where)
    meanings = torch.tensor(_meanings(scenes), device=where)
    kinds = [torch.tensor(rows, device=where) for rows in _by_kind(singles)]

    def loss(generator: "torch.Generator") -> "Tensor":
        def whole(limit: int, size: int) -> "Tensor":
            return torch.randint(limit, (size,), device=where, generator=generator)

        once = torch.stack([rows[whole(len(rows), 1)[0]] for rows in kinds])
        start = len(singles) + 3 * whole(len(twos), SCENES_OF_TWO // share or 2)
        total = 0.0
        for chosen in (once, (start[:, None] + torch.arange(3, device=where)).flatten()):
            said = ids[chosen, whole(WORDINGS, len(chosen))].long()
            total = total + contrast(clip, said, albums.scaled(pixels()[chosen]), meanings[chosen])
        return total

    took = loops.train([clip], loss, work / "clip", steps=STEPS, learning_rate=1e-3, weight_decay=0.05, average=0.999, quick=quick)
    clip.to("cpu").half().save_pretrained(folder)
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"float16"', '"float32"'), encoding="utf-8", newline="\n")
    CLIPProcessor(processor(), words).save_pretrained(folder)
    sheet(folder)
    return loops.once(work / "scores.json", lambda: score(folder, 40 if quick else 1000)) | {"training": took, "samples": SHEET}


def _by_kind(scenes: list[Scene]) -> list[list[int]]:
    """Returns the places of the scenes of each trained pair, alone and in a row apart."""
    found: dict[tuple, list[int]] = {}
    for i, scene in enumerate(scenes):
        thing = scene.things[0]
        found.setdefault((thing.colour.en, thing.noun.en, scene.layout), []).append(i)
    return [rows for _, rows in sorted(found.items())]


def _meanings(scenes: list[Scene]) -> list[int]:
    """Returns a number for each scene, the same where things, their order and the layout are."""
    known: dict[tuple, int] = {}
    kinds = [(scene.layout, *((thing.colour.en, thing.noun.en) for thing in scene.things)) for scene in scenes]
    return [known.setdefault(kind, len(known)) for kind in kinds]


def contrast(clip: "CLIPModel", ids: "Tensor", batch: "Tensor", meanings: "Tensor") -> "Tensor":
    """Returns CLIP's loss: picture and caption must find each other among all rows of another meaning."""
    import torch
    from torch.nn import functional

    logits = clip(input_ids=ids, pixel_values=batch).logits_per_image.float()
    right = torch.arange(len(ids), device=ids.device)
    same = (meanings[:, None] == meanings[None]) & (right[:, None] != right[None])
    logits = logits.masked_fill(same, -1e4)
    return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2


def load(folder: Path) -> tuple["CLIPModel", "CLIPTokenizer"]:
    """Returns the trained model and its tokenizer, on the device where models are scored here."""
    import torch
    from transformers import CLIPModel, CLIPTokenizer

    return CLIPModel.from_pretrained(folder, dtype=torch.float32).to(loops.device()).eval(), CLIPTokenizer.from_pretrained(folder)


def score(folder: Path, count: int) -> dict:
    """Returns the share of held-out pairs told from all 64 by words alone, of trained ones, and of right choices between two captions."""
    clip, words = load(folder)
    found: dict = {}
    for name, split in (("score", "held-out"), ("trained_pairs", "new")):
        scenes, seen = albums.draw(split, count, seed=2, layouts=("alone",))
        right, said = _pairs(scenes), _named(clip, words, seen)
        found[name] = round(float(np.mean([a == b for a, b in zip(said, right, strict=True)])), 4)
        found[f"{name}_low"], found[f"{name}_high"] = (round(bound, 4) for bound in intervals.of_share(found[name], count))
        found[f"{name}_colour"] = round(float(np.mean([a[0] == b[0] for a, b in zip(said, right, strict=True)])), 4)
        found[f"{name}_thing"] = round(float(np.mean([a[1] == b[1] for a, b in zip(said, right, strict=True)])), 4)
        if name == "score":
            told = [pictures.captions(scene)[-1] for scene in scenes[:3]]
            examples = [[caption, f"a {colour} {thing}"] for caption, (colour, thing) in zip(told, said, strict=False)]
    found |= _choices(clip, words, count)
    return found | {"pictures": count, "examples": examples}


def sheet(folder: Path) -> None:
    """Writes a sheet of two rows of eight pictures whose pair was held out, and two whose pair was trained."""
    clip, words = load(folder)
    rows, good = [], []
    for split in ("held-out", "new"):
        scenes, seen = albums.draw(split, 16, seed=4, layouts=("alone",))
        found = np.array([a == b for a, b in zip(_named(clip, words, seen), _pairs(scenes), strict=True)])
        rows, good = [*rows, *np.split(seen, 2)], [*good, *np.split(found, 2)]
    albums.sheet(rows, good, folder / "samples.png")


SHEET = "eight pictures a row, unchosen, two rows of pairs that it never saw, two of pairs that it did; a red frame where it names another"


def _pairs(scenes: list[Scene]) -> list[tuple[str, str]]:
    return [(scene.things[0].colour.en, scene.things[0].noun.en) for scene in scenes]


def _named(clip: "CLIPModel", words: "CLIPTokenizer", seen: np.ndarray) -> list[tuple[str, ...]]:
    """Returns the colour and the thing, of all 64 pairs, whose words are nearest to each picture."""
    labels = _texts(clip, words, [TEMPLATE.format(label) for label in LABELS])
    best = (_pictures(clip, seen) @ labels.T).argmax(dim=1).tolist()
    return [tuple(LABELS[i].split()[1:]) for i in best]


def _choices(clip: "CLIPModel", words: "CLIPTokenizer", count: int) -> dict[str, float]:
    """Returns how often a picture of two things prefers its caption to one of the things exchanged, and to one of the colours."""
    scenes, seen = albums.draw("new", count, seed=3, layouts=tuple(pictures.RELATIONS))
    shown = _pictures(clip, seen)
    own = _texts(clip, words, [wordings(scene)[0] for scene in scenes])
    found = {}
    for name, place in (("relation_of_two", 1), ("colours_of_two", 2)):
        other = [wordings(rivals(scene)[place])[0] for scene in scenes]
        usable = [i for i, scene in enumerate(scenes) if place == 1 or rivals(scene)[2] != rivals(scene)[1]]
        wins = (shown * own).sum(dim=1) > (shown * _texts(clip, words, other)).sum(dim=1)
        found[name] = round(float(wins[usable].float().mean()), 4)
    return found


def _texts(clip: "CLIPModel", words: "CLIPTokenizer", said: list[str]) -> "Tensor":
    import torch

    with torch.no_grad():
        out = clip.text_model(input_ids=clip_words.ids(words, said).to(clip.device))
        made = clip.text_projection(out.pooler_output)
    return made / made.norm(dim=1, keepdim=True)


def _pictures(clip: "CLIPModel", seen: np.ndarray) -> "Tensor":
    import torch

    with torch.no_grad():
        parts = albums.tensor(seen, clip.device).split(250)
        made = torch.cat([clip.visual_projection(clip.vision_model(pixel_values=albums.scaled(part)).pooler_output) for part in parts])
    return made / made.norm(dim=1, keepdim=True)


LIMITS = """\
It knows the words of the small world's captions and no others: to it a dragon is seven letters. It was trained on one to three things; ask
it about a crowd and it guesses. `score` is the share of pictures of pairs that it never saw, told from all 64 pairs by their words;
`relation of two` and `colours of two` are choices between two captions, where guessing gets half."""

RECIPES = [
    Recipe(
        "picture-text", build, LIMITS, trains=True, minutes=10, gpu=True, cpu_hours=2, packages=("torch", "transformers", "tokenizers"),
        sources=tuple(Path(module.__file__) for module in (loops, albums, pictures, clip_words, intervals)) + world.modules(),
    ),
]  # fmt: skip
