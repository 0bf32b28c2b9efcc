"""The set-up: one list of pins that everything reads, commands that explain themselves, failures that end in one sentence."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course_utils import bootstrap, lab, lessons

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = [Requirement(row) for row in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()]
WANTED = [Requirement(row) for rows in [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()] for row in rows]
NOT_OURS = {".venv", ".git", "outputs", "build", "dist", ".building"}
LISTS = re.compile(
    r"(requirements|constraints)[^/]*\.(txt|in)|environment[^/]*\.ya?ml|Pipfile.*|setup\.(py|cfg)|(uv|poetry|pdm|pixi)\.lock"
)


@pytest.mark.parametrize("wanted", WANTED, ids=lambda wanted: wanted.name)
def test_every_dependency_has_a_pin_in_its_range(wanted):
    pins = [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(wanted.name)]
    assert pins, f"{wanted.name} has no pin: `make pins`"
    for pin in pins:
        (version,) = (part.version for part in pin.specifier)
        assert wanted.specifier.contains(version), f"{pin} lies outside {wanted}: `make pins`"


def test_pins_are_exact_and_belong_to_no_machine():
    for pin in PINS:
        assert re.fullmatch(r"==[0-9][\w.]*", str(pin.specifier)), f"{pin} is not one public version"
        assert pin.url is None
    assert "--" not in (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_conda_and_binder_read_the_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, _, pip = environment["dependencies"]
    assert pip["pip"] == ["-r requirements.txt", "-e ."]
    assert PROJECT["requires-python"] == ">=" + python.removeprefix("python=")


def test_nothing_else_names_a_version():
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", ".ci/run", ".github/workflows/ci.yml")}
    setup = lessons.setup_code(lessons.all_lessons()[0])
    for name, text in {**texts, "the set-up cell": setup}.items():
        for pin in PINS:
            assert not re.search(rf"\b{re.escape(pin.name)}\s*[=<>~]=", text), f"{name} names a version of {pin.name}"
    assert "--constraint" in setup and "/requirements.txt " in setup
    assert "-o requirements.txt" in texts["Makefile"] and bootstrap.PINS == ROOT / "requirements.txt"


def test_there_is_no_second_list_of_requirements():
    paths = [path.relative_to(ROOT) for path in walk(ROOT) if LISTS.fullmatch(path.name)]
    assert sorted(map(str, paths)) == ["environment.yml", "requirements.txt"]


def walk(folder):
    """Yields the files of the tree, leaving out what a person's machine keeps in it."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in NOT_OURS:
            yield from walk(path)
        elif path.is_file():
            yield path


def test_make_alone_explains_every_target():
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE).group(1).split()
    shown = subprocess.run([shutil.which("make")], cwd=ROOT, capture_output=True, text=True, check=True, env=without_make()).stdout
    assert re.findall(r"^  make (\w+) +\S", shown, re.MULTILINE) == targets
    assert {"lab", "test", "run", "refresh", "foundry", "doctor", "clean", "setup", "lint", "pins"} < set(targets)


def test_ci_calls_only_make():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert steps == ["make test"]
    rows = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    commands = [row.split(" || ")[0] for row in rows if not row.startswith(("#", "set -euo pipefail", "cd "))]
    assert commands == ["make browser", "make javascript", "make test"]
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The few files that the set-up reads, in a folder of their own, which `bootstrap` then takes for the repository."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml", "course_utils/bootstrap.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PINS", tmp_path / "requirements.txt")
    monkeypatch.setattr(bootstrap, "free_gb", lambda: 50.0)
    return tmp_path


@pytest.fixture
def installs(copy, monkeypatch):
    """What the set-up did, with the slow steps replaced: "venv" and "install"."""
    done = []

    def make_venv():
        done.append("venv")
        (copy / ".venv").mkdir(exist_ok=True)
        (copy / ".venv" / "works").touch()

    monkeypatch.setattr(bootstrap, "make_venv", make_venv)
    monkeypatch.setattr(bootstrap, "install", lambda: done.append("install"))
    works = copy / ".venv" / "works"
    monkeypatch.setattr(bootstrap, "version_of", lambda *_, **__: sys.version_info[:3] if works.exists() else ())
    return done


