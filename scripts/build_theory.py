"""Compile the theory in `spec/` with Lean and write its export, which certificates stand on.

The same sources give the same bytes on every machine; `--check` compares instead of writing.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from aidefence.adapters.lean import process
from aidefence.ports.prover import Exported, ProverError

_ROOT = Path(__file__).resolve().parent.parent
SPEC = _ROOT / "spec"
PROOFS = _ROOT / "src" / "aidefence" / "proofs"
_NAMESPACE = "AIDefence."
AXIOMS = ("propext",)


def main() -> int:
    """Write the export and its card; 1 when Lean refuses or, with `--check`, anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what is there")
    check = bool(parser.parse_args().check)
    try:
        written = files(*build())
    except ProverError as error:
        print(f"the theory cannot be built: {error}", file=sys.stderr)
        return 1
    if check:
        stale = [name for name, data in written.items() if _plain(PROOFS / name) != _bare(data)]
        for name in stale:
            print(f"{name} is not what spec/ gives: run make theory", file=sys.stderr)
        return 1 if stale else 0
    PROOFS.mkdir(parents=True, exist_ok=True)
    for name, data in written.items():
        (PROOFS / name).write_bytes(data)
    return 0


def texts() -> dict[str, str]:
    """Return the texts of the theory in the order in which they build on each other."""
    return {name: (SPEC / f"{name}.lean").read_text("utf-8") for name in contents()["texts"]}


def contents() -> dict[str, list[str]]:
    """Read which texts there are, and which theorems the export must hold."""
    read: dict[str, list[str]] = json.loads((SPEC / "contents.json").read_text("utf-8"))
    return read


def build() -> tuple[Exported, Exported]:
    """Elaborate the texts in a new process and export: what rules need, then all there is.

    The first is the beginning of the second.

    Raises:
        ProverError: there is no Lean, a text has an error, or another axiom would be left.

    """
    runtime = process.find()
    if runtime is None:
        raise ProverError("no Lean is there: run make lean")
    prover = process.LeanProcess(runtime, theory=tuple(texts().values()), seconds=240.0)
    try:
        rules, whole = prover.export(roots("rules")), prover.export(roots("rules", "time"))
    finally:
        prover.close()
    for exported in (rules, whole):
        if not exported.elaborated.ok or exported.axioms != AXIOMS:
            raise ProverError(f"the export rests on {', '.join(exported.axioms) or 'nothing'}")
    if not whole.data().startswith(rules.data()):
        raise ProverError("the whole export does not begin with the part about rules")
    return rules, whole


def roots(*parts: str) -> list[str]:
    """Return the full names of the theorems that these parts hold."""
    return [_NAMESPACE + root for part in parts for root in contents()[part]]


def files(rules: Exported, whole: Exported) -> dict[str, bytes]:
    """Return what belongs into the package: the export, the sources, and the card of both."""
    data = whole.data()
    sources = json.dumps(texts(), ensure_ascii=False, indent=0).encode()
    card = {
        "axioms": list(whole.axioms),
        "exporter": {
            "name": "aidefence-export",
            "version": "3.1.0",
            "digest": hashlib.sha256(process.CHECKER.read_bytes()).hexdigest(),
        },
        "lean": process.VERSION,
        "parts": {"rules": _part(rules, "rules"), "time": _part(whole, "rules", "time")},
        "sources": hashlib.sha256(sources).hexdigest(),
    }
    return {
        "theory.json": (json.dumps(card, indent=2) + "\n").encode(),
        "theory.ndjson.gz": gzip.compress(data, 9, mtime=0),
        "theory.sources.gz": gzip.compress(sources, 9, mtime=0),
    }


def _part(exported: Exported, *parts: str) -> dict[str, Any]:
    data = exported.data()
    return {
        "bytes": len(data),
        "declarations": exported.declarations,
        "digest": hashlib.sha256(data).hexdigest(),
        "roots": roots(*parts),
    }


def _bare(data: bytes) -> bytes:
    """Compare what is inside: two versions of zlib pack the same bytes differently."""
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def _plain(path: Path) -> bytes | None:
    return _bare(path.read_bytes()) if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
