"""The exercises of `03_attention/05_long_inputs`: pairs, a cache that forgets, a linear step, neighbours turned, a rule by design."""

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 60.0  # seconds: the first check of a process may have to import torch


_WINDOWS = ((10, 3), (6, 1), (5, 5), (4, 9), (1, 1), (512, 64), (10**9, 4096), (7, 10**6))


def _verify_pairs(answer):
    for n, window in _WINDOWS:
        found, expected = call(answer, n, window), _pairs_by_sums(n, window)
        where = f"For {n} tokens and a window of {window}"
        expect(isinstance(found, (int, float)), f"{where}, expected a number and found {short(found)}.")
        if found != expected:
            refuse(f"{where}, {_pairs_mistake(found, n, window)}: found {short(found)}, expected {expected}.")
        expect(isinstance(found, int), f"{where}, expected a whole number and found {short(found)}: divide with //, which stays exact.")


def _pairs_by_sums(n, window):
    """Returns the number of pairs; the oracle: the growing rows by Gauss's sum, then the full ones."""
    growing = min(n, window)
    return sum(range(1, growing + 1)) + (n - growing) * window if growing < 10**6 else None


def _pairs_mistake(found, n, window):
    w = min(n, window)
    mistakes = {
        n * window: "the first tokens see fewer than a window, since nothing stands before them",
        n * (n + 1) // 2: "that is full causal attention",
        n * w - w * (w + 1) // 2: "a token sees itself as well; the window counts it",
        sum((n, n * 2 * (window - 1))) - (window - 1) * window: "you looked both ways; causal attention looks back only",
        w * (w - 1) // 2 + (n - w) * (w - 1): "a token sees itself as well; the window counts it",
        window * (window + 1) // 2 + (n - window) * window: "the window is wider than the text; no token sees more than n",
    }
    return mistakes.get(found, "count row by row: 1, 2, 3, … until the window is full, and then a whole window for each token")


def window_pairs(n, window):
    full = min(n, window)
    return full * (full + 1) // 2 + (n - full) * full


def _other_pairs(n, window):
    w = min(n, window)
    return n * w - w * (w - 1) // 2


def _pairs_of_rectangle(n, window):
    return n * window


def _pairs_without_self(n, window):
    w = min(n, window)
    return w * (w - 1) // 2 + (n - w) * (w - 1)


def _pairs_of_wide_windows(n, window):
    return window * (window + 1) // 2 + (n - window) * window


def _pairs_as_float(n, window):
    w = min(n, window)
    return n * w - w * (w - 1) / 2


def _verify_remember(answer):
    import torch

    source = torch.Generator().manual_seed(3)
    for heads, size, window, tokens in ((2, 4, 3, 7), (1, 2, 1, 3), (3, 3, 5, 4)):
        keys, values = torch.randn(2, tokens, heads, size, generator=source)
        cache = None
        for t in range(tokens):
            before = None if cache is None else tuple(part.clone() for part in cache)
            found = call(answer, cache, keys[t].clone(), values[t].clone(), window)
            where = f"With a window of {window}, after token {t} (counted from 0)"
            expect(isinstance(found, (tuple, list)) and len(found) == 2, f"{where}, expected a pair (keys, values); found {short(found)}.")
            _expect_unchanged(cache, before, where)
            for name, part, all_of_it in (("keys", found[0], keys), ("values", found[1], values)):
                _judge_memory(part, all_of_it[: t + 1].transpose(0, 1), window, f"{where}, the {name}")
            cache = tuple(found)
    return "After the first window it never grows again, however long the text."


def _expect_unchanged(cache, before, where):
    import torch

    if before is not None:
        same = all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(cache, before, strict=True))
        expect(same, f"{where}, your function changed the old cache in place. Build new tensors.")


