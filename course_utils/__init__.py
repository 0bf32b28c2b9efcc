"""What the lessons of Hugging Face in Miniature borrow so that they can stay short.

`start` first, then `checkpoint` and `dataset` by name, and `check`, `hint`, `solution` for exercises; `metrics` and `plots` are
modules. Importing this package loads no machine-learning library.
"""

from course_utils import metrics, plots
from course_utils.catalog import checkpoint
from course_utils.exercises import check, hint, progress, solution
from course_utils.loaders import dataset
from course_utils.profile import start

__all__ = ["check", "checkpoint", "dataset", "hint", "metrics", "plots", "progress", "solution", "start"]
