"""SARIF: the shape that version 2.1.0 demands, and places that can be found again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import Result

FOUND = "Hello,\r\nthe passphrase is quuxzebra!"
LEVELS = {"none", "note", "warning", "error"}


def _run_of(text: str) -> dict[str, Any]:
    log = json.loads(text)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def _check(run: dict[str, Any]) -> None:
    """What the standard demands of the parts we write (sections 3.14 to 3.52)."""
    driver = run["tool"]["driver"]
    assert driver["name"]
    rules = driver["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in LEVELS
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        for relation in rule["relationships"]:
            component = relation["target"]["toolComponent"]
            catalogue = run["taxonomies"][component["index"]]
            assert catalogue["name"] == component["name"]
            assert relation["target"]["id"] in {taxon["id"] for taxon in catalogue["taxa"]}
    assert run["columnKind"] == "unicodeCodePoints"
    for supported in driver["supportedTaxonomies"]:
        assert run["taxonomies"][supported["index"]]["name"] == supported["name"]
    for invocation in run["invocations"]:
        assert isinstance(invocation["executionSuccessful"], bool)
        for notice in invocation["toolExecutionNotifications"]:
            assert notice["message"]["text"]
            assert notice["level"] in LEVELS
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["level"] in LEVELS
        for location in result["locations"]:
            _check_location(location)


def _check_location(location: dict[str, Any]) -> None:
    physical = location["physicalLocation"]
    uri = physical["artifactLocation"]["uri"]
    assert uri
    assert " " not in uri
    region = physical.get("region")
    if region is None:
        return
    assert region["startLine"] >= 1
    if "startColumn" in region:
        assert region["startColumn"] >= 1
        start = region["startLine"], region["startColumn"]
        assert (region["endLine"], region["endColumn"]) >= start
    if "charOffset" in region:
        assert region["charOffset"] >= 0
        assert region["charLength"] >= 0


def test_files_have_exact_regions(scan: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "a text.txt"
    file.write_bytes(FOUND.encode())
    got = scan("-f", str(file), "--format", "sarif", "--with-text")
    assert got.exit_code == 1
    run = _run_of(got.stdout)
    _check(run)
    result = next(one for one in run["results"] if one["ruleId"] == "test-zebra")
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"].endswith("/a%20text.txt")
    region = physical["region"]
    assert (region["startLine"], region["startColumn"]) == (2, 5)
    assert (region["endLine"], region["endColumn"]) == (2, 28)
    end = region["charOffset"] + region["charLength"]
    assert FOUND[region["charOffset"] : end] == "passphrase is quuxzebra"
    assert region["snippet"]["text"] == "passphrase is quuxzebra"
    assert result["level"] == "error"


def test_records_have_their_line_and_their_span(
    scan: Callable[..., Result], tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"text": "x"}) + "\n" + json.dumps({"id": "r", "text": FOUND}))
    run = _run_of(scan("-f", str(file), "--format", "sarif").stdout)
    _check(run)
    result = next(one for one in run["results"] if one["ruleId"] == "test-zebra")
    (location,) = result["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 2}
    assert location["logicalLocations"] == [{"name": "r", "kind": "element"}]
    span = location["properties"]["span"]
    assert FOUND[span["start"] : span["end"]] == "passphrase is quuxzebra"


def test_lines_have_their_own_line_number(scan: Callable[..., Result]) -> None:
    stdin = "x\n\nthe passphrase is quuxzebra\n"
    run = _run_of(scan("-", "--input", "lines", "--format", "sarif", stdin=stdin).stdout)
    _check(run)
    result = next(one for one in run["results"] if one["ruleId"] == "test-zebra")
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["endLine"]) == (3, 5, 3)


def test_an_empty_log_is_a_log(scan: Callable[..., Result], tmp_path: Path) -> None:
    got = scan("a quiet text", "-f", str(tmp_path / "gone"), "--format", "sarif")
    assert got.exit_code == 2
    run = _run_of(got.stdout)
    _check(run)
    assert run["results"] == []
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)


def test_the_same_evidence_keeps_its_fingerprint(scan: Callable[..., Result]) -> None:
    prints = set()
    for before in ("", "One more line.\n"):
        run = _run_of(scan(f"{before}{FOUND}", "--format", "sarif").stdout)
        result = next(one for one in run["results"] if one["ruleId"] == "test-zebra")
        prints.add(result["partialFingerprints"]["evidence/v1"])
    assert len(prints) == 1
