"""Perplexity of texts under a causal language model: the exponential of the mean negative log-likelihood a token.

The score is torch's cross-entropy over the logits of a transformers model, text by text, offered through `evaluate`.
"""

import datasets
import evaluate
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


class Perplexity(evaluate.Metric):
    """predictions: texts of at least two tokens; `model_id`: a folder or Hub id. Returns perplexities and mean_perplexity."""

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features({"predictions": datasets.Value("string")})
        return evaluate.MetricInfo(description=__doc__, citation="", inputs_description=self.__doc__, features=features)

    def _compute(self, predictions, model_id, add_start_token=False, max_length=None):
        tokenizer = AutoTokenizer.from_pretrained(model_id)
        model = AutoModelForCausalLM.from_pretrained(model_id, dtype=torch.float32).eval()
        limit = max_length or getattr(model.config, "max_position_embeddings", None)
        scores = [perplexity(text, model, tokenizer, add_start_token, limit) for text in predictions]
        return {"perplexities": scores, "mean_perplexity": sum(scores) / len(scores)}


@torch.no_grad()
def perplexity(text: str, model, tokenizer, add_start_token: bool, limit: int | None) -> float:
    """Returns the perplexity of one text; tokens beyond `limit` are left out."""
    start = [tokenizer.bos_token_id] if add_start_token else []
    ids = torch.tensor([(start + tokenizer(text, add_special_tokens=False)["input_ids"])[:limit]])
    if ids.shape[1] < 2:
        raise ValueError(
            f"Perplexity needs at least two tokens and {text!r} has {ids.shape[1]}. Pass add_start_token=True or a longer text."
        )
    loss = torch.nn.functional.cross_entropy(model(ids).logits[0, :-1], ids[0, 1:])
    return float(loss.exp())
