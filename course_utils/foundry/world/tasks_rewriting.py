"""Kinds of instruction that rewrite a sentence of the small world: in French, in another tense, as a question, with another word."""

from dataclasses import replace

from course_utils.foundry.world import lexicon as words
from course_utils.foundry.world import sentences
from course_utils.foundry.world.draw import Draw, held_out
from course_utils.foundry.world.english import english
from course_utils.foundry.world.french import french
from course_utils.foundry.world.grammar import Clause, Pronoun, Sentence, Some
from course_utils.foundry.world.lexicon import BE
from course_utils.foundry.world.tasks import kind

_KINDS = (sentences.deed, sentences.meeting, sentences.gift, sentences.position, sentences.journey, sentences.busy, sentences.state)
_OPPOSITES = {
    "big": "small",
    "small": "big",
    "old": "new",
    "new": "old",
    "clean": "dirty",
    "dirty": "clean",
    "black": "white",
    "white": "black",
}


def statement(draw: Draw, past: bool, longest: int = 9) -> Clause:
    """Returns a short clause that is not negated and whose subject is known (the cat, not a cat)."""
    while True:
        clause = draw.one(_KINDS)(draw).clause
        subject = replace(clause.subject, article="the") if isinstance(clause.subject, Some) else clause.subject
        clause = replace(clause, subject=subject, negated=False, past=past)
        if len(_en(clause).split()) <= longest:
            return clause


def _en(clause: Clause) -> str:
    return english(Sentence(clause))


def _change(draw: Draw, before: bool, **change: bool) -> tuple[str, str]:
    """Returns a sentence, in the past or not, before and after the change."""
    clause = statement(draw, before)
    return _en(clause), _en(replace(clause, **change))


def _translated(draw: Draw) -> tuple[str, str]:
    """Returns a sentence in English and in French; never "they cut", which does not say when."""
    while True:
        clause = statement(draw, past=draw.chance(0.5), longest=8)
        if _en(clause) != _en(replace(clause, past=not clause.past)):
            told = Sentence(replace(clause, negated=draw.chance(0.15)))
            return english(told), french(told)


@kind("Translate into French: {}", "Put this into French: {}", "{} Now in French!", held_out="Please translate this into French: {}")
def _to_french(draw: Draw) -> tuple[str, str]:
    return _translated(draw)


@kind("Translate into English: {}", "Put this into English: {}", "{} Now in English!", held_out="Please translate this into English: {}")
def _from_french(draw: Draw) -> tuple[str, str]:
    return _translated(draw)[::-1]


@kind("Make it negative: {}", 'Say it with "not": {}', "Say that it is not so: {}", held_out="Please make this negative: {}")
def _negative(draw: Draw) -> tuple[str, str]:
    return _change(draw, draw.chance(0.5), negated=True)


@kind("Make a question: {}", "Turn this into a question: {}", "Ask if it is so: {}", held_out="Please make this a question: {}")
def _question(draw: Draw) -> tuple[str, str]:
    clause = statement(draw, past=draw.chance(0.5))
    return _en(clause), english(Sentence(clause, asks=True))


@kind("Put into the past: {}", "Say that it is over: {}", "In the past, please: {}", held_out="Please put this into the past: {}")
def _past(draw: Draw) -> tuple[str, str]:
    return _change(draw, False, past=True)


@kind("Put into the present: {}", "Say that it is now: {}", "In the present, please: {}", held_out="Please put this into the present: {}")
def _present(draw: Draw) -> tuple[str, str]:
    return _change(draw, True, past=False)


@kind("Put into the plural: {}", "Say it of more than one: {}", "Plural, please: {}", held_out="Please put this into the plural: {}")
def _plural_sentence(draw: Draw) -> tuple[str, str]:
    noun = draw.noun(words.ANIMALS)
    what = Some(noun, draw.adjectives(noun, int(draw.chance(0.6))))
    where = draw.near() if draw.chance(0.5) else draw.at()
    clause = Clause(what, draw.one((BE, *words.BEING_BUSY)), where=where, past=draw.chance(0.5))
    many = replace(clause, subject=replace(what, count=2))
    return _en(clause), _en(many).replace("The two ", "The ", 1)


@kind("Say it with he, she, it or they: {}", "Use a pronoun: {}", "Do not say who: {}", held_out="Please use he, she, it or they: {}")
def _pronoun(draw: Draw) -> tuple[str, str]:
    while isinstance((clause := statement(draw, past=draw.chance(0.5))).subject, Pronoun):
        pass
    return _en(clause), _en(replace(clause, subject=Pronoun(clause.subject)))


@kind('Join with "{}": {}', 'Make one sentence with "{}": {}', '{1} Put "{0}" between.', held_out='Use "{}" to make one sentence: {}')
def _join(draw: Draw) -> tuple[str, str, str]:
    while True:
        told = draw.one((_reason, _two, sentences.contrast))(draw)
        if len(english(told).split()) < 13:
            return told.joiner, " ".join(map(_en, told.clauses)), english(told)


def _reason(draw: Draw) -> Sentence:
    person, past = draw.people(1)[0], draw.chance(0.5)
    first = Clause(person, draw.one(words.BEING_BUSY), where=draw.at() if draw.chance(0.5) else None, past=past)
    return Sentence(first, "because", Clause(Pronoun(person), BE, state=draw.one(words.FEELINGS), past=past))


def _two(draw: Draw) -> Sentence:
    past, verbs = draw.chance(0.5), draw.random.sample(words.BEING_BUSY, 2)
    first, second = (Clause(person, verb, past=past) for person, verb in zip(draw.people(2), verbs, strict=True))
    return Sentence(first, draw.one(("and", "but")), second)


@kind("Say {1} and not {0}: {2}", "{2} Say {1} for {0}.", 'Replace "{}" by "{}": {}', held_out='Put "{1}" for "{0}": {2}')
def _replace(draw: Draw) -> tuple[str, str, str, str]:
    while True:
        verb = draw.one((*words.DEEDS, *words.HANDLING))
        old, new = draw.noun(words.THINGS, verb=verb), draw.noun(words.THINGS, verb=verb)
        if old != new:
            where = draw.near() if draw.chance(0.3) else None
            clause = Clause(draw.people(1)[0], verb, Some(old), where=where, past=draw.chance(0.6))
            return old.en, new.en, _en(clause), _en(replace(clause, object=Some(new)))


@kind("Say the opposite: {}", "No! {} Say how it is.", "The opposite, please: {}", held_out="Please say the opposite: {}")
def _opposite_sentence(draw: Draw) -> tuple[str, str]:
    while True:
        noun, state = draw.one((*words.FURNITURE, *words.THINGS)), draw.one((*words.SIZES, *words.COLOURS, *words.QUALITIES))
        other = _OPPOSITES.get(state.en)
        if other and (held_out(noun.en, state.en) or held_out(noun.en, other)) == (draw.split == "held-out"):
            text = _en(Clause(Some(noun), BE, state=state, past=draw.chance(0.5)))
            return text, text.replace(f"{state.en}.", f"{other}.")
