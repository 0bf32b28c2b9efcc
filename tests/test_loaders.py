"""The loaders: a data set by name, with the splits and types that its card promises."""

import json

import pytest

from course_utils import catalog, dataset
from course_utils.errors import CourseError, DamagedFile, UnknownName

DATASETS = [e.name for e in catalog.entries().values() if e.kind == "dataset"]


@pytest.mark.parametrize("name", [name for name in DATASETS if name != "scenes"])
def test_splits_and_columns_are_those_of_the_files(name):
    loaded = dataset(name)
    folder = catalog.dataset_folder(name)
    assert set(loaded) == {path.stem for path in folder.glob("*.jsonl")} == {"train", "test"}
    for split, rows in loaded.items():
        written = [json.loads(line) for line in (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]
        assert rows.num_rows == len(written)
        assert rows.column_names == list(written[0])
        first = next(name for name, kind in rows.features.items() if getattr(kind, "dtype", "") == "string")
        assert rows[first] == [row[first] for row in written]


def test_labels_are_typed():
    train = dataset("reviews")["train"]
    assert train.features["label"].names == ["negative", "positive"]
    written = [json.loads(line)["label"] for line in (catalog.dataset_folder("reviews") / "train.jsonl").read_text("utf-8").splitlines()]
    assert [train.features["label"].int2str(number) for number in train["label"]] == written


def test_pictures_come_as_pictures():
    loaded = dataset("scenes")
    assert {split: rows.num_rows for split, rows in loaded.items()} == {"train": 160, "test": 80}
    first = loaded["test"][0]
    assert first["image"].size == first["mask"].size == first["depth"].size == (64, 64)
    assert (first["image"].mode, first["mask"].mode, first["depth"].mode) == ("RGB", "L", "L")


def test_unknown_name():
    with pytest.raises(UnknownName, match=r"Did you mean 'reviews'\?"):
        dataset("revews")


def test_damaged_file(own_data):
    (own_data / "datasets" / "reviews" / "train.jsonl").write_text("{}")
    with pytest.raises(DamagedFile, match="truncated"):
        dataset("reviews")


def test_hub_profile_asks_for_the_pinned_revision_and_one_configuration(monkeypatch):
    import datasets

    asked = []
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    monkeypatch.setattr(datasets, "load_dataset", lambda *args, **settings: asked.append((args, settings)))
    entries = [entry for name in DATASETS if (entry := catalog.find(name, "dataset")).hub_id]
    for entry in entries:
        dataset(entry.name)
    assert asked == [((e.hub_id, e.hub_config or None), {"revision": e.hub_revision}) for e in entries]


def test_hub_that_cannot_be_reached(python, tmp_path):
    done = python(
        'import time\ntime.sleep = lambda seconds: None\nfrom course_utils import dataset\ndataset("reviews")',
        COURSE_PROFILE="hub", HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(tmp_path),
        HF_HUB_OFFLINE=None, HF_DATASETS_OFFLINE=None, TRANSFORMERS_OFFLINE=None,
    )  # fmt: skip
    assert "CourseError: 'stanfordnlp/imdb' could not be fetched from the Hub (" in done.stderr


def test_hub_profile_of_a_data_set_without_a_twin(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    with pytest.raises(CourseError, match="has no full-size twin on the Hub"):
        dataset("implied-reviews")


def test_changed_rows_are_not_served_from_an_old_cache(own_data):
    from course_utils.foundry import frame

    path = own_data / "datasets" / "reviews" / "test.jsonl"
    before = dataset("reviews")["test"]["text"][:]
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(rows[1:]), encoding="utf-8")
    frame.record("data", "reviews", catalog.measured()["data"]["reviews"] | {"files": frame.files_of(path.parent)})
    assert dataset("reviews")["test"]["text"][:] == before[1:]
