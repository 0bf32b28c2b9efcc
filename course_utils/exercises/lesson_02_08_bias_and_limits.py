"""The exercises of `02_pipelines/08_bias_and_limits`: a balanced corpus, test sizes, thresholds, claims, and a card."""

import math
import re

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 60.0  # seconds: the first check of a process may have to import the Hub's library, and an import must not be cut short

_TEXTS = {
    "The pilot sang, but he was ill.": "The pilot sang, but she was ill.",
    "The pilot knew that he was late and she was not. He sang.": "The pilot knew that she was late and he was not. She sang.",
    "She thanked the nurse. The nurse said that he was there.": "He thanked the nurse. The nurse said that she was there.",
    "He ran because she called, and then she ran.": "She ran because he called, and then he ran.",
    "The other teacher heard her; he, she and they shed tears.": "The other teacher heard her; she, he and they shed tears.",
    "Nobody was there.": "Nobody was there.",
    "": "",
}


def _verify_swap(answer):
    for text, expected in _TEXTS.items():
        found = call(answer, text)
        expect(isinstance(found, str), f"swap({text!r}) returned {short(found)}; expected a string.")
        if found == expected:
            continue
        told = f"swap({text!r}) returned {found!r}; expected {expected!r}."
        in_turn = found in (_all_to("she", text), _all_to("he", text))
        expect(not in_turn, f"All pronouns came out the same: the second replacement undid the first. Exchange both in one pass. {told}")
        before, after = (re.findall(r"\b(?:he|she)\b", words, re.I) for words in (text, found))
        forgotten = [old for old, new in zip(before, after, strict=False) if old == new and old[0].isupper()]
        expect(not forgotten, f"At the beginning of a sentence stands {forgotten and forgotten[0]}: exchange it too. {told}")
        outside = re.sub(r"\b(he|she)\b", "·", text, flags=re.I) != re.sub(r"\b(he|she)\b", "·", found, flags=re.I)
        expect(not outside, f"Something other than a pronoun changed: `he` also stands inside `the` and `there`. {told}")
        large = found.lower() == expected.lower()
        expect(not large, f"The capital letters are wrong: He becomes She. {told}")
        refuse(told)
    return "Put together with the original, every story now exists once with each pronoun, and no job leans to either."


def _all_to(pronoun, text):
    """Returns the text with every he or she turned into one pronoun, which is what two replacements in a row make of it."""
    return re.sub(r"\b(he|she)\b", lambda match: pronoun.title() if match[0][0].isupper() else pronoun, text, flags=re.I)


def swap(text):
    import re

    other = {"he": "she", "she": "he", "He": "She", "She": "He"}
    return re.sub(r"\b(he|she|He|She)\b", lambda match: other[match[0]], text)


def _swap_by_words(text):
    other = {"he": "she", "she": "he", "He": "She", "She": "He"}
    return "".join(other.get(part, part) for part in re.split(r"(\w+)", text))


def _swap_in_turn(text):
    return re.sub(r"\bHe\b", "She", re.sub(r"\bShe\b", "He", re.sub(r"\bhe\b", "she", re.sub(r"\bshe\b", "he", text))))


def _swap_letters(text):
    return text.replace("she", "\0").replace("he", "she").replace("\0", "he").replace("She", "\0").replace("He", "She").replace("\0", "He")


def _swap_small(text):
    return re.sub(r"\b(he|she)\b", lambda match: {"he": "she", "she": "he"}[match[0]], text)


def _swap_losing_capitals(text):
    return re.sub(r"\b(he|she)\b", lambda match: "she" if match[0].lower() == "he" else "he", text, flags=re.I)


_TEST_SIZES = ((0.5, 0.1), (0.9, 0.03), (0.8, 0.05), (0.97, 0.01), (0.6, 0.02))


def _half_width(accuracy, count, z=1.96):
    return z / (1 + z**2 / count) * math.sqrt(accuracy * (1 - accuracy) / count + z**2 / (4 * count**2))


