"""Exercises of the lesson on serving: a tail of latencies, a refusal, a rate, batches in time, a client with manners."""

import math
import random

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short


def _verify_tail(answer):
    draw = random.Random(4)
    cases = [
        ([5], 0.5),
        ([1, 2, 3, 4], 0.5),
        ([1, 2, 3, 4], 0.51),
        ([3, 1, 2], 1.0),
        (list(range(1, 101)), 0.95),
        (list(range(100, 0, -1)), 0.99),
    ]
    cases += [([draw.randint(1, 50) for _ in range(draw.randint(1, 40))], draw.choice((0.5, 0.9, 0.95, 0.99))) for _ in range(40)]
    for times, share in cases:
        given = list(times)
        found = call(answer, given, share)
        where = f"For times {short(times)} and share {share}"
        expect(given == times, f"{where}, your function changed the list that it was given. Sort a copy: sorted(times).")
        expect(found in times, f"{where}, found {short(found)}, which is none of the times; expected one that was measured.")
        expected = _tail_by_counting(times, share)
        below = sum(time <= found for time in times)
        expect(
            found == expected or found != _tail_unsorted(times, share), f"{where}, found {found}; expected {expected}. Did you sort them?"
        )
        expect(
            found >= expected,
            f"{where}, found {found}: only {below} of {len(times)} times are not above it. Expected {expected}.",
        )
        expect(
            found == expected, f"{where}, found {found}, and a smaller one does as well: expected {expected}. Are you one place too far?"
        )


def _tail_by_counting(times, share):
    """Returns the smallest time that enough do not exceed; the oracle, which tries all."""
    return min(value for value in times if sum(time <= value for time in times) >= share * len(times) - 1e-9)


def tail(times, share):
    ordered = sorted(times)
    place = math.ceil(share * len(ordered) - 1e-9)
    return ordered[max(place, 1) - 1]


def _tail_unsorted(times, share):
    return times[max(math.ceil(share * len(times) - 1e-9), 1) - 1]


def _tail_one_too_far(times, share):
    ordered = sorted(times)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _tail_in_between(times, share):
    ordered = sorted(times)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low) + 0.25


def _tail_in_place(times, share):
    times.sort()
    return times[max(math.ceil(share * len(times) - 1e-9), 1) - 1]


_GOOD_BODIES = [{"text": "a"}, {"text": "  soup "}, {"text": "x" * 20}, {"text": "0"}, {"text": "\u00e9t\u00e9"}]
_BAD_BODIES = {
    "a list": ["text"],
    "a string that holds the word text": "text",
    "null": None,
    "a number": 3,
    "an empty object": {},
    "a misspelt field": {"txet": "soup"},
    "a field too many": {"text": "soup", "language": "fr"},
    "a field too many, with a long name": {"text": "soup", "x" * 5_000: 1},
    "a number as the text": {"text": 3},
    "true as the text": {"text": True},
    "null as the text": {"text": None},
    "a list as the text": {"text": ["soup"]},
    "a list of a thousand as the text": {"text": ["soup"] * 1_000},
    "an empty text": {"text": ""},
    "a text of white space": {"text": " \n\t "},
    "a text one too long": {"text": "x" * 21},
    "a text far too long": {"text": "x" * 100_000},
    "not a number as the text": {"text": math.nan},
}


def _verify_refusal(answer):
    for body in _GOOD_BODIES:
        found = _asked(answer, body)
        expect(found is None, f"{short(body)} with at most 20 characters is good, and was refused: {short(found)}. Expected None.")
    for name, body in _BAD_BODIES.items():
        found = _asked(answer, body)
        expect(found is not None, f"A body with {name} was let through: {short(body)}. Expected a sentence.")
        expect(isinstance(found, str), f"For {name}, found {short(found)}; expected a string, or None for a good body.")
        words = found.lower()
        expect("found" in words and "expected" in words, f"For {name}, your sentence lacks *found* or *expected*: {short(found)}.")
        expect(
            len(found) <= 200, f"For {name}, your sentence has {len(found)} characters; expected at most 200. Do not quote what was sent."
        )
    sentences = {_asked(answer, _BAD_BODIES[name]) for name in ("null", "a field too many", "a number as the text", "a text one too long")}
    expect(len(sentences) == 4, "Four different mistakes get the same sentence. Name what is wrong, or nobody can mend it.")


