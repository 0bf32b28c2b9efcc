"""The exercises of `06_deployment/01_smaller_and_faster`: honest times, rows in 8 bits, a choice within limits, a file format."""

import functools
import math

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 90.0  # seconds: the first check of a process may have to import torch and load the story-writer

_TIMES = (
    ([900.0, 40.0, 35.0, 10.0, 12.0, 11.0, 30.0, 14.0, 13.0, 15.0, 16.0], 3, 50),
    ([500.0, 9.0, 7.0, 8.0, 100.0], 1, 50),
    ([500.0, 9.0, 7.0, 8.0, 100.0], 1, 75),
    ([3.0, 1.0, 2.0, 5.0, 4.0], 0, 100),
    ([float(t) for t in range(101, 1, -1)], 0, 95),
    ([60.0, 4.0, 2.0, 3.0], 1, 1),
)


def _verify_summary(answer):
    for times, warm, p in _TIMES:
        given = list(times)
        found = call(answer, given, warm, p)
        where = f"For {short(times)}, warm={warm}, p={p}"
        expect(given == times, f"{where}, your function changed the list that it was given. Sort a copy.")
        expect(isinstance(found, int | float), f"{where}, expected a number and found {short(found)}.")
        kept = times[warm:]
        expected = min(t for t in kept if 100 * sum(other <= t for other in kept) >= p * len(kept))
        if math.isclose(found, expected):
            continue
        everything = sorted(times)
        mistakes = {
            "that is the mean, which one slow call pulls along": sum(kept) / len(kept),
            "the warm-up is still in it: leave the first calls out": everything[max(0, math.ceil(p / 100 * len(everything)) - 1)],
            "the first calls are the first in *time*: leave them out before you sort": _rank(everything[warm:], p),
            "that is one place too far: count how many stay at or below it": sorted(kept)[min(len(kept) - 1, int(p / 100 * len(kept)))],
            "sort the times first": kept[math.ceil(p / 100 * len(kept)) - 1],
        }
        why = next((text for text, value in mistakes.items() if math.isclose(found, value)), "return a time that was measured")
        refuse(f"{where}, {why}: found {found:g}, expected {expected:g}.")


def _rank(ordered, p):
    return ordered[max(0, math.ceil(p * len(ordered) / 100) - 1)]


def summary(times, warm, p):
    ordered = sorted(times[warm:])
    return ordered[math.ceil(p * len(ordered) / 100) - 1]


def _other_summary(times, warm, p):
    left = sorted(times[warm:], reverse=True)
    best = left[0]
    for count, value in enumerate(left):
        if 100 * (len(left) - count) >= p * len(left):
            best = value
    return best


def _summary_mean(times, warm, p):
    return sum(times[warm:]) / len(times[warm:])


def _summary_with_warm_up(times, warm, p):
    return _rank(sorted(times), p)


def _summary_sorted_first(times, warm, p):
    return _rank(sorted(times)[warm:], p)


def _summary_one_too_far(times, warm, p):
    ordered = sorted(times[warm:])
    return ordered[min(len(ordered) - 1, int(p / 100 * len(ordered)))]


def _summary_unsorted(times, warm, p):
    return times[warm:][math.ceil(p / 100 * len(times[warm:])) - 1]


def _summary_in_place(times, warm, p):
    del times[:warm]
    return _rank(sorted(times), p)


def _matrices():
    import torch

    generator = torch.Generator().manual_seed(3)
    wide = torch.randn(5, 40, generator=generator) * torch.tensor([[0.001], [1.0], [30.0], [0.2], [4.0]])
    lopsided = -torch.rand(3, 8, generator=generator) - 0.5
    empty = torch.randn(4, 6, generator=generator)
    empty[2] = 0
    return wide, lopsided, empty, torch.zeros(2, 3)


