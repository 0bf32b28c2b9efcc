"""The exercises of `02_pipelines/04_text_to_text`: the three functions that took the place of three pipelines, a price, a judge."""

import functools
import itertools
import random
import re
import string

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

GLUE = {"a", "an", "and", "at", "but", "by", "he", "in", "it", "of", "on", "she", "the", "they", "to", "was", "were"}
_PATIENCE = 120.0  # seconds: the first check of a process may have to import torch and load a model


def content(text):
    """Returns the words of a text that carry content; the lesson's own."""
    return set(re.findall(r"\w+", text.lower())) - GLUE


def normal(text):
    """Returns the text in small letters, without punctuation and articles; the lesson's own."""
    small = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return " ".join(word for word in small.split() if word not in {"a", "an", "the"})


@functools.cache
def _t5():
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    from course_utils import checkpoint

    folder = checkpoint("text-to-text")
    return AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval(), AutoTokenizer.from_pretrained(folder)


@functools.cache
def _written(text, **options):
    """Returns what the model writes for one text alone; the oracle."""
    model, tokenizer = _t5()
    output = model.generate(tokenizer(text, return_tensors="pt")["input_ids"], **({"max_new_tokens": 60} | options))
    return tokenizer.decode(output[0], skip_special_tokens=True)


@functools.cache
def _rows(name):
    from course_utils import dataset

    return list(dataset(name)["test"])


def _verify_translate(answer):
    model, tokenizer = _t5()
    rows = _rows("translations")
    longest = max(rows, key=lambda row: len(tokenizer(row["french"])["input_ids"]))["english"]
    for sentences in ([row["english"] for row in rows[500:503]] + [longest], [rows[510]["english"]]):
        found = call(answer, model, tokenizer, list(sentences))
        listed = isinstance(found, list | tuple) and all(isinstance(text, str) for text in found)
        expect(listed, f"Return a list of strings, one for each sentence; found {short(found)}. `batch_decode` turns ids into strings.")
        expect(len(found) == len(sentences), f"Found {len(found)} translations of {len(sentences)} sentences.")
        for text, sentence in zip(found, sentences, strict=True):
            _judge_translation(text, sentence)


def _judge_translation(text, sentence):
    right = _written("translate English to French: " + sentence)
    if text == right:
        return
    told = f"{sentence!r} became {text!r}; expected {right!r}."
    expect("</s>" not in text and "<pad>" not in text, f"Special tokens are left in the text; `batch_decode` can skip them. {told}")
    expect(text != _written(sentence), f"That is what the model writes without a prefix: {told}")
    expect(text != _written("summarize: " + sentence), f"That is what the model writes under the prefix for summaries: {told}")
    cut = len(text) < len(right) and right.startswith(text.strip())
    expect(not cut, f"The translation ends too early. How many new tokens did you allow? {told}")
    refuse(told)


def translate(model, tokenizer, sentences):
    texts = ["translate English to French: " + sentence for sentence in sentences]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    return tokenizer.batch_decode(model.generate(**batch, max_new_tokens=60), skip_special_tokens=True)


def _other_translate(model, tokenizer, sentences):
    french = []
    for sentence in sentences:
        ids = tokenizer(f"translate English to French: {sentence}", return_tensors="pt").input_ids
        french.append(tokenizer.decode(model.generate(ids, max_new_tokens=60)[0][1:-1]))
    return french


def _translate_without_prefix(model, tokenizer, sentences):
    batch = tokenizer(sentences, padding=True, return_tensors="pt")
    return tokenizer.batch_decode(model.generate(**batch, max_new_tokens=60), skip_special_tokens=True)


def _translate_with_specials(model, tokenizer, sentences):
    batch = tokenizer(["translate English to French: " + s for s in sentences], padding=True, return_tensors="pt")
    return tokenizer.batch_decode(model.generate(**batch, max_new_tokens=60))


def _translate_by_default(model, tokenizer, sentences):
    batch = tokenizer(["translate English to French: " + s for s in sentences], padding=True, return_tensors="pt")
    return tokenizer.batch_decode(model.generate(**batch), skip_special_tokens=True)