def _asked(answer, body):
    try:
        return answer(body, 20)
    except Exception as error:
        refuse(f"refusal({short(body)}, 20) raised {type(error).__name__}: {str(error)[:100]}. To a sender that would be a 500.")


def refusal(body, longest):
    if not isinstance(body, dict):
        return f"Found {type(body).__name__}, expected an object with the field text."
    if set(body) != {"text"}:
        return f"Found {len(body)} fields, of which {len(set(body) - {'text'})} are unknown; expected the one field text."
    text = body["text"]
    if not isinstance(text, str):
        return f"text: found {type(text).__name__}, expected a string."
    if not text.strip():
        return "text: found nothing but white space, expected words."
    if len(text) > longest:
        return f"text: found {len(text)} characters, expected at most {longest}."
    return None


def _other_refusal(body, longest):
    match body:
        case {"text": str(text)} if len(body) == 1:
            good = text.strip() and len(text) <= longest
            return None if good else f"Expected 1 to {longest} characters that are not all spaces; found {len(text)} in text."
        case {"text": value} if len(body) == 1:
            return f"Expected a string as text; found {str(value)[:20]}"
        case dict():
            return f"Expected text and nothing else; found {len(body)} fields: {', '.join(map(str, body))[:80]}"
    return f"Expected an object; found {str(body)[:20]}"


def _refusal_quotes(body, longest):
    return None if refusal(body, longest) is None else f"found {body}, expected a text"


def _refusal_one_for_all(body, longest):
    return None if refusal(body, longest) is None else "Found a bad request, expected a good one."


def _refusal_trusts_the_shape(body, longest):
    text = body["text"]
    return (
        None
        if isinstance(text, str) and text.strip() and len(text) <= longest
        else f"found {len(str(text))} characters, expected {longest}"
    )


def _refusal_lets_spaces_pass(body, longest):
    said = refusal(body, longest)
    return None if said and "white space" in said and body["text"] else said


def _refusal_lets_fields_pass(body, longest):
    return refusal({"text": body["text"]} if isinstance(body, dict) and "text" in body else body, longest)


_KNOCKS = [
    ([0, 0.5, 1.0, 1.5], 1, 2),
    ([0, 0, 0, 0], 1, 3),
    ([0, 0, 0, 0.5, 1.0, 1.5, 2.0], 1, 3),
    ([0, 0, 100, 100, 100], 1, 2),
    ([0, 0.25, 0.5, 0.75, 1.0, 1.25], 2, 1),
    ([5, 5.5, 6, 6.5, 7], 0.5, 1),
    ([0, 0.5, 0.5, 0.5, 0.5, 1.5, 2.5], 1, 2),
    ([], 1, 1),
]


def _verify_admitted(answer):
    draw = random.Random(2)
    cases = list(_KNOCKS)
    for _ in range(30):
        times = sorted(draw.randint(0, 40) / 4 for _ in range(draw.randint(1, 25)))
        cases.append((times, draw.choice((0.25, 0.5, 1, 2)), draw.randint(1, 4)))
    mistakes = {
        "you never forget tokens: a client that was silent for long has more than its burst": _admitted_hoards,
        "you take a token from those who are refused as well": _admitted_punishes,
        "the client has all its tokens at first": _admitted_starts_empty,
        "tokens come back in fractions too, not only in whole ones": _admitted_in_whole_ones,
    }
    for times, rate, burst in cases:
        given = list(times)
        found = call(answer, given, rate, burst)
        where = f"For knocks at {short(times)}, rate {rate}, burst {burst}"
        expect(
            isinstance(found, list | tuple) and len(found) == len(times), f"{where}, expected {len(times)} answers, found {short(found)}."
        )
        expected = admitted(times, rate, burst)
        if [bool(one) for one in found] != expected:
            why = next(
                (words for words, wrong in mistakes.items() if wrong(times, rate, burst) == list(found)), "look at the first that differs"
            )
            refuse(f"{where}, {why}: found {short(list(found))}, expected {short(expected)}.")


def admitted(times, rate, burst):
    tokens, before, answers = float(burst), None, []
    for time in times:
        if before is not None:
            tokens = min(burst, tokens + (time - before) * rate)
        before = time
        answers.append(tokens >= 1 - 1e-9)
        if answers[-1]:
            tokens -= 1
    return answers


def _other_admitted(times, rate, burst):
    """Counts in time instead of in tokens: each request let in pushes the moment at which all is paid off one interval on."""
    paid, answers = -math.inf, []
    for time in times:
        start = max(paid, time)
        answers.append(start - time <= (burst - 1) / rate + 1e-9)
        if answers[-1]:
            paid = start + 1 / rate
    return answers


