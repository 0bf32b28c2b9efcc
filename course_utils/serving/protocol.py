"""The routes that the clients of the Hub ask: chat completions, streamed or whole, text classification and feature extraction.

The bodies are those of `huggingface_hub.InferenceClient` and of `@huggingface/inference`; a field that nothing here would heed is refused.
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse

from course_utils.serving import schemas
from course_utils.serving.engines import Engines, answered, begun, encoded, late
from course_utils.serving.models import Order
from course_utils.serving.settings import Settings
from course_utils.serving.telemetry import LOGGER

_EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
_STREAM = {"description": "The answer, whole or in pieces", "content": {"text/event-stream": {"schema": _EVENT}}}


def add_routes(app: FastAPI, settings: Settings, engines: Engines, options: dict[str, Any]) -> None:
    """Adds the routes of those models that the app has."""
    Chat, ClassifyTask, EmbedTask = schemas.tasks(settings)

    def rows(name: str, inputs: str | list[str]) -> list[list[int]]:
        encode = engines.models[name].encode
        if isinstance(inputs, str):
            return [encoded(encode, inputs, "inputs.text")]
        return [encoded(encode, text, f"inputs.list.{i}") for i, text in enumerate(inputs)]

    if "classifier" in engines.loaders:

        @app.post("/text-classification", **options)
        async def text_classification(asked: ClassifyTask, request: Request) -> list[list[schemas.Score]]:
            """Returns for each text its labels, the likeliest first."""
            answer = engines.put_all("classifier", rows("classifier", asked.inputs))
            found = await answered(request, answer, settings.seconds)
            ranked = [sorted(scores.items(), key=lambda pair: -pair[1])[: asked.parameters.top_k] for scores in found]
            return [[schemas.Score(label=label, score=score) for label, score in pairs] for pairs in ranked]

    if "encoder" in engines.loaders:

        @app.post("/feature-extraction", **options)
        async def feature_extraction(asked: EmbedTask, request: Request) -> list[list[float]]:
            """Returns one vector for each text."""
            answer = engines.put_all("encoder", rows("encoder", asked.inputs))
            vectors = await answered(request, answer, settings.seconds)
            return [_unit(vector) for vector in vectors] if asked.normalize else vectors

    if "chat" in engines.loaders:
        described = options | {"responses": options["responses"] | {200: _STREAM}}

        @app.post("/v1/chat/completions", response_model=schemas.Completion, **described)
        async def chat_completions(asked: Chat, request: Request) -> Any:
            """Returns the next message of a chat, whole, or in pieces as server-sent events with `[DONE]` as the last."""
            ids = encoded(engines.models["chat"].encode_chat, [message.model_dump() for message in asked.messages], "messages")
            order, head = Order(ids, asked.max_tokens, asked.temperature, asked.seed), _head()
            if asked.stream:
                usage = bool(asked.stream_options and asked.stream_options.include_usage)
                pieces, answer = begun(engines.lines["chat"], order)  # a full line is refused here, before the first byte
                told = _told(engines, order, head, pieces, answer, usage, settings.seconds)
                return StreamingResponse(told, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
            try:
                await answered(request, engines.lines["chat"].put(order), settings.seconds)
            finally:
                engines.close(order)
            choice = schemas.Choice(message=schemas.Said(content="".join(order.pieces)), finish_reason=order.finish)
            return schemas.Completion(**head, choices=[choice], usage=_usage(order))


async def _told(
    engines: Engines, order: Order, head: dict[str, Any], pieces: asyncio.Queue, answer: asyncio.Future, usage: bool, seconds: float
) -> AsyncIterator[str]:
    """Yields the pieces of an answer as events; one that fails or is late ends with an error and without `[DONE]`."""
    try:
        async with asyncio.timeout(seconds):
            yield _event(head, {"role": "assistant", "content": ""})
            while (piece := await pieces.get()) is not None:
                yield _event(head, {"content": piece})
            await answer
        yield _event(head, {}, order.finish)
        if usage:
            yield _line({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(order).model_dump()})
        yield "data: [DONE]\n\n"
    except TimeoutError:
        yield _line({"error": late(seconds), "error_type": "overloaded"})
    except Exception as error:
        logging.getLogger(LOGGER).error("writing failed", extra={"error": type(error).__name__})
        yield _line({"error": "The text could not be written.", "error_type": "generation"})
    finally:
        answer.cancel()
        engines.close(order)


def _head() -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": "chat", "system_fingerprint": ""}


def _event(head: dict[str, Any], delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _line({**head, "object": "chat.completion.chunk", "choices": [choice]})


def _line(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content)}\n\n"


def _usage(order: Order) -> schemas.Usage:
    asked, written = len(order.ids), order.tokens
    return schemas.Usage(prompt_tokens=asked, completion_tokens=written, total_tokens=asked + written)


def _unit(vector: list[float]) -> list[float]:
    length = sum(value * value for value in vector) ** 0.5 or 1.0
    return [value / length for value in vector]
