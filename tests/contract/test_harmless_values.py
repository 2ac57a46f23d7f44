"""Values that look like payloads and are none stay quiet; payloads do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidefence import Category, Guard

_TEXTS = Path(__file__).parents[2] / "bench" / "texts"
_PAYLOADS = {
    Category.SQL_INJECTION,
    Category.XSS,
    Category.COMMAND_INJECTION,
    Category.PATH_TRAVERSAL,
    Category.MALICIOUS_URL,
}
_FALSE_ALARMS_MAX = 0.005


def _flagged(values: list[str]) -> list[bool]:
    guard = Guard(dense="off", deep="off")
    flags = {category: guard.thresholds[category][0] for category in _PAYLOADS}
    return [
        any(
            it.category in flags and it.score >= flags[it.category] - 1e-6
            for it in decision.findings
        )
        for decision in guard.inspect_batch(values)
    ]


def _values(name: str) -> list[str]:
    lines = (_TEXTS / name).read_text("utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if not line.startswith(("# ==", "# Harm"))]


@pytest.mark.parametrize("name", ["harmless_values.txt", "harmless_code.txt"])
def test_harmless_values_are_no_payloads(name: str) -> None:
    values = _values(name)
    loud = [value for value, flagged in zip(values, _flagged(values), strict=True) if flagged]
    assert len(values) >= 300
    assert len(loud) <= _FALSE_ALARMS_MAX * len(values), loud


def test_payloads_are_flagged() -> None:
    lines = (_TEXTS / "payloads.txt").read_text("utf-8").splitlines()
    values = [line.replace("\\n", "\n") for line in lines if not line.startswith("# ")]
    missed = [value for value, flagged in zip(values, _flagged(values), strict=True) if not flagged]
    assert len(values) >= 140
    assert missed == []