def _admitted_hoards(times, rate, burst):
    tokens, before, answers = float(burst), None, []
    for time in times:
        tokens += 0 if before is None else (time - before) * rate
        before = time
        answers.append(tokens >= 1 - 1e-9)
        tokens -= answers[-1]
    return answers


def _admitted_punishes(times, rate, burst):
    tokens, before, answers = float(burst), None, []
    for time in times:
        tokens = min(burst, tokens + (0 if before is None else (time - before) * rate))
        before = time
        answers.append(tokens >= 1 - 1e-9)
        tokens -= 1
    return answers


def _admitted_starts_empty(times, rate, burst):
    tokens, before, answers = 0.0, 0.0, []
    for time in times:
        tokens = min(burst, tokens + (time - before) * rate)
        before = time
        answers.append(tokens >= 1 - 1e-9)
        tokens -= answers[-1]
    return answers


def _admitted_in_whole_ones(times, rate, burst):
    tokens, before, answers = burst, None, []
    for time in times:
        tokens = min(burst, tokens + (0 if before is None else int((time - before) * rate)))
        before = time
        answers.append(tokens >= 1)
        tokens -= answers[-1]
    return answers


_ARRIVALS = [
    ([0, 5, 6, 8, 12, 15, 16], 3, 2, 5),
    ([], 3, 2, 5),
    ([0], 3, 2, 5),
    ([0, 1, 2, 3], 3, 2, 5),
    ([0, 1, 2, 3, 4, 5, 6, 7], 4, 2, 10),
    ([0, 0, 0, 0, 0], 2, 3, 4),
    ([0, 5, 6, 7, 8], 8, 2, 3),
    ([0, 1, 2, 3, 20, 21], 2, 4, 1),
    ([0, 2, 4, 6, 8], 8, 2, 0),
    ([0, 1, 9, 10, 11], 8, 1, 9),
]


def _verify_batches(answer):
    draw = random.Random(6)
    cases = list(_ARRIVALS)
    for _ in range(40):
        times = sorted(draw.randint(0, 30) for _ in range(draw.randint(1, 15)))
        cases.append((times, draw.randint(1, 5), draw.randint(0, 4), draw.randint(0, 8)))
    mistakes = {
        "a request that comes exactly when the wait is over still goes along": _batches_too_strict,
        "the model is busy during a call: who comes then waits, and shares the next one": _batches_without_calls,
        "the batch goes as soon as it is full, and so the next may open earlier": _batches_always_wait,
        "the batch is opened when the model is free, not when its first request came": _batches_from_arrival,
    }
    for times, size, wait, seconds in cases:
        found = call(answer, list(times), size, wait, seconds)
        where = f"For arrivals {short(times)}, size {size}, wait {wait}, call {seconds}"
        expect(isinstance(found, list | tuple), f"{where}, expected a list of lists, found {short(found)}.")
        expect(all(isinstance(one, list | tuple) for one in found), f"{where}, expected a list of lists, found {short(found)}.")
        found = [list(batch) for batch in found]
        numbers = [number for batch in found for number in batch]
        expect(numbers == list(range(len(times))), f"{where}, each request belongs into one batch, in order; found {short(found)}.")
        expect(all(found), f"{where}, found an empty batch: {short(found)}.")
        expect(max(map(len, found), default=0) <= size, f"{where}, found a batch with more than {size} requests: {short(found)}.")
        expected = batches(times, size, wait, seconds)
        if found != expected:
            why = next(
                (words for words, wrong in mistakes.items() if wrong(times, size, wait, seconds) == found), "look at the first that differs"
            )
            refuse(f"{where}, {why}: found {short(found)}, expected {short(expected)}.")


def batches(times, size, wait, call):
    made, free, first = [], 0, 0
    while first < len(times):
        opened = max(free, times[first])
        batch = [first]
        while len(batch) < size and batch[-1] + 1 < len(times) and times[batch[-1] + 1] <= opened + wait:
            batch.append(batch[-1] + 1)
        goes = max(opened, times[batch[-1]]) if len(batch) == size else opened + wait
        made.append(batch)
        free, first = goes + call, batch[-1] + 1
    return made


def _other_batches(times, size, wait, call):
    made, free, left = [], 0, list(enumerate(times))
    while left:
        opened = max(free, left[0][1])
        batch = [pair for pair in left if pair[1] <= opened + wait][:size]
        left = left[len(batch) :]
        free = call + (max(opened, batch[-1][1]) if len(batch) == size else opened + wait)
        made.append([number for number, _ in batch])
    return made


