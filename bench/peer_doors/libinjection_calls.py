"""libinjection: its tokeniser of SQL and its reader of mark-up."""

from __future__ import annotations

import libinjection
from serve import Find, Finding, serve


def _ready() -> Find:
    def find(text: str) -> list[Finding]:
        # It takes C strings.
        value = text.replace("\0", " ")
        found = []
        if libinjection.is_sql_injection(value)["is_sqli"]:
            found.append(("sql_injection", 0, len(text), 1.0))
        if libinjection.is_xss(value)["is_xss"]:
            found.append(("xss", 0, len(text), 1.0))
        return found

    return find


if __name__ == "__main__":
    serve("libinjection-python", _ready)
