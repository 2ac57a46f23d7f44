"""Whether an answer goes round in circles: windows that shrink to almost nothing. Linear."""

from __future__ import annotations

import zlib

from aidefence.domain.answer import AnswerCheck, Remark
from aidefence.domain.content import Span

# Code points. A refrain comes back a few times, in a window as long as this twenty times or more.
_WINDOW = 4096
_LEN_MIN = 1500
_SHARE_MAX = 0.03
_SCORE = 0.9
_TITLE = "the same words come again and again"


def find(answer: str) -> Remark | None:
    """Find the first stretch of the answer that repeats itself."""
    start = end = None
    for at in range(0, max(len(answer), 1), _WINDOW):
        window = answer[at : at + _WINDOW]
        if len(window) >= _LEN_MIN and _share(window) <= _SHARE_MAX:
            start = at if start is None else start
            end = at + len(window)
        elif start is not None:
            break
    if start is None or end is None:
        return None
    return Remark(AnswerCheck.REPETITION, Span(start, end), _SCORE, _TITLE)


def _share(window: str) -> float:
    data = window.encode("utf-8", "surrogatepass")
    return len(zlib.compress(data, 6)) / len(data)
