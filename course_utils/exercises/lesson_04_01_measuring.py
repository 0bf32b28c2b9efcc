"""The exercises of `04_fine_tuning/01_measuring`: a balance, a choice, a base rate, a paired interval, a broken metric, a good one."""

import functools
import re
from collections import Counter

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 60.0  # seconds: the first check of a process may have to import numpy and read the stories


_TABLES = (
    ([[8, 2], [4, 6]], 1, 2),
    ([[8, 2], [4, 6]], 0, 0.5),
    ([[30, 4, 1], [9, 12, 6], [2, 3, 33]], 1, 1),
    ([[30, 4, 1], [9, 12, 6], [2, 3, 33]], 2, 3),
    ([[5, 0, 3], [4, 1, 7], [0, 0, 2]], 1, 2),
)
_EMPTY = (([[9, 0], [3, 0]], 1, 2), ([[4, 3], [0, 0]], 1, 1), ([[0, 5], [5, 0]], 0, 2))


def _shares(table, k):
    """Returns precision and recall of class k; the oracle's half."""
    claimed, real = sum(row[k] for row in table), sum(table[k])
    return (table[k][k] / claimed if claimed else 0.0), (table[k][k] / real if real else 0.0)


def _balanced(precision, recall, weight):
    below = weight * precision + recall
    return (1 + weight) * precision * recall / below if below else 0.0


def _verify_f_beta(answer):
    for table, k, beta in _TABLES:
        found = call(answer, [list(row) for row in table], k, beta)
        where = f"For {table}, class {k} and beta {beta}"
        expect(_number(found), f"{where}, expected a number and found {short(found)}.")
        precision, recall = _shares(table, k)
        expected = _balanced(precision, recall, beta**2)
        if abs(found - expected) < 1e-9:
            continue
        mistakes = {
            "you exchanged rows and columns; a column holds what was *called* class k": _balanced(recall, precision, beta**2),
            "beta stands squared in the formula": _balanced(precision, recall, beta),
            "that is F1; recall counts beta times as much": _balanced(precision, recall, 1),
            "that is the plain mean of precision and recall; the formula is a harmonic one": (precision + recall) / 2,
        }
        why = next((text for text, value in mistakes.items() if abs(found - value) < 1e-9), _hint_on_class(found, table, k, beta))
        refuse(f"{where}, {why}: found {found:.3f}, expected {expected:.3f}.")
    for table, k, beta in _EMPTY:
        found = call(answer, [list(row) for row in table], k, beta)
        expect(
            found == 0, f"For {table}, class {k} and beta {beta} a share has no cases or both are zero: expected 0.0, found {short(found)}."
        )


def _hint_on_class(found, table, k, beta):
    others = (j for j in range(len(table)) if j != k)
    wrong = [j for j in others if abs(found - _balanced(*_shares(table, j), beta**2)) < 1e-9]
    return f"that is the value of class {wrong[0]}" if wrong else "compute P and R first and print them"


def _number(value):
    return hasattr(value, "__float__") and not isinstance(value, bool | str) and float(value) == float(value)


def f_beta(table, k, beta):
    found = table[k][k]
    claimed, real = sum(row[k] for row in table), sum(table[k])
    if not found:
        return 0.0
    precision, recall = found / claimed, found / real
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def _other_f_beta(table, k, beta):
    import numpy

    counts = numpy.array(table)
    hits, missed, false = counts[k, k], counts[k].sum() - counts[k, k], counts[:, k].sum() - counts[k, k]
    weight = 1 + beta**2
    return float(weight * hits / max(weight * hits + beta**2 * missed + false, 1))


def _f_beta_transposed(table, k, beta):
    return f_beta([list(column) for column in zip(*table, strict=True)], k, beta)


def _f_beta_unsquared(table, k, beta):
    precision, recall = _shares(table, k)
    return _balanced(precision, recall, beta)


def _f1_alone(table, k, beta):
    return _balanced(*_shares(table, k), 1)


