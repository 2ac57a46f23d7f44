"""Large batches as lines: a request on each line in, an answer on each line out, as they are ready.

However long the stream, only a block of lines is held. The next is read when the answers to the
last have gone out: who does not read, is not read from.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from aidefence.delivery.http.bodies import check_length
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.problems import FAULT, Refusal
from aidefence.delivery.http.request_ids import HEADER
from aidefence.delivery.rest.came import Came
from aidefence.delivery.rest.detecting import Detecting, tell_refused, tell_wrong
from aidefence.delivery.rest.requests import Asked, Wrong, parse_item
from aidefence.domain.refusals import RefusedError

if TYPE_CHECKING:
    from starlette.types import Receive, Send

_log = logging.getLogger("aidefence.rest")

NDJSON = b"application/x-ndjson"
_BLOCK_LINES_MAX = 256
_BLOCK_BYTES_MAX = 1 << 20
# A client that takes nothing for so long is gone, or wants us to hold what it sends.
_SEND_SECONDS_MAX = 30.0
_RECEIVE_SECONDS_MAX = 60.0


async def answer_lines(
    detecting: Detecting,
    limits: Limits,
    came: Came,
    receive: Receive,
    send: Send,
    request_id: bytes,
) -> None:
    """Answer a stream of requests."""
    headers = [(b"content-type", NDJSON), (HEADER, request_id)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        async for block in _blocks(receive, limits):
            written = await asyncio.to_thread(_answer_block, detecting, limits, came, block)
            await _send(send, written)
    except Refusal as refusal:
        # A line that never ends: what stood before it is answered, what follows cannot be read.
        await _send(send, tell_wrong(Wrong(refusal)) + b"\n")
    except TimeoutError:
        return
    except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
        # The answer has begun: all that can still be said is that it ends here.
        _log.exception("stream failed")
        await _send(send, tell_wrong(Wrong(FAULT)) + b"\n")
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Send, body: bytes) -> None:
    message = {"type": "http.response.body", "body": body, "more_body": True}
    await asyncio.wait_for(send(message), _SEND_SECONDS_MAX)


def _answer_block(detecting: Detecting, limits: Limits, came: Came, block: list[bytes]) -> bytes:
    items: list[Asked | Wrong] = [parse_item(line, limits) for line in block]
    came.at_ns = detecting.now_ns()
    try:
        told, _ = detecting.each(items, came)
    except RefusedError as error:
        told = tell_refused(items, error)
    return b"\n".join((*told, b""))


async def _blocks(receive: Receive, limits: Limits) -> AsyncIterator[list[bytes]]:
    """Give the lines that are there, a block at a time; nothing waits for a block to be full."""
    # The line that has not ended yet, as it came: joined once, however small the pieces are.
    unended: list[bytes] = []
    length, more = 0, True
    while more:
        message = await asyncio.wait_for(receive(), _RECEIVE_SECONDS_MAX)
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
        head, end, tail = message.get("body", b"").partition(b"\n")
        unended.append(head)
        if end:
            *lines, rest = tail.split(b"\n")
            for block in _cut((b"".join(unended), *lines)):
                yield block
            unended, length = [rest], 0
        length += len(unended[-1])
        check_length(length, limits)
    last = b"".join(unended)
    if last.strip():
        yield [last]


def _cut(lines: Iterable[bytes]) -> Iterable[list[bytes]]:
    block: list[bytes] = []
    length = 0
    for line in lines:
        if not line.strip():
            continue
        if block and (len(block) == _BLOCK_LINES_MAX or length + len(line) > _BLOCK_BYTES_MAX):
            yield block
            block, length = [], 0
        block.append(line)
        length += len(line)
    if block:
        yield block
