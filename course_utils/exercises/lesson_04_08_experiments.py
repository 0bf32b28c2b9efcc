"""The exercises of `04_fine_tuning/08_experiments`: best so far, the luck of the best, pruning, carbon, a report's faults, a search."""

import math
from statistics import mean, median

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_SERIES = (
    ([0.5, 0.7, 0.6, 0.9, 0.8], "maximize"),
    ([0.5, 0.7, 0.3, 0.4, 0.2], "minimize"),
    ([None, 0.4, None, 0.6, 0.5], "maximize"),
    ([None, None, 3.0, 5.0, 1.0], "minimize"),
    ([-3.0, -1.0, None, -2.0], "maximize"),
    ([0.0, -1.0, 1.0], "maximize"),
    ([None], "minimize"),
    ([], "maximize"),
)


def _verify_running(answer):
    for values, direction in _SERIES:
        given = list(values)
        found, where = call(answer, given, direction), f"For {values} and {direction!r}"
        expect(given == values, f"{where}, your function changed the list that it was given. Build a new one.")
        expect(isinstance(found, list), f"{where}, expected a list and found {short(found)}.")
        expect(len(found) == len(values), f"{where}, expected one entry a trial, {len(values)}, and found {len(found)}.")
        expected = _running_by_prefix(values, direction)
        if found == expected:
            continue
        other = _running_by_prefix(values, "minimize" if direction == "maximize" else "maximize")
        expect(found != other, f"{where}, that is the best of the other direction: found {short(found)}, expected {short(expected)}.")
        zero = [0 if value is None else value for value in values]
        expect(
            None not in values or found != _running_by_prefix(zero, direction),
            f"{where}, a failed trial is counted as 0. It has no score; the best so far stays what it was: expected {short(expected)}.",
        )
        refuse(f"{where}, found {short(found)}, expected {short(expected)}.")


def _running_by_prefix(values, direction):
    """Returns the best of each prefix, None where nothing is complete; the oracle."""
    best = max if direction == "maximize" else min
    return [best((v for v in values[: n + 1] if v is not None), default=None) for n in range(len(values))]


def running_best(values, direction):
    result, best = [], None
    for value in values:
        if value is not None and (best is None or (value > best if direction == "maximize" else value < best)):
            best = value
        result.append(best)
    return result


def _other_running(values, direction):
    sign = 1 if direction == "maximize" else -1
    seen, result = [], []
    for value in values:
        seen += [] if value is None else [sign * value]
        result.append(sign * max(seen) if seen else None)
    return result


def _running_always_max(values, direction):
    return running_best(values, "maximize")


def _running_with_zero(values, direction):
    return running_best([0 if value is None else value for value in values], direction)


def _running_drops(values, direction):
    return running_best([value for value in values if value is not None], direction)


def _running_in_place(values, direction):
    for n, best in enumerate(running_best(values, direction)):
        values[n] = best
    return values


_CROWDS = ((0.8, 223, 10), (0.5, 100, 20), (0.6, 40, 3), (0.9, 150, 1), (0.5, 223, 100))


def _verify_luck(answer):
    for truth, rows, models in _CROWDS:
        where = f"For truth={truth}, rows={rows}, models={models}"
        found = [call(answer, truth, rows, models, seed) for seed in (0, 0, 1)]
        expect(
            all(isinstance(f, int | float) or hasattr(f, "item") for f in found), f"{where}, expected a number and found {short(found[0])}."
        )
        expect(
            found[0] == found[1],
            f"{where}, the same seed gave {found[0]:.4f} and then {found[1]:.4f}. Draw from a generator made of the seed.",
        )
        expected = _expected_best(truth, rows, models) - truth
        if all(abs(f - expected) < 0.003 for f in found):
            continue
        told = f"found {found[0]:.3f} and {found[2]:.3f} with two seeds, expected {expected:.3f}."
        expect(
            abs(found[0] - expected - truth) > 0.01,
            f"{where}, you returned the score itself; its difference from the truth is asked for: {told}",
        )
        expect(abs(found[0]) > 0.003 or expected < 0.003, f"{where}, that is the mean of all models, not of the best one: {told}")
        expect(max(map(abs, found)) < 1, f"{where}, divide the number of right answers by the number of rows: {told}")
        refuse(f"{where}, {told} Take the best of each group, and the mean over at least 2,000 groups.")