def _f_beta_of_class_1(table, k, beta):
    return f_beta(table, 1, beta)


def _f_beta_without_care(table, k, beta):
    precision, recall = table[k][k] / sum(row[k] for row in table), table[k][k] / sum(table[k])
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


_METRICS = ("accuracy", "macro F1", "recall", "AUC", "Brier score", "RMSE", "exact match", "perplexity")
_BRIEFS = {
    "dates": ("exact match", "A date that is nearly right is wrong: which metric asks for equal strings?"),
    "smoke": (
        "recall",
        "A constant 'no fire' would be right 9,999 times in 10,000, and a missed fire is what costs: what measures *missed*?",
    ),
    "weather": ("Brier score", "Here the value of the probability matters, not only its order or the label it leads to."),
    "queue": ("AUC", "There is no fixed threshold, only an order: which metric judges a ranking?"),
    "languages": ("macro F1", "A rare language must count as much as English: which mean gives every class the same say?"),
    "base": ("perplexity", "Nothing has been written yet; a held-out text is all that there is to be surprised by."),
}


def _verify_briefs(answer):
    expect(isinstance(answer, dict), f"Expected a dictionary from brief to metric; found {short(answer)}.")
    missing = [brief for brief in _BRIEFS if brief not in answer]
    expect(not missing, f"No metric is given for {', '.join(missing)}.")
    for brief, (right, why) in _BRIEFS.items():
        named = answer[brief]
        expect(named in _METRICS, f"{brief}: {short(named)} is not on the list. Expected one of {', '.join(_METRICS)}.")
        expect(named == right, f"{brief}: not {named}. {why}")
    return "Accuracy and RMSE were left over: no brief asked for them."


def metrics_for_briefs():
    return {
        "dates": "exact match",
        "smoke": "recall",
        "weather": "Brier score",
        "queue": "AUC",
        "languages": "macro F1",
        "base": "perplexity",
    }


_DETECTORS = ((0.9, 0.1, 0.5), (0.83, 0.15, 0.5), (0.6, 0.02, 0.9), (1.0, 0.3, 0.25), (0.4, 0.4, 0.7), (0.95, 0.001, 0.99))
_EDGES = ((0.8, 0.0, 0.9, 0.0), (0.7, 0.2, 1.0, 1.0), (0.7, 0.2, 0.0, 0.0), (0.5, 0.0, 1.0, 0.0))


def _verify_share(answer):
    for recall, false, wanted in _DETECTORS:
        found = call(answer, recall, false, wanted)
        where = f"For recall {recall}, false alarms {false} and wanted {wanted}"
        expect(_number(found), f"{where}, expected a number and found {short(found)}.")
        expected = _share_by_halving(recall, false, wanted)
        if abs(found - expected) < 1e-6:
            continue
        odds = wanted * false / (recall * (1 - wanted))
        mistakes = {
            "that is the precision at a base rate of `wanted`; the question runs the other way": recall
            * wanted
            / (recall * wanted + false * (1 - wanted)),
            "those are odds, real to others; the share is odds / (1 + odds)": odds,
            "that is the share of the *others*; the real ones are the rest": 1 - expected,
            "recall is missing: not every real case raises an alarm": wanted * false / ((1 - wanted) + wanted * false),
        }
        why = next((text for text, value in mistakes.items() if abs(found - value) < 1e-6), "put your share into the formula of the lesson")
        refuse(f"{where}, {why}: found {found:.4f}, expected {expected:.4f}.")
    for recall, false, wanted, expected in _EDGES:
        found = call(answer, recall, false, wanted)
        told = f"expected {expected}, found {short(found)}"
        expect(_number(found) and abs(found - expected) < 1e-6, f"For recall {recall}, false alarms {false} and wanted {wanted}, {told}.")


