"""Images and traces out of a seed: small domains, so that everything that can happen does."""

from __future__ import annotations

import json
from random import Random
from typing import Any

_ACTIONS = range(5)


def make_image(dice: Random) -> dict[str, Any]:
    """Make an image with everything that an image may hold."""
    features: list[dict[str, Any]] = [_raw(dice, at) for at in range(dice.randint(1, 6))]
    for _ in range(dice.choice((0, 0, 1, 2, 4))):
        features.append(_looking_back(dice, features))
    size = len(features)
    rules: list[dict[str, Any]] = [
        {
            "id": f"r{at}",
            "priority": dice.randint(0, 3),
            "action": dice.choice(_ACTIONS),
            "when": condition(dice, features, size, dice.randint(0, 4)),
            "reason": "",
        }
        for at in range(dice.randint(0, 12))
    ]
    rules.sort(key=lambda it: -(it["action"] + 5 * it["priority"]))
    temporal = [
        {
            "id": f"t{at}",
            "action": dice.choice(_ACTIONS),
            "formula": formula(dice, features, size, dice.randint(0, 4)),
            "reason": "",
        }
        for at in range(dice.choice((0, 0, 1, 2, 3)))
    ]
    return {
        "v": 1,
        "id": "made",
        "version": 1,
        "features": features,
        "rules": rules,
        "default": dice.choice(_ACTIONS),
        "on_error": dice.choice(_ACTIONS),
        "temporal": temporal,
    }


def spelled(image: dict[str, Any]) -> bytes:
    """Spell an image the one way."""
    return json.dumps(image, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def make_trace(dice: Random, image: dict[str, Any], events: int) -> list[tuple[list[int], int]]:
    """Make events with their times; clocks jump, stand still and now and then run backwards."""
    now = dice.randint(0, 5000)
    trace = []
    for _ in range(events):
        now = max(0, now + dice.choice((0, 1, 10, 300, 1000, 5000, -700)))
        trace.append(([_value(dice, it) for it in image["features"]], now))
    return trace


def condition(dice: Random, features: list[dict[str, Any]], before: int, depth: int) -> list[Any]:
    """Make a condition over the first features."""
    if depth <= 0 or not before or dice.random() < 0.2:
        if not before or dice.random() < 0.08:
            return [dice.choice(("tt", "ff"))]
        feature = dice.randrange(before)
        most = features[feature]["most"]
        number = dice.choice((0, 1, most, min(most + 1, 2**31 - 1), most // 2))
        return [dice.choice(("ge", "eq")), feature, number]
    if dice.random() < 0.25:
        return ["not", condition(dice, features, before, depth - 1)]
    parts = (condition(dice, features, before, depth - 1) for _ in range(2))
    return [dice.choice(("and", "or")), *parts]


def formula(dice: Random, features: list[dict[str, Any]], before: int, depth: int) -> list[Any]:
    """Make a temporal formula."""
    if depth <= 0 or dice.random() < 0.1:
        if dice.random() < 0.15:
            return [dice.choice(("tt", "ff", "ne", "em"))]
        return ["atom", condition(dice, features, before, 1)]
    operator = dice.choice(("not", "next", "wnext", "and", "or", "until", "release", "release"))
    parts = 1 if operator in {"not", "next", "wnext"} else 2
    return [operator, *(formula(dice, features, before, depth - 1) for _ in range(parts))]


def _raw(dice: Random, at: int) -> dict[str, Any]:
    if dice.random() < 0.3:
        values = [f"v{it}" for it in range(dice.randint(1, 3))]
        return {"name": f"text{at}", "most": len(values), "values": values}
    return {"name": f"number{at}", "most": dice.choice((1, 1, 1, 4, 10_000, 2**31 - 1))}


def _looking_back(dice: Random, features: list[dict[str, Any]]) -> dict[str, Any]:
    size = len(features)
    made: dict[str, Any] = {
        "name": f"back{size}",
        "most": 1,
        "per": dice.choice(("session", "session", "user", "tenant")),
    }
    if dice.random() < 0.4:
        made["attempts"] = True
    kind = dice.choice(("since", "previous", "count"))
    if kind == "count":
        made["most"] = dice.choice((1, 2, 5))
        when = condition(dice, features, size, 2)
        made["count"] = {"when": when, "window_ms": dice.choice((1, 500, 2000, 100_000))}
        return made
    parts = (condition(dice, features, size, 2) for _ in range(2 if kind == "since" else 1))
    made["history"] = [kind, *parts]
    return made


def _value(dice: Random, feature: dict[str, Any]) -> int:
    most = feature["most"]
    return dice.choice((0, 0, 1, most, most // 2, dice.randint(0, most), most + 7, -3))
