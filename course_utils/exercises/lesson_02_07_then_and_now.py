"""The exercises of `02_pipelines/07_then_and_now`: old calls told apart, translated, and found by their signature."""

import functools
import tempfile
from pathlib import Path

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 60.0  # seconds: the first check of a process may have to import transformers, and an import must not be cut short
_TRAINING = 180.0

_SILENT = frozenset("bceg")
_REFUSED = {
    "a": "a task's parameters are checked",
    "d": "its fields are fixed",
    "f": "an attribute",
    "h": "a model's constructor refuses it",
}
_QUIET = {"b": "a tokenizer", "c": "known to be obsolete", "e": "a model's forward", "g": "a tokenizer"}


def _verify_silent(answer):
    expect(isinstance(answer, set | frozenset | list | tuple), f'Answer with a set of letters, as in {{"a", "b"}}; found {short(answer)}.')
    given = {str(letter).strip().lower() for letter in answer}
    expect(given <= set("abcdefgh"), f"The eight calls have the letters a to h; found {short(sorted(given))}.")
    wrong = sorted(given - _SILENT)
    expect(not wrong, f"Call {wrong and wrong[0]!r} is refused: {wrong and _REFUSED[wrong[0]]}. Run it and read the error.")
    missing = sorted(_SILENT - given)
    expect(not missing, f"Of the silent ones {len(missing)} are missing. One concerns {missing and _QUIET[missing[0]]}. Run all eight.")
    return "Tokenizers and `forward` swallow what they do not know; the others check, or their parameters are fixed."


def silent_calls():
    # Each of the eight was run: a, d, f and h raise; these four do not.
    return {"b", "c", "e", "g"}


_WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "soup", "cold", "warm", "room", "view", "fine", "poor", "the", "was", "and", "kind")


