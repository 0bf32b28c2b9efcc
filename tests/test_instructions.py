"""Sixty kinds of instruction: each has one right answer, which is worked out again here, and none of them is in two splits."""

import inspect
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise

import pytest

from course_utils.foundry.world import instructions, lexicon
from course_utils.foundry.world.draw import SPLITS, Draw, held_out
from course_utils.foundry.world.english import name_en
from course_utils.foundry.world.french import name_fr
from course_utils.foundry.world.grammar import Some
from course_utils.foundry.world.instructions import DECLINE, KINDS, OFF_WORLD
from course_utils.foundry.world.tasks import COUNTING, GROUPS, NOUNS

EACH = 40
NAMES = {person.name for person in lexicon.PEOPLE}
BY_NAME = {noun.en: noun for noun in NOUNS}
BY_FORM = BY_NAME | {noun.en_plural: noun for noun in NOUNS}
PROPERTIES = {adjective.en: adjective for adjective in (*lexicon.COLOURS, *lexicon.SIZES, *lexicon.QUALITIES)}
COLOURS = {colour.en for colour in lexicon.COLOURS}
PAST = {verb.past: verb for verb in lexicon.VERBS.values()}
Turn = tuple[str, str, str]


@cache
def _turns(split: str) -> tuple[Turn, ...]:
    """Returns 7,000 kinds, instructions and answers of the split: over 20,000 of all three."""
    draw = Draw(split, seed=3)
    return tuple(instructions.instruction(draw) for _ in range(7000))


def _wordings(kind: str) -> tuple[tuple[str, ...], str]:
    """Returns the wordings of a kind for training, and the one that is held out."""
    known = inspect.getclosurevars(KINDS[kind]).nonlocals
    return known["wordings"], known["held_out"]


def _pattern(wording: str) -> re.Pattern:
    """Returns the pattern of what a wording becomes: each of its parts is a group called part0, part1..."""
    pattern, place = "", 0
    for i, piece in enumerate(re.split(r"(\{\d?\})", wording)):
        if i % 2:
            pattern += f"(?P<part{piece[1:-1] or place}>.+)"
            place += 1
        else:
            pattern += re.escape(piece)
    return re.compile(pattern, re.IGNORECASE)


def _parts(kind: str, text: str) -> list[str]:
    """Returns what stands in the wording's places, in the order of the kind's own parts."""
    wordings, fresh = _wordings(kind)
    fits = [found for wording in (*wordings, fresh) if (found := _pattern(wording).fullmatch(text))]
    assert fits, (kind, text)
    shortest = min(fits, key=lambda found: sum(map(len, found.groups())))
    return [part for _, part in sorted(shortest.groupdict().items())]


def _drawn(kind: str) -> Iterator[tuple[list[str], str]]:
    """Yields the parts of instructions of this kind, and the answers, for each split."""
    for split in SPLITS:
        draw = Draw(split, seed=8)
        for _ in range(EACH):
            text, answer = KINDS[kind](draw)
            yield _parts(kind, text), answer


def _read(kind: str) -> Iterator[tuple[str, str, str]]:
    """Yields what one is told, the question about it and the answer, for each split."""
    for split in SPLITS:
        draw = Draw(split, seed=8)
        for _ in range(EACH):
            text, answer = KINDS[kind](draw)
            (question,) = re.findall(r"(?:Who|What|When|Where|How many|Did|Does) [^.?]*\?", text)
            yield text.replace(question, ""), question, answer


