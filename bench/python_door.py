"""The Python door: single calls and batches."""

from __future__ import annotations

import time
from collections.abc import Sequence

from aidefence import Guard
from aidefence.domain.enums import DeepMode
from aidefence.service.benchmark import time_calls, time_rounds
from bench.payloads import Payload
from bench.record import Outcome

_BATCH_TEXTS = 100_000
_ROUNDS = 21
_CALLS = 300_000
_CALL_TEXTS = 4096


def measure_batch(
    payload: Payload, size_bytes: int, threads: int, dense: DeepMode = DeepMode.OFF
) -> Outcome:
    """Time `inspect_batch` with its columns handed out; without the deep model."""
    guard = Guard(deep="off", dense=dense)
    texts = payload.texts(size_bytes, _BATCH_TEXTS)
    flagged = int((guard.inspect_batch(texts).columns()["action"] > 0).sum())
    if not 0 < flagged < len(texts):
        raise AssertionError(f"the guard flagged {flagged} of {len(texts)} texts of the mix")

    def run(batch: Sequence[str]) -> object:
        return guard.inspect_batch(batch, threads=threads).columns()

    bulk = time_rounds(run, texts, rounds=_ROUNDS, now_ns=time.perf_counter_ns)
    return Outcome(
        payload=f"{payload.name}, {bulk.texts} texts of {bulk.bytes / bulk.texts:.0f} bytes (mean)",
        repetitions=bulk.rounds,
        results={
            "per_second": round(bulk.texts_per_second),
            "mb_per_second": round(bulk.bytes_per_second / 1e6, 1),
            "per_second_worst": round(bulk.texts * 1e9 / bulk.worst_ns),
            "per_second_best": round(bulk.texts * 1e9 / bulk.best_ns),
            "threads": threads,
            "flagged_share": round(flagged / len(texts), 4),
        },
    )


def measure_single(payload: Payload, size_bytes: int, dense: DeepMode = DeepMode.OFF) -> Outcome:
    """Time `guard.inspect(text)` one at a time: a plain loop, then each call alone.

    Without the deep model: `cascade` measures what that costs.
    """
    guard = Guard(deep="off", dense=dense)
    texts = payload.texts(size_bytes, _CALL_TEXTS)
    inspect = guard.inspect

    def loop(batch: Sequence[str]) -> None:
        for text in batch:
            inspect(text)

    bulk = time_rounds(loop, texts, rounds=_ROUNDS * 4, now_ns=time.perf_counter_ns)
    latency = time_calls(inspect, texts, calls=_CALLS, now_ns=time.perf_counter_ns)
    return Outcome(
        payload=f"{payload.name}, {bulk.texts} texts of {bulk.bytes / bulk.texts:.0f} bytes (mean)",
        repetitions=bulk.rounds,
        results={
            "per_second": round(bulk.texts_per_second),
            "p50_ns": latency.p50_ns,
            "p99_ns": latency.p99_ns,
            "p999_ns": latency.p999_ns,
            "calls": latency.calls,
        },
    )
