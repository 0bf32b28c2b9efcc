"""Attention weights to see: bertviz's head, model and neuron views without a network, each with a still picture beside it.

Each function returns a `View`. Where nobody watches it is the still picture alone; a person's cell gets the interactive view too.
bertviz asks a server for d3, jQuery and require.js; here d3 comes out of the package mpld3, thirty lines stand in for the other
two, and all of it lives in a sandboxed frame of its own. Runs a model only for the neuron view, and knows no checkpoint.
"""

import base64
import functools
import gzip
import hashlib
import html
import importlib.util
import io
import json
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils import plots, profile
from course_utils.errors import CourseError, MissingFile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

LINES = 150_000
WEIGHTS = 150_000
EAGER = (
    'Load the model with attn_implementation="eager" and call it with output_attentions=True: '
    "the default attention is computed in one piece and never holds its weights."
)
STORED = "(The picture that is stored. Run the cell yourself, and bertviz's interactive view comes with it.)"

_D3 = ("mpld3", "js", "d3.v5.min.js")
_CDN = '<script src="https://cdnjs.cloudflare.com/ajax/libs/require.js/2.3.6/require.min.js"></script>'
_SCRIPT = '\n<script type="text/javascript">\n'
_END = "\n</script>\n"

# Whose tokens are the rows and the columns of each attention in an encoder-decoder.
_SIDES = {
    "encoder": ("encoder_tokens", "encoder_tokens"),
    "decoder": ("decoder_tokens", "decoder_tokens"),
    "cross": ("decoder_tokens", "encoder_tokens"),
}

# What the views use of require.js and jQuery, and no more.
_SHIM = """
function $(target) {
  const nodes = typeof target !== "string" ? [target]
    : target.startsWith("<") ? [document.createElement(target.replace(/[^a-z]/g, ""))] : [...document.querySelectorAll(target)];
  const each = act => { nodes.forEach(act); return self; };
  const self = {
    nodes: nodes,
    append: child => each(node => node.append(...child.nodes)),
    attr: (name, value) => each(node => node.setAttribute(name, value)),
    change: () => each(node => node.dispatchEvent(new Event("change"))),
    empty: () => each(node => node.replaceChildren()),
    on: (name, act) => each(node => node.addEventListener(name, act)),
    text: value => each(node => { node.textContent = value; }),
    val: value => each(node => { node.value = value; }),
  };
  return self;
}
const require = {config: () => {}};
const requirejs = (names, use) => use($, d3);
"""

# Packed, the scripts are a third of their size, and no quote, tag or emoji of a token can break the page.
_PAGE = """<!doctype html><meta charset="utf-8"><body style="margin:0;background:white;color:black">{body}<script>
const packed = Uint8Array.from(atob("{packed}"), letter => letter.charCodeAt(0));
const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
new Response(unpacked).json().then(sources => sources.forEach(source => {{
  const script = document.createElement("script");
  script.textContent = source;
  document.body.append(script);
}}));
</script></body>"""


class View(plots.Picture):
    """A still picture that a person's cell shows below the interactive view; `page` is that view as a document without a network."""

    def __init__(self, still: plots.Picture, draw: Callable[[], str], height: float) -> None:
        super().__init__(still.png, still.alt)
        self._draw, self.height = draw, min(int(height), 760)

    @functools.cached_property
    def page(self) -> str:
        """The interactive view as one HTML document, the same on every run."""
        return _page(self._draw())

    @property
    def html(self) -> str:
        """What stands in a cell: the page in a frame that may run scripts and reach nothing else, and the still picture."""
        style = f"width:100%;height:{self.height}px;border:0"
        frame = f'<iframe sandbox="allow-scripts" style="{style}" srcdoc="{html.escape(self.page)}"></iframe>'
        image = f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{base64.b64encode(self.png).decode()}">'
        return f"{frame}<details open><summary>Still picture</summary>{image}</details>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(include, exclude)
        return (data if profile.headless() else data | {"text/html": self.html}), metadata


