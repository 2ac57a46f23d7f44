"""STIX 2.1: which techniques of MITRE ATLAS were sighted here, how often, from when to when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from aidefence.domain.episode import Episode
from aidefence.domain.taxonomy import ATLAS, TAXONOMY

# The same technique, node and time make the same ids: an export that comes twice adds nothing.
_OURS = UUID("6f1b7f0e-53a4-5a06-9f0c-8f6a2f1d7c11")
_COUNT_MAX = 999_999_999
_ATLAS_URL = "https://atlas.mitre.org/techniques/"


@dataclass(slots=True)
class _Sighted:
    first_ms: int
    last_ms: int
    count: int = 0


class StixExporter:
    """One bundle. Memory grows with techniques and nodes, not with episodes."""

    def __init__(self) -> None:
        self._sighted: dict[tuple[str, str], _Sighted] = {}

    def begin(self) -> str:
        """Nothing: sums come at the end."""
        return ""

    def tell(self, episode: Episode) -> Iterable[str]:
        """Take one episode into the sums; what was taken for benign is no sighting."""
        if episode.detected:
            named = {it.category for it in episode.evidence if not it.mention}
            categories = named or ({episode.category} if episode.category else set())
            for technique in {number for it in categories for number in TAXONOMY[it].atlas}:
                self._count(technique, episode)
        return ()

    def end(self) -> str:
        """Write the bundle."""
        objects = list(self._objects())
        bundle: dict[str, Any] = {"type": "bundle", "id": _id("bundle", json.dumps(objects))}
        if objects:
            bundle["objects"] = objects
        return json.dumps(bundle, indent=2) + "\n"

    def _count(self, technique: str, episode: Episode) -> None:
        key = episode.node, technique
        known = self._sighted.setdefault(key, _Sighted(episode.at_ms, episode.at_ms))
        known.first_ms = min(known.first_ms, episode.at_ms)
        known.last_ms = max(known.last_ms, episode.at_ms)
        known.count = min(_COUNT_MAX, known.count + 1)

    def _objects(self) -> Iterable[dict[str, Any]]:
        firsts: dict[str, int] = {}
        for (node, technique), it in self._sighted.items():
            for name in (f"identity:{node}", technique):
                firsts[name] = min(firsts.get(name, it.first_ms), it.first_ms)
        for node in sorted({node for node, _ in self._sighted}):
            yield _identity(node, firsts[f"identity:{node}"])
        for technique in sorted({technique for _, technique in self._sighted}):
            yield _technique(technique, firsts[technique])
        for (node, technique), it in sorted(self._sighted.items()):
            yield _sighting(node, technique, it)


def _identity(node: str, at_ms: int) -> dict[str, Any]:
    return {
        **_common("identity", node, at_ms),
        "name": f"AI Defence at {node}",
        "identity_class": "system",
    }


def _technique(number: str, at_ms: int) -> dict[str, Any]:
    reference = {
        "source_name": "mitre-atlas",
        "external_id": number,
        "url": f"{_ATLAS_URL}{number}",
    }
    return {
        **_common("attack-pattern", number, at_ms),
        "name": ATLAS[number],
        "external_references": [reference],
    }


def _sighting(node: str, technique: str, it: _Sighted) -> dict[str, Any]:
    name = f"{node} {technique} {it.first_ms} {it.last_ms} {it.count}"
    return {
        **_common("sighting", name, it.last_ms),
        "created_by_ref": _id("identity", node),
        "first_seen": _time(it.first_ms),
        "last_seen": _time(it.last_ms),
        "count": it.count,
        "sighting_of_ref": _id("attack-pattern", technique),
        "where_sighted_refs": [_id("identity", node)],
    }


def _common(kind: str, name: str, at_ms: int) -> dict[str, Any]:
    moment = _time(at_ms)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": _id(kind, name),
        "created": moment,
        "modified": moment,
    }


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid5(_OURS, f'{kind} {name}')}"


def _time(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"
