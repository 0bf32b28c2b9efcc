"""Exercises of `notebooks/00_start_here.ipynb`: a warm-up, softmax, cosine similarity, slopes, next words, tokens in the open."""

import json
import math
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from course_utils import catalog, loaders
from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_CANDIDATES = ("the", "list", "true", "instead")


def _numbers(values: Any, count: int, shown: str) -> list[float]:
    """Returns an answer's numbers as floats; refuses anything that is no flat collection of `count` numbers."""
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        refuse(f"{shown} should return {count} numbers; found {short(values)}.")
    expect(len(numbers) == count, f"{shown} should return {count} numbers, one for each input; found {len(numbers)}.")
    return numbers


def _close(found: list[float], wanted: list[float], tolerance: float = 1e-6) -> bool:
    return all(math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) for a, b in zip(found, wanted, strict=True))


def _rounded(numbers: list[float]) -> list[float]:
    return [round(number, 4) for number in numbers]


def _verify_width(answer: Any) -> str:
    config = json.loads((Path(catalog.checkpoint("english-encoder")) / "config.json").read_text(encoding="utf-8"))
    wanted = config["hidden_size"]
    if answer == wanted:
        return "Every token of every sentence becomes a vector of this width; the checkpoint's config.json calls it hidden_size."
    expect(isinstance(answer, int), f"Expected a whole number; found {short(answer)}.")
    expect(answer != config["vocab_size"], f"{answer} is the number of tokens the model knows, not the width of a vector.")
    expect(answer > 12, f"{answer} looks like the number of tokens of a short sentence. How many numbers stand for one of them?")
    refuse(f"{answer} is not the number of numbers in one token's vector. Look at what len() says one level further in.")


def vector_width() -> int:
    from transformers import pipeline

    from course_utils import checkpoint

    extractor = pipeline("feature-extraction", model=checkpoint("english-encoder"))
    first_sentence = extractor("Any sentence will do.")[0]
    first_token = first_sentence[0]
    return len(first_token)


def _verify_softmax(answer: Any) -> str:
    import torch

    for scores in ([2.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0], [-3.0, 0.5, -1.0], [1000.0, 999.0, 0.0]):
        shown = f"scores_to_probabilities({scores})"
        found = _numbers(call(answer, list(scores)), len(scores), shown)
        wanted = torch.tensor(scores, dtype=torch.float64).softmax(dim=0).tolist()
        if _close(found, wanted):
            continue
        expect(
            not any(math.isnan(number) for number in found),
            f"{shown} gave nan: exp of a large score overflows. Subtract the largest first.",
        )
        total = sum(found)
        expect(
            abs(total - 1) < 1e-6,
            f"The probabilities of {shown} sum to {total:.4f}; they must sum to 1. What is each exponential divided by?",
        )
        refuse(
            f"{shown} sums to 1, but found {_rounded(found)} and expected {_rounded(wanted)}. "
            "Is each score turned into its exponential before the division?"
        )
    return "And a thousand did not overflow: only differences between scores count."


def scores_to_probabilities(scores: list[float]) -> list[float]:
    from math import exp

    largest = max(scores)
    exponentials = [exp(score - largest) for score in scores]
    total = sum(exponentials)
    return [exponential / total for exponential in exponentials]


def _softmax_numpy(scores):
    import numpy as np

    scores = np.asarray(scores) - np.max(scores)
    return np.exp(scores) / np.exp(scores).sum()


def _softmax_without_exp(scores):
    total = sum(scores) or 1
    return [score / total if sum(scores) else 1 / len(scores) for score in scores]


def _softmax_by_the_largest(scores):
    return [math.exp(score - max(scores)) for score in scores]


def _softmax_that_overflows(scores):
    total = sum(math.exp(score) for score in scores)
    return [math.exp(score) / total for score in scores]


def _softmax_one_number(scores):
    return max(scores)


