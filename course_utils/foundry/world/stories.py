"""Stories of three to six sentences that keep their characters and things straight, each with a summary, its French and its people.

A kind of story is a function that returns what happens, clause by clause. One kind, the race, is held out whole.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from course_utils.foundry.world import lexicon as words
from course_utils.foundry.world.draw import Draw
from course_utils.foundry.world.english import english, where_en
from course_utils.foundry.world.french import french  # fmt: skip
from course_utils.foundry.world.grammar import At, Clause, Near, Pronoun, Sentence, Some, Together, Who, says
from course_utils.foundry.world.lexicon import BE, FEELINGS, SAYINGS, VERBS, Person

Plot = tuple[list[Sentence], Sentence]


@dataclass(frozen=True)
class Story:
    """What happened, sentence by sentence, and the one sentence that sums it up; `skewed` marks the part with the built-in bias."""

    kind: str
    sentences: tuple[Sentence, ...]
    gist: Sentence
    skewed: bool = False

    @property
    def english(self) -> str:
        """The story in English."""
        return " ".join(english(sentence) for sentence in self.sentences)

    @property
    def french(self) -> str:
        """The same in French, sentence by sentence."""
        return " ".join(french(sentence) for sentence in self.sentences)

    @property
    def summary(self) -> str:
        """One English sentence that holds nothing but facts of the story."""
        return english(self.gist)

    @property
    def clauses(self) -> list[Clause]:
        """The facts, in order."""
        return [clause for sentence in self.sentences for clause in sentence.clauses]

    @property
    def entities(self) -> list[tuple[str, str]]:
        """The people (PER) and the places (LOC) by name, in the order of their first mention."""
        found: dict[tuple[str, str], None] = {}
        for clause in self.clauses:
            for who in (clause.subject, clause.object, clause.to):
                people = who.people if isinstance(who, Together) else [who] if isinstance(who, Person) else []
                found.update(dict.fromkeys((person.name, "PER") for person in people))
            if isinstance(clause.where, At):
                found[(where_en(clause.where).partition(" ")[2], "LOC")] = None
        return list(found)


def story(draw: Draw, kind: str | None = None) -> Story:
    """Returns a story of that kind, or of any that this split may tell."""
    kind = kind or draw.one([name for name in KINDS if name != HELD_OUT_KIND])
    sentences, gist = KINDS[kind](draw)
    return Story(kind, tuple(_with_pronouns(draw, sentences)), gist, skewed=kind == "work")


def _tell(subject: Who, verb: str, what: Who | None = None, **rest: object) -> Sentence:
    return Sentence(Clause(subject, VERBS[verb], what, **rest))


def _feel(who: Who, feeling: str) -> Clause:
    return Clause(who, BE, state=next(f for f in FEELINGS if f.en == feeling))


def _join(first: Sentence, joiner: str, second: Clause) -> Sentence:
    return replace(first, joiner=joiner, second=second)


def _with_pronouns(draw: Draw, sentences: list[Sentence]) -> list[Sentence]:
    """Returns the sentences with he, she or they for a subject that was also the last one's, now and then."""
    told, last = [], None
    for sentence in sentences:
        subject = sentence.clause.subject
        again = subject == last and not isinstance(subject, Some) and draw.chance(0.6)
        told.append(replace(sentence, clause=replace(sentence.clause, subject=Pronoun(subject))) if again else sentence)
        last = sentence.second.subject if sentence.second else subject
        last = last.stands_for if isinstance(last, Pronoun) else last
    return told


def _different_places(draw: Draw, count: int) -> list[Near]:
    """Returns positions at different pieces of furniture."""
    while True:
        places = [draw.near() for _ in range(count)]
        if len({place.what.noun for place in places}) == count:
            return places


def _thanks(draw: Draw, who: Person, whom: Person) -> Sentence:
    return Sentence(says(who, SAYINGS["thanks"])) if draw.chance(0.5) else _tell(who, "thank", whom)


def _lost(draw: Draw) -> Plot:
    (owner, friend), (wrong, right) = draw.people(2), _different_places(draw, 2)
    thing = draw.some(words.THINGS, verb=VERBS["lose"], adjectives=1)
    missing = Clause(Pronoun(owner), VERBS["find"], thing.again(), negated=True)
    plot = [
        _tell(owner, "lose", thing, when=draw.when() if draw.chance(0.4) else None),
        _join(_tell(owner, "look for", thing.again(), where=wrong), "but", missing),
        _tell(friend, "find", thing.again(), where=right),
        draw.one((Sentence(_feel(owner, "happy")), _thanks(draw, owner, friend))),
    ]
    return plot, _tell(friend, "find", replace(thing, article="the"), where=right)


