"""`make docs`: write docs/settings.md from the settings themselves."""

from __future__ import annotations

import sys
from pathlib import Path

from aidefence.app.settings.describing import page

TARGET = Path(__file__).resolve().parent.parent / "docs" / "settings.md"


def main() -> int:
    """Write the file."""
    TARGET.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
