"""Recipe of `wordnet`: example sentences and definitions out of WordNet 3.0, English of every subject.

Definitions become sentences ("coffee is a beverage …"), and only words that WordNet's own texts were found to use are defined. The
database's files come with a package of many systems (Debian's `wordnet-base`); where they are missing, the frozen copy stays.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from course_utils.foundry.frame import Recipe, write_jsonl

DATABASE = Path("/usr/share/wordnet")
FEATURES = {"text": "string", "kind": "string"}
PARTS = ("noun", "verb", "adj", "adv")
SHORTEST = {"example": 4, "definition": 3}
HELD_OUT = 20
LICENCE = """\
WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved.

This software and database is being provided to you, the LICENSEE, by Princeton University under the following license. By obtaining,
using and/or copying this software and database, you agree that you have read, understood, and will comply with these terms and
conditions: Permission to use, copy, modify and distribute this software and database and its documentation for any purpose and without
fee or royalty is hereby granted, provided that you agree to comply with the following copyright notice and statements, including the
disclaimer, and that the same appear on ALL copies of the software, database and documentation, including modifications that you make
for internal use or for distribution.

THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES, EXPRESS OR IMPLIED. BY
WAY OF EXAMPLE, BUT NOT LIMITATION, PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES OF MERCHANTABILITY OR FITNESS FOR ANY
PARTICULAR PURPOSE OR THAT THE USE OF THE LICENSED SOFTWARE, DATABASE OR DOCUMENTATION WILL NOT INFRINGE ANY THIRD PARTY PATENTS,
COPYRIGHTS, TRADEMARKS OR OTHER RIGHTS.

The name of Princeton University or Princeton may not be used in advertising or publicity pertaining to distribution of the software
and/or database. Title to copyright in this software, database and any associated documentation shall at all times remain with Princeton
University and LICENSEE agrees to preserve same.
"""


def impossible() -> str | None:
    """Returns why the recipe cannot run here, or None when it can."""
    found = all((DATABASE / f"data.{part}").is_file() for part in PARTS)
    return None if found else f"WordNet's files are not in {DATABASE} (package wordnet-base): the frozen copy stays"


def build(folder: Path) -> dict[str, int]:
    """Writes train.jsonl and test.jsonl, one text in twenty held out, and the licence; returns counts."""
    splits: dict[str, list[dict]] = {"train": [], "test": []}
    for text, row in sorted({row["text"]: row for row in _rows()}.items()):
        held_out = int(hashlib.sha256(text.encode()).hexdigest(), 16) % HELD_OUT == 0
        splits["test" if held_out else "train"].append(row)
    for split, rows in splits.items():
        write_jsonl(folder / f"{split}.jsonl", rows)
    (folder / "LICENSE").write_text(LICENCE, encoding="utf-8", newline="\n")
    kinds = Counter(row["kind"] for row in splits["train"])
    return {"train_rows": len(splits["train"]), "test_rows": len(splits["test"])} | {f"train_{kind}s": n for kind, n in kinds.items()}


def _rows() -> Iterator[dict]:
    used = {line.split("%")[0] for line in (DATABASE / "cntlist.rev").read_text(encoding="latin-1").splitlines()}
    for part in PARTS:
        for line in (DATABASE / f"data.{part}").read_text(encoding="latin-1").splitlines():
            if line.startswith("  "):  # the licence, at the head of each file
                continue
            entry, _, gloss = line.rstrip().partition(" | ")
            word = entry.split()[4]
            for text in re.findall(r'"([^"]+)"', gloss):
                yield from _row(text.strip(), "example")
            meaning = re.sub(r';?\s*"[^"]*"?', "", gloss).strip("; ")
            if part in {"noun", "verb"} and word.lower() in used:
                plain = word.replace("_", " ")
                yield from _row(f"{plain} is {meaning}" if part == "noun" else f"to {plain} is to {meaning}", "definition")


def _row(text: str, kind: str) -> Iterator[dict]:
    if len(text.split()) >= SHORTEST[kind] and text.isascii():
        yield {"text": text if text[-1] in ".!?" else f"{text}.", "kind": kind}


LIMITS = """\
Examples are short and often only half a sentence; definitions are what a dictionary says, with its abbreviations. It was collected from
the 1980s to 2006: what is newer is missing, and some of it is judged otherwise today."""

RECIPES = [Recipe("wordnet", build, LIMITS, impossible=impossible)]
