"""Recipe of `rated-sentences`: sentences of film and product reviews, each rated by about twenty people. Knows no model.

They are part of the source archive of the package vaderSentiment, which carries them under the MIT licence. Source: Hutto and Gilbert
(2014), VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from course_utils import catalog, profile
from course_utils.errors import RecipeFailed
from course_utils.foundry.frame import Recipe, write_jsonl

ARCHIVE = "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
FEATURES = {"text": "string", "rating": "float32", "source": "string"}
_FETCH = "pip download --no-deps --no-binary :all: vaderSentiment==3.3.2"
_INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
_TABLES = {"product": "amazonReviewSnippets", "film": "movieReviewSnippets"}


def impossible() -> str | None:
    """Returns why the recipe cannot run here: the archive is not among the things in the cache."""
    path = _archive()
    return None if path.is_file() else f"`{_FETCH}` in {path.parent} fetches what it reads: the frozen copy stays"


def build(folder: Path) -> dict:
    """Writes train.jsonl and test.jsonl, a tenth held out by its text, and the licence; returns counts."""
    path = _archive()
    if catalog.digest(path) != SHA256:
        raise RecipeFailed(
            f"{path} is not the archive that was read: its sha256 is not {SHA256[:12]}…. Delete it; `{_FETCH}` fetches it anew."
        )
    with tarfile.open(path) as outer:
        (folder / "LICENSE.txt").write_bytes(outer.extractfile("vaderSentiment-3.3.2/LICENSE.txt").read().replace(b"\r\n", b"\n"))
        with tarfile.open(fileobj=io.BytesIO(outer.extractfile(_INNER).read())) as inner:
            rows = {row["text"]: row for source, table in _TABLES.items() for row in _read(inner, source, table)}
    splits: dict[str, list[dict]] = {"train": [], "test": []}
    for text in sorted(rows, key=_number):
        splits["test" if _number(text) % 10 == 0 else "train"].append(rows[text])
    for split, members in splits.items():
        write_jsonl(folder / f"{split}.jsonl", members)
    counts = {f"{split}_sentences": len(members) for split, members in splits.items()}
    return counts | {f"{source}_sentences": sum(row["source"] == source for row in rows.values()) for source in _TABLES}


def _read(archive: tarfile.TarFile, source: str, table: str) -> Iterator[dict]:
    """Yields the sentences of a table: number, mean rating from -4 to 4, text."""
    content = archive.extractfile(f"hutto_ICWSM_2014/{table}_GroundTruth.txt").read()
    for line in content.decode("utf-8", errors="replace").splitlines():
        _, rating, text = line.rstrip("\r\n").split("\t")
        text = " ".join(text.replace("''", '"').replace("\ufffd", "").split())
        if len(text.split()) >= 3:
            yield {"text": text, "rating": round(float(rating), 2), "source": source}


def _archive() -> Path:
    return profile.cache_folder() / ARCHIVE


def _number(text: str) -> int:
    return int(hashlib.sha256(f"rated:{text}".encode()).hexdigest(), 16)


LIMITS = f"""\
Sentences taken out of reviews of the years before 2010, American in the main, of films and of a few kinds of electronic product. About
twenty people rated each from -4 (very negative) to 4 (very positive), and what stands here is their mean: near 0 they did not agree or
felt nothing. The product sentences are in small letters. What people say of other things, or say today, they do not show. To build it
again, first fetch the archive into the course's cache folder: `{_FETCH}`."""

RECIPES = [Recipe("rated-sentences", build, LIMITS, impossible=impossible)]
