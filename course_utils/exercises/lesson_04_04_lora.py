"""The exercises of `04_fine_tuning/04_lora`: an adapter's size, a merge, a rank, codes and scales, a queue, an adapter's design."""

import functools
import math

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 90.0  # seconds: the first check of a process may have to import torch and peft and load the story-writer


_SHAPES = (([(384, 384)], 8), ([(10, 30), (7, 5)], 2), ([(128, 512), (512, 128), (384, 128)], 4), ([(6, 9)], 1), ([], 3))


def _verify_parameters(answer):
    for shapes, rank in _SHAPES:
        found = call(answer, list(shapes), rank)
        expected = sum(rank * out + into * rank for out, into in shapes)
        where = f"For the shapes {shapes} and rank {rank}"
        expect(isinstance(found, int | float), f"{where}, expected a number and found {short(found)}.")
        if found == expected:
            continue
        mistakes = {
            "you counted one factor; both A and B are trained": (
                rank * sum(into for _, into in shapes),
                rank * sum(out for out, _ in shapes),
            ),
            "that is what the full matrices have": (sum(out * into for out, into in shapes),),
            "you multiplied the factors' sizes; they lie side by side, so add": (sum(rank * out * into * rank for out, into in shapes),),
            "you took the first matrix alone": (rank * sum(shapes[0]) if shapes else -1,),
            "you left the rank out": (sum(out + into for out, into in shapes),),
        }
        why = next((text for text, values in mistakes.items() if found in values), "add up the sizes of A and of B")
        refuse(f"{where}, {why}: found {short(found)}, expected {expected}.")


def adapter_parameters(shapes, rank):
    return sum(rank * (outputs + inputs) for outputs, inputs in shapes)


def _other_parameters(shapes, rank):
    total = 0
    for shape in shapes:
        for side in shape:
            total += side * rank
    return total


def _parameters_of_one_factor(shapes, rank):
    return sum(rank * inputs for _, inputs in shapes)


def _parameters_of_the_matrices(shapes, rank):
    return sum(outputs * inputs for outputs, inputs in shapes)


def _parameters_of_the_first(shapes, rank):
    return rank * sum(shapes[0]) if shapes else 0


def _parameters_without_rank(shapes, rank):
    return sum(outputs + inputs for outputs, inputs in shapes)


_LAYERS = ((6, 6, 2, 8), (5, 9, 3, 3), (8, 4, 1, 16), (4, 7, 4, 2))


def _verify_merge(answer):
    import torch

    for outputs, inputs, rank, alpha in _LAYERS:
        draw = torch.Generator().manual_seed(outputs * 10 + inputs)
        weight, A, B = (torch.randn(*shape, generator=draw) for shape in ((outputs, inputs), (rank, inputs), (outputs, rank)))
        given = [part.clone() for part in (weight, A, B)]
        found = call(answer, *given, alpha)
        where = f"For a weight of {outputs} × {inputs}, rank {rank} and alpha {alpha}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(found.shape == weight.shape, f"{where}, the result has shape {tuple(found.shape)}; it must have that of the weight.")
        unchanged = all(torch.equal(a, b) for a, b in zip(given, (weight, A, B), strict=True))
        expect(unchanged, f"{where}, your function changed what it was given. Make a new tensor.")
        change = torch.einsum("or,ri->oi", B, A)
        if torch.allclose(found, weight + alpha / rank * change, atol=1e-4):
            continue
        mistakes = {
            "the scaling is missing: alpha divided by the rank": weight + change,
            "you scaled by alpha alone; divide it by the rank": weight + alpha * change,
            "you divided by alpha; the scaling is alpha / rank": weight + rank / alpha * change,
            "the old weight is missing": alpha / rank * change,
            "you subtracted: that is unmerging": weight - alpha / rank * change,
            "the rank was read off the wrong dimension of A": weight + alpha / inputs * change,
            "the scaling belongs to the change, not to the old weight": alpha / rank * (weight + change),
        }
        why = next((text for text, value in mistakes.items() if torch.allclose(found, value, atol=1e-4)), "compare with W + scale · BA")
        refuse(f"{where}, {why}: the largest difference is {float((found - weight - alpha / rank * change).abs().max()):.2f}.")


