"""One recipe for each data set and each miniature; `course foundry build` rebuilds data/ from them.

Order matters: a recipe comes after those it needs.
"""


def recipes() -> list:
    """Returns every recipe, in the order in which they are built."""
    from course_utils.foundry import (
        chat,
        digits,
        entailment,
        entities,
        few_steps,
        fill_mask,
        painter_adapters,
        picture_text,
        python_docs,
        questions,
        rated_sentences,
        retrieval,
        reviews,
        scene_judge,
        scenes,
        sentiment,
        story_writer,
        text_to_image,
        text_to_text,
        tokenizers,
        wordnet,
        written_texts,
    )

    data = (python_docs, wordnet, reviews, rated_sentences, written_texts, scenes, tokenizers)
    models = (retrieval, sentiment, entailment, entities, questions, fill_mask, story_writer, text_to_text, chat)
    pictures = (digits, scene_judge, picture_text, text_to_image, painter_adapters, few_steps)
    return [recipe for module in (*data, *models, *pictures) for recipe in module.RECIPES]


def rebuild(names: list[str], again: bool = False, quick: bool = False) -> dict[str, str]:
    """Builds the named recipes (all when none is named) and returns what became of each; see `frame.rebuild`."""
    from course_utils.foundry import frame

    return frame.rebuild(recipes(), names, again, quick)
