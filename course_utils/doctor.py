"""Looks at this machine and at the files of the course; reports findings with remedies and repairs nothing."""

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from course_utils import catalog, profile
from course_utils.errors import CourseError

OLDEST_PYTHON = (3, 11)
FREE_GIB = 1.0
MEMORY_GIB = 4.0
LIBRARIES = ("torch", "transformers", "tokenizers", "datasets", "evaluate", "diffusers", "matplotlib", "bertviz", "nbclient", "peft")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `remedy` is empty when all is well."""

    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"[FAIL] {self.what}\n       → {self.remedy}" if self.remedy else f"[ OK ] {self.what}"


def examine() -> list[Finding]:
    """Returns the findings on Python, memory, disk, libraries, the profile and every shipped file, in that order."""
    return [*machine(), *libraries(), setting(), *files()]


def machine() -> Iterator[Finding]:
    """Yields findings on the Python, the cores, the memory and the disk."""
    import psutil

    found = platform.python_version()
    remedy = f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer." if sys.version_info < OLDEST_PYTHON else ""
    yield Finding(f"Python {found} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores", remedy)
    memory = psutil.virtual_memory().total / 2**30
    yield Finding(f"{memory:.0f} GiB of memory", "" if memory >= MEMORY_GIB else f"Lessons need {MEMORY_GIB:.0f} GiB; run one at a time.")
    free = shutil.disk_usage(profile.root()).free / 2**30
    yield Finding(f"{free:.0f} GiB of disk free", "" if free >= FREE_GIB else f"Free {FREE_GIB:.0f} GiB for caches.")


def libraries() -> Iterator[Finding]:
    """Yields findings on the libraries that lessons use, against the pins where those are at hand."""
    pins = read_pins()
    for name in LIBRARIES:
        try:
            found = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError:
            yield Finding(f"{name} is not installed", "`make setup` installs what is pinned.")
            continue
        pinned = pins.get(name, found)
        remedy = "" if found == pinned else f"The lessons' outputs were stored with {pinned}. `make setup` brings it."
        yield Finding(f"{name} {found}", remedy)


def read_pins() -> dict[str, str]:
    """Returns the pinned version of each package by name; empty where only the package is installed."""
    path = profile.root() / "requirements.txt"
    rows = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return dict(row.split(";")[0].strip().split("==") for row in rows if "==" in row.split(";")[0])


def setting() -> Finding:
    """Returns the finding on the profile; never shows a token, only whether there is one."""
    token = "a Hub token is set" if os.environ.get("HF_TOKEN") else "no Hub token is set, none is needed"
    return Finding(f"{profile.current()} profile, {token}")


def files() -> Iterator[Finding]:
    """Yields one finding for each catalogue entry: its files are there and are the ones that were shipped."""
    try:
        entries = catalog.entries().values()
    except CourseError as error:
        yield Finding("the catalogue cannot be read", str(error))
        return
    sound = 0
    for entry in entries:
        try:
            catalog.verify(entry)
            sound += 1
        except CourseError as error:
            yield Finding(f"{entry.kind} {entry.name!r} is not intact", str(error))
    yield Finding(f"{sound} of {len(entries)} checkpoints, data sets and metrics are intact, byte for byte")
