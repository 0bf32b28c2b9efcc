"""Kinds of instruction that ask about one or two given sentences: who, what, where, when, why, how many, what colour, and what it is about.

The second sentence is of the same kind as the first, so that the answer is not the only one that would fit.
"""

from collections.abc import Callable
from dataclasses import replace

from course_utils.foundry.world import lexicon as words
from course_utils.foundry.world.draw import Draw, held_out
from course_utils.foundry.world.english import clause_en, english, name_en, question_en, where_en
from course_utils.foundry.world.grammar import At, Clause, Near, Pronoun, Sentence, Some, says
from course_utils.foundry.world.lexicon import BE, NUMBERS, PLACES, VERBS, Person
from course_utils.foundry.world.tasks import capital, kind

_RELATION = {relation.en: relation for relation in words.RELATIONS}
_TURNED = {"on": "under", "behind": "in front of", "in front of": "behind", "next to": "next to"}
_MARKET = next(place for place in PLACES if place.noun.en == "market")


def _en(*clauses: Clause) -> str:
    return " ".join(english(Sentence(clause)) for clause in clauses)


def _asked(draw: Draw, make: Callable[[Draw, Person], Clause], ask: Callable[[Clause], str]) -> tuple[str, str, Clause]:
    """Returns one or two facts, a question about one of them that does not fit the other, and the fact asked about."""
    while True:
        clauses = [make(draw, person) for person in draw.people(draw.one((1, 2, 2)))]
        if len({ask(clause) for clause in clauses}) == len(clauses):
            clause = draw.one(clauses)
            return _en(*clauses), ask(clause), clause


def _deed(draw: Draw, person: Person) -> Clause:
    verb = draw.one((*words.DEEDS, *words.HANDLING))
    return Clause(person, verb, draw.some(words.THINGS, verb=verb, article=draw.one(("a", "the")), adjectives=0.5))


def _placed(draw: Draw, person: Person) -> Clause:
    what = draw.some(words.THINGS, words.ANIMALS, words.FOODS, article="the", adjectives=0.3)
    return Clause(what, BE, where=draw.near() if draw.chance(0.7) else draw.at(), past=False)


def _coloured(draw: Draw, person: Person) -> Clause:
    noun = draw.noun(words.THINGS, words.ANIMALS)
    while (adjectives := draw.adjectives(noun, 1))[0] not in words.COLOURS:
        pass
    return Clause(Some(noun, adjectives), BE, where=draw.near() if draw.chance(0.6) else draw.at(), past=False)


def _counted(draw: Draw, person: Person) -> Clause:
    verb = draw.one(words.DEEDS)
    return Clause(person, verb, draw.several(words.ANIMALS, words.THINGS, words.FOODS, verb=verb, adjectives=0.3))


def _busy(draw: Draw, person: Person) -> Clause:
    return Clause(person, draw.one(words.BEING_BUSY))


@kind("{} {}", "{1} {0}", "Read this. {} {}", held_out="Here is what I know. {} Now tell me. {}")
def _who(draw: Draw) -> tuple[str, str, str]:
    text, question, clause = _asked(draw, _deed, lambda c: f"Who {c.verb.past} {name_en(c.object.again())}?")
    return text, question, f"{name_en(clause.subject)}."


@kind("{} {}", "{1} {0}", "Read this. {} {}", held_out="Here is what I know. {} Now tell me. {}")
def _what(draw: Draw) -> tuple[str, str, str]:
    text, question, clause = _asked(draw, _deed, lambda c: f"What {question_en(replace(c, object=None))}?")
    return text, question, f"{capital(name_en(clause.object))}."


@kind("{} {}", "{1} {0}", "Look. {} {}", held_out="Here is what I know. {} Now tell me. {}")
def _where(draw: Draw) -> tuple[str, str, str]:
    text, question, clause = _asked(draw, _placed, lambda c: f"Where is {name_en(c.subject.again())}?")
    return text, question, f"{capital(where_en(clause.where))}."


