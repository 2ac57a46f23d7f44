"""Checks what a feature is compared with, and turns the comparison into conditions on numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidefence.domain.enums import Action, Severity
from aidefence.policy.catalog import (
    SPECS,
    Asked,
    Kind,
    Parameter,
    Weekday,
    arguments,
    quoted,
    resolve,
    spec_of,
)
from aidefence.policy.cursor import nearest
from aidefence.policy.formatting import format_value
from aidefence.policy.globs import fits, literal
from aidefence.policy.sources import Placed, argument_of, values_of
from aidefence.policy.table import (
    ALWAYS,
    NEVER,
    Built,
    Table,
    every,
    leaf,
    opposite,
    some,
)
from aidefence.policy.tree import Ask, Compare, Operator, Unit, Value

_UNIT_OF = {
    Kind.SCORE: Unit.PERCENT,
    Kind.COUNT: Unit.WHOLE,
    Kind.NUMBER: Unit.WHOLE,
    Kind.MONEY: Unit.MONEY,
    Kind.DURATION: Unit.DURATION,
    Kind.TIME_OF_DAY: Unit.CLOCK,
    Kind.SEVERITY: Unit.WORD,
    Kind.ACTION: Unit.WORD,
    Kind.CHOICE: Unit.WORD,
    Kind.TEXT: Unit.TEXT,
}
_LIKE = {
    Kind.SCORE: "a percentage such as `80%`",
    Kind.COUNT: "a whole number",
    Kind.NUMBER: "a whole number",
    Kind.MONEY: "an amount of money such as `12.50 EUR`",
    Kind.DURATION: "a duration such as `10 min`",
    Kind.TIME_OF_DAY: "a time of day such as `22:00`",
    Kind.TEXT: "a text in quotes",
}
_NONE = "none"
_WORDS = {
    Kind.SEVERITY: (_NONE, *(it.value for it in Severity)),
    Kind.ACTION: tuple(it.value for it in Action),
}
_EQUAL = frozenset({Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN})
_BARE = frozenset({Operator.PRESENT, Operator.ABSENT})
_PATTERNS = frozenset({Operator.MATCHES, Operator.STARTS, Operator.ENDS, Operator.CONTAINS})
_UNLIKE = frozenset({Operator.IS_NOT, Operator.NOT_IN, Operator.ABSENT})


class Comparing:
    """Checks comparisons and builds them over the features of one table."""

    def __init__(self, table: Table, timezone: str) -> None:
        self.table = table
        self._timezone = timezone
        self._currency = ""

    def asked(self, ask: Ask, placed: Placed) -> Asked:
        """Give the feature that a name stands for.

        Raises:
            PolicyError: there is no such feature.

        """
        spec = spec_of(ask.name)
        if spec is None:
            known = [*(it.name for it in SPECS), *placed.room.definitions]
            message = f"`{ask.name[:80]}` is neither a feature nor defined here"
            raise placed.error(ask.at, message, "", nearest(ask.name, known))
        argument = argument_of(ask.argument, ask.at, placed)
        if not argument and ask.name.startswith("time.") and self._timezone != "+00:00":
            argument = self._timezone
        try:
            return resolve(f"{ask.name}({argument})" if argument else ask.name)
        except ValueError:
            choices = arguments(spec.parameter)
            expected = f"`{spec.pattern}`"
            message = f"`{argument[:80]}` is no {spec.parameter.value}"
            if not argument:
                message = f"`{ask.name}` lacks its {spec.parameter.value}"
            elif spec.parameter is Parameter.NONE:
                message = f"`{ask.name}` takes nothing in parentheses"
            near = nearest(argument, choices) if argument else ""
            raise placed.error(ask.at, message, expected, near) from None

    def flag(self, ask: Ask, placed: Placed) -> Built:
        """Build a feature that stands alone."""
        asked = self.asked(ask, placed)
        if asked.spec.is_given:
            asked = replace(asked, kind=Kind.FLAG)
        if asked.kind is not Kind.FLAG:
            message = f"`{ask.name}` is a {asked.kind.value} and must be compared"
            raise placed.error(ask.at, message, self._example(asked))
        return some(leaf("ge", self.table.raw(asked), 1), *self.table.narrower(asked))

    def compare(self, compare: Compare, placed: Placed) -> Built:
        """Build a comparison of a feature."""
        if not isinstance(compare.subject, Ask):
            raise TypeError("a count is built by whoever counts")
        asked = self.asked(compare.subject, placed)
        values = [it for value in compare.values for it in values_of(value, placed)]
        if asked.kind is Kind.FLAG:
            message = f"`{compare.subject.name}` is a flag and compared with nothing"
            raise placed.error(compare.at, message, f"`{asked.name}` or `not {asked.name}`")
        if asked.kind is Kind.TEXT:
            return self._text(asked, compare, values, placed)
        if asked.kind is Kind.CHOICE:
            return self._choice(asked, compare, values, placed)
        features = [self.table.raw(asked), *self.table.parts(asked)]
        return self.number(asked.kind, features, compare, values, placed)

    def number(
        self,
        kind: Kind,
        features: Sequence[int],
        compare: Compare,
        values: Sequence[Value],
        placed: Placed,
    ) -> Built:
        """Build a comparison of a number, that is as large as any of some features."""
        feature = features[0]
        numbers = [self._read(kind, value, placed) for value in values]
        most = Asked(SPECS[0], kind=kind).feature().most
        if compare.operator in _EQUAL:
            self._single(compare, values, placed)
            found = some(*(leaf("eq", feature, it) for it in dict.fromkeys(numbers)))
            return opposite(found) if compare.operator in _UNLIKE else found
        if compare.operator is Operator.BETWEEN:
            return self._between(kind, features, numbers, compare, placed)
        if compare.operator in _PATTERNS | _BARE:
            message = f"a {kind.value} cannot be compared so"
            raise placed.error(compare.at, message, "`>=`, `>`, `<=`, `<`, `is` or `between`")
        self._single(compare, values, placed)
        least = numbers[0] + (compare.operator in {Operator.ABOVE, Operator.AT_MOST})
        reached = _reached(features, least, most)
        is_upper = compare.operator in {Operator.AT_LEAST, Operator.ABOVE}
        return reached if is_upper else opposite(reached)

    def _between(
        self,
        kind: Kind,
        features: Sequence[int],
        numbers: list[int],
        compare: Compare,
        placed: Placed,
    ) -> Built:
        low, high = numbers
        most = Asked(SPECS[0], kind=kind).feature().most
        if kind is not Kind.TIME_OF_DAY:
            if low > high:
                raise placed.error(compare.at, "the first value is the larger one", "the smaller")
            above = opposite(_reached(features, high + 1, most))
            return every(_reached(features, low, most), above)
        # A time of day lasts until the second one begins, if need be over midnight.
        after, before = leaf("ge", features[0], low), opposite(leaf("ge", features[0], high))
        return every(after, before) if low <= high else some(after, before)

    def _choice(
        self, asked: Asked, compare: Compare, values: Sequence[Value], placed: Placed
    ) -> Built:
        choices = (_NONE, *asked.spec.choices)
        codes = [self._word(asked.spec.name, choices, value, placed) for value in values]
        feature = self.table.raw(asked)
        if compare.operator is Operator.BETWEEN and asked.spec.choices == tuple(Weekday):
            first, last = codes
            days = len(Weekday)
            span = range(first, first + (last - first) % days + 1)
            return some(*(leaf("eq", feature, (it - 1) % days + 1) for it in span))
        if compare.operator not in _EQUAL:
            message = f"`{asked.spec.name}` has no order"
            raise placed.error(compare.at, message, "`is`, `is not`, `in` or `not in`")
        self._single(compare, values, placed)
        found = some(*(leaf("eq", feature, it) for it in dict.fromkeys(codes)))
        return opposite(found) if compare.operator in _UNLIKE else found

    def _text(
        self, asked: Asked, compare: Compare, values: Sequence[Value], placed: Placed
    ) -> Built:
        if compare.operator in _BARE:
            return self._present(asked, is_wanted=compare.operator is Operator.PRESENT)
        kind = self._given_kind(asked, values)
        if kind is not Kind.TEXT and compare.operator not in _PATTERNS:
            number = self.table.raw(replace(asked, kind=kind))
            return self.number(kind, [number], compare, values, placed)
        for value in values:
            if value.unit is not Unit.TEXT:
                near = quoted(value.text) if value.unit is Unit.WORD else ""
                message = f"`{format_value(value)}` is no text in quotes"
                raise placed.error(value.at, message, "a text in quotes", near)
        if compare.operator in _PATTERNS:
            patterns = [_pattern(compare.operator, value.text) for value in values]
            return some(*(self._fits(asked, it) for it in dict.fromkeys(patterns)))
        if compare.operator not in _EQUAL:
            message = f"`{asked.name}` is a text and has no order"
            raise placed.error(compare.at, message, "`is`, `in`, `matches` or `contains`")
        self._single(compare, values, placed)
        texts = dict.fromkeys(value.text for value in values)
        found = some(*(self.table.text(asked, it) for it in texts))
        return opposite(found) if compare.operator in _UNLIKE else found

    def _fits(self, asked: Asked, glob: str) -> Built:
        """Whether a text fits a pattern; for texts that the policy names, that is known here."""
        flag = leaf("ge", self.table.raw(replace(asked, kind=Kind.FLAG, glob=glob)), 1)
        known = self.table.texts(asked)
        if not known:
            return flag
        other = leaf("eq", self.table.raw(asked), 0)
        fitting = [self.table.text(asked, it) for it in known if fits(glob, it)]
        return some(every(other, flag), *fitting)

    def _present(self, asked: Asked, *, is_wanted: bool) -> Built:
        found = leaf("ge", self.table.raw(replace(asked, kind=Kind.FLAG, presence=True)), 1)
        if self.table.texts(asked):
            found = some(found, leaf("ge", self.table.raw(asked), 1))
        return found if is_wanted else opposite(found)

    def _given_kind(self, asked: Asked, values: Sequence[Value]) -> Kind:
        if not asked.spec.is_given or not values:
            return Kind.TEXT
        return {Unit.WHOLE: Kind.NUMBER, Unit.MONEY: Kind.MONEY}.get(values[0].unit, Kind.TEXT)

    def _read(self, kind: Kind, value: Value, placed: Placed) -> int:
        if kind in _WORDS:
            return self._word(kind.value, _WORDS[kind], value, placed)
        if value.unit is not _UNIT_OF[kind]:
            message = f"`{format_value(value)}` is a {value.unit.value}"
            raise placed.error(value.at, message, _LIKE[kind])
        if kind is Kind.MONEY:
            self._same_currency(value, placed)
        most = Asked(SPECS[0], kind=kind).feature().most
        if value.number > most:
            shown = format_value(replace(value, number=most))
            message = f"`{format_value(value)}` is more than it can be"
            raise placed.error(value.at, message, f"at most {shown}")
        return value.number

    def _same_currency(self, value: Value, placed: Placed) -> None:
        self._currency = self._currency or value.text
        if value.text != self._currency:
            message = f"`{value.text}` beside `{self._currency}`: a policy knows no exchange rate"
            raise placed.error(value.at, message, f"amounts in {self._currency}")

    def _word(self, what: str, words: Sequence[str], value: Value, placed: Placed) -> int:
        if value.unit is not Unit.WORD or value.text not in words:
            near = nearest(value.text, words)
            message = f"`{format_value(value)}` is no {what}"
            raise placed.error(value.at, message, _listed(words), near)
        return list(words).index(value.text)

    def _single(self, compare: Compare, values: Sequence[Value], placed: Placed) -> None:
        lists = {Operator.IN, Operator.NOT_IN}
        if compare.operator not in lists and len(values) != 1:
            message = f"`{compare.operator.value}` takes one value"
            raise placed.error(compare.at, message, "`in` for a list")

    def _example(self, asked: Asked) -> str:
        examples = {
            Kind.SCORE: ">= 80%",
            Kind.COUNT: ">= 5",
            Kind.SEVERITY: ">= high",
            Kind.ACTION: ">= review",
            Kind.MONEY: "> 100.00 EUR",
            Kind.DURATION: "> 10 min",
            Kind.TIME_OF_DAY: "between 22:00 and 06:00",
            Kind.TEXT: 'is "…"',
        }
        ending = examples.get(asked.kind, f"is {(*asked.spec.choices, _NONE)[0]}")
        return f"a comparison such as `{asked.name} {ending}`"


def _reached(features: Sequence[int], least: int, most: int) -> Built:
    if least <= 0:
        return ALWAYS
    return NEVER if least > most else some(*(leaf("ge", it, least) for it in features))


def _pattern(operator: Operator, text: str) -> str:
    if operator is Operator.MATCHES:
        return text
    before = "" if operator is Operator.STARTS else "*"
    after = "" if operator is Operator.ENDS else "*"
    return f"{before}{literal(text)}{after}"


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
