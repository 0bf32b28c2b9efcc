"""ROUGE: overlap with a reference summary, mean F-measure of Google's `rouge_score`, offered through `evaluate`.

Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004).
"""

import datasets
import evaluate
from rouge_score import rouge_scorer


class Rouge(evaluate.Metric):
    """predictions and references: strings. `rouge_types` chooses among rouge1, rouge2, rougeL, rougeLsum."""

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features({"predictions": datasets.Value("string"), "references": datasets.Value("string")})
        return evaluate.MetricInfo(description=__doc__, citation="", inputs_description=self.__doc__, features=features)

    def _compute(self, predictions, references, rouge_types=("rouge1", "rouge2", "rougeL", "rougeLsum"), use_stemmer=False):
        scorer = rouge_scorer.RougeScorer(list(rouge_types), use_stemmer=use_stemmer)
        scores = [scorer.score(reference, prediction) for prediction, reference in zip(predictions, references, strict=True)]
        return {kind: sum(score[kind].fmeasure for score in scores) / len(scores) for kind in rouge_types}
