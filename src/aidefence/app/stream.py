"""Text that is still coming in: pieces go in, and what may go on comes out."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Final, TypeVar, cast

from aidefence.adapters.cipher import AesGcm
from aidefence.domain.content import Degraded, Span
from aidefence.domain.decision import Decision, FindingRecord, open_finding
from aidefence.domain.enums import Action, Category
from aidefence.domain.errors import ContentError, SettingError
from aidefence.domain.reading import single
from aidefence.domain.sanitising import Located, Operator, Wanted
from aidefence.domain.streaming import (
    KEPT_BYTES_MIN,
    OnFinding,
    Released,
    StreamEnd,
    StreamMode,
    StreamTally,
)
from aidefence.domain.verdict import Finding
from aidefence.pipeline.corridor import Corridor
from aidefence.respond.streaming import Replacer

Piece = TypeVar("Piece", str, bytes)

_MENDED = Degraded("stream.unicode", "bytes that are no UTF-8 were read as U+FFFD")
_LONG = Degraded(
    "stream.text", "more came than is kept: it was judged in parts that overlap, by tiers 0 to 2"
)
_HELD = Degraded("stream.hold", "a stretch grew longer than is held back: its beginning went out")
_COPIES = Degraded("stream.copies", "too many values to look for copies of all of them")
_NOTHING: Final = Released("")
_STOPPED: Final = Released("", (), stopped=True)
# Of these a part already tells something; attacks are judged as a whole.
_VALUES = frozenset(
    {
        Category.PII,
        Category.SECRET,
        Category.MALICIOUS_URL,
        Category.UNSAFE_OUTPUT,
        Category.CANARY_LEAK,
    }
)


class Stream:
    """Reads a text while it comes in. One stream a text; one thread at a time.

    `feed` takes pieces, cut anywhere, and gives what may go on; `finish` gives the rest and the
    decision on all of it. `over` and `aover` do both for an iterator of pieces.
    """

    __slots__ = (
        "_blocked",
        "_charter",
        "_closed",
        "_codes",
        "_core",
        "_corridor",
        "_end",
        "_least",
        "_mode",
        "_noted",
        "_out",
        "_replacer",
        "_wanted",
    )

    def __init__(
        self,
        corridor: Corridor,
        *,
        mode: StreamMode | str,
        on_finding: OnFinding | str,
        stop_at: Action | str,
        codes: tuple[int, int],
        wanted: Wanted,
        kept_bytes: int,
    ) -> None:
        """Open a stream; `Guard.stream` says what the parts are."""
        how, redacts = _mode(mode), _on_finding(on_finding) is OnFinding.REDACT
        if redacts and how is not StreamMode.HOLD:
            raise SettingError("on_finding", "only mode `hold` can redact: the others hold nothing")
        if kept_bytes < KEPT_BYTES_MIN:
            raise SettingError("kept_bytes", f"`{kept_bytes}` is below {KEPT_BYTES_MIN}")
        if not corridor.charter.enforced:
            # A profile that only observes stops and changes nothing.
            how, redacts = StreamMode.AUDIT, False
        self._mode = how
        self._corridor = corridor
        self._charter = corridor.charter_of(codes[1])
        self._codes = codes
        self._wanted = wanted
        self._least = _least(stop_at)
        self._blocked = self._least is Action.BLOCK
        self._replacer = Replacer(wanted, _cipher(wanted)) if redacts else None
        self._core = corridor.open_stream(
            how.value,
            blocked=self._blocked,
            replaced=[it.code for it in wanted.categories] if redacts else (),
            codes=codes,
            kept_bytes_max=kept_bytes,
        )
        # Code points that went out as they came; where values were replaced; how it ended.
        self._out = 0
        self._noted: list[Span] = []
        self._end: StreamEnd | None = None
        self._closed = False

    @property
    def held(self) -> int:
        """How many bytes are held back."""
        return self._core.held + (self._replacer.held if self._replacer else 0)

    @property
    def end(self) -> StreamEnd | None:
        """How it ended, once it has."""
        return self._end

    def feed(self, piece: str | bytes) -> Released:
        """Take the next piece; after a stop nothing comes out any more."""
        if self._end is not None or self._closed:
            return self._refuse()
        if not isinstance(piece, str | bytes):
            raise ContentError(f"cannot read a `{type(piece).__name__}`: expected text or bytes")
        text, found, stopped = self._core.feed(piece)
        if not found and not stopped and self._replacer is None:
            self._out += len(text)
            return Released(text) if text else _NOTHING
        findings = self._told(found)
        if stopped:
            decision = self._decide()
            if not self._corridor.goes_by_lists or self._stops(decision):
                self._end = self._ended("", decision, findings, stopped=True)
                return Released("", findings, stopped=True)
            # What the engine found is allowed.
            text = self._core.go_on()
        return Released(self._released(text), findings)

    def finish(self) -> StreamEnd:
        """Give the rest, and the decision on the whole text; the same again when asked again."""
        if self._closed:
            raise ContentError("the stream was closed: nothing was decided")
        if self._end is None:
            rest, found, _ = self._core.finish()
            findings = self._told(found)
            decision = self._decide(last=True)
            late = self._late(decision)
            if self._replacer is not None:
                self._note(decision.findings)
            stopped = self._mode is not StreamMode.AUDIT and self._stops(decision)
            out = "" if stopped else self._released(rest, last=True)
            self._end = self._ended(out, decision, findings, late, stopped=stopped)
        return self._end

    def close(self) -> None:
        """End it without a decision: what is held back never goes out."""
        if self._end is None and not self._closed:
            self._closed = True
            self._core.finish()

    def over(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Run over an iterator of pieces; `end` says how it ended.

        Text comes out of text, bytes out of bytes. Whoever stops early closes the stream.
        """
        like: Piece | None = None
        try:
            for piece in pieces:
                like = piece
                released = self.feed(piece)
                if released.text:
                    yield _like(released.text, piece)
                if released.stopped:
                    return
            rest = self.finish().text
            if rest and like is not None:
                yield _like(rest, like)
        finally:
            self.close()

    async def aover(self, pieces: AsyncIterable[Piece]) -> AsyncIterator[Piece]:
        """Do the same for an asynchronous iterator of pieces."""
        like: Piece | None = None
        try:
            async for piece in pieces:
                like = piece
                released = self.feed(piece)
                if released.text:
                    yield _like(released.text, piece)
                if released.stopped:
                    return
            rest = self.finish().text
            if rest and like is not None:
                yield _like(rest, like)
        finally:
            self.close()

    def _refuse(self) -> Released:
        if self._end is not None and self._end.stopped:
            return _STOPPED
        raise ContentError("the stream has ended: open a new one for another text")

    def _told(self, found: Iterable[FindingRecord]) -> tuple[Finding, ...]:
        findings = tuple(open_finding(raw, 0, self._charter) for raw in found)
        if self._replacer is not None:
            self._note(findings)
        return findings

    def _released(self, text: str, *, last: bool = False) -> str:
        self._out += len(text)
        return text if self._replacer is None else self._replacer.replace(text, last=last)

    def _note(self, findings: Iterable[Finding]) -> None:
        """Have values replaced when they go out."""
        counted = [
            it for it in findings if it.category in self._wanted.categories and self._counts(it)
        ]
        if counted and self._corridor.goes_by_lists:
            # Whoever allowed a value wants it as it is.
            text, before = self._core.kept()
            allowed = {
                (it.rule_id, it.span.start + before)
                for it in self._corridor.evidence(text, *self._codes).allowed_by
            }
            counted = [it for it in counted if (it.rule_id, it.span.start) not in allowed]
        if self._replacer is not None and counted:
            self._noted += (it.span for it in counted)
            self._replacer.note([_located(it) for it in counted])

    def _counts(self, it: Finding) -> bool:
        threshold = self._charter.policy.thresholds[it.category.code]
        least = threshold.block if self._blocked else threshold.flag
        return not it.mention and single(it.score) >= single(least)

    def _late(self, decision: Decision) -> tuple[Finding, ...]:
        """Values that count, where something went out that nothing replaced."""
        if self._mode is not StreamMode.HOLD:
            return ()
        return tuple(
            it
            for it in decision.findings
            if it.category in _VALUES
            and self._counts(it)
            and it.span.start < self._out
            and not any(
                known.start < it.span.end and it.span.start < known.end for known in self._noted
            )
        )

    def _stops(self, decision: Decision) -> bool:
        """Whether something in the decision counts that nothing replaces."""
        replaced = self._wanted.categories if self._replacer else frozenset()
        if decision.category is None or decision.action.code < self._least.code:
            return False
        return decision.category not in replaced or any(
            it.category not in replaced and self._counts(it) for it in decision.findings
        )

    def _decide(self, *, last: bool = False) -> Decision:
        text, before = self._core.kept()
        if before:
            return self._corridor.of_parts(self._core.past(), text, before, self._codes, (_LONG,))
        ask = self._corridor.inspect_text if last else self._corridor.evidence
        return ask(text, *self._codes)

    def _ended(
        self,
        text: str,
        decision: Decision,
        findings: tuple[Finding, ...],
        late: tuple[Finding, ...] = (),
        *,
        stopped: bool,
    ) -> StreamEnd:
        count, pieces, held, held_max, looks, judged, overflowed, mended = self._core.tally()
        crowded = self._replacer is not None and self._replacer.overflowed
        missed = ((mended, _MENDED), (overflowed, _HELD), (crowded, _COPIES))
        return StreamEnd(
            text=text,
            decision=decision,
            findings=findings,
            stopped=stopped,
            late=late,
            degraded=(*decision.degraded, *(it for happened, it in missed if happened)),
            tally=StreamTally(count, pieces, held / max(1, pieces), held_max, looks, judged),
        )

    def __repr__(self) -> str:
        return f"Stream({self._mode.value}, {self.held} bytes held)"


