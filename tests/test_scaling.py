"""What the lesson on scaling out shows, with what it has no room for: Ray, killed groups, every broken manifest, hadolint, other trainings.

The definitions are taken from the stored lesson itself, by the tags of its cells.
"""

import ast
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from course_utils import lessons
from course_utils.serving.server import free_port, running

LESSON = "06_deployment/05_scaling_out"
TESTS = Path(__file__).resolve().parent
REPOSITORY = TESTS.parent
NO_WAY_OUT = ["unshare", "--net", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]
LOOPBACK_UP = (
    "import fcntl, os, socket, struct, sys\n"
    "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:\n"
    "    fcntl.ioctl(s, 0x8914, struct.pack('16sh14x', b'lo', 0x49))\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
)


def sources(tag: str) -> list[str]:
    """Returns the code of the lesson's cells with this tag."""
    (lesson,) = lessons.choose([LESSON])
    return [cell.source for cell in lessons.code_cells(lesson.read()) if tag in lessons.tags(cell)]


def string(tag: str) -> str:
    """Returns the longest string in the one cell with this tag: a file that the lesson writes."""
    (source,) = sources(tag)
    found = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return max(found, key=len).lstrip("\n")


def alive() -> set[int]:
    """Returns the processes that this one has started, those that have ended and wait to be counted left out."""
    return {child.pid for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """Holds each test to the promise that no process outlives it."""
    before, until = alive(), time.monotonic() + 20
    yield
    while alive() - before and time.monotonic() < until:
        time.sleep(0.05)
    assert alive() <= before


class TestWorkers:
    APP = "import os\nfrom fastapi import FastAPI\napp = FastAPI()\n\n@app.get('/')\nasync def who():\n    return os.getpid()\n"

    def test_a_killed_worker_is_replaced_and_all_of_them_end(self, tmp_path):
        (tmp_path / "who.py").write_text(self.APP)
        command = ("-m", "uvicorn", "who:app", "--app-dir", str(tmp_path), "--workers", "2")
        with running(command, probe="/") as server, httpx.Client(base_url=server.url, trust_env=False) as http:
            first = self.two(http)
            os.kill(victim := min(first), signal.SIGKILL)
            later = self.two(http, without=victim)
            assert victim not in later and len(later - first) == 1
        assert all(not psutil.pid_exists(pid) for pid in first | later)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(server.url.rpartition(":")[2]))) != 0

    @staticmethod
    def two(http: httpx.Client, without: int = 0) -> set[int]:
        seen, until = set(), time.monotonic() + 60
        while len(seen) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
            seen |= {http.get("/", headers={"Connection": "close"}).json()} - {without}
        return seen


