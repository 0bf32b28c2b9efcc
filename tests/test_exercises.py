"""The exercises: four outcomes whatever an answer does, hints, solutions, the record, and the check of the checks."""

import ast
import contextlib
import dataclasses
import functools
import itertools
import json
import linecache
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy
import pytest

from course_utils import exercises, lessons
from course_utils.errors import CourseError
from course_utils.exercises import core, record, timelimit, untouched
from course_utils.exercises.core import Exercise, Outcome, Wrong, call, expect, judge, refuse, short
from course_utils.exercises.record import Record
from course_utils.exercises.timelimit import TimeLimitReached, limited

SECONDS = 0.3


def double(x):
    return 2 * x


def _double_by_adding(x):
    return x + x


def _verify_double(answer):
    for x in (0, 2, -3):
        found = call(answer, x)
        expect(found != x * x or x in {0, 2}, f"Is double({x}) a square?")
        expect(found == 2 * x, f"double({x}) should be {2 * x}; found {short(found)}.")
    return "Twice as good."


DOUBLE = Exercise(
    name="double",
    verify=_verify_double,
    solution=double,
    hints=("Which operator multiplies?", "Multiply by 2."),
    wrong={
        "square": Wrong(lambda x: x * x, because="a square"),
        "nothing returned": Wrong(lambda x: print(2 * x), because="`return`"),
        "half": Wrong(lambda x: x / 2, because="should be"),
    },
    other=_double_by_adding,
    seconds=SECONDS,
)


def _six():
    return 2 * 3


SIX = Exercise(
    name="six",
    verify=lambda answer: expect(answer == 6, f"Expected 6, found {short(answer)}."),
    solution=_six,
    hints=("Between five and seven.", "Half a dozen."),
    wrong={
        "seven": Wrong(7, because="found 7"),
        "text": Wrong("six", because="found 'six'"),
        "nothing": Wrong(None, because="found None"),
    },
    other=6.0,
    value=True,
    seconds=SECONDS,
)


@pytest.fixture
def small_registry(monkeypatch):
    """Puts two small exercises in place of all that ship."""
    monkeypatch.setattr(core, "registry", lambda: {"double": DOUBLE, "six": SIX})
    monkeypatch.setattr(core, "by_lesson", lambda: {"lesson_00_small": (DOUBLE, SIX)})
    monkeypatch.setattr(core, "_hints_given", {})


small = pytest.mark.usefixtures("small_registry")


@pytest.fixture
def watched(monkeypatch):
    """Lets the record believe that a person watches."""
    monkeypatch.delenv("PYTEST_VERSION", raising=False)
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)


@small
class TestOutcomes:
    def test_correct(self):
        assert judge("double", double) == core.Verdict(Outcome.CORRECT, "Twice as good.")
        assert str(judge("double", double)) == "✅ Correct. Twice as good."
        assert str(judge("six", 6)) == "✅ Correct."

    def test_incorrect(self):
        verdict = judge("double", lambda x: x + 1)
        assert str(verdict) == "❌ Not yet. double(0) should be 0; found 1."

    @pytest.mark.parametrize("answer", [(), (...,)], ids=["no answer", "the hole"])
    def test_not_attempted(self, answer):
        verdict = judge("double", *answer)
        assert verdict.outcome is Outcome.NOT_ATTEMPTED
        assert 'hint("double")' in verdict.message

    @pytest.mark.parametrize(("name", "words"), [("doubel", "Did you mean 'double'?"), ("zzz", "No exercise is called 'zzz'.")])
    def test_nothing_to_check(self, name, words):
        verdict = judge(name, 1)
        assert verdict.outcome is Outcome.NOTHING_TO_CHECK
        assert words in verdict.message and "`course list --exercises`" in verdict.message

    @pytest.mark.parametrize("name", [None, 3, ["double"], double, ...], ids=lambda name: type(name).__name__)
    @pytest.mark.parametrize("ask", [exercises.check, exercises.hint, exercises.solution])
    def test_a_name_that_is_no_name(self, ask, name, capsys):
        ask(name)
        assert 'check("name", answer)' in capsys.readouterr().out

    def test_check_prints_the_verdict_and_returns_nothing(self, capsys):
        assert exercises.check("double", double) is None
        assert capsys.readouterr().out == "✅ Correct. Twice as good.\n"


