"""The exercises of `03_attention/04_meaning_in_context`: a rank score, a fusion, a report, chunks, a transaction, a rewriter."""

import functools
import re
from collections import Counter
from itertools import pairwise

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_RANKED = (
    ([[4, 7, 9], [1, 2], [5, 6, 8]], [4, 2, 8]),
    ([[3, 1], [9, 8, 7]], [2, 9]),
    ([[], [5]], [5, 5]),
    ([[10, 11, 12, 13]], [13]),
    ([[0, 1, 2], [2, 1, 0]], [0, 0]),
)


def _verify_rank(answer):
    for found, right in _RANKED:
        where = f"For {found} with the right numbers {right}"
        score = call(answer, [list(numbers) for numbers in found], list(right))
        expect(isinstance(score, int | float), f"{where}, expected a number and found {short(score)}.")
        ranks = [_place(numbers, number) for numbers, number in zip(found, right, strict=True)]
        expected = sum(1 / rank for rank in ranks if rank) / len(ranks)
        if abs(score - expected) < 1e-9:
            continue
        met = [rank for rank in ranks if rank]
        mistakes = {
            "you left out the questions whose passage was not found; they count as 0": sum(1 / rank for rank in met) / max(len(met), 1),
            "you averaged the ranks; average their reciprocals": sum(met) / max(len(met), 1),
            "you added up and did not divide by the number of questions": sum(1 / rank for rank in met),
            "that is the hit rate; a second place counts half": len(met) / len(ranks),
        }
        why = next((text for text, value in mistakes.items() if abs(score - value) < 1e-9), "1 / rank for each question, then the mean")
        refuse(f"{where}, {why}: found {score:.3f}, expected {expected:.3f}.")


def _place(numbers, number):
    """Returns the rank of a number in a list, from 1, or 0; the oracle."""
    return next((rank for rank, found in enumerate(numbers, start=1) if found == number), 0)


def mean_reciprocal_rank(found, right):
    scores = [1 / (numbers.index(number) + 1) if number in numbers else 0 for numbers, number in zip(found, right, strict=True)]
    return sum(scores) / len(scores)


def _other_rank(found, right):
    total = 0.0
    for numbers, number in zip(found, right, strict=True):
        for place, candidate in enumerate(numbers):
            total += (candidate == number) / (place + 1)
    return total / len(right)


def _rank_of_found(found, right):
    scores = [1 / (numbers.index(number) + 1) for numbers, number in zip(found, right, strict=True) if number in numbers]
    return sum(scores) / max(len(scores), 1)


def _rank_hits(found, right):
    return sum(number in numbers for numbers, number in zip(found, right, strict=True)) / len(right)


def _rank_mean(found, right):
    ranks = [numbers.index(number) + 1 for numbers, number in zip(found, right, strict=True) if number in numbers]
    return sum(ranks) / max(len(ranks), 1)


def _rank_careless(found, right):
    return sum(1 / (numbers.index(number) + 1) for numbers, number in zip(found, right, strict=True)) / len(right)


_LISTS = (
    ([[1, 2, 3], [3, 4]], [1, 1], 60),
    ([[1, 2, 3], [3, 4]], [3, 1], 60),
    ([[5, 6], [6, 5]], [1, 1], 60),
    ([[9, 8, 7], [], [7, 9]], [1, 5, 2], 10),
    ([[2, 1]], [1], 0.5),
    ([[1, 2, 3, 4], [4, 3, 2, 1], [3]], [1, 1, 0.25], 1),
    ([[30, 20, 10], [40, 10]], [1, 1.05], 2),
)


