"""Every limit of the app with its default, checked when it is made. Starts nothing and knows no HTTP."""

import ipaddress
import os
from dataclasses import dataclass, field
from typing import Any

from course_utils.errors import CourseError

KEYS = "COURSE_SERVE_KEYS"
_KEY_LENGTH = 16


@dataclass(frozen=True)
class Settings:
    """What the app allows. Seconds are seconds, `max_bytes` is the size of a request's body, `rate` is requests a second.

    `keys` are the API keys that open the app, none needed while it is empty; their text never shows. `batch` requests at most share
    one call of a model, the first waits at most `wait` for others, and `room` requests may stand in line behind it. A request is given
    up after `seconds`, one whose body stalls after `body_seconds`. `rate` counts for each client, 0 means no limit, and `burst` may
    come at once. A server told to stop turns newcomers away for at least `grace` and ends after `drain` at the latest.
    Raises CourseError when a value makes no sense, or when an address that others can reach has no key.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    keys: tuple[str, ...] = field(default=(), repr=False)
    max_bytes: int = 65_536
    max_characters: int = 5_000
    max_new_tokens: int = 100
    batch: int = 32
    wait: float = 0.004
    room: int = 64
    seconds: float = 20.0
    body_seconds: float = 5.0
    rate: float = 0.0
    burst: int = 20
    grace: float = 1.0
    drain: float = 15.0

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_characters", "max_new_tokens", "batch", "room", "burst", "seconds", "body_seconds", "drain"):
            if not getattr(self, name) > 0:
                raise CourseError(f"{name} is {getattr(self, name)!r}. Expected a number above 0.")
        for name in ("wait", "rate", "grace"):
            if not getattr(self, name) >= 0:
                raise CourseError(f"{name} is {getattr(self, name)!r}. Expected 0 or more.")
        if not 0 <= self.port <= 65_535:
            raise CourseError(f"The port is {self.port}. Expected a number from 0 (any free one) to 65535.")
        if any(len(key) < _KEY_LENGTH or not key.isascii() or not key.isprintable() or " " in key for key in self.keys):
            raise CourseError(
                f"A key was found that is too short or holds other than plain letters. Expected {_KEY_LENGTH} characters or more, without "
                'spaces: python -c "import secrets; print(secrets.token_urlsafe())" makes one.'
            )
        if not self.keys and not is_loopback(self.host):
            raise CourseError(
                f"{self.host!r} can be reached from other machines, and no key is set. Expected a key in {KEYS}, or the host 127.0.0.1."
            )

    @classmethod
    def from_environment(cls, **chosen: Any) -> "Settings":
        """Returns the settings with the keys that COURSE_SERVE_KEYS holds, separated by commas; `chosen` values come first."""
        keys = tuple(key.strip() for key in os.environ.get(KEYS, "").split(",") if key.strip())
        return cls(**{"keys": keys, **chosen})


def is_loopback(host: str) -> bool:
    """Returns True when only this machine reaches the address; a name other than localhost could be anything."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
