"""The small world: what its grammar says in both languages, by hand, and proof that training never draws what is held out."""

import re
from dataclasses import replace
from itertools import combinations, product

import pytest

from course_utils.errors import CourseError
from course_utils.foundry import text_to_text
from course_utils.foundry.world import lexicon, questions, scenes, sentences, stories
from course_utils.foundry.world.draw import SPLITS, Draw, held_out, joined
from course_utils.foundry.world.english import english, name_en, where_en
from course_utils.foundry.world.french import french, name_fr, where_fr
from course_utils.foundry.world.grammar import At, Clause, Near, Pronoun, Sentence, Some, Together, says
from course_utils.foundry.world.lexicon import BE, SAYINGS, VERBS, Noun, Person

NOUNS = {noun.en: noun for noun in (*lexicon.ANIMALS, *lexicon.THINGS, *lexicon.FOODS, *lexicon.FURNITURE)}
JOBS = {job.en: job for job in lexicon.OCCUPATIONS}
PROPERTIES = {a.en: a for a in (*lexicon.COLOURS, *lexicon.SIZES, *lexicon.QUALITIES)}
ADJECTIVES = PROPERTIES | {feeling.en: feeling for feeling in lexicon.FEELINGS}
PEOPLE = {person.name: person for person in lexicon.PEOPLE}
PLACES = {place.noun.en: place for place in lexicon.PLACES}
RELATIONS = {relation.en: relation for relation in lexicon.RELATIONS}
TIMES = {time.en: time for time in lexicon.TIMES}

ANNA, CLARA, SOPHIE, BEN, HUGO = (PEOPLE[name] for name in ("Anna", "Clara", "Sophie", "Ben", "Hugo"))
WOMEN, MIXED, MEN = Together((ANNA, CLARA)), Together((ANNA, BEN)), Together((BEN, HUGO))


def _a(phrase: str, **rest: object) -> Some:
    """Returns "red hat" with "a"; keywords as Some takes them."""
    *properties, noun = phrase.split()
    return Some(NOUNS[noun], tuple(ADJECTIVES[word] for word in properties), **{"article": "a", **rest})


def _the(phrase: str, **rest: object) -> Some:
    return _a(phrase, article="the", **rest)


def _job(name: str, woman: bool) -> Some:
    return Some(JOBS[name], woman=woman)


def _told(subject: object, verb: str, what: object = None, **rest: object) -> Sentence:
    return Sentence(Clause(subject, VERBS[verb], what, **rest))


def _is(subject: object, state: str, **rest: object) -> Clause:
    return Clause(subject, BE, state=ADJECTIVES[state], **rest)


def _asked(told: Sentence) -> Sentence:
    return replace(told, asks=True)


NOW, NOT = {"past": False}, {"negated": True}

