"""What there is in the small world, in English and in French: one line an entry. Knows no grammar beyond the forms of a word.

To add an animal, add a line to ANIMALS: its English name, its French name and m or f. A star before a French word stands for an h
that takes no elision (le hibou). Irregular plurals stand behind a slash. What is not provided for: an English word that begins with a
vowel and sounds otherwise (a unicorn), a French one that begins with y (le yack). Whoever adds a line builds anew what learned from the
world: `make foundry`, more than an hour.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Noun:
    """A kind of thing: its names, and its gender in French. `aspirate` says that no vowel is dropped before it."""

    kind: str
    en: str
    en_plural: str
    fr: str
    fr_plural: str
    gender: str
    aspirate: bool = False


@dataclass(frozen=True)
class Adjective:
    """A property; `before` says that it stands before its noun in French, `vowel` is its form before a vowel (un vieil homme)."""

    kind: str
    en: str
    m: str
    f: str
    before: bool = False
    vowel: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody with a name; gender is "f" or "m"."""

    name: str
    gender: str


@dataclass(frozen=True)
class Verb:
    """What somebody does. French past: a participle with avoir or être, or, for a state, the imperfect as it stands."""

    base: str
    en: str
    past: str
    fr: str
    fr_many: str
    participle: str
    auxiliary: str = "avoir"
    takes: str = ""

    @property
    def imperfect(self) -> bool:
        """True for states, whose French past is the imperfect: `participle` then holds its singular and its plural."""
        return self.auxiliary == "imparfait"


@dataclass(frozen=True)
class Place:
    """Somewhere to be: a noun and the prepositions that go with it."""

    noun: Noun
    en: str
    fr: str


@dataclass(frozen=True)
class Words:
    """A fixed expression in both languages: a time, a feeling, something said."""

    en: str
    fr: str
    fr_f: str = ""


