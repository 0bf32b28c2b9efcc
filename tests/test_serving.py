"""The app behind HTTP, with models that need no weights: what it takes, what it refuses and how, what it tells its keepers."""

import asyncio
import contextlib
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
from serving_stub import StubClassifier, StubEncoder, StubWriter, scores

from course_utils.errors import CourseError
from course_utils.serving import Settings, beside, create_app
from course_utils.serving.batching import Batcher, Full
from course_utils.serving.gate import Rate
from course_utils.serving.telemetry import LOGGER

KEY, OTHER_KEY = "a-key-of-some-length", "another-key-of-some-length"
JSON = {"Content-Type": "application/json"}


@contextlib.contextmanager
def serving(classifier: object = None, writer: object = None, load: Callable = lambda: None, wait: bool = True, **settings) -> Iterator:
    """Yields a client of an app with these models and settings, and the app."""
    classifier, writer = classifier or StubClassifier(), writer or StubWriter()
    app = create_app(Settings(**settings), lambda: load() or classifier, lambda: writer)
    with beside(app) as url, httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        while wait and client.get("/health/ready").status_code != 200:
            time.sleep(0.005)
        yield client, app


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Yields a client of an app with default settings."""
    with serving() as (client, _):
        yield client


def events(text: str) -> list[tuple[str, dict]]:
    """Returns the events of a stream as (name, data)."""
    rows = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return [(row["event"], json.loads(row["data"])) for row in rows]


def together(count: int, call: Callable[[int], object]) -> list:
    """Returns the results of `call(0) … call(count - 1)`, all at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


# What goes in, what comes out


def test_a_text_gets_its_label(client):
    answer = client.post("/classify", json={"text": "soup"})
    expected = scores([ord(letter) for letter in "soup"])
    assert answer.status_code == 200
    assert answer.json() == {"label": max(expected, key=expected.get), "score": max(expected.values()), "scores": expected}


def test_a_prompt_gets_its_text(client):
    answer = client.post("/generate", json={"prompt": "so it goes", "max_new_tokens": 4})
    assert answer.json() == {"text": " so it goes so", "tokens": 4, "finish": "length"}


def test_a_stream_brings_the_same_text_in_pieces(client):
    answer = client.post("/generate/stream", json={"prompt": "so it goes", "max_new_tokens": 4})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *pieces, last = events(answer.text)
    assert [name for name, _ in pieces] == ["token"] * 4
    assert last == ("done", {"text": "".join(data["text"] for _, data in pieces), "tokens": 4, "finish": "length"})


def test_a_stream_does_not_wait_for_its_end():
    with (
        serving(writer=StubWriter(seconds=0.1)) as (client, _),
        client.stream("POST", "/generate/stream", json={"prompt": "a b", "max_new_tokens": 100}) as answer,
    ):
        began = time.monotonic()
        assert next(answer.iter_lines()) == "event: token"
        assert time.monotonic() - began < 5


