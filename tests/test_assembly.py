"""Checkpoints that ship as a small difference: put together once, right to the last bit, and usable without the course."""

import json
import re
import shutil
import threading
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import load_file, save_file

from course_utils import assembly, catalog, profile
from course_utils.errors import CourseError, DamagedFile

BASED = [entry for entry in catalog.entries().values() if entry.base]
NAMES = [entry.name for entry in BASED]
SMALLEST = BASED[0]
_MACHINE = re.compile(r"/(home|root|Users|work|tmp|opt)/")
BASE = Path(catalog.checkpoint("english-encoder"))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns an empty cache that takes the place of this person's own."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    assembly._checked.clear()
    yield tmp_path / "cache"
    assembly._checked.clear()


class TestShippedDifferences:
    @pytest.mark.parametrize("entry", BASED, ids=NAMES)
    def test_at_most_two_megabytes_three_for_fill_mask_and_nothing_but_safetensors(self, entry):
        files = {path.name: path.stat().st_size for path in entry.folder.iterdir()}
        assert set(files) == {"adapter_config.json", "adapter_model.safetensors", "config.json", "README.md"}
        assert sum(files.values()) <= (3_000_000 if entry.name == "fill-mask" else 2_000_000)

    @pytest.mark.parametrize("entry", BASED, ids=NAMES)
    def test_names_its_base_by_its_place_on_the_hub(self, entry):
        settings = json.loads((entry.folder / "adapter_config.json").read_text(encoding="utf-8"))
        assert settings["base_model_name_or_path"] == catalog.entries()[entry.base].hub_id
        assert settings["target_modules"] == sorted(settings["target_modules"]), "in the order of a set it differs from build to build"
        assert not [path for path in entry.folder.glob("*.json") if _MACHINE.search(path.read_text(encoding="utf-8"))]

    @pytest.mark.parametrize("entry", BASED, ids=NAMES)
    def test_comes_out_as_recorded(self, entry, tmp_path):
        assembly.assemble(entry.folder, BASE, tmp_path)
        assert assembly.content_digest(tmp_path / "model.safetensors") == catalog.measured()["data"][entry.name]["assembled"]
        assert Path(catalog.checkpoint(entry.name)).parent == profile.cache_folder()

    @pytest.mark.parametrize("name", NAMES)
    def test_is_what_peft_would_merge(self, name):
        """PEFT's own arithmetic agrees to rounding; ours is the same on every machine."""
        import peft
        import torch
        import transformers

        entry = catalog.entries()[name]
        architecture = json.loads((entry.folder / "config.json").read_text(encoding="utf-8"))["architectures"][0]
        ours = getattr(transformers, architecture).from_pretrained(catalog.checkpoint(name))
        config = transformers.AutoConfig.from_pretrained(entry.folder)
        plain = getattr(transformers, architecture).from_pretrained(BASE, config=config, dtype=torch.float32)
        theirs = peft.PeftModel.from_pretrained(plain, entry.folder).merge_and_unload()
        mine, merged = ours.state_dict(), theirs.state_dict()
        shared = [key for key in mine if "cls.predictions.bias" not in key and "decoder.bias" not in key]
        assert set(shared) <= set(merged) and len(shared) > 95
        assert max(float((mine[key] - merged[key]).abs().max()) for key in shared) < 1e-5


class TestOrdinaryFolder:
    def test_no_weight_is_made_up_when_it_is_loaded(self):
        import transformers

        for entry in BASED:
            architecture = json.loads((entry.folder / "config.json").read_text(encoding="utf-8"))["architectures"][0]
            _, report = getattr(transformers, architecture).from_pretrained(catalog.checkpoint(entry.name), output_loading_info=True)
            assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"], entry.name


