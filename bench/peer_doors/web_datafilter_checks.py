"""web-datafilter with its three checks: SQL, scripts, templates."""

from __future__ import annotations

from DataFilter import strSQLICheck, strSSTICheck, strXSSCheck
from serve import Find, Finding, serve

_CHECKS = {"sql_injection": strSQLICheck, "template": strSSTICheck, "xss": strXSSCheck}


def _ready() -> Find:
    def find(text: str) -> list[Finding]:
        return [
            (kind, 0, len(text), 1.0)
            for kind, check in _CHECKS.items()
            if check(text).status == "DETECTED"
        ]

    return find


if __name__ == "__main__":
    serve("web-datafilter", _ready)
