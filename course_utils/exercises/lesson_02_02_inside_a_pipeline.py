"""The exercises of `02_pipelines/02_inside_a_pipeline`: post-processing, counting parameters, choosing a model."""

import copy
import functools
import itertools
import math
import random

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 60.0  # seconds: the first check of a process may have to import torch, and an import must not be cut short

_LOGIT_CASES = (
    ([0.0, 2.0], {0: "no", 1: "yes"}),
    ([1.5, -0.5, 0.25], {0: "red", 1: "green", 2: "blue"}),
    ([-3.0, -1.0, -2.0, -1.5], {0: "d", 1: "a", 2: "c", 3: "b"}),
    ([4.0], {0: "only"}),
    ([1000.0, 998.0], {0: "large", 1: "smaller"}),
)


def _verify_answers(answer):
    for logits, names in _LOGIT_CASES:
        result = call(answer, list(logits), dict(names))
        where = f"For the logits {logits} and {names}"
        sound = isinstance(result, list) and all(isinstance(each, dict) and set(each) == {"label", "score"} for each in result)
        expect(sound, f'{where}, return a list of dictionaries with the keys "label" and "score"; found {short(result)}.')
        expect(len(result) == len(logits), f"{where}, there are {len(result)} answers; expected one for each label, {len(logits)}.")
        found = {each["label"]: float(each["score"]) for each in result}
        expect(set(found) == set(names.values()), f"{where}, the labels are {sorted(map(str, found))}; expected {sorted(names.values())}.")
        _judge_shares(where, found, logits, names)
        scores = [float(each["score"]) for each in result]
        expect(scores == sorted(scores, reverse=True), f"{where}, the highest score does not come first: {short(result)}.")


def _judge_shares(where, found, logits, names):
    right = {names[i]: share for i, share in enumerate(_shares(logits))}
    if all(math.isclose(found[label], share, rel_tol=1e-4, abs_tol=1e-9) for label, share in right.items()):
        return
    sigmoid = {names[i]: 1 / (1 + math.exp(-logit)) for i, logit in enumerate(logits)}
    mistakes = {
        "those are sigmoids, each label judged alone; softmax makes the scores sum to 1": sigmoid,
        "the scores are the logits themselves": {names[i]: logit for i, logit in enumerate(logits)},
        "logits divided by their sum are no shares: softmax takes e to the power of each first": {
            names[i]: logit / (sum(logits) or 1) for i, logit in enumerate(logits)
        },
        "the right scores stand beside the wrong labels: `id2label` maps the place of a logit to its label": dict(
            zip(names.values(), sorted(right.values(), reverse=True), strict=True)
        ),
    }
    told = f"found {short(found)}, expected about { {label: round(share, 3) for label, share in right.items()} }."
    for why, wrong in mistakes.items():
        expect(not all(math.isclose(found[label], wrong[label], rel_tol=1e-4, abs_tol=1e-9) for label in right), f"{where}, {why}: {told}")
    refuse(f"{where}, {told}")


def _shares(logits):
    """Returns the softmax through differences of logits; the oracle."""
    return [1 / sum(math.exp(min(other - logit, 700)) for other in logits) for logit in logits]


def answers(logits, id2label):
    highest = max(logits)
    powers = [math.exp(logit - highest) for logit in logits]
    scores = [power / sum(powers) for power in powers]
    found = [{"label": id2label[i], "score": score} for i, score in enumerate(scores)]
    return sorted(found, key=lambda each: each["score"], reverse=True)


def _other_answers(logits, id2label):
    import torch

    shares = torch.tensor(logits, dtype=torch.float64).softmax(dim=0)
    return [{"label": id2label[int(i)], "score": float(shares[i])} for i in shares.argsort(descending=True)]


def _answers_unsorted(logits, id2label):
    return [{"label": id2label[i], "score": share} for i, share in enumerate(_shares(logits))]


