"""The demos of the lesson, from its own cells: the files of Spaces, the pages by a client and in a browser, the tools by theirs.

Two processes serve for the whole module: `python app.py`, as a Space runs it, and the lesson's cells. A hook in both notes each host that
they look up, connect to or listen on.
"""

import ast
import asyncio
import contextlib
import functools
import io
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import types
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy
import psutil
import pytest
import yaml
from browser import Page
from packaging.requirements import Requirement

from course_utils import catalog
from course_utils.compatibility.reader import python as plain

REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOK = REPOSITORY / "notebooks" / "06_deployment" / "03_demos.ipynb"
LOOPBACK = {"127.0.0.1", "localhost", "::1", "None"}
SOUP = "The soup was cold, and so was the waiter."
WATCH = """
import os, sys

def watch(event, given):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
        host = given[0] if event == "socket.getaddrinfo" else given[1][0] if isinstance(given[1], tuple) else None
        with open(os.environ["WATCHED"], "a") as file:
            file.write(f"{event} {host}\\n")

sys.addaudithook(watch)
sys.modules["rfc3987_syntax"] = None  # a grammar of addresses that takes seconds to build, and that nobody here needs
"""
BEFORE = """
import os, time
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import mcp
import gradio as gr

def abroad(hosts):
    return sorted(host for host in hosts if host not in HERE)
"""
SERVED = (
    "setup",
    "guard",
    "interface",
    "show",
    "raw",
    "bad",
    "mended",
    "digits",
    "functions",
    "functions-2",
    "picture",
    "blocks",
    "chat",
    "mcp",
)
AFTER = """
import json, sys
light[0].save("light.png")
dark[0].save("dark.png")
urls = {"studio": studio.local_url, "talk": f"http://127.0.0.1:{ports[-2]}/", "tools": tools.local_url}
print("READY", json.dumps({**urls, "digit": int(found.target[unseen[0]]), "ports": ports}), flush=True)
sys.stdin.read()
"""


def cell(name: str) -> str:
    """Returns the code of a cell of the stored lesson."""
    (found,) = (cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["id"] == name)
    return plain("".join(found["source"]))


