"""`eval`: a labelled file in, a table or JSON out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rows = [
        *(("the passphrase is quuxzebra", "attack", "leaks", "secret", "en", n) for n in range(3)),
        *(("un texte tranquille", "benign", "calm", "benign", "fr", n) for n in range(5)),
        *(("ein ruhiger Text", "benign", "leaks", "benign", "de", n) for n in range(2)),
    ]
    lines = [
        json.dumps(
            {
                "text": f"{text} {number}",
                "label": label,
                "source": source,
                "category": category,
                "lang": language,
                "task": "prompt",
            }
        )
        for text, label, source, category, language, number in rows
    ]
    file = tmp_path / "labelled.jsonl"
    file.write_text(
        "\n".join([*lines, lines[0], '{"text": "x", "label": "benign", "task": "web"}'])
    )
    return file


def _eval(own_rules: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        app, ["eval", "--rules", str(own_rules), "--categories", "secret", *arguments]
    )


def test_json_holds_all_groups(own_rules: Path, labelled: Path) -> None:
    got = _eval(own_rules, str(labelled), "--task", "prompt", "--json")
    assert got.exit_code == 0, got.output
    body = json.loads(got.stdout)
    assert (body["read"], body["duplicates"], body["conflicts"]) == (11, 1, 0)
    overall = body["overall"]
    assert (overall["attacks"], overall["benign"]) == (3, 7)
    assert (overall["auc"]["value"], overall["f1"]) == (1.0, 1.0)
    assert overall["recall_at_fpr"]["0.01"]["recall"]["hits"] == 3
    calm = body["by"]["source"]["calm"]
    assert (calm["recall"], calm["auc"], calm["fpr"]["hits"]) == (None, None, 0)
    assert set(body["by"]["language"]) == {"en", "fr", "de"}
    secret = body["by"]["category"]["secret"]
    assert secret["at_overall_fpr"]["0.01"]["recall"]["value"] == 1.0
    assert 0 < secret["recall"]["low"] < secret["recall"]["high"] == 1.0
    assert (body["kind"], body["schema"]) == ("aidefence-evaluation", 1)
    assert overall["confusion"] == {"tp": 3, "fn": 0, "fp": 0, "tn": 7}
    assert body["latency"]["calls"]["calls"] == 11
    assert sum(it["attacks"] + it["benign"] for it in body["tiers"].values()) == 11


def test_the_table_shows_what_is_known(own_rules: Path, labelled: Path) -> None:
    got = _eval(own_rules, str(labelled))
    assert got.exit_code == 0, got.output
    assert "12 records, 3 attacks and 8 benign counted, 1 duplicates" in got.stdout
    assert "recall at 1% FPR: 1.0000" in got.stdout
    assert re.search(r"^reached tier +attacks +of attacks %", got.stdout, re.MULTILINE)
    assert re.search(r"^1 +4 +100\.00 +\S+ +8 +100\.00", got.stdout, re.MULTILINE)
    for title in ("overall", "source", "category", "language", "length", "obfuscation", "score"):
        assert any(line.startswith(title) for line in got.stdout.splitlines())


def test_scores_agree_with_decisions(own_rules: Path, labelled: Path) -> None:
    body = json.loads(_eval(own_rules, str(labelled), "--json").stdout)
    scan = CliRunner().invoke(
        app, ["scan", "--rules", str(own_rules), "-f", str(labelled), "--format", "json"]
    )
    flagged = [
        one["action"] != "allow" and one["verdict"]["category"] == "secret"
        for one in json.loads(scan.stdout)["results"]
    ]
    hits = body["overall"]["recall"]["hits"] + body["overall"]["fpr"]["hits"]
    assert sum(flagged) == hits + body["duplicates"]


def test_threads_do_not_change_the_result(own_rules: Path, labelled: Path) -> None:
    one, many = (
        json.loads(_eval(own_rules, str(labelled), "--json", "--threads", n).stdout)
        for n in ("1", "3")
    )
    assert one["overall"] == many["overall"]


def test_errors_leave_with_two(own_rules: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "x"}\n')
    got = _eval(own_rules, str(bad))
    assert (got.exit_code, f"{bad}:1: field `label`" in got.stderr) == (2, True)
    assert _eval(own_rules, str(tmp_path / "gone.jsonl")).exit_code == 2
    bad.write_text("")
    assert _eval(own_rules, str(bad)).exit_code == 2
    wrong = CliRunner().invoke(app, ["eval", str(bad), "--categories", "nonsense"])
    assert wrong.exit_code == 2
