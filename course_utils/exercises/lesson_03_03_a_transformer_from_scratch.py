"""The exercises of `03_attention/03_a_transformer_from_scratch`: a norm, names, shifted labels, a count, an own architecture."""

import re
from types import SimpleNamespace

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 90.0  # seconds: the first check of a process may have to import torch


def _verify_layer_norm(answer):
    import torch

    generator = torch.Generator().manual_seed(5)
    for shape, epsilon in (((6,), 1e-5), ((3, 5), 1e-5), ((2, 4, 8), 0.7), ((2, 3), 1e-5)):
        x = torch.randn(shape, generator=generator) * 2 + 3
        weight, bias = (torch.randn(shape[-1], generator=generator) for _ in range(2))
        given = [tensor.clone() for tensor in (x, weight, bias)]
        found = call(answer, *given, epsilon)
        where = f"For x of shape {shape} and epsilon {epsilon:g}"
        expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
        expect(found.shape == x.shape, f"{where}, the result has shape {tuple(found.shape)}; a norm keeps the shape.")
        unchanged = all(torch.equal(a, b) for a, b in zip(given, (x, weight, bias), strict=True))
        expect(unchanged, f"{where}, your function changed a tensor that it was given. Compute a new one.")
        _judge_norm(found, x, weight, bias, epsilon, where)
    found = call(answer, torch.zeros(2, 4), torch.ones(4), torch.ones(4), 1e-5)
    expect(torch.equal(found, torch.ones(2, 4)), f"For zeros, weight 1 and bias 1, expected ones; found {short(found.tolist())}.")


def _judge_norm(found, x, weight, bias, epsilon, where):
    import torch

    if torch.allclose(found, torch.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, epsilon), atol=1e-4):
        return
    around = x - x.mean(dim=-1, keepdim=True)
    variance = around.pow(2).mean(dim=-1, keepdim=True)
    unit = around / (variance + epsilon).sqrt()
    whole = (x - x.mean()) / (x.var(unbiased=False) + epsilon).sqrt()
    mistakes = {
        "that is RMSNorm: subtract the mean first": weight * x / (x.pow(2).mean(dim=-1, keepdim=True) + epsilon).sqrt() + bias,
        "you divided by the size of x; the variance is taken of what is left after the mean is subtracted": weight
        * around
        / (x.pow(2).mean(dim=-1, keepdim=True) + epsilon).sqrt()
        + bias,
        "the epsilon belongs inside the root": weight * around / (variance.sqrt() + epsilon) + bias,
        "you divided by n - 1, as torch's `std` and `var` do by default; a mean divides by n": weight
        * around
        / (x.var(dim=-1, keepdim=True) + epsilon).sqrt()
        + bias,
        "you took mean and variance over the whole tensor; each vector has its own, `dim=-1, keepdim=True`": weight * whole + bias,
        "you divided by the variance; take its root": weight * around / (variance + epsilon) + bias,
        "the bias is missing": weight * unit,
        "the weight is missing": unit + bias,
    }
    # A vector alone is its own whole: the first mistake that fits is the one to name.
    why = next((text for text, value in mistakes.items() if torch.allclose(found, value, atol=1e-4)), "the numbers differ")
    refuse(f"{where}, {why}. Found {short([round(v, 3) for v in found.flatten().tolist()[:4]])} at the beginning.")


def layer_norm(x, weight, bias, epsilon=1e-5):
    around = x - x.mean(dim=-1, keepdim=True)
    variance = around.pow(2).mean(dim=-1, keepdim=True)
    return weight * around / (variance + epsilon).sqrt() + bias


def _other_layer_norm(x, weight, bias, epsilon=1e-5):
    mean = x.sum(-1)[..., None] / x.shape[-1]
    return (x - mean) * (x.var(dim=-1, correction=0)[..., None] + epsilon) ** -0.5 * weight + bias


def _norm_without_mean(x, weight, bias, epsilon=1e-5):
    return weight * x / (x.pow(2).mean(dim=-1, keepdim=True) + epsilon).sqrt() + bias


def _norm_epsilon_outside(x, weight, bias, epsilon=1e-5):
    around = x - x.mean(dim=-1, keepdim=True)
    return weight * around / (around.pow(2).mean(dim=-1, keepdim=True).sqrt() + epsilon) + bias


