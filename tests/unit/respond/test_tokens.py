"""Tokens are found as a model writes them, and a stream gives what the whole text would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidefence import ContentError, Restorer
from aidefence.respond.restoring import restore
from aidefence.respond.tokens import Seen, TokenPattern

PATTERN = TokenPattern(["email_address", "person", "pii"])
VALUES = {
    ("email_address", "k7x2qdm4"): 'mia "o"@ober.io',
    ("pii", "k7x2qdm4"): "<PII_k7x2qdm4>",
    ("person", "00000000"): "Mia",
}
_PIECES = [
    *("<", "EMAIL_ADDRESS_k7x2qdm4", "PERSON_", "k7x2qdm4", ">", "&lt;", "&gt;", "\\", "_", "a"),
    *("\\u003c", "PII_k7x2qdm4", "\\u003e", " ", '"', "EMAIL", "-", "<PII_k7x2qdm4>", "\\<", "`"),
    *("<EMAIL_ADDRESS_k7x2qdm4>", "<PERSON_oooooooo>", "\u00e9", "\U0001f600", "\n", "<PII_"),
]
texts = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)


def lookup(seen: Sequence[Seen]) -> Mapping[tuple[str, str], str | int | float]:
    return {key: value for it in seen if (value := VALUES.get(key := (it.entity, it.code)))}


@pytest.mark.parametrize(
    "written",
    [
        "<EMAIL_ADDRESS_k7x2qdm4>",
        "<email_address_K7X2QDM4>",
        "\\<EMAIL\\_ADDRESS\\_k7x2qdm4\\>",
        "&lt;EMAIL_ADDRESS_k7x2qdm4&gt;",
        "\\u003cEMAIL_ADDRESS_k7x2qdm4\\u003e",
        "< EMAIL_ADDRESS_k7x2qdm4 >",
        '<"EMAIL_ADDRESS_k7x2qdm4">',
        "<**EMAIL_ADDRESS_k7x2qdm4**>",
        "EMAIL_ADDRESS_k7x2qdm4",
        "<Email-Address-k7x2qdm4>",
    ],
)
def test_a_token_is_known_however_it_is_written(written: str) -> None:
    for before, after in (("", ""), ("to ", " now"), ("(", ")."), ("`", "`")):
        found = list(PATTERN.find(f"{before}{written}{after}"))
        assert [(it.entity, it.code) for it in found] == [("email_address", "k7x2qdm4")]
        assert (found[0].start, found[0].end) == (len(before), len(before) + len(written))


@pytest.mark.parametrize(
    "text",
    [
        *("<EMAIL_ADDRESS_k7x2qdm45>", "<EMAIL_ADDRESS_k7x2qd>", "MY_EMAIL_ADDRESS_k7x2qdm4"),
        *("<PLACE_k7x2qdm4>", "<EMAILADDRESS_k7x2qdm4>", "<EMAIL_ADDRESS>", "xPII_k7x2qdm4"),
    ],
)
def test_what_only_resembles_a_token_is_none(text: str) -> None:
    assert list(PATTERN.find(text)) == []


def test_look_alike_letters_in_a_code_are_read_as_meant() -> None:
    assert [it.code for it in PATTERN.find("<PERSON_OoIiLl12>")] == ["00111112"]


def stream(pieces: Sequence[str | bytes], *, in_json: bool = False) -> str:
    restorer = Restorer(PATTERN, lookup, in_json=in_json)
    return "".join([*map(restorer.feed, pieces), restorer.finish()])


@given(texts, st.lists(st.integers(1, 9), min_size=1))
def test_a_stream_gives_what_the_whole_text_gives(text: str, lengths: list[int]) -> None:
    cuts = [at for at in _starts(lengths, len(text))]  # noqa: C416 - a list of its own
    pieces = [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]
    whole = "".join(_replaced(text))
    assert stream(pieces) == whole
    data = text.encode()
    cuts = list(_starts(lengths, len(data)))
    halves = [data[start:end] for start, end in zip(cuts, [*cuts[1:], len(data)], strict=True)]
    assert stream(halves) == whole


def _starts(lengths: Sequence[int], end: int) -> Sequence[int]:
    starts, at = [0], 0
    while at + lengths[len(starts) % len(lengths)] < end:
        at += lengths[len(starts) % len(lengths)]
        starts.append(at)
    return starts


def _replaced(text: str) -> Sequence[str]:
    pieces, at = [], 0
    for it in PATTERN.find(text):
        value = VALUES.get((it.entity, it.code))
        if value is not None:
            pieces += [text[at : it.start], value]
            at = it.end
    return [*pieces, text[at:]]


@pytest.mark.parametrize(
    ("chunk", "held"),
    [
        *(("Hello wor", 0), ("see the E", 1), ("see the EM", 2), ("<EMAIL_ADDRESS_k7x", 18)),
        *(("x < y", 0), ("a <", 1), ("&l", 2), ("<PII_k7x2qdm4>", 0), ("<PII_k7x2qdm4", 13)),
        *(("<PII_k7x2qdm4 ", 14), ("<PII_k7x2qdm4 x", 0), ("PERSONAL", 0), ("PIIx", 0)),
    ],
)
def test_only_what_may_become_a_token_is_held_back(chunk: str, held: int) -> None:
    restorer = Restorer(PATTERN, lookup)
    restorer.feed(chunk)
    assert restorer.held == held


def test_what_is_held_back_never_grows_with_the_stream() -> None:
    restorer = Restorer(PATTERN, lookup)
    for piece in ["<", "EMAIL_", "<EMAIL_ADDRESS_", "k7x2qdm4"] * 500:
        restorer.feed(piece)
        assert restorer.held <= PATTERN.longest


def test_without_values_nothing_is_held_back() -> None:
    restorer = Restorer(TokenPattern([]), lookup)
    assert restorer.feed("<EMAIL_ADD") == "<EMAIL_ADD"
    assert restorer.finish() == ""


def test_inside_json_values_are_escaped() -> None:
    assert stream(['{"to": "<EMAIL_ADD', 'RESS_k7x2qdm4>"}'], in_json=True) == (
        '{"to": "mia \\"o\\"@ober.io"}'
    )


def test_json_inside_json_stays_json() -> None:
    text = '{"a": "{\\"to\\": [\\"<EMAIL_ADDRESS_k7x2qdm4>\\", 1.50]}",  "b": "<PERSON_00000000>"}'
    done = restore(text, PATTERN, lookup)
    assert done.text == (
        '{"a": "{\\"to\\": [\\"mia \\\\\\"o\\\\\\"@ober.io\\", 1.50]}",  "b": "Mia"}'
    )


def test_a_stream_ends_once() -> None:
    restorer = Restorer(PATTERN, lookup)
    assert restorer.feed("<PERSON_0000") == ""
    assert (restorer.finish(), restorer.finish()) == ("<PERSON_0000", "")
    with pytest.raises(ContentError, match="the stream has ended"):
        restorer.feed("x")
