"""The foundry: what ships is what the recipes make, byte for byte; a stop loses nothing; what misses its floor stays out."""

import dataclasses
import json
from pathlib import Path

import pytest

from course_utils import catalog, dataset, foundry, profile
from course_utils.errors import CourseError, RecipeFailed, UnknownName
from course_utils.foundry import cards, frame, python_docs, reviews
from course_utils.foundry.frame import Recipe

MEGABYTE = 1_000_000
SHIPPED = profile.data_folder()
RECIPES = {recipe.name: recipe for recipe in foundry.recipes()}
TRAINED = [recipe for recipe in RECIPES.values() if recipe.trains]
# What diffusers loads is looked at in test_pictures.
OF_TRANSFORMERS = [recipe for recipe in TRAINED if "diffusers" not in recipe.packages]
ADAPTERS = ("star-adapter", "star-alone-adapter", "few-steps-adapter")
PICTURES = ("digits", "digit-painter", "scene-judge", "picture-text", "text-to-image", *ADAPTERS)
DATA = [recipe for recipe in RECIPES.values() if not recipe.trains and not catalog.entries()[recipe.name].package]
CARDS = [recipe.name for recipe in (*DATA, *TRAINED)]


def _files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and "pycache" not in str(p)}


def _write(folder: Path) -> dict[str, float]:
    (folder / "train.jsonl").write_text('{"text": "one"}\n')
    (folder / "test.jsonl").write_text('{"text": "two"}\n')
    return {"score": 0.5}


def _stop(folder: Path) -> dict[str, float]:
    (folder / "train.jsonl").write_text("half a fi")
    raise ValueError("the disk is full")


def _interrupt(folder: Path) -> dict[str, float]:
    (folder / "train.jsonl").write_text("half a fi")
    raise KeyboardInterrupt


SMALL = Recipe("reviews", _write, "It cannot do much.")
STOPS = dataclasses.replace(SMALL, build=_stop)


class TestWhatShips:
    def test_every_entry_has_a_recipe_or_a_package(self):
        made = {e.name for e in catalog.entries().values() if e.kind != "metric" and not e.package}
        assert set(RECIPES) == made | {"english-encoder"}

    def test_a_recipe_comes_after_those_it_needs(self):
        order = list(RECIPES)
        for recipe in RECIPES.values():
            assert all(order.index(need) < order.index(recipe.name) for need in recipe.needs)

    @pytest.mark.parametrize("name", [e.name for e in catalog.entries().values() if not e.package])
    def test_measurements_are_those_of_the_files(self, name):
        entry, recorded = catalog.entries()[name], catalog.measured()["data"][name]
        assert recorded["files"] == frame.files_of(entry.folder)
        assert recorded["bytes"] == sum(facts["bytes"] for facts in recorded["files"].values())

    def test_nothing_else_is_measured(self):
        assert set(catalog.measured()["data"]) == set(catalog.entries())

    @pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
    def test_comes_from_the_recipe_as_it_stands(self, recipe):
        assert frame.is_current(recipe), f"`course foundry build {recipe.name}` builds it again"

    @pytest.mark.parametrize("name", RECIPES)
    def test_floor_is_cleared(self, name):
        floor = catalog.entries()[name].floor
        assert floor is None or catalog.measured()["data"][name]["scores"]["score"] >= floor

    def test_what_is_promised_beside_the_score_holds(self):
        """Where a row of the card is a promise of its own: translations of held-out pairs, summaries that are true, stories of its own."""
        scores = {name: catalog.measured()["data"][name]["scores"] for name in ("text-to-text", "story-writer", "fill-mask", "chat")}
        assert scores["text-to-text"]["held_out"] >= 0.9
        assert min(scores["text-to-text"][name] for name in ("summary_true", "summary_held_out_true")) >= 0.95
        assert scores["story-writer"]["stories_copied"] == 0 and scores["story-writer"]["stories_distinct"] >= 0.95
        assert scores["fill-mask"]["skew_correlation"] >= 0.5 and scores["fill-mask"]["gaps_in_five"] >= 0.5
        assert scores["chat"]["new_wordings_declined"] >= 0.9

    def test_sizes_stay_within_the_design(self):
        sizes = {kind: {} for kind in ("checkpoint", "dataset", "metric")}
        for entry in catalog.entries().values():
            if not entry.package:
                sizes[entry.kind][entry.name] = sum(map(len, _files(entry.folder).values()))
        assert sizes["checkpoint"].pop("text-to-image") <= 25 * MEGABYTE
        assert max(sizes["checkpoint"].values()) <= 8 * MEGABYTE
        assert sum(sizes["checkpoint"].values()) <= (60 - 25) * MEGABYTE
        assert sum(sizes["dataset"].values()) <= 20 * MEGABYTE
        assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) <= 80 * MEGABYTE

    def test_no_draft_is_left_behind(self):
        assert not (SHIPPED / ".building").exists()


