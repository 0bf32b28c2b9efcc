"""Questions about a story with their answers: who, what, where, when, why, how many, what colour, and yes or no.

Each answer follows from a clause; knows nothing of how stories come about.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from course_utils.foundry.world.draw import Draw, held_out
from course_utils.foundry.world.english import clause_en, english, name_en, question_en, rest_en, where_en  # fmt: skip
from course_utils.foundry.world.grammar import Clause, Pronoun, Sentence, Some, Who, plural
from course_utils.foundry.world.lexicon import BE, COLOURS, NUMBERS, PEOPLE, SAY, Person
from course_utils.foundry.world.stories import Story


@dataclass(frozen=True)
class Question:
    """A question, its answer as it stands in the story (or yes, or no), and its kind."""

    text: str
    answer: str
    kind: str


def questions(story: Story, draw: Draw) -> list[Question]:
    """Returns every question that the story answers, without those whose answer it gives twice over."""
    names = {name for name, kind in story.entities if kind == "PER"}
    others = [p for p in PEOPLE if p.name not in names and (draw.split == "held-out" or not any(held_out(p.name, n) for n in names))]
    found = [question for sentence in story.sentences for question in _ask(sentence, draw, others)]
    answers: dict[str, set[str]] = {}
    for question in found:
        answers.setdefault(question.text, set()).add(question.answer)
    return [q for q in dict.fromkeys(found) if len(answers[q.text]) == 1]


def _ask(sentence: Sentence, draw: Draw, others: list[Person]) -> Iterator[Question]:
    for clause in sentence.clauses:
        if clause.verb is not SAY and not isinstance(clause.subject, Pronoun):
            yield from _about(clause, draw, others)
    first = sentence.clause
    if sentence.joiner == "because" and not isinstance(first.subject, Pronoun):
        yield Question(f"Why {question_en(first)}?", f"because {clause_en(sentence.second)}", "why")


def _about(clause: Clause, draw: Draw, others: list[Person]) -> Iterator[Question]:
    bare = replace(clause, when=None)
    if not clause.negated and not plural(clause.subject):
        kind = "what" if isinstance(clause.subject, Some) and clause.subject.woman is None else "who"
        verb = "was" if clause.verb is BE else clause.verb.past
        yield Question(f"{kind.capitalize()} {' '.join([verb, *rest_en(bare)])}?", name_en(clause.subject), kind)
    if clause.object and not clause.negated:
        without = replace(bare, object=None, where=None)
        kind = "what" if isinstance(clause.object, Some) else "whom"
        yield Question(f"{kind.capitalize()} {question_en(without)}?", name_en(clause.object), kind)
        yield from _details(clause.object)
    if clause.where and not clause.negated:
        yield Question(f"Where {question_en(replace(bare, where=None))}?", where_en(clause.where), "where")
    if clause.when and not clause.negated:
        yield Question(f"When {question_en(bare)}?", clause.when.en, "when")
    yield from _yes_or_no(clause, draw, others)


def _details(what: Who) -> Iterator[Question]:
    if isinstance(what, Some):
        noun = what.noun.en if what.count == 1 else what.noun.en_plural
        if what.count > 1:
            yield Question(f"How many {noun} were there?", NUMBERS[what.count].en, "how many")
        for colour in (a for a in what.adjectives if a in COLOURS):
            yield Question(f"What colour {'was' if what.count == 1 else 'were'} the {noun}?", colour.en, "colour")


def _yes_or_no(clause: Clause, draw: Draw, others: list[Person]) -> Iterator[Question]:
    """Yields a question that yes or no answers; `others` are people of whom the story says nothing."""
    asked = replace(clause, negated=False)
    if clause.negated:
        yield Question(english(Sentence(asked, asks=True)), "no", "yes or no")
    elif draw.chance(0.5):
        yield Question(english(Sentence(asked, asks=True)), "yes", "yes or no")
    elif clause.subject in PEOPLE:
        yield Question(english(Sentence(replace(asked, subject=draw.one(others)), asks=True)), "no", "yes or no")