def _judge_memory(part, told, window, where):
    import torch

    expect(isinstance(part, torch.Tensor), f"{where}: expected a tensor and found {short(part)}.")
    heads, seen, size = told.shape
    kept = min(window, seen)
    shape = tuple(part.shape)
    expect(shape != (heads, seen, size) or seen == kept, f"{where} hold all {seen} tokens; at most {window} may stay.")
    expect(
        shape == (heads, kept, size),
        f"{where} have the shape {shape}; expected (heads, tokens, size) with the last {kept} tokens, {(heads, kept, size)}.",
    )
    wanted = told[:, -kept:]
    if torch.equal(part, wanted):
        return
    expect(not torch.equal(part, wanted.flip(1)), f"{where} are newest first; expected the oldest first.")
    expect(not torch.equal(part, told[:, :kept]), f"{where} are those of the *first* tokens; the oldest should be dropped.")
    ring = torch.stack([told[:, max(t for t in range(seen) if t % window == slot)] for slot in range(kept)], dim=1)
    expect(not torch.equal(part, ring), f"{where} are the right ones in another order, as in a ring; expected the oldest first.")
    refuse(f"{where} are not those of the last {kept} tokens, oldest first.")


def remember(cache, key, value, window):
    import torch

    new = key[:, None], value[:, None]
    if cache is not None:
        new = tuple(torch.cat([old, one], dim=1) for old, one in zip(cache, new, strict=True))
    return tuple(part[:, -window:] for part in new)


def _other_remember(cache, key, value, window):
    import torch

    old = (key[:, :0].unsqueeze(1).expand(-1, 0, -1),) * 2 if cache is None else cache
    drop = 1 if cache is not None and cache[0].shape[1] == window else 0
    keys, values = (
        torch.stack([*(part[:, t] for t in range(drop, part.shape[1])), one], dim=1) if part.shape[1] > drop else one.unsqueeze(1)
        for part, one in zip(old, (key, value), strict=True)
    )
    return keys, values


def _remember_all(cache, key, value, window):
    return remember(cache, key, value, 10**9)


def _remember_first(cache, key, value, window):
    return cache if cache is not None and cache[0].shape[1] == window else remember(cache, key, value, window)


def _remember_newest_first(cache, key, value, window):
    import torch

    new = key[:, None], value[:, None]
    if cache is not None:
        new = tuple(torch.cat([one, old], dim=1) for old, one in zip(cache, new, strict=True))
    return tuple(part[:, :window] for part in new)


def _remember_one_less(cache, key, value, window):
    return remember(cache, key, value, max(window - 1, 1))


def _remember_in_place(cache, key, value, window):
    if cache is None or cache[0].shape[1] < window:
        return remember(cache, key, value, window)
    for part, one in zip(cache, (key, value), strict=True):
        part[:, :-1] = part[:, 1:].clone()
        part[:, -1] = one
    return cache


def _verify_step(answer):
    import torch

    source = torch.Generator().manual_seed(4)
    for size, width, tokens in ((4, 3, 9), (2, 2, 5), (6, 1, 12)):
        query, key = torch.randn(2, tokens, size, generator=source)
        value = torch.randn(tokens, width, generator=source)
        state, sizes = None, []
        for t in range(tokens):
            before = _copied(state)
            found = call(answer, state, query[t].clone(), key[t].clone(), value[t].clone())
            where = f"At token {t} (counted from 0), with keys of {size} and values of {width} numbers"
            right = isinstance(found, (tuple, list)) and len(found) == 2
            expect(right, f"{where}, expected the pair (output, new state); found {short(found)}.")
            expect(_alike(state, before), f"{where}, your function changed the old state in place. Make a new one.")
            _judge_step(found[0], query[: t + 1], key[: t + 1], value[: t + 1], where)
            state = found[1]
            sizes.append(_numbers(state))
        expect(sizes[-1] <= sizes[0], f"Your state holds {sizes[0]} numbers after one token and {sizes[-1]} after {tokens}: it grows.")
    return f"The last state held {sizes[-1]} numbers, after the first token as after the last."