def _verify_rows(answer):
    import torch

    for weight in _matrices():
        given = weight.clone()
        found = call(answer, given)
        where = f"For a weight of shape {tuple(weight.shape)}"
        expect(isinstance(found, tuple | list) and len(found) == 2, f"{where}, expected a pair (numbers, scales) and found {short(found)}.")
        whole, scale = found
        expect(torch.equal(given, weight), f"{where}, your function changed the weight that it was given.")
        tensors = isinstance(whole, torch.Tensor) and isinstance(scale, torch.Tensor)
        expect(tensors, f"{where}, expected two tensors and found {short(found)}.")
        expect(whole.shape == weight.shape, f"{where}, your whole numbers have the shape {tuple(whole.shape)}.")
        expect(whole.dtype == torch.int8, f"{where}, your whole numbers are {whole.dtype}, expected torch.int8: `.to(torch.int8)`.")
        rows = (len(weight), 1)
        expect(scale.shape == rows, f"{where}, your scales have the shape {tuple(scale.shape)}, expected {rows}: one a row (keepdim=True).")
        _judge_rows(weight, whole, scale.float(), where)


def _judge_rows(weight, whole, scale, where):
    """Raises Mistake unless whole numbers and scales give the weight back to within half a step."""
    expect(
        scale.isfinite().all() and (scale > 0).all(),
        f"{where}, a scale is {float(scale.min())}, and dividing by it gives what is no number. Give a row of zeros any scale above 0.",
    )
    back = whole.float() * scale
    expect(back.isfinite().all(), f"{where}, a row of zeros comes back as numbers that are not finite: its scale is 0.")
    expect(int(whole.int().min()) >= -127, f"{where}, found the number {int(whole.int().min())}; the range is -127 to 127.")
    step = weight.abs().amax(dim=1, keepdim=True) / 127
    error = (back - weight).abs() / step.clamp(min=1e-12)
    worst = float(error.max())
    expect(worst < 1.5, f"{where}, a weight comes back {worst:.1f} steps away. Is the scale the row's largest *absolute* weight / 127?")
    expect(worst <= 0.51, f"{where}, a weight comes back {worst:.2f} steps away, half a step is allowed. Round before you make it int8.")


def rows_to_int8(weight):
    import torch

    scale = weight.abs().amax(dim=1, keepdim=True) / 127
    scale[scale == 0] = 1
    return (weight / scale).round().clamp(-127, 127).to(torch.int8), scale


def _other_rows(weight):
    import torch

    numbers, scales = [], []
    for row in weight:
        largest = max(float(row.max()), -float(row.min()))
        scales.append([largest / 127 or 1.0])
        numbers.append([max(-127, min(127, round(value / scales[-1][0]))) for value in row.tolist()])
    return torch.tensor(numbers, dtype=torch.int8), torch.tensor(scales)


def _rows_truncated(weight):
    import torch

    scale = rows_to_int8(weight)[1]
    return (weight / scale).to(torch.int8), scale


def _rows_signed_maximum(weight):
    import torch

    scale = (weight.amax(dim=1, keepdim=True) / 127).clamp(min=1e-3)
    return (weight / scale).round().clamp(-127, 127).to(torch.int8), scale


def _rows_of_all(weight):
    import torch

    scale = weight.abs().max() / 127
    return (weight / scale).round().to(torch.int8), scale


def _rows_without_zeros(weight):
    import torch

    scale = weight.abs().amax(dim=1, keepdim=True) / 127
    return (weight / scale).round().clamp(-127, 127).to(torch.int8), scale


def _rows_as_floats(weight):
    whole, scale = rows_to_int8(weight)
    return whole.float(), scale


_TABLE = {
    "large": (90.0, 20.0, 0.90),
    "half": (45.0, 20.0, 0.90),
    "small": (20.0, 9.0, 0.88),
    "smaller": (18.0, 9.0, 0.88),
    "quick": (60.0, 4.0, 0.80),
    "bad": (10.0, 4.5, 0.60),
    "slow": (15.0, 60.0, 0.89),
}
_LIMITS = ((12, 4.5), (20, 9), (100, 100), (50, 20), (30, 30), (19, 100), (100, 5), (12, 5), (5, 5), (100, 3.5), (89, 19))


