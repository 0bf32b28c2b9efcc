"""The exercises of `02_pipelines/01_first_pipelines`: scores, thresholds, zero-shot logits, names out of tokens, and a guard."""

import math

from course_utils.exercises.core import Exercise, Wrong, call, expect, short

_PATIENCE = 30.0  # seconds: the first check of a process has to import numpy, and an answer may import torch

_ANSWERS = (
    ([("NEGATIVE", 0.9), ("POSITIVE", 0.1)], "POSITIVE", 0.1),
    ([("POSITIVE", 0.8), ("NEGATIVE", 0.2)], "POSITIVE", 0.8),
    ([("music", 0.6), ("money", 0.3), ("traffic", 0.1)], "traffic", 0.1),
    ([("music", 0.6), ("money", 0.3), ("traffic", 0.1)], "money", 0.3),
    ([("NEGATIVE", 0.9), ("POSITIVE", 0.1)], "neutral", 0.0),
)


def _verify_score(answer):
    for pairs, label, expected in _ANSWERS:
        answers = [{"label": name, "score": score} for name, score in pairs]
        found = call(answer, [dict(one) for one in answers], label)
        where = f"For {answers} and the label {label!r}"
        expect(_is_number(found), f"{where}, expected a number and found {short(found)}.")
        if abs(found - expected) < 1e-9:
            continue
        told = f"found {found:g}, expected {expected:g}."
        expect(expected or found, f"{where}, {told}")
        expect(expected, f"{where}, no such label is there: {told}")
        expect(found != pairs[0][1], f"{where}, that is the score of the best label, whatever its name: {told}")
        expect(found != pairs[-1][1], f"{where}, that is the score of the last label; the order changes from text to text: {told}")
        expect(
            abs(found - (1 - pairs[0][1])) > 1e-9, f"{where}, one minus the best score is another label's only when there are two: {told}"
        )
        expect(False, f"{where}, {told}")


def score_of(answers, label):
    for answer in answers:
        if answer["label"] == label:
            return answer["score"]
    return 0.0


def _other_score(answers, label):
    return {answer["label"]: answer["score"] for answer in answers}.get(label, 0.0)


def _best_score(answers, label):
    return answers[0]["score"]


def _last_score(answers, label):
    return answers[-1]["score"]


def _one_minus(answers, label):
    best = answers[0]
    return best["score"] if best["label"] == label else 1 - best["score"]


def _score_or_error(answers, label):
    return next(answer["score"] for answer in answers if answer["label"] == label)


_BRIEFS = (
    ([0.9, 0.6, 0.8], [True, False, True], 0.95),
    ([0.95, 0.9, 0.85, 0.8, 0.7], [True, False, True, True, True], 0.75),
    ([0.6, 0.7, 0.8, 0.9], [False, True, True, True], 0.75),
    ([0.9, 0.9, 0.8, 0.6], [True, False, True, False], 0.6),
    ([0.9, 0.8, 0.8, 0.7], [True, True, False, False], 0.65),
    ([0.8, 0.7], [True, True], 0.9),
    ([0.9, 0.8], [False, False], 0.5),
    ([0.7, 0.95, 0.85], [True, False, True], 0.9),
)


def _verify_threshold(answer):
    for scores, right, wanted in _BRIEFS:
        found = call(answer, list(scores), list(right), wanted)
        where = f"For the scores {scores}, right {right} and wanted {wanted}"
        pair = isinstance(found, tuple | list) and len(found) == 2 and _is_number(found[1])
        expect(pair, f"{where}, return two things, (threshold, kept); found {short(found)}.")
        expected = _threshold_by_table(scores, right, wanted)
        threshold, kept = found
        told = f"found {short(tuple(found))}, expected {short(expected)}."
        if threshold is None or expected[0] is None:
            expect(threshold is None or expected[0] is not None, f"{where}, no threshold reaches that share: {told}")
            expect(expected[0] is None, f"{where}, there is a threshold that reaches that share: {told}")
        else:
            _judge_threshold(where, told, scores, right, wanted, threshold, expected[0])
        expect(abs(kept - expected[1]) < 1e-6, f"{where}, `kept` is the share of *all* answers with that score or more: {told}")