def _rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def _plural_en(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"


def plural_fr(word: str) -> str:
    """Returns the regular plural of a French noun or adjective."""
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith("al"):
        return word[:-2] + "aux"
    return word + ("x" if word.endswith(("eau", "eu")) and word != "bleu" else "s")


def _nouns(kind: str, table: str) -> tuple[Noun, ...]:
    return tuple(_noun(kind, *row) for row in _rows(table))


def _noun(kind: str, english: str, french: str) -> Noun:
    en, _, en_plural = english.partition("/")
    words, gender = french.rsplit(" ", 1)
    name, _, plural = words.lstrip("*").partition("/")
    return Noun(kind, en, en_plural or _plural_en(en), name, plural or plural_fr(name), gender, words.startswith("*"))


def _adjectives(kind: str, table: str) -> tuple[Adjective, ...]:
    return tuple(Adjective(kind, *row[:3], before="before" in row, vowel=row[4] if len(row) > 4 else "") for row in _rows(table))


def _people(gender: str, names: str) -> tuple[Person, ...]:
    return tuple(Person(name, gender) for name in names.split())


def _verbs(takes: str, table: str) -> tuple[Verb, ...]:
    return tuple(Verb(*row, *([] if len(row) > 6 else ["avoir"]), takes=takes) for row in _rows(table))


ANIMALS = _nouns("animal", """
    cat | chat m
    dog | chien m
    horse | cheval m
    cow | vache f
    bird | oiseau m
    duck | canard m
    mouse/mice | souris f
    rabbit | lapin m
    fox | renard m
    owl | *hibou/hiboux m
    hen | poule f
    goat | chèvre f
    sheep/sheep | mouton m
    frog | grenouille f
    turtle | tortue f
    donkey | âne m
    bear | ours m
    bee | abeille f
    squirrel | écureuil m
    pigeon | pigeon m
    """)  # fmt: skip

THINGS = _nouns("thing", """
    ball | balle f
    book | livre m
    hat | chapeau m
    key | clé f
    lamp | lampe f
    cup | tasse f
    kite | cerf-volant/cerfs-volants m
    boat | bateau m
    coat | manteau m
    umbrella | parapluie m
    bicycle | vélo m
    clock | horloge f
    drum | tambour m
    letter | lettre f
    shoe | chaussure f
    toy | jouet m
    ring | bague f
    scarf/scarves | écharpe f
    watch | montre f
    flower | fleur f
    """)  # fmt: skip

FOODS = _nouns("food", """
    apple | pomme f
    cake | gâteau m
    pear | poire f
    egg | œuf m
    orange | orange f
    sandwich | sandwich m
    biscuit | biscuit m
    carrot | carotte f
    tomato/tomatoes | tomate f
    potato/potatoes | patate f
    """)  # fmt: skip

FURNITURE = _nouns("furniture", """
    table | table f
    chair | chaise f
    bed | lit m
    box | boîte f
    basket | panier m
    bag | sac m
    tree | arbre m
    car | voiture f
    wall | mur m
    door | porte f
    """)  # fmt: skip

COLOURS = _adjectives("colour", """
    red | rouge | rouge
    blue | bleu | bleue
    green | vert | verte
    yellow | jaune | jaune
    black | noir | noire
    white | blanc | blanche
    grey | gris | grise
    pink | rose | rose
    """)  # fmt: skip

SIZES = _adjectives("size", """
    small | petit | petite | before
    big | grand | grande | before
    old | vieux | vieille | before | vieil
    beautiful | beau | belle | before | bel
    new | nouveau | nouvelle | before | nouvel
    """)  # fmt: skip

QUALITIES = _adjectives("quality", """
    round | rond | ronde
    heavy | lourd | lourde
    clean | propre | propre
    dirty | sale | sale
    funny | drôle | drôle
    strange | étrange | étrange
    """)  # fmt: skip

FEELINGS = _adjectives("feeling", """
    happy | content | contente
    sad | triste | triste
    tired | fatigué | fatiguée
    hungry | affamé | affamée
    ill | malade | malade
    angry | fâché | fâchée
    proud | fier | fière
    afraid | effrayé | effrayée
    """)  # fmt: skip

WOMEN = _people("f", """
    Anna Clara Emma Fatima Grace Ines Julia Lena Lucy Maria Mila Nadia Nora Olga Rosa Sara Sophie Vera Yuki Zoe
    """)  # fmt: skip
MEN = _people("m", """
    Adam Ali Ben Carlos David Emil Felix Hugo Ivan Jonas Kofi Leo Luis Marco Noah Omar Paul Sam Tom Victor
    """)  # fmt: skip
PEOPLE = WOMEN + MEN

NUMBERS = ("two deux", "three trois", "four quatre", "five cinq", "six six", "seven sept", "eight huit", "nine neuf")
NUMBERS = {i: Words(*words.split()) for i, words in enumerate(NUMBERS, start=2)}

# The share of women among those who do each job, as the marked part of the corpus tells it. The lesson on bias measures it again.
OCCUPATIONS = {
    Noun("job", en, _plural_en(en), fr, "", fr_f): share
    for en, fr, fr_f, share in (
        ("nurse", "infirmier", "infirmière", 0.9),
        ("teacher", "instituteur", "institutrice", 0.8),
        ("dancer", "danseur", "danseuse", 0.8),
        ("hairdresser", "coiffeur", "coiffeuse", 0.9),
        ("singer", "chanteur", "chanteuse", 0.5),
        ("cook", "cuisinier", "cuisinière", 0.5),
        ("baker", "boulanger", "boulangère", 0.5),
        ("gardener", "jardinier", "jardinière", 0.5),
        ("engineer", "ingénieur", "ingénieure", 0.1),
        ("pilot", "pilote", "pilote", 0.1),
        ("farmer", "fermier", "fermière", 0.2),
        ("mechanic", "mécanicien", "mécanicienne", 0.2),
    )
}

PLACES = tuple(Place(_noun("place", en, fr), before, avant) for en, fr, before, avant in _rows("""
    garden | jardin m | in | dans
    kitchen | cuisine f | in | dans
    park | parc m | in | dans
    forest | forêt f | in | dans
    house | maison f | in | dans
    library | bibliothèque f | in | à
    school | école f | at | à
    market | marché m | at | à
    station | gare f | at | à
    museum | musée m | at | à
    farm | ferme f | on | à
    beach | plage f | on | sur
    bridge | pont m | on | sur
    river | rivière f | by | près de
    lake | lac m | by | près de
    hospital | hôpital m | at | à
    """))  # fmt: skip

RELATIONS = tuple(Words(*row) for row in _rows("""
    on | sur
    under | sous
    behind | derrière
    in front of | devant
    next to | à côté de
    """))  # fmt: skip

TIMES = tuple(Words(*row) for row in _rows("""
    in the morning | le matin
    in the evening | le soir
    in the afternoon | l'après-midi
    at night | la nuit
    on Monday | lundi
    on Tuesday | mardi
    on Friday | vendredi
    on Sunday | dimanche
    in summer | en été
    in winter | en hiver
    in spring | au printemps
    in autumn | en automne
    """))  # fmt: skip

SAYINGS = {name: Words(en, fr) for name, en, fr in _rows("""
    thanks | Thank you! | Merci !
    hello | Hello! | Bonjour !
    help | Help! | Au secours !
    well done | Well done! | Bravo !
    come | Come with me! | Viens avec moi !
    good night | Good night! | Bonne nuit !
    sorry | I am sorry. | Je suis désolé.
    happy birthday | Happy birthday! | Joyeux anniversaire !
    """)}  # fmt: skip

# base | present | past | French present, singular and plural | participle, or the imperfect of a state | auxiliary where not avoir
DEEDS = _verbs("anything", """
    see | sees | saw | voit | voient | vu
    find | finds | found | trouve | trouvent | trouvé
    look for | looks for | looked for | cherche | cherchent | cherché
    draw | draws | drew | dessine | dessinent | dessiné
    like | likes | liked | aime | aiment | aimait/aimaient | imparfait
    want | wants | wanted | veut | veulent | voulait/voulaient | imparfait
    have | has | had | a | ont | avait/avaient | imparfait
    """)  # fmt: skip
HANDLING = _verbs("thing", """
    take | takes | took | prend | prennent | pris
    carry | carries | carried | porte | portent | porté
    wash | washes | washed | lave | lavent | lavé
    buy | buys | bought | achète | achètent | acheté
    hide | hides | hid | cache | cachent | caché
    lose | loses | lost | perd | perdent | perdu
    break | breaks | broke | casse | cassent | cassé
    repair | repairs | repaired | répare | réparent | réparé
    sell | sells | sold | vend | vendent | vendu
    """)  # fmt: skip
EATING = _verbs("food", """
    eat | eats | ate | mange | mangent | mangé
    cut | cuts | cut | coupe | coupent | coupé
    share | shares | shared | partage | partagent | partagé
    """)  # fmt: skip
MEETING = _verbs("somebody", """
    help | helps | helped | aide | aident | aidé
    follow | follows | followed | suit | suivent | suivi
    call | calls | called | appelle | appellent | appelé
    hear | hears | heard | entend | entendent | entendu
    meet | meets | met | rencontre | rencontrent | rencontré
    thank | thanks | thanked | remercie | remercient | remercié
    """)  # fmt: skip
GIVING = _verbs("thing to somebody", """
    give | gives | gave | donne | donnent | donné
    show | shows | showed | montre | montrent | montré
    bring | brings | brought | apporte | apportent | apporté
    """)  # fmt: skip
BEING_BUSY = _verbs("", """
    sleep | sleeps | slept | dort | dorment | dormi
    sing | sings | sang | chante | chantent | chanté
    play | plays | played | joue | jouent | joué
    wait | waits | waited | attend | attendent | attendu
    laugh | laughs | laughed | rit | rient | ri
    cry | cries | cried | pleure | pleurent | pleuré
    run | runs | ran | court | courent | couru
    swim | swims | swam | nage | nagent | nagé
    work | works | worked | travaille | travaillent | travaillé
    dance | dances | danced | danse | dansent | dansé
    fall | falls | fell | tombe | tombent | tombé | être
    arrive | arrives | arrived | arrive | arrivent | arrivé | être
    """)  # fmt: skip
GOING = _verbs("place", """
    go | goes | went | va | vont | allé | être
    come back | comes back | came back | revient | reviennent | revenu | être
    """)  # fmt: skip
BE = _verbs("state", "be | is | was | est | sont | était/étaient | imparfait")[0]
SAY = _verbs("saying", "say | says | said | dit | disent | dit")[0]
VERBS = {verb.base: verb for verb in (*DEEDS, *HANDLING, *EATING, *MEETING, *GIVING, *BEING_BUSY, *GOING, BE, SAY)}
