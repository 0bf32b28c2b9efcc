"""The record of solved exercises, one local file of one person. Knows nothing of what an exercise is."""

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from course_utils import profile


@dataclass
class Record:
    """Solved exercises by name, with the day each was first solved."""

    path: Path
    solved: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls) -> "Record":
        """Returns the record of this person; an unreadable file is put aside under another name, never overwritten."""
        path = profile.state_folder() / "progress.json"
        try:
            solved = json.loads(path.read_text(encoding="utf-8"))["solved"]
            return cls(path, {str(name): str(day) for name, day in solved.items()})
        except FileNotFoundError:
            return cls(path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            _put_aside(path)
            return cls(path)

    def add(self, name: str) -> None:
        """Keeps a solved exercise, unless nobody watches. A folder that cannot be written costs a sentence, not the lesson."""
        if profile.headless() or name in self.solved:
            return
        self.solved[name] = date.today().isoformat()
        try:
            self._write()
        except OSError as error:
            print(f"(Solved, but not noted down: {error}. COURSE_STATE names another folder.)")

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=self.path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"solved": self.solved}, file, indent=2)
            os.replace(draft, self.path)
        except OSError:
            os.unlink(draft)
            raise


def _put_aside(path: Path) -> None:
    """Renames an unreadable file; where even that is not allowed, leaves it. When nobody watches, nothing is touched."""
    if profile.headless():
        return
    aside = path.with_name(f"progress-unreadable-{datetime.now():%Y-%m-%d-%H%M%S-%f}.json")
    with contextlib.suppress(OSError):
        if path.is_file():
            path.replace(aside)
            print(f"Your record of progress was not readable. It lies in {aside} now, and a new one begins.")
