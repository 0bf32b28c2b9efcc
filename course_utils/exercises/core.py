"""Judges answers to exercises: check, hint, solution, progress. Knows no exercise itself and no notebook.

An answer is judged in this process, under a time limit, with its output held back. Whatever it does, the cell ends in one kind
sentence: no exception reaches the learner.
"""

import contextlib
import functools
import importlib
import inspect
import io
import pkgutil
import reprlib
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NoReturn

from course_utils.errors import CourseError, nearest
from course_utils.exercises import untouched
from course_utils.exercises.record import Record
from course_utils.exercises.timelimit import TimeLimitReached, limited

SECONDS = 5.0


class Outcome(Enum):
    """What can come of a check, with the mark that a learner sees."""

    CORRECT = "✅ Correct."
    INCORRECT = "❌ Not yet."
    NOT_ATTEMPTED = "✏️ Not attempted."
    NOTHING_TO_CHECK = "🤷 Nothing to check."


class Mistake(Exception):
    """Raised by a `verify` to refuse an answer; the message names the likely mistake."""


@dataclass(frozen=True)
class Wrong:
    """A wrong answer that learners really give, and the words of the message that must refuse it."""

    answer: Any
    because: str


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    `verify(answer)` returns None, or raises Mistake through `expect` and `refuse`; a string that it returns is said to the learner on
    success. `solution` is a real function: the answer itself where the exercise asks for a function, else a function without
    parameters that computes the answer (`value=True`). `other` is a right answer written differently from the solution.
    """

    name: str
    verify: Callable[[Any], str | None]
    solution: Callable
    hints: tuple[str, ...]
    wrong: Mapping[str, Wrong]
    other: Any
    value: bool = False
    seconds: float = field(default=SECONDS, repr=False)

    def right_answer(self) -> Any:
        """Returns the answer that the solution stands for."""
        return self.solution() if self.value else self.solution


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check and the sentences that explain it."""

    outcome: Outcome
    message: str

    def __str__(self) -> str:
        return f"{self.outcome.value} {self.message}".strip()


def expect(condition: Any, message: str) -> None:
    """Raises Mistake(message) unless the condition holds: the one statement that a `verify` is made of."""
    if not condition:
        raise Mistake(message)


def refuse(message: str) -> NoReturn:
    """Raises Mistake(message)."""
    raise Mistake(message)


def call(function: Any, *arguments: Any) -> Any:
    """Returns function(*arguments); raises Mistake when it is no function or fails, naming the call and the error."""
    if not callable(function):
        refuse(f"The check expected a function and found {short(function)}. Pass the function itself, without calling it.")
    shown = f"{getattr(function, '__name__', 'answer')}({', '.join(short(a) for a in arguments)})"
    try:
        result = function(*arguments)
    except TimeLimitReached:
        raise
    except RecursionError:
        refuse(f"{shown} calls itself without end. Does it have a case that stops?")
    except BaseException as error:
        refuse(f"{shown} raised {_named(error)}.")
    if result is None:
        refuse(f"{shown} returned None. Is a `return` missing?")
    return result


def short(value: Any) -> str:
    """Returns a representation of any object on one line of at most about 100 characters, whatever the object is."""
    try:
        writer = reprlib.Repr()
        writer.maxlist = writer.maxtuple = writer.maxdict = writer.maxset = 12
        writer.maxstring = writer.maxother = 100
        return _clip(writer.repr(value).replace("\n", " "))
    except Exception:
        return f"an object of type {type(value).__name__}"


def judge(name: str, answer: Any = ...) -> Verdict:
    """Returns the verdict on an answer; never raises and prints nothing."""
    exercise = _find(name)
    if exercise is None:
        return Verdict(Outcome.NOTHING_TO_CHECK, _no_such(name))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            verdict = limited(exercise.seconds, _judge, exercise, answer)
        except TimeLimitReached:
            message = f"Your answer was still running after {exercise.seconds:g} seconds and was stopped. Does a loop never end?"
            verdict = Verdict(Outcome.INCORRECT, message)
        except BaseException:
            # Not even its error could be put into words.
            verdict = Verdict(Outcome.INCORRECT, "The check could not read your answer: it raises errors wherever one looks at it.")
    if verdict.outcome is Outcome.INCORRECT:
        return Verdict(verdict.outcome, verdict.message + _held_back(printed))
    return verdict


