"""Exercises of the lesson on scaling out: a share of rows, an autoscaler, a quantile of buckets, a query, a plan for a day."""

import math
import random
from itertools import pairwise

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short


def _verify_share(answer):
    for size in (0, 1, 2, 3, 7, 10, 64, 101):
        for count in (1, 2, 3, 4, 10):
            rows = [f"row {number}" for number in range(size)]
            given = list(rows)
            parts = [list(call(answer, given, index, count)) for index in range(count)]
            expect(given == rows, "Your function changed the list that it was given; the next process gets another one then.")
            where = f"{size} rows for {count} processes: parts of {short([len(part) for part in parts])} rows"
            taken = [row for part in parts for row in part]
            doubled = sorted({row for row in taken if taken.count(row) > 1})
            expect(not doubled, f"{where}; {short(doubled[0] if doubled else '')} is in more than one part.")
            lost = [row for row in rows if row not in taken]
            expect(not lost, f"{where}; {short(lost[0] if lost else '')} is in no part. What about the rows that are left over?")
            expect(len(taken) == size, f"{where}; found rows that were never there.")
            sizes = [len(part) for part in parts]
            expect(max(sizes) - min(sizes) <= 1, f"{where}; the slowest process decides, so none may have more than one row more.")


def share(rows, index, count):
    return rows[index::count]


