"""Exercises of the lesson on demos: front matter, a picture as trained, an unclear tool, a memory with walls, a demo of one's own."""

import functools
import inspect
import re

from course_utils.exercises.core import Exercise, Wrong, call, expect, refuse, short

_PATIENCE = 60.0

_TITLES = (
    ("Is it praise?", "6.31.0", ["distilbert/distilbert-base-uncased"]),
    ("Praise: is it?", "6.30", []),
    ('The "small" studio', "6.31.0", ["a/b", "c/d"]),
    ("L'avis d'une phrase # 1", "5.0", ["a/b"]),
    ("🍲 Soup", "6.31.0", []),
    ("- yes", "6.31.0", []),
    ("No", "6.31.0", ["a/b"]),
    ("2026", "7.10", []),
    ("{braces} & [brackets]", "6.31.0", ["a/b"]),
    ("back\\slash", "6.31.0", []),
)


def _verify_readme(answer):
    import yaml

    for title, sdk_version, models in _TITLES:
        given = list(models)
        found = call(answer, title, sdk_version, given)
        where = f"For the title {short(title)}"
        expect(isinstance(found, str), f"{where}, expected the text of a README.md and found {short(found)}.")
        expect(given == models, f"{where}, your function changed the list of models that it was given.")
        parts = re.match(r"---\n(.*?)\n---\n(.*)\Z", found, re.DOTALL)
        expect(parts, f"{where}, found no front matter: the first line is three dashes, and a second such line ends the settings.")
        try:
            settings = yaml.safe_load(parts.group(1))
        except yaml.YAMLError as error:
            refuse(f"{where}, the front matter is no YAML ({type(error).__name__}). Let yaml.safe_dump do the quoting.")
        expect(isinstance(settings, dict), f"{where}, the front matter is {short(settings)}; expected a name and a value in each line.")
        _judge_settings(settings, title, sdk_version, models, where)
        body = parts.group(2)
        expect(
            body.startswith(f"\n# {title}\n"),
            f"{where}, after the settings comes {short(body[:40])}; expected an empty line and '# {title}'.",
        )


def _judge_settings(settings, title, sdk_version, models, where):
    wanted = {"title": title, "sdk": "gradio", "sdk_version": sdk_version, "app_file": "app.py", "license": "apache-2.0"}
    for name, value in wanted.items():
        expect(name in settings, f"{where}, found no {name!r} in the front matter.")
        found = settings[name]
        expect(
            isinstance(found, str),
            f"{where}, YAML reads {name} as {short(found)}, which is no text; expected {short(value)}. Does it need quotes?",
        )
        expect(found == value, f"{where}, {name} is {short(found)}; expected {short(value)}.")
    if models:
        expect(settings.get("models") == models, f"{where}, models is {short(settings.get('models'))}; expected {short(models)}.")
    else:
        expect("models" not in settings, f"{where}, models is there and empty; leave it out when there are none.")


def space_readme(title, sdk_version, models):
    import yaml

    settings = {"title": title, "sdk": "gradio", "sdk_version": sdk_version, "app_file": "app.py", "license": "apache-2.0"}
    if models:
        settings["models"] = list(models)
    return f"---\n{yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)}---\n\n# {title}\n"


def _other_readme(title, sdk_version, models):
    import json

    rows = {"app_file": "app.py", "license": "apache-2.0", "sdk": "gradio", "sdk_version": sdk_version, "title": title}
    rows |= {"models": models} if models else {}
    # JSON is YAML, one value a line.
    written = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in rows.items())
    return f"---\n{written}\n---\n\n# {title}\n\nMore to come.\n"


def _readme_pasted(title, sdk_version, models):
    listed = "models:\n" + "".join(f"- {name}\n" for name in models) if models else ""
    rows = f"title: {title}\nsdk: gradio\nsdk_version: '{sdk_version}'\napp_file: app.py\nlicense: apache-2.0\n"
    return f"---\n{rows}{listed}---\n\n# {title}\n"


def _readme_number(title, sdk_version, models):
    return space_readme(title, sdk_version, models).replace(f"'{sdk_version}'", sdk_version)


