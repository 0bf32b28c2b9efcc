"""Checkpoints behind the app: a classifier, an encoder and a writer, each with a call for many requests at a time.

Loads safetensors and nothing else. Knows nothing of HTTP, of queues or of who asks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils.errors import CourseError

# So many tokens, padding included, go through the classifier at once: beyond it, on a CPU, larger batches gain nothing.
_TOKENS = 512
_NOTHING_COLDER = 1e-3


class TooLong(ValueError):
    """A text has more tokens than the model can read."""

    def __init__(self, found: int, expected: int) -> None:
        super().__init__(f"found {found} tokens, expected at most {expected}")
        self.found, self.expected = found, expected


class Classifier:
    """A checkpoint for `text-classification` from a folder; texts in, probabilities of labels out."""

    def __init__(self, folder: str) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        require_safetensors(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model = AutoModelForSequenceClassification.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
        ).eval()
        self.window = min(self.tokenizer.model_max_length, self.model.config.max_position_embeddings)

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text; raises TooLong."""
        return _fitting(self.tokenizer(text, verbose=False)["input_ids"], self.window)

    def classify(self, rows: Sequence[list[int]]) -> list[dict[str, float]]:
        """Returns the probability of each label for each row of ids, in their order.

        Rows of like length go through the model together, so that little of the work is spent on padding.
        """
        import torch

        answers: dict[int, dict[str, float]] = {}
        for part in _parts([len(row) for row in rows]):
            inputs = self.tokenizer.pad({"input_ids": [rows[i] for i in part]}, return_tensors="pt", verbose=False)
            with torch.inference_mode():
                shares = self.model(**inputs).logits.softmax(dim=-1).tolist()
            for i, row in zip(part, shares, strict=True):
                answers[i] = {self.model.config.id2label[k]: share for k, share in enumerate(row)}
        return [answers[i] for i in range(len(rows))]


class Encoder:
    """A checkpoint for `feature-extraction` from a folder; texts in, one vector a text out: the mean over its tokens."""

    def __init__(self, folder: str) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer

        require_safetensors(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model = AutoModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, local_files_only=True).eval()
        self.window = min(self.tokenizer.model_max_length, self.model.config.max_position_embeddings)

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text; raises TooLong."""
        return _fitting(self.tokenizer(text, verbose=False)["input_ids"], self.window)

    def embed(self, rows: Sequence[list[int]]) -> list[list[float]]:
        """Returns the vector of each row of ids, in their order; rows of like length go through the model together."""
        import torch

        answers: dict[int, list[float]] = {}
        for part in _parts([len(row) for row in rows]):
            inputs = self.tokenizer.pad({"input_ids": [rows[i] for i in part]}, return_tensors="pt", verbose=False)
            with torch.inference_mode():
                states = self.model(**inputs).last_hidden_state
            mask = inputs["attention_mask"][..., None]
            means = (states * mask).sum(dim=1) / mask.sum(dim=1)
            answers |= dict(zip(part, means.tolist(), strict=True))
        return [answers[i] for i in range(len(rows))]


@dataclass
class Order:
    """One text to be written: its prompt as ids, its wishes, who is told of each piece, and whether anybody still waits."""

    ids: list[int]
    max_new_tokens: int
    temperature: float = 0.0
    seed: int = 0
    tell: Callable[[str], None] = lambda piece: None
    given_up: bool = False
    pieces: list[str] = field(default_factory=list)
    tokens: int = 0
    finish: str = ""

    @property
    def over(self) -> bool:
        """True when nothing more is to be written."""
        return self.given_up or bool(self.finish)


class Writer:
    """A decoder for `text-generation` from a folder; several texts grow side by side, one token of each a step."""

    def __init__(self, folder: str, max_new_tokens: int) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        require_safetensors(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left", local_files_only=True)
        self.tokenizer.pad_token = self.tokenizer.pad_token or self.tokenizer.eos_token
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, local_files_only=True).eval()
        self.window = self.model.config.max_position_embeddings - max_new_tokens
        if self.window < 2:
            raise CourseError(
                f"This model has {self.window + max_new_tokens} places; max_new_tokens={max_new_tokens} leaves no prompt any."
            )

    def encode(self, prompt: str) -> list[int]:
        """Returns the ids of a prompt behind the mark that begins a text; raises TooLong."""
        return _fitting([self.tokenizer.bos_token_id, *self.tokenizer(prompt, verbose=False)["input_ids"]], self.window)

    def encode_chat(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """Returns the ids of a chat as the checkpoint's template writes it, up to where its answer begins; raises TooLong."""
        return _fitting(self.tokenizer.apply_chat_template(list(messages), add_generation_prompt=True)["input_ids"], self.window)

    def write(self, orders: Sequence[Order]) -> list[Order]:
        """Writes all orders in one call of `generate()` and returns them.

        Each draws from a seed of its own, so an order gets the same text in any company as alone.
        """
        import torch

        inputs = self.tokenizer.pad({"input_ids": [order.ids for order in orders]}, return_tensors="pt", verbose=False)
        desk = _Desk(orders, self.tokenizer.backend_tokenizer, self.model.config.eos_token_id)
        with torch.inference_mode():
            self.model.generate(
                **inputs,
                do_sample=False,
                max_new_tokens=max(order.max_new_tokens for order in orders),
                pad_token_id=self.tokenizer.pad_token_id,
                logits_processor=[_Draw(orders)],
                stopping_criteria=[desk.over],
                streamer=desk,
            )
        return list(orders)


