"""detect-secrets with all its plug-ins and filters, as it reads the lines of a file."""

from __future__ import annotations

from detect_secrets.core.scan import _process_line_based_plugins
from detect_secrets.settings import default_settings
from serve import Find, Finding, serve


def _ready() -> Find:
    # The settings hold while the context is open; it is never closed, and lives as long as `find`.
    context = default_settings()
    context.__enter__()

    def find(text: str) -> list[Finding]:
        lines = list(enumerate(text.split("\n"), 1))
        found = []
        for one in _process_line_based_plugins(lines, filename="text"):
            value = one.secret_value or ""
            start = text.find(value)
            found.append((one.type, start, start + len(value), 1.0))
        return found

    find.context = context  # type: ignore[attr-defined]
    return find


if __name__ == "__main__":
    serve("detect-secrets", _ready)
