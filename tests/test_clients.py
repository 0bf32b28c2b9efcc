"""The clients of the lesson on the Hub against servers of this machine; the snippets are taken from the lesson's own cells.

curl, JavaScript's fetch, the Hub's client for JavaScript, a function of a cloud, `InferenceClient`; patience, keys, the Hub's refusals.
"""

import base64
import hashlib
import json
import os
import random
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import psutil
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from huggingface_hub import InferenceClient, set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils._http import default_client_factory
from serving_stub import StubClassifier, StubEncoder, StubWriter, scores

from course_utils import lessons, profile
from course_utils.compatibility.reader import python as plain
from course_utils.serving import Settings, beside, create_app

KEY = "a-key-of-this-test-alone"
QUESTION = [{"role": "user", "content": "Say in French: the big green boat"}]
# What the stub says to it: its words, over and over, up to 20 of them.
WORDS = "".join(f" {QUESTION[0]['content'].split()[i % 7]}" for i in range(20))


@pytest.fixture(scope="module")
def cells() -> dict[str, str]:
    """Returns the code cells of the lesson by their names."""
    (lesson,) = [one for one in lessons.all_lessons() if one.name == "06_deployment/04_the_hub"]
    return {cell.id: plain(cell.source) for cell in lessons.code_cells(lesson.read())}


def run(source: str, **names: Any) -> SimpleNamespace:
    """Returns what a cell of the lesson defines, given the names that it uses."""
    space = {"base64": base64, "hashlib": hashlib, "json": json, "os": os, "random": random, "re": re, "secrets": secrets, **names}
    exec(compile(source, "<cell>", "exec"), space)
    return SimpleNamespace(**space)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Yields the address of an app of stubs behind a key."""
    app = create_app(Settings(keys=(KEY,)), StubClassifier, StubWriter, StubWriter, StubEncoder)
    with beside(app) as address:
        while not app.state.serving.ready:
            time.sleep(0.005)
        yield address


@pytest.fixture(autouse=True)
def open_to_this_machine() -> Iterator[None]:
    """Lets the Hub's client reach this machine, as the lesson does, and nothing else."""

    def loopback(request: httpx2.Request) -> None:
        assert request.url.host == "127.0.0.1"

    set_client_factory(lambda: httpx2.Client(event_hooks={"request": [loopback]}, trust_env=False, follow_redirects=True, timeout=30))
    yield
    set_client_factory(default_client_factory)