def _answers_by_sigmoid(logits, id2label):
    found = [{"label": id2label[i], "score": 1 / (1 + math.exp(-logit))} for i, logit in enumerate(logits)]
    return sorted(found, key=lambda each: -each["score"])


def _answers_divided(logits, id2label):
    found = [{"label": id2label[i], "score": logit / sum(logits)} for i, logit in enumerate(logits)]
    return sorted(found, key=lambda each: -each["score"])


def _answers_without_shift(logits, id2label):
    powers = [math.exp(logit) for logit in logits]
    found = [{"label": id2label[i], "score": power / sum(powers)} for i, power in enumerate(powers)]
    return sorted(found, key=lambda each: -each["score"])


def _answers_labels_lost(logits, id2label):
    scores = sorted(_shares(logits), reverse=True)
    return [{"label": id2label[i], "score": score} for i, score in enumerate(scores)]


def _answers_only_best(logits, id2label):
    return answers(logits, id2label)[:1]


_TAG_CASES = (
    (("B-PER", "I-PER", "O", "B-LOC", "B-LOC"), ("Ada", "Moss", "likes", "Rome", "Oslo")),
    (("O", "O"), ("nobody", "here")),
    (("B-ORG", "I-ORG", "I-ORG"), ("Bank", "of", "Bath")),
    (("B-PER", "B-PER", "I-PER"), ("Ada", "Leo", "Moss")),
    (("I-LOC", "I-LOC", "O", "I-PER"), ("New", "York", "and", "Ada")),
    (("B-PER", "I-LOC", "I-LOC", "I-ORG"), ("Ada", "New", "York", "Times")),
    (("B-LOC", "O", "I-LOC"), ("Rome", "to", "Oslo")),
    ((), ()),
)


def _verify_names(answer):
    for tags, words in _TAG_CASES:
        result = call(answer, list(tags), list(words))
        where = f"For the tags {list(tags)} and the words {list(words)}"
        sound = isinstance(result, list | tuple) and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in result)
        expect(sound, f"{where}, return a list of pairs (kind, text); found {short(result)}.")
        found, right = [tuple(pair) for pair in result], _names_by_splitting(tags, words)
        if found == right:
            continue
        told = f"found {found}, expected {right}."
        mistakes = {
            "words outside of every name (O) are no names": any(kind in {"O", ""} for kind, _ in found),
            "the kind is what stands behind B- or I-": any(str(kind)[:2] in {"B-", "I-"} for kind, _ in found),
            "two names side by side became one: a B- always begins a new name": found == _names_merging(tags, words),
            "a name that begins with I- is missing": found == _names_from_b_only(tags, words),
            "a change of kind begins a new name, even at an I-": found == _names_ignoring_kind(tags, words),
            "two names with an O between them are two": found == _names_across_gaps(tags, words),
            "the last name is missing: what is open when the tags end counts, too": found == right[:-1],
        }
        why = next((text for text, holds in mistakes.items() if holds), "the names are not these")
        expect(False, f"{where}, {why}: {told}")


def _names_by_splitting(tags, words):
    """Returns the names through the places where a new stretch begins; the oracle."""
    starts = [i for i, tag in enumerate(tags) if i == 0 or tag[0] == "B" or tag[2:] != tags[i - 1][2:]]
    pieces = [(tags[a][2:], " ".join(words[a:b])) for a, b in itertools.pairwise([*starts, len(tags)])]
    return [(kind, text) for kind, text in pieces if kind]


def names(tags, words):
    found = []
    before = ""
    for tag, word in zip(tags, words, strict=True):
        kind = tag[2:]
        if kind and kind == before and not tag.startswith("B-"):
            found[-1] = (kind, found[-1][1] + " " + word)
        elif kind:
            found.append((kind, word))
        before = kind
    return found


def _other_names(tags, words):
    groups, number, before = [], 0, None
    for tag in tags:
        number += tag.startswith("B-") or tag[2:] != before
        groups.append((number, tag[2:]))
        before = tag[2:]
    stretches = itertools.groupby(zip(groups, words, strict=True), key=lambda item: item[0])
    return [[kind, " ".join(word for _, word in members)] for (_, kind), members in stretches if kind]


