"""Labelled files in, groups of measurements out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from aidefence.service.evaluation import (
    Duplicates,
    Evaluation,
    LabelledDataError,
    LabelledText,
    evaluate,
    read_labelled,
)


def _score(texts: Sequence[str]) -> np.ndarray:
    """The score stands in the text itself: `0.7 anything`."""
    return np.asarray([float(text.split()[0]) for text in texts])


def _record(text: str, *, attack: bool, source: str = "one", language: str = "en") -> LabelledText:
    category = "jailbreak" if attack else "benign"
    return LabelledText(text, attack, source, category, language, "prompt")


def _evaluate(records: list[LabelledText], **options: object) -> Evaluation:
    return evaluate(records, _score, threshold=0.5, **options)  # type: ignore[arg-type]


def test_groups_are_measured_apart_and_together() -> None:
    got = _evaluate(
        [
            _record("0.9 a", attack=True, source="mixed"),
            _record("0.2 b", attack=True, source="mixed", language="fr"),
            _record("0.6 c", attack=False, source="mixed"),
            _record("0.1 d", attack=False, source="calm"),
        ]
    )
    assert got.read == 4
    assert (got.overall.own.attacks, got.overall.own.benign) == (2, 2)
    assert got.overall.own.auc == 0.75
    calm = got.by["source"]["calm"].own
    assert calm.recall is None
    assert calm.auc is None
    assert calm.fpr is not None
    assert calm.fpr.value == 0.0
    assert set(got.by["language"]) == {"en", "fr"}
    recall, fpr = got.by["category"]["jailbreak"].pooled[0.01]
    assert recall is not None
    # No false alarm is allowed among two benign texts: only 0.9 stands above them.
    assert (recall.hits, recall.total, fpr) == (1, 2, None)


def test_duplicates_count_once_in_the_whole_and_once_in_each_source() -> None:
    records = [
        _record("0.9 same", attack=True, source="a"),
        _record("0.9 same", attack=True, source="a"),
        _record("0.9 same", attack=True, source="b"),
        _record("0.9 same", attack=False, source="b"),
        _record("0.1 other", attack=False, source="b"),
    ]
    got = _evaluate(records)
    assert (got.duplicates, got.conflicts) == (2, 1)
    assert (got.overall.own.attacks, got.overall.own.benign) == (1, 2)
    assert got.by["source"]["a"].own.attacks == 1
    assert got.by["source"]["b"].own.attacks == 1
    kept = _evaluate(records, duplicates=Duplicates.KEEP)
    assert (kept.overall.own.attacks, kept.duplicates) == (3, 2)


def test_many_chunks_equal_one() -> None:
    rng = np.random.default_rng(7)
    records = [
        _record(f"{rng.random():.6f} {n}", attack=bool(n % 3), source=str(n % 5))
        for n in range(10_000)
    ]
    steps: list[int] = []
    got = evaluate(records, _score, threshold=0.5, progress=steps.append)
    assert sum(steps) == 10_000
    assert len(steps) > 1
    assert sum(group.own.total for group in got.by["source"].values()) == 10_000


def test_no_records_is_an_empty_result() -> None:
    got = _evaluate([])
    assert (got.read, got.overall.own.total, got.by["source"]) == (0, 0, {})


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
    assert "'x'" not in repr(only)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"label": "attack"}', "`text` must be a string"),
        ('{"text": "x", "label": 1}', "`label` must be"),
        ('{"text": "x", "label": ["attack"]}', "`label` must be"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, reason: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"text": "x", "label": "benign"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(LabelledDataError, match=reason) as caught:
        list(read_labelled([file]))
    assert str(caught.value).startswith(f"{file}:2: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelledDataError, match="no such file"):
        list(read_labelled([tmp_path / "nowhere.jsonl"]))
