"""Exercises of the lesson on the Hub: gaps of a card, a plan of a push, what a refusal asks for, a bill, a function in the cloud."""

import base64
import json
import random
from fnmatch import fnmatch

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_ASKED = ("license", "language", "pipeline_tag")
_FULL = {"license": "mit", "language": "en", "pipeline_tag": "fill-mask"}
_CARDS = (
    _FULL,
    {},
    {**_FULL, "license": ""},
    {**_FULL, "license": None, "tags": []},
    {**_FULL, "language": []},
    {**_FULL, "language": ["en", "fr", "swa"]},
    {**_FULL, "language": ["en", "french"]},
    {**_FULL, "language": "english"},
    {**_FULL, "language": "EN"},
    {**_FULL, "language": "e1"},
    {"pipeline_tag": "fill-mask", "licence": "mit", "language": "de"},
    {"language": "code", "license": "mit"},
    {"tags": ["x"], "license": "other", "language": None, "pipeline_tag": ""},
)


def _verify_gaps(answer):
    for data in _CARDS:
        given = json.loads(json.dumps(data))
        found = call(answer, given)
        where = f"For {short(data)}"
        expect(given == data, f"{where}, your function changed the metadata. Only look at it.")
        expect(isinstance(found, list | tuple), f"{where}, expected a list of names and found {short(found)}.")
        expected, found = _gaps_by_rule(data), list(found)
        expect(len(set(map(str, found))) == len(found), f"{where}, a name stands twice in {short(found)}. Each gap counts once.")
        if found != expected:
            _explain_gaps(found, expected, data, where)


def _explain_gaps(found, expected, data, where):
    expect(sorted(map(str, found)) != expected, f"{where}, the names are right and their order is not: expected them sorted.")
    lacking, language = [name for name in expected if name not in found], data.get("language")
    if "language" in lacking and isinstance(language, str) and language:
        refuse(f"{where}, {language!r} passed as a language; a code has two or three small letters and nothing else.")
    if "language" in lacking and language:
        refuse(f"{where}, look at each code of the list: one of them is none.")
    if "language" in found and "language" not in expected:
        refuse(f"{where}, the language is fine: a code, or a list of codes.")
    expect(not lacking, f"{where}, {lacking} should be named: absent, or there with nothing in it. Found {short(found)}.")
    refuse(f"{where}, found {short(found)}, expected {expected}.")


def _gaps_by_rule(data):
    """Returns the gaps; the oracle, which knows the letters."""

    def code(one):
        return isinstance(one, str) and len(one) in (2, 3) and set(one) <= set("abcdefghijklmnopqrstuvwxyz")

    gaps = {name for name in _ASKED if data.get(name) in (None, "", [])}
    language = data.get("language") or []
    if not all(code(one) for one in ([language] if isinstance(language, str) else language)):
        gaps.add("language")
    return sorted(gaps)


def card_gaps(data):
    import re

    gaps = {name for name in ("license", "language", "pipeline_tag") if not data.get(name)}
    languages = data.get("language") or []
    for one in [languages] if isinstance(languages, str) else languages:
        if not re.fullmatch("[a-z]{2,3}", one):
            gaps.add("language")
    return sorted(gaps)


def _other_gaps(data):
    language = data.get("language")
    codes = language if isinstance(language, list) else [language or ""]
    good = codes and all(1 < len(one) < 4 and one.isascii() and one.isalpha() and one.islower() for one in codes)
    return [name for name in ("language", "license", "pipeline_tag") if not (good if name == "language" else data.get(name))]


def _gaps_of_keys(data):
    return sorted(name for name in _ASKED if name not in data)


def _gaps_without_codes(data):
    return sorted(name for name in _ASKED if not data.get(name))


def _gaps_of_strings(data):
    import re

    gaps = set(_gaps_without_codes(data))
    return sorted(gaps | ({"language"} if not re.fullmatch("[a-z]{2,3}", str(data.get("language"))) else set()))


def _gaps_by_length(data):
    languages = data.get("language") or []
    codes = [languages] if isinstance(languages, str) else languages
    return sorted({*_gaps_without_codes(data), *("language" for one in codes if not 1 < len(one) < 4)})