class TestKinds:
    def test_sixty(self):
        assert len(KINDS) == 60
        assert list(KINDS) == sorted(KINDS)

    def test_all_of_them_are_drawn_equally_often(self):
        for split in SPLITS:
            counts = Counter(kind for kind, _, _ in _turns(split) if kind != "decline")
            assert set(counts) == set(KINDS)
            assert max(counts.values()) < 2.5 * min(counts.values())

    @pytest.mark.parametrize("kind", KINDS)
    def test_has_something_to_say_in_every_split(self, kind):
        for split in SPLITS:
            draw = Draw(split)
            for _ in range(EACH):
                text, answer = KINDS[kind](draw)
                for said in (text, answer):
                    assert said == said.strip() != "" and "  " not in said and "{" not in said
                assert text[0] == text[0].upper()

    @pytest.mark.parametrize("kind", KINDS)
    def test_same_seed_same_instructions(self, kind):
        runs = [[KINDS[kind](draw) for _ in range(10)] for draw in (Draw("train", 1), Draw("train", 1))]
        assert runs[0] == runs[1]

    def test_other_seed_other_instructions(self):
        draws = (Draw("train", 1), Draw("train", 2))
        first, second = ([instructions.instruction(draw) for _ in range(50)] for draw in draws)
        assert first != second

    def test_instructions_do_not_hang_on_the_hash_seed(self, python):
        code = (
            "from course_utils.foundry.world import instructions, draw\n"
            "d = draw.Draw('train')\nprint([instructions.instruction(d) for _ in range(200)])"
        )
        runs = [python(code, PYTHONHASHSEED=seed) for seed in ("1", "2")]
        assert runs[0].returncode == 0, runs[0].stderr
        assert runs[0].stdout == runs[1].stdout != ""

    def test_an_instruction_has_one_answer_and_one_kind(self):
        answers: dict[str, set[tuple[str, str]]] = {}
        for split in SPLITS:
            for kind, text, answer in _turns(split):
                answers.setdefault(text, set()).add((kind, answer))
        assert {text: found for text, found in answers.items() if len(found) > 1} == {}

    def test_most_instructions_are_new(self):
        assert len({text for _, text, _ in _turns("train")}) > 0.6 * len(_turns("train"))


class TestHeldOut:
    def test_no_instruction_is_in_training_as_well(self):
        known = {text for split in ("train", "new") for _, text, _ in _turns(split)}
        assert known.isdisjoint(text for _, text, _ in _turns("held-out"))

    @pytest.mark.parametrize("kind", KINDS)
    def test_its_wording_is_its_own(self, kind):
        wordings, fresh = _wordings(kind)
        known = {wording for name in KINDS for wording in _wordings(name)[0]}
        assert len(wordings) >= 2 and len(set(wordings)) == len(wordings)
        assert fresh not in known

    @pytest.mark.parametrize("kind", KINDS)
    def test_each_split_uses_its_wordings_alone(self, kind):
        wordings, fresh = _wordings(kind)
        for split, possible in (("train", wordings), ("held-out", (fresh,))):
            draw = Draw(split, 5)
            texts = [KINDS[kind](draw)[0] for _ in range(EACH)]
            for text in texts:
                assert any(_pattern(wording).fullmatch(text) for wording in possible), text

    @pytest.mark.parametrize("split", ["train", "new"])
    def test_training_joins_no_adjective_and_noun_and_no_people_that_are_held_out(self, split):
        for turn in _turns(split):
            assert _offences(turn) == [], turn

    def test_an_offence_would_be_found(self):
        word, noun = next((a, n) for a in PROPERTIES for n in BY_NAME if held_out(a, n))
        one, other = next(pair for pair in combinations(sorted(NAMES), 2) if held_out(*pair))
        for text in (
            f"Repeat: Ben saw the {word} {noun}.",
            f"Shout: {word} {BY_NAME[noun].en_plural}",
            f"The {noun} was {word}.",
            f"{word}, {noun}",
        ):
            assert _offences(("repeat", text, "")) and _offences(("repeat", "", text.upper() if "Shout" in text else text))
        assert _offences(("repeat", f"{one} saw {other}.", "")) and _offences(("repeat", one, other))

    def test_held_out_instructions_join_some(self):
        joined = Counter(kind for kind, text, answer in _turns("held-out") if _offences((kind, text, answer)))
        assert {"repeat", "phrase_to_french", "article", "commas", "said", "opposite_sentence"} <= set(joined)


def _offences(turn: Turn) -> list[tuple[str, str]]:
    """Returns the pairs that are held out among adjectives before a noun, after "is", in a list with it, and among people."""
    _, *texts = turn
    found = [tuple(pair) for pair in combinations(sorted(NAMES & set(re.findall(r"\w+", " ".join(texts)))), 2)]
    for text in texts:
        words = re.findall(r"\w+|[.:?]", text.lower())
        for i, word in enumerate(words):
            if word in PROPERTIES:
                after = next((later for later in words[i + 1 : i + 3] if later not in PROPERTIES), "")
                found += [(word, BY_FORM[after].en)] if after in BY_FORM else []
            if word in BY_FORM and words[i + 1 : i + 2] and words[i + 1] in ("is", "was", "are", "were"):
                after = [later for later in words[i + 2 : i + 4] if later != "not"][:1]
                found += [(after[0], BY_FORM[word].en)] if after and after[0] in PROPERTIES else []
    return [pair for pair in found if held_out(*pair)]