def _batches_in_blocks(times, size, wait, call):
    return [list(range(i, min(i + size, len(times)))) for i in range(0, len(times), size)]


def _batches_too_strict(times, size, wait, call):
    made, free, first = [], 0, 0
    while first < len(times):
        opened, last = max(free, times[first]), first
        while last - first + 1 < size and last + 1 < len(times) and (times[last + 1] < opened + wait or times[last + 1] <= opened):
            last += 1
        full = last - first + 1 == size
        made.append(list(range(first, last + 1)))
        free, first = (max(opened, times[last]) if full else opened + wait) + call, last + 1
    return made


def _batches_without_calls(times, size, wait, call):
    return batches(times, size, wait, 0)


def _batches_always_wait(times, size, wait, call):
    made, free, first = [], 0, 0
    while first < len(times):
        opened, last = max(free, times[first]), first
        while last - first + 1 < size and last + 1 < len(times) and times[last + 1] <= opened + wait:
            last += 1
        made.append(list(range(first, last + 1)))
        free, first = opened + wait + call, last + 1
    return made


def _batches_from_arrival(times, size, wait, call):
    made, free, first = [], 0, 0
    while first < len(times):
        opened, last = times[first], first
        while last - first + 1 < size and last + 1 < len(times) and times[last + 1] <= max(opened + wait, free):
            last += 1
        full = last - first + 1 == size
        goes = max(free, times[last] if full else opened + wait)
        made.append(list(range(first, last + 1)))
        free, first = goes + call, last + 1
    return made