@kind("{} {}", "{1} {0}", "Read this. {} {}", held_out="Here is what I know. {} Now tell me. {}")
def _when(draw: Draw) -> tuple[str, str, str]:
    text, question, clause = _asked(
        draw, lambda d, person: replace(_busy(d, person), when=d.when()), lambda c: f"When {question_en(replace(c, when=None))}?"
    )
    return text, question, f"{capital(clause.when.en)}."


@kind("{} {}", "{1} {0}", "Read this. {} {}", held_out="Here is what I know. {} Now tell me. {}")
def _why(draw: Draw) -> tuple[str, str, str]:
    told = []
    for person in draw.people(draw.one((1, 2))):
        feeling = Clause(Pronoun(person), BE, state=draw.one(words.FEELINGS))
        told.append(Sentence(_busy(draw, person), "because", feeling))
    asked = draw.one(told)
    return " ".join(map(english, told)), f"Why {question_en(asked.clause)}?", f"Because {clause_en(asked.second)}."


@kind("{} {}", "{1} {0}", "Count. {} {}", held_out="Here is what I know. {} Now tell me. {}")
def _how_many(draw: Draw) -> tuple[str, str, str]:
    def ask(clause: Clause) -> str:
        return f"How many {clause.object.noun.en_plural} {question_en(replace(clause, object=None))}?"

    text, question, clause = _asked(draw, _counted, ask)
    return text, question, capital(f"{NUMBERS[clause.object.count].en}.")


@kind("{1} {0}", "{} {}", "Look. {} {}", held_out="Here is what I know. {} Now tell me. {}")
def _colour(draw: Draw) -> tuple[str, str, str]:
    text, question, clause = _asked(draw, _coloured, lambda c: f"What colour is {name_en(c.subject.again())}?")
    return text, question, _en(Clause(clause.subject.again(), BE, state=clause.subject.adjectives[0], past=False))


@kind("Answer with the colour only. {} {}", "Only the colour, please. {1} {0}", "{0} {1} One word!", held_out="Say only the colour. {} {}")
def _colour_only(draw: Draw) -> tuple[str, str, str]:
    text, question, clause = _asked(draw, _coloured, lambda c: f"What colour is {name_en(c.subject.again())}?")
    return text, question, clause.subject.adjectives[0].en


@kind("{} {}", "{1} {0}", "Yes or no? {} {}", held_out="Here is what I know. {} Now tell me, yes or no. {}")
def _yes_or_no(draw: Draw) -> tuple[str, str, str]:
    facts = _same_deed(draw)
    right, fact = draw.chance(0.5), draw.one(facts)
    asked = fact if right else replace(fact, object=next(other.object for other in facts if other is not fact))
    return _en(*facts), f"{capital(question_en(asked))}?", f"{'Yes' if right else 'No'}, {clause_en(fact)}."


def _same_deed(draw: Draw) -> list[Clause]:
    """Returns what two people do, the same with different things."""
    while True:
        verb, people = draw.one((*words.DEEDS, *words.HANDLING)), draw.people(2)
        told = [Clause(p, verb, draw.some(words.THINGS, verb=verb, article="the", adjectives=0.2)) for p in people]
        if told[0].object.noun != told[1].object.noun:
            return told


@kind(
    "Find the name: {}",
    "Which name do you read? {}",
    "Name only: {}",
    held_out="Tell me the name you find here: {}",
)
def _find_name(draw: Draw) -> tuple[str, str]:
    person, verb = draw.people(1)[0], draw.one(words.MEETING)
    animal = draw.some(words.ANIMALS, verb=verb, article="the", adjectives=0.6)
    clause = draw.one((_deed(draw, person), Clause(person, verb, animal), Clause(animal, verb, person)))
    return _en(clause), person.name