class TestDecline:
    @pytest.mark.parametrize("split", SPLITS)
    def test_about_one_in_seven_is_declined(self, split):
        declined = [turn for turn in _turns(split) if turn[0] == "decline"]
        assert 0.135 < len(declined) / len(_turns(split)) < 0.165
        assert {answer for _, _, answer in declined} == {DECLINE}

    def test_nothing_else_is_declined(self):
        assert all(answer != DECLINE for split in SPLITS for kind, _, answer in _turns(split) if kind != "decline")

    def test_a_third_of_what_lies_outside_is_held_out(self):
        assert len(set(OFF_WORLD)) == len(OFF_WORLD)
        fresh = {text for kind, text, _ in _turns("held-out") if kind == "decline"}
        known = {text for kind, text, _ in _turns("train") if kind == "decline"}
        assert fresh | known == set(OFF_WORLD) and not fresh & known
        assert 0.2 < len(fresh) / len(OFF_WORLD) < 0.45

    def test_passages_give_two_in_three_and_keep_apart(self):
        outside = [f"Question number {i}?" for i in range(300)]
        drawn = {}
        for split in ("train", "held-out"):
            draw = Draw(split)
            texts = [instructions.decline(draw, outside)[0] for _ in range(900)]
            drawn[split] = set(texts)
            assert 0.6 < sum(text in outside for text in texts) / len(texts) < 0.73
        assert drawn["train"].isdisjoint(drawn["held-out"])

    def test_no_share_no_refusal(self):
        draw = Draw("train")
        assert all(instructions.instruction(draw, decline_share=0)[0] != "decline" for _ in range(200))