def _judge_threshold(where, told, scores, right, wanted, threshold, expected):
    expect(_is_number(threshold), f"{where}, the threshold should be a number: {told}")
    if abs(threshold - expected) < 1e-9:
        return
    kept = [ok for score, ok in zip(scores, right, strict=True) if score >= threshold - 1e-12]
    share = sum(kept) / len(kept) if kept else 0.0
    near = any(abs(threshold - score) < 1e-9 for score in scores)
    expect(near, f"{where}, the threshold should be one of the given scores: {told}")
    expect(
        share >= wanted,
        f"{where}, of the answers with {threshold:g} or more only {share:.2f} are right. "
        f"Count those that are kept, with the score itself among them: {told}",
    )
    expect(
        threshold <= expected,
        f"{where}, a smaller threshold also does. The share that is right may fall and rise again on the way down: try every score: {told}",
    )
    expect(False, f"{where}, {told}")


def _threshold_by_table(scores, right, wanted):
    """Returns the answer from a table of all thresholds; the oracle."""
    table = {}
    for threshold in scores:
        kept = [ok for score, ok in zip(scores, right, strict=True) if score >= threshold]
        table[threshold] = (sum(kept) / len(kept), len(kept) / len(scores))
    good = [threshold for threshold, (share, _) in table.items() if share >= wanted]
    return (min(good), table[min(good)][1]) if good else (None, 0.0)


def threshold_for(scores, right, wanted):
    for threshold in sorted(scores):
        kept = [is_right for score, is_right in zip(scores, right, strict=True) if score >= threshold]
        if sum(kept) / len(kept) >= wanted:
            return threshold, len(kept) / len(scores)
    return None, 0.0


def _other_threshold(scores, right, wanted):
    import numpy

    scores, right = numpy.asarray(scores), numpy.asarray(right)
    good = [t for t in scores if right[scores >= t].mean() >= wanted]
    return (min(good), (scores >= min(good)).mean()) if good else (None, 0.0)


def _threshold_from_above(scores, right, wanted):
    best, hits = (None, 0.0), 0
    for count, (score, is_right) in enumerate(sorted(zip(scores, right, strict=True), reverse=True), start=1):
        hits += is_right
        if hits / count < wanted:
            break
        best = score, count / len(scores)
    return best


def _threshold_largest(scores, right, wanted):
    for threshold in sorted(scores, reverse=True):
        kept = [ok for score, ok in zip(scores, right, strict=True) if score >= threshold]
        if sum(kept) / len(kept) >= wanted:
            return threshold, len(kept) / len(scores)
    return None, 0.0


def _threshold_above_only(scores, right, wanted):
    for threshold in sorted(scores):
        kept = [ok for score, ok in zip(scores, right, strict=True) if score > threshold]
        if kept and sum(kept) / len(kept) >= wanted:
            return threshold, len(kept) / len(scores)
    return None, 0.0


def _threshold_share_right(scores, right, wanted):
    threshold, _ = threshold_for(scores, right, wanted)
    if threshold is None:
        return None, 0.0
    kept = [ok for score, ok in zip(scores, right, strict=True) if score >= threshold]
    return threshold, sum(kept) / len(kept)


def _threshold_is_wanted(scores, right, wanted):
    return wanted, sum(score >= wanted for score in scores) / len(scores)


_LOGITS = (
    [(1.0, 0.0, 1.0), (1.0, 5.0, -1.0)],
    [(2.0, 0.5, -1.0), (0.0, 3.0, 0.0), (-1.0, 0.0, 2.0)],
    [(800.0, 0.0, 790.0), (799.0, 2.0, 805.0)],
)


def _verify_zero_shot(answer):
    for logits in _LOGITS:
        for multi_label in (False, True):
            found = call(answer, [tuple(row) for row in logits], multi_label)
            where = f"For the logits {logits} and multi_label={multi_label}"
            numbers = hasattr(found, "__len__") and len(found) == len(logits) and all(_is_number(score) for score in found)
            expect(numbers, f"{where}, return one number for each label; found {short(found)}.")
            found = [float(score) for score in found]
            told = f"found {_rounded(found)}, expected {_rounded(_zero_shot_scores(logits, multi_label))}."
            expect(all(math.isfinite(score) for score in found), f"{where}, subtract the largest logit before `exp`: {told}")
            if not _near(found, _zero_shot_scores(logits, multi_label)):
                _name_zero_shot_mistake(logits, multi_label, found, f"{where}, ", told)