def _norm_unbiased(x, weight, bias, epsilon=1e-5):
    return weight * (x - x.mean(dim=-1, keepdim=True)) / (x.var(dim=-1, keepdim=True) + epsilon).sqrt() + bias


def _norm_of_everything(x, weight, bias, epsilon=1e-5):
    return weight * (x - x.mean()) / (x.var(unbiased=False) + epsilon).sqrt() + bias


def _norm_without_bias(x, weight, bias, epsilon=1e-5):
    around = x - x.mean(dim=-1, keepdim=True)
    return weight * around / (around.pow(2).mean(dim=-1, keepdim=True) + epsilon).sqrt()


def _norm_in_place(x, weight, bias, epsilon=1e-5):
    x -= x.mean(dim=-1, keepdim=True)
    return weight * x / (x.pow(2).mean(dim=-1, keepdim=True) + epsilon).sqrt() + bias


def _names():
    """Yields (our name, the library's name), built from the parts of both models; the oracle."""
    yield "embedding.weight", "shared.weight"
    for side, parts in (("encoder", ("attention", "feed_forward")), ("decoder", ("attention", "cross", "feed_forward"))):
        yield f"{side}.norm.weight", f"{side}.final_layer_norm.weight"
        table = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        yield f"{side}.positions.table.weight", table
        theirs = {"attention": "SelfAttention", "cross": "EncDecAttention", "feed_forward": "DenseReluDense"}
        for block in (0, 2, 10, 23):
            for layer, part in enumerate(parts):
                yield f"{side}.blocks.{block}.norms.{layer}.weight", f"{side}.block.{block}.layer.{layer}.layer_norm.weight"
                for matrix in ("wi", "wo") if part == "feed_forward" else "qkvo":
                    whole = f"{side}.block.{block}.layer.{layer}.{theirs[part]}.{matrix}.weight"
                    yield f"{side}.blocks.{block}.{part}.{matrix}.weight", whole


def _verify_names(answer):
    for name, expected in _names():
        found = call(answer, name)
        expect(isinstance(found, str), f"For {name!r}, expected a string and found {short(found)}.")
        if found != expected:
            refuse(f"For {name!r}, found {found!r}, expected {expected!r}. {_hint_on_name(name, found, expected)}".strip())
    return "Every parameter, in stacks of any depth, has its name back."


def _hint_on_name(name, found, expected):
    if "feed_forward" in name and found == expected.replace("layer.2", "layer.1"):
        return "In the decoder, cross-attention stands between: its feed-forward layer is number 2."
    if "feed_forward" in name and found == expected.replace("layer.1", "layer.2"):
        return "In the encoder there is no cross-attention: its feed-forward layer is number 1."
    if "positions" in name:
        return "The library keeps the table inside the attention of block 0."
    if re.search(r"blocks\.\d\d", name):
        return "This block has two digits: `\\d+` in a pattern."
    if re.fullmatch(r"(en|de)coder\.norm\.weight", name):
        return "The norm at the end of a stack is called final_layer_norm."
    if "norms" in name:
        return "Each part has its norm inside its own numbered layer."
    return ""


def library_name(name):
    feed_forward = 1 if name.startswith("encoder") else 2
    name = re.sub(r"\.blocks\.(\d+)\.norms\.(\d)", r".block.\1.layer.\2.layer_norm", name)
    name = re.sub(r"\.blocks\.(\d+)\.attention", r".block.\1.layer.0.SelfAttention", name)
    name = re.sub(r"\.blocks\.(\d+)\.cross", r".block.\1.layer.1.EncDecAttention", name)
    name = re.sub(r"\.blocks\.(\d+)\.feed_forward", rf".block.\1.layer.{feed_forward}.DenseReluDense", name)
    name = name.replace("positions.table", "block.0.layer.0.SelfAttention.relative_attention_bias")
    return name.replace("coder.norm.", "coder.final_layer_norm.").replace("embedding.", "shared.")


def _other_names(name):
    side, *rest = name.split(".")
    if side == "embedding":
        return "shared.weight"
    if rest[0] == "norm":
        return f"{side}.final_layer_norm.weight"
    if rest[0] == "positions":
        return f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    _, number, part, *tail = rest
    if part == "norms":
        return f"{side}.block.{number}.layer.{tail[0]}.layer_norm.weight"
    parts = {"attention": "0.SelfAttention", "cross": "1.EncDecAttention"}
    parts["feed_forward"] = f"{2 if side == 'decoder' else 1}.DenseReluDense"
    return f"{side}.block.{number}.layer.{parts[part]}.{'.'.join(tail)}"