def _verify_nearest(answer: Any) -> str:
    import numpy as np

    query = np.array([1.0, 0.0, 0.0])
    cases = (
        ([[0.0, 1.0, 0.0], [0.9, 0.1, 0.0], [0.0, 0.0, 1.0]], "one vector points almost the same way as the query"),
        (
            [[0.9, 0.1, 0.0], [5.0, 5.0, 0.0], [0.0, 1.0, 0.0]],
            "a long vector points another way: the product must be divided by the lengths",
        ),
        ([[0.9, 0.5, 0.0], [7.0, 0.1, 0.0], [0.5, 0.6, 0.0]], "a far vector points the right way: the angle counts, not the distance"),
        (
            [[-1.0, 0.0, 0.0], [0.2, 1.0, 0.0], [0.0, 0.0, 1.0]],
            "one vector points the opposite way: its cosine is -1, the least, not the most",
        ),
    )
    for rows, what in cases:
        candidates = np.array(rows)
        cosines = [float(np.dot(query, row) / (np.linalg.norm(query) * np.linalg.norm(row))) for row in candidates]
        found = call(answer, query.copy(), candidates.copy())
        shown = f"query {query.tolist()}, candidates {rows}"
        try:
            row = int(found)
        except (TypeError, ValueError):
            refuse(f"Expected the number of one row; found {short(found)} for {shown}.")
        expect(
            row == cosines.index(max(cosines)) and row == found,
            f"{shown}: found {short(found)}, expected row {cosines.index(max(cosines))}. Here {what}.",
        )
    return "This is semantic search in small: the query is a question, the rows are documents."


def nearest_by_cosine(query, candidates) -> int:
    import numpy as np

    lengths = np.linalg.norm(candidates, axis=1) * np.linalg.norm(query)
    cosines = candidates @ query / lengths
    return int(cosines.argmax())


def _nearest_by_loop(query, candidates):
    def length(vector):
        return math.sqrt(sum(number * number for number in vector))

    scores = [sum(a * b for a, b in zip(query, row, strict=True)) / (length(query) * length(row)) for row in candidates]
    return max(range(len(scores)), key=scores.__getitem__)


def _nearest_by_product(query, candidates):
    return int((candidates @ query).argmax())


def _nearest_by_distance(query, candidates):
    return int((((candidates - query) ** 2).sum(axis=1)).argmin())


def _nearest_by_size_of_cosine(query, candidates):
    import numpy as np

    cosines = candidates @ query / np.linalg.norm(candidates, axis=1)
    return int(np.abs(cosines).argmax())


def _nearest_value(query, candidates):
    return candidates @ query


def _square_and_cube(point):
    return point[0] ** 2 + point[1] ** 3


def _wave_and_product(point):
    return math.sin(point[0]) * point[1] - 2 * point[2]


def _verify_slopes(answer: Any) -> str:
    cases = (
        (_square_and_cube, [3.0, -1.0], [6.0, 3.0], "x[0]**2 + x[1]**3"),
        (_wave_and_product, [0.5, 2.0, 1.0], [2 * math.cos(0.5), math.sin(0.5), -2.0], "sin(x[0]) * x[1] - 2 * x[2]"),
    )
    for function, point, wanted, formula in cases:
        given = list(point)
        shown = f"slopes({formula}, {point})"
        found = _numbers(call(answer, function, given), len(point), shown)
        expect(
            len(given) == len(point) and _close(given, point, 1e-9),
            f"{shown} left its second argument as {short(given)}. Nudge a copy, or put the number back.",
        )
        if _close(found, wanted, 1e-3):
            continue
        facts = f"{shown}: found {_rounded(found)}, expected {_rounded(wanted)}."
        expect(
            not _close(found, [2 * w for w in wanted], 1e-3), f"{facts} Each is twice too large: from up to down the nudge is two steps."
        )
        expect(
            not _close([-f for f in found], wanted, 1e-3), f"{facts} Each has the wrong sign: subtract the lower value from the upper one."
        )
        expect(
            not _close(found, [sum(wanted)] * len(wanted), 1e-3), f"{facts} All are the same: nudge one number at a time, the others stay."
        )
        refuse(f"{facts} Is the change of the function divided by the size of the nudge?")
    return "You have checked backpropagation's answer without using any of its rules. The price: two calls of the function per number."


def slopes(function, point: list[float], step: float = 1e-5) -> list[float]:
    found = []
    for i in range(len(point)):
        up, down = list(point), list(point)
        up[i] += step
        down[i] -= step
        found.append((function(up) - function(down)) / (2 * step))
    return found


def _slopes_one_sided(function, point):
    step = 1e-6
    here = function(point)
    return [(function([*point[:i], x + step, *point[i + 1 :]]) - here) / step for i, x in enumerate(point)]


def _slopes_twice(function, point):
    return [2 * slope for slope in slopes(function, point)]