def unfinished(x):
    return ...


def ellipsis_as_index(x):
    return x[..., 0] + x[0, ...] + x[(..., 1)]


def unfinished_beside_an_index(x):
    y = x[..., 0]
    return y * ...


def annotated(x: tuple[int, ...]) -> tuple[int, ...]:
    return x


class Unfinished:
    def method(self):
        return ...


class UnfinishedStatic:
    @staticmethod
    def method():
        return ...


class UnfinishedProperty:
    @property
    def value(self):
        return ...


class UnfinishedValue:
    rate = ...


class Finished:
    inner = Unfinished
    library = threading.Thread
    values = [1, 2]

    def method(self, x):
        return x[..., 0]


Finished.itself = Finished


@functools.wraps(unfinished)
def wrapper(x):
    return unfinished(x)


def _word(answer) -> str:
    """Returns a name of a parameter that is the same in every process."""
    return getattr(answer, "__name__", re.sub(r" at 0x\w+", "", repr(answer)))


@small
class TestHoles:
    @pytest.mark.parametrize(
        "answer",
        [
            ...,
            [1, ...],
            (..., 1),
            {"a": 1, "b": ...},
            {...},
            [[1, 2], [3, ...]],
            {"a": {"b": [..., 1]}},
            [1, unfinished],
            unfinished,
            unfinished_beside_an_index,
            wrapper,
            lambda x: ...,
            Unfinished,
            UnfinishedStatic,
            UnfinishedProperty,
            UnfinishedValue,
        ],
        ids=_word,
    )
    def test_hole(self, answer):
        assert untouched.holds_a_hole(answer)
        assert judge("double", answer).outcome is Outcome.NOT_ATTEMPTED

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            0,
            "...",
            [],
            {},
            [1, 2],
            double,
            ellipsis_as_index,
            annotated,
            lambda x: x[..., 0],
            Finished,
            Finished(),
            len,
            dict,
            numpy.zeros(3),
            ["..."],
        ],
        ids=_word,
    )
    def test_no_hole(self, answer):
        assert not untouched.holds_a_hole(answer)

    @pytest.mark.parametrize("code", ["def answer(x):\n    return ...\n", "class answer:\n    def method(self):\n        return ...\n"])
    def test_hole_in_a_cell_of_a_notebook(self, code, monkeypatch):
        """A cell's code is no file: only the line cache knows its source."""
        linecache.cache["<cell 1>"] = (len(code), None, code.splitlines(keepends=True), "<cell 1>")
        names = {"__name__": "__main__"}
        exec(compile(code, "<cell 1>", "exec"), names)
        assert untouched.holds_a_hole(names["answer"])

    def test_function_without_source_is_judged_by_what_it_does(self):
        names = {}
        exec("def answer(x):\n    return 2 * x", names)
        assert judge("double", names["answer"]).outcome is Outcome.CORRECT


def _forever(x):
    while True:
        pass


def _forever_catching_exceptions(x):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def _forever_catching_all(x):
    while True:
        try:
            time.sleep(0.05)
        except:  # noqa: E722
            continue


def _forever_catching_all_twice(x):
    while True:
        try:
            while True:
                try:
                    double(x)
                except:  # noqa: E722
                    continue
        except BaseException:
            pass


def _raises(x):
    raise ValueError("a message\n  over two lines")


def _raises_without_words(x):
    raise KeyError


def _exits(x):
    sys.exit("goodbye")


def _interrupts(x):
    raise KeyboardInterrupt


def _closes_the_output(x):
    sys.stdout.close()
    return 1


def _takes_the_output_away(x):
    sys.stdout = None
    return 1


def _recurses(x):
    return _recurses(x)


def _prints_a_lot(x):
    for i in range(1000):
        print("line", i)
        print("more", file=sys.stderr)


def _deletes_itself(x):
    global _deletes_itself
    del _deletes_itself
    return 2 * x + 1


def _generates(x):
    yield from itertools.count()


class Hostile:
    """An object of which everything fails in the way that its maker chose."""

    def __init__(self, act):
        self.act = act

    def __repr__(self):
        return self.act()

    __str__ = __eq__ = __bool__ = __len__ = __iter__ = __getitem__ = __call__ = lambda self, *arguments: self.act()
    __hash__ = None