def _names_one_feed_forward(name):
    return _other_names(name).replace("layer.2.Dense", "layer.1.Dense")


def _names_one_digit(name):
    return name if re.search(r"blocks\.\d\d", name) else _other_names(name)


def _names_without_final(name):
    return name if name.endswith("coder.norm.weight") else _other_names(name)


def _names_table_outside(name):
    return name.replace("positions.table", "relative_attention_bias") if "positions" in name else _other_names(name)


def _names_forward(name):
    return name.replace("shared", "embedding")


_LABELS = (
    [[5, 6, 7, 1], [8, 1, -100, -100]],
    [[9, 4, 1]],
    [[-100, 3, -100], [2, 2, 2], [7, 1, -100]],
    [[6], [1]],
)


def _verify_inputs(answer):
    import torch

    for rows in _LABELS:
        for start, filler in ((0, 0), (3, 9)):
            labels = torch.tensor(rows)
            found = call(answer, labels, start, filler)
            where = f"For labels {rows}, start {start}, filler {filler}"
            expect(torch.equal(labels, torch.tensor(rows)), f"{where}, your function changed the labels: the loss still needs their -100.")
            expect(isinstance(found, torch.Tensor), f"{where}, expected a tensor and found {short(found)}.")
            expected = [[start, *(filler if token == -100 else token for token in row[:-1])] for row in rows]
            if found.tolist() != expected:
                refuse(f"{where}, {_hint_on_inputs(found, rows, start)}: found {short(found.tolist())}, expected {expected}.")


def _hint_on_inputs(found, rows, start):
    rows_found = found.tolist()
    if list(found.shape) == [len(rows), len(rows[0]) + 1]:
        return "the result is one token longer than the labels; the last label is asked for and never given"
    if list(found.shape) != [len(rows), len(rows[0])]:
        return f"the shape is {tuple(found.shape)}, and the labels have {(len(rows), len(rows[0]))}"
    if any(token == -100 for row in rows_found for token in row):
        return "a -100 is left, for which no embedding has a row"
    if any(row[0] != start for row in rows_found):
        return "a row does not begin with the start token"
    return "look at each place: it gets the label of the place before it"


def decoder_inputs(labels, start, filler):
    moved = labels.roll(1, dims=1)
    moved[:, 0] = start
    return moved.masked_fill(moved == -100, filler)


def _other_inputs(labels, start, filler):
    import torch

    front = torch.full((len(labels), 1), start, dtype=labels.dtype)
    return torch.cat([front, torch.where(labels == -100, filler, labels)[:, :-1]], dim=1)


def _inputs_too_long(labels, start, filler):
    import torch

    return torch.cat([torch.full((len(labels), 1), start), labels.masked_fill(labels == -100, filler)], dim=1)


def _inputs_with_holes(labels, start, filler):
    import torch

    return torch.cat([torch.full((len(labels), 1), start), labels[:, :-1]], dim=1)


def _inputs_rolled(labels, start, filler):
    return labels.masked_fill(labels == -100, filler).roll(1, dims=1)


def _inputs_to_the_left(labels, start, filler):
    import torch

    clean = labels.masked_fill(labels == -100, filler)
    return torch.cat([clean[:, 1:], torch.full((len(labels), 1), start)], dim=1)


def _inputs_in_place(labels, start, filler):
    labels[labels == -100] = filler
    return decoder_inputs(labels, start, filler)


_SIZES = (
    dict(vocabulary=100, width=16, heads=2, head_width=8, inner=32, layers=1, buckets=32, far=64),
    dict(vocabulary=50, width=12, heads=3, head_width=5, inner=7, layers=4, buckets=8, far=20),
    dict(vocabulary=1847, width=192, heads=6, head_width=32, inner=512, layers=3, buckets=32, far=64),
    dict(vocabulary=32128, width=512, heads=8, head_width=64, inner=2048, layers=6, buckets=32, far=128),
)


def _verify_count(answer):
    for sizes in _SIZES:
        found = call(answer, SimpleNamespace(**sizes))
        parts = _parts(**sizes)
        expected = sum(parts.values())
        expect(isinstance(found, int | float), f"Expected a number and found {short(found)}.")
        if found != expected:
            refuse(f"For {sizes}, {_hint_on_count(found - expected, parts, sizes)}: found {found:,}, expected {expected:,}.")
    return "The last of the four that were tried is t5-small."