PHRASES = [
    # Articles: l' before a vowel and a mute h, none before the owl's.
    (_the("cat"), "the cat", "le chat"),
    (_a("cow"), "a cow", "une vache"),
    (_the("cow"), "the cow", "la vache"),
    (_a("owl"), "an owl", "un hibou"),
    (_the("owl"), "the owl", "le hibou"),
    (_the("bird"), "the bird", "l'oiseau"),
    (_the("donkey"), "the donkey", "l'âne"),
    (_the("squirrel"), "the squirrel", "l'écureuil"),
    (_the("clock"), "the clock", "l'horloge"),
    (_a("clock"), "a clock", "une horloge"),
    (_a("umbrella"), "an umbrella", "un parapluie"),
    (_a("egg"), "an egg", "un œuf"),
    (_the("egg"), "the egg", "l'œuf"),
    (_a("orange"), "an orange", "une orange"),
    # Adjectives: a or an by the word that follows, agreement, before or after, and the form before a vowel.
    (_a("old hat"), "an old hat", "un vieux chapeau"),
    (_a("red umbrella"), "a red umbrella", "un parapluie rouge"),
    (_the("old bird"), "the old bird", "le vieil oiseau"),
    (_a("old bear"), "an old bear", "un vieil ours"),
    (_a("beautiful tree"), "a beautiful tree", "un bel arbre"),
    (_a("new egg"), "a new egg", "un nouvel œuf"),
    (_a("new clock"), "a new clock", "une nouvelle horloge"),
    (_the("old scarf"), "the old scarf", "la vieille écharpe"),
    (_a("old owl"), "an old owl", "un vieux hibou"),
    (_the("beautiful owl"), "the beautiful owl", "le beau hibou"),
    (_the("new black owl"), "the new black owl", "le nouveau hibou noir"),
    (_the("black owl"), "the black owl", "le hibou noir"),
    (_the("strange bird"), "the strange bird", "l'oiseau étrange"),
    (_the("big red ball"), "the big red ball", "la grande balle rouge"),
    (_a("small white cow"), "a small white cow", "une petite vache blanche"),
    (_a("big white egg"), "a big white egg", "un grand œuf blanc"),
    (_the("small dirty bird"), "the small dirty bird", "le petit oiseau sale"),
    # Numbers: plurals, regular and not, and s where French agrees.
    (_a("cat", count=3), "three cats", "trois chats"),
    (_the("bird", count=2), "the two birds", "les deux oiseaux"),
    (_a("mouse", count=4), "four mice", "quatre souris"),
    (_a("sheep", count=5), "five sheep", "cinq moutons"),
    (_a("owl", count=6), "six owls", "six hiboux"),
    (_the("owl", count=8), "the eight owls", "les huit hiboux"),
    (_a("horse", count=7), "seven horses", "sept chevaux"),
    (_a("fox", count=2), "two foxes", "deux renards"),
    (_a("scarf", count=2), "two scarves", "deux écharpes"),
    (_a("key", count=2), "two keys", "deux clés"),
    (_a("hat", count=9), "nine hats", "neuf chapeaux"),
    (_a("old bird", count=2), "two old birds", "deux vieux oiseaux"),
    (_a("beautiful tree", count=3), "three beautiful trees", "trois beaux arbres"),
    (_a("new blue lamp", count=4), "four new blue lamps", "quatre nouvelles lampes bleues"),
    (_a("small grey cat", count=2), "two small grey cats", "deux petits chats gris"),
    (_the("blue bag", count=3), "the three blue bags", "les trois sacs bleus"),
    # What is somebody's: English looks at the owner, French at the thing.
    (_the("hat", owner=ANNA), "her hat", "son chapeau"),
    (_the("lamp", owner=BEN), "his lamp", "sa lampe"),
    (_the("clock", owner=BEN), "his clock", "son horloge"),
    (_the("scarf", owner=ANNA), "her scarf", "son écharpe"),
    (_the("old clock", owner=ANNA), "her old clock", "sa vieille horloge"),
    (_the("owl", owner=ANNA), "her owl", "son hibou"),
    (_the("lamp", owner=BEN, count=2), "his lamps", "ses lampes"),
    # People at work, in the gender of who does it.
    (_job("nurse", woman=True), "the nurse", "l'infirmière"),
    (_job("nurse", woman=False), "the nurse", "l'infirmier"),
    (_job("baker", woman=True), "the baker", "la boulangère"),
    (_job("baker", woman=False), "the baker", "le boulanger"),
    # Names and pronouns.
    (MIXED, "Anna and Ben", "Anna et Ben"),
    (Pronoun(ANNA), "she", "elle"),
    (Pronoun(BEN), "he", "il"),
    (Pronoun(_the("cow")), "it", "elle"),
    (Pronoun(_the("owl")), "it", "il"),
    (Pronoun(_the("cow", count=2)), "they", "elles"),
    (Pronoun(_the("owl", count=2)), "they", "ils"),
    (Pronoun(WOMEN), "they", "elles"),
    (Pronoun(MIXED), "they", "ils"),
    (Pronoun(MEN), "they", "ils"),
    (Pronoun(_job("pilot", woman=True)), "she", "elle"),
    (Pronoun(_job("pilot", woman=False)), "he", "il"),
]

WHERE = [
    (At(PLACES["garden"]), "in the garden", "dans le jardin"),
    (At(PLACES["market"]), "at the market", "au marché"),
    (At(PLACES["school"]), "at the school", "à l'école"),
    (At(PLACES["hospital"]), "at the hospital", "à l'hôpital"),
    (At(PLACES["station"]), "at the station", "à la gare"),
    (At(PLACES["farm"]), "on the farm", "à la ferme"),
    (At(PLACES["lake"]), "by the lake", "près du lac"),
    (At(PLACES["river"]), "by the river", "près de la rivière"),
    (At(PLACES["garden"], to=True), "to the garden", "au jardin"),
    (At(PLACES["beach"], to=True), "to the beach", "à la plage"),
    (At(PLACES["hospital"], to=True), "to the hospital", "à l'hôpital"),
    (Near(RELATIONS["on"], _the("tree")), "on the tree", "sur l'arbre"),
    (Near(RELATIONS["next to"], _the("bed")), "next to the bed", "à côté du lit"),
    (Near(RELATIONS["next to"], _the("tree")), "next to the tree", "à côté de l'arbre"),
    (Near(RELATIONS["next to"], _the("old tree")), "next to the old tree", "à côté du vieil arbre"),
    (Near(RELATIONS["next to"], _the("owl")), "next to the owl", "à côté du hibou"),
    (Near(RELATIONS["next to"], _the("owl", count=2)), "next to the two owls", "à côté des deux hiboux"),
    (Near(RELATIONS["next to"], _a("owl")), "next to an owl", "à côté d'un hibou"),
    (Near(RELATIONS["in front of"], _the("big red car")), "in front of the big red car", "devant la grande voiture rouge"),
]

