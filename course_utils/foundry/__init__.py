"""One recipe for each data set and each miniature; `course foundry` rebuilds data/ from them, byte for byte.

Order matters: a recipe comes after those it needs.
"""


def recipes() -> list:
    """Returns every recipe, in the order in which they are built."""
    from course_utils.foundry import python_docs, reviews, tokenizers

    return [python_docs.RECIPE, *reviews.RECIPES, *tokenizers.RECIPES]


def rebuild(names: list[str], again: bool = False, quick: bool = False) -> dict[str, str]:
    """Builds the named recipes (all when none is named) and returns what became of each; see `frame.rebuild`."""
    from course_utils.foundry import frame

    return frame.rebuild(recipes(), names, again, quick)