class _Draw:
    """Adds Gumbel noise to the logits of each warm row: the largest sum is then a draw from the softmax, one generator a row."""

    def __init__(self, orders: Sequence[Order]) -> None:
        import torch

        self.orders = orders
        self.generators = [torch.Generator().manual_seed(order.seed) for order in orders]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        for i, order in enumerate(self.orders):
            if order.temperature > _NOTHING_COLDER:
                noise = -torch.empty_like(scores[i]).exponential_(generator=self.generators[i]).log()
                scores[i] = scores[i] / order.temperature + noise
        return scores


class _Desk:
    """Receives the tokens of all rows from `generate()`, hands each order its pieces, and says which rows are over."""

    def __init__(self, orders: Sequence[Order], tokenizer: Any, end: int) -> None:
        from tokenizers.decoders import DecodeStream

        self.orders, self.tokenizer, self.end_token = orders, tokenizer, end
        self.decoders = [DecodeStream(skip_special_tokens=True) for _ in orders]
        self.prompts_seen = False

    def put(self, value: Any) -> None:
        """Takes the prompts, which are passed over, then one token a row."""
        if not self.prompts_seen:
            self.prompts_seen = True
            return
        for order, decoder, token in zip(self.orders, self.decoders, value.tolist(), strict=True):
            if not order.over:
                self._hand(order, decoder.step(self.tokenizer, token), token)

    def end(self) -> None:
        """Nothing is held back to the end."""

    def over(self, input_ids: Any, scores: Any) -> Any:
        """Returns for each row whether it is over, as a tensor."""
        import torch

        return torch.tensor([order.over for order in self.orders], device=input_ids.device)

    def _hand(self, order: Order, piece: str | None, token: int) -> None:
        order.tokens += 1
        if piece:
            order.pieces.append(piece)
            order.tell(piece)
        if token == self.end_token:
            order.finish = "stop"
        elif order.tokens == order.max_new_tokens:
            order.finish = "length"


def require_safetensors(folder: str) -> None:
    """Raises CourseError unless the folder holds weights as safetensors; files of other kinds could run code when opened."""
    if not any(Path(folder).glob("*.safetensors")):
        found = ", ".join(sorted(path.name for path in Path(folder).glob("*"))) or "nothing"
        raise CourseError(f"Found {found} in {folder}. Expected weights in a .safetensors file; no other kind is loaded.")


def _fitting(ids: list[int], window: int) -> list[int]:
    if len(ids) > window:
        raise TooLong(len(ids), window)
    return ids


def _parts(lengths: Sequence[int]) -> list[list[int]]:
    """Returns the places of the rows in groups of like length whose padded size stays within _TOKENS."""
    parts: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not parts or (len(parts[-1]) + 1) * lengths[i] > _TOKENS:
            parts.append([])
        parts[-1].append(i)
    return parts