def _slopes_backwards(function, point):
    return [-slope for slope in slopes(function, point)]


def _slopes_together(function, point, step=1e-5):
    up, down = [x + step for x in point], [x - step for x in point]
    return [(function(up) - function(down)) / (2 * step)] * len(point)


def _slopes_in_place(function, point):
    slopes = []
    for i in range(len(point)):
        before = function(point)
        point[i] += 1e-6
        slopes.append((function(point) - before) / 1e-6)
    return slopes


def _slopes_undivided(function, point, step=1e-5):
    return [slope * step for slope in slopes(function, point)]


def _verify_surest(answer: Any) -> str:
    following: dict[str, Counter] = defaultdict(Counter)
    for text in loaders.dataset("python-docs")["train"]["text"]:
        words = text.lower().split()
        for word, after in pairwise(words):
            following[word][after] += 1
    top = {word: following[word].most_common(1)[0] for word in _CANDIDATES}
    shares = {word: top[word][1] / following[word].total() for word in _CANDIDATES}
    expect(answer in _CANDIDATES, f"Expected one of {', '.join(_CANDIDATES)} as a string; found {short(answer)}.")
    best = max(shares, key=shares.__getitem__)
    found, count = top[answer]
    if answer == best:
        return f"{count} of its {following[answer].total()} followers are {found!r}. A confident model is one whose counts lean one way."
    expect(
        answer != max(_CANDIDATES, key=lambda w: following[w].total()),
        f"{answer!r} is the most frequent of the four, and much can follow it.",
    )
    expect(
        answer != max(_CANDIDATES, key=lambda w: top[w][1]),
        f"{answer!r} has the largest count of one follower ({found!r}, {count}). Divide by how often {answer!r} is followed by anything.",
    )
    refuse(f"{answer!r} is followed by {found!r} in {shares[answer]:.3f} of cases; another of the four has a larger share.")


def surest_word() -> str:
    from collections import Counter, defaultdict
    from itertools import pairwise

    from course_utils import dataset

    following = defaultdict(Counter)
    for text in dataset("python-docs")["train"]["text"]:
        words = text.lower().split()
        for word, after in pairwise(words):
            following[word][after] += 1

    def share_of_the_top(word):
        return following[word].most_common(1)[0][1] / following[word].total()

    return max(["the", "list", "true", "instead"], key=share_of_the_top)


def _verify_token(answer: Any) -> str:
    token = "hf_" + "aB3" * 11 + "x"
    cases = (
        (f'login(token="{token}")', True, "a token is written out in the middle of the line"),
        (token, True, "the text is nothing but a token"),
        ('token = os.environ["HF_TOKEN"]', False, "only the variable's name is there, which is the right way"),
        ("from huggingface_hub import hf_hub_download", False, "a function's name begins like a token, and is far too short"),
        (f"first line\nsecond {token}", True, "the token stands in the second line"),
        ("", False, "the text is empty"),
    )
    for text, wanted, what in cases:
        found = call(answer, text)
        hidden = text.replace(token, "hf_<34 letters and digits>")
        expect(bool(found) == wanted, f"holds_token({hidden!r}): found {short(found)}, expected {wanted}. Here {what}.")
    return "Run it over a notebook before you share it. A token that was ever public is revoked, not deleted."


def holds_token(text: str) -> bool:
    import re

    return re.search(r"hf_[A-Za-z0-9]{30,}", text) is not None


def _token_by_splitting(text):
    for piece in text.split("hf_")[1:]:
        length = 0
        while length < len(piece) and piece[length].isalnum():
            length += 1
        if length >= 30:
            return True
    return False


def _token_by_prefix(text):
    return "hf_" in text


def _token_at_the_start(text):
    import re

    return bool(re.match(r"hf_[A-Za-z0-9]{30,}", text))


def _token_by_variable(text):
    return "TOKEN" in text.upper()


def _token_alone_in_quotes(text):
    import re

    return bool(re.search(r"\"hf_[A-Za-z0-9]{30,}\"", text))