def _parts(vocabulary, width, heads, head_width, inner, layers, buckets, far):
    """Returns the number of parameters by part, each matrix counted as rows times columns; the oracle."""
    matrix = width * (heads * head_width)
    return {
        "embedding": vocabulary * width,
        "positions": 2 * buckets * heads,
        "self-attention": 2 * layers * 4 * matrix,
        "cross-attention": layers * 4 * matrix,
        "feed-forward": 2 * layers * 2 * width * inner,
        "norms of the blocks": layers * (2 + 3) * width,
        "last norms": 2 * width,
    }


def _hint_on_count(off, parts, sizes):
    square = 4 * 3 * sizes["layers"] * sizes["width"] * (sizes["width"] - sizes["heads"] * sizes["head_width"])
    named = {
        parts["embedding"]: "the table of tokens is counted twice; it is tied, one table with two uses",
        square: "a head's width need not be width / heads: the matrices of attention are width times heads · head_width",
        (sizes["layers"] - 1) * parts["positions"]: "the table of positions is counted in every block; each stack has one",
    }
    missing = {-count: f"the part '{part}' seems to be missing" for part, count in parts.items()}
    halves = {-count // 2: f"half of the part '{part}' seems to be missing: are both stacks counted?" for part, count in parts.items()}
    return (halves | missing | named).get(off, f"count part by part; the parts are {', '.join(parts)}")


def count_parameters(sizes):
    attention = 4 * sizes.width * sizes.heads * sizes.head_width
    feed_forward = 2 * sizes.width * sizes.inner
    encoder = sizes.layers * (attention + feed_forward + 2 * sizes.width)
    decoder = sizes.layers * (2 * attention + feed_forward + 3 * sizes.width)
    stack = sizes.buckets * sizes.heads + sizes.width  # a table of positions and the last norm
    return sizes.vocabulary * sizes.width + encoder + decoder + 2 * stack


def _other_count(sizes):
    inner = sizes.heads * sizes.head_width
    shapes = [(sizes.vocabulary, sizes.width)]
    for parts in (1, 2):
        shapes += [(sizes.buckets, sizes.heads), (1, sizes.width)]
        block = [(sizes.width, inner)] * 4 * parts + [(sizes.width, sizes.inner)] * 2 + [(1, sizes.width)] * (1 + parts)
        shapes += block * sizes.layers
    return sum(rows * columns for rows, columns in shapes)


def _count_untied(sizes):
    return count_parameters(sizes) + sizes.vocabulary * sizes.width


def _count_without_cross(sizes):
    return count_parameters(sizes) - sizes.layers * 4 * sizes.width * sizes.heads * sizes.head_width


def _count_square(sizes):
    inner = sizes.heads * sizes.head_width
    return count_parameters(sizes) + sizes.layers * 12 * sizes.width * (sizes.width - inner)


def _count_positions_everywhere(sizes):
    return count_parameters(sizes) + (sizes.layers - 1) * 2 * sizes.buckets * sizes.heads


def _count_without_last_norms(sizes):
    return count_parameters(sizes) - 2 * sizes.width


_LIMIT, _ENOUGH, _STEPS, _PLACES = 6000, 0.95, 250, 8
_HIDDEN = (3, 6, 0, 7, 2, 1, 5, 4)  # the second arrangement of the places, none of them at home


def _verify_mirror(answer):
    import torch

    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)
        model = call(answer)
        expect(isinstance(model, torch.nn.Module), f"mirror_model() has to return an nn.Module; found {short(model)}.")
        count = sum(parameter.numel() for parameter in model.parameters())
        expect(count <= _LIMIT, f"The model has {count:,} parameters; at most {_LIMIT:,} are allowed.")
        expect(count, "The model has no parameters, so nothing can be trained.")
        logits = _logits(model, torch.randint(10, (4, _PLACES)))
        expect(isinstance(logits, torch.Tensor), f"For ids, the model returned {short(logits)}; expected a tensor of logits.")
        shape = tuple(logits.shape)
        expect(shape == (4, _PLACES, 10), f"For ids of shape (4, 8), the logits have shape {shape}; expected (4, 8, 10).")
        expect(logits.requires_grad, "No gradient reaches the parameters: is something detached, or an argmax in the way?")
        mirror = _trained(model, tuple(reversed(range(_PLACES))))
        expect(mirror >= _ENOUGH, f"After {_STEPS} steps, {mirror:.2f} of the places are right; {_ENOUGH} is asked for. {_hint_on(mirror)}")
        hidden = _trained(call(answer), _HIDDEN)
        told = f"The mirror is learned ({mirror:.2f}), but another arrangement of the places is not ({hidden:.2f})."
        expect(hidden >= _ENOUGH, f"{told} Is the mirror built in? Then it is not learned.")
    return f"{count:,} parameters; {mirror:.2f} of the places right, and {hidden:.2f} in an arrangement that you did not know."


