"""Whether a new version does worse than what was there before, on the same windows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aidefence.domain.durations import percentile_ms
from aidefence.domain.policy_store import ArmCounts

_SLOW_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """How much worse a new version may be, and how much must be seen before anything is said."""

    decisions_min: int = 200
    """Of each side."""
    blocks_rise_max: float = 0.05
    """Share of decisions."""
    errors_rise_max: float = 0.01
    """Share of decisions."""
    slower_max: float = 1.5
    """Times the 95th percentile of before."""
    slower_ms_min: float = 1.0
    """Below this difference nobody notices."""
    deviations: float = 3.0
    """How far beyond chance a rise must be, in standard deviations."""


DEFAULT_LIMITS = HealthLimits()


def is_telling(old: ArmCounts, new: ArmCounts, limits: HealthLimits = DEFAULT_LIMITS) -> bool:
    """Whether enough was seen of both sides."""
    return min(old.decisions, new.decisions) >= limits.decisions_min


def what_is_worse(old: ArmCounts, new: ArmCounts, limits: HealthLimits = DEFAULT_LIMITS) -> str:
    """Say what is worse with the new version; nothing where it is fine or too little was seen."""
    if not is_telling(old, new, limits):
        return ""
    for what, before, after, rise_max in (
        ("errors", old.failed, new.failed, limits.errors_rise_max),
        ("blocks", old.blocked, new.blocked, limits.blocks_rise_max),
    ):
        share, was = after / new.decisions, before / old.decisions
        if share - was > rise_max and _deviations(old, new, before, after) > limits.deviations:
            return (
                f"{what} rose from {was:.1%} of {old.decisions} decisions "
                f"to {share:.1%} of {new.decisions}"
            )
    return _slower(old, new, limits)


def _slower(old: ArmCounts, new: ArmCounts, limits: HealthLimits) -> str:
    was = percentile_ms(old.durations, _SLOW_SHARE) or 0.0
    now = percentile_ms(new.durations, _SLOW_SHARE) or 0.0
    if now > was * limits.slower_max and now - was > limits.slower_ms_min:
        return f"latency (p95) rose from {was:.2f} ms to {now:.2f} ms"
    return ""


def _deviations(old: ArmCounts, new: ArmCounts, before: int, after: int) -> float:
    """Tell how far two shares lie apart, in standard deviations of their difference."""
    pooled = (before + after) / (old.decisions + new.decisions)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / old.decisions + 1 / new.decisions))
    if not spread:
        return 0.0
    return (after / new.decisions - before / old.decisions) / spread
