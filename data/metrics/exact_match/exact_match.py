"""Share of strings that equal their reference, letter by letter, after what the options remove."""

import datasets
import evaluate


class ExactMatch(evaluate.Metric):
    """predictions and references: strings. `ignore_case` and `ignore_punctuation` (ASCII) loosen the comparison."""

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features({"predictions": datasets.Value("string"), "references": datasets.Value("string")})
        return evaluate.MetricInfo(description=__doc__, citation="", inputs_description=self.__doc__, features=features)

    def _compute(self, predictions, references, ignore_case=False, ignore_punctuation=False):
        hits = [
            plain(prediction, ignore_case, ignore_punctuation) == plain(reference, ignore_case, ignore_punctuation)
            for prediction, reference in zip(predictions, references, strict=True)
        ]
        return {"exact_match": sum(hits) / len(hits)}


def plain(text: str, ignore_case: bool, ignore_punctuation: bool) -> str:
    """Returns the text without what is ignored."""
    text = text.lower() if ignore_case else text
    return "".join(c for c in text if not 33 <= ord(c) < 127 or c.isalnum()) if ignore_punctuation else text
