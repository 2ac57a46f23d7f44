"""`make docs`: write api/schema.graphql from the types of the GraphQL door."""

from __future__ import annotations

import sys
from pathlib import Path

from aidefence.delivery.graphql.schema import render

TARGET = Path(__file__).resolve().parent.parent / "api" / "schema.graphql"


def main() -> int:
    """Write the file."""
    TARGET.write_text(render(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
