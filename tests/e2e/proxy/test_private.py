"""Private values go out as tokens and come back as they were, wherever the model puts them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.e2e.proxy import test_chat as chat
from tests.e2e.proxy import test_messages as messages
from tests.e2e.proxy import test_responses as responses
from tests.e2e.proxy.conftest import Gateway, Start
from tests.upstream import Asked, Reply, events, told

MAIL = "mia.ober@oberlin-bau.io"
ASK = f"Please write to {MAIL} that we meet at noon."
TOKEN = re.compile(r"<EMAIL_ADDRESS_\w+>")
SEND: Any = {
    "type": "function",
    "function": {
        "name": "send_mail",
        "description": "Send a mail to somebody the user knows.",
        "parameters": {"type": "object", "properties": {"to": {"type": "string"}}},
    },
}


@pytest.fixture(scope="module")
def private(start: Start) -> Gateway:
    return start(proxy={"private_data": "tokens"})


def token_in(asked: Asked) -> str:
    text = asked.data.decode()
    assert MAIL not in text
    found = TOKEN.search(json.dumps(asked.body))
    assert found is not None, text
    return found.group()


def user(text: str = ASK) -> Any:
    return [{"role": "user", "content": text}]


def test_an_answer_gets_them_back(private: Gateway) -> None:
    private.upstream.answer = lambda it: told(chat.whole(f"I wrote to {token_in(it)}."))
    answer = private.openai.chat.completions.with_raw_response.create(model="m", messages=user())
    assert answer.parse().choices[0].message.content == f"I wrote to {MAIL}."
    assert answer.headers["x-aidefence-action"] == "redact"


@pytest.mark.parametrize("size", [1, 4, 11])
def test_a_stream_gets_them_back_however_it_is_cut(private: Gateway, size: int) -> None:
    def answer(asked: Asked) -> Reply:
        text = f"I wrote to {token_in(asked)} as you said."
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        return events(chat.spoken(*pieces), end=chat.DONE)

    private.upstream.answer = answer
    text, _, reason = chat.streamed(private, user())
    assert (text, reason) == (f"I wrote to {MAIL} as you said.", "stop")


def test_calls_get_them_back(private: Gateway) -> None:
    def answer(asked: Asked) -> Reply:
        arguments = json.dumps({"to": token_in(asked)})
        call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "send_mail"}}
        parts = [
            chat.chunk({"tool_calls": [{"index": 0, "function": {"arguments": it}}]})
            for it in arguments
        ]
        first = chat.chunk({"tool_calls": [call]})
        return events([first, *parts, chat.chunk({}, "tool_calls")], end=chat.DONE)

    private.upstream.answer = answer
    got = ""
    for it in chat.ask(private, user(), stream=True, tools=[SEND]):
        for part in it.choices[0].delta.tool_calls or () if it.choices else ():
            got += part.function.arguments or ""
    assert json.loads(got) == {"to": MAIL}


def test_messages_get_them_back_and_thoughts_stay_sealed(private: Gateway) -> None:
    def answer(asked: Asked) -> Reply:
        token = token_in(asked)
        thought = messages.block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": f"They want {token}."},
            {"type": "signature_delta", "signature": "c2ln"},
        )
        written = json.dumps({"to": token})
        use = messages.block(
            2,
            {"type": "tool_use", "id": "toolu_1", "name": "send_mail", "input": {}},
            *({"type": "input_json_delta", "partial_json": it} for it in written),
        )
        text = messages.text(1, "To ", token[:5], token[5:], ".")
        return events(messages.message(*thought, *text, *use, reason="tool_use"), named=True)

    private.upstream.answer = answer
    answer_ = messages.streamed(private, user())
    assert TOKEN.search(answer_.content[0].thinking)
    assert answer_.content[1].text == f"To {MAIL}."
    assert answer_.content[2].input == {"to": MAIL}


def test_responses_get_them_back_also_at_their_end(private: Gateway) -> None:
    private.upstream.answer = lambda it: events(
        responses.text_events("To ", token_in(it)[:7], token_in(it)[7:], "."), named=True
    )
    seen, answer = responses.streamed(private, ASK)
    assert answer.output_text == f"To {MAIL}."
    assert not TOKEN.search(repr(seen))


def test_what_holds_a_request_together_stays(private: Gateway) -> None:
    sealed = "EqQBCgIYAhIM" + "1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk" * 8
    thinking = {"type": "thinking", "thinking": f"It is {MAIL}.", "signature": sealed}
    use = {"type": "tool_use", "id": "toolu_01A09q90qw90lq917835lq9", "name": "find", "input": {}}
    result = {
        "type": "tool_result",
        "tool_use_id": "toolu_01A09q90qw90lq917835lq9",
        "content": f"Found: {MAIL}",
    }
    private.upstream.answer = lambda _: told(messages.whole({"type": "text", "text": "Fine."}))
    messages.ask(
        private,
        [
            *user(),
            {"role": "assistant", "content": [thinking, use]},
            {"role": "user", "content": [result]},
        ],
    )
    said = private.upstream.asked[-1].body["messages"]
    assert said[1]["content"][0] == thinking
    assert said[1]["content"][1]["id"] == said[2]["content"][0]["tool_use_id"] == use["id"]
    assert TOKEN.search(said[2]["content"][0]["content"])


def test_sessions_of_others_open_nothing(private: Gateway) -> None:
    tokens: dict[str, str] = {}

    def ask(session: str | None, text: str) -> str:
        headers = {} if session is None else {"X-AIDefence-Session": session}
        answer = private.openai.chat.completions.create(
            model="m", messages=user(text), extra_headers=headers
        )
        return str(answer.choices[0].message.content)

    def keep(name: str) -> None:
        def answer(asked: Asked) -> Reply:
            tokens[name] = token_in(asked)
            return told(chat.whole("Fine."))

        private.upstream.answer = answer

    for name in ("one", "one again", "two"):
        keep(name)
        ask(name.split()[0], ASK)
    assert tokens["one"] == tokens["one again"] != tokens["two"]
    other = f"And to {MAIL.replace('mia', 'tom')} as well."
    private.upstream.answer = lambda _: told(chat.whole(f"Tell {tokens['one']} too."))
    assert ask("one", other) == f"Tell {MAIL} too."
    assert ask("two", other) == f"Tell {tokens['one']} too."
    assert ask(None, other) == f"Tell {tokens['one']} too."