def _verify_size(answer):
    for accuracy, margin in _TEST_SIZES:
        expected = next(count for count in range(1, 20_000) if _half_width(accuracy, count) <= margin)
        found = call(answer, accuracy, margin)
        where = f"smallest_test_set({accuracy}, {margin})"
        expect(isinstance(found, int | float) and found == int(found), f"{where} returned {short(found)}; expected a whole number.")
        if found == expected:
            continue
        plain = math.ceil(1.96**2 * accuracy * (1 - accuracy) / margin**2)
        whole = next(count for count in range(1, 80_000) if 2 * _half_width(accuracy, count) <= margin)
        worst = next(count for count in range(1, 20_000) if _half_width(0.5, count) <= margin)
        mistakes = {
            whole: "you asked for the whole width; the margin is half of it",
            plain: "that is the rule of thumb z² p (1 − p) / margin², not Wilson's interval",
            worst: "you took an accuracy of one half, the worst case; use the one that is given",
            expected - 1: "one too few: at that number the interval is still a little too wide",
            expected + 1: "one too many: one example less would do",
        }
        why = mistakes.get(int(found), "count upwards from 1 and stop when half the width is at most the margin")
        refuse(f"{where} returned {short(found)}: {why}. Expected {expected}.")
    return "To halve a margin takes about four times as many examples."


def smallest_test_set(accuracy, margin):
    import math

    def half_width(count, z=1.96):
        return z / (1 + z**2 / count) * math.sqrt(accuracy * (1 - accuracy) / count + z**2 / (4 * count**2))

    count = 1
    while half_width(count) > margin:
        count += 1
    return count


def _size_by_bisection(accuracy, margin):
    low, high = 0, 1
    while _half_width(accuracy, high) > margin:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _half_width(accuracy, middle) > margin else (low, middle)
    return high


def _size_by_rule_of_thumb(accuracy, margin):
    return math.ceil(1.96**2 * accuracy * (1 - accuracy) / margin**2)


def _size_of_whole_width(accuracy, margin):
    return _size_by_bisection(accuracy, margin / 2)


def _size_at_worst(accuracy, margin):
    return _size_by_bisection(0.5, margin)


def _size_one_short(accuracy, margin):
    return _size_by_bisection(accuracy, margin) - 1


_SCORES = (
    ([0.9, 0.8, 0.7, 0.6], [0.5, 0.65, 0.95], 0.25),
    ([0.99, 0.97, 0.98, 0.9, 0.95], [0.96, 0.9, 0.2, 0.97], 0.2),
    ([3.0, -1.0, 5.5, 2.0, 8.0, 4.0, 7.0, 1.0, 6.0, 9.0], [-4.0, 2.5, 1.0, 0.5, 4.5], 0.3),
    ([0.5, 0.5, 0.5, 0.9], [0.1, 0.5, 0.6], 0.5),
    ([0.8, 0.6, 0.9], [0.7, 0.6, 0.1, 0.3], 0.0),
)


def _verify_threshold(answer):
    for sound, invented, allowed in _SCORES:
        found = call(answer, list(sound), list(invented), allowed)
        where = f"warning_threshold({sound}, {invented}, {allowed})"
        pair = isinstance(found, tuple | list) and len(found) == 2
        expect(pair, f"{where} returned {short(found)}; expected two numbers, the threshold and the share that it catches.")
        threshold, caught = found
        right = max(t for t in sound if sum(s < t for s in sound) <= allowed * len(sound))
        told = f"{where} returned {short(found)}"
        expect(threshold in sound, f"{told}. The threshold is to be one of the scores in `sound`; {short(threshold)} is none of them.")
        flagged = sum(s < threshold for s in sound)
        expect(
            flagged <= allowed * len(sound),
            f"{told}. It flags {flagged} of {len(sound)} sound answers, more than allowed.",
        )
        expect(threshold == right, f"{told}. A higher threshold, {right}, still flags no more sound answers than allowed.")
        share = sum(s < right for s in invented) / len(invented)
        at_most = sum(s <= right for s in invented) / len(invented)
        if abs(caught - share) < 1e-9:
            continue
        expect(abs(caught - at_most) > 1e-9, f"{told}. A score equal to the threshold is not flagged: below means `<`.")
        expect(abs(caught - share * len(invented)) > 1e-9, f"{told}. That is how many are caught; give the share, {share:.3f}.")
        expect(abs(caught - 1 + share) > 1e-9, f"{told}. That is the share that is missed; give the share that is caught, {share:.3f}.")
        refuse(f"{told}; expected the share of the scores in `invented` below the threshold, {share:.3f}.")
    return "Choose it on some answers and report what it catches on others."