@dataclass(frozen=True)
class _Part:
    """One kind of attention: weights of shape (layers, heads, rows, columns) with the tokens of rows and columns."""

    name: str
    weights: "Tensor"
    rows: Sequence[str]
    columns: Sequence[str]

    def only(self, layers: Sequence[int], heads: Sequence[int] | None = None) -> "_Part":
        weights = self.weights[list(layers)]
        return _Part(self.name, weights if heads is None else weights[:, list(heads)], self.rows, self.columns)


def head_view(attention: Any = None, tokens: Sequence[str] | None = None, *, layer: int = 0, heads: Any = None, **kinds: Any) -> View:
    """Returns lines from each token to the tokens that it attends to, in one layer, one colour a head; a click chooses heads.

    `attention` is `outputs.attentions` of one text and `tokens` its tokens. For an encoder-decoder give any of encoder_attention,
    decoder_attention and cross_attention instead, with encoder_tokens and decoder_tokens. The view holds all layers while that is
    small, else the one asked for, and of a long text as many heads as a browser can draw. Raises CourseError when attentions are
    empty, of several texts, or do not fit the tokens.
    """
    parts = _parts(attention, tokens, kinds)
    layers, count = list(range(_layers(parts))), parts[0].weights.shape[1]
    _chosen("layer", layers, [layer])
    fitting = max(1, LINES // _lines(parts))
    shown = _chosen("head", range(count), heads if heads is not None or fitting >= count else range(fitting))
    if len(shown) < count and fitting < count:
        _drawable(parts, 1, len(shown))
        parts = [part.only(layers, shown) for part in parts]
    if sum(part.weights.numel() for part in parts) > WEIGHTS:
        layers = [layer]
    left_out = f" The first {len(shown)} of {count} heads: more would be too many lines." if heads is None and len(shown) < count else ""
    whole = parts[0].weights.shape[1] == count
    still = _still_heads([part.only([layer], shown if whole else None) for part in parts], layer, shown, left_out)
    draw = functools.partial(_head_html, parts, layers, layer, shown if whole else None)
    return View(still, draw, 80 + 22.5 * _longest(parts))


def model_view(attention: Any = None, tokens: Sequence[str] | None = None, *, layers: Any = None, heads: Any = None, **kinds: Any) -> View:
    """Returns all heads of all layers, or of those chosen, as small drawings; a click makes one large. Arguments as of head_view."""
    parts = _parts(attention, tokens, kinds)
    layers = _chosen("layer", range(_layers(parts)), layers)
    heads = _chosen("head", range(parts[0].weights.shape[1]), heads)
    _drawable(parts, len(layers), len(heads))
    still = _still_model([part.only(layers, heads) for part in parts], layers, heads)
    draw = functools.partial(_model_html, parts, layers, heads)
    longest = _longest(parts)
    return View(still, draw, max(len(layers) * (longest * 84 / len(heads) + 10) + 60, longest * 18 + 100))


def neuron_view(
    model: Any, inputs: Mapping[str, "Tensor"], tokens: Sequence[str], *, layer: int = 0, head: int = 0, token: int = 1
) -> View:
    """Returns how a head's weights come about: query times key, number by number, summed, then softmax; `token` is the place drawn still.

    bertviz knows this view for model classes of its own, of 2019. It is given what they would give: queries and keys, read from
    your model while it runs. Raises CourseError for a model whose weights are not softmax(q·k/√d): a T5 adds a score for the
    distance, a Llama turns its queries and keys.
    """
    import torch

    with torch.no_grad():
        attentions, queries, keys = _recorded(model, inputs)
    part = _part("All", attentions, tokens, tokens)
    _chosen("layer", range(len(queries)), [layer])
    _chosen("head", range(part.weights.shape[1]), [head])
    _chosen("token", range(len(tokens)), [token])
    causal = bool(part.weights.triu(1).abs().max() == 0)
    _explained(part.weights, queries, keys, causal)
    still = _still_neuron(part, queries[layer, head], keys[layer, head], (layer, head, token))
    draw = functools.partial(_neuron_html, part, queries, keys, causal, layer, head)
    return View(still, draw, 180 + 26 * len(tokens))


def _parts(attention: Any, tokens: Any, kinds: Mapping[str, Any]) -> list[_Part]:
    known = {"encoder_tokens", "decoder_tokens", *(f"{name}_attention" for name in _SIDES)}
    if unknown := set(kinds) - known:
        raise CourseError(f"{sorted(unknown)[0]!r} is not an argument of this view. Expected attention and tokens, or: {sorted(known)}.")
    if not any(name.endswith("_attention") for name in kinds):
        return [_part("attention", attention, tokens, tokens)]
    if attention is not None or tokens is not None:
        raise CourseError("Give attention and tokens for one stack of layers, or the encoder's and decoder's, not both.")
    named = {name: sides for name, sides in _SIDES.items() if f"{name}_attention" in kinds}
    return [_part(name, kinds[f"{name}_attention"], kinds.get(rows), kinds.get(columns)) for name, (rows, columns) in named.items()]


def _part(name: str, attention: Any, rows: Any, columns: Any) -> _Part:
    import torch

    if attention is None or len(attention) == 0 or any(layer is None for layer in attention):
        raise CourseError(f"The model handed over no weights: {name} is {_shown(attention)}. {EAGER}")
    if rows is None or columns is None:
        raise CourseError(f"The tokens of {name} are missing. tokenizer.convert_ids_to_tokens(inputs['input_ids'][0]) gives them.")
    if attention[0].dim() != 4:
        raise CourseError(
            f"{name}[0] has shape {tuple(attention[0].shape)}; expected (texts, heads, rows, columns), one such tensor a layer. "
            "Pass outputs.attentions as it is."
        )
    if attention[0].shape[0] != 1:
        raise CourseError(
            f"{name} belongs to {attention[0].shape[0]} texts, and a view shows one. Pass [layer[:1] for layer in attentions], or one text."
        )
    weights = torch.stack([layer[0] for layer in attention]).detach()
    if weights.shape[2:] != (len(rows), len(columns)):
        raise CourseError(
            f"{name} has {weights.shape[2]} rows and {weights.shape[3]} columns, the tokens are {len(rows)} and {len(columns)}. "
            "Take the tokens from the same inputs: tokenizer.convert_ids_to_tokens(inputs['input_ids'][0])."
        )
    return _Part(name, weights, list(rows), list(columns))


def _shown(attention: Any) -> str:
    return "None" if attention is None else "()" if len(attention) == 0 else "a tuple with None in it"


def _chosen(name: str, known: Iterable[int], asked: Any) -> list[int]:
    """Returns the numbers asked for, or all; raises CourseError for one that is not there."""
    known = list(known)
    chosen = known if asked is None else [asked] if isinstance(asked, int) else list(asked)
    for number in chosen:
        if number not in known:
            raise CourseError(f"There is no {name} {number!r}: they are numbered from {known[0]} to {known[-1]}.")
    if not chosen:
        raise CourseError(f"No {name} was chosen. Give at least one number, or leave the argument out for all.")
    return chosen


def _drawable(parts: list[_Part], layers: int, heads: int) -> None:
    count = layers * heads * _lines(parts)
    if count > LINES:
        raise CourseError(
            f"{layers} × {heads} heads over {_longest(parts)} tokens are {count:,} lines, more than a browser draws in reasonable time "
            f"({LINES:,}). Choose fewer with layers= and heads=, or a shorter text."
        )


def _lines(parts: list[_Part]) -> int:
    return max(len(part.rows) * len(part.columns) for part in parts)


def _layers(parts: list[_Part]) -> int:
    return min(len(part.weights) for part in parts)


def _longest(parts: list[_Part]) -> int:
    return max(max(len(part.rows), len(part.columns)) for part in parts)


def _head_html(parts: list[_Part], layers: list[int], layer: int, heads: list[int] | None) -> str:
    from bertviz import head_view as draw

    return draw(**_arguments(parts), layer=layer, heads=heads, include_layers=layers, html_action="return").data


def _model_html(parts: list[_Part], layers: list[int], heads: list[int]) -> str:
    from bertviz import model_view as draw

    return draw(**_arguments(parts), include_layers=layers, include_heads=heads, display_mode="light", html_action="return").data


def _arguments(parts: list[_Part]) -> dict[str, Any]:
    """Returns what bertviz's head and model views call these parts."""
    layers = _layers(parts)
    digits = 4 if sum(part.weights.numel() for part in parts) <= WEIGHTS else 2
    weights = {part.name: [_rounded(layer[None], digits) for layer in part.weights[:layers]] for part in parts}
    if parts[0].name == "attention":
        return {"attention": weights["attention"], "tokens": parts[0].rows}
    found: dict[str, Any] = {f"{name}_attention": tensors for name, tensors in weights.items()}
    for part in parts:
        rows, columns = _SIDES[part.name]
        found[rows], found[columns] = part.rows, part.columns
    return found


def _rounded(weights: "Tensor", digits: int) -> "Tensor":
    return weights.double().round(decimals=digits)


class _Recording:
    """Answers as bertviz's own model classes do: attention, queries and keys of every layer, in the last place of the output."""

    def __init__(self, layers: list[dict[str, "Tensor"]]) -> None:
        self.layers = layers

    def eval(self) -> None: ...

    def __call__(self, ids: "Tensor") -> tuple:
        return (self.layers,)


class _Tokens:
    """Answers as a tokenizer that has already cut its text into these tokens."""

    cls_token = sep_token = None

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = list(tokens)

    def tokenize(self, text: str) -> list[str]:
        return self.tokens

    def convert_tokens_to_ids(self, tokens: list[str]) -> list[int]:
        return [0] * len(tokens)


def _neuron_html(part: _Part, queries: "Tensor", keys: "Tensor", causal: bool, layer: int, head: int) -> str:
    from bertviz import neuron_view

    rows = zip(_rounded(part.weights, 4), _rounded(queries, 4), _rounded(keys, 4), strict=True)
    recording = _Recording([{"attn": a[None], "queries": q[None], "keys": k[None]} for a, q, k in rows])
    # The type says what is added to the tokens (nothing for gpt2) and whether a token sees what follows it.
    options = {"display_mode": "light", "layer": layer, "head": head, "html_action": "return"}
    drawn = neuron_view.show(recording, "gpt2", _Tokens(part.rows), "text", **options)
    return drawn.data if causal else drawn.data.replace('"bidirectional": false', '"bidirectional": true', 1)


def _recorded(model: Any, inputs: Mapping[str, "Tensor"]) -> tuple[Any, "Tensor", "Tensor"]:
    """Returns the attentions of a run with all its queries and keys, each of shape (layers, heads, tokens, size of a head)."""
    import torch

    wanted = re.compile(r"attention\.self\.(query|key)$|attn\.(c_attn)$|attention\.(q_lin|k_lin)$")
    taken: dict[str, list[Tensor]] = {"queries": [], "keys": []}

    def take(kind: str | None, output: "Tensor") -> None:
        width = output.shape[-1] // 3
        parts = {kind: output} if kind else {"queries": output[..., :width], "keys": output[..., width : 2 * width]}
        for name, values in parts.items():
            taken[name].append(values[0].unflatten(-1, (model.config.num_attention_heads, -1)).transpose(0, 1))

    hooks = []
    for name, module in model.named_modules():
        if found := wanted.search(name):
            kind = {"query": "queries", "q_lin": "queries", "key": "keys", "k_lin": "keys"}.get(found[1] or found[3])
            hooks.append(module.register_forward_hook(lambda module, given, output, kind=kind: take(kind, output)))
    try:
        attentions = model(**inputs, output_attentions=True).attentions if hooks else None
    finally:
        for hook in hooks:
            hook.remove()
    if not hooks:
        kind = type(model).__name__
        raise CourseError(f"The neuron view cannot read the queries and keys of a {kind}. It knows BERT, DistilBERT and GPT-2.")
    return attentions, torch.stack(taken["queries"]), torch.stack(taken["keys"])


def _explained(weights: "Tensor", queries: "Tensor", keys: "Tensor", causal: bool) -> None:
    import torch

    scores = queries @ keys.transpose(-1, -2) / queries.shape[-1] ** 0.5
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1), -torch.inf)
    gap = float((scores.softmax(dim=-1) - weights).abs().max())
    if gap > 0.01:
        raise CourseError(
            f"This model's weights are not softmax(q·k/√d): they differ by up to {gap:.2f}, so the neuron view would explain them wrongly. "
            "Use head_view or model_view."
        )


