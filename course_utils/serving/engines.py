"""The models behind the app and the line before each: loading, asking, giving up. Knows no route and no form of a request."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from course_utils.serving.batching import Batcher, Full
from course_utils.serving.gate import State
from course_utils.serving.models import Order, TooLong
from course_utils.serving.settings import Settings
from course_utils.serving.telemetry import LOGGER, Metrics

# The name of each model's call for many requests, and whether one bad item may be tried without its neighbours.
_WORK = {"classifier": ("classify", True), "writer": ("write", False), "chat": ("write", False), "encoder": ("embed", True)}


class Engines:
    """The models by name, and the line before each; `loaders` are the functions that load them."""

    def __init__(self, settings: Settings, metrics: Metrics, loaders: Mapping[str, Callable[[], Any]]) -> None:
        self.settings, self.metrics, self.loaders = settings, metrics, dict(loaders)
        self.models: dict[str, Any] = {}
        self.lines: dict[str, Batcher] = {}

    async def load(self, state: State) -> None:
        """Loads the models in a thread, opens the lines, and says that the server is ready, or why it never will be."""
        try:
            self.models = {name: await asyncio.to_thread(load) for name, load in self.loaders.items()}
            self.lines = {name: self._line(name, model) for name, model in self.models.items()}
        except Exception as error:
            state.failure = f"{type(error).__name__}: {error}"
            logging.getLogger(LOGGER).error("loading failed", extra={"error": state.failure})
            return
        state.ready = True
        self.metrics.ready.set_function(lambda: int(state.ready and not state.closing))

    def _line(self, name: str, model: Any) -> Batcher:
        def observe(size: int, seconds: float) -> None:
            self.metrics.batch.labels(name).observe(size)
            self.metrics.model_seconds.labels(name).observe(seconds)

        call, alone = _WORK[name]
        line = Batcher(getattr(model, call), self.settings.batch, self.settings.wait, self.settings.room, alone, observe)
        self.metrics.waiting.labels(name).set_function(lambda: line.waiting)
        line.start()
        return line

    async def stop(self) -> None:
        """Closes every line; whoever still stands in one is told so."""
        for line in self.lines.values():
            await line.stop()

    def put_all(self, name: str, items: Sequence[Any]) -> asyncio.Future:
        """Returns the future answers to several items of one request; raises Full, and keeps none in line, where not all find room."""
        answers: list[asyncio.Future] = []
        try:
            answers.extend(self.lines[name].put(item) for item in items)
        except Full:
            for answer in answers:
                answer.cancel()
            raise
        return asyncio.gather(*answers)

    def close(self, order: Order) -> None:
        """Counts the tokens of an order, and stops it where it is still being written."""
        order.given_up = True
        self.metrics.tokens.inc(order.tokens)


def encoded(encode: Callable[[Any], list[int]], given: Any, where: str) -> list[int]:
    """Returns the ids of what was given; a text too long becomes a 422 that says where, what was found and what was expected."""
    try:
        return encode(given)
    except TooLong as error:
        wrong = {"where": where, "found": f"{error.found} tokens", "expected": f"at most {error.expected} tokens"}
        raise HTTPException(422, {"details": [wrong]}) from None


def begun(line: Batcher, order: Order) -> tuple[asyncio.Queue, asyncio.Future]:
    """Returns the queue in which the pieces of an order arrive, None behind the last, and its future answer."""
    loop, pieces = asyncio.get_running_loop(), asyncio.Queue()
    order.tell = partial(loop.call_soon_threadsafe, pieces.put_nowait)
    answer = line.put(order)
    answer.add_done_callback(lambda _: pieces.put_nowait(None))
    return pieces, answer


async def answered(request: Request, answer: asyncio.Future, seconds: float) -> Any:
    """Returns the answer when it comes; gives up after `seconds`, or when whoever asked has gone."""
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({answer, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if answer.done() and not _given_up(answer):
            return answer.result()
        if answer.done():
            raise HTTPException(503, "The server closed before the answer was ready; expected it sooner.", {"Retry-After": "1"})
        raise HTTPException(499 if gone.done() else 504, late(seconds))
    finally:
        gone.cancel()
        answer.cancel()


def _given_up(answer: asyncio.Future) -> bool:
    return answer.cancelled() or isinstance(answer.exception(), asyncio.CancelledError)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def late(seconds: float) -> str:
    """Returns the sentence for an answer that does not come in time."""
    return f"Found no answer after {seconds:g} seconds; expected one sooner. Ask for less, or later."


def own_classifier() -> Any:
    """Returns the course's classifier."""
    from course_utils.catalog import checkpoint
    from course_utils.serving.models import Classifier

    return Classifier(checkpoint("sentiment"))


def own_writer(settings: Settings) -> Any:
    """Returns the course's writer of stories."""
    from course_utils.catalog import checkpoint
    from course_utils.serving.models import Writer

    return Writer(checkpoint("story-writer"), settings.max_new_tokens)