def _verify_fusion(answer):
    for lists, weights, constant in _LISTS:
        where = f"For {lists} with weights {weights} and constant {constant}"
        found = call(answer, [list(numbers) for numbers in lists], list(weights), constant)
        expect(isinstance(found, list), f"{where}, expected a list of numbers and found {short(found)}.")
        expected = _fuse(lists, weights, constant)
        if found == expected:
            continue
        missing = sorted({number for numbers in lists for number in numbers} - set(found))
        expect(not missing, f"{where}, {missing} is missing: every entry of any list belongs into the result.")
        expect(len(found) == len(set(found)), f"{where}, an entry stands twice in {found}. Add up its scores.")
        mistakes = {
            "the worst comes first": expected[::-1],
            "the weights play no part": _fuse(lists, [1] * len(lists), constant),
            "the constant plays no part": _fuse(lists, weights, 60) if constant != 60 else None,
            "your ranks begin at 1; they begin at 0 here": _fuse(lists, weights, constant + 1),
            "entries of equal score are not in the order of their numbers": None,
        }
        why = next((text for text, value in mistakes.items() if value == found), "add weight / (constant + rank) over the lists")
        refuse(f"{where}, {why}: found {found}, expected {expected}.")
    default = call(answer, [[1, 2, 3], [3]], [1, 1])
    expect(default == _fuse([[1, 2, 3], [3]], [1, 1], 60), f"Without a constant, 60 should be taken; found {short(default)}.")


def _fuse(lists, weights, constant):
    """Returns all entries by falling score, then by number; the oracle."""
    entries = sorted({number for numbers in lists for number in numbers})
    scores = [sum(w / (constant + numbers.index(e)) for numbers, w in zip(lists, weights, strict=True) if e in numbers) for e in entries]
    return [entry for _, entry in sorted(zip(scores, entries, strict=True), key=lambda pair: (-round(pair[0], 12), pair[1]))]


def fused(lists, weights, constant=60):
    scores = {}
    for numbers, weight in zip(lists, weights, strict=True):
        for rank, number in enumerate(numbers):
            scores[number] = scores.get(number, 0) + weight / (constant + rank)
    return sorted(scores, key=lambda number: (-scores[number], number))


def _other_fusion(lists, weights, constant=60):
    scores = Counter()
    for numbers, weight in zip(lists, weights, strict=True):
        scores.update({number: weight / (constant + rank) for rank, number in enumerate(numbers)})
    return [number for number, _ in sorted(sorted(scores.items()), key=lambda item: item[1], reverse=True)]


def _fusion_unweighted(lists, weights, constant=60):
    return fused(lists, [1] * len(lists), constant)


def _fusion_worst_first(lists, weights, constant=60):
    return fused(lists, weights, constant)[::-1]


def _fusion_common(lists, weights, constant=60):
    return [number for number in fused(lists, weights, constant) if all(number in numbers for numbers in lists if numbers)]


def _fusion_fixed(lists, weights, constant=60):
    return fused(lists, weights)


def _fusion_best_only(lists, weights, constant=60):
    return [number for numbers in lists for number in numbers]


_ANSWERS = (
    [("Paris", "Paris", "It is in Paris."), ("", "", ""), ("", "Rome", ""), ("1874", "1902", "In March 1874.")],
    [("paris", "Paris", "In PARIS."), ("Lyon", "Paris", "In Paris."), ("Oslo", "", "Not Oslo.")],
    [("", "", "x"), ("", "", "y")],
    [("", "a", "x")],
    [("a", "b", "c"), ("b", "b", "c"), ("c", "b", "c")],
)
_SHARES = ("correct", "silent", "grounded", "grounded but wrong")


def _verify_report(answer):
    for answers in (*_ANSWERS, []):
        found = call(answer, [tuple(row) for row in answers])
        where = f"For {answers}"
        expect(isinstance(found, dict), f"{where}, expected a dictionary and found {short(found)}.")
        expect(set(found) == set(_SHARES), f"{where}, expected the four names {list(_SHARES)}; found {short(list(found))}.")
        expected = _four(answers)
        for name in _SHARES:
            if abs(float(found[name]) - expected[name]) > 1e-9:
                refuse(f"{where}, {name!r} should be {expected[name]:.3f}; found {float(found[name]):.3f}. {_why(name, answers, found)}")