class TestRebuild:
    def _assert_the_same(self, name: str, own_data: Path) -> None:
        entry = catalog.entries()[name]
        shipped, built = _files(SHIPPED / entry.folder.relative_to(own_data)), _files(entry.folder)
        before, after = (json.loads((folder / "measured.json").read_text())["data"][name] for folder in (SHIPPED, own_data))
        assert after["scores"] == before["scores"]
        if after["versions"] == before["versions"]:
            assert after == before
        else:
            del shipped["README.md"], built["README.md"]
        assert built == shipped

    @pytest.mark.parametrize("name", [recipe.name for recipe in DATA if not recipe.impossible()])
    def test_byte_for_byte(self, own_data, name):
        outcomes = foundry.rebuild([name], again=True)
        assert set(outcomes) == {name} and outcomes[name] in ("rebuilt, byte for byte the same", "built")
        self._assert_the_same(name, own_data)

    def test_python_docs_on_the_release_it_was_made_with(self, own_data):
        reason = python_docs.impossible()
        outcome = foundry.rebuild(["python-docs"], again=True)["python-docs"]
        assert outcome == (f"kept: {reason}" if reason else "rebuilt, byte for byte the same")
        self._assert_the_same("python-docs", own_data)

    def test_python_docs_on_another_release_says_why_not(self, own_data, monkeypatch):
        monkeypatch.setattr(python_docs.platform, "python_version", lambda: "3.12.1")
        before = _files(own_data)
        outcome = foundry.rebuild(["python-docs"], again=True)
        assert outcome == {"python-docs": "kept: made with Python 3.11.7, and this is 3.12.1: the frozen copy stays"}
        assert _files(own_data) == before

    def test_everything_current_is_skipped(self, own_data, monkeypatch):
        before = _files(own_data)
        outcomes = foundry.rebuild([])
        assert list(outcomes) == list(RECIPES)
        assert all(outcome == "unchanged" or outcome.startswith("kept: ") for outcome in outcomes.values())
        assert _files(own_data) == before

    @pytest.mark.parametrize("gpu", [False, True])
    def test_all_again_leaves_what_takes_a_day_to_a_gpu(self, own_data, monkeypatch, gpu):
        import torch

        long = dataclasses.replace(SMALL, name="python-docs", gpu=True, cpu_hours=22)
        monkeypatch.setattr(foundry, "recipes", lambda: [SMALL, long])
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
        outcomes = foundry.rebuild([], again=True)
        kept = "kept: found no GPU, and two cores take 22 hours; `course foundry build python-docs --again` takes them"
        assert outcomes == {"reviews": "built", "python-docs": "built" if gpu else kept}
        assert foundry.rebuild(["python-docs"], again=True)["python-docs"] != kept

    def test_unknown_recipe(self, own_data):
        with pytest.raises(UnknownName, match=r"'revews' is not a recipe of this course\. Did you mean 'reviews'\?"):
            foundry.rebuild(["revews"])

    def test_no_recipe_is_run_when_one_name_is_wrong(self, own_data):
        before = _files(own_data)
        with pytest.raises(UnknownName):
            frame.rebuild([SMALL], ["reviews", "zzz"])
        assert _files(own_data) == before


