"""Values that look like payloads and are none stay quiet."""

from __future__ import annotations

from pathlib import Path

from aidefence import Category, Guard

_VALUES = Path(__file__).parents[2] / "bench" / "texts" / "harmless_values.txt"
_PAYLOADS = {
    Category.SQL_INJECTION,
    Category.XSS,
    Category.COMMAND_INJECTION,
    Category.PATH_TRAVERSAL,
    Category.MALICIOUS_URL,
}
_FALSE_ALARMS_MAX = 0.005


def test_harmless_values_are_no_payloads() -> None:
    lines = _VALUES.read_text("utf-8").splitlines()
    values = [
        line.replace("\\n", "\n") for line in lines if not line.startswith(("# ==", "# Harm"))
    ]
    guard = Guard(dense="off", deep="off")
    flags = {category: guard.thresholds[category][0] for category in _PAYLOADS}
    loud = [
        value
        for value, decision in zip(values, guard.inspect_batch(values), strict=True)
        if any(
            it.category in flags and it.score >= flags[it.category] - 1e-6
            for it in decision.findings
        )
    ]
    assert len(values) >= 300
    assert len(loud) <= _FALSE_ALARMS_MAX * len(values), loud
