"""Read labelled texts from JSONL, line by line: a wrong line stops the reading with its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aidefence.domain.errors import AIDefenceError

UNKNOWN = "unknown"

_LINE_BYTES_MAX = 64 * 1024 * 1024
_NAME_CHARACTERS_MAX = 200


class LabelledDataError(AIDefenceError):
    """A labelled file cannot be read as such; says where."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
        self.path = path
        self.line = line


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One line of a labelled file."""

    text: str = field(repr=False)
    is_attack: bool
    source: str
    category: str
    language: str
    task: str
    name: str = ""
    """The record's `id`; empty where it has none."""
    where: str = ""
    """File and line."""
    obfuscation: str | None = None
    """How the text is hidden, as the record says."""
    hidden: bool = False
    """The record holds the text's `decoded` form, so it is hidden in some way."""


def read_labelled(paths: Iterable[Path], *, task: str | None = None) -> Iterator[LabelledText]:
    """Yield the records of JSONL files in order, those of one task only if `task` is given."""
    for path in paths:
        try:
            with path.open("rb") as lines:
                pieces = iter(lambda: lines.readline(_LINE_BYTES_MAX + 1), b"")
                for number, line in enumerate(pieces, start=1):
                    if not line.strip():
                        continue
                    record = _parse(line, path, number)
                    if task is None or record.task == task:
                        yield record
        except OSError as error:
            raise LabelledDataError(path, 0, (error.strerror or str(error)).lower()) from error


def _parse(line: bytes, path: Path, number: int) -> LabelledText:
    if len(line) > _LINE_BYTES_MAX:
        raise LabelledDataError(path, number, f"line is longer than {_LINE_BYTES_MAX} bytes")
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LabelledDataError(path, number, f"not JSON: {error}") from error
    if not isinstance(record, dict):
        raise LabelledDataError(path, number, "not a JSON object")
    text, label = record.get("text"), record.get("label")
    if not isinstance(text, str):
        raise LabelledDataError(path, number, "field `text` must be a string")
    if label not in ("attack", "benign"):
        raise LabelledDataError(path, number, "field `label` must be `attack` or `benign`")
    decoded = record.get("decoded")
    return LabelledText(
        text=text,
        is_attack=label == "attack",
        source=_name(record.get("source")),
        category=_name(record.get("category")),
        language=_name(record.get("lang")),
        task=_name(record.get("task")),
        name=_identity(record.get("id")),
        where=f"{path}:{number}",
        obfuscation=_ways(record.get("obfuscation")),
        hidden=isinstance(decoded, str) and decoded not in ("", text),
    )


def _name(value: object) -> str:
    # A name is a heading of the report: it must be short and writable as UTF-8.
    return _writable(value) if isinstance(value, str) and value else UNKNOWN


def _identity(value: object) -> str:
    if isinstance(value, str):
        return _writable(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return ""
    # A number longer than that is no id, and slow to write out.
    return str(value) if abs(value) < 1 << 64 else ""


def _ways(value: object) -> str | None:
    if isinstance(value, str) and value:
        return _writable(value)
    if isinstance(value, list) and value and all(isinstance(it, str) and it for it in value):
        return _writable(" > ".join(value))
    return None


def _writable(text: str) -> str:
    cut = text[:_NAME_CHARACTERS_MAX]
    # Lone surrogates come from JSON escapes; no report can hold them.
    return cut.encode("utf-8", "backslashreplace").decode("utf-8")
