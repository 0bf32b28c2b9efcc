"""Pictures of the small world: things in a place, drawn by code, with all that is true of them.

A scene holds one to three things. `render` paints it with masks, boxes and depth; `captions` says it in several wordings, `sentence` as a
clause that English and French share, and `questions` asks about it. In front of means nearer to the viewer, therefore lower in the picture;
it may hide a part. Held-out pairs of a colour and a thing are those of the small world (`draw.held_out`): training scenes never join
them. Knows no model.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from course_utils.foundry.world import lexicon as words
from course_utils.foundry.world.draw import Draw, held_out
from course_utils.foundry.world.english import name_en
from course_utils.foundry.world.grammar import Clause, Near, Some
from course_utils.foundry.world.lexicon import BE, Adjective, Noun, Words

SIZE = 64
COLOURS = {
    "red": (214, 48, 49), "blue": (45, 95, 205), "green": (40, 150, 70), "yellow": (246, 205, 60), "black": (36, 36, 40),
    "white": (250, 250, 250), "grey": (140, 143, 148), "pink": (245, 150, 190),
}  # fmt: skip
LEFT, RIGHT = Words("to the left of", "à gauche de"), Words("to the right of", "à droite de")
ON, UNDER, BEHIND, FRONT, NEXT = words.RELATIONS
# The first of two things is the left, the upper or the front one: what it is to the second, and the second to it.
RELATIONS = {"beside": (LEFT, RIGHT), "stacked": (ON, UNDER), "overlapping": (FRONT, BEHIND)}
LAYOUTS = ("alone", "row", *RELATIONS)
# Colours of the wall or sky and of the ground, and how a caption says where that is.
PLACES = {
    "plain": ((233, 227, 215), (233, 227, 215), ""),
    "garden": ((204, 228, 242), (168, 206, 148), " in the garden"),
    "beach": ((190, 222, 240), (236, 217, 168), " on the beach"),
    "night": ((62, 68, 112), (84, 90, 128), " at night"),
}
_LINE = 1.3


def _polygon(*corners: tuple[float, float]) -> Callable:
    """Returns the distance to a convex polygon, its corners in clockwise order as they are seen."""

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        sides = []
        for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
            length = np.hypot(bx - ax, by - ay)
            sides.append(((by - ay) * (x - ax) - (bx - ax) * (y - ay)) / length)
        return np.maximum.reduce(sides)

    return distance


def _union(*parts: Callable) -> Callable:
    return lambda x, y: np.minimum.reduce([part(x, y) for part in parts])


def _flower(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    away = np.hypot(x, y)
    return np.maximum(away - (0.74 + 0.22 * np.cos(5 * np.arctan2(x, -y))), 0.2 - away)


# Signed distances, negative inside, of things that reach from about -1 to 1; y grows downwards. Source: Quilez, 2D distance functions.
SHAPES: dict[str, Callable] = {
    "ball": lambda x, y: np.hypot(x, y) - 0.92,
    "box": lambda x, y: np.maximum(abs(x), abs(y)) - 0.82,
    "kite": _polygon((0, -1), (0.72, -0.2), (0, 1), (-0.72, -0.2)),
    "boat": _union(_polygon((-0.12, -1), (0.7, 0.3), (-0.12, 0.3)), _polygon((-0.98, 0.25), (0.98, 0.25), (0.55, 0.85), (-0.55, 0.85))),
    "tree": _union(_polygon((0, -1), (0.82, 0.4), (-0.82, 0.4)), lambda x, y: np.maximum(abs(x) - 0.2, abs(y - 0.6) - 0.36)),
    "cup": _union(
        _polygon((-0.85, -0.78), (0.45, -0.78), (0.28, 0.82), (-0.68, 0.82)), lambda x, y: abs(np.hypot(x - 0.5, y + 0.1) - 0.35) - 0.12
    ),
    "flower": _flower,
    "hat": _union(
        _polygon((-0.5, -0.85), (0.5, -0.85), (0.6, 0.5), (-0.6, 0.5)), lambda x, y: np.maximum(abs(x) - 1, abs(y - 0.55) - 0.19)
    ),
}
_NOUNS = {noun.en: noun for noun in (*words.THINGS, *words.FURNITURE) if noun.en in SHAPES}
THINGS: tuple[Noun, ...] = tuple(_NOUNS[name] for name in SHAPES)
HELD_OUT = tuple((c.en, t.en) for c in words.COLOURS for t in THINGS if held_out(c.en, t.en))


@dataclass(frozen=True)
class Thing:
    """Something of one colour: its middle and its radius as shares of the picture, its depth from 0, near, to 1."""

    noun: Noun
    colour: Adjective
    x: float
    y: float
    radius: float
    depth: float = 0.4
    size: tuple[Adjective, ...] = ()


@dataclass(frozen=True)
class Scene:
    """Things in a place; two different ones stand in the relation of their layout."""

    things: tuple[Thing, ...]
    layout: str
    place: str
    horizon: float = 0.62


@dataclass(frozen=True)
class Picture:
    """What `render` paints: pixels, for each thing its mask and its box (left, top, right, bottom; pixels), and the depth."""

    pixels: np.ndarray
    masks: np.ndarray
    depth: np.ndarray
    boxes: tuple[tuple[int, int, int, int], ...] = field(default=())


def scene(draw: Draw, layout: str | None = None) -> Scene:
    """Returns a scene whose pairs of a colour and a thing this split may join; half of all scenes show two different things."""
    uniform = draw.random.uniform
    layout = layout or draw.one(("alone", "alone", "row", "beside", "stacked", "overlapping"))
    place, horizon = draw.one(tuple(PLACES)), uniform(0.56, 0.7)
    if layout == "alone":
        return Scene((_alone(draw),), layout, place, horizon)
    if layout == "row":
        return Scene(_row(draw), layout, place, horizon)
    first, second = _kind(draw), _kind(draw)
    while first == second:
        second = _kind(draw)
    spots = {"beside": _beside, "stacked": _stacked, "overlapping": _overlapping}[layout](uniform)
    return Scene((Thing(*first, *spots[0]), Thing(*second, *spots[1])), layout, place, horizon)


def _kind(draw: Draw) -> tuple[Noun, Adjective]:
    while True:
        noun, colour = draw.one(THINGS), draw.one(words.COLOURS)
        if draw.allowed(colour.en, noun.en):
            return noun, colour


def _alone(draw: Draw) -> Thing:
    size, (low, high) = draw.one((((words.SIZES[0],), (0.19, 0.23)), ((), (0.26, 0.31)), ((words.SIZES[1],), (0.34, 0.39))))
    radius = draw.random.uniform(low, high)
    x, y = (draw.random.uniform(max(radius + 0.03, 0.4), min(0.97 - radius, 0.6)) for _ in "xy")
    return Thing(*_kind(draw), x, y, radius, size=size)


def _row(draw: Draw) -> tuple[Thing, ...]:
    count, kind, uniform = draw.one((2, 3)), _kind(draw), draw.random.uniform
    radius = uniform(0.16, 0.19) if count == 2 else uniform(0.125, 0.145)
    middles = (0.27, 0.73) if count == 2 else (0.18, 0.5, 0.82)
    return tuple(Thing(*kind, x + uniform(-0.02, 0.02), 0.5 + uniform(-0.06, 0.06), radius) for x in middles)


def _beside(uniform: Callable) -> list[tuple]:
    return [(x + uniform(-0.03, 0.03), 0.5 + uniform(-0.06, 0.06), uniform(0.165, 0.2)) for x in (0.27, 0.73)]


def _stacked(uniform: Callable) -> list[tuple]:
    above, below, x = uniform(0.165, 0.2), uniform(0.18, 0.215), 0.5 + uniform(-0.05, 0.05)
    y = 0.73 + uniform(-0.02, 0.02)
    return [(x + uniform(-0.03, 0.03), y - 0.93 * (above + below), above, 0.4), (x, y, below, 0.4)]


def _overlapping(uniform: Callable) -> list[tuple]:
    """Returns the spots of one thing in front of another: nearer to the viewer, therefore lower in the picture; it may hide a part."""
    side = 1 if uniform(0, 1) < 0.5 else -1
    x, y, across, up = 0.5 - side * 0.13, 0.6 + uniform(-0.03, 0.03), uniform(0.25, 0.29), uniform(0.16, 0.22)
    return [(x, y, uniform(0.19, 0.215), 0.25), (x + side * across, y - up, uniform(0.19, 0.215), 0.6)]


def render(scene: Scene) -> Picture:
    """Returns the scene painted from back to front, every edge anti-aliased; masks hold what is seen of each thing."""
    ys, xs = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE
    wall, ground, _ = PLACES[scene.place]
    level = np.clip((ys - scene.horizon) * SIZE + 0.5, 0, 1)
    pixels = _mix(np.broadcast_to(np.array(wall, float), (SIZE, SIZE, 3)), ground, level)
    depth = 1 - level * (0.9 * (ys - scene.horizon) / (1 - scene.horizon)).clip(0, 0.9)
    masks = np.zeros((len(scene.things), SIZE, SIZE), bool)
    for i in sorted(range(len(scene.things)), key=lambda i: -scene.things[i].depth):
        thing = scene.things[i]
        away = SHAPES[thing.noun.en]((xs - thing.x) / thing.radius, (ys - thing.y) / thing.radius) * thing.radius * SIZE
        outline = (150, 150, 156) if thing.colour.en == "black" else (32, 32, 36)
        pixels = _mix(_mix(pixels, outline, np.clip(0.5 - away, 0, 1)), COLOURS[thing.colour.en], np.clip(0.5 - _LINE - away, 0, 1))
        inside = away < 0
        masks &= ~inside
        masks[i] = inside
        depth = np.where(inside, thing.depth, depth)
    return Picture(np.rint(pixels).astype(np.uint8), masks, depth.astype(np.float32), tuple(_box(mask) for mask in masks))


def _mix(under: np.ndarray, colour: tuple[int, int, int], share: np.ndarray) -> np.ndarray:
    return under + share[..., None] * (np.array(colour, float) - under)


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def some(thing: Thing, count: int = 1, sized: bool = False) -> Some:
    """Returns the noun phrase of a thing: a red ball."""
    return Some(thing.noun, (*(thing.size if sized else ()), thing.colour), count=count, article="a")


def captions(scene: Scene) -> list[str]:
    """Returns every wording of what is to be seen, in small letters without a mark; some leave out the size, the place or the relation."""
    frames = ("{}", "a picture of {}", "there are {}" if scene.layout == "row" else "there is {}")
    _, _, place = PLACES[scene.place]
    return [frame.format(what) + where for what in _contents(scene) for frame in frames for where in dict.fromkeys(("", place))]


def _contents(scene: Scene) -> list[str]:
    if scene.layout in ("alone", "row"):
        first, count = scene.things[0], len(scene.things)
        return list(dict.fromkeys(name_en(some(first, count, sized)) for sized in (False, True)))
    a, b = (name_en(some(thing)) for thing in scene.things)
    there, back = RELATIONS[scene.layout]
    said = [f"{a} {there.en} {b}", f"{b} {back.en} {a}", f"{a} and {b}", f"{b} and {a}"]
    return said + ([f"{a} {NEXT.en} {b}", f"{b} {NEXT.en} {a}"] if scene.layout == "beside" else [])


def sentence(scene: Scene) -> Clause | None:
    """Returns the relation of two things as a clause, for English and French; nothing for things that stand in none."""
    if scene.layout not in RELATIONS:
        return None
    first, second = (some(thing) for thing in scene.things)
    return Clause(first, BE, where=Near(RELATIONS[scene.layout][0], second), past=False)


def questions(scene: Scene) -> list[tuple[str, str]]:
    """Returns questions about the picture with their answers."""
    first, count = scene.things[0], len(scene.things)
    asked = [("How many things are there?", "one" if count == 1 else words.NUMBERS[count].en)]
    if PLACES[scene.place][2]:
        asked.append((f"Is this {PLACES[scene.place][2].strip()}?", "yes"))
    different = {thing.noun for thing in scene.things}
    for thing in scene.things if len(different) == count else scene.things[: len(different)] * (scene.layout == "row"):
        be, noun = ("is", thing.noun.en) if scene.layout != "row" else ("are", thing.noun.en_plural)
        asked.append((f"What colour {be} the {noun}?", thing.colour.en))
    shown = {(thing.colour, thing.noun) for thing in scene.things}
    other = next(colour for colour in words.COLOURS if (colour, first.noun) not in shown)
    asked += [
        (f"Is there {name_en(Some(first.noun, (colour,), article='a'))}?", answer)
        for colour, answer in ((first.colour, "yes"), (other, "no"))
    ]
    if scene.layout in RELATIONS:
        a, b = (name_en(Some(thing.noun, (thing.colour,))) for thing in scene.things)
        there, back = RELATIONS[scene.layout]
        asked += [(f"What is {there.en} {b}?", a), (f"Is {a} {there.en} {b}?", "yes"), (f"Is {a} {back.en} {b}?", "no")]
    return asked
