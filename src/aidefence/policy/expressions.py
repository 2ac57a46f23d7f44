"""Reads conditions and formulas. Each method reads one level of binding, the loosest first."""

from __future__ import annotations

from collections.abc import Callable

from aidefence.domain.policies import Scope
from aidefence.policy.catalog import quoted
from aidefence.policy.cursor import RESERVED, Cursor
from aidefence.policy.lexing import Sort
from aidefence.policy.tree import (
    Ahead,
    And,
    Ask,
    At,
    AtMost,
    Back,
    Compare,
    CountOf,
    Expression,
    Follows,
    Future,
    Implies,
    Last,
    Memory,
    Never,
    Not,
    Operator,
    Or,
    Past,
    Release,
    Since,
    Truth,
    Unit,
    Until,
    Value,
)

PARTS_MAX = 5_000
_SIGNS = {
    ">=": Operator.AT_LEAST,
    "≥": Operator.AT_LEAST,
    ">": Operator.ABOVE,
    "<=": Operator.AT_MOST,
    "≤": Operator.AT_MOST,
    "<": Operator.BELOW,
    "=": Operator.IS,
    "==": Operator.IS,
    "!=": Operator.IS_NOT,
}
_WORDS = {
    ("is", "not"): Operator.IS_NOT,
    ("is", "present"): Operator.PRESENT,
    ("is", "absent"): Operator.ABSENT,
    ("is", "at", "least"): Operator.AT_LEAST,
    ("is", "at", "most"): Operator.AT_MOST,
    ("is", "above"): Operator.ABOVE,
    ("is", "below"): Operator.BELOW,
    ("is",): Operator.IS,
    ("not", "in"): Operator.NOT_IN,
    ("between",): Operator.BETWEEN,
    ("matches",): Operator.MATCHES,
    ("starts", "with"): Operator.STARTS,
    ("ends", "with"): Operator.ENDS,
    ("contains",): Operator.CONTAINS,
}
_LISTS = {Operator.IN, Operator.NOT_IN}
_BARE = {Operator.PRESENT, Operator.ABSENT}
MANY = frozenset({*_LISTS, Operator.MATCHES, Operator.STARTS, Operator.ENDS, Operator.CONTAINS})
"""Operators that take several values in parentheses."""


