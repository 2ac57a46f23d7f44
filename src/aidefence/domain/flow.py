"""Words for what flows through a trace of an agent: where values came from, where they may go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aidefence.domain.content import Span
from aidefence.domain.tools import Capability

FLOW_KEY_BYTES_MIN = 16


class ValueKind(StrEnum):
    """What a value in a text is, as far as its shape tells."""

    EMAIL = "email"
    HOST = "host"
    ACCOUNT = "account"
    WALLET = "wallet"
    NUMBER = "number"
    HANDLE = "handle"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Value:
    """A value that says where something goes, or whose it is; `is_field` where it is mere data."""

    kind: ValueKind
    text: str
    span: Span
    is_field: bool = False


@dataclass(frozen=True, slots=True)
class Signals:
    """What was found in a text that a tool or a document brought.

    Whether it speaks to the model, and where in it keys and private data stand.
    """

    is_suspect: bool = False
    secrets: tuple[Span, ...] = ()
    private: tuple[Span, ...] = ()


SINKS: frozenset[Capability] = frozenset(
    {
        Capability.OUTWARD,
        Capability.SHELL,
        Capability.PAYMENT,
        Capability.ADMIN,
        Capability.DESTRUCTIVE,
        Capability.WRITE,
    }
)
"""What a call must be able to do for it to matter who asked for it."""

WAYS_OUT: frozenset[Capability] = frozenset(
    {Capability.OUTWARD, Capability.NETWORK, Capability.PAYMENT}
)
"""What a call must be able to do for data to leave with it."""