def merged_weight(weight, A, B, alpha):
    rank = A.shape[0]
    return weight + alpha / rank * (B @ A)


def _other_merge(weight, A, B, alpha):
    result = weight.clone()
    for row, column in zip(A, B.T, strict=True):
        result += column[:, None] * row[None, :] * alpha / B.shape[1]
    return result


def _merge_unscaled(weight, A, B, alpha):
    return weight + B @ A


def _merge_by_alpha(weight, A, B, alpha):
    return weight + alpha * B @ A


def _merge_in_place(weight, A, B, alpha):
    weight += alpha / A.shape[0] * (B @ A)
    return weight


def _merge_exchanged(weight, A, B, alpha):
    return weight + alpha / A.shape[0] * (A @ B)


def _merge_change_alone(weight, A, B, alpha):
    return alpha / A.shape[0] * (B @ A)


_SPECTRA = (
    ((4.0, 2.0, 1.0), 0.6),
    ((4.0, 3.0, 0.0), 0.6),
    ((4.0, 3.0, 0.0), 0.65),
    ((5.0, 5.0, 5.0, 5.0), 0.7),
    ((10.0, 3.0, 2.0, 1.0), 0.95),
    ((2.0, 1.0), 1.0),
)
_SPECTRA += (((3.0, 2.0, 2.0, 1.0, 1.0), 0.5), ((8.0, 6.0, 1.0), 0.0))


def _verify_rank(answer):
    import torch

    for values, share in _SPECTRA:
        change = _with_spectrum(values)
        found = call(answer, change.clone(), share)
        expected = next(k for k in range(len(values) + 1) if sum(v * v for v in values[:k]) >= share * sum(v * v for v in values) - 1e-6)
        where = f"For a matrix with the singular values {list(values)} and the share {share}"
        if isinstance(found, torch.Tensor) and found.numel() == 1:
            found = found.item()
        expect(isinstance(found, int | float), f"{where}, expected a whole number and found {short(found)}.")
        if found == expected:
            continue
        plain = next(k for k in range(len(values) + 1) if sum(values[:k]) >= share * sum(values) - 1e-6)
        mistakes = {
            "that is the full rank of the matrix": sum(v > 0 for v in values),
            "you added the singular values; the squared entries are their squares": plain,
            "you are one too far: the rank that reaches the share is enough": expected + 1,
            "you are one short: the part that reaches the share belongs to it": expected - 1,
        }
        why = next((text for text, value in mistakes.items() if found == value), "sum the squares from the largest on")
        refuse(f"{where}, {why}: found {short(found)}, expected {expected}.")


def _with_spectrum(values):
    """Returns a matrix of six rows with these singular values."""
    import torch

    draw = torch.Generator().manual_seed(len(values))
    left, right = (torch.linalg.qr(torch.randn(n, len(values), generator=draw, dtype=torch.float64)).Q for n in (6, 7))
    return left @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ right.T


def smallest_rank(change, share):
    import torch

    squares = torch.linalg.svdvals(change).square()
    missing = share * squares.sum() - squares.cumsum(dim=0) > 1e-9 * squares.sum()
    return int(missing.sum()) + 1 if share > 0 else 0


def _other_rank(change, share):
    import torch

    values = sorted(torch.linalg.eigvalsh(change @ change.T).clamp(min=0).tolist(), reverse=True)
    total, held, rank = sum(values), 0.0, 0
    while held < share * total * (1 - 1e-9) and rank < len(values):
        held += values[rank]
        rank += 1
    return rank


def _rank_by_sums(change, share):
    import torch

    values = torch.linalg.svdvals(change)
    return int((values.cumsum(dim=0) < share * values.sum() - 1e-9).sum()) + (1 if share else 0)


def _rank_one_short(change, share):
    return max(smallest_rank(change, share) - 1, 0)


def _rank_of_matrix(change, share):
    import torch

    return int(torch.linalg.matrix_rank(change))


_LEVELS = (-1.0, -0.5, -0.2, 0.0, 0.15, 0.4, 1.0)
_WEIGHTS = (
    ((0.2, -0.4, 0.05, 0.1, 3.0, -1.0, 0.5, 2.0), 4),
    ((0.0, 0.0, 0.3, -0.06), 2),
    ((-5.0, 2.6, 0.9), 3),
    ((0.7, -0.7, 0.1, 0.2), 1),
)


