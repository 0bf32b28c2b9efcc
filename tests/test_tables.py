"""Generated tables are current, and staleness is noticed."""

from course_utils import profile, tables


def test_the_readme_is_current():
    text = (profile.root() / "README.md").read_text(encoding="utf-8")
    for name in tables.TABLES:
        assert f"<!-- begin {name} -->" in text
    assert tables.fill(text) == text, "`make refresh` writes the tables anew"


def test_a_stale_table_is_rewritten(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("before\n<!-- begin metrics -->\nold\n<!-- end metrics -->\nafter\n", encoding="utf-8")
    assert tables.refresh(path)
    text = path.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.startswith("before\n<!-- begin metrics -->\n| metric |")
    assert text.endswith("<!-- end metrics -->\nafter\n")
    assert not tables.refresh(path)
