"""Tables, and one paragraph, that are generated from the catalogue, the lessons and what was measured, between markers in README.md."""

import re
from collections.abc import Callable
from pathlib import Path

from course_utils import catalog, lessons


def lesson_table() -> str:
    """Returns the lessons with their measured seconds and memory, and an Open in Colab link each."""
    measured = catalog.measured()["lessons"]
    rows = ["| lesson | about | seconds | memory | |", "|---|---|---:|---:|---|"]
    for lesson in lessons.all_lessons():
        facts = measured.get(lesson.name, {})
        seconds, memory = facts.get("seconds", "–"), f"{facts['peak_mib']} MiB" if "peak_mib" in facts else "–"
        colab = lessons.badge(lesson).split("](")[-1].rstrip(")")
        rows.append(f"| [{lesson.name}](notebooks/{lesson.name}.ipynb) | {lesson.title()} | {seconds} | {memory} | [Colab]({colab}) |")
    return "\n".join(rows)


def checkpoint_table() -> str:
    """Returns the checkpoints with their task, size, held-out score and full-size counterpart, its download and licence."""
    rows = ["| name | task | what it is | size | held-out score | in the hub profile |", "|---|---|---|---:|---|---|"]
    for entry in catalog.entries().values():
        if entry.kind == "checkpoint":
            rows.append(f"| `{entry.name}` | {entry.task} | {entry.summary} | {_size(entry)} | {_score(entry)} | {_twin(entry)} |")
    return "\n".join(rows)


def dataset_table() -> str:
    """Returns the data sets with their sizes and what stands for them in the hub profile."""
    rows = ["| name | what it is | size | in the hub profile |", "|---|---|---:|---|"]
    for entry in catalog.entries().values():
        if entry.kind == "dataset":
            rows.append(f"| `{entry.name}` | {entry.summary} | {_size(entry)} | {_twin(entry)} |")
    return "\n".join(rows)


def _twin(entry: catalog.Entry) -> str:
    """Returns what stands for an entry in the hub profile, with its download and its licence."""
    return f"{entry.hub_id} ({entry.hub_bytes / 1e6:,.0f} MB, {entry.hub_licence})" if entry.hub_id else ""


def _size(entry: catalog.Entry) -> str:
    size = catalog.measured()["data"].get(entry.name, {}).get("bytes")
    if entry.package:
        return "from pip"
    return "–" if not size else f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


def _score(entry: catalog.Entry) -> str:
    """Returns the score with its 95 % interval, and what was measured."""
    scores = catalog.measured()["data"].get(entry.name, {}).get("scores", {})
    if not entry.measure or "score" not in scores:
        return "–"
    interval = f" ({scores['score_low']:.2f}–{scores['score_high']:.2f})" if "score_low" in scores else ""
    return f"{scores['score']:.2f}{interval} {entry.measure}"


def metric_table() -> str:
    """Returns the metrics with a line on each."""
    rows = ["| metric | what it says |", "|---|---|"]
    rows += [f"| `{entry.name}` | {entry.summary} |" for entry in catalog.entries().values() if entry.kind == "metric"]
    return "\n".join(rows)


def elsewhere() -> str:
    """Returns the paragraph on running the course where nothing is installed."""
    place = lessons.repository().removeprefix("https://github.com/")
    binder = f"https://mybinder.org/v2/gh/{place}/main?urlpath=lab/tree/notebooks/00_start_here.ipynb"
    return (
        "**In Colab or Binder.** Click *Colab* in the table: the first cell installs the course with the same pinned versions. "
        f"[Binder]({binder}) opens all lessons in JupyterLab, from the same pins."
    )


TABLES: dict[str, Callable[[], str]] = {
    "lessons": lesson_table,
    "checkpoints": checkpoint_table,
    "data": dataset_table,
    "metrics": metric_table,
    "elsewhere": elsewhere,
}


def fill(text: str) -> str:
    """Returns the text with the current table between each pair of markers `<!-- begin NAME -->` and `<!-- end NAME -->`."""
    for name, table in TABLES.items():
        pattern = re.compile(f"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if pattern.search(text):
            content = table()
            text = pattern.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
    return text


def refresh(path: Path) -> bool:
    """Rewrites the tables of a file; returns True when that changed it."""
    before = path.read_text(encoding="utf-8")
    after = fill(before)
    if after != before:
        path.write_text(after, encoding="utf-8", newline="\n")
    return after != before
