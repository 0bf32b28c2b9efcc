"""Recipes side by side: each in a process of its own, after those it needs, the head of the longest chain first.

A recipe computes on one core, so that its bytes repeat; several of them fill several cores. Knows no recipe's content.
"""

import contextlib
import io
import multiprocessing
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_utils.foundry.frame import Recipe


def order(recipes: Sequence["Recipe"]) -> TopologicalSorter:
    """Returns the names of the recipes, each after those it needs; what is not among them counts as done."""
    names = {recipe.name for recipe in recipes}
    return TopologicalSorter({recipe.name: names.intersection(recipe.needs) for recipe in recipes})


def chains(recipes: Sequence["Recipe"]) -> dict[str, int]:
    """Returns the minutes of the longest chain that begins with each recipe: it itself, one that needs it, and so on."""
    known = {recipe.name: recipe for recipe in recipes}
    minutes: dict[str, int] = {}
    for name in reversed(list(order(recipes).static_order())):
        minutes[name] = known[name].minutes + max((minutes[r.name] for r in recipes if name in r.needs), default=0)
    return minutes


def rebuild(recipes: Sequence["Recipe"], names: Iterable[str], again: bool, quick: bool, jobs: int) -> dict[str, str]:
    """Builds the recipes, `jobs` at a time, and returns what became of each, as `frame.rebuild` does.

    When one fails, those at work end, no other begins, and its error is raised: what is done stays done.
    """
    from tqdm import tqdm

    from course_utils.foundry import frame

    chosen = {recipe.name: recipe for recipe in frame.choose(recipes, names)}
    sorter, minutes = order(list(chosen.values())), chains(list(chosen.values()))
    sorter.prepare()
    outcomes, waiting, at_work, lines = {}, [], {}, list(range(jobs, 0, -1))
    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(jobs, mp_context=spawn, max_tasks_per_child=1) as pool,
        tqdm(total=len(chosen), desc="foundry", unit="recipe", disable=None) as bar,
    ):
        while sorter.is_active():
            while ready := sorter.get_ready():
                for name in ready:
                    if not frame.stands(chosen[name], again, quick):
                        waiting.append(name)
                        continue
                    outcomes[name] = frame.outcome(chosen[name], again, quick)  # not worth a process
                    sorter.done(name)
                    bar.update()
            waiting.sort(key=lambda name: -minutes[name])
            while waiting and lines:
                name, line = waiting.pop(0), lines.pop()
                at_work[pool.submit(_one, name, again, quick, line)] = (name, line)
            bar.set_postfix_str(", ".join(name for name, _ in at_work.values()))
            for done in wait(at_work, return_when=FIRST_COMPLETED).done if at_work else ():
                name, line = at_work.pop(done)
                outcomes[name] = done.result()
                lines.append(line)
                sorter.done(name)
                bar.update()
    return {name: outcomes[name] for name in chosen}


def _one(name: str, again: bool, quick: bool, line: int) -> str:
    """Builds one recipe in this process, its bars on the given line below the foundry's own, and returns what became of it."""
    os.environ |= {"TQDM_POSITION": str(line), "TQDM_DESC": name, "TQDM_LEAVE": ""}
    from course_utils import foundry, profile

    with contextlib.redirect_stdout(io.StringIO()):
        profile.start("offline")
    return foundry.rebuild([name], again, quick)[name]
