"""How English and French put the small world into words: articles, agreement, elision, negation, tenses, questions.

Knows nothing of what is worth saying. A clause is built once and rendered twice, so that a sentence and its translation agree.
"""

import re
from dataclasses import dataclass, replace

from course_utils.foundry.world.lexicon import BE, NUMBERS, SAY, Adjective, Noun, Person, Place, Verb, Words, plural_fr

_VOWEL = re.compile(r"[aeiouyâàéèêîôûœh]", re.IGNORECASE)


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


def english(sentence: Sentence) -> str:
    """Returns the English sentence, with its capital and its mark."""
    if sentence.asks:
        return _finish(question_en(sentence.clause), "?")
    text = clause_en(sentence.clause)
    if sentence.second:
        text += ("," if sentence.joiner == "but" else "") + f" {sentence.joiner} {clause_en(sentence.second)}"
    return _finish(text, ".")


def french(sentence: Sentence) -> str:
    """Returns the French sentence, with its capital and its mark."""
    if sentence.asks:
        return _finish(_elide("est-ce que", clause_fr(sentence.clause)), " ?")
    text = clause_fr(sentence.clause)
    if sentence.second:
        second = clause_fr(sentence.second)
        joined = {"because": _elide("parce que", second), "but": f"mais {second}", "and": f"et {second}"}[sentence.joiner]
        text += ("," if sentence.joiner == "but" else "") + f" {joined}"
    return _finish(text, ".")


def clause_en(clause: Clause) -> str:
    """Returns the English clause without capital or mark, its time at the end."""
    subject = name_en(clause.subject)
    return " ".join([subject, _verb_en(clause), *rest_en(clause)])


def question_en(clause: Clause) -> str:
    """Returns the English question that yes or no answers, without its mark."""
    many, subject = plural(clause.subject), name_en(clause.subject)
    if clause.verb is BE:
        return " ".join([_be(clause.past, many), subject, *(["not"] if clause.negated else []), *rest_en(clause)])
    return " ".join([_do(clause.past, many), subject, clause.verb.base, *rest_en(clause)])


def rest_en(clause: Clause) -> list[str]:
    """Returns what follows the English verb, in order."""
    rest = [clause.state.en] if clause.state else []
    rest += [name_en(clause.object)] if clause.object else []
    rest += [f"to {name_en(clause.to)}"] if clause.to else []
    rest += [where_en(clause.where)] if clause.where else []
    rest += [clause.when.en] if clause.when else []
    return rest + ([f'"{clause.saying.en}"'] if clause.saying else [])


def where_en(where: At | Near) -> str:
    """Returns the English of a place or a position."""
    if isinstance(where, Near):
        return f"{where.relation.en} {name_en(where.what)}"
    return f"{'to' if where.to else where.place.en} the {where.place.noun.en}"


def name_en(who: Who) -> str:
    """Returns the English noun phrase, name or pronoun."""
    match who:
        case Person():
            return who.name
        case Together():
            return " and ".join(person.name for person in who.people)
        case Pronoun():
            return _pronoun(who.stands_for, ("he", "she", "they"), "it")
    noun = who.noun.en if who.count == 1 else who.noun.en_plural
    words = [adjective.en for adjective in who.adjectives] + [noun]
    if who.owner:
        first = "her" if who.owner.gender == "f" else "his"
    elif who.count > 1:
        first = ("the " if who.article == "the" else "") + NUMBERS[who.count].en
    else:
        first = ("an" if words[0][0] in "aeiou" else "a") if who.article == "a" else "the"
    return " ".join([first, *words])


def clause_fr(clause: Clause) -> str:
    """Returns the French clause without capital or mark, its time at the end."""
    rest = [_agree(clause.state, clause.subject)] if clause.state else []
    rest += [_object_fr(clause)] if clause.object else []
    rest += [_contract("à", name_fr(clause.to))] if clause.to else []
    rest += [where_fr(clause.where)] if clause.where else []
    rest += [clause.when.fr] if clause.when else []
    rest += [f"« {_said(clause)} »"] if clause.saying else []
    return " ".join([name_fr(clause.subject), _verb_fr(clause), *rest])


def where_fr(where: At | Near) -> str:
    """Returns the French of a place or a position, contracted: au marché, à côté du lit."""
    if isinstance(where, Near):
        return _contract(where.relation.fr, name_fr(where.what))
    noun = name_fr(Some(where.place.noun))
    return _contract("à" if where.to else where.place.fr, noun)


def name_fr(who: Who) -> str:
    """Returns the French noun phrase, name or pronoun."""
    match who:
        case Person():
            return who.name
        case Together():
            return " et ".join(person.name for person in who.people)
        case Pronoun():
            return _pronoun_fr(who.stands_for)
    before = [_form(a, who) for a in who.adjectives if a.before]
    after = [_form(a, who) for a in reversed(who.adjectives) if not a.before]
    words = [*before, noun_fr(who), *after]
    return _article(who, " ".join(words), no_elision=who.noun.aspirate and not before)


