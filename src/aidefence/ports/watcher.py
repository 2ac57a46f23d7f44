"""Someone who follows a whole conversation, message after message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aidefence.domain.content import Content
from aidefence.domain.verdict import Finding


class Watch(Protocol):
    """Follows one conversation. Every message costs the same, however many came before."""

    def observe(self, contents: Sequence[Content]) -> Sequence[Finding]:
        """Take the next message; `content` of a finding is a place in it."""

    def state(self) -> bytes:
        """Return all that must be known before the next message. Its size is bounded."""


class Watcher(Protocol):
    """Begins to follow conversations, and goes on where another process stopped."""

    @property
    def name(self) -> str:
        """The name under which its state is kept."""

    def follow(self, state: bytes) -> Watch:
        """Go on from a state; from the beginning where it is empty."""
