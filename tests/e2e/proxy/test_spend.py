"""What answers cost, by what upstreams report: policies hold sessions to a limit."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.e2e.proxy import test_chat as chat
from tests.e2e.proxy import test_messages as messages
from tests.e2e.proxy import test_responses as responses
from tests.e2e.proxy.conftest import Gateway, Start
from tests.upstream import Reply, events, told

POLICY = """\
policy house version 1

default profile
on error block

rule dear:
    block when session.spend >= 0.50 EUR

rule dear-tenant:
    flag when tenant.spend >= 100 EUR
"""
# A thousand tokens read and as many written cost 3 + 12 cents.
PRICES = [{"models": "m", "read": 30, "written": 120}]
CHAT_USAGE = {"prompt_tokens": 1_000, "completion_tokens": 1_000, "total_tokens": 2_000}
USAGE = {"input_tokens": 1_000, "output_tokens": 1_000, "total_tokens": 2_000}
_CHUNK = {**chat.chunk({}), "choices": [], "usage": CHAT_USAGE}
_BEGUN = {"type": "message_start", "message": {**messages.whole(), "usage": USAGE}}
_RESPONSE = {**responses.response(responses.message("Nine.")), "usage": USAGE}
_STREAM = responses.text_events("Nine.")
_LAST = {"type": "response.completed", "response": _RESPONSE, "sequence_number": len(_STREAM) - 1}

ANSWERS: dict[str, tuple[str, Reply]] = {
    "chat": ("chat/completions", told({**chat.whole("Nine."), "usage": CHAT_USAGE})),
    "chat in a stream": (
        "chat/completions",
        events([*chat.spoken("Nine."), _CHUNK], end=chat.DONE),
    ),
    "responses": ("responses", told(_RESPONSE)),
    "responses in a stream": ("responses", events([*_STREAM[:-1], _LAST], named=True)),
    "messages": (
        "messages",
        told({**messages.whole({"type": "text", "text": "Nine."}), "usage": USAGE}),
    ),
    "messages in a stream": (
        "messages",
        events([_BEGUN, *messages.text(0, "Nine."), {"type": "message_stop"}], named=True),
    ),
}


@pytest.fixture(scope="module")
def priced(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    path = tmp_path_factory.mktemp("policies") / "house.pdl"
    path.write_text(POLICY, "utf-8")
    return start(policies={"files": [str(path)]}, proxy={"prices": PRICES})


def ask(gateway: Gateway, kind: str, session: str, **more: Any) -> httpx.Response:
    path, reply = ANSWERS[kind]
    gateway.upstream.answer = lambda _: reply
    given: Any = [{"role": "user", "content": "When does the museum open?"}]
    body = {"model": "m", "input" if path == "responses" else "messages": given, **more}
    headers = {"x-aidefence-session": session}
    answer = httpx.post(f"{gateway.url}/v1/{path}", json=body, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_session_is_stopped_at_its_limit(priced: Gateway, kind: str) -> None:
    # 15 cents each: the fifth request meets 60.
    rules = [ask(priced, kind, kind).headers.get("x-aidefence-rule", "") for _ in range(5)]
    assert rules == ["", "", "", "", "house/dear"]
    assert "x-aidefence-rule" not in ask(priced, kind, f"other {kind}").headers


def test_what_has_no_price_is_told(priced: Gateway) -> None:
    answer = ask(priced, "chat", "unpriced")
    assert "policy.session.spend" not in answer.headers.get("x-aidefence-degraded", "")
    alone = httpx.post(
        f"{priced.url}/v1/chat/completions",
        json={"model": "m", "messages": chat.HELLO},
        timeout=30,
    )
    assert "policy.session.spend" in alone.headers["x-aidefence-degraded"]
    assert "policy.tenant.spend" not in alone.headers["x-aidefence-degraded"]
