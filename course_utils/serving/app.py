"""Puts the parts together: routes, batches, errors in one form, and the loading of models while the server already answers probes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.security import HTTPBearer
from fastapi.sse import EventSourceResponse, ServerSentEvent
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from course_utils.serving import schemas
from course_utils.serving.batching import Batcher, Full
from course_utils.serving.gate import Gate, State, refuse
from course_utils.serving.models import Order, TooLong
from course_utils.serving.settings import Settings
from course_utils.serving.telemetry import LOGGER, Metrics, Telemetry

_REFUSALS = {
    400: "The body is not JSON in UTF-8",
    401: "No valid key",
    408: "The body did not arrive in time",
    413: "The body is too large",
    422: "The request is not as expected",
    429: "Too many requests; see Retry-After",
    503: "No room, loading or closing; see Retry-After",
    504: "Not answered in time",
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.Problem, "description": words} for status, words in _REFUSALS.items()
}
# A refused stream is refused in JSON; said by hand, since FastAPI would describe it as events.
_JSON = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_STREAM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": _JSON} for status, words in _REFUSALS.items()
}


def create_app(
    settings: Settings | None = None, classifier: Callable[[], Any] | None = None, writer: Callable[[], Any] | None = None
) -> FastAPI:
    """Returns the app. `classifier` and `writer` are functions that load a model; left out, the course's own are loaded.

    Loading begins when the server starts and does not hold it up: until it is done, /health/ready and every request get a 503.
    """
    settings = settings or Settings()
    state, metrics = State(), Metrics()
    engines = _Engines(settings, metrics, classifier or _own_classifier, writer or partial(_own_writer, settings))

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(engines.load(state))
        yield
        state.ready = False
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        await engines.stop()

    app = FastAPI(title="Hugging Face in Miniature", version="1", lifespan=lifespan)
    app.state.serving, app.state.metrics, app.state.engines = state, metrics, engines
    _handle_errors(app)
    _add_probes(app, state, metrics)
    _add_models(app, settings, engines)
    app.add_middleware(Gate, settings=settings, state=state)
    app.add_middleware(Telemetry, metrics=metrics, paths=frozenset(app.openapi()["paths"]))
    return app


class _Engines:
    """The two models and the line before each."""

    def __init__(self, settings: Settings, metrics: Metrics, load_classifier: Callable, load_writer: Callable) -> None:
        self.settings, self.metrics = settings, metrics
        self.loaders = (load_classifier, load_writer)
        self.classifier = self.writer = self.classifying = self.writing = None

    async def load(self, state: State) -> None:
        """Loads the models in a thread, opens the lines, and says that the server is ready, or why it never will be."""
        try:
            self.classifier, self.writer = [await asyncio.to_thread(load) for load in self.loaders]
        except Exception as error:
            state.failure = f"{type(error).__name__}: {error}"
            logging.getLogger(LOGGER).error("loading failed", extra={"error": state.failure})
            return
        self.classifying = self._line("classifier", self.classifier.classify, alone=True)
        self.writing = self._line("writer", self.writer.write, alone=False)
        state.ready = True
        self.metrics.ready.set_function(lambda: int(state.ready and not state.closing))

    def _line(self, name: str, work: Callable, alone: bool) -> Batcher:
        def observe(size: int, seconds: float) -> None:
            self.metrics.batch.labels(name).observe(size)
            self.metrics.model_seconds.labels(name).observe(seconds)

        line = Batcher(work, self.settings.batch, self.settings.wait, self.settings.room, alone, observe)
        self.metrics.waiting.labels(name).set_function(lambda: line.waiting)
        line.start()
        return line

    async def stop(self) -> None:
        for line in (self.classifying, self.writing):
            if line:
                await line.stop()


def _own_classifier() -> Any:
    from course_utils.catalog import checkpoint
    from course_utils.serving.models import Classifier

    return Classifier(checkpoint("sentiment"))


def _own_writer(settings: Settings) -> Any:
    from course_utils.catalog import checkpoint
    from course_utils.serving.models import Writer

    return Writer(checkpoint("story-writer"), settings.max_new_tokens)


def _add_probes(app: FastAPI, state: State, metrics: Metrics) -> None:
    @app.get("/health/live", tags=["probes"])
    async def live() -> schemas.Health:
        """Says that the process answers at all; where it does not, start it anew."""
        return schemas.Health(status="alive")

    @app.get("/health/ready", tags=["probes"], responses={503: {"model": schemas.Problem}}, response_model=schemas.Health)
    async def ready(request: Request) -> Any:
        """Says whether requests are answered now; where they are not, send them elsewhere."""
        if state.ready and not state.closing:
            return schemas.Health(status="ready")
        words = "closing" if state.closing else "failed to load" if state.failure else "loading"
        return refuse(503, request.scope, f"Found a server that is {words}; expected one that is ready.", retry_after=1)

    @app.get("/metrics", tags=["probes"], responses={k: _RESPONSES[k] for k in (401, 429, 503)}, response_class=Response)
    async def tell() -> Response:
        """Tells the metrics in Prometheus' text format."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _add_models(app: FastAPI, settings: Settings, engines: _Engines) -> None:
    Classify, Generate = schemas.requests(settings)
    keys = [Security(HTTPBearer(auto_error=False))] if settings.keys else []  # for the description; the gate has looked already
    options: dict[str, Any] = {"tags": ["models"], "responses": _RESPONSES, "dependencies": keys}

    @app.post("/classify", **options)
    async def classify(asked: Classify, request: Request) -> schemas.Classified:
        """Returns the likeliest label of a text, and the probability of each."""
        ids = _encoded(engines.classifier, asked.text, "text")
        scores = await _answer(request, engines.classifying.put(ids), settings.seconds)
        label = max(scores, key=scores.__getitem__)
        return schemas.Classified(label=label, score=scores[label], scores=scores)

    @app.post("/generate", **options)
    async def generate(asked: Generate, request: Request) -> schemas.Written:
        """Returns the continuation of a prompt, whole."""
        order = _order(engines, asked)
        try:
            return _written(await _answer(request, engines.writing.put(order), settings.seconds))
        finally:
            _close(engines, order)

    async def begin(asked: Generate) -> tuple[Order, asyncio.Queue, asyncio.Future]:
        # A dependency, so that it is done before the stream begins: after its first byte no refusal is possible any more.
        loop, pieces, order = asyncio.get_running_loop(), asyncio.Queue(), _order(engines, asked)
        order.tell = partial(loop.call_soon_threadsafe, pieces.put_nowait)
        answer = engines.writing.put(order)
        answer.add_done_callback(lambda _: pieces.put_nowait(None))
        return order, pieces, answer

    @app.post("/generate/stream", **options | {"responses": _STREAM_RESPONSES}, response_class=EventSourceResponse)
    async def stream(begun: Annotated[tuple, Depends(begin)]) -> AsyncIterator[ServerSentEvent]:
        """Returns the continuation piece by piece: events `token`, and at the end one `done`. Without it the text is not whole."""
        order, pieces, answer = begun
        try:
            async with asyncio.timeout(settings.seconds):
                while (piece := await pieces.get()) is not None:
                    yield ServerSentEvent(event="token", data={"text": piece})
                yield ServerSentEvent(event="done", data=_written(await answer).model_dump())
        except TimeoutError:
            yield ServerSentEvent(event="error", data={"error": _late(settings.seconds)})
        except Exception as error:
            logging.getLogger(LOGGER).error("writing failed", extra={"error": type(error).__name__})
            yield ServerSentEvent(event="error", data={"error": "The text could not be written."})
        finally:
            answer.cancel()
            _close(engines, order)


