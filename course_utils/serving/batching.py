"""Turns single requests into batches: collects for a few milliseconds, calls once, hands each its own answer.

Knows nothing of models and of HTTP: what it calls is a function from a list of items to the list of their answers.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple


class Full(Exception):
    """So many requests wait already that one more would only wait in vain; `retry_after` is a guess in whole seconds."""

    def __init__(self, waiting: int, retry_after: int) -> None:
        super().__init__(f"found {waiting} requests waiting")
        self.waiting, self.retry_after = waiting, retry_after


class _Waiting(NamedTuple):
    item: Any
    answer: asyncio.Future


class Batcher:
    """Calls `work` with up to `size` items at a time on one thread of its own, while `room` others may wait in line.

    The first of a batch waits at most `wait` seconds for others. Where `work` fails for a batch and `alone` is True, each item is tried
    by itself, so that one bad item costs its neighbours nothing. `observe` is told the size and the seconds of each call.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Any]], Sequence[Any]],
        size: int,
        wait: float,
        room: int,
        alone: bool = True,
        observe: Callable[[int, float], None] = lambda size, seconds: None,
    ) -> None:
        self.work, self.size, self.wait, self.room, self.alone, self.observe = work, size, wait, room, alone, observe
        self._line: asyncio.Queue[_Waiting] = asyncio.Queue(maxsize=room)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._task: asyncio.Task | None = None
        self._taken: list[_Waiting] = []
        self._seconds_each = 0.01

    @property
    def waiting(self) -> int:
        """How many requests stand in line."""
        return self._line.qsize()

    def start(self) -> None:
        """Begins to take requests; to be called inside the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends the work; whoever still waits is told so by a cancelled answer."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        while not self._line.empty():
            self._taken.append(self._line.get_nowait())
        for one in self._taken:
            one.answer.cancel()
        self._thread.shutdown(wait=True)

    def put(self, item: Any) -> asyncio.Future:
        """Returns the future answer to an item; cancel it to step out of line. Raises Full at once when there is no room."""
        answer = asyncio.get_running_loop().create_future()
        try:
            self._line.put_nowait(_Waiting(item, answer))
        except asyncio.QueueFull:
            raise Full(self.waiting, max(1, math.ceil(self.waiting * self._seconds_each))) from None
        return answer

    async def _run(self) -> None:
        while True:
            await self._collect()
            batch = [one for one in self._taken if not one.answer.done()]
            if batch:
                await self._answer(batch)

    async def _collect(self) -> None:
        """Takes the next batch out of the line; among them may be some whose askers have gone."""
        self._taken = [await self._line.get()]
        until = time.monotonic() + self.wait
        while len(self._taken) < self.size:
            if self._line.empty() and (left := until - time.monotonic()) > 0:
                with contextlib.suppress(TimeoutError):
                    self._taken.append(await asyncio.wait_for(self._line.get(), left))
            elif self._line.empty():
                break
            else:
                self._taken.append(self._line.get_nowait())

    async def _answer(self, batch: list[_Waiting]) -> None:
        try:
            answers = await self._call([one.item for one in batch])
        except Exception as error:
            if self.alone and len(batch) > 1:
                for one in batch:
                    await self._answer([one])
                return
            answers = [error] * len(batch)
        for one, answer in zip(batch, answers, strict=True):
            if one.answer.done():
                continue
            if isinstance(answer, Exception):
                one.answer.set_exception(answer)
            else:
                one.answer.set_result(answer)

    async def _call(self, items: list[Any]) -> Sequence[Any]:
        began = time.perf_counter()
        answers = await asyncio.get_running_loop().run_in_executor(self._thread, self.work, items)
        seconds = time.perf_counter() - began
        if len(answers) != len(items):
            raise RuntimeError(f"found {len(answers)} answers to {len(items)} items")
        self._seconds_each += 0.2 * (seconds / len(items) - self._seconds_each)
        self.observe(len(items), seconds)
        return answers
