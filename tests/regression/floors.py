"""Counts what is caught of the frozen texts, group by group, and holds it against the floors."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.labelled import Labelled, read_folder

from aidefence import Action, Guard
from aidefence.knowledge import deep

HERE = Path(__file__).resolve().parent
FLOORS = HERE / "floors.json"
TEXTS = HERE / "texts"
# So much may go without a failure: a retrained model moves single texts in both directions.
SLACK = 0.03

Group = dict[str, int]
Floors = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one guard made of all texts."""

    missed: tuple[Labelled, ...]
    alarms: tuple[Labelled, ...]
    groups: dict[str, Group]


def texts() -> list[Labelled]:
    """Return the frozen texts."""
    return read_folder(TEXTS)


def digest_of(given: Iterable[Labelled]) -> str:
    """Return what is equal for equal texts under equal labels."""
    lines = sorted(f"{it.id} {it.attack} {it.origin} {it.text}" for it in given)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def guards() -> dict[str, Guard]:
    """Return the guards that have floors: the engine's tiers, and the cascade if it is here.

    Raises:
        ModelError: the deep model is here and cannot be used; that is not the same as absent.

    """
    found = {"engine": Guard(deep="off")}
    if deep.load() is not None:
        found["cascade"] = Guard(deep="required")
    return found


def measure(guard: Guard, given: Iterable[Labelled]) -> Measured:
    """Inspect all texts; one counts as taken for an attack when it is flagged or worse."""
    every, taken = Counter[str](), Counter[str]()
    missed, alarms = [], []
    for one in given:
        flagged = guard.inspect(one.text, origin=one.origin).action is not Action.ALLOW
        names = _groups_of(one)
        every.update(names)
        if flagged:
            taken.update(names)
        if flagged and not one.attack:
            alarms.append(one)
        if one.attack and not flagged:
            missed.append(one)
    groups = {name: {"texts": every[name], "taken": taken[name]} for name in sorted(every)}
    return Measured(tuple(missed), tuple(alarms), groups)


def _groups_of(one: Labelled) -> list[str]:
    side = "attack" if one.attack else "benign"
    kind = "category" if one.attack else "kind"
    return [side, f"{side} {kind} {one.kind}", f"{side} language {one.lang}"]


def read() -> Floors:
    """Return the committed floors."""
    found: Floors = json.loads(FLOORS.read_text("utf-8"))
    return found


def floors_of(measured: Measured, before: dict[str, int] | None) -> Floors:
    """Return floors for what was measured, never laxer than those before."""
    limits = {}
    for name, group in measured.groups.items():
        slack = round(group["texts"] * SLACK)
        if name.startswith("attack"):
            limits[name] = max(group["taken"] - slack, 0, (before or {}).get(name, 0))
        else:
            limits[name] = min(group["taken"] + slack, (before or {}).get(name, group["texts"]))
    return {
        "limits": limits,
        "measured": measured.groups,
        "missed": [it.id for it in measured.missed],
        "alarms": [it.id for it in measured.alarms],
    }


def broken(measured: Measured, floors: Floors) -> list[str]:
    """Return a line for each group that fell through, and one for each text that is to blame."""
    fallen = [name for name in floors["limits"] if _fell(name, measured, floors)]
    lines = []
    for name in fallen:
        group, limit = measured.groups[name], floors["limits"][name]
        word = "at least" if name.startswith("attack") else "at most"
        lines.append(f"{name}: {group['taken']} of {group['texts']}, {word} {limit} expected")
    for told, now, known in (
        ("newly missed", measured.missed, floors["missed"]),
        ("new false alarm", measured.alarms, floors["alarms"]),
    ):
        new = [it for it in now if it.id not in set(known)]
        lines += [
            f"{told}: {it.id} ({it.origin}): {it.text[:100]!r}"
            for it in new
            if set(_groups_of(it)) & set(fallen)
        ]
    return lines


def _fell(name: str, measured: Measured, floors: Floors) -> bool:
    taken, limit = measured.groups[name]["taken"], floors["limits"][name]
    return bool(taken < limit if name.startswith("attack") else taken > limit)