TENSES = [
    (_told(ANNA, "see", _the("owl"), **NOW), "Anna sees the owl.", "Anna voit le hibou."),
    (_told(MIXED, "see", _the("owl"), **NOW), "Anna and Ben see the owl.", "Anna et Ben voient le hibou."),
    (_told(_the("cow", count=2), "want", _a("egg"), **NOW), "The two cows want an egg.", "Les deux vaches veulent un œuf."),
    # The past of avoir agrees with nobody, that of être with its subject; a state has the imperfect.
    (_told(ANNA, "see", _the("cow")), "Anna saw the cow.", "Anna a vu la vache."),
    (_told(WOMEN, "hide", _the("cow")), "Anna and Clara hid the cow.", "Anna et Clara ont caché la vache."),
    (_told(BEN, "go", where=At(PLACES["park"], to=True)), "Ben went to the park.", "Ben est allé au parc."),
    (_told(ANNA, "go", where=At(PLACES["park"], to=True)), "Anna went to the park.", "Anna est allée au parc."),
    (_told(WOMEN, "arrive"), "Anna and Clara arrived.", "Anna et Clara sont arrivées."),
    (_told(MIXED, "arrive"), "Anna and Ben arrived.", "Anna et Ben sont arrivés."),
    (_told(_the("cow"), "fall"), "The cow fell.", "La vache est tombée."),
    (_told(_a("cow", count=3), "fall"), "Three cows fell.", "Trois vaches sont tombées."),
    (_told(Pronoun(WOMEN), "come back"), "They came back.", "Elles sont revenues."),
    (_told(_job("dancer", woman=True), "fall"), "The dancer fell.", "La danseuse est tombée."),
    (_told(ANNA, "like", _the("cow")), "Anna liked the cow.", "Anna aimait la vache."),
    (_told(MIXED, "have", _a("boat")), "Anna and Ben had a boat.", "Anna et Ben avaient un bateau."),
    (Sentence(_is(BEN, "proud")), "Ben was proud.", "Ben était fier."),
    (Sentence(_is(WOMEN, "afraid")), "Anna and Clara were afraid.", "Anna et Clara étaient effrayées."),
    (Sentence(_is(MIXED, "happy", **NOW)), "Anna and Ben are happy.", "Anna et Ben sont contents."),
    (Sentence(_is(_the("clock", count=2), "beautiful")), "The two clocks were beautiful.", "Les deux horloges étaient belles."),
    (Sentence(_is(_the("bird"), "old", **NOW)), "The bird is old.", "L'oiseau est vieux."),
    # What is given, to whom, and when.
    (_told(ANNA, "give", _a("hat"), to=BEN), "Anna gave a hat to Ben.", "Anna a donné un chapeau à Ben."),
    (_told(BEN, "bring", _the("key"), to=_job("baker", False)), "Ben brought the key to the baker.", "Ben a apporté la clé au boulanger."),
    (_told(BEN, "bring", _the("key"), to=_job("nurse", True)), "Ben brought the key to the nurse.", "Ben a apporté la clé à l'infirmière."),
    (_told(BEN, "show", _the("key"), to=_the("owl")), "Ben showed the key to the owl.", "Ben a montré la clé au hibou."),
    (_told(BEN, "sing", when=TIMES["in spring"]), "Ben sang in spring.", "Ben a chanté au printemps."),
    (_told(BEN, "look for", _the("hat", owner=BEN)), "Ben looked for his hat.", "Ben a cherché son chapeau."),
]

NEGATED = [
    (_told(ANNA, "have", _a("hat"), **NOT), "Anna did not have a hat.", "Anna n'avait pas de chapeau."),
    (_told(ANNA, "see", _a("bird"), **NOT), "Anna did not see a bird.", "Anna n'a pas vu d'oiseau."),
    (_told(ANNA, "see", _a("clock"), **NOT, **NOW), "Anna does not see a clock.", "Anna ne voit pas d'horloge."),
    (_told(MIXED, "see", _a("owl"), **NOT, **NOW), "Anna and Ben do not see an owl.", "Anna et Ben ne voient pas de hibou."),
    (_told(ANNA, "see", _a("old bird"), **NOT), "Anna did not see an old bird.", "Anna n'a pas vu de vieil oiseau."),
    (_told(ANNA, "see", _a("strange bird"), **NOT), "Anna did not see a strange bird.", "Anna n'a pas vu d'oiseau étrange."),
    (_told(ANNA, "see", _the("owl"), **NOT), "Anna did not see the owl.", "Anna n'a pas vu le hibou."),
    (_told(ANNA, "see", _a("cat", count=3), **NOT), "Anna did not see three cats.", "Anna n'a pas vu trois chats."),
    (_told(ANNA, "lose", _the("hat", owner=ANNA), **NOT), "Anna did not lose her hat.", "Anna n'a pas perdu son chapeau."),
    (_told(ANNA, "like", _the("cat"), **NOT, **NOW), "Anna does not like the cat.", "Anna n'aime pas le chat."),
    (_told(ANNA, "fall", **NOT), "Anna did not fall.", "Anna n'est pas tombée."),
    (_told(MEN, "arrive", **NOT), "Ben and Hugo did not arrive.", "Ben et Hugo ne sont pas arrivés."),
    (Sentence(_is(SOPHIE, "sad", **NOT, **NOW)), "Sophie is not sad.", "Sophie n'est pas triste."),
    (Sentence(_is(MEN, "sad", **NOT)), "Ben and Hugo were not sad.", "Ben et Hugo n'étaient pas tristes."),
]

