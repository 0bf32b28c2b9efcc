"""The exercises of `03_attention/01_attention_by_hand`: one look, a decoder's mask, what heads add, cross-attention, a mask by design."""

import math

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 60.0  # seconds: the first check of a process may have to import torch and transformers


_LOOKS = (
    ([1.0, 0.0, 2.0, 1.0], [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 2.0], [1.0, 1.0, 1.0, 1.0]], [[1.0, 0.0], [0.0, 5.0], [2.0, 2.0]], "TTT"),
    ([1.0, 0.0, 2.0, 1.0], [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 2.0], [1.0, 1.0, 1.0, 1.0]], [[1.0, 0.0], [0.0, 5.0], [2.0, 2.0]], "TFT"),
    ([2.0], [[1.0], [-1.0], [0.5]], [[3.0, 1.0, 0.0], [0.0, 1.0, 9.0], [4.0, 1.0, 4.0]], "FTT"),
    ([40.0, 10.0], [[60.0, 0.0], [0.0, 50.0], [60.0, 0.5]], [[1.0], [2.0], [3.0]], "TTT"),
    ([-40.0, 10.0], [[60.0, 0.0], [70.0, -50.0], [60.0, 0.1]], [[1.0], [2.0], [3.0]], "TTT"),
)


def _verify_look(answer):
    for query, keys, values, letters in _LOOKS:
        allowed = [letter == "T" for letter in letters]
        found = call(answer, list(query), [list(k) for k in keys], [list(v) for v in values], list(allowed))
        where = f"For the query {query}, keys {keys}, values {values} and allowed {allowed}"
        expected = _look_by_hand(query, keys, values, allowed)
        _expect_numbers(found, len(expected), where)
        if _close(found, expected):
            continue
        told = f"found {[round(float(v), 3) for v in found]}, expected {[round(v, 3) for v in expected]}."
        mistakes = {
            "you did not divide the scores by √d": _look_by_hand(query, keys, values, allowed, scale=1.0),
            "you divided by d; divide by its square root": _look_by_hand(query, keys, values, allowed, scale=1 / len(query)),
            "d is the number of numbers in the query, not in a value": _look_by_hand(
                query, keys, values, allowed, scale=len(values[0]) ** -0.5
            ),
            "you took forbidden keys out after softmax: the weights no longer sum to one": _look_zeroed_late(query, keys, values, allowed),
            "a forbidden key still has a weight": _look_by_hand(query, keys, values, [True] * len(keys)),
        }
        why = next((text for text, value in mistakes.items() if _close(found, value)), "compare, share, mix, in this order")
        refuse(f"{where}, {why}: {told}")
    found = call(answer, [1.0, 2.0], [[1.0, 1.0], [0.0, 1.0]], [[5.0, 6.0, 7.0], [8.0, 9.0, 1.0]], [False, False])
    _expect_numbers(found, 3, "Where no key is allowed")
    expect(
        _close(found, [0.0] * 3), f"Where no key is allowed, expected [0, 0, 0], one zero for each number of a value; found {short(found)}."
    )


def _expect_numbers(found, size, where):
    right = isinstance(found, (list, tuple)) and len(found) == size and all(isinstance(v, (int, float)) for v in found)
    expect(right, f"{where}, expected a list of {size} numbers and found {short(found)}.")


def _close(found, expected):
    return all(abs(f - e) < 1e-6 for f, e in zip(found, expected, strict=True))


def _look_by_hand(query, keys, values, allowed, scale=None):
    """Returns the mixed value, by the definition with exact sums; the oracle. At least one key is allowed."""
    scale = len(query) ** -0.5 if scale is None else scale
    scores = [math.fsum(q * k for q, k in zip(query, key, strict=True)) * scale for key in keys]
    chosen = [i for i, yes in enumerate(allowed) if yes]
    top = max(scores[i] for i in chosen)
    total = math.fsum(math.exp(scores[i] - top) for i in chosen)
    return [math.fsum(math.exp(scores[i] - top) / total * values[i][c] for i in chosen) for c in range(len(values[0]))]


def _look_zeroed_late(query, keys, values, allowed):
    kept = [[v if yes else 0.0 for v in value] for value, yes in zip(values, allowed, strict=True)]
    return _look_by_hand(query, keys, kept, [True] * len(keys))