def _judge_step(output, query, key, value, where):
    import torch

    expect(isinstance(output, torch.Tensor), f"{where}, the output should be a tensor; found {short(output)}.")
    shape = tuple(output.shape)
    expect(
        shape == (value.shape[1],),
        f"{where}, the output has shape {shape}; expected {(value.shape[1],)}, the shape of a value. Was the total weight left in it?",
    )
    expected = _linear_by_table(query, key, value)
    if torch.allclose(output, expected, atol=1e-4):
        return
    mistakes = {
        "the token does not see itself: add its key and value to the state before you read it": (
            _linear_by_table(query[-1:], key[:-1], value[:-1]) if len(key) > 1 else torch.zeros(value.shape[1])
        ),
        "the weights do not sum to one: divide by their total": _linear_by_table(query, key, value, divide=False),
        "elu can be negative: the feature map is elu + 1": _linear_by_table(query, key, value, one=0.0),
        "the feature map belongs to the key as well as to the query": _linear_by_table(query, key, value, raw="key"),
        "the feature map belongs to the query as well as to the key": _linear_by_table(query, key, value, raw="query"),
    }
    why = next((text for text, other in mistakes.items() if torch.allclose(output, other, atol=1e-4)), "")
    first = len(key) == 1 and not torch.isfinite(output).all()
    why = why or ("0 divided by 0: the token itself has to be in the state when you read it" if first else "compare with linear_by_steps")
    refuse(f"{where}, {why}: found {[round(x, 3) for x in output.tolist()]}, expected {[round(x, 3) for x in expected.tolist()]}.")


def _linear_by_table(query, key, value, divide=True, one=1.0, raw=None):
    """Returns the last token's output from the weights of all keys at once; the oracle."""
    from torch.nn.functional import elu

    q = query[-1] if raw == "query" else elu(query[-1]) + one
    k = key if raw == "key" else elu(key) + one
    weights = k @ q
    return weights @ value / (weights.sum() if divide else 1.0)


def _copied(state):
    import torch

    if isinstance(state, torch.Tensor):
        return state.clone()
    if isinstance(state, (tuple, list)):
        return type(state)(_copied(part) for part in state)
    return {name: _copied(part) for name, part in state.items()} if isinstance(state, dict) else state


def _alike(a, b):
    import torch

    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(_alike(x, y) for x, y in zip(a, b, strict=True))
    return a.keys() == b.keys() and all(_alike(a[name], b[name]) for name in a) if isinstance(a, dict) else a == b


def _numbers(state):
    """Returns how many numbers a state holds, whatever it is made of."""
    if hasattr(state, "numel"):
        return state.numel()
    if isinstance(state, (tuple, list)):
        return sum(map(_numbers, state))
    return sum(map(_numbers, state.values())) if isinstance(state, dict) else 1


def linear_step(state, query, key, value):
    import torch
    from torch.nn.functional import elu

    q, k = elu(query) + 1, elu(key) + 1
    told = torch.outer(k, torch.cat([value, torch.ones(1)]))
    state = told if state is None else state + told
    found = q @ state
    return found[:-1] / found[-1], state


def _other_step(state, query, key, value):
    import torch

    q, k = (torch.where(x > 0, x + 1, x.exp()) for x in (query, key))
    mixed, total = state or (0.0, 0.0)
    mixed, total = mixed + k[:, None] * value[None, :], total + k
    return (q[:, None] * mixed).sum(dim=0) / (q * total).sum(), (mixed, total)


def _step_before_update(state, query, key, value):
    import torch
    from torch.nn.functional import elu

    q, k = elu(query) + 1, elu(key) + 1
    mixed, total = state or (torch.zeros(len(key), len(value)), torch.zeros(len(key)))
    return q @ mixed / (q @ total), (mixed + torch.outer(k, value), total + k)


def _step_undivided(state, query, key, value):
    import torch
    from torch.nn.functional import elu

    state = (0 if state is None else state) + torch.outer(elu(key) + 1, value)
    return (elu(query) + 1) @ state, state


def _step_of_elu(state, query, key, value):
    import torch
    from torch.nn.functional import elu

    told = torch.outer(elu(key), torch.cat([value, torch.ones(1)]))
    state = told if state is None else state + told
    found = elu(query) @ state
    return found[:-1] / found[-1], state


def _step_with_everything(state, query, key, value):
    state = [*(state or []), (key, value)]
    import torch

    keys, values = (torch.stack(part) for part in zip(*state, strict=True))
    return _linear_by_table(query[None], keys, values), state


def _step_in_place(state, query, key, value):
    import torch
    from torch.nn.functional import elu

    told = torch.outer(elu(key) + 1, torch.cat([value, torch.ones(1)]))
    if state is None:
        state = told
    else:
        state += told
    found = (elu(query) + 1) @ state
    return found[:-1] / found[-1], state


