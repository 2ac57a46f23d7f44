"""Takes journals over into the store, each record once, whatever is killed meanwhile.

How far a file was taken over is written in the transaction that takes it over. A file is deleted
only when nobody writes to it any more and all of it is in the store.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, select

from aidefence.adapters.journal.bodies import Body, read_body
from aidefence.adapters.journal.frames import Frame, read_frames
from aidefence.adapters.journal.segments import alone, is_finished, only_one, segments_in, sweep
from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import (
    CONTENTS,
    EPISODES,
    LATENCIES,
    REVIEWS,
    ROLLUPS,
    SEGMENTS,
)
from aidefence.adapters.store.writing import Rows, add_up, insert_new, plain, put
from aidefence.domain.durations import bucket_of
from aidefence.domain.enums import Action
from aidefence.domain.review import ReviewReason, ReviewState

_log = logging.getLogger("aidefence.store")

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
_READ_BYTES = 4 << 20
_RECORDS_MAX = 5_000
_LOCK = ".taking"
_REVIEW = Action.REVIEW.code
_OPEN = ReviewState.OPEN.value
_DENOMINATOR = 1 << 32
_EPISODE = ("id", "at_ms", "tenant", "node", "detected", "category", "severity", "body")
_CONTENT = ("request_id", "at_ms", "value")
_CASE = (
    *("id", "request_id", "tenant", "reason", "state", "opened_ms", "due_ms"),
    *("claimed_until_ms", "settled_ms", "episode"),
)
_REASON = _CASE.index("reason")
# The same few names stand in nearly all records.
_often = lru_cache(maxsize=1024)(plain)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which decisions a person should see, and how soon."""

    low: float = 0.35
    high: float = 0.65
    """Between these confidences we are least sure."""
    share: float = 0.01
    """How much of that is shown to a person."""
    waiting_max: int = 1_000
    """How many of these may wait."""
    due_ms: int = 24 * 3_600_000
    """By when a person should have decided."""

    def reason(self, it: Body) -> ReviewReason | None:
        """Say why a person should see a decision; none if nobody need."""
        if it.action == _REVIEW:
            return ReviewReason.POLICY
        if not self.low <= it.confidence < self.high:
            return None
        # By the id, so that the same record always has the same lot.
        lot = int.from_bytes(sha256(it.id.encode("utf-8", "replace")).digest()[:4], "big")
        return ReviewReason.SAMPLE if lot < self.share * _DENOMINATOR else None


@dataclass(slots=True)
class _Batch:
    """What goes into the store in one transaction."""

    episodes: Rows = field(default_factory=list)
    contents: Rows = field(default_factory=list)
    reviews: Rows = field(default_factory=list)
    decisions: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    latencies: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    positions: dict[str, tuple[int, bool]] = field(default_factory=dict)
    damaged: int = 0


