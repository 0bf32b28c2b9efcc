"""The exercises of `04_fine_tuning/07_instructions_and_rewards`: labels, copies, a preference loss, advantages, a reward that survives."""

import math
import random
from itertools import pairwise

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 60.0  # seconds: the first check of a process may have to import torch
_USER, _ASSISTANT, _END = 50, 51, 52
_CHATS = (
    [50, 1, 2, 52, 51, 3, 4, 52],
    [50, 1, 52, 51, 2, 52, 50, 3, 4, 52, 51, 5, 6, 7, 52],
    [50, 9, 52],
    [50, 9, 52, 51],
    [50, 1, 52, 51, 52, 50, 2, 52, 51, 8, 9],
)


def _verify_labels(answer):
    for ids in _CHATS:
        where, given = f"For the ids {ids} (50 user, 51 assistant, 52 end)", list(ids)
        found = call(answer, given, _ASSISTANT, _END)
        expect(given == ids, f"{where}, your function changed the list that it was given. Build a new one.")
        expect(isinstance(found, list | tuple), f"{where}, expected a list of labels and found {short(found)}.")
        found = list(found)
        expect(len(found) == len(ids), f"{where}, found {len(found)} labels; expected one for each of {len(ids)} ids.")
        expected = _labels_by_turn(ids)
        if found != expected:
            refuse(f"{where}, {_why_labels(found, expected, ids)}: found {found}, expected {expected}.")
    moved = call(answer, [7, 1, 9, 8, 2, 9], 8, 9)
    expect(
        list(moved) == [-100, -100, -100, -100, 2, 9], "With other marks (assistant 8, end 9) the labels are wrong. Use the two arguments."
    )


def _why_labels(found, expected, ids):
    pairs = list(zip(found, expected, ids, strict=True))
    if any(f == -100 and e not in (-100, _END) for f, e, _ in pairs):
        return "a part of an answer is not learned; a conversation can have several answers"
    if any(f == i == _END and e == -100 for f, e, i in pairs):
        return "you learn an end mark that the user's turn has; only the assistant's own ends are learned"
    if any(i == _END and e == _END and f == -100 for f, e, i in pairs):
        return "the end mark of an answer is not learned, so the model would never stop"
    if any(i == _ASSISTANT and f == i for f, _, i in pairs):
        return "you learn the mark that opens an answer; the program writes it, not the model"
    if all(f in (i, -100) for f, _, i in pairs) and any(f == i and e == -100 for f, e, i in pairs):
        return "you learn what a user said"
    return "a label is neither -100 nor the id at its place"


def _labels_by_turn(ids):
    """Returns the labels of a conversation, turn by turn; the oracle."""
    labels, speaker = [], None
    for i in ids:
        opens = i in (_USER, _ASSISTANT)
        labels.append(i if speaker == _ASSISTANT and not opens else -100)
        speaker = i if opens else None if i == _END else speaker
    return labels


def answer_labels(ids, assistant, end):
    labels, speaking = [], False
    for i in ids:
        labels.append(i if speaking else -100)
        if i == assistant:
            speaking = True
        elif i == end:
            speaking = False
    return labels


def _other_labels(ids, assistant, end):
    labels, start = [-100] * len(ids), 0
    while assistant in ids[start:]:
        begin = ids.index(assistant, start) + 1
        stop = ids.index(end, begin) + 1 if end in ids[begin:] else len(ids)
        labels[begin:stop] = ids[begin:stop]
        start = stop
    return labels


def _labels_first_answer_only(ids, assistant, end):
    begin = ids.index(assistant) + 1 if assistant in ids else len(ids)
    stop = ids.index(end, begin) + 1 if end in ids[begin:] else len(ids)
    return [i if begin <= place < stop else -100 for place, i in enumerate(ids)]


def _labels_from_first_answer_on(ids, assistant, end):
    begin = ids.index(assistant) + 1 if assistant in ids else len(ids)
    return [i if place >= begin else -100 for place, i in enumerate(ids)]


def _labels_without_end(ids, assistant, end):
    return [-100 if i == end else label for i, label in zip(ids, answer_labels(ids, assistant, end), strict=True)]