def _translate_first(model, tokenizer, sentences):
    return translate(model, tokenizer, sentences)[:1]


def _translate_to_text(model, tokenizer, sentences):
    return " ".join(translate(model, tokenizer, sentences))


def _translate_to_ids(model, tokenizer, sentences):
    batch = tokenizer(["translate English to French: " + s for s in sentences], padding=True, return_tensors="pt")
    return model.generate(**batch, max_new_tokens=60)


_ELSEWHERE = "Angela visited Berlin in the spring. She lost a computer. Boris found the computer behind the airport."


def _verify_summarize(answer):
    model, tokenizer = _t5()
    invented = 0
    for story in (*(row["text"] for row in _rows("stories")[300:308]), _ELSEWHERE, "", "  \n "):
        result = call(answer, model, tokenizer, story)
        pair = isinstance(result, tuple | list) and len(result) == 2 and isinstance(result[0], str)
        expect(pair, f"Return two things, the summary as a string and a set; found {short(result)}.")
        expect(isinstance(result[1], set | frozenset), f"The invented words should be a set; found {short(result[1])}.")
        invented += len(_judge_summary(story, *result))
    return f"In one story from elsewhere, {invented} invented words were confessed." if invented else None


def _judge_summary(story, summary, invented):
    where = f"For the story {short(story)}"
    if not story.strip():
        empty = (summary, set(invented)) == ("", set())
        expect(
            empty,
            f"{where}, an empty text became {summary!r} with {invented}; expected ('', set()). Look at the story before the model does.",
        )
        return set()
    right = _written("summarize: " + story)
    told = f"found {summary!r}, expected {right!r}."
    expect("</s>" not in summary and "<pad>" not in summary, f"{where}, special tokens are left in the summary: {told}")
    expect(
        summary == right or summary != _written(story), f"{where}, that is what the model writes without the prefix 'summarize: ': {told}"
    )
    expect(summary == right, f"{where}, {told}")
    theirs = {word for word in re.split(r"\W+", right.lower()) if word}
    ours = {word for word in re.split(r"\W+", story.lower()) if word}
    expected, turned = theirs - ours - GLUE, ours - theirs - GLUE
    expect(
        invented == expected or invented != turned,
        f"{where}, these are words of the story that the summary lacks; asked was the other way round.",
    )
    glue = invented != expected and invented == theirs - ours
    expect(not glue, f"{where}, {sorted(invented & GLUE)} are no invention: glue words do not count. `content` leaves them out.")
    expect(
        invented == expected,
        f"{where} and the summary {right!r}, the invented words are {invented or 'set()'}; expected {expected or 'set()'}.",
    )
    return expected


def summarize(model, tokenizer, story):
    def content(text):  # the lesson's own
        return set(re.findall(r"\w+", text.lower())) - GLUE

    if not story.strip():
        return "", set()
    batch = tokenizer("summarize: " + story, return_tensors="pt")
    summary = tokenizer.decode(model.generate(**batch, max_new_tokens=60)[0], skip_special_tokens=True)
    return summary, content(summary) - content(story)


def _other_summarize(model, tokenizer, story):
    if story.split() == []:
        return ("", set())
    ids = tokenizer(["summarize: " + story], return_tensors="pt").input_ids
    (summary,) = tokenizer.batch_decode(model.generate(ids, max_new_tokens=60, num_beams=1), skip_special_tokens=True)
    return summary, {word for word in content(summary) if word not in content(story)}


def _summarize_without_prefix(model, tokenizer, story):
    summary = _written(story) if story.strip() else ""
    return summary, content(summary) - content(story)


def _summarize_nothing(model, tokenizer, story):
    summary = _written("summarize: " + story)
    return summary, content(summary) - content(story)


def _summarize_turned(model, tokenizer, story):
    summary, _ = summarize(model, tokenizer, story)
    return summary, content(story) - content(summary)


def _summarize_with_glue(model, tokenizer, story):
    summary, _ = summarize(model, tokenizer, story)
    return summary, set(re.findall(r"\w+", summary.lower())) - set(re.findall(r"\w+", story.lower()))


