"""What a guard does beside inspecting texts, as doors of the gateway ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from aidefence.domain.enums import Action, Category, Wrap
from aidefence.domain.rewrite import Rewrite, RewrittenContent
from aidefence.domain.streaming import Released, StreamEnd, StreamMode
from aidefence.domain.tools import CallDecision, ToolsDecision, TraceDecision
from aidefence.ingest.messages import Inspectable
from aidefence.ingest.tools import Tools


class TextStream(Protocol):
    """Reads a text while it comes in; one text each, one thread at a time."""

    def feed(self, piece: str | bytes) -> Released:
        """Take the next piece; gives what may go on."""

    def finish(self) -> StreamEnd:
        """Give the rest, and the decision on the whole text."""

    def close(self) -> None:
        """End it without a decision."""


class Guarding(Protocol):
    """The guard that stands behind an inspector, with the same policy and knowledge."""

    def redact(
        self,
        text: str,
        *,
        categories: Iterable[Category | str] = ...,
        entities: Iterable[str] | None = None,
        operators: Mapping[str, str] | None = None,
        default: str = "replace",
        key: bytes | None = None,
        min_score: float | None = None,
    ) -> Rewrite:
        """Put something else in the place of private data and secrets."""

    def neutralize(
        self,
        text: str,
        *,
        decode: bool = False,
        markup: bool = True,
        hosts: Iterable[str] = (),
        wrap: Wrap | str | None = None,
    ) -> Rewrite:
        """Make harmless what loads, runs or hides."""

    def stream(self, *, mode: StreamMode | str, stop_at: Action | str) -> TextStream:
        """Open a stream for an answer of a model that is still coming in."""

    def inspect_tools(self, tools: Tools) -> ToolsDecision:
        """Inspect tool definitions before a model is given them."""

    def inspect_call(
        self,
        name: str,
        arguments: object,
        *,
        tools: Tools | None = None,
        task: str | None = None,
        seen: Sequence[str] = (),
    ) -> CallDecision:
        """Inspect a tool call before it is made."""

    def inspect_trace(self, messages: Inspectable, *, tools: Tools | None = None) -> TraceDecision:
        """Inspect the calls of a whole trace."""


class Vaulting(Protocol):
    """Keeps values by session, and gives tokens for them."""

    def anonymize(self, content: object, *, session: str) -> Rewrite | RewrittenContent:
        """Exchange private data in a text, in messages or in data that JSON can hold."""

    def deanonymize(self, content: object, *, session: str) -> Rewrite | RewrittenContent:
        """Put the values of a session back."""


def session_of_tenant(tenant: str, session: str) -> str:
    """Name a session for a vault: those of two tenants are two, whatever they call them."""
    return f"{tenant}\n{session}"
