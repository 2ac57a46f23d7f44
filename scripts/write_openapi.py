"""`make docs`: write api/openapi.json from the wire types."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from aidefence.delivery.rest.openapi import make_openapi

TARGET = Path(__file__).resolve().parent.parent / "api" / "openapi.json"


def render() -> str:
    """Lay the document out for people and for diffs."""
    return json.dumps(make_openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the file."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(render(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