def _summarize_alone(model, tokenizer, story):
    return summarize(model, tokenizer, story)[0]


def _cost(rows, threshold, false_answer, silence):
    """Returns the total price of a threshold, one row after the other; the oracle."""
    total = 0
    for _, right, margin, span in rows:
        if margin <= threshold:
            total += silence * bool(right)
        elif not right or normal(span) != normal(right):
            total += false_answer
    return total


def _cuts(rows):
    """Returns thresholds among which one is the cheapest: one below every margin, and each margin."""
    return [min(row[2] for row in rows) - 1, *(row[2] for row in rows)]


@functools.cache
def _priced_cases():
    """Returns (rows, price of a false answer, price of silence), the same at each call."""
    rng = random.Random(4)
    cases = [([(0, "red", 3.0, "red"), (0, "", 1.0, "blue")], 5, 1), ([(0, "red", 3.0, "Red."), (1, "blue", 1.0, "the blue")], 5, 1)]
    for false_answer, silence in ((5, 1), (1, 5), (1, 1), (3, 2), (100, 1), (1, 100)):
        rows = []
        for number in range(40):
            right = rng.choice(("", "the red hat", "Ida", "1902"))
            margin = round(rng.gauss(4 if right else -1, 4), 2)
            span = rng.choice((f"{right}.", right.upper(), "a lamp")) if right else "Ida"
            rows.append((number, right, margin, span))
        cases.append((rows, false_answer, silence))
    return cases


def _verify_cheapest(answer):
    for rows, false_answer, silence in _priced_cases():
        found = call(answer, list(rows), false_answer, silence)
        where = f"With {len(rows)} rows, a false answer at {false_answer} and silence at {silence}"
        number = isinstance(found, int | float) and not isinstance(found, bool)
        expect(number, f"{where}, expected a number and found {short(found)}.")
        least = min(_cost(rows, cut, false_answer, silence) for cut in _cuts(rows))
        paid = _cost(rows, found, false_answer, silence)
        if paid > least:
            why = _why_dear(rows, found, false_answer, silence)
            refuse(f"{where}, your threshold {found:g} costs {paid}; the cheapest one costs {least}. {why}")


def _why_dear(rows, found, false_answer, silence):
    best = min(_cost(rows, cut, 1, 1) for cut in _cuts(rows))
    if found >= min(row[2] for row in rows) and _cost(rows, _cuts(rows)[0], false_answer, silence) <= min(
        _cost(rows, cut, false_answer, silence) for cut in _cuts(rows)
    ):
        return "Did you try a threshold below every margin, at which the model always answers?"
    if _cost(rows, found, false_answer, 0) == min(_cost(rows, cut, false_answer, 0) for cut in _cuts(rows)):
        return "It would be the cheapest if silence cost nothing. Silence on a question that has an answer costs, too."
    if _cost(rows, found, 1, 1) == best:
        return "It would be the cheapest if both mistakes cost the same. Use the two prices."
    return "An answer to a question that has none is false, silence there is free, and `normal` decides whether an answer is right."


def cheapest_threshold(rows, false_answer, silence):
    def normal(text):  # the lesson's own
        small = "".join(letter for letter in text.lower() if letter not in string.punctuation)
        return " ".join(word for word in small.split() if word not in {"a", "an", "the"})

    def cost(threshold):
        total = 0
        for _, right, margin, span in rows:
            if margin > threshold and (not right or normal(span) != normal(right)):
                total += false_answer
            elif margin <= threshold and right:
                total += silence
        return total

    margins = [margin for _, _, margin, _ in rows]
    return min([min(margins) - 1, *margins], key=cost)


def _other_cheapest(rows, false_answer, silence):
    ordered = sorted(rows, key=lambda row: row[2])
    spent = sum(false_answer for _, right, _, span in rows if not right or normal(span) != normal(right))
    best, threshold = spent, float("-inf")
    for _, group in itertools.groupby(ordered, key=lambda row: row[2]):
        for _, right, margin, span in group:
            spent += silence * bool(right) - false_answer * (not right or normal(span) != normal(right))
            last = margin
        if spent < best:
            best, threshold = spent, last
    return threshold


