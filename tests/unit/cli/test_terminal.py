"""Nothing that was scanned reaches a terminal raw."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidefence.delivery.cli.terminal import console, json_text, printable

ANY_TEXT = st.text(
    st.characters()
    | st.sampled_from("\x1b\x9b\x07\x00\x7f\u202e\u2066\u200b\U000e0041\ud800\u2028")
)
STEERING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(ANY_TEXT)
def test_nothing_that_steers_is_left(text: str) -> None:
    assert not STEERING & {unicodedata.category(c) for c in printable(text)}


@given(ANY_TEXT)
def test_json_is_the_same_value_and_steers_nothing(text: str) -> None:
    written = json_text({"text": text})
    assert not STEERING & {unicodedata.category(c) for c in written}
    back = json.loads(written)["text"]
    assert back.encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass")


@given(ANY_TEXT)
def test_indented_json_steers_nothing_but_lines(text: str) -> None:
    written = json_text([text], indent=2)
    assert not STEERING & {unicodedata.category(c) for c in written if c != "\n"}
    assert written.count("\n") == 2


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("\U000e0049", "\\U000e0049"),
        ("naïve 忽略 тест 🙂", "naïve 忽略 тест 🙂"),
        ("soft\u00adhyphen", "soft\\xadhyphen"),
    ],
)
def test_hidden_things_become_visible(raw: str, shown: str) -> None:
    assert printable(raw) == shown


def test_kept_controls_are_left_alone() -> None:
    assert printable("a\nb\tc", keep="\n") == "a\nb\\x09c"


def test_console_reads_no_markup() -> None:
    stream = io.StringIO()
    console(stream).print("[red]x[/red] :smile: https://a.example 12")
    assert stream.getvalue() == "[red]x[/red] :smile: https://a.example 12\n"
