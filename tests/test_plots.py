"""The plots: Axes with a title and labels, nothing shown, nothing left open, and words for those who cannot see."""

import warnings

import numpy
import pytest

from course_utils import plots

LABELS = {"title": "A finding", "xlabel": "x (unit)", "ylabel": "y (unit)"}
CALLS = {
    "bars": lambda: plots.bars({"one": 1.0, "$two$": 2.5}, **LABELS),
    "bars of many": lambda: plots.bars({str(i): i for i in range(12)}, **LABELS, digits=0),
    "grouped_bars": lambda: plots.grouped_bars({f"series {i}": {"a": i, "$b$": 2} for i in range(8)}, **LABELS),
    "histogram": lambda: plots.histogram({"one": [1, 2, 2, 3], "two": [2.5, 3]}, **LABELS),
    "histogram of many": lambda: plots.histogram({str(i): numpy.arange(i, i + 5) for i in range(8)}, **LABELS),
    "lines": lambda: plots.lines({f"line {i}": ([1, 2, 3], [i, 2, 1]) for i in range(8)}, **LABELS),
    "grid": lambda: plots.grid([[1, 0], [0.5, 2]], ["a", "$b$"], ["c", "$d$"], **LABELS),
    "grid of an array": lambda: plots.grid(numpy.zeros((2, 3)), ["a", "b"], ["c", "d", "e"], **LABELS),
}


@pytest.fixture(autouse=True)
def no_window(monkeypatch):
    """Fails a test that shows a figure, and closes what it left."""
    from matplotlib import pyplot

    def show(*arguments, **settings):
        raise AssertionError("show() was called")

    monkeypatch.setattr(pyplot, "show", show)
    yield
    pyplot.close("all")


@pytest.mark.parametrize("draw", CALLS.values(), ids=CALLS)
def test_axes_with_title_and_labels(draw, capsys):
    from matplotlib.axes import Axes

    axes = draw()
    assert isinstance(axes, Axes)
    assert (axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()) == tuple(LABELS.values())
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("draw", [*CALLS.values(), lambda: plots.token_strip(["$", "a$b$", "_"], "T")], ids=[*CALLS, "token_strip"])
def test_picture_of_each(draw, capsys):
    from matplotlib import pyplot

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = plots.picture(draw(), "What a reader sees.")
    assert result.png.startswith(b"\x89PNG\r\n\x1a\n")
    assert pyplot.get_fignums() == []
    assert capsys.readouterr() == ("Figure: What a reader sees.\n", "")


def test_every_public_function_is_tested_here():
    public = {name for name, thing in vars(plots).items() if callable(thing) and thing.__module__ == plots.__name__ and name[0] != "_"}
    assert public == {name.split()[0] for name in CALLS} | {"token_strip", "picture", "Picture"}


def test_picture_offers_its_words_to_tools():
    result = plots.picture(CALLS["lines"](), "Two lines that fall.")
    data, metadata = result._repr_mimebundle_()
    assert data == {"image/png": result.png, "text/plain": "Two lines that fall."}
    assert metadata == {"image/png": {"alt": "Two lines that fall."}}
    assert repr(result) == "Two lines that fall."


def test_a_notebook_shows_the_picture_and_its_words():
    from IPython.core.formatters import DisplayFormatter

    result = plots.picture(CALLS["bars"](), "Two bars.")
    data, metadata = DisplayFormatter().format(result)
    assert data["image/png"] == result.png and data["text/plain"] == "Two bars."
    assert metadata["image/png"] == {"alt": "Two bars."}


def test_same_picture_twice_is_the_same_file():
    first, second = (plots.picture(CALLS["grouped_bars"](), "x").png for _ in range(2))
    assert first == second


def test_token_strip_writes_each_token_as_it_is():
    axes = plots.token_strip(["Hello", "Ġ$wor$", "##ld", ""], "Four tokens")
    assert axes.get_title(loc="left") == "Four tokens"
    axes.figure.canvas.draw()
    assert [text.get_text() for text in axes.texts] == ["Hello", r"Ġ\$wor\$", "##ld", ""]
    assert len(axes.patches) == 4


def test_token_strip_of_nothing():
    assert plots.token_strip([], "No tokens").get_title(loc="left") == "No tokens"


def test_bars_keep_their_order_and_write_their_values():
    axes = plots.bars({"z": 1.234, "a": 2.0}, "t", "x", digits=1)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["z", "a"]
    assert [text.get_text() for text in axes.texts] == ["1.2", "2.0"]
    assert axes.yaxis_inverted()
    assert [bar.get_width() for bar in axes.patches] == [1.234, 2.0]


def test_grouped_bars_stand_side_by_side():
    axes = plots.grouped_bars({"one": {"a": 1, "b": 2}, "two": {"a": 3, "b": 4}}, "t", "x", "y")
    assert [bar.get_height() for bar in axes.patches] == [1, 2, 3, 4]
    assert [round(bar.get_x() + bar.get_width() / 2, 6) for bar in axes.patches] == [-0.2, 0.8, 0.2, 1.2]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two"]


def test_histograms_share_their_bins():
    axes = plots.histogram({"low": [0.0, 1.0], "high": [9.0, 10.0]}, "t", "x", "y", bins=5)
    edges = [{round(x, 6) for x in patch.get_xy()[:, 0]} for patch in axes.patches]
    assert edges[0] == edges[1] == {0, 2, 4, 6, 8, 10}


def test_series_differ_in_grey_too():
    axes = plots.lines({str(i): ([1, 2], [i, i]) for i in range(4)}, "t", "x", "y")
    assert len({line.get_linestyle() for line in axes.lines}) == 4
    axes = plots.grouped_bars({str(i): {"a": 1} for i in range(4)}, "t", "x", "y")
    assert len({bar.get_hatch() for bar in axes.patches}) == 4


def test_one_series_needs_no_legend():
    assert plots.lines({"one": ([1], [1])}, "t", "x", "y").get_legend() is None
    assert plots.histogram({"one": [1]}, "t", "x", "y").get_legend() is None


def test_grid_writes_its_values():
    axes = plots.grid([[1, 0.5], [0, 2]], ["a", "b"], ["c", "d"], "t")
    assert [text.get_text() for text in axes.texts] == ["1", "0.5", "0", "2"]
    assert {text.get_color() for text in axes.texts} == {"white", "black"}


def test_no_model_library_is_loaded(python):
    code = """
import sys
from course_utils import plots
plots.picture(plots.bars({"a": 1}, "t", "x"), "a bar")
print(sorted({"torch", "transformers", "datasets"} & set(sys.modules)))
"""
    assert python(code).stdout == "Figure: a bar\n[]\n"