def _page(drawn: str) -> str:
    """Returns bertviz's HTML as a document that needs nothing from outside: its address and its random name are gone."""
    body, *scripts = drawn.removeprefix(_CDN).split(_SCRIPT)
    sources = [script.removesuffix(_END) for script in scripts]
    name = re.search(r"bertviz-[0-9a-f]{32}", body)[0]
    fixed = "bertviz-" + hashlib.sha256("".join([body, *sources]).replace(name, "").encode()).hexdigest()[:12]
    sources = [source.replace(name, fixed) for source in sources]
    packed = gzip.compress(json.dumps([_d3(), _SHIM, *sources]).encode(), mtime=0)
    return _PAGE.format(body=body.replace(name, fixed), packed=base64.b64encode(packed).decode())


@functools.cache
def _d3() -> str:
    package, *path = _D3
    found = importlib.util.find_spec(package)
    file = Path(found.submodule_search_locations[0]).joinpath(*path) if found else None
    if file is None or not file.is_file():
        raise MissingFile(
            f"The drawing library d3 was expected in the package {package} as {'/'.join(path)}. "
            f"Run `make setup`, or install it: pip install {package}."
        )
    return file.read_text(encoding="utf-8")


def _still(axes: "Axes", alt: str) -> plots.Picture:
    """Returns the figure of these Axes, and prints its text and that there is more to see."""
    from matplotlib import pyplot

    buffer = io.BytesIO()
    with warnings.catch_warnings():  # no font has every emoji: an empty box stands for it, in silence
        warnings.simplefilter("ignore")
        axes.figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    pyplot.close(axes.figure)
    print(f"Figure: {alt}" + (f"\n{STORED}" if profile.headless() else ""))
    return plots.Picture(buffer.getvalue(), alt)


