"""How long a client waits, as a header says."""

from __future__ import annotations

from aidefence.delivery.http.problems import Refusal

DEADLINE = b"x-deadline-ms"
_DIGITS_MAX = 9
_NS_PER_MS = 1_000_000


def read_deadline(value: bytes) -> int:
    """Give the nanoseconds that a client waits."""
    digits = value.strip()
    if digits.isdigit() and len(digits) <= _DIGITS_MAX and int(digits):
        return int(digits) * _NS_PER_MS
    told = "`x-deadline-ms`: expected milliseconds from 1 to 999999999"
    raise Refusal(400, "invalid-header", "A header is not valid", told)
