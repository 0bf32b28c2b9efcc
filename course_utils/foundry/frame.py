"""The foundry's frame: runs recipes in order, resumes after an interruption, writes measured.json and the cards.

Knows no recipe's content. A recipe builds its files into an empty folder; what it made takes the old folder's place only when it is
complete, so a stop in the middle loses nothing. A recipe whose code and inputs are unchanged and whose files are intact is skipped.
"""

import ast
import contextlib
import hashlib
import inspect
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from course_utils import assembly, catalog, profile
from course_utils.errors import CourseError, RecipeFailed, UnknownName

SEED = 0
_SPENT = "seconds.txt"


@dataclass(frozen=True)
class Recipe:
    """How one entry of the catalogue is made.

    `build(folder)` writes the files and returns what it measured, by name, with "examples" for the card: pairs of an input and what came
    out; "samples", in words, when it drew a samples.png; and "training", device and seconds, where its weights may come from elsewhere.
    One that `trains` is called as `build(folder, work, quick)`: it resumes from what an interrupted run left in `work`, and `quick` asks
    for a few steps only. `minutes` is its budget on one core; with `gpu`, on a GPU, where its weights were trained, and `cpu_hours` says
    how long two cores would take, extrapolated. `limits` is the card's paragraph on what the thing cannot do; `needs` names the entries
    it reads and `sources` the written files and modules it uses; `packages` are those whose version decides the bytes; `impossible()`
    says why it cannot run here.
    """

    name: str
    build: Callable[..., dict]
    limits: str
    trains: bool = False
    minutes: int = 1
    gpu: bool = False
    cpu_hours: float = 0
    needs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()
    impossible: Callable[[], str | None] = field(default=lambda: None, repr=False)

    def fingerprint(self) -> str:
        """Returns a digest of the recipe's code and of the files that it needs: another one means build again.

        Comments, docstrings, the layout of code and the words on what a thing cannot do, LIMITS, do not count.
        """
        module = Path(inspect.getfile(getattr(self.build, "func", self.build)))
        source = b"".join(_substance(path) for path in (module, *self.sources))
        inputs = "".join(catalog.fingerprint(name) for name in self.needs)
        return hashlib.sha256(source + inputs.encode()).hexdigest()[:16]


def rebuild(recipes: Sequence[Recipe], names: Iterable[str] = (), again: bool = False, quick: bool = False) -> dict[str, str]:
    """Builds the named recipes (all when none is named) in order and returns what became of each, by name.

    `again` builds also what is intact and unchanged. `quick` builds each in seconds, to see that it runs, and ships nothing.
    """
    from tqdm import tqdm

    chosen = choose(recipes, names)
    outcomes = {}
    for recipe in (bar := tqdm(chosen, desc="foundry", unit="recipe", disable=None)):
        bar.set_postfix_str(recipe.name)
        outcomes[recipe.name] = outcome(recipe, again, quick)
    return outcomes


def outcome(recipe: Recipe, again: bool = False, quick: bool = False) -> str:
    """Builds one recipe where there is something to build, and returns what became of it."""
    if reason := recipe.impossible():
        if not quick and is_current(recipe):
            _renew_card(recipe)
        return f"kept: {reason}"
    if quick:
        return _try(recipe)
    if not again and is_current(recipe):
        return _renew_card(recipe)
    return _measure(recipe) if catalog.entries()[recipe.name].package else _build(recipe)


def stands(recipe: Recipe, again: bool, quick: bool) -> bool:
    """Returns True when there is nothing to build."""
    return bool(recipe.impossible()) or (not (again or quick) and is_current(recipe))


def choose(recipes: Sequence[Recipe], names: Iterable[str]) -> list[Recipe]:
    """Returns the named recipes, all when none is named. Raises UnknownName."""
    known = {recipe.name: recipe for recipe in recipes}
    for name in names:
        if name not in known:
            raise UnknownName(name, "recipe", known)
    return [known[name] for name in names] or list(recipes)


