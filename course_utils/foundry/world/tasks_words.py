"""Kinds of instruction about words: French and English names, forms, opposites, what is what, what to say and who speaks."""

from course_utils.foundry.world import lexicon as words
from course_utils.foundry.world.draw import Draw
from course_utils.foundry.world.english import name_en
from course_utils.foundry.world.french import name_fr
from course_utils.foundry.world.grammar import Some
from course_utils.foundry.world.tasks import COUNTING, DAY, SEASONS, any_noun, capital, fitting, kind

IDENTITY = "I am a tiny chat model. I know one small world."

OPPOSITES = (
    ("big", "small"), ("old", "new"), ("clean", "dirty"), ("black", "white"), ("happy", "sad"), ("in front of", "behind"),
    ("on", "under"), ("summer", "winter"), ("lose", "find"), ("give", "take"), ("buy", "sell"), ("laugh", "cry"), ("break", "repair"),
)  # fmt: skip

REPLIES = {
    "Hello!": "Hello! What do you want to know?",
    "Good morning!": "Good morning! What do you want to know?",
    "How are you?": "I am happy. Thank you!",
    "Thank you!": "You are welcome!",
    "Well done!": "Thank you!",
    "Happy birthday!": "Thank you!",
    "I am sorry.": "That is all right.",
    "Good night!": "Good night! Sleep well!",
    "Goodbye!": "Goodbye!",
}

MEMBERS = {
    "an animal": tuple(name_en(Some(noun, article="a")) for noun in words.ANIMALS),
    "food": tuple(name_en(Some(noun, article="a")) for noun in words.FOODS),
    "a place": tuple(name_en(Some(place.noun, article="a")) for place in words.PLACES),
    "a colour": tuple(colour.en for colour in words.COLOURS),
    "a number": COUNTING,
    "a season": SEASONS,
    "a day": ("Monday", "Tuesday", "Friday", "Sunday"),
}


@kind("What is {} in French?", "How do you say {} in French?", "French for {}?", held_out="Give me the French for {}.")
def _noun_to_french(draw: Draw) -> tuple[str, str]:
    what = Some(any_noun(draw), article=draw.one(("a", "the")))
    return name_en(what), name_fr(what)


@kind('What does "{}" mean?', 'What is "{}" in English?', 'English for "{}"?', held_out='Give me the English for "{}".')
def _noun_from_french(draw: Draw) -> tuple[str, str]:
    what = Some(any_noun(draw), article=draw.one(("a", "the")))
    return name_fr(what), name_en(what)


@kind("Say in French: {}", "In French, please: {}", held_out="How is this in French: {}")
def _phrase_to_french(draw: Draw) -> tuple[str, str]:
    noun = any_noun(draw)
    what = Some(noun, draw.adjectives(noun, 1), article=draw.one(("a", "the")))
    return name_en(what), name_fr(what)


@kind('What is the plural of "{}"?', "One {}, two ...?", "Make this word plural: {}", held_out='Give me the plural of "{}".')
def _plural(draw: Draw) -> tuple[str, str]:
    noun = any_noun(draw)
    return noun.en, noun.en_plural


@kind('What is the opposite of "{}"?', "Opposite of {}?", "Not {}, but ...?", held_out='Tell me the opposite of "{}".')
def _opposite(draw: Draw) -> tuple[str, str]:
    pair = draw.one(OPPOSITES)
    return pair if draw.chance(0.5) else pair[::-1]


@kind('What is the feminine of "{}"?', "Masculine {}, feminine ...?", "Feminine, please: {}", held_out='Give me the feminine of "{}".')
def _feminine(draw: Draw) -> tuple[str, str]:
    adjective = draw.one((*words.COLOURS, *words.SIZES, *words.QUALITIES, *words.FEELINGS))
    return adjective.m, adjective.f


@kind(
    "Count in French: what is {}?", "The number {} in French?", "What is the French number for {}?", held_out="Say the number {} in French."
)
def _number_to_french(draw: Draw) -> tuple[str, str]:
    number = draw.one(list(words.NUMBERS.values()))
    return number.en, number.fr


@kind('What is the past of "{}"?', "Today I {}, yesterday I ...?", "Past form of {}?", held_out='Give me the past of "{}".')
def _past_form(draw: Draw) -> tuple[str, str]:
    verb = draw.one([verb for verb in words.VERBS.values() if verb is not words.BE])
    return verb.base, verb.past


@kind('Write "a" or "an" before: {}', "A or an? {}", "Add a or an: {}", held_out='Put "a" or "an" before this: {}')
def _article(draw: Draw) -> tuple[str, str]:
    noun = any_noun(draw)
    phrase = name_en(Some(noun, draw.adjectives(noun, int(draw.chance(0.6))), article="a"))
    return phrase.partition(" ")[2], phrase


@kind("Is {} {}?", "Yes or no: is {} {}?", "Tell me: is {} {}?", held_out="Can you say if {} is {}?")
def _is_it(draw: Draw) -> tuple[str, str, str]:
    group = draw.one(list(MEMBERS))
    inside = draw.chance(0.5)
    others = [word for name, members in MEMBERS.items() if name != group for word in members]
    word, _ = fitting(draw, [(word, group) for word in (MEMBERS[group] if inside else others)])
    return word, group, f"Yes, {word} is {group}." if inside else f"No, {word} is not {group}."


@kind("Is {} {} or {}?", "Which is it, {1} or {2}: {0}?", "Is {0} {2} or {1}?", held_out="Tell me if {} is {} or {}.")
def _either_or(draw: Draw) -> tuple[str, str, str, str]:
    group, other = draw.random.sample(list(MEMBERS), 2)
    word, _ = fitting(draw, [(word, other) for word in MEMBERS[group]])
    return word, group, other, capital(f"{word} is {group}.")


@kind("What is {}?", "Tell me what {} is.", "Explain: {}", held_out="Please say what {} is.")
def _what_is(draw: Draw) -> tuple[str, str]:
    group = draw.one(list(MEMBERS))
    word = draw.one(MEMBERS[group])
    return word, capital(f"{word} is {group}.")


@kind("What comes {} {}?", "What is {} {}?", held_out="Tell me what comes {} {}.")
def _before_or_after(draw: Draw) -> tuple[str, str, str]:
    order, place = draw.one((SEASONS, DAY)), draw.one(range(4))
    step, word = draw.one(((1, "after"), (-1, "before")))
    return word, order[place], order[(place + step) % 4]


@kind(
    "How do the French say: {}",
    "Say it like the French: {}",
    "What do people say in France for: {}",
    held_out="Tell me how the French say: {}",
)
def _saying_to_french(draw: Draw) -> tuple[str, str]:
    saying = draw.one(list(words.SAYINGS.values()))
    return saying.en, saying.fr


@kind("{0}", "I am {1}. {0}", "{1} here. {0}", held_out="It is me, {1}. {0}")
def _greeting(draw: Draw) -> tuple[str, str, str]:
    said = draw.one(list(REPLIES))
    return said, draw.people(1)[0].name, REPLIES[said]


@kind("Finish: {} ...", "Complete: {} ...", "What do people say? {} ...", held_out="Please finish what people say: {} ...")
def _finish_greeting(draw: Draw) -> tuple[str, str]:
    said = draw.one([saying.en for saying in words.SAYINGS.values() if " " in saying.en])
    return said.rpartition(" ")[0], said


@kind("Who are you?", "What are you?", "Are you a person?", "Tell me about you.", held_out="Tell me who you are.")
def _identity(draw: Draw) -> tuple[str]:
    return (IDENTITY,)
