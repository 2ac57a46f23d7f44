"""Regexes as Python reads them, said in the syntax of our engine."""

from __future__ import annotations

import re
import warnings

from aidefence.knowledge.imports.yara_regex import PieceError

_SAME = frozenset("dDwWsSbBAnrtfv")
_CLASS_SAME = frozenset("dDwWsSnrtfv")
_CODES = {"a": "\\x07", "Z": "\\z"}
_LOOKS = {
    "(?=": "look-ahead",
    "(?!": "look-ahead",
    "(?<=": "look-behind",
    "(?<!": "look-behind",
    "(?P=": "a back-reference",
    "(?>": "an atomic group",
    "(?(": "a group with a condition",
    "(?#": "a comment",
}
_GROUP = re.compile(r"\(\?(?:P<\w+>|([imsx]*):|([imsx]+)\))")
_QUANTITY = re.compile(r"(?:[*+?]|\{(\d*),?(\d*)\})[?+]?")
_HEX = {"x": 2, "u": 4, "U": 8}


class PythonRegex:
    """Rewrites one regex, sign by sign."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._out: list[str] = []

    def write(self) -> str:
        """The whole regex; raises `PieceError` for what linear time cannot do."""
        try:
            with warnings.catch_warnings():
                # What later versions may read otherwise is said as this one reads it.
                warnings.simplefilter("ignore", FutureWarning)
                re.compile(self._source)
        except (re.error, RecursionError, OverflowError) as error:
            at = getattr(error, "pos", 0) or 0
            raise PieceError(at, self._source[at : at + 12], f"no regex: {error}") from None
        while self._at < len(self._source):
            self._step()
        return "".join(self._out)

    def _take(self, length: int, written: str) -> None:
        self._at += length
        self._out.append(written)

    def _wrong(self, why: str) -> PieceError:
        return PieceError(self._at, self._source[self._at : self._at + 12], why)

    def _step(self) -> None:
        sign = self._source[self._at]
        quantity = _QUANTITY.match(self._source, self._at)
        if sign == "\\":
            self._escape()
        elif sign == "[":
            self._class()
        elif sign == "(":
            self._group()
        elif quantity and quantity[0] not in ("{}", "{,}"):
            self._quantity(quantity)
        elif sign == "$":
            if self._source[self._at + 1 : self._at + 2] not in ("", "|", ")"):
                raise self._wrong("`$` with something behind it")
            self._take(1, r"\n?\z")
        elif sign == "^":
            self._take(1, r"\A")
        elif sign in ".|)":
            self._take(1, sign)
        else:
            self._take(1, _plain(sign))

    def _quantity(self, found: re.Match[str]) -> None:
        written = found[0]
        if len(written) > 1 and written.endswith("+"):
            raise self._wrong("a possessive repetition")
        if written.startswith("{,"):
            written = "{0" + written[1:]
        self._take(len(found[0]), written)

    def _escape(self) -> None:
        sign = self._source[self._at + 1]
        if sign in _SAME:
            self._take(2, f"\\{sign}")
        elif sign in _CODES:
            self._take(2, _CODES[sign])
        elif sign.isdigit():
            raise self._wrong("a back-reference")
        else:
            code, length = self._code(self._at)
            self._take(length, _plain(chr(code)))

    def _code(self, at: int) -> tuple[int, int]:
        """The character that an escape stands for, and how long the escape is."""
        sign = self._source[at + 1]
        if sign in _HEX:
            digits = self._source[at + 2 : at + 2 + _HEX[sign]]
            return int(digits, 16), 2 + _HEX[sign]
        if sign.isalnum():
            raise self._wrong("an escape that only Python knows")
        return ord(sign), 2

    def _group(self) -> None:
        for opening, what in _LOOKS.items():
            if self._source.startswith(opening, self._at):
                raise self._wrong(what)
        found = _GROUP.match(self._source, self._at)
        if found is None:
            self._take(1, "(?:")
            return
        flags = found[1] or found[2] or ""
        if "x" in flags or "m" in flags or "s" in flags:
            raise self._wrong("a flag other than `i`")
        # All is read over case already; a flag of the whole stands at its start.
        self._take(len(found[0]), "" if found[2] else "(?:")

    def _class(self) -> None:
        out, at = ["["], self._at + 1
        if self._source[at] == "^":
            out.append("^")
            at += 1
        first = at
        while self._source[at] != "]" or at == first:
            sign = self._source[at]
            if sign == "\\" and self._source[at + 1] in _CLASS_SAME:
                out.append(self._source[at : at + 2])
                at += 2
            elif sign == "\\" and self._source[at + 1] in "ab":
                out.append(r"\x07" if self._source[at + 1] == "a" else r"\x08")
                at += 2
            elif sign == "\\":
                code, length = self._code(at)
                out.append(_plain(chr(code)))
                at += length
            elif sign == "-" and at != first and self._source[at + 1] != "]":
                out.append("-")
                at += 1
            else:
                out.append(_plain(sign))
                at += 1
        self._take(at + 1 - self._at, "".join((*out, "]")))


def _plain(sign: str) -> str:
    if sign in "<>" or not sign.isascii() or sign.isalnum() or sign in " _":
        return sign if sign.isprintable() else f"\\x{{{ord(sign):x}}}"
    return f"\\{sign}" if sign.isprintable() else f"\\x{{{ord(sign):x}}}"
