"""Streams: what reading along costs a character, how much is held, whether length matters."""

from __future__ import annotations

import time
from itertools import accumulate
from statistics import mean, median

from aidefence import Guard, StreamMode
from bench.own_texts import documents
from bench.record import Outcome

_PIECE = 4
_ROUNDS = 5
_LENGTHS = (10_000, 1_000_000)


def measure() -> Outcome:
    """Feed ordinary answers in pieces of four characters, in each mode; then short against long."""
    guard = Guard(deep="off")
    texts = tuple(it.text for it in documents())
    results: dict[str, object] = {}
    for mode in StreamMode:
        rates = [_nanoseconds(guard, mode, texts) for _ in range(_ROUNDS + 1)]
        # The first round compiles what these texts need.
        results[f"{mode.value}_ns_per_character"] = round(median(rates[1:]))
    held, first, stopped = _held(guard, texts)
    held.sort()
    results |= {
        "held_mean": round(mean(held), 1),
        "held_p50": held[len(held) // 2],
        "held_p95": held[len(held) * 95 // 100],
        "held_max": held[-1],
        "characters_before_first": round(mean(first), 1),
        "stopped": stopped,
        "texts": len(texts),
    }
    joined = "\n\n".join(texts)
    short, long = (_joined(guard, joined, length) for length in _LENGTHS)
    results |= {
        "ns_per_character_10_kb": round(short),
        "ns_per_character_1_mb": round(long),
        "ratio": round(long / short, 3),
    }
    length = sum(map(len, texts))
    return Outcome(
        payload=f"own, {len(texts)} harmless documents of {length // len(texts)} characters (mean) "
        f"as answers, in pieces of {_PIECE} characters; held: what came and had not gone "
        "out, after each piece; stopped at the block threshold",
        repetitions=_ROUNDS,
        results=results,
    )


def _nanoseconds(guard: Guard, mode: StreamMode, texts: tuple[str, ...]) -> float:
    start = time.perf_counter_ns()
    for text in texts:
        _run(guard, mode, text)
    return (time.perf_counter_ns() - start) / sum(map(len, texts))


def _run(guard: Guard, mode: StreamMode, text: str) -> None:
    stream = guard.stream(mode=mode, stop_at="block")
    out = "".join([stream.feed(text[at : at + _PIECE]).text for at in range(0, len(text), _PIECE)])
    end = stream.finish()
    if not end.stopped and out + end.text != text:
        raise RuntimeError("what went out is not what came in")


def _held(guard: Guard, texts: tuple[str, ...]) -> tuple[list[int], list[int], int]:
    """What is held after each piece, what had come when something went out first, and stops."""
    held: list[int] = []
    first: list[int] = []
    stopped = 0
    for text in texts:
        stream = guard.stream(stop_at="block")
        pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
        out = list(accumulate(len(stream.feed(piece).text) for piece in pieces))
        came = list(accumulate(map(len, pieces)))
        stopped += stream.finish().stopped
        held += (all_of_it - gone for all_of_it, gone in zip(came, out, strict=True))
        first += [it for it, gone in zip(came, out, strict=True) if gone][:1]
    return held, first, stopped


def _joined(guard: Guard, text: str, length: int) -> float:
    long = (text * (length // len(text) + 1))[:length]
    rounds = max(1, 100_000 // length)
    start = time.perf_counter_ns()
    for _ in range(rounds):
        _run(guard, StreamMode.HOLD, long)
    return (time.perf_counter_ns() - start) / (length * rounds)