class _Service:
    """Plays a server from a list of answers, of which the last stays, and writes down each call and each sleep."""

    def __init__(self, *answers):
        self.answers, self.calls, self.slept = answers, 0, []

    def send(self):
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        self.slept.append(0.0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sleep(self, seconds):
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < math.inf:
            refuse(f"You sleep for {short(seconds)}; expected a number of seconds.")
        if not self.slept:
            refuse("You sleep before you have asked for the first time.")
        self.slept[-1] += seconds


_OK, _BUSY, _BUSY_SOON = (200, {}, "story"), (503, {"retry-after": "3"}, "full"), (503, {}, "full")
_OFTEN, _WRONG, _BROKEN, _GONE = (429, {"retry-after": "7"}, "slower"), (422, {}, "no text"), (500, {}, "failed"), ConnectionError("reset")


def _verify_persistent(answer):
    _ask_where_it_helps(answer)
    for busy, least in ((_BUSY, 3), (_OFTEN, 7)):
        service, found = _served(answer, 6, busy, busy, _OK)
        expect(
            service.calls == 3, f"A server said {busy[0]} twice and would then have answered; you asked {service.calls} times. Ask again."
        )
        expect(
            min(service.slept[:2]) >= least, f"{busy[0]} came with retry-after {least}, and you slept {_round(service.slept[:2])} seconds."
        )
        expect(found == (200, "story"), f"After two refusals the story came, and you returned {short(found)}.")
    for failing, name in ((_BUSY_SOON, "503 without retry-after"), (_GONE, "ConnectionError")):
        service, _ = _served(answer, 5, failing, failing, failing, failing, _OK)
        expect(service.calls == 5, f"Four times {name}, then an answer, with five tries: you asked {service.calls} times.")
        waits = service.slept[:4]
        expect(min(waits) > 0, f"After {name} you asked again without waiting: {_round(waits)} seconds. A server in trouble needs a pause.")
        first, last = _mean_waits(answer, failing)
        expect(last > 1.5 * first, f"After {name} you waited {_round(waits)} seconds. Let the waits grow: the trouble lasts.")
        expect(sum(waits) < 600, f"After {name} you waited {_round(waits)} seconds, longer than anybody would.")
    _give_up_in_the_end(answer)
    spread = {round(_served(answer, 3, _BUSY, _OK)[0].slept[0], 6) for _ in range(20)}
    expect(
        len(spread) > 5, "Twenty clients that were refused at the same moment all return at the same moment. Add some chance to the wait."
    )


def _mean_waits(answer, failing):
    """Returns the mean first and fourth wait of many clients: where chance takes part, one alone says nothing of how waits grow."""
    slept = [_served(answer, 5, failing, failing, failing, failing, _OK)[0].slept for _ in range(40)]
    return sum(waits[0] for waits in slept) / 40, sum(waits[3] for waits in slept) / 40


def _ask_where_it_helps(answer):
    for reply, why in ((_OK, "it was answered"), (_WRONG, "the same request is wrong the second time as well")):
        service, found = _served(answer, 5, reply)
        expect(service.calls == 1, f"On {reply[0]} you asked {service.calls} times; once is enough, since {why}.")
        expect(sum(service.slept) == 0, f"On {reply[0]} you slept, and nothing followed.")
        expect(found == (reply[0], reply[2]), f"Expected the pair (status, body), {(reply[0], reply[2])}; found {short(found)}.")


def _give_up_in_the_end(answer):
    for tries in (1, 4):
        service, found = _served(answer, tries, _BUSY)
        expect(service.calls <= tries, f"With tries={tries} you asked {service.calls} times.")
        expect(service.calls == tries, f"With tries={tries} you gave up after {service.calls}.")
        expect(service.slept[-1] == 0, "You slept after the last try, and nothing followed.")
        expect(found == (503, "full"), f"When tries are at an end, return the last answer, (503, 'full'); found {short(found)}.")
        service, found = _served(answer, tries, _GONE)
        expect(isinstance(found, ConnectionError), f"No answer ever came: raise the ConnectionError; found {short(found)}.")
        expect(service.calls == tries, f"With tries={tries} and no connection you asked {service.calls} times.")
    _, found = _served(answer, 2, _BUSY, _GONE)
    expect(found == (503, "full"), f"A 503, then no connection: return the last answer that there was; found {short(found)}.")


def _served(answer, tries, *answers):
    """Returns the service after the client was through with it, and what the client returned, or its ConnectionError."""
    expect(callable(answer), f"The check expected a function and found {short(answer)}.")
    service = _Service(*answers)
    try:
        found = answer(service.send, service.sleep, tries)
    except ConnectionError as error:
        return service, error
    return service, tuple(found) if isinstance(found, list) else found


def _round(seconds):
    return ", ".join(f"{one:.1f}" for one in seconds)


def persistent(send, sleep, tries):
    last, trouble = None, None
    for turn in range(tries):
        least = 0.0
        try:
            status, headers, body = send()
        except ConnectionError as error:
            trouble = error
        else:
            last = (status, body)
            if status not in (429, 503):
                return last
            least = float(headers.get("retry-after", 0))
        if turn + 1 < tries:
            pause = 0.5 * 2**turn
            sleep(max(least, pause) + random.uniform(0, 0.2 * pause + 0.5 * least))
    if last is None:
        raise trouble
    return last


def _other_persistent(send, sleep, tries):
    def attempt():
        try:
            return send()
        except ConnectionError as error:
            return error

    replies, pause = [attempt()], 0.2
    while len(replies) < tries and (isinstance(replies[-1], Exception) or replies[-1][0] >= 429):
        told = 0 if isinstance(replies[-1], Exception) else int(replies[-1][1].get("retry-after", 0))
        sleep(told + pause * random.random())
        pause *= 3
        replies.append(attempt())
    answers = [reply for reply in replies if not isinstance(reply, Exception)]
    if not answers:
        raise replies[-1]
    return answers[-1][0], answers[-1][2]


def _persistent_once(send, sleep, tries):
    status, _, body = send()
    return status, body


def _persistent_always(send, sleep, tries):
    for turn in range(tries):
        status, headers, body = send()
        if status == 200:
            break
        sleep(float(headers.get("retry-after", 1)) + turn + random.random())
    return status, body


def _persistent_in_step(send, sleep, tries):
    return persistent(send, lambda seconds: sleep(float(math.ceil(seconds))), tries)


def _persistent_hasty(send, sleep, tries):
    return persistent(send, lambda seconds: sleep(seconds / 3), tries)


def _persistent_steady(send, sleep, tries):
    told = [0]

    def heard():
        reply = send()
        told.append(float(reply[1].get("retry-after", 0)))
        return reply

    return persistent(heard, lambda seconds: sleep(told[-1] + 0.4 + random.uniform(0, 0.1)), tries)


def _persistent_deaf(send, sleep, tries):
    def heard():
        status, _, body = send()
        return status, {}, body

    return persistent(heard, sleep, tries)


def _persistent_without_end(send, sleep, tries):
    return persistent(send, sleep, tries + 1)


EXERCISES = (
    Exercise(
        name="tail_latency",
        verify=_verify_tail,
        solution=tail,
        hints=(
            "Sort a copy. How many of the sorted times must not exceed the one you look for?",
            "That number is share × len(times), rounded up: math.ceil. The first of them stands at place 0.",
            "`sorted(times)[math.ceil(share * len(times)) - 1]`, with care for rounding when the product should be whole.",
        ),
        wrong={
            "not sorted": Wrong(_tail_unsorted, because="Did you sort them?"),
            "one place too far": Wrong(_tail_one_too_far, because="one place too far"),
            "between two times": Wrong(_tail_in_between, because="none of the times"),
            "sorts its argument": Wrong(_tail_in_place, because="changed the list"),
        },
        other=_tail_by_counting,
    ),
    Exercise(
        name="refusal",
        verify=_verify_refusal,
        solution=refusal,
        hints=(
            "In which order do you look? What is not a dictionary has no fields; what is not a string has no length.",
            "`set(body) == {'text'}` says that there is this field and no other. `str.strip` leaves nothing of white space.",
            "Name kinds and sizes instead of quoting: type(value).__name__ and len(text) are short whatever was sent.",
        ),
        wrong={
            "quotes what was sent": Wrong(_refusal_quotes, because="Do not quote"),
            "one sentence for all": Wrong(_refusal_one_for_all, because="the same sentence"),
            "trusts the shape": Wrong(_refusal_trusts_the_shape, because="that would be a 500"),
            "white space passes": Wrong(_refusal_lets_spaces_pass, because="white space was let through"),
            "other fields pass": Wrong(_refusal_lets_fields_pass, because="a field too many was let through"),
        },
        other=_other_refusal,
    ),
    Exercise(
        name="admitted",
        verify=_verify_admitted,
        solution=admitted,
        hints=(
            "Two things to remember from knock to knock: how many tokens there are, and when you last counted.",
            "At each knock, first add (time - before) * rate, and cut at `burst`. Then look whether a whole one is there.",
            "`tokens = min(burst, tokens + (time - before) * rate)`; subtract 1 only when you let the request in.",
        ),
        wrong={
            "tokens without end": Wrong(_admitted_hoards, because="never forget tokens"),
            "the refused pay": Wrong(_admitted_punishes, because="those who are refused"),
            "begins without tokens": Wrong(_admitted_starts_empty, because="all its tokens at first"),
            "whole tokens only": Wrong(_admitted_in_whole_ones, because="fractions"),
        },
        other=_other_admitted,
    ),
    Exercise(
        name="batches",
        verify=_verify_batches,
        solution=batches,
        hints=(
            "Keep two things: the moment at which the model is free, and the number of the first request that is still in line.",
            "A batch opens at max(free, times[first]). Who belongs to it has come by then, or comes within `wait`, up to `size`.",
            "When does it go? Full: when its last one has come, or at once if all waited. Else at opened + wait. Then `call` seconds.",
        ),
        wrong={
            "blocks of the size": Wrong(_batches_in_blocks, because="look at the first that differs"),
            "the last moment excluded": Wrong(_batches_too_strict, because="still goes along"),
            "a call takes no time": Wrong(_batches_without_calls, because="busy during a call"),
            "full batches wait as well": Wrong(_batches_always_wait, because="as soon as it is full"),
            "counts from the arrival": Wrong(_batches_from_arrival, because="when the model is free"),
        },
        other=_other_batches,
    ),
    Exercise(
        name="persistent",
        verify=_verify_persistent,
        solution=persistent,
        hints=(
            "Which codes mean that the same request may succeed later? 503 and 429 do, a broken connection may, 422 never.",
            "Keep the last answer and the last ConnectionError in variables; decide what to return after the loop.",
            "A wait of 0.5 * 2**turn grows; take at least float(headers['retry-after']) where it is there; add random.uniform(0, …).",
        ),
        wrong={
            "asks once": Wrong(_persistent_once, because="Ask again"),
            "asks again whatever came": Wrong(_persistent_always, because="wrong the second time"),
            "all at the same moment": Wrong(_persistent_in_step, because="Add some chance"),
            "earlier than it was told": Wrong(_persistent_hasty, because="came with retry-after"),
            "waits that do not grow": Wrong(_persistent_steady, because="Let the waits grow"),
            "does not read the header": Wrong(_persistent_deaf, because="came with retry-after"),
            "one try too many": Wrong(_persistent_without_end, because="With tries=1 you asked 2 times"),
        },
        other=_other_persistent,
    ),
)
