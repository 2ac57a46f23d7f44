"""What comes back from an upstream, on its way to the client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.responses import Response

from aidefence.delivery.http.problems import Refusal, allowance_headers, refusal_of
from aidefence.delivery.proxy.headers import encoded, own_headers, returned_headers
from aidefence.delivery.proxy.jsontext import MalformedError
from aidefence.delivery.proxy.leaving import Leaving
from aidefence.delivery.proxy.sse import Event, EventReader
from aidefence.delivery.proxy.tongue import Rewriter, Tongue
from aidefence.domain.enums import OnError
from aidefence.domain.errors import ContentError
from aidefence.domain.proxying import ProxyPolicy, Refusing
from aidefence.domain.refusals import DeadlineError, RefusedError
from aidefence.ports.upstream import Incoming
from aidefence.service.proxy_exchange import Exchange
from aidefence.service.proxy_lane import StoppedError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_TRAILING_SECONDS = 0.25
_log = logging.getLogger("aidefence.proxy")


class StreamPassage(Response):
    """Rewrites a stream of events while it comes in. Closes everything, however it ends."""

    def __init__(
        self,
        incoming: Incoming,
        exchange: Exchange,
        tongue: Tongue,
        policy: ProxyPolicy,
        deadline: float,
        leaving: Leaving,
    ) -> None:
        super().__init__(status_code=incoming.status)
        self._incoming = incoming
        self._chunks = incoming.chunks()
        self._exchange = exchange
        self._policy = policy
        self._rewriter: Rewriter = tongue.rewriter(exchange)
        self._tongue = tongue
        self._deadline = deadline
        self._leaving = leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send head and events."""
        headers = [*returned_headers(self._incoming.headers), *own_headers(self._exchange)]
        detection = self._exchange.detection
        if detection is not None and detection.allowance is not None:
            headers += encoded(allowance_headers(detection.allowance))
        whole = False
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": headers}
            )
            async for said in self._events():
                await send({"type": "http.response.body", "body": said, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            whole = True
        except asyncio.CancelledError:
            if not self._leaving.gone:
                raise
            # The client went away: nobody is told anything.
            _uncancel()
        finally:
            self._leaving.stop()
            await self._let_go(whole=whole)

    async def _events(self) -> AsyncIterator[bytes]:
        """Give what goes on; whatever happens, it ends as the dialect has it."""
        failure: Refusal | None = None
        try:
            async with asyncio.timeout_at(self._deadline):
                async for said in self._passed():
                    yield said
        except TimeoutError:
            failure = refusal_of(DeadlineError("the time for this answer is over"))
        except StoppedError as stopped:
            yield b"".join(self._stopped(stopped))
        except MalformedError as error:
            failure = unreadable(str(error))
        except RefusedError as error:
            # What came before the upstream went away may still be read.
            with suppress(StoppedError, RefusedError):
                yield b"".join(await self._rewriter.flush())
            failure = refusal_of(error)
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            _log.exception("a stream could not be inspected")
            failure = uninspected()
        if failure is not None:
            yield b"".join(self._rewriter.fail(failure))

    async def _passed(self) -> AsyncIterator[bytes]:
        reader = EventReader(self._policy.answer_bytes_max)
        async for chunk in self._chunks:
            said = b"".join([await self._taken(event) for event in reader.feed(chunk)])
            if said:
                yield said
            if self._rewriter.finished:
                return
        last = [await self._taken(event) for event in reader.finish()]
        if not self._rewriter.finished:
            last += await self._rewriter.flush()
            if not self._rewriter.complete:
                last += self._rewriter.fail(broken_off())
        yield b"".join(last)

    async def _taken(self, event: Event) -> bytes:
        if self._rewriter.finished:
            return b""
        try:
            return b"".join(await self._rewriter.take(event))
        except (MalformedError, ContentError) as error:
            if self._policy.on_error is OnError.BLOCK:
                raise MalformedError(str(error)) from error
            self._exchange.miss_answer(self._policy.on_error)
            return event.raw

    def _stopped(self, stopped: StoppedError) -> list[bytes]:
        text = refusal_text(self._policy, stopped.category, stopped.rules, self._exchange.id)
        if self._policy.refusing is Refusing.ANSWER:
            return self._rewriter.stop(text)
        return self._rewriter.fail(refused(text))

    async def _let_go(self, *, whole: bool) -> None:
        try:
            self._exchange.close()
        finally:
            if whole:
                # Whoever reads to the end may use the connection again.
                with suppress(Exception):
                    async with asyncio.timeout(_TRAILING_SECONDS):
                        async for _ in self._chunks:
                            pass
            await self._incoming.aclose()


async def read_whole(incoming: Incoming, limit: int) -> bytes:
    """Take a whole body in.

    Raises:
        Refusal: it is longer than the limit.
        RefusedError: the upstream went away, or fell silent.

    """
    parts: list[bytes] = []
    length = 0
    async for chunk in incoming.chunks():
        parts.append(chunk)
        length += len(chunk)
        if length > limit:
            raise Refusal(
                502, "upstream-too-large", "The answer is over a limit", f"over {limit} bytes"
            )
    return b"".join(parts)


def refusal_text(
    policy: ProxyPolicy, category: str | None, rules: Sequence[str], request_id: str
) -> str:
    """Say to whoever asked that policy refuses, for what, and under which name to ask about it."""
    named = [*([category] if category else []), *(f"policy {it}" for it in rules[:1])]
    why = f" ({', '.join(named)})" if named else ""
    return f"{policy.refusal}{why} Request {request_id}."


def refused(text: str) -> Refusal:
    """Say by an error that policy refuses."""
    return Refusal(400, "content-filter", "Policy refuses this", text)


def unreadable(reason: str) -> Refusal:
    """Say that the upstream answered something that cannot be read."""
    title = "The upstream's answer cannot be read"
    return Refusal(502, "upstream-unreadable", title, f"the upstream's answer: {reason}")


def uninspected() -> Refusal:
    """Say that a fault of ours stands in the way."""
    title = "The answer could not be inspected"
    return Refusal(500, "uninspected", title, "the answer could not be inspected")


def broken_off() -> Refusal:
    """Say that the upstream ended before its answer did."""
    title = "The upstream broke off"
    return Refusal(502, "upstream-broke-off", title, "the upstream ended before its answer did")


def _uncancel() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
