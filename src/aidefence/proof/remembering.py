"""What a policy remembers, computed once more and plainly: values of histories and counts."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.policy.image import Image
from aidefence.proof.conditions import holds
from aidefence.proof.outcomes import Event
from aidefence.proof.replaying import REFUSED


def extended(image: Image, events: Sequence[Event]) -> tuple[int, ...]:
    """Give the last event of a trace the values of what is remembered of those before it."""
    before: tuple[int, ...] | None = None
    seen: list[tuple[int, tuple[int, ...]]] = []
    values: tuple[int, ...] = ()
    for event in events:
        values = _extended(image, event, before, seen)
        if event.action < REFUSED:
            before = values
            seen.append((event.at_ms, values))
    return values


def _extended(
    image: Image,
    event: Event,
    before: tuple[int, ...] | None,
    seen: Sequence[tuple[int, tuple[int, ...]]],
) -> tuple[int, ...]:
    values = list(event.values)
    for at, it in enumerate(image.features):
        if it.count is not None:
            begin, when = event.at_ms - it.count.window_ms, it.count.when
            counted = sum(begin < time and holds(when, earlier) for time, earlier in seen)
            values[at] = min(counted, it.most)
        elif it.history is not None and it.history[0] == "previous":
            values[at] = int(before is not None and holds(it.history[1], before))  # type: ignore[arg-type]
        elif it.history is not None:
            goes_on = before is not None and before[at] and holds(it.history[1], values)  # type: ignore[arg-type]
            values[at] = int(holds(it.history[2], values) or bool(goes_on))  # type: ignore[arg-type]
    return tuple(values)