def _act_raise():
    raise RuntimeError("no")


def _act_exit():
    raise SystemExit


def _act_raise_an_error_without_words():
    raise Wordless


class Wordless(Exception):
    def __str__(self):
        raise ValueError


class Disguised:
    @property
    def __class__(self):
        raise RuntimeError("who asks?")


class Unruly(list):
    def __iter__(self):
        raise OSError


HOSTILE = {
    "while True": (_forever, "still running after 0.3 seconds"),
    "catching Exception": (_forever_catching_exceptions, "still running"),
    "catching all": (_forever_catching_all, "still running"),
    "catching all twice": (_forever_catching_all_twice, "still running"),
    "exception": (_raises, "_raises(0) raised ValueError: a message over two lines."),
    "exception without words": (_raises_without_words, "_raises_without_words(0) raised KeyError."),
    "exit": (_exits, "_exits(0) raised SystemExit: goodbye."),
    "interrupt": (_interrupts, "KeyboardInterrupt"),
    "closed output": (_closes_the_output, "should be 0; found 1."),
    "no output": (_takes_the_output_away, "should be 0; found 1."),
    "recursion": (_recurses, "calls itself without end"),
    "prints": (_prints_a_lot, r"held back; it begins 'line 0\nmore"),
    "deletes itself": (_deletes_itself, "found 1"),
    "generator": (_generates, "found <generator object"),
    "generator object": (_generates(0), "expected a function and found <generator object"),
    "None": (None, "expected a function and found None"),
    "returns None": (lambda x: None, "Is a `return` missing?"),
    "ten million": ([0] * 10_000_000, "expected a function and found [0, 0"),
    "returns ten million": (lambda x: [x] * 10_000_000, "found [0, 0"),
    "long text": (lambda x: "long " * 10_000_000, "found 'long long"),
    "array": (lambda x: numpy.arange(3), "truth value"),
    "huge number": (lambda x: 10**100_000, "should be 0"),
    "repr raises": (lambda x: Hostile(_act_raise), "not"),
    "repr exits": (lambda x: Hostile(_act_exit), "not"),
    "repr loops": (lambda x: Hostile(lambda: _forever(0)), "still running"),
    "repr is long": (lambda x: Hostile(lambda: "x" * 1_000_000), "Is double(-3)"),
    "raises": (Hostile(_act_raise), "raised RuntimeError: no."),
    "exits": (Hostile(_act_exit), "raised SystemExit"),
    "loops": (Hostile(lambda: _forever(0)), "still running"),
    "error without words": (Hostile(_act_raise_an_error_without_words), "could not read your answer"),
    "disguise": (Disguised(), "could not read your answer"),
    "unruly list": (Unruly([1]), "OSError"),
    "not enough parameters": (lambda: 3, "takes 0 positional arguments"),
}