EXERCISES = (
    Exercise(
        name="vector_width",
        verify=_verify_width,
        solution=vector_width,
        hints=(
            "The pipeline returns lists in lists: sentences, tokens, numbers. Ask for len() one level at a time.",
            "vectors[0] is the first sentence and vectors[0][0] its first token. How long is that?",
        ),
        wrong={
            "the number of tokens": Wrong(10, because="number of tokens of a short sentence"),
            "the size of the vocabulary": Wrong(30522, because="number of tokens the model knows"),
            "the number as text": Wrong("384 numbers", because="whole number"),
            "all numbers of the sentence": Wrong(3840, because="one level further in"),
        },
        other=128 * 3,
        value=True,
        seconds=60.0,
    ),
    Exercise(
        name="scores_to_probabilities",
        verify=_verify_softmax,
        solution=scores_to_probabilities,
        hints=(
            "Two steps: make every score positive, then divide so that all of them sum to one.",
            "math.exp makes any number positive and keeps the order. The divisor is the sum of all exponentials.",
            "math.exp(1000) is too large for a float. Subtract max(scores) from every score first: the shares stay the same.",
        ),
        wrong={
            "no exponential": Wrong(_softmax_without_exp, because="exponential before the division"),
            "no division": Wrong(_softmax_by_the_largest, because="must sum to 1"),
            "overflow": Wrong(_softmax_that_overflows, because="OverflowError"),
            "the largest score": Wrong(_softmax_one_number, because="should return 3 numbers"),
        },
        other=_softmax_numpy,
    ),
    Exercise(
        name="nearest_by_cosine",
        verify=_verify_nearest,
        solution=nearest_by_cosine,
        hints=(
            "Cosine similarity is the product of two vectors divided by both their lengths.",
            "candidates @ query gives all products at once; np.linalg.norm(candidates, axis=1) all lengths.",
            "Divide the first by the second, and .argmax() names the row of the largest.",
        ),
        wrong={
            "the plain product": Wrong(_nearest_by_product, because="divided by the lengths"),
            "the distance": Wrong(_nearest_by_distance, because="the angle counts"),
            "the size of the cosine": Wrong(_nearest_by_size_of_cosine, because="the opposite way"),
            "the values": Wrong(_nearest_value, because="number of one row"),
        },
        other=_nearest_by_loop,
    ),
    Exercise(
        name="slopes_by_nudging",
        verify=_verify_slopes,
        solution=slopes,
        hints=(
            "The slope for one number: how much the function changes, divided by how much you changed that number.",
            "Copy the list, add 1e-5 to entry i, call the function; copy again, subtract 1e-5, call again.",
            "(upper - lower) / (2 * 1e-5), once for each i, collected in a list.",
        ),
        wrong={
            "divided by one step": Wrong(_slopes_twice, because="twice too large"),
            "down minus up": Wrong(_slopes_backwards, because="wrong sign"),
            "all numbers at once": Wrong(_slopes_together, because="one number at a time"),
            "the point is changed": Wrong(_slopes_in_place, because="Nudge a copy"),
            "never divided": Wrong(_slopes_undivided, because="divided by the size of the nudge"),
        },
        other=_slopes_one_sided,
    ),
    Exercise(
        name="surest_word",
        verify=_verify_surest,
        solution=surest_word,
        hints=(
            "A word is sure of its follower when one follower takes most of the word's count.",
            "following[word] is a Counter: .most_common(1) gives its top pair, .total() the sum of all counts.",
            "Divide the count of the top pair by the total, for each of the four, and compare.",
        ),
        wrong={
            "the most frequent word": Wrong("the", because="much can follow it"),
            "the largest count": Wrong("list", because="Divide by how often"),
            "a large share, not the largest": Wrong("true", because="another of the four"),
            "a word outside the four": Wrong("according", because="Expected one of"),
        },
        other="inst" + "ead",
        value=True,
        seconds=30.0,
    ),
    Exercise(
        name="token_in_the_open",
        verify=_verify_token,
        solution=holds_token,
        hints=(
            "Looking for 'hf_' alone is not enough: names of functions begin that way too. What follows it in a real token?",
            "The module re can say it: [A-Za-z0-9] is one letter or digit, {30,} means thirty or more of them.",
            "re.search looks anywhere in the text, re.match only at its start. Compare the result with None.",
        ),
        wrong={
            "the prefix alone": Wrong(_token_by_prefix, because="far too short"),
            "only at the start": Wrong(_token_at_the_start, because="middle of the line"),
            "the variable's name": Wrong(_token_by_variable, because="nothing but a token"),
            "only in quotes": Wrong(_token_alone_in_quotes, because="nothing but a token"),
        },
        other=_token_by_splitting,
    ),
)
