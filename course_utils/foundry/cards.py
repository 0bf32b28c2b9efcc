"""Model and data cards in the Hub's format, written from the catalogue and what was measured."""

from typing import TYPE_CHECKING

from course_utils import catalog
from course_utils.catalog import Entry
from course_utils.foundry import rated_sentences, reviews, scenes, story_writer, text_to_text, wordnet, written_texts

if TYPE_CHECKING:
    from course_utils.foundry.frame import Recipe

_FEATURES = {
    "python-docs": {"text": "string", "source": "string"},
    "wordnet": wordnet.FEATURES,
    "reviews": reviews.FEATURES,
    "implied-reviews": reviews.FEATURES,
    "rated-sentences": rated_sentences.FEATURES,
    **written_texts.FEATURES,
    "stories": story_writer.FEATURES,
    "translations": text_to_text.FEATURES,
    "scenes": scenes.FEATURES,
}
# Tasks for which the Hub has another name, or none.
_PIPELINES = {"text2text-generation": "translation", "tokenization": None}


def card(entry: Entry, recipe: "Recipe", facts: dict) -> str:
    """Returns the text of README.md for an entry: YAML that the Hub reads, then what it is, what it scored, what it cannot do."""
    body = "\n".join(
        [
            f"# {entry.name}",
            "",
            f"{entry.summary[0].upper()}{entry.summary[1:]}.",
            "",
            "## Measured",
            "",
            "| what | value |",
            "|---|---|",
            *_measured(entry, facts["scores"]),
            "",
            *([entry.reading, ""] if entry.reading else []),
            *_examples(facts.get("examples", [])),
            *_samples(facts.get("samples", "")),
            *_usage(entry),
            "## Limits",
            "",
            recipe.limits,
            "",
            "## How it was made",
            "",
            f"By the recipe `{entry.name}` of the foundry: `course foundry build {entry.name}` makes it again, {_sameness(recipe)}, "
            f"with {_versions(facts['versions'])} and seed {facts['seed']}."
            + (f" It reads {', '.join(recipe.needs)}." if recipe.needs else ""),
            *_training(recipe, facts),
            *_base(entry),
            "",
            f"In the hub profile the same name stands for [{entry.hub_id}]({_address(entry)}), whose licence is {entry.hub_licence}."
            if entry.hub_id
            else "It has no twin on the Hub.",
            "",
        ]
    )
    return f"---\n{_front_matter(entry)}\n---\n\n{body}"


def _measured(entry: Entry, scores: dict[str, float]) -> list[str]:
    """Returns a row for each score, with its 95 % interval where it has one; the main score says what it is."""
    rows = []
    for what, value in scores.items():
        if what.endswith(("_low", "_high")):
            continue
        name = f"score: {entry.measure}" if what == "score" and entry.measure else what.replace("_", " ")
        interval = f" ({scores[f'{what}_low']:,}–{scores[f'{what}_high']:,})" if f"{what}_low" in scores else ""
        rows.append(f"| {name} | {value:,}{interval} |")
    return rows


def _examples(pairs: list[list[str]]) -> list[str]:
    """Returns a table of inputs and what came out of them, unedited."""
    if not pairs:
        return []
    cells = [[cell.replace("|", "\\|").replace("\n", " ") or "(nothing)" for cell in pair] for pair in pairs]
    return [
        "## Examples",
        "",
        "Inputs, and what came out, right or wrong.",
        "",
        "| input | output |",
        "|---|---|",
        *(f"| {given} | {made} |" for given, made in cells),
        "",
    ]


def _samples(what: str) -> list[str]:
    """Returns a sheet of what it makes, described for who cannot see it."""
    return ["## Samples", "", f"![{what[0].upper()}{what[1:]}](samples.png)", "", f"{what[0].upper()}{what[1:]}.", ""] if what else []


