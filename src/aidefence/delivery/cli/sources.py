"""Where scanned texts come from: arguments, standard input, files, folders, JSONL, Parquet."""

from __future__ import annotations

import codecs
import importlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

TEXT_BYTES_MAX = 16 * 1024 * 1024

_SNIFF_BYTES = 8192
_PARQUET_ROWS = 2048
_SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"}
)


class InputFormat(StrEnum):
    """How the bytes of a source are cut into texts."""

    AUTO = "auto"
    TEXT = "text"
    LINES = "lines"
    JSONL = "jsonl"
    PARQUET = "parquet"


class Skip(StrEnum):
    """Why something was not scanned as asked."""

    BINARY = "binary file"
    TOO_LARGE = "larger than the limit"
    NOT_REGULAR = "not a regular file"
    UNREADABLE = "cannot be read"
    MALFORMED = "malformed"
    NEEDS_EXTRA = "needs an extra"
    REPLACED = "undecodable bytes were replaced"


_SUFFIXES = {
    ".jsonl": InputFormat.JSONL,
    ".ndjson": InputFormat.JSONL,
    ".parquet": InputFormat.PARQUET,
}
_HARMLESS = frozenset({Skip.BINARY, Skip.NOT_REGULAR, Skip.REPLACED})


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader must know about a source."""

    name: str
    kind: Skip
    detail: str = ""
    asked_for: bool = False

    @property
    def is_error(self) -> bool:
        """A check that did not run is an error, unless nobody asked for that file by name."""
        return self.kind not in _HARMLESS or (self.asked_for and self.kind is not Skip.REPLACED)

    def __str__(self) -> str:
        return f"{self.name}: {self.kind}" + (f": {self.detail}" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Item:
    """One text to scan and where it stands."""

    text: str = field(repr=False)
    name: str
    path: str | None = None
    line: int | None = None
    """The line (or Parquet row) that holds the text, if it is one record of many."""
    record_id: str | None = None
    embedded: bool = False
    """The text is a field inside a record: its offsets are not offsets in the file."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How sources are read."""

    field: str = "text"
    id_field: str = "id"
    format: InputFormat = InputFormat.AUTO
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    text_bytes_max: int = TEXT_BYTES_MAX


