"""The doctor: findings with remedies, on a sound machine and on a broken one."""

import shutil

import pytest

from course_utils import catalog, doctor, profile


@pytest.fixture
def copied_data(tmp_path, monkeypatch):
    shutil.copytree(profile.data_folder(), tmp_path / "data")
    monkeypatch.setattr(profile, "data_folder", lambda: tmp_path / "data")
    for cached in (catalog.entries, catalog.verify):
        cached.cache_clear()
    yield tmp_path / "data"
    for cached in (catalog.entries, catalog.verify):
        cached.cache_clear()


def test_every_shipped_file_is_intact():
    assert [str(finding) for finding in doctor.files() if finding.remedy] == []


def test_a_changed_file_is_found_with_its_remedy(copied_data):
    path = copied_data / "datasets" / "reviews" / "test.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("e", "a", 1), encoding="utf-8")
    (finding,) = [finding for finding in doctor.files() if finding.remedy]
    assert finding.what == "dataset 'reviews' is not intact"
    assert "is corrupt" in finding.remedy
    assert "git checkout -- data" in finding.remedy


def test_a_missing_catalogue_is_a_finding(copied_data):
    (copied_data / "catalog.toml").unlink()
    assert "cannot be read" in next(iter(doctor.files())).what


def test_an_old_python_and_little_memory_and_disk(monkeypatch):
    import psutil

    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (9, 0))
    monkeypatch.setattr(doctor, "MEMORY_GIB", 1e6)
    monkeypatch.setattr(doctor, "FREE_GIB", 1e9)
    assert psutil.virtual_memory().total > 0
    assert [bool(finding.remedy) for finding in doctor.machine()] == [True, True, True]


def test_another_version_than_the_pinned_one(monkeypatch):
    monkeypatch.setattr(doctor, "read_pins", lambda: {"datasets": "0.0.1"})
    wrong = [finding for finding in doctor.libraries() if finding.remedy]
    assert len(wrong) == 1
    assert "stored with 0.0.1" in wrong[0].remedy


def test_a_library_that_is_missing(monkeypatch):
    monkeypatch.setattr(doctor, "LIBRARIES", ("no-such-library",))
    assert str(next(doctor.libraries())).startswith("[FAIL] no-such-library is not installed")


def test_the_token_itself_is_never_shown(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert "hf_secret" not in str(doctor.setting())
