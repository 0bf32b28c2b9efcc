"""The exercises of `02_pipelines/03_generating_text`: variety, the spread before the draw, a penalty, a history, a remedy."""

import functools
import re
from itertools import pairwise

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 90.0  # seconds: the first check of a process may have to import torch and load the story-writer


_LISTS = (([1, 2, 3, 1, 2, 3, 9], 3), ([4, 4, 4, 4, 4], 2), ([7, 8, 9, 7, 8], 1), ([1, 2, 1, 3, 1, 2, 1], 2), ([5, 6, 7], 3))


def _verify_distinct(answer):
    for ids, n in _LISTS:
        where, found = f"For {ids} and n={n}", call(answer, list(ids), n)
        expect(isinstance(found, int | float), f"{where}, expected a number and found {short(found)}.")
        grams = _grams_by_shifting(ids, n)
        expected = len(set(grams)) / len(grams)
        if abs(found - expected) < 1e-9:
            continue
        told = f"found {found:.3f}, expected {expected:.3f}."
        blocks = [tuple(ids[i : i + n]) for i in range(0, len(ids) - n + 1, n)]
        mistakes = {
            "you cut the list into blocks; n-grams overlap, one begins at every token": len(set(blocks)) / len(blocks),
            "you divided by the number of tokens; there are n - 1 fewer n-grams": len(set(grams)) / len(ids),
            "that is the share of repeated n-grams; the different ones are the rest": 1 - expected,
            "you counted the n-grams that occur once; one that repeats still counts as one": sum(grams.count(g) == 1 for g in grams)
            / len(grams),
            "your last pieces are shorter than n; stop where a whole n-gram no longer fits": len(
                {tuple(ids[i : i + n]) for i in range(len(ids))}
            )
            / len(ids),
        }
        why = next((text for text, value in mistakes.items() if abs(found - value) < 1e-9), "count the n-grams, then the different ones")
        refuse(f"{where}, {why}: {told}")
    for ids, n in (([], 2), ([3, 4], 3)):
        found = call(answer, list(ids), n)
        expect(found == 1.0, f"For {ids} and n={n} there is no n-gram, so nothing is repeated: expected 1.0, found {short(found)}.")


def _grams_by_shifting(ids, n):
    """Returns the n-grams of a list from n shifted copies of it; the oracle."""
    return list(zip(*(ids[k:] for k in range(n)), strict=False))


def distinct_share(ids, n):
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 1.0


def _other_distinct(ids, n):
    seen, total = set(), 0
    for end in range(n, len(ids) + 1):
        seen.add(" ".join(map(str, ids[end - n : end])))
        total += 1
    return len(seen) / max(total, 1) if total else 1


def _distinct_in_blocks(ids, n):
    blocks = [tuple(ids[i : i + n]) for i in range(0, len(ids) - n + 1, n)]
    return len(set(blocks)) / len(blocks) if blocks else 1.0


def _distinct_by_tokens(ids, n):
    return len({tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)}) / len(ids) if ids else 1.0


def _distinct_with_stubs(ids, n):
    return len({tuple(ids[i : i + n]) for i in range(len(ids))}) / len(ids) if ids else 1.0


def _repeated_share(ids, n):
    return 1 - distinct_share(ids, n)


def _distinct_without_care(ids, n):
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return len(set(grams)) / len(grams)


_SPREADS = (
    (1.0, 0, 1.0),
    (0.5, 0, 1.0),
    (1.0, 3, 1.0),
    (1.0, 0, 0.8),
    (2.0, 0, 0.7),
    (1.7, 6, 0.75),
    (0.6, 4, 0.9),
    (1.0, 0, 0.01),
)


def _verify_spread(answer):
    import torch

    logits = torch.randn(12, generator=torch.Generator().manual_seed(3)) * 2
    for temperature, top_k, top_p in _SPREADS:
        given = logits.clone()
        found = call(answer, given, temperature, top_k, top_p)
        where = f"With temperature={temperature}, top_k={top_k}, top_p={top_p}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(found.shape == logits.shape, f"{where}, the result has shape {tuple(found.shape)}; expected one probability a token, (12,).")
        expect(torch.equal(given, logits), f"{where}, your function changed the logits that it was given. Work on a copy.")
        _judge_spread(found, logits, temperature, top_k, top_p, where)
    return "These are the probabilities that generate() draws from."


