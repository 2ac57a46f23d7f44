"""What the whole cascade costs where nothing is wrong."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from aidefence import Guard
from bench.record import Outcome

_PROMPTS = Path(__file__).parent / "texts" / "prompts.txt"
_ROUNDS = 5
_DEEP = 3


def measure(bytes_max: int) -> Outcome:
    """Time harmless prompts of up to `bytes_max` bytes, each by itself, with all tiers on.

    Raises:
        RuntimeError: the deep model is not there; the message says what is missing.

    """
    guard = Guard(deep="required")
    guard.warm()
    texts = [
        text for text in _PROMPTS.read_text("utf-8").splitlines() if len(text.encode()) <= bytes_max
    ]
    took = [_median_ns(guard, text) for text in texts]
    reached = [guard.inspect(text).tiers for text in texts]
    deep = [spent for spent, tiers in zip(took, reached, strict=True) if _DEEP in tiers]
    return Outcome(
        payload=f"{len(texts)} harmless prompts of everyday-1, up to {bytes_max} bytes",
        repetitions=_ROUNDS,
        results={
            "read_deep": round(len(deep) / len(texts), 4),
            "mean_us": round(statistics.mean(took) / 1e3, 1),
            "p50_us": round(statistics.median(took) / 1e3, 2),
            "deep_ms": round(statistics.median(deep) / 1e6, 2) if deep else None,
            "deep_ms_worst": round(max(deep) / 1e6, 2) if deep else None,
        },
    )


def _median_ns(guard: Guard, text: str) -> int:
    """Nanoseconds of the median of a few calls."""
    spent = []
    for _ in range(_ROUNDS):
        start_ns = time.perf_counter_ns()
        guard.inspect(text)
        spent.append(time.perf_counter_ns() - start_ns)
    return int(statistics.median(spent))