def _encoded(engine: Any, text: str, where: str) -> list[int]:
    try:
        return engine.encode(text)
    except TooLong as error:
        wrong = {"where": where, "found": f"{error.found} tokens", "expected": f"at most {error.expected} tokens"}
        raise HTTPException(422, {"details": [wrong]}) from None


def _order(engines: _Engines, asked: Any) -> Order:
    ids = _encoded(engines.writer, asked.prompt, "prompt")
    return Order(ids, asked.max_new_tokens, asked.temperature, asked.seed)


def _written(order: Order) -> schemas.Written:
    return schemas.Written(text="".join(order.pieces), tokens=order.tokens, finish=order.finish)


def _close(engines: _Engines, order: Order) -> None:
    """Counts the tokens of an order, and stops it where it is still being written."""
    order.given_up = True
    engines.metrics.tokens.inc(order.tokens)


async def _answer(request: Request, answer: asyncio.Future, seconds: float) -> Any:
    """Returns the answer when it comes; gives up after `seconds`, or when whoever asked has gone."""
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({answer, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if answer.done() and not answer.cancelled():
            return answer.result()
        if answer.cancelled():
            raise HTTPException(503, "The server closed before the answer was ready; expected it sooner.", {"Retry-After": "1"})
        raise HTTPException(499 if gone.done() else 504, _late(seconds))
    finally:
        gone.cancel()
        answer.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _late(seconds: float) -> str:
    return f"Found no answer after {seconds:g} seconds; expected one sooner. Ask for less, or later."


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        details = [_detail(one) for one in error.errors()[:10]]
        return refuse(422, request.scope, _sentence(details), details=details)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        details = error.detail.get("details", []) if isinstance(error.detail, dict) else []
        words = _sentence(details) if details else str(error.detail)
        if error.status_code == 400:
            words = "Found a body that cannot be read as JSON; expected a JSON object in UTF-8, not deeply nested."
        elif error.status_code in (404, 405):
            words = f"Found {request.method} of a path that does not take it; expected one of /docs."
        return refuse(error.status_code, request.scope, words, dict(error.headers or {}), details=details)

    @app.exception_handler(Full)
    async def full(request: Request, error: Full) -> Response:
        words = f"Found {error.waiting} requests in line; expected fewer. Come again later."
        return refuse(503, request.scope, words, retry_after=error.retry_after)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        words = "The server failed at this request; its log names the request's number."
        return refuse(500, request.scope, words, {"Connection": "close"})  # uvicorn closes it now


def _sentence(details: list[dict]) -> str:
    return " ".join(f"{one['where']}: found {one['found']}, expected {one['expected']}." for one in details)


def _detail(error: dict) -> dict:
    """Returns what is wrong in words; of what was sent never more than its beginning."""
    place = ".".join(str(part) for part in error["loc"] if part != "body") or "body"
    if error["type"] == "json_invalid":
        return {"where": "body", "found": f"text that is not JSON ({error['ctx']['error']})", "expected": "a JSON object"}
    if error["type"] == "missing":
        return {"where": place, "found": "nothing", "expected": "a value"}
    return {"where": place[:60], "found": described(error["input"]), "expected": _expected(error)}


def _expected(error: dict) -> str:
    if error["type"] == "string_pattern_mismatch":
        return "more than spaces"
    words = error["msg"].partition(" should ")[2].removeprefix("have ").removeprefix("be ").partition(" to extract")[0]
    return {"extra_forbidden": "no such field", "string_unicode": "valid Unicode"}.get(error["type"]) or words or error["msg"]


def described(value: Any) -> str:
    """Returns any JSON value in a few words; `repr` leaves nothing in them that UTF-8 could not carry."""
    match value:
        case None:
            return "null"
        case "":
            return "an empty string"
        case bool():
            return str(value).lower()
        case str() if len(value) > 40:
            return f"a string of {len(value)} characters"
        case bytes():
            return f"{len(value)} bytes that are not JSON"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return f"an object of {len(value)} fields"
        case _:
            return repr(value)[:60]