ASKED = [
    (_told(BEN, "see", _a("cat"), **NOW), "Does Ben see a cat?", "Est-ce que Ben voit un chat ?"),
    (_told(ANNA, "see", _a("cat")), "Did Anna see a cat?", "Est-ce qu'Anna a vu un chat ?"),
    (_told(HUGO, "come back", **NOW), "Does Hugo come back?", "Est-ce qu'Hugo revient ?"),
    (_told(_the("owl"), "sing", **NOW), "Does the owl sing?", "Est-ce que le hibou chante ?"),
    (_told(_the("owl", count=2), "sing", **NOW), "Do the two owls sing?", "Est-ce que les deux hiboux chantent ?"),
    (_told(_a("owl"), "sing"), "Did an owl sing?", "Est-ce qu'un hibou a chanté ?"),
    (_told(Pronoun(WOMEN), "swim"), "Did they swim?", "Est-ce qu'elles ont nagé ?"),
    (Sentence(_is(Pronoun(BEN), "ill", **NOW)), "Is he ill?", "Est-ce qu'il est malade ?"),
    (Sentence(_is(MIXED, "ill")), "Were Anna and Ben ill?", "Est-ce qu'Anna et Ben étaient malades ?"),
    (
        Sentence(Clause(_the("cat"), BE, where=WHERE[-1][0], past=False, negated=True)),
        "Is the cat not in front of the big red car?",
        "Est-ce que le chat n'est pas devant la grande voiture rouge ?",
    ),
]

JOINED = [
    (
        _told(ANNA, "cry"),
        "because",
        _is(Pronoun(ANNA), "sad"),
        "Anna cried because she was sad.",
        "Anna a pleuré parce qu'elle était triste.",
    ),
    (
        _told(WOMEN, "cry"),
        "because",
        _is(Pronoun(WOMEN), "sad"),
        "Anna and Clara cried because they were sad.",
        "Anna et Clara ont pleuré parce qu'elles étaient tristes.",
    ),
    (
        _told(_the("cow"), "run"),
        "because",
        _is(Pronoun(_the("cow")), "afraid"),
        "The cow ran because it was afraid.",
        "La vache a couru parce qu'elle était effrayée.",
    ),
    (_told(ANNA, "wait"), "because", _is(BEN, "ill"), "Anna waited because Ben was ill.", "Anna a attendu parce que Ben était malade."),
    (_told(BEN, "wait"), "because", _is(HUGO, "ill"), "Ben waited because Hugo was ill.", "Ben a attendu parce qu'Hugo était malade."),
    (
        _told(BEN, "see", _the("hat")),
        "but",
        Clause(Pronoun(BEN), VERBS["take"], _the("hat"), negated=True),
        "Ben saw the hat, but he did not take the hat.",
        "Ben a vu le chapeau, mais il n'a pas pris le chapeau.",
    ),
    (_told(BEN, "sing"), "and", Clause(ANNA, VERBS["dance"]), "Ben sang and Anna danced.", "Ben a chanté et Anna a dansé."),
]

SAID = [
    (ANNA, "thanks", 'Anna said "Thank you!"', "Anna a dit « Merci ! »"),
    (WOMEN, "come", 'Anna and Clara said "Come with me!"', "Anna et Clara ont dit « Viens avec moi ! »"),
    (BEN, "sorry", 'Ben said "I am sorry."', "Ben a dit « Je suis désolé. »"),
    (ANNA, "sorry", 'Anna said "I am sorry."', "Anna a dit « Je suis désolée. »"),
    (Pronoun(ANNA), "sorry", 'She said "I am sorry."', "Elle a dit « Je suis désolée. »"),
]


