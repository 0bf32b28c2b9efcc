"""Kinds of instruction about numbers from one to nine, lists of words, letters, and sentences as rows of words."""

from course_utils.foundry.world import sentences
from course_utils.foundry.world.draw import Draw
from course_utils.foundry.world.english import english
from course_utils.foundry.world.tasks import COUNTING, GROUPS, NOUNS, any_noun, capital, fitting, kind, mixed, pick

_PAIRS = [(COUNTING[i], COUNTING[j]) for i in range(9) for j in range(9) if i != j]
_SUMS = [(COUNTING[i], COUNTING[j], COUNTING[i + j + 1]) for i in range(8) for j in range(8 - i)]
_SERIES = [COUNTING[i : i + 4 * step : step][:4] for step in (1, 2) for i in range(9 - 3 * step)]
_NAMES = tuple(noun.en for noun in NOUNS)


@kind("Which number comes after {}?", "Count on: {}, ...", "What is one more than {}?", held_out="Tell me the number after {}.")
def _next_number(draw: Draw) -> tuple[str, str]:
    place = draw.one(range(8))
    return COUNTING[place], COUNTING[place + 1]


@kind("Which number comes before {}?", "Count down: {}, ...", "What is one less than {}?", held_out="Tell me the number before {}.")
def _previous_number(draw: Draw) -> tuple[str, str]:
    place = draw.one(range(1, 9))
    return COUNTING[place], COUNTING[place - 1]


@kind("Which is {}, {} or {}?", "{1} or {2}: which is {0}?", "Which number is {}, {} or {}?", held_out="Tell me which is {}, {} or {}.")
def _compare(draw: Draw) -> tuple[str, str, str, str]:
    first, second = fitting(draw, _PAIRS)
    low, high = sorted((first, second), key=COUNTING.index)
    word, answer = draw.one((("more", high), ("less", low)))
    return word, first, second, answer


@kind("What is {} plus {}?", "Add {} and {}.", "How much is {} and {}?", held_out="Tell me what {} plus {} is.")
def _add(draw: Draw) -> tuple[str, str, str]:
    first, second, total = fitting(draw, _SUMS)
    return first, second, capital(f"{first} plus {second} is {total}.")


@kind("What comes next? {}, ...", "Go on: {}, ...", "Complete the series: {}, ...", held_out="Tell me what comes next: {}, ...")
def _series(draw: Draw) -> tuple[str, str]:
    series = fitting(draw, _SERIES)
    series = series if draw.chance(0.5) else series[::-1]
    return ", ".join(series[:3]), series[3]


@kind("How many {} are in this list? {}", "Count the {}: {}", "{1}. How many {0} is that?", held_out="Tell me how many {} are here: {}")
def _count_group(draw: Draw) -> tuple[str, str, str]:
    group = draw.one(list(GROUPS))
    listed, inside = mixed(draw, group, draw.one((1, 2, 3)), draw.one((1, 2)))
    return group, ", ".join(listed), COUNTING[len(inside) - 1]


@kind(
    "Name the {} in this list: {}", "Which of these are {}? {}", "Take the {} out of: {}", held_out="Tell me which {} are in the list: {}"
)
def _name_group(draw: Draw) -> tuple[str, str, str]:
    group = draw.one(list(GROUPS))
    listed, inside = mixed(draw, group, 2, draw.one((1, 2)))
    return group, ", ".join(listed), ", ".join(inside)


@kind("Odd one out: {}", "Which word does not belong? {}", "One is different. Which? {}", held_out="Find the odd one out: {}")
def _odd_one_out(draw: Draw) -> tuple[str, str]:
    listed, inside = mixed(draw, draw.one(list(GROUPS)), 3, 1)
    return ", ".join(listed), next(word for word in listed if word not in inside)


@kind("What is the first word? {}", "Give the first one: {}", "Which word stands first? {}", held_out="Tell me the first word: {}")
def _first(draw: Draw) -> tuple[str, str]:
    listed = pick(draw, _NAMES, draw.one((3, 4)))
    return ", ".join(listed), listed[0]


@kind("What is the last word? {}", "Give the last one: {}", "Which word stands last? {}", held_out="Tell me the last word: {}")
def _last(draw: Draw) -> tuple[str, str]:
    listed = pick(draw, _NAMES, draw.one((3, 4)))
    return ", ".join(listed), listed[-1]


@kind("Sort by alphabet: {}", "Put in the order of the alphabet: {}", "From A to Z: {}", held_out="Sort these words from A to Z: {}")
def _alphabet(draw: Draw) -> tuple[str, str]:
    while True:
        listed = pick(draw, _NAMES, 3)
        if len({word[0] for word in listed}) == 3:
            return ", ".join(listed), ", ".join(sorted(listed))


@kind("Write as a list with commas: {}", "Use commas, not and: {}", "With commas: {}", held_out="Make a list with commas: {}")
def _commas(draw: Draw) -> tuple[str, str]:
    listed = pick(draw, GROUPS[draw.one(("people", "animals", "colours"))], 3)
    return " and ".join(listed), ", ".join(listed)


@kind("Shout: {}", "Shout this: {}", "Write in big letters: {}", held_out="Please shout: {}")
def _shout(draw: Draw) -> tuple[str, str]:
    noun = any_noun(draw)
    words = [adjective.en for adjective in draw.adjectives(noun, int(draw.chance(0.5)))] + [noun.en]
    return " ".join(words), " ".join(words).upper()


@kind("Spell: {}", "Spell the word {} with hyphens.", 'How do you spell "{}"?', held_out='Please spell "{}".')
def _spell(draw: Draw) -> tuple[str, str]:
    word = draw.one([name for name in _NAMES if len(name) < 6])
    return word, "-".join(word)


@kind(
    'How many letters does "{}" have?', "Count the letters: {}", "How long is the word {}?", held_out='Tell me how many letters "{}" has.'
)
def _count_letters(draw: Draw) -> tuple[str, str]:
    word = draw.one([name for name in _NAMES if len(name) < 9])
    return word, COUNTING[len(word) - 1]


@kind(
    "How many words? {}", "Count the words: {}", "How many words are in this sentence? {}", held_out="Tell me how many words this has: {}"
)
def _count_words(draw: Draw) -> tuple[str, str]:
    while True:
        text = english(draw.one((sentences.busy, sentences.state, sentences.deed))(draw))
        if len(text.split()) < 8:
            return text, COUNTING[len(text.split()) - 1]


@kind("Repeat: {}", "Say after me: {}", "Say this again: {}", held_out="Please repeat this: {}")
def _repeat(draw: Draw) -> tuple[str, str]:
    while True:
        text = english(sentences.sentence(draw))
        if len(text.split()) < 10:
            return text, text