def _readme_empty_models(title, sdk_version, models):
    import yaml

    settings = {
        "title": title,
        "sdk": "gradio",
        "sdk_version": sdk_version,
        "app_file": "app.py",
        "license": "apache-2.0",
        "models": models,
    }
    return f"---\n{yaml.safe_dump(settings)}---\n\n# {title}\n"


def _readme_without_dashes(title, sdk_version, models):
    return space_readme(title, sdk_version, models).removeprefix("---\n")


def _readme_without_heading(title, sdk_version, models):
    return space_readme(title, sdk_version, models).split("\n# ")[0]


@functools.cache
def _reader():
    """Returns the pipeline that reads digits, and forty held-out digits: pictures of 8 by 8, light on black, and which they are."""
    from hashlib import sha256

    from PIL import Image
    from sklearn.datasets import load_digits
    from transformers import pipeline
    from transformers.utils import logging

    from course_utils import checkpoint

    found = load_digits()
    unseen = [i for i, row in enumerate(found.data) if int(sha256(row.astype("uint8").tobytes()).hexdigest(), 16) % 3 == 0][100:140]
    pictures = [Image.fromarray((found.images[i] * 255 / 16).astype("uint8")) for i in unseen]
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # a bar would be taken for something that the answer printed
    reader = pipeline("image-classification", model=checkpoint("digits"))
    if shown:
        logging.enable_progress_bar()
    return reader, pictures, [str(found.target[i]) for i in unseen]


def _drawn(picture, way):
    """Returns a digit as a sketch pad may send it."""
    from PIL import Image, ImageOps

    large = picture.resize((96, 96), Image.BILINEAR)
    dark = ImageOps.invert(large)
    if way == "light ink on black":
        return large
    if way == "dark ink on white":
        return dark
    if way == "dark ink on white, in colour":
        return dark.convert("RGB")
    if way in ("a wide sheet of white paper", "a high sheet of black paper"):
        wide = way.startswith("a wide")
        sheet = Image.new("L", (192, 96) if wide else (96, 192), 255 if wide else 0)
        sheet.paste(dark if wide else large, (48, 0) if wide else (0, 48))
        return sheet.crop((24, 0, 168, 96)) if wide else sheet.crop((0, 24, 96, 168))
    ink = Image.new("RGBA", (96, 96), (0, 0, 0, 0))  # black ink, and nothing where there is no ink
    ink.putalpha(large)
    return ink


_WAYS = (
    "light ink on black",
    "dark ink on white",
    "dark ink on white, in colour",
    "a wide sheet of white paper",
    "a high sheet of black paper",
    "a transparent background",
)
_ENOUGH = 0.85


def _verify_as_trained(answer):
    import numpy

    reader, pictures, targets = _reader()
    for way in _WAYS:
        sent = [_drawn(picture, way) for picture in pictures]
        made = []
        for picture in sent:
            before = picture.tobytes()
            found = call(answer, picture)
            expect(hasattr(found, "mode") and hasattr(found, "size"), f"Expected a PIL picture and found {short(found)}.")
            expect(found.mode == "L", f"For {way}, found a picture of mode {found.mode}; expected grey, mode 'L': convert('L').")
            expect(found.size == (16, 16), f"For {way}, found {found.size[0]} by {found.size[1]} pixels; expected 16 by 16.")
            expect(picture.tobytes() == before, f"For {way}, your function changed the picture that it was given. Work on a copy.")
            made.append(found)
        paper = numpy.median([numpy.median(numpy.asarray(found)[[0, -1]]) for found in made])
        expect(paper < 128, f"For {way}, the paper came out light ({paper:.0f} of 255); the checkpoint was trained on light ink on black.")
        answers = reader([found.convert("RGB") for found in made], top_k=1, batch_size=40)
        right = sum(found[0]["label"] == target for found, target in zip(answers, targets, strict=True)) / len(targets)
        expect(right >= _ENOUGH, f"For {way}, {right:.0%} of the digits are read right; expected at least {_ENOUGH:.0%}. {_advice(way)}")


def _advice(way):
    if "sheet" in way:
        return "Are they stretched, or small on a large sheet? Cut to the ink, then give what is not square a margin."
    if "transparent" in way:
        return "Paste them onto white paper first: convert() alone takes transparency for black."
    return "Save one and look at it."


