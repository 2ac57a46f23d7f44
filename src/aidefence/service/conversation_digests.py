"""Know messages again by keyed hashes: one by one, and many of a resent list at once."""

from __future__ import annotations

import hmac
import marshal
import struct
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256
from threading import Lock

from aidefence.domain.content import Inspection
from aidefence.domain.conversation import DIGEST_BYTES, NAME_LEN_MAX, Address
from aidefence.domain.enums import Direction, Origin
from aidefence.domain.errors import ConversationError
from aidefence.ingest.messages import Place, Request

BLOCK = 32
_BLOCKS_MAX = 8192
# This format writes equal data as equal bytes, whether or not parts of it are shared.
_MARSHAL_VERSION = 2
_HEAD = struct.Struct("<BBI")


@dataclass(frozen=True, slots=True)
class Block:
    """Messages that were resent together: their digests, and in which epoch all were known."""

    digests: bytes
    epoch: int | None


class Blocks:
    """Remembers blocks by a keyed hash of what the client sent. Bounded; safe to share.

    It only saves work: whoever does not find a block here reads its messages one by one.
    """

    __slots__ = ("_kept", "_lock", "_most")

    def __init__(self, most: int = _BLOCKS_MAX) -> None:
        self._kept: OrderedDict[bytes, Block] = OrderedDict()
        self._lock = Lock()
        self._most = most

    def get(self, name: bytes) -> Block | None:
        """Return a block."""
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    def put(self, name: bytes, block: Block) -> None:
        """Remember a block; the one that was asked for least lately makes room."""
        with self._lock:
            self._kept[name] = block
            self._kept.move_to_end(name)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Known:
    """The name of a conversation, and the hashes under its own key."""

    address: Address
    seal_key: bytes
    _key: bytes

    @classmethod
    @lru_cache(maxsize=1024)
    def of(cls, key: bytes, name: str, policy_version: str) -> Known:
        """Derive what is this conversation's own. Under another policy nothing is known of it."""
        if not 0 < len(name) <= NAME_LEN_MAX:
            raise ConversationError(f"a conversation's name has 1 to {NAME_LEN_MAX} code points")
        version = policy_version.encode()
        address = Address(_derived(key, b"tag", name, version)[:16], owner_of(key, name))
        return cls(
            address, _derived(key, b"seal", name, version), _derived(key, b"hash", name, version)
        )

    def digest(self, inspection: Inspection) -> bytes:
        """Hash all that is inspected of a message, with who says it."""
        hashed = blake2b(key=self._key, digest_size=DIGEST_BYTES)
        for content in inspection.contents:
            text = content.text.encode("utf-8", "surrogatepass")
            tool = (content.tool or "").encode("utf-8", "surrogatepass")
            codes = content.origin.code, content.modality.code
            hashed.update(_HEAD.pack(*codes, len(tool)) + tool + len(text).to_bytes(8, "little"))
            hashed.update(text)
        for missed in inspection.unread:
            hashed.update(b"\xff" + missed.check.encode("utf-8", "surrogatepass") + b"\0")
        return hashed.digest()

    def block_name(self, messages: list[object]) -> bytes | None:
        """Hash messages as they were sent; none if they are made of more than plain data."""
        try:
            data = marshal.dumps(messages, _MARSHAL_VERSION)
        except ValueError:
            return None
        return blake2b(data, key=self._key, digest_size=DIGEST_BYTES, person=b"block").digest()


def owner_of(key: bytes, name: str) -> bytes:
    """Derive the name under which all versions of a conversation are kept."""
    return _derived(key, b"owner", name, b"")[:16]


@dataclass(slots=True)
class Listing:
    """The messages of one call with their digests; those in `sure` are all known."""

    digests: bytearray
    sure: list[tuple[int, int]]
    """Stretches of messages that need not be asked for."""
    blocks: list[tuple[int, bytes]]
    """Where blocks begin that are not yet sure, and their names."""
    read: dict[int, Inspection]
    """Messages that had to be read for their digest."""

    def __len__(self) -> int:
        return len(self.digests) // DIGEST_BYTES

    def at(self, index: int) -> bytes:
        """Return the digest of a message."""
        return bytes(self.digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES])

    def unsure(self) -> Iterator[int]:
        """Give the messages of which it is not known whether they are known."""
        last = 0
        for start, end in self.sure:
            yield from range(last, start)
            last = end
        yield from range(last, len(self))


def list_messages(
    request: Request, known: Known, blocks: Blocks, epoch: int | None, origin: Origin
) -> Listing:
    """Find the digests of all messages, whole blocks at once where they were seen before."""
    listing = Listing(bytearray(), [], [], {})
    messages = request.messages
    for start in range(0, len(messages), BLOCK):
        part = list(messages[start : start + BLOCK])
        name = known.block_name(part) if len(part) == BLOCK else None
        block = None if name is None else blocks.get(name)
        if block is not None:
            listing.digests += block.digests
            if block.epoch is not None and block.epoch == epoch:
                listing.sure.append((start, start + BLOCK))
                continue
        else:
            for at in range(start, start + len(part)):
                inspection = request.place(at).read(origin, Direction.INPUT)
                listing.read[at] = inspection
                listing.digests += known.digest(inspection)
        if name is not None:
            listing.blocks.append((start, name))
    return listing


def read_place(place: Place, origin: Origin) -> Inspection:
    """Read what stands before the messages."""
    return place.read(origin, Direction.INPUT)


def _derived(key: bytes, purpose: bytes, name: str, version: bytes) -> bytes:
    said = name.encode("utf-8", "surrogatepass")
    data = b"aidefence conversation " + purpose + b"\0" + version + b"\0" + said
    return hmac.digest(key, data, sha256)
