"""Recipes side by side: the longest chain first, none before those it needs, never more than asked for, and no record lost."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from course_utils import foundry, profile
from course_utils.errors import RecipeFailed
from course_utils.foundry import frame, side_by_side
from course_utils.foundry.frame import Recipe

LONG = Recipe("questions", dict, "", minutes=9)
SHORT = Recipe("entities", dict, "", minutes=2)
FIRST = Recipe("reviews", dict, "")
AFTER = Recipe("sentiment", dict, "", minutes=5, needs=("reviews", "english-encoder"))
ALL = [FIRST, SHORT, AFTER, LONG]


class Log:
    """Stands in for a recipe at work: notes who began when and on which line, and who was at work with whom."""

    def __init__(self, does: Callable[[str], None]) -> None:
        self.does, self.lock = does, threading.Lock()
        self.began, self.ended, self.lines, self.most = [], [], {}, 0

    def __call__(self, name: str, again: bool, quick: bool, line: int) -> str:
        with self.lock:
            self.began.append(name)
            assert line not in self.lines.values(), "two bars on one line"
            self.lines[name] = line
            self.most = max(self.most, len(self.lines))
        self.does(name)
        with self.lock:
            del self.lines[name]
            self.ended.append(name)
        return f"{name} done, again={again}, quick={quick}"


@pytest.fixture
def at_work(monkeypatch):
    """Returns a function that lets threads do the work of processes, and gives their log."""

    def install(does: Callable[[str], None]) -> Log:
        log = Log(does)
        monkeypatch.setattr(side_by_side, "ProcessPoolExecutor", lambda jobs, **_: ThreadPoolExecutor(jobs))
        monkeypatch.setattr(side_by_side, "_one", log)
        return log

    return install


class TestOrder:
    def test_minutes_of_the_longest_chain(self):
        assert side_by_side.chains(ALL) == {"reviews": 6, "entities": 2, "sentiment": 5, "questions": 9}

    def test_longest_chain_first_after_those_it_needs(self, at_work):
        minutes = {recipe.name: recipe.minutes for recipe in ALL}
        log = at_work(lambda name: time.sleep(0.05 * minutes[name]))
        outcomes = side_by_side.rebuild(ALL, [], again=True, quick=False, jobs=2)
        assert log.began == ["questions", "reviews", "sentiment", "entities"]
        assert log.most == 2
        assert list(outcomes) == [recipe.name for recipe in ALL]
        assert outcomes["reviews"] == "reviews done, again=True, quick=False"

    def test_one_at_a_time_and_what_is_not_asked_for_is_not_waited_for(self, at_work):
        log = at_work(lambda name: None)
        assert list(side_by_side.rebuild(ALL, ["sentiment", "entities"], again=False, quick=True, jobs=1)) == ["sentiment", "entities"]
        assert log.began == ["sentiment", "entities"] and log.most == 1

    def test_what_stands_takes_no_process_and_holds_nobody_up(self, at_work, monkeypatch):
        log = at_work(lambda name: None)
        monkeypatch.setattr(frame, "is_current", lambda recipe: recipe.name != "sentiment")
        monkeypatch.setattr(frame, "_renew_card", lambda recipe: "unchanged")
        outcomes = side_by_side.rebuild(ALL, [], again=False, quick=False, jobs=2)
        assert log.began == ["sentiment"]
        assert [name for name, what in outcomes.items() if what == "unchanged"] == ["reviews", "entities", "questions"]

    def test_recipes_of_this_course_can_all_be_taken(self):
        assert set(side_by_side.order(foundry.recipes()).static_order()) == {recipe.name for recipe in foundry.recipes()}


class TestFailure:
    def test_those_at_work_end_and_no_other_begins(self, at_work):
        def fail_at_once(name: str) -> None:
            if name == "reviews":
                raise RecipeFailed("the disk is full")
            time.sleep(0.3)

        log = at_work(fail_at_once)
        with pytest.raises(RecipeFailed, match="the disk is full"):
            side_by_side.rebuild(ALL, [], again=True, quick=False, jobs=2)
        assert log.began == ["questions", "reviews"] and log.ended == ["questions"]


class TestProcesses:
    def test_two_real_recipes(self):
        outcomes = foundry.rebuild(["topics", "aphorisms"], quick=True, jobs=2)
        assert list(outcomes) == ["topics", "aphorisms"]
        assert all(outcome.startswith("runs: 2 files in ") for outcome in outcomes.values()), outcomes

    def test_no_record_is_lost(self, tmp_path, python):
        """Each process writes entries of its own, at the same time as the other."""
        for name in ("catalog.toml", "measured.json"):
            shutil.copy(profile.data_folder() / name, tmp_path)
        code = (
            "import sys; from pathlib import Path; from course_utils import profile; from course_utils.foundry import frame\n"
            "folder, mine = Path(sys.stdin.readline().strip()), sys.stdin.readline().strip()\n"
            "profile.data_folder = lambda: folder\n"
            "for i in range(40): frame.record('lessons', f'{mine} {i}', {'seconds': i})\n"
        )
        with ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(lambda mine: python(code, f"{tmp_path}\n{mine}\n", COURSE_CACHE=str(tmp_path)), ("left", "right")))
        assert [run.returncode for run in runs] == [0, 0], [run.stderr for run in runs]
        written = set(json.loads((tmp_path / "measured.json").read_text())["lessons"])
        assert {f"{mine} {i}" for mine in ("left", "right") for i in range(40)} <= written
