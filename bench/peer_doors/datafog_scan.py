"""DataFog Core with the kinds it looks for unasked."""

from __future__ import annotations

import datafog_core
from serve import Find, Finding, serve


def _ready() -> Find:
    def find(text: str) -> list[Finding]:
        found = datafog_core.scan(text)
        return [
            (one.entity_type, one.codepoint_range.start, one.codepoint_range.end, 1.0)
            for one in found
        ]

    return find


if __name__ == "__main__":
    serve("datafog-core", _ready)