class TestTrained:
    @pytest.mark.parametrize("recipe", TRAINED, ids=[recipe.name for recipe in TRAINED])
    def test_quick_build_runs_and_ships_nothing(self, own_data, recipe):
        before = _files(own_data)
        outcomes = foundry.rebuild([recipe.name], quick=True)
        assert outcomes[recipe.name].startswith("runs: ")
        assert _files(own_data) == before

    @pytest.mark.parametrize("recipe", OF_TRANSFORMERS, ids=[recipe.name for recipe in OF_TRANSFORMERS])
    def test_half_precision_that_loads_in_float32(self, recipe):
        import transformers
        from safetensors import safe_open

        folder = catalog.entries()[recipe.name].folder
        [weights] = folder.glob("*.safetensors")
        with safe_open(weights, framework="numpy") as file:
            assert {str(file.get_tensor(name).dtype) for name in file.keys()} - {"int64"} == {"float16"}  # noqa: SIM118
        config = transformers.AutoConfig.from_pretrained(catalog.checkpoint(recipe.name))
        model = getattr(transformers, config.architectures[0]).from_pretrained(catalog.checkpoint(recipe.name))
        assert {str(values.dtype) for values in model.parameters()} == {"torch.float32"}

    @pytest.mark.parametrize("recipe", TRAINED, ids=[recipe.name for recipe in TRAINED])
    def test_score_has_its_interval_and_the_card_three_examples(self, recipe):
        record = catalog.measured()["data"][recipe.name]
        assert len(record["examples"]) == 3 and all(made for _, made in record["examples"])
        if recipe.name != "story-writer":
            assert record["scores"]["score_low"] <= record["scores"]["score"] <= record["scores"]["score_high"]

    def test_each_within_its_budget_and_the_texts_within_two_hours_of_two_cores(self):
        """Pictures have budgets of their own: half an hour of a GPU, and forty minutes of two cores for what is trained on a processor."""
        for recipe in RECIPES.values():
            record = catalog.measured()["data"][recipe.name]
            assert (record["training"] if recipe.gpu else record)["seconds"] <= 60 * recipe.minutes, recipe.name
        assert sum(recipe.minutes for recipe in RECIPES.values() if recipe.name not in PICTURES) <= 2 * 120
        pictures = [RECIPES[name] for name in PICTURES]
        assert sum(recipe.minutes for recipe in pictures if not recipe.gpu) <= 2 * 40
        assert sum(recipe.minutes for recipe in pictures if recipe.gpu) <= 30
        assert all(recipe.name in PICTURES and recipe.cpu_hours for recipe in RECIPES.values() if recipe.gpu)

    def test_seconds_of_a_stopped_run_count(self, own_data, tmp_path, monkeypatch):
        monkeypatch.setenv("COURSE_CACHE", str(tmp_path))

        def stop(folder, work, quick):
            raise KeyboardInterrupt

        def build(folder, work, quick):
            assert (work / "seconds.txt").is_file() and not quick
            return _write(folder)

        begun = dataclasses.replace(SMALL, build=stop, trains=True)
        with pytest.raises(KeyboardInterrupt):
            frame.rebuild([begun], ["reviews"])
        work = tmp_path / "foundry" / f"reviews-{begun.fingerprint()}"
        (work / "seconds.txt").write_text("1000")
        assert frame.rebuild([dataclasses.replace(begun, build=build)], ["reviews"]) == {"reviews": "built"}
        assert 1000 <= catalog.measured()["data"]["reviews"]["seconds"] < 1060
        assert not work.exists()

    def test_a_draft_of_another_build_is_left_alone(self, own_data):
        other = own_data / ".building" / "python-docs" / "train.jsonl"
        other.parent.mkdir(parents=True)
        other.write_text("at work")
        frame.rebuild([SMALL], ["reviews"])
        assert other.read_text() == "at work"


