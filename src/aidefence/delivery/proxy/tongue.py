"""What every dialect must be able to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.proxy.sse import Event
from aidefence.domain.content import Content
from aidefence.domain.proxying import Dialect
from aidefence.service.proxy_exchange import Exchange

Fields = dict[str, Any]


class Rewriter(Protocol):
    """Rewrites one stream of events, event by event."""

    finished: bool
    """Whether the stream has said all that it says."""

    async def take(self, event: Event) -> list[bytes]:
        """Take the next event; gives what goes on to the client.

        Raises:
            StoppedError: something must not go on.
            MalformedError: it is no event of this dialect.

        """

    async def flush(self) -> list[bytes]:
        """Give what was held back; nothing can follow.

        Raises:
            StoppedError: it must not go on.

        """

    @property
    def complete(self) -> bool:
        """Whether the answer was whole, where nothing says so at its end."""

    def stop(self, text: str) -> list[bytes]:
        """End as a model would that declines in the middle of its answer."""

    def fail(self, refusal: Refusal) -> list[bytes]:
        """End with an error."""


class Tongue(Protocol):
    """One dialect."""

    dialect: Dialect

    def decline(self, text: str, asked: Fields, answer: Fields | None, now: int) -> Fields:
        """Write an answer that declines: to the request, or in the place of an answer."""

    def decline_events(self, text: str, asked: Fields, now: int) -> list[bytes]:
        """Write the same as a stream."""

    def error(self, refusal: Refusal) -> Fields:
        """Write an error."""

    def contents(self, answer: Fields) -> Sequence[Content]:
        """Read what an answer says and which calls it wants to be made.

        Raises:
            ContentError: it is no answer of this dialect.

        """

    def restored(self, answer: Fields, exchange: Exchange) -> Fields:
        """Give the answer with private values put back."""

    def rewriter(self, exchange: Exchange) -> Rewriter:
        """Make what rewrites a stream of this dialect."""