def warning_threshold(sound, invented, allowed):
    fitting = [score for score in sound if sum(other < score for other in sound) <= allowed * len(sound)]
    threshold = max(fitting)
    return threshold, sum(score < threshold for score in invented) / len(invented)


def _threshold_sorted(sound, invented, allowed):
    ordered = sorted(sound)
    threshold = ordered[min(int(allowed * len(sound) + 1e-9), len(sound) - 1)]
    return threshold, len([score for score in invented if score < threshold]) / len(invented)


def _threshold_interpolated(sound, invented, allowed):
    import numpy

    threshold = float(numpy.quantile(sound, allowed))
    return threshold, sum(score < threshold for score in invented) / len(invented)


def _threshold_strict(sound, invented, allowed):
    fitting = [score for score in sound if sum(other <= score for other in sound) <= allowed * len(sound)] or [min(sound)]
    return max(fitting), sum(score < max(fitting) for score in invented) / len(invented)


def _threshold_counting_equals(sound, invented, allowed):
    threshold = warning_threshold(sound, invented, allowed)[0]
    return threshold, sum(score <= threshold for score in invented) / len(invented)


def _threshold_missed(sound, invented, allowed):
    threshold, caught = warning_threshold(sound, invented, allowed)
    return threshold, 1 - caught


def _threshold_all(sound, invented, allowed):
    return max(sound), sum(score < max(sound) for score in invented) / len(invented)


_STAND = {"B", "D"}
_REASONS = {
    "A": "352 and 344 of 400 are 0.88 and 0.86, and each interval is about three points wide to either side: they overlap widely",
    "B": "352 and 300 of 400 are 0.88 and 0.75, and their intervals lie clearly apart",
    "C": "the best of 60 on the test is the winner's curse: score the chosen one on examples that took no part in the choice",
    "D": "0.99 against 0.71 on 1,000 new examples of the same kind is far more than chance allows, whatever the cause",
    "E": "two harnesses that word their questions differently do not measure the same thing, however many examples they have",
}


def _verify_claims(answer):
    letters = re.findall(r"[A-Za-z]", answer) if isinstance(answer, str) else answer
    fit = isinstance(letters, list | tuple | set | frozenset) and all(isinstance(letter, str) for letter in letters)
    expect(fit, f'Found {short(answer)}; expected a set of letters, for example {{"A", "C"}}.')
    chosen = {letter.strip().upper() for letter in letters}
    expect(chosen <= set(_REASONS), f"Found {short(answer)}; the claims are called A, B, C, D and E.")
    for letter in sorted(chosen - _STAND):
        refuse(f"{letter} does not stand: {_REASONS[letter]}.")
    missing = sorted(_STAND - chosen)
    if missing:
        clue = {"B": "compute both Wilson intervals", "D": "ask what else than a leak or an overfit test could part two scores so far"}
        refuse(f"What you chose stands, but {len(missing)} more claim does too: {clue[missing[0]]}.")
    return " ".join(f"{letter}: {reason}." for letter, reason in _REASONS.items())


def supported():
    def wilson(right, count, z=1.96):
        share = right / count
        middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
        half = z / (1 + z**2 / count) * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
        return middle - half, middle + half

    def apart(one, other):
        return wilson(*one)[0] > wilson(*other)[1] or wilson(*other)[0] > wilson(*one)[1]

    tests = {"A": ((352, 400), (344, 400)), "B": ((352, 400), (300, 400)), "D": ((396, 400), (710, 1000))}
    return {claim for claim, (one, other) in tests.items() if apart(one, other)}  # C chose on the test; E mixes harnesses


