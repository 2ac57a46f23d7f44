"""Policies from files in a session with a server of tools: lists, calls, what comes back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client.stdio import StdioServerParameters
from tests.mcp.test_proxy import PROXY, SHOP
from tests.mcp.test_relay import CLOCK, MAIL, Wire
from typer.testing import CliRunner

from aidefence.app.mcp_proxy import Behind, make_relay
from aidefence.app.settings import Settings
from aidefence.delivery.cli.main import app
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


DEPLOYED = """\
policy shop version 1

default allow
on error block

rule no-soup:
    block when tool.name is "price"
    because "Prices are not told today."
"""


def _policy(config: Path, *arguments: str) -> Any:
    given = ["policy", *arguments, "--config", str(config), "--json"]
    ran = CliRunner().invoke(app, given)
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


@pytest.mark.anyio
async def test_what_is_deployed_holds_in_a_session_that_runs(tmp_path: Path) -> None:
    config, source = tmp_path / "aidefence.toml", tmp_path / "shop.pdl"
    config.write_text(f'state_dir = "{tmp_path}"\ndeep = "off"\ndense = "off"\n', "utf-8")
    source.write_text(DEPLOYED, "utf-8")
    policy = _policy(config, "create", str(source), "--proof-optional")["policyId"]
    _policy(config, "deploy", policy)
    whole = [*PROXY, "--deployed", "--config", str(config), "--", *SHOP]
    before = StdioServerParameters(command=whole[0], args=whole[1:], env=dict(os.environ))

    async def asked(client: Client) -> str:
        try:
            cost = await client.call_tool("price", {"item": "soup"})
        except MCPError as error:
            return error.error.message
        text: str = cost.content[0].text  # type: ignore[union-attr]
        return text

    async def until(client: Client, told: str) -> None:
        for _ in range(300):
            if told in await asked(client):
                return
            await anyio.sleep(0.2)
        pytest.fail(f"{told}: not told in a minute")

    with anyio.fail_after(200):
        async with Client(before) as client:
            # From the first call on, by the reason that other doors tell, too.
            assert "Prices are not told today" in await asked(client)
            assert _policy(config, "rollback", policy)["version"] is None
            await until(client, "soup costs 12 euros")
            _policy(config, "deploy", policy)
            await until(client, "Prices are not told today")
    # Whoever does not ask for it is asked nothing; others' policies are not one's own.
    for option in ("mcp_proxy.deployed=false", "mcp_proxy.tenant=others"):
        other = [*whole[: whole.index("--")], "--set", option, "--", *SHOP]
        if option.endswith("false"):
            other.remove("--deployed")
        started = StdioServerParameters(command=other[0], args=other[1:], env=dict(os.environ))
        with anyio.fail_after(90):
            async with Client(started) as client:
                assert await asked(client) == "soup costs 12 euros"
