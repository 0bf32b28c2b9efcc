"""Still scenes of the small world: a few things and where they are to each other. Pictures and their captions will start here."""

from dataclasses import dataclass

from course_utils.foundry.world import lexicon as words
from course_utils.foundry.world.draw import Draw
from course_utils.foundry.world.english import english
from course_utils.foundry.world.french import french
from course_utils.foundry.world.grammar import Clause, Near, Sentence, Some
from course_utils.foundry.world.lexicon import BE


@dataclass(frozen=True)
class Scene:
    """Things and their positions, one clause each, in a place."""

    facts: tuple[Clause, ...]

    @property
    def english(self) -> str:
        """The description in English, a sentence a fact."""
        return " ".join(english(Sentence(fact)) for fact in self.facts)

    @property
    def french(self) -> str:
        """The same in French."""
        return " ".join(french(Sentence(fact)) for fact in self.facts)


def scene(draw: Draw) -> Scene:
    """Returns a scene of a piece of furniture in a place and one to three things around it."""
    base = draw.some(words.FURNITURE, adjectives=0.6)
    facts = [Clause(base, BE, where=draw.at(), past=False)]
    relations = list(words.RELATIONS)
    draw.random.shuffle(relations)
    for relation in relations[: draw.one((1, 2, 3))]:
        crowd = draw.chance(0.25)
        what = draw.several(words.ANIMALS, words.THINGS) if crowd else draw.some(words.ANIMALS, words.THINGS, words.FOODS)
        facts.append(Clause(what, BE, where=Near(relation, Some(base.noun)), past=False))
    return Scene(tuple(facts))
