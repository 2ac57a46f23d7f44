"""What all doors have in common: read the texts, ask about each, take the time, write it down.

This file and its neighbours run in the environment of a peer: they know nothing but the standard
library and the peer.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from statistics import median

Finding = tuple[str, int, int, float]
"""Kind in the peer's own words, start and end in characters, score."""
Find = Callable[[str], Iterable[Finding]]

_ROUNDS = 5
# A slow peer gets as many texts of a round as fit: that is enough to tell its speed.
_ROUND_SECONDS_MAX = 4.0


def serve(package: str, ready: Callable[[], Find]) -> None:
    """Answer the order in the file of the first argument into the file of the second."""
    order = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    find = ready()
    answer = {
        "version": version(package),
        "found": {
            name: [list(find(text)) for text in texts] for name, texts in order["sets"].items()
        },
        "per_second": {name: _per_second(find, texts) for name, texts in order["timed"].items()},
    }
    Path(sys.argv[2]).write_text(json.dumps(answer), "utf-8")


def _per_second(find: Find, texts: list[str]) -> float:
    for text in texts[:20]:
        list(find(text))
    rates = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        read = 0
        for text in texts:
            list(find(text))
            read += 1
            if time.perf_counter() - start > _ROUND_SECONDS_MAX:
                break
        rates.append(read / (time.perf_counter() - start))
    return median(rates)
