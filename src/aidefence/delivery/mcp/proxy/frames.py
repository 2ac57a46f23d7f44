"""Messages as lines of JSON, read so strictly that nobody can read them otherwise.

What we inspect and what the other side executes must be the same. A line that two readers may
understand differently (a key that stands twice, a key in odd case, a second message behind a line
end that only some know) is refused or written anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, TypeAlias

from aidefence.delivery.mcp.codes import Code

Message: TypeAlias = dict[str, Any]
Id: TypeAlias = str | int | float

BATCH_MAX = 1_000
# Line ends that some readers of lines know and others take for text.
_ODD_ENDS = (b"\r", "\u0085".encode(), "\u2028".encode(), "\u2029".encode())
_KEYS = frozenset(
    {"jsonrpc", "id", "method", "params", "result", "error", "name", "arguments", "uri", "tools"}
)
_ID = re.compile(rb'"id"\s*:\s*(\d{1,18}|"[^"\\]{0,128}")')
_NEAR = 4_096


class FrameError(Exception):
    """A line that is no message, or not one alone. `id` is our best guess at whose it is."""

    def __init__(self, code: Code, reason: str, line: bytes = b"") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.id = _guess_id(line)


class Frame:
    """One line: as it came, and what it says."""

    __slots__ = ("is_batch", "line", "messages")

    def __init__(self, line: bytes, messages: list[Message], *, is_batch: bool) -> None:
        self.line = line
        self.messages = messages
        self.is_batch = is_batch


def read_frame(line: bytes) -> Frame:
    """Read one line.

    Raises:
        FrameError: it is no JSON, no message, or may be understood in more than one way.

    """
    line = line.rstrip(b"\r\n")
    try:
        value = _decode(line.decode("utf-8"))
    except FrameError as error:
        raise FrameError(error.code, error.reason, line) from None
    except UnicodeDecodeError:
        raise FrameError(Code.PARSE, "a line is not UTF-8", line) from None
    except (ValueError, RecursionError):
        raise FrameError(Code.PARSE, "a line is no JSON", line) from None
    is_batch = isinstance(value, list)
    given: list[object] = value if isinstance(value, list) else [value]
    if not given or len(given) > BATCH_MAX:
        raise FrameError(Code.INVALID, f"a batch holds 1 to {BATCH_MAX} messages", line)
    messages = [_checked(message, line) for message in given]
    if any(end in line for end in _ODD_ENDS):
        line = write(value)
    return Frame(line, messages, is_batch=is_batch)


def write(value: object) -> bytes:
    """Write a message in ASCII: no reader finds a line end in it."""
    return json.dumps(value, separators=(",", ":")).encode()


def key_of(given: object) -> str | None:
    """Name an id so that 1, 1.0 and "1" are three; none if it is no id."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    return json.dumps(given)


def _decode(text: str) -> object:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)


def _object(pairs: list[tuple[str, Any]]) -> Message:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise FrameError(Code.INVALID, "a key stands twice in one object")
    return made


def _refuse_constant(name: str) -> object:
    raise FrameError(Code.PARSE, f"`{name}` is no JSON")


def _checked(message: object, line: bytes) -> Message:
    if not isinstance(message, dict):
        raise FrameError(Code.INVALID, "a message is no object", line)
    _check_keys(message, line)
    for part in ("params", "result"):
        inner = message.get(part)
        if isinstance(inner, dict):
            _check_keys(inner, line)
    if not isinstance(message.get("method", ""), str):
        raise FrameError(Code.INVALID, "a method is no text", line)
    if "method" in message and ("result" in message or "error" in message):
        raise FrameError(Code.INVALID, "a message both asks and answers", line)
    return message


def _check_keys(keys: Iterable[str], line: bytes) -> None:
    for key in keys:
        # Some readers match keys without regard to case.
        if key not in _KEYS and key.casefold() in _KEYS:
            raise FrameError(Code.INVALID, f"`{key}` may pass for `{key.casefold()}`", line)


def _guess_id(line: bytes) -> Id | None:
    near = line if len(line) <= 2 * _NEAR else line[:_NEAR] + line[-_NEAR:]
    found = set(_ID.findall(near))
    if len(found) != 1:
        return None
    try:
        guessed: Id = json.loads(found.pop())
    except ValueError:
        return None
    return guessed
