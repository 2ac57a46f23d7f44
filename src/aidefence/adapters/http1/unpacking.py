"""Compressed bodies, unpacked piece by piece: however small it comes, no piece is large."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator

from aidefence.adapters.http1.connection import Fields
from aidefence.adapters.http1.errors import ExchangeError

_PIECE_BYTES_MAX = 64 << 10
_NAMED = {b"gzip": 16 + zlib.MAX_WBITS, b"x-gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
_IDENTITY = frozenset({b"", b"identity"})


def coding_of(headers: Fields) -> bytes | None:
    """Name how a body is compressed; none where it is not.

    Raises:
        ExchangeError: in a way that is not read, or more than once.

    """
    said = [value.split(b",") for name, value in headers if name == b"content-encoding"]
    named = [part.strip().lower() for parts in said for part in parts]
    codings = [it for it in named if it not in _IDENTITY]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in _NAMED:
        raise ExchangeError("compresses in a way that is not read")
    return codings[0]


async def unpacked(chunks: AsyncIterator[bytes], coding: bytes) -> AsyncIterator[bytes]:
    """Unpack a body while it comes in.

    Raises:
        ExchangeError: it is not what its coding says, or ends before its end.

    """
    window, unpacking = _NAMED[coding], None
    try:
        async for chunk in chunks:
            if unpacking is None:
                # Some send `deflate` without its two bytes of a head, and many read that.
                bare = window == zlib.MAX_WBITS and chunk and chunk[0] & 15 != zlib.DEFLATED
                unpacking = zlib.decompressobj(-zlib.MAX_WBITS if bare else window)
            for piece in _pieces(unpacking, chunk):
                yield piece
    except zlib.error as error:
        raise ExchangeError("sent what is not compressed as it says") from error
    if unpacking is not None and not unpacking.eof:
        raise ExchangeError("went away")


def _pieces(unpacking: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    while data and not unpacking.eof:
        piece = unpacking.decompress(data, _PIECE_BYTES_MAX)
        data = unpacking.unconsumed_tail
        if piece:
            yield piece