def _share_by_halving(recall, false, wanted):
    """Returns the share at which the precision reaches what is wanted, by halving an interval; the oracle."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        precision = recall * middle / (recall * middle + false * (1 - middle))
        low, high = (low, middle) if precision >= wanted else (middle, high)
    return high


def rarest_share(recall, false_alarms, wanted):
    if false_alarms == 0:
        return 0.0
    # precision = recall · share / (recall · share + false_alarms · (1 - share)), solved for the share
    return wanted * false_alarms / (recall * (1 - wanted) + wanted * false_alarms)


def _other_share(recall, false_alarms, wanted):
    if not false_alarms or not wanted:
        return 0
    if wanted == 1:
        return 1
    odds = wanted / (1 - wanted) * false_alarms / recall
    return odds / (1 + odds)


def _share_forwards(recall, false_alarms, wanted):
    return recall * wanted / (recall * wanted + false_alarms * (1 - wanted))


def _share_as_odds(recall, false_alarms, wanted):
    return wanted * false_alarms / (recall * (1 - wanted))


def _share_without_recall(recall, false_alarms, wanted):
    return wanted * false_alarms / ((1 - wanted) + wanted * false_alarms)


def _share_without_care(recall, false_alarms, wanted):
    return wanted * false_alarms / (recall * (1 - wanted) + wanted * false_alarms)


def _accuracy(truth, predicted):
    return (truth == predicted).mean()


def _f1_of_ones(truth, predicted):
    both = (truth & predicted).sum()
    return 2 * both / max(truth.sum() + predicted.sum(), 1)


@functools.cache
def _two_models():
    """Returns truth and two models that fail on much the same examples, the second a little better; all of 0 and 1."""
    import numpy

    draw = numpy.random.default_rng(5)
    truth = (draw.random(1000) < 0.3).astype(int)
    hard = draw.random(1000)
    first = numpy.where(hard < 0.24, 1 - truth, truth)
    second = numpy.where((hard < 0.17) | (hard > 0.98), 1 - truth, truth)
    return truth, first, second


def _verify_interval(answer):
    import numpy

    truth, first, second = _two_models()
    for metric, name in ((_accuracy, "accuracy"), (_f1_of_ones, "F1")):
        drawn = [_ends(call(answer, metric, truth.copy(), first.copy(), second.copy(), seed)) for seed in range(4)]
        _judge_interval(tuple(sum(side) / 4 for side in zip(*drawn, strict=True)), _bootstrap_ends(metric), name)
        ends = drawn[0]
        again = _ends(call(answer, metric, truth.copy(), first.copy(), second.copy(), 0))
        expect(ends == again, "Two calls with the same seed gave two answers. Draw from numpy.random.default_rng(seed), made inside.")
    ends = _ends(call(answer, _accuracy, truth.copy(), first.copy(), second.copy(), 1))
    other = _ends(call(answer, _accuracy, truth.copy(), first.copy(), second.copy(), 2))
    expect(ends != other, "Seeds 1 and 2 gave the same ends. Is the seed used?")
    same = _ends(call(answer, _accuracy, truth.copy(), first.copy(), first.copy(), 0))
    expect(numpy.allclose(same, 0), f"The same model twice: expected (0.0, 0.0), found {short(same)}. Do both get the same draw?")


def _ends(found):
    import numpy

    expect(isinstance(found, tuple | list | numpy.ndarray) and len(found) == 2, f"Expected (low, high); found {short(found)}.")
    expect(all(map(_number, found)), f"Expected two numbers; found {short(found)}.")
    return tuple(map(float, found))


@functools.cache
def _bootstrap_ends(metric, levels=(2.5, 97.5)):
    """Returns the ends from ten thousand draws under a seed of its own; the oracle."""
    import numpy

    truth, first, second = _two_models()
    draw, values = numpy.random.default_rng(99), []
    for _ in range(10_000):
        rows = draw.integers(len(truth), size=len(truth))
        values.append(metric(truth[rows], second[rows]) - metric(truth[rows], first[rows]))
    return tuple(map(float, numpy.percentile(values, levels)))


def _judge_interval(found, expected, name):
    width, middle = found[1] - found[0], (found[0] + found[1]) / 2
    right_width, right_middle = expected[1] - expected[0], (expected[0] + expected[1]) / 2
    told = f"found {found[0]:.3f} to {found[1]:.3f}, expected about {expected[0]:.3f} to {expected[1]:.3f}."
    expect(width >= 0, f"{name}: low is larger than high: {told}")
    expect(width > 0.2 * right_width, f"{name}: next to nothing varies. Draw with repetition, as many as there are: {told}")
    expect(abs(middle + right_middle) > 0.2 * right_width, f"{name}: the sign is turned. Second minus first: {told}")
    of_accuracy = max(abs(a - b) for a, b in zip(found, _bootstrap_ends(_accuracy), strict=True)) < 0.1 * right_width
    expect(name == "accuracy" or not of_accuracy, f"{name}: that is the interval of accuracy. Use the `metric` that is handed in: {told}")
    expect(width < 1.25 * right_width, f"{name}: too wide. Take the same places for truth and both models, in each draw: {told}")
    expect(width > 0.92 * right_width, f"{name}: too narrow. The middle 95 % lies between the 2.5th and the 97.5th percentile: {told}")
    expect(
        abs(middle - right_middle) < 0.15 * right_width, f"{name}: the interval lies elsewhere. Is it the difference of `metric`? {told}"
    )


def paired_interval(metric, truth, first, second, seed):
    import numpy

    draw, differences = numpy.random.default_rng(seed), []
    for _ in range(1000):
        rows = draw.integers(len(truth), size=len(truth))
        differences.append(metric(truth[rows], second[rows]) - metric(truth[rows], first[rows]))
    return tuple(numpy.percentile(differences, [2.5, 97.5]))


def _other_interval(metric, truth, first, second, seed):
    import random

    import numpy

    draw, places = random.Random(seed), range(len(truth))
    values = []
    for _ in range(1000):
        rows = numpy.array(draw.choices(places, k=len(places)))
        values.append(float(metric(truth[rows], second[rows]) - metric(truth[rows], first[rows])))
    values.sort()
    return [values[25], values[974]]


def _interval_unpaired(metric, truth, first, second, seed):
    import numpy

    draw, size = numpy.random.default_rng(seed), len(truth)
    values = []
    for _ in range(1000):
        mine, other = draw.integers(size, size=size), draw.integers(size, size=size)
        values.append(metric(truth[mine], second[mine]) - metric(truth[other], first[other]))
    return tuple(numpy.percentile(values, [2.5, 97.5]))


def _interval_turned(metric, truth, first, second, seed):
    return paired_interval(metric, truth, second, first, seed)


def _interval_of_ninety(metric, truth, first, second, seed):
    import numpy

    draw, size = numpy.random.default_rng(seed), len(truth)
    values = []
    for _ in range(1000):
        rows = draw.integers(size, size=size)
        values.append(metric(truth[rows], second[rows]) - metric(truth[rows], first[rows]))
    return tuple(numpy.percentile(values, [5, 95]))


def _interval_without_repetition(metric, truth, first, second, seed):
    import numpy

    draw = numpy.random.default_rng(seed)
    orders = [draw.permutation(len(truth)) for _ in range(100)]
    return tuple(numpy.percentile([metric(truth[r], second[r]) - metric(truth[r], first[r]) for r in orders], [2.5, 97.5]))


def _interval_of_accuracy(metric, truth, first, second, seed):
    return paired_interval(_accuracy, truth, first, second, seed)


def _words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def _overlap(text, references):
    """Returns the mean ROUGE-1 of one text against many."""
    said = Counter(_words(text))
    rows = [Counter(_words(reference)) for reference in references]
    return sum(2 * (said & row).total() / max(said.total() + row.total(), 1) for row in rows) / len(rows)


@functools.cache
def _collections():
    """Returns for English summaries and French sentences: some to learn on, others to be judged on, and the score to reach."""
    from course_utils import dataset

    stories, french = dataset("stories"), dataset("translations")
    held = list(stories["test"]["summary"])[60:360]
    last = [re.split(r'(?<=[.!?"]) (?=[A-Z])', text)[-1] for text in stories["test"]["text"][60:360]]
    honest = sum(_overlap(text, [reference]) for text, reference in zip(last, held, strict=True)) / len(held)
    unseen = list(french["test"]["french"])[:300]
    shifted = sum(_overlap(text, [reference]) for text, reference in zip(unseen[1:], unseen[:-1], strict=True)) / (len(unseen) - 1)
    return {
        "summaries": (list(stories["train"]["summary"])[300:600], held, 1.25 * honest),
        "French sentences": (list(french["train"]["french"])[:300], unseen, 2 * shifted),
    }


def _verify_never_reads(answer):
    told = []
    for name, (seen, held, bar) in _collections().items():
        found = call(answer, list(seen))
        expect(isinstance(found, str), f"Expected one text for all stories; found {short(found)}.")
        expect(len(found.split()) <= 12, f"At most twelve words are allowed; your text has {len(found.split())}.")
        score = _overlap(found, held)
        expect(score >= bar, f"{name}: {short(found)} scores {score:.3f}; {bar:.3f} is asked for. {_hint_on_text(found, seen)}")
        told.append(f"{name} {score:.2f} (asked: {bar:.2f})")
    return f"ROUGE-1 of a text that never reads: {', '.join(told)}."


def _hint_on_text(found, seen):
    known, own = {word for text in seen for word in _words(text)}, set(_words(found))
    if len(own & known) < len(own) / 2:
        return "Most of its words stand in none of the texts that it was given: choose from those."
    if found in seen:
        return "One of the summaries as it stands names people and things that others lack: build the text word by word."
    return "Which single word scores best? Which word added to it? Stop when none helps."


def never_reads(summaries):
    import re
    from collections import Counter

    rows = [Counter(re.findall(r"[a-z0-9]+", summary.lower())) for summary in summaries]
    common = [word for word, _ in Counter(word for row in rows for word in row).most_common(40)]

    def score(chosen):
        said = Counter(chosen)
        return sum(2 * (said & row).total() / (len(chosen) + row.total()) for row in rows)

    text = []
    while len(text) < 12:
        best = max(common, key=lambda word: score([*text, word]))
        if score([*text, best]) <= score(text):
            break
        text.append(best)
    return " ".join(text)


def _other_never_reads(summaries):
    import re
    from collections import Counter

    counts = Counter(word for summary in summaries for word in set(re.findall(r"[a-z0-9]+", summary.lower())))
    ranked = [word for word, _ in counts.most_common(12)]
    return max((" ".join(ranked[:size]) for size in range(1, 13)), key=lambda text: _mean_overlap(text, summaries))


def _mean_overlap(text, summaries):
    return _overlap(text, summaries)


def _never_reads_in_english(summaries):
    return "a the to and in"


def _never_reads_one_of_them(summaries):
    return next(summary for summary in summaries if len(summary.split()) < 9)


def _never_reads_at_length(summaries):
    return " ".join(summaries[:4])


def _never_reads_rare_words(summaries):
    counts = Counter(word for summary in summaries for word in _words(summary))
    return " ".join(word for word, _ in counts.most_common()[-8:])


def _never_reads_list(summaries):
    return ["a", "the", "to"]


_RATES = (0.5, 0.2, 0.05, 0.01)
_SIZE = 600


def _verify_alarms(answer):
    for rate in _RATES:
        real = round(rate * _SIZE)
        truth = [1] * real + [0] * (_SIZE - real)
        _judge_extremes(answer, truth, rate)
        _judge_steps(answer, truth, rate)
        _judge_dice(answer, truth, rate)
    _judge_order(answer)
    for truth in ([0, 0, 0, 0], [1, 1, 1]):
        for alarms in ([0] * len(truth), [1] * len(truth), [1] + [0] * (len(truth) - 1)):
            found = call(answer, list(truth), list(alarms))
            fits = _number(found) and -1 <= float(found) <= 1
            expect(fits, f"For truth {truth} and alarms {alarms}, expected a number between -1 and 1; found {short(found)}.")
    return "A metric that neither silence nor noise can game."


def _score(answer, truth, alarms, rate):
    found = call(answer, list(truth), list(alarms))
    expect(_number(found), f"At a base rate of {rate}, expected a number; found {short(found)}.")
    expect(float(found) <= 1 + 1e-9, f"At a base rate of {rate}, found {float(found):.3f}: nothing gets more than perfect alarms, 1.0.")
    return float(found)


def _judge_extremes(answer, truth, rate):
    where = f"At a base rate of {rate}"
    perfect = _score(answer, truth, truth, rate)
    expect(abs(perfect - 1) < 1e-9, f"{where}, perfect alarms get {perfect:.3f}; expected 1.0.")
    for name, alarms in (("always silent", [0] * len(truth)), ("always alarmed", [1] * len(truth))):
        found = _score(answer, truth, alarms, rate)
        expect(abs(found) <= 0.05, f"{where}, a program that is {name} gets {found:.3f}; it does not look, so about 0 is expected.")
    opposite = _score(answer, truth, [1 - value for value in truth], rate)
    expect(opposite < 0, f"{where}, exactly opposite alarms get {opposite:.3f}; expected less than 0.")


def _made(truth, missed, false):
    """Returns alarms that miss so many of the real cases and are false at so many of the others."""
    real = sum(truth)
    return [0] * missed + [1] * (real - missed) + [1] * false + [0] * (len(truth) - real - false)


def _judge_steps(answer, truth, rate):
    real, others = sum(truth), len(truth) - sum(truth)
    for missed, false in ((0, 0), (real // 3, 0), (real // 3, others // 20), (real // 2, others // 3)):
        now, where = (
            _score(answer, truth, _made(truth, missed, false), rate),
            f"At a base rate of {rate}, {missed} missed, {false} false alarms",
        )
        miss = _score(answer, truth, _made(truth, missed + 1, false), rate)
        noise = _score(answer, truth, _made(truth, missed, false + 1), rate)
        expect(miss <= now + 1e-9, f"{where}: one real case missed more raises the score, from {now:.4f} to {miss:.4f}.")
        expect(noise <= now + 1e-9, f"{where}: one false alarm more raises the score, from {now:.4f} to {noise:.4f}.")
        if rate < 0.5 and (missed, false) == (0, 0):
            told = f"{now - miss:.4f} for a miss, {now - noise:.4f} for a false alarm"
            expect(miss < noise - 1e-9, f"{where}: a miss must cost more than a false alarm where real cases are rare. Found {told}.")


def _judge_dice(answer, truth, rate):
    import random

    dice = random.Random(7)
    for share in (0.1, 0.5):
        found = [_score(answer, truth, [int(dice.random() < share) for _ in truth], rate) for _ in range(60)]
        mean = sum(found) / len(found)
        expect(abs(mean) <= 0.05, f"At a base rate of {rate}, alarms by dice get {mean:.3f} on average; expected about 0.")


def _judge_order(answer):
    import random

    truth, places = [1] * 20 + [0] * 180, list(range(200))
    alarms = _made(truth, 5, 9)
    random.Random(3).shuffle(places)
    before = _score(answer, truth, alarms, 0.1)
    after = _score(answer, [truth[k] for k in places], [alarms[k] for k in places], 0.1)
    expect(abs(before - after) < 1e-9, f"The order of the examples changes the score: {before:.4f} and {after:.4f}.")


def rare_alarm_score(truth, alarms):
    real, others = sum(truth), len(truth) - sum(truth)
    if not real or not others:
        return 0.0
    found = sum(t and a for t, a in zip(truth, alarms, strict=True))
    quiet = sum(not t and not a for t, a in zip(truth, alarms, strict=True))
    # balanced accuracy, moved so that a program that does not look gets 0: recall + recall of the others - 1
    return found / real + quiet / others - 1


def _other_alarm_score(truth, alarms):
    import math

    import numpy

    truth, alarms = numpy.array(truth), numpy.array(alarms)
    hits, quiet = int((truth & alarms).sum()), int(((1 - truth) & (1 - alarms)).sum())
    missed, false = int((truth & (1 - alarms)).sum()), int(((1 - truth) & alarms).sum())
    below = (hits + false) * (hits + missed) * (quiet + false) * (quiet + missed)
    return (hits * quiet - false * missed) / math.sqrt(below) if below else 0.0


def _alarm_accuracy(truth, alarms):
    return sum(t == a for t, a in zip(truth, alarms, strict=True)) / len(truth)


def _alarm_f1(truth, alarms):
    both = sum(t and a for t, a in zip(truth, alarms, strict=True))
    return 2 * both / max(sum(truth) + sum(alarms), 1)


def _alarm_balanced(truth, alarms):
    return (rare_alarm_score(truth, alarms) + 1) / 2


def _alarm_minus_errors(truth, alarms):
    wrong = sum(t != a for t, a in zip(truth, alarms, strict=True))
    return 1 - wrong / max(sum(truth), 1)


def _alarm_without_care(truth, alarms):
    found = sum(t and a for t, a in zip(truth, alarms, strict=True)) / sum(truth)
    quiet = sum(not t and not a for t, a in zip(truth, alarms, strict=True)) / (len(truth) - sum(truth))
    return found + quiet - 1


def _alarm_clipped(truth, alarms):
    return max(rare_alarm_score(truth, alarms), 0.0)


def _alarm_even_handed(truth, alarms):
    if len(set(alarms)) < 2:
        return 0.0
    return 2 * _alarm_accuracy(truth, alarms) - 1


EXERCISES = (
    Exercise(
        name="f_beta_from_table",
        verify=_verify_f_beta,
        solution=f_beta,
        hints=(
            "Class k and called class k: `table[k][k]`. Class k at all: the sum of row k. And what was *called* class k?",
            "A column runs through all rows: `sum(row[k] for row in table)`. Precision divides by the column, recall by the row.",
            "If `table[k][k]` is 0, return 0.0 before you divide; otherwise neither sum can be 0.",
        ),
        wrong={
            "rows and columns exchanged": Wrong(_f_beta_transposed, because="exchanged rows and columns"),
            "beta not squared": Wrong(_f_beta_unsquared, because="beta stands squared"),
            "F1 whatever beta": Wrong(_f1_alone, because="that is F1"),
            "always class 1": Wrong(_f_beta_of_class_1, because="the value of class 1"),
            "divides by zero": Wrong(_f_beta_without_care, because="ZeroDivisionError"),
        },
        other=_other_f_beta,
    ),
    Exercise(
        name="metric_for_each_brief",
        verify=_verify_briefs,
        solution=metrics_for_briefs,
        hints=(
            "For each brief ask: what would a constant answer score, and which mistake costs most? The table *Which metric when?* helps.",
            "Two metrics are left over, one of them the one that everybody reports first.",
        ),
        wrong={
            "accuracy for smoke": Wrong({**metrics_for_briefs(), "smoke": "accuracy"}, because="right 9,999 times"),
            "a ranking for the farmer": Wrong(
                {**metrics_for_briefs(), "weather": "AUC", "queue": "recall"}, because="the value of the probability"
            ),
            "accuracy for languages": Wrong({**metrics_for_briefs(), "languages": "accuracy"}, because="the same say"),
            "a threshold for the queue": Wrong({**metrics_for_briefs(), "queue": "recall"}, because="no fixed threshold"),
            "an unknown metric": Wrong({**metrics_for_briefs(), "dates": "word F1"}, because="not on the list"),
            "a list": Wrong(["exact match", "recall"], because="Expected a dictionary"),
        },
        other={
            "base": "perplexity",
            "languages": "macro F1",
            "queue": "AUC",
            "weather": "Brier score",
            "smoke": "recall",
            "dates": "exact match",
            "extra": None,
        },
        value=True,
    ),
    Exercise(
        name="rarest_share",
        verify=_verify_share,
        solution=rarest_share,
        hints=(
            "The lesson's formula gives the precision for a share. You have the precision and want the share: solve it.",
            "Multiply out: wanted · (recall · s + false · (1 − s)) = recall · s, and collect everything with s on one side.",
            "s = wanted · false / (recall · (1 − wanted) + wanted · false); take false alarms of 0 first, where it may be 0 / 0.",
        ),
        wrong={
            "the formula forwards": Wrong(_share_forwards, because="runs the other way"),
            "odds": Wrong(_share_as_odds, because="odds / (1 + odds)"),
            "recall forgotten": Wrong(_share_without_recall, because="recall is missing"),
            "divides by zero": Wrong(_share_without_care, because="ZeroDivisionError"),
        },
        other=_other_share,
    ),
    Exercise(
        name="paired_interval",
        verify=_verify_interval,
        solution=paired_interval,
        hints=(
            "One draw is one array of places, `draw.integers(len(truth), size=len(truth))`, used for truth and for both models.",
            "In each draw: `metric(truth[rows], second[rows]) - metric(truth[rows], first[rows])`. Keep the thousand differences.",
            "`numpy.percentile(differences, [2.5, 97.5])` gives both ends; make `draw` from `numpy.random.default_rng(seed)` inside.",
        ),
        wrong={
            "two draws": Wrong(_interval_unpaired, because="Take the same places"),
            "first minus second": Wrong(_interval_turned, because="Second minus first"),
            "the middle 90 %": Wrong(_interval_of_ninety, because="the 2.5th"),
            "without repetition": Wrong(_interval_without_repetition, because="with repetition"),
            "accuracy whatever the metric": Wrong(_interval_of_accuracy, because="the interval of accuracy"),
            "one number": Wrong(lambda metric, truth, first, second, seed: 0.05, because="Expected (low, high)"),
        },
        other=_other_interval,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="summary_that_never_reads",
        verify=_verify_never_reads,
        solution=never_reads,
        hints=(
            "Which words stand in most summaries, whatever the story? They need not say anything.",
            "Begin with no word. Try each of the forty commonest words at the end, keep the one that raises the mean score most.",
            "Stop when no word raises it, or at twelve. To be fast, turn every summary into a Counter once, before the search.",
        ),
        wrong={
            "an English list by heart": Wrong(_never_reads_in_english, because="in none of the texts"),
            "one of the summaries": Wrong(_never_reads_one_of_them, because="build the text word by word"),
            "several summaries": Wrong(_never_reads_at_length, because="At most twelve words"),
            "rare words": Wrong(_never_reads_rare_words, because="Which single word scores best?"),
            "a list of words": Wrong(_never_reads_list, because="Expected one text"),
        },
        other=_other_never_reads,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="metric_for_rare_alarms",
        verify=_verify_alarms,
        solution=rare_alarm_score,
        hints=(
            "Two shares do not depend on the base rate: recall among the real cases, and the share of the others that were left alone.",
            "Their mean is balanced accuracy. What does it give to a program that is always silent? Move that to 0, and leave 1 at 1.",
            "Multiply by 2 and subtract 1, or look up Matthews' correlation. Decide first what you return when one class has no cases.",
        ),
        wrong={
            "accuracy": Wrong(_alarm_accuracy, because="always silent"),
            "F1": Wrong(_alarm_f1, because="always alarmed"),
            "balanced accuracy as it is": Wrong(_alarm_balanced, because="it does not look"),
            "one minus errors a case": Wrong(_alarm_minus_errors, because="always alarmed"),
            "cut off at zero": Wrong(_alarm_clipped, because="less than 0"),
            "accuracy in disguise": Wrong(_alarm_even_handed, because="a miss must cost more"),
            "divides by zero": Wrong(_alarm_without_care, because="ZeroDivisionError"),
        },
        other=_other_alarm_score,
        seconds=_PATIENCE,
    ),
)