def _labels_with_opening(ids, assistant, end):
    return [i if i == assistant else label for i, label in zip(ids, answer_labels(ids, assistant, end), strict=True)]


_TEXTS = (
    (["Vera had a hat.", "Vera had a hat.", "Leo had a cat."], 0.9),
    (["Vera had a red hat.", "vera HAD a red hat.", "Vera had a red hat today."], 0.75),
    (["a b c d e f", "a b c d e x", "b c d e x y", "c d e x y z"], 0.6),
    (["one", "one", "", "two words", "two words"], 0.5),
    (["to be or not to be", "to be to be or not", "be or not to be"], 1.0),
    (["the cat sat", "sat cat the", "cat the sat"], 0.3),
)


def _verify_copies(answer):
    for texts, threshold in _TEXTS:
        where, given = f"For the texts {texts} and threshold {threshold}", list(texts)
        found = call(answer, given, threshold)
        expect(given == texts, f"{where}, your function changed the list that it was given.")
        expect(isinstance(found, list | tuple), f"{where}, expected a list of numbers and found {short(found)}.")
        expect(not any(isinstance(n, str) for n in found), f"{where}, found texts; expected their numbers, counted from 0.")
        expected = _stay(texts, threshold)
        if list(found) != expected:
            refuse(f"{where}, {_why_copies(list(found), texts, threshold)}: found {short(list(found))}, expected {expected}.")


def _why_copies(found, texts, threshold):
    lower = [text.lower() for text in texts]
    mistakes = {
        "you compare with every earlier text; compare with those that stay": _stay(texts, threshold, against_all=True),
        "you do not lower the case": _stay(texts, threshold, lower=False),
        "a text without pairs is kept": [n for n in _stay(texts, threshold) if len(texts[n].split()) > 1],
        "you compare single words; compare pairs of neighbouring words": _stay(texts, threshold, size=1),
        "the number of shared pairs is divided by the smaller set; divide by all that they have together": _stay(
            texts, threshold, overlap=True
        ),
        "you find equal texts only": [n for n, text in enumerate(lower) if text not in lower[:n] or len(text.split()) < 2],
        "a similarity equal to the threshold counts as a copy": _stay(texts, threshold, strictly=True),
    }
    return next(
        (why for why, value in mistakes.items() if value == found), "go through the texts in order and compare each with those that stay"
    )


def _stay(texts, threshold, lower=True, size=2, against_all=False, overlap=False, strictly=False):
    """Returns the numbers of the texts that stay; the oracle, and with other settings the likely mistakes."""
    words = [(text.lower() if lower else text).split() for text in texts]
    sets = [set(zip(*(row[k:] for k in range(size)), strict=False)) for row in words]
    kept = []
    for n, own in enumerate(sets):
        values = []
        for m in range(n) if against_all else kept:
            shared, union = len(own & sets[m]), len(own | sets[m])
            below = min(len(own), len(sets[m])) if overlap else union
            values.append(shared / below if below and own else 0.0)
        top = max(values, default=0.0)
        if not own or not (top > threshold if strictly else top >= threshold):
            kept.append(n)
    return kept


def without_copies(texts, threshold):
    kept = {}
    for n, text in enumerate(texts):
        pairs = set(pairwise(text.lower().split()))
        if not pairs or all(len(pairs & other) < threshold * len(pairs | other) for other in kept.values()):
            kept[n] = pairs
    return list(kept)


def _other_copies(texts, threshold):
    stays, seen = [], []
    for n in range(len(texts)):
        words = texts[n].lower().split()
        own = {f"{a} {b}" for a, b in pairwise(words)}
        similar = [len(own.intersection(s)) / len(own.union(s)) for s in seen if own]
        if max(similar, default=-1) < threshold:
            stays.append(n)
            if own:
                seen.append(own)
    return stays


def _copies_against_all(texts, threshold):
    return _stay(texts, threshold, against_all=True)


def _copies_of_words(texts, threshold):
    return _stay(texts, threshold, size=1)


def _copies_with_case(texts, threshold):
    return _stay(texts, threshold, lower=False)


def _copies_equal_only(texts, threshold):
    lower = [text.lower() for text in texts]
    return [n for n, text in enumerate(lower) if text not in lower[:n] or len(text.split()) < 2]


