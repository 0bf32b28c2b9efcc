"""Opens JupyterLab on the first lesson and says its address. Knows nothing of set-up or of what the lessons hold."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

FIRST = "00_start_here.ipynb"
# JupyterLab would ask the network for news and updates, and the learner whether it may.
SILENT = {"@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"}}


def main(arguments: list[str]) -> int:
    """Returns JupyterLab's exit code. It serves notebooks/ to this machine alone; the arguments are handed on to it."""
    from jupyter_core.paths import jupyter_runtime_dir

    first = Path(__file__).resolve().parent.parent / "notebooks" / FIRST
    silence(Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings" / "overrides.json")
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", str(first), "--ServerApp.ip=localhost", "--log-level=WARN"]
    server = subprocess.Popen([*command, *browser_options(), *arguments], env=os.environ | {"JUPYTER_TOKEN": token})
    # Ctrl-C reaches JupyterLab too, which asks whether it is meant; this process only waits for the answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    record = Path(jupyter_runtime_dir()) / f"jpserver-{server.pid}.json"
    while server.poll() is None and not record.exists():
        time.sleep(0.1)
    if server.poll() is None:
        address = json.loads(record.read_text(encoding="utf-8"))["url"]
        print(f"\nOpen this address in a browser: {address}lab/tree/{FIRST}?token={token}", flush=True)
        print("Ctrl-C ends JupyterLab.\n", flush=True)
    return server.wait()


def silence(overrides: Path) -> None:
    """Writes JupyterLab's defaults for this environment, unless somebody chose others."""
    if not overrides.exists():
        overrides.parent.mkdir(parents=True, exist_ok=True)
        overrides.write_text(json.dumps(SILENT), encoding="utf-8")


def browser_options() -> list[str]:
    """Returns JupyterLab's options for a machine where no browser can be opened, or where it runs as root."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    screen = not sys.platform.startswith("linux") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    options = [] if screen and not root and "CI" not in os.environ else ["--no-browser"]
    return [*options, "--allow-root"] if root else options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
