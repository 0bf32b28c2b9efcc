"""The small world: people, animals, things and places, what they do, and how English and French say it.

Every miniature learns from it, so that a story, its summary, its French and its questions agree, and each answer has a ground truth.
`lexicon` names what there is (adding an animal is one line), `grammar` what can be said of it, `english` and `french` put that into words,
`draw` chooses combinations and keeps the held-out ones apart. `scenes`, `sentences`, `stories`, `questions` and `instructions` say things
with it, and `truth` checks what a model says.
"""

from pathlib import Path

_WORDS = ("lexicon", "grammar", "english", "french", "draw")


def modules(*names: str) -> tuple[Path, ...]:
    """Returns the files that say things with the world's words: these modules and all that they stand on. A recipe depends on them."""
    return tuple(Path(__file__).with_name(f"{name}.py") for name in (*_WORDS, *names))
