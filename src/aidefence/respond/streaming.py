"""Put something else in the place of values while a text goes out in pieces."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.domain.content import Span
from aidefence.domain.sanitising import Located, Wanted
from aidefence.ports.cipher import Cipher
from aidefence.respond.operators import treat

# Of so many values copies are looked for; a stream with more has them told by rules alone.
VALUES_MAX = 256
_COPY_LEN_MIN = 4


class Replacer:
    """Replaces values in pieces of a text. What may become the copy of a known value waits."""

    __slots__ = ("_at", "_carry", "_cipher", "_known", "_spans", "_wanted")

    def __init__(self, wanted: Wanted, cipher: Cipher | None) -> None:
        self._wanted = wanted
        self._cipher = cipher
        # Values found and not gone out; where the next piece begins; what waits before it.
        self._spans: list[Located] = []
        self._known: dict[str, Located] = {}
        self._at = 0
        self._carry = ""

    @property
    def held(self) -> int:
        """Code points that wait."""
        return len(self._carry)

    @property
    def overflowed(self) -> bool:
        """Whether there were more values than copies are looked for."""
        return len(self._known) >= VALUES_MAX

    def note(self, found: Sequence[Located]) -> None:
        """Take in values, by their places in the whole text."""
        self._spans += found

    def replace(self, piece: str, *, last: bool = False) -> str:
        """Give the next piece as it may go out."""
        if not self._spans and not self._known:
            self._at += len(piece)
            return piece
        text = self._carry + piece
        start = self._at - len(self._carry)
        self._at += len(piece)
        found = [it for it in self._spans if it.span.start < self._at]
        self._spans = [it for it in self._spans if it.span.end > self._at]
        here = [_within(it, start, len(text)) for it in found if it.span.end > start]
        for it in here:
            self._learn(it.span.of(text), it)
        edits = _apart([*here, *self._copies(text)])
        ends = edits[-1].span.end if edits else 0
        kept = len(text) if last else max(ends, self._waits_from(text))
        self._carry = text[kept:]
        return treat(text[:kept], edits, self._wanted, self._cipher).text

    def _learn(self, value: str, it: Located) -> None:
        if len(value) >= _COPY_LEN_MIN and len(self._known) < VALUES_MAX:
            self._known.setdefault(value, it)

    def _copies(self, text: str) -> list[Located]:
        copies: list[Located] = []
        for value, it in self._known.items():
            at = text.find(value)
            while at >= 0:
                span = Span(at, at + len(value))
                copies.append(Located(span, it.category, it.entity, it.score, it.rule_id))
                at = text.find(value, span.end)
        return copies

    def _waits_from(self, text: str) -> int:
        """Where the longest end of a text begins that is the beginning of a known value."""
        start = len(text)
        for value in self._known:
            for at in range(max(0, len(text) - len(value) + 1), start):
                if value.startswith(text[at:]):
                    start = at
                    break
        return start


def _within(it: Located, start: int, length: int) -> Located:
    span = Span(max(0, it.span.start - start), min(length, it.span.end - start))
    return Located(span, it.category, it.entity, it.score, it.rule_id)


def _apart(found: list[Located]) -> list[Located]:
    """Join what overlaps; the longer names it."""
    apart: list[Located] = []
    for it in sorted(found, key=lambda it: (it.span.start, -it.span.end)):
        if not apart or it.span.start >= apart[-1].span.end:
            apart.append(it)
            continue
        last = apart[-1]
        named = it if len(it.span) > len(last.span) else last
        span = Span(last.span.start, max(last.span.end, it.span.end))
        apart[-1] = Located(span, named.category, named.entity, named.score, named.rule_id)
    return apart