class TestGrammar:
    @pytest.mark.parametrize(("who", "en", "fr"), PHRASES, ids=[row[1] + "/" + row[2] for row in PHRASES])
    def test_articles_adjectives_numbers_and_pronouns(self, who, en, fr):
        assert (name_en(who), name_fr(who)) == (en, fr)

    @pytest.mark.parametrize(("where", "en", "fr"), WHERE, ids=[row[1] for row in WHERE])
    def test_places_are_contracted(self, where, en, fr):
        assert (where_en(where), where_fr(where)) == (en, fr)

    @pytest.mark.parametrize(("told", "en", "fr"), TENSES, ids=[row[1] for row in TENSES])
    def test_present_past_and_imperfect_agree(self, told, en, fr):
        assert (english(told), french(told)) == (en, fr)

    @pytest.mark.parametrize(("told", "en", "fr"), NEGATED, ids=[row[1] for row in NEGATED])
    def test_after_a_negation_an_indefinite_object_takes_de(self, told, en, fr):
        assert (english(told), french(told)) == (en, fr)

    @pytest.mark.parametrize(("told", "en", "fr"), ASKED, ids=[row[1] for row in ASKED])
    def test_questions(self, told, en, fr):
        assert (english(_asked(told)), french(_asked(told))) == (en, fr)

    @pytest.mark.parametrize(("first", "joiner", "second", "en", "fr"), JOINED, ids=[row[3] for row in JOINED])
    def test_two_clauses_joined(self, first, joiner, second, en, fr):
        both = replace(first, joiner=joiner, second=second)
        assert (english(both), french(both)) == (en, fr)
        assert both.clauses == (first.clause, second)

    @pytest.mark.parametrize(("who", "saying", "en", "fr"), SAID, ids=[row[2] for row in SAID])
    def test_what_is_said_brings_its_own_mark(self, who, saying, en, fr):
        told = Sentence(says(who, SAYINGS[saying]))
        assert (english(told), french(told)) == (en, fr)

    def test_a_second_mention_is_the_noun_alone(self):
        assert name_en(_a("big red ball").again()) == "the ball"
        assert name_en(_the("old hat", owner=ANNA).again()) == "the hat"

    def test_no_vowel_is_dropped_before_huit(self):
        assert french(_asked(_told(_a("cat", count=8), "sleep"))) == "Est-ce que huit chats ont dormi ?"

    def test_both_words_of_a_kite_take_an_s(self):
        assert name_fr(_a("kite", count=2)) == "deux cerfs-volants"


class TestLexicon:
    def test_an_animal_is_one_line(self):
        wolf, hedgehog, ant = lexicon._nouns(
            "animal",
            """
            wolf/wolves | loup m
            hedgehog | *hérisson m
            ant | fourmi f
            """,
        )
        assert wolf == Noun("animal", "wolf", "wolves", "loup", "loups", "m")
        assert (hedgehog.aspirate, ant.aspirate, ant.gender) == (True, False, "f")
        red, old = ADJECTIVES["red"], ADJECTIVES["old"]
        lines = [
            (_told(Some(wolf, count=2), "sleep"), "The two wolves slept.", "Les deux loups ont dormi."),
            (_told(Some(hedgehog, (old,)), "fall"), "The old hedgehog fell.", "Le vieux hérisson est tombé."),
            (_told(Some(ant, (red,)), "fall"), "The red ant fell.", "La fourmi rouge est tombée."),
            (_told(ANNA, "see", Some(ant, article="a")), "Anna saw an ant.", "Anna a vu une fourmi."),
            (_told(ANNA, "see", Some(hedgehog, article="a"), **NOT), "Anna did not see a hedgehog.", "Anna n'a pas vu de hérisson."),
            (
                _told(ANNA, "show", _the("hat"), to=Some(hedgehog)),
                "Anna showed the hat to the hedgehog.",
                "Anna a montré le chapeau au hérisson.",
            ),
        ]
        for told, en, fr in lines:
            assert (english(told), french(told)) == (en, fr)

    def test_a_new_animal_is_drawn(self, monkeypatch):
        (wolf,) = lexicon._nouns("animal", "wolf/wolves | loup m")
        monkeypatch.setattr(lexicon, "ANIMALS", (*lexicon.ANIMALS, wolf))
        draw = Draw("train")
        told = [english(sentences.position(draw)) for _ in range(1000)]
        assert any(re.search(r"\bwol(f|ves)\b", text) for text in told)

    def test_names_are_unlike_each_other(self):
        for names in ([*NOUNS], [*PEOPLE], [*PLACES], [*VERBS], [*ADJECTIVES], [n.en_plural for n in NOUNS.values()]):
            assert len(names) == len(set(names))
        assert len(NOUNS) == sum(map(len, (lexicon.ANIMALS, lexicon.THINGS, lexicon.FOODS, lexicon.FURNITURE)))
        assert len({noun.fr for noun in NOUNS.values()}) == len(NOUNS)

    def test_women_and_men_are_as_many(self):
        assert len(lexicon.WOMEN) == len(lexicon.MEN)

    @pytest.mark.parametrize(
        ("word", "many"), [("chat", "chats"), ("bateau", "bateaux"), ("cheval", "chevaux"), ("ours", "ours"), ("bleu", "bleus")]
    )
    def test_french_plurals(self, word, many):
        assert lexicon.plural_fr(word) == many


VOWEL = "aeiouéèêâàîôœ"
FAULTS_EN = (r"  ", r"\ba [aeiou]", r"\ban [^aeiou]", r" [.?!,]", r"\b(\w+) \1\b")
FAULTS_FR = (
    r"  ",
    rf"\b(?:le|la|de|que|ne|du|au|beau|nouveau|sa) [{VOWEL}]",
    r"\b(?:le|la|de|que|du|au|beau|nouveau|sa) (?:horloge|hôpital)",
    rf"\b(?:le|un|du|au|de) vieux (?:[{VOWEL}]|hô)",
    r"\b[dlns]'hibou",
    r"\b(?:à|de) les? ",
    r"'(?![aeiouéèêâàîôœh])",
    r"\bpas (?:un|une) ",
)