def _gaps_unsorted(data):
    found = card_gaps(data)
    return [name for name in _ASKED if name in found]


_MIB = 2**20
_PUSHES = (
    ({"model.safetensors": 5, "config.json": 5, "notes.txt": 0}, ()),
    ({"model.bin": 0, "data.csv": 10 * _MIB, "more.csv": 10 * _MIB + 1, "big.csv": 10_300_000}, ()),
    ({"logs/a.txt": 4, "logs/deep/b.txt": 4, "old/logs/a.txt": 4, "logs.txt": 4, "blogs/a.txt": 3}, ("logs/",)),
    ({"a.log": 4, "run/b.log": 9, "alog": 1, "c.log.txt": 2}, ("*.log",)),
    ({".env": 4, "a/.env": 4, ".env.local": 1, "env": 1}, (".env",)),
    ({"runs/model.safetensors": 20 * _MIB, "keep/model.safetensors": 1}, ("runs/", "*.tmp")),
    ({"binary": 8, "x.bin.txt": 3, "x.bin": 3}, ()),
    ({}, ("*",)),
    ({"a.json": 3, "b.safetensors": 3}, ("*",)),
    ({"train.bin": 10, "train": 3}, ("train",)),
)


def _verify_plan(answer):
    for sizes, ignore in _PUSHES:
        given, patterns = dict(sizes), list(ignore)
        found = call(answer, given, patterns)
        expect(given == sizes and patterns == list(ignore), "Your function changed what it was given. Build a new dictionary.")
        expect(isinstance(found, dict), f"Expected a dictionary from paths to ways and found {short(found)}.")
        expect(
            set(found) == set(sizes),
            f"For {short(sizes)}, expected each path once, found {short(list(found))}. Ignored ones belong in it.",
        )
        for path, size in sizes.items():
            _judge_way(path, size, ignore, found[path])


def _judge_way(path, size, ignore, got):
    expected = _way_by_rule(path, size, ignore)
    if got == expected:
        return
    where = f"{path!r} of {size:,} bytes with the patterns {list(ignore)}: found {short(got)}, expected {expected!r}."
    if "ignored" in (got, expected) and any(pattern.endswith("/") for pattern in ignore):
        refuse(f"{where} A pattern with / at its end takes all that lies in that folder at the top, and nothing that merely looks alike.")
    if "ignored" in (got, expected):
        refuse(f"{where} `fnmatch(path, pattern)` compares the whole path, folders included, however large the file.")
    expect(size, f"{where} An empty file has nothing to store elsewhere.")
    expect(not 10_000_000 < size <= 10 * _MIB, f"{where} The limit is 10 MiB, of 2²⁰ bytes each, and what has exactly so many stays.")
    refuse(f"{where} Look at the end of the name first, then at the size.")


def _way_by_rule(path, size, ignore):
    """Returns the way of one file; the oracle, by parts of the path."""
    for pattern in ignore:
        if path.split("/")[0] + "/" == pattern and "/" in path:
            return "ignored"
        if not pattern.endswith("/") and fnmatch(path, pattern):
            return "ignored"
    named = path.rpartition(".")[2] in ("safetensors", "bin") and "." in path
    return "lfs" if size and (named or size > 10 * _MIB) else "regular"


def push_plan(sizes, ignore):
    from fnmatch import fnmatch

    def way(path, size):
        if any(path.startswith(p) if p.endswith("/") else fnmatch(path, p) for p in ignore):
            return "ignored"
        large = path.endswith((".safetensors", ".bin")) or size > 10 * 2**20
        return "lfs" if large and size else "regular"

    return {path: way(path, size) for path, size in sizes.items()}


def _other_plan(sizes, ignore):
    plan = dict.fromkeys(sizes, "regular")
    plan.update((path, "lfs") for path, size in sizes.items() if size > 10_485_760 or (size and fnmatch(path, "*.safetensors")))
    plan.update((path, "lfs") for path, size in sizes.items() if size and fnmatch(path, "*.bin"))
    for pattern in ignore:
        wanted = pattern + "*" if pattern.endswith("/") else pattern
        plan.update((path, "ignored") for path in sizes if fnmatch(path, wanted))
    return plan