def _verify_neighbours(answer):
    import torch

    source = torch.Generator().manual_seed(6)
    for shape, places, base in (
        ((4, 6), [0.0, 1.0, 2.0, 3.0], 10000.0),
        ((2, 3, 5, 8), [7.0, 8.0, 9.0, 10.0, 11.0], 100.0),
        ((3, 2), [2.0, 40.0, 500.0], 10.0),
    ):
        x, at = torch.randn(shape, generator=source), torch.tensor(places)
        found = call(answer, x.clone(), at.clone(), base)
        where = f"For x of shape {shape}, places {[int(place) for place in places]} and base {base:g}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(found.shape == x.shape, f"{where}, the result has shape {tuple(found.shape)}; expected that of x.")
        if not torch.allclose(found, _turned(x, at, base), atol=1e-4):
            refuse(f"{where}, {_turn_mistake(found, x, at, base)}")
    return "The same clock with its hands put in another order: checkpoints of one kind read as the other give nonsense and no error."


def _turned(x, places, base, sign=1.0, wrong_speed=False):
    """Returns x with neighbours turned, as complex numbers; the oracle."""
    import torch

    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    count = pairs.shape[-1]
    speed = base ** (-torch.arange(count) / (2 * count if wrong_speed else count))
    angle = sign * places[:, None] * speed
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angle), angle)).flatten(-2)


def _turn_mistake(found, x, places, base):
    import torch

    order = torch.arange(x.shape[-1]).view(-1, 2).T.flatten()  # evens, then odds
    mistakes = {
        "you paired number i with number i + half, as in the lesson; here neighbours are pairs": _turn_halves(x, places, base),
        "the right numbers in another order: first numbers of all pairs, then the second ones. Lay them back next to each other": _turned(
            x, places, base
        )[..., order],
        "the hands turn the other way: the sign of the sine": _turned(x, places, base, sign=-1.0),
        "the speeds are not base^(-i / (size / 2)) of pair i": _turned(x, places, base, wrong_speed=True),
    }
    for text, value in mistakes.items():
        if torch.allclose(found, value, atol=1e-4):
            return text + "."
    lengths = torch.allclose(found.norm(dim=-1), x.norm(dim=-1), atol=1e-4)
    return (
        "turning must not change the length of a vector, and yours does."
        if not lengths
        else "the turned numbers are not the expected ones."
    )


def _turn_halves(x, places, base=10000.0):
    import torch

    half = x.shape[-1] // 2
    angle = places[:, None] * base ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], dim=-1)


def rotate_neighbours(x, places, base=10000.0):
    import torch

    half = x.shape[-1] // 2
    angle = places[:, None] * base ** (-torch.arange(half) / half)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], dim=-1).flatten(-2)


