"""The exercises of `04_fine_tuning/05_other_heads`: labels from characters, F1 by kind, an answer's tokens, a score, rows to learn from."""

import functools
from numbers import Real

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 240.0  # seconds: the last check trains a model, and a busy machine takes its time

_TEXTS = (
    ([(0, 0), (0, 3), (3, 5), (6, 10), (0, 0)], [(0, 5, "PER")]),
    ([(0, 0), (0, 2), (3, 6), (7, 12), (12, 13), (0, 0)], [(3, 12, "ORG")]),
    ([(0, 0), (0, 4), (5, 9), (10, 14), (15, 16), (0, 0)], [(0, 4, "LOC"), (5, 9, "LOC"), (10, 14, "PER")]),
    ([(0, 0), (0, 4), (4, 5), (5, 9), (0, 0), (0, 0)], [(0, 4, "PER"), (5, 9, "ORG")]),
    ([(0, 0), (0, 6), (6, 8), (9, 11), (0, 0)], []),
    ([(0, 0), (0, 3), (4, 8), (9, 12), (0, 0)], [(9, 12, "LOC"), (0, 3, "PER")]),
)


def _verify_labels(answer):
    for offsets, names in _TEXTS:
        where, found = f"For the offsets {offsets} and the names {names}", call(answer, list(offsets), list(names))
        expected = _labels(offsets, names)
        expect(isinstance(found, list), f"{where}, expected a list and found {short(found)}.")
        expect(len(found) == len(offsets), f"{where}, expected {len(offsets)} labels, one a token, and found {len(found)}.")
        if found == expected:
            continue
        told = f"expected {expected}, found {short(found)}."
        place = next(k for k, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
        mine, right = found[place], expected[place]
        if right is None:
            refuse(f"{where}, a token without characters, such as [CLS], gets None: {told}")
        if mine is None:
            refuse(f"{where}, only tokens *without characters* get None: {told}")
        if right[0] == "I" and str(mine)[:1] == "B":
            refuse(f"{where}, B- is for the first token of a name only: {told}")
        if right[0] == "B" and str(mine)[:1] == "I":
            refuse(f"{where}, each name begins with B-, also one that follows another: {told}")
        if right == "O":
            refuse(f"{where}, token {place} stands outside of every name; a name ends *before* its `end`: {told}")
        refuse(f"{where}, look at token {place}: {told}")


def _labels(offsets, names):
    """Returns the labels; the oracle."""
    found = []
    for first, last in offsets:
        inside = [(begin, kind) for begin, end, kind in names if begin < last and first < end]
        found.append(None if first == last else "O" if not inside else ("B-" if inside[0][0] == first else "I-") + inside[0][1])
    return found


def labels_from_offsets(offsets, names):
    tags = []
    for first, last in offsets:
        name = next(((begin, kind) for begin, end, kind in names if begin <= first < end), None)
        if first == last:
            tags.append(None)
        elif name is None:
            tags.append("O")
        else:
            tags.append(f"B-{name[1]}" if first == name[0] else f"I-{name[1]}")
    return tags


def _other_labels(offsets, names):
    tags = [None if first == last else "O" for first, last in offsets]
    for begin, end, kind in names:
        inside = [k for k, (first, last) in enumerate(offsets) if first < last and begin <= first < end]
        for k in inside:
            tags[k] = f"I-{kind}"
        tags[inside[0]] = f"B-{kind}"
    return tags


def _labels_special(offsets, names):
    return [tag or "O" for tag in _labels(offsets, names)]


def _labels_all_begin(offsets, names):
    return [tag.replace("I-", "B-") if tag else None for tag in _labels(offsets, names)]


def _labels_closed_end(offsets, names):
    return _labels(offsets, [(begin, end + 1, kind) for begin, end, kind in names])


def _labels_merged(offsets, names):
    tags = _labels(offsets, names)
    return [
        tag.replace("B-", "I-") if tag and k and tags[k - 1] and tags[k - 1][1:] == tag[1:] and tag != "O" else tag
        for k, tag in enumerate(tags)
    ]


_TAGGED = (
    ([["B-PER", "O"]], [["B-PER", "B-LOC"]]),
    ([["B-PER", "I-PER", "O", "B-ORG"]], [["B-PER", "O", "O", "B-ORG"]]),
    ([["B-LOC", "I-LOC", "O"], ["O", "B-PER"]], [["B-ORG", "I-ORG", "O"], ["O", "B-PER"]]),
    ([["B-PER", "O"], ["B-PER", "O"], ["O", "O"]], [["B-PER", "O"], ["O", "B-PER"], ["B-PER", "O"]]),
    ([["O", "O"]], [["O", "O"]]),
    ([["B-ORG", "B-ORG", "O"]], [["B-ORG", "B-ORG", "O"]]),
    ([["B-LOC", "O", "B-LOC", "O", "B-LOC"]], [["B-LOC", "O", "O", "O", "O"]]),
)


def _verify_kinds(answer):
    for said, right in _TAGGED:
        where = f"For said={said} and right={right}"
        found, expected = call(answer, [list(row) for row in said], [list(row) for row in right]), _kinds(said, right)
        expect(isinstance(found, dict), f"{where}, expected a dictionary and found {short(found)}.")
        missing, strange = sorted(set(expected) - set(found)), sorted(map(str, set(found) - set(expected)))
        expect(not missing, f"{where}, {missing[:1]} is missing: a kind counts that occurs on *either* side. Found {short(found)}.")
        expect(not strange, f"{where}, {strange} occurs on neither side as a kind. Expected {expected}.")
        expect(all(isinstance(value, Real) for value in found.values()), f"{where}, expected numbers and found {short(found)}.")
        wrong = next((kind for kind in expected if abs(found[kind] - expected[kind]) > 1e-6), None)
        if wrong is None:
            continue
        told = f"F1 of {wrong}: expected {expected[wrong]:.3f}, found {found[wrong]:.3f}."
        by_word, precision, recall = (part(said, right)[wrong] for part in (_kinds_by_word, _precision, _recall))
        pooled = _kinds(*([[tag for row in side for tag in [*row, "O"]]] for side in (said, right)))[wrong]
        mistakes = {
            "you compared words; a name counts only when all of its words are right": by_word,
            "that is the precision alone": precision,
            "that is the recall alone": recall,
            "you compared the rows as one long row": pooled,
        }
        why = next((text for text, value in mistakes.items() if abs(value - found[wrong]) < 1e-6), "keep the names of each row apart")
        refuse(f"{where}, {why}: {told}")


def _names(rows):
    """Returns all names of rows of tags as (row, first word, word after the last, kind)."""
    found = set()
    for number, row in enumerate(rows):
        begin = None
        for place, tag in enumerate([*row, "O"]):
            if begin is not None and tag != f"I-{row[begin][2:]}":
                found.add((number, begin, place, row[begin][2:]))
                begin = None
            if tag != "O" and begin is None:
                begin = place
    return found


def _tally(said, right):
    """Returns for each kind how many names were right, said and true."""
    a, b = _names(said), _names(right)
    return {kind: (sum(n[3] == kind for n in a & b), *(sum(n[3] == kind for n in side) for side in (a, b))) for *_, kind in a | b}


def _kinds(said, right):
    return {kind: 2 * hits / (claimed + wanted) for kind, (hits, claimed, wanted) in _tally(said, right).items()}


def _precision(said, right):
    return {kind: hits / max(1, claimed) for kind, (hits, claimed, _) in _tally(said, right).items()}


def _recall(said, right):
    return {kind: hits / max(1, wanted) for kind, (hits, _, wanted) in _tally(said, right).items()}


def _kinds_by_word(said, right):
    pairs = [(a[2:], b[2:]) for x, y in zip(said, right, strict=True) for a, b in zip(x, y, strict=True)]
    kinds = {kind for pair in pairs for kind in pair if kind}
    claimed = {kind: sum((a == kind) + (b == kind) for a, b in pairs) for kind in kinds}
    return {kind: 2 * sum(a == b == kind for a, b in pairs) / claimed[kind] for kind in kinds}


def _kinds_of_right(said, right):
    return {kind: value for kind, value in _kinds(said, right).items() if any(tag[2:] == kind for row in right for tag in row)}


def f1_by_kind(said, right):
    def names(rows):
        found = set()
        for number, row in enumerate(rows):
            start = kind = None
            for place, tag in enumerate([*row, "O"]):
                inside = start is not None and tag == f"I-{kind}"
                if start is not None and not inside:
                    found.add((number, start, place, kind))
                    start = None
                if tag != "O" and not inside:
                    start, kind = place, tag[2:]
        return found

    a, b = names(said), names(right)
    result = {}
    for kind in {name[3] for name in a | b}:
        mine, true = {n for n in a if n[3] == kind}, {n for n in b if n[3] == kind}
        result[kind] = 2 * len(mine & true) / (len(mine) + len(true))
    return result


_WINDOWS = (
    ([(0, 0), (0, 3), (4, 8), (0, 0), (0, 4), (5, 9), (10, 14), (0, 0)], [None, 0, 0, None, 1, 1, 1, None], 5, 9),
    ([(0, 0), (0, 3), (4, 8), (0, 0), (0, 4), (5, 9), (10, 14), (0, 0)], [None, 0, 0, None, 1, 1, 1, None], 5, 14),
    ([(0, 0), (0, 3), (4, 8), (0, 0), (0, 4), (4, 9), (10, 14), (0, 0)], [None, 0, 0, None, 1, 1, 1, None], 0, 9),
    ([(0, 0), (0, 9), (10, 18), (0, 0), (20, 24), (25, 29), (30, 34), (0, 0)], [None, 0, 0, None, 1, 1, 1, None], 10, 18),
    ([(0, 0), (0, 9), (10, 18), (0, 0), (20, 24), (25, 29), (30, 34), (0, 0)], [None, 0, 0, None, 1, 1, 1, None], 30, 44),
    ([(0, 0), (0, 9), (10, 18), (0, 0), (20, 24), (25, 29), (30, 34), (0, 0)], [None, 0, 0, None, 1, 1, 1, None], 15, 24),
    ([(0, 0), (0, 4), (0, 0), (7, 12), (12, 15), (16, 20), (0, 0)], [None, 0, None, 1, 1, 1, None], 7, 15),
    ([(0, 0), (0, 4), (0, 0), (7, 12), (12, 15), (16, 20), (0, 0)], [None, 0, None, 1, 1, 1, None], 40, 44),
    ([(0, 0), (0, 4), (0, 0), (7, 13), (14, 17), (0, 0)], [None, 0, None, 1, 1, None], 7, 10),
)


def _verify_place(answer):
    for offsets, sides, begin, end in _WINDOWS:
        where = f"For offsets {offsets}, sides {sides} and an answer from {begin} to {end}"
        found, expected = call(answer, list(offsets), list(sides), begin, end), _place(offsets, sides, begin, end)
        expect(
            isinstance(found, tuple | list) and len(found) == 2,
            f"{where}, expected two numbers, first and last token, and found {short(found)}.",
        )
        if tuple(found) == expected:
            continue
        told = f"expected {expected}, found {short(tuple(found))}."
        if expected == (0, 0):
            outside = [k for k, side in enumerate(sides) if side != 1]
            expect(found[0] not in outside, f"{where}, you looked among tokens of the question or special ones: {told}")
            refuse(f"{where}, the window does not hold the whole answer, and half an answer is none: {told}")
        expect(
            all(sides[k] == 1 for k in found if k in range(len(sides))), f"{where}, you looked outside of the text (its side is 1): {told}"
        )
        expect(
            found[0] != expected[0] or found[1] != expected[1] + 1,
            f"{where}, the second number is the *last* token, not the one after it: {told}",
        )
        refuse(f"{where}, take the tokens of the text that share a character with the answer: {told}")


def _place(offsets, sides, begin, end):
    """Returns the answer's tokens; the oracle."""
    text = [k for k, side in enumerate(sides) if side == 1]
    if begin < offsets[text[0]][0] or end > offsets[text[-1]][1]:
        return 0, 0
    hit = [k for k in text if offsets[k][0] < end and offsets[k][1] > begin]
    return hit[0], hit[-1]


def answer_tokens(offsets, sides, begin, end):
    text = [k for k, side in enumerate(sides) if side == 1]
    if begin < offsets[text[0]][0] or end > offsets[text[-1]][1]:
        return 0, 0
    inside = [k for k in text if offsets[k][0] < end and begin < offsets[k][1]]
    return inside[0], inside[-1]


def _other_place(offsets, sides, begin, end):
    wanted = set(range(begin, end))
    rows = [(k, set(range(*offsets[k]))) for k, side in enumerate(sides) if side == 1]
    low, high = rows[0][0], rows[-1][0]
    if not offsets[low][0] <= begin or not end <= offsets[high][1]:
        return [0, 0]
    return [next(k for k, letters in rows if letters & wanted), next(k for k, letters in reversed(rows) if letters & wanted)]


def _place_any_side(offsets, sides, begin, end):
    hit = [k for k, (a, b) in enumerate(offsets) if a < end and b > begin]
    return (hit[0], hit[-1]) if hit else (0, 0)


def _place_of_a_part(offsets, sides, begin, end):
    hit = [k for k, (a, b) in enumerate(offsets) if sides[k] == 1 and a < end and b > begin]
    return (hit[0], hit[-1]) if hit else (0, 0)


def _place_after(offsets, sides, begin, end):
    first, last = _place(offsets, sides, begin, end)
    return (first, last + 1) if last else (0, 0)


def _place_unknown(offsets, sides, begin, end):
    found = _place(offsets, sides, begin, end)
    return found if found != (0, 0) else None


_ANSWERED = (
    (["", "", "Rome"], ["Oslo", "", "rome"]),
    (["", "", "", "", ""], ["a", "b", "c", "", ""]),
    (["x", "x", "x"], ["x", "x", ""]),
    ([" a red toy ", "Ida", "", "Sam"], ["A red toy", "Ivan", "Eva", ""]),
    (["Rome", "Oslo"], ["rome", "Bonn"]),
    (["", "a", ""], ["", "", ""]),
    (["a", "b", "c", "d", "", ""], ["a", "b", "c", "", "", "f"]),
)


def _verify_balanced(answer):
    for said, right in _ANSWERED:
        where, found = f"For said={said} and right={right}", call(answer, list(said), list(right))
        expect(isinstance(found, Real), f"{where}, expected a number and found {short(found)}.")
        expected = _balanced(said, right)
        if abs(found - expected) < 1e-6:
            continue
        told = f"expected {expected:.3f}, found {found:.3f}."
        pairs = list(zip(said, right, strict=True))
        plain = sum(_same(a, b) for a, b in pairs) / len(pairs)
        strict = _balanced(said, right, same=lambda a, b: a == b)
        groups = [[_same(a, b) for a, b in pairs if bool(b) == kind] for kind in (True, False)]
        mistakes = {
            "that is the mean over all questions; take the mean of the two groups' means": plain,
            "compare in small letters and without blanks around": strict,
            "one group is empty: return the exact match of the other, and do not halve it": sum(sum(g) / len(g) for g in groups if g) / 2,
        }
        why = next((text for text, value in mistakes.items() if abs(value - found) < 1e-6), "look at each group by itself")
        refuse(f"{where}, {why}: {told}")


def _same(a, b):
    return a.strip().lower() == b.strip().lower()


def _balanced(said, right, same=_same):
    """Returns the mean of the two groups' exact matches; the oracle."""
    groups = [[same(a, b) for a, b in zip(said, right, strict=True) if bool(b) == kind] for kind in (True, False)]
    means = [sum(group) / len(group) for group in groups if group]
    return sum(means) / len(means)


def balanced_match(said, right):
    groups = {True: [], False: []}
    for a, b in zip(said, right, strict=True):
        groups[b != ""].append(a.strip().lower() == b.strip().lower())
    means = [sum(group) / len(group) for group in groups.values() if group]
    return sum(means) / len(means)


def _other_balanced(said, right):
    hits = [x.lower().strip() == y.lower().strip() for x, y in zip(said, right, strict=True)]
    answerable = sum(bool(y) for y in right)
    rest = len(right) - answerable
    with_answer = sum(hit for hit, y in zip(hits, right, strict=True) if y)
    without = sum(hits) - with_answer
    if not answerable or not rest:
        return sum(hits) / len(hits)
    return with_answer / answerable / 2 + without / rest / 2


def _plain_match(said, right):
    return sum(_same(a, b) for a, b in zip(said, right, strict=True)) / len(right)


def _balanced_strict(said, right):
    return _balanced(said, right, same=lambda a, b: a == b)


def _balanced_halved(said, right):
    groups = [[_same(a, b) for a, b in zip(said, right, strict=True) if bool(b) == kind] for kind in (True, False)]
    return sum(sum(g) / len(g) for g in groups if g) / 2


def _balanced_careless(said, right):
    groups = [[_same(a, b) for a, b in zip(said, right, strict=True) if bool(b) == kind] for kind in (True, False)]
    return sum(sum(g) / len(g) for g in groups) / 2


_TASKS, _FLOORS, _MOST = ("people", "translations", "summaries"), (0.5, 0.75, 0.5), 400


def _verify_rows(answer):
    given = _pairs("train", 300)
    rows = call(answer, *(list(pairs) for pairs in given))
    expect(isinstance(rows, list), f"Expected a list of pairs and found {short(rows)}.")
    expect(rows, "Expected a list of pairs and found an empty one: nothing would be learned.")
    expect(len(rows) <= _MOST, f"You return {len(rows)} pairs; at most {_MOST} are allowed.")
    known = {pair for pairs in given for pair in pairs}
    strange = next((row for row in rows if not isinstance(row, tuple | list) or tuple(row) not in known), None)
    expect(strange is None, f"Every row must be one of the pairs that were given; found {short(strange)}.")
    shares = _learned(tuple(map(tuple, rows)))
    told = ", ".join(
        f"{task} {share:.2f} (at least {floor} is asked for)" for task, share, floor in zip(_TASKS, shares, _FLOORS, strict=True)
    )
    expect(shares[0] >= _FLOORS[0], f"The new task is not learned well enough: {told}. Does it get too few rows, or at the wrong end?")
    low = [task for task, share, floor in zip(_TASKS, shares, _FLOORS, strict=True) if share < floor]
    expect(not low, f"The model forgot {' and '.join(low)}: {told}. Show more of them, and not only at the beginning.")
    return f"Exactly right: {told}."


@functools.cache
def _pairs(split, count):
    """Returns (source, target) pairs of the three tasks."""
    from course_utils import dataset

    stories, sentences = dataset("stories")[split].select(range(count)), dataset("translations")[split].select(range(count))
    names = [", ".join(e["name"] for e in row["entities"] if e["kind"] == "PER") for row in stories]
    return (
        [("people: " + text, listed) for text, listed in zip(stories["text"], names, strict=True)],
        [("translate English to French: " + a, b) for a, b in zip(sentences["english"], sentences["french"], strict=True)],
        [("summarize: " + a, b) for a, b in zip(stories["text"], stories["summary"], strict=True)],
    )


@functools.lru_cache(maxsize=8)
def _learned(rows):
    """Returns the shares of held-out examples of the three tasks that the model writes exactly right after these rows."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, DataCollatorForSeq2Seq
    from transformers.utils import logging

    from course_utils import checkpoint

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a bar would be taken for something that the answer printed
    tokenizer = AutoTokenizer.from_pretrained(checkpoint("text-to-text"))
    model = AutoModelForSeq2SeqLM.from_pretrained(checkpoint("text-to-text"), dtype=torch.float32).train()
    if shown:
        logging.enable_progress_bar()
    collate, optimizer = DataCollatorForSeq2Seq(tokenizer), torch.optim.AdamW(model.parameters(), 1e-3)
    batches = [rows[begin : begin + 10] for begin in range(0, len(rows), 10)]
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 4) * (1 - step / len(batches))
        ids = tokenizer([source for source, _ in batch], text_target=[target for _, target in batch])
        inputs = collate([{"input_ids": i, "labels": o} for i, o in zip(ids["input_ids"], ids["labels"], strict=True)])
        optimizer.zero_grad()
        model(**inputs).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    return tuple(_exact(model, tokenizer, pairs) for pairs in _pairs("test", 40))


def _exact(model, tokenizer, pairs):
    batch = tokenizer([source for source, _ in pairs], padding=True, return_tensors="pt")
    said = tokenizer.batch_decode(model.generate(**batch, max_new_tokens=40), skip_special_tokens=True)
    return sum(a == b for a, (_, b) in zip(said, pairs, strict=True)) / len(pairs)


def rows_that_remember(people, translations, summaries):
    rows = []
    for k in range(40):
        rows += people[6 * k : 6 * k + 6] + translations[2 * k : 2 * k + 2] + summaries[2 * k : 2 * k + 2]
    return rows


def _other_rows(people, translations, summaries):
    import random

    rows = people[:230] + translations[:70] + summaries[:100]
    random.Random(5).shuffle(rows)
    return rows


def _rows_new_alone(people, translations, summaries):
    return people[:300]


def _rows_old_first(people, translations, summaries):
    return translations[:30] + summaries[:30] + people[:300]


def _rows_few_new(people, translations, summaries):
    return [*people[:10], *translations[:60], *summaries[:60]]


def _rows_too_many(people, translations, summaries):
    return [*people, *translations, *summaries]


def _rows_rewritten(people, translations, summaries):
    return [(source.replace("people: ", ""), target) for source, target in people[:100]]


EXERCISES = (
    Exercise(
        name="labels_from_offsets",
        verify=_verify_labels,
        solution=labels_from_offsets,
        hints=(
            "Go through the offsets one by one and look for the name in which the token begins.",
            "A token from `first` to `last` belongs to a name when begin <= first < end; it is the name's first token when first == begin.",
            "Ask first whether `first == last`: then there are no characters, and the label is None.",
        ),
        wrong={
            "labels for special tokens": Wrong(_labels_special, because="gets None"),
            "B- everywhere": Wrong(_labels_all_begin, because="first token of a name only"),
            "the end included": Wrong(_labels_closed_end, because="ends *before* its `end`"),
            "neighbours merged": Wrong(_labels_merged, because="each name begins with B-"),
        },
        other=_other_labels,
    ),
    Exercise(
        name="f1_by_kind",
        verify=_verify_kinds,
        solution=f1_by_kind,
        hints=(
            "Collect the names of each side as a set of (row, first word, word after the last, kind): the row's number keeps rows apart.",
            "The kinds are those of the union of the two sets. For each, keep only its names on both sides.",
            "F1 is twice the number of common names, divided by the number of those said plus the number of true ones.",
        ),
        wrong={
            "words in place of names": Wrong(_kinds_by_word, because="you compared words"),
            "precision": Wrong(_precision, because="precision alone"),
            "recall": Wrong(_recall, because="recall alone"),
            "kinds of one side": Wrong(_kinds_of_right, because="*either* side"),
        },
        other=_kinds,
    ),
    Exercise(
        name="answer_tokens",
        verify=_verify_place,
        solution=answer_tokens,
        hints=(
            "Which tokens belong to the text? Those whose side is 1. Look at no others.",
            "The whole answer is inside if the first token of the text begins at `begin` or before, and its last ends at `end` or after.",
            "The answer's tokens are those that share a character with it: they begin before `end` and end after `begin`.",
        ),
        wrong={
            "the question's tokens too": Wrong(_place_any_side, because="(its side is 1)"),
            "a part of an answer": Wrong(_place_of_a_part, because="half an answer is none"),
            "one token too far": Wrong(_place_after, because="not the one after it"),
            "nothing for no answer": Wrong(_place_unknown, because="`return`"),
        },
        other=_other_place,
    ),
    Exercise(
        name="balanced_match",
        verify=_verify_balanced,
        solution=balanced_match,
        hints=(
            "Sort the comparisons into two lists: questions with an answer, and questions whose right answer is the empty text.",
            "Take the mean of each list, and then the mean of the two means. What if a list is empty?",
            "Put the means of the lists that are not empty into one list and return its mean.",
        ),
        wrong={
            "exact match over all": Wrong(_plain_match, because="the two groups' means"),
            "capitals compared": Wrong(_balanced_strict, because="small letters"),
            "halved without a second group": Wrong(_balanced_halved, because="do not halve"),
            "no care for an empty group": Wrong(_balanced_careless, because="ZeroDivisionError"),
        },
        other=_other_balanced,
    ),
    Exercise(
        name="rows_that_remember",
        verify=_verify_rows,
        solution=rows_that_remember,
        hints=(
            "In the lesson a batch held, on average, eight new examples and two old ones of each kind; most of the old tasks survived.",
            "The rows are not shuffled for you. If all old ones come first, the rest of the training forgets them again.",
            "Give every batch of ten something of each task, such as six, two and two.",
        ),
        wrong={
            "new task alone": Wrong(_rows_new_alone, because="forgot"),
            "old ones first": Wrong(_rows_old_first, because="forgot"),
            "few new ones": Wrong(_rows_few_new, because="not learned well enough"),
            "all of them": Wrong(_rows_too_many, because="at most 400"),
            "rows of one's own": Wrong(_rows_rewritten, because="one of the pairs that were given"),
        },
        other=_other_rows,
        seconds=_PATIENCE,
    ),
)
