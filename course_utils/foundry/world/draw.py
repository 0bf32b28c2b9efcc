"""Chooses what the world is about to say, and keeps combinations apart: what training draws, the held-out splits never do, and back.

Held out are whole combinations, by a digest of their names: one in eight pairs of an adjective and a noun, one in eight pairs of
people. A noun is drawn to suit its verb in the same way; but a later mention may join the two again, so nothing is claimed of these.
"""

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import TypeVar

from course_utils.errors import CourseError
from course_utils.foundry.world import lexicon as words
from course_utils.foundry.world.grammar import At, Clause, Near, Some, Together
from course_utils.foundry.world.lexicon import Adjective, Noun, Person, Verb, Words

SPLITS = ("train", "new", "held-out")
_PARTS = 8
T = TypeVar("T")


def held_out(*names: str) -> bool:
    """Returns True for the one combination in eight that no training sees; the order of its names does not matter."""
    text = "+".join(sorted(names))
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % _PARTS == 0


def joined(clauses: Iterable[Clause]) -> set[tuple[str, str]]:
    """Returns the pairs of adjective and noun, and of people, that these clauses join, as they are seen in them; feelings are free."""
    pairs, people = set(), set()
    for clause in clauses:
        for who in (clause.subject, clause.object, clause.to, clause.where.what if isinstance(clause.where, Near) else None):
            if isinstance(who, Some):
                pairs.update((adjective.en, who.noun.en) for adjective in who.adjectives)
            people.update(who.people if isinstance(who, Together) else [who] if isinstance(who, Person) else [])
        if clause.state and clause.state.kind != "feeling" and isinstance(clause.subject, Some):
            pairs.add((clause.state.en, clause.subject.noun.en))
    return pairs | set(combinations(sorted(person.name for person in people), 2))


class Draw:
    """A source of random choices for one split.

    "train" and "new" use the same combinations and differ in their seed; "held-out" uses the others, wherever two things combine and
    there is one.
    """

    def __init__(self, split: str, seed: int = 0):
        if split not in SPLITS:
            raise CourseError(f"{split!r} is not a split of the small world. Expected one of {', '.join(SPLITS)}: Draw('train').")
        self.split = split
        self.random = random.Random(f"{split}:{seed}")

    def one(self, choices: Sequence[T]) -> T:
        """Returns one of them."""
        return choices[int(self.random.random() * len(choices))]

    def chance(self, share: float) -> bool:
        """Returns True that often."""
        return self.random.random() < share

    def allowed(self, *names: str) -> bool:
        """Returns True when this split may combine these names."""
        return held_out(*names) == (self.split == "held-out")

    def people(self, count: int) -> list[Person]:
        """Returns different people whose pairs this split may combine."""
        chosen = [self.one(words.PEOPLE)]
        while len(chosen) < count:
            others = [person for person in words.PEOPLE if person not in chosen]
            chosen.append(self._fitting(others, [person.name for person in chosen], lambda person: person.name))
        return chosen

    def together(self) -> Together:
        """Returns two people as one."""
        return Together(tuple(self.people(2)))

    def noun(self, *kinds: Sequence[Noun], verb: Verb | None = None) -> Noun:
        """Returns a noun of one of these kinds that this split may combine with the verb."""
        return self._fitting(self.one(kinds), [verb.base] if verb else [], lambda noun: noun.en)

    def adjectives(self, noun: Noun, count: int) -> tuple[Adjective, ...]:
        """Returns adjectives that this split may put before the noun: size first, then colour or quality."""
        others = words.COLOURS if noun.kind != "food" and self.chance(0.75) else words.QUALITIES
        kinds = (words.SIZES, others) if count == 2 else (self.one((words.SIZES, others, others)),) * count
        return tuple(self._fitting(kind, [noun.en], lambda adjective: adjective.en) for kind in kinds)

    def _fitting(self, choices: Sequence[T], names: Sequence[str], name: Callable[[T], str]) -> T:
        """Returns one that goes with all the names in this split; in the held-out one, where none does, one that training also has."""
        fitting = [choice for choice in choices if all(self.allowed(name(choice), other) for other in names)] if names else choices
        if self.split == "held-out" and names:
            fitting = fitting or [choice for choice in choices if not any(held_out(name(choice), other) for other in names)]
        return self.one(fitting)

    def some(self, *kinds: Sequence[Noun], verb: Verb | None = None, article: str = "a", adjectives: float = 0.7) -> Some:
        """Returns something of these kinds, with one adjective that often, and seldom two."""
        noun = self.noun(*kinds, verb=verb)
        count = 2 if self.chance(adjectives * 0.25) else int(self.chance(adjectives))
        return Some(noun, self.adjectives(noun, count), article=article)

    def several(self, *kinds: Sequence[Noun], verb: Verb | None = None, adjectives: float = 0.5) -> Some:
        """Returns from two to nine of something."""
        noun = self.noun(*kinds, verb=verb)
        return Some(noun, self.adjectives(noun, int(self.chance(adjectives))), count=self.one(range(2, 10)), article="a")

    def at(self, to: bool = False) -> At:
        """Returns a place to be in or to go to."""
        return At(self.one(words.PLACES), to)

    def near(self, *kinds: Sequence[Noun]) -> Near:
        """Returns a position on, under, behind, in front of or next to something."""
        return Near(self.one(words.RELATIONS), self.some(*(kinds or (words.FURNITURE,)), article="the", adjectives=0.4))

    def when(self) -> Words:
        """Returns a time."""
        return self.one(words.TIMES)