def _expected_best(truth, rows, models):
    """Returns the expected accuracy of the best of some equal models, without any draw; the oracle."""
    shares = [math.comb(rows, k) * truth**k * (1 - truth) ** (rows - k) for k in range(rows + 1)]
    below = [min(1.0, sum(shares[: k + 1])) for k in range(rows)]
    return sum(1 - share**models for share in below) / rows


def luck_of_the_best(truth, rows, models, seed):
    import numpy

    right = numpy.random.default_rng(seed).binomial(rows, truth, size=(4000, models))
    return float(right.max(axis=1).mean() / rows - truth)


def _other_luck(truth, rows, models, seed):
    import torch

    draw = torch.Generator().manual_seed(seed)
    best = [max((torch.rand(models, rows, generator=draw) < truth).sum(dim=1).tolist()) / rows for _ in range(4000)]
    return sum(best) / len(best) - truth


def _luck_of_mean(truth, rows, models, seed):
    import numpy

    return float(numpy.random.default_rng(seed).binomial(rows, truth, size=(4000, models)).mean() / rows - truth)


def _luck_without_truth(truth, rows, models, seed):
    return luck_of_the_best(truth, rows, models, seed) + truth


def _luck_counted(truth, rows, models, seed):
    return rows * luck_of_the_best(truth, rows, models, seed)


def _luck_once(truth, rows, models, seed):
    import numpy

    return float(numpy.random.default_rng(seed).binomial(rows, truth, size=models).max() / rows - truth)


def _luck_without_seed(truth, rows, models, seed):
    import numpy

    return float(numpy.random.default_rng().binomial(rows, truth, size=(4000, models)).max(axis=1).mean() / rows - truth)


_FINISHED = [[0.6, 0.7, 0.7, 0.8], [0.5, 0.6, 0.8, 0.8], [0.7, 0.7, 0.9, 0.9], [0.4, 0.6, 0.6, 0.7]]
_CURVES = (
    (_FINISHED, [0.5, 0.9, 0.9, 0.9], 0),
    (_FINISHED, [0.6, 0.6, 0.7, 0.9], 0),
    (_FINISHED, [0.6, 0.6, 0.7, 0.9], 2),
    (_FINISHED, [0.9, 0.5, 0.5, 0.5], 0),
    (_FINISHED, [0.5, 0.5, 0.9, 0.9], 1),
    (_FINISHED, [0.5, 0.5, 0.9, 0.9], 4),
    (_FINISHED, [0.6, 0.65, 0.75, 0.8], 0),
    (_FINISHED[:1], [0.6, 0.69, 0.9, 0.9], 0),
    (_FINISHED[:3], [0.65, 0.7, 0.7, 0.8], 0),
    ([[0.1, 0.1], [0.7, 0.7], [0.8, 0.8]], [0.6, 0.9], 0),
    ([[0.6, 0.6], [0.7, 0.7], [0.95, 0.99]], [0.72, 0.72], 0),
)


def _verify_pruned(answer):
    for finished, curve, warmup in _CURVES:
        where = f"For finished={finished}, curve={curve}, warmup={warmup}"
        found = call(answer, [list(c) for c in finished], list(curve), warmup)
        expected = _pruned_by_tables(finished, curve, warmup)
        if found == expected and not isinstance(found, bool):
            continue
        told = f"found {short(found)}, expected {expected}."
        mistakes = {
            "you compared the score of the epoch itself; the rule takes the best that the trial has shown so far": _pruned(
                finished, curve, warmup, own=lambda c, e: c[e]
            ),
            "you compared with the mean of the finished trials; the rule takes the median": _pruned(finished, curve, warmup, middle=mean),
            "a trial exactly at the median goes on; only one below it is stopped": _pruned(finished, curve, warmup, at_least=False),
            "you compared with the best epochs of the finished trials; the rule takes what they showed at the *same* epoch": _pruned(
                [[max(c[: e + 1]) for e in range(len(c))] for c in finished], curve, warmup
            ),
            "you judged an epoch of the warm-up; the first `warmup` epochs are never judged": _pruned(finished, curve, 0),
            "the epoch at whose end the trial is stopped has been run, and counts": expected - 1,
        }
        why = next((text for text, value in mistakes.items() if found == value), "walk through the epochs one by one")
        refuse(f"{where}, {why}: {told}")
    return "Optuna's median pruner stops at the same epochs."


