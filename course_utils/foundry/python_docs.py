"""Recipe of `python-docs`: the prose of the documentation that comes inside Python's standard library.

Two sources: the language reference's topics behind `help("topics")`, and the docstrings of the library's modules, read from their
source without importing them. Another release of Python holds other sentences, so the corpus is frozen under data/ and this
recipe rebuilds it only on the release it was made with.
"""

import ast
import hashlib
import platform
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from course_utils.foundry.frame import Recipe, write_jsonl

MADE_WITH = "3.11.7"
HELD_OUT_TENTHS = 1
_LEFT_OUT = {"test", "tests", "site-packages", "idlelib", "lib2to3", "turtledemo", "pydoc_data", "encodings", "__pycache__"}
_FIELD = re.compile(r"^\s*(:|\*{3}|[-=~^#*]{3,}|>>>|\.\. |\+--|\|)")
_MARKUP = (
    (re.compile(r":[a-z:]+:`[~!]?([^`<]+?)(?:\s*<[^`]*>)?`"), r"\1"),
    (re.compile(r"``?([^`]+?)``?(?:_\b)?"), r"\1"),
    (re.compile(r"\*{1,2}(\w[^*]*?)\*{1,2}"), r"\1"),
)


def impossible() -> str | None:
    """Returns why the recipe cannot run on this Python, or None when it can."""
    here = platform.python_version()
    return None if here == MADE_WITH else f"made with Python {MADE_WITH}, and this is {here}: the frozen copy stays"


def build(folder: Path) -> dict[str, float]:
    """Writes train.jsonl and test.jsonl, a tenth of the documents held out whole; returns counts."""
    splits: dict[str, list[dict]] = {"train": [], "test": []}
    seen: set[str] = set()
    for source, text in sorted(documents()):
        split = "test" if int(hashlib.sha256(source.encode()).hexdigest(), 16) % 10 < HELD_OUT_TENTHS else "train"
        for paragraph in prose(text):
            if paragraph not in seen:
                seen.add(paragraph)
                splits[split].append({"text": paragraph, "source": source})
    for split, rows in splits.items():
        write_jsonl(folder / f"{split}.jsonl", rows)
    words = {split: sum(len(row["text"].split()) for row in rows) for split, rows in splits.items()}
    return {f"{split}_{what}": n for split in splits for what, n in (("paragraphs", len(splits[split])), ("words", words[split]))}


def documents() -> Iterator[tuple[str, str]]:
    """Yields (source, text) of each topic of the reference and of each module with its functions and classes."""
    from pydoc_data.topics import topics

    for name, text in topics.items():
        yield f"topic {name}", text
    library = Path(sysconfig.get_path("stdlib"))
    for path in library.rglob("*.py"):
        parts = path.relative_to(library).parts
        if not _LEFT_OUT.intersection(parts):
            yield f"module {'.'.join(parts).removesuffix('.py')}", "\n\n".join(docstrings(path))


def docstrings(path: Path) -> Iterator[str]:
    """Yields the docstrings of a source file, from top to bottom; none of a file that is not this Python's."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text:
                yield text


def prose(text: str) -> Iterator[str]:
    """Yields the paragraphs that are sentences, each on one line and free of markup; code, tables and lists of names fall away."""
    for block in re.split(r"\n\s*\n", text):
        rows = block.strip("\n").splitlines()
        if not rows or any(_FIELD.match(row) for row in rows) or _indent(rows[0]) > 3:
            continue
        paragraph = " ".join(" ".join(rows).split())
        for pattern, replacement in _MARKUP:
            paragraph = pattern.sub(replacement, paragraph)
        if _is_prose(paragraph):
            yield paragraph


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip())


def _is_prose(paragraph: str) -> bool:
    words = paragraph.split()
    letters = sum(c.isalpha() or c.isspace() for c in paragraph)
    return len(words) >= 6 and paragraph[0].isupper() and paragraph[-1] in ".!?:" and letters / len(paragraph) > 0.9 and paragraph.isascii()


LIMITS = """\
The prose is technical English by programmers about Python: no fiction, no dialogue, no other language. Identifiers stand in the
sentences as they do in any documentation. It is small: enough to train a tokenizer, too little to teach a model facts."""

RECIPES = [Recipe("python-docs", build, LIMITS, impossible=impossible)]
