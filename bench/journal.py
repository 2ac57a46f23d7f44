"""Writing decisions down before their answers leave, and taking them over into the store."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aidefence import Guard
from aidefence.adapters.journal.frames import read_frames
from aidefence.adapters.journal.segments import segments_in
from aidefence.app.parts.store import Store, open_store
from aidefence.app.settings import Settings
from aidefence.domain.asking import UNCONDITIONAL, Context, Detection, Request
from aidefence.domain.enums import DeepMode
from aidefence.service.inspect import conclude
from bench.payloads import EVERYDAY
from bench.record import Outcome

_REQUESTS = 20_000
_ROUNDS = 5
_CONTEXT = Context(user="user-1", session="session-1")


@dataclass(frozen=True, slots=True)
class _Round:
    """Times of one round, in microseconds for each record."""

    record_us: float
    together_us: float
    fold_us: float
    frame_bytes: float


def measure() -> Outcome:
    """Write the same decisions one by one and together, then take all of them over."""
    guard = Guard(deep=DeepMode.OFF)
    decided = [_decide(guard, text) for text in EVERYDAY.texts(100, 500)]
    rounds = [_round(decided, at) for at in range(_ROUNDS)]
    best = min(rounds, key=lambda it: it.record_us)
    return Outcome(
        f"{_REQUESTS:,} decisions on 100-byte texts, one journal on the local disk, SQLite; every "
        "record read back",
        _ROUNDS,
        {
            "record_us": round(sorted(it.record_us for it in rounds)[_ROUNDS // 2], 2),
            "record_best_us": round(best.record_us, 2),
            "together_us": round(sorted(it.together_us for it in rounds)[_ROUNDS // 2], 2),
            "fold_us": round(sorted(it.fold_us for it in rounds)[_ROUNDS // 2], 2),
            "bytes": round(best.frame_bytes),
        },
    )


def _decide(guard: Guard, text: str) -> tuple[str, Detection]:
    return text, conclude(guard.inspect(text), UNCONDITIONAL)


def _round(decided: list[tuple[str, Detection]], number: int) -> _Round:
    pairs = [
        (
            Request(text, f"req_{number:04x}{at:020x}", "rest", peer="10.0.0.1", context=_CONTEXT),
            detection,
        )
        for at, (text, detection) in enumerate(decided * (_REQUESTS // len(decided)))
    ]
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Settings(state_dir=Path(folder)), lambda given: given)
        half = len(pairs) // 2
        record_us = _timed(half, lambda: [store.log.record(*it) for it in pairs[:half]])
        together_us = _timed(half, lambda: store.log.record_all(pairs[half:]))
        sizes = _read_back(Path(folder, "journal"), len(pairs))
        fold_us = _timed(len(pairs), lambda: _fold(store))
        found = store.episodes.tip()
        store.log.close()
        store.database.close()
    if found != len(pairs):
        raise RuntimeError(f"{found} of {len(pairs)} episodes are in the store")
    return _Round(record_us, together_us, fold_us, sizes / len(pairs))


def _timed(count: int, act: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    act()
    return (time.perf_counter_ns() - start) / count / 1000


def _read_back(folder: Path, count: int) -> int:
    data = [path.read_bytes() for path in segments_in(folder)]
    read = sum(1 for it in data for _ in read_frames(it))
    if read != count:
        raise RuntimeError(f"{read} of {count} records are in the journal")
    return sum(map(len, data))


def _fold(store: Store) -> None:
    while store.folding.fold():
        pass
