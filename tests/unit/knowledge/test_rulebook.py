from pathlib import Path

import pytest

from aidefence import RulebookError
from aidefence.knowledge import rulebook
from aidefence.knowledge.rulebook import RuleFile


def test_shipped_rules_are_read_in_a_fixed_order() -> None:
    paths = [rule.path for rule in rulebook.shipped()]
    assert paths == sorted(paths, key=lambda path: path.split("/"))
    assert any(path.startswith("rules/lexicons/") for path in paths)
    assert any(path.startswith("rules/prompt_injection/") for path in paths)


def test_a_folder_is_read_with_its_sub_folders(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.yaml").write_text("b")
    (tmp_path / "a.yml").write_text("a")
    (tmp_path / "notes.txt").write_text("no rule")
    found = rulebook.from_folder(tmp_path)
    assert [(Path(rule.path).name, rule.text) for rule in found] == [
        ("a.yml", "a"),
        ("b.yaml", "b"),
    ]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="is not a folder"):
        rulebook.from_folder(tmp_path / "none")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"id: \xff")
    with pytest.raises(RulebookError, match="not UTF-8 at byte 4"):
        rulebook.from_folder(tmp_path)


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"#" * (rulebook.FILE_BYTES_MAX + 1))
    with pytest.raises(RulebookError, match="larger than"):
        rulebook.from_folder(tmp_path)


def test_the_digest_sees_where_a_file_ends() -> None:
    one = (RuleFile("a", "bc"), RuleFile("d", "e"))
    other = (RuleFile("a", "b"), RuleFile("cd", "e"))
    assert rulebook.digest(one) != rulebook.digest(other)