def _copies_drop_short(texts, threshold):
    return [n for n in _stay(texts, threshold) if len(texts[n].split()) > 1]


def _verify_preference(answer):
    import torch

    numbers = torch.Generator().manual_seed(5)
    for size, beta in ((6, 0.1), (1, 0.5), (4, 2.0)):
        given = [torch.randn(size, generator=numbers) * 4 - 10 for _ in range(4)]
        found = call(answer, *(tensor.clone() for tensor in given), beta)
        where = f"For {size} pairs and beta={beta}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(found.dim() == 0, f"{where}, the result has shape {tuple(found.shape)}; expected the mean, one number.")
        expected = _preference_by_pairs(*(tensor.tolist() for tensor in given), beta)
        if abs(float(found) - expected) > 1e-4 * max(1, abs(expected)):
            refuse(f"{where}, {_why_preference(float(found), given, beta)}: found {float(found):.4f}, expected {expected:.4f}.")
    _judge_extremes(answer)
    return "This is the loss of DPO."


def _judge_extremes(answer):
    import torch

    chosen = torch.tensor([-900.0, -5.0], requires_grad=True)
    rejected = torch.tensor([-5.0, -900.0], requires_grad=True)
    reference = torch.tensor([-10.0, -10.0], requires_grad=True)
    found = call(answer, chosen, rejected, reference, reference * 1.0, 1.0)
    bad = "For a pair where the rejected answer is likelier by 895 in logarithms"
    expect(
        bool(found.isfinite()), f"{bad}, the loss is {found.item()}. A sigmoid so far out is 0, and its logarithm infinite: use logsigmoid."
    )
    expect(
        found.requires_grad, "The loss has no gradient: compute with the tensors that you are given, without .item(), .tolist() or no_grad."
    )
    found.backward()
    expect(chosen.grad is not None and rejected.grad is not None, f"{bad}, the policy's log-probabilities get no gradient.")
    expect(bool(chosen.grad.isfinite().all()), f"{bad}, the gradient is not finite: use logsigmoid.")
    expect(
        reference.grad is None or not reference.grad.any(),
        "The reference's log-probabilities get a gradient. It is frozen: detach them.",
    )


def _preference_by_pairs(chosen, rejected, reference_chosen, reference_rejected, beta):
    """Returns the mean loss of pairs of plain numbers; the oracle."""
    margins = [beta * ((a - c) - (b - d)) for a, b, c, d in zip(chosen, rejected, reference_chosen, reference_rejected, strict=True)]
    return sum(max(-m, 0.0) + math.log1p(math.exp(-abs(m))) for m in margins) / len(margins)


def _why_preference(found, given, beta):
    chosen, rejected, first, second = (tensor.tolist() for tensor in given)
    zeros = [0.0] * len(chosen)
    mistakes = {
        "you leave the reference out": _preference_by_pairs(chosen, rejected, zeros, zeros, beta),
        "the two sides are exchanged": _preference_by_pairs(rejected, chosen, second, first, beta),
        "beta is missing": _preference_by_pairs(chosen, rejected, first, second, 1.0),
        "you divide by beta": _preference_by_pairs(chosen, rejected, first, second, 1 / beta),
        "that is the sum; expected the mean": len(chosen) * _preference_by_pairs(chosen, rejected, first, second, beta),
        "the sign is wrong; a loss gets smaller as the margin grows": -_preference_by_pairs(chosen, rejected, first, second, beta),
    }
    near = (why for why, value in mistakes.items() if abs(found - value) <= 1e-4 * max(1, abs(value)))
    return next(near, "compare the gains in log-probability of the two answers")


def preference_loss(chosen, rejected, reference_chosen, reference_rejected, beta):
    from torch.nn.functional import logsigmoid

    gain_chosen = chosen - reference_chosen.detach()
    gain_rejected = rejected - reference_rejected.detach()
    return -logsigmoid(beta * (gain_chosen - gain_rejected)).mean()


def _other_preference(chosen, rejected, reference_chosen, reference_rejected, beta):
    import torch

    with torch.no_grad():
        shift = reference_chosen - reference_rejected
    return torch.nn.functional.softplus(beta * (rejected - chosen + shift)).mean()