def can_have_a_network_of_its_own() -> bool:
    """Returns whether Ray can be shut into a network with nothing but a loopback, since it listens on all addresses."""
    return bool(shutil.which("unshare")) and subprocess.run([*NO_WAY_OUT, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_have_a_network_of_its_own(), reason="Ray listens on all addresses; this system cannot shut it into a loopback")
def test_of_two_replicas_of_ray_one_is_killed_under_load_and_nothing_is_lost(tmp_path_factory):
    folder = tmp_path_factory.getbasetemp().parent / f"r{os.getpid()}"  # Ray's sockets want a short path
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    text = string("ray-app")
    quick = text.replace("from course_utils import checkpoint", "from serving_stub import StubClassifier")
    quick = quick.replace("        from course_utils.serving.models import Classifier\n", "")
    quick = quick.replace('Classifier(checkpoint("sentiment"))', "StubClassifier(0.005)")
    assert "StubClassifier(0.005)" in quick and "checkpoint" not in quick
    (folder / "app.py").write_text(quick)
    command = [sys.executable, "-c", LOOPBACK_UP, "-W", "ignore", str(TESTS / "scaling_ray.py"), str(folder / "app.py"), str(folder)]
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{TESTS}"}
    done = subprocess.run([*NO_WAY_OUT, *command], env=environment, capture_output=True, text=True, timeout=400, check=False)
    shutil.rmtree(folder, ignore_errors=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stderr[-2000:]
    found = json.loads(lines[-1])
    if not found["started"]:
        pytest.skip("Ray gives its helpers fifteen seconds to start, and this machine was too busy three times")
    assert found["replicas"] == 2
    assert found["answered"] == found["right"] == found["asked"] == 96
    assert found["anew"], "expected a new replica in the place of the dead one"
    assert set(found["again"]) <= {"ActorDiedError", "RayActorError", "ActorUnavailableError"}


class TestTraining:
    def rows(self, folder: Path, seed: int) -> tuple[Any, Any]:
        import torch
        from safetensors.torch import save_file

        made = torch.Generator().manual_seed(seed)
        x = torch.randn(2560, 512, generator=made)
        y = (x[:, :3].sum(1) > 0).long()
        save_file({"x": x, "y": y}, folder / "rows.safetensors")
        (folder / "train.py").write_text(string("train-script"))
        return x, y

    def launch(self, folder: Path, processes: int) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--master-addr", "127.0.0.1"]
        loopback = {"GLOO_SOCKET_IFNAME": "lo0" if sys.platform == "darwin" else "lo", "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [*command, "--master-port", str(free_port()), "train.py"],
            cwd=folder, env=os.environ | loopback, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def test_two_processes_learn_what_one_learns(self, tmp_path):
        import torch
        from safetensors.torch import load_file

        x, y = self.rows(tmp_path, seed=1)
        done = self.launch(tmp_path, 2)
        assert done.returncode == 0, done.stderr
        first, second = (load_file(tmp_path / f"rank{rank}.safetensors") for rank in (0, 1))
        assert all(torch.equal(first[name], second[name]) for name in first)
        weight, bias = torch.zeros(2, 512, requires_grad=True), torch.zeros(2, requires_grad=True)
        for step in range(40):  # by hand, without the library's layer and optimizer
            batch = slice(step * 64, (step + 1) * 64)
            loss = -(x[batch] @ weight.T + bias).log_softmax(1)[range(64), y[batch]].mean()
            gradients = torch.autograd.grad(loss, (weight, bias))
            with torch.no_grad():
                weight -= 0.2 * gradients[0]
                bias -= 0.2 * gradients[1]
        assert torch.allclose(first["weight"], weight, atol=1e-4) and torch.allclose(first["bias"], bias, atol=1e-4)

    def test_when_one_dies_the_group_ends_with_an_error_and_nothing_is_saved(self, tmp_path):
        self.rows(tmp_path, seed=2)
        script = (tmp_path / "train.py").read_text()
        dies = "    if (rank, step) == (1, 7):\n        __import__('os')._exit(3)\n    optimizer.step()\n"
        (tmp_path / "train.py").write_text(script.replace("    optimizer.step()\n", dies))
        done = self.launch(tmp_path, 2)
        assert done.returncode != 0
        assert re.search(r"exitcode\s*: 3", done.stderr)
        assert not list(tmp_path.glob("rank*.safetensors"))


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    """Returns what the lesson's cells on manifests define."""
    names: dict[str, Any] = {"json": json}
    for source in sources("manifests"):
        exec(source, names)
    return names


@pytest.fixture(scope="module")
def described() -> set[str]:
    """Returns the paths of the app, from its own description."""
    from course_utils.serving import create_app

    return set(create_app().openapi()["paths"])


class TestManifests:
    def test_they_are_valid_for_every_version_of_kubernetes_at_hand(self, manifests, described):
        import kubernetes_validate

        documents = list(yaml.safe_load_all(yaml.safe_dump_all(manifests["documents"])))
        assert documents == manifests["documents"]
        for version in ("1.28", "1.31", "1.34", "1.37"):
            for document in documents[:3]:
                kubernetes_validate.validate(document, version, strict=True)
        manifests["check_schema"](documents[3])
        assert list(manifests["objections"](documents, described)) == []

    def test_each_broken_one_is_refused(self, manifests, described):
        import jsonschema

        refused = {}
        for what, change in manifests["PLACES"].items():
            documents = manifests["broken"](*change)
            try:
                for document in documents:
                    manifests["check_schema"](document)
            except jsonschema.ValidationError:
                refused[what] = "schema"
                continue
            if list(manifests["objections"](documents, described)):
                refused[what] = "together"
        assert set(refused) == set(manifests["PLACES"])
        assert set(refused.values()) == {"schema", "together"}

    @pytest.mark.parametrize(
        "place",
        ["spec.template.spec.containers.0.ports", "spec.template.spec.containers.0.env.0.valueFrom", "spec.selector", "spec.template"],
    )
    def test_a_word_in_the_place_of_a_structure_is_refused(self, manifests, place):
        import jsonschema

        with pytest.raises(jsonschema.ValidationError):
            manifests["check_schema"](manifests["broken"](0, place, "nothing")[0])

    def test_the_patience_is_that_of_the_server(self, manifests):
        from course_utils.serving import Settings

        pod = manifests["deployment"]["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] > Settings().drain + Settings().grace
        assert manifests["objections"].__defaults__ == (Settings().drain,)


class TestDockerfile:
    def test_what_it_copies_and_starts_is_there(self, manifests):
        text = string("dockerfile")
        copied = [name for line in text.splitlines() if line.startswith("COPY") for name in line.split()[1:-1]]
        assert len(copied) == 6 and all((REPOSITORY / name).exists() for name in copied)
        (command,) = [json.loads(line.removeprefix("CMD ")) for line in text.splitlines() if line.startswith("CMD")]
        (port,) = manifests["container"]["ports"]
        assert command[-1] == str(port["containerPort"]) and f"EXPOSE {command[-1]}" in text
        done = subprocess.run([sys.executable, *command[1:4], "--help"], capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0 and all(option in done.stdout for option in command if option.startswith("--"))

    def test_hadolint_finds_nothing_and_would_find_something(self):
        program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if program is None:
            pytest.skip("hadolint is not installed (its package has no build for this system)")
        for text, wanted in ((string("dockerfile"), 0), (string("dockerfile").replace("python:3.12-slim", "python:latest"), 1)):
            done = subprocess.run([program, "--no-color", "-"], input=text, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == wanted, done.stdout


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory) -> dict[str, Any]:
    """Returns what the lesson's cells on monitoring define, and the files that they write."""
    names: dict[str, Any] = {"json": json, "yaml": yaml, "folder": tmp_path_factory.mktemp("monitoring")}
    for source in sources("monitoring"):
        exec(source, names)
    return names


@pytest.fixture(scope="module")
def page() -> str:
    """Returns the metrics of a server with stub models that was asked once, and once wrongly."""
    stub = str(TESTS / "serving_stub.py")
    with running((stub,), environment={"PYTHONPATH": str(REPOSITORY)}) as server:
        for body in ({"text": "good"}, {"txet": "good"}):
            httpx.post(f"{server.url}/classify", json=body, trust_env=False)
        return httpx.get(f"{server.url}/metrics", trust_env=False).text


class TestMonitoring:
    def test_every_query_asks_for_what_the_app_tells(self, monitoring, page):
        assert len(monitoring["panels"]) >= 6
        assert [complaint for query in monitoring["panels"].values() for complaint in monitoring["complaints"](query, page)] == []

    def test_each_metric_and_label_that_is_renamed_is_found(self, monitoring, page):
        queries = monitoring["panels"].values()
        words = {word for query in queries for word in re.findall(r"serving_\w+|(?<=[{,])\w+(?==)", query)} | {"status"}
        for word in words:
            renamed = re.sub(rf"\b{word}\b", f"{word}_anew", page)
            assert any(monitoring["complaints"](query, renamed) for query in queries), word

    def test_the_files_say_what_the_queries_say(self, monitoring):
        folder = monitoring["folder"]
        board = json.loads((folder / "grafana/dashboards/sentiment.json").read_text())
        assert [target["expr"] for panel in board["panels"] for target in panel["targets"]] == list(monitoring["panels"].values())
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
        assert len(set(places)) == len(places) and all(x in (0, 12) for x, _ in places)
        (source,) = yaml.safe_load((folder / "grafana/datasources/prometheus.yml").read_text())["datasources"]
        assert {target["datasource"]["uid"] for panel in board["panels"] for target in panel["targets"]} == {source["uid"]}
        (group,) = yaml.safe_load((folder / "rules.yml").read_text())["groups"]
        for rule in group["rules"]:
            monitoring["parse"](rule["expr"])
        assert yaml.safe_load((folder / "prometheus.yml").read_text())["rule_files"] == ["rules.yml"]


def test_shards_of_a_data_set_lose_and_double_nothing():
    from datasets import Dataset, concatenate_datasets

    draw = random.Random(0)
    for size in [0, 1, 2, 7, *(draw.randint(3, 400) for _ in range(10))]:
        rows = Dataset.from_dict({"row": list(range(size))})
        for count in (1, 2, 3, 5):
            if size >= count:
                joined = concatenate_datasets([rows.shard(count, index) for index in range(count)])
                assert joined["row"][:] == list(range(size))