class TestFrame:
    def test_builds_records_and_writes_a_card(self, own_data):
        assert frame.rebuild([SMALL], ["reviews"]) == {"reviews": "built"}
        recorded = catalog.measured()["data"]["reviews"]
        assert recorded["scores"] == {"score": 0.5} and recorded["recipe"] == SMALL.fingerprint()
        assert set(recorded["files"]) == {"README.md", "train.jsonl", "test.jsonl"}
        catalog.verify(catalog.entries()["reviews"])
        assert frame.rebuild([SMALL], ["reviews"]) == {"reviews": "unchanged"}
        assert frame.rebuild([SMALL], ["reviews"], again=True) == {"reviews": "rebuilt, byte for byte the same"}

    @pytest.mark.parametrize(("build", "error"), [(_stop, RecipeFailed), (_interrupt, KeyboardInterrupt)])
    def test_a_stop_leaves_the_old_files(self, own_data, build, error):
        before = _files(own_data)
        with pytest.raises(error):
            frame.rebuild([dataclasses.replace(SMALL, build=build)], ["reviews"])
        assert _files(own_data) == before

    def test_a_stop_is_named(self, own_data):
        sentence = "The recipe of 'reviews' stopped: ValueError: the disk is full. Its old files are untouched."
        with pytest.raises(RecipeFailed, match=sentence):
            frame.rebuild([STOPS], ["reviews"])

    def test_a_second_run_goes_on_where_the_first_stopped(self, own_data):
        built = []

        def first(folder):
            built.append("python-docs")
            return _write(folder)

        done, stops = dataclasses.replace(SMALL, name="python-docs", build=first), STOPS
        with pytest.raises(RecipeFailed):
            frame.rebuild([done, stops])
        assert frame.rebuild([done, dataclasses.replace(stops, build=_write)]) == {"python-docs": "unchanged", "reviews": "built"}
        assert built == ["python-docs"]

    def test_a_draft_that_a_killed_run_left_does_not_get_in(self, own_data):
        left = own_data / ".building" / "reviews" / "old.jsonl"
        left.parent.mkdir(parents=True)
        left.write_text("old")
        frame.rebuild([SMALL], ["reviews"])
        assert not (own_data / ".building").exists()
        assert "old.jsonl" not in catalog.measured()["data"]["reviews"]["files"]

    @pytest.mark.parametrize("score", [{"score": 0.89}, {}])
    def test_below_its_floor_nothing_ships(self, own_data, monkeypatch, score):
        entries = {**catalog.entries(), "reviews": dataclasses.replace(catalog.entries()["reviews"], floor=0.9)}
        monkeypatch.setattr(catalog, "entries", lambda: entries)
        before = _files(own_data)
        recipe = dataclasses.replace(SMALL, build=lambda folder: _write(folder) and score)
        with pytest.raises(RecipeFailed, match=r"'reviews' reached 0\.\d+, below its floor of 0\.9: it does not ship\."):
            frame.rebuild([recipe], ["reviews"])
        assert _files(own_data) == before

    def test_at_its_floor_it_ships(self, own_data, monkeypatch):
        entries = {**catalog.entries(), "reviews": dataclasses.replace(catalog.entries()["reviews"], floor=0.5)}
        monkeypatch.setattr(catalog, "entries", lambda: entries)
        assert frame.rebuild([SMALL], ["reviews"]) == {"reviews": "built"}

    def test_what_is_impossible_here_is_kept(self, own_data):
        before = _files(own_data)
        recipe = dataclasses.replace(STOPS, impossible=lambda: "no time")
        assert frame.rebuild([recipe], ["reviews"], again=True) == {"reviews": "kept: no time"}
        assert _files(own_data) == before

    def test_an_error_raised_on_purpose_keeps_its_own_words(self, own_data):
        def refuse(folder):
            raise CourseError("in so many words")

        with pytest.raises(CourseError, match=r"^in so many words$"):
            frame.rebuild([dataclasses.replace(SMALL, build=refuse)], ["reviews"])

    def test_a_card_of_old_wording_is_written_anew_and_nothing_else(self, own_data):
        frame.rebuild([SMALL], ["reviews"])
        before = catalog.measured()["data"]["reviews"]
        other = dataclasses.replace(SMALL, limits="It cannot do anything.")
        assert frame.rebuild([other], ["reviews"]) == {"reviews": "unchanged, its card written anew"}
        after = catalog.measured()["data"]["reviews"]
        assert "It cannot do anything." in (own_data / "datasets" / "reviews" / "README.md").read_text()
        assert {k: v for k, v in after.items() if k not in ("bytes", "files")} == {
            k: v for k, v in before.items() if k not in ("bytes", "files")
        }
        catalog.verify(catalog.entries()["reviews"])

    @pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("")], ids=["missing", "empty"])
    def test_a_damaged_file_is_built_again(self, own_data, damage):
        frame.rebuild([SMALL], ["reviews"])
        damage(own_data / "datasets" / "reviews" / "test.jsonl")
        assert not frame.is_current(SMALL)
        assert frame.rebuild([SMALL], ["reviews"]) == {"reviews": "rebuilt, byte for byte the same"}
        assert frame.is_current(SMALL)

    def test_a_changed_metric_is_recorded_when_all_is_rebuilt(self, own_data):
        script = own_data / "metrics" / "f1" / "f1.py"
        script.write_text(script.read_text() + "\n")
        frame.rebuild([SMALL], ["reviews"])
        with pytest.raises(CourseError):
            catalog.verify(catalog.entries()["f1"])
        foundry.rebuild([])
        catalog.verify(catalog.entries()["f1"])