def _verify_quantise(answer):
    import torch

    levels = torch.tensor(_LEVELS)
    for values, block in _WEIGHTS:
        weights, given = torch.tensor(values), torch.tensor(values)
        found = call(answer, given, levels.clone(), block)
        where = f"For the weights {list(values)} and blocks of {block}"
        expect(torch.equal(given, weights), f"{where}, your function changed the weights that it was given.")
        pair = isinstance(found, tuple | list) and len(found) == 2 and all(isinstance(part, torch.Tensor) for part in found)
        expect(pair, f"{where}, expected a pair of tensors (codes, scales) and found {short(found)}.")
        _judge_codes(found[0].flatten(), found[1].flatten(), weights.reshape(-1, block), levels, where)
    return "Two small tensors, and the weights can be had back."


def _judge_codes(codes, scales, rows, levels, where):
    import torch

    expected = rows.abs().amax(dim=1)
    expect(len(scales) == len(expected), f"{where}, found {len(scales)} scales; expected {len(expected)}, one a block.")
    expect(not torch.allclose(scales, rows.amax(dim=1)) or torch.allclose(rows.amax(dim=1), expected), _sign(where, rows, scales))
    expect(torch.allclose(scales.float(), expected), f"{where}, found the scales {short(scales.tolist())}, expected {expected.tolist()}.")
    expect(len(codes) == rows.numel(), f"{where}, found {len(codes)} codes; expected one a weight, {rows.numel()}.")
    whole = not codes.is_floating_point() or torch.equal(codes, codes.round())
    expect(
        whole and not codes.isnan().any(), f"{where}, the codes are {short(codes.tolist())}; expected the indices of levels, whole numbers."
    )
    codes = codes.long()
    expect(codes.min() >= 0 and codes.max() < len(levels), f"{where}, a code lies outside 0 to {len(levels) - 1}: {short(codes.tolist())}.")
    back = (levels[codes].reshape(rows.shape) * scales[:, None]).flatten()
    best = ((rows[..., None] - levels * expected[:, None, None]).abs().amin(dim=-1)).flatten()
    worse = ((back - rows.flatten()).abs() > best + 1e-5).nonzero().flatten().tolist()
    if worse:
        k = worse[0]
        refuse(
            f"{where}, the weight {float(rows.flatten()[k]):g} got code {int(codes[k])} and comes back as {float(back[k]):g}; "
            "another level lies nearer. Compare the weight, divided by its scale, with each level."
        )


def _sign(where, rows, scales):
    return f"{where}, the scale of a block is its largest *absolute* value: found {short(scales.tolist())}."


def quantise(weights, levels, block):
    rows = weights.reshape(-1, block)
    scales = rows.abs().amax(dim=1)
    relative = rows / scales.clamp(min=1e-12)[:, None]
    codes = (relative[..., None] - levels).abs().argmin(dim=-1)
    return codes.flatten(), scales


def _other_quantise(weights, levels, block):
    import torch

    codes, scales = [], []
    for part in weights.split(block):
        scale = float(part.abs().max())
        scales.append(scale)
        for weight in part.tolist():
            codes.append(min(range(len(levels)), key=lambda k: abs(weight - scale * float(levels[k]))))
    return torch.tensor(codes), torch.tensor(scales)


def _quantise_one_scale(weights, levels, block):
    scale = weights.abs().max()
    return ((weights / scale)[:, None] - levels).abs().argmin(dim=-1), scale[None]


def _quantise_signed_scale(weights, levels, block):
    rows = weights.reshape(-1, block)
    scales = rows.amax(dim=1)
    return ((rows / scales.clamp(min=1e-12)[:, None])[..., None] - levels).abs().argmin(dim=-1).flatten(), scales


def _quantise_to_levels(weights, levels, block):
    codes, scales = quantise(weights, levels, block)
    return levels[codes], scales


def _quantise_nan(weights, levels, block):
    rows = weights.reshape(-1, block)
    scales = rows.abs().amax(dim=1)
    relative = rows / scales[:, None]
    return (relative * (len(levels) - 1)).round().flatten(), scales