def _faults(en: str, fr: str) -> list[str]:
    """Returns what is wrong with a sentence and its French on the face of it."""
    found = [fault for text, faults in ((en, FAULTS_EN), (fr, FAULTS_FR)) for fault in faults if re.search(fault, text.lower())]
    found += [f"no capital: {text}" for text in (en, fr) if not text[0].isupper()]
    found += [] if en.endswith((".", "?", '!"', '."')) else [f"no mark: {en}"]
    return found if fr.endswith((".", " ?", " »")) else [*found, f"no mark: {fr}"]


class TestSentences:
    @pytest.mark.parametrize("split", SPLITS)
    def test_three_thousand_have_no_fault_on_their_face(self, split):
        draw = Draw(split, seed=9)
        for _ in range(3000 if split == "train" else 500):
            told = sentences.sentence(draw)
            assert _faults(english(told), french(told)) == [], english(told)

    @pytest.mark.parametrize(
        ("en", "fr"),
        [
            ("Ben saw a  cat.", "Ben a vu un chat."),
            ("ben saw a cat.", "Ben a vu un chat."),
            ("Ben saw a cat", "Ben a vu un chat."),
            ("Ben saw a owl.", "Ben a vu un hibou."),
            ("Ben saw an cat.", "Ben a vu un chat."),
            ("Ben saw the the cat.", "Ben a vu le chat."),
            ("Ben saw a bird.", "Ben a vu le oiseau."),
            ("Ben saw a clock.", "Ben a vu la horloge."),
            ("Ben saw an owl.", "Ben a vu l'hibou."),
            ("Ben did not see a bird.", "Ben n'a pas vu de oiseau."),
            ("Does he sing?", "Est-ce que il chante ?"),
            ("Does he sing?", "Est-ce qu'il chante"),
            ("Ben went to the park.", "Ben est allé à le parc."),
            ("Ben saw an old bird.", "Ben a vu un vieux oiseau."),
            ("Ben saw a beautiful tree.", "Ben a vu un beau arbre."),
            ("Ben does not sing.", "Ben ne aime pas le chat."),
        ],
    )
    def test_each_fault_would_be_found(self, en, fr):
        assert _faults("Ben saw a cat.", "Ben a vu un chat.") == []
        assert _faults(en, fr)

    def test_a_pronoun_without_a_name_is_never_feminine_and_plural(self):
        draw = Draw("train", seed=3)
        for _ in range(2500):
            told = sentences.sentence(draw)
            if isinstance(told.clause.subject, Pronoun):
                assert not french(told).startswith("Elles")

    def test_because_speaks_of_the_one_who_acts_and_in_the_same_tense(self):
        draw = Draw("train", seed=4)
        for _ in range(500):
            told = sentences.reason(draw)
            subject = told.clause.subject
            assert told.second.subject == (subject if isinstance(subject, Pronoun) else Pronoun(subject))
            assert told.second.past == told.clause.past

    def test_a_contrast_speaks_of_the_same_thing(self):
        draw = Draw("train", seed=5)
        for _ in range(500):
            told = sentences.contrast(draw)
            assert told.second.object == told.clause.object.again()
            assert told.second.negated == (told.joiner == "but")


def _texts(split: str, seed: int) -> list[str]:
    draw = Draw(split, seed)
    return [english(sentences.sentence(draw)) for _ in range(50)] + [stories.story(draw).english for _ in range(20)]


class TestDraw:
    @pytest.mark.parametrize("split", SPLITS)
    def test_same_seed_same_texts(self, split):
        assert _texts(split, 0) == _texts(split, 0)
        assert scenes.scene(Draw(split, 1)) == scenes.scene(Draw(split, 1))

    def test_other_seed_or_split_other_texts(self):
        drawn = [tuple(_texts(split, seed)) for split in SPLITS for seed in (0, 1)]
        assert len(set(drawn)) == len(drawn)

    def test_texts_do_not_hang_on_the_hash_seed(self, python):
        code = (
            "from course_utils.foundry.world import stories, draw\n"
            "d = draw.Draw('train')\nprint([stories.story(d).english for _ in range(20)])"
        )
        runs = [python(code, PYTHONHASHSEED=seed) for seed in ("1", "2")]
        assert runs[0].returncode == 0, runs[0].stderr
        assert runs[0].stdout == runs[1].stdout != ""

    def test_unknown_split(self):
        with pytest.raises(CourseError, match="'test' is not a split of the small world"):
            Draw("test")

    def test_order_of_names_does_not_matter(self):
        assert all(held_out(a, b) == held_out(b, a) for a, b in combinations(PEOPLE, 2))

    def test_one_pair_in_eight_is_held_out(self):
        for pairs in (list(combinations(PEOPLE, 2)), list(product(PROPERTIES, NOUNS))):
            assert 0.09 < sum(held_out(*pair) for pair in pairs) / len(pairs) < 0.16

    def test_people_of_a_draw_are_different_and_fit_in_pairs(self):
        for split in ("train", "held-out"):
            draw = Draw(split)
            for _ in range(500):
                first, second = draw.people(2)
                assert first != second and held_out(first.name, second.name) == (split == "held-out")
        assert all(len({p.name for p in draw.people(3)}) == 3 for draw in [Draw("train")] * 100)

    def test_held_out_adjectives_are_held_out_wherever_the_noun_has_one(self):
        draw = Draw("held-out")
        for noun in NOUNS.values():
            for _ in range(20):
                size, _ = draw.adjectives(noun, 2)
                possible = any(held_out(noun.en, other.en) for other in lexicon.SIZES)
                assert held_out(noun.en, size.en) == possible


