"""The errors: their tree is the one that the docstring draws, and their sentences name what was found and what to do."""

import re

import pytest

from course_utils import errors
from course_utils.errors import CourseError, MissingFile, UnknownName, nearest


def _classes() -> list[type]:
    return [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)]


def test_docstring_draws_every_error_and_no_other():
    drawn = set(re.findall(r"^\s*(?:├──|└──)?\s*([A-Z]\w+?)(?:\s|$)", errors.__doc__.split("A learner's")[0], re.MULTILINE))
    assert {c.__name__ for c in _classes()} <= drawn


@pytest.mark.parametrize("error", _classes(), ids=lambda e: e.__name__)
def test_every_error_is_caught_as_a_course_error(error):
    assert issubclass(error, CourseError)
    assert error.__doc__


@pytest.mark.parametrize(("error", "builtin"), [(UnknownName, LookupError), (MissingFile, FileNotFoundError)])
def test_errors_are_also_what_python_programmers_expect(error, builtin):
    assert issubclass(error, builtin)


def test_unknown_name_offers_the_nearest_one():
    sentence = str(UnknownName("revews", "dataset", ["reviews", "python-docs"]))
    assert sentence == "'revews' is not a dataset of this course. Did you mean 'reviews'? `course list` shows every name."


def test_unknown_name_without_a_near_one_offers_none():
    assert "Did you mean" not in str(UnknownName("zzzz", "dataset", ["reviews"]))


@pytest.mark.parametrize(
    ("found", "known", "expected"),
    [
        ("f", ["f1", "rouge"], "f1"),
        ("rogue", ["f1", "rouge"], "rouge"),
        ("xyz", ["f1", "rouge"], None),
        ("anything", [], None),
        (12, ["123", "f1"], "123"),
    ],
)
def test_nearest(found, known, expected):
    assert nearest(found, known) == expected