def _pruned_by_tables(finished, curve, warmup):
    """Returns the number of epochs run, from the two rows of numbers that are compared; the oracle."""
    medians = [median(column) for column in zip(*finished, strict=True)]
    records = [max(curve[: n + 1]) for n in range(len(curve))]
    stops = [n + 1 for n, (record, middle) in enumerate(zip(records, medians, strict=True)) if n >= warmup and record < middle]
    return min(stops, default=len(curve))


def _pruned(finished, curve, warmup, own=lambda c, e: max(c[: e + 1]), middle=median, at_least=True):
    for epoch in range(warmup, len(curve)):
        limit, score = middle([c[epoch] for c in finished]), own(curve, epoch)
        if score < limit or (not at_least and score == limit):
            return epoch + 1
    return len(curve)


def epochs_until_pruned(finished, curve, warmup):
    for epoch in range(warmup, len(curve)):
        if max(curve[: epoch + 1]) < median(other[epoch] for other in finished):
            return epoch + 1
    return len(curve)


def _other_pruned(finished, curve, warmup):
    import numpy

    low = numpy.maximum.accumulate(curve) < numpy.median(finished, axis=0)
    low[:warmup] = False
    return int(low.argmax()) + 1 if low.any() else len(curve)


def _pruned_by_epoch(finished, curve, warmup):
    return _pruned(finished, curve, warmup, own=lambda c, e: c[e])


def _pruned_by_mean(finished, curve, warmup):
    return _pruned(finished, curve, warmup, middle=mean)


def _pruned_at_median(finished, curve, warmup):
    return _pruned(finished, curve, warmup, at_least=False)


def _pruned_from_zero(finished, curve, warmup):
    run = epochs_until_pruned(finished, curve, warmup)
    return run - 1 if run < len(curve) else run


def _pruned_without_warmup(finished, curve, warmup):
    return epochs_until_pruned(finished, curve, 0)


_JOBS = (
    (110e6, 130e9, (1e11, 1e12), (20, 700)),
    (66e6, 15e6, (1e10, 4e11), (50, 400)),
    (7e9, 2e12, (2e11, 2e11), (100, 300)),
    (384, 1e6, (1e8, 1e10), (20, 700)),
)


def _verify_carbon(answer):
    for parameters, tokens, efficiency, intensity in _JOBS:
        found = call(answer, parameters, tokens, efficiency, intensity)
        where = f"For {parameters:.0e} parameters, {tokens:.0e} tokens, {efficiency} FLOP a joule and {intensity} g a kWh"
        pair = isinstance(found, tuple | list) and len(found) == 2
        expect(
            pair and all(isinstance(x, int | float) for x in found),
            f"{where}, expected two numbers, (low, high), and found {short(found)}.",
        )
        expected = _kilograms(parameters, tokens, efficiency, intensity)
        if all(math.isclose(f, e, rel_tol=1e-6) for f, e in zip(found, expected, strict=True)):
            continue
        told = f"found {found[0]:.2e} to {found[1]:.2e}, expected {expected[0]:.2e} to {expected[1]:.2e} kg."
        low, high = expected
        mistakes = {
            "the answer is in grams; kilograms are asked for": (1000 * low, 1000 * high),
            "a kilowatt-hour is 3,600,000 joules; your division is missing or is another": (3.6e6 * low, 3.6e6 * high),
            "a kilowatt-hour is 3,600,000 joules, and a watt-hour 3,600": (1000 * low, 1000 * high),
            "that is the cost of reading, 2 a parameter and token; training costs 6": (low / 3, high / 3),
            "the low end comes first": (high, low),
        }
        why = next((t for t, v in mistakes.items() if all(math.isclose(f, e, rel_tol=1e-6) for f, e in zip(found, v, strict=True))), None)
        crossed = _kilograms(parameters, tokens, efficiency[::-1], intensity)
        if why is None and all(math.isclose(f, e, rel_tol=1e-6) for f, e in zip(sorted(found), sorted(crossed), strict=True)):
            why = "the low end needs the *best* efficiency (most work for a joule) and the lowest intensity"
        refuse(f"{where}, {why or 'go step by step: FLOP, joules, kilowatt-hours, grams, kilograms'}: {told}")