def _preference_log_of_sigmoid(chosen, rejected, reference_chosen, reference_rejected, beta):
    margin = (chosen - reference_chosen.detach()) - (rejected - reference_rejected.detach())
    return -(beta * margin).sigmoid().log().mean()


def _preference_without_reference(chosen, rejected, reference_chosen, reference_rejected, beta):
    return preference_loss(chosen, rejected, reference_chosen * 0, reference_rejected * 0, beta)


def _preference_exchanged(chosen, rejected, reference_chosen, reference_rejected, beta):
    return preference_loss(rejected, chosen, reference_rejected, reference_chosen, beta)


def _preference_learning_reference(chosen, rejected, reference_chosen, reference_rejected, beta):
    from torch.nn.functional import logsigmoid

    return -logsigmoid(beta * ((chosen - reference_chosen) - (rejected - reference_rejected.detach()))).mean()


def _preference_sum(chosen, rejected, reference_chosen, reference_rejected, beta):
    return preference_loss(chosen, rejected, reference_chosen, reference_rejected, beta) * len(chosen)


_GROUPS = (
    ([1.0, 0.0, 0.0, 1.0], 4),
    ([1.0, 0.0, 0.0, 0.0, 5.0, 6.0, 9.0, 6.0], 4),
    ([1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 2.0, 3.0, 7.0], 3),
    ([0.001, 0.0, 0.0, 0.0], 2),
    ([3.0, 4.0, 5.0], 1),
    ([0.1, 0.1, 0.1, 0.7, 0.7, 0.7], 3),
)


def _verify_advantages(answer):
    import torch

    for rewards, count in _GROUPS:
        given = torch.tensor(rewards)
        found = call(answer, given, count)
        where = f"For the rewards {rewards} in groups of {count}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(torch.equal(given, torch.tensor(rewards)), f"{where}, your function changed the rewards that it was given.")
        expect(
            found.shape == given.shape, f"{where}, the result has shape {tuple(found.shape)}; expected the flat shape {tuple(given.shape)}."
        )
        expected = torch.tensor(_advantages_by_group(rewards, count))
        expect(not found.isnan().any(), f"{where}, an advantage is nan: 0 divided by 0. A group without spread has advantages of 0.")
        if not torch.allclose(found, expected, atol=1e-4):
            told = f"found {[round(v, 3) for v in found.tolist()]}, expected {[round(v, 3) for v in expected.tolist()]}"
            refuse(f"{where}, {_why_advantages(found, given, count)}: {told}.")


def _why_advantages(found, rewards, count):
    import torch

    groups = rewards.view(-1, count)
    spread = groups.std(dim=1, keepdim=True, correction=0)
    mistakes = {
        "you take the mean and spread of all rewards; each group has its own": (rewards - rewards.mean()) / rewards.std(),
        "you do not divide by the standard deviation": (groups - groups.mean(dim=1, keepdim=True)).flatten(),
        "you divide by the standard deviation of n; std() divides by n - 1": (
            (groups - groups.mean(dim=1, keepdim=True)) / spread
        ).flatten(),
        "the groups are taken across the instructions; answers to one stand side by side": torch.tensor(
            _advantages_by_group(rewards.view(count, -1).T.flatten().tolist(), count)
        )
        .view(-1, count)
        .T.flatten(),
    }
    near = (why for why, value in mistakes.items() if torch.allclose(found, value.nan_to_num(), atol=1e-4))
    if why := next(near, None):
        return why
    return "is something added to the denominator? It shrinks small differences" if count > 1 else "a group of one has no spread"


def _advantages_by_group(rewards, count):
    """Returns the advantages of plain numbers, group by group; the oracle."""
    result = []
    for start in range(0, len(rewards), count):
        group = rewards[start : start + count]
        mean = sum(group) / count
        spread = (sum((r - mean) ** 2 for r in group) / (count - 1)) ** 0.5 if count > 1 and len(set(group)) > 1 else 0.0
        result += [(r - mean) / spread if spread else 0.0 for r in group]
    return result


