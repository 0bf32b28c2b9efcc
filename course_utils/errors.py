"""The errors this course raises on purpose. Each message says what was found, what was expected and the next command.

    CourseError
    ├── UnknownName       a name that the catalogue does not hold (also a LookupError)
    ├── MissingFile       a shipped file is not there (also a FileNotFoundError)
    ├── DamagedFile       a shipped file is there and is not what was shipped
    ├── ProfileTooLate    the profile was chosen after the Hub's library had read its settings
    ├── RecipeFailed      a miniature or a data set could not be rebuilt
    └── LessonFailed      a lesson could not be run to its end

A learner's mistake inside an exercise is not an error: see `exercises.core`.
"""

import difflib
from collections.abc import Iterable


class CourseError(Exception):
    """Parent of every error raised on purpose."""


class UnknownName(CourseError, LookupError):
    """A name that nothing in the course carries."""

    def __init__(self, found: str, kind: str, known: Iterable[str]) -> None:
        near = nearest(found, known)
        guess = f" Did you mean {near!r}?" if near else ""
        super().__init__(f"{found!r} is not a {kind} of this course.{guess} `course list` shows every name.")


class MissingFile(CourseError, FileNotFoundError):
    """A file that the course ships is not there."""


class DamagedFile(CourseError):
    """A file differs from the one that was shipped: truncated, or changed."""


class ProfileTooLate(CourseError):
    """A profile was asked for after the Hub's library had already read its settings."""


class RecipeFailed(CourseError):
    """A recipe of the foundry cannot run here, or made something else than it promises."""


class LessonFailed(CourseError):
    """A lesson stopped before its end: an exception, a time limit, a dead kernel."""


def nearest(found: str, known: Iterable[str]) -> str | None:
    """Returns the known name that looks most like `found`, or None when nothing does."""
    matches = difflib.get_close_matches(str(found), list(known), n=1, cutoff=0.5)
    return matches[0] if matches else None