def _plan_where(ignored, sizes):
    return {path: "ignored" if ignored(path) else _way_by_rule(path, size, ()) for path, size in sizes.items()}


def _plan_without_folders(sizes, ignore):
    return _plan_where(lambda path: any(fnmatch(path, p) for p in ignore), sizes)


def _plan_by_substring(sizes, ignore):
    return _plan_where(lambda path: any(p.strip("*") in path for p in ignore), sizes)


def _plan_by_name_alone(sizes, ignore):
    return _plan_where(lambda path: any(fnmatch(path.rpartition("/")[2], p) or path.startswith(p) for p in ignore), sizes)


def _plan_of_megabytes(sizes, ignore):
    rows = push_plan(sizes, ignore)
    return {path: "lfs" if way == "regular" and sizes[path] > 10_000_000 else way for path, way in rows.items()}


def _plan_of_empty_weights(sizes, ignore):
    rows = push_plan(sizes, ignore)
    return {path: "lfs" if way == "regular" and path.endswith(".bin") else way for path, way in rows.items()}


def _plan_leaves_out(sizes, ignore):
    return {path: way for path, way in push_plan(sizes, ignore).items() if way != "ignored"}


_ANSWERS = {
    (401, "", True): "new token",
    (401, "", False): "sign in",
    (401, "RepoNotFound", False): "sign in",
    (401, "GatedRepo", False): "sign in",
    (403, "GatedRepo", True): "ask for access",
    (404, "RepoNotFound", True): "check the name",
    (404, "RevisionNotFound", False): "check the name",
    (404, "RevisionNotFound", True): "check the name",
    (404, "EntryNotFound", True): "check the name",
    (404, "EntryNotFound", False): "check the name",
    (429, "", True): "wait",
    (429, "", False): "wait",
    (500, "", False): "wait",
    (503, "", True): "wait",
    (504, "", True): "wait",
    (400, "", True): "mend the request",
    (413, "", True): "mend the request",
    (422, "", False): "mend the request",
}


def _verify_now(answer):
    for (status, code, signed_in), expected in _ANSWERS.items():
        found = call(answer, status, code, signed_in)
        if found == expected:
            continue
        told = f"For {status}, {code!r}, {'with' if signed_in else 'without'} a token: found {short(found)}, expected {expected!r}."
        expect(found in list(_ANSWERS.values()), f"{told} It is none of the six pieces of advice.")
        if status == 401:
            refuse(f"{told} A 401 says that nobody vouches for you: no token was sent, or the one that was is not good.")
        if status == 403:
            refuse(f"{told} You are known here, so signing in again changes nothing; the owner has to let you in.")
        if status == 404:
            refuse(f"{told} A 404 is about what you named: the repository, its revision or its file.")
        if expected == "wait":
            refuse(f"{told} The server is too busy, or at fault itself; the same request may succeed later.")
        refuse(f"{told} The same request would be refused again, whoever sends it and whenever.")


def what_now(status, code, signed_in):
    if status == 401:
        return "new token" if signed_in else "sign in"
    if status == 403 and code == "GatedRepo":
        return "ask for access"
    if status == 404:
        return "check the name"
    return "wait" if status == 429 or status >= 500 else "mend the request"


