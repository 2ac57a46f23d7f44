"""`python -m bench [run [NAME…] | list | table | peers]`; without anything, run everything."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from bench.definition import Definition
from bench.definitions import DEFINITIONS
from bench.peers import FOLDER, build_all
from bench.record import write_record
from bench.table import write_table

_ACTIONS = ("run", "one", "list", "table", "peers")
_KNOWN = {definition.name: definition for definition in DEFINITIONS}


def main() -> int:
    """Do what the arguments say; 1 when a measurement failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("action", nargs="?", default="run", choices=_ACTIONS)
    parser.add_argument("--peers", metavar="DIR", help="where environments of peers are kept")
    parser.add_argument("names", nargs="*", metavar="NAME", help="measurements; without any, all")
    given = parser.parse_args()
    if given.peers is not None:
        os.environ[FOLDER] = given.peers
    unknown = [name for name in given.names if name not in _KNOWN]
    if unknown:
        parser.error(f"unknown measurement `{unknown[0]}`; known: {', '.join(_KNOWN)}")
    match given.action:
        case "list":
            for definition in DEFINITIONS:
                bars = ", ".join(f"{bar.metric} {bar}" for bar in definition.bars)
                print(f"{definition.name:22} {definition.what}; {definition.place}. {bars}")
            return 0
        case "table":
            print(write_table())
            return 0
        case "peers":
            return build_all()
        case "one":
            return max(_measure(_KNOWN[name]) for name in given.names)
        case _:
            return _run(given.names or list(_KNOWN))


def _run(names: list[str]) -> int:
    """Run each in a process of its own: what one leaves in memory must not help the next."""
    failed = [
        name
        for name in names
        if subprocess.run([sys.executable, "-m", "bench", "one", name], check=False).returncode
    ]
    write_table()
    for name in failed:
        print(f"bench: {name} was not measured", file=sys.stderr)
    return int(bool(failed))


def _measure(definition: Definition) -> int:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < definition.cores:
        print(f"{definition.name}: needs {definition.cores} cores", file=sys.stderr)
        return 1
    # The highest ones: interrupts like the first.
    os.sched_setaffinity(0, cores[-definition.cores :])
    try:
        outcome = definition.measure()
    except (RuntimeError, OSError, AssertionError, subprocess.CalledProcessError) as error:
        print(f"{definition.name}: {error}", file=sys.stderr)
        return 1
    finally:
        os.sched_setaffinity(0, cores)
    write_record(definition.name, definition.what, definition.place, definition.bars, outcome)
    shown = {key: value for key, value in outcome.results.items() if not isinstance(value, dict)}
    print(f"{definition.name}: {shown}")
    for bar in definition.bars:
        print(f"  {'met ' if bar.met(outcome.results) else 'NOT met'}  {bar.metric} {bar}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
