"""`rules`: list, show, test and lint, on our rules and on folders of one's own."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app


def _rules(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rules", *arguments])


def _write(folder: Path, rule_id: str, **changes: str) -> Path:
    parts = {
        "category": "jailbreak",
        "title": f"Title of {rule_id}",
        "tags": "[LLM01]",
        "words": "[wibblewobble]",
        "catch": "[Say wibblewobble now, A wibblewobble please]",
        "spare": "[Nothing of that kind, Something else altogether]",
        **changes,
    }
    target = folder / parts["category"] / f"{rule_id}.yml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        dedent(f"""\
        id: {rule_id}
        title: {parts["title"]}
        status: stable
        severity: high
        confidence: 0.9
        languages: [en]
        tags: {parts["tags"]}
        patterns:
          odd: {{ words: {parts["words"]} }}
        conditions:
          - {{ all: [odd] }}
        catch: {parts["catch"]}
        spare: {parts["spare"]}
        """),
        "utf-8",
    )
    return target


def test_list_filters() -> None:
    everything = json.loads(_rules("list", "--json").stdout)
    assert len(everything) >= 250
    assert len({rule["id"] for rule in everything}) == len(everything)
    some = json.loads(_rules("list", "--json", "--category", "pii").stdout)
    assert {rule["category"] for rule in some} == {"pii"}
    severe = json.loads(_rules("list", "--json", "--severity", "critical").stdout)
    assert {rule["severity"] for rule in severe} == {"critical"}
    french = json.loads(_rules("list", "--json", "--language", "fr").stdout)
    assert all("fr" in rule["languages"] for rule in french)
    assert f"{len(french)} rules" in _rules("list", "--language", "fr").stdout


def test_show_prints_the_file_and_the_catalogue_numbers(own_rules: Path) -> None:
    got = _rules("show", "test-zebra", "--rules", str(own_rules))
    assert got.exit_code == 0
    assert "words: [quuxzebra]" in got.stdout
    assert "CWE-798" in got.stdout
    body = json.loads(_rules("show", "test-zebra", "--rules", str(own_rules), "--json").stdout)
    assert body["catch"][0] == "The passphrase is quuxzebra."
    missing = _rules("show", "no-such-rule")
    assert missing.exit_code == 2
    assert "no rule `no-such-rule`" in missing.stderr


def test_kept_promises_leave_with_zero(own_rules: Path) -> None:
    got = _rules("test", "--rules", str(own_rules))
    assert got.exit_code == 0
    assert "1 rules, 4 texts: 0 failures" in got.stdout


def test_broken_promises_tell_what_happened_instead(tmp_path: Path) -> None:
    _write(tmp_path, "own-miss", words="[flibber]", catch="[Say wibblewobble, flibber here]")
    _write(tmp_path, "own-hit", spare="[A wibblewobble too many, Fine]")
    got = _rules("test", str(tmp_path))
    assert got.exit_code == 1
    assert "did not catch: Say wibblewobble" in got.stdout
    assert "did not fire; others that fired: own-hit 0.90" in got.stdout
    assert "did not spare: A wibblewobble too many" in got.stdout
    body = json.loads(_rules("test", str(tmp_path), "--json").stdout)
    assert {(one["rule"], one["trial"]) for one in body["failures"]} == {
        ("own-miss", "catch"),
        ("own-hit", "spare"),
    }


def test_rules_bound_to_an_origin_are_tried_where_they_speak(tmp_path: Path) -> None:
    target = _write(tmp_path, "own-tool")
    bound = target.read_text().replace("languages:", "origins: [tool]\nlanguages:")
    target.write_text(bound.replace("languages:", "direction: output\nlanguages:"))
    assert _rules("test", str(target)).exit_code == 0


def test_paths_choose_among_our_rules() -> None:
    home = Path(str(files("aidefence"))) / "rules"
    body = json.loads(_rules("test", str(home / "pii"), "--json").stdout)
    listed = json.loads(_rules("list", "--category", "pii", "--json").stdout)
    assert body["rules"] == len(listed)
    nowhere = _rules("test", str(home / "nowhere"))
    assert nowhere.exit_code == 2
    assert "no such file or folder" in nowhere.stderr


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"tags": "[LLM99]"}, "unknown-tag", "`LLM99`"),
        ({"catch": "[one wibblewobble]"}, "too-few-catch", "`catch` has 1 texts"),
        ({"spare": "[one]"}, "too-few-spare", "`spare` has 1 texts"),
        ({"catch": "[wibblewobble, wibblewobble]"}, "repeated-text", "twice"),
        ({"words": "[museum]", "catch": "[museum a, museum b]"}, "too-wide", "ordinary text"),
    ],
)
def test_lint_finds(tmp_path: Path, changes: dict[str, str], code: str, message: str) -> None:
    target = _write(tmp_path, "own-odd", **changes)
    got = _rules("lint", str(tmp_path))
    assert got.exit_code == 1
    assert f"{target}:" in got.stdout
    assert message in got.stdout
    found = json.loads(_rules("lint", str(tmp_path), "--json").stdout)
    # The loader may refuse what lint would have told: either way the place is named.
    assert {one["code"] for one in found} & {code, "format"}
    assert all(one["line"] >= 1 and one["column"] >= 1 for one in found)


def test_lint_names_every_broken_file_and_still_judges_the_others(tmp_path: Path) -> None:
    _write(tmp_path, "own-good")
    _write(tmp_path, "own-tag", tags="[LLM99]", words="[flibber]", catch="[flibber a, flibber b]")
    for name in ("one", "two"):
        (tmp_path / f"{name}.yml").write_text(f"id: own-{name}\ntitle: [\n")
    found = json.loads(_rules("lint", str(tmp_path), "--json").stdout)
    assert {(Path(one["path"]).stem, one["code"]) for one in found} == {
        ("one", "format"),
        ("two", "format"),
        ("own-tag", "unknown-tag"),
    }


def test_lint_tells_misplaced_files_as_warnings(tmp_path: Path) -> None:
    target = _write(tmp_path, "own-name")
    target.rename(target.with_name("other.yml"))
    got = _rules("lint", str(tmp_path))
    assert got.exit_code == 0
    assert "warning [file-name]" in got.stdout
    assert _rules("lint", str(tmp_path), "--strict").exit_code == 1


def test_lint_refuses_twins(tmp_path: Path) -> None:
    _write(tmp_path / "a", "own-twin")
    _write(tmp_path / "b", "own-twin")
    got = _rules("lint", str(tmp_path))
    assert got.exit_code == 1
    assert "own-twin" in got.stdout
