"""Walks over the tokens of a policy; says what was expected where something else stands."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType

from aidefence.domain.enums import Action
from aidefence.domain.errors import PolicyError
from aidefence.policy.lexing import Sort, Token, Tokens
from aidefence.policy.tree import At, Unit, Value

DEPTH_MAX = 64
_RESERVED = """
after all always and as at because before between breaks complete contains count counting default
define earlier ends error eventually every false followed implies in include is last matches
monotone never next no not on once or parameter per policy possible previously priority prove
release rule since starts template timezone true unless until use weak what when with within
"""
RESERVED = frozenset(_RESERVED.split())
"""Words that mean something to the language: no name of a definition may hold one."""

MS_OF_UNIT = MappingProxyType(
    {
        "ms": 1,
        **dict.fromkeys(("s", "sec", "second", "seconds"), 1_000),
        **dict.fromkeys(("min", "minute", "minutes"), 60_000),
        **dict.fromkeys(("h", "hour", "hours"), 3_600_000),
        **dict.fromkeys(("d", "day", "days"), 86_400_000),
        **dict.fromkeys(("week", "weeks"), 7 * 86_400_000),
    }
)
_SAYS = {Sort.WORD: Unit.WORD, Sort.TEXT: Unit.TEXT, Sort.PARAMETER: Unit.PARAMETER}
_CURRENCY_OF_SIGN = {"$": "USD", "€": "EUR", "£": "GBP"}
_NUMBER_MAX = 10**15
_CURRENCY_LEN = 3
_MINUTES_MAX = 24 * 60 - 1


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known name that looks most like a word, or nothing."""
    found = get_close_matches(word[:80], list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


class Cursor:
    """Where we are in the tokens, and how deep."""

    def __init__(self, tokens: Tokens) -> None:
        self.file = tokens.file
        self._tokens = tokens.tokens
        self.index = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token that stands here."""
        return self._tokens[self.index]

    def ahead(self, by: int = 1) -> Token:
        """The token after this one, or the end."""
        return self._tokens[min(self.index + by, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Give the token that stands here, and go on."""
        token = self.token
        if token.sort is not Sort.END:
            self.index += 1
        return token

    def error(
        self, message: str, expected: str = "", nearest_name: str = "", at: At | None = None
    ) -> PolicyError:
        """Make an error about this place, or another one."""
        at = at or self.token.at
        return PolicyError(self.file, at.line, at.column, message, expected, nearest_name)

    def unexpected(self, expected: str, known: Iterable[str] = ()) -> PolicyError:
        """Make an error about the token that stands here."""
        token = self.token
        near = nearest(token.text, known) if token.sort is Sort.WORD else ""
        return self.error(f"{token.shown()} is unexpected here", expected, near)

    def is_word(self, first: str, *more: str) -> bool:
        """Whether these words stand here, one after the other."""
        token = self._tokens[self.index]
        if token.text != first or token.sort is not Sort.WORD:
            return False
        return all(
            it.sort is Sort.WORD and it.text == word
            for it, word in ((self.ahead(by), word) for by, word in enumerate(more, 1))
        )

    def is_symbol(self, *symbols: str) -> bool:
        """Whether one of these signs stands here."""
        return self.token.sort is Sort.SYMBOL and self.token.text in symbols

    def took_word(self, *words: str) -> bool:
        """Go past these words, if they stand here."""
        if not self.is_word(*words):
            return False
        self.index += len(words)
        return True

    def took_symbol(self, symbol: str) -> bool:
        """Go past this sign, if it stands here."""
        if not self.is_symbol(symbol):
            return False
        self.index += 1
        return True

    def expect_word(self, *words: str) -> Token:
        """Go past these words.

        Raises:
            PolicyError: something else stands here.

        """
        first = self.token
        for word in words:
            if not self.is_word(word):
                raise self.unexpected(f"`{word}`", [word])
            self.index += 1
        return first

    def expect_symbol(self, symbol: str) -> None:
        """Go past this sign.

        Raises:
            PolicyError: something else stands here.

        """
        if not self.took_symbol(symbol):
            raise self.unexpected(f"`{symbol}`")

    def expect(self, sort: Sort, expected: str = "") -> Token:
        """Take a token of this sort.

        Raises:
            PolicyError: something else stands here.

        """
        if self.token.sort is not sort:
            raise self.unexpected(expected or sort.value)
        return self.take()

    def deeper(self) -> None:
        """Go one level down.

        Raises:
            PolicyError: it is too deep.

        """
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self.error(f"nested deeper than {DEPTH_MAX} levels", "`define` for a part of it")

    def higher(self) -> None:
        """Go one level up."""
        self._depth -= 1

    def action(self) -> Action:
        """Take the name of an action.

        Raises:
            PolicyError: something else stands here.

        """
        names = tuple(it.value for it in Action)
        if self.token.sort is not Sort.WORD or self.token.text not in names:
            raise self.unexpected(f"an action: {', '.join(names)}", names)
        return Action(self.take().text)

    def value(self, expected: str = "a value") -> Value:
        """Take a value with its unit.

        Raises:
            PolicyError: something else stands here, or the number is too large or too exact.

        """
        token = self.token
        if token.sort is Sort.WORD and token.text in RESERVED:
            raise self.unexpected(expected)
        if token.sort in _SAYS:
            self.take()
            text = token.text[1:] if token.sort is Sort.PARAMETER else token.text
            return Value(_SAYS[token.sort], text=text, at=token.at)
        if token.sort is Sort.CLOCK:
            return self._clock(self.take())
        if token.sort is Sort.NUMBER:
            return self._number()
        if token.sort in {Sort.PERCENT, Sort.MONEY}:
            return self._hundredths(self.take())
        raise self.unexpected(expected)

    def bare_value(self, expected: str) -> Value:
        """Take a value where a name follows: that may be called like a unit.

        Raises:
            PolicyError: something else stands here, or the number is too large or too exact.

        """
        if self.token.sort is not Sort.NUMBER:
            return self.value(expected)
        token = self.take()
        return Value(Unit.WHOLE, self._whole(token, token.text, 1, "a whole number"), at=token.at)

    def _hundredths(self, token: Token) -> Value:
        if token.sort is Sort.PERCENT:
            number = self._whole(token, token.text.removesuffix("%"), 100, "two decimals")
            return Value(Unit.PERCENT, number, at=token.at)
        number = self._whole(token, token.text[1:], 100, "two decimals")
        return Value(Unit.MONEY, number, _CURRENCY_OF_SIGN[token.text[0]], at=token.at)

    def _number(self) -> Value:
        token = self.take()
        unit = self.token
        if unit.sort is Sort.WORD and unit.text in MS_OF_UNIT:
            self.take()
            number = self._whole(token, token.text, MS_OF_UNIT[unit.text], "whole milliseconds")
            return Value(Unit.DURATION, number, at=token.at)
        if unit.sort is Sort.WORD and len(unit.text) == _CURRENCY_LEN and unit.text.isupper():
            self.take()
            number = self._whole(token, token.text, 100, "two decimals")
            return Value(Unit.MONEY, number, unit.text, at=token.at)
        return Value(Unit.WHOLE, self._whole(token, token.text, 1, "a whole number"), at=token.at)

    def _clock(self, token: Token) -> Value:
        hours, _, minutes = token.text.partition(":")
        number = int(hours) * 60 + int(minutes)
        if int(minutes) > 59 or number > _MINUTES_MAX:  # noqa: PLR2004
            raise self.error(f"{token.shown()} is no time of day", "00:00 to 23:59", at=token.at)
        return Value(Unit.CLOCK, number, at=token.at)

    def _whole(self, token: Token, digits: str, factor: int, exact: str) -> int:
        # Longer ones are too large in any unit, and would be slow to read.
        number = Decimal(digits.replace("_", "")) * factor if len(digits) < 30 else Decimal("Inf")  # noqa: PLR2004
        if number > _NUMBER_MAX:
            raise self.error(f"{token.shown()} is too large", "a smaller number", at=token.at)
        if number != int(number):
            raise self.error(f"{token.shown()} is too exact", f"{exact} at most", at=token.at)
        return int(number)