@dataclass(slots=True)
class Sources:
    """A stream of items; what could not be read goes to `notify`, and the rest goes on."""

    arguments: Sequence[str]
    paths: Sequence[Path]
    options: SourceOptions
    notify: Callable[[Notice], None]
    advance: Callable[[int], None] = lambda _bytes: None

    def bytes_total(self) -> int | None:
        """Bytes to read if that can be known beforehand: only regular files can."""
        if "-" in self.arguments:
            return None
        total = 0
        for path, asked_for in self._files(quietly=True):
            try:
                info = path.stat()
            except OSError:
                continue
            if not stat.S_ISREG(info.st_mode):
                if asked_for:
                    return None
                continue
            total += info.st_size
        return total

    def __iter__(self) -> Iterator[Item]:
        texts = 0
        for argument in self.arguments:
            if argument == "-":
                yield from self._read(sys.stdin.buffer, "stdin", None)
            else:
                texts += 1
                yield Item(_well_formed(argument), f"argument {texts}")
        for path, asked_for in self._files():
            yield from self._open(path, asked_for=asked_for)

    def _files(self, *, quietly: bool = False) -> Iterator[tuple[Path, bool]]:
        for path in self.paths:
            if path.is_dir():
                yield from ((found, False) for found in self._walk(path, quietly=quietly))
            else:
                yield path, True

    def _walk(self, root: Path, *, quietly: bool) -> Iterator[Path]:
        def failed(error: OSError) -> None:
            if not quietly:
                self._tell(str(error.filename), Skip.UNREADABLE, _reason(error))

        for folder, folders, files in os.walk(root, onerror=failed):
            folders[:] = sorted(f for f in folders if f not in _SKIPPED_FOLDERS)
            for name in sorted(files):
                path = Path(folder, name)
                if self._wanted(path.relative_to(root).as_posix(), name):
                    yield path

    def _wanted(self, relative: str, name: str) -> bool:
        def matches(globs: tuple[str, ...]) -> bool:
            return any(fnmatch(relative, glob) or fnmatch(name, glob) for glob in globs)

        included = not self.options.include or matches(self.options.include)
        return included and not matches(self.options.exclude)

    def _open(self, path: Path, *, asked_for: bool) -> Iterator[Item]:
        try:
            mode = path.stat().st_mode
            readable = stat.S_ISREG(mode) or (asked_for and not stat.S_ISDIR(mode))
            if not readable:
                # A pipe or device found in a folder could block for ever.
                return self._tell(str(path), Skip.NOT_REGULAR)
            if self._format_of(path) is InputFormat.PARQUET:
                yield from self._parquet(path)
                return None
            with path.open("rb") as stream:
                yield from self._read(stream, str(path), path, asked_for=asked_for)
        except OSError as error:
            self._tell(str(path), Skip.UNREADABLE, _reason(error))
        return None

    def _read(
        self, stream: BinaryIO, name: str, path: Path | None, *, asked_for: bool = True
    ) -> Iterator[Item]:
        match self._format_of(path):
            case InputFormat.JSONL:
                yield from self._jsonl(stream, name)
            case InputFormat.LINES:
                yield from self._lines(stream, name, path)
            case _:
                yield from self._whole(stream, name, path, asked_for=asked_for)

    def _format_of(self, path: Path | None) -> InputFormat:
        suffix = path.suffix.lower() if path else ""
        if self.options.format is not InputFormat.AUTO:
            return self.options.format
        return _SUFFIXES.get(suffix, InputFormat.TEXT)

    def _whole(
        self, stream: BinaryIO, name: str, path: Path | None, *, asked_for: bool
    ) -> Iterator[Item]:
        limit = self.options.text_bytes_max
        data = stream.read(limit + 1)
        self.advance(len(data))
        if len(data) > limit:
            self._tell(
                name, Skip.TOO_LARGE, f"{limit} bytes; raise --max-bytes, or use --input lines"
            )
        elif _is_binary(data):
            self._tell(name, Skip.BINARY, asked_for=asked_for)
        else:
            yield Item(self._decode(data, name), name, path=str(path) if path else None)

    def _lines(self, stream: BinaryIO, name: str, path: Path | None) -> Iterator[Item]:
        for number, line in self._bounded_lines(stream, name):
            text = line.rstrip(b"\r\n")
            if text:
                where = f"{name}:{number}"
                yield Item(self._decode(text, where), where, str(path) if path else None, number)

    def _jsonl(self, stream: BinaryIO, name: str) -> Iterator[Item]:
        for number, line in self._bounded_lines(stream, name):
            if not line.strip():
                continue
            where = f"{name}:{number}"
            try:
                record = self._parse(line, where)
            except (ValueError, RecursionError) as error:
                self._tell(where, Skip.MALFORMED, f"not JSON: {error}")
                continue
            fields = record if isinstance(record, dict) else {}
            text = fields.get(self.options.field)
            if not isinstance(text, str):
                self._tell(where, Skip.MALFORMED, f"no text in field `{self.options.field}`")
                continue
            record_id = _identity(fields.get(self.options.id_field))
            yield Item(_well_formed(text), where, name, number, record_id, embedded=True)

    def _parse(self, line: bytes, where: str) -> object:
        try:
            return msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Slower and more forgiving: lone surrogates, NaN, bytes that are not UTF-8.
            return json.loads(self._decode(line, where))

    def _bounded_lines(self, stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
        limit, number = self.options.text_bytes_max, 0
        while line := stream.readline(limit + 1):
            number += 1
            self.advance(len(line))
            if len(line) <= limit or (len(line) == limit + 1 and line.endswith(b"\n")):
                yield number, line
                continue
            self._tell(f"{name}:{number}", Skip.TOO_LARGE, f"{limit} bytes; raise --max-bytes")
            while line and not line.endswith(b"\n"):
                line = stream.readline(limit + 1)
                self.advance(len(line))

    def _parquet(self, path: Path) -> Iterator[Item]:
        try:
            # Loaded by name: the arrow extra is optional and heavy.
            parquet: Any = importlib.import_module("pyarrow.parquet")
            arrow: Any = importlib.import_module("pyarrow")
        except ImportError:
            detail = 'Parquet files need the arrow extra: pip install "aidefence[arrow]"'
            return self._tell(str(path), Skip.NEEDS_EXTRA, detail)
        try:
            with parquet.ParquetFile(path) as file:
                yield from self._rows(file, str(path))
        except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError) as error:
            self._tell(str(path), Skip.MALFORMED, str(error).splitlines()[0])
        return None

    def _rows(self, file: ParquetFile, name: str) -> Iterator[Item]:
        names = set(file.schema_arrow.names)
        if self.options.field not in names:
            return self._tell(name, Skip.MALFORMED, f"no column `{self.options.field}`")
        columns = [c for c in (self.options.field, self.options.id_field) if c in names]
        number = 0
        for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=columns):
            for record in batch.to_pylist():
                number += 1
                text, where = record[self.options.field], f"{name}:{number}"
                if not isinstance(text, str):
                    self._tell(where, Skip.MALFORMED, f"no text in column `{self.options.field}`")
                    continue
                self.advance(len(text))
                record_id = _identity(record.get(self.options.id_field))
                yield Item(text, where, name, number, record_id, embedded=True)
        return None

    def _decode(self, data: bytes, name: str) -> str:
        encoding = _encoding(data)
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            self._tell(name, Skip.REPLACED, f"first at byte {error.start}, not valid {encoding}")
            return data.decode(encoding, errors="replace")

    def _tell(self, name: str, kind: Skip, detail: str = "", *, asked_for: bool = False) -> None:
        self.notify(Notice(name, kind, detail, asked_for))


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"


def _is_binary(data: bytes) -> bool:
    return _encoding(data) != "utf-16" and b"\0" in data[:_SNIFF_BYTES]


def _well_formed(text: str) -> str:
    """Replace lone surrogates (undecodable arguments, JSON escapes): nobody can write them."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _identity(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