def noun_fr(who: Some) -> str:
    """Returns the French noun alone, in number; of a job, in the gender of who does it."""
    if who.noun.kind == "job":
        return who.noun.gender if who.gender == "f" else who.noun.fr
    return who.noun.fr if who.count == 1 else who.noun.fr_plural


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


def _verb_en(clause: Clause) -> str:
    many, verb, past = plural(clause.subject), clause.verb, clause.past
    if verb is BE:
        return _be(past, many) + (" not" if clause.negated else "")
    if clause.negated:
        return f"{_do(past, many)} not {verb.base}"
    return verb.past if past else verb.base if many else verb.en


def _be(past: bool, many: bool) -> str:
    return ("were" if many else "was") if past else ("are" if many else "is")


def _do(past: bool, many: bool) -> str:
    return "did" if past else "do" if many else "does"


def _pronoun(who: Who, forms: tuple[str, str, str], thing: str) -> str:
    if plural(who):
        return forms[2]
    if isinstance(who, Some) and who.woman is None:
        return thing
    return forms[feminine(who)]


def _pronoun_fr(who: Who) -> str:
    return ("elle" if feminine(who) else "il") + ("s" if plural(who) else "")


def _verb_fr(clause: Clause) -> str:
    many, verb = plural(clause.subject), clause.verb
    if not clause.past:
        return _negate(verb.fr_many if many else verb.fr, "", clause.negated)
    if verb.imperfect:
        return _negate(verb.participle.split("/")[many], "", clause.negated)
    if verb.auxiliary == "être":
        participle = verb.participle + ("e" if feminine(clause.subject) else "") + ("s" if many else "")
        return _negate("sont" if many else "est", participle, clause.negated)
    return _negate("ont" if many else "a", verb.participle, clause.negated)


def _negate(finite: str, participle: str, negated: bool) -> str:
    words = [_elide("ne", finite), "pas"] if negated else [finite]
    return " ".join([*words, participle]).strip()


def _object_fr(clause: Clause) -> str:
    """Returns the object; after a negation, an indefinite one takes de: elle n'a pas de chapeau."""
    what = clause.object
    if clause.negated and isinstance(what, Some) and what.article == "a" and not what.owner and what.count == 1:
        bare = name_fr(replace(what, article=""))
        return f"de {bare}" if what.noun.aspirate and bare.startswith(what.noun.fr) else _elide("de", bare)
    return name_fr(what)


def _said(clause: Clause) -> str:
    text = clause.saying.fr
    return text.replace("désolé.", "désolée.") if feminine(clause.subject) else text


def _form(adjective: Adjective, who: Some) -> str:
    """Returns the adjective in its noun's gender and number, in its form before a vowel where it stands before one."""
    if feminine(who):
        word = adjective.f
    else:
        following = [a for a in who.adjectives if a.before]
        last = bool(following) and following[-1] is adjective
        next_to_vowel = last and not who.noun.aspirate and _VOWEL.match(who.noun.fr)
        word = adjective.vowel if adjective.vowel and next_to_vowel and who.count == 1 else adjective.m
    return plural_fr(word) if who.count > 1 else word


def _agree(adjective: Adjective, who: Who) -> str:
    word = adjective.f if feminine(who) else adjective.m
    return plural_fr(word) if plural(who) else word


def _article(who: Some, words: str, no_elision: bool) -> str:
    vowel = bool(_VOWEL.match(words)) and not no_elision
    if who.owner:
        if who.count > 1:
            return f"ses {words}"
        return f"sa {words}" if who.gender == "f" and not vowel else f"son {words}"
    if who.count > 1:
        number = NUMBERS[who.count].fr
        return f"les {number} {words}" if who.article == "the" else f"{number} {words}"
    if who.article == "the":
        return f"l'{words}" if vowel else ("la " if who.gender == "f" else "le ") + words
    return words if not who.article else ("une " if who.gender == "f" else "un ") + words


def _contract(preposition: str, words: str) -> str:
    """Returns the two joined as French joins them: à + le = au, de + le = du, de + vowel = d'."""
    start, _, last = preposition.rpartition(" ")
    start += " " if start else ""
    if last in ("à", "de") and words.startswith(("le ", "les ")):
        article, _, rest = words.partition(" ")
        joined = {"à le": "au", "à les": "aux", "de le": "du", "de les": "des"}[f"{last} {article}"]
        return f"{start}{joined} {rest}"
    return start + (_elide(last, words) if last == "de" else f"{last} {words}")


def _elide(word: str, following: str) -> str:
    """Returns both words, the first one's last vowel dropped before a vowel; h in names is mute here (qu'Hugo)."""
    return f"{word[:-1]}'{following}" if _VOWEL.match(following) and following[0] not in "yY" else f"{word} {following}"


def _finish(text: str, mark: str) -> str:
    """Returns a sentence: a capital first, and its mark unless something said has ended it."""
    text = text[0].upper() + text[1:]
    return text if text.endswith(('!"', '."', '?"', " »")) else text + mark


def says(who: Who, saying: Words) -> Clause:
    """Returns the clause in which somebody says something."""
    return Clause(who, SAY, saying=saying)
