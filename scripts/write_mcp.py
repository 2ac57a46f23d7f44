"""`make docs`: write api/mcp.json from the tools that the MCP server registers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from aidefence.app.doors.mcp import make_mcp_server
from aidefence.app.services import make_services
from aidefence.app.settings import Settings
from aidefence.delivery.mcp.definitions import make_definitions

TARGET = Path(__file__).resolve().parent.parent / "api" / "mcp.json"


def render() -> str:
    """Lay the document out for people and for diffs."""
    with TemporaryDirectory() as folder:
        settings = Settings.model_validate({"state_dir": folder, "mcp": {"enabled": True}})
        document = make_definitions(make_mcp_server(make_services(settings), settings))
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the file."""
    TARGET.write_text(render(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
