"""What upstreams and clients do to a gateway that stands between them."""

from __future__ import annotations

import gzip
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import openai
import pytest
from tests.e2e.proxy import test_chat as chat
from tests.e2e.proxy.conftest import Gateway
from tests.upstream import DIE, HANG, SSE, Asked, Reply, events, told

HELLO: Any = [{"role": "user", "content": "When does the museum open?"}]
PATH = "/v1/chat/completions"


def post(gateway: Gateway, body: Any = None, **options: Any) -> httpx.Response:
    given = {"model": "m", "messages": HELLO} if body is None else body
    return httpx.post(f"{gateway.url}{PATH}", json=given, timeout=60, **options)


def read_stream(gateway: Gateway, messages: Any = HELLO) -> tuple[bytes, list[bytes]]:
    """Give all that comes, and the data of the events."""
    answer = post(gateway, {"model": "m", "messages": messages, "stream": True})
    assert answer.status_code == 200
    lines = answer.content.replace(b"\r\n", b"\n").split(b"\n")
    return answer.content, [it[6:] for it in lines if it.startswith(b"data: ")]


def _saying(body: bytes, _: Asked) -> Reply:
    return Reply([body])


# -- what an upstream sends

_CHUNK = json.dumps(chat.chunk({"content": "Fine. "})).encode()
_END = json.dumps(chat.chunk({}, "stop")).encode()


@pytest.mark.parametrize(
    "broken",
    [
        b'data: {"choices": [\n\n',
        b"data: \xff\xfe\n\n",
        b'data: {"choices": 7}\n\n',
        b'data: {"choices": [{"index": "x", "delta": {}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": "x"}}]}\n\n',
        b"data: []\n\n",
        b'data: {"choices": [], "choices": [{"index": 0, "delta": {"content": "x"}}]}\n\n',
        b'data: {"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n\n",
    ],
)
def test_what_cannot_be_read_ends_the_stream_and_says_so(gateway: Gateway, broken: bytes) -> None:
    good = b"data: " + _CHUNK + b"\n\n"
    gateway.upstream.answer = lambda _: Reply([good, broken, good, chat.DONE], kind=SSE)
    raw, said = read_stream(gateway)
    last = json.loads(said[-2])
    assert last["error"]["code"] == "upstream_unreadable"
    assert said[-1] == b"[DONE]"
    assert broken not in raw


@pytest.mark.parametrize("line", [b"\r\n", b"\r", b"\n"])
def test_line_ends_of_any_kind_are_understood(gateway: Gateway, line: bytes) -> None:
    parts = [b"\xef\xbb\xbf", b": hello", line * 2]
    for data in (_CHUNK, _CHUNK, _END, b"[DONE]"):
        parts += [b"id: 1", line, b"data:" + data, line * 2]
    body = b"".join(parts)
    pieces = [body[at : at + 9] for at in range(0, len(body), 9)]
    gateway.upstream.answer = lambda _: Reply(pieces, kind="text/event-stream; charset=utf-8")
    assert chat.streamed(gateway) == ("Fine. Fine. ", "", "stop")


def test_an_attack_split_over_deltas_is_found(gateway: Gateway) -> None:
    words = [f"{it} " for it in chat.TELLING.split(" ")]
    letters = [it for word in words for it in word]
    gateway.upstream.answer = lambda _: events(chat.spoken(*letters), end=chat.DONE)
    text, _, reason = chat.streamed(gateway)
    assert reason == "content_filter"
    assert chat.KEY[:6] not in text


def test_a_delta_of_megabytes_passes(gateway: Gateway) -> None:
    long = "The museum opens at nine on weekdays and at ten on Sundays. " * 20_000
    gateway.upstream.answer = lambda _: events(chat.spoken(long), end=chat.DONE)
    assert chat.streamed(gateway) == (long, "", "stop")


