"""Bodies of requests: how long they may be, of which type, and what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.problems import Refusal, misfit, not_json, too_large

if TYPE_CHECKING:
    from starlette.types import Receive

JSON = b"application/json"
_Decoded = TypeVar("_Decoded")


async def read_body(receive: Receive, limits: Limits) -> bytes:
    """Take a body in, no more of it than is allowed, and not for longer."""
    loop = asyncio.get_running_loop()
    reading = asyncio.current_task(loop)
    if reading is None:
        return await _read_body(receive, limits)
    limits.patience.begin(reading, loop, limits.body_seconds_max)
    try:
        return await _read_body(receive, limits)
    except asyncio.CancelledError:
        if not limits.patience.is_late(reading):
            raise
        reading.uncancel()
        told = f"it took longer than {limits.body_seconds_max:g} seconds to come in"
        headers = {"connection": "close"}
        raise Refusal(408, "slow-body", "The body came too slowly", told, headers=headers) from None
    finally:
        limits.patience.end(reading)


async def _read_body(receive: Receive, limits: Limits) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        return await _read_rest(body, receive, limits)
    check_length(len(body), limits)
    return body


async def _read_rest(first: bytes, receive: Receive, limits: Limits) -> bytes:
    parts, length, held, more = [first], len(first), 0, True
    try:
        while more:
            check_length(length, limits)
            # Many who send slowly must not fill the memory together.
            limits.incoming.take(length - held)
            held = length
            message = await receive()
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            more = message.get("more_body", False)
        check_length(length, limits)
        return b"".join(parts)
    finally:
        limits.incoming.give_back(held)


def check_length(length: int, limits: Limits) -> None:
    """Refuse a body that is too long."""
    if length > limits.body_bytes_max:
        raise too_large("", f"a body of {length} bytes is larger than {limits.body_bytes_max}")


def check_type(given: bytes, *expected: bytes) -> None:
    """Refuse a body of another type than those that are read."""
    if given != JSON and given.partition(b";")[0].strip().lower() not in (expected or (JSON,)):
        raise Refusal(
            415,
            "unsupported-media-type",
            "The body is of a type we do not read",
            f"expected `{b'` or `'.join(expected or (JSON,)).decode()}`",
        )


def decode(decoder: Callable[[bytes], _Decoded], body: bytes, pointer: str = "") -> _Decoded:
    """Make of a body what it says; a refusal names the field that is wrong, under `pointer`."""
    try:
        return decoder(body)
    except msgspec.ValidationError as error:
        raise misfit(error, pointer) from None
    except msgspec.DecodeError as error:
        raise not_json(str(error)) from None
    except UnicodeDecodeError as error:
        raise not_json(f"a string is not UTF-8: {error.reason}") from None
    except RecursionError:
        raise not_json("it is nested too deeply") from None