def _names_merging(tags, words):
    stretches = itertools.groupby(zip(tags, words, strict=True), key=lambda item: item[0][2:])
    return [(kind, " ".join(word for _, word in members)) for kind, members in stretches if kind]


def _names_from_b_only(tags, words):
    found, open_kind = [], None
    for tag, word in zip(tags, words, strict=True):
        if tag[0] == "B":
            found.append((tag[2:], word))
            open_kind = tag[2:]
        elif tag[0] == "I" and tag[2:] == open_kind:
            found[-1] = (open_kind, f"{found[-1][1]} {word}")
        else:
            open_kind = None
    return found


def _names_ignoring_kind(tags, words):
    found, inside = [], False
    for tag, word in zip(tags, words, strict=True):
        if tag[0] == "I" and inside:
            found[-1] = (found[-1][0], f"{found[-1][1]} {word}")
        elif tag != "O":
            found.append((tag[2:], word))
        inside = tag != "O"
    return found


def _names_across_gaps(tags, words):
    found = []
    for tag, word in zip(tags, words, strict=True):
        if tag[0] == "I" and found and found[-1][0] == tag[2:]:
            found[-1] = (tag[2:], f"{found[-1][1]} {word}")
        elif tag != "O":
            found.append((tag[2:], word))
    return found


def _names_with_tags(tags, words):
    return [(tag, word) for tag, word in zip(tags, words, strict=True) if tag != "O"]


def _names_last_lost(tags, words):
    return names(tags, words)[:-1] if tags and tags[-1] != "O" else names(tags, words)


_SHAPES = ((30522, 512, 2, 384, 6, 1536), (50, 16, 2, 8, 1, 32), (101, 20, 1, 12, 3, 30), (64, 8, 3, 16, 4, 16), (1000, 64, 2, 24, 12, 96))


def _verify_count(answer):
    for shape in _SHAPES:
        _, positions, types, width, layers, inner = shape
        found, right = call(answer, *shape), _count_by_building(*shape)
        expect(isinstance(found, int | float), f"encoder_parameters{shape} should be a number; found {short(found)}.")
        if found == right:
            continue
        told = f"encoder_parameters{shape} is {found:,}; a model of these measures has {right:,}."
        layer_biases, pooler = 4 * width + inner + width, width * width + width
        mistakes = {
            "the pooler, a square dense layer behind the last one, is missing": pooler,
            "the biases are missing: a dense layer has one for each number that comes out": layers * layer_biases + width,
            "the norms are missing: one behind the tables and two a layer, with two vectors each": 2 * width + layers * 4 * width,
            "the norm behind the tables is missing": 2 * width,
            "the tables of positions and text types are missing": (positions + types) * width,
            "the table of text types is missing": types * width,
            "attention has four square matrices: query, key, value and the one behind them": layers * (width * width + width),
            "a LayerNorm has two vectors, a scale and a shift": width + layers * 2 * width,
            "the layers are counted once; there are several, each with numbers of its own": (layers - 1)
            * (4 * (width * width + width) + 2 * width * inner + inner + width + 4 * width),
        }
        why = next(
            (text for text, missing in mistakes.items() if right - found == missing and missing), "compare with the list of one layer"
        )
        refuse(f"{told} Of the difference, {right - found:,}: {why}.")


@functools.cache
def _count_by_building(vocabulary, positions, types, width, layers, inner):
    """Returns the count of a model that the library builds on the meta device; the oracle."""
    import torch
    from transformers import AutoModel, BertConfig

    config = BertConfig(
        vocab_size=vocabulary,
        max_position_embeddings=positions,
        type_vocab_size=types,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=inner,
    )
    with torch.device("meta"):
        return AutoModel.from_config(config).num_parameters()


