"""The corridor with tier 3: what the engine is not sure of is read once more, for meaning."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from aidefence.domain.content import Degraded, Inspection
from aidefence.domain.decision import Decision, Record
from aidefence.domain.enums import OnError
from aidefence.engine import Batch, Engine
from aidefence.pipeline.corridor import Corridor
from aidefence.pipeline.deep import Asked, Consulted, DeepTier
from aidefence.pipeline.listed import ListedBatch, ListedEngine, denied_again, undecided
from aidefence.ports.clock import Clock
from aidefence.respond.batch import Amended, DecisionBatch
from aidefence.respond.charter import PolicyCharter

if TYPE_CHECKING:
    import numpy as np

_NS_PER_MS = 1_000_000
# A request with many texts may take as long as so many requests.
_BATCH_BUDGETS = 10


class Cascade(Corridor):
    """A corridor that asks a deep model. Texts that tier 1 is sure of pay one comparison for it."""

    __slots__ = ("_budget_ns", "_clock", "_deep", "_high", "_low")

    def __init__(
        self,
        engine: Engine | ListedEngine,
        charter: PolicyCharter,
        clock: Clock,
        degraded: tuple[Degraded, ...] = (),
        notes: tuple[Degraded, ...] = (),
        *,
        deep: DeepTier,
    ) -> None:
        super().__init__(engine, charter, clock, degraded, notes)
        self._clock = clock
        self._deep = deep
        self._low, self._high = deep.low, deep.high
        self._budget_ns = deep.milliseconds_max * _NS_PER_MS

    def on_error(self, on_error: OnError) -> Cascade:
        """The same corridor, with another word on texts for which a check failed."""
        # What can change a decision has a name of its own.
        version = f"{self.charter.policy_version}-{on_error.value}"
        return Cascade(
            self._engine,
            replace(self.charter, policy_version=version),
            self._clock,
            self._degraded,
            self._notes,
            deep=self._deep.on_error(on_error),
        )

    @property
    def standing(self) -> tuple[Degraded, ...]:
        """Checks that this installation does not run, and why."""
        return (*super().standing, *self._deep.standing)

    def warm(self) -> None:
        """Load the deep model now."""
        self._deep.warm()

    def inspect_text(
        self, text: str, origin: int = 1, direction: int = 0, since_ns: int = 0
    ) -> Decision:
        """Decide on one text; origin and direction are codes."""
        start_ns, charter = self._now_ns(), self._charters[direction]
        record = self._scan(text, origin, direction)
        scanned_ns = self._now_ns()
        if record[1] < 0 and record[3] < self._low:
            return Decision(record, charter, scanned_ns - start_ns, (), self._degraded)
        deadline_ns = (since_ns or start_ns) + self._budget_ns
        found = self._consult(record, (text, origin, direction), deadline_ns)
        if found is None:
            return Decision(record, charter, scanned_ns - start_ns, (), self._degraded)
        end_ns = self._now_ns()
        degraded = (*self._degraded, *found.degraded)
        took_ns = end_ns - scanned_ns
        return Decision(found.record, charter, end_ns - start_ns, (), degraded, took_ns)

    def inspect(self, inspection: Inspection, since_ns: int = 0) -> Decision:
        """Decide on all contents together: the worst one speaks for them."""
        start_ns = self._now_ns()
        scanned = self._scan_all(inspection)
        scanned_ns = self._now_ns()
        # One request has one budget, however many messages it is cut into.
        deadline_ns = (since_ns or start_ns) + self._budget_ns
        records: list[Record] = []
        missed: dict[Degraded, None] = {}
        was_read = False
        for record, asked in zip(scanned, _asked(inspection), strict=True):
            found = self._consult(record, asked, deadline_ns)
            records.append(record if found is None else found.record)
            if found is not None:
                was_read = True
                missed |= dict.fromkeys(found.degraded)
        end_ns = self._now_ns()
        deep_ns = end_ns - scanned_ns if was_read else 0
        return self._together(inspection, tuple(records), end_ns - start_ns, tuple(missed), deep_ns)

    def text_at_once(self, text: str, origin: int = 1, direction: int = 0) -> Decision | None:
        """Decide on one text if that takes microseconds; none if it must be read deeper."""
        if not self._deep.is_there:
            return self.inspect_text(text, origin, direction)
        start_ns = self._now_ns()
        record = self._scan(text, origin, direction)
        elapsed_ns = self._now_ns() - start_ns
        sure = record[1] < 0 and record[3] < self._low
        if not sure and self._uncertain(record, (text, origin, direction)) is not None:
            return None
        return Decision(record, self._charters[direction], elapsed_ns, (), self._degraded)

    def at_once(self, inspection: Inspection) -> Decision | None:
        """Decide on all contents if that takes microseconds; none if one must be read deeper."""
        if not self._deep.is_there:
            return self.inspect(inspection)
        start_ns = self._now_ns()
        records = self._scan_all(inspection)
        elapsed_ns = self._now_ns() - start_ns
        for record, asked in zip(records, _asked(inspection), strict=True):
            if self._uncertain(record, asked) is not None:
                return None
        return self._together(inspection, records, elapsed_ns)

    def since_for(self, since_ns: int, until_ns: int) -> int:
        """Leave the deep model no more time than the client does; the earliest is 1."""
        return max(1, min(since_ns, until_ns - self._budget_ns))

    def batch_since(self, start_ns: int) -> int:
        """Give a request with many texts the time of several, but not of all of them."""
        return start_ns + (_BATCH_BUDGETS - 1) * self._budget_ns

    def inspect_batch(
        self,
        texts: Sequence[str],
        origin: int = 1,
        direction: int = 0,
        threads: int = 0,
        since_ns: int = 0,
    ) -> DecisionBatch:
        """Decide on many texts; only the uncertain ones go on, the longest first.

        Without `since_ns` nobody waits at the other end: then each text has time of its own.
        """
        start_ns = self._now_ns()
        listed = texts if isinstance(texts, list | tuple) else list(texts)
        records = self._engine.inspect_batch(listed, origin, direction, threads)
        waiting = self._waiting(records, listed, origin, direction)
        engine_ns = self._now_ns() - start_ns
        last_ns = since_ns + self._budget_ns if since_ns else None
        amended = self._read_all(waiting, threads, last_ns) if waiting else {}
        return DecisionBatch(
            records,
            self._charters[direction],
            self._now_ns() - start_ns,
            self._degraded,
            amended=amended,
            engine_ns=engine_ns,
        )

    def confidences(self, text: str, origin: int = 1, direction: int = 0) -> Sequence[float]:
        """Give the confidence of every category, after all tiers that have a say."""
        record = self._scan(text, origin, direction)
        deadline_ns = self._now_ns() + self._budget_ns
        found = self._consult(record, (text, origin, direction), deadline_ns)
        if found is None:
            return super().confidences(text, origin, direction)
        return found.confidences

    def _consult(self, record: Record, asked: Asked, deadline_ns: int) -> Consulted | None:
        known = self._uncertain(record, asked)
        if known is None:
            return None
        return self._read_deeper(record, known, asked, deadline_ns, self._now_ns())

    def _read_deeper(
        self,
        record: Record,
        known: Sequence[float],
        asked: Asked,
        deadline_ns: int,
        now_ns: int,
    ) -> Consulted:
        found = self._deep.consult(undecided(record), known, asked, deadline_ns, now_ns)
        return replace(found, record=denied_again(found.record, record))

    def _uncertain(self, record: Record, asked: Asked) -> Sequence[float] | None:
        return self._deep.in_band(undecided(record), partial(self._engine.confidences, *asked))

    def _waiting(
        self, records: Batch | ListedBatch, texts: Sequence[str], origin: int, direction: int
    ) -> dict[int, tuple[Record, Sequence[float], Asked]]:
        waiting: dict[int, tuple[Record, Sequence[float], Asked]] = {}
        for at in self._suspects(records).tolist():
            record, asked = records.get(at), (texts[at], origin, direction)
            known = self._uncertain(record, asked)
            if known is not None:
                waiting[at] = record, known, asked
        return waiting

    def _suspects(self, records: Batch | ListedBatch) -> np.ndarray:
        """Texts that may lie in the band, told by columns alone."""
        import numpy as np  # noqa: PLC0415 -- whoever inspects no batch pays nothing for it

        raw = records.columns()
        category = np.frombuffer(raw["category"], "<i1")
        confidence = np.frombuffer(raw["confidence"], "<f4").astype(np.float64)
        clean = (category < 0) & ((confidence < self._low) | (confidence > self._high))
        return np.flatnonzero(~clean)

    def _read_all(
        self,
        waiting: Mapping[int, tuple[Record, Sequence[float], Asked]],
        threads: int,
        last_ns: int | None,
    ) -> dict[int, Amended]:
        """Read texts side by side, the longest first so that no thread ends long after the rest.

        Each text is run by itself: 8-bit steps depend on all rows of a run, and a text must get
        the same answer in any company.
        """
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- see above

        order = sorted(waiting, key=lambda at: (-len(waiting[at][2][0]), at))
        workers = min(len(order), threads or os.cpu_count() or 1)
        if workers == 1 or not self._deep.is_there:
            return {at: self._amended(*waiting[at], last_ns) for at in order}
        with ThreadPoolExecutor(workers) as pool:
            read = pool.map(lambda at: self._amended(*waiting[at], last_ns), order)
            return dict(zip(order, read, strict=True))

    def _amended(
        self, record: Record, known: Sequence[float], asked: Asked, last_ns: int | None
    ) -> Amended:
        start_ns = self._now_ns()
        deadline_ns = start_ns + self._budget_ns
        if last_ns is not None:
            deadline_ns = min(deadline_ns, last_ns)
        found = self._read_deeper(record, known, asked, deadline_ns, start_ns)
        return Amended(found.record, found.degraded, self._now_ns() - start_ns)


def _asked(inspection: Inspection) -> Iterator[Asked]:
    direction = inspection.direction.code
    for content in inspection.contents:
        yield content.text, content.origin.code, direction