def soft_look_up(query, keys, values, allowed):
    import math

    size = len(query)
    scores = [sum(q * k for q, k in zip(query, key, strict=True)) / math.sqrt(size) for key in keys]
    top = max((score for score, yes in zip(scores, allowed, strict=True) if yes), default=0.0)
    powers = [math.exp(score - top) if yes else 0.0 for score, yes in zip(scores, allowed, strict=True)]
    total = sum(powers) or 1.0
    return [sum(power / total * value[c] for power, value in zip(powers, values, strict=True)) for c in range(len(values[0]))]


def _other_look(query, keys, values, allowed):
    import torch

    if not any(allowed):
        return [0.0] * len(values[0])
    query, keys, values = (torch.tensor(x, dtype=torch.float64) for x in (query, keys, values))
    scores = (keys @ query / len(query) ** 0.5).masked_fill(~torch.tensor(allowed), -torch.inf)
    return (scores.softmax(dim=0) @ values).tolist()


def _look_unscaled(query, keys, values, allowed):
    return _look_by_hand(query, keys, values, allowed, scale=1.0) if any(allowed) else [0.0] * len(values[0])


def _look_by_d(query, keys, values, allowed):
    return _look_by_hand(query, keys, values, allowed, scale=1 / len(query)) if any(allowed) else [0.0] * len(values[0])


def _look_overflowing(query, keys, values, allowed):
    scores = [sum(q * k for q, k in zip(query, key, strict=True)) / len(query) ** 0.5 for key in keys]
    powers = [math.exp(score) if yes else 0.0 for score, yes in zip(scores, allowed, strict=True)]
    return [sum(p * value[c] for p, value in zip(powers, values, strict=True)) / sum(powers) for c in range(len(values[0]))]


def _look_never_empty(query, keys, values, allowed):
    return _look_by_hand(query, keys, values, allowed if any(allowed) else [True] * len(keys))


_TABLES = (
    [[1, 1, 1]],
    [[1, 1, 1, 0], [1, 1, 0, 0]],
    [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]],
    [[1], [1]],
    [[1, 0, 1, 1], [0, 1, 1, 0], [0, 0, 0, 0]],
)


def _verify_decoder_mask(answer):
    import torch

    for table in _TABLES:
        found = call(answer, torch.tensor(table))
        where = f"For the attention mask {table}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        rows, n = len(table), len(table[0])
        expect(
            found.shape == (rows, 1, n, n),
            f"{where}, the mask has shape {tuple(found.shape)}; expected {(rows, 1, n, n)}: a table for each text, one for all heads.",
        )
        expect(found.dtype == torch.bool, f"{where}, the mask has type {found.dtype}; numbers would be added to the scores. Expected bool.")
        for b, i, j in ((b, i, j) for b in range(rows) for i in range(n) for j in range(n)):
            allowed, wanted = bool(found[b, 0, i, j]), i == j or (j < i and table[b][j] == 1)
            if allowed != wanted:
                refuse(f"{where}, text {b}: {_mask_mistake(i, j, allowed)}")


def _mask_mistake(i, j, allowed):
    if i == j:
        return f"token {i} may not look at itself. Filler too must see itself, lest its row be empty and softmax give nan."
    if j > i:
        return f"token {i} looks at token {j}, which comes later. Rows look, columns are looked at: is it `tril`?"
    if allowed:
        return f"token {i} looks at token {j}, which is filler. The filler takes out columns."
    return f"token {i} may not look at token {j}, which is real and earlier. Only filler that is *looked at*, a column, is taken out."


def decoder_mask(attention_mask):
    import torch

    n = attention_mask.shape[-1]
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    real = attention_mask.bool()[:, None, None, :]
    return (causal & real) | torch.eye(n, dtype=torch.bool)


def _other_decoder_mask(attention_mask):
    import torch

    place = torch.arange(attention_mask.shape[-1])
    earlier, itself = place[None, :] < place[:, None], place[None, :] == place[:, None]
    return torch.stack([(earlier & (row == 1)[None, :] | itself)[None] for row in attention_mask])


def _mask_without_self(attention_mask):
    import torch

    n = attention_mask.shape[-1]
    return torch.ones(n, n, dtype=torch.bool).tril() & attention_mask.bool()[:, None, None, :]


