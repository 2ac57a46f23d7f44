"""Fetch Lean into the cache, if no Lean is there; say which one it is."""

from __future__ import annotations

import sys

from aidefence.adapters.lean import package, process
from aidefence.ports.prover import ProverError


def main() -> int:
    """Print the Lean that will be used; 1 when none can be had."""
    try:
        if process.find() is None:
            package.install()
    except ProverError as error:
        print(error, file=sys.stderr)
        return 1
    runtime = process.find()
    if runtime is None:
        print("Lean was fetched, but there is no `node` to run it", file=sys.stderr)
        return 1
    print(runtime.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
