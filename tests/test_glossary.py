"""The glossary: terms with one sentence each, found by their anchors, and its notebook current."""

import re

import pytest

from course_utils import glossary, guards, lessons


@pytest.mark.parametrize("term", glossary.terms())
def test_a_term_is_one_plain_sentence_and_has_an_anchor_that_links_can_name(term):
    sentence = glossary.terms()[term]
    assert sentence[0].isupper() and sentence.endswith(".")
    assert not re.search(r"[.!?] [A-Z]", sentence.replace("e.g. ", "")), "one sentence"
    assert len(sentence) <= 260
    assert re.fullmatch(r"[\w -]+", term), "letters, digits, spaces and hyphens alone give an anchor that works in every viewer"


def test_every_term_is_explained_in_a_lesson():
    explained = glossary.first_lessons(lessons.notebooks_folder())
    assert [term for term in glossary.terms() if glossary.anchor(term) not in explained] == []


def test_the_notebook_is_current():
    path = lessons.notebooks_folder() / glossary.FILE
    assert path.read_text(encoding="utf-8") == glossary.notebook(lessons.notebooks_folder()), "`course refresh` writes it"


def test_refreshing_writes_once(tmp_path):
    assert glossary.refresh(tmp_path)
    assert "### batch" in (tmp_path / glossary.FILE).read_text(encoding="utf-8")
    assert not glossary.refresh(tmp_path)


def test_a_link_to_a_term_that_is_not_there_is_caught():
    lesson = lessons.all_lessons()[0]
    notebook = lesson.read()
    assert list(guards.links(lesson, notebook)) == []
    notebook.cells[-1].source += "\n[**batch**](glossary.ipynb#batch) and [**bacth**](glossary.ipynb#bacth)"
    assert [s for s in guards.links(lesson, notebook)] == ["its link to the term 'bacth' leads nowhere: the glossary has no such term."]