def _cheapest_of_margins(rows, false_answer, silence):
    return min((row[2] for row in rows), key=lambda cut: _cost(rows, cut, false_answer, silence))


def _cheapest_at_one_price(rows, false_answer, silence):
    return min(_cuts(rows), key=lambda cut: _cost(rows, cut, 1, 1))


def _cheapest_for_free_silence(rows, false_answer, silence):
    return min(sorted(_cuts(rows), reverse=True), key=lambda cut: _cost(rows, cut, false_answer, 0))


def _cheapest_is_zero(rows, false_answer, silence):
    return 0.0


def _cheapest_as_cost(rows, false_answer, silence):
    return [_cost(rows, cut, false_answer, silence) for cut in _cuts(rows)]


@functools.cache
def _questions():
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    from course_utils import checkpoint

    folder = checkpoint("questions")
    model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder)


class _Scripted:
    """A model that scores words as a table says, so that one mistake at a time changes the answer."""

    def __init__(self, tokenizer, words, null=0.0, nulls=()):
        self.tokenizer, self.words, self.null, self.nulls = tokenizer, words, null, dict(nulls)

    def __call__(self, input_ids, attention_mask=None, token_type_ids=None):
        import torch
        from transformers.modeling_outputs import QuestionAnsweringModelOutput

        rows = [self.tokenizer.convert_ids_to_tokens(ids) for ids in input_ids.tolist()]
        logits = torch.tensor([[self._pair(token, row) for token in row] for row in rows])
        return QuestionAnsweringModelOutput(start_logits=logits[..., 0], end_logits=logits[..., 1])

    def _pair(self, token, row):
        if token == "[CLS]":
            null = next((value for word, value in self.nulls.items() if word in row), self.null)
            return null / 2, null / 2
        return self.words.get(token, (-4.0, -4.0))


_FILLER = "The road runs along the water and over the hill. "
_RED = (4.0, 4.0)

# Each case: question, context, the script, options, the right text, and what is likely wrong when the text is another one.
_SCRIPTS = (
    (
        "Which colour?", "It was red and not blue at all.", {"words": {"red": _RED}}, {}, "red",
        "the span with the largest start + end should win.",
    ),
    (
        "Which colour?", "Sir John Hall wore blue.", {"words": {"john": (4.0, -4.0), "hall": (-4.0, 4.0)}}, {}, "John Hall",
        "cut the text out of the context by its offsets, from the first token's start to the last one's end; `decode` loses capitals.",
    ),
    (
        "Which colour?", "Then blue, then some green, then red.", {"words": {"red": (6.0, -4.0), "blue": (-4.0, 6.0), "green": (2.0, 2.0)}},
        {}, "green", "the last token may not stand before the first: the largest start and the largest end, each by itself, make no span.",
    ),
    (
        "Is red a colour?", "It was blue.", {"words": {"colour": (9.0, 9.0), "blue": _RED}}, {}, "blue",
        "a span may not lie in the question: `sequence_ids` is 1 inside the context.",
    ),
    (
        "Which colour?", "It was red. " + _FILLER * 4 + "It was blue. It was green.",
        {"words": {"red": (6.0, -4.0), "blue": (-4.0, 6.0), "green": (2.0, 2.0)}}, {}, "green",
        "a span may hold at most 30 tokens.",
    ),
    (
        "Which colour?", "It was red.", {"words": {"red": _RED}, "null": 9.0}, {}, "",
        "`[CLS]` scores higher than every span, so the model should be silent.",
    ),
    (
        "Which colour?", "It was red.", {"words": {"red": _RED}, "null": 7.0}, {"threshold": 2.0}, "",
        "the margin is 1 and the threshold 2, so the model should be silent.",
    ),
    (
        "Which colour?", "It was red.", {"words": {"red": _RED}, "null": 9.0}, {"threshold": -2.0}, "red",
        "the margin is -1 and the threshold -2, so the model should answer. Compare the margin with the threshold, not with 0.",
    ),
    (
        "Which colour?", _FILLER * 40 + "It was red.", {"words": {"red": _RED}}, {}, "red",
        "the answer stands at the end of a long context. Read all windows: return_overflowing_tokens=True.",
    ),
    (
        "Which colour?", "It was red. " + _FILLER * 40 + "It was blue.",
        {"words": {"red": _RED, "blue": (2.0, 2.0)}, "null": 0.0, "nulls": (("red", 10.0),)}, {}, "blue",
        "compare each window's best span with the `[CLS]` of that window, and take the window with the largest margin.",
    ),
    (
        "Which colour?", "It was blue. " + _FILLER * 40 + "It was red.",
        {"words": {"red": _RED, "blue": (2.0, 2.0)}, "nulls": (("red", 3.0), ("blue", 1.0))}, {}, "red",
        "two windows answer; the one with the larger margin should win, not the first.",
    ),
    ("Which colour?", "", {"words": {"colour": _RED}}, {}, "", "there is no context, so there is nothing to point at."),
)  # fmt: skip

