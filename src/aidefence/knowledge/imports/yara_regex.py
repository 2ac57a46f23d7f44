"""Regexes and hex strings of YARA as trees of bytes."""

from __future__ import annotations

import re

from aidefence.knowledge.imports.pieces import (
    ALL,
    DIGITS,
    NEWLINE,
    SPACE,
    WORD,
    Edge,
    Either,
    One,
    Piece,
    Row,
    Times,
    folded,
)

_DEPTH_MAX = 24
_TIMES_MAX = 1000
_JUMP_MAX = 4096
_ESCAPES = {"n": 10, "t": 9, "r": 13, "f": 12, "a": 7}
_CLASSES = {
    "w": WORD,
    "W": ALL - WORD,
    "s": SPACE,
    "S": ALL - SPACE,
    "d": DIGITS,
    "D": ALL - DIGITS,
}
_QUANTITY = re.compile(r"\*|\+|\?|\{(\d*)(,?)(\d*)\}")
_COMMENT = re.compile(r"\s+|//[^\n]*|/\*.*?\*/", re.DOTALL)
_JUMP = re.compile(r"\[\s*(\d*)\s*(-?)\s*(\d*)\s*\]")
_MASKED = re.compile(r"(~?)([0-9a-fA-F?])([0-9a-fA-F?])")


class PieceError(Exception):
    """Something in a regex or hex string that cannot be read, and where."""

    def __init__(self, at: int, what: str, why: str) -> None:
        super().__init__(what)
        self.at = at
        self.what = what
        self.why = why


class RegexReader:
    """Reads what stands between the slashes."""

    def __init__(self, source: str, *, nocase: bool, dotall: bool) -> None:
        self._source = source
        self._at = 0
        self._nocase = nocase
        self._any = ALL if dotall else ALL - NEWLINE
        self._depth = 0

    def read(self) -> Piece:
        """Read all of it."""
        piece = self._either()
        if self._at < len(self._source):
            raise self._wrong(self._at, "a parenthesis that was never opened")
        return piece

    def _wrong(self, at: int, why: str) -> PieceError:
        return PieceError(at, self._source[at : at + 12], why)

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _either(self) -> Piece:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._wrong(self._at, f"more than {_DEPTH_MAX} groups inside one another")
        parts = [self._row()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._row())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _row(self) -> Piece:
        parts: list[Piece] = []
        while self._peek() not in ("", "|", ")"):
            start = self._at
            part = self._one()
            parts.append(self._times(part, start))
        return Row(tuple(parts))

    def _times(self, part: Piece, start: int) -> Piece:
        found = _QUANTITY.match(self._source, self._at)
        if not found or found[0] == "{}":
            return part
        if isinstance(part, Edge):
            raise self._wrong(start, "an edge cannot be repeated")
        self._at = found.end()
        lazy = self._peek() == "?"
        self._at += lazy
        sign = found[0][0]
        if sign != "{":
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        else:
            least = int(found[1] or 0)
            most = least if not found[2] else int(found[3]) if found[3] else None
            if max(least, most or 0) > _TIMES_MAX or (most is not None and most < least):
                raise self._wrong(found.start(), "a repetition of more than 1,000 times")
        if _QUANTITY.match(self._source, self._at):
            raise self._wrong(self._at, "a repetition of a repetition")
        return Times(part, least, most, lazy)

    def _one(self) -> Piece:
        start = self._at
        sign = self._peek()
        self._at += 1
        if sign == "(":
            if self._peek() == "?":
                raise self._wrong(start, "options of groups are no YARA")
            piece = self._either()
            if self._peek() != ")":
                raise self._wrong(start, "a parenthesis that is never closed")
            self._at += 1
            return piece
        if sign == "[":
            return self._class(start)
        if sign == ".":
            return One(self._any)
        if sign in ("^", "$"):
            return Edge(sign)
        if sign in ("*", "+", "?"):
            raise self._wrong(start, "a repetition of nothing")
        if sign == "\\":
            return self._escape(start)
        return self._bytes(sign)

    def _bytes(self, sign: str) -> Piece:
        data = sign.encode("utf-8", "surrogatepass")
        if len(data) > 1:
            ahead = _QUANTITY.match(self._source, self._at)
            if ahead and ahead[0] != "{}":
                raise self._wrong(self._at - 1, "a repetition after a letter of several bytes")
        parts = tuple(One(folded(frozenset((byte,)), nocase=self._nocase)) for byte in data)
        return parts[0] if len(parts) == 1 else Row(parts)

    def _escape(self, start: int) -> Piece:
        sign = self._peek()
        self._at += 1
        if sign in _CLASSES:
            return One(_CLASSES[sign])
        if sign in ("b", "B"):
            return Edge(f"\\{sign}")
        return One(folded(frozenset((self._escaped(sign, start),)), nocase=self._nocase))

    def _escaped(self, sign: str, start: int) -> int:
        if sign in _ESCAPES:
            return _ESCAPES[sign]
        if sign == "x":
            digits = self._source[self._at : self._at + 2]
            if not re.fullmatch("[0-9a-fA-F]{2}", digits):
                raise self._wrong(start, "an escape without two digits")
            self._at += 2
            return int(digits, 16)
        if not sign or not sign.isascii() or sign.isalnum():
            raise self._wrong(start, "an escape that has no meaning")
        return ord(sign)

    def _class(self, start: int) -> Piece:
        negated = self._peek() == "^"
        self._at += negated
        these: set[int] = set()
        first = True
        while first or self._peek() != "]":
            first = False
            if not self._peek():
                raise self._wrong(start, "a class that is never closed")
            low = self._member()
            is_range = self._peek() == "-" and self._source[self._at + 1 : self._at + 2] != "]"
            if isinstance(low, frozenset):
                these |= low
                continue
            if not is_range:
                these.add(low)
                continue
            self._at += 1
            high = self._member()
            if isinstance(high, frozenset) or high < low:
                raise self._wrong(start, "a range that is none")
            these |= set(range(low, high + 1))
        self._at += 1
        closed = folded(frozenset(these), nocase=self._nocase)
        return One(ALL - closed if negated else closed)

    def _member(self) -> int | frozenset[int]:
        start, sign = self._at, self._peek()
        self._at += 1
        if sign == "\\":
            sign = self._peek()
            self._at += 1
            if sign in _CLASSES:
                return _CLASSES[sign]
            return self._escaped(sign, start)
        if not sign or not sign.isascii():
            raise self._wrong(start, "a letter of several bytes in a class")
        return ord(sign)