def is_current(recipe: Recipe) -> bool:
    """Returns True when the entry's files are intact and came from this recipe and these inputs."""
    record = catalog.measured()["data"].get(recipe.name)
    return bool(record) and record.get("recipe") == recipe.fingerprint() and files_of(_home(recipe.name)) == record["files"]


def left_to_a_gpu(recipes: Sequence[Recipe]) -> dict[str, str]:
    """Returns the recipes that take hours where no GPU is, by name, and the reason; none where there is one."""
    import torch

    if torch.cuda.is_available():
        return {}
    reason = "kept: found no GPU, and two cores take {0:g} hours; `course foundry build {1} --again` takes them"
    return {recipe.name: reason.format(recipe.cpu_hours, recipe.name) for recipe in recipes if recipe.gpu}


def files_of(folder: Path) -> dict[str, dict]:
    """Returns bytes and sha256 of each file below a folder, by relative path."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(folder).as_posix(): {"bytes": p.stat().st_size, "sha256": catalog.digest(p)} for p in paths}


def write_jsonl(path: Path, rows: Iterable[dict]) -> None:
    """Writes one JSON object a line, UTF-8, newline-ended."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8", newline="\n")


def record(section: str, name: str, facts: dict) -> None:
    """Writes one entry of measured.json, the others untouched, also those that another process is writing."""
    from filelock import FileLock

    order = {key: i for i, key in enumerate(catalog.entries())}
    path = profile.data_folder() / "measured.json"
    draft = path.with_suffix(".tmp")
    profile.cache_folder().mkdir(parents=True, exist_ok=True)
    with FileLock(profile.cache_folder() / "measured.lock"):
        measured = catalog.measured()
        measured[section][name] = facts
        measured[section] = dict(sorted(measured[section].items(), key=lambda item: (order.get(item[0], len(order)), item[0])))
        draft.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8", newline="\n")
        draft.replace(path)
    catalog.verify.cache_clear()


def record_lesson(name: str, seconds: float, peak_mib: float) -> None:
    """Records what a lesson took, in whole seconds and tens of MiB, unless that moved by less than a fifth."""
    facts = {"seconds": round(seconds), "peak_mib": round(peak_mib, -1)}
    before = catalog.measured()["lessons"].get(name)
    if before is None or any(abs(facts[key] - before[key]) > 0.2 * before[key] for key in facts):
        record("lessons", name, {key: int(value) for key, value in facts.items()})


def record_as_they_are() -> None:
    """Records the digests of what has no recipe: metrics, and checkpoints that come in a package."""
    for entry in catalog.entries().values():
        if entry.kind == "metric" or entry.package:
            files = files_of(entry.folder)
            known = catalog.measured()["data"].get(entry.name, {})
            record("data", entry.name, known | _inventory(files))