def _other_neighbours(x, places, base=10000.0):
    import torch

    result = torch.empty_like(x)
    for i in range(x.shape[-1] // 2):
        angle = places * base ** (-2 * i / x.shape[-1])
        result[..., 2 * i] = x[..., 2 * i] * angle.cos() - x[..., 2 * i + 1] * angle.sin()
        result[..., 2 * i + 1] = x[..., 2 * i] * angle.sin() + x[..., 2 * i + 1] * angle.cos()
    return result


def _neighbours_not_laid_back(x, places, base=10000.0):
    turned = rotate_neighbours(x, places, base)
    import torch

    return torch.cat([turned[..., 0::2], turned[..., 1::2]], dim=-1)


def _neighbours_backwards(x, places, base=10000.0):
    return rotate_neighbours(x, -places, base)


def _neighbours_of_slow_speeds(x, places, base=10000.0):
    return rotate_neighbours(x, places, base**0.5)


def _neighbours_stretched(x, places, base=10000.0):
    return rotate_neighbours(x, places, base) * 1.1


_LENGTH, _BLOCK, _NEAR, _BUDGET, _LAYERS = 1024, 64, 32, 72, 4


def _verify_rule(answer):
    import torch

    place, zero = torch.arange(_LENGTH), torch.tensor(0)
    found = call(answer, zero, zero, place[:, None], place[None, :])
    expect(isinstance(found, torch.Tensor), f"Given tensors of places, expected a tensor of True and False; found {short(found)}.")
    expect(found.dtype == torch.bool, f"The rule gives {found.dtype}; expected bool. Compare, and join with & and |.")
    try:
        table = found.expand(_LENGTH, _LENGTH)
    except RuntimeError:
        refuse(f"The rule gives the shape {tuple(found.shape)}; expected one answer for each query and key.")
    _expect_elementwise(answer, table)
    _judge_rule(table)
    blocks, layers = _blocks(table), _layers(table)
    return f"Your rule touches {blocks} of 136 blocks, and {layers} layers reach everything."


def _expect_elementwise(answer, table):
    """Flex attention asks about one pair at a time."""
    import torch

    source = torch.Generator().manual_seed(8)
    for i, j in torch.randint(_LENGTH, (40, 2), generator=source).tolist():
        one = call(answer, torch.tensor(0), torch.tensor(0), torch.tensor(i), torch.tensor(j))
        expect(
            bool(torch.as_tensor(one).all()) == bool(table[i, j]),
            f"Asked about query {i} and key {j} alone, the rule answers otherwise than in a table. It may look at places alone.",
        )


def _judge_rule(table):
    import torch

    place = torch.arange(_LENGTH)
    back = place[:, None] - place[None, :]
    if (ahead := (table & (back < 0)).nonzero()).numel():
        i, j = ahead[0].tolist()
        refuse(f"Token {i} looks at token {j}, which comes later. Join your rule with `key <= query`.")
    if (blind := (~table & (back >= 0) & (back < _NEAR)).nonzero()).numel():
        i, j = blind[0].tolist()
        refuse(f"Token {i} does not see token {j}, {i - j} before it; itself and the {_NEAR - 1} before it should be in view.")
    blocks, layers = _blocks(table), _layers(table)
    if layers > _LAYERS:
        reached = torch.linalg.matrix_power(table.double(), _LAYERS) > 0
        i, j = (~reached & (back >= 0)).nonzero()[-1].tolist()
        told = f"Through {_LAYERS} layers, token {i} cannot learn from token {j}"
        expect(blocks <= _BUDGET, f"{told}, and {blocks} blocks are touched (at most {_BUDGET}).")
        refuse(f"{told}: what would pass it on? Sinks pass on only the beginning. ({blocks} blocks touched.)")
    expect(
        blocks <= _BUDGET, f"{blocks} blocks are touched; at most {_BUDGET} may be. A block counts as soon as one of its pairs is allowed."
    )


def _blocks(table):
    count = _LENGTH // _BLOCK
    return int(table.reshape(count, _BLOCK, count, _BLOCK).any(dim=3).any(dim=1).sum())


def _layers(table):
    """Returns how many layers it takes until every token can learn from every earlier one; one more than allowed if that is not enough."""
    import torch

    wanted, ways = torch.ones(_LENGTH, _LENGTH, dtype=torch.bool).tril(), torch.eye(_LENGTH)
    for layers in range(1, _LAYERS + 1):
        ways = ((ways @ table.float()) > 0).float()
        if bool(((ways > 0) | ~wanted).all()):
            return layers
    return _LAYERS + 1


def own_rule(batch, head, query, key):
    steps = query // 64 - key // 64  # how many blocks back
    return (key <= query) & ((steps <= 2) | (steps == 4) | (steps == 8))


def _other_rule(batch, head, query, key):
    mine, theirs = query // 64, key // 64
    return (key <= query) & ((mine - theirs <= 1) | (theirs % 4 == 3))


def _rule_window(batch, head, query, key):
    return (key <= query) & (key > query - 64)


def _rule_with_sinks(batch, head, query, key):
    return (key <= query) & ((key > query - 64) | (key < 4))


def _rule_full(batch, head, query, key):
    return key <= query


def _rule_blocks(batch, head, query, key):
    return (key <= query) & (query // 64 == key // 64)


def _rule_scattered(batch, head, query, key):
    back = query - key
    near = (back >= 0) & (back < 32)
    return near | ((back > 0) & (back % 32 == 0))


def _rule_ahead(batch, head, query, key):
    steps = (query // 64 - key // 64).abs()
    return (steps <= 2) | (steps == 4) | (steps == 8)


def _rule_of_numbers(batch, head, query, key):
    return own_rule(batch, head, query, key).float()


EXERCISES = (
    Exercise(
        name="window_pairs",
        verify=_verify_pairs,
        solution=window_pairs,
        hints=(
            "How many tokens does the first token see? The second? From which token on is it a whole window?",
            "1 + 2 + … + w is w · (w + 1) / 2. The rest are whole windows.",
            "Let w be the smaller of n and window; then the sum of the first w rows, and (n - w) rows of w. Divide with //.",
        ),
        wrong={
            "a rectangle": Wrong(_pairs_of_rectangle, because="the first tokens see fewer"),
            "without itself": Wrong(_pairs_without_self, because="sees itself"),
            "windows wider than the text": Wrong(_pairs_of_wide_windows, because="wider than the text"),
            "a float": Wrong(_pairs_as_float, because="whole number"),
        },
        other=_other_pairs,
    ),
    Exercise(
        name="remember_window",
        verify=_verify_remember,
        solution=remember,
        hints=(
            "`key[:, None]` has shape (heads, 1, size): a text of one token. What is returned for the first token?",
            "`torch.cat([old, new], dim=1)` makes a new tensor, with the new token last.",
            "Cut at the end: `[:, -window:]` keeps the last ones, and all of them as long as there are fewer.",
        ),
        wrong={
            "never forgets": Wrong(_remember_all, because="may stay"),
            "keeps the first": Wrong(_remember_first, because="the oldest should be dropped"),
            "newest first": Wrong(_remember_newest_first, because="newest first"),
            "one token less": Wrong(_remember_one_less, because="expected (heads, tokens, size) with the last"),
            "in place": Wrong(_remember_in_place, because="changed the old cache"),
        },
        other=_other_remember,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="linear_step",
        verify=_verify_step,
        solution=linear_step,
        hints=(
            "Two sums over all tokens so far are enough: of φ(k) times v, a matrix, and of φ(k), a vector.",
            "Update first, then read: φ(q) times the matrix, divided by φ(q) times the vector.",
            "`torch.outer(k, v)` is the matrix that one token adds. `state + …` makes a new tensor, `state += …` changes the old one.",
        ),
        wrong={
            "read before updated": Wrong(_step_before_update, because="the token itself has to be in the state"),
            "not divided": Wrong(_step_undivided, because="divide by their total"),
            "elu without one": Wrong(_step_of_elu, because="elu + 1"),
            "remembers everything": Wrong(_step_with_everything, because="it grows"),
            "in place": Wrong(_step_in_place, because="changed the old state"),
        },
        other=_other_step,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="rotate_neighbours",
        verify=_verify_neighbours,
        solution=rotate_neighbours,
        hints=(
            "`x[..., 0::2]` are the first numbers of all pairs, `x[..., 1::2]` the second ones. Turn them as in the lesson.",
            "The turned first and second numbers have to be laid next to each other again, not behind each other.",
            "`torch.stack([first, second], dim=-1)` has shape (…, pairs, 2), and `.flatten(-2)` reads it in the right order.",
        ),
        wrong={
            "halves": Wrong(_turn_halves, because="neighbours are pairs"),
            "not laid back": Wrong(_neighbours_not_laid_back, because="next to each other"),
            "backwards": Wrong(_neighbours_backwards, because="the other way"),
            "wrong speeds": Wrong(_neighbours_of_slow_speeds, because="speeds"),
            "stretched": Wrong(_neighbours_stretched, because="the length of a vector"),
        },
        other=_other_neighbours,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="own_flex_rule",
        verify=_verify_rule,
        solution=own_rule,
        hints=(
            "Think in blocks: `query // 64 - key // 64` says how many blocks back a key lies. Own block and the one before: needed.",
            "With steps of 1 alone, four layers reach four blocks back. Which larger steps reach 15 in at most four?",
            "Steps of 1, 2, 4 and 8 make every number up to 15 from at most four of them. Count the blocks: 16 + 15 + 14 + 12 + 8.",
        ),
        wrong={
            "a window": Wrong(_rule_window, because="cannot learn from"),
            "a window and sinks": Wrong(_rule_with_sinks, because="Sinks pass on only the beginning"),
            "full": Wrong(_rule_full, because="136 blocks are touched"),
            "blocks alone": Wrong(_rule_blocks, because="does not see token"),
            "scattered": Wrong(_rule_scattered, because="A block counts as soon as one"),
            "looks ahead": Wrong(_rule_ahead, because="comes later"),
            "numbers": Wrong(_rule_of_numbers, because="expected bool"),
        },
        other=_other_rule,
        seconds=_PATIENCE,
    ),
)