def _quantise_rounds_down(weights, levels, block):
    import torch

    rows = weights.reshape(-1, block)
    scales = rows.abs().amax(dim=1)
    relative = rows / scales.clamp(min=1e-12)[:, None]
    return (torch.searchsorted(levels, relative.contiguous(), right=True) - 1).flatten(), scales


_QUEUES = (
    [("a", "one"), ("b", "two"), ("a", "three"), ("c", "four"), ("b", "five"), ("a", "one")],
    [("b", "x"), ("a", "x"), ("b", "x")],
    [("a", "alone")],
    [],
)


def _verify_serve(answer):
    for queue in _QUEUES:
        calls = []

        def run(adapter, texts, calls=calls):
            calls.append((adapter, list(texts)))
            return [f"{adapter}:{text}:{k}" for k, text in enumerate(texts)]

        given = list(queue)
        found = call(answer, given, run)
        where = f"For the requests {short(queue)}"
        expect(given == queue, f"{where}, your function changed the list that it was given.")
        expect(isinstance(found, list | tuple), f"{where}, expected a list of answers and found {short(found)}.")
        _judge_calls(calls, queue, where)
        _judge_answers(list(found), queue, where)


def _judge_calls(calls, queue, where):
    wanted = {adapter for adapter, _ in queue}
    called = [adapter for adapter, _ in calls]
    many = sorted({adapter for adapter in called if called.count(adapter) > 1})
    expect(
        not many,
        f"{where}, run was called {called.count(many[0]) if many else 0} times for {many[:1]}; once for each adapter is asked for.",
    )
    expect(set(called) == wanted, f"{where}, run was called for {sorted(set(called))}; the adapters that occur are {sorted(wanted)}.")
    for adapter, texts in calls:
        mine = [text for name, text in queue if name == adapter]
        expect(sorted(texts) == sorted(mine), f"{where}, {adapter!r} was given the texts {short(texts)}; its requests are {short(mine)}.")


def _judge_answers(found, queue, where):
    expect(len(found) == len(queue), f"{where}, found {len(found)} answers to {len(queue)} requests.")
    for k, ((adapter, text), reply) in enumerate(zip(queue, found, strict=True)):
        fits = isinstance(reply, str) and reply.startswith(f"{adapter}:{text}:")
        expect(
            fits, f"{where}, place {k} holds {short(reply)}; expected the answer to {(adapter, text)}: the order is that of the requests."
        )


def serve(requests, run):
    answers = [None] * len(requests)
    for adapter in {name for name, _ in requests}:
        places = [k for k, (name, _) in enumerate(requests) if name == adapter]
        for place, answer in zip(places, run(adapter, [requests[k][1] for k in places]), strict=True):
            answers[place] = answer
    return answers


def _other_serve(requests, run):
    texts = {}
    for name, text in requests:
        texts.setdefault(name, []).append(text)
    replies = {name: iter(run(name, those)) for name, those in texts.items()}
    return [next(replies[name]) for name, _ in requests]


def _serve_one_by_one(requests, run):
    return [run(name, [text])[0] for name, text in requests]


def _serve_in_groups(requests, run):
    answers = []
    for adapter in dict.fromkeys(name for name, _ in requests):
        answers += run(adapter, [text for name, text in requests if name == adapter])
    return answers


def _serve_first_adapter(requests, run):
    return run(requests[0][0], [text for _, text in requests]) if requests else []


def _serve_everything_to_all(requests, run):
    answers = {name: run(name, [text for _, text in requests]) for name in {name for name, _ in requests}}
    return [answers[name][k] for k, (name, _) in enumerate(requests)]


_MOST, _LOSS = 20_000, 3.5


def _verify_adapter(answer):
    from peft import LoraConfig

    found = call(answer)
    pair = isinstance(found, tuple | list) and len(found) == 2
    expect(pair and isinstance(found[0], LoraConfig), f"Expected a pair (LoraConfig(...), rate) and found {short(found)}.")
    config, rate = found
    number = isinstance(rate, int | float) and not isinstance(rate, bool)
    expect(number and 0 < rate <= 1, f"The rate is {short(rate)}; expected a number above 0 and at most 1, such as 0.01.")
    model = _with_adapter(config)
    trainable = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    expect(
        trainable <= _MOST, f"It has {trainable:,} trainable parameters; at most {_MOST:,} are allowed. Fewer matrices, or a lower rank?"
    )
    expect(trainable > 0, "Nothing in it can be trained.")
    _train(model, rate)
    loss = _loss(model)
    told = f"{trainable:,} parameters, loss {loss:.2f} on stories that it has not seen (below {_LOSS} is asked for)"
    expect(not math.isnan(loss), f"The loss is not a number any more: the rate {rate:g} is too high for this adapter.")
    expect(loss < _LOSS, f"It has not learned enough: {told}. Another rate, a louder alpha, or parameters in other places?")
    return f"{told[0].upper()}{told[1:]}."


