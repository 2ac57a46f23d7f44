"""Tools: how many poisoned definitions are found, what one costs, and what an event of a trace."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from aidefence import Content, Guard, Modality, Origin
from aidefence.app.tools import flow_watcher
from aidefence.domain.enums import DeepMode
from aidefence.domain.tools import ToolCheck
from bench.record import Outcome
from bench.tool_twins import read_twins

_SEED = 20261123
_ROUNDS = 5
_EVENTS = 10_000
_WINDOW = 300
_EARLY = 10
_FOUND_BY = {ToolCheck.INSTRUCTION, ToolCheck.SCHEMA}
_WORDS = (
    *("invoice", "order", "delivery", "street", "kitchen", "window", "quarter", "report"),
    *("meeting", "number", "account", "train", "garden", "server", "release", "ticket"),
    *("colour", "weather", "paper", "letter", "house", "river", "price", "table", "coffee"),
)


def measure(deep: DeepMode) -> Outcome:
    """Inspect pairs of definitions, and follow a long trace."""
    guard = Guard(deep=deep)
    twins = list(read_twins())
    poisoned = [it.tool(it.poisoned) for it in twins]
    harmless = [it.tool(it.harmless) for it in twins]
    found = sum(_is_found(guard, it) for it in poisoned)
    alarmed = sum(_is_found(guard, it) for it in harmless)
    others = list(read_twins(held_out=True))
    found_others = sum(_is_found(guard, it.tool(it.poisoned)) for it in others)
    alarmed_others = sum(_is_found(guard, it.tool(it.harmless)) for it in others)
    each = [_seconds(lambda: guard.inspect_tools(harmless)) for _ in range(_ROUNDS)]
    early, late, state_bytes = _trace(guard)
    return Outcome(
        f"{len(twins)} poisoned definitions and their harmless twins in "
        f"{len({it.lang for it in twins})} languages, and {len(others)} pairs that "
        f"nothing was tuned to; a trace of {_EVENTS} messages (user, call, "
        f"result of 60 words, answer): its last {_WINDOW} against the same messages after "
        f"{_EARLY}, medians by kind of message",
        _ROUNDS,
        {
            "found": round(found / len(twins), 4),
            "alarmed": round(alarmed / len(twins), 4),
            "found_held_out": round(found_others / len(others), 4),
            "alarmed_held_out": round(alarmed_others / len(others), 4),
            "us_per_definition": round(min(each) / len(harmless) * 1e6),
            "us_per_event_early": round(early * 1e6, 1),
            "us_per_event_late": round(late * 1e6, 1),
            "late_to_early": round(late / early, 3),
            "state_bytes": state_bytes,
        },
    )


def _is_found(guard: Guard, tool: dict[str, Any]) -> bool:
    return any(it.check in _FOUND_BY for it in guard.inspect_tools([tool]).findings)


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _trace(guard: Guard) -> tuple[float, float, int]:
    """Feed the same messages in turn to a young and to an old trace, so that both fare alike."""
    messages = _messages()
    young, old = (flow_watcher(guard.setup).follow(b"") for _ in range(2))
    for contents in messages[:_EARLY]:
        young.observe(contents)
    for contents in messages[: _EVENTS - _WINDOW]:
        old.observe(contents)
    taken: tuple[list[float], list[float]] = ([], [])
    for contents in messages[_EVENTS - _WINDOW :]:
        for watch, times in zip((young, old), taken, strict=True):
            started = time.perf_counter()
            watch.observe(contents)
            times.append(time.perf_counter() - started)
    # By kind of message, so that the median is not that of one kind alone.
    early, late = (
        statistics.mean(statistics.median(times[kind::4]) for kind in range(4)) for times in taken
    )
    return early, late, len(old.state())


def _messages() -> Sequence[list[Content]]:
    dice = Random(_SEED)

    def some(count: int) -> str:
        return " ".join(dice.choice(_WORDS) for _ in range(count))

    messages = []
    for at in range(_EVENTS // 4):
        mail = f"desk{at}@firm{at % 97}.example.net"
        arguments = f'{{"to": "{mail}", "body": "{some(12)}"}}'
        messages += [
            [Content(f"Please write to {mail} about {some(12)}.")],
            [Content(arguments, Origin.ASSISTANT, Modality.TOOL_CALL, "send_email", f"c{at}")],
            [Content(f"From: {mail}\n{some(60)}", Origin.TOOL, call_id=f"c{at}")],
            [Content(f"Done: {some(12)}, see https://docs.example.com/{at}?a=1", Origin.ASSISTANT)],
        ]
    return messages