def _like(text: str, piece: Piece) -> Piece:
    """Give text for text, and bytes for bytes."""
    as_bytes = isinstance(cast("object", piece), bytes)
    return cast("Piece", text.encode() if as_bytes else text)


def _located(it: Finding) -> Located:
    entity = it.entity or it.category.value
    return Located(it.span, it.category, entity, it.score, it.rule_id)


def _mode(given: StreamMode | str) -> StreamMode:
    try:
        return StreamMode(given)
    except ValueError:
        raise SettingError("mode", _unknown(given, StreamMode)) from None


def _on_finding(given: OnFinding | str) -> OnFinding:
    try:
        return OnFinding(given)
    except ValueError:
        raise SettingError("on_finding", _unknown(given, OnFinding)) from None


def _least(given: Action | str) -> Action:
    if given not in (Action.FLAG, Action.BLOCK):
        raise SettingError("stop_at", f"`{given}` stops nothing: expected flag or block")
    return Action(given)


def _unknown(given: str, known: Iterable[str]) -> str:
    return f"`{given}` is unknown: expected {', '.join(known)}"


def _cipher(wanted: Wanted) -> AesGcm | None:
    used = {it.operator for it in (wanted.default, *wanted.operators.values())}
    return AesGcm() if Operator.ENCRYPT in used else None
