"""The exercises: `core` judges an answer; one module per lesson, named after its file, holds that lesson's `EXERCISES`."""

from course_utils.exercises.core import check, hint, progress, solution

__all__ = ["check", "hint", "progress", "solution"]