def advantages(rewards, count):
    groups = rewards.view(-1, count)
    same = (groups == groups[:, :1]).all(dim=1, keepdim=True)
    centred = (groups - groups.mean(dim=1, keepdim=True)).masked_fill(same, 0.0)
    spread = groups.std(dim=1, keepdim=True) if count > 1 else same.float()
    return (centred / spread.masked_fill(same, 1.0)).flatten()


def _other_advantages(rewards, count):
    import torch

    parts = []
    for group in rewards.split(count):
        if len(group) == 1 or group.max() == group.min():
            parts.append(torch.zeros_like(group))
        else:
            parts.append((group - group.mean()) / group.std())
    return torch.cat(parts)


def _advantages_of_all(rewards, count):
    return (rewards - rewards.mean()) / rewards.std()


def _advantages_not_scaled(rewards, count):
    groups = rewards.view(-1, count)
    return (groups - groups.mean(dim=1, keepdim=True)).flatten()


def _advantages_nan(rewards, count):
    groups = rewards.view(-1, count)
    return ((groups - groups.mean(dim=1, keepdim=True)) / groups.std(dim=1, keepdim=True)).flatten()


def _advantages_padded(rewards, count):
    groups = rewards.view(-1, count)
    spread = groups.std(dim=1, keepdim=True).nan_to_num() + 0.1
    return ((groups - groups.mean(dim=1, keepdim=True)) / spread).flatten()


def _advantages_in_rows(rewards, count):
    return advantages(rewards, count).view(-1, count)


_DESCRIBING = (
    "beautiful", "big", "black", "blue", "clean", "dirty", "funny", "green", "grey", "heavy", "new", "old", "pink", "red", "round", "small",
    "strange", "white", "yellow",
)  # fmt: skip
_THINGS = ("hat", "toy", "cat", "boat", "apple", "umbrella", "clock", "egg")
_PEOPLE = ("Vera", "Leo", "Nadia", "Tom", "Zoe", "Omar")
_SPOTS = ("chair", "door", "table", "box", "bridge")


def _asked(draw):
    """Returns an instruction, its describing word and its thing."""
    word, thing = draw.choice(_DESCRIBING), draw.choice(_THINGS)
    return f"I want {'an' if word[0] in 'aeiou' else 'a'} {word} {thing}.", word, thing


def _good(draw, word, thing):
    """Returns plain good answers, and vivid ones that are worth more than each of them."""
    article = "an" if word[0] in "aeiou" else "a"
    who, spot = draw.choice(_PEOPLE), draw.choice(_SPOTS)
    extra = draw.choice([w for w in _DESCRIBING if w != word])
    wide = "an" if extra[0] in "aeiou" else "a"
    plain = [f"{who} had {article} {word} {thing}.", f"{who} hid {article} {word} {thing} behind the {spot}."]
    vivid = [f"{who} hid {article} {word} {thing} behind the {extra} {spot}.", f"{who} had {wide} {extra} {word} {thing}."]
    return plain, vivid


def _tricks(draw, instruction, word, thing):
    """Returns what a policy finds when a reward lets it, by the kind of trick."""
    who, some = draw.choice(_PEOPLE), draw.sample([w for w in _DESCRIBING if w != word], 9)
    article = "an" if word[0] in "aeiou" else "a"
    plain = f"{who} had {article} {word} {thing}."
    return {
        "a row of describing words": f"{who} had {article} {' '.join(some)} {word} {thing}.",
        "one describing word repeated": f"{who} had {article} {word} {word} {word} {word} {thing}.",
        "describing words behind the answer": f"{who} had {article} {word} {thing} {' '.join(some[:4])}.",
        "describing words in every place": f"{who} hid {article} {some[0]} {some[1]} {word} {thing} behind the {some[2]} {some[3]} door.",
        "nothing but describing words": " ".join(some) + ".",
        "another thing, vividly": f"{who} hid {article} {some[0]} {some[1]} lamp behind the {some[2]} door.",
        "the right words, apart": f"{who} had a {word} lamp behind the {some[0]} {thing}.",
        "the thing named again and again": f"{who} had {article} {word} {thing} {word} {thing} {word} {thing}.",
        "a blank answer": "",
        "only spaces": "   ",
        "a full stop": ".",
        "the instruction sent back": instruction,
        "no end": f"{who} hid {article} {word} {thing} behind the {some[0]}",
        "several sentences": f"{plain} {who} had {article} {some[0]} {word} {thing}. {plain}",
        "only the thing": f"{article} {word} {thing}.",
    }