def _four(answers):
    """Returns the four shares by plain counting; the oracle."""
    correct = silent = stands = false = 0
    for said, right, source in answers:
        equal = said.casefold() == right.casefold()
        correct += equal
        silent += said == ""
        in_source = said != "" and said.casefold() in source.casefold()
        stands += in_source
        false += in_source and not equal
    given = len(answers) - silent
    counted = ((correct, len(answers)), (silent, len(answers)), (stands, given), (false, given))
    return {name: count / total if total else 0.0 for name, (count, total) in zip(_SHARES, counted, strict=True)}


def _why(name, answers, found):
    expected = _four(answers)
    given = sum(bool(said) for said, _, _ in answers)
    if name == "correct":
        spoken = sum(bool(s) and s.casefold() == r.casefold() for s, r, _ in answers) / max(len(answers), 1)
        exact = sum(s == r for s, r, _ in answers) / max(len(answers), 1)
        if abs(found[name] - spoken) < 1e-9:
            return "Silence where there is no answer is correct."
        return "Capitals make no difference." if abs(found[name] - exact) < 1e-9 else "Count right answers and rightful silence."
    if name == "silent":
        return "Count every silence, rightful or not, and divide by all."
    over_all = expected[name] * given / max(len(answers), 1)
    if abs(found[name] - over_all) < 1e-9:
        return "Divide by the number of answers given; silence is none."
    loose = sum(s.casefold() in t.casefold() for s, _, t in answers) / max(given, 1)
    if abs(found[name] - loose) < 1e-9:
        return 'The empty text stands in every text: leave silence ("") out.'
    return "Capitals make no difference; only answers that were given count."


def answer_report(answers):
    given = [(said.lower(), right.lower(), source.lower()) for said, right, source in answers if said]
    grounded = [(said, right) for said, right, source in given if said in source]

    def share(count, total):
        return count / total if total else 0.0

    return {
        "correct": share(sum(said.lower() == right.lower() for said, right, _ in answers), len(answers)),
        "silent": share(len(answers) - len(given), len(answers)),
        "grounded": share(len(grounded), len(given)),
        "grounded but wrong": share(sum(said != right for said, right in grounded), len(given)),
    }


def _other_report(answers):
    lowered = [[part.lower() for part in row] for row in answers]
    spoken = [row for row in lowered if row[0]]
    everything, given = max(len(lowered), 1), max(len(spoken), 1)
    return {
        "grounded": sum(said in source for said, _, source in spoken) / given,
        "grounded but wrong": sum(said in source and said != right for said, right, source in spoken) / given,
        "silent": sum(not row[0] for row in lowered) / everything,
        "correct": sum(row[0] == row[1] for row in lowered) / everything,
    }


def _report_spoken_only(answers):
    return _other_report(answers) | {"correct": sum(bool(s) and s.lower() == r.lower() for s, r, _ in answers) / max(len(answers), 1)}


def _report_over_all(answers):
    share = sum(bool(s) and s.lower() in t.lower() for s, _, t in answers) / max(len(answers), 1)
    return _other_report(answers) | {"grounded": share}


def _report_empty_grounded(answers):
    given = max(sum(bool(s) for s, _, _ in answers), 1)
    return _other_report(answers) | {"grounded": sum(s.lower() in t.lower() for s, _, t in answers) / given}


def _report_careless(answers):
    given = [row for row in answers if row[0]]
    return _other_report(answers) | {"grounded": sum(s.lower() in t.lower() for s, _, t in given) / len(given)}


def _report_capitals(answers):
    return _other_report(answers) | {"correct": sum(s == r for s, r, _ in answers) / max(len(answers), 1)}


_TEXTS = (
    ("one two three four five six seven", 3, 1),
    ("one two three four five six seven", 4, 0),
    ("one two three four five six seven eight", 4, 2),
    ("one  two\nthree four", 10, 3),
    ("one two three", 3, 2),
    ("", 5, 1),
    ("a b c d e f g h i", 4, 3),
    ("one two three four five", 1, 0),
)


