"""A Ray of its own for one test: two replicas of the lesson's app, one killed under load. Run as a script; prints one line of JSON.

Arguments are the file with the app and a folder for Ray's own files. Ray gives its helpers fifteen seconds to start, which a busy
machine may not have: so those that are not needed here stay away, and after three tries the line says that it did not start.
"""

import importlib.util
import json
import os
import secrets
import signal
import sys
import threading
import time
from typing import Any

from serving_stub import scores

CLIENTS, EACH = 8, 12
NOT_AHEAD = {"RAY_enable_worker_prestart": "0", "RAY_prestart_worker_first_driver": "0"}


def main(app: str, folder: str) -> None:
    """Starts Ray, serves, kills, counts, and ends Ray."""
    os.environ.update(NOT_AHEAD, RAY_USAGE_STATS_ENABLED="0", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    import ray
    from ray import serve

    if not _started(ray, folder):
        print(json.dumps({"started": False}))
        return
    spec = importlib.util.spec_from_file_location("ray_app", app)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ray.cloudpickle.register_pickle_by_value(sys.modules.setdefault("ray_app", module))
    handle = serve.run(module.app)
    print(json.dumps({"started": True, **_killed_under_load(handle)}))
    serve.shutdown()
    ray.shutdown()


def _started(ray: Any, folder: str) -> bool:
    from ray._private.parameter import RayParams

    whole = RayParams.__init__
    RayParams.__init__ = lambda self, *given, **named: whole(self, *given, **{**named, "no_monitor": True, "include_log_monitor": False})
    for _ in range(3):
        try:
            ray.init(
                num_cpus=2,
                include_dashboard=False,
                object_store_memory=80 * 2**20,
                log_to_driver=False,
                logging_level="ERROR",
                _temp_dir=folder,
            )
            return True
        except Exception:
            ray.shutdown()
    return False


def _killed_under_load(handle: Any) -> dict[str, Any]:
    """Returns what became of the requests of patient clients, each of which asks again until it is answered."""
    answers, again, before = {}, [], set()
    while len(before) < 2:
        before.add(handle.classify.remote("who answers?").result(timeout_s=60)[1])

    def client(number: int) -> None:
        for turn in range(EACH):
            text = f"client {number} turn {turn}"
            expected = max(truth := scores([ord(letter) for letter in text]), key=truth.get)
            while (number, turn) not in answers:
                try:
                    answers[number, turn] = handle.classify.remote(text).result(timeout_s=60)[0] == expected
                except Exception as error:
                    again.append(type(error).__name__)
                    time.sleep(0.1)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    while len(answers) < CLIENTS:
        time.sleep(0.01)
    os.kill(next(iter(before)), signal.SIGKILL)
    for thread in threads:
        thread.join(120)
    until, anew = time.monotonic() + 60, False
    while not anew and time.monotonic() < until:
        time.sleep(0.2)
        anew = handle.classify.remote("who is new?").result(timeout_s=60)[1] not in before
    return {
        "replicas": len(before),
        "asked": CLIENTS * EACH,
        "answered": len(answers),
        "right": sum(answers.values()),
        "again": sorted(set(again)),
        "anew": anew,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