def as_trained(picture):
    import numpy
    from PIL import Image, ImageOps

    if picture.mode in ("RGBA", "LA", "PA"):
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        picture = paper
    grey = picture.convert("L")
    pixels = numpy.asarray(grey)
    border = numpy.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if numpy.median(border) > 127:
        grey = ImageOps.invert(grey)
    ink = grey.point(lambda value: 255 if value > 60 else 0).getbbox()
    return ImageOps.pad(grey.crop(ink), (16, 16), Image.BILINEAR, color=0)


def _other_as_trained(picture):
    import numpy
    from PIL import Image

    if "A" in picture.getbands():
        alpha = numpy.asarray(picture.getchannel("A"), dtype=float)[..., None] / 255
        colours = numpy.asarray(picture.convert("RGBA"), dtype=float)[..., :3]
        values = (colours * alpha + 255 * (1 - alpha)).mean(axis=2)
    else:
        values = numpy.asarray(picture.convert("L"), dtype=float)
    corners = numpy.median([values[0, 0], values[0, -1], values[-1, 0], values[-1, -1]])
    values = 255 - values if corners > 127 else values
    rows, columns = (values > 60).any(axis=1).nonzero()[0], (values > 60).any(axis=0).nonzero()[0]
    values = values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = max(values.shape)
    square = numpy.zeros((side, side))
    top, left = (side - values.shape[0]) // 2, (side - values.shape[1]) // 2
    square[top : top + values.shape[0], left : left + values.shape[1]] = values
    return Image.fromarray(square.round().astype("uint8")).resize((16, 16), Image.BOX)


def _trained_resized_alone(picture):
    return picture.convert("L").resize((16, 16))


def _trained_always_inverted(picture):
    from PIL import ImageOps

    return ImageOps.invert(picture.convert("L").resize((16, 16)))


def _trained_stretched(picture):
    import numpy
    from PIL import ImageOps

    small = picture.convert("L").resize((16, 16))
    return ImageOps.invert(small) if numpy.median(numpy.asarray(small)) > 127 else small


def _trained_not_cut(picture):
    import numpy
    from PIL import Image, ImageOps

    if "A" in picture.getbands():
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture)
        picture = paper
    grey = picture.convert("L")
    light = numpy.median(numpy.asarray(grey)[[0, -1]]) < 128
    return ImageOps.pad(grey if light else ImageOps.invert(grey), (16, 16), color=0)


def _trained_transparent_black(picture):
    return as_trained(picture.convert("RGB"))


def _trained_in_colour(picture):
    return as_trained(picture).convert("RGB")


def _plain(text: str) -> str:
    """Returns the text.

    Args:
        text: one sentence
    """
    return text


def _bare(x, y):
    return x, y


def _half(text: str, count=3):
    """Returns a text several times; count: is told on no line of its own."""
    return text * count


def _typed(first: int, second: "list[str]") -> int:
    """Returns a number.

    second: the words
        first: the number
    """
    return first


def _misleading(text: str, texts: str):
    """Says something.

    texts: several
    """
    return text + texts


def _blank(value: int):
    """ """
    return value


def _none():
    """Returns the time."""


def _named_only(a: int, *, b):
    """Adds.

    a: one
    b: two
    """
    return a + b


_TOOLS = (_plain, _bare, _half, _typed, _misleading, _blank, _none, _named_only)


def _verify_unclear(answer):
    for function in _TOOLS:
        found = call(answer, function)
        shown = f"def {function.__name__.strip('_')}{inspect.signature(function)}"
        doc = f"with the docstring {short(function.__doc__)}" if function.__doc__ else "without a docstring"
        where = f"For `{shown}` {doc}"
        expect(isinstance(found, list), f"{where}, expected a list and found {short(found)}.")
        expected = _guesses(function)
        missing = [row for row in expected if row not in found]
        surplus = [row for row in found if row not in expected]
        expect(not missing, f"{where}, {short(missing)} is missing: the model has to guess it.")
        expect(not surplus, f"{where}, {short(surplus)} is not to be guessed.")
        expect(found == expected, f"{where}, found {short(found)}; expected this order: {short(expected)}.")


