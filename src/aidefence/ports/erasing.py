"""Forgetting a person, as the outside world does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NamedSession:
    """A session that a person was in: sessions belong to the caller that named them."""

    tenant: str
    caller: str
    session: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Traces:
    """What was kept of a person and is gone: how many of each kind, and what it referred to."""

    counts: Mapping[str, int]
    requests: frozenset[str]
    sessions: frozenset[NamedSession]


class ErasureStore(Protocol):
    """Deletes what is kept of decisions about the requests of one person.

    Every method raises `UnavailableError` where the store does not answer.
    """

    def erase(self, tenant: str, user: str) -> Traces:
        """Delete it from the store and from the journals of this machine."""
