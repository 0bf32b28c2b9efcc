"""How French puts the small world into words: gender, number, agreement, elision, contraction, negation, the two pasts."""

import re
from dataclasses import replace

from course_utils.foundry.world.grammar import At, Clause, Near, Person, Pronoun, Sentence, Some, Together, Who, feminine, finish, plural
from course_utils.foundry.world.lexicon import NUMBERS, Adjective, plural_fr

_VOWEL = re.compile(r"[aeiouyâàéèêîôûœh]", re.IGNORECASE)


def french(sentence: Sentence) -> str:
    """Returns the French sentence, with its capital and its mark."""
    if sentence.asks:
        return finish(_elide("est-ce que", clause_fr(sentence.clause)), " ?")
    text = clause_fr(sentence.clause)
    if sentence.second:
        second = clause_fr(sentence.second)
        joined = {"because": _elide("parce que", second), "but": f"mais {second}", "and": f"et {second}"}[sentence.joiner]
        text += ("," if sentence.joiner == "but" else "") + f" {joined}"
    return finish(text, ".")


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
    """Returns both words, the first one's last vowel dropped before a vowel; h in names is mute here (qu'Hugo), in huit it is not."""
    vowel = _VOWEL.match(following) and following[0] not in "yY" and not following.startswith("huit ")
    return f"{word[:-1]}'{following}" if vowel else f"{word} {following}"