def encoder_parameters(vocabulary, positions, types, width, layers, inner):
    norm = 2 * width
    square = width * width + width
    tables = (vocabulary + positions + types) * width + norm
    feed_forward = (width * inner + inner) + (inner * width + width)
    layer = 4 * square + norm + feed_forward + norm
    pooler = square
    return tables + layers * layer + pooler


def _other_count(vocabulary, positions, types, width, layers, inner):
    shapes = [(rows, width) for rows in (vocabulary, positions, types)] + [(2, width), (width, width), (1, width)]
    for _ in range(layers):
        shapes += 4 * [(width, width), (1, width)] + 2 * [(2, width)] + [(inner, width), (1, inner), (width, inner), (1, width)]
    return sum(rows * columns for rows, columns in shapes)


def _count_without_pooler(vocabulary, positions, types, width, layers, inner):
    return encoder_parameters(vocabulary, positions, types, width, layers, inner) - width * width - width


def _count_without_biases(vocabulary, positions, types, width, layers, inner):
    return encoder_parameters(vocabulary, positions, types, width, layers, inner) - layers * (5 * width + inner) - width


def _count_without_norms(vocabulary, positions, types, width, layers, inner):
    return encoder_parameters(vocabulary, positions, types, width, layers, inner) - 2 * width - layers * 4 * width


def _count_three_matrices(vocabulary, positions, types, width, layers, inner):
    return encoder_parameters(vocabulary, positions, types, width, layers, inner) - layers * (width * width + width)


def _count_words_only(vocabulary, positions, types, width, layers, inner):
    return encoder_parameters(vocabulary, positions, types, width, layers, inner) - (positions + types) * width


def _count_of_the_example(vocabulary, positions, types, width, layers, inner):
    return 22_713_216


CANDIDATES = (
    "word counts",
    "tiny BERT",
    "probe, 3 layers",
    "probe, 6 layers",
    "fine-tuned",
    "fine-tuned, half file",
    "zero-shot",
)
BRIEFS = {"telephone": "fine-tuned, half file", "flood": "word counts", "search": "probe, 3 layers"}
_FAST = {"word counts", "tiny BERT"}
_ADDS_A_PROBE = {"probe, 3 layers", "probe, 6 layers"}


def _verify_briefs(answer):
    expect(isinstance(answer, dict) and set(answer) == set(BRIEFS), f"Answer each of {', '.join(BRIEFS)}; found {short(answer)}.")
    for brief, pick in answer.items():
        expect(pick in CANDIDATES, f"{brief}: {short(pick)} is not in the table. It offers {', '.join(CANDIDATES)}.")
    for brief, right in BRIEFS.items():
        if answer[brief] != right:
            _explain(brief, answer[brief], right)
    return (
        "telephone: the half-precision file fits and keeps the accuracy. flood: counting is the only fast one that beats seven in ten. "
        "search: a probe adds a few hundred numbers to what is loaded anyway, and the third layer knows more of opinions than the last."
    )


def _explain(brief, pick, right):
    """Refuses a pick, with the measured facts that decide against it; returns when the facts decide for it."""
    if brief == "telephone":
        size = _file_megabytes(pick)
        expect(size <= 50, f"telephone: {pick} takes {size:.0f} MB on disk, and 50 are allowed. However good it is, it is out.")
    elif brief == "flood":
        expect(
            pick in _FAST,
            f"flood: {pick} is not more than ten times as fast as the fine-tuned model: each review passes through three layers "
            "or more of the same width. Look at the times.",
        )
        expect(_score(pick) > 0.7, f"flood: {pick} is fast and right in {_score(pick):.0%} of the test reviews; more than 70% are wanted.")
    else:
        expect(
            pick in _ADDS_A_PROBE or _file_megabytes(pick) <= 1,
            f"search: {pick} has layers of its own: it adds {_file_megabytes(pick, in_memory=True):.0f} MB to the encoder in memory, and "
            "one is allowed. What can be computed from vectors that are there already?",
        )
    expect(
        _score(pick) >= _score(right),
        f"{brief}: {pick} keeps the limit and is right in {_score(pick):.0%} of the test reviews; another that keeps it reaches "
        f"{_score(right):.0%}.",
    )


