"""The metrics against references of their own: scikit-learn, sacrebleu and rouge_score called directly, and arithmetic by hand."""

import math
import os
import random
import socket
import string

import numpy
import pytest

from course_utils import catalog, metrics
from course_utils.errors import DamagedFile, UnknownName

NAMES = [e.name for e in catalog.entries().values() if e.kind == "metric"]
WORDS = ["the", "a", "cat", "dog", "sat", "ran", "on", "under", "mat", "and", "it", "was", "red", "running", "jumped,", "quickly."]


def _classes(seed: int, classes: int, count: int = 200) -> tuple[list[int], list[int]]:
    numbers = numpy.random.default_rng(seed)
    return numbers.integers(0, classes, count).tolist(), numbers.integers(0, classes, count).tolist()


def _sentences(seed: int, count: int = 30) -> tuple[list[str], list[str]]:
    chance = random.Random(seed)
    references = [" ".join(chance.choices(WORDS, k=chance.randint(4, 15))) for _ in range(count)]
    predictions = [" ".join(w for w in r.split() if chance.random() < 0.8) or "nothing" for r in references]
    return predictions, references


@pytest.fixture
def no_network(monkeypatch):
    """Fails a test that opens a connection or looks up a name."""

    def refuse(*arguments, **settings):
        raise AssertionError(f"the network was used: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("name", NAMES)
def test_loads_without_network(no_network, name):
    metric = metrics.load(name)
    assert metric.description and metric.inputs_description
    assert hasattr(metric, "compute")


@pytest.mark.parametrize(("name", "guess"), [("acuracy", "accuracy"), ("rogue", "rouge"), ("F1", None), ("zzzz", None)])
def test_unknown_name(name, guess):
    with pytest.raises(UnknownName) as caught:
        metrics.load(name)
    assert (f"Did you mean {guess!r}?" in str(caught.value)) == (guess is not None)


def test_tampered_script_is_not_run(own_data):
    path = own_data / "metrics" / "accuracy" / "accuracy.py"
    path.write_text(path.read_text() + "\nraise SystemExit\n")
    with pytest.raises(DamagedFile):
        metrics.load("accuracy")


@pytest.mark.parametrize("seed", range(3))
def test_accuracy_by_hand(seed):
    predictions, references = _classes(seed, 3)
    right = sum(p == r for p, r in zip(predictions, references, strict=True))
    metric = metrics.load("accuracy")
    assert metric.compute(predictions=predictions, references=references)["accuracy"] == pytest.approx(right / 200)
    assert metric.compute(predictions=predictions, references=references, normalize=False) == {"accuracy": right}


def _by_hand(predictions: list[int], references: list[int], label: int) -> dict[str, float]:
    pairs = list(zip(predictions, references, strict=True))
    hits = sum(p == r == label for p, r in pairs)
    precision, recall = hits / max(1, predictions.count(label)), hits / max(1, references.count(label))
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / ((precision + recall) or 1)}


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
@pytest.mark.parametrize("seed", range(3))
def test_binary_scores_by_hand(name, seed):
    predictions, references = _classes(seed, 2)
    metric = metrics.load(name)
    expected = _by_hand(predictions, references, 1)[name]
    assert metric.compute(predictions=predictions, references=references) == {name: pytest.approx(expected)}
    other = metric.compute(predictions=predictions, references=references, pos_label=0)
    assert other == {name: pytest.approx(_by_hand(predictions, references, 0)[name])}


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_averages_by_hand(name):
    predictions, references = _classes(11, 4)
    each = [_by_hand(predictions, references, label)[name] for label in range(4)]
    weights = [references.count(label) / len(references) for label in range(4)]
    expected = {
        "macro": sum(each) / 4,
        "weighted": sum(w * score for w, score in zip(weights, each, strict=True)),
        "micro": sum(p == r for p, r in zip(predictions, references, strict=True)) / len(references),
    }
    metric = metrics.load(name)
    for average, value in expected.items():
        assert metric.compute(predictions=predictions, references=references, average=average) == {name: pytest.approx(value)}
    assert metric.compute(predictions=predictions, references=references, average=None)[name] == pytest.approx(each)


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
def test_averages_against_scikit_learn(name, average):
    import sklearn.metrics

    predictions, references = _classes(5, 5)
    settings = {"average": average, "labels": [0, 2, 4], "zero_division": 0}
    expected = getattr(sklearn.metrics, f"{name}_score")(references, predictions, **settings)
    found = metrics.load(name).compute(predictions=predictions, references=references, **settings)
    assert found[name] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_mse_against_numpy(seed):
    predictions, references = numpy.random.default_rng(seed).normal(size=(2, 50))
    metric = metrics.load("mse")
    expected = numpy.mean((predictions - references) ** 2)
    assert metric.compute(predictions=predictions, references=references) == {"mse": pytest.approx(expected)}
    assert metric.compute(predictions=predictions, references=references, squared=False) == {"mse": pytest.approx(expected**0.5)}


@pytest.mark.parametrize("seed", range(3))
def test_bleu_against_sacrebleu(seed):
    from sacrebleu.metrics import BLEU

    predictions, references = _sentences(seed)
    _, others = _sentences(seed + 100)
    expected = BLEU().corpus_score(predictions, [references, others])
    found = metrics.load("bleu").compute(predictions=predictions, references=[list(pair) for pair in zip(references, others, strict=True)])
    assert found["bleu"] == pytest.approx(expected.score)
    assert found["precisions"] == pytest.approx(expected.precisions)
    assert found["brevity_penalty"] == pytest.approx(expected.bp)