_FACTS = (
    {
        "model": "mood-of-mail",
        "licence": "mit",
        "language": "en",
        "task": "text-classification",
        "dataset": "letters",
        "metric": "accuracy",
        "value": 0.87,
        "low": 0.83,
        "high": 0.90,
        "size": 310,
        "groups": {"short letters": 0.91, "letters by children": 0.74},
        "use": "sorting letters of complaint",
        "not_for": "deciding who gets an answer",
    },
    {
        "model": "bird-namer",
        "licence": "apache-2.0",
        "language": "fr",
        "task": "token-classification",
        "dataset": "hedgerow",
        "metric": "f1",
        "value": 0.62,
        "low": 0.55,
        "high": 0.69,
        "size": 128,
        "groups": {"owls": 0.41, "ducks": 0.66, "finches": 0.7},
        "use": "finding names of birds in diaries",
        "not_for": "counting protected species",
    },
    {
        "model": "tiny-titles",
        "licence": "cc-by-4.0",
        "language": "de",
        "task": "summarization",
        "dataset": "minutes",
        "metric": "rouge",
        "value": 0.48,
        "low": 0.44,
        "high": 0.52,
        "size": 77,
        "groups": {},
        "use": "titles for minutes of meetings",
        "not_for": "records that a court may read",
    },
)


def _verify_card(answer):
    from huggingface_hub import ModelCard

    for facts in _FACTS:
        given = {**facts, "groups": dict(facts["groups"])}
        text = str(call(answer, given))
        where = f"In the card of {facts['model']!r}"
        try:
            card = ModelCard(text)
        except Exception as problem:
            refuse(f"{where}, ModelCard cannot read the text back ({type(problem).__name__}). The metadata stand between two lines `---`.")
        _judge_metadata(card.data, facts, where)
        _judge_words(card.text, facts, where)
    return "It reads back, and it says what its reader needs to know, the unwelcome part included."


def _judge_metadata(data, facts, where):
    for field, key in (("license", "licence"), ("language", "language")):
        found = getattr(data, field, None)
        expect(
            found in (facts[key], [facts[key]]),
            f"{where}, the metadata have {field} {short(found)}; expected {facts[key]!r}. Is it in the dictionary's words, or fixed?",
        )
    results = data.eval_results or []
    expect(results, f"{where}, no result is in the metadata. Pass model_name and eval_results to ModelCardData.")
    expect(
        data.model_name == facts["model"], f"{where}, the metadata name the model {short(data.model_name)}; expected {facts['model']!r}."
    )
    (result, *_) = results
    for name, expected in (("metric_type", facts["metric"]), ("metric_value", facts["value"]), ("task_type", facts["task"])):
        found = getattr(result, name)
        expect(found == expected, f"{where}, the result's {name} is {short(found)}; expected {short(expected)}.")
    data_named = facts["dataset"] in f"{result.dataset_name} {result.dataset_type}"
    expect(data_named, f"{where}, the result does not name the data set {facts['dataset']!r}.")


def _judge_words(text, facts, where):
    left = re.search(r"\[?more information needed\]?|\bTODO\b|\bTBD\b|\{\{|\}\}|\[\.\.\.\]", text, re.I)
    expect(not left, f"{where}, a placeholder is left: {left and left[0]!r}.")
    for key, what in (("use", "what the model is for"), ("not_for", "what it is not for")):
        expect(facts[key] in text, f"{where}, nothing says {what}: {facts[key]!r}.")
    for key, what in (("value", "the score"), ("low", "the lower end of its interval"), ("high", "the upper end of its interval")):
        expect(
            _mentions(text, facts[key]), f"{where}, the text does not give {what}, {facts[key]}. A score without an interval says little."
        )
    expect(_mentions(text, facts["size"]), f"{where}, the text does not say on how many examples the score rests, {facts['size']}.")
    for group, score in facts["groups"].items():
        expect(group in text and _mentions(text, score), f"{where}, the group {group!r} with its score {score} is missing.")
    if not facts["groups"]:
        said = re.search(r"not (been )?measured|never measured|unmeasured|nobody has measured", text, re.I)
        expect(said, f"{where}, `groups` is empty and the card keeps quiet about it. Say that groups were not measured.")
    limits = re.search(r"^#+ [^\n]*limit[^\n]*\n(.*?)(?=^#|\Z)", text, re.I | re.M | re.S)
    expect(limits and limits[1].strip(), f"{where}, no heading with *Limits* stands above some text.")
    if facts["groups"]:
        worst = min(facts["groups"], key=facts["groups"].get)
        expect(
            worst in limits[1],
            f"{where}, the limits do not name the group that does worst, {worst!r}. A table is not enough: say it in words.",
        )


