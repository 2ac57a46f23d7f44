"""The TypeScript client: types out of the document, it compiles, and a gateway answers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def package(root: Path) -> Path:
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            if os.environ.get("CI"):
                pytest.fail(f"{tool} is missing")
            pytest.skip(f"{tool} is not installed")
    return root / "clients/typescript"


def test_its_types_are_those_of_the_document(package: Path, root: Path, tmp_path: Path) -> None:
    made = tmp_path / "api.ts"
    script, document = package / "scripts/generate.mjs", root / "api/openapi.json"
    subprocess.run(["node", str(script), str(document), str(made)], check=True)
    told = "run `npm run generate` in clients/typescript"
    assert made.read_text("utf-8") == (package / "src/api.ts").read_text("utf-8"), told


def test_it_compiles_and_a_gateway_answers(package: Path, tmp_path: Path, address: str) -> None:
    copy = tmp_path / "client"
    left_out = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(package, copy, ignore=left_out)
    _run(copy, "npm", "ci", "--no-audit", "--no-fund")
    assert "# skipped 0" in _run(copy, "npm", "test", AIDEFENCE_URL=address)


def _run(folder: Path, *command: str, **environment: str) -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