def _other_now(status, code, signed_in):
    match status, signed_in:
        case 429, _:
            return "wait"
        case 401, True:
            return "new token"
        case 401, False:
            return "sign in"
    if code.endswith("NotFound"):
        return "check the name"
    return "ask for access" if code else ("mend the request", "wait")[status // 100 == 5]


def _now_signs_in(status, code, signed_in):
    return "sign in" if status == 403 else what_now(status, code, signed_in)


def _now_by_code(status, code, signed_in):
    return "check the name" if code == "RepoNotFound" else what_now(status, code, signed_in)


def _now_asks_the_anonymous(status, code, signed_in):
    return "ask for access" if code == "GatedRepo" else what_now(status, code, signed_in)


def _now_repeats(status, code, signed_in):
    return "wait" if status == 422 else what_now(status, code, signed_in)


def _now_without_patience(status, code, signed_in):
    return "mend the request" if status == 429 else what_now(status, code, signed_in)


def _now_hides(status, code, signed_in):
    return "sign in" if code == "RepoNotFound" else what_now(status, code, signed_in)


_PRICES = {"small": (0.2, 0.6), "large": (2.0, 8.0), "free": (0.0, 0.0)}


def _row(user, model, status, tokens_in, tokens_out):
    return {"user": user, "model": model, "status": status, "in": tokens_in, "out": tokens_out}


_ROWS = (
    _row("ada", "small", 200, 500_000, 0),
    _row("ada", "small", 200, 0, 500_000),
    _row("bob", "large", 200, 1_000_000, 250_000),
    _row("ada", "large", 503, 900_000, 0),
    _row("cem", "small", 422, 70_000, 0),
    _row("bob", "free", 200, 90_000, 90_000),
    _row("dia", "large", 200, 3, 5),
)


def _verify_bill(answer):
    draw = random.Random(3)
    cases = [(), _ROWS[:1], _ROWS[:2], _ROWS[2:3], _ROWS]
    for _ in range(20):
        picks = [(draw.choice("abc"), draw.choice(list(_PRICES)), draw.choice((200, 200, 429))) for _ in range(draw.randint(1, 8))]
        cases.append([_row(*pick, draw.randint(0, 10**6), draw.randint(0, 10**6)) for pick in picks])
    for rows in cases:
        _judge_bill(call(answer, [dict(row) for row in rows], dict(_PRICES)), rows)
    for rows in ([_row("ada", "secret-model", 200, 5, 5)], [*_ROWS, _row("eva", "secret-model", 200, 0, 0)]):
        try:
            found = answer([dict(row) for row in rows], dict(_PRICES))
        except KeyError as error:
            expect("secret-model" in str(error), f"The KeyError says {short(str(error))}; expected it to name the model 'secret-model'.")
            continue
        except Exception as error:
            refuse(f"For a model without a price, found a {type(error).__name__}; expected a KeyError that names it.")
        refuse(f"A call of 'secret-model', which has no price, gave {short(found)}. It must not pass in silence: raise a KeyError.")


def _judge_bill(found, rows):
    where = f"For {short([tuple(row.values()) for row in rows])}"
    expect(isinstance(found, dict), f"{where}, expected a dictionary and found {short(found)}.")
    users = {row["user"] for row in rows}
    expect(
        set(found) == users,
        f"{where}, expected the users {sorted(users)}, found {short(list(found))}. Who pays nothing stands there with 0.",
    )
    for user in sorted(users):
        mine = [row for row in rows if row["user"] == user]
        paid = [row for row in mine if row["status"] == 200]
        value, expected = found[user], _cost(paid)
        expect(isinstance(value, int | float), f"{where}, expected a number for {user!r} and found {short(value)}.")
        if abs(value - expected) < 1e-9:
            continue
        mistakes = {
            "a refused call costs nothing: look at its status": _cost(mine),
            "prices are for a million tokens": expected * 1e6,
            "the price of tokens out is the second of the pair": _cost(paid, swapped=True),
        }
        why = next((words for words, wrong in mistakes.items() if abs(value - wrong) < 1e-9), "add up all calls of a user")
        refuse(f"{where}, {why}: found {value:.6g} for {user!r}, expected {expected:.6g}.")


def _cost(rows, swapped=False):
    """Returns the sum of what these rows cost; the oracle."""
    ways = ("out", "in") if swapped else ("in", "out")
    return sum(row[way] * price for row in rows for way, price in zip(ways, _PRICES[row["model"]], strict=True)) / 1e6


def bill(rows, prices):
    owed = {}
    for row in rows:
        price_in, price_out = prices[row["model"]]
        cost = (row["in"] * price_in + row["out"] * price_out) / 1e6 if row["status"] == 200 else 0.0
        owed[row["user"]] = owed.get(row["user"], 0.0) + cost
    return owed


def _other_bill(rows, prices):
    for row in rows:
        if row["model"] not in prices:
            raise KeyError(f"no price for {row['model']}")
    users = {row["user"] for row in rows}

    def owes(user):
        good = [row for row in rows if (row["user"], row["status"]) == (user, 200)]
        return sum(row["in"] * prices[row["model"]][0] / 1e6 + row["out"] * prices[row["model"]][1] / 1e6 for row in good)

    return {user: owes(user) for user in users}


def _bill_of_all(rows, prices):
    return bill([{**row, "status": 200} for row in rows], prices)


def _bill_by_token(rows, prices):
    return {user: cost * 1e6 for user, cost in bill(rows, prices).items()}


def _bill_swapped(rows, prices):
    return bill(rows, {model: pair[::-1] for model, pair in prices.items()})


def _bill_of_the_last(rows, prices):
    return {row["user"]: bill([row], prices)[row["user"]] for row in rows}


def _bill_in_silence(rows, prices):
    return bill(rows, {row["model"]: (0.0, 0.0) for row in rows} | prices)


def _bill_of_payers(rows, prices):
    return {user: cost for user, cost in bill(rows, prices).items() if cost}


_MOST = 8
_SECRET = "Bearer key-of-the-owner"
_BAD_EVENTS = {
    "no body": {},
    "a body of null": {"body": None},
    "an empty body": {"body": ""},
    "text that is no JSON": {"body": "texts=soup"},
    "a JSON list": {"body": '["soup"]'},
    "JSON null": {"body": "null"},
    "no texts": {"body": '{"text": "soup"}'},
    "one string for texts": {"body": '{"texts": "soup"}'},
    "an empty list": {"body": '{"texts": []}'},
    "a number among the texts": {"body": '{"texts": ["soup", 3]}'},
    "a text of white space": {"body": '{"texts": ["soup", "  "]}'},
    "broken base64": {"body": "%%%%", "isBase64Encoded": True},
    "base64 of no UTF-8": {"body": base64.b64encode(b"\xff\xfe{").decode(), "isBase64Encoded": True},
    "JSON nested without end": {"body": "[" * 100_000},
}


class _Model:
    """A model's server as the check plays it: one label a text, and from call number `fails` on, `reply` in its place."""

    def __init__(self, fails=None, reply=None):
        self.calls, self.fails, self.reply = [], fails, reply

    def __call__(self, texts):
        self.calls.append(list(texts))
        if self.fails is not None and sum(map(len, self.calls)) > self.fails:
            if isinstance(self.reply, Exception):
                raise self.reply
            return self.reply
        return 200, {"content-type": "application/json"}, [_label(text) for text in texts]


def _label(text):
    return "POSITIVE" if len(text) % 2 else "NEGATIVE"


def _event(texts, encoded=False):
    body = json.dumps({"texts": texts})
    return {"version": "2.0", "body": base64.b64encode(body.encode()).decode() if encoded else body, "isBase64Encoded": encoded}


# What the model's server does, the status that the caller should get, and why.
_TROUBLES = (
    ((503, {"retry-after": "7"}, None), 503, "is full"),
    ((401, {}, f"unknown key {_SECRET}"), 502, "refuses your key, which is not the caller's fault"),
    ((500, {}, "Traceback"), 502, "fails"),
    ((200, {}, ["POSITIVE"]), 502, "returns fewer labels than texts"),
    ((200, {}, None), 502, "returns a 200 without labels"),
    (TimeoutError("late"), 504, "does not answer in time"),
)


def _verify_handler(answer):
    for name, event in _BAD_EVENTS.items():
        model, where = _Model(), f"An event with {name}"
        status, _, body = _handled(answer, event, model, where)
        expect(400 <= status < 500, f"{where} got a {status}; expected a 4xx, since the caller can mend it.")
        expect(not model.calls, f"{where} reached the model's server. Look at what was sent before you ask.")
        expect(isinstance(body, dict) and body.get("error"), f'{where}: expected the body {{"error": "…"}}, found {short(body)}.')
    for count in (1, 2, 8, 9, 16, 21):
        for encoded in (False, True):
            _judge_good(answer, [f"Soup {'o' * (i % 5)} number {i}" for i in range(count)], encoded)
    _judge_good(answer, ["été", "日本"], True)
    for reply, expected, why in _TROUBLES:
        for after in (0, 16):
            _judge_trouble(answer, after, reply, expected, why)
    return "Callers read what they can mend, and nobody gets half an answer."


def _judge_trouble(answer, after, reply, expected, why):
    where = f"When the model's server {why}{f', after {after} of 20 texts' if after else ''}"
    status, headers, body = _handled(answer, _event([f"text {i}" for i in range(20)]), _Model(after, reply), where)
    expect(status != 200, f"{where}, you returned a 200 with {short(body)}: half an answer looks like a whole one.")
    expect(status == expected, f"{where}, found the status {status}, expected {expected}.")
    expect(isinstance(body, dict) and body.get("error"), f'{where}, expected the body {{"error": "…"}}, found {short(body)}.')
    expect(_SECRET not in json.dumps(body), f"{where}, your answer repeats what the inner server said, a key included.")
    if expected == 503:
        named = {str(name).lower(): str(value) for name, value in headers.items()}
        expect(named.get("retry-after") == "7", f"{where}, its retry-after of 7 is not in your headers: {short(headers)}.")


def _judge_good(answer, texts, encoded):
    model, where = _Model(), f"{len(texts)} good texts{' in base64' if encoded else ''}"
    status, _, body = _handled(answer, _event(texts, encoded), model, where)
    expect(status == 200, f"{where} got a {status} ({short(body)}); expected a 200.")
    most = max(map(len, model.calls), default=0)
    expect(most <= _MOST, f"{where}: a call carried {most} texts, at most {_MOST} are allowed. Ask in parts.")
    asked = [text for part in model.calls for text in part]
    expect(sorted(asked) == sorted(texts), f"{where}: the server was asked for {short(asked)}, expected each text once.")
    expected = [_label(text) for text in texts]
    found = body.get("labels") if isinstance(body, dict) else None
    expect(found == expected, f"{where}: found the labels {short(found)}, expected {short(expected)}, in the order of the texts.")


def _handled(answer, event, model, where):
    """Returns the status, the headers and the body, read from JSON, with which a function answers an event."""
    expect(callable(answer), f"Expected a function and found {short(answer)}.")
    try:
        reply = answer(dict(event), model)
    except Exception as error:
        refuse(f"{where}: your function raised {type(error).__name__}: {str(error)[:80]}. A cloud turns that into a 500 without words.")
    shaped = isinstance(reply, dict) and {"statusCode", "headers", "body"} <= set(reply)
    expect(shaped, f"{where}: expected statusCode, headers and body, found {short(reply)}.")
    expect(isinstance(reply["statusCode"], int), f"{where}: expected a whole number as the statusCode, found {short(reply['statusCode'])}.")
    expect(isinstance(reply["headers"], dict), f"{where}: expected a dictionary of headers, found {short(reply['headers'])}.")
    try:
        return reply["statusCode"], reply["headers"], json.loads(reply["body"])
    except (TypeError, ValueError):
        refuse(f"{where}: the body is {short(reply['body'])}; expected text in JSON, as json.dumps makes it.")


def own_handler(event, ask):
    import base64
    import json

    def reply(status, content, headers=None):
        return {"statusCode": status, "headers": headers or {}, "body": json.dumps(content)}

    try:
        body = event.get("body") or ""
        texts = json.loads(base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body)["texts"]
        good = isinstance(texts, list) and texts and all(isinstance(text, str) and text.strip() for text in texts)
    except (ValueError, KeyError, TypeError, RecursionError):
        good = False
    if not good:
        return reply(422, {"error": "Expected a JSON object with texts, a list of strings that are not empty."})
    labels = []
    for i in range(0, len(texts), 8):
        part = texts[i : i + 8]
        try:
            status, headers, found = ask(part)
        except TimeoutError:
            return reply(504, {"error": "The model did not answer in time."})
        if status == 503:
            return reply(503, {"error": "Come again later."}, {"Retry-After": headers.get("retry-after", "1")})
        if status != 200 or not isinstance(found, list) or len(found) != len(part):
            return reply(502, {"error": "The model could not be asked."})
        labels += found
    return reply(200, {"labels": labels})


def _other_handler(event, ask):
    answers, status, headers = {"error": "What you sent is not as expected."}, 400, {}
    try:
        raw = event["body"].encode()
        asked = json.loads((base64.b64decode(raw, validate=True) if event.get("isBase64Encoded") else raw).decode("utf-8"))
        wanted = [str.strip(text) and text for text in asked["texts"]] if type(asked["texts"]) is list else []
    except Exception:
        wanted = []
    if wanted and all(wanted):
        try:
            parts = [wanted[i : i + 5] for i in range(0, len(wanted), 5)]
            replies = [ask(part) for part in parts]
            full = [reply[1]["retry-after"] for reply in replies if reply[0] == 503]
            if full:
                status, headers, answers = 503, {"Retry-After": full[0]}, {"error": "full"}
            else:
                assert all(code == 200 and len(found) == len(part) for part, (code, _, found) in zip(parts, replies, strict=True))
                status, answers = 200, {"labels": [label for reply in replies for label in reply[2]]}
        except TimeoutError:
            status, answers = 504, {"error": "late"}
        except Exception:
            status, answers = 502, {"error": "broken"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(answers)}


def _handler_trusts(event, ask):
    body = event["body"]
    texts = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)["texts"]
    return {"statusCode": 200, "headers": {}, "body": json.dumps({"labels": ask(texts)[2]})}