def _mentions(text, number):
    """Returns whether the text holds the number, as a fraction or in per cent."""
    found = re.finditer(r"(\d[\d,]*(?:\.\d+)?)\s*(%|per cent)?", text)
    values = [float(match[1].replace(",", "")) / (100 if match[2] else 1) for match in found]
    return any(abs(value - number) < 0.0051 for value in values)


def write_card(facts):
    from huggingface_hub import EvalResult, ModelCard, ModelCardData

    result = EvalResult(facts["task"], facts["dataset"], facts["dataset"], facts["metric"], facts["value"])
    data = ModelCardData(license=facts["licence"], language=facts["language"], model_name=facts["model"], eval_results=[result])
    groups = facts["groups"]
    table = "\n".join(f"* {group}: {score}" for group, score in groups.items()) or "Groups were not measured."
    worst = f"It does worst on {min(groups, key=groups.get)}." if groups else "How it treats groups is unknown."
    text = f"""---
{data.to_yaml()}
---

# {facts["model"]}

For {facts["use"]}. Not for {facts["not_for"]}.

## Results

{facts["metric"]} {facts["value"]} ({facts["low"]} to {facts["high"]}) on {facts["size"]} examples of {facts["dataset"]}.

{table}

## Limits

{worst}
"""
    return ModelCard(text)


def _card_by_template(facts):
    from huggingface_hub import EvalResult, ModelCard, ModelCardData

    result = EvalResult(facts["task"], facts["dataset"], facts["dataset"].title(), facts["metric"], facts["value"])
    data = ModelCardData(license=facts["licence"], language=[facts["language"]], model_name=facts["model"], eval_results=[result])
    ranked = sorted(facts["groups"].items(), key=lambda pair: pair[1])
    template = """---
{{ card_data }}
---
### Use
{{ use }}; not: {{ not_for }}
### Known limits
{% for group, score in ranked %}{{ group }} {{ score * 100 }} %, {% endfor %}{% if not ranked %}Groups: nobody has measured them.{% endif %}
### Score
{{ (100 * value) | round(1) }} % ({{ (100 * low) | round(1) }} % to {{ (100 * high) | round(1) }} %), n = {{ size }}
"""
    return str(ModelCard.from_template(data, template_str=template, ranked=ranked, **facts))


def _card_without_interval(facts):
    return re.sub(r" \(\S+ to \S+\)", "", str(write_card(facts)))


def _card_without_result(facts):
    return re.sub(r"model-index:.*?---", "---", str(write_card(facts)), count=1, flags=re.S)


def _card_of_the_example(_):
    return write_card(_FACTS[0])


def _card_without_metadata(facts):
    return str(write_card(facts)).split("---")[2]


def _card_silent_on_groups(facts):
    return str(write_card(facts)).replace("Groups were not measured.", "")


def _card_hiding_the_worst(facts):
    return str(write_card(facts)).partition("It does worst")[0] + "It may make mistakes."


def _card_with_placeholders(facts):
    return str(write_card(facts)) + "\n## Contact\n\n[More Information Needed]\n"


