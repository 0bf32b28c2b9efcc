"""How English puts the small world into words: articles, a or an, plurals, negation with do, questions, tenses."""

from course_utils.foundry.world.grammar import At, Clause, Near, Person, Pronoun, Sentence, Some, Together, Who, feminine, finish, plural
from course_utils.foundry.world.lexicon import BE, NUMBERS


def english(sentence: Sentence) -> str:
    """Returns the English sentence, with its capital and its mark."""
    if sentence.asks:
        return finish(question_en(sentence.clause), "?")
    text = clause_en(sentence.clause)
    if sentence.second:
        text += ("," if sentence.joiner == "but" else "") + f" {sentence.joiner} {clause_en(sentence.second)}"
    return finish(text, ".")


def clause_en(clause: Clause) -> str:
    """Returns the English clause without capital or mark, its time at the end."""
    subject = name_en(clause.subject)
    return " ".join([subject, _verb_en(clause), *rest_en(clause)])


def question_en(clause: Clause) -> str:
    """Returns the English question that yes or no answers, without its mark."""
    many, subject = plural(clause.subject), [name_en(clause.subject), *(["not"] if clause.negated else [])]
    if clause.verb is BE:
        return " ".join([_be(clause.past, many), *subject, *rest_en(clause)])
    return " ".join([_do(clause.past, many), *subject, clause.verb.base, *rest_en(clause)])


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