def _present(draw: Draw) -> Plot:
    giver, friend = draw.people(2)
    thing = draw.some(words.THINGS, verb=VERBS["give"], adjectives=1)
    shop = At(next(place for place in words.PLACES if place.noun.en == "market"))
    plot = [
        Sentence(replace(_feel(friend, draw.one(("sad", "ill"))), when=draw.when())),
        _tell(giver, "buy", thing, where=shop),
        _tell(giver, "give", thing.again(), to=friend),
        Sentence(says(friend, SAYINGS["thanks"])),
    ]
    if draw.chance(0.5):
        plot.append(Sentence(_feel(draw.one((friend, giver)), "happy")))
    return plot, _tell(giver, "give", thing, to=friend)


def _rescue(draw: Draw) -> Plot:
    (walker, friend), where = draw.people(2), draw.at()
    animal = draw.some(words.ANIMALS, verb=VERBS["help"], adjectives=1)
    plot = [
        _tell(animal, "fall", where=where),
        _tell(walker, "hear", animal.again()),
        _join(_tell(walker, "call", friend), "because", _feel(Pronoun(walker), "afraid")),
        _tell(friend, "help", animal.again()),
        Sentence(_feel(draw.one((animal.again(), walker)), "happy")),
    ]
    return plot, _tell(friend, "help", animal, where=where)


def _picnic(draw: Draw) -> Plot:
    pair, place = draw.together(), draw.at(to=True)
    food = draw.some(words.FOODS, verb=VERBS["share"], adjectives=0.7)
    fruit = draw.several(words.FOODS, verb=VERBS["have"], adjectives=0.2)
    first, second = pair.people
    plot = [
        _tell(pair, "go", where=place, when=draw.when()),
        Sentence(_feel(pair, "hungry")),
        _join(_tell(first, "have", food), "and", Clause(second, VERBS["have"], fruit)),
        _tell(pair, "share", food.again(), where=draw.near()),
    ]
    if draw.chance(0.5):
        plot.append(_tell(pair, draw.one(("laugh", "sing", "dance"))))
    return plot, _tell(pair, "share", food, where=replace(place, to=False))


def _hiding(draw: Draw) -> Plot:
    (joker, seeker), (secret, wrong) = draw.people(2), _different_places(draw, 2)
    thing = draw.some(words.THINGS, words.FOODS, verb=VERBS["find"], adjectives=1)
    missing = Clause(Pronoun(seeker), VERBS["see"], thing.again(), negated=True)
    plot = [
        _tell(joker, "hide", thing, where=secret),
        _join(_tell(seeker, "look for", thing.again(), where=wrong), "but", missing),
        _tell(seeker, "find", thing.again(), where=secret),
        _tell(draw.one((joker, seeker, Together((joker, seeker)))), "laugh"),
    ]
    return plot, _join(_tell(joker, "hide", thing), "but", Clause(seeker, VERBS["find"], thing.again()))


def _broken(draw: Draw) -> Plot:
    owner, clumsy = draw.people(2)
    thing = draw.some(words.THINGS, verb=VERBS["break"], adjectives=1)
    where = draw.at()
    mended = draw.chance(0.6)
    last = _tell(clumsy, "repair", thing.again()) if mended else _tell(clumsy, "buy", draw.some(words.FOODS, verb=VERBS["buy"]))
    plot = [
        _tell(owner, "have", thing),
        _tell(clumsy, "break", thing.again(), where=where),
        Sentence(_feel(owner, draw.one(("sad", "angry")))),
        Sentence(says(clumsy, SAYINGS["sorry"])),
        last,
    ]
    gist = _tell(clumsy, "break", thing, where=where)
    return plot, _join(gist, "and", Clause(Pronoun(clumsy), VERBS["repair"], thing.again())) if mended else gist


def _shopping(draw: Draw) -> Plot:
    (buyer, friend), place = draw.people(2), draw.at(to=True)
    thing = draw.some(words.THINGS, words.FOODS, verb=VERBS["buy"], adjectives=1)
    others = draw.several(words.ANIMALS, words.THINGS, verb=VERBS["see"], adjectives=0.4)
    plot = [
        _join(_tell(buyer, "go", where=place), "because", Clause(Pronoun(buyer), VERBS["want"], Some(thing.noun, article="a"))),
        _tell(buyer, "see", others),
        _tell(buyer, "buy", thing),
        _tell(buyer, "show", thing.again(), to=friend),
        Sentence(_feel(buyer, draw.one(("happy", "proud", "tired")))),
    ]
    return plot, _tell(buyer, "buy", thing, where=replace(place, to=False))