def _mask_by_rows(attention_mask):
    import torch

    n = attention_mask.shape[-1]
    return (torch.ones(n, n, dtype=torch.bool).tril() & attention_mask.bool()[:, None, :, None]) | torch.eye(n, dtype=torch.bool)


def _mask_upside_down(attention_mask):
    return decoder_mask(attention_mask).transpose(-2, -1)


def _mask_without_heads(attention_mask):
    return decoder_mask(attention_mask)[:, 0]


def _mask_of_numbers(attention_mask):
    return decoder_mask(attention_mask).float()


def _verify_contributions(answer):
    import torch

    source = torch.Generator().manual_seed(5)
    for heads, n, size in ((2, 3, 4), (4, 5, 2), (1, 2, 6)):
        outputs = torch.randn(heads, n, size, generator=source)
        w_o = torch.randn(heads * size, heads * size, generator=source)
        found = call(answer, outputs.clone(), w_o.clone())
        where = f"For {heads} heads, {n} tokens and {size} numbers a head"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        wanted = (heads, n, heads * size)
        expect(found.shape == wanted, f"{where}, the result has shape {tuple(found.shape)}; expected (heads, n, heads · size), {wanted}.")
        _judge_contributions(found, outputs, w_o, where)
    return "So a head can be taken away, or looked at, by itself: the next lesson does both."


def _judge_contributions(found, outputs, w_o, where):
    import torch

    heads, n, size = outputs.shape
    columns = w_o.reshape(heads * size, heads, size)
    expected = torch.einsum("hns,ohs->hno", outputs, columns)
    if torch.allclose(found, expected, atol=1e-4):
        return
    total = outputs.permute(1, 0, 2).reshape(n, heads * size) @ w_o.T
    equal_sum = torch.allclose(found.sum(dim=0), total, atol=1e-4)
    expect(
        not equal_sum,
        f"{where}, the sum over heads is right, but a head's part does not depend on that head alone. Which columns of w_o meet head h?",
    )
    turned = torch.einsum("hns,ohs->hno", outputs, w_o.T.reshape(heads * size, heads, size))
    expect(
        not torch.allclose(found, turned, atol=1e-4),
        f"{where}, you took the rows of w_o. The layer computes x @ w_o.T, so the numbers of head h meet *columns* of w_o.",
    )
    woven = torch.einsum("hns,osh->hno", outputs, w_o.reshape(heads * size, size, heads))
    expect(
        not torch.allclose(found, woven, atol=1e-4),
        f"{where}, you took every h-th column. Heads lie side by side: head h has size columns next to each other.",
    )
    refuse(
        f"{where}, the sum over heads is not the output of the layer: the largest difference is {(found.sum(0) - total).abs().max():.2f}."
    )


def head_contributions(outputs, w_o):
    import torch

    size = outputs.shape[-1]
    return torch.stack([head @ w_o[:, h * size : (h + 1) * size].T for h, head in enumerate(outputs)])


def _other_contributions(outputs, w_o):
    import torch

    heads, n, size = outputs.shape
    alone = torch.zeros(heads, n, heads, size)
    for h in range(heads):
        alone[h, :, h] = outputs[h]
    return alone.flatten(-2) @ w_o.T


def _contributions_from_rows(outputs, w_o):
    return head_contributions(outputs, w_o.T)


def _contributions_woven(outputs, w_o):
    import torch

    return torch.stack([head @ w_o[:, h :: len(outputs)].T for h, head in enumerate(outputs)])


def _contributions_shared_out(outputs, w_o):
    total = head_contributions(outputs, w_o).sum(dim=0)
    return (total / len(outputs)).expand(len(outputs), *total.shape)


def _contributions_merged(outputs, w_o):
    return outputs.transpose(0, 1).flatten(-2) @ w_o.T


