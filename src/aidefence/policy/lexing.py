"""Cuts the text of a policy into tokens."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from aidefence.domain.errors import PolicyError
from aidefence.policy.tree import At

SOURCE_BYTES_MAX = 1_000_000
TOKENS_MAX = 250_000
TEXT_LEN_MAX = 2_000


class Sort(StrEnum):
    """What a token is."""

    WORD = "a name"
    TEXT = "a text in quotes"
    NUMBER = "a number"
    PERCENT = "a percentage"
    MONEY = "an amount of money"
    CLOCK = "a time of day"
    OFFSET = "an offset such as `+02:00`"
    PARAMETER = "a parameter"
    SYMBOL = "a sign"
    END = "the end of the file"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: `text` is what it says, a text in quotes without them."""

    sort: Sort
    text: str
    at: At

    def shown(self) -> str:
        """What an error calls it."""
        if self.sort is Sort.END:
            return "the end of the file"
        return f"`{self.text[:60]}`"


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment: the number of the token after it, and whether one stands before it in its line."""

    text: str
    token: int
    trails: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of a file, and the comments between them. The last token is the end."""

    file: str
    tokens: tuple[Token, ...]
    remarks: tuple[Remark, ...]


def cut(text: str, file: str) -> Tokens:
    """Cut a text into tokens.

    Raises:
        PolicyError: something in it is no token, or there is too much of it.

    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SOURCE_BYTES_MAX:
        raise PolicyError(file, 1, 1, f"the file has {size} bytes", f"at most {SOURCE_BYTES_MAX}")
    tokens: list[Token] = []
    remarks: list[Remark] = []
    for number, line in enumerate(_lines(text), 1):
        _cut_line(line, number, file, tokens, remarks)
        if len(tokens) > TOKENS_MAX:
            raise PolicyError(file, number, 1, "too much is said", f"at most {TOKENS_MAX} words")
    last = text.count("\n") + 1
    tokens.append(Token(Sort.END, "", At(last, len(text.rpartition("\n")[2]) + 1, 0)))
    return Tokens(file, tuple(tokens), tuple(remarks))


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _cut_line(
    line: str, number: int, file: str, tokens: list[Token], remarks: list[Remark]
) -> None:
    at = 0
    began = len(tokens)
    while at < len(line):
        found = _TOKEN.match(line, at)
        place = At(number, at + 1, 1)
        if found is None:
            raise _unreadable(line, place, file)
        at = found.end()
        sort = found.lastgroup
        if sort == "SPACE":
            continue
        if sort == "COMMENT":
            text = found[0].removeprefix("#").strip()
            remarks.append(Remark(text, len(tokens), trails=len(tokens) > began))
            continue
        place = At(number, found.start() + 1, at - found.start())
        read = _quoted(found[0], place, file) if sort == "TEXT" else found[0]
        tokens.append(Token(Sort[sort or "SYMBOL"], read, place))


def _unreadable(line: str, place: At, file: str) -> PolicyError:
    sign = line[place.column - 1]
    if sign == '"':
        return PolicyError(
            file,
            place.line,
            place.column,
            "the text in quotes does not end in its line",
            'a closing `"`; a `"` inside is written `\\"`',
        )
    if sign.isalpha():
        message = f"the letter {sign!r} is in no name"
        expected = "letters from a to z; other texts stand in quotes"
        return PolicyError(file, place.line, place.column, message, expected)
    message = f"the sign {sign!r} means nothing here"
    return PolicyError(file, place.line, place.column, message, "words, numbers or signs")


def _quoted(written: str, place: At, file: str) -> str:
    try:
        text = json.loads(written)
    except ValueError:
        message, expected = "a text in quotes holds what JSON does not know", "a text as in JSON"
        raise PolicyError(file, place.line, place.column, message, expected) from None
    if not isinstance(text, str) or any("\ud800" <= it <= "\udfff" for it in text):
        message, expected = "a text in quotes holds half a surrogate pair", "whole characters"
        raise PolicyError(file, place.line, place.column, message, expected)
    if len(text) > TEXT_LEN_MAX:
        message = f"a text in quotes has {len(text)} characters"
        raise PolicyError(file, place.line, place.column, message, f"at most {TEXT_LEN_MAX}")
    return text


# Every alternative begins with another character or is longer than those after it: one pass.
_TOKEN = re.compile(
    r"""
      (?P<SPACE>[ \t\r\f\v]+)
    | (?P<COMMENT>\#.*)
    | (?P<TEXT>"(?:[^"\\]|\\.)*")
    | (?P<WORD>[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*)
    | (?P<PARAMETER>\$[A-Za-z_][A-Za-z0-9_-]*)
    | (?P<OFFSET>[+-][0-9]{2}:[0-9]{2})
    | (?P<CLOCK>[0-9]{1,2}:[0-9]{2})
    | (?P<PERCENT>[0-9][0-9_]*(?:\.[0-9]+)?%)
    | (?P<MONEY>[$€£][0-9][0-9_]*(?:\.[0-9]+)?)
    | (?P<NUMBER>[0-9][0-9_]*(?:\.[0-9]+)?)
    | (?P<SYMBOL>>=|<=|!=|==|[≥≤=<>(),:.])
    """,
    re.VERBOSE | re.ASCII,
)