def _mentioned(clauses: list[Clause], behind_pronouns: bool = True) -> list[Some | Person]:
    """Returns every thing and every person of these clauses; also, unless told otherwise, whom a pronoun stands for."""
    found: list[Some | Person] = []
    for clause in clauses:
        for who in (clause.subject, clause.object, clause.to, clause.where):
            if isinstance(who, Pronoun) and not behind_pronouns:
                continue
            what = who.stands_for if isinstance(who, Pronoun) else who.what if isinstance(who, Near) else who
            found += what.people if isinstance(what, Together) else [what] if isinstance(what, Some | Person) else []
    return found


def _pairs(clauses: list[Clause], behind_pronouns: bool = True) -> set[tuple[str, str]]:
    """Returns each adjective with its noun, before it or after "is", and each two people. Feelings are apart: no split is without any."""
    mentioned = _mentioned(clauses, behind_pronouns)
    things = [what for what in mentioned if isinstance(what, Some)]
    people = {who.name for who in mentioned if isinstance(who, Person)} | {what.owner.name for what in things if what.owner}
    found = {(adjective.en, what.noun.en) for what in things for adjective in what.adjectives} | set(combinations(sorted(people), 2))
    for clause in clauses:
        if clause.state and clause.state.en in PROPERTIES:
            found |= {
                (clause.state.en, what.noun.en)
                for what in _mentioned([Clause(clause.subject, BE)], behind_pronouns)
                if isinstance(what, Some)
            }
    return found


def _held_out(clauses: list[Clause], behind_pronouns: bool = True) -> set[tuple[str, str]]:
    return {pair for pair in _pairs(clauses, behind_pronouns) if held_out(*pair)}


@pytest.fixture(scope="module")
def trained() -> dict[str, list[list[Clause]]]:
    """Returns 20,000 training draws, sentences, stories and scenes, as lists of the clauses that belong together."""
    draw = Draw("train")
    return {
        "sentences": [list(sentences.sentence(draw).clauses) for _ in range(14_000)],
        "stories": [stories.story(draw).clauses for _ in range(3000)],
        "scenes": [list(scenes.scene(draw).facts) for _ in range(3000)],
    }


@pytest.fixture
def said(monkeypatch) -> list[object]:
    """Returns the list into which the recipe of text-to-text puts what it says: sentences, phrases and places, before they are words."""
    spoken: list[object] = []
    for name in ("english", "name_en", "where_en"):
        say = getattr(text_to_text, name)
        monkeypatch.setattr(text_to_text, name, lambda what, say=say: spoken.append(what) or say(what))
    return spoken


def _as_clause(phrase: Some | Near | At) -> Clause:
    return Clause(phrase, BE) if isinstance(phrase, Some) else Clause(_the("cat"), BE, where=phrase)