def _file_megabytes(name, in_memory=False):
    if name == "word counts":
        return 0.1
    layers = 3 if name == "probe, 3 layers" else 6
    count = encoder_parameters(30522, 512, 2, 128, 2, 512) if name == "tiny BERT" else encoder_parameters(30522, 512, 2, 384, layers, 1536)
    return count * (2 if name == "fine-tuned, half file" and not in_memory else 4) / 1e6


@functools.cache
def _score(name):
    """Returns the share of the test reviews that a candidate gets right, measured as in the lesson."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from course_utils import dataset

    train, test = dataset("reviews")["train"], dataset("reviews")["test"]
    if name == "word counts":
        counter = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(list(train["text"]), train["label"])
        return counter.score(list(test["text"]), test["label"])
    if name in {"probe, 3 layers", "probe, 6 layers", "tiny BERT"}:
        vectors = {split: _vectors(name == "tiny BERT", split)[-1 if name != "probe, 3 layers" else 3] for split in ("train", "test")}
        return LogisticRegression(tol=1e-6, max_iter=1000).fit(vectors["train"], train["label"]).score(vectors["test"], test["label"])
    return _share_right(_predicted(name, list(test["text"])), list(test["label"]))


def _share_right(found, labels):
    return sum(one == other for one, other in zip(found, labels, strict=True)) / len(labels)


@functools.cache
def _vectors(untrained, split):
    """Returns for each hidden state the mean vectors of a split's reviews, of the English encoder or of a tiny untrained one."""
    import torch
    from transformers import AutoModel, BertConfig

    from course_utils import checkpoint, dataset

    if untrained:
        torch.manual_seed(0)
        model = AutoModel.from_config(BertConfig(hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512)).eval()
    else:
        model = AutoModel.from_pretrained(checkpoint("english-encoder"), dtype=torch.float32).eval()

    def pooled(batch):
        mask = batch["attention_mask"].unsqueeze(-1)
        states = torch.stack(model(**batch, output_hidden_states=True).hidden_states)
        return torch.nn.functional.normalize((states * mask).sum(2) / mask.sum(1), dim=-1).transpose(0, 1)

    return _read(list(dataset("reviews")[split]["text"]), pooled).transpose(0, 1).numpy()


def _predicted(name, texts):
    """Returns the label of each text by the fine-tuned or the zero-shot model."""
    import torch
    from transformers import AutoModelForSequenceClassification

    from course_utils import checkpoint

    if name == "zero-shot":
        model = AutoModelForSequenceClassification.from_pretrained(checkpoint("entailment")).eval()
        hypotheses = [f"This example is {label}." for label in ("negative", "positive")]
        followed = [_read(texts, lambda batch: model(**batch).logits[:, 0], hypothesis) for hypothesis in hypotheses]
        return torch.stack(followed).argmax(dim=0).tolist()
    dtype = torch.float16 if name == "fine-tuned, half file" else torch.float32
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint("sentiment"), dtype=dtype).float().eval()
    return _read(texts, lambda batch: model(**batch).logits).argmax(dim=1).tolist()


def _read(texts, run, second=None, size=16):
    """Returns the rows that `run` makes of batches of texts, or of pairs with a second text, in the order of the texts."""
    import torch
    from transformers import AutoTokenizer

    from course_utils import checkpoint

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("english-encoder"))
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    rows = {}
    with torch.no_grad():
        for k in range(0, len(order), size):
            chosen = order[k : k + size]
            pair = [second] * len(chosen) if second else None
            batch = tokenizer([texts[i] for i in chosen], pair, padding=True, truncation=True, return_tensors="pt")
            rows.update(zip(chosen, run(batch), strict=True))
    return torch.stack([rows[i] for i in range(len(texts))])


