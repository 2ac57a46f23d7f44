"""Find every value in a text, however many there are.

The engine gives the best findings of a text, not all: what it has given is covered, and the rest
is read again until nothing new is found. Long texts are read by overlapping windows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from aidefence.domain.content import Degraded, Span
from aidefence.domain.decision import UNREAD, Decision
from aidefence.domain.enums import Category
from aidefence.domain.sanitising import Located, Operator, Wanted
from aidefence.domain.verdict import Finding

Read = Callable[[str], Decision]

# Code points and rounds. Half of a window overlaps the next: the longest stretch that a rule reads
# fits into one. Where values stand close, small windows need fewer rounds over less text.
_WINDOWS = ((8192, 16), (1024, 64))
# So many findings the engine hands out at most; there may be more.
_FINDINGS_MAX = 64
# A sign that no rule takes for part of a value, and that keeps every position where it is.
_COVER = "|"
_BY_RULES = frozenset({Category.PII, Category.SECRET})
_COPY_LEN_MIN = 4
_COPY_WORK_MAX = 4_000_000_000
_EDGES = " \t\r\n\f\v\u00a0,;"
_PROSE_EDGES = _EDGES + "\"'`()[]{}<>"
_PROSE_ENDS = _PROSE_EDGES + ".:!?"
_TELLING = re.compile(r"\w")
_LEFT = Degraded(
    "redact.rounds", "a stretch still had something new when its rounds were over: more may stay"
)
_CROWDED = Degraded("redact.findings", "a stretch has more findings than are handed out")
UNCOPIED = Degraded("redact.copies", "too many values in too long a text to look for copies")


class Locator:
    """Finds values by asking the engine as often as it takes."""

    __slots__ = ("_flags", "_read")

    def __init__(self, read: Read, flags: Mapping[Category, float]) -> None:
        """`flags` is the score from which a finding of a category counts."""
        self._read = read
        self._flags = flags

    def locate(self, text: str, wanted: Wanted) -> tuple[tuple[Located, ...], tuple[Degraded, ...]]:
        """Find all values, merged where they overlap, and say what was not read to its end."""
        search = _Search(self._read, self._flags, wanted)
        search.sweep(text, 0, _WINDOWS)
        merged = merge(search.found, text)
        by_value = {it.span.of(text): it for it in merged}
        copied = copies(text, by_value)
        if copied is None:
            search.missed[UNCOPIED] = None
        return merge((*merged, *(copied or ())), text), tuple(search.missed)


class _Search:
    """One search: what was found so far, and what could not be read to its end."""

    def __init__(self, read: Read, flags: Mapping[Category, float], wanted: Wanted) -> None:
        self._read = read
        self._flags = flags
        self._wanted = wanted
        self.found: list[Located] = []
        self.missed: dict[Degraded, None] = {}

    def sweep(self, text: str, at: int, sizes: tuple[tuple[int, int], ...]) -> None:
        """Read a text whole if it fits the first size, by overlapping windows of it otherwise."""
        (size, rounds), smaller = sizes[0], sizes[1:]
        step = size - size // 2
        carried = ""
        for start in range(0, max(1, len(text) - size + step), step):
            window = carried + text[start + len(carried) : start + size]
            covered, left = self._exhaust(window, at + start, rounds)
            if left is not None and smaller:
                self.sweep(covered, at + start, smaller)
            elif left is not None:
                self.missed[left] = None
            carried = covered[step:]

    def _exhaust(self, text: str, at: int, rounds: int) -> tuple[str, Degraded | None]:
        """Read until nothing new is found.

        Gives the text with all that was found covered, and why there may be more.
        """
        for _ in range(rounds):
            decision = self._read(text)
            self.missed.update(dict.fromkeys(it for it in decision.degraded if self._counts(it)))
            crowded = len(decision.findings) >= _FINDINGS_MAX
            fresh = [it for it in self._taken(decision.findings, text) if _new(text, it)]
            wanted = [it for it in fresh if self._wants(it)]
            self.found += (_moved(it, at) for it in wanted)
            if not fresh:
                return text, _CROWDED if crowded else None
            # What nobody asked for is covered last: it may stand where something else does.
            text = _cover(text, wanted or fresh)
        return text, _LEFT

    def _taken(self, findings: Iterable[Finding], text: str) -> Iterator[Located]:
        for it in findings:
            if it.category not in self._wanted.categories:
                continue
            span = _trimmed(it.span, text, secret=it.category is not Category.PII)
            if span is not None:
                entity = it.entity or it.category.value
                yield Located(span, it.category, entity, it.score, it.rule_id)

    def _counts(self, missed: Degraded) -> bool:
        # The dense model knows attacks; of values it has nothing to say.
        return missed != UNREAD or not self._wanted.categories <= _BY_RULES

    def _wants(self, it: Located) -> bool:
        wanted = self._wanted
        least = self._flags[it.category] if wanted.min_score is None else wanted.min_score
        if it.score < least or (wanted.entities is not None and it.entity not in wanted.entities):
            return False
        return wanted.treatment(it.entity).operator is not Operator.KEEP


def merge(found: Iterable[Located], text: str) -> tuple[Located, ...]:
    """Join what overlaps into one stretch, named by the wider of the two, or else the surer."""
    merged: list[Located] = []
    widest = 0
    for it in sorted(found, key=lambda it: (it.span.start, -it.span.end, -it.score)):
        if not merged or it.span.start >= merged[-1].span.end:
            merged.append(it)
            widest = len(it.span)
            continue
        last = merged[-1]
        span = Span(last.span.start, min(max(last.span.end, it.span.end), len(text)))
        named = max((widest, last.score, last), (len(it.span), it.score, it), key=_rank)[2]
        widest = max(widest, len(it.span))
        merged[-1] = Located(span, named.category, named.entity, named.score, named.rule_id)
    return tuple(merged)


def _rank(named: tuple[int, float, Located]) -> tuple[int, float]:
    return named[:2]


def _new(text: str, found: Located) -> bool:
    # What reaches into something covered counts only if it brings more than its edges.
    return _TELLING.search(found.span.of(text)) is not None


def _moved(it: Located, by: int) -> Located:
    if by == 0:
        return it
    span = Span(it.span.start + by, it.span.end + by)
    return Located(span, it.category, it.entity, it.score, it.rule_id)


def _cover(text: str, found: Sequence[Located]) -> str:
    pieces: list[str] = []
    at = 0
    for it in merge(found, text):
        pieces += (text[at : it.span.start], _COVER * len(it.span))
        at = it.span.end
    return "".join((*pieces, text[at:]))


def _trimmed(span: Span, text: str, *, secret: bool) -> Span | None:
    # A secret may end in any sign; what ends a sentence after a name or number is not part of it.
    value = span.of(text)
    left = value.lstrip(_EDGES if secret else _PROSE_EDGES)
    kept = left.rstrip(_EDGES if secret else _PROSE_ENDS)
    if not kept:
        return None
    start = span.start + len(value) - len(left)
    return Span(start, start + len(kept))


def copies(text: str, by_value: Mapping[str, Located]) -> list[Located] | None:
    """Find known values where no rule saw them; none if that would take too long.

    One copy that stays would tell what all the others were.
    """
    values = {value: it for value, it in by_value.items() if len(value) >= _COPY_LEN_MIN}
    if len(values) * len(text) > _COPY_WORK_MAX:
        return None
    found: list[Located] = []
    for value, it in values.items():
        at = text.find(value)
        while at >= 0:
            if not value.isalpha() or _stands_alone(text, at, at + len(value)):
                span = Span(at, at + len(value))
                found.append(Located(span, it.category, it.entity, it.score, it.rule_id))
            at = text.find(value, at + len(value))
    return found


def _stands_alone(text: str, start: int, end: int) -> bool:
    # A name may be part of a longer word that is none.
    return not (text[start - 1 : start].isalpha() or text[end : end + 1].isalpha())
