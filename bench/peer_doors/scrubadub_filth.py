"""scrubadub with the detectors it has without a language model."""

from __future__ import annotations

import scrubadub
from serve import Find, Finding, serve


def _ready() -> Find:
    scrubber = scrubadub.Scrubber()

    def find(text: str) -> list[Finding]:
        return [(one.type, one.beg, one.end, 1.0) for one in scrubber.iter_filth(text)]

    return find


if __name__ == "__main__":
    serve("scrubadub", _ready)
