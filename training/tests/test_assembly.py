# ruff: noqa: D103 - the name of a test says what it shows
"""What we made ourselves is told from what was collected, and comes in pairs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from training import assembly, bias, data

COLLECTED = data.Record("a-1", "a text", False, "benign", "one", "en", "MIT", 1, None, None)


def test_neither_generated_pairs_nor_counter_examples_are_real() -> None:
    records = [COLLECTED, *(replace(COLLECTED, source=source) for source in assembly.MADE)]
    flat = np.zeros(len(records))
    corpus = assembly.Corpus(
        records, flat > 0, flat.astype(np.float32), flat.astype(int), flat.astype(np.uint8)
    )
    assert corpus.real.tolist() == [True, *(False for _ in assembly.MADE)]


def test_what_a_model_was_biased_on_comes_back_in_pairs() -> None:
    measured = json.loads(assembly.BIAS.read_text(encoding="utf-8"))
    made = bias.counter_examples(measured)
    assert {record.source for record in made} == {bias.SOURCE}
    halves: dict[str | None, set[bool]] = {record.pair: set() for record in made}
    for record in made:
        halves[record.pair].add(record.attack)
    assert all(sides == {True, False} for sides in halves.values())
    biased = {row["name"] for row in measured["probes"] if bias.is_biased(row)}
    words = {row["name"] for row in measured["probes"] if row["kind"] == "word"} & biased
    told = " ".join(record.text.casefold() for record in made)
    assert all(word in told for word in words)