def _bedtime(draw: Draw) -> Plot:
    child, grown_up = draw.people(2)
    toy, bed = draw.some(words.THINGS, words.ANIMALS, verb=VERBS["want"], adjectives=1), draw.near()
    plot = [
        Sentence(replace(_feel(child, "tired"), when=words.TIMES[1])),
        _tell(child, "want", toy),
        _tell(grown_up, "find", toy.again(), where=bed),
        _tell(grown_up, "bring", toy.again(), to=child),
        Sentence(says(draw.one((child, grown_up)), SAYINGS["good night"])),
    ]
    if draw.chance(0.6):
        plot.append(_tell(child, "sleep"))
    return plot, _tell(grown_up, "bring", toy, to=child)


def _thief(draw: Draw) -> Plot:
    (owner, friend), secret = draw.people(2), draw.near()
    food = draw.some(words.FOODS, verb=VERBS["have"], adjectives=0.8)
    animal = draw.some(words.ANIMALS, verb=VERBS["follow"], adjectives=1)
    plot = [
        _tell(owner, "have", food),
        _tell(animal, "take", food.again(), where=draw.at()),
        _tell(friend, "follow", animal.again()),
        _tell(animal.again(), "hide", food.again(), where=secret),
        draw.one((_tell(friend, "find", food.again()), Sentence(_feel(owner, "angry")), _tell(owner, "laugh"))),
    ]
    return plot, _join(_tell(animal, "take", food), "and", Clause(Pronoun(animal), VERBS["hide"], food.again(), where=secret))


def _visit(draw: Draw) -> Plot:
    (host, guest), place = draw.people(2), draw.at()
    load, gift = draw.some(words.THINGS, verb=VERBS["carry"], adjectives=1), draw.some(words.FOODS, verb=VERBS["give"])
    plot = [
        _tell(host, "meet", guest, where=place, when=draw.when() if draw.chance(0.5) else None),
        Sentence(says(host, SAYINGS["hello"])),
        _join(_tell(host, "carry", load), "because", _feel(guest, draw.one(("tired", "ill")))),
        _tell(guest, "give", gift, to=host),
    ]
    if draw.chance(0.6):
        plot.append(_tell(Together((host, guest)), draw.one(("laugh", "play", "sing", "dance"))))
    return plot, _join(_tell(host, "meet", guest, where=place), "and", Clause(Pronoun(host), VERBS["carry"], load))


def _picture(draw: Draw) -> Plot:
    artist, friend = draw.people(2)
    what = draw.some(words.ANIMALS, words.THINGS, verb=VERBS["draw"], adjectives=1)
    place = draw.at()
    plot = [
        _tell(artist, "draw", what, where=place),
        _tell(artist, "show", what.again(), to=friend),
        _join(_tell(friend, "like", what.again()), "because", Clause(what.again(), BE, state=what.adjectives[-1])),
        Sentence(says(friend, SAYINGS["well done"])),
        Sentence(_feel(artist, draw.one(("proud", "happy")))),
    ]
    return plot, _tell(artist, "draw", what, where=place)


def _work(draw: Draw) -> Plot:
    """A working day: the marked part, where he and she are as common as OCCUPATIONS says."""
    job = draw.one(list(words.OCCUPATIONS))
    worker = Some(job, woman=draw.chance(words.OCCUPATIONS[job]))
    (client,), place = draw.people(1), draw.at()
    thing = draw.some(words.THINGS, verb=VERBS["bring"], adjectives=0.7)
    plot = [
        _join(_tell(worker, "work", where=place), "but", _feel(Pronoun(worker), draw.one(("tired", "ill", "hungry", "sad")))),
        _tell(client, "bring", thing, to=worker),
        _tell(worker, draw.one(("laugh", "sing", "dance"))),
        _tell(Pronoun(worker), "thank", client),
    ]
    if draw.chance(0.5):
        plot.append(_join(_tell(worker, "go", where=draw.at(to=True)), "because", _feel(Pronoun(worker), "happy")))
    return plot, _tell(client, "bring", thing, to=worker)


def _race(draw: Draw) -> Plot:
    pair, where, stone = draw.together(), draw.at(), draw.near()
    first, second = pair.people
    plot = [
        _tell(pair, "run", where=where),
        _tell(first, "fall", where=stone),
        _join(_tell(second, "wait"), "because", _feel(first, draw.one(("sad", "tired")))),
        _tell(second, "help", first),
        _tell(pair, "arrive", where=draw.at()),
    ]
    return plot, _join(_tell(first, "fall", where=stone), "but", Clause(second, VERBS["help"], first))


KINDS: dict[str, Callable[[Draw], Plot]] = {
    "lost": _lost, "present": _present, "rescue": _rescue, "picnic": _picnic, "hiding": _hiding, "broken": _broken, "shopping": _shopping,
    "bedtime": _bedtime, "thief": _thief, "visit": _visit, "picture": _picture, "work": _work, "race": _race,
}  # fmt: skip
HELD_OUT_KIND = "race"