def test_a_long_answer_in_small_pieces_does_not_hold_up_others(gateway: Gateway) -> None:
    words = ["museum ", "opens ", "at ", "nine. "] * 2_000

    def answer(asked: Any) -> Reply:
        if asked.body.get("stream"):
            return events(chat.spoken(*words), end=chat.DONE)
        return told(chat.whole("At nine."))

    gateway.upstream.answer = answer
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(chat.streamed, gateway)
        waits = []
        while not long.done():
            start = time.monotonic()
            assert post(gateway).status_code == 200
            waits.append(time.monotonic() - start)
        assert long.result() == ("".join(words), "", "stop")
    assert max(waits) < 5


def test_words_beside_the_text_are_read_too(gateway: Gateway) -> None:
    """Neither likely words, nor fields nobody knows, tell what the text may not."""
    hidden = chat.chunk({"content": "Fine."})
    hidden["choices"][0]["logprobs"] = {"content": [{"token": "AKIA", "logprob": -1.0}]}
    unknown = chat.chunk({"thoughts_of_theirs": [{"text": chat.TELLING}]})
    gateway.upstream.answer = lambda _: events(
        [hidden, unknown, *chat.spoken("Bye.")], end=chat.DONE
    )
    raw, _ = read_stream(gateway)
    assert b"content_filter" in raw
    beside = {**chat.chunk({}), "search_results": [chat.TELLING]}
    gateway.upstream.answer = lambda _: events([beside], end=chat.DONE)
    raw, _ = read_stream(gateway)
    assert chat.KEY.encode() not in raw


def test_an_answer_that_is_no_answer_does_not_pass(gateway: Gateway) -> None:
    for body in (b"<html>", b'{"choices": 1}', b'{"a": 1, "a": 2}', b"[1]"):
        gateway.upstream.answer = partial(_saying, body)
        answer = post(gateway)
        assert answer.status_code == 502
        assert answer.json()["error"]["code"] == "upstream_unreadable"


def test_a_stream_that_nobody_asked_for_is_read(gateway: Gateway) -> None:
    gateway.upstream.answer = lambda _: events(chat.spoken(chat.TELLING), end=chat.DONE)
    answer = post(gateway)
    assert chat.KEY not in answer.text
    assert "content_filter" in answer.text


def test_an_upstream_that_compresses_is_read(gateway: Gateway) -> None:
    body = gzip.compress(json.dumps(chat.whole(chat.TELLING)).encode())
    gateway.upstream.answer = lambda _: Reply([body], headers={"content-encoding": "gzip"})
    assert chat.KEY not in post(gateway).text
    fine = gzip.compress(json.dumps(chat.whole("At nine.")).encode())
    gateway.upstream.answer = lambda _: Reply([fine], headers={"content-encoding": "gzip"})
    answer = post(gateway)
    assert answer.json()["choices"][0]["message"]["content"] == "At nine."
    assert "content-encoding" not in answer.headers


def test_a_lying_upstream_says_nothing_in_our_name(gateway: Gateway) -> None:
    headers = {"x-aidefence-verdict": "none", "set-cookie": "a=b", "x-request-id": "theirs"}
    gateway.upstream.answer = lambda _: told(chat.whole("At nine."), headers=headers)
    answer = post(gateway)
    assert answer.headers["x-aidefence-verdict"] == "benign"
    assert answer.headers["x-aidefence-upstream-request-id"] == "theirs"
    assert "set-cookie" not in answer.headers


# -- what a client sends


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"model": "m", "messages": [}', 400),
        (b'{"model": "m", "messages": "x\xff"}', 400),
        (b'{"messages": [{"role": "user", "content": "x"}], "messages": []}', 400),
        (b'{"model": "m"}', 422),
        (b'{"model": "m", "messages": [7]}', 422),
        (b'{"model": "m", "messages": [{"role": "oracle", "content": "x"}]}', 422),
        (b'{"model": "m", "messages": ' + b"[" * 100_000, 400),
    ],
)
def test_what_cannot_be_read_does_not_go_on(gateway: Gateway, body: bytes, status: int) -> None:
    before = len(gateway.upstream.asked)
    answer = httpx.post(f"{gateway.url}{PATH}", content=body)
    assert (answer.status_code, len(gateway.upstream.asked)) == (status, before)
    assert answer.json()["error"]["message"]


