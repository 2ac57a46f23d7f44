"""Durations in buckets, each a quarter wider than the one before, from 10 microseconds on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

_FIRST_NS = 10_000
_GROWTH = 1.25
_BUCKETS = 64
BOUNDS_NS: Final = tuple(round(_FIRST_NS * _GROWTH**at) for at in range(_BUCKETS))
"""Where buckets end, up to 12.7 s; what takes longer falls into one more."""
_NS_PER_MS = 1e6


def bucket_of(elapsed_ns: int) -> int:
    """Return the number of the bucket that a duration falls into."""
    return bisect_left(BOUNDS_NS, elapsed_ns)


def percentile_ms(counts: Mapping[int, int], share: float) -> float | None:
    """Return the duration that a share of all is not above, as near as buckets can tell."""
    total = sum(counts.values())
    if not total:
        return None
    left = share * total
    for bucket in sorted(counts):
        if left <= counts[bucket]:
            low = BOUNDS_NS[bucket - 1] if bucket else 0
            high = BOUNDS_NS[min(bucket, _BUCKETS - 1)]
            return round((low + (high - low) * left / counts[bucket]) / _NS_PER_MS, 4)
        left -= counts[bucket]
    return round(BOUNDS_NS[-1] / _NS_PER_MS, 4)
