"""Servers in processes of their own: killed and stopped under load, started wrongly, orphaned. Nothing is lost, nothing stays."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from serving_stub import scores

from course_utils.errors import CourseError
from course_utils.serving.server import Running, free_port, running

STUB = str(Path(__file__).with_name("serving_stub.py"))
REPOSITORY = str(Path(__file__).resolve().parent.parent)
CLIENTS = 8


def stub(*settings: str, port: int = 0, patience: float = 60.0) -> object:
    """Returns the block in which a server of stubs runs with these settings."""
    return running((STUB, *settings), patience=patience, environment={"PYTHONPATH": REPOSITORY}, port=port)


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """Holds each test to the promise that no process outlives it."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    until = time.monotonic() + 10
    while {child.pid for child in psutil.Process().children(recursive=True)} - before and time.monotonic() < until:
        time.sleep(0.02)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def refused(port: int) -> bool:
    """Returns whether nobody listens on this port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def until_active(server: Running, count: int) -> None:
    """Waits until so many requests are inside, besides the one that asks for their number."""
    until = time.monotonic() + 30
    while f"serving_requests_active {count + 1}.0" not in httpx.get(f"{server.url}/metrics").text:
        assert time.monotonic() < until
        time.sleep(0.01)


class Crowd:
    """Clients that ask one text after another until told to stop, and what became of each request."""

    def __init__(self, server: Running, again: bool = False) -> None:
        self.url, self.again = server.url, again
        self.outcomes: Counter[str] = Counter()
        self.lost: list[str] = []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._client, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> "Crowd":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self.threads)

    def wait(self, outcome: str, count: int) -> None:
        """Waits until this outcome was seen so often."""
        until = time.monotonic() + 30
        while self.outcomes[outcome] < count:
            assert time.monotonic() < until, self.outcomes
            time.sleep(0.005)

    def _client(self, number: int) -> None:
        turn = 0
        with httpx.Client(base_url=self.url, timeout=10, trust_env=False) as client:
            while not self.stopped.is_set():
                text = f"client {number} turn {turn}"
                outcome = self._ask(client, text)
                self.outcomes[outcome] += 1
                if outcome == "wrong":
                    self.lost.append(text)
                turn += outcome == "answered" or not self.again
                if outcome != "answered":
                    time.sleep(0.02)

    def _ask(self, client: httpx.Client, text: str) -> str:
        """Returns "answered", or how it was refused; "wrong" is everything that must not be."""
        try:
            answer = client.post("/classify", json={"text": text})
        except (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            return "cut off"
        except httpx.HTTPError:
            return "wrong"
        if answer.status_code == 503:
            return "refused" if "retry-after" in answer.headers and "expected" in answer.json()["error"] else "wrong"
        right = answer.status_code == 200 and answer.json()["scores"] == scores([ord(letter) for letter in text])
        return "answered" if right else "wrong"


def test_killed_under_load_and_started_again_every_request_is_answered_in_the_end():
    with stub() as server, Crowd(server, again=True) as crowd:
        crowd.wait("answered", 50)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        crowd.wait("cut off", CLIENTS)
        answered = crowd.outcomes["answered"]
        with stub(port=int(server.url.rpartition(":")[2])):
            crowd.wait("answered", answered + 50)
            crowd.stopped.set()
    assert crowd.outcomes["wrong"] == 0, crowd.lost
    assert set(crowd.outcomes) <= {"answered", "cut off", "refused"}


def test_stopped_under_load_whoever_was_let_in_is_answered_and_newcomers_are_refused():
    with stub("call=0.1", "grace=0.7") as server:
        with Crowd(server) as crowd:
            crowd.wait("answered", 2 * CLIENTS)
            server.process.terminate()
            crowd.wait("refused", CLIENTS)
            assert server.process.wait(20) == 0
            crowd.wait("cut off", CLIENTS)
        counts = crowd.outcomes
        assert counts["wrong"] == 0, crowd.lost
        assert refused(int(server.url.rpartition(":")[2]))


def test_a_request_that_was_let_in_before_the_stop_is_answered_in_full():
    with stub("call=0.1", "grace=0") as server:
        answers = {}

        def ask() -> None:
            answers["whole"] = httpx.post(f"{server.url}/generate", json={"prompt": "so it goes", "max_new_tokens": 40}, timeout=20)

        def listen() -> None:
            answers["stream"] = httpx.post(f"{server.url}/generate/stream", json={"prompt": "a b", "max_new_tokens": 40}, timeout=20)

        threads = [threading.Thread(target=call) for call in (ask, listen)]
        for thread in threads:
            thread.start()
        until_active(server, 2)
        server.process.terminate()
        for thread in threads:
            thread.join(20)
        assert server.process.wait(20) == 0
    assert answers["whole"].json()["tokens"] == 40
    assert answers["stream"].text.rstrip().splitlines()[-2] == "event: done"


def test_told_twice_it_ends_at_once():
    outcome = []

    def ask() -> None:
        try:
            outcome.append(httpx.post(f"{server.url}/generate", json={"prompt": "a", "max_new_tokens": 100}, timeout=60).status_code)
        except httpx.HTTPError:
            outcome.append("cut off")

    with stub("call=0.5") as server:
        began = time.monotonic()
        thread = threading.Thread(target=ask)
        thread.start()
        until_active(server, 1)
        server.process.terminate()
        time.sleep(0.2)
        server.process.terminate()
        server.process.wait(20)
        thread.join(20)
        assert time.monotonic() - began < 15  # the text would take fifty seconds
        assert outcome in ([503], ["cut off"])


def test_an_invented_address_does_not_evade_the_rate():
    with stub("rate=0.1", "burst=2") as server:
        asked = [
            httpx.post(f"{server.url}/classify", json={"text": "a"}, headers={"X-Forwarded-For": f"10.0.0.{i}"}).status_code
            for i in range(3)
        ]
    assert asked == [200, 200, 429]


def test_when_patience_ends_the_rest_is_refused():
    outcome = []
    with stub("call=0.5", "drain=0.6") as server:
        asked = {"prompt": "a", "max_new_tokens": 100}
        thread = threading.Thread(target=lambda: outcome.append(httpx.post(f"{server.url}/generate", json=asked, timeout=60)))
        thread.start()
        until_active(server, 1)
        server.process.terminate()
        assert server.process.wait(20) == 0
        thread.join(20)
    assert outcome[0].status_code == 503
    assert "The server closed before the answer was ready" in outcome[0].json()["error"]


def test_a_model_that_cannot_be_loaded_ends_the_server_with_the_reason():
    with pytest.raises(CourseError, match="the weights are gone"), stub("load=-0.01"):
        pass


def test_a_port_that_is_taken_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CourseError, match="is not to be had"), stub(port=taken.getsockname()[1]):
            pass


def test_nothing_is_left_when_the_block_fails():
    with pytest.raises(ZeroDivisionError), stub() as server:
        raise ZeroDivisionError
    assert server.process.poll() is not None
    assert refused(int(server.url.rpartition(":")[2]))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_a_server_does_not_outlive_a_killed_parent():
    code = (
        f"import sys; sys.path[:0] = [{str(Path(STUB).parent)!r}, {REPOSITORY!r}]\n"
        "import time; from test_serving_processes import stub\n"
        "with stub() as server:\n    print(server.process.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    child.wait(10)
    assert not child.is_running()


def test_the_command_refuses_a_public_address_without_a_key():
    environment = {k: v for k, v in os.environ.items() if k != "COURSE_SERVE_KEYS"} | {"PYTHONPATH": REPOSITORY}
    command = [sys.executable, "-m", "course_utils", "serve", "--host", "0.0.0.0", "--port", str(free_port())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "no key is set" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_package_loads_nothing_heavy(python):
    heavy = ("fastapi", "uvicorn", "pydantic", "torch", "locust")
    code = f"import sys, course_utils, course_utils.cli, course_utils.serving; print([m for m in {heavy} if m in sys.modules])"
    assert python(code).stdout.strip() == "[]"


def test_without_its_packages_the_server_says_which_one_it_wants(python):
    code = (
        "import sys; sys.modules['uvicorn'] = None; sys.argv = ['course', 'serve']; from course_utils.cli import entry_point; entry_point()"
    )
    done = python(code)
    assert done.returncode == 2
    assert "Found no package 'uvicorn'" in done.stderr
    assert "[serve]" in done.stderr
