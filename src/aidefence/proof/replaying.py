"""Found events once more through the evaluator that serves requests: only what it says is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from aidefence.domain.enums import Action
from aidefence.proof.outcomes import Event


class Evaluator(Protocol):
    """A policy as it runs: values and what is remembered in, decision and memory out."""

    def decide(
        self, values: Sequence[int], state: bytes | None, now_ms: int
    ) -> tuple[int, list[int], list[int], bytes, int]:
        """Decide one event: action, rules that held, formulas that broke, memory, what degraded."""
        ...


Load: TypeAlias = Callable[[bytes], Evaluator]
REFUSED = Action.REVIEW.code
"""From this action on an event is not admitted: for what is remembered, it did not happen."""


def play(
    evaluator: Evaluator, requests: Sequence[Sequence[int]], times: Sequence[int]
) -> tuple[Event, ...]:
    """Decide requests one after another, each with the memory of those before it."""
    state: bytes | None = None
    events = []
    for values, now_ms in zip(requests, times, strict=True):
        action, rules, violated, state, _ = evaluator.decide(list(values), state, now_ms)
        events.append(Event(tuple(values), now_ms, action, tuple(rules), tuple(violated)))
    return tuple(events)
