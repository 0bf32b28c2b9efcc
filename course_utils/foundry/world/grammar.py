"""What can be said of the small world: noun phrases, places, clauses and sentences, before they are put into a language.

Knows nothing of what is worth saying. A clause is built once and rendered twice, by `english` and `french`, so that a sentence and its
translation agree.
"""

from dataclasses import dataclass, replace

from course_utils.foundry.world.lexicon import SAY, Adjective, Noun, Person, Place, Verb, Words


@dataclass(frozen=True)
class Some:
    """A noun with its adjectives: "the small red ball", "three cats", "her dog". `article` is "the", "a" or "" with a number."""

    noun: Noun
    adjectives: tuple[Adjective, ...] = ()
    count: int = 1
    article: str = "the"
    owner: Person | None = None
    woman: bool | None = None

    @property
    def gender(self) -> str:
        """The French gender; of a job, that of who does it."""
        return self.noun.gender if self.woman is None else "mf"[self.woman]

    def again(self) -> "Some":
        """Returns what a second mention says: the noun alone with a definite article."""
        return replace(self, adjectives=(), article="the", owner=None)


@dataclass(frozen=True)
class Together:
    """Two people as one subject or object."""

    people: tuple[Person, Person]


@dataclass(frozen=True)
class Pronoun:
    """He, she, it or they, for whom or what it stands for."""

    stands_for: "Some | Person | Together"


@dataclass(frozen=True)
class At:
    """A place with its preposition; `to` makes it a destination."""

    place: Place
    to: bool = False


@dataclass(frozen=True)
class Near:
    """A position relative to something: under the table."""

    relation: Words
    what: Some


Who = Some | Person | Together | Pronoun


@dataclass(frozen=True)
class Clause:
    """Who does what to what, to whom, where, when: the smallest fact of the world."""

    subject: Who
    verb: Verb
    object: Some | Person | Together | None = None
    to: Person | Some | None = None
    where: At | Near | None = None
    when: Words | None = None
    state: Adjective | None = None
    saying: Words | None = None
    negated: bool = False
    past: bool = True


@dataclass(frozen=True)
class Sentence:
    """One clause, or two joined by "because", "but" or "and"; `asks` turns the first into a question with yes or no."""

    clause: Clause
    joiner: str = ""
    second: Clause | None = None
    asks: bool = False

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The facts of this sentence."""
        return (self.clause, self.second) if self.second else (self.clause,)


def says(who: Who, saying: Words) -> Clause:
    """Returns the clause in which somebody says something."""
    return Clause(who, SAY, saying=saying)


def plural(who: Who) -> bool:
    """Returns True for more than one."""
    who = who.stands_for if isinstance(who, Pronoun) else who
    return isinstance(who, Together) or (isinstance(who, Some) and who.count > 1)


def feminine(who: Who) -> bool:
    """Returns True where French agrees in the feminine."""
    who = who.stands_for if isinstance(who, Pronoun) else who
    if isinstance(who, Together):
        return all(person.gender == "f" for person in who.people)
    return who.gender == "f"


def finish(text: str, mark: str) -> str:
    """Returns a sentence: a capital first, and its mark unless something said has ended it."""
    text = text[0].upper() + text[1:]
    return text if text.endswith(('!"', '."', '?"', " »")) else text + mark
