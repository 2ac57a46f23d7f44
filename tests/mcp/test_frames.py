"""Lines that two readers may understand differently do not pass."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidefence.delivery.mcp.codes import Code
from aidefence.delivery.mcp.proxy.frames import FrameError, key_of, read_frame, write
from aidefence.delivery.mcp.proxy.lines import Oversized, lines
from aidefence.delivery.mcp.proxy.passages import TEXTS_MAX, passages_of, with_texts
from aidefence.domain.errors import LimitError

CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"price"}}'


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", Code.PARSE),
        ("hello", Code.PARSE),
        (CALL[:-1], Code.PARSE),
        (CALL + CALL, Code.PARSE),
        ("[" * 100_000, Code.PARSE),
        ('{"id":NaN,"method":"ping"}', Code.PARSE),
        ("5", Code.INVALID),
        ('"tools/call"', Code.INVALID),
        ("[]", Code.INVALID),
        ("[[]]", Code.INVALID),
        ("[" + ",".join([CALL] * 1_001) + "]", Code.INVALID),
        ('{"method":"ping","method":"tools/call"}', Code.INVALID),
        ('{"method":"tools/call","params":{"name":"a","name":"b"}}', Code.INVALID),
        ('{"method":"tools/call","params":{"arguments":{"a":{"b":1,"b":2}}}}', Code.INVALID),
        ('{"m\\u0065thod":"ping","method":"tools/call"}', Code.INVALID),
        ('{"Method":"tools/call","params":{"name":"a"}}', Code.INVALID),
        ('{"method":"ping","METHOD":"tools/call"}', Code.INVALID),
        ('{"method":"tools/call","params":{"name":"a","Name":"b"}}', Code.INVALID),
        ('{"id":1,"Result":{}}', Code.INVALID),
        ('{"id":1,"method":"ping","result":{}}', Code.INVALID),
        ('{"id":1,"method":["tools/call"]}', Code.INVALID),
    ],
)
def test_what_is_no_message_or_more_than_one_is_refused(line: str, code: Code) -> None:
    with pytest.raises(FrameError) as refused:
        read_frame(line.encode())
    assert refused.value.code is code


def test_what_is_not_utf8_is_refused() -> None:
    with pytest.raises(FrameError):
        read_frame(b'{"method":"\xff"}')


def test_a_refusal_knows_whose_it_is_if_that_is_clear() -> None:
    for line, id_ in (
        (b'{"id": 7, "method": "a", "method": "b"}', 7),
        (b'{"id":"seven","method":"a","method":"b"}', "seven"),
        (b'{"id":7,"params":{"id":8},"method":"a","method":"b"}', None),
        (b'{"method":"a","method":"b"}', None),
    ):
        with pytest.raises(FrameError) as refused:
            read_frame(line)
        assert refused.value.id == id_


def test_a_line_stays_as_it_came() -> None:
    line = (
        b'{ "jsonrpc":"2.0", "id":1.50, "method":"x/unknown", "params":{"n":1e400,"\xc3\xa9":0} }'
    )
    assert read_frame(line + b"\r\n").line == line


@pytest.mark.parametrize("end", ["\r", "\u0085", "\u2028", "\u2029"])
def test_a_line_end_that_only_some_know_is_written_out(end: str) -> None:
    hidden = '{"note":"' + end + CALL.replace('"', '\\"') + '"}'
    if end == "\r":
        hidden = '{"note":' + end + CALL + "}"
    line = read_frame(hidden.encode()).line
    assert line.isascii()
    assert len(line.decode().splitlines()) == 1
    assert json.loads(line) == json.loads(hidden)


def test_ids_of_different_kinds_are_different() -> None:
    assert len({key_of(1), key_of(1.0), key_of("1")}) == 3
    assert key_of(None) is key_of(True) is key_of([1]) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


@given(_JSON)
def test_every_text_is_read_and_can_be_replaced(value: object) -> None:
    passages = passages_of(value)
    texts = [it.text for it in passages]
    if isinstance(value, str):
        assert texts == ([value] if value.strip() else [])
    same = {it.pointer: it.text for it in passages}
    assert with_texts(value, {}) == value
    assert read_frame(write({"method": "x", "params": value})).messages[0]["params"] == value
    assert with_texts(
        value, {key: it for key, it in same.items() if not key.endswith("/blob")}
    ) == (value)


def test_text_is_found_where_it_hides() -> None:
    given_ = {
        "content": [
            {"type": "text", "text": "one"},
            {"type": "image", "mimeType": "image/png", "data": "aW1hZ2U="},
            {
                "type": "resource",
                "resource": {"uri": "a:b", "blob": "dHdv", "mimeType": "text/x"},
            },
            {"type": "odd order", "unheard of key": {"deep": ["three"]}},
        ],
        "structuredContent": {"a/b": {"~": "four"}},
    }
    told = {it.pointer: it.text for it in passages_of(given_)}
    assert told == {
        "/content/0/text": "one",
        "/content/2/resource/uri": "a:b",
        "/content/2/resource/blob": "two",
        "/content/3/type": "odd order",
        "/content/3/unheard of key#": "unheard of key",
        "/content/3/unheard of key/deep/0": "three",
        "/structuredContent/a~1b/~0": "four",
    }
    changed = with_texts(
        given_, {"/content/2/resource/blob": "2", "/structuredContent/a~1b/~0": "4"}
    )
    assert changed["content"][2]["resource"]["blob"] == "Mg=="
    assert changed["structuredContent"] == {"a/b": {"~": "4"}}


def test_more_than_can_be_read_is_refused() -> None:
    with pytest.raises(LimitError):
        passages_of(["x"] * (TEXTS_MAX + 1))
    deep: object = "x"
    for _ in range(100):
        deep = [deep]
    with pytest.raises(LimitError):
        passages_of(deep)


@pytest.mark.anyio
@pytest.mark.parametrize("size", [1, 3, 7, 64, 1_000])
async def test_lines_come_whole_however_the_bytes_come(size: int) -> None:
    data = b"one\n\n  \ntwo\r\n" + b"x" * 50 + b"\nthree\n" + b"y" * 21 + b"\nfour\nhalf"
    waiting = [data[at : at + size] for at in range(0, len(data), size)]

    async def read(_: int) -> bytes:
        return waiting.pop(0) if waiting else b""

    got = [it async for it in lines(read, 20)]
    assert [it for it in got if isinstance(it, bytes)] == [b"one", b"two\r", b"three", b"four"]
    assert [it.beginning[:1] for it in got if isinstance(it, Oversized)] == [b"x", b"y"]
