"""`python -m course_utils` is the command line `course`."""

from course_utils.cli import entry_point

entry_point()
