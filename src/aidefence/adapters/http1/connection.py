"""One connection to a server: requests go out and answers come back, one after another.

The rules of the protocol are those of `h11`: what it refuses is not sent, and not believed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import h11

from aidefence.adapters.http1.errors import ExchangeError
from aidefence.adapters.http1.reaching import Origin
from aidefence.adapters.http1.wire import Wire

# Of a head, or of the line before a chunk.
_HEAD_BYTES_MAX = 100 << 10
_BODILESS = frozenset({"GET", "HEAD"})

Fields = Sequence[tuple[bytes, bytes]]


class Connection:
    """One connection. `silence_seconds` is how long it waits for whatever comes next."""

    __slots__ = ("_silence_seconds", "_state", "_wire", "idle_since", "origin")

    def __init__(self, origin: Origin, wire: Wire, silence_seconds: float) -> None:
        self.origin = origin
        self.idle_since = 0.0
        self._wire = wire
        self._silence_seconds = silence_seconds
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES_MAX)

    async def ask(self, method: str, target: bytes, headers: Fields, body: bytes) -> h11.Response:
        """Send a request; gives the head of the answer, other than those that only inform.

        Raises:
            SilenceError: it is not taken, or not answered, in time.
            ExchangeError: the server went away, or what it says is no answer; or a header or the
                target is nothing that HTTP can carry, and nothing of it went out.

        """
        self._wire.write(self._written(method, target, headers, body))
        await self._wire.drain(self._silence_seconds)
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                return event

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it comes in.

        Raises:
            SilenceError: nothing comes for too long.
            ExchangeError: the server went away before its end.

        """
        while not isinstance(event := await self._next(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    def renew(self) -> bool:
        """Make ready for the next request; false where there can be none.

        What came behind an answer would be taken for the answer to somebody else.
        """
        state = self._state
        if state.our_state is not h11.DONE or state.their_state is not h11.DONE:
            return False
        if state.trailing_data[0] or not self._wire.is_quiet:
            return False
        state.start_next_cycle()
        return True

    @property
    def is_quiet(self) -> bool:
        """Whether it is still there, and has said nothing since."""
        return self._wire.is_quiet

    def abort(self) -> None:
        """Close it at once, whatever is under way."""
        self._wire.abort()

    def _written(self, method: str, target: bytes, headers: Fields, body: bytes) -> list[bytes]:
        named = [(b"host", self.origin.authority), *headers]
        if body or method not in _BODILESS:
            named.append((b"content-length", b"%d" % len(body)))
        try:
            head = h11.Request(method=method, target=target, headers=named)
            parts = [self._state.send(head)]
            if body:
                parts.append(self._state.send(h11.Data(data=body)))
            self._state.send(h11.EndOfMessage())
        except h11.LocalProtocolError:
            # Its words may hold a key.
            raise ExchangeError("is asked with what HTTP does not carry") from None
        return [part for part in parts if part]

    async def _next(self) -> h11.Event:
        try:
            while (event := self._state.next_event()) is h11.NEED_DATA:
                self._state.receive_data(await self._wire.read(self._silence_seconds))
        except h11.RemoteProtocolError as error:
            gone = self._state.their_state is h11.ERROR and self._wire.has_ended
            raise ExchangeError("went away" if gone else "sent what is no answer") from error
        if isinstance(event, h11.Event):
            return event
        raise ExchangeError("went away")