def _verify_chunks(answer):
    for text, size, overlap in _TEXTS:
        where = f"For {text!r} with size={size} and overlap={overlap}"
        found = call(answer, text, size, overlap)
        expect(isinstance(found, list), f"{where}, expected a list of texts and found {short(found)}.")
        expected = _windows(text.split(), size, overlap)
        if found == expected:
            continue
        expect(all(isinstance(piece, str) for piece in found), f"{where}, a piece is no text. Join its words with single blanks.")
        lost = [word for word in text.split() if word not in " ".join(found).split()]
        expect(not lost, f"{where}, the word {lost[:1]} is in no piece. The last piece may be shorter than `size`.")
        expect(text.strip() or not found, f"{where}, an empty text has no pieces; found {found}.")
        held = [b for a, b in pairwise(found) if f" {b} " in f" {a} "]
        expect(not held, f"{where}, the piece {held[:1]} lies wholly in the one before. Stop when a piece has reached the end.")
        step = _windows(text.split(), size, size - overlap) if 0 < size - overlap < size else None
        expect(found != step, f"{where}, you stepped by the overlap; step by size - overlap.")
        refuse(f"{where}, found {found}, expected {expected}.")


def _windows(words, size, overlap):
    """Returns the pieces by asking of each start whether the piece before has reached the end; the oracle."""
    step = size - overlap
    starts = [start for start in range(0, len(words), step) if start == 0 or start - step + size < len(words)]
    return [" ".join(words[start : start + size]) for start in starts]


def overlapping_chunks(text, size, overlap):
    words, pieces, start = text.split(), [], 0
    while start < len(words):
        pieces.append(" ".join(words[start : start + size]))
        if start + size >= len(words):
            break
        start += size - overlap
    return pieces


def _other_chunks(text, size, overlap):
    words = text.split()
    last = max(len(words) - overlap, 1) if words else 0
    return [" ".join(words[start : start + size]) for start in range(0, last, size - overlap)]


def _chunks_to_the_end(text, size, overlap):
    words = text.split()
    return [" ".join(words[start : start + size]) for start in range(0, len(words), size - overlap)]


def _chunks_full_only(text, size, overlap):
    words = text.split()
    return [" ".join(words[start : start + size]) for start in range(0, len(words) - size + 1, size - overlap)]


def _chunks_letters(text, size, overlap):
    return [text[start : start + size] for start in range(0, max(len(text) - overlap, 1), size - overlap)]


def _chunks_no_overlap(text, size, overlap):
    words = text.split()
    return [" ".join(words[start : start + size]) for start in range(0, len(words), size)]


_STORE_COLUMNS = "id integer primary key, embedding float[4] distance_metric=cosine, document integer, +text text"


def _vector(first, size=4):
    import numpy

    return numpy.array([first, *range(1, size)], dtype="float32")


def _filled_store():
    """Returns a new store in memory with three documents of two, one and two rows."""
    import apsw
    import sqlite_vec

    store = apsw.Connection(":memory:")
    store.enable_load_extension(True)
    store.load_extension(sqlite_vec.loadable_path())
    store.enable_load_extension(False)
    store.execute(f"create virtual table pieces using vec0({_STORE_COLUMNS})")
    for document, text in ((1, "one a"), (1, "one b"), (2, "two a"), (3, "three a"), (3, "it's three b")):
        row = (_vector(document).tobytes(), document, text)
        store.execute("insert into pieces(embedding, document, text) values (?, ?, ?)", row)
    return store


def _rows(store):
    return sorted(store.execute("select document, text from pieces"))


def _verify_replace(answer):
    _judge_exchange(answer, 1, [("new one's a", _vector(7)), ("new b", _vector(8)), ("new c", _vector(9))], "of two rows, three new chunks")
    _judge_exchange(answer, 3, [("short", _vector(7))], "of two rows, one new chunk")
    _judge_exchange(answer, 2, [], "of one row, no chunk")
    _judge_exchange(answer, 4, [("first", _vector(7))], "that the store does not hold yet, one chunk")
    store = _filled_store()
    before = _rows(store)
    chunks = [("good", _vector(5)), ("bad", _vector(5, size=3))]
    try:
        answer(store, 1, chunks)
    except Exception as error:
        words = str(error)
        expect("Dimension mismatch" in words, f"A vector of 3 numbers should bring sqlite-vec's own error through; found {short(words)}.")
    else:
        refuse("A vector of 3 numbers raised no error: the caller would believe that the document was stored. Let the error come through.")
    expect(
        _rows(store) == before,
        f"After a failure at the second chunk the store holds {_rows(store)}; expected the old rows. One transaction: `with store:`.",
    )
    return "All or nothing."