class TestAnswers:
    """Each answer is worked out again from the instruction's text, by other means than the kind's own where there are any."""

    def test_parts_are_found_again(self):
        assert _parts("compare", "Two or five: which is more?") == ["more", "Two", "five"]
        assert _parts("compare", "Which is more, two or five?") == ["more", "two", "five"]
        assert _parts("add", "Add one and two.") == ["one", "two"]

    def test_plurals(self):
        for (word,), answer in _drawn("plural"):
            assert answer == BY_NAME[word.lower()].en_plural

    def test_french_of_nouns_both_ways(self):
        known = {form(Some(noun, article=article)) for form in (name_en, name_fr) for noun in NOUNS for article in ("a", "the")}
        both = {(name_en(what), name_fr(what)) for noun in NOUNS for what in (Some(noun), Some(noun, article="a"))}
        for (phrase,), answer in _drawn("noun_to_french"):
            assert (phrase, answer) in both and answer in known
        for (phrase,), answer in _drawn("noun_from_french"):
            assert (answer, phrase) in both

    def test_french_of_phrases_through_grammar(self):
        for (phrase,), answer in _drawn("phrase_to_french"):
            article, adjective, noun = phrase.split()
            made = Some(BY_NAME[noun], (PROPERTIES[adjective],), article="the" if article == "the" else "a")
            assert (name_en(made), name_fr(made)) == (phrase, answer)

    def test_a_or_an(self):
        for (phrase,), answer in _drawn("article"):
            assert answer == f"{'an' if phrase[0].lower() in 'aeiou' else 'a'} {phrase.lower()}"

    def test_feminine(self):
        forms = {a.m: a.f for a in (*PROPERTIES.values(), *lexicon.FEELINGS)}
        for (word,), answer in _drawn("feminine"):
            assert forms[word.lower()] == answer

    def test_past_forms(self):
        for (word,), answer in _drawn("past_form"):
            assert PAST[answer].base == word.lower()

    def test_numbers_before_and_after(self):
        for name, step in (("next_number", 1), ("previous_number", -1)):
            for (word,), answer in _drawn(name):
                assert COUNTING.index(answer) == COUNTING.index(word.lower()) + step

    def test_sums(self):
        for (first, second), answer in _drawn("add"):
            total = sum(COUNTING.index(word.lower()) + 1 for word in (first, second))
            assert answer == f"{first} plus {second} is {COUNTING[total - 1]}.".capitalize()

    def test_more_and_less(self):
        for (word, *pair), answer in _drawn("compare"):
            numbers = [COUNTING.index(number.lower()) for number in pair]
            assert COUNTING.index(answer) == {"more": max, "less": min}[word](numbers)

    def test_series(self):
        for (series,), answer in _drawn("series"):
            numbers = [COUNTING.index(word.lower()) for word in (*series.split(", "), answer)]
            assert len({after - before for before, after in pairwise(numbers)}) == 1

    def test_counting_a_group(self):
        for (group, listed), answer in _drawn("count_group"):
            inside = [word for word in _members(listed) if word in _group(group)]
            assert COUNTING[len(inside) - 1] == answer

    def test_naming_a_group(self):
        for (group, listed), answer in _drawn("name_group"):
            assert answer == ", ".join(word for word in listed.split(", ") if word.lower() in _group(group))

    def test_odd_one_out(self):
        for (listed,), answer in _drawn("odd_one_out"):
            groups = {word: {name for name in GROUPS if word in _group(name)} for word in _members(listed)}
            assert [word for word in groups if not any(groups[word] & groups[other] for other in groups if other != word)] == [
                answer.lower()
            ]

    def test_first_and_last(self):
        for name, place in (("first", 0), ("last", -1)):
            for (listed,), answer in _drawn(name):
                assert listed.split(", ")[place] == answer

    def test_alphabet(self):
        for (listed,), answer in _drawn("alphabet"):
            assert answer.split(", ") == sorted(listed.split(", "))
            assert len({word[0] for word in answer.split(", ")}) == 3

    def test_commas(self):
        for (listed,), answer in _drawn("commas"):
            assert answer == listed.replace(" and ", ", ")

    def test_letters(self):
        for (text,), answer in _drawn("shout"):
            assert answer == text.upper()
        for (word,), answer in _drawn("spell"):
            assert answer.replace("-", "") == word and answer.count("-") == len(word) - 1
        for (word,), answer in _drawn("count_letters"):
            assert COUNTING.index(answer) + 1 == len(word)

    def test_words_of_a_sentence(self):
        for (text,), answer in _drawn("count_words"):
            assert COUNTING.index(answer) + 1 == len(re.findall(r"\w+", text))
        for (text,), answer in _drawn("repeat"):
            assert answer == text

    def test_negative_then_positive(self):
        for (text,), answer in _drawn("negative"):
            assert _positive(answer) == text
            assert " not " in answer and " not " not in text

    def test_a_question_then_its_statement(self):
        for (text,), answer in _drawn("question"):
            assert re.fullmatch(r"(Is|Are|Was|Were|Do|Does|Did) .+\?", answer)
            told, asked = (sorted(re.findall(r"\w+", said.lower())) for said in (text, answer))
            if answer.split()[0] in ("Is", "Are", "Was", "Were"):
                assert told == asked
            else:
                assert len(asked) == len(told) + 1 and len(set(told) & set(asked)) >= len(set(told)) - 1

    def test_past_and_present_are_the_way_back(self):
        for (text,), answer in _drawn("past"):
            assert text in _tenses(answer)
        for (text,), answer in _drawn("present"):
            assert answer in _tenses(text)

    def test_colours_stand_in_the_sentence(self):
        for text, question, answer in _read("colour_only"):
            assert answer in COLOURS and f"{answer} {question.rstrip('?').split()[-1]} " in text
        for text, question, answer in _read("colour"):
            found = re.fullmatch(r"The (\w+) is (\w+)\.", answer)
            assert f"the {found[1]}?" in question and f"{found[2]} {found[1]} " in text and found[2] in COLOURS

    def test_who_stands_in_the_sentence(self):
        for text, question, answer in _read("who"):
            verb, noun = re.fullmatch(r"Who (.+) the (\w+)\?", question).groups()
            assert re.findall(rf"([A-Z]\w+) {verb} (?:a|an|the) (?:\w+ )*{noun}\.", text) == [answer.rstrip(".")]

    def test_how_many_stand_in_the_sentence(self):
        for text, question, answer in _read("how_many"):
            noun, who, base = re.fullmatch(r"How many (\w+) did (\w+) (.+)\?", question).groups()
            assert re.findall(rf"{who} {lexicon.VERBS[base].past} (\w+) (?:\w+ )*{noun}\.", text) == [answer.rstrip(".").lower()]

    def test_where_and_when_stand_in_the_sentence(self):
        for text, question, answer in _read("where"):
            noun = question.rstrip("?").split()[-1]
            assert re.search(rf"\b{noun} is {re.escape(answer[0].lower() + answer[1:])}", text)
        for text, question, answer in _read("when"):
            who = re.match(r"When did (\w+) ", question)[1]
            assert re.search(rf"\b{who} .*\b{re.escape(answer[0].lower() + answer[1:])}", text)

    def test_yes_or_no_by_the_sentence(self):
        for text, question, answer in _read("yes_or_no"):
            who, noun = re.match(r"Did (\w+) ", question)[1], question.rstrip("?").split()[-1]
            told = re.search(rf"\b{who} [^.?]*", text)[0]
            assert answer == f"{'Yes' if told.endswith(f' {noun}') else 'No'}, {told}."

    def test_names_and_places_are_the_only_ones(self):
        places = {place.noun.en for place in lexicon.PLACES}
        for (text,), answer in _drawn("find_name"):
            assert [word for word in re.findall(r"\w+", text) if word in NAMES] == [answer]
        for (text,), answer in _drawn("find_place"):
            assert [f"the {word}" for word in re.findall(r"\w+", text) if word in places] == [answer]

    def test_what_is_said_is_said_by_the_one_asked_about(self):
        for (text, name), answer in _drawn("said"):
            assert f'{name} said "{answer}"' in text

    def test_what_a_thing_is(self):
        groups = {
            "an animal": lexicon.ANIMALS, "food": lexicon.FOODS, "a colour": lexicon.COLOURS,
            "a place": [place.noun for place in lexicon.PLACES],
        }  # fmt: skip
        verdicts = Counter()
        for split in SPLITS:
            draw = Draw(split, seed=8)
            for text, answer in (KINDS["is_it"](draw) for _ in range(4 * EACH)):
                found = re.search(rf"\b(?:is|if) ((?:an? )?\w+)(?: is)? ({'|'.join(groups)})\?", text, re.IGNORECASE)
                if found:
                    inside = found[1].split()[-1] in {member.en for member in groups[found[2]]}
                    assert answer == (f"Yes, {found[1]} is {found[2]}." if inside else f"No, {found[1]} is not {found[2]}.")
                    verdicts[inside] += 1
        assert min(verdicts[True], verdicts[False]) > 50

    def test_opposites_go_both_ways(self):
        pairs = {(word.lower(), answer) for (word,), answer in _drawn("opposite")}
        assert all(first != second for first, second in pairs)
        assert len({word for word, _ in pairs}) == len(pairs)
        assert sum((second, first) in pairs for first, second in pairs) > 0.5 * len(pairs)