def _labels(tokens: Iterable[str]) -> list[str]:
    """Returns tokens as they are written: the marks of a word's beginning as a space, no formula from dollars, no line breaks."""
    cleaned = (token.replace("Ġ", " ").replace("▁", " ").replace("</w>", "").replace("\n", "⏎").replace("$", r"\$") for token in tokens)
    return [token if len(token) <= 14 else token[:13] + "…" for token in cleaned]


def _strongest(part: _Part, count: int = 3) -> str:
    """Returns the heaviest lines in words, weights averaged over the heads, ties in reading order."""
    mean = part.weights.mean(dim=(0, 1))
    order = sorted(((-round(w, 2), i, j) for i, row in enumerate(mean.tolist()) for j, w in enumerate(row)))[:count]
    return ", ".join(f"{part.rows[i]!r} to {part.columns[j]!r} {-weight:.2f}" for weight, i, j in order)


def _still_heads(parts: list[_Part], layer: int, heads: list[int], left_out: str) -> plots.Picture:
    from matplotlib import pyplot

    longest = _longest(parts)
    panels = pyplot.subplots(1, len(parts), figsize=(4.2 * len(parts), 0.8 + 0.24 * longest), squeeze=False)[1]
    for axes, part in zip(panels[0], parts, strict=True):
        _draw_lines(axes, part.weights[0], 1, heads)
        for tokens, x, align in ((part.rows, -0.03, "right"), (part.columns, 1.03, "left")):
            for place, text in enumerate(_labels(tokens)):
                axes.text(x, place, text, ha=align, va="center", fontsize=9)
        axes.set_xlim(-0.6, 1.6)
        axes.set_ylim(longest - 0.4, -0.6)
        axes.set_axis_off()
        title = f"layer {layer}, {_named_heads(heads, len(heads))}"
        axes.set_title(title if part.name == "attention" else f"{part.name}: {title}", fontsize=10)
    shown = "; ".join(f"{'' if part.name == 'attention' else part.name + ': '}{_strongest(part)}" for part in parts)
    alt = f"Lines from each token on the left to the tokens that it attends to, layer {layer}, {_named_heads(heads)}. Strongest: {shown}."
    alt += left_out
    return _still(panels[0][0], alt)


