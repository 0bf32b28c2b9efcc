"""Arrays to pictures: each function draws on Axes and returns them. Never runs a model and never calls show().

Colours are those of Okabe and Ito, told apart by the colour-blind; hatches and line styles carry the same difference in grey.
`picture` turns finished Axes into a cell's result with a text for those who cannot see it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
HATCHES = ("", "//", "..", "xx", "\\\\", "++")
STYLES = ("-", "--", ":", "-.")


def bars(values: Mapping[str, float], title: str, xlabel: str, ylabel: str = "", digits: int = 2) -> "Axes":
    """Returns horizontal bars, one per name, largest value's digit count `digits` written at its end."""
    axes = _axes(height=0.7 + 0.36 * len(values))
    drawn = axes.barh(range(len(values)), list(values.values()), color=COLOURS[0])
    axes.set_yticks(range(len(values)), _plain(values))
    axes.bar_label(drawn, fmt=f"%.{digits}f", padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    return _label(axes, title, xlabel, ylabel)


def grouped_bars(groups: Mapping[str, Mapping[str, float]], title: str, xlabel: str, ylabel: str) -> "Axes":
    """Returns vertical bars; `groups` maps each series to its values by name, the same names in every series."""
    axes = _axes()
    names = list(next(iter(groups.values())))
    width = 0.8 / len(groups)
    for i, (series, values) in enumerate(groups.items()):
        places = [k + (i - (len(groups) - 1) / 2) * width for k in range(len(names))]
        axes.bar(places, [values[n] for n in names], width, label=series, color=COLOURS[i % 6], hatch=HATCHES[i % 6], edgecolor="white")
    axes.set_xticks(range(len(names)), _plain(names))
    axes.legend(frameon=False)
    return _label(axes, title, xlabel, ylabel)


def histogram(samples: Mapping[str, Sequence[float]], title: str, xlabel: str, ylabel: str, bins: int = 30) -> "Axes":
    """Returns one histogram per series over common bins."""
    import numpy

    axes = _axes()
    everything = [value for values in samples.values() for value in values]
    edges = numpy.histogram_bin_edges(everything, bins)
    for i, (series, values) in enumerate(samples.items()):
        colour, hatch = COLOURS[i % 6], HATCHES[i % 6]
        axes.hist(values, bins=edges, histtype="stepfilled", alpha=0.55, label=series, color=colour, hatch=hatch, edgecolor=colour)
    if len(samples) > 1:
        axes.legend(frameon=False)
    return _label(axes, title, xlabel, ylabel)


def lines(series: Mapping[str, tuple[Sequence[float], Sequence[float]]], title: str, xlabel: str, ylabel: str) -> "Axes":
    """Returns one line per series; each value is a pair (x values, y values)."""
    axes = _axes()
    for i, (name, (x, y)) in enumerate(series.items()):
        axes.plot(x, y, STYLES[i % 4], marker="o", markersize=4, label=name, color=COLOURS[i % 6])
    if len(series) > 1:
        axes.legend(frameon=False)
    return _label(axes, title, xlabel, ylabel)


def grid(
    values: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str], title: str, xlabel: str = "", ylabel: str = ""
) -> "Axes":
    """Returns a matrix of shape (rows, columns) as shaded cells with their values written in."""
    axes = _axes(height=1.2 + 0.42 * len(rows))
    top = max((max(row) for row in values), default=1) or 1
    axes.imshow(values, cmap="Blues", aspect="auto", vmin=0, vmax=top)
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            axes.text(j, i, f"{value:g}", ha="center", va="center", color="white" if value > 0.6 * top else "black")
    axes.set_xticks(range(len(columns)), _plain(columns))
    axes.set_yticks(range(len(rows)), _plain(rows))
    return _label(axes, title, xlabel, ylabel)


def token_strip(tokens: Sequence[str], title: str) -> "Axes":
    """Returns the tokens of one text as boxes side by side, shades alternating, in reading order."""
    axes = _axes(width=min(12, 1 + 0.14 * sum(len(t) + 2 for t in tokens)), height=1.1)
    left = 0.0
    for i, token in enumerate(tokens):
        width = len(token) + 1.2
        axes.barh(0, width, left=left, height=1, color=("#CFE8F7", "#FBE3B5")[i % 2], edgecolor="#444444")
        axes.text(left + width / 2, 0, *_plain([token]), ha="center", va="center", family="monospace")
        left += width
    axes.set_xlim(0, max(left, 1))
    axes.set_axis_off()
    axes.set_title(title, loc="left")
    return axes


class Picture:
    """A finished figure as the result of a cell: a PNG, and its alternative text for readers and tools that want words."""

    def __init__(self, png: bytes, alt: str) -> None:
        self.png, self.alt = png, alt

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}

    def __repr__(self) -> str:
        return self.alt


def picture(axes: "Axes", alt: str) -> Picture:
    """Returns the figure of these Axes as a cell's result, and prints its alternative text as the caption.

    `alt` says in one or two sentences what a reader should see; put measured numbers into it with an f-string.
    """
    import io

    from matplotlib import pyplot

    buffer = io.BytesIO()
    axes.figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    pyplot.close(axes.figure)
    print(f"Figure: {alt}")
    return Picture(buffer.getvalue(), alt)


def _plain(names: Iterable[object]) -> list[str]:
    """Returns names as matplotlib shows them letter by letter: two dollars in a token begin no formula."""
    return [str(name).replace("$", r"\$") for name in names]


def _axes(width: float = 7.0, height: float = 3.4) -> "Axes":
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height))[1]


def _label(axes: "Axes", title: str, xlabel: str, ylabel: str) -> "Axes":
    axes.set_title(title, loc="left")
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.spines[["top", "right"]].set_visible(False)
    return axes
