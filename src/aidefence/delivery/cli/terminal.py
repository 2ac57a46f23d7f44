"""What reaches a terminal: scanned text is hostile, so nothing of it is written raw."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TextIO

from rich.console import Console

# Format characters (bidi overrides, zero-width, tags), controls of both ranges, surrogates, private
# use, unassigned, and two separators that some programs take for line ends.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Tables that go to a file need not be folded to the width of a screen.
_PAGE_COLUMNS = 180

_LATIN_MAX = 0xFF
_BASIC_PLANE_MAX = 0xFFFF

# Everything the set above can hold; plain runs never reach the slow look-up.
_SUSPECT = re.compile(r"[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]")


def printable(text: str, *, keep: str = "") -> str:
    r"""Return `text` with whatever could steer a terminal or hide written out: `\x1b`, `\u202e`.

    One visible character stays one character; `keep` lists controls to leave alone (`"\\n"`).
    """
    return _SUSPECT.sub(lambda match: _shown(match.group(), keep), text)


def json_text(value: object, *, indent: int | None = None) -> str:
    r"""Return JSON that is safe to print: what could steer a terminal stands as `\uXXXX`."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return _SUSPECT.sub(lambda match: _escaped(match.group()), text)


def console(stream: TextIO, *, colour: bool | None = None) -> Console:
    """Return a console on `stream` that adds nothing of its own: no markup, no emoji."""
    return Console(
        file=stream,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=True,
        force_terminal=colour,
        width=None if stream.isatty() else _PAGE_COLUMNS,
        no_color=None if colour is None else not colour,
    )


def _shown(character: str, keep: str) -> str:
    if character in keep or unicodedata.category(character) not in _HIDDEN_CATEGORIES:
        return character
    code = ord(character)
    if code <= _LATIN_MAX:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _BASIC_PLANE_MAX else f"\\U{code:08x}"


def _escaped(character: str) -> str:
    # A newline can only come from the indentation here: inside strings it is escaped already.
    if character == "\n" or unicodedata.category(character) not in _HIDDEN_CATEGORIES:
        return character
    code = ord(character)
    if code <= _BASIC_PLANE_MAX:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def counted(number: int, noun: str) -> str:
    """Say how many there are of something: `1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
