"""The hub profile's downloads: a pinned snapshot without any pickle, its weights verified, and the Hub's refusals in plain words.

Imports `huggingface_hub`, which reads its settings only once; `catalog` therefore imports this module when it first needs it.
"""

import errno
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.file_download import repo_folder_name

from course_utils import catalog
from course_utils.catalog import Entry
from course_utils.errors import DamagedFile, MissingFile

_WANTED = ["*.json", "*.jinja", "*.safetensors", "*.txt", "*.model", "*.parquet", "*.csv", "*.jsonl", "*.md"]
_UNWANTED = ["onnx/*", "openvino/*"]
_SIGN_IN = "sign this computer in with `hf auth login` in a terminal (a token never belongs in a notebook)"


def snapshot(entry: Entry) -> Path:
    """Returns the folder of an entry's twin at its pinned revision; what was fetched before is not asked for again.

    Raises CourseError when the Hub cannot or will not deliver, DamagedFile when weights are not what the catalogue or the Hub says.
    """
    no_weights = entry.task == "tokenization"
    wanted = [pattern for pattern in _WANTED if not (no_weights and pattern == "*.safetensors")]
    _announce(entry)
    try:
        folder = snapshot_download(
            entry.hub_id,
            repo_type=_repo_type(entry),
            revision=entry.hub_revision,
            allow_patterns=wanted,
            ignore_patterns=[*_UNWANTED, *entry.hub_unwanted],
        )
    except Exception as error:
        raise catalog.unreachable(entry, error) from error
    if not no_weights:
        _check_weights(entry, Path(folder))
    return Path(folder)


def advice(entry: Entry, error: Exception) -> str:
    """Returns what a learner can do about a failed download, as the first half of a sentence."""
    page = f"{constants.ENDPOINT}/{constants.REPO_TYPES_URL_PREFIXES.get(_repo_type(entry), '')}{entry.hub_id}"
    for cause in _causes(error):
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if isinstance(cause, GatedRepoError):
            return f"Its owner asks for consent first: accept the licence on {page} in a browser, then {_SIGN_IN}"
        if isinstance(cause, RepositoryNotFoundError):
            return f"The Hub holds no such repository, or shows it to members only: look at {page} in a browser, or {_SIGN_IN}"
        if isinstance(cause, RevisionNotFoundError):
            return f"Its pinned revision {entry.hub_revision[:12]} is gone: a newer version of the course may name another"
        if isinstance(cause, OfflineModeIsEnabled):
            return 'HF_HUB_OFFLINE forbids downloads: restart the kernel and call start("hub") before any other import'
        if status in (401, 403):
            return f"It does not accept the token of this computer: {_SIGN_IN}, and look whether HF_TOKEN holds an old one"
        if status is not None and (status == 429 or status >= 500):
            return f"The Hub is too busy or has a failure (HTTP {status}): wait some minutes and run this cell again"
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"No space is left for {constants.HF_HUB_CACHE}: `hf cache ls` shows what lies there, `hf cache rm` removes it"
    return "Check the network"


def _announce(entry: Entry) -> None:
    folder = repo_folder_name(repo_id=entry.hub_id, repo_type=_repo_type(entry))
    fetched = Path(constants.HF_HUB_CACHE, folder, "snapshots", entry.hub_revision)
    if entry.hub_bytes and not any(fetched.rglob("*.json" if entry.task == "tokenization" else "*.safetensors")):
        terms = f" Its licence: {entry.hub_licence}." if entry.hub_licence else ""
        print(f"{entry.hub_id}: downloads {entry.hub_bytes / 1e6:,.0f} MB from the Hub, once.{terms}", file=sys.stderr, flush=True)


def _check_weights(entry: Entry, folder: Path) -> None:
    """Compares weights with the digest of the catalogue, else with the one that the Hub gave, under which its client keeps a large file."""
    again = f"`hf cache rm {_repo_type(entry)}/{entry.hub_id}` removes the whole download."
    pinned = folder / "model.safetensors"
    if entry.weights_sha256 and not pinned.is_file():
        raise MissingFile(f"The file {pinned} is missing: {entry.hub_id!r} came without it. {again}")
    for path in sorted(folder.rglob("*.safetensors")):
        kept = path.resolve()
        expected = entry.weights_sha256 if entry.weights_sha256 and path == pinned else kept.name
        if not re.fullmatch("[0-9a-f]{64}", expected):
            continue  # a system without links keeps the file under its own name
        found = _digest(kept, kept.stat().st_size, kept.stat().st_mtime_ns)
        if found != expected:
            _remove(path)
            raise DamagedFile(
                f"The file {path} was corrupt: its sha256 was {found[:12]}…, expected {expected[:12]}…. It is removed now; run this "
                f"cell again to download it again. If that does not help, {again}"
            )


@functools.cache
def _digest(path: Path, size: int, changed: int) -> str:
    """Returns a file's sha256; of one and the same file it is computed once, since gigabytes take seconds."""
    return catalog.digest(path)


def _remove(path: Path) -> None:
    """Removes a file of the cache: the link in the snapshot, every link behind it and the content."""
    while path.is_symlink():
        target = path.parent / path.readlink()
        path.unlink()
        path = target
    path.unlink(missing_ok=True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _repo_type(entry: Entry) -> str:
    return "dataset" if entry.kind == "dataset" else "model"