# (path, body, status, what the sentence must say)
REFUSED = [
    ("/classify", b"", 422, "found nothing, expected a value"),
    ("/classify", b"{", 422, "found text that is not JSON"),
    ("/classify", b"null", 422, "found null, expected a valid dictionary"),
    ("/classify", b"[1, 2]", 422, "found a list of 2, expected a valid dictionary"),
    ("/classify", b"{}", 422, "text: found nothing, expected a value"),
    ("/classify", b'{"text": ""}', 422, "text: found an empty string, expected at least 1 character"),
    ("/classify", b'{"text": " \\n "}', 422, "expected more than spaces"),
    ("/classify", b'{"text": 3}', 422, "text: found 3, expected a valid string"),
    ("/classify", b'{"text": true}', 422, "text: found true, expected a valid string"),
    ("/classify", b'{"text": ["a"]}', 422, "text: found a list of 1, expected a valid string"),
    ("/classify", b'{"text": NaN}', 422, "text: found nan, expected a valid string"),
    ("/classify", b'{"text": "a", "txet": 1}', 422, "txet: found 1, expected no such field"),
    ("/classify", b'{"text": "\\ud800"}', 422, "expected valid Unicode"),
    ("/classify", b'{"\\ud800": 1, "text": "a"}', 422, "expected valid Unicode"),
    ("/classify", b'{"text": "caf\xe9"}', 400, "expected a JSON object in UTF-8"),
    ("/classify", b"\xff\xfe\x00", 400, "expected a JSON object in UTF-8"),
    ("/classify", b"[" * 30_000, 400, "not deeply nested"),
    ("/classify", b'{"text":' * 7_000, 400, "not deeply nested"),
    ("/classify", json.dumps({"text": "a" * 5_001}).encode(), 422, "found a string of 5001 characters, expected at most 5000 characters"),
    ("/classify", json.dumps({"text": "a " * 51}).encode(), 422, "text: found 51 tokens, expected at most 50 tokens"),
    ("/classify", b'{"text": "' + b"a" * 70_000 + b'"}', 413, "Found a body of 70012 bytes; expected at most 65536"),
    ("/generate", b'{"prompt": "a", "max_new_tokens": 101}', 422, "max_new_tokens: found 101, expected less than or equal to 100"),
    ("/generate", b'{"prompt": "a", "max_new_tokens": 0}', 422, "found 0, expected greater than or equal to 1"),
    ("/generate", b'{"prompt": "a", "max_new_tokens": 2.5}', 422, "expected a valid integer"),
    ("/generate", b'{"prompt": "a", "max_new_tokens": "9"}', 422, "expected a valid integer"),
    ("/generate", b'{"prompt": "a", "temperature": NaN}', 422, "temperature: found nan, expected a finite number"),
    ("/generate", b'{"prompt": "a", "temperature": 1e999}', 422, "temperature: found inf, expected a finite number"),
    ("/generate", b'{"prompt": "a", "seed": 1' + b"0" * 4_000 + b"}", 422, "seed: found"),
    ("/generate", b'{"prompt": "a", "seed": 1' + b"0" * 9_000 + b"}", 400, "cannot be read as JSON"),
    ("/generate/stream", json.dumps({"prompt": "a " * 51}).encode(), 422, "prompt: found 51 tokens, expected at most 50 tokens"),
]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"), REFUSED, ids=[f"{i}-{body[:24]!r}" for i, (_, body, *_) in enumerate(REFUSED)]
)
def test_bad_input_is_refused_with_found_and_expected(client, path, body, status, words):
    answer = client.post(path, content=body, headers=JSON)
    assert answer.status_code == status
    said = answer.json()
    assert words in said["error"]
    assert "ound" in said["error"]
    assert "expected" in said["error"]
    assert len(answer.content) < 1_000
    assert said["request_id"] == answer.headers["x-request-id"]


def test_bodies_of_another_kind_are_refused(client):
    assert client.post("/classify", data={"text": "a"}).status_code == 422
    assert client.post("/classify", content=b'{"text": "a"}', headers={"Content-Type": "text/plain"}).status_code == 422


def test_a_body_that_does_not_say_its_size_is_cut_off(client):
    answer = client.post("/classify", content=(b" " * 1_000 for _ in range(100)), headers=JSON)
    assert answer.status_code == 413
    assert "goes on beyond 65536 bytes" in answer.json()["error"]


