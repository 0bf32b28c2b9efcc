"""Stops code that runs too long, in this process. Knows nothing of exercises."""

import _thread
import contextlib
import signal
import threading
from collections.abc import Iterator


class TimeLimitReached(BaseException):
    """Raised inside code that is still running when its time is up. No `except Exception` catches it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TimeLimitReached in the body once `seconds` have passed, and again each half second until it ends.

    Python code is interrupted between two of its steps; one long call into C ends first. In a thread other than the main one,
    where Python offers no way to interrupt, the body runs without a limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
    elif hasattr(signal, "setitimer"):
        yield from _by_alarm(seconds)
    else:
        yield from _by_interrupt(seconds)


def _by_alarm(seconds: float) -> Iterator[None]:
    def stop(signum: int, frame: object) -> None:
        raise TimeLimitReached

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _by_interrupt(seconds: float) -> Iterator[None]:
    """Where there is no alarm (Windows): a timer interrupts the main thread as Ctrl-C would."""
    timer = threading.Timer(seconds, _thread.interrupt_main)
    timer.daemon = True
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if timer.is_alive():
            raise
        raise TimeLimitReached from None
    finally:
        timer.cancel()