@small
@pytest.mark.parametrize(("answer", "words"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", ["double", "six"])
def test_whatever_an_answer_does_the_cell_ends_in_one_sentence(name, answer, words, capsys, monkeypatch):
    limit = SECONDS if words.startswith("still running") else 60.0  # on a busy machine a copy of ten million takes its time
    exercise = dataclasses.replace(core.registry()[name], seconds=limit)
    monkeypatch.setattr(core, "registry", lambda: {name: exercise})
    out, err = sys.stdout, sys.stderr
    began = time.perf_counter()
    exercises.check(name, answer)
    assert time.perf_counter() - began < 20
    assert (sys.stdout, sys.stderr) == (out, err)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith("❌ Not yet. ") and printed.out.count("\n") == 1 and len(printed.out) < 700
    if name == "double":
        assert words in printed.out


@pytest.mark.parametrize(
    ("verify", "outcome", "words"),
    [
        (lambda answer: answer.no_such_attribute, Outcome.INCORRECT, "could not read your answer, 1 (AttributeError"),
        (lambda answer: _forever(0), Outcome.INCORRECT, "still running"),
        (lambda answer: sys.exit(), Outcome.INCORRECT, "SystemExit"),
        (lambda answer: numpy.arange(3), Outcome.CORRECT, ""),
        (lambda answer: True, Outcome.CORRECT, ""),
        (lambda answer: refuse("x" * 10**6), Outcome.INCORRECT, "xxx…"),
        (lambda answer: print("hello"), Outcome.CORRECT, ""),
    ],
    ids=["raises", "loops", "exits", "returns an array", "returns True", "talks too much", "prints"],
)
def test_a_verify_that_is_itself_wrong(verify, outcome, words, monkeypatch, capsys):
    monkeypatch.setattr(core, "registry", lambda: {"odd": dataclasses.replace(SIX, name="odd", verify=verify)})
    verdict = judge("odd", 1)
    assert verdict.outcome is outcome
    assert words in verdict.message and len(verdict.message) < 1100
    assert capsys.readouterr().out == ""


class TestSmallParts:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (3, "3"),
            ("a\nb", r"'a\nb'"),
            ([1] * 3, "[1, 1, 1]"),
            (Hostile(_act_raise), "<Hostile "),
            (numpy.eye(2), "array([[1.,"),
        ],
        ids=["number", "text", "list", "hostile", "array"],
    )
    def test_short(self, value, expected):
        assert short(value).startswith(expected)
        assert "\n" not in short(value)

    @pytest.mark.parametrize(
        "value",
        ["x" * 10**6, list(range(10**6)), {i: i for i in range(10**4)}, [["x" * 500] * 9] * 9, 10**5000],
        ids=["text", "list", "dict", "nested", "number"],
    )
    def test_short_is_short(self, value):
        assert len(short(value)) <= 160

    def test_call_passes_the_arguments_and_returns_the_result(self):
        assert call(max, 3, 5) == 5

    def test_call_names_the_call(self):
        with pytest.raises(core.Mistake, match=r"^double\('a', 2\) raised TypeError: "):
            call(double, "a", 2)

    def test_expect(self):
        expect([1], "fine")
        with pytest.raises(core.Mistake, match=r"^no$"):
            expect([], "no")


@pytest.fixture(params=["alarm", "interrupt"])
def each_way(request, monkeypatch):
    """Runs a test with alarms and in the way of a system that has none."""
    if request.param == "interrupt":
        monkeypatch.delattr(signal, "setitimer", raising=False)


@small
class TestTimeLimit:
    def test_returns_what_the_function_returns(self, each_way):
        assert limited(5, max, 1, 2) == 2

    def test_passes_errors_on(self, each_way):
        with pytest.raises(ValueError, match="a message"):
            limited(5, _raises, 0)

    @pytest.mark.parametrize("function", [_forever, _forever_catching_exceptions])
    def test_stops(self, each_way, function):
        before = signal.getsignal(signal.SIGINT)
        began = time.perf_counter()
        with pytest.raises(TimeLimitReached):
            limited(0.1, function, 0)
        assert 0.05 < time.perf_counter() - began < 10
        assert signal.getsignal(signal.SIGINT) is before
        threads = [thread for thread in threading.enumerate() if "keep_interrupting" in thread.name]
        assert threads == []

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarms")
    @pytest.mark.parametrize("function", [_forever_catching_all, _forever_catching_all_twice])
    def test_stops_what_catches_everything(self, function):
        with pytest.raises(TimeLimitReached):
            limited(0.1, function, 0)

    def test_no_interruption_comes_after_the_end(self, each_way):
        for _ in range(200):
            with contextlib.suppress(TimeLimitReached):
                limited(0.0005, double, 1)
            sum(range(1000))

    def test_another_thread_runs_without_a_limit(self):
        found = []
        thread = threading.Thread(target=lambda: found.append(limited(0.01, lambda: time.sleep(0.05) or "done")))
        thread.start()
        thread.join()
        assert found == ["done"]

    def test_judge_works_in_another_thread(self):
        found = []
        thread = threading.Thread(target=lambda: found.append(judge("double", double).outcome))
        thread.start()
        thread.join()
        assert found == [Outcome.CORRECT]

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarms")
    def test_an_alarm_that_was_set_before_still_rings(self):
        rung = []
        before = signal.signal(signal.SIGALRM, handler := lambda *arguments: rung.append(1))
        remaining = signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            limited(5, double, 1)
            assert signal.getsignal(signal.SIGALRM) is handler
            time.sleep(0.4)
        finally:
            signal.setitimer(signal.ITIMER_REAL, *remaining)
            signal.signal(signal.SIGALRM, before)
        assert rung == [1]

    def test_is_no_exception_that_learners_catch(self):
        assert not issubclass(timelimit.TimeLimitReached, Exception)