def _build(recipe: Recipe) -> str:
    draft = profile.data_folder() / ".building" / recipe.name
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        return _replace(recipe, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        with contextlib.suppress(OSError):
            draft.parent.rmdir()


def _renew_card(recipe: Recipe) -> str:
    """Writes the card anew where its wording changed and what it reports did not."""
    from course_utils.foundry import cards

    entry, facts = catalog.entries()[recipe.name], catalog.measured()["data"][recipe.name]
    path = entry.folder / "README.md"
    if entry.package or path.read_text(encoding="utf-8") == (text := cards.card(entry, recipe, facts)):
        return "unchanged"
    path.write_text(text, encoding="utf-8", newline="\n")
    files = files_of(entry.folder)
    record("data", entry.name, facts | _inventory(files))
    return "unchanged, its card written anew"


def _measure(recipe: Recipe) -> str:
    """Scores what comes in a package: it is not built here, and its files are recorded as they are."""
    began, code = time.perf_counter(), recipe.fingerprint()
    scores = _run(recipe, Path(), Path())
    facts = _facts(recipe, code, scores, time.perf_counter() - began)
    record("data", recipe.name, facts | _inventory(files_of(_home(recipe.name))))
    return "measured"


def _replace(recipe: Recipe, draft: Path) -> str:
    """Builds into the draft's folder and lets that take the old one's place."""
    from course_utils.foundry import cards

    code = recipe.fingerprint()
    work = profile.cache_folder() / "foundry" / f"{recipe.name}-{code}"
    began = time.perf_counter()
    scores = _run(recipe, draft, work)
    seconds = _spent(work) if recipe.trains else time.perf_counter() - began
    facts = _facts(recipe, code, scores, seconds)
    _check_floor(recipe.name, scores)
    entry = catalog.entries()[recipe.name]
    if entry.base:
        facts["assembled"] = assembly.content_digest(work / "whole" / "model.safetensors")
    (draft / "README.md").write_text(cards.card(entry, recipe, facts), encoding="utf-8", newline="\n")
    files = files_of(draft)
    before = catalog.measured()["data"].get(recipe.name, {})
    home = _home(recipe.name)
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    draft.replace(home)
    same = before.get("files") == files and before.get("assembled") == facts.get("assembled")
    record("data", recipe.name, before | {"recipe": code} if same else facts | _inventory(files))
    shutil.rmtree(work, ignore_errors=True)
    return "rebuilt, byte for byte the same" if same else "built"


def _facts(recipe: Recipe, code: str, scores: dict, seconds: float) -> dict:
    """Returns what is recorded of a run beside its files."""
    versions = {"python": ".".join(map(str, sys.version_info[:3]))} | {p: version(p).split("+")[0] for p in recipe.packages}
    beside = {what: found for what in ("training", "examples", "samples") if (found := scores.pop(what, None))}
    facts = {"seed": SEED, "recipe": code, "versions": versions, "scores": scores, "seconds": round(seconds, 1)}
    return facts | beside


def _inventory(files: dict[str, dict]) -> dict:
    return {"bytes": sum(facts["bytes"] for facts in files.values()), "files": files}


def _run(recipe: Recipe, folder: Path, work: Path, quick: bool = False) -> dict:
    """Runs the recipe's code; what goes wrong in it becomes one sentence."""
    try:
        if not recipe.trains:
            return recipe.build(folder)
        work.mkdir(parents=True, exist_ok=True)
        return _timed(recipe.build, folder, work, quick)
    except CourseError:
        raise
    except Exception as error:
        raise RecipeFailed(
            f"The recipe of {recipe.name!r} stopped: {type(error).__name__}: {error}. Its old files are untouched. "
            f"`course foundry build {recipe.name}` goes on from where it stopped."
        ) from error


def _timed(build: Callable, folder: Path, work: Path, quick: bool) -> dict:
    """Runs the recipe and adds the seconds of processor time to those of earlier runs, which are kept beside what they made."""
    before, began = _spent(work), time.process_time()
    try:
        return build(folder, work, quick)
    finally:
        (work / _SPENT).write_text(str(before + time.process_time() - began), encoding="utf-8")


def _spent(work: Path) -> float:
    path = work / _SPENT
    return float(path.read_text(encoding="utf-8")) if path.is_file() else 0.0


def _try(recipe: Recipe) -> str:
    """Builds in a few steps into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "built"
        folder.mkdir()
        began = time.perf_counter()
        _run(recipe, folder, Path(place) / "work", quick=True)
        return f"runs: {len(files_of(folder))} files in {time.perf_counter() - began:.0f} s, thrown away"


def _substance(path: Path) -> bytes:
    """Returns a file's content; of a Python module, what it does."""
    content = path.read_bytes().replace(b"\r\n", b"\n")
    if path.suffix != ".py":
        return content
    tree = ast.parse(content)
    tree.body = [node for node in tree.body if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("LIMITS"))]
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree).encode()


def _check_floor(name: str, scores: dict[str, float]) -> None:
    floor = catalog.entries()[name].floor
    if floor is not None and scores.get("score", 0) < floor:
        raise RecipeFailed(
            f"{name!r} reached {scores.get('score', 0):.3f}, below its floor of {floor}: it does not ship. "
            "Its old files are untouched; change its recipe."
        )


def _home(name: str) -> Path:
    return catalog.entries()[name].folder