@kind(
    "Find the place: {}",
    "Which place do you read? {}",
    "Place only: {}",
    held_out="Tell me the place you find here: {}",
)
def _find_place(draw: Draw) -> tuple[str, str]:
    who = draw.people(1)[0] if draw.chance(0.5) else draw.some(words.ANIMALS, article="the", adjectives=0.7)
    to = draw.chance(0.4)
    clause = Clause(
        who, draw.one(words.GOING if to else words.BEING_BUSY), where=draw.at(to), when=draw.when() if draw.chance(0.3) else None
    )
    return _en(clause), name_en(Some(clause.where.place.noun))


@kind("{} Who {} {}?", "Who {1} {2}? {0}", "Read this. {} Who {} {}?", held_out="Here is what I know. {} Now tell me who {} {}.")
def _who_feels(draw: Draw) -> tuple[str, str, str, str]:
    past, feelings = draw.chance(0.5), draw.random.sample(words.FEELINGS, 2)
    facts = [Clause(person, BE, state=state, past=past) for person, state in zip(draw.people(2), feelings, strict=True)]
    asked = draw.one(facts)
    return _en(*facts), "was" if past else "is", asked.state.en, f"{name_en(asked.subject)}."


@kind(
    "{} And where is {}?",
    "Where is {1}? {0}",
    "Look. {} And where is {}?",
    held_out="Here is what I know. {} Now tell me where {} is.",
)
def _other_way_round(draw: Draw) -> tuple[str, str, str]:
    relation = draw.one(list(_TURNED))
    what = draw.some(words.THINGS, words.ANIMALS, article="the", adjectives=0.5)
    base = Some(draw.noun(words.FURNITURE))
    turned = Clause(base, BE, where=Near(_RELATION[_TURNED[relation]], what.again()), past=False)
    return _en(Clause(what, BE, where=Near(_RELATION[relation], base), past=False)), name_en(base), _en(turned)


@kind("Sum up: {}", "Say it in one sentence: {}", "In short, please: {}", held_out="Please sum this up in one sentence: {}")
def _summary(draw: Draw) -> tuple[str, str]:
    return draw.one((_shopped, _gave, _ate))(draw, *draw.people(2))


def _shopped(draw: Draw, person: Person, _: Person) -> tuple[str, str]:
    what = draw.some(words.THINGS, words.FOODS, verb=VERBS["buy"], article="a", adjectives=0.7)
    went = Clause(person, VERBS["go"], where=At(_MARKET, to=True), when=draw.when() if draw.chance(0.5) else None)
    bought = Clause(Pronoun(person), VERBS["buy"], what)
    return _en(went, bought), _en(replace(bought, subject=person, where=At(_MARKET)))


def _gave(draw: Draw, person: Person, friend: Person) -> tuple[str, str]:
    verb = draw.one(words.GIVING)
    what = draw.some(words.THINGS, verb=verb, article="a", adjectives=0.7)
    while draw.split != "held-out" and held_out("have", what.noun.en):
        what = draw.some(words.THINGS, verb=verb, article="a", adjectives=0.7)
    gave = Clause(Pronoun(person), verb, what.again(), to=friend)
    return _en(Clause(person, VERBS["have"], what), gave), _en(replace(gave, subject=person, object=what))


def _ate(draw: Draw, person: Person, _: Person) -> tuple[str, str]:
    hungry = Clause(person, BE, state=next(feeling for feeling in words.FEELINGS if feeling.en == "hungry"))
    ate = Clause(person, VERBS["eat"], draw.some(words.FOODS, verb=VERBS["eat"], article="a", adjectives=0.7))
    short = Sentence(ate, "because", replace(hungry, subject=Pronoun(person)))
    return _en(hungry, replace(ate, subject=Pronoun(person))), english(short)


@kind(
    "{} What did {} say?",
    "What did {1} say? {0}",
    "Read this. {} What did {} say?",
    held_out="Here is what I know. {} Now tell me what {} said.",
)
def _said(draw: Draw) -> tuple[str, str, str]:
    sayings = draw.random.sample(list(words.SAYINGS.values()), 2)
    facts = [says(person, saying) for person, saying in zip(draw.people(2), sayings, strict=True)]
    asked = draw.one(facts)
    return _en(*facts), name_en(asked.subject), asked.saying.en