def model_for_each_brief():
    return {
        "telephone": "fine-tuned, half file",  # 45 MB; the whole file has 91, and of what fits nothing else comes near its accuracy
        "flood": "word counts",  # of the two that are fast enough, tiny BERT is no better than seven in ten
        "search": "probe, 3 layers",  # 385 numbers more; the third layer's vectors are computed on the way to the sixth
    }


def _pick(**changes):
    return {**BRIEFS, **changes}


_FACTS = ("megabytes", "milliseconds", "score")
_TABLES = (
    {
        "large": {"megabytes": 91.0, "milliseconds": 10.0, "score": 0.90},
        "half": {"megabytes": 45.0, "milliseconds": 10.0, "score": 0.90},
        "short": {"megabytes": 69.0, "milliseconds": 5.0, "score": 0.81},
        "counts": {"megabytes": 0.1, "milliseconds": 0.1, "score": 0.76},
        "random": {"megabytes": 91.0, "milliseconds": 10.0, "score": 0.48},
    },
    {"only": {"megabytes": 50.0, "milliseconds": 7.0, "score": 0.7}},
    {"a": {"megabytes": 5.0, "milliseconds": 5.0, "score": 0.5}, "b": {"megabytes": 5.0, "milliseconds": 5.0, "score": 0.5}},
    {"best": {"megabytes": 60.0, "milliseconds": 9.0, "score": 0.95}, "fits": {"megabytes": 40.0, "milliseconds": 9.0, "score": 0.6}},
    {"lean": {"megabytes": 1.0, "milliseconds": 1.0, "score": 0.55}, "fits": {"megabytes": 40.0, "milliseconds": 9.0, "score": 0.8}},
)
_LIMITS = (
    {"megabytes": 50},
    {"milliseconds": 5},
    {"score": 0.7},
    {"megabytes": 50, "score": 0.7},
    {"megabytes": 50, "milliseconds": 7, "score": 0.7},
    {"megabytes": 0.01},
    {"score": 0.99},
    {},
)


def _made_up(number):
    """Returns candidates with random facts, the same for the same number."""
    dice = random.Random(number)
    return {
        f"model {i}": {
            "megabytes": dice.choice((10.0, 40.0, 90.0)),
            "milliseconds": dice.choice((1.0, 6.0)),
            "score": dice.choice((0.6, 0.8)),
        }
        for i in range(6)
    }


def _verify_choose(answer):
    for table, brief in itertools.product((*_TABLES, *map(_made_up, range(6)), {}), _LIMITS):
        _judge_choice(answer, table, brief)


def _judge_choice(answer, table, brief):
    given, limits = copy.deepcopy(table), dict(brief)
    pick = call(answer, given, limits)
    where = f"For the brief {brief} and {short(table)}"
    expect(given == table and limits == brief, f"{where}, your function changed what it was given. Work on a copy.")
    fit = {name: facts for name, facts in table.items() if _keeps(facts, brief)}
    expect(isinstance(pick, str), f'{where}, expected a name, or "none"; found {short(pick)}.')
    if not fit:
        expect(pick == "none", f'{where}, no candidate keeps every limit: expected "none", found {pick!r}.')
        return
    expect(pick != "none", f'{where}, {sorted(fit)} keep every limit, and you found "none". Is a fact equal to its limit allowed?')
    expect(pick in table, f"{where}, {pick!r} is no candidate.")
    broken = next((limit for limit in brief if not _keeps(table[pick], {limit: brief[limit]})), "")
    expect(
        not broken,
        f"{where}, {pick!r} breaks the limit on {broken}: {table[pick].get(broken)}. A hard limit is not weighed against anything.",
    )
    better = next((name for name, facts in fit.items() if _beats(facts, table[pick])), "")
    expect(
        not better,
        f"{where}, you took {pick!r}, {short(table[pick])}; {better!r}, {short(fit.get(better))}, fits, is at least as good in everything "
        "and better in something.",
    )
    backwards = call(answer, dict(reversed(table.items())), dict(brief))
    same = backwards == pick or table.get(backwards) == table[pick]
    expect(
        same, f"{where}, you took {pick!r}, and with the candidates in reverse order {backwards!r}. The order says nothing about a model."
    )