class HexReader:
    """Reads what stands between the braces of a hex string."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def read(self) -> Piece:
        """Read all of it."""
        piece = self._row()
        if self._at < len(self._source):
            raise self._wrong("a sign that does not belong there")
        if not isinstance(piece, Row) or not piece.parts:
            raise self._wrong("a hex string without bytes")
        if isinstance(piece.parts[0], Times) or isinstance(piece.parts[-1], Times):
            raise PieceError(0, self._source.strip()[:12], "a jump at the start or the end")
        return piece

    def _wrong(self, why: str) -> PieceError:
        return PieceError(self._at, self._source[self._at : self._at + 12].strip(), why)

    def _skip_space(self) -> None:
        while found := _COMMENT.match(self._source, self._at):
            self._at = found.end()

    def _row(self) -> Piece:
        parts: list[Piece] = []
        while True:
            self._skip_space()
            sign = self._source[self._at : self._at + 1]
            if sign in ("", ")", "|"):
                return Row(tuple(parts))
            if sign == "(":
                parts.append(self._either())
            elif sign == "[":
                parts.append(self._jump())
            else:
                parts.append(self._byte())

    def _either(self) -> Piece:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._wrong(f"more than {_DEPTH_MAX} groups inside one another")
        parts = []
        while self._source[self._at : self._at + 1] in ("(", "|"):
            self._at += 1
            parts.append(self._row())
        if self._source[self._at : self._at + 1] != ")" or Row(()) in parts:
            raise self._wrong("alternatives that are not whole")
        self._at += 1
        self._depth -= 1
        return Either(tuple(parts))

    def _jump(self) -> Piece:
        found = _JUMP.match(self._source, self._at)
        if not found or (not found[2] and not found[1]):
            raise self._wrong("a jump that is none")
        least = int(found[1] or 0)
        most = least if not found[2] else int(found[3]) if found[3] else None
        if max(least, most or 0) > _JUMP_MAX or (most is not None and most < least):
            raise self._wrong("a jump over more than 4,096 bytes")
        self._at = found.end()
        return Times(One(ALL), least, most, lazy=True)

    def _byte(self) -> Piece:
        found = _MASKED.match(self._source, self._at)
        if not found:
            raise self._wrong("no two digits")
        self._at = found.end()
        high, low = found[2], found[3]
        these = frozenset(
            byte
            for byte in range(256)
            if (high == "?" or byte >> 4 == int(high, 16))
            and (low == "?" or byte & 15 == int(low, 16))
        )
        return One(ALL - these if found[1] else these)