@pytest.fixture
def surroundings(url, monkeypatch) -> str:
    """Sets the environment that the snippets read; returns the address."""
    for name, value in {"SERVER_URL": url, "SERVER_KEY": KEY, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    return url


def outside(program: str, snippet: str, suffix: str, folder: Path, **changed: str) -> subprocess.CompletedProcess:
    """Returns what became of a snippet that another program ran."""
    file = folder / f"snippet{suffix}"
    file.write_text(snippet, encoding="utf-8")
    environment = os.environ | changed
    return subprocess.run([program, str(file)], capture_output=True, text=True, encoding="utf-8", timeout=60, env=environment, check=False)


def needs(*programs: str) -> pytest.MarkDecorator:
    lacking = [name for name in programs if not shutil.which(name)]
    return pytest.mark.skipif(bool(lacking), reason=f"{', '.join(lacking) or 'nothing'} is not on the PATH")


def node_packages() -> str:
    """Returns a folder of Node's packages that holds the Hub's client, or an empty string: NODE_PATH, else npm's global one."""
    folders = os.environ.get("NODE_PATH", "").split(os.pathsep)
    if shutil.which("npm"):
        found = subprocess.run(["npm", "root", "--global"], capture_output=True, text=True, timeout=60, check=False)
        folders.append(found.stdout.strip())
    return next((folder for folder in folders if folder and Path(folder, "@huggingface", "inference").is_dir()), "")


# From other languages


@needs("sh", "curl")
def test_curl_gets_the_answer(cells, surroundings, tmp_path):
    done = outside("sh", run(cells["curl"]).CURL, ".sh", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == WORDS


@needs("sh", "curl")
def test_curl_fails_with_the_reason_and_without_the_key_when_it_is_wrong(cells, surroundings, tmp_path):
    done = outside("sh", run(cells["curl"]).CURL, ".sh", tmp_path, SERVER_KEY="another-key-of-some-length")
    assert done.returncode != 0
    assert "expected the header Authorization" in done.stdout
    assert "another-key" not in done.stdout + done.stderr


@needs("node")
def test_fetch_gets_the_answer_whole_and_in_pieces(cells, surroundings, tmp_path):
    done = outside("node", run(cells["fetch"]).FETCH, ".cjs", tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["whole"]["choices"][0]["message"]["content"] == WORDS
    assert "".join(said["pieces"]) == WORDS
    assert len(said["pieces"]) > 20


@needs("node")
def test_fetch_names_the_refusal_and_not_the_key(cells, surroundings, tmp_path):
    done = outside("node", run(cells["fetch"]).FETCH, ".cjs", tmp_path, SERVER_KEY="another-key-of-some-length")
    assert done.returncode != 0
    assert "401 Found no valid key" in done.stderr
    assert "another-key" not in done.stdout + done.stderr


@needs("node")
def test_the_hubs_own_client_for_javascript_gets_the_same(cells, surroundings, tmp_path):
    packages = node_packages()
    if not packages:
        pytest.skip("@huggingface/inference is not in NODE_PATH or npm's global folder: npm install --global @huggingface/inference")
    done = outside("node", run(cells["client-js"]).CLIENT, ".cjs", tmp_path, NODE_PATH=packages)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["whole"]["choices"][0]["message"]["content"] == "".join(said["pieces"]) == WORDS
    assert {one["label"]: one["score"] for one in said["labels"]} == scores([ord(letter) for letter in "The soup was cold."])
    assert said["shape"] == [2, 3]


@needs("node")
@pytest.mark.parametrize(("calm", "least", "most"), [("true", 1, 1), ("false", 5, 1000)])
def test_the_hubs_own_client_asks_a_full_server_again_at_once_unless_told_not_to(calm, least, most, tmp_path):
    """What the lesson says of it; where a new version waits, the lesson must say so."""
    packages = node_packages()
    if not packages:
        pytest.skip("@huggingface/inference is not in NODE_PATH or npm's global folder: npm install --global @huggingface/inference")
    with Refusing(503, {"Retry-After": "5"}, 5) as (address, asked):
        snippet = """
        const { InferenceClient } = require("@huggingface/inference");
        const client = new InferenceClient("key", %s ? { retry_on_error: false } : {}).endpoint(process.env.SERVER_URL);
        client.chatCompletion({ messages: [{ role: "user", content: "a" }] }).then(() => {}, () => {});
        """
        outside("node", snippet % calm, ".cjs", tmp_path, NODE_PATH=packages, SERVER_URL=address)
    moments = [moment for moment, _ in asked]
    assert least <= len(moments) <= most
    assert moments[-1] - moments[0] < 5


# A function of a cloud


def event(text: Any, **more: Any) -> dict:
    return {"version": "2.0", "body": json.dumps({"text": text}), "isBase64Encoded": False, **more}


def test_the_function_of_a_cloud_answers_events(cells, surroundings):
    handler = run(cells["lambda-handler"]).handler
    expected = scores([ord(letter) for letter in "soup"])
    best = {"label": max(expected, key=expected.get), "score": max(expected.values())}
    good = handler(event("soup"), None)
    assert (good["statusCode"], json.loads(good["body"])) == (200, best)
    encoded = base64.b64encode(event("soup")["body"].encode()).decode()
    assert handler({"body": encoded, "isBase64Encoded": True}, None) == good
    for bad in (
        {},
        {"body": None},
        {"body": "text=soup"},
        {"body": "[1]"},
        {"body": "{}"},
        {"body": "%%", "isBase64Encoded": True},
        {"body": "[" * 100_000},
    ):
        assert handler(bad, None)["statusCode"] == 400
    assert handler(event(""), None)["statusCode"] == 422
    assert handler(event(3), None)["statusCode"] == 422


def test_the_function_of_a_cloud_keeps_its_own_troubles_to_itself(cells, surroundings, monkeypatch):
    handler = run(cells["lambda-handler"]).handler
    monkeypatch.setenv("SERVER_KEY", "another-key-of-some-length")
    refused = handler(event("soup"), None)
    assert refused["statusCode"] == 502
    assert "key" not in refused["body"]
    with Refusing(503, {"Retry-After": "7"}, 1) as (address, _):
        monkeypatch.setenv("SERVER_URL", address)
        full = handler(event("soup"), None)
        assert (full["statusCode"], full["headers"]) == (503, {"Retry-After": "7"})
    assert handler(event("soup"), None)["statusCode"] == 504  # nobody listens there any more


# InferenceClient


def test_the_client_gets_chats_labels_and_vectors(url):
    client = InferenceClient(base_url=url, api_key=KEY, timeout=30)
    whole = client.chat_completion(QUESTION, max_tokens=20)
    pieces = [chunk.choices[0].delta.content or "" for chunk in client.chat_completion(QUESTION, max_tokens=20, stream=True)]
    assert whole.choices[0].message.content == "".join(pieces) == WORDS
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens, whole.choices[0].finish_reason) == (7, 20, "length")
    *_, last = client.chat_completion(QUESTION, max_tokens=3, stream=True, stream_options={"include_usage": True})
    assert last.usage.total_tokens == 10
    labels = client.text_classification("soup", model=f"{url}/text-classification", top_k=1)
    assert [one.score for one in labels] == [max(scores([ord(letter) for letter in "soup"]).values())]
    assert client.feature_extraction(["a", "b c"], model=f"{url}/feature-extraction").shape == (2, 3)


def test_openais_client_is_understood_as_well(url):
    from openai import DefaultHttpxClient, OpenAI

    with OpenAI(base_url=f"{url}/v1", api_key=KEY, http_client=DefaultHttpxClient(trust_env=False)) as client:
        assert client.chat.completions.create(model="chat", messages=QUESTION, max_tokens=20).choices[0].message.content == WORDS
        stream = client.chat.completions.create(model="chat", messages=QUESTION, max_tokens=20, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == WORDS


def test_a_chat_that_breaks_while_it_is_streamed_raises(url):
    client = InferenceClient(base_url=url, api_key=KEY)
    with pytest.raises(Exception, match="could not be written"):
        list(client.chat_completion([{"role": "user", "content": "a poison b"}], max_tokens=9, stream=True))


@pytest.mark.parametrize(
    ("settings", "asked", "status", "words"),
    [
        ({"api_key": "not-the-right-key"}, {}, 401, "Found no valid key"),
        ({}, {"max_tokens": 1000}, 422, "max_tokens: found 1000, expected less than or equal to 100"),
        ({}, {"top_p": 0.5}, 422, "top_p: found 0.5, expected no such field"),
    ],
)
def test_refusals_reach_the_caller_in_words(url, settings, asked, status, words):
    with pytest.raises(HfHubHTTPError) as refused:
        InferenceClient(base_url=url, **{"api_key": KEY, **settings}).chat_completion(QUESTION, **asked)
    assert refused.value.response.status_code == status
    assert words in refused.value.response.json()["error"]
    assert settings.get("api_key", KEY) not in str(refused.value)


# Patience


class Refusing:
    """A server that refuses so often, and then answers; yields its address, and the moment and the key of each request."""

    def __init__(self, status: int, headers: dict[str, str], times: int) -> None:
        self.asked: list[tuple[float, str]] = []
        app = FastAPI()

        @app.post("/{path:path}")
        async def answer(path: str, request: Request) -> JSONResponse:
            self.asked.append((time.monotonic(), request.headers.get("authorization", "")))
            if len(self.asked) <= times:
                return JSONResponse({"error": "no room"}, status, headers)
            choice = {"index": 0, "message": {"role": "assistant", "content": "at last"}, "finish_reason": "stop"}
            return JSONResponse({"id": "1", "created": 0, "model": "chat", "choices": [choice]})

        self.block = beside(app)

    def __enter__(self) -> tuple[str, list]:
        return self.block.__enter__(), self.asked

    def __exit__(self, *problem: object) -> None:
        self.block.__exit__(*problem)


def asked_with_patience(cells, status: int, headers: dict[str, str], times: int, **settings) -> tuple[str, list[float], int]:
    """Returns the answer or the status of the error, the waits, and how often the server was asked."""
    patient, waits = run(cells["patient-code"], httpx2=httpx2).patient, []
    with Refusing(status, headers, times) as (address, asked):
        client = InferenceClient(base_url=address, api_key=KEY)
        try:
            said = patient(lambda: client.chat_completion(QUESTION), sleep=waits.append, **settings).choices[0].message.content
        except HfHubHTTPError as error:
            said = str(error.response.status_code)
    return said, waits, len(asked)


def test_patience_waits_as_long_as_it_was_told_and_longer_each_time(cells):
    said, waits, count = asked_with_patience(cells, 503, {"Retry-After": "2"}, 3, chance=lambda: 1.0)
    assert (said, waits, count) == ("at last", [2.5, 3.0, 4.0], 4)
    assert asked_with_patience(cells, 429, {}, 2, chance=lambda: 1.0)[:2] == ("at last", [0.5, 1.0])


def test_patience_survives_a_date_as_retry_after(cells):
    headers = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert asked_with_patience(cells, 503, headers, 1, chance=lambda: 1.0)[:2] == ("at last", [0.5])


def test_patience_ends(cells):
    said, waits, count = asked_with_patience(cells, 503, {"Retry-After": "1"}, 99, tries=3)
    assert (said, len(waits), count) == ("503", 2, 3)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 500])
def test_what_would_be_refused_again_is_asked_once(cells, status):
    assert asked_with_patience(cells, status, {}, 99) == (str(status), [], 1)


def test_a_broken_connection_is_tried_again(cells):
    patient, waits = run(cells["patient-code"], httpx2=httpx2).patient, []
    with Refusing(503, {}, 0) as (address, _):
        pass
    client = InferenceClient(base_url=address, api_key=KEY)
    with pytest.raises(httpx2.ConnectError):
        patient(lambda: client.chat_completion(QUESTION), sleep=waits.append, tries=3)
    assert len(waits) == 2


# Keys


def test_a_token_of_the_environment_goes_to_any_address_unless_another_is_given(monkeypatch):
    """What the lesson warns of."""
    token = "hf_" + "t" * 34
    monkeypatch.setenv("HF_TOKEN", token)
    with Refusing(404, {}, 99) as (address, asked):
        for settings in ({}, {"api_key": "another"}):
            with pytest.raises(HfHubHTTPError) as refused:
                InferenceClient(base_url=address, **settings).chat_completion(QUESTION)
            assert token not in str(refused.value)
    assert [key for _, key in asked] == [f"Bearer {token}", "Bearer another"]


def test_a_shown_secret_cannot_be_used(cells):
    shown = run(cells["token-shown"], token="hf_" + "t" * 34).shown
    assert "t" * 4 not in shown("hf_" + "t" * 34)
    assert shown("hf_" + "t" * 34) != shown("hf_" + "u" * 34)


def test_the_lesson_stores_no_key(cells):
    text = (profile.root() / "notebooks" / "06_deployment" / "04_the_hub.ipynb").read_text(encoding="utf-8")
    assert not re.search(r"hf_[A-Za-z0-9]{20,}", text)
    assert not re.search(r"Bearer [A-Za-z0-9_-]{24,}", text)


# Cards, and what a push sends


def test_the_plan_of_a_push_is_what_the_hubs_client_sends(cells, tmp_path):
    from huggingface_hub import HfApi

    plan = run(cells["push-plan"], folder=tmp_path / "none").plan
    folder = tmp_path / "model"
    for name, size in {"README.md": 9, "a.bin": 100, "deep/b.txt": 3, ".git/config": 4, "logs/x.log": 5, ".env": 6, "empty": 0}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * size)
    stand_in = run(cells["hub-push"])
    ignore = ["logs/", ".env"]
    with beside(stand_in.hub) as address:
        HfApi(endpoint=address, token="key").upload_folder(repo_id="me/open", folder_path=folder, ignore_patterns=list(ignore))
    planned = {path: size for path, size, way in plan(folder, ignore) if way != "ignored"}
    assert dict(stand_in.announced) == planned == {"README.md": 9, "a.bin": 100, "deep/b.txt": 3, "empty": 0}
    assert set(stand_in.commits[0][1]) == set(planned)
    assert {path: way for path, _, way in plan(folder)} | {".git/config": "ignored"} == {
        "README.md": "regular",
        "a.bin": "LFS",
        "deep/b.txt": "regular",
        ".git/config": "ignored",
        "logs/x.log": "regular",
        ".env": "regular",
        "empty": "regular",
    }


