"""Committed records: complete, and the page says what they say."""

from __future__ import annotations

import pytest
from bench.definitions import DEFINITIONS
from bench.record import Bar, read_records
from bench.table import FRONT_PAGE, README, render, with_summary

RECORDS = read_records()


def test_names_are_unique_and_every_record_has_its_definition() -> None:
    names = [definition.name for definition in DEFINITIONS]
    assert len(set(names)) == len(names)
    assert set(RECORDS) <= set(names)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_names_payload_place_machine_and_commit(name: str) -> None:
    record = RECORDS[name]
    for key in ("what", "place", "payload", "commit", "date"):
        assert record[key]
    assert record["repetitions"] >= 1
    assert record["machine"]["cpu"]
    assert record["machine"]["cores"] >= 1


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_says_itself_whether_its_bars_are_met(name: str) -> None:
    definition = next(one for one in DEFINITIONS if one.name == name)
    told = {bar["metric"]: bar["met"] for bar in RECORDS[name]["bars"]}
    assert told == {bar.metric: bar.met(RECORDS[name]["results"]) for bar in definition.bars}


def test_the_page_is_what_the_records_say() -> None:
    assert README.read_text("utf-8") == render(RECORDS)


def test_the_front_page_is_what_the_records_say() -> None:
    page = FRONT_PAGE.read_text("utf-8")
    assert page == with_summary(page, RECORDS)


def test_bars() -> None:
    least = Bar("rate", 10, "/s", at_least=True)
    under = Bar("time", 10, "ms", at_least=False)
    assert least.met({"rate": 10})
    assert not least.met({"rate": 9.9})
    assert under.met({"time": 9.9})
    assert not under.met({"time": 10})
    assert not least.met({})
    assert (str(least), str(under)) == ("≥ 10 /s", "< 10 ms")
