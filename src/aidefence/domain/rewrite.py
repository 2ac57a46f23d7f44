"""A text that was changed: what became of it, what was changed, and the way back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.content import Degraded, Span


class ChangeKind(StrEnum):
    """What was done to a stretch of a text."""

    REPLACE = "replace"
    MASK = "mask"
    HASH = "hash"
    ENCRYPT = "encrypt"
    SYNTHETIC = "synthetic"
    TOKEN = "token"
    RESTORE = "restore"
    STRIP = "strip"
    DECODE = "decode"
    DEFUSE = "defuse"
    WRAP = "wrap"


@dataclass(frozen=True, slots=True)
class Change:
    """One stretch that was changed: where it stood, where it stands now, what was done and why."""

    original: Span
    result: Span
    kind: ChangeKind
    reason: str
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch to change and what takes its place. Its repr stays silent about the text."""

    start: int
    end: int
    text: str = field(repr=False)
    kind: ChangeKind
    reason: str
    entity: str | None = None


class OffsetMap:
    """The way from positions in one text to those in the other, by search among the changes."""

    __slots__ = ("_changes", "_from", "_to")

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes
        self._from = [change.original.start for change in changes]
        self._to = [change.result.start for change in changes]

    def to_result(self, span: Span) -> Span:
        """Where a stretch of the original stands now; what touches a change takes all of it."""
        return self._map(span, self._from, back=False)

    def to_original(self, span: Span) -> Span:
        """Where a stretch of the result comes from; what touches a change takes all of it."""
        return self._map(span, self._to, back=True)

    def _map(self, span: Span, starts: list[int], *, back: bool) -> Span:
        start = self._move(span.start, bisect_right(starts, span.start), span, back=back)
        if len(span) == 0:
            return Span(start, start)
        # The change that holds the last position decides where the end goes.
        at = bisect_left(starts, span.end)
        end = self._end(span.end, at, back=back)
        return Span(start, max(start, end))

    def _move(self, position: int, after: int, span: Span, *, back: bool) -> int:
        # Several changes may start at one position, all but the last of them empty on this side.
        index = after - 1
        if index < 0:
            return position
        source, target = _sides(self._changes[index], back=back)
        if position < source.end or (position == source.start and len(span) == 0):
            return target.start
        return target.end + position - source.end

    def _end(self, position: int, at: int, *, back: bool) -> int:
        if at == 0:
            return position
        source, target = _sides(self._changes[at - 1], back=back)
        return target.end + max(0, position - source.end)


@dataclass(frozen=True, slots=True, repr=False)
class Rewrite:
    """A changed text with all that was changed. Its repr stays silent about the text.

    `instruction` is what a model must be told about a wrapped text; empty otherwise. `degraded`
    names what could not be looked at to its end: without any, the work is complete.
    """

    text: str
    changes: tuple[Change, ...] = ()
    degraded: tuple[Degraded, ...] = ()
    instruction: str = ""

    @property
    def changed(self) -> bool:
        """Whether anything is different."""
        return bool(self.changes)

    @property
    def complete(self) -> bool:
        """Whether everything was looked at."""
        return not self.degraded

    @property
    def offsets(self) -> OffsetMap:
        """The way from the original to the result and back."""
        return OffsetMap(self.changes)

    def then(self, following: Rewrite) -> Rewrite:
        """Join with what was done to the result afterwards; both count from the first original."""
        return Rewrite(
            following.text,
            _joined(self, following),
            tuple(dict.fromkeys((*self.degraded, *following.degraded))),
            following.instruction or self.instruction,
        )

    def __repr__(self) -> str:
        return f"Rewrite({len(self.text)} code points, {len(self.changes)} changes)"


@dataclass(frozen=True, slots=True, repr=False)
class RewrittenContent:
    """Changed messages or other data: `content` is of the shape that was handed in.

    `parts` names every changed text by a JSON pointer, with its rewrite.
    """

    content: object
    parts: tuple[tuple[str, Rewrite], ...] = ()
    degraded: tuple[Degraded, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything was looked at."""
        return not self.degraded

    def __repr__(self) -> str:
        return f"RewrittenContent({len(self.parts)} texts changed)"


def rewrite(text: str, edits: Iterable[Edit], degraded: Iterable[Degraded] = ()) -> Rewrite:
    """Apply edits that stand in rising order and do not overlap."""
    pieces: list[str] = []
    changes: list[Change] = []
    at = length = 0
    for edit in edits:
        kept = text[at : edit.start]
        pieces += (kept, edit.text)
        length += len(kept)
        result = Span(length, length + len(edit.text))
        span = Span(edit.start, edit.end)
        changes.append(Change(span, result, edit.kind, edit.reason, edit.entity))
        length = result.end
        at = edit.end
    pieces.append(text[at:])
    return Rewrite("".join(pieces), tuple(changes), tuple(degraded))


def _sides(change: Change, *, back: bool) -> tuple[Span, Span]:
    return (change.result, change.original) if back else (change.original, change.result)


def _joined(first: Rewrite, second: Rewrite) -> tuple[Change, ...]:
    """Group what touches in the text between, and measure each group at both ends."""
    if not first.changes or not second.changes:
        return first.changes or second.changes
    marks = [(it.result.start, it.result.end, it) for it in first.changes]
    marks += [(it.original.start, it.original.end, it) for it in second.changes]
    marks.sort(key=lambda mark: mark[:2])
    groups: list[tuple[int, int, list[Change]]] = []
    for start, end, change in marks:
        if groups and start <= groups[-1][1]:
            opened, closed, members = groups[-1]
            groups[-1] = (opened, max(closed, end), [*members, change])
        else:
            groups.append((start, end, [change]))
    return tuple(_measured(groups, first))


def _measured(groups: list[tuple[int, int, list[Change]]], first: Rewrite) -> Iterable[Change]:
    before = {id(change) for change in first.changes}
    # What was added by all changes so far: original against between, result against between.
    lead = lag = 0
    for start, end, members in groups:
        opened = Span(start + lead, start + lead), Span(start + lag, start + lag)
        for it in members:
            if id(it) in before:
                lead += len(it.original) - len(it.result)
            else:
                lag += len(it.result) - len(it.original)
        yield Change(
            Span(opened[0].start, end + lead),
            Span(opened[1].start, end + lag),
            members[-1].kind,
            "; ".join(dict.fromkeys(it.reason for it in members)),
            next((it.entity for it in members if it.entity), None),
        )