def test_bleu_of_a_perfect_and_of_a_lower_case_translation():
    metric = metrics.load("bleu")
    sentence = "The cat sat on the mat today"
    assert metric.compute(predictions=[sentence], references=[[sentence]])["bleu"] == pytest.approx(100)
    assert metric.compute(predictions=[sentence.lower()], references=[[sentence]], lowercase=True)["bleu"] == pytest.approx(100)
    assert metric.compute(predictions=[sentence.lower()], references=[[sentence]])["bleu"] < 100


@pytest.mark.parametrize("stemmer", [False, True])
def test_rouge_against_rouge_score(stemmer):
    from rouge_score.rouge_scorer import RougeScorer

    kinds = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    predictions, references = _sentences(3)
    scorer = RougeScorer(kinds, use_stemmer=stemmer)
    scores = [scorer.score(r, p) for p, r in zip(predictions, references, strict=True)]
    found = metrics.load("rouge").compute(predictions=predictions, references=references, use_stemmer=stemmer)
    assert found == {kind: pytest.approx(numpy.mean([score[kind].fmeasure for score in scores])) for kind in kinds}


def test_rouge_1_by_hand():
    found = metrics.load("rouge").compute(predictions=["a b c d"], references=["a b x"], rouge_types=["rouge1"])
    assert found == {"rouge1": pytest.approx(2 * (2 / 4) * (2 / 3) / (2 / 4 + 2 / 3))}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, 1 / 4),
        ({"ignore_case": True}, 2 / 4),
        ({"ignore_punctuation": True}, 2 / 4),
        ({"ignore_case": True, "ignore_punctuation": True}, 1),
    ],
)
def test_exact_match_by_hand(settings, expected):
    predictions, references = ["Paris", "paris", "Paris!", "p-aris."], ["Paris", "Paris", "Paris", "Paris"]
    assert metrics.load("exact_match").compute(predictions=predictions, references=references, **settings) == {"exact_match": expected}


def test_exact_match_removes_ascii_punctuation_and_nothing_else():
    text = f"a{string.punctuation}1 é—😀"
    found = metrics.load("exact_match").compute(predictions=[text], references=["a1 é—😀"], ignore_punctuation=True)
    assert found == {"exact_match": 1}


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    """Returns the folder of a random GPT-2 of a few thousand parameters, with a tokenizer of the course."""
    import torch
    from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(catalog.checkpoint("tokenizer-bpe"))
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=16, n_embd=16, n_layer=1, n_head=2, initializer_range=0.5)
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _perplexity(folder, text: str, start: bool, limit: int) -> float:
    import torch
    from transformers import AutoTokenizer, GPT2LMHeadModel

    model, tokenizer = GPT2LMHeadModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    ids = ([tokenizer.bos_token_id] if start else []) + tokenizer.encode(text, add_special_tokens=False)
    ids = ids[:limit]
    with torch.no_grad():
        logs = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), dim=-1)
    negative = [-logs[i, after].item() for i, after in enumerate(ids[1:])]
    return math.exp(sum(negative) / len(negative))


@pytest.mark.parametrize(("start", "limit"), [(False, None), (True, None), (False, 4)])
def test_perplexity_by_hand(tiny_model, start, limit):
    texts = ["The module returns a string.", "Nothing", " ".join(["a very long text that must be cut"] * 5)]
    texts = [text for text in texts if start or text != "Nothing"]
    found = metrics.load("perplexity").compute(predictions=texts, model_id=str(tiny_model), add_start_token=start, max_length=limit)
    expected = [_perplexity(tiny_model, text, start, limit or 16) for text in texts]
    assert found["perplexities"] == pytest.approx(expected, rel=1e-4)
    assert found["mean_perplexity"] == pytest.approx(sum(expected) / len(expected), rel=1e-4)


def test_perplexity_of_one_token_asks_for_more(tiny_model):
    with pytest.raises(ValueError, match=r"needs at least two tokens and 'a' has 1\. Pass add_start_token=True"):
        metrics.load("perplexity").compute(predictions=["a"], model_id=str(tiny_model))


def test_combine():
    import evaluate

    predictions, references = _classes(1, 2)
    together = evaluate.combine([metrics.load(name) for name in ("accuracy", "f1", "precision", "recall")])
    expected = {"accuracy": metrics.load("accuracy").compute(predictions=predictions, references=references)["accuracy"]}
    expected |= _by_hand(predictions, references, 1)
    assert together.compute(predictions=predictions, references=references) == pytest.approx(expected)


def test_add_batch_and_add_equal_compute():
    predictions, references = _classes(2, 2, 50)
    whole = metrics.load("f1").compute(predictions=predictions, references=references)
    batches, singly = metrics.load("f1"), metrics.load("f1")
    for i in range(0, 50, 20):
        batches.add_batch(predictions=predictions[i : i + 20], references=references[i : i + 20])
    for prediction, reference in zip(predictions, references, strict=True):
        singly.add(prediction=prediction, reference=reference)
    assert batches.compute() == singly.compute() == whole


def test_predictions_and_references_of_unequal_number_are_refused():
    with pytest.raises(ValueError):
        metrics.load("accuracy").compute(predictions=[1, 0, 1], references=[1, 0])


AT_ONCE = """
import os
import evaluate
from course_utils import metrics
child = os.fork()
print(metrics.load("exact_match").compute(predictions=["a"], references=["a"]), flush=True)
if child:
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system starts processes in another way")
def test_two_processes_load_at_once(python, tmp_path):
    done = python(AT_ONCE, HF_HOME=str(tmp_path))
    assert done.stdout == "{'exact_match': 1.0}\n" * 2 + "0\n", done.stderr
