"""The short way of texts in which nothing is found: from the engine to the answer without objects.

Most of all traffic is harmless texts of which nobody but the engine has anything to say. What is
told of them, what is counted and what is written down is the same as on the usual way; where
anything else could have a say, or something is found, the usual way is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aidefence.domain.access import Caller
from aidefence.domain.asking import UNCONDITIONAL, Detection, Request
from aidefence.domain.decision import Charter, Decision, Record
from aidefence.domain.refusals import Allowance
from aidefence.engine import Batch, Engine
from aidefence.ports.police import Police
from aidefence.service.inspect import conclude
from aidefence.service.standing import Standing

Found = Mapping[int, tuple[Request, Detection]]
"""What was found in some of many texts, by their places."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Who reads texts on the short way, and by which policy."""

    engine: Engine
    charter: Charter


# These two are made for every request: to freeze them would cost a microsecond for each.
@dataclass(slots=True)
class Passed:
    """A text in which nothing was found. Never changed."""

    charter: Charter
    tiers: int
    """Bit by bit, the tiers that ran."""
    confidence: float
    elapsed_ns: int
    allowance: Allowance | None = None


@dataclass(slots=True)
class PassedTexts:
    """Many texts that were read together. Never changed."""

    charter: Charter
    records: Batch
    names: Sequence[str]
    """Of the requests, in the order of the texts."""
    share_ns: int
    """What of the time each text took."""
    found: Found
    """All about which there is more to tell."""
    allowance: Allowance | None = None


class PassedLog(Protocol):
    """Writes down that nothing was found. It says whether it could: if not, nothing was written."""

    def note(self, request: Request, passed: Passed) -> bool:
        """Keep one."""

    def note_all(self, first: Request, texts: Sequence[str], passed: PassedTexts) -> bool:
        """Keep many, with what was found among them, in one step."""


class PassedMeter(Protocol):
    """Counts that nothing was found."""

    def count(self, door: str, detection: Detection) -> None:
        """Count one answer that tells more."""

    def count_passed(self, door: str, tiers: int, elapsed_ns: int, many: int = 1) -> None:
        """Count so many answers after the same tiers, each of which took so long."""


class Express:
    """Takes texts the short way. Safe to share between threads."""

    __slots__ = ("_lanes", "_log", "_meter", "_now_ns", "_police")

    def __init__(
        self, log: PassedLog, meter: PassedMeter, police: Police, now_ns: Callable[[], int]
    ) -> None:
        self._log = log
        self._meter = meter
        self._police = police
        self._now_ns = now_ns
        self._lanes: dict[str, tuple[Standing, Lane | None]] = {}

    def lane(self, standing: Standing, door: str, caller: Caller) -> Lane | None:
        """Say who reads a plain text; none where anybody else has a say."""
        known = self._lanes.get(door)
        if known is None or known[0] is not standing:
            known = self._lanes[door] = standing, _open_lane(standing, door)
        lane = known[1]
        return lane if lane is not None and self._police.is_silent(caller) else None

    def take(self, lane: Lane, request: Request, text: str) -> Passed | Detection:
        """Read a text; what is found in it is for the usual way to keep."""
        begun_ns = self._now_ns()
        record = lane.engine.inspect(text, 1, 0)
        elapsed_ns = self._now_ns() - begun_ns
        if _is_silent(record):
            passed = Passed(lane.charter, record[5], record[3], elapsed_ns)
            if self._log.note(request, passed):
                self._meter.count_passed(request.door, passed.tiers, elapsed_ns)
                return passed
        return conclude(Decision(record, lane.charter, elapsed_ns), UNCONDITIONAL)

    def take_all(
        self,
        lane: Lane,
        first: Request,
        texts: Sequence[str],
        names: Sequence[str],
        threads: int,
    ) -> PassedTexts:
        """Read many texts of one caller; `first` is the request with the first of them.

        What is found among them is not kept yet: that is for `keep`.
        """
        begun_ns = self._now_ns()
        records = lane.engine.inspect_batch(texts, 1, 0, threads)
        share_ns = (self._now_ns() - begun_ns) // max(1, len(texts))
        passed = PassedTexts(lane.charter, records, names, share_ns, {})
        passed.found = {at: _open(passed, first, texts, at) for at in records.noticed()}
        return passed

    def keep(self, first: Request, texts: Sequence[str], passed: PassedTexts) -> bool:
        """Write them down and count them; says whether that could be done."""
        if not self._log.note_all(first, texts, passed):
            return False
        tiers = Counter(passed.records.columns()["tier"])
        tiers.subtract(found.decision.record[5] for _, found in passed.found.values())
        for bits, many in tiers.items():
            self._meter.count_passed(first.door, bits, passed.share_ns, many)
        for _, found in passed.found.values():
            self._meter.count(first.door, found)
        return True


def _open_lane(standing: Standing, door: str) -> Lane | None:
    inspector, talks = standing.at(door)
    watched = talks is not None or standing.suspended is not None
    if watched or standing.off or standing.closed:
        return None
    engine = inspector.lone
    return None if engine is None else Lane(engine, inspector.charter)


def _is_silent(record: Record) -> bool:
    return not (record[0] or record[6] or record[7]) and record[1] < 0


def open_all(
    first: Request, texts: Sequence[str], passed: PassedTexts
) -> tuple[list[Request], list[Detection]]:
    """Make of all texts what the usual way makes of them."""
    pairs = [_open(passed, first, texts, at) for at in range(len(texts))]
    return [request for request, _ in pairs], [found for _, found in pairs]


def _open(
    passed: PassedTexts, first: Request, texts: Sequence[str], at: int
) -> tuple[Request, Detection]:
    decision = Decision(passed.records.get(at), passed.charter, passed.share_ns)
    request = Request(
        texts[at], passed.names[at], first.door, first.caller, first.peer, since_ns=first.since_ns
    )
    return request, conclude(decision, UNCONDITIONAL)
