"""What the server tells its keepers: Prometheus metrics, one JSON line a request, a number for each request.

Never tells what was asked or answered, nor any key.
"""

import logging
import re
import sys
import time
import uuid
from collections.abc import Container, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders

LOGGER = "course_utils.serving"
_NUMBER = re.compile(r"[\w-]{1,64}")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The metrics of one app, in a registry of its own so that two apps in a process do not mix."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter("serving_requests", "Answered requests", ["path", "method", "status"], registry=registry)
        self.seconds = Histogram("serving_request_seconds", "From request to answer", ["path"], buckets=_SECONDS, registry=registry)
        self.active = Gauge("serving_requests_active", "Requests under way", registry=registry)
        self.waiting = Gauge("serving_waiting", "Requests in line for the model", ["model"], registry=registry)
        self.batch = Histogram("serving_batch_size", "Requests that shared a call", ["model"], buckets=_SIZES, registry=registry)
        self.model_seconds = Histogram("serving_model_seconds", "One call of the model", ["model"], buckets=_SECONDS, registry=registry)
        self.tokens = Counter("serving_tokens", "Tokens written", registry=registry)
        self.ready = Gauge("serving_ready", "1 while requests are answered", registry=registry)


class Telemetry:
    """Numbers, times, counts and logs each request: the outermost wrapper of the app (an ASGI middleware)."""

    def __init__(self, app: Any, metrics: Metrics, paths: Container[str]) -> None:
        self.app, self.metrics, self.paths = app, metrics, paths
        self.log = logging.getLogger(LOGGER)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = number
        began, status = time.perf_counter(), 500

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = number
            await send(message)

        with self.metrics.active.track_inprogress():
            try:
                await self.app(scope, receive, noting)
            finally:
                self._tell(scope, number, status, time.perf_counter() - began)

    def _tell(self, scope: MutableMapping[str, Any], number: str, status: int, seconds: float) -> None:
        # A path that no route has is one label, or strangers would fill the memory with labels.
        path = scope["path"] if scope["path"] in self.paths else "other"
        method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE") else "other"
        self.metrics.requests.labels(path, method, status).inc()
        self.metrics.seconds.labels(path).observe(seconds)
        facts = {"request_id": number, "method": method, "path": path, "status": status, "seconds": round(seconds, 4)}
        self.log.info("request", extra=facts | {"client": scope["client"][0] if scope.get("client") else None})


def log_config() -> dict[str, Any]:
    """Returns the set-up of logging, for uvicorn: every line on stderr is one JSON object."""
    loggers = {name: {"handlers": ["stderr"], "level": "INFO", "propagate": False} for name in (LOGGER, "uvicorn")}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": sys.stderr}},
        "loggers": loggers,
    }


def _request_id(scope: MutableMapping[str, Any]) -> str:
    """Returns the number that the client gave its request, when it is harmless, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _NUMBER.fullmatch(given) else uuid.uuid4().hex