def _verify_reward(answer):
    draw = random.Random(11)
    for _ in range(12):
        instruction, word, thing = _asked(draw)
        (plain, vivid), tricks = _good(draw, word, thing), _tricks(draw, instruction, word, thing)
        value = {said: _number(answer, instruction, said) for said in (*plain, *vivid, *tricks.values())}
        floor = min(value[said] for said in plain)
        best_trick = max(tricks, key=lambda kind: value[tricks[kind]])
        top = value[tricks[best_trick]]
        expect(
            top < floor,
            f"To {instruction!r} your reward likes a trick, {best_trick}: {tricks[best_trick]!r} gets {top:.2f}, and the good answer "
            f"{min(plain, key=value.get)!r} gets {floor:.2f}. A policy would find that out.",
        )
        for said in vivid:
            rival = max(plain, key=value.get)
            expect(
                value[said] > value[rival],
                f"To {instruction!r} the vivid answer {said!r} gets {value[said]:.2f}, no more than the plain {rival!r} with "
                f"{value[rival]:.2f}. Nothing would make a policy more vivid.",
            )
    return "Whatever searched for its favourite found a good answer."


def _number(answer, instruction, said):
    found = call(answer, instruction, said)
    where = f"For {instruction!r} and the answer {said!r}"
    expect(isinstance(found, int | float) and not isinstance(found, str), f"{where}, expected a number and found {short(found)}.")
    expect(math.isfinite(found) and 0 <= found <= 1, f"{where}, your reward is {found}; expected a number from 0 to 1.")
    return float(found)


def my_reward(instruction, answer):
    names = "beautiful big black blue clean dirty funny green grey heavy new old pink red round small strange white yellow"
    describing = set(names.split())
    words = answer.rstrip(".").split()
    wanted = instruction.rstrip(".").split()[-2:]
    finished = answer.endswith(".") and answer.count(".") == 1
    named = sum(words[k : k + 2] == wanted for k in range(len(words))) == 1 and words.count(wanted[1]) == 1
    extra = sum(word in describing for word in words) - 1
    begins = words[:1] != ["I"] and len(words) >= 5 and words[0][0].isupper()
    if not (finished and named and begins) or extra > 1:
        return 0.0
    if extra == 1 and words[-1] in describing:
        return 0.0
    return 0.6 + 0.4 * extra


def _other_reward(instruction, answer):
    import re

    colours = "beautiful|big|black|blue|clean|dirty|funny|green|grey|heavy|new|old|pink|red|round|small|strange|white|yellow"
    word, thing = instruction[:-1].split()[-2:]
    shape = rf"[A-Z]\w+ \w+ an? (?:(?P<before>{colours}) )?{word} {thing}(?: \w+ the (?:(?P<after>{colours}) )?(?!{colours})\w+)?\."
    found = re.fullmatch(shape, answer)
    if not found or answer == instruction:
        return 0
    return 0.5 + 0.2 * ((found["before"] is not None) != (found["after"] is not None)) - 0.5 * bool(found["before"] and found["after"])


def _reward_counts(instruction, answer):
    return min(1.0, sum(word in _DESCRIBING for word in answer.rstrip(".").split()) / 10)


def _reward_obeys(instruction, answer):
    return float(" ".join(instruction[:-1].split()[-2:]) in answer and answer.endswith("."))


def _reward_counts_if_it_obeys(instruction, answer):
    return _reward_obeys(instruction, answer) * _reward_counts(instruction, answer)


def _reward_flat(instruction, answer):
    return 1.0 if my_reward(instruction, answer) else 0.0


def _reward_too_large(instruction, answer):
    return 10 * my_reward(instruction, answer)


