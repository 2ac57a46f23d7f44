"""Policies in force at the door in front of models: calls of answers, answers, streams, counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
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

rule no-shell:
    block what breaks never tool.name is "shell" after taint.untrusted
    because "Strangers' text was read: no command is run."

rule two-notes:
    block what breaks at most 2 tool.name is "note" in 1 h

rule adults-only:
    block when fact("audience") is "minors"

rule no-kolibri:
    review when event is answer and text.length > 4_000
"""
SHELL = ("shell", {"command": "ls -la docs"})
NOTE = ("note", {"text": "milk"})
PAGE = "The museum opens at nine."
Called = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Spoken:
    """A dialect: how requests are written, and what an upstream answers."""

    path: str
    asked: Callable[[Sequence[Called]], list[dict[str, Any]]]
    """A chat in which these calls were made and answered."""
    answer: Callable[[Sequence[Called]], dict[str, Any]]
    stream: Callable[[Sequence[Called]], Reply]
    refusal: str

    def body(self, calls: Sequence[Called] = (), *, stream: bool = False) -> dict[str, Any]:
        key = "input" if self.path.endswith("responses") else "messages"
        more = {"max_tokens": 50} if self.path.endswith("/messages") else {}
        return {"model": "m", key: self.asked(calls), "stream": stream, **more}


# --- chat -------------------------------------------------------------------------------------


def _chat_call(at: int, call: Called) -> dict[str, Any]:
    function = {"name": call[0], "arguments": json.dumps(call[1])}
    return {"id": f"call_{at}", "type": "function", "function": function}


def _chat_asked(calls: Sequence[Called]) -> list[dict[str, Any]]:
    talk: list[dict[str, Any]] = [{"role": "user", "content": "When does it open?"}]
    for at, it in enumerate(calls):
        made = {"role": "assistant", "content": None, "tool_calls": [_chat_call(at, it)]}
        talk += [made, {"role": "tool", "tool_call_id": f"call_{at}", "content": PAGE}]
    return talk


def _chat_stream(calls: Sequence[Called]) -> Reply:
    parts = []
    for at, it in enumerate(calls):
        whole = _chat_call(at, it)
        begun = {**whole, "index": at, "function": {"name": it[0], "arguments": ""}}
        parts.append(chat.chunk({"tool_calls": [begun]}))
        parts += [
            chat.chunk({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})
            for piece in whole["function"]["arguments"]
        ]
    said = [chat.chunk({"role": "assistant", "content": "I look."}), *parts]
    return events([*said, chat.chunk({}, "tool_calls")], end=chat.DONE)


CHAT = Spoken(
    "/v1/chat/completions",
    _chat_asked,
    lambda calls: chat.whole(
        "I look.", tool_calls=[_chat_call(at, it) for at, it in enumerate(calls)]
    ),
    _chat_stream,
    "content_filter",
)

# --- responses --------------------------------------------------------------------------------


def _item(at: int, call: Called) -> dict[str, Any]:
    head = {"id": f"fc_{at}", "type": "function_call", "call_id": f"call_{at}", "name": call[0]}
    return {**head, "arguments": json.dumps(call[1]), "status": "completed"}


def _responses_asked(calls: Sequence[Called]) -> list[dict[str, Any]]:
    talk: list[dict[str, Any]] = [{"role": "user", "content": "When does it open?"}]
    for at, it in enumerate(calls):
        output = {"type": "function_call_output", "call_id": f"call_{at}", "output": PAGE}
        talk += [_item(at, it), output]
    return talk


def _responses_stream(calls: Sequence[Called]) -> Reply:
    begun = {"type": "response.created", "response": responses.response(status="in_progress")}
    said: list[dict[str, Any]] = [begun]
    items = [_item(at, it) for at, it in enumerate(calls)]
    stem = "response.function_call_arguments"
    for at, item in enumerate(items):
        place: dict[str, Any] = {"item_id": item["id"], "output_index": at}
        empty = {**item, "arguments": ""}
        said.append({"type": "response.output_item.added", "output_index": at, "item": empty})
        said += [{"type": f"{stem}.delta", **place, "delta": it} for it in item["arguments"]]
        said.append({"type": f"{stem}.done", **place, "arguments": item["arguments"]})
        said.append({"type": "response.output_item.done", "output_index": at, "item": item})
    said.append({"type": "response.completed", "response": responses.response(*items)})
    return events(responses.numbered(*said), named=True)


RESPONSES = Spoken(
    "/v1/responses",
    _responses_asked,
    lambda calls: responses.response(*(_item(at, it) for at, it in enumerate(calls))),
    _responses_stream,
    '"refusal"',
)

# --- messages ---------------------------------------------------------------------------------


def _use(at: int, call: Called) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{at}", "name": call[0], "input": call[1]}


def _messages_asked(calls: Sequence[Called]) -> list[dict[str, Any]]:
    talk: list[dict[str, Any]] = [{"role": "user", "content": "When does it open?"}]
    for at, it in enumerate(calls):
        result = {"type": "tool_result", "tool_use_id": f"toolu_{at}", "content": PAGE}
        talk.append({"role": "assistant", "content": [_use(at, it)]})
        talk.append({"role": "user", "content": [result]})
    return talk


