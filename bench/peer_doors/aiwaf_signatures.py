"""aiwaf-rust: its signatures of SQL; it has none of other payloads that read a value alone."""

from __future__ import annotations

import aiwaf_rust
from serve import Find, Finding, serve


def _ready() -> Find:
    def find(text: str) -> list[Finding]:
        hit = aiwaf_rust.policy_sql_signature(text)
        return [(hit, 0, len(text), 1.0)] if hit else []

    return find


if __name__ == "__main__":
    serve("aiwaf-rust", _ready)