def _kilograms(parameters, tokens, efficiency, intensity):
    """Returns (low, high) in kilograms; the oracle."""
    megajoules = [6 * parameters * tokens / e / 1e6 for e in reversed(efficiency)]
    return tuple(energy / 3.6 * grams / 1000 for energy, grams in zip(megajoules, intensity, strict=True))


def carbon_range(parameters, tokens, efficiency, intensity):
    flop = 6 * parameters * tokens
    worst, best = efficiency
    low = flop / best / 3.6e6 * intensity[0] / 1000
    high = flop / worst / 3.6e6 * intensity[1] / 1000
    return low, high


def _other_carbon(parameters, tokens, efficiency, intensity):
    every = [6 * parameters * tokens / (e * 3_600_000) * g / 1e3 for e in efficiency for g in intensity]
    return min(every), max(every)


def _carbon_in_grams(parameters, tokens, efficiency, intensity):
    return tuple(1000 * x for x in carbon_range(parameters, tokens, efficiency, intensity))


def _carbon_of_reading(parameters, tokens, efficiency, intensity):
    return tuple(x / 3 for x in carbon_range(parameters, tokens, efficiency, intensity))


def _carbon_of_joules(parameters, tokens, efficiency, intensity):
    return tuple(3.6e6 * x for x in carbon_range(parameters, tokens, efficiency, intensity))


def _carbon_crossed(parameters, tokens, efficiency, intensity):
    return carbon_range(parameters, tokens, efficiency[::-1], intensity)


def _sound_report():
    """Returns a report with the lesson's keys and no fault."""
    return {
        "question": "Does it help?",
        "seeds": [0, 1, 2, 3, 4],
        "data": {"train": {"rows": 437, "sha256": "7c" * 32}, "test": {"rows": 223, "sha256": "1a" * 32}},
        "search": {"method": "random", "trials": 20, "chosen by": "mean validation accuracy"},
        "held-out looks": ["Does it help?"],
        "held-out accuracy": {"new": [0.81, 0.76, 0.85], "old": [0.76, 0.71, 0.81]},
    }


_FAULTS = (
    ({}, set()),
    ({"seeds": [0, 1, 2]}, {"seeds"}),
    ({"seeds": [7] * 10}, {"seeds"}),
    ({"held-out looks": []}, {"looks"}),
    ({"held-out looks": ["first", "once more"]}, {"looks"}),
    ({"data": {"train": {"rows": 437, "sha256": "7c" * 32}, "test": {"rows": 223}}}, {"data"}),
    ({"data": {"train": {"rows": 437, "sha256": "7c5f"}}}, {"data"}),
    ({"held-out accuracy": {"new": [0.81, 0.76, 0.85]}}, {"baseline"}),
    ({"held-out accuracy": {"new": [0.81], "old": [0.76, 0.71, 0.81]}}, {"interval"}),
    ({"held-out accuracy": {"new": [0.91, 0.76, 0.85], "old": [0.76, 0.71, 0.81]}}, {"interval"}),
    ({"held-out accuracy": {"new": [0.81, 0.76, 0.85], "old": [0.70, 0.71, 0.81]}}, {"interval"}),
    ({"search": {"method": "TPE", "trials": 60, "chosen by": "best held-out accuracy"}}, {"choice"}),
    ({"seeds": [1], "held-out looks": ["a", "b"], "held-out accuracy": {"new": [0.8]}}, {"seeds", "looks", "baseline", "interval"}),
)
_SAID = {
    "seeds": "fewer than five *different* seeds",
    "looks": "a number of looks other than one",
    "data": "a part of the data without a sha256 of 64 characters",
    "baseline": "fewer than two entries under 'held-out accuracy'",
    "interval": "an entry that is not a mean with two ends around it",
    "choice": "a choice by the held-out set",
}


def _verify_faults(answer):
    for key in ("seeds", "data", "held-out looks"):
        report = _sound_report()
        del report[key]
        _judge_faults(answer, report, {key.removeprefix("held-out ")}, f"For a report without the key {key!r}")
    for change, expected in _FAULTS:
        told = ", ".join(f"{key!r}: {short(value)}" for key, value in change.items())
        _judge_faults(
            answer, _sound_report() | change, expected, f"For a report that is sound but for {told}" if change else "For a sound report"
        )


