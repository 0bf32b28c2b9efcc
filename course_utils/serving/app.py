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

from course_utils.serving import protocol, schemas
from course_utils.serving.batching import Full
from course_utils.serving.engines import Engines, answered, begun, encoded, late, own_classifier, own_writer
from course_utils.serving.gate import Gate, State, refuse
from course_utils.serving.models import Order
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
    settings: Settings | None = None,
    classifier: Callable[[], Any] | None = None,
    writer: Callable[[], Any] | None = None,
    chat: Callable[[], Any] | None = None,
    encoder: Callable[[], Any] | None = None,
) -> FastAPI:
    """Returns the app. `classifier`, `writer`, `chat` and `encoder` are functions that load a model each.

    The app has the routes of the models that it is given; given none, it loads the course's own classifier and writer. Loading begins
    when the server starts and does not hold it up: until it is done, /health/ready and every request get a 503.
    """
    settings = settings or Settings()
    state, metrics = State(), Metrics()
    given = {"classifier": classifier, "writer": writer, "chat": chat, "encoder": encoder}
    loaders = {name: load for name, load in given.items() if load}
    engines = Engines(settings, metrics, loaders or {"classifier": own_classifier, "writer": partial(own_writer, settings)})

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
    Classify, Generate = schemas.requests(settings)
    if "classifier" in engines.loaders:
        _add_classifier(app, settings, engines, Classify)
    if "writer" in engines.loaders:
        _add_writer(app, settings, engines, Generate)
    protocol.add_routes(app, settings, engines, _options(settings))
    app.add_middleware(Gate, settings=settings, state=state)
    app.add_middleware(Telemetry, metrics=metrics, paths=frozenset(app.openapi()["paths"]))
    return app


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


def _options(settings: Settings) -> dict[str, Any]:
    """Returns what all routes of models have in common."""
    keys = [Security(HTTPBearer(auto_error=False))] if settings.keys else []  # for the description; the gate has looked already
    return {"tags": ["models"], "responses": _RESPONSES, "dependencies": keys}


def _add_classifier(app: FastAPI, settings: Settings, engines: Engines, Classify: Any) -> None:
    @app.post("/classify", **_options(settings))
    async def classify(asked: Classify, request: Request) -> schemas.Classified:
        """Returns the likeliest label of a text, and the probability of each."""
        ids = encoded(engines.models["classifier"].encode, asked.text, "text")
        scores = await answered(request, engines.lines["classifier"].put(ids), settings.seconds)
        label = max(scores, key=scores.__getitem__)
        return schemas.Classified(label=label, score=scores[label], scores=scores)


def _add_writer(app: FastAPI, settings: Settings, engines: Engines, Generate: Any) -> None:
    options = _options(settings)

    @app.post("/generate", **options)
    async def generate(asked: Generate, request: Request) -> schemas.Written:
        """Returns the continuation of a prompt, whole."""
        order = _order(engines, asked)
        try:
            return _written(await answered(request, engines.lines["writer"].put(order), settings.seconds))
        finally:
            engines.close(order)

    async def begin(asked: Generate) -> tuple[Order, asyncio.Queue, asyncio.Future]:
        # A dependency, so that it is done before the stream begins: after its first byte no refusal is possible any more.
        order = _order(engines, asked)
        return order, *begun(engines.lines["writer"], order)

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
            yield ServerSentEvent(event="error", data={"error": late(settings.seconds)})
        except Exception as error:
            logging.getLogger(LOGGER).error("writing failed", extra={"error": type(error).__name__})
            yield ServerSentEvent(event="error", data={"error": "The text could not be written."})
        finally:
            answer.cancel()
            engines.close(order)


def _order(engines: Engines, asked: Any) -> Order:
    ids = encoded(engines.models["writer"].encode, asked.prompt, "prompt")
    return Order(ids, asked.max_new_tokens, asked.temperature, asked.seed)


def _written(order: Order) -> schemas.Written:
    return schemas.Written(text="".join(order.pieces), tokens=order.tokens, finish=order.finish)


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
    words = error["msg"].partition(" should ")[2].removeprefix("have ").removeprefix("be ")
    words = words.partition(" to extract")[0].partition(" after validation")[0]
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
