"""Single sentences of the small world, to be said in English and in French: what the translation miniature learns from."""

from course_utils.foundry.world import lexicon as words
from course_utils.foundry.world.draw import Draw
from course_utils.foundry.world.grammar import Clause, Pronoun, Sentence, Some, Who, feminine
from course_utils.foundry.world.lexicon import Verb, Words


def sentence(draw: Draw) -> Sentence:
    """Returns a sentence: a deed, a meeting, a gift, a position, a journey, a state, with a reason or a contrast, or a question."""
    kind = draw.one((deed, deed, deed, meeting, gift, position, journey, busy, state, owned, reason, reason, contrast))
    made = kind(draw)
    return Sentence(made.clause, asks=True) if not made.second and draw.chance(0.12) else made


def somebody(draw: Draw) -> Who:
    """Returns who does something: a person, two, he, she or they, or an animal."""
    lot = draw.random.random()
    if lot < 0.5:
        return draw.people(1)[0]
    if lot < 0.65:
        return draw.together()
    if lot < 0.8:
        return _pronoun(draw)
    return draw.some(words.ANIMALS, article="the", adjectives=0.4)


def deed(draw: Draw) -> Sentence:
    """Somebody does something with a thing, an animal or food."""
    verb = draw.one((*words.DEEDS, *words.HANDLING, *words.EATING))
    where = draw.at() if draw.chance(0.15) else None
    return Sentence(_told(draw, somebody(draw), verb, object=what_for(draw, verb), where=where))


def meeting(draw: Draw) -> Sentence:
    """Somebody does something with a person or an animal."""
    verb, (first, second) = draw.one(words.MEETING), draw.people(2)
    other = second if draw.chance(0.5) else draw.some(words.ANIMALS, verb=verb, article=draw.one(("a", "the")))
    return Sentence(_told(draw, first, verb, object=other))


def gift(draw: Draw) -> Sentence:
    """Somebody gives, shows or brings something to somebody."""
    verb, (giver, receiver) = draw.one(words.GIVING), draw.people(2)
    subject = Pronoun(giver) if draw.chance(0.2) else giver
    return Sentence(_told(draw, subject, verb, object=draw.some(words.THINGS, words.FOODS, verb=verb), to=receiver))


def position(draw: Draw) -> Sentence:
    """Something is somewhere."""
    what = draw.some(words.THINGS, words.ANIMALS, words.FOODS, article=draw.one(("a", "the")))
    if draw.chance(0.3):
        what = draw.several(words.THINGS, words.ANIMALS)
    where = draw.near() if draw.chance(0.7) else draw.at()
    return Sentence(Clause(what, words.BE, where=where, negated=draw.chance(0.1), past=draw.chance(0.4)))


def journey(draw: Draw) -> Sentence:
    """Somebody goes somewhere."""
    verb = draw.one(words.GOING)
    return Sentence(_told(draw, somebody(draw), verb, where=draw.at(to=True)))


def busy(draw: Draw) -> Sentence:
    """Somebody does what needs no object."""
    where = None if draw.chance(0.4) else draw.near() if draw.chance(0.3) else draw.at()
    return Sentence(_told(draw, somebody(draw), draw.one(words.BEING_BUSY), where=where))


def state(draw: Draw) -> Sentence:
    """Something has a colour or a size, or somebody a feeling."""
    past, negated = draw.chance(0.5), draw.chance(0.2)
    if draw.chance(0.5):
        return Sentence(Clause(somebody(draw), words.BE, state=draw.one(words.FEELINGS), past=past, negated=negated))
    noun = draw.noun(words.THINGS, words.ANIMALS)
    what = Some(noun, count=draw.one((1, 1, 2, 3)))
    return Sentence(Clause(what, words.BE, state=draw.adjectives(noun, 1)[0], past=past, negated=negated))


def owned(draw: Draw) -> Sentence:
    """Somebody does something with what is theirs."""
    person, verb = draw.people(1)[0], draw.one((*words.HANDLING, *words.DEEDS[:4]))
    noun = draw.noun(words.THINGS, verb=verb)
    own = Some(noun, draw.adjectives(noun, int(draw.chance(0.5))), owner=person)
    return Sentence(_told(draw, person, verb, object=own))


def reason(draw: Draw) -> Sentence:
    """Somebody does something because of how they feel."""
    first = draw.one((deed, busy, journey, gift))(draw).clause
    who = first.subject if isinstance(first.subject, Pronoun) else Pronoun(first.subject)
    because = Clause(who, words.BE, state=draw.one(words.FEELINGS), past=first.past)
    return Sentence(first, "because", because)


def contrast(draw: Draw) -> Sentence:
    """Somebody does something, and does or does not do something else with it."""
    person, verb, second = draw.people(1)[0], draw.one(words.DEEDS), draw.one(words.HANDLING)
    what = draw.some(words.THINGS, verb=verb)
    past, negated = draw.chance(0.6), draw.chance(0.5)
    first = Clause(person, verb, what, past=past)
    return Sentence(first, "but" if negated else "and", Clause(Pronoun(person), second, what.again(), past=past, negated=negated))


def what_for(draw: Draw, verb: Verb) -> Some:
    """Returns something, or several, that the verb can be done with."""
    kinds = {"thing": (words.THINGS,), "food": (words.FOODS,)}.get(verb.takes, (words.THINGS, words.ANIMALS, words.FOODS))
    if draw.chance(0.2):
        return draw.several(*kinds, verb=verb)
    return draw.some(*kinds, verb=verb, article=draw.one(("a", "the")))


def _pronoun(draw: Draw) -> Pronoun:
    """Returns he, she or they; a "they" that stands alone does not say who, so it is never one that French puts in the feminine."""
    if draw.chance(0.7):
        return Pronoun(draw.people(1)[0])
    while feminine(pair := draw.together()):
        pass
    return Pronoun(pair)


def _told(draw: Draw, subject: Who, verb: Verb, **rest: object) -> Clause:
    """Returns a clause in the present or the past, sometimes negated, sometimes with a time."""
    when: Words | None = draw.when() if draw.chance(0.15) else None
    return Clause(subject, verb, when=when, negated=draw.chance(0.15), past=draw.chance(0.6), **rest)
