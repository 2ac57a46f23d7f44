"""A Merkle tree over entries that are only ever added, hashed and proved as in RFC 9162.

An inclusion proof shows that an entry is in the tree of a root; a consistency proof shows that the
tree of one root is the beginning of the tree of another. Both are short, and whoever keeps a root
can check them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry."""
    return sha256(b"\x00" + entry).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Hash a whole tree, from the hashes of its entries."""
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        paired = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        # What has no partner moves up as it is: the left side is always full.
        level = [*paired, level[-1]] if len(level) % 2 else paired
    return level[0]


class Growing:
    """The root of a tree while entries are added, in a few hashes each."""

    __slots__ = ("_full", "size")

    def __init__(self) -> None:
        self.size = 0
        # The full subtrees from left to right, each twice as large as the next at least.
        self._full: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> bytes:
        """Add the hash of an entry; give the root."""
        self.size += 1
        whole = (1, leaf)
        while self._full and self._full[-1][0] == whole[0]:
            size, left = self._full.pop()
            whole = (2 * size, _node(left, whole[1]))
        self._full.append(whole)
        root = self._full[-1][1]
        for _, left in reversed(self._full[:-1]):
            root = _node(left, root)
        return root


def inclusion(leaves: Sequence[bytes], at: int) -> list[bytes]:
    """Prove that an entry is in the tree."""
    if not 0 <= at < len(leaves):
        raise IndexError(at)
    proof: list[bytes] = []
    while len(leaves) > 1:
        half = _half(len(leaves))
        if at < half:
            proof.append(root_of(leaves[half:]))
            leaves = leaves[:half]
        else:
            proof.append(root_of(leaves[:half]))
            leaves, at = leaves[half:], at - half
    return proof[::-1]


def consistency(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """Prove that the tree of the first entries is the beginning of the tree of all."""
    if not 0 < earlier <= len(leaves):
        raise IndexError(earlier)
    proof: list[bytes] = []
    is_whole = True
    while earlier != len(leaves):
        half = _half(len(leaves))
        if earlier <= half:
            proof.append(root_of(leaves[half:]))
            leaves = leaves[:half]
        else:
            proof.append(root_of(leaves[:half]))
            leaves, earlier, is_whole = leaves[half:], earlier - half, False
    if not is_whole:
        proof.append(root_of(leaves))
    return proof[::-1]


def is_included(leaf: bytes, at: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Check an inclusion proof, as section 2.1.3.2 has it."""
    if not 0 <= at < size:
        return False
    node, last, found = at, size - 1, leaf
    for it in proof:
        if not last:
            return False
        if node & 1 or node == last:
            found = _node(it, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = _node(found, it)
        node, last = node >> 1, last >> 1
    return not last and found == root


def is_consistent(
    earlier: int, later: int, proof: Sequence[bytes], first: bytes, second: bytes
) -> bool:
    """Check a consistency proof between two roots, as section 2.1.4.2 has it."""
    if not 0 < earlier <= later:
        return False
    if earlier == later:
        return not proof and first == second
    path = list(proof) if earlier & (earlier - 1) else [first, *proof]
    if not path:
        return False
    node, last = earlier - 1, later - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    begin = whole = path[0]
    for it in path[1:]:
        if not last:
            return False
        if node & 1 or node == last:
            begin, whole = _node(it, begin), _node(it, whole)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            whole = _node(whole, it)
        node, last = node >> 1, last >> 1
    return not last and begin == first and whole == second


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _half(size: int) -> int:
    """The greatest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1