def _judge_spread(found, logits, temperature, top_k, top_p, where):
    import torch

    expected = _spread_by_library(logits, temperature, top_k, top_p)
    if torch.allclose(found, expected, atol=1e-5):
        return
    total = float(found.sum())
    expect(
        abs(total - 1) < 1e-4, f"{where}, the result sums to {total:.3f}. After cutting, the shares of the tokens that stay must sum to 1."
    )
    kept, wanted = int((found > 0).sum()), int((expected > 0).sum())
    swapped = _spread_by_library(_spread_by_library(logits, 1.0, top_k, top_p).log() / temperature, 1.0, 0, 1.0)
    expect(
        temperature == 1 or not torch.allclose(found, swapped, atol=1e-5),
        f"{where}, you cut before the temperature: {kept} tokens are left, expected {wanted}. The temperature comes first.",
    )
    hot = _spread_by_library(logits, 1 / temperature, top_k, top_p)
    expect(temperature == 1 or not torch.allclose(found, hot, atol=1e-5), f"{where}, you multiplied by the temperature; divide by it.")
    expect(
        kept >= 1 and kept == wanted,
        f"{where}, {kept} tokens have a share above 0; expected {wanted}. {_hint_on_count(kept, wanted, top_p)}",
    )
    refuse(f"{where}, the right tokens are left with the wrong shares: {short(found.tolist())}, expected {short(expected.tolist())}.")


def _hint_on_count(kept, wanted, top_p):
    if top_p < 1 and kept < wanted:
        return "The token with which the share p is reached belongs to those that stay."
    return "Is a 0 for top-k, or a 1.0 for top-p, taken as *off*?"


def _spread_by_library(logits, temperature, top_k, top_p):
    """Returns what the library's own processors make of the logits; the oracle."""
    from transformers.generation import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    scores = TemperatureLogitsWarper(float(temperature))(None, logits[None])
    scores = TopKLogitsWarper(top_k)(None, scores) if top_k else scores
    scores = TopPLogitsWarper(top_p)(None, scores) if top_p < 1 else scores
    return scores[0].softmax(dim=-1)


def next_probabilities(logits, temperature, top_k, top_p):
    import torch

    logits = logits / temperature
    if top_k:
        logits = logits.masked_fill(logits < logits.topk(top_k).values[-1], -torch.inf)
    if top_p < 1:
        ordered, order = logits.sort(descending=True)
        shares = ordered.softmax(dim=-1)
        logits = logits.index_fill(0, order[shares.cumsum(dim=-1) - shares >= top_p], -torch.inf)
    return logits.softmax(dim=-1)


def _other_spread(logits, temperature, top_k, top_p):
    shares = (logits / temperature).exp()
    order = shares.argsort(descending=True).tolist()[: top_k or None]
    kept, reached = [], 0.0
    total = sum(float(shares[i]) for i in order)
    for i in order:
        if reached >= top_p and kept:
            break
        kept.append(i)
        reached += float(shares[i]) / total
    result = shares * 0
    result[kept] = shares[kept]
    return result / result.sum()


def _spread_cut_first(logits, temperature, top_k, top_p):
    return (next_probabilities(logits, 1.0, top_k, top_p).log() / temperature).softmax(dim=-1)


def _spread_multiplied(logits, temperature, top_k, top_p):
    return next_probabilities(logits, 1 / temperature, top_k, top_p)


def _spread_not_shared_out(logits, temperature, top_k, top_p):
    kept = next_probabilities(logits, temperature, top_k, top_p) > 0
    return (logits / temperature).softmax(dim=-1) * kept


