"""The hub profile without the internet: the real client against a Hub on this machine, in a fresh Python each time."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_server import Hub

from course_utils import catalog

NAME = "english-small"
REPOSITORY = "tiny/bert-of-the-tests"
REVISION = "0123456789abcdef0123456789abcdef01234567"
MEMBER, STRANGER, OLD = "hf_memberOfTheTests", "hf_strangerOfTheTests", "hf_oldOfTheTests"
# More than one chunk of the client, which keeps only whole chunks of a connection that ends too early.
LARGE = bytes(range(256)) * (24 * 1024 * 4)

PRELUDE = """
import os, sys, time
from pathlib import Path
time.sleep = lambda seconds: None  # the library tries again, and again
from course_utils import catalog, checkpoint, profile, start
from course_utils.errors import CourseError
profile.data_folder = lambda: Path(os.environ["OWN_DATA"])
def attempt():
    try:
        print(checkpoint("english-small"))
    except CourseError as error:
        print(type(error).__name__, error, sep=": ")
"""
ATTEMPT = PRELUDE + "attempt()\n"
LOAD = (
    PRELUDE
    + """
start("hub")
from transformers import AutoModel, AutoTokenizer
folder = checkpoint("english-small")
batch = AutoTokenizer.from_pretrained(folder)("It runs.", return_tensors="pt")
print(tuple(AutoModel.from_pretrained(folder)(**batch).last_hidden_state.shape)[::2])
"""
)
FULL_DISK = (
    PRELUDE
    + """
import errno
from huggingface_hub import file_download
def full(*arguments, **settings):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
file_download.http_get = full
attempt()
"""
)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a whole repository: a BERT of two layers, its tokenizer, a card, and what nobody should fetch."""
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(catalog.checkpoint("tokenizer-wordpiece"))
    tokenizer.save_pretrained(folder)
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(tokenizer), **small)).save_pretrained(folder)
    (folder / "README.md").write_text("A card.")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "modeling_tiny.py").write_text("raise SystemExit")
    return folder


@pytest.fixture
def hub(tiny: Path, tmp_path: Path) -> Iterator[Hub]:
    """Yields a Hub whose folder a test may change."""
    folder = tmp_path / "served"
    shutil.copytree(tiny, folder)
    with Hub(folder, REPOSITORY, REVISION) as server:
        yield server


