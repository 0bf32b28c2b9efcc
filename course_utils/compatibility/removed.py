"""The calls that are known to be gone: removed_calls.toml, and which calls and members each of its entries is about.

Holds Removed, one entry of that list. Knows what a Thing is; knows nothing of lessons and of how their code is walked.
"""

import ast
import functools
import inspect
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from course_utils.compatibility.resolution import Thing, derived, load


@dataclass(frozen=True)
class Removed:
    """One entry of removed_calls.toml, which explains the fields; `group` is the name of its array."""

    group: str
    name: str
    then: str
    now: str
    today: str
    argument: str = ""
    value: str = ""
    unless: str = ""
    override: bool = False
    alone: bool = False
    error: str = ""
    shows: str = ""
    proof: str = ""
    warns: str = ""
    needs: str = ""
    unseen: str = ""

    @property
    def kind(self) -> str:
        """What the libraries do with the old call: "refused" with an exception, or "silent"."""
        return "refused" if self.error else "silent"

    @property
    def library(self) -> str:
        """The package that the call belongs to."""
        return self.name.split(".")[0]

    @property
    def label(self) -> str:
        """The entry in a few words, another for each: `transformers.pipeline(task=summarization)`."""
        value = f"={self.value}" if self.value else ""
        return f"{self.name}({self.argument}{value})" if self.argument else self.name

    def concerns(self, owner: object, name: str) -> bool:
        """Returns True when this entry is about that member of a class or module, or of what is derived from it."""
        parent, _, last = self.name.rpartition(".")
        if last != name or self.library not in sys.modules:
            return False
        if inspect.ismodule(owner):
            return owner.__name__.split(".")[0] == self.library
        return derived(owner, load(parent))

    def listed(self, called: Thing, text: str) -> bool:
        """Returns True when this entry is about the function, class or method that is called, in a lesson with that code."""
        if self.unless and re.search(self.unless, text):
            return False
        if called.owner:
            return self.concerns(called.owner, called.name)
        target = load(self.name) if self.library in sys.modules else None
        return target is not None and (called.value is target or derived(called.value, target))

    def given(self, node: ast.Call, called: Thing) -> ast.expr | None:
        """Returns what a call passes for this entry's argument, as long as it is the value that the entry is about."""
        passed = [keyword.value for keyword in node.keywords if keyword.arg == self.argument]
        if not passed and self.value and node.args and next(iter(inspect.signature(called.value).parameters)) == self.argument:
            passed = node.args[:1]
        right = passed and (not self.value or (literal(passed[0]) != "…" and re.fullmatch(self.value, str(passed[0].value))))
        return passed[0] if right else None


@functools.cache
def removed_calls() -> list[Removed]:
    """Returns the list of removed calls."""
    return [Removed(group, **fields) for group, entries in _file().items() if group != "setup" for fields in entries]


def preparation(entry: Removed) -> str:
    """Returns the code that has to run before an entry's `then` and `now`."""
    return "\n".join(setups()[name] for name in entry.needs.split())


def setups() -> dict[str, str]:
    """Returns the pieces of code that entries need, by name."""
    return _file()["setup"]


def literal(node: ast.expr) -> str:
    """Returns a constant as it is written, and three dots for any other expression."""
    return repr(node.value) if isinstance(node, ast.Constant) else "…"


@functools.cache
def _file() -> dict:
    return tomllib.loads(Path(__file__).with_name("removed_calls.toml").read_text(encoding="utf-8"))