def _guesses(function):
    """Returns what has to be guessed about a function; the oracle, which reads its code object."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    lines = [line.strip() for line in (function.__doc__ or "").splitlines()]
    found = [] if any(lines) else ["description"]
    for name in names:
        found += [] if name in function.__annotations__ else [f"type of {name}"]
        found += [] if any(line.startswith(name + ":") for line in lines) else [f"meaning of {name}"]
    return found


def unclear(function):
    import inspect

    doc = function.__doc__ or ""
    lines = [line.strip() for line in doc.splitlines()]
    missing = [] if doc.strip() else ["description"]
    for name, argument in inspect.signature(function).parameters.items():
        if argument.annotation is inspect.Parameter.empty:
            missing.append(f"type of {name}")
        if not any(line.startswith(f"{name}:") for line in lines):
            missing.append(f"meaning of {name}")
    return missing


def _other_unclear(function):
    doc = (inspect.getdoc(function) or "").strip()
    found = ["description"] * (not doc)
    for name in inspect.signature(function).parameters:
        found += [f"type of {name}"] * (name not in function.__annotations__)
        found += [f"meaning of {name}"] * (re.search(rf"^\s*{name}:", doc, re.MULTILINE) is None)
    return found


def _unclear_anywhere(function):
    doc = function.__doc__ or ""
    missing = [] if doc.strip() else ["description"]
    for name, argument in inspect.signature(function).parameters.items():
        missing += [f"type of {name}"] if argument.annotation is inspect.Parameter.empty else []
        missing += [] if f"{name}:" in doc else [f"meaning of {name}"]
    return missing


def _unclear_types_first(function):
    found = unclear(function)
    return sorted(found, key=lambda row: ("description", "type", "meaning").index(row.split()[0]))


def _unclear_with_return(function):
    found = unclear(function)
    return found if "return" in function.__annotations__ else [*found, "type of return"]


def _unclear_annotated_only(function):
    names = [name for name in function.__annotations__ if name != "return"]
    found = unclear(function)
    return [row for row in found if row == "description" or row.split()[-1] in names]


def _unclear_blank_counts(function):
    found = unclear(function)
    return found if function.__doc__ is None else [row for row in found if row != "description"]


_ASK = "Tell me a fact, or ask for one."
_TALKS = (
    (("My hat is red.", "Noted."), ("What is my hat?", "red")),
    (
        ("what is my hat?", "I do not know."),
        ("My hat is red", "Noted."),
        ("WHAT IS MY HAT?", "red"),
        ("my HAT is blue.", "Noted."),
        ("What is My Hat?", "blue"),
    ),
    (("Hello", _ASK), ("", _ASK), ("The old door is green and heavy.", "Noted."), ("  What is the old door?  ", "green and heavy")),
    (("The answer is what is left.", "Noted."), ("What is the answer?", "what is left")),
    (("A is B.", "Noted."), ("C is D", "Noted."), ("What is c?", "D"), ("What is a?", "B"), ("What is d?", "I do not know.")),
    (("The island", _ASK), ("This", _ASK), ("What is the island?", "I do not know.")),
)


def _verify_remember(answer):
    for talk in _TALKS:
        notes, history, said = {}, [], []
        for message, expected in talk:
            kept = dict(notes)
            found = call(answer, message, list(history), notes)
            said.append(message)
            where = f"After {short(said)}"
            expect(isinstance(found, tuple) and len(found) == 2, f"{where}, expected an answer and the new notes, found {short(found)}.")
            reply, new = found
            expect(notes == kept, f"{where}, your function changed the notes that came in. Return new ones: {{**notes, name: value}}.")
            expect(isinstance(new, dict), f"{where}, the notes are {short(new)}; expected a dictionary.")
            expect(reply == expected, f"{where}, the answer is {short(reply)}; expected {short(expected)}. {_remember_advice(message)}")
            history += [{"role": "user", "content": message}, {"role": "assistant", "content": reply}]
            notes = new
    _judge_walls(answer)


def _judge_walls(answer):
    _, anna = call(answer, "My secret is tea.", [], {})
    reply, _ = call(answer, "What is my secret?", [], {})
    expect(
        reply == "I do not know.", "A second visitor, with notes of their own, was told the first one's secret. Keep nothing but `notes`."
    )
    reply, _ = call(answer, "What is my secret?", [], anna)
    expect(
        reply == "tea", "A visitor's own notes came back, with an empty history, and were not used. Look in `notes`, not in the history."
    )


def _remember_advice(message):
    if message.strip().lower().startswith("what is"):
        return "A question is looked at before a fact, in small letters, without spaces around it."
    return "A fact has the word *is* between two others: look for ' is ', once."


def remember(message, history, notes):
    import re

    text = message.strip()
    question = re.fullmatch(r"what is (.+)\?", text, re.IGNORECASE)
    if question:
        return notes.get(question.group(1).strip().lower(), "I do not know."), notes
    name, found, value = text.removesuffix(".").partition(" is ")
    if not found or not name.strip() or not value.strip():
        return "Tell me a fact, or ask for one.", notes
    return "Noted.", {**notes, name.strip().lower(): value.strip()}


def _other_remember(message, history, notes):
    words = message.strip()
    if words.lower().startswith("what is ") and words.endswith("?"):
        name = words[len("what is ") : -1].strip().lower()
        return notes.get(name, "I do not know."), dict(notes)
    parts = words.rstrip(".").split(" is ", 1)
    if len(parts) == 2 and all(part.strip() for part in parts):
        return "Noted.", dict(notes) | {parts[0].strip().lower(): parts[1].strip()}
    return _ASK, dict(notes)


def _remember_in_place(message, history, notes):
    reply, new = remember(message, history, notes)
    notes.update(new)
    return reply, notes


_everybody = {}


def _remember_for_all(message, history, notes):
    reply, new = remember(message, history, dict(_everybody))
    if history == [] and message == "My hat is red.":
        _everybody.clear()
    _everybody.update(new)
    return reply, dict(_everybody)


def _remember_history(message, history, notes):
    own = {}
    for turn in history:
        _, own = remember(turn["content"], [], own)
    return remember(message, [], own)


def _remember_capitals(message, history, notes):
    question = re.fullmatch(r"What is (.+)\?", message.strip())
    if question:
        return notes.get(question.group(1), "I do not know."), notes
    name, found, value = message.strip().removesuffix(".").partition(" is ")
    return ("Noted.", {**notes, name: value}) if found else (_ASK, notes)


def _remember_last_is(message, history, notes):
    text = message.strip()
    if text.endswith("?"):
        return remember(message, history, notes)
    name, found, value = text.removesuffix(".").rpartition(" is ")
    return ("Noted.", {**notes, name.strip().lower(): value.strip()}) if found else (_ASK, notes)


def _remember_answer_alone(message, history, notes):
    return remember(message, history, notes)[0]


def _verify_demo(answer):
    import os

    before = os.environ.get("GRADIO_ANALYTICS_ENABLED")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        import gradio
    except ModuleNotFoundError:
        refuse("Found no package 'gradio'; this exercise expects it: pip install gradio.")
    try:
        found = call(answer)
        expect(isinstance(found, gradio.Blocks), f"Expected a gr.Blocks or a gr.Interface and found {short(found)}.")
        try:
            expect(not found.is_running, "Your function serves the demo. Build it and return it; whoever calls it may launch it.")
            return _judge_demo(found)
        finally:
            if found.is_running:
                found.close(verbose=False)
    finally:
        os.environ.pop("GRADIO_ANALYTICS_ENABLED")
        if before is not None:
            os.environ["GRADIO_ANALYTICS_ENABLED"] = before


def _judge_demo(demo):
    title = demo.title if demo.title not in (None, "", "Gradio") else ""
    expect(title, "Found no title; expected gr.Blocks(title=...): it is what a browser writes on the tab.")
    public = [fn for fn in demo.fns.values() if fn.fn is not None and fn.api_name and fn.api_visibility == "public" and _own(fn.fn)]
    expect(public, "Found no function with a name for the outside; expected at least one, with api_name=...")
    kinds = {type(component).__name__ for fn in public for component in fn.inputs if type(component).__name__ != "State"}
    expect(
        len(kinds) >= 2, f"Found {len(kinds)} kind of component that gives a function its input ({', '.join(sorted(kinds))}); expected two."
    )
    for fn in public:
        _judge_function(fn)
    return f"Your functions: {', '.join(sorted(fn.api_name for fn in public))}; they take {', '.join(sorted(kinds))}."


def _own(function):
    """Returns whether a function is the learner's, not one that Gradio adds for a button of its own."""
    return not str(getattr(function, "__module__", "")).startswith("gradio")