def _name_zero_shot_mistake(logits, multi_label, found, where, told):
    first = [row[0] for row in logits]
    mistakes = {
        "`multi_label` decides, and here you did the other thing": _zero_shot_scores(logits, not multi_label),
        "the neutral logit is left out": [_softmax(row)[0] for row in logits],
        "the sigmoid of entailment alone forgets contradiction": [1 / (1 + math.exp(-max(-700, min(700, e)))) for e in first],
        "the softmax is taken over the entailment logits, not over scores made from them": _softmax(
            _zero_shot_scores(logits, multi_label=True)
        ),
        "that is the score of contradiction": [_softmax((row[2], row[0]))[0] for row in logits],
        "labels that compete add up to one by a softmax, not by dividing": _divided(_zero_shot_scores(logits, multi_label=True)),
    }
    for sentence, scores in mistakes.items():
        expect(not _near(found, scores), f"{where}{sentence}: {told}")
    expect(False, f"{where}{told}")


def _softmax(values):
    exponentials = [math.exp(value - max(values)) for value in values]
    return [e / sum(exponentials) for e in exponentials]


def _divided(values):
    return [value / sum(values) for value in values]


def _zero_shot_scores(logits, multi_label):
    """Returns the scores that the pipeline gives: with one label alone, or with several that do not compete, each by itself; the oracle.

    The exercise has one label alone compete with nobody, so that its score is 1.
    """
    if multi_label:
        return [_softmax((entailment, contradiction))[0] for entailment, _, contradiction in logits]
    return _softmax([row[0] for row in logits])


def _near(found, expected):
    return len(found) == len(expected) and all(abs(a - b) < 1e-4 for a, b in zip(found, expected, strict=True))


def _rounded(values):
    return [round(value, 3) for value in values]


def zero_shot_scores(logits, multi_label):
    def softmax(values):
        largest = max(values)
        exponentials = [math.exp(value - largest) for value in values]
        return [e / sum(exponentials) for e in exponentials]

    if multi_label:
        return [softmax([entailment, contradiction])[0] for entailment, neutral, contradiction in logits]
    return softmax([entailment for entailment, neutral, contradiction in logits])


def _other_zero_shot(logits, multi_label):
    import torch

    logits = torch.tensor(logits, dtype=torch.float64)
    scores = (logits[:, 0] - logits[:, 2]).sigmoid() if multi_label else logits[:, 0].softmax(dim=0)
    return scores.tolist()


def _zero_shot_three_way(logits, multi_label):
    return [_softmax(row)[0] for row in logits] if multi_label else _softmax([row[0] for row in logits])


def _zero_shot_always_competing(logits, multi_label):
    return _softmax([row[0] for row in logits])


def _zero_shot_swapped(logits, multi_label):
    return _zero_shot_scores(logits, not multi_label)


def _zero_shot_sigmoid(logits, multi_label):
    return [1 / (1 + math.exp(-row[0])) for row in logits] if multi_label else _softmax([row[0] for row in logits])


def _zero_shot_overflows(logits, multi_label):
    import numpy

    with numpy.errstate(all="ignore"):
        if multi_label:
            return [float(numpy.exp(e) / (numpy.exp(e) + numpy.exp(c))) for e, _, c in logits]
        exponentials = numpy.exp([row[0] for row in logits])
        return (exponentials / exponentials.sum()).tolist()


_TAGGED = (
    [("vest", "B-PER", 0, 4), ("##as", "I-ORG", 4, 6), ("won", "O", 7, 10)],
    [("angela", "B-PER", 0, 6), ("moss", "I-PER", 7, 11), ("saw", "O", 12, 15), ("leeds", "B-LOC", 16, 21)],
    [("anna", "B-PER", 0, 4), ("ben", "B-PER", 5, 8), ("ran", "O", 9, 12)],
    [("ru", "O", 0, 2), ("##th", "B-PER", 2, 4), ("sat", "O", 5, 8), ("in", "O", 9, 11), ("bath", "I-LOC", 12, 16)],
    [("bank", "B-ORG", 0, 4), ("of", "I-ORG", 5, 7), ("york", "I-LOC", 8, 12), ("shire", "I-LOC", 13, 18)],
    [("ka", "B-PER", 0, 2), ("##zi", "B-ORG", 2, 4), ("##a", "O", 4, 5), ("moss", "I-PER", 6, 10)],
    [("leeds", "B-LOC", 0, 5), (",", "O", 5, 6), ("york", "I-LOC", 7, 11)],
    [("we", "O", 0, 2), ("left", "O", 3, 7)],
    [],
)