class TestHeldOut:
    @pytest.mark.parametrize("what", ["sentences", "stories", "scenes"])
    def test_training_joins_no_pair_that_is_held_out(self, trained, what):
        for clauses in trained[what]:
            assert _held_out(clauses) == set(), clauses

    def test_training_joins_nearly_all_other_pairs(self, trained):
        told = {pair for clauses in trained["sentences"] for pair in _pairs(clauses)}
        qualities = product(PROPERTIES, [noun.en for noun in (*lexicon.ANIMALS, *lexicon.THINGS)])
        possible = [tuple(pair) for pair in (*qualities, *combinations(sorted(PEOPLE), 2)) if not held_out(*pair)]
        assert sum(pair in told for pair in possible) > 0.95 * len(possible)

    def test_new_texts_join_what_training_may_join(self):
        draw = Draw("new")
        assert all(_held_out(list(sentences.sentence(draw).clauses)) == set() for _ in range(2000))
        assert all(_held_out(stories.story(draw).clauses) == set() for _ in range(500))

    def test_phrases_of_the_translator_hold_none(self, said):
        text_to_text.phrase_pairs("train", 2000)
        assert len(said) >= 2000 and {type(phrase) for phrase in said} == {Some, Near, At}
        assert all(_held_out([_as_clause(phrase)]) == set() for phrase in said)

    def test_translations_to_learn_from_hold_none(self, said):
        text_to_text.translation_pairs("train", 1000)
        assert len(said) >= 1000
        assert all(_held_out(list(told.clauses)) == set() for told in said)

    def test_every_held_out_translation_says_a_held_out_pair(self, said):
        text_to_text.translation_pairs("held-out", 1000)
        without = [english(told) for told in said if not _held_out(list(told.clauses), behind_pronouns=False)]
        assert len(said) >= 1000 and without == []

    def test_no_held_out_translation_is_one_to_learn_from(self):
        assert set(text_to_text.translation_pairs("train", 1500)).isdisjoint(text_to_text.translation_pairs("held-out", 300))

    @pytest.mark.parametrize("what", ["sentences", "stories", "scenes"])
    def test_the_count_of_what_is_seen_is_that_of_this_walk(self, trained, what):
        for clauses in trained[what][:700]:
            assert {tuple(sorted(pair)) for pair in joined(clauses)} == {tuple(sorted(p)) for p in _pairs(clauses, behind_pronouns=False)}

    def test_nine_in_ten_stories_of_the_held_out_split_join_a_held_out_pair(self):
        draw = Draw("held-out")
        told = [stories.story(draw) for _ in range(500)]
        assert sum(bool(_held_out(story.clauses)) for story in told) > 0.9 * len(told)

    def test_questions_about_a_training_story_name_no_held_out_pair(self):
        draw = Draw("train", seed=2)
        for _ in range(500):
            story = stories.story(draw)
            for question in questions.questions(story, draw):
                names = sorted(set(re.findall(r"\w+", f"{question.text} {question.answer} {story.english}")) & set(PEOPLE))
                assert not any(held_out(*pair) for pair in combinations(names, 2)), question

    def test_the_race_is_told_to_nobody_who_learns(self):
        for split in SPLITS:
            draw = Draw(split)
            assert {stories.story(draw).kind for _ in range(250)} == set(stories.KINDS) - {stories.HELD_OUT_KIND}
        assert stories.HELD_OUT_KIND == "race" and stories.story(Draw("new"), "race").kind == "race"

    def test_training_stories_are_not_made_like_the_race(self, trained):
        def shape(clauses: list[Clause]) -> tuple[str, ...]:
            return tuple(clause.verb.base for clause in clauses)

        race = shape(stories.story(Draw("train"), "race").clauses)
        assert race not in {shape(clauses) for clauses in trained["stories"]}


def _some_held_out(first: list[str], second: list[str]) -> tuple[str, str]:
    return next(pair for pair in product(first, second) if len(set(pair)) == 2 and held_out(*pair))


class TestTheProofCanFail:
    """Clauses that training must never draw, with their offence in every place where it could hide."""

    WORD, NOUN = _some_held_out([*PROPERTIES], [*NOUNS])
    ONE, OTHER = (PEOPLE[name] for name in _some_held_out([*PEOPLE], [*PEOPLE]))
    THING = Some(NOUNS[NOUN], (PROPERTIES[WORD],))
    BARE = Some(NOUNS[NOUN])

    @pytest.mark.parametrize(
        "clause",
        [
            Clause(ONE, VERBS["see"], THING),
            Clause(THING, VERBS["fall"]),
            Clause(Pronoun(THING), VERBS["fall"]),
            Clause(ONE, VERBS["give"], _the("hat"), to=THING),
            Clause(ONE, VERBS["sleep"], where=Near(RELATIONS["under"], THING)),
            Clause(BARE, BE, state=PROPERTIES[WORD]),
            Clause(replace(BARE, count=3), BE, state=PROPERTIES[WORD], negated=True),
            Clause(Pronoun(BARE), BE, state=PROPERTIES[WORD]),
        ],
    )
    def test_an_adjective_and_a_noun(self, clause):
        assert _held_out([clause]) == {(self.WORD, self.NOUN)}

    @pytest.mark.parametrize(
        "clauses",
        [
            [Clause(ONE, VERBS["help"], OTHER)],
            [Clause(Together((ONE, OTHER)), VERBS["sing"])],
            [Clause(Pronoun(Together((ONE, OTHER))), VERBS["sing"])],
            [Clause(ONE, VERBS["give"], _the("hat"), to=OTHER)],
            [Clause(Pronoun(ONE), VERBS["give"], _the("hat"), to=OTHER)],
            [Clause(ONE, VERBS["take"], _the("hat", owner=OTHER))],
            [Clause(ONE, VERBS["wait"]), Clause(OTHER, BE, state=ADJECTIVES["sad"])],
        ],
    )
    def test_two_people_in_a_clause_or_in_a_text(self, clauses):
        assert _held_out(clauses) == {tuple(sorted((self.ONE.name, self.OTHER.name)))}

    def test_what_a_pronoun_hides_is_not_said(self):
        hidden = [Clause(Pronoun(Together((self.ONE, self.OTHER))), VERBS["sing"])]
        assert _held_out(hidden, behind_pronouns=False) == joined(hidden) == set()

    def test_a_draw_that_does_not_look_is_caught(self, monkeypatch):
        draw = Draw("train")
        monkeypatch.setattr(draw, "allowed", lambda *names: True)
        assert any(_held_out(list(sentences.sentence(draw).clauses)) for _ in range(200))
        assert any(_held_out(stories.story(draw).clauses) for _ in range(50))
        assert any(_held_out(list(scenes.scene(draw).facts)) for _ in range(200))
