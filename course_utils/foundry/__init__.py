"""One recipe for each data set and each miniature; `course foundry` rebuilds data/ from them, byte for byte.

Order matters: a recipe comes after those it needs.
"""


def recipes() -> list:
    """Returns every recipe, in the order in which they are built."""
    from course_utils.foundry import (
        chat,
        entailment,
        entities,
        fill_mask,
        python_docs,
        questions,
        rated_sentences,
        reviews,
        sentiment,
        story_writer,
        text_to_text,
        tokenizers,
        written_texts,
    )

    modules = (python_docs, reviews, rated_sentences, written_texts, tokenizers, sentiment, entailment, entities, questions, fill_mask)
    return [recipe for module in (*modules, story_writer, text_to_text, chat) for recipe in module.RECIPES]


def rebuild(names: list[str], again: bool = False, quick: bool = False) -> dict[str, str]:
    """Builds the named recipes (all when none is named) and returns what became of each; see `frame.rebuild`."""
    from course_utils.foundry import frame

    return frame.rebuild(recipes(), names, again, quick)
