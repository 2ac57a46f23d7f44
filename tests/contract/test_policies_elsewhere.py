"""Policies from files decide wherever something is decided: tools, calls, traces, texts, facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import Ask

from aidefence.app.settings import Settings

POLICY = """\
policy house version 1

default profile
on error block

rule no-shell:
    block when tool.name is "shell" and taint.untrusted
    because "Strangers' text was read: no command is run."

rule one-note:
    review what breaks at most 1 tool.name is "note" in 1 h

rule long-words:
    block when event is answer and text.length > 100

rule no-eve:
    flag when event is document and any_origin(tool) and text.length > 10

rule minors:
    block when fact("audience") is "minors" and tool.name is "note"

rule dear:
    block when fact("price") > 10 EUR

rule strangers:
    review when role in ("viewer", "analyst")
"""
SHELL = {"name": "shell", "arguments": {"command": "ls -la docs"}}
NOTE = {"name": "note", "arguments": {"text": "milk"}}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "house.pdl"
    path.write_text(POLICY, "utf-8")
    return settings.model_copy(
        update={"policies": settings.policies.model_copy(update={"files": (path,)})}
    )


def said(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_call_is_held_against_policies_with_what_was_seen(ask: Ask) -> None:
    calm = said(ask("POST", "/api/v2/tools/call", json=SHELL))
    assert (calm["action"], calm["reasons"]) == ("allow", [])
    assert "+house.1-" in calm["policyVersion"]
    held = said(ask("POST", "/api/v2/tools/call", json={**SHELL, "seen": ["Nice weather."]}))
    assert held["action"] == "block"
    assert "rule `no-shell` says block: Strangers' text was read" in held["reasons"][0]


def test_calls_of_a_session_are_counted(ask: Ask) -> None:
    def note(session: str) -> str:
        body = {**NOTE, "context": {"sessionId": session}}
        return str(said(ask("POST", "/api/v2/tools/call", json=body))["action"])

    assert [note("a"), note("a"), note("b")] == ["allow", "review", "allow"]


def test_traces_and_definitions_are_asked_about(ask: Ask) -> None:
    function = {"name": "shell", "arguments": '{"command": "ls"}'}
    made = {"id": "2", "type": "function", "function": function}
    read = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    trace = [
        {"role": "user", "content": "Sum the page up."},
        {"role": "assistant", "content": None, "tool_calls": [read]},
        {"role": "tool", "tool_call_id": "1", "content": "Nice weather."},
        {"role": "assistant", "content": None, "tool_calls": [made]},
    ]
    told = said(ask("POST", "/api/v2/tools/trace", json={"messages": trace}))
    assert told["action"] == "block"
    assert said(ask("POST", "/api/v2/tools/trace", json={"messages": trace[:3]}))["reasons"] == []
    tool = {"name": "look", "description": "Look at a page.", "inputSchema": {"type": "object"}}
    body = {"tools": [tool], "context": {"sessionId": "s"}}
    told = said(ask("POST", "/api/v2/tools/scan", json=body))
    assert (told["action"], told["findings"]) == ("flag", [])
    assert "rule `no-eve` says flag" in told["reasons"][0]
    # Definitions bring nothing into a session.
    told = said(ask("POST", "/api/v2/tools/call", json={**SHELL, "context": body["context"]}))
    assert told["action"] == "allow"


def test_facts_are_those_that_the_application_tells(ask: Ask) -> None:
    def call(**facts: object) -> dict[str, Any]:
        body = {**NOTE, "context": {"facts": facts}}
        return said(ask("POST", "/api/v2/tools/call", json=body))

    assert call(audience="minors", price="9.99")["action"] == "block"
    calm = call(audience="adults", price=9)
    assert calm["action"] == "allow"
    assert not any("fact" in it["check"] for it in calm["degraded"])
    assert call(audience="adults", price=10.01)["action"] == "block"
    missing = {it["check"] for it in call(price=1)["degraded"]}
    assert 'policy.fact("audience")' in missing
    assert 'policy.fact("price") as money' not in missing
    for facts in ({"x": ["y"]}, {"": "y"}, {str(at): at for at in range(65)}, {"a": "b" * 1_001}):
        answer = ask("POST", "/api/v2/detect", json={"content": "a", "context": {"facts": facts}})
        assert answer.status_code == 422, answer.text
