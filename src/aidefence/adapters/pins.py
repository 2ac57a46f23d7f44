"""Pins in a JSON file that people can read and diff: written whole, under a lock."""

from __future__ import annotations

import fcntl
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from aidefence.domain.canonical import canonical
from aidefence.domain.errors import ContentError, PinError
from aidefence.domain.pins import PinName

SCHEMA = "aidefence.pins/1"
FILE_BYTES_MAX = 256 << 20
KEY_BYTES_MIN = 16


class PinFile:
    """Keeps approved definitions in one file; with a key nobody else can write pins that hold."""

    __slots__ = ("_key", "_path")

    def __init__(self, path: Path, key: bytes | None = None) -> None:
        """Use the file `path`, which need not be there yet.

        Raises:
            PinError: the key is too short.

        """
        if key is not None and len(key) < KEY_BYTES_MIN:
            raise PinError(f"a key of `{len(key)}` bytes is shorter than {KEY_BYTES_MIN}")
        self._path = path
        self._key = key

    def read(self) -> Mapping[PinName, Mapping[str, object]]:
        """Give the approved definitions.

        Raises:
            PinError: the file is damaged, keyed otherwise, or a pin was changed by hand.

        """
        try:
            with self._path.open("rb") as stream:
                data = stream.read(FILE_BYTES_MAX + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._error("cannot be read", error) from error
        if len(data) > FILE_BYTES_MAX:
            raise PinError(f"pins `{self._path}` are larger than {FILE_BYTES_MAX} bytes")
        try:
            return self._parse(json.loads(data))
        except (ValueError, KeyError, TypeError, RecursionError, ContentError) as error:
            raise PinError(f"pins `{self._path}` are damaged") from error

    def approve(
        self, definitions: Mapping[PinName, Mapping[str, object]], removed: frozenset[PinName]
    ) -> None:
        """Put these in the place of what was approved, take those away, leave the others.

        Raises:
            PinError: the file cannot be read or written.

        """
        with self._locked():
            kept = {name: it for name, it in self.read().items() if name not in removed}
            self._write({**kept, **definitions})

    def _parse(self, told: Mapping[str, object]) -> Mapping[PinName, Mapping[str, object]]:
        if told["schema"] != SCHEMA:
            raise PinError(f"pins `{self._path}` are of another version: expected `{SCHEMA}`")
        if told["algorithm"] != self._algorithm:
            raise PinError(
                f"pins `{self._path}` are of `{told['algorithm']}`: expected `{self._algorithm}`"
            )
        pins = {}
        for pin in told["pins"]:  # type: ignore[attr-defined]
            name, definition = PinName(pin["server"], pin["tool"]), pin["definition"]
            if not hmac.compare_digest(self._digest(name, definition), str(pin["digest"])):
                where = f"{name.server}/{name.tool}" if name.server else name.tool
                raise PinError(f"the pin of `{where}` in `{self._path}` does not fit its digest")
            pins[name] = definition
        return pins

    def _write(self, pins: Mapping[PinName, Mapping[str, object]]) -> None:
        told = {
            "schema": SCHEMA,
            "algorithm": self._algorithm,
            "pins": [
                {
                    "server": name.server,
                    "tool": name.tool,
                    "digest": self._digest(name, pins[name]),
                    "definition": pins[name],
                }
                for name in sorted(pins)
            ],
        }
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            with draft.open("w", encoding="utf-8") as stream:
                # Sorted and indented: a change of a pin is a readable diff in review.
                stream.write(json.dumps(told, indent=1, sort_keys=True) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self._path)
        except OSError as error:
            raise self._error("cannot be written", error) from error
        finally:
            draft.unlink(missing_ok=True)

    @property
    def _algorithm(self) -> str:
        return "sha256" if self._key is None else "hmac-sha256"

    def _digest(self, name: PinName, definition: object) -> str:
        said = canonical([name.server, name.tool, definition]).encode("utf-8")
        if self._key is None:
            return sha256(said).hexdigest()
        return hmac.new(self._key, said, sha256).hexdigest()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Beside the file: the file itself is replaced, and a lock on it would guard the old one.
        path = self._path.with_name(f"{self._path.name}.lock")
        try:
            handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise self._error("cannot be locked", error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _error(self, what: str, error: OSError) -> PinError:
        return PinError(f"pins `{self._path}` {what}: {(error.strerror or str(error)).lower()}")
