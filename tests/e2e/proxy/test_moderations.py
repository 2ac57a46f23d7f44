"""Moderations, asked by the client that everybody uses."""

from __future__ import annotations

from typing import Any

import pytest
from openai import APIStatusError
from tests.e2e.proxy.conftest import ATTACK, Gateway


def test_the_client_reads_what_is_answered(gateway: Gateway) -> None:
    fine = gateway.openai.moderations.create(input="When does the museum open?")
    assert [it.flagged for it in fine.results] == [False]
    assert fine.results[0].categories.violence is False
    told = gateway.openai.moderations.create(input=["Hello!", ATTACK], model="omni-moderation-x")
    assert [it.flagged for it in told.results] == [False, True]
    assert told.model == "omni-moderation-x"
    categories = told.results[1].categories.model_dump(by_alias=True)
    scores = told.results[1].category_scores.model_dump(by_alias=True)
    assert categories["prompt_injection"] is True
    assert scores["prompt_injection"] > 0.8
    assert categories["harassment/threatening"] is False


def test_parts_of_a_message_are_read_together(gateway: Gateway) -> None:
    picture: Any = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    told = gateway.openai.moderations.create(input=[{"type": "text", "text": ATTACK}, picture])
    assert [it.flagged for it in told.results] == [True]


def test_errors_are_read_too(gateway: Gateway) -> None:
    numbers: Any = [1, 2]
    with pytest.raises(APIStatusError) as refused:
        gateway.openai.moderations.create(input=numbers)
    assert refused.value.status_code == 422
    assert str(refused.value.param).startswith("input")