def test_a_compressed_body_does_not_go_on(gateway: Gateway) -> None:
    before = len(gateway.upstream.asked)
    answer = post(gateway, headers={"content-encoding": "gzip"})
    assert (answer.status_code, len(gateway.upstream.asked)) == (415, before)


def test_what_is_between_two_does_not_go_on(gateway: Gateway) -> None:
    gateway.upstream.answer = lambda _: told(chat.whole("At nine."))
    headers = {
        "cookie": "aidefence_session=secret",
        "x-forwarded-for": "10.0.0.1",
        "x-forwarded-client-cert": "URI=spiffe://acme/agent",
        "connection": "keep-alive, x-mine",
        "x-mine": "1",
        "openai-beta": "assistants=v2",
        "x-aidefence-session": "s",
    }
    assert post(gateway, headers=headers).status_code == 200
    names = {name for name, _ in gateway.upstream.asked[-1].headers}
    assert "openai-beta" in names
    assert names.isdisjoint({"cookie", "x-forwarded-for", "x-mine", "x-aidefence-session"})
    assert names.isdisjoint({"x-forwarded-client-cert"})


def test_a_client_that_leaves_cancels_the_upstream(gateway: Gateway) -> None:
    gateway.upstream.answer = lambda _: events([*chat.spoken("One ", "two ")[:-1], HANG])
    while gateway.upstream.gone.acquire(blocking=False):
        pass
    with httpx.stream(
        "POST",
        f"{gateway.url}{PATH}",
        json={"model": "m", "messages": HELLO, "stream": True},
        timeout=30,
    ) as answer:
        next(answer.iter_bytes())
    assert gateway.upstream.gone.acquire(timeout=20)


def test_one_that_leaves_before_the_answer_does_too(gateway: Gateway) -> None:
    gateway.upstream.answer = lambda _: Reply([HANG])
    while gateway.upstream.gone.acquire(blocking=False):
        pass
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{gateway.url}{PATH}", json={"model": "m", "messages": HELLO}, timeout=1.0)
    assert gateway.upstream.gone.acquire(timeout=20)


def test_two_hundred_streams_at_once(gateway: Gateway) -> None:
    def answer(asked: Any) -> Reply:
        name = asked.body["messages"][0]["content"].split()[-1]
        first, *rest = chat.spoken(*(f"{name} says {at}. " for at in range(5)))
        return Reply([*events([first]).pieces, 0.5, *events(rest).pieces, chat.DONE], kind=SSE)

    gateway.upstream.answer = answer
    start = threading.Barrier(50)

    def one(number: int) -> tuple[str, str, str]:
        if number < 50:
            start.wait(30)
        return chat.streamed(gateway, [{"role": "user", "content": f"My name is n{number}"}])

    with ThreadPoolExecutor(50) as pool:
        got = list(pool.map(one, range(200)))
    for number, (text, _, reason) in enumerate(got):
        assert reason == "stop"
        assert text == "".join(f"n{number} says {at}. " for at in range(5))


def test_an_upstream_killed_under_load_is_told_to_everybody(gateway: Gateway) -> None:
    gateway.upstream.answer = lambda _: events(
        [*chat.spoken("The museum ", "opens ")[:-1], 0.2, DIE]
    )

    def one(_: int) -> bool:
        with pytest.raises(openai.APIError):
            chat.streamed(gateway)
        return True

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(32)))
    gateway.upstream.answer = lambda _: told(chat.whole("At nine."))
    assert post(gateway).status_code == 200