class Expressions(Cursor):
    """Reads conditions and formulas."""

    # Inside `never A after B until C` the word `until` belongs to the pattern.
    _is_until_taken = False

    def expression(self) -> Expression:
        """Read a condition or formula."""
        self.deeper()
        left = self._or()
        if self.is_word("implies"):
            at = self.take().at
            left = Implies(left, self.expression(), at)
        self.higher()
        return left

    def _or(self) -> Expression:
        return self._several("or", self._and, Or)

    def _and(self) -> Expression:
        return self._several("and", self._until, And)

    def _several(
        self, word: str, part: Callable[[], Expression], kind: type[And | Or]
    ) -> Expression:
        first = part()
        if not self.is_word(word):
            return first
        at = self.token.at
        parts = [first]
        while self.took_word(word):
            parts.append(part())
            if len(parts) > PARTS_MAX:
                raise self.error(f"more than {PARTS_MAX} parts are joined by `{word}`")
        return kind(tuple(parts), at)

    def _until(self) -> Expression:
        left = self._unary()
        at = self.token.at
        if self.took_word("since"):
            return Since(left, self._unary(), self.memory(), at)
        if self._is_until_taken:
            return left
        if self.took_word("until"):
            return Until(left, self._unary(), at)
        if self.took_word("release"):
            return Release(left, self._unary(), at)
        return left

    def _unary(self) -> Expression:
        self.deeper()
        found = self._prefixed() or self._primary()
        self.higher()
        return found

    def _prefixed(self) -> Expression | None:
        at = self.token.at
        if self.took_word("not"):
            return Not(self._unary(), at)
        for ahead in Future:
            if self.took_word(*ahead.value.split()):
                return Ahead(ahead, self._unary(), at)
        for words, read in (
            (("never",), self._never),
            (("every",), self._follows),
            (("at", "most"), self.at_most),
        ):
            if self.is_word(*words):
                return self._pattern(read)
        return self._back()

    def _back(self) -> Back | None:
        at = self.token.at
        if self.took_word("once"):
            part = self._unary()
            window = self.duration() if self.took_word("within") else None
            return Back(Past.ONCE, part, window, self.memory(), at)
        for how in (Past.EARLIER, Past.PREVIOUSLY):
            if self.took_word(how.value):
                return Back(how, self._unary(), None, self.memory(), at)
        return None

    def _pattern(self, read: Callable[[], Expression]) -> Expression:
        before, self._is_until_taken = self._is_until_taken, True
        found = read()
        self._is_until_taken = before
        return found

    def _never(self) -> Never:
        at = self.expect_word("never").at
        what = self.expression()
        after = until = before = None
        if self.took_word("before"):
            before = self.expression()
        elif self.took_word("after"):
            after = self.expression()
            if self.took_word("until"):
                until = self.expression()
        elif self.is_word("until"):
            raise self.unexpected("`after`, `before` or the end of the pattern")
        return Never(what, after, until, before, at)

    def _follows(self) -> Follows:
        at = self.expect_word("every").at
        first = self.expression()
        self.expect_word("is", "followed", "by")
        then = self.expression()
        self.expect_word("within")
        expected = "a number of events or a duration such as `10 min`"
        within = self.value(expected)
        if within.unit is Unit.WHOLE:
            if not (self.took_word("events") or self.took_word("event")):
                raise self.unexpected("`events`, or a unit of time", ["events", "minutes"])
            return Follows(first, then, within, Memory(), at)
        if within.unit not in {Unit.DURATION, Unit.PARAMETER}:
            raise self.error("this is no length", expected, at=within.at)
        return Follows(first, then, within, self.memory(), at)

    def at_most(self) -> AtMost:
        """Read `at most N A in T`."""
        at = self.expect_word("at", "most").at
        most = self.bare_value("how many")
        if most.unit not in {Unit.WHOLE, Unit.PARAMETER}:
            raise self.error("this is no number of events", "a whole number", at=most.at)
        what = self.expression()
        self.expect_word("in")
        return AtMost(most, what, self.duration(), self.memory(), at)

    def duration(self) -> Value:
        """Read a duration."""
        found = self.value("a duration such as `10 min`")
        if found.unit not in {Unit.DURATION, Unit.PARAMETER}:
            raise self.error("this is no duration", "one such as `10 min`", at=found.at)
        return found

    def memory(self) -> Memory:
        """Read `per user` and `counting attempts`, if they stand here."""
        per = Scope.SESSION
        if self.took_word("per"):
            names = tuple(it.value for it in Scope)
            if self.token.text not in names:
                raise self.unexpected(", ".join(f"`{it}`" for it in names), names)
            per = Scope(self.take().text)
        return Memory(per, self.took_word("counting", "attempts"))

    def _primary(self) -> Expression:
        at = self.token.at
        if self.took_symbol("("):
            before, self._is_until_taken = self._is_until_taken, False
            found = self.expression()
            self._is_until_taken = before
            self.expect_symbol(")")
            return found
        if self.is_word("true") or self.is_word("false"):
            return Truth(self.take().text == "true", at)
        if self.took_word("last"):
            return Last(at)
        if self.is_word("count"):
            return self._comparison(self._count(), at)
        return self._comparison(self.ask("a condition"), at)

    def _count(self) -> CountOf:
        at = self.expect_word("count").at
        self.expect_symbol("(")
        part = self.expression()
        self.expect_word("in")
        counted = CountOf(part, self.duration(), self.memory(), at)
        self.expect_symbol(")")
        return counted

    def ask(self, expected: str) -> Ask:
        """Read the name of a feature or definition, with what stands in parentheses behind."""
        at = self.token.at
        words: list[str] = []
        while self.token.sort is Sort.WORD and self.token.text not in RESERVED:
            words.append(self.take().text)
        if not words:
            raise self.unexpected(expected)
        argument = ""
        if self.took_symbol("("):
            argument = self._argument()
            self.expect_symbol(")")
        length = self._tokens[self.index - 1].at
        same = length.line == at.line
        end = length.column + length.length if same else at.column + len(words[0])
        return Ask(" ".join(words), argument, At(at.line, at.column, end - at.column))

    def _argument(self) -> str:
        if self.token.sort in {Sort.OFFSET, Sort.PARAMETER}:
            return self.take().text
        if self.token.sort is Sort.TEXT:
            return quoted(self.take().text)
        written = self.expect(Sort.WORD, "what is asked for: a name or a text in quotes").text
        if self.took_symbol("."):
            return f"{written}.{quoted(self.expect(Sort.TEXT).text)}"
        if self.took_word("from"):
            return f"{written} from {self.expect(Sort.WORD, 'an origin').text}"
        return written

    def _comparison(self, subject: Ask | CountOf, at: At) -> Expression:
        operator = self._operator()
        if operator is None:
            if isinstance(subject, CountOf):
                raise self.unexpected("a comparison such as `>= 5`")
            return subject
        if operator in _BARE:
            return Compare(subject, operator, (), at)
        if operator is Operator.BETWEEN:
            low = self.value()
            self.expect_word("and")
            return Compare(subject, operator, (low, self.value()), at)
        if operator in MANY and (operator in _LISTS or self.is_symbol("(")):
            return Compare(subject, operator, self.values(), at)
        return Compare(subject, operator, (self.value(),), at)

    def values(self) -> tuple[Value, ...]:
        """Read a list of values in parentheses, or a parameter that stands for one."""
        if self.token.sort is Sort.PARAMETER:
            return (self.value(),)
        self.expect_symbol("(")
        found = [self.value()]
        while self.took_symbol(","):
            found.append(self.value())
            if len(found) > PARTS_MAX:
                raise self.error(f"the list has more than {PARTS_MAX} values")
        self.expect_symbol(")")
        return tuple(found)

    def _operator(self) -> Operator | None:
        if self.token.sort is Sort.SYMBOL and self.token.text in _SIGNS:
            return _SIGNS[self.take().text]
        if self.is_word("is", "followed"):
            return None
        if self.is_word("in"):
            # `at most 5 A in 1 h`: there the word belongs to the pattern.
            follows = self.ahead()
            is_list = follows.text == "(" or follows.sort is Sort.PARAMETER
            return Operator.IN if is_list and self.took_word("in") else None
        for words, operator in _WORDS.items():
            if self.took_word(*words):
                return operator
        return None