def _judge_faults(answer, report, expected, where):
    found = call(answer, report)
    expect(isinstance(found, set | list | tuple | frozenset), f"{where}, expected a set of words and found {short(found)}.")
    found = set(found)
    strange = found - set(_SAID)
    expect(not strange, f"{where}, found {short(strange)}; the words are {', '.join(_SAID)}.")
    missed, invented = sorted(expected - found), sorted(found - expected)
    expect(not missed, f"{where}, you missed {missed and missed[0]!r}: {_SAID[missed[0]] if missed else ''}.")
    expect(not invented, f"{where}, you found {invented and invented[0]!r}, which is in order there.")


def faults_of_a_report(report):
    faults = set()
    if len(set(report.get("seeds", []))) < 5:
        faults.add("seeds")
    if len(report.get("held-out looks", [])) != 1:
        faults.add("looks")
    parts = report.get("data", {}).values()
    if not parts or any(len(part.get("sha256", "")) != 64 for part in parts):
        faults.add("data")
    entries = report.get("held-out accuracy", {}).values()
    if len(entries) < 2:
        faults.add("baseline")
    if any(len(entry) != 3 or not entry[1] <= entry[0] <= entry[2] for entry in entries):
        faults.add("interval")
    if "held-out" in report.get("search", {}).get("chosen by", ""):
        faults.add("choice")
    return faults


def _other_faults(report):
    scores = list(report.get("held-out accuracy", {}).values())
    hashes = [part.get("sha256", "") for part in report.get("data", {"none": {}}).values()]
    found = {
        "seeds": len({*report.get("seeds", ())}) <= 4,
        "looks": len(report.get("held-out looks", ())) in (0, *range(2, 100)),
        "data": min(map(len, hashes)) < 64,
        "baseline": len(scores) in (0, 1),
        "interval": not all(len(s) == 3 and sorted(s)[1] == s[0] and s[1] <= s[2] for s in scores),
        "choice": "held-out" in str(report.get("search", {}).get("chosen by")),
    }
    return [word for word, fault in found.items() if fault]


def _faults_count_repeats(report):
    faults = faults_of_a_report(report) - {"seeds"}
    return faults | ({"seeds"} if len(report.get("seeds", [])) < 5 else set())


def _faults_allow_none(report):
    return faults_of_a_report(report) - ({"looks"} if not report.get("held-out looks") else set())


def _faults_any_hash(report):
    faults = faults_of_a_report(report) - {"data"}
    parts = report.get("data", {}).values()
    return faults | ({"data"} if not parts or not all(part.get("sha256") for part in parts) else set())


def _faults_first_interval(report):
    faults = faults_of_a_report(report) - {"interval"}
    first = next(iter(report["held-out accuracy"].values()))
    return faults | ({"interval"} if len(first) != 3 or not first[1] <= first[0] <= first[2] else set())


def _faults_with_keys(report):
    assert len(report["seeds"]) >= 0
    return faults_of_a_report(report)


_BUDGET, _SEARCHES, _MARGIN = 40, 12, 0.06


class _OverBudget(Exception):
    """The objective was asked once too often."""


class _Landscape:
    """An objective on the unit cube with its highest value, 1, at a place of its own; counts what it is asked."""

    def __init__(self, number, kind):
        import numpy

        self.draw = numpy.random.default_rng(1000 + 17 * number + kind)
        self.peak, self.kind, self.asked = self.draw.uniform(0.1, 0.9, 3), kind, []
        self.width = numpy.array([(0.3, 0.3, 0.3), (0.15, 0.3, 5.0), (0.5, 0.2, 0.35), (0.25, 0.25, 0.25)][kind])
        self.trap = 1 - self.peak

    def __call__(self, x):
        import numpy

        if len(self.asked) >= _BUDGET:
            raise _OverBudget(f"the objective was called more than {_BUDGET} times")
        x = numpy.array([float(v) for v in x])
        if x.shape != (3,) or not ((x >= 0) & (x <= 1)).all():
            raise ValueError(f"{x.tolist()} is outside: three numbers from 0 to 1 are expected")
        value = float(numpy.exp(-(((x - self.peak) / self.width) ** 2).sum()))
        if self.kind == 3:
            value = max(value, 0.6 * float(numpy.exp(-(((x - self.trap) / self.width) ** 2).sum())))
        self.asked.append((tuple(x.tolist()), value))
        return value


