"""The exercises of `04_fine_tuning/03_the_training_loop`: a schedule, bytes, clipping, a place, a mean over processes, a small step."""

import math
from itertools import pairwise

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 60.0  # seconds: the first check of a process may have to import torch


_SCHEDULES = ((4, 5, 20), (0, 4, 10), (3, 0, 8), (0, 0, 5), (10, 90, 100), (2, 3, 5))


def _verify_schedule(answer):
    for warmup, decay, total in _SCHEDULES:
        for step in range(total):
            where = f"factor({step}, warmup={warmup}, decay={decay}, total={total})"
            found = call(answer, step, warmup, decay, total)
            expect(isinstance(found, int | float), f"{where} should be a number; found {short(found)}.")
            expected = _three_parts(step, warmup, decay, total)
            if abs(found - expected) < 1e-9:
                continue
            why = "Look at the three parts: which one holds this step?"
            if step < warmup:
                why = "This step is in the warm-up, which begins at 0 with step 0 and would reach 1 at step `warmup`."
            elif step < total - decay:
                why = "This step lies between the two slopes, where the factor is 1."
            elif found >= 1:
                why = "This step is in the last part: the fall begins at step total - decay."
            else:
                why = "In the last part the factor is the share of its steps that is left: 1 at its first step, 0 at step `total`."
            refuse(f"{where} should be {expected:.3f}; found {found:.3f}. {why}")


def _three_parts(step, warmup, decay, total):
    """Returns the factor as the smallest of three lines; the oracle."""
    return min(step / warmup if warmup else 1.0, 1.0, (total - step) / decay if decay else 1.0)


def factor(step, warmup, decay, total):
    if step < warmup:
        return step / warmup
    if step < total - decay:
        return 1.0
    return (total - step) / decay


def _other_factor(step, warmup, decay, total):
    up = step / warmup if warmup else 1
    down = (total - step) / decay if decay else 1
    return sorted((0, up, down, 1))[1]


def _factor_linear(step, warmup, decay, total):
    return step / warmup if step < warmup else (total - step) / (total - warmup)


def _factor_falls_early(step, warmup, decay, total):
    return step / warmup if step < warmup else 1.0 if step < total - decay else (total - step - 1) / decay


def _factor_warm_too_soon(step, warmup, decay, total):
    return (step + 1) / warmup if step < warmup else factor(step, warmup, decay, total)


def _factor_without_care(step, warmup, decay, total):
    return min(step / warmup, 1.0, (total - step) / decay)


def _factor_never_falls(step, warmup, decay, total):
    return min(1.0, step / warmup) if warmup else 1.0


_SIZES = (
    (1000, 1000, "fp32", "adamw"),
    (1000, 1000, "fp32", "sgd"),
    (1000, 100, "fp32", "adamw"),
    (1000, 0, "fp32", "adamw"),
    (7_000_000_000, 7_000_000_000, "mixed", "adamw"),
    (500, 20, "mixed", "sgd"),
)


def _verify_bytes(answer):
    for total, trained, precision, optimizer in _SIZES:
        where = f"training_bytes({total}, {trained}, {precision!r}, {optimizer!r})"
        found = call(answer, total, trained, precision, optimizer)
        expect(isinstance(found, int | float), f"{where} should be a number of bytes; found {short(found)}.")
        expected = 4 * (total + trained * {"adamw": 3, "sgd": 1}[optimizer])
        if found == expected:
            continue
        states = {"adamw": 2, "sgd": 0}[optimizer]
        mistakes = {
            "frozen weights have no gradient and no state": 4 * total * (2 + states),
            "the gradients are missing": 4 * (total + trained * states),
            "a weight in 32 bits takes four bytes; you counted numbers": expected // 4,
            "frozen weights are in memory all the same": 4 * trained * (2 + states),
            "AdamW keeps two numbers for each trained weight": 4 * (total + trained * 2),
            "in mixed precision, weights, gradients and state stay in 32 bits; only the multiplications take 16": expected // 2,
            "plain SGD keeps nothing": 4 * (total + trained * 3),
        }
        why = next((text for text, value in mistakes.items() if found == value), "add weights, gradients and state, four bytes each")
        refuse(f"{where} should be {expected:,}; found {found:,}: {why}.")
    return "Seven thousand million weights take 112 GB before the first text."