def _members(listed: str) -> list[str]:
    return [word.lower() for word in listed.split(", ")]


def _group(name: str) -> set[str]:
    """Returns the words of a group from the lexicon, in small letters; an orange is food and no colour here."""
    assert name in GROUPS
    return {word.lower() for word in GROUPS[name]}


def _positive(text: str) -> str:
    """Returns a sentence without its denial: "does not see" becomes "sees"."""
    with_be = re.sub(r"\b(is|are|was|were) not ", r"\1 ", text)
    if with_be != text:
        return with_be
    found = re.match(r"(?P<who>.+) (?P<do>does|do|did) not (?P<rest>.+)", text)
    for verb in sorted(lexicon.VERBS.values(), key=lambda verb: len(verb.base), reverse=True):
        if re.match(rf"{verb.base}\b", found["rest"]):
            form = {"does": verb.en, "do": verb.base, "did": verb.past}[found["do"]]
            return f"{found['who']} {form}{found['rest'][len(verb.base) :]}"
    raise AssertionError(text)


def _tenses(past: str) -> set[str]:
    """Returns what a sentence in the past may be in the present: for one, and for several."""
    found = set()
    for verb in (verb for verb in lexicon.VERBS.values() if verb is not lexicon.BE):
        found |= {re.sub(rf"\b{verb.past}\b", form, past, count=1) for form in (verb.en, verb.base)}
    return found | {past.replace(" was ", " is ", 1), past.replace(" were ", " are ", 1)}
