"""Checkpoints that ship as a small difference: put together once, right to the last bit, and usable without the course."""

import dataclasses
import json
import shutil
import threading
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import load_file, save_file

from course_utils import assembly, catalog, profile
from course_utils.errors import DamagedFile

BASED = [entry for entry in catalog.entries().values() if entry.base]
NAMES = [entry.name for entry in BASED]
SMALLEST = min(BASED, key=lambda entry: catalog.measured()["data"][entry.name]["bytes"])
BASE = Path(catalog.checkpoint("english-encoder"))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns an empty cache that takes the place of this person's own."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    assembly.assembled.cache_clear()
    yield tmp_path / "cache"
    assembly.assembled.cache_clear()


class TestShippedDifferences:
    @pytest.mark.parametrize("entry", BASED, ids=NAMES)
    def test_at_most_two_megabytes_and_nothing_but_safetensors(self, entry):
        files = {path.name: path.stat().st_size for path in entry.folder.iterdir()}
        assert set(files) == {"adapter_config.json", "adapter_model.safetensors", "config.json", "README.md"}
        assert sum(files.values()) <= 2_000_000

    @pytest.mark.parametrize("entry", BASED, ids=NAMES)
    def test_names_its_base_by_its_place_on_the_hub(self, entry):
        settings = json.loads((entry.folder / "adapter_config.json").read_text(encoding="utf-8"))
        assert settings["base_model_name_or_path"] == catalog.entries()[entry.base].hub_id
        assert str(Path.home()) not in (entry.folder / "config.json").read_text(encoding="utf-8")

    @pytest.mark.parametrize("entry", BASED, ids=NAMES)
    def test_comes_out_as_recorded(self, entry):
        folder = Path(catalog.checkpoint(entry.name))
        assert assembly.content_digest(folder / "model.safetensors") == catalog.measured()["data"][entry.name]["assembled"]
        assert folder.parent == profile.cache_folder()

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
    @pytest.mark.parametrize("entry", BASED, ids=NAMES)
    def test_works_elsewhere_without_the_course(self, entry, tmp_path, python):
        place = tmp_path / "elsewhere"
        shutil.copytree(catalog.checkpoint(entry.name), place)
        task = {"question-answering": "feature-extraction"}.get(entry.task, entry.task)
        code = f"""
sys.path = [path for path in sys.path if path != {str(Path(__file__).resolve().parent.parent)!r}]
from transformers import pipeline
made = pipeline({task!r}, model={str(place)!r})
text = "The [MASK] was red." if {task!r} == "fill-mask" else "The soup was red."
more = {{"candidate_labels": ["food", "war"]}} if {task!r}.startswith("zero") else {{}}
assert made(text, **more)
assert made.model.dtype.is_floating_point and str(made.model.dtype) == "torch.float32"
assert "course_utils" not in sys.modules
"""
        done = python(code, PYTHONPATH="", HF_HUB_OFFLINE="1")
        assert done.returncode == 0, done.stderr

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
        assembly.assembled.cache_clear()
        assert Path(catalog.checkpoint(SMALLEST.name)) == first
        assert (first / "model.safetensors").stat().st_mtime_ns == written
        assert [path.name for path in own_cache.iterdir()] == [first.name]

    @pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b""), Path.unlink], ids=["emptied", "deleted"])
    def test_a_damaged_one_is_made_anew(self, own_cache, damage):
        folder = Path(catalog.checkpoint(SMALLEST.name))
        damage(folder / "model.safetensors")
        assembly.assembled.cache_clear()
        again = Path(catalog.checkpoint(SMALLEST.name))
        expected = catalog.measured()["data"][SMALLEST.name]["assembled"]
        assert again == folder and assembly.content_digest(again / "model.safetensors") == expected
        assert [path.name for path in own_cache.iterdir()] == [folder.name]

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
        entry = dataclasses.replace(catalog.entries()[SMALLEST.name])
        path = entry.folder / "adapter_model.safetensors"
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
