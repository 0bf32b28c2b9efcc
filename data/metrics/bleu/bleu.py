"""BLEU of a corpus of translations, from 0 to 100: `sacrebleu`, offered through `evaluate`.

Sources: Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation" (2002); Post, "A Call for Clarity in
Reporting BLEU Scores" (2018).
"""

import datasets
import evaluate
import sacrebleu


class Bleu(evaluate.Metric):
    """predictions: strings; references: for each, a list of strings, equally many. Returns bleu, precisions, brevity_penalty."""

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features({"predictions": datasets.Value("string"), "references": datasets.Sequence(datasets.Value("string"))})
        return evaluate.MetricInfo(description=__doc__, citation="", inputs_description=self.__doc__, features=features)

    def _compute(self, predictions, references, lowercase=False, tokenize=None):
        streams = [list(stream) for stream in zip(*references, strict=True)]
        result = sacrebleu.corpus_bleu(predictions, streams, lowercase=lowercase, tokenize=tokenize)
        return {"bleu": result.score, "precisions": result.precisions, "brevity_penalty": result.bp}