def _messages_stream(calls: Sequence[Called]) -> Reply:
    said = messages.text(0, "I look.")
    for at, it in enumerate(calls, 1):
        deltas = ({"type": "input_json_delta", "partial_json": c} for c in json.dumps(it[1]))
        said += messages.block(at, {**_use(at, it), "input": {}}, *deltas)
    return events(messages.message(*said, reason="tool_use"), named=True)


MESSAGES = Spoken(
    "/v1/messages",
    _messages_asked,
    lambda calls: messages.whole(*(_use(at, it) for at, it in enumerate(calls))),
    _messages_stream,
    '"refusal"',
)
ALL = pytest.mark.parametrize("spoken", [CHAT, RESPONSES, MESSAGES], ids=lambda it: it.path)
EACH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@pytest.fixture(scope="module")
def strict(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    path: Path = tmp_path_factory.mktemp("policies") / "house.pdl"
    path.write_text(POLICY, "utf-8")
    return start(policies={"files": [str(path)]})


def ask(
    gateway: Gateway,
    spoken: Spoken,
    answered: Sequence[Called],
    *,
    before: Sequence[Called] = (),
    session: str | None = None,
    stream: bool = False,
) -> httpx.Response:
    gateway.upstream.answer = lambda _: (
        spoken.stream(answered) if stream else told(spoken.answer(answered))
    )
    headers = {"anthropic-version": "2023-06-01", "x-aidefence-key": "-"}
    if session is not None:
        headers["x-aidefence-session"] = session
    body = spoken.body(before, stream=stream)
    answer = httpx.post(gateway.url + spoken.path, json=body, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer


def passed(answer: httpx.Response, call: Called) -> bool:
    """Whether what the call says went on; its name alone makes no call."""
    [said] = call[1].values()
    return said in answer.text


@ALL
@EACH
def test_a_call_is_stopped_once_strangers_text_was_read(
    strict: Gateway, spoken: Spoken, stream: bool
) -> None:
    name = f"{spoken.path} {stream}"
    assert passed(ask(strict, spoken, [SHELL], session=name, stream=stream), SHELL)
    told = ask(strict, spoken, [NOTE, SHELL], before=[SHELL], session=name, stream=stream)
    assert not passed(told, SHELL), told.text
    assert spoken.refusal in told.text
    assert "policy house/no-shell" in told.text
    if not stream:
        assert told.headers["x-aidefence-action"] == "block"
        assert told.headers["x-aidefence-rule"] == "house/no-shell"
        assert "+house.1-" in told.headers["x-aidefence-policy"]
        assert told.headers["x-aidefence-verdict"] == "benign"
    # What was read is known of the session, whatever the next request brings along.
    assert not passed(ask(strict, spoken, [SHELL], session=name, stream=stream), SHELL)
    assert passed(ask(strict, spoken, [SHELL], session=f"other {name}", stream=stream), SHELL)


@ALL
@EACH
def test_a_call_counts_where_it_was_judged_and_not_again(
    strict: Gateway, spoken: Spoken, stream: bool
) -> None:
    name = f"notes {spoken.path} {stream}"
    assert passed(ask(strict, spoken, [NOTE], session=name, stream=stream), NOTE)
    # It comes back twice, answered, with the next two requests.
    for _ in range(2):
        ask(strict, spoken, [], before=[NOTE], session=name, stream=stream)
    assert passed(ask(strict, spoken, [NOTE], before=[NOTE], session=name, stream=stream), NOTE)
    told = ask(strict, spoken, [NOTE], before=[NOTE, NOTE], session=name, stream=stream)
    assert not passed(told, NOTE)
    assert "policy house/two-notes" in told.text


@ALL
@EACH
def test_two_calls_that_say_the_same_are_two(strict: Gateway, spoken: Spoken, stream: bool) -> None:
    name = f"twins {spoken.path} {stream}"
    assert passed(ask(strict, spoken, [NOTE, NOTE], session=name, stream=stream), NOTE)
    assert not passed(ask(strict, spoken, [NOTE], session=name, stream=stream), NOTE)


def test_what_an_answer_says_is_asked_about(strict: Gateway) -> None:
    words = "The museum opens at nine. " * 200
    strict.upstream.answer = lambda _: told(chat.whole(words))
    answer = strict.openai.chat.completions.with_raw_response.create(model="m", messages=chat.HELLO)
    assert answer.parse().choices[0].message.content is None
    assert answer.headers["x-aidefence-rule"] == "house/no-kolibri"
    strict.upstream.answer = lambda _: events(chat.spoken(*words.split(" ")), end=chat.DONE)
    text, refusal, reason = chat.streamed(strict)
    assert (reason, "house/no-kolibri" in refusal) == ("content_filter", True)
    assert len(text) < len(words)


def test_facts_come_in_a_header(strict: Gateway) -> None:
    def told(facts: str) -> httpx.Response:
        headers = {"x-aidefence-facts": facts}
        return httpx.post(strict.url + CHAT.path, json=CHAT.body(), headers=headers, timeout=30)

    assert told('{"audience": "minors"}').headers["x-aidefence-rule"] == "house/adults-only"
    assert "x-aidefence-rule" not in told('{"audience": "adults"}').headers
    assert told("minors").status_code == 422
    assert told('{"audience": ["minors"]}').status_code == 422


def test_requests_are_told_the_rule_too(strict: Gateway) -> None:
    answer = ask(strict, CHAT, [], before=[], session="calm")
    assert "+house.1-" in answer.headers["x-aidefence-policy"]
    assert "x-aidefence-rule" not in answer.headers