def _with_adapter(config):
    """Returns the story-writer with a fresh adapter of this design."""
    import copy

    import torch
    from peft import get_peft_model

    with torch.random.fork_rng():
        torch.manual_seed(0)
        try:
            return get_peft_model(copy.deepcopy(_story_writer()[0]), copy.deepcopy(config))
        except Exception as error:
            refuse(f"PEFT refused this design: {type(error).__name__}: {str(error).splitlines()[0]}")


def _train(model, rate):
    """Trains for one epoch on the lesson's 120 stories as the lesson does, with seed 0."""
    import torch

    rows = _story_writer()[1]
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=rate)
    steps = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0)).split(8)
    model.train()
    for done, part in enumerate(steps):
        optimizer.param_groups[0]["lr"] = rate * (1 - done / len(steps))
        optimizer.zero_grad()
        model(**_batch([rows[i] for i in part])).loss.backward()
        optimizer.step()
    model.eval()


def _loss(model):
    import torch

    with torch.no_grad():
        return float(model(**_batch(_story_writer()[2])).loss)


def _batch(rows):
    """Returns stories and summaries as ids and labels; the loss sees a summary and its end mark."""
    import torch

    width = max(len(before) + len(after) for before, after in rows)
    ids = [before + after + [0] * (width - len(before) - len(after)) for before, after in rows]
    labels = [[-100] * len(before) + after + [-100] * (width - len(before) - len(after)) for before, after in rows]
    return {"input_ids": torch.tensor(ids), "labels": torch.tensor(labels)}


@functools.cache
def _story_writer():
    """Returns the model, the lesson's 120 stories and sixty others, each as ids before and after the mark."""
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
    stories, mark = dataset("stories"), tokenizer.eos_token
    rows = [*stories["train"].shuffle(seed=0).select(range(120)), *stories["test"].select(range(100, 160))]
    pairs = [(tokenizer(mark + row["text"] + mark)["input_ids"], tokenizer(" " + row["summary"] + mark)["input_ids"]) for row in rows]
    return model, pairs[:120], pairs[120:]


def own_adapter():
    from peft import LoraConfig

    return LoraConfig(r=2, lora_alpha=16, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True), 0.02


def _other_adapter():
    from peft import LoraConfig

    return LoraConfig(r=4, lora_alpha=16, target_modules=["c_attn", "c_fc"], fan_in_fan_out=True), 0.02


def _adapter_too_large():
    from peft import LoraConfig

    return LoraConfig(r=16, lora_alpha=32, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True), 0.02


def _adapter_too_slow():
    from peft import LoraConfig

    return LoraConfig(r=2, lora_alpha=4, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True), 0.001


def _adapter_of_another_family():
    from peft import LoraConfig

    return LoraConfig(r=2, target_modules=["q_proj", "v_proj"]), 0.02


def _adapter_without_rate():
    from peft import LoraConfig

    return LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True)


def _adapter_of_one_layer():
    from peft import LoraConfig

    return LoraConfig(r=8, lora_alpha=16, target_modules=["c_attn"], layers_to_transform=[3], layers_pattern="h", fan_in_fan_out=True), 0.02