@pytest.fixture
def learner(hub: Hub, tmp_path: Path, python: Callable) -> Callable:
    """Returns a function that runs code in the hub profile, with the catalogue's entry for what the Hub serves at that moment."""
    home = tmp_path / "home"
    weights = hub.folder / "model.safetensors"

    def run(code: str, repository: str = REPOSITORY, revision: str = REVISION, pinned: bool = True, **settings: str | None):
        digest, size = (catalog.digest(weights), weights.stat().st_size) if weights.exists() else ("0" * 64, 0)
        shipped = {"hub_id": repository, "hub_revision": revision} | ({"weights_sha256": digest} if pinned else {})
        lines = [f"[{NAME}]", 'kind = "checkpoint"', 'summary = "x"', f"hub_bytes = {size}", 'hub_unwanted = ["*.twice.*", "other/*"]']
        lines += [f'{field} = "{value}"' for field, value in shipped.items()]
        (tmp_path / "catalog.toml").write_text("\n".join(lines))
        away = dict.fromkeys(("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE"))
        away |= dict.fromkeys(("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "all_proxy", "ALL_PROXY"))
        # A proxy that is not there: what goes to this machine must go around it.
        proxies = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
        around = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
        chosen = {"HF_ENDPOINT": hub.address, "COURSE_PROFILE": "hub", "HF_HOME": str(home), "OWN_DATA": str(tmp_path)}
        # As start() sets it; without it the client also asks for a list of coding agents.
        chosen["HF_HUB_DISABLE_TELEMETRY"] = "1"
        return python(code, **(away | proxies | around | chosen | settings))

    return run


def _cached_contents(tmp_path: Path) -> set[bytes]:
    return {p.read_bytes() for p in (tmp_path / "home" / "hub").rglob("*") if p.is_file()}


def test_a_twin_is_loaded_once_and_then_without_the_hub(hub, learner, tmp_path):
    first = learner(LOAD, HF_HUB_DISABLE_TELEMETRY=None)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == ["Ready: hub profile, seed 0.", "(1, 32)"]
    assert f"{REPOSITORY}: downloads 1 MB from the Hub, once." in first.stderr
    assert set(hub.bodies()) >= {"config.json", "tokenizer.json", "model.safetensors"}
    assert len(hub.bodies()) == len(set(hub.bodies()))
    assert all(REVISION in one.path or one.path.startswith("/far/") for one in hub.asked)
    asked = len(hub.asked)

    second = learner(LOAD)
    assert second.returncode == 0, second.stderr
    assert len(hub.asked) == asked
    assert "downloads" not in second.stderr

    hub.stop()
    third = learner(LOAD)
    assert third.returncode == 0, third.stderr
    assert third.stdout == first.stdout


def test_no_pickle_no_code_and_no_token_is_asked_for_or_sent(hub, learner):
    (hub.folder / "model.twice.safetensors").write_bytes(b"the same once more")
    (hub.folder / "other").mkdir()
    (hub.folder / "other" / "model.safetensors").write_bytes(b"another part")
    done = learner(ATTEMPT)
    assert Path(done.stdout.strip(), "config.json").is_file(), done.stderr
    assert not [one for one in hub.asked if one.path.endswith((".bin", ".py"))]
    assert not [one for one in hub.asked if "twice" in one.path or "/other/" in one.path]
    assert all(REVISION in one.path or one.path.startswith("/far/") for one in hub.asked)
    assert {one.token for one in hub.asked} == {""}


def test_a_token_opens_the_gate_and_does_not_leave_the_hub(hub, learner):
    hub.tokens = {MEMBER: True}
    done = learner(ATTEMPT, HF_TOKEN=MEMBER)
    assert Path(done.stdout.strip(), "model.safetensors").is_file(), done.stderr
    near = {one.token for one in hub.asked if one.host.startswith("127.0.0.1")}
    far = {one.token for one in hub.asked if one.host.startswith("localhost")}
    assert (near, far) == ({f"Bearer {MEMBER}"}, {""})
    assert MEMBER not in done.stdout + done.stderr


def test_a_dropped_connection_is_resumed(hub, learner):
    (hub.folder / "model.safetensors").write_bytes(LARGE)
    hub.drops = 2
    done = learner(ATTEMPT)
    weights = Path(done.stdout.strip(), "model.safetensors")
    assert weights.is_file(), done.stderr
    assert hub.drops == 0
    ranges = [one.sought for one in hub.asked if one.method == "GET" and one.path == "/far/model.safetensors"]
    assert len(ranges) == 3 and ranges[0] == "" and ranges[1].startswith("bytes=")
    assert catalog.digest(weights) == hashlib.sha256(LARGE).hexdigest()


def test_a_connection_that_always_drops(hub, learner, tmp_path):
    hub.drops = 1000
    done = learner(ATTEMPT)
    assert done.stdout.startswith(f"CourseError: '{REPOSITORY}' could not be fetched from the Hub ("), done.stderr
    assert "Check the network" in done.stdout
    assert not list((tmp_path / "home").rglob("model.safetensors")) and not list((tmp_path / "home").rglob("*.incomplete"))


def test_changed_weights_are_refused_and_removed(hub, learner, tmp_path):
    hub.changed = {"model.safetensors"}
    right = (hub.folder / "model.safetensors").read_bytes()
    wrong = right[:-1] + bytes([right[-1] ^ 1])
    refused = learner(ATTEMPT)
    assert refused.stdout.startswith("DamagedFile: The file "), refused.stderr
    assert "model.safetensors was corrupt: its sha256 was " in refused.stdout
    assert f"expected {hashlib.sha256(right).hexdigest()[:12]}…. It is removed now; run this cell again" in refused.stdout
    assert f"`hf cache rm model/{REPOSITORY}` removes the whole download." in refused.stdout
    assert wrong not in _cached_contents(tmp_path)
    assert not list((tmp_path / "home").rglob("model.safetensors"))

    hub.changed = set()
    mended = learner(ATTEMPT)
    assert Path(mended.stdout.strip(), "model.safetensors").read_bytes() == right, mended.stderr
    assert hub.bodies().count("model.safetensors") == 2 and hub.bodies().count("tokenizer.json") == 1


def test_weights_that_decay_in_the_cache_are_refused_and_fetched_anew(hub, learner, tmp_path):
    """Also where the catalogue knows no digest: the Hub has told its own."""
    weights = Path(learner(ATTEMPT, pinned=False).stdout.strip(), "model.safetensors")
    right = weights.read_bytes()
    weights.resolve().write_bytes(right[:-1])
    assert "DamagedFile: The file " in learner(ATTEMPT, pinned=False).stdout
    assert right[:-1] not in _cached_contents(tmp_path)
    assert learner(ATTEMPT).stdout.strip() == str(weights.parent)
    assert weights.read_bytes() == right


def test_a_twin_without_its_weights(hub, learner):
    (hub.folder / "model.safetensors").unlink()
    done = learner(ATTEMPT)
    assert done.stdout.startswith("MissingFile: The file "), done.stderr
    assert f"'{REPOSITORY}' came without it. `hf cache rm model/" in done.stdout


def _nothing(hub: Hub) -> None:
    pass


def _gate(hub: Hub) -> None:
    hub.tokens = {MEMBER: True, STRANGER: False}


def _busy(hub: Hub) -> None:
    hub.status = 429


def _broken(hub: Hub) -> None:
    hub.status = 503


SIGN_IN = "sign this computer in with `hf auth login` in a terminal (a token never belongs in a notebook)"
GATED = ["(GatedRepoError)", f"accept the licence on ENDPOINT/{REPOSITORY} in a browser, then {SIGN_IN}"]
UNKNOWN = [
    "(RepositoryNotFoundError)",
    f"no such repository, or shows it to members only: look at ENDPOINT/tiny/other in a browser, or {SIGN_IN}",
]
REFUSALS = {
    "gated": (_gate, {}, GATED),
    "gated, token not accepted": (_gate, {"HF_TOKEN": STRANGER}, GATED),
    "old token": (_gate, {"HF_TOKEN": OLD}, [f"does not accept the token of this computer: {SIGN_IN}, and look whether HF_TOKEN holds"]),
    "no repository": (_nothing, {"repository": "tiny/other"}, UNKNOWN),
    "no repository for a token": (_nothing, {"repository": "tiny/other", "HF_TOKEN": MEMBER}, UNKNOWN),
    "no revision": (_nothing, {"revision": "f" * 40}, ["(RevisionNotFoundError)", "ffffffffffff is gone: a newer version of the course"]),
    "busy": (_busy, {}, ["too busy or has a failure (HTTP 429): wait some minutes and run this cell again"]),
    "broken": (_broken, {}, ["(HTTP 503): wait some minutes"]),
    "no network": (Hub.stop, {}, ["(LocalEntryNotFoundError)", "Check the network, or use the miniature"]),
    "offline by hand": (_nothing, {"HF_HUB_OFFLINE": "1"}, ['HF_HUB_OFFLINE forbids downloads: restart the kernel and call start("hub")']),
    "full disk": (_nothing, {"code": FULL_DISK}, ["(OSError). No space is left for ", "`hf cache ls` shows", "`hf cache rm` removes it"]),
}  # fmt: skip


@pytest.mark.parametrize(("prepare", "settings", "words"), REFUSALS.values(), ids=REFUSALS)
def test_each_refusal_says_what_to_do(hub, learner, tmp_path, prepare, settings, words):
    prepare(hub)
    done = learner(**({"code": ATTEMPT} | settings))
    identity = settings.get("repository", REPOSITORY)
    assert done.stdout.startswith(f"CourseError: '{identity}' could not be fetched from the Hub ("), done.stdout + done.stderr
    assert done.stdout.endswith(', or use the miniature: restart the kernel and call start("offline").\n')
    for word in words:
        assert word.replace("ENDPOINT", hub.address) in done.stdout
    assert not [token for token in (MEMBER, STRANGER, OLD) if token in done.stdout + done.stderr]
    assert not list((tmp_path / "home").rglob("model.safetensors"))


def test_a_data_set_is_named_by_its_own_page():
    from httpx2 import Request, Response
    from huggingface_hub.errors import GatedRepoError

    refusal = GatedRepoError("no", response=Response(401, request=Request("GET", "http://127.0.0.1")))
    assert "/datasets/stanfordnlp/imdb in a browser" in str(catalog.unreachable(catalog.find("reviews", "dataset"), refusal))