def _named_heads(heads: list[int], few: int = 1) -> str:
    return f"head {heads[0]}" if len(heads) == 1 else f"{few if few > 1 else len(heads)} heads together"


def _draw_lines(axes: "Axes", weights: "Tensor", width: float, heads: Sequence[int]) -> None:
    """Draws one line for each weight of at least 0.02, as opaque as it is heavy, one colour a head."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba

    segments, colours = [], []
    for head, matrix in zip(heads, weights, strict=True):
        for i, j in (matrix >= 0.02).nonzero().tolist():
            segments.append([(0, i), (1, j)])
            colours.append(to_rgba(plots.COLOURS[head % 6], min(float(matrix[i, j]) / len(heads) ** 0.5, 1)))
    axes.add_collection(LineCollection(segments, colors=colours, linewidths=1.6 * width))


def _still_model(parts: list[_Part], layers: list[int], heads: list[int]) -> plots.Picture:
    from matplotlib import pyplot

    part = parts[-1]
    shape = (len(layers), len(heads))
    figure, panels = pyplot.subplots(*shape, figsize=(0.4 + 0.85 * shape[1], 0.6 + 0.85 * shape[0]), squeeze=False)
    for (i, j), axes in ((place, panels[place]) for place in ((i, j) for i in range(shape[0]) for j in range(shape[1]))):
        _draw_lines(axes, part.weights[i, j][None], 0.5, [layers[i]])
        axes.set(xlim=(-0.1, 1.1), ylim=(max(len(part.rows), len(part.columns)) - 0.4, -0.6), xticks=[], yticks=[])
        axes.spines[:].set_color("#CCCCCC")
        if i == 0:
            axes.set_title(str(heads[j]), fontsize=9)
        if j == 0:
            axes.set_ylabel(str(layers[i]), fontsize=9, rotation=0, ha="right", va="center")
    top = part.weights.amax(dim=-1).mean(dim=-1)
    figure.suptitle(f"{'' if part.name == 'attention' else part.name + ' '}heads (columns) in layers (rows)", fontsize=10, y=0.97)
    sharp = (top >= 0.8).sum()
    alt = (
        f"Small drawings of {shape[0]} × {shape[1]} heads, lines from each token to those that it attends to. "
        f"In {int(sharp)} heads a token gives its favourite at least 0.8 of its attention, on average."
    )
    return _still(panels[0][0], alt)


def _still_neuron(part: _Part, queries: "Tensor", keys: "Tensor", where: tuple[int, int, int]) -> plots.Picture:
    from matplotlib import pyplot

    layer, head, token = where
    seen = int((part.weights[layer, head, token] > 0).nonzero().max()) + 1
    keys, labels = keys[:seen], _labels(part.columns[:seen])
    products = queries[token] * keys
    weights = part.weights[layer, head, token, :seen]
    scores = products.sum(dim=-1) / queries.shape[-1] ** 0.5
    panels = pyplot.subplots(1, 5, figsize=(11, 1.3 + 0.26 * seen), width_ratios=(4, 4, 4, 1.6, 2.4), sharey=True)[1]
    titles = (f"query of {labels[token]!r}" if token < seen else "query", "keys", "query × key")
    for axes, values, title in zip(panels, (queries[token].expand(seen, -1), keys, products), titles, strict=False):
        limit = float(values.abs().max())
        axes.imshow(values.numpy(), cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
        axes.set(title=title, xticks=[])
    panels[3].barh(range(seen), scores.tolist(), color=plots.COLOURS[1])
    panels[3].set(title="sum / √d", xticks=[0])
    bars = panels[4].barh(range(seen), weights.tolist(), color=plots.COLOURS[0])
    panels[4].bar_label(bars, [f"{weight:.2f}" for weight in weights], padding=2, fontsize=8)
    panels[4].set(title="softmax", xlim=(0, 1.25), xticks=[0, 1])
    panels[0].set_yticks(range(seen), labels)
    best = sorted(range(seen), key=lambda j: (-round(float(weights[j]), 2), j))[0]
    alt = (
        f"From query and keys to weights in layer {layer}, head {head}, for {part.rows[token]!r}: after softmax "
        f"{part.columns[best]!r} gets {float(weights[best]):.2f}, the most of {seen} tokens."
    )
    return _still(panels[0], alt)
