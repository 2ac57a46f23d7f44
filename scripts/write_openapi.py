"""`make docs`: write api/openapi.json from the wire types, and from it those of TypeScript."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from aidefence.delivery.rest.openapi import make_openapi

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "api" / "openapi.json"
CLIENT = ROOT / "clients" / "typescript"


def render() -> str:
    """Lay the document out for people and for diffs."""
    return json.dumps(make_openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the file."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(render(), "utf-8")
    node = shutil.which("node")
    if node is None:
        sys.stderr.write("without node, clients/typescript/src/api.ts stays as it is\n")
        return 0
    script = CLIENT / "scripts" / "generate.mjs"
    command = [node, str(script), str(TARGET), str(CLIENT / "src" / "api.ts")]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
