"""Labelled JSONL in, records out; a wrong line stops the reading with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aidefence.service.labelled import LabelledDataError, read_labelled


def test_reading_filters_by_task_and_fills_what_is_absent(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    lines = [
        {"text": "x", "label": "attack", "task": "prompt", "category": "jailbreak", "lang": "de"},
        {"text": "y", "label": "benign", "task": "harm", "source": "s"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
    assert [r.text for r in read_labelled([file])] == ["x", "y"]
    (only,) = read_labelled([file], task="prompt")
    assert (only.is_attack, only.language, only.source) == (True, "de", "unknown")
    assert (only.name, only.where) == ("", f"{file}:1")
    assert "'x'" not in repr(only)


@pytest.mark.parametrize(
    ("more", "name", "obfuscation", "hidden"),
    [
        ({"id": 7, "decoded": "plain"}, "7", None, True),
        ({"id": "a-1", "decoded": "x", "obfuscation": "leet"}, "a-1", "leet", False),
        ({"id": True, "obfuscation": ["url", "hex"], "decoded": None}, "", "url > hex", False),
        ({"id": 10**30, "obfuscation": [], "decoded": ""}, "", None, False),
        ({"id": "s\ud800", "obfuscation": [1]}, "s\\ud800", None, False),
    ],
)
def test_what_else_a_record_says(
    tmp_path: Path, more: dict[str, object], name: str, obfuscation: str | None, hidden: bool
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"text": "x", "label": "attack", **more}), "utf-8")
    (got,) = read_labelled([file])
    assert (got.name, got.obfuscation, got.hidden) == (name, obfuscation, hidden)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"label": "attack"}', "`text` must be a string"),
        ('{"text": "x", "label": 1}', "`label` must be"),
        ('{"text": "x", "label": ["attack"]}', "`label` must be"),
        ("[" * 100_000, "not JSON"),
        ('{"text": "x", "n": ' + "1" * 5000 + "}", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str | bytes, reason: str) -> None:
    file = tmp_path / "bad.jsonl"
    data = line if isinstance(line, bytes) else line.encode()
    file.write_bytes(b'{"text": "x", "label": "benign"}\n' + data + b"\n")
    with pytest.raises(LabelledDataError, match=reason) as caught:
        list(read_labelled([file]))
    assert str(caught.value).startswith(f"{file}:2: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelledDataError, match="no such file"):
        list(read_labelled([tmp_path / "nowhere.jsonl"]))
    with pytest.raises(LabelledDataError, match="is a directory"):
        list(read_labelled([tmp_path]))