class TestCache:
    def test_is_made_once(self, own_cache):
        first = Path(catalog.checkpoint(SMALLEST.name))
        written = (first / "model.safetensors").stat().st_mtime_ns
        assembly._checked.clear()
        assert Path(catalog.checkpoint(SMALLEST.name)) == first
        assert (first / "model.safetensors").stat().st_mtime_ns == written
        assert [path.name for path in own_cache.iterdir()] == [first.name]

    @pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
    @pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"{}"), Path.unlink], ids=["changed", "deleted"])
    def test_a_damaged_one_is_made_anew(self, own_cache, damage, name):
        folder = Path(catalog.checkpoint(SMALLEST.name))
        whole = (folder / name).read_bytes()
        damage(folder / name)
        assembly._checked.clear()
        assert Path(catalog.checkpoint(SMALLEST.name)) == folder
        assert (folder / name).read_bytes() == whole
        assert [path.name for path in own_cache.iterdir()] == [folder.name]

    def test_one_that_was_deleted_meanwhile_is_made_anew(self, own_cache):
        folder = Path(catalog.checkpoint(SMALLEST.name))
        shutil.rmtree(own_cache)
        assert Path(catalog.checkpoint(SMALLEST.name)) == folder and (folder / "model.safetensors").is_file()

    def test_what_a_neighbour_finished_first_is_taken(self, own_cache, monkeypatch):
        """The other process puts its own in place while this one is still at work."""
        assemble = assembly.assemble

        def slow(home, base, folder):
            assemble(home, base, folder)
            place = own_cache / f"{SMALLEST.name}-{catalog.measured()['data'][SMALLEST.name]['assembled'][:16]}"
            shutil.copytree(folder, place)
            (place / "neighbour.txt").write_text("first")

        monkeypatch.setattr(assembly, "assemble", slow)
        folder = Path(catalog.checkpoint(SMALLEST.name))
        assert (folder / "neighbour.txt").is_file()
        assert [path.name for path in own_cache.iterdir()] == [folder.name]

    def test_a_cache_that_cannot_be_written_is_named_with_the_remedy(self, own_cache):
        own_cache.write_text("a file where the folder should be")
        with pytest.raises(CourseError, match=r"takes 90 MB in the cache .*, which cannot be written .*set COURSE_CACHE to another folder"):
            catalog.checkpoint(SMALLEST.name)

    def test_two_at_the_same_time_share_one(self, own_cache, python):
        code = f"from course_utils import catalog; print(catalog.checkpoint({SMALLEST.name!r}))"
        results = []
        threads = [threading.Thread(target=lambda: results.append(python(code, COURSE_CACHE=str(own_cache)))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [done.returncode for done in results] == [0, 0], [done.stderr for done in results]
        assert len({done.stdout for done in results}) == 1
        assert len(list(own_cache.iterdir())) == 1

    def test_another_result_is_refused_and_leaves_nothing(self, own_cache, monkeypatch):
        found = catalog.measured()
        found["data"][SMALLEST.name]["assembled"] = "0" * 64
        monkeypatch.setattr(catalog, "measured", lambda: found)
        with pytest.raises(DamagedFile, match=r"came out as [0-9a-f]{12}…; expected 000000000000…"):
            catalog.checkpoint(SMALLEST.name)
        assert list(own_cache.iterdir()) == []

    def test_a_changed_difference_is_refused_before(self, own_data, own_cache):
        path = catalog.entries()[SMALLEST.name].folder / "adapter_model.safetensors"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(DamagedFile, match="is corrupt"):
            catalog.checkpoint(SMALLEST.name)
        assert not own_cache.exists()

    def test_costs_no_torch(self, own_cache, python):
        code = f"import sys; from course_utils import catalog; catalog.checkpoint({SMALLEST.name!r}); print('torch' in sys.modules)"
        done = python(code, COURSE_CACHE=str(own_cache))
        assert done.stdout.strip() == "False", done.stderr


class TestDigest:
    def test_follows_the_content_not_the_file(self, tmp_path):
        tensors = {"b": numpy.ones((2, 3), "float32"), "a": numpy.zeros(4, "float16")}
        save_file(tensors, tmp_path / "one.safetensors")
        save_file(dict(reversed(tensors.items())), tmp_path / "two.safetensors", metadata={"format": "pt"})
        assert assembly.content_digest(tmp_path / "one.safetensors") == assembly.content_digest(tmp_path / "two.safetensors")

    @pytest.mark.parametrize("other", [{"a": numpy.ones(6, "float32")}, {"b": numpy.ones(5, "float32")}, {"a": numpy.ones(5, "float16")}])
    def test_changes_with_names_shapes_types(self, tmp_path, other):
        save_file({"a": numpy.ones(5, "float32")}, tmp_path / "one.safetensors")
        save_file(other, tmp_path / "two.safetensors")
        assert assembly.content_digest(tmp_path / "one.safetensors") != assembly.content_digest(tmp_path / "two.safetensors")

    def test_of_what_is_no_safetensors_is_empty(self, tmp_path):
        (tmp_path / "x").write_bytes(b"pickle?")
        assert assembly.content_digest(tmp_path / "x") == assembly.content_digest(tmp_path / "none") == ""

    def test_arithmetic_by_hand(self, tmp_path):
        """W + 2 B A for one weight of two by two, the head and the pooler taken over as they are."""
        base, home, out = tmp_path / "base", tmp_path / "home", tmp_path / "out"
        for folder in (base, home, out):
            folder.mkdir()
        for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
            (base / name).write_text("{}")
        (home / "config.json").write_text("{}")
        (home / "adapter_config.json").write_text('{"r": 1, "lora_alpha": 2}')
        save_file(
            {"layer.weight": numpy.eye(2, dtype="float32"), "pooler.weight": numpy.eye(2, dtype="float32")}, base / "model.safetensors"
        )
        adapter = {
            "base_model.model.bert.layer.lora_A.weight": numpy.array([[1, 2]], "float16"),
            "base_model.model.bert.layer.lora_B.weight": numpy.array([[3], [0.5]], "float16"),
            "base_model.model.classifier.bias": numpy.array([7], "float16"),
        }
        save_file(adapter, home / "adapter_model.safetensors")
        assembly.assemble(home, base, out)
        made = load_file(out / "model.safetensors")
        assert set(made) == {"bert.layer.weight", "classifier.bias"}
        assert made["bert.layer.weight"].tolist() == [[7, 12], [1, 3]]
        assert made["classifier.bias"].dtype == numpy.float32