class TestFingerprint:
    def test_changes_with_the_written_sources(self, tmp_path):
        source = tmp_path / "written.jsonl"
        source.write_bytes(b"one\n")
        recipe = dataclasses.replace(SMALL, sources=(source,))
        first = recipe.fingerprint()
        source.write_bytes(b"two\n")
        assert recipe.fingerprint() != first
        source.write_bytes(b"one\r\n")
        assert recipe.fingerprint() == first

    def test_changes_with_the_code(self, tmp_path, monkeypatch):
        module = tmp_path / "recipe.py"
        module.write_text("x = 1\n")
        monkeypatch.setattr(frame.inspect, "getfile", lambda thing: str(module))
        first = SMALL.fingerprint()
        module.write_text("x = 2\n")
        assert SMALL.fingerprint() != first
        module.write_text('"""What it does."""\n\nx = 1  # and why\n')
        assert SMALL.fingerprint() == first
        module.write_text('x = 1\nLIMITS = "It cannot do much."\nLIMITS_OF_ANOTHER = f"{x}"\n')
        assert SMALL.fingerprint() == first, "what a card says of its limits"

    def test_changes_with_what_it_needs(self, own_data):
        recipe = RECIPES["tokenizer-bpe"]
        first = recipe.fingerprint()
        facts = catalog.measured()["data"]["reviews"]
        frame.record("data", "reviews", facts | {"files": {}})
        assert recipe.fingerprint() == first
        facts = catalog.measured()["data"]["python-docs"]
        frame.record("data", "python-docs", facts | {"files": {}})
        assert recipe.fingerprint() != first
        assert not frame.is_current(recipe)

    def test_does_not_change_by_itself(self):
        assert RECIPES["tokenizer-bpe"].fingerprint() == RECIPES["tokenizer-bpe"].fingerprint()


class TestRecord:
    def test_lessons_are_recorded_when_they_moved(self, own_data):
        frame.record_lesson("00_small", 10.4, 512.0)
        assert catalog.measured()["lessons"]["00_small"] == {"seconds": 10, "peak_mib": 510}
        frame.record_lesson("00_small", 11.9, 600.0)
        assert catalog.measured()["lessons"]["00_small"] == {"seconds": 10, "peak_mib": 510}
        frame.record_lesson("00_small", 13.0, 600.0)
        assert catalog.measured()["lessons"]["00_small"] == {"seconds": 13, "peak_mib": 600}

    def test_others_are_left_alone_and_in_the_catalogue_s_order(self, own_data):
        before = catalog.measured()["data"]
        frame.record("data", "reviews", {"bytes": 1})
        after = catalog.measured()["data"]
        assert {k: v for k, v in after.items() if k != "reviews"} == {k: v for k, v in before.items() if k != "reviews"}
        assert list(after) == [name for name in catalog.entries() if name in after]
        assert (own_data / "measured.json").read_bytes().endswith(b"}\n")

    def test_jsonl(self, tmp_path):
        frame.write_jsonl(tmp_path / "x.jsonl", [{"text": "é 😀"}, {"text": "two\nlines"}])
        assert (tmp_path / "x.jsonl").read_bytes() == '{"text": "é 😀"}\n{"text": "two\\nlines"}\n'.encode()