def _verify_names(answer):
    for tokens in _TAGGED:
        found = call(answer, list(tokens))
        where = f"For the tokens {tokens}"
        rows = isinstance(found, list | tuple) and all(isinstance(name, list | tuple) and len(name) == 3 for name in found)
        expect(rows, f"{where}, return a list of names (kind, start, end); found {short(found)}.")
        found = [tuple(name) for name in found]
        expected = _names_by_words(tokens)
        if found == expected:
            continue
        told = f"found {found}, expected {expected}."
        outside = any(kind == "O" for kind, _, _ in found)
        expect(not outside, f"{where}, words labelled O are in no name: {told}")
        prefixed = any(str(kind)[:2] in ("B-", "I-") for kind, _, _ in found)
        expect(not prefixed, f"{where}, the kind comes without `B-` or `I-`: {told}")
        expect(found != _names_simple(tokens), f"{where}, that is `simple`: a word whose pieces disagree stays one word: {told}")
        expect(found != _names_joining_b(tokens), f"{where}, a `B-` begins a new name, even right behind one of the same kind: {told}")
        expect(found != _names_over_gaps(tokens), f"{where}, an O between two words keeps their names apart: {told}")
        expect(
            found != _names_strict(tokens), f"{where}, a word with `I-` behind nothing, or behind another kind, is a name as well: {told}"
        )
        expect(found != _names_words(tokens), f"{where}, neighbouring words of one kind belong to one name: {told}")
        expect(found != _names_short(tokens), f"{where}, a name ends where the last piece of its last word ends: {told}")
        expect(False, f"{where}, {told}")


def _names_by_words(tokens):
    """Returns the names by marking, for every word, whether it begins one; the oracle."""
    words = _words(tokens)
    names = []
    for k, (label, start, end) in enumerate(words):
        before = words[k - 1][0] if k else "O"
        if label == "O":
            continue
        if label[:2] == "I-" and before[2:] == label[2:]:
            names[-1] = (label[2:], names[-1][1], end)
        else:
            names.append((label[2:], start, end))
    return names


def _words(tokens):
    """Returns (label of the first piece, start, end) of each word."""
    words = []
    for word, label, start, end in tokens:
        if word.startswith("##") and words:
            words[-1] = (*words[-1][:2], end)
        else:
            words.append((label, start, end))
    return words


def names_by_first(tokens):
    words = []
    for word, label, start, end in tokens:
        if word.startswith("##") and words:
            words[-1][2] = end  # the word grows, and keeps the label of its first piece
        else:
            words.append([label, start, end])
    names, before = [], "O"
    for label, start, end in words:
        if label.startswith("I-") and before[2:] == label[2:]:
            names[-1][2] = end
        elif label != "O":
            names.append([label[2:], start, end])
        before = label
    return [tuple(name) for name in names]


def _other_names(tokens):
    names, kind, begins = [], None, None
    for word, label, start, end in tokens:
        if not word.startswith("##"):
            now = None if label == "O" else label[2:]
            begins = now is not None and (label[0] == "B" or now != kind)
            kind = now
        if kind is not None:
            names = [*names, (kind, start, end)] if begins else [*names[:-1], (kind, names[-1][1], end)]
        begins = False
    return names


def _names_simple(tokens):
    return _names_by_words([(word.removeprefix("##"), *rest) for word, *rest in tokens])


def _names_joining_b(tokens):
    return _names_by_words(_relabelled(tokens, lambda label: label.replace("B-", "I-")))


def _relabelled(tokens, change):
    return [(word, change(label), start, end) for word, label, start, end in tokens]


def _names_over_gaps(tokens):
    names = []
    for label, start, end in _words(tokens):
        if label[:2] == "I-" and names and names[-1][0] == label[2:]:
            names[-1] = (label[2:], names[-1][1], end)
        elif label != "O":
            names.append((label[2:], start, end))
    return names