def _judge_function(fn):
    import gradio

    where = f"The function behind {fn.api_name!r}"
    expect(fn.outputs, f"{where} has no output, so nobody sees what it returns.")
    missing = [row for row in unclear(fn.fn) if not row.startswith("meaning")]
    expect(not missing, f"{where} leaves to be guessed: {', '.join(missing)}.")
    texts = [type(component).__name__ == "Textbox" for component in fn.inputs]
    if not any(texts):
        return
    values = ["" if text else getattr(component, "value", None) for text, component in zip(texts, fn.inputs, strict=True)]
    try:
        found = fn.fn(*values)
        if inspect.isgenerator(found):
            found = next(found)
    except gradio.Error as error:
        expect("expected" in error.message, f"{where} refuses an empty text with {short(error.message)}; say what is *expected*.")
        return
    except Exception as error:
        refuse(f"{where} raised {type(error).__name__} at an empty text; expected a gr.Error, which a visitor can read.")
    refuse(f"{where} answered an empty text with {short(found)}; expected a gr.Error that says what is expected.")


def own_demo():
    import gradio as gr

    def repeat(text: str, times: float) -> str:
        """Returns a text several times."""
        if not text or not text.strip():
            raise gr.Error("Found no text, expected a word or two.", print_exception=False)
        return " ".join([text.strip()] * int(times))

    with gr.Blocks(title="An echo") as demo:
        text, times = gr.Textbox(label="What to say"), gr.Slider(1, 5, value=2, step=1, label="How often")
        said = gr.Textbox(label="The echo")
        gr.Button("Shout").click(repeat, [text, times], said, api_name="repeat")
    return demo