def _handler_at_once(event, ask):
    whole = []

    def gather(part):
        whole.extend(part)
        return 200, {}, [""] * len(part)

    first = own_handler(event, gather)
    return first if first["statusCode"] != 200 else {**first, "body": json.dumps({"labels": ask(whole)[2]})}


def _handler_half(event, ask):
    def forgiving(part):
        try:
            labels = ask(part)[2]
        except TimeoutError:
            labels = None
        return 200, {}, labels if isinstance(labels, list) and len(labels) == len(part) else [None] * len(part)

    return own_handler(event, forgiving)


def _listening(event, ask):
    heard = []

    def listen(part):
        heard.append(ask(part))
        return heard[-1]

    return own_handler(event, listen), heard


def _handler_passes_on(event, ask):
    reply, heard = _listening(event, ask)
    return {**reply, "statusCode": heard[-1][0]} if reply["statusCode"] == 502 and heard[-1][0] != 200 else reply


def _handler_tells_all(event, ask):
    reply, heard = _listening(event, ask)
    return {**reply, "body": json.dumps({"error": str(heard[-1][2])})} if reply["statusCode"] == 502 else reply


def _handler_without_header(event, ask):
    return {**own_handler(event, ask), "headers": {}}


def _handler_of_plain_bodies(event, ask):
    return own_handler({**event, "isBase64Encoded": False}, ask)