def _trained(model, order):
    """Trains a model to say at each place what stands at order[place]; returns the share right on new rows."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    generator = torch.Generator().manual_seed(1)
    model.train()
    for _ in range(_STEPS):
        ids = torch.randint(10, (64, _PLACES), generator=generator)
        loss = torch.nn.functional.cross_entropy(_logits(model, ids).flatten(0, 1), ids[:, order].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        ids = torch.randint(10, (500, _PLACES), generator=generator)
        return (_logits(model, ids).argmax(dim=-1) == ids[:, order]).float().mean().item()


def _logits(model, ids):
    try:
        return model(ids)
    except Exception as error:
        refuse(f"The model fails on ids of shape {tuple(ids.shape)}: {type(error).__name__}: {str(error).splitlines()[0][:120]}")


def _hint_on(share):
    if share < 0.35:
        return "That is not much above a guess: can a place see the others, and does it know where it stands?"
    if share < 0.7:
        return "About half: can each place look in both directions?"
    return "It is under way: more width, or a better start, learns faster."


def mirror_model():
    import torch
    from torch import nn

    class Mirror(nn.Module):
        def __init__(self, width=24):
            super().__init__()
            self.digits, self.places = nn.Embedding(10, width), nn.Embedding(8, width)
            self.q, self.k, self.v = (nn.Linear(width, width, bias=False) for _ in range(3))
            self.answer = nn.Linear(width, 10)

        def forward(self, ids):
            x = self.digits(ids) + self.places(torch.arange(ids.shape[1]))
            weights = (self.q(x) @ self.k(x).mT).softmax(dim=-1)
            return self.answer(weights @ self.v(x))

    return Mirror()


def _other_mirror():
    """A model without attention: all places side by side, one linear map."""
    from torch import nn

    return nn.Sequential(nn.Embedding(10, 6), nn.Flatten(), nn.Linear(48, 80), nn.Unflatten(1, (8, 10)))


def _mirror_of_one_token():
    from torch import nn

    return nn.Sequential(nn.Embedding(10, 32), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 10))


def _mirror_without_places():
    import torch

    model = mirror_model()
    torch.nn.init.zeros_(model.places.weight)
    model.places.weight.requires_grad_(False)
    return model


def _mirror_looking_back():
    import torch
    from torch import nn

    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = mirror_model()

        def forward(self, ids):
            own = self.inner
            x = own.digits(ids) + own.places(torch.arange(8))
            scores = own.q(x) @ own.k(x).mT
            ahead = torch.ones(8, 8).triu(1) == 1
            return own.answer(scores.masked_fill(ahead, -torch.inf).softmax(dim=-1) @ own.v(x))

    return Backwards()


def _mirror_too_large():
    from torch import nn

    return nn.Sequential(nn.Embedding(10, 16), nn.Flatten(), nn.Linear(128, 80), nn.Unflatten(1, (8, 10)))


def _mirror_built_in():
    from torch import nn

    class Flipped(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(10, 10)

        def forward(self, ids):
            return self.table(ids.flip(1))

    return Flipped()


def _mirror_flat():
    from torch import nn

    return nn.Sequential(nn.Embedding(10, 6), nn.Flatten(), nn.Linear(48, 80))


EXERCISES = (
    Exercise(
        name="layer_norm",
        verify=_verify_layer_norm,
        solution=layer_norm,
        hints=(
            "Begin with the lesson's RMSNorm. What has to happen to x before its size is measured?",
            "`x.mean(dim=-1, keepdim=True)` keeps a dimension of 1, so that it can be subtracted from x.",
            "With `around = x - mean`, the variance is `around.pow(2).mean(dim=-1, keepdim=True)`; then root, divide, weight, bias.",
        ),
        wrong={
            "RMSNorm": Wrong(_norm_without_mean, because="that is RMSNorm"),
            "epsilon outside": Wrong(_norm_epsilon_outside, because="inside the root"),
            "n - 1": Wrong(_norm_unbiased, because="divided by n - 1"),
            "over everything": Wrong(_norm_of_everything, because="over the whole tensor"),
            "no bias": Wrong(_norm_without_bias, because="the bias is missing"),
            "changes its argument": Wrong(_norm_in_place, because="changed a tensor"),
        },
        other=_other_layer_norm,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="library_name",
        verify=_verify_names,
        solution=library_name,
        hints=(
            "`print(*t5.state_dict())` shows every name of the library, `print(*model.state_dict())` every one of yours.",
            "Behind `layer.` stands the part's place in its block: self-attention, cross-attention if there is one, feed-forward.",
            "`re.sub(r'\\.blocks\\.(\\d+)\\.cross', r'.block.\\1.layer.1.EncDecAttention', name)` does one of the parts.",
        ),
        wrong={
            "one number for both feed-forward layers": Wrong(_names_one_feed_forward, because="is number 2"),
            "blocks of one digit": Wrong(_names_one_digit, because="two digits"),
            "last norm forgotten": Wrong(_names_without_final, because="final_layer_norm"),
            "table left outside": Wrong(_names_table_outside, because="inside the attention of block 0"),
            "the rules as they are": Wrong(_names_forward, because="expected 'shared.weight'"),
        },
        other=_other_names,
    ),
    Exercise(
        name="decoder_inputs",
        verify=_verify_inputs,
        solution=decoder_inputs,
        hints=(
            "Three things: move, put the start token in front, replace -100. Which label is dropped?",
            "The lesson's `shifted` does the first two: the labels without their last column, behind a column of start tokens.",
            "`labels.masked_fill(labels == -100, filler)` returns a new tensor and leaves the labels as they are.",
        ),
        wrong={
            "one too long": Wrong(_inputs_too_long, because="one token longer"),
            "-100 left": Wrong(_inputs_with_holes, because="a -100 is left"),
            "rolled round": Wrong(_inputs_rolled, because="begin with the start token"),
            "to the left": Wrong(_inputs_to_the_left, because="begin with the start token"),
            "changes the labels": Wrong(_inputs_in_place, because="changed the labels"),
        },
        other=_other_inputs,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="count_parameters",
        verify=_verify_count,
        solution=count_parameters,
        hints=(
            "A linear map without bias has inputs times outputs parameters, an embedding rows times width, a norm one weight a number.",
            "An attention holds four matrices, each of width times heads · head_width; an encoder's block one attention, a decoder's two.",
            "Besides the blocks: one table of tokens, and in each stack one table of positions (buckets times heads) and one last norm.",
        ),
        wrong={
            "table counted twice": Wrong(_count_untied, because="it is tied"),
            "no cross-attention": Wrong(_count_without_cross, because="'cross-attention' seems to be missing"),
            "square matrices": Wrong(_count_square, because="need not be width / heads"),
            "positions in every block": Wrong(_count_positions_everywhere, because="each stack has one"),
            "no last norms": Wrong(_count_without_last_norms, because="'last norms' seems to be missing"),
        },
        other=_other_count,
    ),
    Exercise(
        name="mirror_model",
        verify=_verify_mirror,
        solution=mirror_model,
        hints=(
            "What must a place know to answer? Where it stands, where the others stand, and which digit stands there.",
            "A learned vector for each of the eight places, added to the digit's vector, tells attention who stands where. No mask.",
            "Width 24, one attention and a linear map to ten logits are enough. Count: `sum(p.numel() for p in model.parameters())`.",
        ),
        wrong={
            "one token alone": Wrong(_mirror_of_one_token, because="can a place see the others"),
            "no places": Wrong(_mirror_without_places, because="does it know where it stands"),
            "looks back only": Wrong(_mirror_looking_back, because="look in both directions"),
            "too large": Wrong(_mirror_too_large, because="at most 6,000"),
            "mirror built in": Wrong(_mirror_built_in, because="Is the mirror built in?"),
            "flat logits": Wrong(_mirror_flat, because="expected (4, 8, 10)"),
        },
        other=_other_mirror,
        seconds=_PATIENCE,
    ),
)