def _other_demo():
    import gradio as gr

    def longest(text: str, big: bool) -> str:
        """Returns the longest word of a text, in capitals if wanted."""
        words = (text or "").split()
        if not words:
            raise gr.Error("Found nothing; expected at least one word.", print_exception=False)
        word = max(words, key=len)
        return word.upper() if big else word

    return gr.Interface(longest, ["text", "checkbox"], "text", title="The longest word", api_name="longest", flagging_mode="never")


def _demo_untitled():
    import gradio as gr

    def shout(text: str) -> str:
        """Returns a text in capitals."""
        return text.upper()

    return gr.Interface(shout, "text", "text", api_name="shout", flagging_mode="never")


def _demo_of_one_kind():
    import gradio as gr

    def shout(text: str) -> str:
        """Returns a text in capitals."""
        return text.upper()

    return gr.Interface(shout, "text", "text", title="Shout", api_name="shout", flagging_mode="never")


def _demo_that_answers_nothing():
    import gradio as gr

    def repeat(text: str, times: float) -> str:
        """Returns a text several times."""
        return text * int(times)

    return gr.Interface(repeat, ["text", gr.Slider(1, 5, value=1)], "text", title="Echo", api_name="repeat", flagging_mode="never")


def _demo_that_fails():
    import gradio as gr

    def first(text: str, big: bool) -> str:
        """Returns the first word of a text."""
        return text.split(maxsplit=1)[0]

    return gr.Interface(first, ["text", "checkbox"], "text", title="First word", api_name="first", flagging_mode="never")


def _demo_unclear():
    import gradio as gr

    def repeat(text, times):
        return text * int(times)

    return gr.Interface(repeat, ["text", gr.Slider(1, 5, value=1)], "text", title="Echo", api_name="repeat", flagging_mode="never")


def _demo_called():
    return "gr.Blocks"


