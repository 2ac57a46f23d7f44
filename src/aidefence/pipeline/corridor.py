"""The corridor in a few lines: read, inspect natively, decide, put into words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aidefence.domain.content import Degraded, Inspection
from aidefence.domain.decision import Decision, Record
from aidefence.domain.enums import OnError
from aidefence.engine import Engine, RuleInfo, Stream
from aidefence.pipeline.listed import ListedEngine
from aidefence.ports.clock import Clock
from aidefence.respond.batch import DecisionBatch
from aidefence.respond.charter import PolicyCharter

_NO_CATEGORY = -1


class Corridor:
    """One engine and one policy. Immutable and safe to share between threads."""

    __slots__ = ("_charters", "_degraded", "_engine", "_notes", "_now_ns", "_scan", "charter")

    def __init__(
        self,
        engine: Engine | ListedEngine,
        charter: PolicyCharter,
        clock: Clock,
        degraded: tuple[Degraded, ...] = (),
        notes: tuple[Degraded, ...] = (),
    ) -> None:
        """`degraded` stands in every decision; `notes` tell only those who ask the installation."""
        self.charter = charter
        # By the code of a direction: an answer is held against thresholds of its own.
        self._charters = (charter, charter.of_answers())
        self._notes = notes
        self._engine = engine
        self._degraded = degraded
        # Bound once: this is the path of every call.
        self._scan = engine.inspect
        self._now_ns = clock.monotonic_ns

    def on_error(self, on_error: OnError) -> Corridor:  # noqa: ARG002 -- what is here never fails
        """The same corridor, with another word on texts for which a check failed."""
        return self

    @property
    def standing(self) -> tuple[Degraded, ...]:
        """Checks that this installation does not run, and why."""
        return (*self._degraded, *self._notes)

    @property
    def lone(self) -> Engine | None:
        """The engine, where it alone speaks: no lists, no slow tier, no check that is missing."""
        alone = type(self) is Corridor and not self._degraded
        return self._engine if alone and isinstance(self._engine, Engine) else None

    def rules(self) -> tuple[RuleInfo, ...]:
        """Give all rules as written, also those not in force."""
        return self._engine.rules()

    def warm(self) -> None:
        """Load what the first text would have to wait for: here, nothing."""

    def inspect_text(
        self, text: str, origin: int = 1, direction: int = 0, since_ns: int = 0
    ) -> Decision:
        """Decide on one text; origin and direction are codes.

        `since_ns` is when the request came in, for tiers whose time is limited.
        """
        del since_ns  # these tiers are done before any time is over
        start_ns = self._now_ns()
        record = self._scan(text, origin, direction)
        charter = self._charters[direction]
        return Decision(record, charter, self._now_ns() - start_ns, (), self._degraded)

    def evidence(self, text: str, origin: int = 1, direction: int = 0) -> Decision:
        """Give what the engine finds in one text; tiers outside of it are not asked."""
        start_ns = self._now_ns()
        record = self._scan(text, origin, direction)
        charter = self._charters[direction]
        return Decision(record, charter, self._now_ns() - start_ns, (), self._degraded)

    def inspect(self, inspection: Inspection, since_ns: int = 0) -> Decision:
        """Decide on all contents together: the worst one speaks for them."""
        del since_ns
        start_ns = self._now_ns()
        records = self._scan_all(inspection)
        return self._together(inspection, records, self._now_ns() - start_ns)

    def text_at_once(self, text: str, origin: int = 1, direction: int = 0) -> Decision | None:
        """Decide on one text if that takes microseconds; here it always does."""
        return self.inspect_text(text, origin, direction)

    def at_once(self, inspection: Inspection) -> Decision | None:
        """Decide on all contents if that takes microseconds; here it always does."""
        return self.inspect(inspection)

    def since_for(self, since_ns: int, until_ns: int) -> int:  # noqa: ARG002 -- see batch_since
        """From when the time of a request counts that came in then and must be done by then."""
        return since_ns

    def batch_since(self, start_ns: int) -> int:
        """From when the time of a request with many texts counts, if it came in at `start_ns`."""
        return start_ns

    def inspect_batch(
        self,
        texts: Sequence[str],
        origin: int = 1,
        direction: int = 0,
        threads: int = 0,
        since_ns: int = 0,
    ) -> DecisionBatch:
        """Decide on many texts, on all cores or on as many threads as told."""
        del since_ns
        start_ns = self._now_ns()
        records = self._engine.inspect_batch(texts, origin, direction, threads)
        return DecisionBatch(
            records, self._charters[direction], self._now_ns() - start_ns, self._degraded
        )

    def open_stream(
        self,
        mode: str,
        *,
        blocked: bool,
        replaced: Iterable[int],
        codes: tuple[int, int],
        kept_bytes_max: int,
    ) -> Stream:
        """Open what reads a text while it comes in; `codes` are those of origin and direction."""
        return self._engine.stream(
            mode,
            blocked=blocked,
            replaced=replaced,
            origin=codes[0],
            direction=codes[1],
            kept_bytes_max=kept_bytes_max,
        )

    def of_parts(
        self,
        past: Sequence[Record],
        text: str,
        before: int,
        codes: tuple[int, int],
        missed: tuple[Degraded, ...] = (),
    ) -> Decision:
        """Decide on a long text of which only the end is left: the worst part speaks for all.

        `before` is how many code points stood before what is left.
        """
        start_ns = self._now_ns()
        records = (*past, _moved(self._scan(text, *codes), before))
        elapsed_ns = self._now_ns() - start_ns
        degraded = (*self._degraded, *missed)
        return Decision(worst(records), self._charters[codes[1]], elapsed_ns, records, degraded)

    @property
    def goes_by_lists(self) -> bool:
        """Whether something may be allowed that the engine finds."""
        return isinstance(self._engine, ListedEngine)

    def charter_of(self, direction: int) -> PolicyCharter:
        """Give the policy that speaks of texts on their way in or out."""
        return self._charters[direction]

    def confidences(self, text: str, origin: int = 1, direction: int = 0) -> Sequence[float]:
        """Give the confidence of every category, after all tiers that have a say."""
        return self._engine.confidences(text, origin, direction)

    def _scan_all(self, inspection: Inspection) -> tuple[Record, ...]:
        direction = inspection.direction.code
        return tuple(
            self._scan(content.text, content.origin.code, direction)
            for content in inspection.contents
        )

    def _together(
        self,
        inspection: Inspection,
        records: tuple[Record, ...],
        elapsed_ns: int,
        missed: tuple[Degraded, ...] = (),
        deep_ns: int = 0,
    ) -> Decision:
        charter = self._charters[inspection.direction.code]
        degraded = (*self._degraded, *inspection.unread, *missed)
        if len(records) == 1:
            return Decision(records[0], charter, elapsed_ns, (), degraded, deep_ns)
        return Decision(worst(records), charter, elapsed_ns, records, degraded, deep_ns)


def _moved(record: Record, by: int) -> Record:
    findings = tuple(
        (rule, category, start + by, end + by, score, severity, mention, chain, _shifted(parts, by))
        for rule, category, start, end, score, severity, mention, chain, parts in record[6]
    )
    return (*record[:6], findings, record[7])


def _shifted(parts: tuple[tuple[int, int], ...], by: int) -> tuple[tuple[int, int], ...]:
    return tuple((start + by, end + by) for start, end in parts)


def worst(records: tuple[Record, ...]) -> Record:
    """The record of the content that speaks for all."""
    if not records:
        return (0, _NO_CATEGORY, 0, 0.0, 0.0, 0, (), 0)
    # Action first: a category with a low block threshold outweighs a surer flag.
    action, category, severity, confidence, score, _, _, _ = max(
        records, key=lambda record: (record[0], record[1] >= 0, record[3], record[2])
    )
    tiers = cut_short = 0
    for record in records:
        tiers |= record[5]
        cut_short |= record[7]
    return (action, category, severity, confidence, score, tiers, (), cut_short)