def _keeps(facts, brief):
    return all(facts[name] >= limit if name == "score" else facts[name] <= limit for name, limit in brief.items())


def _beats(one, other):
    signs = {"megabytes": -1, "milliseconds": -1, "score": 1}
    steps = [sign * (one[name] - other[name]) for name, sign in signs.items()]
    return min(steps) >= 0 and max(steps) > 0


def choose(candidates, brief):
    def keeps(facts):
        costs = all(facts[name] <= brief[name] for name in ("megabytes", "milliseconds") if name in brief)
        return costs and facts["score"] >= brief.get("score", 0)

    fit = [name for name, facts in candidates.items() if keeps(facts)]

    def rank(name):  # the most accurate; of equals the smallest file, then the fastest, then the name
        facts = candidates[name]
        return -facts["score"], facts["megabytes"], facts["milliseconds"], name

    return min(fit, key=rank) if fit else "none"


def _other_choose(candidates, brief):
    price = {}
    for name, facts in candidates.items():
        if _keeps(facts, brief):
            price[name] = facts["megabytes"] / 100 + facts["milliseconds"] / 10 - 3 * facts["score"]
    return min(sorted(price), key=price.get, default="none")


def _choose_best_score(candidates, brief):
    return max(candidates, key=lambda name: candidates[name]["score"], default="none")


def _choose_strictly(candidates, brief):
    kept = {
        name: facts
        for name, facts in candidates.items()
        if all(facts[key] > limit if key == "score" else facts[key] < limit for key, limit in brief.items())
    }
    return choose(kept, {})


def _choose_first(candidates, brief):
    return next((name for name, facts in candidates.items() if _keeps(facts, brief)), "none")


def _choose_score_alone(candidates, brief):
    fit = {name: facts for name, facts in candidates.items() if _keeps(facts, brief)}
    return max(sorted(fit), key=lambda name: fit[name]["score"], default="none")


def _choose_by_removing(candidates, brief):
    for name in list(candidates):
        if not _keeps(candidates[name], brief):
            del candidates[name]
    return choose(candidates, {})


def _choose_something(candidates, brief):
    found = choose(candidates, brief)
    return found if found != "none" else choose(candidates, {})


def _choose_score_at_most(candidates, brief):
    fit = {name: facts for name, facts in candidates.items() if all(facts[key] <= limit for key, limit in brief.items())}
    return choose(fit, {})


