"""The gate finds what is gone, stays silent on what is there, and its list of removed calls is true of the installed libraries."""

import os
import warnings
from collections import Counter
from copy import deepcopy
from pathlib import Path

import pytest

from course_utils import lessons, profile
from course_utils.compatibility import Finding, Removed, check, examine, findings, lesson, preparation, removed_calls
from course_utils.compatibility.resolution import BY_ATTRIBUTE, MADE, load
from course_utils.errors import CourseError
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
THEN_AND_NOW = "02_pipelines/07_then_and_now"


@pytest.fixture(scope="module", autouse=True)
def offline(tmp_path_factory):
    profile.start("offline")
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("removed"))
    yield
    os.chdir(before)


def run(entry: Removed, source: str) -> dict:
    """Runs a snippet after the set-ups that it needs, which are run once; returns the names that it leaves behind."""
    if entry.needs not in PREPARED:
        PREPARED[entry.needs] = {}
        exec(preparation(entry), PREPARED[entry.needs])
    names = dict(PREPARED[entry.needs])
    exec(source, names)
    return names


def cells(entry: Removed, source: str) -> list[tuple[int, str]]:
    return [(1, preparation(entry) + "\npass"), (2, source)]


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_old_call_does_what_the_list_says(entry):
    if entry.kind == "silent":
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            names = run(entry, entry.then)
        assert entry.warns in {"", *(warning.category.__name__ for warning in told)}
        exec(entry.now, names)
        assert eval(entry.proof, names), f"old is {names['old']!r}, new is {names['new']!r}"
        return
    with pytest.raises(Exception) as caught:
        run(entry, entry.then)
    assert caught.typename == entry.error


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_current_call_works(entry):
    run(entry, entry.now)


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
    assert bool(entry.shows) == bool(entry.proof), "a silent call proves what it does"
    assert entry.today.endswith(".")


@pytest.fixture(scope="module")
def then_and_now():
    """The stored lesson that shows every entry."""
    return lessons.choose([THEN_AND_NOW])[0].read()


@pytest.fixture(scope="module")
def homes():
    """The cell, as the list writes it, of each entry by its label."""
    written = {cell.id: cell for section in lesson.cells().values() for cell in section}
    return {label: written[name] for label, name in lesson.homes().items()}


def generated(notebook) -> dict:
    return {cell.id: cell for cell in notebook.cells if lesson.TAG in lessons.tags(cell)}


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_lesson_shows_the_entry(entry, then_and_now, homes):
    home = homes[entry.label]
    cell = generated(then_and_now).get(home.id)
    assert cell and cell.source == home.source, f"`course refresh {THEN_AND_NOW}` brings {entry.label} in"


def test_the_lesson_is_current_with_the_list(then_and_now):
    stamped = deepcopy(then_and_now)
    lesson.stamp(stamped)
    assert lessons.dumps(stamped) == lessons.dumps(then_and_now), f"`course refresh {THEN_AND_NOW}` brings it up to date"


def test_labels_and_generated_cells_have_names_of_their_own():
    counts = Counter(entry.label for entry in removed_calls()) + Counter(cell.id for section in lesson.cells().values() for cell in section)
    assert [name for name, count in counts.items() if count > 1] == []


def test_generated_cells_are_short_and_can_be_read():
    for cell in (cell for section in lesson.cells().values() for cell in section):
        assert len(cell.source.splitlines()) <= lessons.CODE_LINES, cell.id
        compile(cell.source, cell.id, "exec")


def test_only_what_the_list_says_is_kept_from_the_gate():
    known = {cell.id: cell.source for section in lesson.cells().values() for cell in section}
    tagged = [cell for other in lessons.all_lessons() for cell in other.read().cells if lesson.OLD in lessons.tags(cell)]
    assert [cell.id for cell in tagged if known.get(cell.id) != cell.source] == []


class TestStamp:
    def test_a_changed_cell_is_mended_in_its_place_and_loses_its_outputs(self, then_and_now):
        changed = deepcopy(then_and_now)
        place, cell = next((n, c) for n, c in enumerate(changed.cells) if lesson.TAG in lessons.tags(c) and c.outputs)
        cell.source = "1 / 0"
        lesson.stamp(changed)
        assert changed.cells[place].source == then_and_now.cells[place].source
        assert changed.cells[place].outputs == []
        assert [c.id for c in changed.cells] == [c.id for c in then_and_now.cells]

    def test_missing_cells_come_back_in_their_section_and_strangers_go(self, then_and_now):
        changed = deepcopy(then_and_now)
        changed.cells = [c for c in changed.cells if lesson.TAG not in lessons.tags(c) or c.id == "table-hub-0"]
        stranger = deepcopy(generated(then_and_now)["table-hub-0"])
        stranger.id = "table-hub-99"
        changed.cells.append(stranger)
        lesson.stamp(changed)
        order = [c.id for c in changed.cells]
        assert {*generated(changed)} == {*generated(then_and_now)}
        for section, cells_of_it in lesson.cells().items():
            places = [order.index(name) for name in (section, *(cell.id for cell in cells_of_it))]
            assert places == sorted(places)
        assert "table-hub-99" not in order

    def test_a_section_without_its_heading_is_told(self, then_and_now):
        changed = deepcopy(then_and_now)
        changed.cells = [c for c in changed.cells if c.id != "hub"]
        with pytest.raises(CourseError, match="'hub'"):
            lesson.stamp(changed)

    def test_handwritten_cells_and_other_lessons_stay_as_they_are(self, then_and_now):
        changed = deepcopy(then_and_now)
        for cell in generated(changed).values():
            cell.source = ""
        lesson.stamp(changed)
        assert [c for c in changed.cells if lesson.TAG not in lessons.tags(c)] == [
            c for c in then_and_now.cells if lesson.TAG not in lessons.tags(c)
        ]
        other = lessons.all_lessons()[0].read()
        before = deepcopy(other)
        lesson.stamp(other)
        assert other == before