def _names_strict(tokens):
    names, open_kind = [], None
    for label, start, end in _words(tokens):
        if label[:2] == "B-":
            names.append((label[2:], start, end))
            open_kind = label[2:]
        elif label[:2] == "I-" and open_kind == label[2:]:
            names[-1] = (label[2:], names[-1][1], end)
        else:
            open_kind = None
    return names


def _names_words(tokens):
    return [(label[2:], start, end) for label, start, end in _words(tokens) if label != "O"]


def _names_short(tokens):
    return _names_by_words([(word, *rest) for word, *rest in tokens if not word.startswith("##")])


def _names_with_prefix(tokens):
    return [(label, start, end) for label, start, end in _words(tokens) if label != "O"]


_LIMIT = 512  # the words that the check's own pipeline reads; a real one counts tokens
_SURE, _DOUBTFUL = ("Great soup!", "POSITIVE", 0.97), ("The train leaves at nine.", "NEGATIVE", 0.58)
_COLD, _KIND = ("The soup was cold.", "NEGATIVE", 0.99), ("C'est très bon", "POSITIVE", 0.96)
_SCORES = {text: (label, score) for text, label, score in (_SURE, _DOUBTFUL, _COLD, _KIND)}
_LONG = "Nothing happened today. " * 400


class _Tokenizer:
    """The part of a pipeline that an answer may ask how long a text is; a token is a word."""

    model_max_length = _LIMIT

    def __call__(self, texts, **options):
        one = isinstance(texts, str)
        return {"input_ids": self.encode(texts) if one else [self.encode(text) for text in texts]}

    def encode(self, text, **options):
        return list(range(len(self.tokenize(text)) + 2))

    def tokenize(self, text, **options):
        return text.split()


class _Pipeline:
    """Stands in for a classifier: answers and fails as the real one does, and remembers the texts that it was given."""

    tokenizer = _Tokenizer()

    def __init__(self):
        self.seen = []

    def __call__(self, inputs, top_k=1, truncation=False, **options):
        if hasattr(inputs, "__next__"):
            return (self._answer(text, top_k, truncation) for text in inputs)
        if isinstance(inputs, str):
            answer = self._answer(inputs, top_k, truncation)
            return answer if top_k is None else [answer]
        if isinstance(inputs, list) and not inputs:
            raise IndexError("list index out of range")
        if not isinstance(inputs, list):
            self.seen.append(inputs)
            raise ValueError("text input must be of type `str` (single example), `list[str]` (batch).")
        return [self._answer(text, top_k, truncation) for text in inputs]

    def _answer(self, text, top_k, truncation):
        self.seen.append(text)
        if not isinstance(text, str):
            raise ValueError("text input must be of type `str` (single example), `list[str]` (batch).")
        if not truncation and len(self.tokenizer.encode(text)) > _LIMIT:
            raise RuntimeError("The size of tensor a (1202) must match the size of tensor b (512) at non-singleton dimension 1")
        label, score = _SCORES.get(text.strip(), ("NEGATIVE", 0.9))
        other = "POSITIVE" if label == "NEGATIVE" else "NEGATIVE"
        both = [{"label": label, "score": score}, {"label": other, "score": 1 - score}]
        return both[0] if top_k == 1 else both


_MIXTURES = (
    [_SURE[0], _COLD[0]],
    [_COLD[0], _DOUBTFUL[0], _SURE[0]],
    ["", _SURE[0], "   ", "?!", _COLD[0], "42"],
    [None, _SURE[0], 7, [_COLD[0]], (_COLD[0],), _COLD[0]],
    [_COLD[0], _LONG, _SURE[0]],
    [_KIND[0], _KIND[0]],
    ["", None],
    [],
)


def _verify_careful(answer):
    for texts in _MIXTURES:
        classify = _Pipeline()
        found = call(answer, classify, list(texts))
        where = f"For {short([_clipped(text) for text in texts])}"
        listed = isinstance(found, list | tuple)
        expect(listed, f"{where}, return a list of answers; found {short(found)}.")
        expect(
            len(found) == len(texts),
            f"{where}, found {len(found)} answers for {len(texts)} inputs. An input that is turned away still has an answer, 'unsure'.",
        )
        unfit = [text for text in classify.seen if not _fit(text)]
        expect(not unfit, f"{where}, the pipeline was given {short(unfit[0] if unfit else '')}, which holds no letter or is no string.")
        for text, said in zip(texts, found, strict=True):
            _judge_said(where, text, said)
    return "A guard like this belongs before every model that strangers may write to."