def _landscapes():
    return [_Landscape(number, kind) for kind in range(4) for number in range(_SEARCHES)]


def _verify_search(answer):
    mine, chance = [], []
    for seed, (landscape, rival) in enumerate(zip(_landscapes(), _landscapes(), strict=True)):
        found = call(answer, landscape, _BUDGET, seed)
        expect(landscape.asked, "Your search returned a place without asking the objective once.")
        place = tuple(float(v) for v in found) if hasattr(found, "__len__") and len(found) == 3 else None
        expect(place is not None, f"Expected the best place, three numbers from 0 to 1, and found {short(found)}.")
        tried = dict(landscape.asked)
        expect(place in tried, f"The place {short(place)} was never tried. Return the best of those that you asked about.")
        best = max(tried.values())
        expect(tried[place] == best, f"You returned a place worth {tried[place]:.3f}, although you had tried one worth {best:.3f}.")
        mine.append(best)
        _by_chance(rival, _BUDGET, seed)
        chance.append(max(value for _, value in rival.asked))
    again = [call(answer, _Landscape(0, 0), _BUDGET, 5) for _ in range(2)]
    expect(
        [*map(float, again[0])] == [*map(float, again[1])],
        "Twice the same seed, two different answers. Draw from a generator made of the seed.",
    )
    told = f"mean of the best over {len(mine)} searches: yours {mean(mine):.2f}, random search {mean(chance):.2f}"
    expect(
        mean(mine) >= mean(chance) + _MARGIN,
        f"It does not beat random search by {_MARGIN:.2f}: {told}. Use what the first trials have shown.",
    )
    return f"{told[0].upper()}{told[1:]}."


def _by_chance(objective, budget, seed):
    import numpy

    places = numpy.random.default_rng(seed).uniform(size=(budget, 3))
    return max(places.tolist(), key=objective)


def own_search(objective, budget, seed):
    import numpy

    draw = numpy.random.default_rng(seed)
    tried = []
    for trial in range(budget):
        if trial < budget // 3:  # look around
            place = draw.uniform(size=3)
        else:  # then near the best so far, in ever smaller steps
            step = 0.25 * (1 - trial / budget)
            place = numpy.clip(max(tried)[1] + draw.normal(0, step, size=3), 0, 1)
        tried.append((objective(place), place.tolist()))
    return max(tried)[1]


def _other_search(objective, budget, seed):
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True))
    study.optimize(lambda trial: objective([trial.suggest_float(name, 0, 1) for name in "xyz"]), n_trials=budget)
    optuna.logging.set_verbosity(before)
    return [study.best_params[name] for name in "xyz"]


def _search_on_grid(objective, budget, seed):
    places = [(x / 2, y / 2, z / 2) for x in range(3) for y in range(3) for z in range(3)]
    return max(places, key=objective)


def _search_overspends(objective, budget, seed):
    place = own_search(objective, budget, seed)
    return max(place, [0.5, 0.5, 0.5], key=objective)


def _search_leaves(objective, budget, seed):
    import numpy

    places = numpy.random.default_rng(seed).normal(0.5, 0.4, size=(budget, 3))
    return max(places.tolist(), key=objective)


def _search_last(objective, budget, seed):
    import numpy

    places = numpy.random.default_rng(seed).uniform(size=(budget, 3)).tolist()
    for place in places:
        objective(place)
    return places[-1]


def _search_middle(objective, budget, seed):
    return [0.5, 0.5, 0.5]


