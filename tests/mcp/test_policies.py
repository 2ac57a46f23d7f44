"""Policies from files in a session with a server of tools: lists, calls, what comes back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client.stdio import StdioServerParameters
from tests.mcp.test_proxy import PROXY, SHOP
from tests.mcp.test_relay import CLOCK, MAIL, Wire

from aidefence.app.mcp_proxy import Behind, make_relay
from aidefence.app.settings import Settings
from aidefence.delivery.mcp.codes import Code
from mcp import Client, MCPError

POLICY = """\
policy house version 1

default profile
on error block

rule no-mail:
    block what breaks never tool.can(outward) after taint.untrusted
    because "Strangers' text was read: nothing is sent."

rule two-looks:
    block what breaks at most 2 tool.name in ("clock", "price") in 1 h

rule no-knives:
    block when event is document and text.length > 4_000

rule no-novels:
    review when event is result and text.length > 2_000
"""
KNIFE = {**CLOCK, "name": "knife", "description": "Cuts bread. " * 400}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "house.pdl"
    path.write_text(POLICY, "utf-8")
    return path


@pytest.fixture
def wire(policy: Path, tmp_path: Path) -> Wire:
    return _wire(policy, tmp_path)


def _wire(policy: Path, state: Path) -> Wire:
    made = Wire()
    settings = Settings.model_validate({"state_dir": state, "policies": {"files": [str(policy)]}})
    made.relay = make_relay(settings, Behind(), made.events.append)
    return made


def _call(wire: Wire, name: str, text: str = "Fine.", id_: int = 1, **arguments: str) -> Any:
    result = {"content": [{"type": "text", "text": text}]}
    return wire.ask("tools/call", result, id_, name=name, arguments=arguments)


def test_a_call_is_held_once_strangers_have_spoken(wire: Wire) -> None:
    listed = wire.ask("tools/list", {"tools": [CLOCK, MAIL]})
    assert [it["name"] for it in listed["result"]["tools"]] == ["clock", "send_email"]
    # What a server says of its tools is no stranger's text that a session has read.
    assert "result" in wire.ask("resources/list", {"resources": [{"uri": "a://b", "name": "b"}]})
    forwarded, refused = wire.client(
        {
            "jsonrpc": "2.0",
            "id": 5,
            "method": "tools/call",
            "params": {"name": "send_email", "arguments": {"to": "a@b.example", "body": "x"}},
        }
    )
    assert (len(forwarded), refused) == (1, [])
    assert "result" in _call(wire, "clock", "It is nine.")
    told = _call(wire, "send_email", to="ann@example.org", body="It is nine.")
    assert told["error"]["code"] == Code.BLOCKED
    assert "Strangers' text was read" in told["error"]["message"]
    [finding] = told["error"]["data"]["findings"]
    assert (finding["ruleId"], finding["action"]) == ("house/no-mail", "block")


def test_calls_are_counted_by_session(policy: Path, tmp_path: Path) -> None:
    one, other = _wire(policy, tmp_path), _wire(policy, tmp_path)
    assert ["result" in _call(one, "clock", id_=at) for at in range(3)] == [True, True, False]
    assert "result" in _call(other, "clock")


def test_definitions_and_results_are_asked_about(wire: Wire) -> None:
    listed = wire.ask("tools/list", {"tools": [CLOCK, KNIFE]})["result"]
    assert [it["name"] for it in listed["tools"]] == ["clock"]
    [note] = listed["_meta"]["aidefence/decision"]["tools"]
    assert (note["name"], note["findings"][0]["ruleId"]) == ("knife", "house/no-knives")
    assert _call(wire, "knife")["error"]["code"] == Code.BLOCKED
    told = _call(wire, "clock", "It is nine and all is well. " * 100)
    assert told["error"]["data"]["findings"][0]["ruleId"] == "house/no-novels"


@pytest.mark.anyio
async def test_the_real_client_is_told_the_rule(policy: Path, tmp_path: Path) -> None:
    settings = {"AIDEFENCE_POLICIES__FILES": str(policy), "AIDEFENCE_STATE_DIR": str(tmp_path)}
    before = StdioServerParameters(
        command=PROXY[0], args=[*PROXY[1:], "--", *SHOP], env={**os.environ, **settings}
    )
    with anyio.fail_after(90):
        async with Client(before) as client:
            for _ in range(2):
                cost = await client.call_tool("price", {"item": "soup"})
                assert cost.content[0].text == "soup costs 12 euros"  # type: ignore[union-attr]
            with pytest.raises(MCPError) as stopped:
                await client.call_tool("price", {"item": "soup"})
            assert stopped.value.error.code == Code.BLOCKED
            assert "house" in stopped.value.error.message