@small
class TestHintsAndSolutions:
    def test_ladder(self, capsys):
        for _ in range(3):
            exercises.hint("double")
        first, second, third = capsys.readouterr().out.strip().split("💡 ")[1:]
        assert first == 'Which operator multiplies?\n   (1 of 2: hint("double") again for the next)\n'
        assert second.strip() == third.strip() == 'Multiply by 2.\n   (2 of 2: the last one; solution("double") shows an answer)'

    def test_each_exercise_has_its_own_ladder(self, capsys):
        exercises.hint("double")
        exercises.hint("six")
        assert "Between five and seven." in capsys.readouterr().out

    @pytest.mark.parametrize("ask", [exercises.hint, exercises.solution])
    def test_unknown_name(self, ask, capsys):
        ask("doubel")
        assert capsys.readouterr().out.startswith("No exercise is called 'doubel'. Did you mean 'double'?")

    def test_solution_prints_code(self, capsys):
        exercises.solution("double")
        assert capsys.readouterr().out == "def double(x):\n    return 2 * x\n"

    def test_progress(self, watched, capsys):
        exercises.check("six", 6)
        capsys.readouterr()
        exercises.progress()
        assert capsys.readouterr().out == "●○  lesson_00_small: 1 of 2\n"


@small
class TestRecord:
    def test_a_correct_answer_is_kept_with_its_day(self, watched, own_state):
        exercises.check("double", double)
        assert json.loads((own_state / "progress.json").read_text()) == {"solved": {"double": date.today().isoformat()}}
        assert Record.load().solved == {"double": date.today().isoformat()}

    @pytest.mark.parametrize("answer", [None, ..., 3])
    def test_no_other_outcome_is_kept(self, watched, own_state, answer):
        exercises.check("double", answer)
        assert list(own_state.iterdir()) == []

    def test_the_first_day_stays(self, watched, own_state):
        (own_state / "progress.json").write_text('{"solved": {"double": "2020-01-01", "old": "2019-01-01"}}')
        exercises.check("double", double)
        exercises.check("six", 6)
        assert Record.load().solved == {"double": "2020-01-01", "old": "2019-01-01", "six": date.today().isoformat()}

    def test_headless_writes_nothing(self, own_state):
        (own_state / "progress.json").write_text("{")
        exercises.check("double", double)
        assert [(p.name, p.read_text()) for p in own_state.iterdir()] == [("progress.json", "{")]

    def test_folder_is_made(self, watched, own_state, monkeypatch):
        monkeypatch.setenv("COURSE_STATE", str(own_state / "a" / "b"))
        exercises.check("double", double)
        assert (own_state / "a" / "b" / "progress.json").is_file()

    def test_a_stop_in_the_middle_leaves_the_old_file_and_no_draft(self, watched, own_state, monkeypatch, capsys):
        exercises.check("double", double)
        before = (own_state / "progress.json").read_bytes()

        def full(*arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(record.os, "replace", full)
        exercises.check("six", 6)
        assert "(Solved, but not noted down: [Errno 28] No space left on device. COURSE_STATE names" in capsys.readouterr().out
        assert [(p.name, p.read_bytes()) for p in own_state.iterdir()] == [("progress.json", before)]

    @pytest.mark.parametrize("content", [b"{", b"", b"[]", b'{"solved": 3}', b'{"solved": ["double"]}', b"\xff\xfe", b"null"])
    def test_an_unreadable_file_is_put_aside_and_never_lost(self, watched, own_state, content, capsys):
        (own_state / "progress.json").write_bytes(content)
        exercises.check("double", double)
        assert "Your record of progress was not readable. It lies in " in capsys.readouterr().out
        (own_state / "progress.json").write_bytes(content + b" ")
        exercises.check("six", 6)
        kept = [p.read_bytes() for p in own_state.glob("progress-unreadable-*.json")]
        assert sorted(kept) == sorted([content, content + b" "])
        assert set(Record.load().solved) == {"six"}

    @pytest.mark.parametrize("block", ["a file in the folder's place", "a folder in the file's place"])
    def test_where_nothing_can_be_written(self, watched, own_state, monkeypatch, block, capsys):
        if block.startswith("a file"):
            (own_state / "state").write_text("")
        else:
            (own_state / "state" / "progress.json" / "x").mkdir(parents=True)
        monkeypatch.setenv("COURSE_STATE", str(own_state / "state"))
        exercises.check("double", double)
        out = capsys.readouterr().out
        assert out.startswith("✅ Correct. Twice as good.\n(Solved, but not noted down: ")
        assert "COURSE_STATE names another folder" in out

    def test_a_folder_that_may_not_even_be_looked_at(self, watched, monkeypatch, capsys):
        def forbidden(*arguments, **settings):
            raise PermissionError(13, "Permission denied")

        for name in ("read_text", "is_file", "mkdir", "replace"):
            monkeypatch.setattr(Path, name, forbidden)
        exercises.check("double", double)
        exercises.progress()
        assert "Permission denied" in capsys.readouterr().out


@pytest.fixture
def own_modules(monkeypatch):
    """Returns a function that makes the registry read these lessons."""

    def put(**found):
        monkeypatch.setattr(core, "by_lesson", lambda: found)
        core.registry.cache_clear()

    yield put
    core.registry.cache_clear()


def test_two_exercises_of_one_name_are_refused(own_modules):
    own_modules(lesson_a=(DOUBLE, SIX), lesson_b=(dataclasses.replace(DOUBLE),))
    with pytest.raises(CourseError, match=r"Two exercises are called 'double'; one is in lesson_b\. Rename one of them\."):
        core.registry()


# The check of the checks.


def defects(exercise: Exercise) -> Iterator[str]:
    """Yields one sentence for each promise that a record breaks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core, "registry", lambda: {exercise.name: exercise})
        if (verdict := judge(exercise.name, exercise.other)).outcome is not Outcome.CORRECT:
            yield f"the other right answer is refused: {verdict}"
        if judge(exercise.name, ...).outcome is not Outcome.NOT_ATTEMPTED:
            yield "its hole is an attempt"
        for label, wrong in exercise.wrong.items():
            verdict = judge(exercise.name, wrong.answer)
            if verdict.outcome is not Outcome.INCORRECT:
                yield f"the wrong answer {label!r} is {verdict.outcome.name}"
            elif not wrong.because or wrong.because not in verdict.message:
                yield f"the wrong answer {label!r} is refused for another reason than {wrong.because!r}: {verdict}"
        if (verdict := judge(exercise.name, _answer(lambda: _printed(exercise)))).outcome is not Outcome.CORRECT:
            yield f"its solution, as it is printed, is refused: {verdict}"
    if len(exercise.wrong) < 3:
        yield f"it knows {len(exercise.wrong)} wrong answers; at least three are expected"
    if len(exercise.hints) < 2 or len(set(exercise.hints)) < len(exercise.hints) or not all(exercise.hints):
        yield "it has fewer than two different hints"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", exercise.name):
        yield "its name is not in lower case with underscores"


def _answer(make):
    """Returns what `make` returns, or the error that it raises as an answer that every check refuses."""
    try:
        return make()
    except Exception as error:
        return error


def _printed(exercise: Exercise):
    """Returns the answer that the printed solution makes in a notebook, where only the module's imports are at hand."""
    functions = {node.name for node in ast.parse(core.source(exercise)).body if isinstance(node, ast.FunctionDef)}
    assert functions == {exercise.solution.__name__}
    module = sys.modules[exercise.solution.__module__]
    own = {name for name, thing in vars(module).items() if getattr(thing, "__module__", None) == module.__name__ or name[:1] == "_"}
    names = {name: thing for name, thing in vars(module).items() if name not in own}
    exec(core.source(exercise), names)
    answer = names[exercise.solution.__name__]
    return answer() if exercise.value else answer


def _shipped() -> dict[str, Exercise]:
    try:
        return core.registry()
    except Exception:
        return {}


def test_every_module_of_a_lesson_can_be_read():
    assert core.registry()
    assert set(core.by_lesson()) == {p.stem for p in Path(core.__file__).parent.glob("lesson_*.py")}


@pytest.mark.parametrize("name", _shipped())
def test_shipped_exercise_keeps_its_promises(name):
    assert list(defects(core.registry()[name])) == []


def test_a_lesson_has_three_exercises():
    assert {lesson: len(found) for lesson, found in core.by_lesson().items() if len(found) < 3} == {}


def test_lessons_and_modules_belong_together():
    assert set(core.by_lesson()) == {lesson.exercises for lesson in lessons.all_lessons()}


def _checks(lesson: lessons.Lesson) -> Iterator[tuple[str, str]]:
    """Yields (name, code) of each check in a lesson; the code is its cell's and that of the cell before."""
    cells = [cell.source for cell in lessons.code_cells(lesson.read())]
    for before, source in itertools.pairwise(["", *cells]):
        for name in re.findall(r'^check\(\s*"([^"]+)"', source, re.MULTILINE):
            yield name, f"{before}\n{source}"


@pytest.mark.parametrize("lesson", lessons.all_lessons(), ids=lambda lesson: lesson.name)
def test_lesson_checks_its_exercises_and_no_others(lesson):
    checked = {name for name, _ in _checks(lesson)}
    assert checked == {exercise.name for exercise in core.by_lesson()[lesson.exercises]}
    everything = "\n".join(cell.source for cell in lesson.read().cells)
    assert set(re.findall(r'\b(?:hint|solution)\("([^"]+)"\)', everything)) <= checked | {"name"}


@pytest.mark.parametrize("lesson", lessons.all_lessons(), ids=lambda lesson: lesson.name)
def test_every_exercise_stands_there_with_its_hole(lesson):
    open_ones = {name for name, code in _checks(lesson) if "..." in re.sub(r"#.*|\[[^\]\n]*\]", "", code)}
    assert open_ones == {name for name, _ in _checks(lesson)}


def _undoubled(x):
    return x


def _helped(x):
    return _double_by_adding(x)


BROKEN = {
    "a wrong solution": ({"solution": _undoubled}, "its solution, as it is printed, is refused"),
    "a solution that fails": ({"solution": _raises, "value": False}, "its solution, as it is printed, is refused"),
    "a solution that leans on a hidden function": ({"solution": _helped}, "its solution, as it is printed, is refused"),
    "a refused other answer": ({"other": _undoubled}, "the other right answer is refused"),
    "a wrong answer that passes": ({"wrong": {**DOUBLE.wrong, "sum": Wrong(_double_by_adding, because="x")}}, "'sum' is CORRECT"),
    "a wrong answer with a hole": ({"wrong": {**DOUBLE.wrong, "hole": Wrong(unfinished, because="x")}}, "'hole' is NOT_ATTEMPTED"),
    "a wrong answer refused for another reason": (
        {"wrong": {**DOUBLE.wrong, "half": Wrong(lambda x: x / 2, because="a square")}},
        "'half' is refused for another reason than 'a square'",
    ),
    "a wrong answer without a reason": ({"wrong": {**DOUBLE.wrong, "half": Wrong(_undoubled, because="")}}, "another reason than ''"),
    "two wrong answers": ({"wrong": dict(list(DOUBLE.wrong.items())[:2])}, "it knows 2 wrong answers"),
    "one hint": ({"hints": ("Multiply by 2.",)}, "fewer than two different hints"),
    "one hint twice": ({"hints": ("Multiply by 2.", "Multiply by 2.")}, "fewer than two different hints"),
    "an empty hint": ({"hints": ("Multiply by 2.", "")}, "fewer than two different hints"),
    "a name with a space": ({"name": "Double it"}, "its name"),
    "a verify that accepts all": ({"verify": lambda answer: None}, "is CORRECT"),
    "a verify that refuses all": ({"verify": lambda answer: refuse("no")}, "its solution, as it is printed, is refused"),
    "a verify that fails": ({"verify": lambda answer: answer.nothing}, "its solution, as it is printed, is refused"),
}


class TestCheckOfTheChecks:
    @pytest.mark.parametrize("exercise", [DOUBLE, SIX], ids=lambda e: e.name)
    def test_sound_records_have_no_defect(self, exercise):
        assert list(defects(exercise)) == []

    @pytest.mark.parametrize(("change", "sentence"), BROKEN.values(), ids=BROKEN)
    def test_each_defect_is_found(self, change, sentence):
        found = list(defects(dataclasses.replace(DOUBLE, **change)))
        assert any(sentence in defect for defect in found), found