def _judge_said(where, text, said):
    allowed = ("POSITIVE", "NEGATIVE", "unsure")
    expect(isinstance(said, str) and said in allowed, f"{where}, an answer is {short(said)}; expected a label or 'unsure'.")
    if not _fit(text):
        expect(said == "unsure", f"{where}, {short(text)} is no text to have an opinion about; expected 'unsure' and found {said!r}.")
        return
    if text == _LONG:
        return
    label, score = _SCORES[text]
    told = f"{where}, {text!r} has {label} with a score of {score}: found {said!r}"
    if score <= 0.6:
        expect(said == "unsure", f"{told}, expected 'unsure'. The label alone does not tell how sure the model is.")
    else:
        expect(said != "unsure", f"{told}, expected the label. Does one bad input spoil the answers of the others?")
        expect(said == label, f"{told}. Do the answers still stand in the order of the inputs?")


def _fit(text):
    return isinstance(text, str) and any(letter.isalpha() for letter in text)


def _clipped(text):
    return text[:24] + "…" if isinstance(text, str) and len(text) > 40 else text


def careful(classify, texts):
    answers = ["unsure"] * len(texts)
    fit = [k for k, text in enumerate(texts) if isinstance(text, str) and any(letter.isalpha() for letter in text)]
    if fit:  # an empty list would raise an IndexError
        for k, answer in zip(fit, classify([texts[k] for k in fit], truncation=True), strict=True):
            if answer["score"] >= 0.8:
                answers[k] = answer["label"]
    return answers


def _other_careful(classify, texts):
    def answer(text):
        if not isinstance(text, str) or text.upper() == text.lower():
            return "unsure"
        try:
            [best] = classify(text)
        except RuntimeError:  # too long
            return "unsure"
        return best["label"] if best["score"] > 0.9 else "unsure"

    return [answer(text) for text in texts]


def _careful_about_nothing(classify, texts):
    return [answer["label"] for answer in classify(texts, truncation=True)] if texts else []


def _careful_dropping(classify, texts):
    fit = [text for text in texts if _fit(text)]
    answers = classify(fit, truncation=True) if fit else []
    return [answer["label"] if answer["score"] > 0.8 else "unsure" for answer in answers]


def _careful_all_or_nothing(classify, texts):
    if not all(_fit(text) for text in texts) or not texts:
        return ["unsure"] * len(texts)
    return [answer["label"] if answer["score"] > 0.8 else "unsure" for answer in classify(texts, truncation=True)]


def _careful_without_cut(classify, texts):
    fit = [k for k, text in enumerate(texts) if _fit(text)]
    answers = ["unsure"] * len(texts)
    for k in fit:
        [best] = classify(texts[k])
        answers[k] = best["label"] if best["score"] > 0.8 else "unsure"
    return answers


def _careful_of_empty_only(classify, texts):
    answers = []
    for text in texts:
        if not text:
            answers.append("unsure")
            continue
        [best] = classify(text, truncation=True)
        answers.append(best["label"] if best["score"] > 0.8 else "unsure")
    return answers


def _careful_without_threshold(classify, texts):
    return [classify(text, truncation=True)[0]["label"] if _fit(text) else "unsure" for text in texts]


def _careful_too_much(classify, texts):
    return ["unsure" for _ in texts]


def _is_number(value):
    return hasattr(value, "__float__") and not isinstance(value, bool)


