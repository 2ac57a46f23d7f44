"""One spelling for equal JSON, after RFC 8785, so that equal definitions have equal digests."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256

from aidefence.domain.errors import ContentError

DEPTH_MAX = 64
# From here on numbers are written with an exponent, as ECMAScript does it.
_PLAIN_MAX = 1e21
_PLAIN_MIN = 1e-6


def canonical(value: object) -> str:
    """Write a JSON value in its one spelling: sorted keys, no spaces, shortest numbers.

    Whole numbers keep all their digits, where RFC 8785 rounds those beyond 2^53: two different
    definitions must not share a digest. Half a surrogate pair, which RFC 8785 refuses, is escaped.

    Raises:
        ContentError: it is no JSON, or nested deeper than 64 levels.

    """
    return "".join(_write(value, "", DEPTH_MAX))


def digest(value: object) -> str:
    """Give the SHA-256 of a JSON value in its one spelling."""
    return sha256(canonical(value).encode("utf-8")).hexdigest()


def escape_key(key: str) -> str:
    """Write a key as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _write(value: object, path: str, depth: int) -> list[str]:
    if depth < 0:
        raise ContentError(f"nested deeper than {DEPTH_MAX} levels", path)
    if value is None or isinstance(value, bool):
        return [{None: "null", True: "true", False: "false"}[value]]
    if isinstance(value, str):
        return [_text(value)]
    if isinstance(value, int):
        return [_whole(value, path)]
    if isinstance(value, float):
        return [_number(value, path)]
    if isinstance(value, Mapping):
        return _object(value, path, depth)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        parts = (_write(item, f"{path}/{at}", depth - 1) for at, item in enumerate(value))
        return ["[", *_joined(parts), "]"]
    raise ContentError(f"a `{type(value).__name__}` is not JSON", path)


def _object(value: Mapping[object, object], path: str, depth: int) -> list[str]:
    keys = [key for key in value if isinstance(key, str)]
    if len(keys) != len(value):
        raise ContentError("a key of an object is no string", path)
    # RFC 8785 sorts by UTF-16 code units, which differs from code points above the basic plane.
    keys.sort(key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    parts = (
        [_text(key), ":", *_write(value[key], f"{path}/{escape_key(key)}", depth - 1)]
        for key in keys
    )
    return ["{", *_joined(parts), "}"]


def _joined(parts: Iterable[list[str]]) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if joined:
            joined.append(",")
        joined += part
    return joined


def _text(value: str) -> str:
    written = json.dumps(value, ensure_ascii=False)
    try:
        written.encode("utf-8")
    except UnicodeEncodeError:
        written = "".join(
            f"\\u{ord(it):04x}" if "\ud800" <= it <= "\udfff" else it for it in written
        )
    return written


def _whole(value: int, path: str) -> str:
    try:
        return str(value)
    except ValueError:
        # The interpreter refuses to spell numbers of thousands of digits.
        raise ContentError("a number is too long", path) from None


def _number(value: float, path: str) -> str:
    if not math.isfinite(value):
        raise ContentError(f"`{value}` is not JSON", path)
    if value == 0:
        return "0"
    if _PLAIN_MIN <= abs(value) < _PLAIN_MAX:
        plain = f"{Decimal(repr(value)):f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    # Here the interpreter writes an exponent as well, of two digits at least.
    digits, _, exponent = repr(value).partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent):+d}"
