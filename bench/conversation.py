"""Conversations: what a turn costs when it is the tenth and when it is the ten-thousandth."""

from __future__ import annotations

import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from aidefence import Conversation, ConversationStore, Guard
from bench import conversation_texts
from bench.payloads import EVERYDAY
from bench.record import Outcome

_EARLY = 10
_LATE = 10_000
_TURNS = 400
_RESENT = 40
_BYTES = 100
_MEMORY_TURNS = 2_000

Chat = list[dict[str, str]]


def measure() -> Outcome:
    """Time turns that are appended and chats that are resent; count what is caught in pieces."""
    guard = Guard(deep="off")
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        stores: dict[str, Callable[[], ConversationStore]] = {
            "memory": ConversationStore,
            "sqlite": lambda: ConversationStore(Path(folder, "talks.db")),
        }
        for name, make in stores.items():
            results |= {f"{key}_{name}": it for key, it in _appended(guard, make()).items()}
            results |= {f"{key}_{name}": it for key, it in _resent(guard, make()).items()}
    results["append_ratio"] = max(results["append_ratio_memory"], results["append_ratio_sqlite"])
    results["bytes_a_message"] = _bytes_a_message(guard)
    results |= conversation_texts.in_pieces(guard)
    data = os.environ.get("AIDEFENCE_DATA")
    if data:
        results["sources"] = conversation_texts.by_source(guard, Path(data))
    return Outcome(
        f"chats of {_BYTES}-byte messages, user and model in turn; turn {_EARLY} and turn "
        f"{_LATE} by turns, {_TURNS} of each; {_RESENT} resent lists of each length",
        _TURNS,
        results,
    )


def _chat(count: int, salt: str) -> Chat:
    texts = EVERYDAY.texts(_BYTES, 4096)
    # A number each: what was said before would not be inspected again.
    return [
        {
            "role": "assistant" if at % 2 else "user",
            "content": f"{texts[at % len(texts)]} {salt}{at}",
        }
        for at in range(count)
    ]


def _appended(guard: Guard, store: ConversationStore) -> dict[str, Any]:
    """Time one turn of a long and one of a short chat by turns: noise hits both alike.

    The short one begins with what was said last in the long one, so that both have the same to do.
    """
    long = guard.conversation("long", store=store)
    chat = _chat(_LATE - 1 + _TURNS, "l")
    for message in chat[: _LATE - 1]:
        long.observe(message)
    early: list[int] = []
    late: list[int] = []
    for at, message in enumerate(chat[_LATE - 1 :]):
        short = guard.conversation(f"short {at}", store=store)
        for said in chat[_LATE + at - _EARLY : _LATE - 1 + at]:
            short.observe(said)
        first, second = (short, early), (long, late)
        for talk, times in (first, second) if at % 4 < 2 else (second, first):
            times.append(_timed(talk, message))
    if long.turns != _LATE - 1 + _TURNS:
        raise AssertionError(f"{long.turns} turns were kept of {_LATE - 1 + _TURNS}")
    return {
        "append_early_us": round(median(early) / 1e3, 1),
        "append_late_us": round(median(late) / 1e3, 1),
        "append_ratio": round(median(late) / median(early), 3),
    }


def _timed(talk: Conversation, message: dict[str, str]) -> int:
    start = time.perf_counter_ns()
    talk.observe(message)
    return time.perf_counter_ns() - start


def _resent(guard: Guard, store: ConversationStore) -> dict[str, Any]:
    """Time the call that brings one new message with all the old ones."""
    told: dict[str, Any] = {}
    medians: list[float] = []
    for name, count in (("early", _EARLY), ("late", _LATE)):
        talk = guard.conversation(f"resent {name}", store=store)
        chat, times = _chat(count + _RESENT, "r"), []
        first = time.perf_counter_ns()
        talk.inspect(chat[:count])
        told[f"first_{name}_ms"] = round((time.perf_counter_ns() - first) / 1e6, 2)
        for at in range(count + 1, count + 1 + _RESENT):
            # As an HTTP server has it: no object is the one that was sent before.
            sent = [dict(message) for message in chat[:at]]
            start = time.perf_counter_ns()
            seen = talk.inspect(sent)
            times.append(time.perf_counter_ns() - start)
            if len(seen.messages) != 1:
                raise AssertionError(f"{len(seen.messages)} messages were new instead of one")
        medians.append(median(times))
        told[f"resend_{name}_us"] = round(medians[-1] / 1e3, 1)
    told["resend_ns_an_old_message"] = round((medians[1] - medians[0]) / (_LATE - _EARLY), 1)
    whole = _chat(_LATE, "w")
    start = time.perf_counter_ns()
    guard.inspect(whole)
    told["without_memory_ms"] = round((time.perf_counter_ns() - start) / 1e6, 1)
    return told


def _bytes_a_message(guard: Guard) -> int:
    talk = guard.conversation("measured", store=ConversationStore())
    chat = _chat(2 * _MEMORY_TURNS, "m")
    tracemalloc.start()
    try:
        for message in chat[:_MEMORY_TURNS]:
            talk.observe(message)
        before, _ = tracemalloc.get_traced_memory()
        for message in chat[_MEMORY_TURNS:]:
            talk.observe(message)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return round((after - before) / _MEMORY_TURNS)