def _judge(exercise: Exercise, answer: Any) -> Verdict:
    try:
        if untouched.holds_a_hole(answer):
            return Verdict(Outcome.NOT_ATTEMPTED, f'Replace the `...` and run the cell again. hint("{exercise.name}") gives a first push.')
        praise = exercise.verify(answer)
    except Mistake as mistake:
        return Verdict(Outcome.INCORRECT, _clip(str(mistake), 1000))
    except TimeLimitReached:
        raise
    except BaseException as error:
        return Verdict(Outcome.INCORRECT, f"The check could not read your answer, {short(answer)} ({_named(error)}).")
    return Verdict(Outcome.CORRECT, praise if isinstance(praise, str) else "")


def _held_back(printed: io.StringIO) -> str:
    text = "" if printed.closed else printed.getvalue().strip()
    return text and f" (What your code printed was held back; it begins {short(text[:60])}. A check looks at what is returned.)"


def check(name: str, answer: Any = ...) -> None:
    """Judges an answer, prints the verdict and keeps a correct one in the record of progress."""
    verdict = judge(name, answer)
    print(verdict)
    if verdict.outcome is Outcome.CORRECT:
        Record.load().add(name)


_hints_given: dict[str, int] = {}


def hint(name: str) -> None:
    """Prints the next hint of an exercise; each call goes one step up the ladder."""
    exercise = _find(name)
    if exercise is None:
        print(_no_such(name))
        return
    step = min(_hints_given.get(name, 0), len(exercise.hints) - 1)
    _hints_given[name] = step + 1
    more = f'hint("{name}") again for the next' if step + 1 < len(exercise.hints) else f'the last one; solution("{name}") shows an answer'
    print(f"💡 {exercise.hints[step]}\n   ({step + 1} of {len(exercise.hints)}: {more})")


def solution(name: str) -> None:
    """Prints one right answer as code."""
    exercise = _find(name)
    print(_no_such(name) if exercise is None else source(exercise))


def source(exercise: Exercise) -> str:
    """Returns the code of an exercise's solution; of a value, the lines that compute it."""
    return textwrap.dedent(inspect.getsource(exercise.solution)).strip()


def progress() -> None:
    """Prints how many exercises of each lesson you have solved."""
    solved = Record.load().solved
    for lesson, exercises in by_lesson().items():
        done = sum(e.name in solved for e in exercises)
        print(f"{'●' * done}{'○' * (len(exercises) - done)}  {lesson}: {done} of {len(exercises)}")


@functools.cache
def by_lesson() -> dict[str, tuple[Exercise, ...]]:
    """Returns the exercises of each lesson, by the module's name, which is the lesson's own: `lesson_01_02_subword_algorithms`."""
    package = importlib.import_module("course_utils.exercises")
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        exercises = getattr(importlib.import_module(f"course_utils.exercises.{module}"), "EXERCISES", None)
        if exercises is not None:
            found[module] = tuple(exercises)
    return found


@functools.cache
def registry() -> dict[str, Exercise]:
    """Returns every exercise by name; raises CourseError when two share one."""
    found: dict[str, Exercise] = {}
    for lesson, exercises in by_lesson().items():
        for exercise in exercises:
            if exercise.name in found:
                raise CourseError(f"Two exercises are called {exercise.name!r}; one is in {lesson}. Rename one of them.")
            found[exercise.name] = exercise
    return found


def _find(name: str) -> Exercise | None:
    return registry().get(name) if isinstance(name, str) else None


def _no_such(name: str) -> str:
    if not isinstance(name, str):
        return 'The first thing to pass is the name of the exercise, in quotes: check("name", answer).'
    near = nearest(name, registry())
    guess = f" Did you mean {near!r}?" if near else ""
    return f"No exercise is called {short(name)}.{guess} `course list --exercises` shows every name."


def _named(error: BaseException) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {_clip(words)}" if words else type(error).__name__


def _clip(text: str, width: int = 160) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
