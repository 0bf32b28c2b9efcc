"""Metrics of the library `evaluate`, loaded from the scripts under data/metrics. Computes nothing itself."""

from typing import TYPE_CHECKING

from course_utils import catalog

if TYPE_CHECKING:
    from evaluate import EvaluationModule


def load(name: str) -> "EvaluationModule":
    """Returns the metric of that name, to be used as what `evaluate.load(name)` returns; `bleu` is what the Hub calls `sacrebleu`.

    `load("f1").compute(predictions=[1, 0], references=[1, 1])` gives `{"f1": 0.667}`. Raises UnknownName for a name that
    `course list` does not show.
    """
    import evaluate

    return evaluate.load(str(catalog.metric_folder(name) / f"{name}.py"))