class Folding:
    """Takes over what lies in a folder. Of all processes one does so at a time."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        *,
        sampling: Sampling,
        now_ms: Callable[[], int],
        keep: Callable[[bytes, str], bytes | None],
    ) -> None:
        """`keep` makes of sealed contents what the store holds of them."""
        self._database = database
        self._folder = folder
        self._sampling = sampling
        self._now_ms = now_ms
        self._keep = keep
        self.damaged = 0

    def fold(self) -> int:
        """Take over what there is, up to a few thousand records; says how many.

        Raises:
            UnavailableError: the store does not answer; nothing is lost by that.

        """
        with only_one(self._folder / _LOCK) as ours:
            return self._fold() if ours else 0

    def fold_all(self) -> None:
        """Take over what lies there by now, whoever else is at it.

        Raises:
            UnavailableError: the store does not answer; nothing is lost by that.

        """
        with alone(self._folder / _LOCK):
            while self._fold() >= _RECORDS_MAX:
                pass

    def fold_some(self) -> bool:
        """Take over what there is; says whether there is more than one transaction takes."""
        return self.fold() >= _RECORDS_MAX

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """Say how far these files were taken over, those that were."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(SEGMENTS.c.name, SEGMENTS.c.position).where(SEGMENTS.c.name.in_(names))
            )
            return {row.name: row.position for row in rows}

    def _fold(self) -> int:
        sweep(self._folder)
        paths = segments_in(self._folder)
        if not paths:
            return 0
        positions = self.positions([it.name for it in paths])
        batch = _Batch()
        finished: list[Path] = []
        for path in paths:
            if len(batch.episodes) >= _RECORDS_MAX:
                break
            if self._gather(path, positions.get(path.name, 0), batch):
                finished.append(path)
        if batch.positions:
            with self._database.change() as connection:
                self._write(connection, batch)
            self._tell_damage(batch)
        for path in finished:
            path.unlink(missing_ok=True)
        return len(batch.episodes)

    def _gather(self, path: Path, position: int, batch: _Batch) -> bool:
        """Read on in one file; says whether it is read to its very end."""
        # Asked before reading: what is written in between is there the next time.
        finished = is_finished(path)
        size = path.stat().st_size
        with path.open("rb") as stream:
            stream.seek(position)
            data = stream.read(_READ_BYTES)
            if not self._take(data, batch, path.name, position):
                # A record larger than what was read, or nothing more than a torn one.
                data += stream.read()
                self._take(data, batch, path.name, position)
        all_read = position + len(data) >= size and len(batch.episodes) < _RECORDS_MAX
        if not (finished and all_read):
            return False
        reached, _ = batch.positions.get(path.name, (position, False))
        # A record that is torn at the end: whoever wrote it was killed before its answer left.
        batch.damaged += size - reached
        if size:
            batch.positions[path.name] = (size, True)
        return True

    def _take(self, data: bytes, batch: _Batch, name: str, position: int) -> bool:
        taken = False
        for frame in read_frames(data):
            self._sort(frame, batch)
            batch.damaged += frame.damaged
            batch.positions[name] = (position + frame.end, False)
            taken = True
            if len(batch.episodes) >= _RECORDS_MAX:
                break
        return taken

    def _sort(self, frame: Frame, batch: _Batch) -> None:
        try:
            it = read_body(frame.body)
        except msgspec.DecodeError:
            # Whole, but of no version that we know.
            batch.damaged += len(frame.body)
            return
        request_id, tenant = plain(it.id), _often(it.tenant)
        batch.episodes.append(
            (
                request_id,
                it.at_ms,
                tenant,
                _often(it.node),
                int(it.detected),
                it.category,
                it.severity,
                frame.body,
            )
        )
        kept = self._keep(frame.kept, it.id) if frame.kept else None
        if kept is not None:
            batch.contents.append((request_id, it.at_ms, kept))
        reason = self._sampling.reason(it)
        if reason is not None:
            case_id = f"rev_{request_id.removeprefix('req_')}"
            due = it.at_ms + self._sampling.due_ms
            opened = (case_id, request_id, tenant, reason.value, _OPEN, self._now_ms(), due)
            batch.reviews.append((*opened, 0, 0, frame.body))
        begin = it.at_ms - it.at_ms % MINUTE_MS
        batch.decisions[begin, tenant, _often(it.door), it.action, it.category] += 1
        batch.latencies[begin, tenant, bucket_of(it.elapsed_ns)] += 1

    def _write(self, connection: Connection, batch: _Batch) -> None:
        # One at a time over all machines: cursors must appear in the order in which they are given.
        self._database.take_turn("folding")
        insert_new(connection, EPISODES, _EPISODE, batch.episodes)
        insert_new(connection, CONTENTS, _CONTENT, batch.contents)
        insert_new(connection, REVIEWS, _CASE, self._within(connection, batch.reviews))
        add_up(connection, ROLLUPS, "decisions", _rows(ROLLUPS, batch.decisions))
        add_up(connection, LATENCIES, "decisions", _rows(LATENCIES, batch.latencies))
        now = self._now_ms()
        for name, (position, done) in batch.positions.items():
            row = {"name": name, "position": position, "done": int(done), "at_ms": now}
            put(connection, SEGMENTS, row)

    def _within(self, connection: Connection, cases: Rows) -> Rows:
        """Leave out samples for which the queue is too full; what policy wants stays."""
        samples = [it for it in cases if it[_REASON] == ReviewReason.SAMPLE.value]
        if not samples:
            return cases
        waiting = (REVIEWS.c.reason == ReviewReason.SAMPLE.value) & (REVIEWS.c.state == _OPEN)
        count = connection.execute(select(func.count()).where(waiting)).scalar_one()
        left_out = set(samples[max(0, self._sampling.waiting_max - count) :])
        return [it for it in cases if it not in left_out]

    def _tell_damage(self, batch: _Batch) -> None:
        if batch.damaged:
            self.damaged += batch.damaged
            _log.error("parts of journals are unreadable", extra={"bytes": batch.damaged})


def _rows(table: Table, minutes: Counter[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Write counts of minutes and of their hours as rows."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for (begin, *key), number in minutes.items():
        counts[MINUTE_MS, begin, *key] += number
        counts[HOUR_MS, begin - begin % HOUR_MS, *key] += number
    names = [it.name for it in table.columns]
    # In one order everywhere, so that two machines never wait for each other.
    return [dict(zip(names, (*key, number), strict=True)) for key, number in sorted(counts.items())]