EXERCISES = (
    Exercise(
        name="running_best",
        verify=_verify_running,
        solution=running_best,
        hints=(
            "Walk through the values and keep one variable: the best so far. Begin it with None.",
            "A value is better when it is not None and there is no best yet, or it is greater (or smaller, when minimising).",
            "`0.0` is false in Python: ask `best is None`, not `not best`.",
        ),
        wrong={
            "always the largest": Wrong(_running_always_max, because="the other direction"),
            "failed trials as 0": Wrong(_running_with_zero, because="counted as 0"),
            "failed trials left out": Wrong(_running_drops, because="one entry a trial"),
            "writes into the list": Wrong(_running_in_place, because="changed the list"),
        },
        other=_other_running,
    ),
    Exercise(
        name="luck_of_the_best",
        verify=_verify_luck,
        solution=luck_of_the_best,
        hints=(
            "`numpy.random.default_rng(seed).binomial(rows, truth, size=(4000, models))` draws 4,000 groups of models at once.",
            "The best of each group is `.max(axis=1)`; divide by the rows, take the mean, subtract the truth.",
        ),
        wrong={
            "mean of all models": Wrong(_luck_of_mean, because="not of the best one"),
            "the score itself": Wrong(_luck_without_truth, because="difference from the truth"),
            "counts, not shares": Wrong(_luck_counted, because="divide the number"),
            "one group": Wrong(_luck_once, because="2,000 groups"),
            "no seed": Wrong(_luck_without_seed, because="the same seed"),
        },
        other=_other_luck,
        seconds=60.0,
    ),
    Exercise(
        name="epochs_until_pruned",
        verify=_verify_pruned,
        solution=epochs_until_pruned,
        hints=(
            "At each epoch two numbers are compared: the best of the curve up to here, and the median of the others at this epoch.",
            "`statistics.median(other[epoch] for other in finished)`; begin the loop at `warmup`.",
            "Stopped after the epoch with index 2, three epochs were run. Never stopped: all of them.",
        ),
        wrong={
            "the epoch's own score": Wrong(_pruned_by_epoch, because="the best that the trial has shown so far"),
            "mean": Wrong(_pruned_by_mean, because="takes the median"),
            "stops at the median": Wrong(_pruned_at_median, because="exactly at the median"),
            "counts from zero": Wrong(_pruned_from_zero, because="has been run"),
            "no warm-up": Wrong(_pruned_without_warmup, because="never judged"),
        },
        other=_other_pruned,
    ),
    Exercise(
        name="carbon_range",
        verify=_verify_carbon,
        solution=carbon_range,
        hints=(
            "FLOP = 6 × parameters × tokens. Divided by FLOP a joule: joules. Divided by 3.6 million: kilowatt-hours.",
            "Kilowatt-hours times grams, divided by 1000: kilograms. The low end: best efficiency, lowest intensity.",
        ),
        wrong={
            "grams": Wrong(_carbon_in_grams, because="in grams"),
            "the cost of reading": Wrong(_carbon_of_reading, because="training costs 6"),
            "joules for kilowatt-hours": Wrong(_carbon_of_joules, because="3,600,000 joules"),
            "ends crossed": Wrong(_carbon_crossed, because="*best* efficiency"),
        },
        other=_other_carbon,
    ),
    Exercise(
        name="faults_of_a_report",
        verify=_verify_faults,
        solution=faults_of_a_report,
        hints=(
            "One `if` for each word. `report.get(key, [])` also works where the key is missing.",
            "Different seeds: the length of a set. Ends in order: `low <= mean <= high`, for every entry, and only when there are three.",
            "Exactly one look: none at all is a fault as well, since then nothing was held out and read.",
        ),
        wrong={
            "one seed ten times": Wrong(_faults_count_repeats, because="*different* seeds"),
            "no look is fine": Wrong(_faults_allow_none, because="other than one"),
            "any hash": Wrong(_faults_any_hash, because="64 characters"),
            "only the first entry": Wrong(_faults_first_interval, because="two ends around it"),
            "trusts the keys": Wrong(_faults_with_keys, because="KeyError"),
        },
        other=_other_faults,
    ),
    Exercise(
        name="own_search",
        verify=_verify_search,
        solution=own_search,
        hints=(
            "Spend a third of the budget at random, to see the land. Keep (value, place) of every trial.",
            "Spend the rest near the best place so far: add small normal noise, and clip to the range 0 to 1.",
            "Let the noise shrink as the budget runs out: wide steps first, narrow ones at the end.",
        ),
        wrong={
            "random search": Wrong(_by_chance, because="does not beat random search"),
            "a grid": Wrong(_search_on_grid, because="does not beat random search"),
            "one call too many": Wrong(_search_overspends, because="more than 40 times"),
            "leaves the cube": Wrong(_search_leaves, because="is outside"),
            "returns the last": Wrong(_search_last, because="although you had tried"),
            "always the middle": Wrong(_search_middle, because="without asking"),
        },
        other=_other_search,
        seconds=120.0,
    ),
)