def test_a_sender_of_megabytes_gets_to_read_why_it_is_refused(client):
    body, head = b"a" * 12_000_000, "POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for size in ("Content-Length: 12000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nB71B00\r\n"):
        with socket.create_connection(("127.0.0.1", urlsplit(str(client.base_url)).port), 20) as line:
            line.sendall((head + size).encode() + body + (b"\r\n0\r\n\r\n" if "chunked" in size else b""))
            answer = b"".join(iter(lambda: line.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"expected at most" in answer


def test_a_body_that_stalls_is_given_up():
    with serving(body_seconds=0.2) as (client, _), socket.create_connection(("127.0.0.1", urlsplit(str(client.base_url)).port), 10) as line:
        line.sendall(b'POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"te')
        assert line.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert client.post("/classify", json={"text": "soup"}).status_code == 200


def test_unknown_paths_and_methods_are_refused(client):
    for answer, status in ((client.get("/nothing"), 404), (client.get("/classify"), 405)):
        assert answer.status_code == status
        assert "expected" in answer.json()["error"]


# Batches


def test_requests_share_calls_and_each_gets_its_own_answer():
    classifier = StubClassifier(seconds=0.15)
    with serving(classifier, batch=8) as (client, _):
        texts = [f"text number {i}" for i in range(24)]
        answers = together(24, lambda i: client.post("/classify", json={"text": texts[i]}).json()["scores"])
        assert answers == [scores([ord(letter) for letter in text]) for text in texts]
        assert len(classifier.sizes) < 12
        assert max(classifier.sizes) <= 8
        assert sum(classifier.sizes) == 24


def test_a_bad_item_costs_its_neighbours_nothing():
    with serving(StubClassifier(seconds=0.05)) as (client, _):
        texts = ["poison" if i == 3 else f"text {i}" for i in range(8)]
        statuses = together(8, lambda i: client.post("/classify", json={"text": texts[i]}).status_code)
        assert statuses == [500 if i == 3 else 200 for i in range(8)]


def test_a_batch_fills_up_or_goes_when_the_wait_is_over():
    async def run() -> None:
        sizes = []
        batcher = Batcher(lambda items: sizes.append(len(items)) or items, size=3, wait=0.6, room=10)
        batcher.start()
        began = time.monotonic()
        await asyncio.gather(*(batcher.put(i) for i in range(3)))
        full = time.monotonic() - began
        began = time.monotonic()
        assert await batcher.put("alone") == "alone"
        assert sizes == [3, 1]
        assert full < 0.6 <= time.monotonic() - began
        await batcher.stop()

    asyncio.run(run())


def test_whoever_steps_out_of_line_is_not_worked_for():
    async def run() -> None:
        seen = []
        batcher = Batcher(lambda items: seen.extend(items) or items, size=1, wait=0, room=10)
        first, second = batcher.put("first"), batcher.put("second")
        first.cancel()
        batcher.start()
        assert await second == "second"
        assert seen == ["second"]
        await batcher.stop()

    asyncio.run(run())


def test_the_end_of_a_line_leaves_nobody_waiting():
    async def run() -> None:
        batcher = Batcher(lambda items: time.sleep(0.1) or items, size=2, wait=5, room=10)
        batcher.start()
        answers = [batcher.put(i) for i in range(1)]
        await asyncio.sleep(0.02)  # the first is taken and waits for a second
        answers += [batcher.put(i) for i in range(4)]
        await asyncio.sleep(0.02)
        await batcher.stop()
        assert all(answer.done() for answer in answers)

    asyncio.run(asyncio.wait_for(run(), 5))


def test_a_model_that_loses_an_answer_is_found_out():
    async def run() -> None:
        batcher = Batcher(lambda items: items[1:], size=1, wait=0, room=10)
        batcher.start()
        with pytest.raises(RuntimeError, match="found 0 answers to 1 items"):
            await batcher.put("a")
        await batcher.stop()

    asyncio.run(run())


def test_a_full_line_refuses_at_once_and_says_when_to_return():
    async def run() -> None:
        batcher = Batcher(list, size=1, wait=0, room=2)
        batcher.put("a"), batcher.put("b")
        with pytest.raises(Full) as refused:
            batcher.put("c")
        assert (refused.value.waiting, refused.value.retry_after) == (2, 1)

    asyncio.run(run())


# Limits


def test_no_room_is_a_503_with_retry_after_and_the_rest_is_answered():
    with serving(StubClassifier(seconds=0.3), batch=1, room=2) as (client, _):
        answers = together(12, lambda i: client.post("/classify", json={"text": "soup"}))
        refused = [answer for answer in answers if answer.status_code == 503]
        assert {answer.status_code for answer in answers} == {200, 503}
        assert all(int(answer.headers["retry-after"]) >= 1 and "requests in line" in answer.json()["error"] for answer in refused)
        assert client.post("/classify", json={"text": "soup"}).status_code == 200


def test_no_room_is_told_before_a_stream_begins():
    with serving(writer=StubWriter(seconds=0.05), batch=1, room=1) as (client, _):
        answers = together(8, lambda i: client.post("/generate/stream", json={"prompt": "a b", "max_new_tokens": 10}))
        assert {answer.status_code for answer in answers} == {200, 503}
        assert all(events(answer.text)[-1][0] == "done" for answer in answers if answer.status_code == 200)


def test_what_takes_too_long_is_given_up():
    writer = StubWriter(seconds=0.05)
    with serving(writer=writer, seconds=0.5) as (client, _):
        answer = client.post("/generate", json={"prompt": "a", "max_new_tokens": 100})
        assert answer.status_code == 504
        assert "Found no answer after 0.5 seconds" in answer.json()["error"]
        name, data = events(client.post("/generate/stream", json={"prompt": "a", "max_new_tokens": 100}).text)[-1]
        assert name == "error"
        assert "Found no answer after 0.5 seconds" in data["error"]
        assert client.post("/generate", json={"prompt": "a", "max_new_tokens": 1}).status_code == 200
        assert writer.steps < 100


@pytest.mark.parametrize("path", ["/generate", "/generate/stream"])
def test_nothing_is_written_for_a_client_that_has_gone(path):
    writer = StubWriter(seconds=0.05)
    with serving(writer=writer) as (client, _):
        with pytest.raises(httpx.ReadTimeout):
            client.post(path, json={"prompt": "a", "max_new_tokens": 100}, timeout=httpx.Timeout(10, read=0.01))
        assert client.post("/generate", json={"prompt": "a", "max_new_tokens": 1}).status_code == 200
        assert writer.steps < 80


def test_a_stream_that_fails_in_the_middle_says_so(caplog):
    with serving() as (client, _):
        *pieces, last = events(client.post("/generate/stream", json={"prompt": "a poison"}).text)
        assert len(pieces) == 2
        assert last == ("error", {"error": "The text could not be written."})


def test_a_failure_shows_nothing_of_the_inside(caplog):
    with serving() as (client, _):
        answer = client.post("/classify", json={"text": "poison"})
        assert answer.status_code == 500
        assert answer.json()["error"] == "The server failed at this request; its log names the request's number."


def test_each_client_has_its_rate():
    now = [0.0]
    rate = Rate(rate=2, burst=3, clock=lambda: now[0])
    assert [rate.seconds_to_wait("a") for _ in range(3)] == [0, 0, 0]
    assert rate.seconds_to_wait("a") == pytest.approx(0.5)
    assert rate.seconds_to_wait("b") == 0
    now[0] = 0.5
    assert rate.seconds_to_wait("a") == 0
    assert rate.seconds_to_wait("a") == pytest.approx(0.5)
    now[0] = 100
    assert [bool(rate.seconds_to_wait("a")) for _ in range(4)] == [False, False, False, True]


def test_the_memory_of_clients_has_an_end():
    now = [0.0]
    rate = Rate(rate=1, burst=1, clock=lambda: now[0])
    for i in range(30_000):
        now[0] += 0.001
        rate.seconds_to_wait(f"client {i}")
    assert len(rate._free_at) <= 11_001


def test_too_many_requests_are_a_429_with_retry_after_and_probes_go_on():
    with serving(rate=0.5, burst=3) as (client, _):
        answers = [client.post("/classify", json={"text": "a"}, headers={"X-Forwarded-For": f"10.0.0.{i}"}) for i in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert int(answers[-1].headers["retry-after"]) in (1, 2)
        assert "expected a pause" in answers[-1].json()["error"]
        assert client.get("/health/ready").status_code == client.get("/health/live").status_code == 200


def test_each_key_has_its_rate_and_strangers_spend_their_own():
    with serving(keys=(KEY, OTHER_KEY), rate=0.5, burst=2) as (client, _):

        def knock(key: str) -> int:
            return client.post("/classify", json={"text": "a"}, headers={"Authorization": f"Bearer {key}"}).status_code

        assert [knock("a-guess") for _ in range(4)] == [401, 401, 429, 429]
        assert [knock(KEY) for _ in range(3)] == [200, 200, 429]
        assert [knock(OTHER_KEY) for _ in range(3)] == [200, 200, 429]


# Keys


def test_with_keys_nothing_but_the_probes_opens_without_one(caplog):
    caplog.set_level(logging.DEBUG)
    with serving(keys=(KEY, OTHER_KEY)) as (client, _):
        shown = {None: 401, "x": 401, KEY[:-1]: 401, KEY + "x": 401, KEY.upper(): 401, KEY: 200, OTHER_KEY: 200}
        for key, status in shown.items():
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            assert client.post("/classify", json={"text": "a"}, headers=headers).status_code == status, key
            assert client.get("/metrics", headers=headers).status_code == status
            assert client.get("/openapi.json", headers=headers).status_code == status
        refused = client.post("/classify", content=b"{", headers={"Authorization": "Bearer wrong"})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert client.get("/health/live").status_code == 200
        assert client.post("/classify", json={"text": "a"}, headers=[(b"Authorization", b"Bearer \xff\xfe")]).status_code == 401
    told = json.dumps([vars(record) for record in caplog.records if not record.name.startswith("http")], default=str)
    assert '"path": "/classify"' in told
    assert KEY not in told
    assert "Bearer" not in told


def test_every_key_is_compared_in_full(monkeypatch):
    import hmac

    compared = []
    honest = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or honest(a, b))
    with serving(keys=(KEY, OTHER_KEY)) as (client, _):
        client.post("/classify", json={"text": "a"}, headers={"Authorization": f"Bearer {KEY}"})
    assert len(compared) == 2


def test_a_public_address_needs_a_key(monkeypatch):
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", ""):
        with pytest.raises(CourseError, match=r"no key is set\. Expected a key in COURSE_SERVE_KEYS"):
            Settings(host=host)
        assert Settings(host=host, keys=(KEY,)).keys == (KEY,)
    for host in ("127.0.0.1", "127.0.0.9", "::1", "localhost"):
        assert Settings(host=host).host == host
    assert Settings().host == "127.0.0.1"


def test_keys_come_from_the_environment_and_never_show(monkeypatch):
    monkeypatch.setenv("COURSE_SERVE_KEYS", f" {KEY}, {OTHER_KEY},")
    settings = Settings.from_environment(port=0)
    assert settings.keys == (KEY, OTHER_KEY)
    assert KEY not in repr(settings)
    with pytest.raises(CourseError, match="Expected 16 characters or more") as refused:
        Settings(keys=("short-secret",))
    assert "short-secret" not in str(refused.value)


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"room": 0}, {"seconds": 0}, {"rate": -1}, {"port": 70_000}, {"wait": float("nan")}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(CourseError, match="Expected"):
        Settings(**wrong)


# What keepers see


def test_the_server_lives_before_it_is_ready():
    import threading

    loaded = threading.Event()
    with serving(load=lambda: loaded.wait(20) and None, wait=False) as (client, _):
        assert client.get("/health/live").json() == {"status": "alive"}
        for answer in (client.get("/health/ready"), client.post("/classify", json={"text": "a"})):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
        loaded.set()
        while client.get("/health/ready").status_code != 200:
            time.sleep(0.005)
        assert client.post("/classify", json={"text": "a"}).status_code == 200


def test_metrics_count_what_happened():
    from prometheus_client.parser import text_string_to_metric_families

    with serving(StubClassifier(seconds=0.2)) as (client, _):
        together(6, lambda i: client.post("/classify", json={"text": f"a {i}"}))
        client.post("/classify", json={"text": ""})
        client.post("/generate", json={"prompt": "a b", "max_new_tokens": 7})
        client.post("/classify", content=b"a" * 70_000, headers=JSON)
        for path in ("/nothing", "/nothing/else"):
            client.get(path)
        text = client.get("/metrics").text
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["serving_requests_total", "/classify", "200", "POST"] == 6
    assert found["serving_requests_total", "/classify", "422", "POST"] == 1
    assert found["serving_requests_total", "/classify", "413", "POST"] == 1
    assert found["serving_requests_total", "404", "GET", "other"] == 2
    assert found["serving_request_seconds_count", "/classify"] == 8
    assert found["serving_batch_size_sum", "classifier"] == 6
    assert found["serving_batch_size_count", "classifier"] < 6
    assert found["serving_tokens_total",] == 7
    assert found["serving_waiting", "writer"] == 0
    assert found["serving_ready",] == 1
    assert found["serving_requests_active",] == 1
    assert "nothing" not in text


def test_each_request_is_one_line_without_its_content(caplog):
    caplog.set_level(logging.INFO, logger=LOGGER)
    with serving() as (client, _):
        client.post("/classify", json={"text": "a private matter"}, headers={"X-Request-ID": "mine-1"})
        client.post("/classify", json={"text": ""}, headers={"X-Request-ID": "two\tlines"})
    lines = [record for record in caplog.records if record.name == LOGGER and record.path == "/classify"]
    assert [line.status for line in lines] == [200, 422]
    assert lines[0].request_id == "mine-1"
    assert lines[1].request_id.isalnum()
    assert "private" not in json.dumps([vars(record) for record in caplog.records], default=str)


def test_load_counts_every_answer_and_every_failure():
    from course_utils.serving.load import load

    classifier = StubClassifier(seconds=0.02)
    with serving(classifier) as (client, _):
        run = load(str(client.base_url), "/classify", [{"text": "soup"}, {"text": "poison"}], clients=4, each=5)
        assert run.answers + run.failures == 20
        assert 8 <= run.failures <= 12
        assert run.p99 >= run.p95 >= run.p50 >= 20
        assert 1 < run.throughput < 4 / 0.02
        assert max(classifier.sizes) > 1
        with pytest.raises(CourseError, match="came to nothing"):
            load("http://127.0.0.1:1", "/classify", [], clients=1, each=1, seconds=1)


def test_log_lines_are_json_objects(python):
    code = (
        "import logging.config; from course_utils.serving.telemetry import LOGGER, log_config; logging.config.dictConfig(log_config())\n"
        "logging.getLogger(LOGGER).info('request', extra={'status': 200}); logging.getLogger('uvicorn.error').info('two\\nlines')"
    )
    lines = [json.loads(line) for line in python(code).stderr.splitlines()]
    assert [line["message"] for line in lines] == ["request", "two\nlines"]
    assert lines[0]["status"] == 200
    assert {"time", "level", "logger"} <= set(lines[0])


# The routes that the clients of the Hub ask


@pytest.fixture(scope="module")
def task_client() -> Iterator[httpx.Client]:
    """Yields a client of an app that has a chat and an encoder, too."""
    app = create_app(Settings(), StubClassifier, StubWriter, StubWriter, StubEncoder)
    with beside(app) as url, httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        while client.get("/health/ready").status_code != 200:
            time.sleep(0.005)
        yield client


def chat(content: str, **wishes) -> dict:
    """Returns the body of a chat of one message."""
    return {"messages": [{"role": "user", "content": content}], **wishes}


def test_a_text_or_a_list_of_texts_gets_its_labels_in_order_the_likeliest_first(task_client):
    texts = ["soup", "salad", "a longer text"]
    rows = task_client.post("/text-classification", json={"inputs": texts}).json()
    for text, row in zip(texts, rows, strict=True):
        expected = scores([ord(letter) for letter in text])
        assert {one["label"]: one["score"] for one in row} == expected
        assert [one["score"] for one in row] == sorted(expected.values(), reverse=True)
    assert task_client.post("/text-classification", json={"inputs": "soup"}).json() == rows[:1]
    best = task_client.post("/text-classification", json={"inputs": "soup", "parameters": {"top_k": 1}}).json()
    assert best == [rows[0][:1]]


def test_texts_get_vectors_of_length_one_unless_told_otherwise(task_client):
    raw = task_client.post("/feature-extraction", json={"inputs": ["a bc", "d"], "normalize": False}).json()
    assert raw == [[4.0, 2.0, 1.0], [1.0, 1.0, 1.0]]
    (unit,) = task_client.post("/feature-extraction", json={"inputs": "d"}).json()
    assert sum(value**2 for value in unit) == pytest.approx(1)


def test_a_chat_is_answered_whole_with_its_tokens_counted(task_client):
    answer = task_client.post("/v1/chat/completions", json=chat("so it goes", max_tokens=4)).json()
    assert answer["choices"] == [{"index": 0, "message": {"role": "assistant", "content": " so it goes so"}, "finish_reason": "length"}]
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def test_a_streamed_chat_brings_the_same_in_pieces_and_says_that_it_is_done(task_client):
    wishes = {"max_tokens": 4, "stream": True, "stream_options": {"include_usage": True}}
    answer = task_client.post("/v1/chat/completions", json=chat("so it goes", **wishes))
    assert answer.headers["content-type"].startswith("text/event-stream")
    *lines, last = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    assert last == "[DONE]"
    *chunks, usage = [json.loads(line) for line in lines]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == " so it goes so"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 5 + ["length"]
    assert usage["choices"] == [] and usage["usage"]["total_tokens"] == 7
    assert len({chunk["id"] for chunk in chunks}) == 1


def test_a_streamed_chat_that_fails_says_so_and_is_never_done(task_client):
    answer = task_client.post("/v1/chat/completions", json=chat("a poison b", max_tokens=9, stream=True))
    assert "[DONE]" not in answer.text
    assert json.loads(answer.text.splitlines()[-2].removeprefix("data: "))["error"] == "The text could not be written."


TASKS_REFUSED = [
    ("/text-classification", {"inputs": ""}, 422, "inputs.text: found an empty string, expected at least 1 character."),
    ("/text-classification", {"inputs": 3}, 422, "inputs.text: found 3, expected a valid string."),
    ("/text-classification", {"inputs": []}, 422, "inputs.list: found a list of 0, expected at least 1 item."),
    ("/text-classification", {"inputs": ["a"] * 33}, 422, "inputs.list: found a list of 33, expected at most 32 items."),
    ("/text-classification", {"inputs": ["fine", "a " * 51]}, 422, "inputs.list.1: found 51 tokens, expected at most 50 tokens."),
    ("/text-classification", {"inputs": "a", "parameters": {"top_p": 1}}, 422, "parameters.top_p: found 1, expected no such field."),
    ("/feature-extraction", {"inputs": "a " * 51}, 422, "inputs.text: found 51 tokens"),
    ("/feature-extraction", {"inputs": "a", "truncate": True}, 422, "truncate: found true, expected no such field."),
    ("/v1/chat/completions", {"messages": []}, 422, "messages: found a list of 0"),
    ("/v1/chat/completions", {"messages": "hello"}, 422, "expected a valid list"),
    ("/v1/chat/completions", {"messages": [{"role": "robot", "content": "a"}]}, 422, "expected"),
    ("/v1/chat/completions", chat("a " * 51), 422, "messages: found 51 tokens, expected at most 50 tokens"),
    ("/v1/chat/completions", chat("a " * 51, stream=True), 422, "messages: found 51 tokens"),
    ("/v1/chat/completions", chat("a", max_tokens=101), 422, "max_tokens: found 101, expected less than or equal to 100"),
    ("/v1/chat/completions", chat("a", tools=[]), 422, "tools: found a list of 0, expected no such field"),
]


@pytest.mark.parametrize(("path", "body", "status", "words"), TASKS_REFUSED, ids=[f"{i}" for i in range(len(TASKS_REFUSED))])
def test_bad_bodies_of_the_tasks_are_refused_with_found_and_expected(task_client, path, body, status, words):
    answer = task_client.post(path, json=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_an_app_has_the_routes_of_the_models_that_it_is_given():
    routes = {
        "classifier": (StubClassifier, {"/classify", "/text-classification"}),
        "writer": (StubWriter, {"/generate", "/generate/stream"}),
        "chat": (StubWriter, {"/v1/chat/completions"}),
        "encoder": (StubEncoder, {"/feature-extraction"}),
    }
    probes = {"/health/live", "/health/ready", "/metrics"}
    for name, (load, paths) in routes.items():
        assert set(create_app(Settings(), **{name: load}).openapi()["paths"]) == probes | paths
    assert set(create_app(Settings()).openapi()["paths"]) == probes | routes["classifier"][1] | routes["writer"][1]


def test_a_list_that_finds_no_room_is_refused_whole():
    classifier = StubClassifier(seconds=0.3)
    with serving(classifier, room=4, batch=8) as (client, _):
        together(1, lambda _: client.post("/classify", json={"text": "first"}))
        answer = client.post("/text-classification", json={"inputs": [f"text {i}" for i in range(8)]})
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert client.post("/text-classification", json={"inputs": ["a", "b"]}).status_code == 200
        assert sum(classifier.sizes) == 3


def test_chats_that_come_together_share_calls():
    class Counting(StubWriter):
        calls: list[int] = []

        def write(self, orders):
            self.calls.append(len(orders))
            return super().write(orders)

    app = create_app(Settings(), StubClassifier, StubWriter, lambda: Counting(seconds=0.02))
    with beside(app) as url, httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        while client.get("/health/ready").status_code != 200:
            time.sleep(0.005)
        answers = together(8, lambda i: client.post("/v1/chat/completions", json=chat(f"word{i} it", max_tokens=3)).json())
    assert [one["choices"][0]["message"]["content"] for one in answers] == [f" word{i} it word{i}" for i in range(8)]
    assert len(Counting.calls) < 8
