"""Starts and stops servers: `serve` in this process until a signal, `running` in a process that ends with a `with` block.

Told to stop (SIGTERM or Ctrl-C) a server first turns newcomers away, answers whom it let in, and then ends; told twice, it ends at once.
"""

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import uvicorn

from course_utils.errors import CourseError
from course_utils.serving.settings import Settings

# Linux is asked to end the server (PR_SET_PDEATHSIG) when the thread that started it ends; then Python becomes the server.
_ATTACH = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
_ATTACHED = ("-I", "-c", _ATTACH) if sys.platform == "linux" else ()


class Server(uvicorn.Server):
    """A uvicorn server whose end is an orderly one."""

    def __init__(self, config: uvicorn.Config, settings: Settings, state: Any) -> None:
        super().__init__(config)
        self.settings, self.state = settings, state
        self._told_at = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Closes the gate at the first signal and gives everything up at the second."""
        if self.state.closing:
            self.should_exit = self.force_exit = True
        self.state.closing = True
        self._told_at = self._told_at or time.monotonic()

    async def on_tick(self, counter: int) -> bool:
        """Returns True when it is time to end: all is answered, or patience or the loading of models is at an end."""
        if self.state.failure:
            return True
        if self.state.closing:
            passed = time.monotonic() - self._told_at
            if passed > self.settings.drain or (passed > self.settings.grace and not self.state.active):
                return True
        return await super().on_tick(counter)


def serve(settings: Settings, app: Any = None) -> None:
    """Serves the app until a signal; says its address on stdout as soon as it accepts connections. Raises CourseError when it cannot."""
    from course_utils.serving.app import create_app
    from course_utils.serving.telemetry import log_config

    app = app or create_app(settings)
    config = uvicorn.Config(
        app,
        log_config=log_config(),
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever may invent an address may evade the limit of rate
        timeout_graceful_shutdown=1,  # `Server` has waited before
        timeout_keep_alive=30,
    )
    listener = _listen(settings)
    print(f"Serving on http://{_shown(settings.host)}:{listener.getsockname()[1]}", flush=True)
    Server(config, settings, app.state.serving).run(sockets=[listener])
    if app.state.serving.failure:
        raise CourseError(f"The models could not be loaded: {app.state.serving.failure}")


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise CourseError(
            f"Port {settings.port} of {settings.host} is not to be had ({error.strerror}). --port 0 takes a free one."
        ) from None
    listener.listen(2048)
    return listener


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextlib.contextmanager
def beside(app: Any, patience: float = 60.0) -> Iterator[str]:
    """Runs any app in a thread of this process, on a free port of this machine, and yields its address; it ends with the block."""
    listener = _listen(Settings(port=0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, proxy_headers=False, timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + patience
    try:
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        if not server.started:
            raise CourseError(f"The app did not start within {patience:g} seconds.")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@dataclass
class Running:
    """A server in a process of its own."""

    url: str
    process: subprocess.Popen

    def stop(self, patience: float = 20.0) -> int:
        """Asks the server to end, waits, and returns its exit status; kills it when it does not."""
        self.process.terminate()
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def ready(self, path: str) -> bool:
        """Returns whether a GET of this path is answered with a success."""
        try:
            with _direct.open(self.url + path, timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextlib.contextmanager
def running(
    command: Sequence[str] = ("-m", "course_utils", "serve"),
    probe: str = "/health/ready",
    patience: float = 120.0,
    environment: dict[str, str] | None = None,
    port: int = 0,
) -> Iterator[Running]:
    """Runs Python with these arguments and `--port PORT` as a server on this machine, waits until `probe` is answered, and ends it after.

    The process ends with the block whatever happens in it, and on Linux also when this process is killed, or the thread in which the
    block was entered ends. Its logs are held back and shown only in the error (CourseError) that says that it did not start.
    """
    port = port or free_port()
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen(
            [sys.executable, *_ATTACHED, *command, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | (environment or {}),
        )
        server = Running(f"http://127.0.0.1:{port}", process)
        atexit.register(process.kill)
        try:
            _await(server, probe, patience, log)
            yield server
        finally:
            server.stop()
            atexit.unregister(process.kill)


def _await(server: Running, probe: str, patience: float, log: Any) -> None:
    until = time.monotonic() + patience
    while not server.ready(probe):
        if server.process.poll() is not None or time.monotonic() > until:
            log.seek(0)
            last = " ".join(log.read().split()[-60:])
            raise CourseError(f"The server did not answer {probe} (exit status {server.process.poll()}). Its last words: {last}")
        time.sleep(0.05)


def free_port() -> int:
    """Returns a port of this machine that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