def _verify_choice(answer):
    for table in (_TABLE, dict(reversed(_TABLE.items()))):
        for megabytes, milliseconds in _LIMITS:
            found = call(answer, dict(table), megabytes, milliseconds)
            where = f"For at most {megabytes} MB and {milliseconds} ms"
            fitting = {n: row for n, row in table.items() if row[0] <= megabytes and row[1] <= milliseconds}
            expected = max(fitting, key=lambda n: (fitting[n][2], -fitting[n][1], -fitting[n][0]), default="none")
            if found == expected:
                continue
            told = f"found {short(found)}, expected {expected!r}."
            expect(isinstance(found, str) and (found in table or found == "none"), f"{where}, expected a name or 'none': {told}")
            expect(found in fitting or found == "none", f"{where}, your choice breaks a limit, {short(table.get(found))}: {told}")
            expect(found != "none", f"{where}, something fits; a limit itself is allowed: {told}")
            expect(fitting[found][2] == fitting[expected][2], f"{where}, something that fits has a higher score: {told}")
            refuse(f"{where}, of equal scores the faster wins, then the smaller: {told}")


def best_choice(table, megabytes, milliseconds):
    fitting = [name for name, (size, time, _) in table.items() if size <= megabytes and time <= milliseconds]
    return min(fitting, key=lambda name: (-table[name][2], table[name][1], table[name][0]), default="none")


def _other_choice(table, megabytes, milliseconds):
    best = "none"
    for name, (size, time, score) in table.items():
        if size > megabytes or time > milliseconds:
            continue
        if best == "none" or (score, -time, -size) > (table[best][2], -table[best][1], -table[best][0]):
            best = name
    return best


def _choice_without_limits(table, megabytes, milliseconds):
    return best_choice(table, math.inf, math.inf)


def _choice_strict(table, megabytes, milliseconds):
    fitting = {n: row for n, row in table.items() if row[0] < megabytes and row[1] < milliseconds}
    return best_choice(fitting, megabytes, milliseconds)


def _choice_fastest(table, megabytes, milliseconds):
    fitting = [n for n, row in table.items() if row[0] <= megabytes and row[1] <= milliseconds]
    return min(fitting, key=lambda n: table[n][1], default="none")


def _choice_first_of_equals(table, megabytes, milliseconds):
    fitting = [n for n, row in table.items() if row[0] <= megabytes and row[1] <= milliseconds]
    return max(fitting, key=lambda n: table[n][2], default="none")


def _choice_fails_on_none(table, megabytes, milliseconds):
    return max((row[2], -row[1], -row[0], n) for n, row in table.items() if row[0] <= megabytes and row[1] <= milliseconds)[3]


_SHARE, _WORSE = 0.30, 1.05


def _verify_format(answer):
    pair = isinstance(answer, tuple | list) and len(answer) == 2
    expect(pair, f"Expected the pair (pack, unpack) and found {short(answer)}.")
    pack, unpack = answer
    model, stories = _writer()
    state = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    second = {name: weight.flip(0) * 1.5 for name, weight in state.items()}
    packed = _packed(pack, state)
    _packed(pack, second)
    back = call(unpack, packed)
    expect(isinstance(back, dict), f"unpack should return a dictionary, found {short(back)}.")
    missing = [name for name in state if name not in back]
    expect(not missing, f"unpack does not give back {short(missing[:3])}.")
    _judge_format(model, stories, state, back)
    kept, full = _bytes(packed), _bytes(state)
    before, after = _perplexity(model, stories), _perplexity_with(model, stories, back)
    told = f"{kept / full:.0%} of the bytes, perplexity {after:.2f} in place of {before:.2f}"
    expect(kept <= _SHARE * full, f"You keep {told}; at most {_SHARE:.0%} of the bytes are allowed.")
    expect(after <= _WORSE * before, f"The model that comes back writes worse: {told}; at most 5 in a hundred more are allowed.")
    return f"{told[0].upper()}{told[1:]}."