EXERCISES = [
    Exercise(
        "answer_labels",
        _verify_labels,
        answer_labels,
        hints=(
            "Walk through the ids and remember whether the assistant is speaking.",
            "Take the label *before* you look at whether this id opens or closes an answer: the opening mark is out, the end is in.",
        ),
        wrong={
            "the first answer only": Wrong(_labels_first_answer_only, because="several answers"),
            "all after the first answer": Wrong(_labels_from_first_answer_on, because="that the user's turn has"),
            "without the end": Wrong(_labels_without_end, because="would never stop"),
            "with the opening mark": Wrong(_labels_with_opening, because="the mark that opens an answer"),
        },
        other=_other_labels,
    ),
    Exercise(
        "without_copies",
        _verify_copies,
        without_copies,
        hints=(
            "Make a set of pairs for each text: `set(pairwise(text.lower().split()))`, with pairwise from itertools.",
            "Keep a list of the sets of the texts that stay. A text stays if the largest similarity to one of them is below the threshold.",
            "The similarity is len(a & b) / len(a | b). A text without pairs stays, and nothing is compared with it.",
        ),
        wrong={
            "compared with all earlier texts": Wrong(_copies_against_all, because="compare with those that stay"),
            "single words": Wrong(_copies_of_words, because="pairs of neighbouring words"),
            "with the case": Wrong(_copies_with_case, because="lower the case"),
            "equal texts only": Wrong(_copies_equal_only, because="equal texts only"),
            "short texts dropped": Wrong(_copies_drop_short, because="a text without pairs is kept"),
        },
        other=_other_copies,
    ),
    Exercise(
        "preference_loss",
        _verify_preference,
        preference_loss,
        hints=(
            "How much did each answer gain: its log-probability minus the reference's. The loss looks at the difference of the two gains.",
            "Minus the logarithm of the sigmoid of beta times that difference, and the mean over the pairs.",
            "`torch.nn.functional.logsigmoid` stays finite where the sigmoid rounds to 0. `.detach()` keeps a tensor out of the gradient.",
        ),
        wrong={
            "log of sigmoid": Wrong(_preference_log_of_sigmoid, because="use logsigmoid"),
            "without reference": Wrong(_preference_without_reference, because="leave the reference out"),
            "sides exchanged": Wrong(_preference_exchanged, because="two sides are exchanged"),
            "reference learns": Wrong(_preference_learning_reference, because="It is frozen"),
            "sum": Wrong(_preference_sum, because="that is the sum"),
        },
        other=_other_preference,
        seconds=_PATIENCE,
    ),
    Exercise(
        "group_advantages",
        _verify_advantages,
        advantages,
        hints=(
            "`rewards.view(-1, count)` puts each group into a row; `.flatten()` undoes it.",
            "Subtract `mean(dim=1, keepdim=True)` and divide by `std(dim=1, keepdim=True)`.",
            "Find the rows whose entries all equal the first one, and set them to 0; for count 1, std() is nan.",
        ),
        wrong={
            "over all rewards": Wrong(_advantages_of_all, because="each group has its own"),
            "not scaled": Wrong(_advantages_not_scaled, because="do not divide"),
            "nan": Wrong(_advantages_nan, because="is nan"),
            "denominator padded": Wrong(_advantages_padded, because="added to the denominator"),
            "not flat": Wrong(_advantages_in_rows, because="the flat shape"),
        },
        other=_other_advantages,
        seconds=_PATIENCE,
    ),
    Exercise(
        "surviving_reward",
        _verify_reward,
        my_reward,
        hints=(
            "First decide what must be true before anything is paid: finished, one sentence, the two words side by side, once.",
            "Then pay for one describing word more than the one asked for, and for no second. Let too many cost everything.",
            "Print what your reward gives to the tricks that you can think of; the message names the one that got through.",
        ),
        wrong={
            "counts words": Wrong(_reward_counts, because="your reward likes a trick"),
            "obeys only": Wrong(_reward_obeys, because="your reward likes a trick"),
            "counts if it obeys": Wrong(_reward_counts_if_it_obeys, because="your reward likes a trick"),
            "nothing for vivid": Wrong(_reward_flat, because="Nothing would make a policy more vivid"),
            "beyond 1": Wrong(_reward_too_large, because="from 0 to 1"),
        },
        other=_other_reward,
    ),
]
