"""The corridor in a few lines: read, inspect natively, decide, put into words."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.domain.content import Degraded, Inspection
from aidefence.domain.decision import Decision, Record
from aidefence.engine import Engine
from aidefence.ports.clock import Clock
from aidefence.respond.batch import DecisionBatch
from aidefence.respond.charter import PolicyCharter

_NO_CATEGORY = -1


class Corridor:
    """One engine and one policy. Immutable and safe to share between threads."""

    __slots__ = ("_degraded", "_engine", "_now_ns", "_scan", "charter")

    def __init__(
        self,
        engine: Engine,
        charter: PolicyCharter,
        clock: Clock,
        degraded: tuple[Degraded, ...] = (),
    ) -> None:
        self.charter = charter
        self._engine = engine
        self._degraded = degraded
        # Bound once: this is the path of every call.
        self._scan = engine.inspect
        self._now_ns = clock.monotonic_ns

    def inspect_text(self, text: str, origin: int = 1, direction: int = 0) -> Decision:
        """Decide on one text; origin and direction are codes."""
        start_ns = self._now_ns()
        record = self._scan(text, origin, direction)
        return Decision(record, self.charter, self._now_ns() - start_ns, (), self._degraded)

    def inspect(self, inspection: Inspection) -> Decision:
        """Decide on all contents together: the worst one speaks for them."""
        direction = inspection.direction.code
        start_ns = self._now_ns()
        records = tuple(
            self._scan(content.text, content.origin.code, direction)
            for content in inspection.contents
        )
        elapsed_ns = self._now_ns() - start_ns
        degraded = (*self._degraded, *inspection.unread)
        if len(records) == 1:
            return Decision(records[0], self.charter, elapsed_ns, (), degraded)
        return Decision(_worst(records), self.charter, elapsed_ns, records, degraded)

    def inspect_batch(
        self, texts: Sequence[str], origin: int = 1, direction: int = 0, threads: int = 0
    ) -> DecisionBatch:
        """Decide on many texts, on all cores or on as many threads as told."""
        start_ns = self._now_ns()
        records = self._engine.inspect_batch(texts, origin, direction, threads)
        return DecisionBatch(records, self.charter, self._now_ns() - start_ns, self._degraded)


def _worst(records: tuple[Record, ...]) -> Record:
    if not records:
        return (0, _NO_CATEGORY, 0, 0.0, 0.0, 0, (), False)
    # Action first: a category with a low block threshold outweighs a surer flag.
    action, category, severity, confidence, score, _, _, _ = max(
        records, key=lambda record: (record[0], record[1] >= 0, record[3], record[2])
    )
    tiers = 0
    for record in records:
        tiers |= record[5]
    cut_short = any(record[7] for record in records)
    return (action, category, severity, confidence, score, tiers, (), cut_short)