def _training(recipe: "Recipe", facts: dict) -> list[str]:
    """Returns the paragraph on weights that were trained elsewhere than they were scored."""
    if "training" not in facts:
        return []
    minutes, release, hours = facts["training"]["seconds"] / 60, facts["training"]["torch"], recipe.cpu_hours
    if not recipe.gpu:
        return ["", f"The weights that ship took {minutes:.0f} minutes of a processor's time, with torch {release}."]
    return [
        "",
        f"The weights that ship were trained on a GPU in {minutes:.0f} minutes, with torch {release}; on two cores the same recipe needs "
        f"about {hours:g} hour{'s' * (hours != 1)} (extrapolated from a few steps).",
    ]


def _sameness(recipe: "Recipe") -> str:
    if recipe.gpu:
        return "with weights that differ from one device to another in their last digits, and so in what they paint or read now and then"
    return "with the same weights where processor and thread count are the same" if recipe.trains else "byte for byte"


def _usage(entry: Entry) -> list[str]:
    """Returns the few lines that use a checkpoint; a test runs them where the course is not."""
    if not entry.usage:
        return []
    where = f'`folder` is what `course_utils.checkpoint("{entry.name}")` returns, or a copy of it: nothing more of the course is needed.'
    return ["## Use", "", where, "", "```python", entry.usage, "```", ""]


def _base(entry: Entry) -> list[str]:
    """Returns the paragraph on how a checkpoint with a base becomes an ordinary folder."""
    if not entry.base:
        return []
    base = catalog.entries()[entry.base]
    return [
        "",
        f"This folder holds a low-rank adapter in LoRA's format with its head, the difference from [{base.name}]({_address(base)}). "
        f'`course_utils.checkpoint("{entry.name}")` puts the two together once and returns an ordinary folder for `from_pretrained`.',
    ]


def _front_matter(entry: Entry) -> str:
    from huggingface_hub import DatasetCardData, ModelCardData

    if entry.kind == "checkpoint":
        base = catalog.entries()[entry.base].hub_id if entry.base else None
        pipeline = _PIPELINES.get(entry.task, entry.task)
        return ModelCardData(
            language=_languages(entry), license=entry.licence, library_name=_library(entry), pipeline_tag=pipeline, tags=[entry.task],
            base_model=base,
        ).to_yaml()  # fmt: skip
    licence = {"license": "other", "license_name": entry.licence} if entry.licence == "psf-2.0" else {"license": entry.licence}
    columns = _FEATURES[entry.name]
    ending = "parquet" if "image" in columns.values() else "jsonl"
    configs = [{"config_name": "default", "data_files": [{"split": s, "path": f"{s}.{ending}"} for s in ("train", "test")]}]
    features = [_feature(name, kind) for name, kind in columns.items()]
    return DatasetCardData(
        language=_languages(entry), pretty_name=entry.name, task_categories=[entry.task], size_categories=None, configs=configs,
        dataset_info={"features": features}, **licence,
    ).to_yaml()  # fmt: skip


def _library(entry: Entry) -> str:
    return "diffusers" if entry.task.endswith(("to-image", "image-generation")) else "transformers"


def _languages(entry: Entry) -> str | list[str]:
    return entry.languages[0] if len(entry.languages) == 1 else list(entry.languages)


def _feature(name: str, kind: str | list) -> dict:
    """Returns a column's type as the Hub writes it: a plain one, the names of a label, or a list of structures."""
    if isinstance(kind, list) and isinstance(kind[0], dict):
        return {"name": name, "list": [_feature(inner, plain) for inner, plain in kind[0].items()]}
    if isinstance(kind, list):
        return {"name": name, "dtype": {"class_label": {"names": {str(i): label for i, label in enumerate(kind)}}}}
    return {"name": name, "dtype": kind}


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _address(entry: Entry) -> str:
    kind = "datasets/" if entry.kind == "dataset" else ""
    return f"https://huggingface.co/{kind}{entry.hub_id}"