def _spread_too_narrow(logits, temperature, top_k, top_p):
    import torch

    shares = next_probabilities(logits, temperature, top_k, 1.0)
    ordered, order = shares.sort(descending=True)
    gone = order[ordered.cumsum(dim=-1) > top_p] if top_p < 1 else order[:0]
    shares = shares.index_fill(0, gone, 0.0)
    return shares / shares.sum() if shares.sum() else torch.ones_like(shares) / len(shares)


def _spread_in_place(logits, temperature, top_k, top_p):
    logits /= temperature
    return next_probabilities(logits, 1.0, top_k, top_p)


_PENALTY_CASES = (([0, 2], 2.0), ([1, 1, 1, 3], 1.5), ([], 1.3), ([4, 0, 4], 1.2), ([2, 5], 1.0))


def _verify_penalty(answer):
    import torch

    logits = torch.tensor([2.0, -1.0, 0.5, -3.0, 4.0, 0.0])
    for ids, penalty in _PENALTY_CASES:
        given, listed = logits.clone(), list(ids)
        found = call(answer, given, listed, penalty)
        where = f"For the logits {logits.tolist()}, ids {ids} and penalty {penalty}"
        expect(isinstance(found, torch.Tensor) and found.shape == logits.shape, f"{where}, expected six logits and found {short(found)}.")
        expect(torch.equal(given, logits) and listed == ids, f"{where}, your function changed what it was given. Clone the logits first.")
        expected = torch.tensor([_penalised_one(v, i in ids, penalty) for i, v in enumerate(logits.tolist())])
        if torch.allclose(found, expected, atol=1e-6):
            continue
        told = f"found {[round(v, 3) for v in found.tolist()]}, expected {[round(v, 3) for v in expected.tolist()]}."
        divided = torch.tensor([v / penalty if i in ids else v for i, v in enumerate(logits.tolist())])
        repeated = logits.clone()
        for i in ids:
            repeated[i] = _penalised_one(float(repeated[i]), True, penalty)
        mistakes = {
            "dividing a negative logit brings it nearer to 0 and makes its token *more* likely; multiply it": divided,
            "a token that occurred several times is penalised once": repeated,
            "you penalised all tokens; only those that occurred are": torch.tensor(
                [_penalised_one(v, True, penalty) for v in logits.tolist()]
            ),
            "you subtracted; this penalty divides and multiplies": torch.tensor(
                [v - penalty if i in ids else v for i, v in enumerate(logits.tolist())]
            ),
        }
        why = next((text for text, value in mistakes.items() if torch.allclose(found, value, atol=1e-6)), "look at each logit by its sign")
        refuse(f"{where}, {why}: {told}")


def _penalised_one(value, occurred, penalty):
    """Returns one logit after the penalty; the oracle."""
    if not occurred:
        return value
    return value / penalty if value > 0 else value * penalty


def penalised(logits, ids, penalty):
    result = logits.clone()
    for token in set(ids):
        result[token] = result[token] / penalty if result[token] > 0 else result[token] * penalty
    return result