def _verify_cross(answer):
    import torch
    from transformers import T5Config
    from transformers.models.t5.modeling_t5 import T5Attention

    for heads, size, n, m, masked in ((2, 4, 3, 5, 0), (3, 2, 4, 4, 2), (1, 4, 2, 6, 3)):
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(heads)
            # The heads together are narrower or wider than the model, as T5 allows.
            config = T5Config(d_model=10, d_kv=size, num_heads=heads, dropout_rate=0.0, attn_implementation="eager")
            layer = T5Attention(config, layer_idx=0).eval()
            states, memory = torch.randn(2, n, 10), torch.randn(2, m, 10)
            mask = torch.ones(2, m, dtype=torch.long)
            mask[1, m - masked :] = 0
            expected = _cross_by_library(layer, states, memory, mask)
            found = call(answer, states.clone(), memory.clone(), layer, heads, mask.clone())
            where = f"For {n} tokens that look at {m} tokens ({masked} of them filler in the second text), {heads} heads of {size}"
            expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor, the outputs alone, and found {short(found)}.")
            expect(
                found.shape == expected.shape,
                f"{where}, the output has shape {tuple(found.shape)}; expected {tuple(expected.shape)}, a row for each token of `states`.",
            )
            if not torch.allclose(found, expected, atol=1e-4):
                refuse(f"{where}, {_cross_mistake(found, layer, states, memory, mask)}")
    return "Equal to the library's own layer."


def _cross_by_library(layer, states, memory, mask):
    """Returns what the library's layer makes of it; the oracle."""
    import torch

    forbidden = (1.0 - mask.float()) * torch.finfo(torch.float32).min
    return layer(states, mask=forbidden[:, None, None, :], key_value_states=memory)[0]


def _cross_mistake(found, layer, states, memory, mask):
    import torch

    nothing = torch.ones_like(mask)
    expect(torch.isfinite(found).all(), "some outputs are not finite numbers. Was a whole row forbidden?")
    mistakes = {"the filler of the source is looked at; the mask belongs to the keys": _cross_by_library(layer, states, memory, nothing)}
    for name, tokens in (("divided by √d", mask), ("divided by √d, with filler looked at", nothing)):
        layer.scaling = layer.key_value_proj_dim**-0.5
        mistakes[f"you {name}; a T5 does not divide"] = _cross_by_library(layer, states, memory, tokens)
        layer.scaling = 1.0
    added = layer(states, mask=mask[:, None, None, :].float(), key_value_states=memory)[0]
    mistakes["you passed the mask as numbers, which are added to the scores; make it a mask of type bool"] = added
    if states.shape == memory.shape:
        mistakes["the roles are the wrong way round: queries come from `states`"] = _cross_by_library(layer, memory, states, mask)
    for text, value in mistakes.items():
        if value.shape == found.shape and torch.allclose(found, value, atol=1e-4):
            return text + "."
    return "the outputs differ from the library's. Queries from `states`, keys and values from `memory`, no division, `layer.o` at the end?"


def cross_attention(states, memory, layer, heads, source_mask):
    import torch

    query, key, value = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (layer.q(states), layer.k(memory), layer.v(memory)))
    scores = query @ key.transpose(-2, -1)
    scores = scores.masked_fill(source_mask[:, None, None, :] == 0, -torch.inf)
    outputs = scores.softmax(dim=-1) @ value
    return layer.o(outputs.transpose(1, 2).flatten(-2))


def _other_cross(states, memory, layer, heads, source_mask):
    from torch.nn.functional import scaled_dot_product_attention

    def cut(x):
        return x.view(*x.shape[:2], heads, -1).transpose(1, 2)

    mask = source_mask.bool()[:, None, None, :]
    mixed = scaled_dot_product_attention(cut(layer.q(states)), cut(layer.k(memory)), cut(layer.v(memory)), attn_mask=mask, scale=1.0)
    return layer.o(mixed.transpose(1, 2).reshape(*states.shape[:2], -1))


def _cross_divided(states, memory, layer, heads, source_mask):
    from torch.nn.functional import scaled_dot_product_attention

    cut = [x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (layer.q(states), layer.k(memory), layer.v(memory))]
    mixed = scaled_dot_product_attention(*cut, attn_mask=source_mask.bool()[:, None, None, :])
    return layer.o(mixed.transpose(1, 2).flatten(-2))


def _cross_unmasked(states, memory, layer, heads, source_mask):
    return cross_attention(states, memory, layer, heads, source_mask * 0 + 1)


def _cross_with_numbers(states, memory, layer, heads, source_mask):
    from torch.nn.functional import scaled_dot_product_attention

    cut = [x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (layer.q(states), layer.k(memory), layer.v(memory))]
    mixed = scaled_dot_product_attention(*cut, attn_mask=source_mask[:, None, None, :].float(), scale=1.0)
    return layer.o(mixed.transpose(1, 2).flatten(-2))


def _cross_the_wrong_way(states, memory, layer, heads, source_mask):
    return cross_attention(memory, states, layer, heads, source_mask[:, :1].expand(-1, states.shape[1]))


