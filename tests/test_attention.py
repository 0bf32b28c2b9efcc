"""The attention views: errors with a remedy, stills where nobody watches, and bertviz in a real browser that reaches nothing outside."""

import html
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from browser import Chromium
from transformers import BertConfig, BertModel, GPT2Config, GPT2Model, T5Config, T5EncoderModel, T5ForConditionalGeneration

from course_utils import attention, plots
from course_utils.errors import CourseError, MissingFile

AWKWARD = [
    '"',
    "'",
    "</script>",
    "<!--",
    "&amp;",
    "\\",
    "`${x}`",
    "$a$",
    "😀",
    "שלום",
    "مرحبا",
    "\u2028",
    "PYTHON_PARAMS",
    "[CLS]",
    "Ġthe",
    "\n",
]


def weights(layers: int = 2, heads: int = 4, rows: int = 5, columns: int | None = None) -> tuple[torch.Tensor, ...]:
    """Returns attentions as a model's output holds them, the same on every call."""
    generator = torch.Generator().manual_seed(rows)
    shape = (1, heads, rows, columns or rows)
    return tuple(torch.randn(shape, generator=generator).mul(2).softmax(dim=-1) for _ in range(layers))


def words(count: int) -> list[str]:
    return [f"word{i}" for i in range(count)]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the views believe that a person looks at them."""
    monkeypatch.delenv("PYTEST_VERSION", raising=False)
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)


def small_bert() -> BertModel:
    torch.manual_seed(0)
    config = BertConfig(vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=16)
    return BertModel._from_config(config, attn_implementation="eager").eval()


def small_gpt2() -> GPT2Model:
    torch.manual_seed(0)
    return GPT2Model._from_config(GPT2Config(vocab_size=30, n_embd=16, n_layer=2, n_head=4), attn_implementation="eager").eval()


IDS = {"input_ids": torch.arange(5)[None]}


class TestStill:
    def test_a_headless_run_holds_the_picture_and_no_script(self, capsys):
        view = attention.head_view(weights(), words(5))
        data, metadata = view._repr_mimebundle_()
        assert set(data) == {"image/png", "text/plain"} and data["image/png"].startswith(b"\x89PNG")
        assert metadata["image/png"]["alt"] == data["text/plain"] == view.alt
        assert capsys.readouterr().out == f"Figure: {view.alt}\n{attention.STORED}\n"
        assert isinstance(view, plots.Picture)

    @pytest.mark.usefixtures("watched")
    def test_a_watched_run_holds_the_view_and_the_picture(self, capsys):
        view = attention.head_view(weights(), words(5))
        data, _ = view._repr_mimebundle_()
        assert 'sandbox="allow-scripts"' in data["text/html"] and "<img alt=" in data["text/html"]
        assert attention.STORED not in capsys.readouterr().out

    def test_the_alternative_text_names_the_heaviest_line(self):
        sharp = torch.zeros(1, 1, 3, 3)
        sharp[0, 0, [0, 1, 2], [1, 1, 0]] = torch.tensor([1.0, 0.75, 0.5])
        assert "Strongest: 'a' to 'b' 1.00, 'b' to 'b' 0.75, 'c' to 'a' 0.50." in attention.head_view([sharp], list("abc")).alt

    def test_no_font_for_a_token_is_no_warning(self, recwarn):
        attention.head_view(weights(rows=len(AWKWARD)), AWKWARD)
        attention.model_view(weights(rows=len(AWKWARD)), AWKWARD)
        assert not recwarn.list


PAGES = {
    "head": lambda: attention.head_view(weights(), words(5), layer=1, heads=[2]),
    "model": lambda: attention.model_view(weights(), words(5), layers=[1]),
    "neuron": lambda: attention.neuron_view(small_bert(), IDS, words(5), layer=1, head=2, token=3),
}


class TestPage:
    @pytest.mark.parametrize("make", PAGES.values(), ids=PAGES)
    def test_the_same_on_every_run_and_small(self, make):
        page = make().page
        assert page == make().page
        assert len(page) < 200_000

    @pytest.mark.parametrize("make", PAGES.values(), ids=PAGES)
    def test_nothing_but_the_packed_scripts(self, make):
        """No address to fetch from, and no token or script in clear, whatever the tokens are."""
        assert "http" not in make().page and "src=" not in make().page

    def test_d3_is_missed_by_name(self, monkeypatch):
        attention._d3.cache_clear()
        monkeypatch.setattr(attention, "_D3", ("no_such_package", "d3.js"))
        with pytest.raises(MissingFile, match="pip install no_such_package"):
            str(attention.head_view(weights(), words(5)).page)
        attention._d3.cache_clear()

    def test_a_long_text_keeps_the_layer_that_was_asked_for(self):
        view = attention.head_view(weights(layers=3, heads=4, rows=200), words(200), layer=2)
        assert len(view.page) < 1_000_000


REFUSED = {
    "empty": (((), words(5)), 'attention is ().*attn_implementation="eager"'),
    "none": ((None, words(5)), 'attention is None.*attn_implementation="eager"'),
    "nones": (((None, None), words(5)), "None in it.*output_attentions=True"),
    "no tokens": ((weights(), None), "tokens of attention are missing.*convert_ids_to_tokens"),
    "two texts": ((tuple(layer.repeat(2, 1, 1, 1) for layer in weights()), words(5)), "belongs to 2 texts"),
    "other tokens": ((weights(), words(4)), "5 rows and 5 columns, the tokens are 4 and 4"),
    "one layer": ((weights()[0], words(5)), "expected .texts, heads, rows, columns."),
}


class TestRefused:
    @pytest.mark.parametrize("view", [attention.head_view, attention.model_view])
    @pytest.mark.parametrize(("given", "words_of_it"), REFUSED.values(), ids=REFUSED)
    def test_attention_that_cannot_be_drawn(self, view, given, words_of_it):
        with pytest.raises(CourseError, match=words_of_it.replace("()", r"\(\)")):
            view(*given)

    def test_the_default_attention_of_a_model(self):
        silent = BertModel(small_bert().config).eval()
        silent.set_attn_implementation("sdpa")
        with pytest.raises(CourseError, match="eager"):
            attention.head_view(silent(**IDS, output_attentions=True).attentions, words(5))

    def test_a_layer_a_head_and_a_token_that_are_not_there(self):
        with pytest.raises(CourseError, match="no layer 2: they are numbered from 0 to 1"):
            attention.head_view(weights(), words(5), layer=2)
        with pytest.raises(CourseError, match="no head 9"):
            attention.model_view(weights(), words(5), heads=[0, 9])
        with pytest.raises(CourseError, match="no token 7"):
            attention.neuron_view(small_bert(), IDS, words(5), token=7)

    def test_more_lines_than_a_browser_draws(self):
        with pytest.raises(CourseError, match="Choose fewer with layers= and heads="):
            attention.model_view(weights(layers=6, heads=12, rows=120), words(120))

    def test_an_argument_that_does_not_exist(self):
        with pytest.raises(CourseError, match="'crossed' is not an argument"):
            attention.head_view(crossed=weights())
        with pytest.raises(CourseError, match="not both"):
            attention.head_view(weights(), words(5), cross_attention=weights())


class TestNeuron:
    def test_weights_of_bert_and_gpt2_are_explained(self):
        for model in (small_bert(), small_gpt2()):
            assert "the most of" in attention.neuron_view(model, IDS, words(5), token=4).alt

    def test_a_t5_is_refused(self):
        config = T5Config(vocab_size=30, d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=4)
        with pytest.raises(CourseError, match="cannot read the queries and keys of a T5EncoderModel"):
            attention.neuron_view(T5EncoderModel(config), IDS, words(5))

    def test_weights_of_another_kind_are_refused(self, monkeypatch):
        model = small_bert()
        run = model.forward

        def hotter(*given, **named):
            output = run(*given, **named)
            output.attentions = tuple((layer**4) / (layer**4).sum(dim=-1, keepdim=True) for layer in output.attentions)
            return output

        for parameter in model.parameters():
            parameter.data *= 5
        monkeypatch.setattr(model, "forward", hotter)
        with pytest.raises(CourseError, match="differ by up to"):
            attention.neuron_view(model, IDS, words(5))

    def test_hooks_are_taken_off_again(self):
        model = small_bert()
        model(**IDS, output_attentions=True)
        before = [len(module._forward_hooks) for module in model.modules()]
        attention.neuron_view(model, IDS, words(5))
        assert [len(module._forward_hooks) for module in model.modules()] == before


class Browser(Chromium):
    """Opens files, one page after the other, and tells the frame in a page from the page."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.target, self.frames = None, []

    def note(self, method: str, told: dict) -> None:
        super().note(method, told)
        if method == "Target.attachedToTarget":
            self.frames.append(told["sessionId"])
            self._watch(told["sessionId"])

    def _watch(self, session: str) -> None:
        """Sees to it that a page or frame is watched before its first line runs."""
        self.send("Network.enable", session)
        self.send("Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        self.send("Runtime.runIfWaitingForDebugger", session)

    def open(self, file: Path) -> str:
        """Returns the session of a page that was loaded from a file, in place of the last one."""
        last, (self.target, page) = self.target, self.new_page()
        if last:
            self.send("Target.closeTarget", targetId=last)
        self._watch(page)
        self.asked.clear()
        self.frames.clear()
        self.send("Page.enable", page)
        self.send("Page.navigate", page, url=file.as_uri())
        return page

    def frame(self, page: str) -> str:
        """Returns the session of the frame in a page: a process of its own, or the page's, since a sandbox may get either."""
        self.wait("document.querySelector('iframe') && document.readyState === 'complete'", page)
        end = time.monotonic() + 20
        while not self.frames and time.monotonic() < end:
            self.value("1", page)
            time.sleep(0.1)
        return next(session for session in self.frames if session != page)

    def click(self, page: str, frame: str, element: str) -> None:
        """Presses and lifts the left button in the middle of an element of the frame."""
        corner = self.value("(({x, y}) => [x, y])(document.querySelector('iframe').getBoundingClientRect())", page)
        inside = self.value(f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])(({element}).getBoundingClientRect())", frame)
        self.press_at(*(a + b for a, b in zip(corner, inside, strict=True)), page)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Yields a running browser, the one of all tests of this module."""
    started = Browser(tmp_path_factory.mktemp("browser"))
    yield started
    started.close()


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Callable[[attention.View], tuple[str, str]]:
    """Returns a function that loads a page with a view and returns the sessions of the page and of its frame."""

    def show(view: attention.View) -> tuple[str, str]:
        file = tmp_path / "page.html"
        file.write_text(f"<!doctype html><meta charset='utf-8'><body>{view.html}</body>", encoding="utf-8")
        page = browser.open(file)
        frame = browser.frame(page)
        browser.wait("document.querySelectorAll('svg line').length > 0", frame)
        return page, frame

    return show


def outside(browser: Browser, *sessions: str) -> set[str]:
    """Returns what was asked of anything but the page's own file: as the browser tells it, and as the page and frame remember it."""
    names = "performance.getEntriesByType('resource').map(entry => entry.name)"
    remembered = [address for session in sessions for address in browser.value(names, session)]
    return {address for address in [*browser.asked, *remembered] if not re.match(r"(file|data|about|blob):", address)}