def _other_penalty(logits, ids, penalty):
    import torch

    occurred = torch.zeros(len(logits), dtype=torch.bool)
    occurred[torch.tensor(ids, dtype=torch.long)] = True
    return torch.where(occurred, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


def _penalty_divides_all(logits, ids, penalty):
    result = logits.clone()
    for token in set(ids):
        result[token] = result[token] / penalty
    return result


def _penalty_each_time(logits, ids, penalty):
    result = logits.clone()
    for token in ids:
        result[token] = result[token] / penalty if result[token] > 0 else result[token] * penalty
    return result


def _penalty_subtracts(logits, ids, penalty):
    result = logits.clone()
    for token in set(ids):
        result[token] = result[token] - penalty
    return result


def _penalty_in_place(logits, ids, penalty):
    for token in set(ids):
        logits[token] = logits[token] / penalty if logits[token] > 0 else logits[token] * penalty
    return logits


def _count(messages):
    """Returns the tokens of messages as a template would make them: two marks a message and its words."""
    return sum(2 + len(message["content"].split()) for message in messages)


def _chat(*sizes, system=0):
    """Returns a chat of so many turns with contents of so many words each, users first, the system's message before them."""
    roles = ("user", "assistant")
    said = [{"role": roles[k % 2], "content": " ".join(f"{'ua'[k % 2]}{k}" for _ in range(size))} for k, size in enumerate(sizes)]
    return [{"role": "system", "content": " ".join(["s"] * system)}, *said] if system else said


_CHATS = (
    (_chat(3, 3, 3), 100),
    (_chat(3, 3, 3, 3, 3), 20),
    (_chat(3, 3, 3, 3, 3), 24),
    (_chat(2, 9, 2, 1, 2, 1, 4), 21),
    (_chat(3, 3, 3, 3, 3, system=4), 26),
    (_chat(1, 1, 20, 1, 1, 1, 1, system=1), 17),
    (_chat(5, 5, 30, system=3), 20),
    (_chat(6), 4),
)


def _verify_history(answer):
    for messages, limit in _CHATS:
        given = [dict(message) for message in messages]
        found = call(answer, given, limit, _count)
        where = f"For messages of {[_count([m]) for m in messages]} tokens ({_roles(messages)}) and limit {limit}"
        expect(isinstance(found, list), f"{where}, expected a list of messages and found {short(found)}.")
        expect(given == messages, f"{where}, your function changed the list that it was given. Build a new one.")
        _judge_history(found, messages, limit, where)


def _judge_history(found, messages, limit, where):
    expect(found and found[-1] == messages[-1], f"{where}, the last message is missing: it is the question to be answered.")
    system = messages[:1] if messages[0]["role"] == "system" else []
    expect(found[: len(system)] == system, f"{where}, the system message is not at the beginning; it is always kept.")
    rest, said = found[len(system) :], messages[len(system) :]
    expect(rest == said[-len(rest) :], f"{where}, you sent {_roles(found)}; expected the latest messages, in their order, without a gap.")
    expect(rest[0]["role"] == "user", f"{where}, what follows begins with the {rest[0]['role']}'s message, in the middle of an exchange.")
    best = _best_history(system, said, limit)
    expect(
        _count(found) <= limit or found == best,
        f"{where}, you sent {_count(found)} tokens. Count the system message and the last one as well.",
    )
    expect(
        found == best, f"{where}, you sent {len(found)} messages ({_count(found)} tokens); {len(best)} would fit ({_count(best)} tokens)."
    )


def _best_history(system, said, limit):
    """Returns the longest history that fits, else the last message behind the system's; the oracle, which tries all."""
    tails = [said[k:] for k in range(len(said)) if said[k]["role"] == "user"]
    return next((system + tail for tail in tails if _count(system + tail) <= limit), system + said[-1:])


def _roles(messages):
    return "".join(message["role"][0] for message in messages)


def fitting_history(messages, limit, count):
    system = [message for message in messages[:1] if message["role"] == "system"]
    said = messages[len(system) :]
    for start, message in enumerate(said):
        if message["role"] == "user" and count(system + said[start:]) <= limit:
            return system + said[start:]
    return system + said[-1:]


def _other_history(messages, limit, count):
    rest = list(messages)
    system = [rest.pop(0)] if rest[0]["role"] == "system" else []
    while len(rest) > 1 and (count([*system, *rest]) > limit or rest[0]["role"] != "user"):
        rest = rest[1:]
    return [*system, *rest]


def _history_of_last(messages, limit, count):
    return messages[-1:]


def _history_mid_exchange(messages, limit, count):
    system = [message for message in messages[:1] if message["role"] == "system"]
    rest = messages[len(system) :]
    while len(rest) > 1 and count(system + rest) > limit:
        rest = rest[1:]
    return system + rest


def _history_without_system_counted(messages, limit, count):
    system = [message for message in messages[:1] if message["role"] == "system"]
    rest = messages[len(system) :]
    while len(rest) > 1 and (count(rest) > limit or rest[0]["role"] != "user"):
        rest = rest[1:]
    return system + rest


def _history_in_place(messages, limit, count):
    keep = 1 if messages[0]["role"] == "system" else 0
    while len(messages) > keep + 1 and (count(messages) > limit or messages[keep]["role"] != "user"):
        messages.pop(keep)
    return messages


def _history_of_first(messages, limit, count):
    kept = list(messages)
    while len(kept) > 2 and count(kept) > limit:
        kept.pop(-2)
    return kept


_LENGTH, _VARIETY, _STRANGE = 80, 0.70, 0.09
_SET_BY_CHECK = ("max_new_tokens", "min_new_tokens", "max_length", "min_length", "num_return_sequences", "input_ids", "attention_mask")
_SET_BY_CHECK += ("eos_token_id", "stop_strings", "return_dict_in_generate")


def _verify_remedy(answer):
    expect(isinstance(answer, dict), f"Expected a dictionary of options, such as {{'num_beams': 2}}; found {short(answer)}.")
    fixed = [name for name in answer if name in _SET_BY_CHECK]
    expect(not fixed, f"{', '.join(map(str, fixed))}: lengths, ends and prompts are set by the check. Change how tokens are chosen.")
    model, batch, heard, tokenizer = _story_writer()
    variety, strange = _trade(model, batch, heard, tokenizer, answer)
    told = f"distinct-3 {variety:.2f} (at least {_VARIETY:.2f} is asked for), unheard pairs {strange:.1%} (at most {_STRANGE:.0%})"
    expect(variety >= _VARIETY or strange > _STRANGE, f"It still repeats itself: {told}.")
    expect(strange <= _STRANGE or variety < _VARIETY, f"It varies by talking strangely: {told}. Try a milder setting.")
    expect(variety >= _VARIETY, f"It repeats itself and talks strangely: {told}.")
    return f"On forty new openings: {told}."


def _trade(model, batch, heard, tokenizer, settings):
    """Returns the mean distinct-3 and the share of unheard pairs of forty texts written with these settings."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        try:
            out = model.generate(**batch, **{**settings, "min_new_tokens": _LENGTH, "max_new_tokens": _LENGTH})
        except Exception as error:
            refuse(f"generate() refused these options: {type(error).__name__}: {str(error).splitlines()[0]}")
    rows = out[:, batch["input_ids"].shape[1] :].tolist()
    grams = [_grams_by_shifting(row, 3) for row in rows]
    spoken = [pair for row in rows for pair in _word_pairs(tokenizer.decode(row))]
    return sum(len(set(g)) / len(g) for g in grams) / len(grams), sum(pair not in heard for pair in spoken) / len(spoken)


def _word_pairs(text):
    return list(pairwise(re.findall(r"\w+|[^\w\s]", text)))


@functools.cache
def _story_writer():
    """Returns the model, forty openings as a batch, the pairs of words of real stories, and the tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from course_utils import checkpoint, dataset

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("story-writer"))
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a bar would be taken for something that the answer printed
    model = AutoModelForCausalLM.from_pretrained(checkpoint("story-writer"), dtype=torch.float32).eval()
    if shown:
        logging.enable_progress_bar()
    stories = dataset("stories")
    openings = [tokenizer.bos_token + " ".join(text.split()[:3]) for text in stories["test"]["text"][300:340]]
    heard = {pair for text in stories["train"]["text"] for pair in _word_pairs(text)}
    return model, tokenizer(openings, return_tensors="pt", padding=True), heard, tokenizer


