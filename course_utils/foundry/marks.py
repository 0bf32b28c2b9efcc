"""Names marked in a sentence: "[PER Ada] lives in [LOC Oslo]." Reads them, and puts other names in their place."""

import random
import re

KINDS = ("PER", "ORG", "LOC")
_MARK = re.compile(r"\[(PER|ORG|LOC) ([^\]]+)\]")

Span = tuple[int, int, str]


def read(marked: str) -> tuple[str, list[Span]]:
    """Returns the sentence without its brackets, and the names in it as (start, end, kind) in characters."""
    text, spans, last = "", [], 0
    for found in _MARK.finditer(marked):
        text += marked[last : found.start()]
        spans.append((len(text), len(text) + len(found[2]), found[1]))
        text += found[2]
        last = found.end()
    return text + marked[last:], spans


def names_in(marked: str) -> list[tuple[str, str]]:
    """Returns the kind and the name of each mark."""
    return _MARK.findall(marked)


def swap(marked: str, names: dict[str, list[str]], rng: random.Random) -> str:
    """Returns the sentence with other names of the same kinds; one in small letters gets one in small letters."""

    def other(found: re.Match) -> str:
        name = rng.choice(names[found[1]])
        return f"[{found[1]} {name.lower() if found[2].islower() else name}]"

    return _MARK.sub(other, marked)
