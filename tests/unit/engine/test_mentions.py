"""Who reports an attack in quotation marks makes no use of it, in each language that has rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidefence import Guard

# A line: language, an attack, and the same attack as somebody reports it.
REPORTED = [
    line.split("\t")
    for line in Path(__file__).with_name("reported.tsv").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize(("language", "bare", "reported"), REPORTED)
def test_a_reported_attack_is_a_mention_and_a_bare_one_is_not(
    language: str, bare: str, reported: str
) -> None:
    guard = Guard(deep="off")
    assert _uses(guard, f"{bare}."), language
    assert not _uses(guard, reported), language


def _uses(guard: Guard, text: str) -> list[str]:
    """Name the rules that count as evidence: neither a model's word nor a mention."""
    return [
        it.rule_id
        for it in guard.inspect(text).findings
        if not (it.mention or it.rule_id.startswith("model."))
    ]
