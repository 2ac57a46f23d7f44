"""YARA cut into tokens, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from aidefence.domain.errors import RuleError
from aidefence.knowledge.imports.words import Place

FILE_CHARACTERS_MAX = 4 << 20
_DIGITS_MAX = 24


class Kind(StrEnum):
    """What a token is."""

    WORD = "a word"
    STRING_ID = "`$` and a name"
    COUNT_ID = "`#` and a name"
    OFFSET_ID = "`@` and a name"
    LENGTH_ID = "`!` and a name"
    NUMBER = "a number"
    FLOAT = "a fraction"
    TEXT = "a text"
    REGEX = "a regex"
    SIGN = "a sign"
    END = "the end of the file"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text as it is written, and where."""

    kind: Kind
    text: str
    at: int
    place: Place
    value: int = 0


_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ID = re.compile(r"([$#@!])([A-Za-z0-9_]*)(\*?)")
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+|\d+\.\d+|\d+(?:KB|MB)?")
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_REGEX = re.compile(r"/(?:[^/\\\n]|\\[^\n])+/[is]*")
_SIGNS = ("..", "==", "!=", "<=", ">=", "<<", ">>")
_SINGLE = "{}()[]:=,<>+-*\\%&|^~./"
_ID_KINDS = {
    "$": Kind.STRING_ID,
    "#": Kind.COUNT_ID,
    "@": Kind.OFFSET_ID,
    "!": Kind.LENGTH_ID,
}
_UNITS = {"KB": 1024, "MB": 1024 * 1024}


class Source:
    """A file, and where a character of it stands."""

    def __init__(self, path: str, text: str) -> None:
        if len(text) > FILE_CHARACTERS_MAX:
            raise RuleError(
                path, 1, 1, f"at most {FILE_CHARACTERS_MAX}", f"the file has {len(text)} characters"
            )
        self.path = path
        self.text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, at: int) -> Place:
        """Line and column of a character."""
        low, high = 0, len(self._starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._starts[middle] <= at else (low, middle)
        return Place(low + 1, at - self._starts[low] + 1)

    def wrong(self, at: int, message: str, expected: str) -> RuleError:
        """The error that names a place in this file."""
        place = self.place(at)
        return RuleError(self.path, place.line, place.column, expected, message)


def next_token(source: Source, at: int) -> tuple[Token, int]:
    """The token that begins at or behind a character, and where it ends."""
    text = source.text
    space = _SPACE.match(text, at)
    at = space.end() if space else at
    if at >= len(text):
        return Token(Kind.END, "", at, source.place(at)), at
    if text.startswith("/*", at):
        raise source.wrong(at, "a comment without an end", "`*/`")
    kind, end, value = _cut(source, at)
    return Token(kind, text[at:end], at, source.place(at), value), end


def _cut(source: Source, at: int) -> tuple[Kind, int, int]:
    text = source.text
    for pattern, kind in ((_WORD, Kind.WORD), (_TEXT, Kind.TEXT), (_REGEX, Kind.REGEX)):
        found = pattern.match(text, at)
        if found:
            return kind, found.end(), 0
    if text[at] == "!" and text.startswith("!=", at):
        return Kind.SIGN, at + 2, 0
    found = _ID.match(text, at)
    if found:
        return _ID_KINDS[found[1]], found.end(), 0
    found = _NUMBER.match(text, at)
    if found:
        return _number(source, at, found[0])
    for sign in _SIGNS:
        if text.startswith(sign, at):
            return Kind.SIGN, at + len(sign), 0
    if text[at] in _SINGLE:
        return Kind.SIGN, at + 1, 0
    raise source.wrong(at, f"`{text[at]}` begins nothing", "a word, a text, a number or a sign")


def _number(source: Source, at: int, digits: str) -> tuple[Kind, int, int]:
    end = at + len(digits)
    if "." in digits:
        return Kind.FLOAT, end, 0
    unit = _UNITS.get(digits[-2:], 1)
    plain = digits[:-2] if digits[-2:] in _UNITS else digits
    base = {"0x": 16, "0o": 8}.get(plain[:2], 10)
    if len(plain) > _DIGITS_MAX or (value := int(plain, base) * unit) >= 1 << 63:
        raise source.wrong(at, f"`{digits[:40]}` is too large", "a number of at most 63 bits")
    return Kind.NUMBER, end, value
