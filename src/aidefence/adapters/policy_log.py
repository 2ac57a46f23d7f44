"""The transparency log of certificates: a file that only grows, each line with a signed tree head.

Whoever notes a head elsewhere can have it proved later that the log still begins with everything
that was in it then, and that a certificate is in it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aidefence.adapters.signing import SigningKey
from aidefence.domain.errors import ConfigError
from aidefence.domain.refusals import UnavailableError
from aidefence.proof.certificates import Certificate, spelled
from aidefence.proof.merkle import Growing, consistency, inclusion, leaf_hash

_CONTEXT = b"aidefence policy log 1\n"
_ENTRY = ("at", "certificate", "id", "policy", "version")
_BYTES_MAX = 1 << 30


@dataclass(frozen=True, slots=True)
class Head:
    """The state of the log after an entry: how many there are, the root over them, who says so."""

    size: int
    root: str
    key_id: str
    signature: str

    def to_object(self) -> dict[str, object]:
        """Write it as JSON holds it."""
        return {
            "size": self.size,
            "root": self.root,
            "key_id": self.key_id,
            "sig": self.signature,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate that was made, at its place in the log."""

    index: int
    at_ms: int
    certificate: str
    policy: str
    id: str
    version: int
    head: Head

    def to_object(self) -> dict[str, object]:
        """Write what is hashed of it."""
        return {
            "at": self.at_ms,
            "certificate": self.certificate,
            "policy": self.policy,
            "id": self.id,
            "version": self.version,
        }

    @property
    def leaf(self) -> bytes:
        """Its hash in the tree."""
        return leaf_hash(spelled(self.to_object()))


class PolicyLog:
    """The log in a file, for several processes at once."""

    def __init__(self, path: Path, key: SigningKey) -> None:
        self._path, self._key = path, key

    def append(self, certificate: Certificate, now_ms: int) -> Entry:
        """Add a certificate; it is on the disk when this returns.

        Raises:
            ConfigError: what stands in the file is no log.
            UnavailableError: the file cannot be written.

        """
        policy = certificate.part("policy")
        with self._locked() as file:
            entries = _read(file)
            told = {
                "at": now_ms,
                "certificate": certificate.digest,
                "policy": certificate.policy_digest,
                "id": policy["id"],
                "version": policy["version"],
            }
            tree = Growing()
            for it in entries:
                tree.add(it.leaf)
            root = tree.add(leaf_hash(spelled(told)))
            head = self._head(tree.size, root.hex())
            line = spelled({"entry": told, "head": head.to_object()}) + b"\n"
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            return _entry(json.loads(line), len(entries))

    def entries(self) -> list[Entry]:
        """Read all entries, oldest first.

        Raises:
            ConfigError: what stands in the file is no log.
            UnavailableError: the file cannot be read.

        """
        if not self._path.exists():
            return []
        with self._locked() as file:
            return _read(file)

    def faults(self) -> list[str]:
        """Say what is wrong with it: a root that does not fit, a signature that is not known."""
        tree, found = Growing(), []
        for it in self.entries():
            root = tree.add(it.leaf).hex()
            if it.head.size != tree.size or it.head.root != root:
                found.append(f"entry {it.index}: the tree has another root")
            signed = _signed(it.head.size, it.head.root)
            wrong = self._key.verify(it.head.key_id, _bytes(it.head.signature), signed)
            if wrong:
                found.append(f"entry {it.index}: {wrong}")
        return found

    def inclusion(self, certificate: str) -> tuple[Entry, Head, list[str]]:
        """Prove that a certificate is in the log as it is now.

        Raises:
            ConfigError: it is not.

        """
        entries = self.entries()
        for it in entries:
            if it.certificate == certificate:
                proof = inclusion([leaf.leaf for leaf in entries], it.index)
                return it, entries[-1].head, [node.hex() for node in proof]
        raise ConfigError(f"certificate `{certificate}` is not in the log `{self._path}`")

    def consistency(self, earlier: int) -> tuple[Head, Head, list[str]]:
        """Prove that the log as it is now begins with what it was after so many entries.

        Raises:
            ConfigError: it never had so many.

        """
        entries = self.entries()
        if not 0 < earlier <= len(entries):
            raise ConfigError(f"the log has {len(entries)} entries, not {earlier}")
        proof = consistency([it.leaf for it in entries], earlier)
        return entries[earlier - 1].head, entries[-1].head, [node.hex() for node in proof]

    def _head(self, size: int, root: str) -> Head:
        signature = self._key.sign(_signed(size, root))
        return Head(size, root, self._key.key_id, signature.hex())

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UnavailableError(f"the log `{self._path}` cannot be used: {reason}") from error


def _read(file: IO[bytes]) -> list[Entry]:
    file.seek(0)
    data = file.read(_BYTES_MAX + 1)
    if len(data) > _BYTES_MAX:
        raise ConfigError(f"the log `{file.name}` is larger than {_BYTES_MAX} bytes")
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        # Whoever wrote the rest was stopped in the middle, and nobody was told of the entry.
        file.truncate(whole)
    try:
        return [_entry(json.loads(it), at) for at, it in enumerate(data[:whole].splitlines())]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"`{file.name}` is no log of certificates") from error


def _entry(line: dict[str, dict[str, object]], index: int) -> Entry:
    told, head = line["entry"], line["head"]
    if set(told) != set(_ENTRY):
        raise ValueError(index)
    return Entry(
        index,
        _whole(told["at"]),
        str(told["certificate"]),
        str(told["policy"]),
        str(told["id"]),
        _whole(told["version"]),
        Head(_whole(head["size"]), str(head["root"]), str(head["key_id"]), str(head["sig"])),
    )


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError(value)
    return value


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _signed(size: int, root: str) -> bytes:
    return _CONTEXT + spelled({"size": size, "root": root})