EXERCISES = (
    Exercise(
        name="adapter_parameters",
        verify=_verify_parameters,
        solution=adapter_parameters,
        hints=(
            "What are the shapes of A and of B, beside a matrix of (outputs, inputs)?",
            "A has `rank` rows of `inputs` numbers, B has `outputs` rows of `rank` numbers.",
            "Sum `rank * (outputs + inputs)` over the shapes.",
        ),
        wrong={
            "one factor": Wrong(_parameters_of_one_factor, because="both A and B"),
            "the full matrices": Wrong(_parameters_of_the_matrices, because="full matrices"),
            "the first matrix": Wrong(_parameters_of_the_first, because="first matrix alone"),
            "no rank": Wrong(_parameters_without_rank, because="left the rank out"),
        },
        other=_other_parameters,
    ),
    Exercise(
        name="merged_weight",
        verify=_verify_merge,
        solution=merged_weight,
        hints=(
            "Which of `A @ B` and `B @ A` has the shape of the weight?",
            "The rank is the number of rows of A. How loud is the change?",
            "`weight + alpha / rank * (B @ A)`, as a new tensor.",
        ),
        wrong={
            "no scaling": Wrong(_merge_unscaled, because="the scaling is missing"),
            "scaled by alpha": Wrong(_merge_by_alpha, because="divide it by the rank"),
            "changes its argument": Wrong(_merge_in_place, because="changed what it was given"),
            "the change alone": Wrong(_merge_change_alone, because="the old weight is missing"),
            "factors exchanged": Wrong(_merge_exchanged, because="RuntimeError"),
        },
        other=_other_merge,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="smallest_rank",
        verify=_verify_rank,
        solution=smallest_rank,
        hints=(
            "`torch.linalg.svdvals(change)` gives the singular values, the largest first. What do their squares add up to?",
            "The first k squares hold the share `squares[:k].sum() / squares.sum()`. Find the first k that reaches what is asked for.",
            "`cumsum` gives all sums at once; count those still too small. Leave a margin for rounding; a share of 0 needs no rank.",
        ),
        wrong={
            "sums of the values": Wrong(_rank_by_sums, because="are their squares"),
            "one short": Wrong(_rank_one_short, because="one short"),
            "the matrix's rank": Wrong(_rank_of_matrix, because="full rank of the matrix"),
        },
        other=_other_rank,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="quantise",
        verify=_verify_quantise,
        solution=quantise,
        hints=(
            "Reshape to rows of `block` weights; the scale of a row is its largest absolute value.",
            "Divide each row by its scale. A scale of 0 needs care: divide by something tiny but positive instead, and still return 0.",
            "`(relative[..., None] - levels).abs()` has the distances to all levels; `argmin(dim=-1)` finds the nearest.",
        ),
        wrong={
            "one scale for all": Wrong(_quantise_one_scale, because="one a block"),
            "largest without its sign": Wrong(_quantise_signed_scale, because="*absolute*"),
            "levels in place of codes": Wrong(_quantise_to_levels, because="the indices of levels"),
            "even steps and nan": Wrong(_quantise_nan, because="code"),
            "rounds down": Wrong(_quantise_rounds_down, because="another level lies nearer"),
        },
        other=_other_quantise,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="serve",
        verify=_verify_serve,
        solution=serve,
        hints=(
            "Which adapters occur? Go through them, each once.",
            "Remember the *places* of an adapter's requests: its answers come in the order of the texts that you hand over.",
            "Start with a list of empty answers as long as the requests, and put each answer at its place.",
        ),
        wrong={
            "one by one": Wrong(_serve_one_by_one, because="once for each adapter"),
            "in groups": Wrong(_serve_in_groups, because="the order is that of the requests"),
            "one adapter for all": Wrong(_serve_first_adapter, because="the adapters that occur"),
            "every text to every adapter": Wrong(_serve_everything_to_all, because="its requests are"),
        },
        other=_other_serve,
    ),
    Exercise(
        name="own_adapter",
        verify=_verify_adapter,
        solution=own_adapter,
        hints=(
            "How many parameters has rank 1 on all the large matrices? The figure of the ranks says it; what rank fits?",
            "With few parameters, the rate and alpha matter most. Train rank 2 with three rates, then once with four times the alpha.",
            "A scaling well above 2 (an alpha several times the rank) with a rate of 0.02 makes rank 2 learn fast enough.",
        ),
        wrong={
            "too large": Wrong(_adapter_too_large, because="at most 20,000"),
            "too slow": Wrong(_adapter_too_slow, because="has not learned enough"),
            "names of another family": Wrong(_adapter_of_another_family, because="PEFT refused"),
            "no rate": Wrong(_adapter_without_rate, because="Expected a pair"),
            "one layer": Wrong(_adapter_of_one_layer, because="has not learned enough"),
        },
        other=_other_adapter,
        seconds=_PATIENCE,
    ),
)
