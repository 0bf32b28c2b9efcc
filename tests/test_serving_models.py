"""The checkpoints behind the app: the same answers in a batch as alone, and as from the libraries' own calls."""

import json

import pytest
import torch

from course_utils import checkpoint, dataset
from course_utils.errors import CourseError
from course_utils.serving.load import Load, _summary
from course_utils.serving.models import Classifier, Encoder, Order, TooLong, Writer, _Draw, _parts

ROOM = 60


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """Returns the course's classifier."""
    return Classifier(checkpoint("sentiment"))


@pytest.fixture(scope="module")
def writer() -> Writer:
    """Returns the course's writer with room for so many tokens."""
    return Writer(checkpoint("story-writer"), max_new_tokens=ROOM)


def text(order: Order) -> str:
    return "".join(order.pieces)


def test_texts_get_the_same_answers_together_as_alone_and_as_from_the_pipeline(classifier):
    from transformers import pipeline

    texts = [*dataset("rated-sentences")["test"]["text"][:12], "So.", "Good " * 400]
    rows = [classifier.encode(text) for text in texts]
    together = classifier.classify(rows)
    alone = [classifier.classify([row])[0] for row in rows]
    theirs = pipeline("text-classification", model=classifier.model, tokenizer=classifier.tokenizer, top_k=None)
    for text_, one, other in zip(texts, together, alone, strict=True):
        assert one == pytest.approx(other, abs=1e-4)
        assert one == pytest.approx({row["label"]: row["score"] for row in theirs([text_])[0]}, abs=1e-4)
    assert max(together[0], key=together[0].get) in {"POSITIVE", "NEGATIVE"}


def test_what_is_too_long_is_counted_and_not_cut(classifier, writer):
    assert len(classifier.encode("good " * 510)) == 512
    for engine, words, found, expected in ((classifier, "good " * 511, 513, 512), (writer, "Vera had a " * 66, None, 256 - ROOM)):
        with pytest.raises(TooLong) as refused:
            engine.encode(words)
        assert refused.value.expected == expected
        assert found in (None, refused.value.found)


def test_rows_of_like_length_go_together_and_each_goes_once():
    lengths = [3, 400, 5, 4, 512, 30, 30, 30, 7] * 4
    parts = _parts(lengths)
    assert sorted(i for part in parts for i in part) == list(range(len(lengths)))
    assert all(len(part) * max(lengths[i] for i in part) <= 512 for part in parts)
    padded = sum(len(part) * max(lengths[i] for i in part) for part in parts)
    assert padded < 1.2 * sum(lengths)
    assert len(parts) < len(lengths) / 2


def test_greedy_texts_are_those_of_generate(writer):
    prompts = ["Vera had a", "The baker", "Leo was tired in the evening. He wanted a", "Ben"]
    orders = writer.write([Order(writer.encode(prompt), size) for prompt, size in zip(prompts, (40, 5, 60, 1), strict=True)])
    for order in orders:
        ids = torch.tensor([order.ids])
        made = writer.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=order.max_new_tokens, pad_token_id=0)
        new = made[0, ids.shape[1] :]
        assert text(order) == writer.tokenizer.decode(new, skip_special_tokens=True)
        assert order.tokens == len(new)
        assert order.finish == ("stop" if new[-1] == writer.tokenizer.eos_token_id else "length")
    assert {order.finish for order in orders} == {"stop", "length"}


def test_a_seed_gives_the_same_text_in_any_company(writer):
    def order(seed: int, prompt: str = "Vera had a", temperature: float = 1.0) -> Order:
        return Order(writer.encode(prompt), 30, temperature, seed)

    alone = text(writer.write([order(3)])[0])
    company = [order(7, "The old baker worked"), order(3), order(3, temperature=0.0), order(4), order(3)]
    texts = [text(one) for one in writer.write(company)]
    assert texts[1] == texts[4] == alone
    assert len({texts[1], texts[2], texts[3]}) == 3


def test_draws_follow_the_probabilities():
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0])
    for temperature in (0.5, 1.0, 2.0):
        draw = _Draw([Order([], 1, temperature, seed) for seed in range(2000)])
        chosen = draw(None, logits.repeat(2000, 1)).argmax(dim=-1)
        shares = torch.bincount(chosen, minlength=4) / 2000
        assert torch.allclose(shares, (logits / temperature).softmax(dim=-1), atol=0.04)


def test_pieces_are_told_one_by_one_and_are_whole_letters(writer):
    told: list[str] = []
    order = Order(writer.encode("Vera had a"), 12, tell=told.append)
    writer.write([order])
    assert told == order.pieces
    assert 6 < len(told) <= 12
    assert "\ufffd" not in text(order)


def test_an_order_that_is_given_up_stops_the_writing(writer):
    steps = []

    def tell(piece: str) -> None:
        steps.append(piece)
        order.given_up = len(steps) == 3

    order = Order(writer.encode("Vera had a"), ROOM, tell=tell)
    writer.write([order])
    assert len(steps) == 3


def test_nothing_but_safetensors_is_loaded(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}), encoding="utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"whatever")
    for load in (Classifier, lambda folder: Writer(folder, 10)):
        with pytest.raises(CourseError, match=r"Found config\.json, pytorch_model\.bin in .* Expected weights in a \.safetensors file"):
            load(str(tmp_path))


def test_a_report_of_locust_is_read_as_it_is_meant():
    row = {"response_times": {"10": 90, "200": 9, "3000": 1}, "num_failures": 5}
    assert _summary(row, 2.0) == Load(answers=95, failures=5, throughput=47.5, p50=10.0, p95=200.0, p99=200.0)
    assert _summary(row | {"response_times": {"7": 1}, "num_failures": 0}, 0.5).p99 == 7.0


def test_vectors_are_those_of_sentence_transformers():
    from sentence_transformers import SentenceTransformer

    texts = ["A cold soup.", "The soup was cold, and so was the waiter.", "I would take this course again tomorrow."]
    encoder = Encoder(checkpoint("english-encoder"))
    vectors = torch.tensor(encoder.embed([encoder.encode(text) for text in texts]))
    theirs = SentenceTransformer(checkpoint("english-encoder"), device="cpu").encode(texts, convert_to_tensor=True)
    assert torch.allclose(torch.nn.functional.normalize(vectors, dim=-1), theirs, atol=1e-5)
    with pytest.raises(TooLong):
        encoder.encode("good " * 511)


def test_a_chat_is_written_as_by_generate_with_the_template():
    chat = Writer(checkpoint("chat"), max_new_tokens=ROOM)
    messages = [{"role": "user", "content": "Say in French: the big green boat"}]
    order = chat.write([Order(chat.encode_chat(messages), 20)])[0]
    inputs = chat.tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt")
    made = chat.model.generate(**inputs, do_sample=False, max_new_tokens=20)[0, inputs["input_ids"].shape[1] :]
    assert text(order) == chat.tokenizer.decode(made, skip_special_tokens=True)
    assert order.finish == "stop"
    with pytest.raises(TooLong):
        chat.encode_chat(messages * 30)