EXERCISES = (
    Exercise(
        name="card_gaps",
        verify=_verify_gaps,
        solution=card_gaps,
        hints=(
            "`not data.get(name)` is true for a name that is absent and for one with nothing in it.",
            "Make one case of two: a language that is a string becomes a list of one.",
            're.fullmatch("[a-z]{2,3}", one) says whether a code is one; a set keeps "language" from standing twice.',
        ),
        wrong={
            "looks at the keys alone": Wrong(_gaps_of_keys, because="there with nothing in it"),
            "does not look at the codes": Wrong(_gaps_without_codes, because="look at each code of the list"),
            "takes no list": Wrong(_gaps_of_strings, because="a code, or a list of codes"),
            "counts letters": Wrong(_gaps_by_length, because="small letters and nothing else"),
            "not sorted": Wrong(_gaps_unsorted, because="expected them sorted"),
        },
        other=_other_gaps,
    ),
    Exercise(
        name="push_plan",
        verify=_verify_plan,
        solution=push_plan,
        hints=(
            "Ask three questions in this order: is it ignored, is it empty, is it large or of a kind that goes to LFS?",
            'A folder pattern is a beginning: path.startswith("logs/"). The others: fnmatch(path, pattern).',
            'path.endswith((".safetensors", ".bin")) takes several endings; 10 MiB are 10 * 2**20 bytes.',
        ),
        wrong={
            "folders by fnmatch": Wrong(_plan_without_folders, because="A pattern with / at its end"),
            "patterns anywhere": Wrong(_plan_by_substring, because="nothing that merely looks alike"),
            "ten million bytes": Wrong(_plan_of_megabytes, because="The limit is 10 MiB"),
            "empty weights to LFS": Wrong(_plan_of_empty_weights, because="An empty file"),
            "ignored ones left out": Wrong(_plan_leaves_out, because="Ignored ones belong in it"),
            "the name without its folder": Wrong(_plan_by_name_alone, because="compares the whole path"),
        },
        other=_other_plan,
    ),
    Exercise(
        name="what_now",
        verify=_verify_now,
        solution=what_now,
        hints=(
            "Begin with the status. For which one does it matter whether a token was sent?",
            "A 401 with a token: the token is bad. Without one: sign in, whatever the code says.",
            "403 with GatedRepo: ask. 404: a name. 429 and 500 and above: wait. What is left is your request.",
        ),
        wrong={
            "signs in at a 403": Wrong(_now_signs_in, because="the owner has to let you in"),
            "goes by the code alone": Wrong(_now_by_code, because="nobody vouches for you"),
            "asks before signing in": Wrong(_now_asks_the_anonymous, because="nobody vouches for you"),
            "signs in at a 404": Wrong(_now_hides, because="about what you named"),
            "repeats what is wrong": Wrong(_now_repeats, because="would be refused again"),
            "does not wait at a 429": Wrong(_now_without_patience, because="may succeed later"),
        },
        other=_other_now,
    ),
    Exercise(
        name="bill",
        verify=_verify_bill,
        solution=bill,
        hints=(
            "One pass over the rows, and a dictionary that begins each user at 0: owed.get(user, 0.0).",
            "Look the price up before you look at the status, and prices[model] raises the KeyError by itself.",
            "Tokens times price, both ways, divided by a million, and 0 where the status is not 200.",
        ),
        wrong={
            "refused calls cost": Wrong(_bill_of_all, because="a refused call costs nothing"),
            "prices a token": Wrong(_bill_by_token, because="for a million tokens"),
            "in and out swapped": Wrong(_bill_swapped, because="the second of the pair"),
            "the last call only": Wrong(_bill_of_the_last, because="add up all calls"),
            "no price, no cost": Wrong(_bill_in_silence, because="must not pass in silence"),
            "leaves out who pays nothing": Wrong(_bill_of_payers, because="stands there with 0"),
        },
        other=_other_bill,
    ),
    Exercise(
        name="own_handler",
        verify=_verify_handler,
        solution=own_handler,
        hints=(
            "Three parts: read what was sent, and refuse it; ask in parts of at most 8; say what became of it.",
            "Reading may raise ValueError (no JSON, base64 or UTF-8), KeyError, TypeError and RecursionError; then look at types.",
            "After each part: TimeoutError is a 504, a 503 goes on with its retry-after; all but a 200 with one label a text is a 502.",
        ),
        wrong={
            "trusts the caller": Wrong(_handler_trusts, because="your function raised"),
            "all texts at once": Wrong(_handler_at_once, because="Ask in parts"),
            "half an answer": Wrong(_handler_half, because="half an answer looks like a whole one"),
            "passes the inner status on": Wrong(_handler_passes_on, because="expected 502"),
            "repeats the inner server": Wrong(_handler_tells_all, because="a key included"),
            "drops retry-after": Wrong(_handler_without_header, because="retry-after of 7 is not in your headers"),
            "no base64": Wrong(_handler_of_plain_bodies, because="in base64"),
        },
        other=_other_handler,
    ),
)
