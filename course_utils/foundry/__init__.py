"""One recipe for each data set and each miniature; `course foundry build` rebuilds data/ from them.

Order matters: a recipe comes after those it needs.
"""

import functools


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


def rebuild(names: list[str], again: bool = False, quick: bool = False, jobs: int = 1) -> dict[str, str]:
    """Builds the named recipes (all when none is named), `jobs` at a time, and returns what became of each; see `frame.rebuild`.

    When all are built, what has no recipe gets its digests recorded. Asked for all of them `again` where no GPU is, it leaves out those
    that would take a day without one.
    """
    from course_utils.foundry import frame, side_by_side

    known, everything = recipes(), not names
    kept = frame.left_to_a_gpu(known) if everything and again and not quick else {}
    names = names or [recipe.name for recipe in known if recipe.name not in kept]
    alone = jobs == 1 or len(names) == 1
    builder = frame.rebuild if alone else functools.partial(side_by_side.rebuild, jobs=jobs)
    outcomes = builder(known, names, again, quick) | kept
    if everything and not quick:
        frame.record_as_they_are()
    return outcomes