VISIBLE = "[...document.querySelectorAll('#attention line')].filter(line => +line.getAttribute('stroke-opacity') > 0).length"


class TestInABrowser:
    @pytest.mark.parametrize("heads", [[0], [2]])
    def test_a_line_is_as_dark_as_its_weight(self, browser, shown, heads):
        given = weights(rows=12)
        _, frame = shown(attention.head_view(given, words(12), layer=1, heads=heads))
        group = f"document.querySelectorAll('#attention .headAttention')[{heads[0]}].querySelectorAll('line')"
        drawn = browser.value(f"[...{group}].map(line => +line.getAttribute('stroke-opacity'))", frame)
        assert drawn == pytest.approx(given[1][0, heads[0]].flatten().tolist(), abs=1e-4)

    def test_small_lines_are_as_dark_as_their_weights(self, browser, shown):
        given = weights(rows=12)
        _, frame = shown(attention.model_view(given, words(12), layers=[1], heads=[3, 1]))
        drawn = browser.value("[...document.querySelectorAll('svg line')].map(line => +line.getAttribute('stroke-opacity'))", frame)
        assert drawn == pytest.approx(given[1][0, [3, 1]].flatten().tolist(), abs=1e-4)

    def test_a_click_on_a_head_takes_its_lines_away(self, browser, shown):
        page, frame = shown(attention.head_view(weights(), words(5)))
        assert browser.value(VISIBLE, frame) == 4 * 5 * 5
        browser.click(page, frame, "document.querySelectorAll('svg > g:last-child > rect')[1]")
        browser.wait(f"{VISIBLE} === 3 * 5 * 5", frame)
        assert outside(browser, page, frame) == set()

    def test_another_layer_is_chosen(self, browser, shown):
        _, frame = shown(attention.head_view(weights(), words(5), layer=1))
        assert browser.value("document.querySelector('#layer').value", frame) == "1"
        opacity = "document.querySelector('#attention line').getAttribute('stroke-opacity')"
        before = browser.value(opacity, frame)
        browser.value("{const s = document.querySelector('#layer'); s.value = 0; s.dispatchEvent(new Event('change'))}", frame)
        assert browser.value(opacity, frame) != before

    def test_a_click_on_a_small_head_opens_it(self, browser, shown):
        page, frame = shown(attention.model_view(weights(), words(5)))
        assert browser.value("document.querySelectorAll('.detail').length", frame) == 0
        browser.click(page, frame, "document.querySelector('.attn_background')")
        browser.wait("[...document.querySelectorAll('.detail')].some(text => text.textContent === 'Layer 0, Head 0')", frame)
        assert outside(browser, page, frame) == set()

    def test_the_neuron_view_draws_the_weights_and_opens_a_token(self, browser, shown):
        model = small_bert()
        page, frame = shown(attention.neuron_view(model, IDS, words(5), layer=1, head=2))
        lines = "[...document.querySelectorAll('.attn-line-group line')]"
        drawn = browser.value(f"{lines}.map(line => +line.getAttribute('stroke-opacity'))", frame)
        assert drawn == pytest.approx(model(**IDS, output_attentions=True).attentions[1][0, 2].flatten().tolist(), abs=1e-4)
        assert browser.value("[document.querySelector('#layer').value, document.querySelector('#att_head').value]", frame) == ["1", "2"]
        assert browser.value("document.querySelector('#expanded').getAttribute('visibility')", frame) == "hidden"
        last = "[...document.querySelectorAll('#collapsed #leftText rect')].filter(rect => rect.getAttribute('width') === '16').pop()"
        browser.click(page, frame, last)
        browser.wait("document.querySelector('#expanded').getAttribute('visibility') === 'visible'", frame)
        shares = "[...document.querySelectorAll('#expanded #rightText .highlight')].map(box => +box.style.opacity)"
        assert sum(browser.value(shares, frame)) == pytest.approx(1, abs=0.01)
        assert outside(browser, page, frame) == set()

    @pytest.mark.parametrize("view", [attention.head_view, attention.model_view])
    def test_three_attentions_of_an_encoder_decoder(self, browser, shown, view):
        config = T5Config(vocab_size=30, d_model=16, d_kv=4, d_ff=16, num_layers=2, num_heads=4, decoder_start_token_id=0)
        model = T5ForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
        output = model(**IDS, decoder_input_ids=torch.arange(3)[None], output_attentions=True)
        kinds = {f"{kind}_attention": output[f"{kind}_attentions"] for kind in ("encoder", "decoder", "cross")}
        page, frame = shown(view(**kinds, encoder_tokens=words(5), decoder_tokens=list("abc")))
        options = browser.value("[...document.querySelectorAll('#filter option')].map(option => option.textContent)", frame)
        assert options == ["Encoder", "Decoder", "Cross"]
        lines = browser.value("document.querySelectorAll('svg line').length", frame)
        browser.value("{const s = document.querySelector('#filter'); s.value = 2; s.dispatchEvent(new Event('change'))}", frame)
        assert browser.value("document.querySelectorAll('svg line').length", frame) == lines * 15 // 25
        assert outside(browser, page, frame) == set()

    def test_awkward_tokens_are_shown_as_they_are(self, browser, shown):
        page, frame = shown(attention.head_view(weights(rows=len(AWKWARD)), AWKWARD))
        texts = browser.value("[...document.querySelectorAll('#left text')].map(text => text.textContent)", frame)
        assert texts == [token.replace("Ġ", " ") for token in AWKWARD]
        assert outside(browser, page, frame) == set()

    def test_two_hundred_tokens(self, browser, shown):
        view = attention.head_view(weights(layers=2, heads=12, rows=200), words(200), layer=1)
        assert "The first 3 of 12 heads" in view.alt
        _, frame = shown(view)
        assert browser.value("document.querySelectorAll('svg line').length", frame) == 3 * 200 * 200

    def test_the_blocked_outside_is_noticed(self, browser, tmp_path):
        """The count of outside requests would not miss one."""
        code = '<img src="https://example.org/early.png"><script>setTimeout(() => fetch("https://example.org/late"), 500)</script>'
        file = tmp_path / "leak.html"
        file.write_text(f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(code)}"></iframe>', encoding="utf-8")
        page = browser.open(file)
        frame = browser.frame(page)
        end = time.monotonic() + 20
        while len(outside(browser, page, frame)) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        assert outside(browser, page, frame) == {"https://example.org/early.png", "https://example.org/late"}
