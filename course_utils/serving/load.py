"""Load on a server from many clients at once, by locust, in a process of its own; and what came of it.

Each client sends its next request when its last one is answered. So a slow server is asked less often: the numbers say what so many
patient clients get, not what happens when requests come faster than they can be answered.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from course_utils.errors import CourseError

_ASKED, _TOOK = "COURSE_LOAD", "seconds from the first request to the last answer:"


@dataclass(frozen=True)
class Load:
    """Answers a second, failures (not a 200), and the latencies in milliseconds that half, 95 and 99 in a hundred stay below."""

    answers: int
    failures: int
    throughput: float
    p50: float
    p95: float
    p99: float


def load(
    url: str, path: str, bodies: Sequence[dict], clients: int = 32, each: int = 4, headers: dict | None = None, seconds: float = 100
) -> Load:
    """Returns what `clients` clients got that posted these bodies in turn, `each` of them so many times; stops after `seconds`.

    Raises CourseError when locust could not run, or when nothing was answered.
    """
    asked = json.dumps({"path": path, "bodies": list(bodies), "headers": headers or {}, "each": each, "clients": clients})
    command = [sys.executable, "-m", "locust", "-f", __file__, "--headless", "--json", "--host", url]
    command += ["-u", str(clients), "-r", str(clients), "--run-time", f"{seconds:g}s", "--loglevel", "ERROR", "--skip-log"]
    done = subprocess.run(
        command,
        env=os.environ | {_ASKED: asked},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    try:
        (row,) = json.loads(done.stdout)
        return _summary(row, float(done.stderr.split(_TOOK)[1].split()[0]))
    except (ValueError, KeyError, IndexError):
        raise CourseError(f"The load on {path} came to nothing: {(done.stderr or done.stdout).strip()[-500:]}") from None


def _summary(row: dict, seconds: float) -> Load:
    """Returns the figures of one row of locust's report; `seconds` from the first request to the last answer are our own count.

    (Locust's own begins with the first answer, which flatters whoever lets the first client wait.)
    """
    times = sorted((float(milliseconds), count) for milliseconds, count in row["response_times"].items())
    total = sum(count for _, count in times)
    percentiles = [_below(times, total * share) for share in (0.5, 0.95, 0.99)]
    return Load(total - row["num_failures"], row["num_failures"], (total - row["num_failures"]) / seconds, *percentiles)


def _below(times: Sequence[tuple[float, int]], wanted: float) -> float:
    seen = 0
    for milliseconds, count in times:
        seen += count
        if seen >= wanted:
            return milliseconds
    return times[-1][0]


if _ASKED in os.environ and "locust" in sys.modules:  # read by locust as its own file
    from locust import FastHttpUser, task
    from locust.exception import StopUser

    class Client(FastHttpUser):
        """One client of many; each begins at another body, and the last to finish ends the run."""

        asked = json.loads(os.environ[_ASKED])
        begun = finished = 0
        began = 0.0

        def on_start(self) -> None:
            """Gives this client its place among the bodies."""
            self.turn, self.left = Client.begun * 7, self.asked["each"]
            Client.begun, Client.began = Client.begun + 1, Client.began or time.perf_counter()

        @task
        def ask(self) -> None:
            """Posts the next body, or is done."""
            if not self.left:
                Client.finished += 1
                if Client.finished == self.asked["clients"]:
                    print(_TOOK, time.perf_counter() - Client.began, file=sys.stderr, flush=True)
                    self.environment.runner.quit()
                raise StopUser
            bodies = self.asked["bodies"]
            self.turn, self.left = self.turn + 1, self.left - 1
            self.client.post(self.asked["path"], json=bodies[self.turn % len(bodies)], headers=self.asked["headers"])