def test_the_stand_in_of_the_lesson_refuses_as_the_one_of_the_tests_does(cells, tmp_path):
    """Two stand-ins, written apart: the lesson's, and that of `hub_server`, with which the hub profile is tested."""
    from hub_server import Hub
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    (tmp_path / "README.md").write_text("# me\n", encoding="utf-8")
    lesson = run(cells["hub-resolve"], commits=[("f" * 40, {"README.md": b""})])
    member, stranger = lesson.people["member"], lesson.people["stranger"]
    with Hub(tmp_path, "me/gated", "main") as hub:
        hub.tokens = {member: True, stranger: False}
        for name, key, revision, path in (
            ("gated", "", "main", "README.md"),
            ("gated", "unknown", "main", "README.md"),
            ("gated", stranger, "main", "README.md"),
            ("gated", member, "v9", "README.md"),
            ("gated", member, "main", "none.bin"),
            ("missing", "", "main", "README.md"),
            ("missing", member, "main", "README.md"),
        ):
            with pytest.raises(HfHubHTTPError) as refused:
                address = hf_hub_url(f"me/{name}", path, revision=revision, endpoint=hub.address)
                get_hf_file_metadata(address, token=key or False)
            answer = refused.value.response
            status, code, _ = lesson.refusal(name, key, revision, path)
            assert (status, code) == (answer.status_code, answer.headers.get("X-Error-Code", ""))
    assert lesson.refusal("gated", member, "main", "README.md") is None
    assert lesson.refusal("private", stranger, "main", "README.md")[:2] == lesson.refusal("missing", stranger, "main", "README.md")[:2]


def test_the_check_of_a_card_finds_what_the_library_lets_pass(cells):
    from huggingface_hub import ModelCard, ModelCardData

    complaints = run(cells["card-check"], ModelCardData=ModelCardData).complaints
    good = "---\nlicense: mit\nlanguage: [en, fr]\npipeline_tag: fill-mask\n---\n# x\n\n## Limits\n"
    assert list(complaints(ModelCard(good))) == []
    for old, new, words in (
        ("license", "licence", "licence: no such field"),
        ("mit", "MIT License", "license: found"),
        ("[en, fr]", "[en, french]", "'french'"),
        ("fill-mask", "gap-filling", "pipeline_tag: found"),
        ("## Limits", "## Praise", "limits"),
    ):
        assert any(words in one for one in complaints(ModelCard(good.replace(old, new))))


# Nothing stays


def test_the_servers_of_these_tests_end():
    before = {one.laddr for one in psutil.Process().net_connections() if one.status == "LISTEN"}
    with Refusing(503, {}, 1) as (address, _):
        assert int(address.rpartition(":")[2])
    assert {one.laddr for one in psutil.Process().net_connections() if one.status == "LISTEN"} <= before
    assert threading.active_count() < 100