def _save_toy(labels, seed):
    """Returns a folder with a classifier that knows sixteen words and has seen nothing."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    folder = tempfile.mkdtemp()
    BertTokenizer({word: number for number, word in enumerate(_WORDS)}).save_pretrained(folder)
    names = dict(enumerate(labels))
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=len(_WORDS), id2label=names, label2id={name: number for number, name in names.items()}, **sizes)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@functools.cache
def _classifier(labels, seed):
    from transformers import pipeline

    return pipeline("text-classification", model=_save_toy(labels, seed))


def _verify_scores(answer):
    import torch
    from transformers import AutoModelForSequenceClassification

    for labels, text in ((("negative", "positive"), "the soup was cold"), (("low", "middle", "high"), "warm room and fine view")):
        classifier = _classifier(labels, len(labels))
        found = call(answer, classifier, text)
        where = f"For {text!r} and a classifier of {len(labels)} labels"
        expect(isinstance(found, dict), f"{where}, expected a dictionary from label to score and found {short(found)}.")
        expect(
            set(found) != {"label", "score"},
            f"{where}, you return the pipeline's answer for one label. Collect all answers into one dictionary, label to score.",
        )
        expect(
            len(found) != 1,
            f"{where}, only one label came back: {short(found)}. `return_all_scores` is ignored; today's keyword is `top_k`.",
        )
        expect(set(found) == set(labels), f"{where}, the labels are {short(sorted(map(str, found)))}; expected {sorted(labels)}.")
        model = AutoModelForSequenceClassification.from_pretrained(classifier.model.config.name_or_path).eval()
        right = model(**classifier.tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0]
        expected = {name: right[number].item() for number, name in enumerate(labels)}
        expect(all(isinstance(score, float) for score in found.values()), f"{where}, scores should be numbers; found {short(found)}.")
        close = torch.allclose(torch.tensor([found[name] for name in labels]), torch.tensor([expected[name] for name in labels]), atol=1e-4)
        expect(close, f"{where}, the scores do not belong to their labels: found {short(found)}, expected {short(expected)}.")


def every_score(classifier, text):
    answers = classifier(text, top_k=None)
    return {answer["label"]: answer["score"] for answer in answers}


def _other_scores(classifier, text):
    answers = classifier([text], top_k=classifier.model.config.num_labels)[0]
    return dict((answer["label"], answer["score"]) for answer in answers)


def _scores_of_old(classifier, text):
    return {answer["label"]: answer["score"] for answer in classifier(text, return_all_scores=True)}


def _scores_as_given(classifier, text):
    return classifier(text, top_k=None)


def _scores_top(classifier, text):
    return classifier(text)[0]


def _scores_in_order(classifier, text):
    answers = classifier(text, top_k=None)
    return dict(zip(classifier.model.config.id2label.values(), sorted(answer["score"] for answer in answers), strict=True))


@functools.cache
def _tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(_save_toy(("no", "yes"), 0))


_LINES = (
    (["the soup was cold", "fine"], 8),
    (["the soup was cold and the room was poor", "warm", "kind view"], 6),
    (["soup"], 3),
    (["the view was fine and warm", "the room was poor and cold"], 16),
)


def _verify_encode(answer):
    import torch

    tokenizer = _tokenizer()
    for texts, length in _LINES:
        found = call(answer, tokenizer, list(texts), length)
        where = f"For {len(texts)} texts and length {length}"
        has_ids = hasattr(found, "keys") and {"input_ids", "attention_mask"} <= set(found.keys())
        expect(has_ids, f"{where}, expected what the tokenizer returns, with input_ids and attention_mask; found {short(found)}.")
        ids = found["input_ids"]
        expect(isinstance(ids, torch.Tensor), f"{where}, expected PyTorch tensors and found {short(ids)}. Which keyword asks for them?")
        longest = max(len(tokenizer(text)["input_ids"]) for text in texts)
        told = f"{where}, there are {ids.shape[-1]} columns; expected {length}."
        expect(ids.shape[-1] <= length, f"{told} Longer texts should be cut: truncation has to be asked for.")
        expect(
            ids.shape[-1] >= length or ids.shape[-1] != min(longest, length),
            f"{told} You padded to the longest text of the batch; the old call padded to a fixed length.",
        )
        expect(tuple(ids.shape) == (len(texts), length), f"{where}, the shape is {tuple(ids.shape)}; expected {(len(texts), length)}.")
        rows = [_by_hand(tokenizer, text, length) for text in texts]
        expect(
            ids.tolist() == [row for row, _ in rows],
            f"{where}, the ids are {short(ids.tolist())}; expected {short([row for row, _ in rows])}.",
        )
        mask = found["attention_mask"].tolist()
        expect(mask == [real for _, real in rows], f"{where}, the mask is {short(mask)}; expected 1 for real tokens and 0 for filler.")


def _by_hand(tokenizer, text, length):
    """Returns (ids, mask) of one text, cut and filled by hand; the oracle."""
    inner = tokenizer(text, add_special_tokens=False)["input_ids"][: length - 2]
    ids = [tokenizer.cls_token_id, *inner, tokenizer.sep_token_id]
    filler = length - len(ids)
    return ids + [tokenizer.pad_token_id] * filler, [1] * len(ids) + [0] * filler


def encode(tokenizer, texts, length):
    return tokenizer(texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt")


def _other_encode(tokenizer, texts, length):
    cut = tokenizer(texts, truncation="longest_first", max_length=length)
    return tokenizer.pad(cut, padding="max_length", max_length=length, return_tensors="pt")


def _encode_as_then(tokenizer, texts, length):
    return tokenizer.batch_encode_plus(
        texts, max_length=length, pad_to_max_length=True, truncation_strategy="longest_first", return_tensors="pt"
    )


def _encode_half_modern(tokenizer, texts, length):
    return tokenizer(texts, max_length=length, truncation=True, pad_to_max_length=True)


def _encode_to_longest(tokenizer, texts, length):
    return tokenizer(texts, padding=True, truncation=True, max_length=length, return_tensors="pt")


def _encode_without_cutting(tokenizer, texts, length):
    batch = tokenizer(texts)
    longest = max(length, *map(len, batch["input_ids"]))
    return tokenizer.pad(batch, padding="max_length", max_length=longest, return_tensors="pt")


def _plain(text, top_k=1):
    return text, top_k


def _open(text, *parts, length=8, **options):
    return text, parts, length, options


def _gatherer(*texts, sep=" "):
    return sep.join(texts)


class _Reader:
    def __init__(self, folder, **settings):
        self.folder, self.settings = folder, settings

    def read(self, text, limit=3):
        return text[:limit]


_KEYWORDS = (
    (_plain, "top_k", "known"),
    (_plain, "topk", "refused"),
    (_open, "length", "known"),
    (_open, "lenght", "swallowed"),
    (_open, "options", "swallowed"),
    (_open, "parts", "swallowed"),
    (_gatherer, "sep", "known"),
    (_gatherer, "texts", "refused"),
    (_gatherer, "end", "refused"),
    (_Reader, "folder", "known"),
    (_Reader, "revision", "swallowed"),
    (_Reader("x").read, "limit", "known"),
    (_Reader("x").read, "settings", "refused"),
)


def _verify_fate(answer):
    for function, keyword, expected in _KEYWORDS:
        found = call(answer, function, keyword)
        shape = f"{function.__name__}{_signature(function)}"
        expect(
            found in ("known", "swallowed", "refused"),
            f'Return "known", "swallowed" or "refused"; for {keyword!r} you return {short(found)}.',
        )
        if found == expected:
            continue
        told = f"For {shape} and the keyword {keyword!r}: found {found!r}, expected {expected!r}."
        expect(
            keyword not in ("options", "parts", "texts"),
            f"{told} The name of *args or **kwargs is no keyword: look at the parameter's kind.",
        )
        expect(expected != "swallowed", f"{told} Its **kwargs takes every keyword that is not named. Which kind of parameter is that?")
        expect(found != "swallowed", f"{told} A function without **kwargs swallows nothing; *args takes no keywords.")
        refuse(told)


def _signature(function):
    import inspect

    return inspect.signature(function)


def fate(function, keyword):
    import inspect

    parameters = inspect.signature(function).parameters.values()
    gathering = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    if any(p.name == keyword and p.kind not in gathering for p in parameters):
        return "known"
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return "swallowed"
    return "refused"


def _other_fate(function, keyword):
    import inspect

    kinds = {p.name: p.kind.name for p in inspect.signature(function).parameters.values()}
    if not kinds.get(keyword, "VAR_").startswith("VAR_"):
        return "known"
    return "swallowed" if "VAR_KEYWORD" in kinds.values() else "refused"


def _fate_by_names(function, keyword):
    import inspect

    parameters = inspect.signature(function).parameters
    if keyword in parameters:
        return "known"
    return "swallowed" if any(p.kind is p.VAR_KEYWORD for p in parameters.values()) else "refused"


def _fate_without_kwargs(function, keyword):
    import inspect

    found = inspect.signature(function).parameters.get(keyword)
    return "known" if found and found.kind.name[:4] != "VAR_" else "refused"


def _fate_with_any_star(function, keyword):
    import inspect

    parameters = inspect.signature(function).parameters
    if keyword in parameters and parameters[keyword].kind.name[:4] != "VAR_":
        return "known"
    return "swallowed" if any(p.kind.name[:4] == "VAR_" for p in parameters.values()) else "refused"


def _fate_as_bool(function, keyword):
    import inspect

    return keyword in inspect.signature(function).parameters


_TEXTS = (
    "the soup was cold",
    "poor room",
    "cold and poor",
    "the view was poor",
    "the soup was warm",
    "fine room",
    "warm and kind",
    "fine view",
)
_UNSEEN = ("the room was cold and the view was poor", "kind and fine", "soup " * 30)


def _verify_script(answer):
    for seed, labels in ((1, (0, 0, 0, 0, 1, 1, 1, 1)), (2, (1, 1, 1, 1, 0, 0, 0, 0))):
        folder = _save_toy(("worse", "better"), seed)
        before, target = _contents(folder), str(Path(tempfile.mkdtemp()) / "trained")
        _seeded(seed)
        scores = call(answer, folder, list(_TEXTS), list(labels), target)
        expect(callable(scores), f"Return a function that takes a text; found {short(scores)}.")
        expect(_contents(folder) == before, "Your function changed the checkpoint in `folder`, which it should only read.")
        for text in (*_TEXTS, *_UNSEEN):
            _judge_answer(call(scores, text), text)
        likely = [int(scores(text)["better"] > 0.5) for text in _TEXTS]
        right = sum(a == b for a, b in zip(likely, labels, strict=True))
        expect(
            right >= len(labels) - 1,
            f"Of the {len(labels)} texts it was trained on, your function gets {right} right: it has not learned the labels. "
            "Did training run, long enough, and on the model that answers?",
        )
        _judge_target(target, scores)
    return "It learns, saves safely, tells every score, and says nothing that is refused today."


def _seeded(seed):
    import torch

    torch.manual_seed(seed)


def _contents(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def _judge_answer(found, text):
    where = f"For the text {short(text)}"
    expect(isinstance(found, dict), f"{where}, expected a dictionary from label to score and found {short(found)}.")
    expect(
        set(found) == {"worse", "better"},
        f"{where}, expected a score for every label, 'worse' and 'better'; found {short(found)}. `return_all_scores` is ignored today.",
    )
    total = sum(found.values())
    expect(abs(total - 1) < 1e-3, f"{where}, the scores sum to {total:.3f}; probabilities of all labels sum to one.")


def _judge_target(target, scores):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    names = {path.name for path in Path(target).iterdir()} if Path(target).is_dir() else set()
    expect(
        "model.safetensors" in names, f"`target` holds no model.safetensors; found {short(sorted(names))}. Save the trained model there."
    )
    expect(
        "tokenizer.json" in names,
        f"`target` holds no tokenizer; found {short(sorted(names))}. Whoever loads the model needs both: save the tokenizer too.",
    )
    tokenizer, model = AutoTokenizer.from_pretrained(target), AutoModelForSequenceClassification.from_pretrained(target).eval()
    for text in _TEXTS:
        logits = model(**tokenizer(text, return_tensors="pt")).logits
        fresh = logits.softmax(-1)[0, model.config.label2id["better"]].item()
        expect(
            abs(fresh - scores(text)["better"]) < 1e-2,
            f"For {text!r}, the model loaded from `target` gives {fresh:.2f} for 'better', your function {scores(text)['better']:.2f}. "
            "Is what you saved the trained model, and what answers in evaluation mode?",
        )


def train_and_load(folder, texts, labels, target):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments, pipeline

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    batch = tokenizer(texts, truncation=True, max_length=16)
    rows = [
        {"input_ids": ids, "attention_mask": mask, "labels": label}
        for ids, mask, label in zip(batch["input_ids"], batch["attention_mask"], labels, strict=True)
    ]
    arguments = TrainingArguments(
        target,
        use_cpu=True,
        eval_strategy="no",
        save_strategy="no",
        report_to="none",
        num_train_epochs=40,
        learning_rate=0.02,
        warmup_steps=0.1,
        disable_tqdm=True,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    classifier = pipeline("text-classification", model=target, tokenizer=target)
    return lambda text: {answer["label"]: answer["score"] for answer in classifier(text, top_k=None)}


def _other_script(folder, texts, labels, target):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    model.train()
    for _ in range(80):
        optimizer.zero_grad()
        model(**batch, labels=torch.tensor(labels)).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval().save_pretrained(target)
    tokenizer.save_pretrained(target)

    def scores(text):
        with torch.no_grad():
            found = model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=64)).logits.softmax(-1)[0]
        return {model.config.id2label[number]: score for number, score in enumerate(found.tolist())}

    return scores


def _script_as_then(folder, texts, labels, target):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.batch_encode_plus(texts, max_length=16, pad_to_max_length=True)


def _script_with_old_arguments(folder, texts, labels, target):
    from transformers import TrainingArguments

    TrainingArguments(target, overwrite_output_dir=True, no_cuda=True, evaluation_strategy="no")


def _script_untrained(folder, texts, labels, target):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    AutoModelForSequenceClassification.from_pretrained(folder).save_pretrained(target)
    AutoTokenizer.from_pretrained(folder).save_pretrained(target)
    classifier = pipeline("text-classification", model=target)
    return lambda text: {answer["label"]: answer["score"] for answer in classifier(text, top_k=None)}


def _script_top_label(folder, texts, labels, target):
    _other_script(folder, texts, labels, target)
    from transformers import pipeline

    classifier = pipeline("text-classification", model=target, return_all_scores=True)
    return lambda text: {answer["label"]: answer["score"] for answer in classifier(text)}


def _script_without_tokenizer(folder, texts, labels, target):
    scores = _other_script(folder, texts, labels, target)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (Path(target) / name).unlink(missing_ok=True)
    return scores


def _script_unsaved(folder, texts, labels, target):
    return _other_script(folder, texts, labels, tempfile.mkdtemp())


def _script_in_place(folder, texts, labels, target):
    _other_script(folder, texts, labels, folder)
    return _other_script(folder, texts, labels, target)


def _script_returns_pipeline_answer(folder, texts, labels, target):
    _other_script(folder, texts, labels, target)
    from transformers import pipeline

    return pipeline("text-classification", model=target, top_k=None)


EXERCISES = (
    Exercise(
        name="silent_of_eight",
        verify=_verify_silent,
        solution=silent_calls,
        hints=(
            '`eval(calls["a"])` runs one of them. A loop with try and except over all eight is quicker than reading.',
            "An attribute that is gone is never silent. Nor is a class whose fields are fixed.",
            "Four are silent. Two of them concern tokenizers.",
        ),
        wrong={
            "all keywords": Wrong({"a", "b", "c", "d", "e", "g", "h"}, because="Call 'a' is refused"),
            "token swallowed by models too": Wrong({"b", "c", "e", "g", "h"}, because="Call 'h' is refused"),
            "tokenizers only": Wrong({"b", "g"}, because="2 are missing"),
            "a string": Wrong("bceg", because="a set of letters"),
            "none": Wrong(set(), because="4 are missing"),
        },
        other=["b", "c", "e", "g"],
        value=True,
    ),
    Exercise(
        name="every_score",
        verify=_verify_scores,
        solution=every_score,
        hints=(
            "The renaming stands in the table of twelve: `return_all_scores=True` became `top_k=None`. It may be given in the call.",
            'Every answer is a dictionary with the keys "label" and "score". What you want has one entry for each answer.',
            '`{answer["label"]: answer["score"] for answer in …}` makes it.',
        ),
        wrong={
            "the old keyword": Wrong(_scores_of_old, because="only one label came back"),
            "the list as it comes": Wrong(_scores_as_given, because="expected a dictionary"),
            "the top answer": Wrong(_scores_top, because="the pipeline's answer for one label"),
            "scores in another order": Wrong(_scores_in_order, because="do not belong to their labels"),
        },
        other=_other_scores,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="old_tokenizing_line",
        verify=_verify_encode,
        solution=encode,
        hints=(
            "Call the tokenizer itself. Which of the four old keywords are still right?",
            '`pad_to_max_length=True` became `padding="max_length"`; `truncation_strategy="longest_first"` became `truncation=True`.',
            'Try it with a long text, a short one and a length in between, and look at `["input_ids"].shape`.',
        ),
        wrong={
            "word for word": Wrong(_encode_as_then, because="raised AttributeError"),
            "old padding": Wrong(_encode_half_modern, because="expected PyTorch tensors"),
            "padded to the longest": Wrong(_encode_to_longest, because="padded to the longest text"),
            "nothing cut": Wrong(_encode_without_cutting, because="truncation has to be asked for"),
        },
        other=_other_encode,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="fate_of_a_keyword",
        verify=_verify_fate,
        solution=fate,
        hints=(
            "`inspect.signature(function).parameters` is a dictionary from names to parameters, each with a `name` and a `kind`.",
            "A keyword is known when a parameter has its name *and* is neither `VAR_POSITIONAL` nor `VAR_KEYWORD`.",
            "If it is not known, ask whether any parameter is of the kind `VAR_KEYWORD`.",
        ),
        wrong={
            "any name": Wrong(_fate_by_names, because="is no keyword"),
            "kwargs forgotten": Wrong(_fate_without_kwargs, because="takes every keyword that is not named"),
            "args taken for kwargs": Wrong(_fate_with_any_star, because="*args"),
            "true or false": Wrong(_fate_as_bool, because='Return "known"'),
        },
        other=_other_fate,
    ),
    Exercise(
        name="modernised_script",
        verify=_verify_script,
        solution=train_and_load,
        hints=(
            "Run the old script line by line on `folder` of the lesson. Mend the first line that fails, then the next.",
            "Out of date are a method and a keyword of the tokenizer, four keywords of TrainingArguments and one of "
            "Trainer; two more, further down, are ignored in silence. The tables name each.",
            "The silent ones are `safe_serialization=False` and `return_all_scores=True`; `top_k=None` in the call gives every label.",
            "If it does not learn, print the loss. If the saved model answers differently, did you save the one that was trained?",
        ),
        wrong={
            "the old tokenizing": Wrong(_script_as_then, because="batch_encode_plus"),
            "the old arguments": Wrong(_script_with_old_arguments, because="raised TypeError"),
            "never trained": Wrong(_script_untrained, because="has not learned"),
            "the top label alone": Wrong(_script_top_label, because="a score for every label"),
            "no tokenizer saved": Wrong(_script_without_tokenizer, because="holds no tokenizer"),
            "nothing saved": Wrong(_script_unsaved, because="holds no model.safetensors"),
            "trained in place": Wrong(_script_in_place, because="changed the checkpoint"),
            "the pipeline itself": Wrong(_script_returns_pipeline_answer, because="expected a dictionary"),
        },
        other=_other_script,
        seconds=_TRAINING,
    ),
)