def refused(port: int) -> bool:
    """Returns whether nobody listens on this port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Served:
    """A process that serves demos, where it is found, and what it wrote and whom it asked."""

    process: subprocess.Popen
    urls: dict
    ports: list[int]
    folder: Path

    def said(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def hosts(self, *events: str) -> set[str]:
        rows = (row.split(" ", 1) for row in (self.folder / "watched").read_text().splitlines())
        return {host for event, host in rows if event.removeprefix("socket.") in events}


@contextlib.contextmanager
def serving(script: Path, watch: Path, **settings: str) -> Iterator[tuple[subprocess.Popen, Path]]:
    """Yields a process that runs a script in the script's folder, and ends it, whatever happens."""
    (watch / "sitecustomize.py").write_text(WATCH)
    (watch / "watched").touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADIO_")}
    paths = os.pathsep.join([str(watch), str(REPOSITORY)])
    own = {"PYTHONPATH": paths, "WATCHED": str(watch / "watched"), "NO_PROXY": "127.0.0.1,localhost", "COURSE_HEADLESS": "1"}
    with (watch / "log").open("w", encoding="utf-8") as log:
        command = [sys.executable, script.name]
        process = subprocess.Popen(command, cwd=script.parent, env=kept | own | settings, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            yield process, watch
        finally:
            process.stdin.close()
            if process.poll() is None:
                process.kill()
            process.wait()


def until(true: Callable[[], object], process: subprocess.Popen, log: Path) -> None:
    """Waits until something is true of a running process; tells its log when it ends or takes two minutes."""
    end = time.monotonic() + 120
    while not true():
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Returns the names of the lesson's cells that write the files of two Spaces."""
    names = {"folder": tmp_path_factory.mktemp("lesson")}
    with contextlib.redirect_stdout(io.StringIO()):
        for name in ("space-app", "space-files", "check-space", "docker", "docker-file", "docker-check", "docker-space"):
            exec(cell(name), names)
    return names


@pytest.fixture(scope="module")
def app(made: dict, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yields the Space's app as `python app.py` serves it, with the miniature for a model."""
    port, temporary = free_port(), tmp_path_factory.mktemp("uploads")
    settings = {"MODEL": str(catalog.checkpoint("sentiment")), "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(temporary)}
    with serving(made["space"] / "app.py", tmp_path_factory.mktemp("app"), **settings) as (process, folder):
        until(lambda: not refused(port), process, folder / "log")
        until(lambda: "Running on local URL" in (folder / "log").read_text(), process, folder / "log")
        yield Served(process, {"app": f"http://127.0.0.1:{port}/"}, [port], folder)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yields the studio, the chat and the tools, served by the lesson's own cells."""
    folder = tmp_path_factory.mktemp("cells")
    script = folder / "cells.py"
    order = [*map(cell, SERVED[:2]), BEFORE, *map(cell, SERVED[2:]), AFTER, "served.close()"]
    script.write_text("\n\n".join(order), encoding="utf-8")
    log = folder / "log"
    with serving(script, folder) as (process, _):
        until(lambda: re.search(r"^READY .*\n", log.read_text(encoding="utf-8"), re.MULTILINE), process, log)
        told = json.loads(re.search(r"^READY (.*)$", log.read_text(encoding="utf-8"), re.MULTILINE).group(1))
        yield Served(process, told, told["ports"], folder)


@pytest.fixture(scope="module")
def client() -> Callable:
    """Returns a function that connects to a page; one client a page."""
    from gradio_client import Client

    return functools.cache(lambda url: Client(url, verbose=False))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Yields a page of a real browser."""
    opened = Page(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


def outside(page: Page) -> list[str]:
    """Returns what pages have asked of anybody but this machine."""
    return [address for address in page.asked if not re.match(r"(http|ws)://127\.0\.0\.1:\d+/|(data|blob|about):", address)]


def refusal(call: Callable, *given, **settings) -> str:
    """Returns the words with which a call is refused; they hold no traceback and no file of the server's."""
    with pytest.raises(Exception) as caught:
        call(*given, **settings)
    said = str(caught.value)
    assert "Traceback" not in said and ".py" not in said
    return said


class TestFilesOfASpace:
    def test_front_matter(self, made):
        text = (made["space"] / "README.md").read_text(encoding="utf-8")
        _, front, body = text.split("---\n", 2)
        settings = yaml.safe_load(front)
        assert settings["sdk"] == "gradio" and settings["sdk_version"] == version("gradio") and settings["app_file"] == "app.py"
        assert all(isinstance(settings[name], str) for name in ("title", "emoji", "license", "sdk_version", "short_description"))
        assert len(settings["short_description"]) <= 60
        (model,) = settings["models"]
        assert model == catalog.find("sentiment", "checkpoint").hub_id and repr(model).strip("'") in made["APP"]
        assert body.startswith(f"\n# {settings['title']}\n")

    @pytest.mark.parametrize("space", ["space", "docker_space"])
    def test_what_the_lesson_checks_is_in_order(self, made, space):
        folder = made[space]
        names = {path.name for path in folder.iterdir()}
        assert list(made["faults"]((folder / "README.md").read_text(encoding="utf-8"), names)) == []

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            (("---\ntitle", "title"), "front matter: found none"),
            (("license: apache-2.0\n", ""), "license: found nothing"),
            (("title: Is it praise?", "title: Is: it"), "front matter: ScannerError"),
            (("colorFrom: blue", "colorFrom: mauve"), "colorFrom: found 'mauve'"),
            (("sdk: gradio", "sdk: flask"), "sdk: found 'flask'"),
            (("app_file: app.py", "app_file: main.py"), "app_file: found no 'main.py'"),
        ],
    )
    def test_a_slip_is_found(self, made, change, sentence):
        text = (made["space"] / "README.md").read_text(encoding="utf-8")
        assert change[0] in text
        assert any(fault.startswith(sentence) for fault in made["faults"](text.replace(*change, 1), {"app.py"}))

    @pytest.mark.parametrize("space", ["space", "docker_space"])
    def test_requirements_hold_what_the_app_imports(self, made, space):
        rows = (made[space] / "requirements.txt").read_text().splitlines()
        wanted = {found.name: found for found in map(Requirement, rows)}
        assert all(found.specifier for found in wanted.values())
        assert all(found.specifier.contains(version(name)) for name, found in wanted.items() if name != "streamlit")
        tree = ast.parse((made[space] / "app.py").read_text(encoding="utf-8"))
        imported = {name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        imported |= {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        by_the_sdk = {"gradio"} if space == "space" else set()
        assert imported - set(sys.stdlib_module_names) - by_the_sdk <= set(wanted)

    def test_dockerfile(self, made):
        text = (made["docker_space"] / "Dockerfile").read_text()
        steps = [line.split(maxsplit=1) for line in text.splitlines()]
        order = [word for word, _ in steps]
        assert order[0] == "FROM" and order[-1] == "CMD" and order.index("USER") < order.index("RUN", 2)
        assert set(order) <= {"FROM", "RUN", "USER", "WORKDIR", "COPY", "EXPOSE", "CMD"}
        command = json.loads(steps[-1][1])
        front = yaml.safe_load((made["docker_space"] / "README.md").read_text(encoding="utf-8").split("---\n")[1])
        port = str(front["app_port"])
        assert front["sdk"] == "docker" and ["EXPOSE", port] in steps and f"--server.port={port}" in command
        assert "--browser.gatherUsageStats=false" in command
        assert list(made["docker_faults"](text)) == []

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            (("python:3.11-slim", "python"), "FROM"),
            (("USER user\n", ""), "USER"),
            (("7860", "80"), "port"),
            (("COPY --chown=user requirements.txt .\n", ""), "COPY"),
            (("EXPOSE", "ENV HF_TOKEN=x\nEXPOSE"), "token"),
        ],
    )
    def test_a_slip_in_the_dockerfile_is_found(self, made, change, fault):
        assert [found.split(":")[0] for found in made["docker_faults"](made["DOCKERFILE"].replace(*change))] == [fault]

    @pytest.mark.parametrize(("typed", "shown"), [(SOUP, ["NEGATIVE 0.75", "POSITIVE 0.25"]), ("  ", [])])
    def test_the_variant_in_streamlit_runs_against_a_stand_in(self, made, monkeypatch, typed, shown):
        rows = [{"label": "NEGATIVE", "score": 0.75}, {"label": "POSITIVE", "score": 0.25}]
        loads, bars = [], []
        stand_in = types.ModuleType("streamlit")
        stand_in.cache_resource = lambda function: function
        stand_in.title = lambda text: None
        stand_in.text_input = lambda label, max_chars: typed
        stand_in.progress = lambda share, text: bars.append(text)
        models = types.ModuleType("transformers")
        models.pipeline = lambda task, model: loads.append(model) or (lambda text, **settings: rows)
        monkeypatch.setitem(sys.modules, "streamlit", stand_in)
        monkeypatch.setitem(sys.modules, "transformers", models)
        exec(compile((made["docker_space"] / "app.py").read_text(encoding="utf-8"), "app.py", "exec"), {})
        assert bars == shown and len(loads) == bool(shown)

    def test_the_model_in_streamlit_is_loaded_behind_a_cache(self, made):
        tree = ast.parse(made["STREAMLIT"])
        (load,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
        assert [ast.unparse(found) for found in load.decorator_list] == ["st.cache_resource"]
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "pipeline"]
        assert [call in list(ast.walk(load)) for call in calls] == [True]


class TestApp:
    def test_an_opinion(self, app, client):
        answer = client(app.urls["app"]).predict(SOUP, api_name="/opinion")
        assert answer["label"] == "NEGATIVE"
        assert sum(row["confidence"] for row in answer["confidences"]) == pytest.approx(1, abs=1e-4)

    @pytest.mark.parametrize("text", ["", " \n", None])
    def test_nothing_is_refused_in_words(self, app, client, text):
        said = refusal(client(app.urls["app"]).predict, text, api_name="/opinion")
        assert said.splitlines()[0] == "Found no text, expected a sentence."

    @pytest.mark.parametrize("text", [3, ["good", "bad"], "good " * 2000, "La soupe était froide 🥶"])
    def test_anything_that_can_be_written_is_answered(self, app, client, text):
        assert client(app.urls["app"]).predict(text, api_name="/opinion")["label"] in ("NEGATIVE", "POSITIVE")

    @pytest.mark.parametrize("body", [b'{"data": 3}', b"nonsense", b"\xff\xfe", b"{}"])
    def test_a_body_of_the_wrong_type_is_the_senders_mistake(self, app, body):
        with pytest.raises(HTTPError) as caught:
            urlopen(
                Request(f"{app.urls['app']}gradio_api/call/opinion", data=body, headers={"Content-Type": "application/json"}), timeout=30
            )
        assert caught.value.code in (400, 422)
        assert "Traceback" not in caught.value.read().decode()

    def test_its_log_holds_no_traceback(self, app, client):
        refusal(client(app.urls["app"]).predict, "", api_name="/opinion")
        assert "Traceback" not in app.said()

    def test_it_asks_nobody_and_listens_on_this_machine_alone(self, app, client):
        client(app.urls["app"]).predict(SOUP, api_name="/opinion")
        assert "127.0.0.1" in app.hosts("bind") <= {"127.0.0.1", "::1"}
        assert app.hosts("connect", "getaddrinfo") <= LOOPBACK


class TestStudio:
    @pytest.mark.parametrize("ink", ["light", "dark"])
    def test_a_digit_in_either_ink(self, lesson, client, ink):
        from gradio_client import handle_file

        answer = client(lesson.urls["studio"]).predict(handle_file(lesson.folder / f"{ink}.png"), api_name="/read_digit")
        assert answer["label"] == str(lesson.urls["digit"])

    def test_a_file_that_is_no_picture(self, lesson, client, tmp_path):
        from gradio_client import handle_file

        (tmp_path / "note.png").write_text("This is no picture.")
        said = refusal(client(lesson.urls["studio"]).predict, handle_file(tmp_path / "note.png"), api_name="/read_digit")
        assert said.startswith("Found a file that is no picture, expected a PNG")

    @pytest.mark.parametrize(
        ("name", "given"), [("read_digit", [None]), ("paint", ["", 4]), ("paint", [None, 4]), ("strongest_tone", [None])]
    )
    def test_nothing_is_refused_in_words(self, lesson, client, name, given):
        assert re.match(r"Found no \w+, expected ", refusal(client(lesson.urls["studio"]).predict, *given, api_name=f"/{name}"))

    def test_a_seed_that_the_slider_has_not(self, lesson, client):
        assert "greater than maximum" in refusal(client(lesson.urls["studio"]).predict, "a red ball", 100, api_name="/paint")

    def test_a_painting_comes_back_as_a_picture(self, lesson, client):
        from PIL import Image

        painted = Image.open(client(lesson.urls["studio"]).predict("a red ball", 4, api_name="/paint"))
        assert painted.size == (64, 64) and painted.format == "PNG"

    @pytest.mark.parametrize("channels", [1, 2])
    def test_a_tone(self, lesson, client, tmp_path, channels):
        from gradio_client import handle_file

        samples = (9000 * numpy.sin(2 * numpy.pi * 330 * numpy.arange(8000) / 8000)).astype("<i2")
        with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
            file.setparams((channels, 2, 8000, 0, "NONE", ""))
            file.writeframes(numpy.repeat(samples, channels).tobytes())
        heard = client(lesson.urls["studio"]).predict(handle_file(tmp_path / "tone.wav"), api_name="/strongest_tone")
        assert heard == "330 Hz in 1.0 s of sound"


class TestChat:
    def test_the_answer_grows_piece_by_piece_and_a_new_visitor_finds_no_history(self, lesson):
        from gradio_client import Client

        answers = []
        for _ in range(2):
            job = Client(lesson.urls["talk"], verbose=False).submit("Say in French: the big green boat", api_name="/chat")
            answers.append(job.result(60))
            beginnings = job.outputs()
            assert len(beginnings) > 2
            assert all(after.startswith(before) for before, after in itertools.pairwise(beginnings))
        assert answers[0] and answers[0] == answers[1]


class TestTools:
    def test_tools_are_listed_called_and_refuse_in_words(self, lesson, monkeypatch):
        monkeypatch.setitem(sys.modules, "rfc3987_syntax", None)
        from mcp import ClientSession
        from mcp.client.streamable_http import streamable_http_client

        async def use():
            address = f"{lesson.urls['tools']}gradio_api/mcp/"
            async with streamable_http_client(address) as (read, write, _), ClientSession(read, write) as session:
                await session.initialize()
                tools = {tool.name: tool for tool in (await session.list_tools()).tools}
                calls = ({"text": SOUP}, {"txt": "good"}, {"text": ""})
                return tools, [await session.call_tool("careful_opinion", given) for given in calls]

        tools, (answer, misspelt, empty) = asyncio.run(use())
        assert set(tools) == {"careful_opinion", "f"}
        schema = tools["careful_opinion"].inputSchema
        assert schema["required"] == ["text"] and schema["properties"]["text"]["type"] == "string"
        assert "one English sentence" in schema["properties"]["text"]["description"]
        shares = ast.literal_eval(answer.content[0].text)
        assert not answer.isError and shares["NEGATIVE"] > shares["POSITIVE"]
        assert misspelt.isError and "'text' is a required property" in misspelt.content[0].text
        assert empty.isError and "Found no text, expected a sentence." in empty.content[0].text
        assert not any("Traceback" in said.content[0].text for said in (misspelt, empty))


BUTTON = "[...document.querySelectorAll('button:not([role=tab], .visually-hidden *)')].find(button => button.innerText.trim() === %s)"
FIELD = "[...document.querySelectorAll('textarea')].find(field => field.offsetParent)"


class TestInABrowser:
    def test_a_sentence_is_typed_and_its_opinion_read(self, page, app):
        page.open(app.urls["app"], f"{FIELD} && document.title === 'Is it praise?'")
        page.type(FIELD, SOUP)
        page.click(BUTTON % "'Submit'")
        page.wait("document.querySelector('[data-testid=label-output-value]')?.innerText.trim() === 'NEGATIVE'")
        page.type(FIELD, "")
        page.click(BUTTON % "'Submit'")
        page.wait("document.querySelector('.toast-body')?.innerText.includes('Found no text, expected a sentence.')")
        assert outside(page) == []

    def test_a_picture_is_sent_and_one_is_painted(self, page, lesson, tmp_path):
        page.open(lesson.urls["studio"], "document.querySelector('input[type=file]')")
        page.upload("input[type=file]", lesson.folder / "dark.png")
        page.wait(f"document.querySelector('[data-testid=label-output-value]')?.innerText.trim() === '{lesson.urls['digit']}'")
        page.click("[...document.querySelectorAll('[role=tab]')].find(tab => tab.innerText.trim() === 'Paint')")
        page.click(BUTTON % "'Paint'")
        page.wait("[...document.querySelectorAll('img')].some(image => image.offsetParent && image.naturalWidth === 64)")
        assert outside(page) == []

    def test_a_chat(self, page, lesson):
        page.open(lesson.urls["talk"], FIELD)
        page.type(FIELD, "Say in French: the small dog")
        page.press("Enter", 13)
        page.wait("[...document.querySelectorAll('[data-testid=bot]')].some(bubble => bubble.innerText.trim().length > 4)")
        assert outside(page) == []


class TestTheEnd:
    """Runs last: it ends what the tests before it talked to."""

    def test_the_lessons_cells_asked_nobody(self, lesson):
        assert "127.0.0.1" in lesson.hosts("bind") <= {"127.0.0.1", "::1"}
        assert lesson.hosts("connect", "getaddrinfo") <= LOOPBACK

    def test_the_app_ends_at_an_interrupt_and_leaves_nothing(self, app):
        children = psutil.Process(app.process.pid).children(recursive=True)
        app.process.send_signal(signal.SIGINT)
        assert app.process.wait(30) == 0
        assert refused(app.ports[0])
        assert not any(child.is_running() for child in children)

    def test_the_lessons_cells_end_and_leave_nothing(self, lesson):
        children = psutil.Process(lesson.process.pid).children(recursive=True)
        assert not any(refused(port) for port in lesson.ports)
        lesson.process.stdin.close()
        assert lesson.process.wait(60) == 0
        assert all(refused(port) for port in lesson.ports)
        assert not any(child.is_running() for child in children)