EXERCISES = (
    Exercise(
        name="score_of_label",
        verify=_verify_score,
        solution=score_of,
        hints=(
            "Each answer is a dictionary with the keys `label` and `score`. Which of them do you look for?",
            'Go through the answers; when `answer["label"] == label`, return its score.',
            "After the loop, nothing was found: return 0.0.",
        ),
        wrong={
            "the best": Wrong(_best_score, because="the best label, whatever its name"),
            "the last": Wrong(_last_score, because="the order changes"),
            "one minus the best": Wrong(_one_minus, because="only when there are two"),
            "no such label": Wrong(_score_or_error, because="StopIteration"),
        },
        other=_other_score,
    ),
    Exercise(
        name="threshold_for_brief",
        verify=_verify_threshold,
        solution=threshold_for,
        hints=(
            "Only the given scores can be thresholds. For each of them: which answers are kept, and what share of *those* is right?",
            "`kept = [ok for score, ok in zip(scores, right, strict=True) if score >= threshold]`, then `sum(kept) / len(kept)`.",
            "Try the scores from the smallest up; the first that reaches `wanted` is the smallest that does.",
        ),
        wrong={
            "stops at the first failure from above": Wrong(_threshold_from_above, because="fall and rise again"),
            "the largest": Wrong(_threshold_largest, because="a smaller threshold also does"),
            "more than the score": Wrong(_threshold_above_only, because="with the score itself among them"),
            "share that is right": Wrong(_threshold_share_right, because="share of *all* answers"),
            "believes the score": Wrong(_threshold_is_wanted, because="one of the given scores"),
        },
        other=_other_threshold,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="zero_shot_scores",
        verify=_verify_zero_shot,
        solution=zero_shot_scores,
        hints=(
            "Write a softmax for a list first; the two cases differ only in what you give it.",
            "Competing: one softmax over the first number of every row.",
            "By itself: for each row a softmax over its first and third number, of which you keep the first.",
            "`exp(800)` is too large for a float: subtract the largest logit first; the softmax stays the same.",
        ),
        wrong={
            "over all three": Wrong(_zero_shot_three_way, because="the neutral logit is left out"),
            "always competing": Wrong(_zero_shot_always_competing, because="`multi_label` decides"),
            "the two cases swapped": Wrong(_zero_shot_swapped, because="`multi_label` decides"),
            "sigmoid of entailment": Wrong(_zero_shot_sigmoid, because="forgets contradiction"),
            "overflow": Wrong(_zero_shot_overflows, because="subtract the largest logit"),
        },
        other=_other_zero_shot,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="names_by_first",
        verify=_verify_names,
        solution=names_by_first,
        hints=(
            "Two steps: tokens to words, then words to names. In the first, a piece with `##` only moves the end of its word.",
            "Now each word has one label. When does it continue the name before it, and when does it begin one?",
            "It continues only with an `I-` and when the word *right before it* has the same kind; `label[2:]` is the kind.",
            'Keep the label of the word before in a variable, "O" at the start; `"O"[2:]` is empty and equals no kind.',
        ),
        wrong={
            "simple": Wrong(_names_simple, because="that is `simple`"),
            "B- joined": Wrong(_names_joining_b, because="a `B-` begins a new name"),
            "joined over a gap": Wrong(_names_over_gaps, because="keeps their names apart"),
            "I- dropped": Wrong(_names_strict, because="is a name as well"),
            "words, not names": Wrong(_names_words, because="neighbouring words of one kind"),
            "only first pieces": Wrong(_names_short, because="a name ends where the last piece"),
            "kind with its prefix": Wrong(_names_with_prefix, because="without `B-` or `I-`"),
        },
        other=_other_names,
    ),
    Exercise(
        name="careful_classifier",
        verify=_verify_careful,
        solution=careful,
        hints=(
            'Begin with `["unsure"] * len(texts)`, and overwrite only what you are sure of.',
            "Collect the places of the inputs that are strings with a letter in them: `any(letter.isalpha() for letter in text)`.",
            "Ask the pipeline about those alone, with `truncation=True`, and not at all when there are none.",
            "Write a label to its place only when its score reaches your threshold, somewhere between 0.6 and 0.95.",
        ),
        wrong={
            "trusts everything": Wrong(_careful_about_nothing, because="expected 'unsure'"),
            "drops what it turns away": Wrong(_careful_dropping, because="still has an answer"),
            "all or nothing": Wrong(_careful_all_or_nothing, because="spoil the answers of the others"),
            "no cut": Wrong(_careful_without_cut, because="RuntimeError"),
            "empty texts only": Wrong(_careful_of_empty_only, because="which holds no letter or is no string"),
            "no threshold": Wrong(_careful_without_threshold, because="does not tell how sure"),
            "never sure": Wrong(_careful_too_much, because="expected the label"),
        },
        other=_other_careful,
    ),
)
