"""Which profile a lesson runs in, and all that makes its outputs the same on the next run and the next machine.

Knows nothing of checkpoints, data sets or lessons. Two profiles exist: `offline` (the default: what the course ships) and
`hub` (full-size checkpoints by their Hub ids). The Hub's libraries read their settings from the environment when they are
imported, so `start()` comes first in a lesson.
"""

import os
import random
import sys
from pathlib import Path

from course_utils.errors import CourseError, ProfileTooLate

PROFILES = ("offline", "hub")
_OFFLINE_SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE")
_THREAD_SWITCHES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    "OMP_WAIT_POLICY": "passive",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
}
_NO_BARS = {"TQDM_DISABLE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}


def start(profile: str | None = None, seed: int = 0, threads: int | None = None) -> None:
    """Sets the profile, seeds, threads, progress bars and log levels of this process, and says so in one line.

    `profile` is "offline" or "hub"; left out, the variable COURSE_PROFILE decides, and without it "offline". `threads` is the
    number of CPU threads for torch; left out, COURSE_THREADS decides, and without it 1, which repeats best and is fast enough
    for miniatures. Raises ProfileTooLate when the Hub's library was imported before under another profile.
    """
    chosen = profile or current()
    if chosen not in PROFILES:
        raise CourseError(f"{chosen!r} is not a profile. Expected 'offline' or 'hub': start(\"offline\").")
    _switch_hub(chosen)
    os.environ["COURSE_PROFILE"] = chosen
    os.environ.update(_QUIET)
    if headless():
        os.environ.update(_NO_BARS)
    _set_threads(threads or _asked_threads())
    _seed(seed)
    _silence()
    print(f"Ready: {chosen} profile, seed {seed}.")


def current() -> str:
    """Returns the profile in force: "offline" unless `start` or COURSE_PROFILE said "hub"."""
    return os.environ.get("COURSE_PROFILE") or "offline"


def headless() -> bool:
    """Returns True when no person watches: under pytest, in `make run`, in CI. Progress bars stay off then."""
    return "COURSE_HEADLESS" in os.environ or "PYTEST_VERSION" in os.environ


def root() -> Path:
    """Returns the folder that holds data/: the repository, or the installed package."""
    package = Path(__file__).resolve().parent
    return package if (package / "data").is_dir() else package.parent


def data_folder() -> Path:
    """Returns the folder of everything the course ships."""
    return root() / "data"


def state_folder() -> Path:
    """Returns the folder of this person's own files (progress); COURSE_STATE moves it."""
    given = os.environ.get("COURSE_STATE")
    return Path(given) if given else Path.home() / ".hugging-face-in-miniature"


def cache_folder() -> Path:
    """Returns the folder of what is put together once and may be deleted at any time; COURSE_CACHE moves it."""
    given = os.environ.get("COURSE_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hugging-face-in-miniature"


def _switch_hub(profile: str) -> None:
    offline = profile == "offline"
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None and bool(constants.HF_HUB_OFFLINE) != offline:
        raise ProfileTooLate(
            f"The profile {profile!r} was asked for after `huggingface_hub` had been imported, which reads its settings only once. "
            f"Restart the kernel and call start({profile!r}) before any other import."
        )
    for name in _OFFLINE_SWITCHES:
        if offline:
            os.environ[name] = "1"
        else:
            os.environ.pop(name, None)


def _asked_threads() -> int:
    asked = os.environ.get("COURSE_THREADS") or "1"
    if not asked.isdecimal() or int(asked) < 1:
        raise CourseError(f"COURSE_THREADS is {asked!r}. Expected a whole number of CPU threads, 1 or more: COURSE_THREADS=1.")
    return int(asked)


def _set_threads(threads: int) -> None:
    for name in _THREAD_SWITCHES:
        os.environ[name] = str(threads)
    import torch

    torch.set_num_threads(threads)


def _seed(seed: int) -> None:
    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def _silence() -> None:
    import logging
    import warnings

    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=UserWarning, module=r"(torch|transformers|datasets|huggingface_hub)\b")
    for name in ("transformers", "datasets", "huggingface_hub", "evaluate", "sentence_transformers", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)
