"""AI Defence, tiers 0 and 1, through the same door as the others."""

from __future__ import annotations

from serve import Find, Finding, serve

from aidefence import Guard


def _ready() -> Find:
    guard = Guard(deep="off", dense="off")

    def find(text: str) -> list[Finding]:
        return [
            (one.entity or one.category.value, one.span.start, one.span.end, one.score)
            for one in guard.inspect(text).findings
        ]

    return find


if __name__ == "__main__":
    serve("aidefence", _ready)