_KILN = (
    "The kiln at Barrow End was built in 1788 by Thomas Ewell. It burned limestone for the farms of two valleys, and at night "
    "its glow could be seen from the ferry. It was closed because the canal had brought cheaper lime from the north."
)


def _verify_answer(answer):
    model, tokenizer = _questions()
    for question, context, script, options, right, why in _SCRIPTS:
        found = _called(answer, _Scripted(tokenizer, **script), tokenizer, question, context, options)
        where = f"With a model made for this check, the question {question!r} and the context {short(context[-40:])}"
        expect(isinstance(found, str), f"{where}, expected a text and found {short(found)}.")
        expect(found == right, f"{where}, found {found!r} and expected {right!r}: {why}")
    for question, right in (("Who built the kiln?", "Thomas Ewell"), ("When was the kiln built?", "1788")):
        found = _called(answer, model, tokenizer, question, _KILN, {})
        expect(
            normal(found) in {right.lower(), f"in {right}"},
            f"With the real model, {question!r} on a new passage gave {found!r}; expected {right!r}.",
        )


def _called(answer, model, tokenizer, question, context, options):
    return call(functools.partial(answer, **options) if callable(answer) else answer, model, tokenizer, question, context)


def answer(model, tokenizer, question, context, threshold=0.0):
    import torch

    if not context.strip():
        return ""
    limits = {"truncation": "only_second", "max_length": 256, "stride": 64, "return_overflowing_tokens": True}
    windows = tokenizer(question, context, padding=True, return_offsets_mapping=True, return_tensors="pt", **limits)
    offsets = windows.pop("offset_mapping").tolist()
    windows.pop("overflow_to_sample_mapping")
    with torch.no_grad():
        out = model(**windows)
    best, text = threshold, ""
    for row, (starts, ends) in enumerate(zip(out.start_logits, out.end_logits, strict=True)):
        inside = torch.tensor([side == 1 for side in windows.sequence_ids(row)])
        allowed = torch.ones(len(starts), len(starts)).triu().tril(29).bool() & inside[:, None] & inside
        scores = (starts[:, None] + ends).masked_fill(~allowed, -torch.inf)
        margin = float(scores.max() - starts[0] - ends[0])
        if margin > best:
            first, last = divmod(int(scores.argmax()), len(starts))
            best, text = margin, context[offsets[row][first][0] : offsets[row][last][1]]
    return text


