"""Models without weights for the tests of the server, quick to load; run as a script, a server of them.

The classifier answers from the letters of a text alone, so that every answer can be checked; the writer repeats its prompt's words.
"""

import sys
import time
from collections.abc import Sequence

from course_utils.serving.models import Order, TooLong


class StubClassifier:
    """Takes `seconds` for a call, however many share it; fails at a text with the word `poison`."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds, self.sizes = seconds, []

    def encode(self, text: str) -> list[int]:
        if len(text.split()) > 50:
            raise TooLong(len(text.split()), 50)
        return [ord(letter) for letter in text]

    def classify(self, rows: Sequence[list[int]]) -> list[dict[str, float]]:
        self.sizes.append(len(rows))
        time.sleep(self.seconds)
        if any("poison" in "".join(map(chr, row)) for row in rows):
            raise ValueError("poison")
        return [scores(row) for row in rows]


def scores(row: Sequence[int]) -> dict[str, float]:
    """Returns what the classifier says of these letters."""
    share = (sum(i * value for i, value in enumerate(row, start=1)) % 1000) / 1000
    return {"NEGATIVE": 1 - share, "POSITIVE": share}


class StubWriter:
    """Writes its prompt's words over and over, one every `seconds`."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds, self.steps = seconds, 0

    def encode(self, prompt: str) -> list[str]:
        if len(prompt.split()) > 50:
            raise TooLong(len(prompt.split()), 50)
        return prompt.split()

    def encode_chat(self, messages: Sequence[dict[str, str]]) -> list[str]:
        return self.encode(" ".join(message["content"] for message in messages))

    def write(self, orders: Sequence[Order]) -> list[Order]:
        while not all(order.over for order in orders):
            self.steps += 1
            time.sleep(self.seconds)
            for order in orders:
                if order.over:
                    continue
                if "poison" in order.ids and order.tokens == 2:
                    raise ValueError("poison")
                piece = f" {order.ids[order.tokens % len(order.ids)]}"
                order.tokens += 1
                order.pieces.append(piece)
                order.tell(piece)
                if order.tokens == order.max_new_tokens:
                    order.finish = "length"
        return list(orders)


class StubEncoder:
    """Gives each text the vector (its letters, its words, 1)."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def encode(self, text: str) -> list[str]:
        if len(text.split()) > 50:
            raise TooLong(len(text.split()), 50)
        return [text]

    def embed(self, rows: Sequence[list[str]]) -> list[list[float]]:
        self.sizes.append(len(rows))
        return [[float(len(text)), float(len(text.split())), 1.0] for (text,) in rows]


def main() -> None:
    """Serves the stubs; arguments are `--port PORT` and, before it, `name=value` for settings and `load=seconds`."""
    from course_utils.serving import Settings, create_app, serve

    given = dict(pair.split("=") for pair in sys.argv[1:] if "=" in pair)
    pause, seconds = float(given.pop("load", 0)), float(given.pop("call", 0.01))

    def classifier() -> StubClassifier:
        time.sleep(abs(pause))
        if pause < 0:
            raise OSError("the weights are gone")
        return StubClassifier(seconds)

    settings = Settings.from_environment(port=int(sys.argv[-1]), **{name: type(getattr(Settings(), name))(v) for name, v in given.items()})
    serve(settings, create_app(settings, classifier, lambda: StubWriter(seconds)))


if __name__ == "__main__":
    main()