EXERCISES = (
    Exercise(
        name="swap_pronouns",
        verify=_verify_swap,
        solution=swap,
        hints=(
            "Replacing he by she first and she by he afterwards turns everything into he. How can both happen in one pass?",
            r"`re.sub(r'\b(he|she|He|She)\b', function, text)` calls the function for each match; `\b` is the edge of a word.",
            "The function may look the match up in a dictionary: `lambda match: other[match[0]]`.",
        ),
        wrong={
            "one after the other": Wrong(_swap_in_turn, because="the second replacement undid the first"),
            "inside other words": Wrong(_swap_letters, because="also stands inside `the`"),
            "small letters only": Wrong(_swap_small, because="At the beginning of a sentence"),
            "capitals lost": Wrong(_swap_losing_capitals, because="The capital letters are wrong"),
            "nothing returned": Wrong(print, because="`return`"),
        },
        other=_swap_by_words,
    ),
    Exercise(
        name="smallest_test_set",
        verify=_verify_size,
        solution=smallest_test_set,
        hints=(
            "The interval narrows as the count grows. So try 1, 2, 3, … and stop at the first that is narrow enough.",
            "`low, high = wilson(accuracy * count, count)`; half the width is `(high - low) / 2`.",
            "`while half_width(count) > margin: count += 1`, and then return the count.",
        ),
        wrong={
            "rule of thumb": Wrong(_size_by_rule_of_thumb, because="the rule of thumb"),
            "whole width": Wrong(_size_of_whole_width, because="the margin is half of it"),
            "worst case": Wrong(_size_at_worst, because="the worst case"),
            "one too few": Wrong(_size_one_short, because="one too few"),
        },
        other=_size_by_bisection,
    ),
    Exercise(
        name="warning_threshold",
        verify=_verify_threshold,
        solution=warning_threshold,
        hints=(
            "For one candidate, count how many sound scores lie below it. Is that at most `allowed * len(sound)`?",
            "Only the scores in `sound` are candidates. Keep those that pass, and take the largest.",
            "`sum(score < threshold for score in invented) / len(invented)` is the share that is caught.",
        ),
        wrong={
            "a quantile between two scores": Wrong(_threshold_interpolated, because="is none of them"),
            "too careful": Wrong(_threshold_strict, because="A higher threshold"),
            "flags all but one": Wrong(_threshold_all, because="more than allowed"),
            "equal scores flagged": Wrong(_threshold_counting_equals, because="below means `<`"),
            "share missed": Wrong(_threshold_missed, because="the share that is missed"),
        },
        other=_threshold_sorted,
    ),
    Exercise(
        name="claims_that_stand",
        verify=_verify_claims,
        solution=supported,
        hints=(
            "For A and B compute the Wilson intervals of both models, `wilson(352, 400)` and so on. Do they part?",
            "C and E are not questions of size. What took part in the choice, and were both measured in the same way?",
            "Two of the five stand.",
        ),
        wrong={
            "a lead of two points": Wrong({"A", "B", "D"}, because="they overlap widely"),
            "the best of many": Wrong({"B", "C", "D"}, because="winner's curse"),
            "two harnesses": Wrong(["B", "D", "E"], because="do not measure the same thing"),
            "one of the two": Wrong({"D"}, because="compute both Wilson intervals"),
            "a number": Wrong(2, because="expected a set of letters"),
        },
        other="B, D",
        value=True,
    ),
    Exercise(
        name="write_a_card",
        verify=_verify_card,
        solution=write_card,
        hints=(
            "Begin with the metadata: an EvalResult, and a ModelCardData that holds it together with `model_name`, licence and language.",
            'A card is text: f"---\\n{data.to_yaml()}\\n---\\n\\n# …". Every number in it comes from `facts`.',
            "`min(groups, key=groups.get)` is the group that does worst; name it under a heading `## Limits`. `groups` may be empty.",
        ),
        wrong={
            "no interval": Wrong(_card_without_interval, because="A score without an interval"),
            "no result in the metadata": Wrong(_card_without_result, because="no result is in the metadata"),
            "the example whatever is asked": Wrong(_card_of_the_example, because="in the dictionary's words, or fixed?"),
            "no metadata": Wrong(_card_without_metadata, because="Is it in the dictionary's words, or fixed?"),
            "quiet about groups": Wrong(_card_silent_on_groups, because="keeps quiet about it"),
            "the worst left out": Wrong(_card_hiding_the_worst, because="the group that does worst"),
            "a placeholder": Wrong(_card_with_placeholders, because="a placeholder is left"),
        },
        other=_card_by_template,
        seconds=_PATIENCE,
    ),
)