def _judge_exchange(answer, document, chunks, words):
    store = _filled_store()
    others = [row for row in _rows(store) if row[0] != document]
    where = f"For document {document} {words}"
    try:
        found = answer(store, document, list(chunks))
    except Exception as error:
        refuse(f"{where}, it raised {type(error).__name__}: {short(str(error))}. Are all values passed through `?`?")
    rows = _rows(store)
    expect([row for row in rows if row[0] != document] == others, f"{where}, rows of other documents changed. Delete by document.")
    expected, mine = sorted(text for text, _ in chunks), [text for number, text in rows if number == document]
    expect(not any(text in mine for text in ("one a", "two a", "three a")), f"{where}, old rows are still there: {mine}.")
    expect(mine == expected, f"{where}, the document's texts are {mine}; expected {expected}.")
    expect(found == len(chunks), f"{where}, the function returned {short(found)}; expected the number of rows, {len(chunks)}.")
    for text, vector in chunks:
        near = store.execute("select text from pieces where embedding match ? and k = 1", (vector.tobytes(),)).fetchone()
        expect(near == (text,), f"{where}, the vector of {text!r} finds {near}. Does each text have its own vector?")


def replace_document(store, document, chunks):
    with store:
        store.execute("delete from pieces where document = ?", (document,))
        for text, vector in chunks:
            store.execute("insert into pieces(embedding, document, text) values (?, ?, ?)", (vector.tobytes(), document, text))
    return len(chunks)


def _other_replace(store, document, chunks):
    store.execute("begin")
    try:
        for (number,) in store.execute("select id from pieces where document = ?", (document,)).fetchall():
            store.execute("delete from pieces where id = ?", (number,))
        rows = [(vector.tobytes(), document, text) for text, vector in chunks]
        store.executemany("insert into pieces(embedding, document, text) values (?, ?, ?)", rows)
    except BaseException:
        store.execute("rollback")
        raise
    store.execute("commit")
    return store.execute("select count(*) from pieces where document = ?", (document,)).fetchone()[0]


def _replace_loosely(store, document, chunks):
    store.execute("delete from pieces where document = ?", (document,))
    for text, vector in chunks:
        store.execute("insert into pieces(embedding, document, text) values (?, ?, ?)", (vector.tobytes(), document, text))
    return len(chunks)


def _replace_nothing(store, document, chunks):
    with store:
        for text, vector in chunks:
            store.execute("insert into pieces(embedding, document, text) values (?, ?, ?)", (vector.tobytes(), document, text))
    return len(chunks)


def _replace_by_format(store, document, chunks):
    with store:
        store.execute(f"delete from pieces where document = {document}")
        for text, vector in chunks:
            store.execute(f"insert into pieces(embedding, document, text) values (?, {document}, '{text}')", (vector.tobytes(),))
    return len(chunks)


def _replace_silently(store, document, chunks):
    try:
        return replace_document(store, document, chunks)
    except Exception:
        return 0


def _replace_everything(store, document, chunks):
    with store:
        store.execute("delete from pieces")
        for text, vector in chunks:
            store.execute("insert into pieces(embedding, document, text) values (?, ?, ?)", (vector.tobytes(), document, text))
    return len(chunks)


_PRONOUN = re.compile(r"\b(it|he|she|they|its|his|her|their|him|them|there)\b", re.IGNORECASE)
_TURN, _LATER, _LOST = 0.70, 0.60, 0.10


