"""Looks for requests that a condition holds for: a small search that may come back without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aidefence.policy.conditions import FALSE, TRUE, Cond, negated
from aidefence.policy.image import Feature

_STEPS_MAX = 20_000
_EXCLUDED_MAX = 200


@dataclass(slots=True)
class _Span:
    """Which values a feature may still have."""

    least: int
    most: int
    excluded: frozenset[int] = frozenset()

    def lowest(self) -> int | None:
        """Give the smallest value that is left."""
        value = self.least
        while value in self.excluded:
            value += 1
        return value if value <= self.most else None


@dataclass(slots=True)
class Search:
    """A search among the values of features, with a limit on its steps."""

    features: Sequence[Feature]
    steps: int = _STEPS_MAX
    _spans: dict[int, _Span] = field(default_factory=dict)

    def request(self, wanted: Sequence[tuple[Cond, bool]]) -> dict[int, int] | None:
        """Give values for which each condition holds or does not, as it is wanted; others are 0.

        None means that there are none, or that the search has given up.
        """
        self._spans = {}
        try:
            if not self._all(list(wanted)):
                return None
        except RecursionError:
            return None
        found = {number: span.lowest() for number, span in self._spans.items()}
        return {number: value for number, value in found.items() if value}

    def _all(self, left: list[tuple[Cond, bool]]) -> bool:
        """Meet all goals that are left; where it fails, the spans are as before."""
        before = dict(self._spans)
        choices: list[tuple[Cond, Cond, bool]] = []
        while left:
            self.steps -= 1
            cond, is_wanted = left.pop()
            parts = [it for it in cond[1:] if isinstance(it, tuple)]
            if self.steps < 0 or not self._single(cond, is_wanted=is_wanted):
                self._spans = before
                return False
            if cond[0] == "not":
                left.append((parts[0], not is_wanted))
            elif (cond[0] == "and") is is_wanted and parts:
                left += [(it, is_wanted) for it in parts]
            elif parts:
                choices.append((parts[0], parts[1], is_wanted))
        if not choices:
            return True
        first, second, is_wanted = choices[0]
        rest = [(("or", a, b) if want else ("and", a, b), want) for a, b, want in choices[1:]]
        for chosen in (first, second):
            if self._all([*rest, (chosen, is_wanted)]):
                return True
        self._spans = before
        return False

    def _single(self, cond: Cond, *, is_wanted: bool) -> bool:
        if cond[0] in {"tt", "ff"}:
            return (cond[0] == "tt") is is_wanted
        if cond[0] not in {"ge", "eq"}:
            return True
        _, number, value = cond
        if not isinstance(number, int) or not isinstance(value, int):
            return False
        span = self._narrowed(self._span(number), str(cond[0]), value, is_wanted=is_wanted)
        self._spans[number] = span
        return span.lowest() is not None

    def _span(self, number: int) -> _Span:
        return self._spans.get(number) or _Span(0, self.features[number].most)

    def _narrowed(self, span: _Span, operator: str, value: int, *, is_wanted: bool) -> _Span:
        if operator == "ge":
            if is_wanted:
                return _Span(max(span.least, value), span.most, span.excluded)
            return _Span(span.least, min(span.most, value - 1), span.excluded)
        if is_wanted:
            return _Span(max(span.least, value), min(span.most, value), span.excluded)
        if len(span.excluded) >= _EXCLUDED_MAX:
            return _Span(1, 0)
        return _Span(span.least, span.most, span.excluded | {value})


class AtFirst:
    """Conditions as they are at the first event of a session, when nothing was before.

    With `is_repeated` as they are when the same event has come often enough before.
    """

    def __init__(self, features: Sequence[Feature], *, is_repeated: bool = False) -> None:
        self._features = features
        self._is_repeated = is_repeated
        self._known: dict[int, Cond] = {}

    def of(self, cond: Cond) -> Cond:
        """Give the condition over what the request itself tells."""
        operator, *parts = cond
        if operator not in {"ge", "eq"}:
            return (operator, *(self.of(it) for it in parts if isinstance(it, tuple)))
        number, value = parts
        if not isinstance(number, int) or not isinstance(value, int):
            return cond
        feature = self._features[number]
        if feature.is_raw:
            return cond
        now = self._known.get(number)
        if now is None:
            now = self._known[number] = self._now(feature)
        if value == 0:
            return TRUE if operator == "ge" else negated(now)
        return now if value == 1 or feature.count else FALSE

    def _now(self, feature: Feature) -> Cond:
        """Say when a feature that looks back is more than 0."""
        if feature.count is not None:
            return self.of(feature.count.when) if self._is_repeated else FALSE
        how, *parts = feature.history or ("previous",)
        if how == "previous" and not self._is_repeated:
            return FALSE
        begins = parts[-1] if parts else FALSE
        return self.of(begins) if isinstance(begins, tuple) else FALSE


def listed(values: Mapping[int, int], size: int) -> list[int]:
    """Give values by number as a list."""
    return [values.get(number, 0) for number in range(size)]