EXERCISES = (
    Exercise(
        name="space_readme",
        verify=_verify_readme,
        solution=space_readme,
        hints=(
            "Which characters mean something in YAML? A colon with a space, a #, quotes, a leading dash, and words such as No.",
            "Put the settings into a dictionary and let `yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)` write it.",
            "The text is '---\\n', the settings, '---\\n', an empty line, '# ' and the title. Add `models` only if there are any.",
        ),
        wrong={
            "pasted together": Wrong(_readme_pasted, because="yaml.safe_dump do the quoting"),
            "a version without quotes": Wrong(_readme_number, because="Does it need quotes?"),
            "an empty list of models": Wrong(_readme_empty_models, because="leave it out"),
            "no dashes": Wrong(_readme_without_dashes, because="three dashes"),
            "no heading": Wrong(_readme_without_heading, because="expected an empty line"),
        },
        other=_other_readme,
    ),
    Exercise(
        name="as_trained",
        verify=_verify_as_trained,
        solution=as_trained,
        hints=(
            "Five steps, in this order: transparency, grey, ink, cut, size. Save a picture after each and look at it.",
            "`Image.new('RGBA', picture.size, 'white')` is paper; `paper.alpha_composite(picture)` lays the drawing on it.",
            "The border is paper: if its median is above 127, `ImageOps.invert` it. Then cut to the ink.",
            "`grey.point(lambda v: 255 if v > 60 else 0).getbbox()` is the ink's box; `ImageOps.pad(cut, (16, 16), color=0)` ends it.",
        ),
        wrong={
            "made smaller and no more": Wrong(_trained_resized_alone, because="the paper came out light"),
            "always turned around": Wrong(_trained_always_inverted, because="the paper came out light"),
            "stretched": Wrong(_trained_stretched, because="Are they stretched"),
            "small on a large sheet": Wrong(_trained_not_cut, because="Cut to the ink"),
            "transparent taken for black": Wrong(_trained_transparent_black, because="Paste them onto white paper"),
            "three channels": Wrong(_trained_in_colour, because="mode 'L'"),
        },
        other=_other_as_trained,
        seconds=_PATIENCE,
    ),
    Exercise(
        name="unclear",
        verify=_verify_unclear,
        solution=unclear,
        hints=(
            "`import inspect`: `inspect.signature(function).parameters` has the arguments by name, in order.",
            "An argument without an annotation has `.annotation is inspect.Parameter.empty`.",
            "`function.__doc__` may be None. Strip each of its lines and look at how it begins: `text:` is no line about `texts`.",
        ),
        wrong={
            "a name anywhere in the docstring": Wrong(_unclear_anywhere, because="is missing"),
            "types before meanings": Wrong(_unclear_types_first, because="expected this order"),
            "what it returns": Wrong(_unclear_with_return, because="is not to be guessed"),
            "annotated arguments alone": Wrong(_unclear_annotated_only, because="is missing"),
            "a docstring of spaces": Wrong(_unclear_blank_counts, because="'description'"),
        },
        other=_other_unclear,
    ),
    Exercise(
        name="remember",
        verify=_verify_remember,
        solution=remember,
        hints=(
            "First ask whether it is a question: in small letters it begins with 'what is ' and it ends with '?'.",
            "`text.partition(' is ')` cuts at the first ' is ' and says in its middle part whether there was one.",
            "`{**notes, name: value}` is a new dictionary with one more entry; the old one stays as it was.",
        ),
        wrong={
            "changes the notes": Wrong(_remember_in_place, because="changed the notes that came in"),
            "one memory for all": Wrong(_remember_for_all, because="expected"),
            "reads the history": Wrong(_remember_history, because="not in the history"),
            "capitals": Wrong(_remember_capitals, because="in small letters"),
            "cuts at the last is": Wrong(_remember_last_is, because="expected 'what is left'"),
            "no notes": Wrong(_remember_answer_alone, because="an answer and the new notes"),
        },
        other=_other_remember,
    ),
    Exercise(
        name="own_demo",
        verify=_verify_demo,
        solution=own_demo,
        hints=(
            "Begin with the function: annotations, a docstring, and `raise gr.Error('Found no text, expected ...')` for an empty text.",
            "`gr.Interface(function, ['text', 'checkbox'], 'text', title=..., api_name=...)` is enough; blocks are allowed.",
            "Return what you built. Do not launch it.",
        ),
        wrong={
            "no title": Wrong(_demo_untitled, because="Found no title"),
            "one kind of input": Wrong(_demo_of_one_kind, because="expected two"),
            "an answer to nothing": Wrong(_demo_that_answers_nothing, because="answered an empty text"),
            "an exception": Wrong(_demo_that_fails, because="raised IndexError"),
            "nothing told": Wrong(_demo_unclear, because="leaves to be guessed"),
            "a text": Wrong(_demo_called, because="Expected a gr.Blocks"),
        },
        other=_other_demo,
        seconds=_PATIENCE,
    ),
)