def _verify_rewriter(answer):
    talks, switches = _talks()
    for _, _, first, second, _ in talks[:3]:
        for question in (first, second):
            found = call(answer, [], question)
            expect(found == question, f"With an empty history, {question!r} should come back unchanged; found {short(found)}.")
    turn = _found(answer, [(number, [(first, title)], second) for number, title, first, second, _ in talks])
    later = _found(answer, [(number, [(first, title), (second, "")], third) for number, title, first, second, third in talks])
    kept = _found(answer, [(number, [(first, title)], question) for number, title, first, question in switches])
    told = f"follow-ups {turn:.0%}, after two turns {later:.0%}, new topics still found {kept:.0%}"
    expect(
        turn >= _TURN, f"Follow-ups do not find their passage often enough ({told}; asked for: {_TURN:.0%}). What did the last turn name?"
    )
    expect(kept >= 1 - _LOST, f"Your query carries an old topic into a new one ({told}; asked for: {1 - _LOST:.0%}).")
    expect(later >= _LATER, f"After two turns the topic is lost ({told}; asked for: {_LATER:.0%}). Look further back than one turn.")
    return f"On other passages: {told}."


def _found(answer, cases):
    """Returns the share of cases whose passage is among the first two for the query that the answer writes."""
    hits = 0
    for number, history, question in cases:
        query = call(answer, list(history), question)
        expect(isinstance(query, str), f"Expected the query as a text and found {short(query)}.")
        hits += number in _first_two(query)
    return hits / len(cases)


@functools.cache
def _first_two(query):
    words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query))
    return [number for (number,) in _index().execute("select rowid from words where words match ? order by rank limit 2", (words,))]


@functools.cache
def _index():
    import apsw

    store = apsw.Connection(":memory:")
    store.execute("create virtual table words using fts5(text, tokenize='porter')")
    store.executemany("insert into words(rowid, text) values (?, ?)", list(enumerate(row["text"] for row in _passages())))
    return store


@functools.cache
def _passages():
    from course_utils import dataset

    return list(dataset("passages")["train"].select(range(100, 700)))


@functools.cache
def _talks():
    """Returns conversations (passage, title, named question, two follow-ups), and changes of topic whose question finds its passage."""
    talks = []
    for number, row in enumerate(_passages()):
        asked = [question["question"] for question in row["questions"] if question["answer"]]
        names = [question for question in asked if re.search(r" [A-Z]", question)]
        follow = [question for question in asked if question not in names and _PRONOUN.search(question)]
        if names and len(follow) > 1:
            talks.append((number, row["title"], names[0], *follow[:2]))
    moves = [(number, talks[k][1], talks[k][2], question) for k, (number, _, question, _, _) in enumerate(talks[1:])]
    return talks, [move for move in moves if move[0] in _first_two(move[3])]


def own_rewriter(history, question):
    import re

    if re.search(r" [A-Z]", question):
        return question
    for earlier, title in reversed(history):
        if re.search(r" [A-Z]", earlier):
            return f"{earlier} {title} {question}"
    return question


def _other_rewriter(history, question):
    if any(word[0].isupper() for word in question.split()[1:]):
        return question
    words = [word for earlier, title in history for word in [*earlier.split()[1:], *title.split()] if word[0].isupper()]
    return " ".join([*words, question])


def _rewriter_alone(history, question):
    return question


def _rewriter_last(history, question):
    return f"{history[-1][0]} {question}" if history else question


def _rewriter_all(history, question):
    return " ".join([*(earlier for earlier, _ in history), question])


def _rewriter_one_back(history, question):
    if not history or re.search(r" [A-Z]", question):
        return question
    return f"{history[-1][0]} {history[-1][1]} {question}"


def _rewriter_marks(history, question):
    return f"Question: {own_rewriter(history, question)}"


