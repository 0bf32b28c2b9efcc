"""The gate finds what is gone, stays silent on what is there, and its list of removed calls is true of the installed libraries."""

import os
from pathlib import Path

import pytest

from course_utils import lessons, profile
from course_utils.compatibility import Finding, Removed, check, examine, findings, preparation, removed_calls
from course_utils.compatibility.resolution import BY_ATTRIBUTE, MADE, load
from course_utils.lessons import Lesson

FIXTURES = Path(__file__).parent / "fixtures" / "compatibility"
ENTRIES = [pytest.param(entry, id=f"{number}-{entry.name}-{entry.argument}") for number, entry in enumerate(removed_calls())]
CAUGHT = {
    "module": (1, 2, "module transformers.onnx cannot be imported. Use torch.onnx.export"),
    "import": (1, 1, "transformers has no 'AdamW'. Use torch.optim.AdamW."),
    "submodule": (2, 2, "torch.nn.functional has no 'scaled_dot_product_attentoin'. Did you mean 'scaled_dot_product_attention'?"),
    "keyword": (2, 3, "TrainingArguments(evaluation_strategy='epoch') raises TypeError. Use eval_strategy."),
    "unlisted_keyword": (2, 1, "TfidfVectorizer takes no argument 'max_feature'. Did you mean 'max_features'?"),
    "classmethod_keyword": (2, 1, "datasets.Dataset.from_dict takes no argument 'feature'. Did you mean 'features'?"),
    "swallowed": (2, 1, "AutoModelForSequenceClassification.from_pretrained(use_auth_token=True) raises TypeError. Use token=."),
    "swallowed_by_a_call": (2, 2, '(pad_to_max_length=True) is ignored: nothing is padded. Use padding="max_length".'),
    "task": (2, 1, "transformers.pipeline(task='summarization') raises KeyError. Load AutoModelForSeq2SeqLM"),
    "task_keyword": (2, 1, "transformers.pipeline(task='translation_de_to_en') raises KeyError"),
    "tokenizer_method": (2, 2, "has no 'encode_plus'. Call the tokenizer itself."),
    "trainer_attribute": (2, 2, "Trainer has no 'tokenizer'. Use processing_class."),
    "unlisted_method": (2, 2, "Dataset has no 'remove_columns_'. Did you mean 'remove_columns'?"),
    "method_keyword": (3, 3, "DatasetDict.map takes no argument 'batchsize'. Did you mean 'batch_size'?"),
    "instance_keyword": (2, 1, "TrainingArguments.to_json_string takes no argument 'indentation'."),
    "context": (2, 2, "ZipFile.open takes no argument 'encoding'."),
    "positional": (2, 1, "math.sqrt takes no argument 'x'."),
    "cache": (2, 2, "DynamicCache has no '__getitem__'. Use past_key_values.layers[0].keys"),
    "generation": (2, 1, "generate(penalty_alpha=0.6) raises ValueError"),
    "subclass": (2, 2, "Weighted.compute_loss lacks the parameter 'num_items_in_batch'"),
    "wrong_guard": (1, 2, "transformers has no 'AdamW'"),
    "syntax": (1, 1, "this does not parse: expected ':'."),
}
PREPARED: dict[str, dict] = {}


@pytest.fixture(scope="module", autouse=True)
def offline(tmp_path_factory):
    profile.start("offline")
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("removed"))
    yield
    os.chdir(before)


def run(entry: Removed, source: str) -> None:
    """Runs a snippet after the set-ups that it needs, which are run once."""
    if entry.needs not in PREPARED:
        PREPARED[entry.needs] = {}
        exec(preparation(entry), PREPARED[entry.needs])
    exec(source, dict(PREPARED[entry.needs]))


def cells(entry: Removed, source: str) -> list[tuple[int, str]]:
    return [(1, preparation(entry) + "\npass"), (2, source)]


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_old_call_does_what_the_list_says(entry):
    if entry.unrun:
        pytest.skip(entry.unrun)
    if entry.kind == "silent":
        run(entry, entry.then)
        return
    with pytest.raises(Exception) as caught:
        run(entry, entry.then)
    assert caught.typename == entry.error


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_gate_knows_old_from_new(entry):
    old = examine("then", cells(entry, entry.then))
    assert examine("now", cells(entry, entry.now)) == []
    if entry.unseen:
        assert old == []
    else:
        assert [found.cell for found in old] == [2]
        assert entry.today in str(old[0])


@pytest.mark.parametrize("name", CAUGHT)
def test_the_gate_catches(name):
    cell, line, words = CAUGHT[name]
    found = findings(Lesson(FIXTURES / f"00_{name}.ipynb", FIXTURES))
    assert [(f.lesson, f.cell, f.line) for f in found] == [(f"00_{name}", cell, line)]
    assert words in str(found[0])


def test_every_fixture_is_tried():
    assert {path.stem.removeprefix("00_") for path in FIXTURES.iterdir()} == {*CAUGHT, "healthy"}


def test_the_gate_is_silent_on_tricky_calls_that_are_right():
    assert findings(Lesson(FIXTURES / "00_healthy.ipynb", FIXTURES)) == []


def test_no_lesson_uses_what_is_gone():
    assert [str(found) for found in check(lessons.all_lessons())] == []


def test_a_finding_reads_as_one_line():
    found = Finding("02_a/01_b", 3, 2, "datasets has no 'load_metric'.", "Use evaluate.load.")
    assert str(found) == "02_a/01_b, code cell 3, line 2: datasets has no 'load_metric'. Use evaluate.load."


@pytest.mark.parametrize("path", [*MADE.values(), *BY_ATTRIBUTE.values()])
def test_what_the_gate_takes_for_granted_is_there(path):
    assert load(path) is not None


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_whole(entry):
    assert bool(entry.error) != bool(entry.shows), "a refused call names its exception, a silent one what it does"
    assert entry.today.endswith(".")