def test_the_second_set_up_does_nothing(installs, capsys):
    assert bootstrap.main([]) == 0 and installs == ["venv", "install"]
    assert "First set-up" in capsys.readouterr().out
    assert bootstrap.main([]) == 0 and installs == ["venv", "install"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_changed_pins_are_noticed(installs, copy, capsys, name):
    bootstrap.main([])
    capsys.readouterr()
    (copy / name).write_text((copy / name).read_text() + "\n")
    assert bootstrap.main([]) == 0 and installs == ["venv", "install", "install"]
    assert capsys.readouterr().out.startswith("The pins changed since the last set-up")


def test_an_interrupted_set_up_goes_on(installs, monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    whole = bootstrap.install
    monkeypatch.setattr(bootstrap, "install", interrupted)
    assert bootstrap.main([]) == 130
    monkeypatch.setattr(bootstrap, "install", whole)
    assert bootstrap.main([]) == 0 and installs == ["venv", "install"]
    assert "goes on where it stopped" in capsys.readouterr().out


def test_a_broken_environment_is_built_again(installs, copy, capsys):
    bootstrap.main([])
    (copy / ".venv" / "works").unlink()
    assert bootstrap.main([]) == 0 and installs == ["venv", "install"] * 2
    assert "damaged" in capsys.readouterr().out


def test_a_moved_environment_is_built_again(installs, copy, capsys):
    bootstrap.main([])
    (copy / ".venv" / "pyvenv.cfg").write_text(f"command = /usr/bin/python3 -m venv {copy}/.venv\n")
    assert bootstrap.main([]) == 0 and installs == ["venv", "install"]
    (copy / ".venv" / "pyvenv.cfg").write_text("command = /usr/bin/python3 -m venv /elsewhere/.venv\n")
    assert bootstrap.main([]) == 0 and installs == ["venv", "install"] * 2
    assert "made in another folder" in capsys.readouterr().out


def test_another_python_is_taken_only_when_named(installs, monkeypatch, capsys):
    bootstrap.main([])
    works = bootstrap.version_of
    monkeypatch.setattr(bootstrap, "version_of", lambda *_, **__: (3, 99, 0) if works() else ())
    (bootstrap.VENV / "setup.stamp").write_text(bootstrap.digest((3, 99, 0)))
    assert bootstrap.main([]) == 0 and installs == ["venv", "install"]
    assert bootstrap.main(["--python-given"]) == 0 and installs == ["venv", "install"] * 2
    assert ".venv holds 3.99" in capsys.readouterr().out


def test_without_the_venv_module_the_remedy_is_said(copy, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "has_module", lambda name: name != "ensurepip")
    assert bootstrap.main([]) == 1
    assert "sudo apt install python3-venv" in capsys.readouterr().err


def test_a_full_disk_is_seen_before(copy, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "free_gb", lambda: 0.4)
    assert bootstrap.main([]) == 1
    assert "has 0.4 GB free; the set-up needs about 4 GB. Free some space" in capsys.readouterr().err
    assert not (copy / ".venv").exists()


@pytest.mark.parametrize("output", ["error: failed to write\n  cause: No space left on device (os error 28)", "Disk quota exceeded"])
def test_a_full_disk_is_seen_during(copy, output):
    (copy / ".venv").mkdir()
    with pytest.raises(bootstrap.SetupFailed, match=r"disk is full .*\.venv/setup\.log"):
        bootstrap.run([sys.executable, "-c", f"print({output!r}); raise SystemExit(1)"], "uv")
    assert output in (copy / ".venv" / "setup.log").read_text()


def test_a_full_disk_is_seen_in_our_own_writing(installs, monkeypatch, capsys):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bootstrap, "install", full)
    assert bootstrap.main([]) == 1
    assert capsys.readouterr().err.startswith("The disk is full")


@pytest.mark.parametrize("visible", ["pip", "everything"])
def test_no_network_is_one_sentence(copy, visible):
    """First pip, which fetches uv, then uv, which fetches the rest, ask an index at a port where nobody answers."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", copy / ".venv"], check=True)
    site = Path(yaml.__file__).parent.parent
    if visible == "pip":
        (copy / "only_pip").mkdir()
        (copy / "only_pip" / "pip").symlink_to(site / "pip")
        site = copy / "only_pip"
    (library,) = (copy / ".venv" / "lib").glob("python*/site-packages")
    (library / "seen.pth").write_text(f"{site}\n")
    nobody = "http://127.0.0.1:9/simple"
    ended = start(copy, PIP_INDEX_URL=nobody, UV_DEFAULT_INDEX=nobody, UV_CACHE_DIR=copy / "cache", PIP_NO_CACHE_DIR="1")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Packages cannot be fetched: the network") and ended.stderr.count("\n") == 1
    assert f"-m {'pip' if visible == 'pip' else 'uv'} " in (copy / ".venv" / "setup.log").read_text().split("$ ")[-1]


def start(folder, **environment):
    """Returns the ended set-up of a copy, run as the Makefile does, with none of this machine's settings for pip and uv."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    kept |= {"PIP_CONFIG_FILE": os.devnull, "UV_HTTP_RETRIES": "0"} | {name: str(value) for name, value in environment.items()}
    command = [sys.executable, "-I", str(folder / "course_utils" / "bootstrap.py")]
    return subprocess.run(command, capture_output=True, text=True, env=kept, check=False, timeout=60)


def test_a_python_that_is_too_old_is_one_sentence(copy):
    python = copy / "bin" / "python3"
    pretend = "sys.version_info = (3, 9, 18); sys.argv = sys.argv[2:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    python.parent.mkdir()
    run = f'exec {sys.executable} "$@"\nexec {sys.executable} -c "import runpy, sys; {pretend}" "$@"\n'
    python.write_text(f'#!/bin/sh\n[ "$1" = -c ] && {run}', encoding="utf-8")
    python.chmod(0o755)
    ended = make(copy, "setup", PATH=str(python.parent))
    assert ended.returncode != 0 and not (copy / ".venv").exists()
    assert "is Python 3.9.18; the course needs 3.11 or newer. Install a newer one and name it: make setup PYTHON=" in ended.stderr


def test_no_python_at_all_is_one_sentence(copy):
    ended = make(copy, "setup", "PYTHON=python-of-nowhere")
    assert ended.returncode != 0
    assert '"python-of-nowhere" is not a Python' in ended.stderr and "Traceback" not in ended.stderr


def make(folder, *arguments, **environment):
    """Returns the ended make of a copy."""
    command = [shutil.which("make"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=without_make() | environment, check=False, timeout=60)


def without_make():
    """Returns the environment without what an outer make, which may run these tests, says to an inner one."""
    return {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON"}}


def test_a_newer_python_of_the_path_is_used(monkeypatch, capsys):
    started = []
    monkeypatch.setattr(shutil, "which", lambda name: f"/somewhere/{name}")
    monkeypatch.setattr(bootstrap, "version_of", lambda path: () if path.endswith("3.13") else (3, 12, 1))
    monkeypatch.setattr(os, "execv", lambda path, arguments: started.append((path, arguments[1])))
    monkeypatch.setattr(bootstrap, "SetupFailed", Ended)
    with pytest.raises(Ended):
        bootstrap.use_new_enough_python((3, 9, 18))
    assert started[0] == ("/somewhere/python3.12", "-I")
    assert "Python 3.9.18; the course needs 3.11 or newer. /somewhere/python3.12 is used." in capsys.readouterr().out


class Ended(Exception):
    """Stands where a real start of another Python never returns."""


def test_pips_settings_are_handed_on(monkeypatch):
    listed = b":env:.find-links='/mine'\nglobal.find-links='/all /others'\nglobal.extra-index-url='file:///a file:///b'\n"
    monkeypatch.setattr(subprocess, "check_output", lambda *_, **__: listed)
    settings = bootstrap.pip_settings("python3")
    assert settings == {"find-links": "/mine", "extra-index-url": "file:///a file:///b"}
    monkeypatch.setattr(os, "environ", {"UV_FIND_LINKS": "/asked"})
    environment = bootstrap.Uv("python3").environment
    assert environment["UV_INDEX"] == "file:///a file:///b" and environment["UV_FIND_LINKS"] == "/asked"


def test_a_folder_with_torch_decides_which_torch_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "pip_settings", lambda python: {"find-links": str(tmp_path)})
    monkeypatch.setattr(os, "environ", {})
    assert not bootstrap.Uv("python3").has_own_torch()
    major, minor = sys.version_info[:2]
    (tmp_path / f"torch-{bootstrap.pin('torch')}+cpu-cp{major}{minor}-cp{major}{minor}-linux_x86_64.whl").touch()
    assert bootstrap.Uv("python3").has_own_torch()


def test_progress_counts_packages_and_tells_the_time_left(monkeypatch):
    packages = [f"p{number}==1" for number in range(40)] + ["torch==2"]
    groups = bootstrap.chunks(packages)
    assert (
        [package for group in groups for package in group] == packages
        and groups[-1] == ["torch==2"]
        and max(map(len, groups)) <= bootstrap.CHUNK_PACKAGES
    )
    bar = bootstrap.Progress(packages)
    assert bar.line() == "[....................] 0 of 41 packages"
    monkeypatch.setattr(bar, "began", bar.began - 10)
    bar.advance(packages[:-1])
    assert re.fullmatch(r"\[#{19}\.\] 40 of 41 packages · about 4\d s left", bar.line())


@pytest.mark.parametrize(("never", "commands"), [("", ["-c"]), ("1", ["-c", "-m"])])
def test_where_bytecode_is_never_written_all_of_it_is_made_at_the_set_up(monkeypatch, capsys, never, commands):
    asked = []
    monkeypatch.setattr(bootstrap, "run", lambda command, what, environment, may_fail: asked.append((command[1], environment)))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", never)
    if not never:
        monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    bootstrap.warm_up("python")
    assert [command for command, _ in asked] == commands
    assert all("PYTHONDONTWRITEBYTECODE" not in environment for _, environment in asked)


def test_the_browser_stays_closed_where_there_is_none(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "environ", {"DISPLAY": ":0"})
    assert lab.browser_options() == []
    monkeypatch.setattr(os, "environ", {"DISPLAY": ":0", "CI": "true"})
    assert lab.browser_options() == ["--no-browser"]
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert lab.browser_options() == ["--no-browser", "--allow-root"]
