"""How a kind of instruction is made: wordings for training, one more for the held-out split, and a function that fills them.

A kind is a function that draws what goes into a wording and the one right answer; `kind` makes of it a function that returns the
instruction and the answer, and lists it in TASKS. Knows nothing of what is asked. An answer that is a sentence or replies to a
question of fact has a capital and a mark; an answer that is a word, a phrase or a list stands as it is.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

from course_utils.foundry.world import lexicon as words
from course_utils.foundry.world.draw import Draw, held_out
from course_utils.foundry.world.lexicon import Noun

Task = Callable[[Draw], tuple[str, str]]
TASKS: dict[str, Task] = {}

NOUNS = (*words.ANIMALS, *words.THINGS, *words.FOODS, *words.FURNITURE)
COUNTING = ("one", *(number.en for number in words.NUMBERS.values()))
SEASONS = ("spring", "summer", "autumn", "winter")
DAY = ("the morning", "the afternoon", "the evening", "the night")

# An orange stays out: in a list it is a colour as well.
GROUPS = {
    "animals": tuple(noun.en for noun in words.ANIMALS),
    "foods": tuple(noun.en for noun in words.FOODS if noun.en != "orange"),
    "colours": tuple(colour.en for colour in words.COLOURS),
    "places": tuple(place.noun.en for place in words.PLACES),
    "people": tuple(person.name for person in words.PEOPLE),
    "numbers": COUNTING,
}


def kind(*wordings: str, held_out: str) -> Callable[[Callable[[Draw], Sequence[str]]], Task]:
    """Returns a decorator for a function that returns the parts of a wording and, last, the answer."""

    def register(fill: Callable[[Draw], Sequence[str]]) -> Task:
        def task(draw: Draw) -> tuple[str, str]:
            *parts, answer = fill(draw)
            wording = held_out if draw.split == "held-out" else draw.one(wordings)
            return capital(wording.format(*parts)), answer

        TASKS[fill.__name__.strip("_")] = task
        return task

    return register


def pick(draw: Draw, choices: Sequence[str], count: int) -> list[str]:
    """Returns different words that this split may say together."""
    while not _sayable(draw, chosen := draw.random.sample(choices, count)):
        pass
    return chosen


def _sayable(draw: Draw, listed: list[str]) -> bool:
    """Returns True for a list of this split; in training, no two words that are held out together stand in one list either."""
    return draw.allowed(*listed) and (draw.split == "held-out" or not any(held_out(*pair) for pair in combinations(listed, 2)))


def fitting(draw: Draw, choices: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Returns one of these combinations that this split may say, or any where it may say none."""
    return draw.one([choice for choice in choices if draw.allowed(*choice)] or choices)


def mixed(draw: Draw, group: str, members: int, others: int) -> tuple[list[str], list[str]]:
    """Returns a shuffled list of words, so many of them from the group, and those of the group in their order."""
    rest = [word for name, group_words in GROUPS.items() if name != group for word in group_words]
    while True:
        inside = draw.random.sample(GROUPS[group], members)
        listed = [*inside, *draw.random.sample(rest, others)]
        if _sayable(draw, listed):
            draw.random.shuffle(listed)
            return listed, [word for word in listed if word in inside]


def any_noun(draw: Draw) -> Noun:
    """Returns an animal, a thing, food or a piece of furniture, one as often as another."""
    return draw.one(NOUNS)


def capital(text: str) -> str:
    """Returns the text with a capital first."""
    return text[0].upper() + text[1:]