def own_remedy():
    return {"do_sample": True, "temperature": 0.5, "top_k": 0, "repetition_penalty": 1.3}


EXERCISES = (
    Exercise(
        name="distinct_share",
        verify=_verify_distinct,
        solution=distinct_share,
        hints=(
            "How many n-grams does a list of length m have? The first begins at 0; where does the last one begin?",
            "A list cannot be put into a set, a tuple can: `tuple(ids[i : i + n])`.",
            "With `grams` as a list of tuples, the share is `len(set(grams)) / len(grams)`, unless there are none.",
        ),
        wrong={
            "blocks": Wrong(_distinct_in_blocks, because="n-grams overlap"),
            "divided by tokens": Wrong(_distinct_by_tokens, because="n - 1 fewer n-grams"),
            "shorter pieces at the end": Wrong(_distinct_with_stubs, because="shorter than n"),
            "share of repeated": Wrong(_repeated_share, because="the different ones are the rest"),
            "nothing for short lists": Wrong(_distinct_without_care, because="ZeroDivisionError"),
        },
        other=_other_distinct,
    ),
    Exercise(
        name="next_probabilities",
        verify=_verify_spread,
        solution=next_probabilities,
        hints=(
            "Three steps, in the order that generate() keeps; each works on logits, and one softmax ends it.",
            "A logit of minus infinity becomes a probability of exactly 0, and the others share the rest by themselves.",
            "The lesson's `keep_top_k` and `keep_top_p` do the cutting; call each only when its number is not *off*.",
        ),
        wrong={
            "cut before the temperature": Wrong(_spread_cut_first, because="The temperature comes first"),
            "multiplied by the temperature": Wrong(_spread_multiplied, because="divide by it"),
            "shares not shared out again": Wrong(_spread_not_shared_out, because="must sum to 1"),
            "the token that reaches p dropped": Wrong(_spread_too_narrow, because="belongs to those that stay"),
            "changes its argument": Wrong(_spread_in_place, because="changed the logits"),
        },
        other=_other_spread,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="penalised_logits",
        verify=_verify_penalty,
        solution=penalised,
        hints=(
            "Which tokens have occurred? Each of them once: a set.",
            "A smaller logit is a less likely token. What does dividing by 2 do to 3, and what does it do to -3?",
            "On a clone: where the logit is positive divide it by the penalty, else multiply it.",
        ),
        wrong={
            "divides negative logits": Wrong(_penalty_divides_all, because="*more* likely"),
            "penalises each time": Wrong(_penalty_each_time, because="penalised once"),
            "subtracts": Wrong(_penalty_subtracts, because="you subtracted"),
            "changes its argument": Wrong(_penalty_in_place, because="Clone the logits"),
        },
        other=_other_penalty,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="fitting_history",
        verify=_verify_history,
        solution=fitting_history,
        hints=(
            "Split the list first: a system message or nothing, and the rest.",
            "What you send of the rest is a tail, `rest[k:]`, that begins with a user's message. Which k gives the longest that fits?",
            "Try k from 0 upwards, and count the system message in. If no tail fits, the last message alone is left.",
        ),
        wrong={
            "last message alone": Wrong(_history_of_last, because="would fit"),
            "in the middle of an exchange": Wrong(_history_mid_exchange, because="in the middle of an exchange"),
            "system message not counted": Wrong(_history_without_system_counted, because="Count the system message"),
            "oldest kept": Wrong(_history_of_first, because="expected the latest messages"),
            "changes its argument": Wrong(_history_in_place, because="changed the list"),
        },
        other=_other_history,
    ),
    Exercise(
        name="own_remedy",
        verify=_verify_remedy,
        solution=own_remedy,
        hints=(
            "Look at the figure of the remedies: which points are near the real stories, and what lies between two of them?",
            "A penalty between 1.2 and 1.6, or a little heat together with a small penalty: remedies may be combined.",
            "Measure before you hand in: `measures(continuations(min_new_tokens=80, **my_remedy))` gives both numbers with their errors.",
        ),
        wrong={
            "nothing": Wrong({}, because="repeats itself"),
            "beam search": Wrong({"num_beams": 3}, because="still repeats itself"),
            "a ban on pairs": Wrong({"no_repeat_ngram_size": 2}, because="talking strangely"),
            "much heat": Wrong({"do_sample": True, "temperature": 2.0}, because="talking strangely"),
            "lets the text end": Wrong({"max_new_tokens": 30}, because="set by the check"),
            "an option that does not exist": Wrong({"creativity": 0.5}, because="generate() refused"),
        },
        other={"repetition_penalty": 1.5},
        value=True,
        seconds=_PATIENCE,
    ),
)