EXERCISES = (
    Exercise(
        name="answers_from_logits",
        verify=_verify_answers,
        solution=answers,
        hints=(
            "Three steps: shares by softmax, a label for each place, an order.",
            "Softmax stays the same when you subtract the largest logit from all of them, and then no power can overflow.",
            "`sorted(found, key=lambda each: each['score'], reverse=True)` puts the highest first.",
        ),
        wrong={
            "not sorted": Wrong(_answers_unsorted, because="does not come first"),
            "sigmoid": Wrong(_answers_by_sigmoid, because="those are sigmoids"),
            "divided by the sum": Wrong(_answers_divided, because="are no shares"),
            "overflows": Wrong(_answers_without_shift, because="raised OverflowError"),
            "labels lost in sorting": Wrong(_answers_labels_lost, because="beside the wrong labels"),
            "the best alone": Wrong(_answers_only_best, because="expected one for each label"),
        },
        other=_other_answers,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="names_from_tags",
        verify=_verify_names,
        solution=names,
        hints=(
            "Go through tags and words side by side and ask of each: does it go on with the name before it?",
            'It goes on when its kind, `tag[2:]`, is that of the tag before it and it does not begin with "B-". The kind of "O" is empty.',
            "If it goes on, replace the last pair by one with the longer text; else, if it has a kind, append a new pair.",
        ),
        wrong={
            "neighbours merged": Wrong(_names_merging, because="a B- always begins a new name"),
            "only after a B-": Wrong(_names_from_b_only, because="begins with I- is missing"),
            "kind not compared": Wrong(_names_ignoring_kind, because="a change of kind begins a new name"),
            "gaps not seen": Wrong(_names_across_gaps, because="with an O between them"),
            "tags as kinds": Wrong(_names_with_tags, because="behind B- or I-"),
            "last name lost": Wrong(_names_last_lost, because="the last name is missing"),
        },
        other=_other_names,
    ),
    Exercise(
        name="count_encoder_parameters",
        verify=_verify_count,
        solution=encoder_parameters,
        hints=(
            "Count a dense layer from n to m once: n * m weights and m biases. Then say which ones a layer of the encoder has.",
            "One layer: four dense layers from width to width, one norm, a dense layer from width to inner and one back, one norm.",
            "Around the layers: three tables of `width` columns, one norm behind them, and the pooler, a dense layer from width to width.",
            "The tables hold (vocabulary + positions + types) * width numbers, a norm 2 * width.",
        ),
        wrong={
            "no pooler": Wrong(_count_without_pooler, because="the pooler"),
            "no biases": Wrong(_count_without_biases, because="the biases are missing"),
            "no norms": Wrong(_count_without_norms, because="the norms are missing"),
            "three matrices in attention": Wrong(_count_three_matrices, because="four square matrices"),
            "table of tokens alone": Wrong(_count_words_only, because="tables of positions and text types"),
            "the example's number": Wrong(_count_of_the_example, because="a model of these measures has"),
        },
        other=_other_count,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="model_for_three_briefs",
        verify=_verify_briefs,
        solution=model_for_each_brief,
        hints=(
            "First strike out every candidate that breaks the hard limit of a brief, however accurate. Only then compare scores.",
            "telephone: look at the column of files, not of memory. flood: look at the times first, then at the scores.",
            "search: which candidates are computed from vectors that the whole encoder makes anyway? Its third layer is one of six.",
        ),
        wrong={
            "the best everywhere": Wrong(dict.fromkeys(BRIEFS, "fine-tuned"), because="takes 91 MB on disk"),
            "the smallest everywhere": Wrong(dict.fromkeys(BRIEFS, "word counts"), because="another that keeps it reaches"),
            "fast and blind": Wrong(_pick(flood="tiny BERT"), because="more than 70% are wanted"),
            "half the layers are not fast enough": Wrong(_pick(flood="probe, 3 layers"), because="not more than ten times as fast"),
            "the last layer": Wrong(_pick(search="probe, 6 layers"), because="another that keeps it reaches"),
            "a second encoder": Wrong(_pick(search="fine-tuned, half file"), because="layers of its own"),
            "no table": Wrong(_pick(search="a probe"), because="is not in the table"),
        },
        other=dict(reversed(BRIEFS.items())),
        value=True,
        seconds=5 * _PATIENCE,
    ),
    Exercise(
        name="choose_by_brief",
        verify=_verify_choose,
        solution=choose,
        hints=(
            "Two steps that do not mix: keep those that fit, then choose among them.",
            "A candidate fits when each limit in the brief is kept: at most for megabytes and milliseconds, at least for the score.",
            "Rank by a tuple, such as (-score, megabytes, milliseconds, name), and take `min` by it. Any rule will do in which more "
            "accuracy helps, more cost hurts, and a name settles ties.",
        ),
        wrong={
            "limits ignored": Wrong(_choose_best_score, because="breaks the limit"),
            "equal refused": Wrong(_choose_strictly, because="equal to its limit"),
            "the first that fits": Wrong(_choose_first, because="in reverse order"),
            "score alone": Wrong(_choose_score_alone, because="better in something"),
            "removes from the table": Wrong(_choose_by_removing, because="changed what it was given"),
            "never says none": Wrong(_choose_something, because="no candidate keeps every limit"),
            "score as a maximum": Wrong(_choose_score_at_most, because="breaks the limit on score"),
        },
        other=_other_choose,
    ),
)
