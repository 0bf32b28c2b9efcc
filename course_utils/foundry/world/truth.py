"""Whether a sentence says nothing but what happened in a story: the check on summaries that a miniature writes.

Reads the sentence clause by clause: who did what, to what, to whom, where, and what the things were like. Knows only the past tense, in
which stories are told.
"""

import re

from course_utils.foundry.world.grammar import At, Clause, Near, Pronoun, Some, Together, Who
from course_utils.foundry.world.lexicon import COLOURS, PEOPLE, PLACES, QUALITIES, RELATIONS, SIZES, VERBS
from course_utils.foundry.world.stories import Story

_PAST = sorted({verb.past for verb in VERBS.values()} | {"were"}, key=len, reverse=True)
_VERB = re.compile(rf"\b(?:{'|'.join(_PAST)})\b")
_SUBJECTS = "|".join(["he", "she", "it", "they", *(person.name for person in PEOPLE)])
_NEXT_CLAUSE = re.compile(rf",? (?:and|but) (?=(?:{_SUBJECTS}) (?:{'|'.join(_PAST)})\b)")
_PREPOSITION = re.compile(r"(?<! next) (?=(?:to|in front of|in|at|on|by|under|behind|next to) )")
_ADJECTIVES = {adjective.en for adjective in (*COLOURS, *SIZES, *QUALITIES)}
_NAMES = {person.name for person in PEOPLE}
_PLACES = {place.noun.en for place in PLACES}
_PRONOUNS = {"he", "she", "it", "they"}

Fact = tuple[str, str, str, str]


def invents_nothing(summary: str, story: Story) -> bool:
    """Returns True when each clause of the sentence is a fact of the story, and each place and property in it too.

    A place may be the story's, wherever it was named; a position, such as under the table, must be that of the same fact.
    """
    places = {clause.where.place.noun.en for clause in story.clauses if isinstance(clause.where, At)}
    facts: dict[Fact, set[str]] = {}
    for clause in story.clauses:
        near = {f"{clause.where.relation.en} {_name(clause.where.what)}"} if isinstance(clause.where, Near) else set()
        facts.setdefault(_fact(clause), set()).update(near | places)
    likeness = _likeness(story)
    return all(_holds(clause, facts, likeness) for clause in _clauses(summary.rstrip(".")))


def _clauses(sentence: str) -> list[str]:
    """Returns its clauses: it is cut before a subject with a verb, where a verb went before ("Ben and Lucy met" is one)."""
    cut = next((found for found in _NEXT_CLAUSE.finditer(sentence) if _VERB.search(sentence[: found.start()])), None)
    return [sentence] if cut is None else [sentence[: cut.start()], *_clauses(sentence[cut.end() :])]


def _holds(clause: str, facts: dict[Fact, set[str]], likeness: dict[str, set[str]]) -> bool:
    verb = _VERB.search(clause)
    if not verb or " not " in f" {clause} ":
        return False
    subject, rest = clause[: verb.start()].strip(), _PREPOSITION.split(clause[verb.end() :])
    to = next((part for part in rest[1:] if part.startswith("to ")), "")
    where = next((part for part in rest[1:] if not part.startswith("to ")), "")
    said = (_head(subject), verb[0], _head(rest[0]), _head(to))
    told = [places for fact, places in facts.items() if said[1:] == fact[1:] and (said[0] == fact[0] or said[0] in _PRONOUNS)]
    known = any(not where or _place(where) in places for places in told)
    return known and all(_is_like(part, likeness) for part in (subject, rest[0], where))


def _is_like(phrase: str, likeness: dict[str, set[str]]) -> bool:
    """Returns True when the story gives its thing every property that the phrase does."""
    return _ADJECTIVES.intersection(phrase.split()) <= likeness.get(_head(phrase), set())


def _likeness(story: Story) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for clause in story.clauses:
        near = clause.where.what if isinstance(clause.where, Near) else None
        for what in (clause.subject, clause.object, near):
            if isinstance(what, Some):
                found.setdefault(_name(what), set()).update(adjective.en for adjective in what.adjectives)
    return found


def _fact(clause: Clause) -> Fact:
    past = "" if clause.negated else clause.verb.past
    return _name(clause.subject), past, _name(clause.object), _name(clause.to)


def _place(phrase: str) -> str:
    """Returns a place by its noun, and a position with its preposition."""
    relation = next((relation.en for relation in RELATIONS if phrase.startswith(f"{relation.en} ")), "")
    return _head(phrase) if _head(phrase) in _PLACES else f"{relation} {_head(phrase)}"


def _name(who: Who | None) -> str:
    """Returns the noun, the name, or both names in order; nothing for nobody."""
    who = who.stands_for if isinstance(who, Pronoun) else who
    if isinstance(who, Some):
        return who.noun.en if who.count == 1 else who.noun.en_plural
    people = who.people if isinstance(who, Together) else [who] if who else []
    return " ".join(person.name for person in people)


def _head(phrase: str) -> str:
    """Returns what `_name` would return for the phrase as it is written."""
    words = phrase.split()
    names = [word for word in words if word in _NAMES]
    return " ".join(names) or (words[-1] if words else "")