def training_bytes(total, trained, precision="fp32", optimizer="adamw"):
    gradients = trained
    state = 2 * trained if optimizer == "adamw" else 0
    return 4 * (total + gradients + state)  # the same in mixed precision: all three stay in 32 bits


def _other_bytes(total, trained, precision="fp32", optimizer="adamw"):
    return sum((total * 4, trained * 4, trained * 8 * (optimizer == "adamw")))


def _bytes_of_all(total, trained, precision="fp32", optimizer="adamw"):
    return 4 * total * (4 if optimizer == "adamw" else 2)


def _bytes_without_gradients(total, trained, precision="fp32", optimizer="adamw"):
    return 4 * (total + (2 * trained if optimizer == "adamw" else 0))


def _bytes_halved(total, trained, precision="fp32", optimizer="adamw"):
    return training_bytes(total, trained, precision, optimizer) // (2 if precision == "mixed" else 1)


def _bytes_as_numbers(total, trained, precision="fp32", optimizer="adamw"):
    return training_bytes(total, trained, precision, optimizer) // 4


def _parameters(seed, size, missing=False):
    """Returns parameters of three shapes with gradients that together have this length; one may have none."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    made = [torch.nn.Parameter(torch.zeros(shape)) for shape in ((3, 4), (5,), (2, 2))]
    for parameter in made:
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    if missing:
        made[1].grad = None
    length = _length(made)
    for parameter in made:
        if parameter.grad is not None:
            parameter.grad *= size / length
    return made


def _length(parameters):
    import torch

    return torch.cat([p.grad.flatten() for p in parameters if p.grad is not None]).norm()


def _verify_clip(answer):
    for seed, size, limit, missing in ((0, 8.0, 1.0, False), (1, 0.5, 1.0, False), (2, 4.0, 2.0, True), (3, 0.0, 1.0, False)):
        made = _parameters(seed, size, missing)
        before = [None if p.grad is None else p.grad.clone() for p in made]
        where = f"For gradients that are {size:g} long together and the limit {limit:g}"
        found = call(answer, (parameter for parameter in made), limit)
        try:
            length = float(found)
        except (TypeError, ValueError):
            refuse(f"{where}, expected the length as a number and found {short(found)}.")
        _judge_clip(made, before, length, size, limit, where)
    _judge_not_finite(answer)


def _judge_clip(made, before, length, size, limit, where):
    import torch

    expect(abs(length - size) < 1e-4, f"{where}, you returned {length:.3f}. Return the length that was found, before clipping.")
    for parameter, old in zip(made, before, strict=True):
        expect((parameter.grad is None) == (old is None), f"{where}, a parameter without a gradient should stay without one.")
    pairs = [(p.grad, old) for p, old in zip(made, before, strict=True) if old is not None]
    scale = limit / max(size, limit)
    if all(torch.allclose(new, old * scale, atol=1e-5) for new, old in pairs):
        return
    after = float(_length(made))
    expect(all(torch.isfinite(new).all() for new, _ in pairs), f"{where}, the gradients are no longer finite: you divided by 0.")
    expect(not all(torch.equal(new, old) for new, old in pairs), f"{where}, no gradient changed. Work in place: `parameter.grad.mul_(…)`.")
    expect(size > limit, f"{where}, nothing should change, since they are short enough; afterwards they are {after:.3f} long.")
    each = all(abs(float(new.norm()) - min(limit, float(old.norm()))) < 1e-4 for new, old in pairs)
    expect(not each, f"{where}, you clipped each parameter by itself. The length is that of all gradients together.")
    refuse(f"{where}, they are {after:.3f} long afterwards, or point elsewhere. Multiply all of them by the same factor, limit / length.")


def _judge_not_finite(answer):
    made = _parameters(4, 3.0)
    made[0].grad[0, 0] = math.inf
    before = [p.grad.clone() for p in made]
    try:
        answer(made, 1.0)
    except ValueError:
        pass
    except Exception as error:
        refuse(f"For a gradient that is not finite, expected a ValueError and got {type(error).__name__}: {error}.")
    else:
        refuse("For a gradient that is not finite, expected a ValueError and none was raised: look at the length before you use it.")
    expect(
        all((p.grad == old).all() for p, old in zip(made, before, strict=True)),
        "When the length is not finite, nothing should be changed before the error is raised.",
    )


def clip_gradients(parameters, limit):
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    length = sum(float(gradient.pow(2).sum()) for gradient in gradients) ** 0.5
    if not math.isfinite(length):
        raise ValueError(f"the gradient's length is {length}")
    if length > limit:
        for gradient in gradients:
            gradient.mul_(limit / length)
    return length


def _other_clip(parameters, limit):
    import torch

    owners = [p for p in parameters if p.grad is not None]
    length = torch.stack([p.grad.norm() for p in owners]).norm()
    if not bool(torch.isfinite(length)):
        raise ValueError("not finite")
    for p in owners:
        p.grad = p.grad * min(1.0, limit / max(length.item(), 1e-12))
    return length


def _clip_each(parameters, limit):
    found = list(parameters)
    clip_gradients(found, math.inf)
    length = float(_length(found))
    for parameter in found:
        if parameter.grad is not None:
            parameter.grad.mul_(min(1.0, limit / max(float(parameter.grad.norm()), 1e-12)))
    return length


def _clip_always(parameters, limit):
    gradients = [p.grad for p in parameters if p.grad is not None]
    length = sum(float(g.pow(2).sum()) for g in gradients) ** 0.5
    if not math.isfinite(length):
        raise ValueError
    for gradient in gradients:
        gradient.mul_(limit / max(length, 1e-12))
    return length


def _clip_not_in_place(parameters, limit):
    gradients = [p.grad for p in parameters if p.grad is not None]
    length = sum(float(g.pow(2).sum()) for g in gradients) ** 0.5
    gradients = [gradient * min(1.0, limit / max(length, 1e-12)) for gradient in gradients]
    return length


def _clip_without_guard(parameters, limit):
    gradients = [p.grad for p in parameters if p.grad is not None]
    length = sum(float(g.pow(2).sum()) for g in gradients) ** 0.5
    if length > limit:
        for gradient in gradients:
            gradient.mul_(limit / length)
    return length


def _clip_without_care(parameters, limit):
    return sum(float(parameter.grad.pow(2).sum()) for parameter in parameters) ** 0.5 if limit else 0.0


_PLACES = ((10, 4, 0), (12, 4, 3), (7, 10, 1), (5, 1, 2))


def _verify_place(answer):
    for count, size, seed in _PLACES:
        epoch = math.ceil(count / size)
        for step in range(2 * epoch + 1):
            where = f"rows_at({step}, count={count}, size={size}, seed={seed})"
            found = call(answer, step, count, size, seed)
            try:
                found = [int(row) for row in found]
            except (TypeError, ValueError):
                refuse(f"{where} should be a list of row numbers; found {short(found)}.")
            expected = _rows_by_walking(step, count, size, seed)
            if found == expected:
                continue
            told = f"{where} should be {expected}; found {found}."
            full = count // size
            dropped = full and found == _rows_by_walking(step % full + (step // full) * epoch, count, size, seed)
            expect(not dropped, f"{told} You left out the last, shorter batch of an epoch: it counts as a step.")
            same = found == _rows_by_walking(step % epoch, count, size, seed)
            expect(not same, f"{told} The second epoch has an order of its own: its seed is seed + e.")
            expect(sorted(found) != sorted(expected), f"{told} The rows are right and in another order.")
            expect(found or not expected, f"{told} Does the place begin anew with each epoch?")
            refuse(f"{told} How many steps has an epoch of {count} rows in batches of {size}?")


def _rows_by_walking(step, count, size, seed):
    """Returns the rows of a step by going through all batches before it; the oracle."""
    import torch

    epoch = 0
    while True:
        for rows in torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch)).split(size):
            if step == 0:
                return rows.tolist()
            step -= 1
        epoch += 1


def rows_at(step, count, size, seed):
    import torch

    epoch, place = divmod(step, math.ceil(count / size))
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    return order[place * size : (place + 1) * size]


def _other_place(step, count, size, seed):
    import torch

    batches = (count + size - 1) // size
    generator = torch.Generator().manual_seed(seed + step // batches)
    return torch.randperm(count, generator=generator).split(size)[step % batches].tolist()


def _place_drops_the_last(step, count, size, seed):
    import torch

    epoch, place = divmod(step, max(count // size, 1))
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    return order[place * size : (place + 1) * size]


def _place_same_order(step, count, size, seed):
    return rows_at(step % math.ceil(count / size), count, size, seed)


def _place_without_epochs(step, count, size, seed):
    import torch

    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()
    return order[step * size : (step + 1) * size]


def _place_sorted(step, count, size, seed):
    return sorted(rows_at(step, count, size, seed))


def _verify_averaged(answer):
    import torch

    generator = torch.Generator().manual_seed(0)
    nan = torch.full((3,), math.nan)
    drawn = torch.randn(4, 3, generator=generator)
    cases = (([drawn[0], drawn[1]], [5, 5]), ([drawn[0], drawn[1]], [9, 1]), ([drawn[0], nan, drawn[2]], [4, 0, 12]), ([nan, nan], [0, 0]))
    for gradients, counts in cases:
        given = [gradient.clone() for gradient in gradients]
        found = call(answer, given, list(counts))
        where = f"For processes with {counts} tokens"
        expect(isinstance(found, torch.Tensor) and found.shape == (3,), f"{where}, expected a tensor of shape (3,); found {short(found)}.")
        unchanged = all(torch.equal(a.nan_to_num(7), b.nan_to_num(7)) for a, b in zip(given, gradients, strict=True))
        expect(unchanged, f"{where}, your function changed the gradients that it was given.")
        _judge_averaged(found, gradients, counts, where)


def _judge_averaged(found, gradients, counts, where):
    import torch

    busy = [(gradient, count) for gradient, count in zip(gradients, counts, strict=True) if count]
    expected = torch.zeros(3, dtype=torch.float64)
    for gradient, count in busy:
        expected += gradient.double() * count / sum(counts)
    if torch.allclose(found.double(), expected, atol=1e-5):
        return
    reason = "A process without a token has no say, and 0 times nan is nan: leave it out" if busy else "Without any token, return zeros"
    expect(not found.isnan().any(), f"{where}, the result holds nan. {reason}.")
    plain = torch.stack(gradients).nan_to_num(0).double().mean(dim=0)
    expect(not torch.allclose(found.double(), plain, atol=1e-5), f"{where}, you took the mean of means. Weigh each process by its tokens.")
    expect(
        not torch.allclose(found.double(), expected * sum(counts), atol=1e-4),
        f"{where}, that is a sum. Divide by the number of all tokens.",
    )
    refuse(f"{where}, expected {short(expected.tolist())}, found {short(found.tolist())}. Weigh each process by its share of the tokens.")


def averaged(gradients, counts):
    import torch

    total = torch.zeros_like(gradients[0])
    for gradient, count in zip(gradients, counts, strict=True):
        if count:
            total += gradient * (count / sum(counts))
    return total


def _other_averaged(gradients, counts):
    import torch

    weights = torch.tensor(counts, dtype=gradients[0].dtype)
    rows = torch.stack([g if n else torch.zeros_like(g) for g, n in zip(gradients, counts, strict=True)])
    return (weights[:, None] * rows).sum(dim=0) / weights.sum().clamp(min=1)


def _averaged_means(gradients, counts):
    import torch

    return torch.stack(gradients).nan_to_num(0).mean(dim=0)


def _averaged_with_nan(gradients, counts):
    return sum(g * n for g, n in zip(gradients, counts, strict=True)) / max(sum(counts), 1)


def _averaged_sum(gradients, counts):
    return sum(g.nan_to_num(0) * n for g, n in zip(gradients, counts, strict=True))


def _averaged_in_place(gradients, counts):
    for gradient, count in zip(gradients, counts, strict=True):
        gradient.nan_to_num_(0).mul_(count / max(sum(counts), 1))
    return sum(gradients)


def _stack_of_layers(width, depth, seed):
    import torch
    from torch import nn

    torch.manual_seed(seed)
    widths = [32, *[width] * depth, 5]
    layers = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.Tanh())]
    return nn.Sequential(*layers[:-1])


def _kept_at_most(model, inputs, act):
    """Returns what `act()` returns and the most bytes that were kept for the way back at any moment, weights and inputs left out."""
    import weakref

    import torch

    known = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *inputs)}
    now = most = 0

    def gone(key, size):
        nonlocal now
        known.discard(key)
        now -= size

    def note(tensor):
        nonlocal now, most
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key not in known:
            known.add(key)
            now += size
            most = max(most, now)
            weakref.finalize(storage, gone, key, size)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        result = act()
    return result, most


def _verify_small_step(answer):
    import copy

    import torch
    from torch import nn

    expect(callable(answer), f"The check expected a function and found {short(answer)}. Pass the function itself, without calling it.")
    with torch.random.fork_rng():
        for seed, (width, depth, hidden) in enumerate(((64, 8, 0), (256, 12, 20), (48, 20, 37))):
            plain = _stack_of_layers(width, depth, seed)
            generator = torch.Generator().manual_seed(seed)
            inputs, labels = torch.randn(64, 32, generator=generator), torch.randint(5, (64,), generator=generator)
            labels[torch.randperm(64, generator=generator)[:hidden]] = -100
            mine = copy.deepcopy(plain)

            def usual(plain=plain, inputs=inputs, labels=labels):
                loss = nn.functional.cross_entropy(plain(inputs), labels)
                loss.backward()
                return loss.item()

            expected, allowed = _kept_at_most(plain, (inputs, labels), usual)
            found, kept = _kept_at_most(
                mine, (inputs, labels), lambda mine=mine, inputs=inputs, labels=labels: call(answer, mine, inputs, labels)
            )
            where = f"For {depth} layers of width {width} and {hidden} labels of -100"
            _judge_small_step(found, expected, mine, plain, where)
            expect(
                kept <= 0.27 * allowed,  # four pieces hold a quarter each, and a few numbers more
                f"{where}, the gradient is right, and {kept / allowed:.0%} of what the plain step keeps was in memory at once; a quarter "
                "is asked for. Smaller pieces, or fewer layers kept?",
            )
    return "The same gradient in a quarter of the memory, for deep and for wide models."


def _judge_small_step(found, expected, mine, plain, where):
    import torch

    slopes = [weight.grad for weight in mine.parameters()]
    expect(
        all(slope is not None for slope in slopes), f"{where}, some weights have no gradient in `.grad`. Call backward, and no zero_grad."
    )
    here, there = (torch.cat([weight.grad.flatten() for weight in model.parameters()]) for model in (mine, plain))
    expect(bool(here.isfinite().all()), f"{where}, the gradient is not finite: a piece with nothing but -100 has the mean of nothing.")
    off = float((here - there).norm() / there.norm())
    factor_found = float(here @ there / (there @ there))
    straight = float((here - factor_found * there).norm() / here.norm()) < 1e-3
    expect(
        off < 1e-3 or not straight or abs(factor_found - 1) < 1e-3,
        f"{where}, the gradient points the right way and is {factor_found:.2f} times as long. By what is the loss of a piece divided?",
    )
    expect(off < 1e-3, f"{where}, the gradient is off by {off:.1%}. How many labels that are not -100 has each piece? Weigh by them.")
    try:
        value = float(found)
    except (TypeError, ValueError):
        refuse(f"{where}, expected the loss as a number and found {short(found)}.")
    expect(abs(value - expected) < 1e-3, f"{where}, the loss should be {expected:.3f}; found {value:.3f}.")


def small_step(model, inputs, labels):
    from torch import nn

    asked, total = int((labels != -100).sum()), 0.0
    for rows, wanted in zip(inputs.split(8), labels.split(8), strict=True):
        loss = nn.functional.cross_entropy(model(rows), wanted, reduction="sum") / asked
        loss.backward()
        total += loss.item()
    return total


def _other_small_step(model, inputs, labels):
    """Sends everything that is kept by way of files."""
    import tempfile
    from itertools import count
    from pathlib import Path

    import torch
    from safetensors.torch import load_file, save_file

    names = count()
    with tempfile.TemporaryDirectory() as folder:

        def pack(tensor):
            path = Path(folder) / f"{next(names)}.safetensors"
            save_file({"kept": tensor.detach().contiguous()}, path)
            return path

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda path: load_file(path)["kept"]):
            loss = torch.nn.functional.cross_entropy(model(inputs), labels)
            loss.backward()
    return loss.item()


def _step_plain(model, inputs, labels):
    from torch import nn

    loss = nn.functional.cross_entropy(model(inputs), labels)
    loss.backward()
    return loss.item()


def _step_undivided(model, inputs, labels):
    from torch import nn

    asked = int((labels != -100).sum())
    for rows, wanted in zip(inputs.split(8), labels.split(8), strict=True):
        (nn.functional.cross_entropy(model(rows), wanted, reduction="sum") * 8 / asked).backward()
    return float(nn.functional.cross_entropy(model(inputs).detach(), labels))


def _step_mean_of_means(model, inputs, labels):
    from torch import nn

    total = 0.0
    for rows, wanted in zip(inputs.split(16), labels.split(16), strict=True):
        loss = nn.functional.cross_entropy(model(rows), wanted) / 4
        loss.backward()
        total += loss.item()
    return total


def _step_two_pieces(model, inputs, labels):
    from torch import nn

    asked, total = int((labels != -100).sum()), 0.0
    for rows, wanted in zip(inputs.split(32), labels.split(32), strict=True):
        loss = nn.functional.cross_entropy(model(rows), wanted, reduction="sum") / asked
        loss.backward()
        total += loss.item()
    return total


def _step_without_backward(model, inputs, labels):
    import torch

    with torch.no_grad():
        return float(torch.nn.functional.cross_entropy(model(inputs), labels))


def _step_zeroing(model, inputs, labels):
    total = small_step(model, inputs, labels)
    model.zero_grad()
    return total


EXERCISES = (
    Exercise(
        name="three_part_schedule",
        verify=_verify_schedule,
        solution=factor,
        hints=(
            "Three ranges of steps: below warmup, from there to total - decay, and the rest.",
            "In the last range, total - step steps of the decay are left.",
            "If warmup or decay is 0, its range is empty, and its division must not be reached.",
        ),
        wrong={
            "linear all the way": Wrong(_factor_linear, because="between the two slopes"),
            "falls one step early": Wrong(_factor_falls_early, because="share of its steps that is left"),
            "warm-up without zero": Wrong(_factor_warm_too_soon, because="begins at 0"),
            "divides by zero": Wrong(_factor_without_care, because="ZeroDivisionError"),
            "never falls": Wrong(_factor_never_falls, because="the fall begins"),
        },
        other=_other_factor,
    ),
    Exercise(
        name="training_bytes",
        verify=_verify_bytes,
        solution=training_bytes,
        hints=(
            "Every weight is in memory; only those that are trained have a gradient.",
            "AdamW keeps two running means for each weight that it trains.",
            "Look at the table once more: which of the first three columns did *autocast* change?",
        ),
        wrong={
            "frozen ones counted in full": Wrong(_bytes_of_all, because="frozen weights have no gradient"),
            "gradients forgotten": Wrong(_bytes_without_gradients, because="gradients are missing"),
            "mixed means half": Wrong(_bytes_halved, because="stay in 32 bits"),
            "numbers, not bytes": Wrong(_bytes_as_numbers, because="four bytes"),
        },
        other=_other_bytes,
    ),
    Exercise(
        name="clip_gradients",
        verify=_verify_clip,
        solution=clip_gradients,
        hints=(
            "A generator can be walked through once: put the gradients into a list first.",
            "The length of all together is the root of the sum of all squares.",
            "Look at the length before you touch anything: not finite, raise; not above the limit, leave all as it is.",
        ),
        wrong={
            "each by itself": Wrong(_clip_each, because="each parameter by itself"),
            "lengthens short ones": Wrong(_clip_always, because="short enough"),
            "new tensors": Wrong(_clip_not_in_place, because="Work in place"),
            "no guard": Wrong(_clip_without_guard, because="expected a ValueError and none was raised"),
            "only measures": Wrong(_clip_without_care, because="no gradient changed"),
        },
        other=_other_clip,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="rows_at_step",
        verify=_verify_place,
        solution=rows_at,
        hints=(
            "How many steps has one epoch, the shorter batch included?",
            "`divmod(step, steps_of_an_epoch)` gives the epoch and the place in it.",
            "Make the order of that epoch, and cut out `order[place * size : (place + 1) * size]`.",
        ),
        wrong={
            "last batch dropped": Wrong(_place_drops_the_last, because="shorter batch"),
            "the same order each epoch": Wrong(_place_same_order, because="order of its own"),
            "no second epoch": Wrong(_place_without_epochs, because="begin anew"),
            "sorted": Wrong(_place_sorted, because="in another order"),
        },
        other=_other_place,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="averaged_gradient",
        verify=_verify_averaged,
        solution=averaged,
        hints=(
            "A mean times its number of tokens is a sum; sums may be added.",
            "0 · nan is nan: a process without tokens has to be left out, not weighed with 0.",
            "Start with zeros of the right shape, and add `gradient * (count / sum(counts))` where count is not 0.",
        ),
        wrong={
            "mean of means": Wrong(_averaged_means, because="mean of means"),
            "nan let in": Wrong(_averaged_with_nan, because="holds nan"),
            "a sum": Wrong(_averaged_sum, because="that is a sum"),
            "changes its arguments": Wrong(_averaged_in_place, because="changed the gradients"),
        },
        other=_other_averaged,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="small_step",
        verify=_verify_small_step,
        solution=small_step,
        hints=(
            "The plainest design is pieces: `inputs.split(8)` and `labels.split(8)`, and a backward for each.",
            "The loss of the whole is a mean over the labels that are not -100. Sum in each piece, divide by the number of all of them.",
            '`cross_entropy(…, reduction="sum")` leaves -100 out by itself, and a piece of nothing but -100 then adds 0.',
        ),
        wrong={
            "the plain step": Wrong(_step_plain, because="was in memory at once"),
            "too large pieces": Wrong(_step_two_pieces, because="was in memory at once"),
            "not divided": Wrong(_step_undivided, because="times as long"),
            "mean of means": Wrong(_step_mean_of_means, because="Weigh by them"),
            "no backward": Wrong(_step_without_backward, because="no gradient"),
            "gradients thrown away": Wrong(_step_zeroing, because="no gradient"),
        },
        other=_other_small_step,
        seconds=_PATIENCE,
    ),
)
