"""CommonRegex, its patterns for what belongs to persons."""

from __future__ import annotations

import commonregex
from serve import Find, Finding, serve

_PATTERNS = {
    "phone": commonregex.phone,
    "email": commonregex.email,
    "ip": commonregex.ip,
    "ipv6": commonregex.ipv6,
    "credit_card": commonregex.credit_card,
    "btc_address": commonregex.btc_address,
    "street_address": commonregex.street_address,
}


def _ready() -> Find:
    def find(text: str) -> list[Finding]:
        return [
            (kind, *match.span(), 1.0)
            for kind, pattern in _PATTERNS.items()
            for match in pattern.finditer(text)
        ]

    return find


if __name__ == "__main__":
    serve("commonregex", _ready)
