"""Which texts an encoder has learnt from, over all runs that led to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.encoder import texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME = "learnt.json"


@dataclass(frozen=True, slots=True)
class Learnt:
    """How many different texts of one source, and under which licence."""

    source: str
    licence: str
    attacks: int
    benign: int


def write(folder: Path, start: Path | None) -> None:
    """Adds the texts of the run in `folder` to those of the run it began from."""
    known: dict[str, dict[str, object]] = {}
    if start is not None:
        known = json.loads((start / NAME).read_text("utf-8"))
    for drawn in texts.freeze(folder / "drawn.json", list):
        for example in drawn:
            record = example.record
            known.setdefault(
                record.id,
                {"source": record.source, "licence": record.licence, "attack": record.attack},
            )
    (folder / NAME).write_text(json.dumps(known), "utf-8")


def read(folder: Path) -> list[Learnt]:
    """By source, sorted by name."""
    known = json.loads((folder / NAME).read_text("utf-8")).values()
    return [
        Learnt(
            source,
            # Spliced texts carry the licence of their carrier: all that occur are named.
            ", ".join(sorted({row["licence"] for row in known if row["source"] == source})),
            *(_count(known, source, attack=attack) for attack in (True, False)),
        )
        for source in sorted({row["source"] for row in known})
    ]


def _count(known: Iterable[dict[str, Any]], source: str, *, attack: bool) -> int:
    """How many texts; of those that an unpacked file brought along only the count is known."""
    rows = [row for row in known if row["source"] == source and row["attack"] == attack]
    before = sum(row.get("count", 0) for row in rows)
    return max(before, sum("count" not in row for row in rows))