def _packed(pack, state):
    import torch

    given = {name: weight.clone() for name, weight in state.items()}
    packed = call(pack, given)
    tensors = isinstance(packed, dict) and all(isinstance(value, torch.Tensor) for value in packed.values())
    expect(tensors, f"pack should return a dictionary of tensors by name, found {short(packed)}.")
    # What is handed to unpack is a copy, as if it had been read from a file.
    return {str(name): value.detach().clone() for name, value in packed.items()}


def _judge_format(model, stories, state, back):
    for name, weight in state.items():
        found = back[name]
        kind = getattr(found, "dtype", type(found).__name__)
        expect(str(kind) == "torch.float32", f"{name} comes back as {kind}; expected torch.float32.")
        shapes = f"{tuple(found.shape)}; expected {tuple(weight.shape)}"
        expect(found.shape == weight.shape, f"{name} comes back with the shape {shapes}.")
        expect(found.isfinite().all(), f"{name} comes back with numbers that are not finite. Was a scale 0?")


def _bytes(tensors):
    return sum(value.numel() * value.element_size() for value in tensors.values())


@functools.cache
def _writer():
    """Returns the story-writer and twenty stories as ids."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from course_utils import checkpoint, dataset

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a bar would be taken for something that the answer printed
    tokenizer = AutoTokenizer.from_pretrained(checkpoint("story-writer"))
    model = AutoModelForCausalLM.from_pretrained(checkpoint("story-writer"), dtype=torch.float32).eval()
    if shown:
        logging.enable_progress_bar()
    texts = dataset("stories")["test"]["text"][400:420]
    return model, [tokenizer(tokenizer.bos_token + text, return_tensors="pt")["input_ids"] for text in texts]


def _perplexity(model, stories):
    import torch

    with torch.no_grad():
        losses = [-model(ids).logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None]) for ids in stories]
    return float(torch.cat(losses).mean().exp())


def _perplexity_with(model, stories, state):
    import copy

    twin = copy.deepcopy(model)
    twin.load_state_dict(state, strict=False)
    return _perplexity(twin, stories)


def own_format():
    def pack(state):
        import torch

        packed = {}
        for name, weight in state.items():
            rows = weight.reshape(len(weight), -1) if weight.dim() > 1 else weight.reshape(1, -1)
            scale = rows.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            packed[name] = (rows / scale).round().to(torch.int8).reshape(weight.shape)
            packed[name + " scale"] = scale[:, 0]
        return packed

    def unpack(packed):
        state = {}
        for name, whole in packed.items():
            if not name.endswith(" scale"):
                scale = packed[name + " scale"]
                state[name] = whole.float() * (scale.reshape(-1, *[1] * (whole.dim() - 1)) if whole.dim() > 1 else scale)
        return state

    return pack, unpack


pack, unpack = own_format()


def _other_pack(state):
    import torch

    packed = {}
    for name, weight in state.items():
        if weight.dim() == 1:
            packed[f"half/{name}"] = weight.half()
        else:
            step = (weight.max() - weight.min()) / 255
            packed[f"levels/{name}"] = ((weight - weight.min()) / step).round().to(torch.uint8)
            packed[f"range/{name}"] = torch.stack([weight.min(), step])
    return packed


def _other_unpack(packed):
    state = {key.removeprefix("half/"): value.float() for key, value in packed.items() if key.startswith("half/")}
    for key, levels in packed.items():
        if key.startswith("levels/"):
            low, step = packed["range/" + key.removeprefix("levels/")]
            state[key.removeprefix("levels/")] = levels.float() * step + low
    return state


def _pack_half(state):
    return {name: weight.half() for name, weight in state.items()}


def _unpack_half(packed):
    return {name: weight.float() for name, weight in packed.items()}


def _pack_coarse(state):
    import torch

    return {name: (weight * 10).round().clamp(-127, 127).to(torch.int8) for name, weight in state.items()}


def _unpack_coarse(packed):
    return {name: whole.float() / 10 for name, whole in packed.items()}


_remembered = {}


def _pack_remembering(state):
    import torch

    _remembered.update(state)
    return {name: torch.zeros(1) for name in state}


def _unpack_remembering(packed):
    return dict(_remembered)


def _unpack_forgetting(packed):
    return {name: value for name, value in unpack(packed).items() if "wte" not in name}


EXERCISES = (
    Exercise(
        name="honest_summary",
        verify=_verify_summary,
        solution=summary,
        hints=(
            "Two steps: leave out what came first in time, then sort what is left.",
            "Of n sorted times, how many must stay at or below the answer? At least p / 100 · n, rounded up.",
            "The k-th smallest stands at place k - 1 of the sorted list: `ordered[math.ceil(p * n / 100) - 1]`.",
        ),
        wrong={
            "mean": Wrong(_summary_mean, because="that is the mean"),
            "warm-up kept": Wrong(_summary_with_warm_up, because="warm-up is still in it"),
            "sorted before the cut": Wrong(_summary_sorted_first, because="first in *time*"),
            "one place too far": Wrong(_summary_one_too_far, because="one place too far"),
            "not sorted": Wrong(_summary_unsorted, because="sort the times"),
            "changes its argument": Wrong(_summary_in_place, because="changed the list"),
        },
        other=_other_summary,
    ),
    Exercise(
        name="rows_to_int8",
        verify=_verify_rows,
        solution=rows_to_int8,
        hints=(
            "The lesson's `to_int8` and its scales for `one a row` are nearly all of it.",
            "What is the scale of a row of zeros, and what is 0 divided by it? Give that row any other scale.",
            "`weight.abs().amax(dim=1, keepdim=True) / 127`; replace zeros in it by 1; then divide, round and convert.",
        ),
        wrong={
            "not rounded": Wrong(_rows_truncated, because="Round before"),
            "largest signed weight": Wrong(_rows_signed_maximum, because="*absolute*"),
            "one scale for all": Wrong(_rows_of_all, because="one a row"),
            "zeros forgotten": Wrong(_rows_without_zeros, because="a row of zeros"),
            "floats kept": Wrong(_rows_as_floats, because="expected torch.int8"),
        },
        other=_other_rows,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="best_choice",
        verify=_verify_choice,
        solution=best_choice,
        hints=(
            "First the names that stay within both limits, then the best of them.",
            "A key that is a tuple settles ties in order: score first, then milliseconds, then megabytes.",
            '`min(fitting, key=lambda name: (-score, milliseconds, megabytes), default="none")`, with the numbers from the table.',
        ),
        wrong={
            "limits ignored": Wrong(_choice_without_limits, because="breaks a limit"),
            "limit itself refused": Wrong(_choice_strict, because="a limit itself is allowed"),
            "fastest": Wrong(_choice_fastest, because="higher score"),
            "first of equals": Wrong(_choice_first_of_equals, because="of equal scores"),
            "nothing fits": Wrong(_choice_fails_on_none, because="ValueError"),
        },
        other=_other_choice,
    ),
    Exercise(
        name="own_format",
        verify=_verify_format,
        solution=own_format,
        hints=(
            "A quarter of the bytes is 8 bits a weight. What besides the whole numbers does `unpack` need?",
            "Keep two tensors for each weight: the int8 numbers, and one scale a row under a name such as `name + ' scale'`.",
            "Some tensors have one dimension only: treat such a one as a single row, or keep it at 16 bits; they are few.",
        ),
        wrong={
            "16 bits": Wrong((_pack_half, _unpack_half), because="at most 30%"),
            "steps that are too coarse": Wrong((_pack_coarse, _unpack_coarse), because="writes worse"),
            "remembers in place of reading": Wrong((_pack_remembering, _unpack_remembering), because="writes worse"),
            "forgets a tensor": Wrong((pack, _unpack_forgetting), because="does not give back"),
            "one function": Wrong(pack, because="the pair"),
        },
        other=(_other_pack, _other_unpack),
        value=True,
        seconds=_PATIENCE,
    ),
)
