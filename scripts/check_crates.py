"""Refuse crates under licences we do not ship, and crates from anywhere but the registry."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_REGISTRY = "registry+"
_ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "Unicode-3.0",
        "Unlicense",
        "Zlib",
    }
)


def main(manifests: list[str]) -> int:
    """Print what is wrong; 1 when anything is."""
    wrong = [line for it in manifests for line in find_wrong(read_packages(it))]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def read_packages(manifest: str = "Cargo.toml") -> list[dict[str, Any]]:
    """Ask cargo for every crate of a lock file."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path"]
    output = subprocess.run(
        [*command, manifest], cwd=_ROOT, check=True, capture_output=True, text=True
    ).stdout
    packages: list[dict[str, Any]] = json.loads(output)["packages"]
    return packages


def find_wrong(packages: list[dict[str, Any]]) -> list[str]:
    """Name each crate that must not be here, and why."""
    wrong = []
    for package in packages:
        name = f"crate `{package['name']} {package['version']}`"
        source, licence = package["source"], package["license"]
        if source is None and not _is_ours(package):
            wrong.append(f"{name} comes from a folder outside the workspace")
        elif source is not None and not source.startswith(_REGISTRY):
            wrong.append(f"{name} does not come from the registry")
        if not licence or not is_allowed(licence):
            wrong.append(f"{name} has licence `{licence}`, which is not on our list")
    return wrong


def is_allowed(expression: str) -> bool:
    """Judge a licence expression: one allowed choice is enough, every joined part is needed."""
    flat = re.sub(r"[()]", " ", expression.replace("/", " OR "))
    if "(" in expression and " AND " in expression and " OR " in expression:
        return all(_any_allowed(part) for part in re.split(r"\s+AND\s+", expression))
    return any(
        all(part.strip() in _ALLOWED for part in choice.split(" AND "))
        for choice in flat.split(" OR ")
    )


def _any_allowed(part: str) -> bool:
    choices = re.sub(r"[()]", " ", part).split(" OR ")
    return any(choice.strip() in _ALLOWED for choice in choices)


def _is_ours(package: dict[str, Any]) -> bool:
    return Path(package["manifest_path"]).is_relative_to(_ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["Cargo.toml"]))
