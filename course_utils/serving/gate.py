"""Who comes in: keys, rates, bodies that never end, and a server that is closing. Knows nothing of models and of routes.

A wrapper around the app (an ASGI middleware), so a stranger is turned away before a byte of the body is read.
"""

import asyncio
import contextlib
import hashlib
import hmac
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from course_utils.serving.settings import Settings

OPEN_PATHS = ("/health/live", "/health/ready")
_CLIENTS = 10_000
_PASSED_OVER = 2**24
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass
class State:
    """Where the server stands: `ready` to answer, `closing` for newcomers, `active` requests inside, `failure` to load."""

    ready: bool = False
    closing: bool = False
    active: int = 0
    failure: str = ""


class Rate:
    """How often each client may come: `rate` a second on average, `burst` at once. Knows each for as long as it matters."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self._free_at: dict[str, float] = {}

    def seconds_to_wait(self, client: str) -> float:
        """Returns 0 and counts the request, or the seconds until the client may come again."""
        if not self.rate:
            return 0.0
        now = self.clock()
        free_at = max(self._free_at.get(client, 0.0), now)
        early = free_at - now - (self.burst - 1) / self.rate
        if early > 1e-9:
            return early
        self._free_at[client] = free_at + 1 / self.rate
        if len(self._free_at) > _CLIENTS:
            self._free_at = {name: moment for name, moment in self._free_at.items() if moment > now}
        return 0.0


class Gate:
    """Lets a request pass to the app, or answers 401, 408, 429 or 503 in its place."""

    def __init__(self, app: Any, settings: Settings, state: State) -> None:
        self.app, self.settings, self.state = app, settings, state
        self.rate = Rate(settings.rate, settings.burst)
        self._keys = [_digest(key) for key in settings.keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = None if scope["path"] in OPEN_PATHS else self._refusal(scope)
        if refusal:
            await self._pass_over(receive, 0)
            await refusal(scope, receive, self._closing(send))
            return
        self.state.active += 1
        begun = False

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, self._patient(receive), self._closing(noting))
        except asyncio.CancelledError:  # the server's patience has ended; uvicorn would say 500
            if not begun:
                words = "The server closed before the answer was ready; expected it sooner. Ask another."
                await refuse(503, scope, words, retry_after=1)(scope, receive, self._closing(send))
            raise
        finally:
            self.state.active -= 1

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        key = self._key(scope)
        client = scope["client"][0] if scope.get("client") else "unknown"
        wait = self.rate.seconds_to_wait(f"host {client}" if key is None else f"key {key}")
        if wait:
            found = f"more than {self.settings.rate:g} requests a second"
            return refuse(429, scope, f"Too many requests: found {found}; expected a pause.", retry_after=math.ceil(wait))
        if self._keys and key is None:
            return refuse(401, scope, "Found no valid key; expected the header Authorization: Bearer KEY.", {"WWW-Authenticate": "Bearer"})
        if self.state.closing:
            return refuse(503, scope, "The server is closing; expected requests before that. Try another or wait.", retry_after=1)
        if not self.state.ready:
            return refuse(503, scope, "The models are still being loaded; expected a look at /health/ready first.", retry_after=1)
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and (len(announced) > 18 or int(announced) > self.settings.max_bytes):
            words = f"Found a body of {announced[:20]} bytes; expected at most {self.settings.max_bytes}."
            return refuse(413, scope, words, {"Connection": "close"})
        return None

    def _key(self, scope: Scope) -> int | None:
        """Returns the number of the key that a request shows; takes the same time whichever it is, and whichever letter is wrong."""
        shown = _digest(Headers(scope=scope).get("authorization", "").removeprefix("Bearer "))
        matches = [hmac.compare_digest(shown, key) for key in self._keys]
        return matches.index(True) if any(matches) else None

    def _patient(self, receive: Receive) -> Receive:
        """Returns a `receive` that gives up on a body which grows too large or has not arrived in time.

        FastAPI's own `max_body_size` would do for the size, but answers in plain text that does not say what was expected.
        """
        until, complete, size = time.monotonic() + self.settings.body_seconds, False, 0

        async def wrapped() -> MutableMapping[str, Any]:
            nonlocal complete, size
            if complete:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, until - time.monotonic()))
            except TimeoutError:
                found = f"found a body that was not complete after {self.settings.body_seconds:g} seconds"
                raise HTTPException(408, f"{found}; expected all of it.", {"Connection": "close"}) from None
            complete, size = not message.get("more_body", False), size + len(message.get("body", b""))
            if size > self.settings.max_bytes:
                if not complete:
                    await self._pass_over(receive, size)
                words = f"Found a body that goes on beyond {self.settings.max_bytes} bytes; expected at most as many."
                raise HTTPException(413, words, {"Connection": "close"})
            return message

        return wrapped

    async def _pass_over(self, receive: Receive, size: int) -> None:
        """Reads the rest of a body and keeps nothing of it, within reason.

        A connection that is closed while its sender still writes is reset, and the sender never sees why it was refused.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.body_seconds):
                while size < _PASSED_OVER:
                    message = await receive()
                    size += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return

    def _closing(self, send: Send) -> Send:
        """Returns a `send` that ends the connection with the answer once the server is closing."""

        async def wrapped(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and self.state.closing:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        return wrapped


def refuse(
    status: int, scope: Scope, error: str, headers: dict[str, str] | None = None, retry_after: int = 0, details: list[dict] | None = None
) -> JSONResponse:
    """Returns an answer that is not a success, in the form that all of them have: see `schemas.Problem`."""
    headers = dict(headers or {}) | ({"Retry-After": str(retry_after)} if retry_after else {})
    content = {"error": error, "details": details or [], "request_id": scope.get("state", {}).get("request_id", "")}
    return JSONResponse(content, status, headers)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