def _cross_without_output(states, memory, layer, heads, source_mask):
    import torch

    query, key, value = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (layer.q(states), layer.k(memory), layer.v(memory)))
    scores = (query @ key.transpose(-2, -1)).masked_fill(source_mask[:, None, None, :] == 0, -torch.inf)
    return (scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(-2)


def _cross_of_self(states, memory, layer, heads, source_mask):
    import torch

    return cross_attention(states, states, layer, heads, torch.ones(states.shape[:2]))


_LENGTHS = (1, 2, 5, 9, 16, 30, 64, 100, 131, 200)


def _verify_two_step(answer):
    import torch

    pairs = 0
    for n in _LENGTHS:
        found = call(answer, n)
        expect(
            isinstance(found, torch.Tensor) and found.shape == (n, n) and found.dtype == torch.bool,
            f"For n = {n}, expected a tensor of type bool and shape ({n}, {n}); found {_kind(found)}.",
        )
        ahead = found.triu(1).nonzero().tolist()
        expect(not ahead, f"For n = {n}, it is not causal: {_pair(ahead, 'sees')}, which comes later.")
        expect(found.diagonal().all(), f"For n = {n}, token {int((~found.diagonal()).int().argmax())} does not see itself.")
        seen, limit = found.sum(dim=-1), 2 * n**0.5 + 2
        fullest = int(seen.argmax())
        expect(
            int(seen[fullest]) <= limit, f"For n = {n}, token {fullest} sees {int(seen[fullest])} tokens; at most {limit:.1f} are allowed."
        )
        ways = found.float() @ found.float()
        lost = ((ways == 0) & torch.ones(n, n, dtype=torch.bool).tril()).nonzero().tolist()
        expect(
            not lost,
            f"For n = {n}, {len(lost)} pairs are out of reach: {_pair(lost, 'learns nothing from')}. Which could pass it on?",
        )
        pairs = int(found.sum())
    full = n * (n + 1) // 2
    return f"At n = {n} your mask looks at {pairs:,} pairs where a full causal mask has {full:,}."


def _pair(pairs, verb):
    return f"token {pairs[0][0]} {verb} token {pairs[0][1]}" if pairs else ""


def _kind(found):
    shape = getattr(found, "shape", None)
    return short(found) if shape is None else f"{getattr(found, 'dtype', type(found).__name__)} and shape {tuple(shape)}"


def two_step_mask(n):
    import math

    import torch

    step = math.isqrt(n - 1) + 1  # √n, rounded up
    i, j = torch.arange(n)[:, None], torch.arange(n)[None, :]
    same_block = i // step == j // step
    end_of_block = j % step == step - 1  # it has seen its whole block, and passes it on
    return (same_block | end_of_block) & (j <= i)


def _other_two_step(n):
    import torch

    mask = torch.zeros(n, n, dtype=torch.bool)
    step = max(1, round(n**0.5))
    for i in range(n):
        mask[i, max(0, i - step + 1) : i + 1] = True  # the latest ones
        mask[i, i % step : i + 1 : step] = True  # and every step-th before
    return mask


def _two_step_full(n):
    import torch

    return torch.ones(n, n, dtype=torch.bool).tril()


def _two_step_window(n):
    import torch

    return torch.ones(n, n, dtype=torch.bool).tril().triu(-int(2 * n**0.5))


def _two_step_blocks(n):
    import math

    import torch

    step = math.isqrt(n - 1) + 1
    i, j = torch.arange(n)[:, None], torch.arange(n)[None, :]
    return (i // step == j // step) & (j <= i)


def _two_step_both_ways(n):
    mask = two_step_mask(n)
    return mask | mask.T


def _two_step_numbers(n):
    return two_step_mask(n).int()


EXERCISES = (
    Exercise(
        name="soft_look_up",
        verify=_verify_look,
        solution=soft_look_up,
        hints=(
            "Three steps: a score for each key (a dot product, divided by the square root of the query's length), softmax, a weighted sum.",
            "Forbidden keys must not take part in the softmax at all: give their exponential the value 0 before you divide by the sum.",
            "Take the largest score of the allowed keys, subtract it from each score, then use `math.exp`. "
            "When nothing is allowed, the sum is 0: divide by 1 instead.",
        ),
        wrong={
            "not divided": Wrong(_look_unscaled, because="you did not divide the scores by √d"),
            "divided by d": Wrong(_look_by_d, because="divide by its square root"),
            "zeroed after softmax": Wrong(_look_zeroed_late, because="the weights no longer sum to one"),
            "exponentials of large scores": Wrong(_look_overflowing, because="OverflowError"),
            "everything allowed when nothing is": Wrong(_look_never_empty, because="Where no key is allowed"),
        },
        other=_other_look,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="decoder_mask",
        verify=_verify_decoder_mask,
        solution=decoder_mask,
        hints=(
            "Start from the causal mask of the lesson, `torch.ones(n, n, dtype=torch.bool).tril()`, and from `attention_mask.bool()`.",
            "`attention_mask.bool()[:, None, None, :]` has shape (batch, 1, 1, n): with `&` it takes out columns for every row.",
            "Filler that looks at itself: `| torch.eye(n, dtype=torch.bool)` at the end.",
        ),
        wrong={
            "empty rows": Wrong(_mask_without_self, because="may not look at itself"),
            "rows taken out": Wrong(_mask_by_rows, because="Only filler that is *looked at*"),
            "upside down": Wrong(_mask_upside_down, because="which comes later"),
            "no place for heads": Wrong(_mask_without_heads, because="one for all heads"),
            "numbers": Wrong(_mask_of_numbers, because="Expected bool"),
        },
        other=_other_decoder_mask,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="head_contributions",
        verify=_verify_contributions,
        solution=head_contributions,
        hints=(
            "Think of the heads side by side with all heads but one set to zero. Which numbers of w_o still matter in x @ w_o.T?",
            "Head h fills the places h · size to (h + 1) · size of the joined vector, and these meet the same *columns* of w_o.",
            "For one head: `head @ w_o[:, h * size : (h + 1) * size].T`. Stack the results.",
        ),
        wrong={
            "rows in place of columns": Wrong(_contributions_from_rows, because="you took the rows of w_o"),
            "every h-th column": Wrong(_contributions_woven, because="Heads lie side by side"),
            "the output shared out evenly": Wrong(_contributions_shared_out, because="does not depend on that head alone"),
            "the sum itself": Wrong(_contributions_merged, because="expected (heads, n, heads · size)"),
        },
        other=_other_contributions,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="cross_attention_by_hand",
        verify=_verify_cross,
        solution=cross_attention,
        hints=(
            "Queries come from `layer.q(states)`; keys and values from `layer.k(memory)`, `layer.v(memory)`. Split all three into heads.",
            "The mask belongs to what is looked at: `source_mask.bool()[:, None, None, :]`, which serves every head and every row.",
            "A T5 does not divide: scale=1.0. Merge the heads and pass them through `layer.o`; return the outputs without the weights.",
        ),
        wrong={
            "divided": Wrong(_cross_divided, because="a T5 does not divide"),
            "filler looked at": Wrong(_cross_unmasked, because="the filler of the source is looked at"),
            "the mask as numbers": Wrong(_cross_with_numbers, because="you passed the mask as numbers"),
            "the wrong way round": Wrong(_cross_the_wrong_way, because="a row for each token of `states`"),
            "without the output layer": Wrong(_cross_without_output, because="the output has shape"),
            "self-attention": Wrong(_cross_of_self, because="Queries from `states`, keys and values from `memory`"),
        },
        other=_other_cross,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="two_step_mask",
        verify=_verify_two_step,
        solution=two_step_mask,
        hints=(
            "With a window alone, far tokens are never reached: some tokens must serve as relays that everybody later can see.",
            "Cut the text into blocks of about √n tokens. The last token of a block can see its whole block. Who should see that token?",
            "Allow a look where both stand in one block, or where the token looked at is the last of its block; then `& (j <= i)`. "
            "Round √n up, so that there are not too many blocks.",
        ),
        wrong={
            "a full causal mask": Wrong(_two_step_full, because="are allowed"),
            "a window": Wrong(_two_step_window, because="are out of reach"),
            "blocks without relays": Wrong(_two_step_blocks, because="are out of reach"),
            "looks both ways": Wrong(_two_step_both_ways, because="it is not causal"),
            "numbers": Wrong(_two_step_numbers, because="expected a tensor of type bool"),
        },
        other=_other_two_step,
        seconds=_PATIENCE,
    ),
)