def _windows(tokenizer, question, context):
    """Returns the inputs of all windows, their offsets, and which tokens belong to the context."""
    import torch

    batch = tokenizer(
        question, context, truncation="only_second", max_length=256, stride=64, padding=True, return_tensors="pt",
        return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    offsets = batch.pop("offset_mapping").tolist()
    batch.pop("overflow_to_sample_mapping")
    inside = torch.tensor([[side == 1 for side in batch.sequence_ids(row)] for row in range(len(offsets))])
    return batch, offsets, inside


def _spans(tokenizer, model, question, context, longest=30, anywhere=False):
    """Yields the margin, the score and the two ends in the context of every allowed span of every window, by two loops."""
    batch, offsets, inside = _windows(tokenizer, question, context)
    out = model(**batch)
    for starts, ends, places, within in zip(out.start_logits.tolist(), out.end_logits.tolist(), offsets, inside.tolist(), strict=True):
        allowed = [k for k, yes in enumerate(within) if yes or (anywhere and places[k] != [0, 0])]
        for first in allowed:
            for last in allowed[allowed.index(first) :]:
                if last - first < longest:
                    score = starts[first] + ends[last]
                    yield score - starts[0] - ends[0], score, places[first][0], places[last][1]


def _other_answer(model, tokenizer, question, context, threshold=0.0):
    best = max(_spans(tokenizer, model, question, context), default=(threshold, 0, 0, 0), key=lambda span: span[0])
    return context[best[2] : best[3]] if best[0] > threshold else ""


def _answer_first_window(model, tokenizer, question, context, threshold=0.0):
    batch = tokenizer(question, context, truncation="only_second", max_length=256, return_offsets_mapping=True, return_tensors="pt")
    return answer(model, tokenizer, question, context[: batch["offset_mapping"][0, -2, 1]], threshold) if context else ""


def _answer_naive(model, tokenizer, question, context, threshold=0.0):
    import torch

    batch, offsets, inside = _windows(tokenizer, question, context)
    out = model(**batch)
    row = 0
    starts, ends = (part[row].masked_fill(~inside[row], -torch.inf) for part in (out.start_logits, out.end_logits))
    first, last = int(starts.argmax()), int(ends.argmax())
    margin = starts[first] + ends[last] - out.start_logits[row, 0] - out.end_logits[row, 0]
    return context[offsets[row][first][0] : offsets[row][last][1]] if margin > threshold else ""


def _answer_in_question(model, tokenizer, question, context, threshold=0.0):
    best = max(_spans(tokenizer, model, question, context, anywhere=True), default=(threshold, 0, 0, 0))
    return context[best[2] : best[3]] if best[0] > threshold else ""


def _answer_of_any_length(model, tokenizer, question, context, threshold=0.0):
    best = max(_spans(tokenizer, model, question, context, longest=999), default=(threshold, 0, 0, 0))
    return context[best[2] : best[3]] if best[0] > threshold else ""


def _answer_always(model, tokenizer, question, context, threshold=0.0):
    return answer(model, tokenizer, question, context, threshold=-1e9)


def _answer_above_zero(model, tokenizer, question, context, threshold=0.0):
    return answer(model, tokenizer, question, context, threshold=max(threshold, 0.0))


def _answer_by_score(model, tokenizer, question, context, threshold=0.0):
    best = max(_spans(tokenizer, model, question, context), default=(threshold, 0, 0, 0), key=lambda span: span[1])
    return context[best[2] : best[3]] if best[0] > threshold else ""


def _answer_decoded(model, tokenizer, question, context, threshold=0.0):
    return answer(model, tokenizer, question, context, threshold).lower()


def _answer_without_guard(model, tokenizer, question, context, threshold=0.0):
    return answer(model, tokenizer, question, context, threshold) if context else question


_STORIES = 60
_FLOORS = {"true": 0.9, "of another story": 0.9, "with a word exchanged": 0.9, "with names swapped": 0.6}


@functools.cache
def _shown():
    """Returns for each kind of summary the held-out stories and summaries that a judge is shown."""
    rows, rng = _rows("stories")[200:], random.Random(2)
    people = {entity["name"] for row in rows for entity in row["entities"] if entity["kind"] == "PER"}
    words = sorted({word for row in rows for word in content(row["summary"])})
    shown = {kind: [] for kind in _FLOORS}
    for row, other in zip(rows[:_STORIES], rows[_STORIES:], strict=False):
        story, summary = row["text"], row["summary"]
        shown["true"].append((story, summary))
        shown["of another story"].append((story, other["summary"]))
        old = rng.choice(sorted(content(summary)))
        new = rng.choice([word for word in words if word not in content(story)])
        shown["with a word exchanged"].append((story, re.sub(rf"\b{old}\b", new, summary, flags=re.IGNORECASE)))
    for row in rows:
        first, *others = [word for word in re.findall(r"\w+", row["summary"]) if word in people] or [""]
        if len(others) == 1 and first != others[0] and f"{first} and {others[0]}" not in row["summary"]:
            turned = re.sub(rf"\b({first}|{others[0]})\b", functools.partial(_turn, first, others[0]), row["summary"])
            shown["with names swapped"].append((row["text"], turned))
    shown["with names swapped"] = shown["with names swapped"][:_STORIES]
    return shown


def _turn(first, second, found):
    return second if found[0] == first else first


def _verify_judge(answer):
    rates = {}
    for kind, shown in _shown().items():
        verdicts = [call(answer, story, summary) for story, summary in shown]
        odd = next((verdict for verdict in verdicts if verdict not in (True, False)), None)
        expect(odd is None, f"Return True or False; found {short(odd)}.")
        rates[kind] = sum(bool(verdict) == (kind == "true") for verdict in verdicts) / len(verdicts)
    table = "Right verdicts: " + ", ".join(f"{kind} {rate:.0%}" for kind, rate in rates.items()) + "."
    advice = {
        "true": "Too many true summaries are stopped. They shorten, and join sentences by 'and' and pronouns.",
        "of another story": "Summaries of another story get through. Which of their words does this story not have?",
        "with a word exchanged": "A single foreign word gets through. Look at each content word.",
        "with names swapped": "Every word of a swapped summary stands in the story; look at what stands beside the names.",
    }
    for kind, floor in _FLOORS.items():
        expect(rates[kind] >= floor, f"{table} {advice[kind]}")
    return table


def is_faithful(story, summary):
    def content(text):  # the lesson's own
        return set(re.findall(r"\w+", text.lower())) - GLUE

    def neighbours(text):
        words = re.findall(r"\w+", text)
        return set(itertools.pairwise(words))

    if content(summary) - content(story):
        return False
    names = set(re.findall(r"\b[A-Z]\w+", summary)) - {"A", "An", "The"}
    beside = {pair for pair in neighbours(summary) if names & set(pair)}
    return not names or bool(beside & neighbours(story))


def _other_judge(story, summary):
    def pairs(text):
        words = re.findall(r"\w+", text.lower())
        return list(itertools.pairwise(words))

    foreign = [
        word for word in re.findall(r"\w+", summary.lower()) if word not in GLUE and word not in story.lower().replace(".", "").split()
    ]
    said = pairs(summary)
    known = sum(pair in pairs(story) for pair in said) / len(said)
    return not [word for word in foreign if word not in content(story)] and known >= 0.6


def _judge_trusts(story, summary):
    return True


def _judge_refuses(story, summary):
    return False


def _judge_by_quotation(story, summary):
    return summary in story


def _judge_by_words(story, summary):
    return content(summary) <= content(story)


def _judge_by_overlap(story, summary):
    return len(content(summary) & content(story)) / len(content(summary)) > 0.7


def _judge_in_numbers(story, summary):
    return len(content(summary) & content(story)) / len(content(summary)) / 2 + 0.2


EXERCISES = (
    Exercise(
        name="translate_sentences",
        verify=_verify_translate,
        solution=translate,
        hints=(
            "Four steps: put the prefix before each sentence; tokenize the list; generate; turn ids into strings.",
            'A batch needs `padding=True` and `return_tensors="pt"`; `model.generate(**batch, max_new_tokens=60)` takes it whole.',
            "`tokenizer.batch_decode(output, skip_special_tokens=True)` makes the list.",
        ),
        wrong={
            "no prefix": Wrong(_translate_without_prefix, because="without a prefix"),
            "special tokens left": Wrong(_translate_with_specials, because="Special tokens are left"),
            "twenty tokens": Wrong(_translate_by_default, because="ends too early"),
            "only the first": Wrong(_translate_first, because="Found 1 translations"),
            "one text": Wrong(_translate_to_text, because="Return a list of strings"),
            "ids": Wrong(_translate_to_ids, because="turns ids into strings"),
        },
        other=_other_translate,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="summarize_and_confess",
        verify=_verify_summarize,
        solution=summarize,
        hints=(
            "What is `story.strip()` of a story of blanks? Answer that case before the model is asked.",
            'The prefix is "summarize: "; tokenize, generate with max_new_tokens=60, and decode without special tokens.',
            "Content words of the summary that are not among those of the story: one set minus another. Which minus which?",
        ),
        wrong={
            "no prefix": Wrong(_summarize_without_prefix, because="without the prefix"),
            "an empty text becomes a tale": Wrong(_summarize_nothing, because="an empty text became"),
            "the wrong way round": Wrong(_summarize_turned, because="the other way round"),
            "glue counted": Wrong(_summarize_with_glue, because="glue words do not count"),
            "no confession": Wrong(_summarize_alone, because="Return two things"),
        },
        other=_other_summarize,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="cheapest_threshold",
        verify=_verify_cheapest,
        solution=cheapest_threshold,
        hints=(
            "First write the cost of one threshold: go through the rows and add a price where the model errs, by speaking or by silence.",
            "Between two neighbouring margins nothing changes, so few thresholds are worth trying: each margin, and one below all of them.",
            "`min(candidates, key=cost)` returns the candidate whose cost is lowest.",
        ),
        wrong={
            "never tries to answer always": Wrong(_cheapest_of_margins, because="below every margin"),
            "both mistakes at one price": Wrong(_cheapest_at_one_price, because="Use the two prices"),
            "silence for nothing": Wrong(_cheapest_for_free_silence, because="if silence cost nothing"),
            "zero, as ever": Wrong(_cheapest_is_zero, because="costs"),
            "a list of costs": Wrong(_cheapest_as_cost, because="expected a number"),
        },
        other=_other_cheapest,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="answer_from_windows",
        verify=_verify_answer,
        solution=answer,
        hints=(
            "Start from `read_windows`. What does it lack? An end for an empty context, a threshold, and the choice among windows.",
            'Tokenize with truncation="only_second", max_length=256, stride=64, padding, and the windows and offsets returned; '
            "take the offsets and overflow_to_sample_mapping out before the model is called.",
            "For each window: the table of `span_scores`, its largest entry minus the two logits of that window's `[CLS]`.",
            'Keep the best margin so far, beginning with the threshold, and the text that belongs to it, beginning with "".',
        ),
        wrong={
            "first window only": Wrong(_answer_first_window, because="Read all windows"),
            "two largest logits": Wrong(_answer_naive, because="may not stand before the first"),
            "words of the question": Wrong(_answer_in_question, because="may not lie in the question"),
            "no limit of length": Wrong(_answer_of_any_length, because="at most 30 tokens"),
            "never silent": Wrong(_answer_always, because="should be silent"),
            "threshold cannot be negative": Wrong(_answer_above_zero, because="not with 0"),
            "best score over windows": Wrong(_answer_by_score, because="`[CLS]` of that window"),
            "small letters": Wrong(_answer_decoded, because="loses capitals"),
            "answers from nothing": Wrong(_answer_without_guard, because="there is no context"),
        },
        other=_other_answer,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="judge_of_summaries",
        verify=_verify_judge,
        solution=is_faithful,
        hints=(
            "Two of the four kinds contain a word that the story does not. `content` finds it.",
            "A swapped summary has all its words in the story, but not all its pairs of neighbours (2-grams): compare those of a "
            "true summary and of a swapped one.",
            "Look at the pairs that hold a name: of a true summary at least one stands in the story, of a swapped one hardly ever.",
        ),
        wrong={
            "trusts everybody": Wrong(_judge_trusts, because="Summaries of another story get through"),
            "trusts nobody": Wrong(_judge_refuses, because="Too many true summaries are stopped"),
            "quotations only": Wrong(_judge_by_quotation, because="Too many true summaries are stopped"),
            "words only": Wrong(_judge_by_words, because="look at what stands beside the names"),
            "most of the words": Wrong(_judge_by_overlap, because="single foreign word"),
            "a number": Wrong(_judge_in_numbers, because="Return True or False"),
        },
        other=_other_judge,
        seconds=_PATIENCE,
    ),
)
