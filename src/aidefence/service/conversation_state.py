"""Write down what remains of a conversation, and read it again."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

from aidefence.domain.conversation import Fragment, Outcome, State
from aidefence.domain.enums import ACTIONS, CATEGORIES, SEVERITIES

_FORMAT = 1
_OUTCOME = struct.Struct("<BbBBf")
_NONE = -1
_LENGTH_BYTES = 4


def write_state(state: State) -> bytes:
    """Write a state down."""
    told = [
        _FORMAT,
        state.turns,
        state.listed,
        state.risk,
        state.at_ms,
        state.tail.hex(),
        [_written(it) for it in state.said],
        [_written(it) for it in state.shown],
        state.heard.code,
        state.heard_turn,
        [(name, len(data)) for name, data in state.watched.items()],
    ]
    text = json.dumps(told, separators=(",", ":")).encode()
    return b"".join((len(text).to_bytes(_LENGTH_BYTES, "little"), text, *state.watched.values()))


def read_state(data: bytes) -> State | None:
    """Read a state; none if it is of another format."""
    at = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    told = json.loads(data[_LENGTH_BYTES:at])
    if told[0] != _FORMAT:
        return None
    _, turns, listed, risk, at_ms, tail, said, shown, heard, heard_turn, watched = told
    return State(
        turns,
        listed,
        risk,
        at_ms,
        bytes.fromhex(tail),
        tuple(map(_read, said)),
        tuple(map(_read, shown)),
        ACTIONS[heard],
        heard_turn,
        dict(_parts(data, at, watched)),
    )


def _parts(data: bytes, at: int, named: list[tuple[str, int]]) -> Iterator[tuple[str, bytes]]:
    for name, length in named:
        yield name, data[at : at + length]
        at += length


def write_outcome(outcome: Outcome) -> bytes:
    """Write an outcome in eight bytes."""
    category = _NONE if outcome.category is None else outcome.category.code
    bits = outcome.quarantined | outcome.by_context << 1
    codes = outcome.action.code, category, outcome.severity.code, bits
    return _OUTCOME.pack(*codes, outcome.confidence)


def read_outcome(data: bytes) -> Outcome:
    """Read an outcome."""
    action, category, severity, bits, confidence = _OUTCOME.unpack(data)
    return Outcome(
        ACTIONS[action],
        None if category == _NONE else CATEGORIES[category],
        SEVERITIES[severity],
        confidence,
        bool(bits & 1),
        bool(bits & 2),
    )


def _written(it: Fragment) -> list[object]:
    return [it.turn, it.index, it.content, it.start, it.confidence, it.text]


def _read(told: list[Any]) -> Fragment:
    return Fragment(*told)