def _other_share(rows, index, count):
    return rows[len(rows) * index // count : len(rows) * (index + 1) // count]


def _share_without_rest(rows, index, count):
    size = len(rows) // count
    return rows[index * size : (index + 1) * size]


def _share_rest_to_last(rows, index, count):
    size = len(rows) // count
    return rows[index * size :] if index + 1 == count else rows[index * size : (index + 1) * size]


def _share_filled_up(rows, index, count):
    size = math.ceil(len(rows) / count)
    return [rows[(index + turn * count) % len(rows)] for turn in range(size)]


def _share_counts_from_one(rows, index, count):
    return rows[index + 1 :: count]


def _verify_autoscaled(answer):
    cases = [(4, 90, 60, 2, 12), (4, 30, 60, 2, 12), (4, 63, 60, 2, 12), (4, 57, 60, 2, 12), (10, 100, 60, 2, 12), (2, 5, 60, 2, 12)]
    cases += [(1, 65, 60, 1, 9), (1, 67, 60, 1, 9), (3, 61, 60, 5, 9), (20, 60, 60, 2, 12), (7, 0, 50, 1, 9)]
    draw = random.Random(2)
    for _ in range(60):
        low = draw.randint(1, 4)
        cases.append((draw.randint(1, 20), draw.randint(0, 150), draw.choice((40, 50, 60, 80)), low, low + draw.randint(0, 12)))
    # Exactly a tenth away, busy / target is a fraction that floating point puts on either side.
    cases = [case for case in cases if abs(case[1] - case[2]) * 10 != case[2]]
    for case in cases:
        now, busy, target, low, high = case
        found, expected = call(answer, *case), _other_replicas(*case)
        where = f"{now} replicas, {busy} per cent busy, target {target}, from {low} to {high}: found {short(found)}, expected {expected}."
        expect(low <= found <= high, f"{where} The bounds hold always, also where nothing else would change.")
        if abs(busy - target) * 10 <= target:
            expect(found == expected, f"{where} So near to the target it leaves the number alone, or it would never rest.")
        expect(
            found == expected or found != min(max(math.floor(now * busy / target), low), high),
            f"{where} Round up: with one too few all of them are too busy.",
        )
        expect(found == expected, f"{where} Take now * busy / target, rounded up.")


def replicas(now, busy, target, low, high):
    wanted = now if abs(busy - target) * 10 <= target else math.ceil(now * busy / target)
    return max(low, min(high, wanted))


def _other_replicas(now, busy, target, low, high):
    near = 9 * target <= 10 * busy <= 11 * target
    return sorted((low, now if near else -(-now * busy // target), high))[1]


def _replicas_rounded_down(now, busy, target, low, high):
    wanted = now if abs(busy - target) * 10 <= target else now * busy // target
    return max(low, min(high, wanted))


def _replicas_restless(now, busy, target, low, high):
    return max(low, min(high, math.ceil(now * busy / target)))


def _replicas_without_bounds(now, busy, target, low, high):
    return now if abs(busy - target) * 10 <= target else math.ceil(now * busy / target)


def _replicas_one_at_a_time(now, busy, target, low, high):
    step = 0 if abs(busy - target) * 10 <= target else 1 if busy > target else -1
    return max(low, min(high, now + step))


def _verify_quantile(answer):
    cases = [
        (0.5, [(0.1, 60), (0.5, 90), (math.inf, 100)]),
        (0.75, [(0.1, 60), (0.5, 90), (math.inf, 100)]),
        (0.95, [(0.1, 60), (0.5, 90), (math.inf, 100)]),
        (0.9, [(0.1, 60), (0.5, 90), (math.inf, 100)]),
        (0.5, [(0.1, 0), (0.2, 10), (0.4, 10), (math.inf, 10)]),
        (0.8, [(0.1, 5), (0.2, 5), (0.4, 10), (math.inf, 10)]),
    ]
    draw = random.Random(3)
    for _ in range(40):
        bounds = sorted(draw.sample((0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0), draw.randint(1, 6)))
        counts = sorted(draw.randint(0, 200) for _ in range(len(bounds)))
        pairs = [*zip(bounds, counts, strict=True), (math.inf, counts[-1] + draw.randint(1, 30))]
        cases.append((draw.choice((0.5, 0.9, 0.95, 0.99)), pairs))
    for part, buckets in cases:
        found, expected = call(answer, part, list(buckets)), _other_quantile(part, buckets)
        expect(isinstance(found, int | float), f"Expected a number of seconds and found {short(found)}.")
        where = f"For share {part} of {short(buckets)}: found {found:.4g}, expected {expected:.4g}."
        expect(math.isfinite(found), f"{where} Nobody waited for ever: in the last bucket, return the last finite bound.")
        if abs(found - expected) > 1e-9:
            expect(found not in [bound for bound, _ in buckets], f"{where} That is a bound; go only part of the way to it.")
            expect(found <= expected, f"{where} Too far. The counts hold all answers up to a bound, those of lower buckets included.")
            refuse(f"{where} Not far enough. Start at the lower bound of the bucket, and at the count that belongs to it.")


def quantile(share, buckets):
    number = share * buckets[-1][1]
    lower, below = 0.0, 0
    for bound, count in buckets:
        if count >= number and count > below:
            return lower if math.isinf(bound) else lower + (bound - lower) * (number - below) / (count - below)
        lower, below = bound, count
    return lower


def _other_quantile(share, buckets):
    number = share * buckets[-1][1]
    for (lower, below), (bound, count) in pairwise([(0.0, 0), *buckets]):
        if below < count and number <= count:
            way = (number - below) / (count - below)
            return lower if bound == math.inf else (1 - way) * lower + way * bound
    raise ValueError("no answers")


def _quantile_infinite(share, buckets):
    found = quantile(share, buckets)
    return math.inf if found == buckets[-2][0] and buckets[-2][1] < share * buckets[-1][1] else found


def _quantile_bound_only(share, buckets):
    number, last = share * buckets[-1][1], 0.0
    for bound, count in buckets:
        if count >= number:
            return last if bound == math.inf else bound
        last = bound
    return last


def _quantile_from_zero(share, buckets):
    number, lower, below = share * buckets[-1][1], 0.0, 0
    for bound, count in buckets:
        if count >= number and count > below:
            return lower if math.isinf(bound) else lower + (bound - lower) * number / count
        lower, below = bound, count
    return lower


def _quantile_only_the_way(share, buckets):
    number, lower, below = share * buckets[-1][1], 0.0, 0
    for bound, count in buckets:
        if count >= number and count > below:
            return lower if math.isinf(bound) else (bound - lower) * (number - below) / (count - below)
        lower, below = bound, count
    return lower


_SECONDS = 300  # five minutes


def _cluster(seed):
    """Returns the series of three replicas, as (labels, value five minutes ago, value now), and the share that is to be found."""
    draw, series, asked, refused = random.Random(seed), [], 0, 0
    for pod in ("a", "b", "c"):
        for path in ("/classify", "/generate", "/health/ready"):
            for status in ("200", "422", "500", "503", "504"):
                begin, more = draw.randint(0, 5000), draw.randint(5, 400)
                series.append(({"pod": pod, "path": path, "method": "POST", "status": status}, begin, begin + more))
                if path == "/classify":
                    asked, refused = asked + more, refused + more * (status == "503")
    return {"serving_requests_total": series}, refused / asked


def _verify_query(answer):
    expect(isinstance(answer, str), f"Expected the query as a string and found {short(answer)}.")
    try:
        from promql_parser import parse
    except ModuleNotFoundError:
        refuse("The check wants the package promql-parser. `make setup`, or pip install 'hugging-face-in-miniature[scale]' brings it.")
    try:
        tree = parse(answer)
    except ValueError as error:
        refuse(f"This is no PromQL: {error}.")
    for seed in range(4):
        data, expected = _cluster(seed)
        found = _evaluate(tree, data)
        expect(found, "The query finds nothing: no series has these labels. Compare each name with a line of /metrics.")
        expect(len(found) == 1, f"The query gives {len(found)} numbers, one for each {short(dict(found[0][0]))}. Add them up: sum(...).")
        labels, value = found[0]
        expect(not labels, f"The number still carries the labels {short(dict(labels))}. sum(...) without `by` has none.")
        where = f"On replicas of the check's own: found {value:.4f}, expected {expected:.4f}."
        expect("[" in answer, f"{where} These are the counts since each replica began. Take rate(…[5m]), the last five minutes.")
        expect(value <= 1.0000001, f"{where} A share is at most 1. What stands below the line?")
        if abs(value - expected) > 1e-9:
            expect("/classify" in answer, f"{where} Other paths are counted as well, the probes among them.")
            expect("5.." not in answer, f"{where} 5.. is every failure; refused for want of room is 503 alone.")
            refuse(f"{where} Add up first and divide then; the same path above the line and below, and the status only above.")


def _evaluate(node, data):
    """Returns the value of a parsed query as a list of (labels as a frozenset of pairs, number); refuses what it does not know."""
    kind = type(node).__name__
    if kind == "NumberLiteral":
        return [(frozenset(), node.val)]
    if kind == "ParenExpr":
        return _evaluate(node.expr, data)
    if kind == "VectorSelector":
        return [(labels, now) for labels, _, now in _chosen(node, data)]
    if kind == "Call" and node.func.name in ("rate", "increase"):
        over = _SECONDS if node.func.name == "rate" else 1
        expect(node.args[0].range.total_seconds() == _SECONDS, "Expected the last five minutes: [5m].")
        return [(labels, (now - before) / over) for labels, before, now in _chosen(node.args[0].vector_selector, data)]
    if kind == "AggregateExpr" and str(node.op) in ("sum", "avg", "min", "max"):
        return _aggregated(node, _evaluate(node.expr, data))
    if kind == "BinaryExpr" and str(node.op) in "+-*/":
        return _combined(str(node.op), _evaluate(node.lhs, data), _evaluate(node.rhs, data))
    refuse(f"The check does not follow {kind}. Use rate, sum, brackets and + - * /.")


def _chosen(selector, data):
    import re

    expect(selector.name in data, f"No metric is called {selector.name!r}. The requests are counted in serving_requests_total.")
    fits = {
        "MatchOp.Equal": lambda value, wanted: value == wanted,
        "MatchOp.NotEqual": lambda value, wanted: value != wanted,
        "MatchOp.Re": lambda value, wanted: re.fullmatch(wanted, value) is not None,
        "MatchOp.NotRe": lambda value, wanted: re.fullmatch(wanted, value) is None,
    }
    matchers = selector.matchers.matchers
    rows = data[selector.name]
    rows = [row for row in rows if all(fits[str(m.op)](row[0].get(m.name, ""), m.value) for m in matchers)]
    return [(frozenset(labels.items()), before, now) for labels, before, now in rows]


def _aggregated(node, values):
    by = set(node.modifier.labels) if node.modifier else set()
    without = bool(node.modifier) and "Exclude" in str(node.modifier.type)
    groups = {}
    for labels, value in values:
        kept = frozenset(pair for pair in labels if (pair[0] in by) != without) if node.modifier else frozenset()
        groups.setdefault(kept, []).append(value)
    work = {"sum": sum, "avg": lambda some: sum(some) / len(some), "min": min, "max": max}[str(node.op)]
    return [(labels, work(some)) for labels, some in groups.items()]


def _combined(sign, left, right):
    work = {"+": float.__add__, "-": float.__sub__, "*": float.__mul__, "/": lambda a, b: a / b if b else math.nan}[sign]
    numbers = [side for side in (left, right) if len(side) == 1 and not side[0][0]]
    if len(numbers) == 1:
        one = numbers[0][0][1]
        swap = numbers[0] is left
        pairs = [(labels, (one, value) if swap else (value, one)) for labels, value in (right if swap else left)]
        return [(labels, work(*map(float, pair))) for labels, pair in pairs]
    other = dict(right)
    return [(labels, work(float(value), float(other[labels]))) for labels, value in left if labels in other]


def refused_share():
    asked = 'sum(rate(serving_requests_total{path="/classify"}[5m]))'
    refused = 'sum(rate(serving_requests_total{path="/classify",status="503"}[5m]))'
    return f"{refused} / {asked}"


_OTHER_QUERY = (
    'sum(increase(serving_requests_total{status="503", path="/classify"}[5m])) '
    '/ sum(increase(serving_requests_total{path=~"/classify"}[5m]))'
)
_TOTALS = 'sum(serving_requests_total{path="/classify",status="503"}) / sum(serving_requests_total{path="/classify"})'
_EACH = 'rate(serving_requests_total{path="/classify",status="503"}[5m]) / rate(serving_requests_total{path="/classify"}[5m])'


def _verify_plan(answer):
    draw = random.Random(5)
    days = [[100.0] * 24, [1.0] * 24, [10 + 90 * (8 <= hour < 18) for hour in range(24)], [5.0] * 12 + [900.0] + [5.0] * 11]
    days += [[draw.uniform(0, 500) for _ in range(24)] for _ in range(6)]
    days += [[115.7 * (1 + 0.8 * math.sin(2 * math.pi * (hour - 9) / 24)) for hour in range(24)], [0.0] * 24, [40.0, 120.0]]
    for demands in days:
        for each in (10.0, 50.0):
            found = list(call(answer, list(demands), each))
            expect(len(found) == len(demands), f"Expected a number for each of {len(demands)} hours; found {len(found)}.")
            expect(all(isinstance(n, int) for n in found), f"Expected whole replicas; found {short(found)}.")
            for hour, count in enumerate(found):
                where = f"Hour {hour}, {demands[hour]:.0f} requests a second, {each:.0f} each: {count} replicas."
                expect(count >= 2, f"{where} Expected two at least: one may die.")
                _carried(where, count, demands[hour], each, "")
                _carried(where, count, demands[(hour + 1) % len(demands)], each, " when the next hour begins, whose replicas must be there")
            least = sum(_least(demands, each))
            expect(
                sum(found) <= 1.1 * least + 1e-9,
                f"For {short([round(one) for one in demands])} requests a second: {sum(found)} core hours, where {least} would do. "
                "Do you keep the worst hour's replicas all day?",
            )
    return f"Its last day costs {sum(found)} core hours."


def _carried(where, count, demand, each, when):
    busy = demand / (each * (count - 1))
    expect(
        busy <= 0.8 + 1e-9,
        f"{where} If one dies{when}, the others are busy for {busy:.0%} of the time; expected 80% at most.",
    )


def _least(demands, each):
    ahead = [max(pair) for pair in zip(demands, [*demands[1:], demands[0]], strict=True)]
    return [max(2, 1 + math.ceil(demand / (0.8 * each) - 1e-9)) for demand in ahead]


def plan(demands, each):
    def needed(demand):
        return max(2, math.ceil(demand / (0.8 * each) - 1e-9) + 1)

    return [max(needed(demands[hour]), needed(demands[(hour + 1) % len(demands)])) for hour in range(len(demands))]


def _other_plan(demands, each):
    counts, hours = [], len(demands)
    for hour in range(hours):
        count = 2
        while max(demands[hour], demands[hour - hours + 1]) > 0.8 * each * (count - 1) + 1e-9:
            count += 1
        counts.append(count)
    return counts


def _plan_all_day(demands, each):
    return [max(2, math.ceil(max(demands) / (0.8 * each) - 1e-9) + 1)] * len(demands)


def _plan_without_spare(demands, each):
    return [max(2, math.ceil(max(demands[h], demands[(h + 1) % len(demands)]) / (0.8 * each) - 1e-9)) for h in range(len(demands))]


def _plan_too_late(demands, each):
    return [max(2, math.ceil(demand / (0.8 * each) - 1e-9) + 1) for demand in demands]


def _plan_one_at_night(demands, each):
    return [1 if demand < each / 2 else count for demand, count in zip(demands, _other_plan(demands, each), strict=True)]


EXERCISES = (
    Exercise(
        name="share_of_rows",
        verify=_verify_share,
        solution=share,
        hints=(
            "Deal them out like cards: process 0 takes the first, process 1 the second, and after the last it begins again.",
            "A slice takes a step: rows[start::step].",
        ),
        wrong={
            "the rest is forgotten": Wrong(_share_without_rest, because="left over"),
            "the last takes the rest": Wrong(_share_rest_to_last, because="the slowest process decides"),
            "filled up as in training": Wrong(_share_filled_up, because="in more than one part"),
            "counts from one": Wrong(_share_counts_from_one, because="is in no part"),
        },
        other=_other_share,
    ),
    Exercise(
        name="autoscaled",
        verify=_verify_autoscaled,
        solution=replicas,
        hints=(
            "Three steps: is it near enough to rest; if not, how many are wanted; then the bounds, in any case.",
            "math.ceil rounds up; max(low, min(high, wanted)) keeps the bounds. Near is abs(busy - target) * 10 <= target.",
        ),
        wrong={
            "rounds down": Wrong(_replicas_rounded_down, because="Round up"),
            "never rests": Wrong(_replicas_restless, because="never rest"),
            "no bounds": Wrong(_replicas_without_bounds, because="The bounds hold always"),
            "one at a time": Wrong(_replicas_one_at_a_time, because="now * busy / target"),
        },
        other=_other_replicas,
    ),
    Exercise(
        name="bucket_quantile",
        verify=_verify_quantile,
        solution=quantile,
        hints=(
            "Walk through the buckets and remember the bound and the count of the one before; at first both are 0.",
            "The bucket is the first whose count reaches share * total. Within it lie count - below answers.",
            "lower + (bound - lower) * (number - below) / (count - below), unless the bound is infinite: then lower.",
        ),
        wrong={
            "the upper bound": Wrong(_quantile_bound_only, because="That is a bound"),
            "infinity": Wrong(_quantile_infinite, because="Nobody waited for ever"),
            "counts lower buckets again": Wrong(_quantile_from_zero, because="Too far"),
            "starts at zero": Wrong(_quantile_only_the_way, because="Not far enough"),
        },
        other=_other_quantile,
    ),
    Exercise(
        name="refused_share",
        verify=_verify_query,
        solution=refused_share,
        value=True,
        hints=(
            'Two sums with a line between them: refused ones above, all below. {path="/classify"} chooses the path in both.',
            'Each of them is sum(rate(serving_requests_total{…}[5m])); above, add status="503" to the labels.',
        ),
        wrong={
            "since the start": Wrong(_TOTALS, because="since each replica began"),
            "every path": Wrong(refused_share().replace('path="/classify",', "").replace('{path="/classify"}', ""), because="Other paths"),
            "every failure": Wrong(refused_share().replace('="503"', '=~"5.."'), because="503 alone"),
            "not added up": Wrong(_EACH, because="Add them up"),
            "a misspelt value": Wrong(refused_share().replace("/classify", "/clasify"), because="finds nothing"),
            "not a query": Wrong("share of 503", because="no PromQL"),
        },
        other=_OTHER_QUERY,
    ),
    Exercise(
        name="day_plan",
        verify=_verify_plan,
        solution=plan,
        hints=(
            "Write a function for one hour first: how many replicas, so that all but one of them carry its requests?",
            "All but one carry 0.8 * each * (count - 1) requests a second. Solve for count, and round up.",
            "An hour takes the larger number of its own and the next one's; (hour + 1) % len(demands) is the next.",
        ),
        wrong={
            "the worst hour all day": Wrong(_plan_all_day, because="core hours, where"),
            "no spare": Wrong(_plan_without_spare, because="If one dies, the others"),
            "too late": Wrong(_plan_too_late, because="when the next hour begins"),
            "one at night": Wrong(_plan_one_at_night, because="two at least"),
        },
        other=_other_plan,
    ),
)
