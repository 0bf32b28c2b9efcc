"""Model and data cards in the Hub's format, written from the catalogue and what was measured."""

from typing import TYPE_CHECKING

from course_utils.catalog import Entry
from course_utils.foundry import reviews

if TYPE_CHECKING:
    from course_utils.foundry.frame import Recipe

_FEATURES = {"python-docs": {"text": "string", "source": "string"}, "reviews": reviews.FEATURES, "implied-reviews": reviews.FEATURES}


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
            *(f"| {what.replace('_', ' ')} | {value:,} |" for what, value in facts["scores"].items()),
            "",
            "## Limits",
            "",
            recipe.limits,
            "",
            "## How it was made",
            "",
            f"By the recipe `{entry.name}` of the foundry: `course foundry {entry.name}` makes it again, byte for byte, "
            f"with {_versions(facts['versions'])} and seed {facts['seed']}."
            + (f" It reads {', '.join(recipe.needs)}." if recipe.needs else ""),
            "",
            f"In the hub profile the same name stands for [{entry.hub_id}]({_address(entry)})."
            if entry.hub_id
            else "It has no twin on the Hub.",
            "",
        ]
    )
    return f"---\n{_front_matter(entry)}\n---\n\n{body}"


def _front_matter(entry: Entry) -> str:
    from huggingface_hub import DatasetCardData, ModelCardData

    if entry.kind == "checkpoint":
        return ModelCardData(language="en", license=entry.licence, library_name="transformers", tags=[entry.task]).to_yaml()
    licence = {"license": "other", "license_name": entry.licence} if entry.licence == "psf-2.0" else {"license": entry.licence}
    configs = [{"config_name": "default", "data_files": [{"split": s, "path": f"{s}.jsonl"} for s in ("train", "test")]}]
    features = [_feature(name, kind) for name, kind in _FEATURES[entry.name].items()]
    return DatasetCardData(
        language="en", pretty_name=entry.name, task_categories=[entry.task], size_categories=None, configs=configs,
        dataset_info={"features": features}, **licence,
    ).to_yaml()  # fmt: skip


def _feature(name: str, kind: str | list[str]) -> dict:
    if isinstance(kind, list):
        return {"name": name, "dtype": {"class_label": {"names": {str(i): label for i, label in enumerate(kind)}}}}
    return {"name": name, "dtype": kind}


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _address(entry: Entry) -> str:
    kind = "datasets/" if entry.kind == "dataset" else ""
    return f"https://huggingface.co/{kind}{entry.hub_id}"