EXERCISES = (
    Exercise(
        name="mean_reciprocal_rank",
        verify=_verify_rank,
        solution=mean_reciprocal_rank,
        hints=(
            "`numbers.index(number)` is the place counted from 0. What is the rank of the first?",
            "Ask `number in numbers` first: a passage that was not found scores 0, and its question still counts.",
            "A list of scores, one a question; then their sum divided by how many they are.",
        ),
        wrong={
            "not found left out": Wrong(_rank_of_found, because="they count as 0"),
            "hit rate": Wrong(_rank_hits, because="that is the hit rate"),
            "mean rank": Wrong(_rank_mean, because="average their reciprocals"),
            "not found forgotten": Wrong(_rank_careless, because="ValueError"),
        },
        other=_other_rank,
    ),
    Exercise(
        name="fused_rankings",
        verify=_verify_fusion,
        solution=fused,
        hints=(
            "A dictionary of scores, 0 for what was not seen yet; walk through each list with `enumerate`.",
            "`sorted` takes a key; the key may be a pair: (minus the score, the number).",
        ),
        wrong={
            "no weights": Wrong(_fusion_unweighted, because="the weights play no part"),
            "worst first": Wrong(_fusion_worst_first, because="the worst comes first"),
            "only common entries": Wrong(_fusion_common, because="is missing"),
            "always 60": Wrong(_fusion_fixed, because="expected"),
            "lists joined": Wrong(_fusion_best_only, because="stands twice"),
        },
        other=_other_fusion,
    ),
    Exercise(
        name="answer_report",
        verify=_verify_report,
        solution=answer_report,
        hints=(
            "Make the list of the answers that were given first; two of the four shares are shares of it.",
            '`"" in text` is True for every text: silence would look grounded.',
            "Lower all three texts once. Where a list is empty, its share is 0.0.",
        ),
        wrong={
            "silence never correct": Wrong(_report_spoken_only, because="Silence where there is no answer is correct"),
            "grounded of all": Wrong(_report_over_all, because="Divide by the number of answers given"),
            "silence grounded": Wrong(_report_empty_grounded, because="leave silence"),
            "nothing given": Wrong(_report_careless, because="ZeroDivisionError"),
            "capitals": Wrong(_report_capitals, because="Capitals make no difference"),
        },
        other=_other_report,
    ),
    Exercise(
        name="overlapping_chunks",
        verify=_verify_chunks,
        solution=overlapping_chunks,
        hints=(
            "Walk over the starts 0, step, 2 · step, … with step = size - overlap.",
            "A piece reaches the end when start + size >= number of words. After that one, stop.",
        ),
        wrong={
            "runs on to the end": Wrong(_chunks_to_the_end, because="lies wholly in the one before"),
            "full pieces only": Wrong(_chunks_full_only, because="is in no piece"),
            "letters for words": Wrong(_chunks_letters, because="is in no piece"),
            "no overlap": Wrong(_chunks_no_overlap, because="expected"),
        },
        other=_other_chunks,
    ),
    Exercise(
        name="replace_document",
        verify=_verify_replace,
        solution=replace_document,
        hints=(
            "Two statements: a `delete` by document, then one `insert` a chunk; the lesson's `delete` and `add` show both.",
            "`with store:` opens a transaction, keeps all of it at the end, and takes all of it back when an error leaves the block.",
            'Values go through `?`, the vector as `vector.tobytes()`; "it\'s" in a formatted string would end the text early.',
        ),
        wrong={
            "no transaction": Wrong(_replace_loosely, because="One transaction"),
            "nothing deleted": Wrong(_replace_nothing, because="old rows are still there"),
            "formatted values": Wrong(_replace_by_format, because="passed through `?`"),
            "swallows the error": Wrong(_replace_silently, because="Let the error come through"),
            "deletes all": Wrong(_replace_everything, because="rows of other documents"),
        },
        other=_other_replace,
    ),
    Exercise(
        name="own_rewriter",
        verify=_verify_rewriter,
        solution=own_rewriter,
        hints=(
            "Which questions need nothing from before? The lesson's `named` is a first test.",
            "Walk back through `reversed(history)` to the last turn that named something; a turn without a name carries nothing.",
            "A question and the title of its source name different things: both may go into the query.",
        ),
        wrong={
            "nothing carried": Wrong(_rewriter_alone, because="What did the last turn name?"),
            "always the last question": Wrong(_rewriter_last, because="an old topic into a new one"),
            "the whole history": Wrong(_rewriter_all, because="an old topic into a new one"),
            "one turn back": Wrong(_rewriter_one_back, because="Look further back"),
            "something added": Wrong(_rewriter_marks, because="unchanged"),
        },
        other=_other_rewriter,
        seconds=60.0,
    ),
)
