"""Stops code that runs too long, in this process. Knows nothing of exercises."""

import _thread
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

# Once time is up, the interruptions come this fast: a bare `except` that swallows one is itself interrupted by another.
_AGAIN = 0.00002
# An alarm that was under way when alarms were switched off arrives within this time, in seconds.
_AFTERMATH = 0.005


class TimeLimitReached(BaseException):
    """Raised inside code that is still running when its time is up. No `except Exception` catches it."""


def limited(seconds: float, function: Callable, *arguments: Any) -> Any:
    """Returns function(*arguments); raises TimeLimitReached, and only inside that call, once `seconds` have passed.

    Python code is interrupted between two of its steps, again and again until it ends; one long call into C ends first. In a
    thread other than the main one, where Python offers no way to interrupt, the function runs without a limit.
    """
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)
    alarms = hasattr(signal, "setitimer")

    def body() -> Any:
        return function(*arguments)

    def stop(signum: int, frame: FrameType | None) -> None:
        if _is_inside(frame, body.__code__):
            if alarms:
                # Last of all: an alarm in the midst of this function would call it again.
                signal.setitimer(signal.ITIMER_REAL, _AGAIN)
            raise TimeLimitReached

    with _alarms(seconds, stop) if alarms else _interrupts(seconds, stop):
        return body()


def _is_inside(frame: FrameType | None, code: CodeType) -> bool:
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


@contextlib.contextmanager
def _alarms(seconds: float, stop: Callable) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, stop)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        time.sleep(_AFTERMATH)
        signal.signal(signal.SIGALRM, before if callable(before) else _ignore)
        signal.setitimer(signal.ITIMER_REAL, remaining, interval)


def _ignore(signum: int, frame: FrameType | None) -> None:
    """Stands where nobody handled alarms before, because one that comes late would end the process."""


@contextlib.contextmanager
def _interrupts(seconds: float, stop: Callable) -> Iterator[None]:
    """Where there is no alarm (Windows): a second thread interrupts the main one as Ctrl-C would.

    A bare `except` in an endless loop can withstand that; Jupyter's button for restarting the kernel ends it.
    """
    over = threading.Event()

    def keep_interrupting() -> None:
        over.wait(seconds)
        while not over.wait(_AGAIN):
            _thread.interrupt_main()

    before = signal.signal(signal.SIGINT, stop)
    thread = threading.Thread(target=keep_interrupting, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGINT, before)
