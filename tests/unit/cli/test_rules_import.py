"""`rules import`: what is written passes `lint` and `test`, and what is lost is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aidefence import Guard
from aidefence.delivery.cli.main import app
from aidefence.knowledge.topics import read_topics

YARA = r"""
import "pe"
private rule small { condition: filesize < 1KB }
rule WholeOne : shop {
  meta:
    description = "Names our price list"
    author = "tests"
    severity = "high"
    category = "data_exfiltration"
  strings:
    $a = "price list 7" nocase
    $b = /dealer[0-9]{2}/
    $c = { 50 4C 3? 20 }
  condition:
    small and 2 of them
}
rule LostPart { strings: $a = "needle in it" condition: $a and pe.is_dll() }
rule NoText { strings: $a = { FF FE 00 } condition: $a }
"""


def _rules(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["rules", *map(str, arguments)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "theirs.yar"
    path.write_text(YARA, "utf-8")
    return path


def test_a_whole_rule_is_written_and_works(source: Path, tmp_path: Path) -> None:
    into = tmp_path / "mine"
    result = _rules("import", source, "-o", into)
    assert result.exit_code == 1
    written = [path.relative_to(into).as_posix() for path in into.rglob("*.yml")]
    assert written == ["data_exfiltration/yara-wholeone.yml"]
    assert f"{source}:17:64: LostPart: left out for pe.is_dll()" in result.output.replace("\n", "")
    assert "fewer than two texts were found that it catches" in result.output
    assert "4 rules: 1 whole, 0 in part, 2 left out, 1 private" in result.output
    assert _rules("lint", into, "--strict").exit_code == 0
    assert _rules("test", into).exit_code == 0
    guard = Guard(rules_dir=into, deep="off")
    found = guard.inspect("Is PRICE LIST 7 the one with dealer42?").findings
    assert [one.rule_id for one in found] == ["yara-wholeone"]
    assert found[0].explanation == "Names our price list"
    long = "x" * 1024
    assert guard.inspect(f"price list 7 dealer42 {long}").findings == ()


def test_a_part_is_written_only_when_asked_and_says_so(source: Path, tmp_path: Path) -> None:
    into = tmp_path / "mine"
    result = _rules("import", source, "-o", into, "--partial", "--json", "--category", "pii")
    rules = {rule["name"]: rule for rule in json.loads(result.output)[0]["rules"]}
    assert rules["LostPart"]["id"] == "yara-lostpart"
    assert not rules["LostPart"]["whole"]
    assert rules["LostPart"]["lost"] == [
        {
            "line": 17,
            "column": 64,
            "what": "pe.is_dll()",
            "why": "modules and functions are not translated",
        }
    ]
    text = (into / "pii/yara-lostpart.yml").read_text("utf-8")
    assert "# left out: 17:64: pe.is_dll()" in text
    assert 'title: "LostPart (imported in part)"' in text
    assert _rules("test", into).exit_code == 0


def test_nothing_of_yours_is_overwritten(source: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine/data_exfiltration/yara-wholeone.yml"
    mine.parent.mkdir(parents=True)
    mine.write_text("id: mine\n", "utf-8")
    result = _rules("import", source, "-o", tmp_path / "mine")
    assert result.exit_code == 2
    assert mine.read_text("utf-8") == "id: mine\n"
    mine.unlink()
    again = [_rules("import", source, "-o", tmp_path / "mine").output for _ in range(2)]
    assert again[0] == again[1]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "", "say the format with `--format`"),
        ("a.yar", "rule", "a.yar:1:5: the end of the file stands here"),
        ("a.nov", "rule A { keywords: }", "rule `A` has no condition"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    result = _rules("import", path, "-o", tmp_path / "mine")
    assert result.exit_code == 2
    assert message in result.output.replace("\n", "")


def test_meanings_become_a_topic(tmp_path: Path) -> None:
    path = tmp_path / "theirs.nov"
    path.write_text(
        """rule Prices {
    keywords:
        $list = "price list"
    semantics:
        $a = "what the shop pays" (0.6)
        $b = "margin of a dealer" (0.6)
        $c = "prices of \\"our\\" purchase" (0.6)
    condition:
        keywords.$list or semantics.*
}
""",
        "utf-8",
    )
    into = tmp_path / "mine"
    result = _rules("import", path, "-o", into, "--partial")
    assert "semantics.$a (0.6)" in result.output
    assert _rules("test", into).exit_code == 0
    (topic,) = read_topics([into / "topics.toml"])
    assert topic.entry.id == "nova-prices"
    assert topic.examples == (
        "what the shop pays",
        "margin of a dealer",
        'prices of "our" purchase',
    )
