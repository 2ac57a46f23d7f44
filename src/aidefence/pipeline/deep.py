"""Tier 3 in the corridor: which texts it reads, and what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

from aidefence.decide.again import Judge, at_least
from aidefence.domain.content import Degraded
from aidefence.domain.decision import Record
from aidefence.domain.enums import Direction, OnError
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.reading import Opinion
from aidefence.engine import MODEL_CATEGORIES
from aidefence.fuse.deep import DeepFusion, UnusableReadingError
from aidefence.ports.encoder import Encoder

CHECK = "tier3.encoder"

_FAILED = "it failed on this text: what the other tiers said stands"
_LATE = "the time for this request was over before this text was read"
_CUT_SHORT = "a limit was reached: the text was not read to its end"

_log = logging.getLogger("aidefence.deep")

Asked = tuple[str, int, int]
"""A text, the code of its origin, the code of its direction."""


@dataclass(frozen=True, slots=True)
class Consulted:
    """What became of one text."""

    record: Record
    confidences: Sequence[float]
    degraded: tuple[Degraded, ...] = ()


class DeepTier:
    """The deep model with all that its word depends on. Without an encoder it says what missed."""

    __slots__ = (
        *("_encoder", "_failed", "_fusion", "_judges", "_missing", "_on_error", "high", "low"),
        "milliseconds_max",
    )

    def __init__(
        self,
        encoder: Encoder | None,
        fusion: DeepFusion,
        judge: Judge,
        *,
        band: tuple[float, float],
        milliseconds_max: int,
        on_error: OnError = OnError.KEEP,
        missing: str = "",
        of_answers: Judge | None = None,
    ) -> None:
        """`missing` says why there is no encoder; `band` is of confidences of tier 1.

        `of_answers` decides texts on their way out.
        """
        self._encoder = encoder
        self._fusion = fusion
        self._judges = (judge, of_answers or judge)
        self._on_error = on_error
        self._missing = missing
        self._failed = ""
        self.low, self.high = band
        self.milliseconds_max = milliseconds_max

    def on_error(self, on_error: OnError) -> DeepTier:
        """The same, with another word on texts that it could not read."""
        other = copy(self)
        other._on_error = on_error  # noqa: SLF001 -- our own, not handed out yet
        return other

    @property
    def is_there(self) -> bool:
        """Whether a text that needs it takes longer than one that does not."""
        return self._encoder is not None

    @property
    def standing(self) -> tuple[Degraded, ...]:
        """What holds for every text that needs it."""
        reason = self._missing or self._failed
        return (Degraded(CHECK, reason),) if reason else ()

    def warm(self) -> None:
        """Load it now; raises what stands against it."""
        if self._encoder is None:
            return
        try:
            self._encoder.warm()
        except AIDefenceError as error:
            self._failed = str(error)
            raise

    def in_band(
        self, record: Record, confidences: Callable[[], Sequence[float]]
    ) -> Sequence[float] | None:
        """Give the confidences of a text that tier 1 is not sure of; none if it is sure."""
        category, confidence = record[1], record[3]
        if category < 0 and not self.low <= confidence <= self.high:
            return None
        if 0 <= category < MODEL_CATEGORIES and confidence > self.high:
            return None
        # What leads may be of another kind: only all confidences tell what tier 1 believes.
        known = confidences()
        fused = max(known[:MODEL_CATEGORIES])
        return known if self.low <= fused <= self.high else None

    def consult(
        self,
        record: Record,
        confidences: Sequence[float],
        asked: Asked,
        deadline_ns: int,
        now_ns: int,
    ) -> Consulted:
        """Read one text and decide it again. Never raises, whatever the text or the model does."""
        text, origin, direction = asked
        if self._encoder is None:
            return self._missed(record, confidences, self._missing)
        if now_ns >= deadline_ns:
            return self._missed(record, confidences, _LATE)
        try:
            reading = self._encoder.read(text, deadline_ns=deadline_ns)
            opinion = self._fusion.weigh(reading, record[4], origin, direction, len(text))
        except UnusableReadingError as error:
            return self._missed(record, confidences, f"{_FAILED} ({error})")
        except AIDefenceError as error:
            # Ours speak of files and packages, never of a text; they hold for every text.
            self._failed = str(error)
            return self._missed(record, confidences, self._failed)
        except Exception:  # noqa: BLE001 -- whatever a runtime throws, a text must get its answer
            # Never the text itself: a runtime may quote what it was given.
            _log.warning("the deep model failed on a text", exc_info=False)
            return self._missed(record, confidences, self._failed or _FAILED)
        return self._heard(record, confidences, opinion, direction)

    def _heard(
        self, record: Record, confidences: Sequence[float], opinion: Opinion, direction: int
    ) -> Consulted:
        judge = self._judges[direction == Direction.OUTPUT.code]
        again, weighed = judge.decide(record, confidences, opinion)
        if opinion.cut_short:
            degraded = (Degraded(CHECK, _CUT_SHORT),)
            return Consulted(at_least(again, self._on_error.least), weighed, degraded)
        return Consulted(again, weighed)

    def _missed(self, record: Record, confidences: Sequence[float], reason: str) -> Consulted:
        kept = at_least(record, self._on_error.least)
        return Consulted(kept, confidences, (Degraded(CHECK, reason),))
