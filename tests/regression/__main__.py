"""`python -m tests.regression [--write [--lower]]`: show the frozen set's floors, or raise them."""

from __future__ import annotations

import argparse
import json
import sys

from tests.regression.floors import FLOORS, broken, digest_of, floors_of, guards, measure, read
from tests.regression.floors import texts as frozen_texts


def main() -> int:
    """Measure each guard that is installed; 1 when one fell through its floors."""
    parser = argparse.ArgumentParser(prog="python -m tests.regression", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write floors for what is reached")
    parser.add_argument("--lower", action="store_true", help="with --write: laxer floors as well")
    given = parser.parse_args()
    texts = frozen_texts()
    digest = digest_of(texts)
    known = read() if FLOORS.exists() else {}
    # Floors of other texts say nothing about these.
    kept = known if known.get("texts") == digest else {}
    # A cascade that is not installed here keeps the floors it has.
    written = {**kept, "texts": digest}
    fell = False
    for name, guard in guards().items():
        measured = measure(guard, texts)
        for group, counts in measured.groups.items():
            _say(f"{name:8} {group:40} {counts['taken']:4} of {counts['texts']}")
        if name in kept:
            lines = broken(measured, kept[name])
            _say(*lines)
            fell |= bool(lines)
        before = kept[name]["limits"] if name in kept and not given.lower else None
        written[name] = floors_of(measured, before)
    if given.write:
        FLOORS.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", "utf-8")
        _say(f"written: {FLOORS.name}")
        return 0
    return int(fell)


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
