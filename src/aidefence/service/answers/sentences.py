"""A text as sentences, in any script. Linear: no part of it is looked at twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aidefence.domain.content import Span

SENTENCES_MAX = 2048
# Stops before a space; the stops of scripts that put no space behind them; line ends.
_ENDS = re.compile(
    r"[.!?\u2026]+[\"'\u201d\u2019\u00bb)\]]*(?=\s|$)"
    r"|[\u3002\uff01\uff1f\uff61\u0964\u0965\u061f\u06d4]+[\u300d\u300f\u201d\u2019\uff09]*"
    r"|\n+"
)
# Letters with the vowel signs and joiners that belong to them.
WORD = r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u0670\u0900-\u0dff\u200c\u200d])*"
_TELLING = re.compile(r"\w")


def sentences(text: str) -> Iterator[Span]:
    """Give the sentences that hold a letter or digit, at most so many."""
    start = told = 0
    for end in _ENDS.finditer(text):
        span = _trimmed(text, start, end.end())
        start = end.end()
        if span is not None:
            yield span
            told += 1
            if told >= SENTENCES_MAX:
                return
    last = _trimmed(text, start, len(text))
    if last is not None:
        yield last


def _trimmed(text: str, start: int, end: int) -> Span | None:
    part = text[start:end]
    if _TELLING.search(part) is None:
        return None
    return Span(end - len(part.lstrip()), start + len(part.rstrip()))