class TestCards:
    @pytest.mark.parametrize("name", [n for n in CARDS if catalog.entries()[n].kind == "checkpoint"])
    def test_model_card(self, name):
        from huggingface_hub import ModelCard

        entry = catalog.entries()[name]
        card = ModelCard.load(entry.folder / "README.md")
        assert card.data.license == entry.licence
        assert card.data.tags == [entry.task]
        assert card.data.language == (["en", "fr"] if name in ("text-to-text", "chat") else "en")
        assert card.data.pipeline_tag == {"text2text-generation": "translation", "tokenization": None}.get(entry.task, entry.task)
        assert card.data.library_name == (
            "transformers" if RECIPES[name] not in TRAINED or RECIPES[name] in OF_TRANSFORMERS else "diffusers"
        )

    @pytest.mark.parametrize("name", [n for n in RECIPES if catalog.entries()[n].kind == "dataset"])
    def test_dataset_card(self, name):
        from huggingface_hub import DatasetCard

        entry = catalog.entries()[name]
        data = DatasetCard.load(entry.folder / "README.md").data
        assert data.task_categories == [entry.task]
        assert data.to_dict().get("license_name", data.license) == entry.licence
        [config] = data.configs
        rows = {p.name for p in entry.folder.iterdir() if p.suffix in (".jsonl", ".parquet")}
        assert {row["path"] for row in config["data_files"]} == rows and len(rows) == 2
        assert [feature["name"] for feature in data.dataset_info["features"]] == dataset(name)["train"].column_names

    @pytest.mark.parametrize("name", CARDS)
    def test_card_says_what_was_measured_and_what_it_cannot_do(self, name):
        entry, recorded = catalog.entries()[name], catalog.measured()["data"][name]
        text = (entry.folder / "README.md").read_text(encoding="utf-8")
        assert text == cards.card(entry, RECIPES[name], recorded)
        assert RECIPES[name].limits in text and f"`course foundry build {name}`" in text and entry.hub_id in text
        for what, value in recorded["scores"].items():
            assert f"{value:,}" in text and (what.endswith(("_low", "_high")) or what.replace("_", " ") in text)


class TestReviewsRecipe:
    ROW = {"text": "A fine day out with the dog.", "label": "positive", "topic": "walks", "kind": "plain"}
    OTHER = {"text": "Never again will I queue for soup.", "label": "negative", "topic": "food", "kind": "plain"}

    def test_sound_rows_pass(self):
        reviews.check([self.ROW, self.OTHER])

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"label": "neutral"}, "unknown label"),
            ({"kind": "sarcastic"}, "unknown label or kind"),
            ({"stars": 5}, "other fields"),
            ({"label": "negative"}, "0% of the reviews are positive"),
            ({"text": "Never again will I queue for this soup."}, "Two reviews share"),
        ],
    )
    def test_each_defect_is_refused(self, change, words):
        with pytest.raises(RecipeFailed, match=words):
            reviews.check([{**self.ROW, **change}, self.OTHER])


class TestPythonDocsRecipe:
    def test_markup_is_taken_off(self):
        text = "Call :func:`~os.path.join` and ``str.join`` as the *only* way, see :class:`Path <pathlib.Path>` for more of it."
        assert list(python_docs.prose(text)) == ["Call os.path.join and str.join as the only way, see Path for more of it."]

    @pytest.mark.parametrize(
        "block",
        [
            "    indented code that reads like a sentence of six words.",
            ">>> print('this is a session and no prose at all')",
            "Too short.",
            "no capital letter at the start of this sentence.",
            "No full stop at the end of this sentence",
            ":param x: The first of all the parameters of this function.",
            "Some (((( %%%% #### )))) {{{{ }}}} letters ==== are ++++ rare.",
            "The café is not in ASCII letters at all.",
        ],
    )
    def test_what_is_no_prose_falls_away(self, block):
        assert list(python_docs.prose(block)) == []
