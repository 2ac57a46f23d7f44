"""The semantics of an image in plain Python: what proofs are tested against without the engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aidefence.policy.image import Image

STOP = 3


def holds(cond: Any, values: Sequence[int]) -> bool:  # noqa: PLR0911 -- one table
    match cond:
        case ["tt"]:
            return True
        case ["ff"]:
            return False
        case ["ge", feature, least]:
            return bool(values[feature] >= least)
        case ["eq", feature, number]:
            return bool(values[feature] == number)
        case ["not", part]:
            return not holds(part, values)
        case ["and", one, other]:
            return holds(one, values) and holds(other, values)
        case ["or", one, other]:
            return holds(one, values) or holds(other, values)
    raise AssertionError(cond)


def _both(a: Any, b: Any) -> Any:
    if ["ff"] in (a, b):
        return ["ff"]
    if a == ["tt"]:
        return b
    return a if b in (["tt"], a) else ["and", a, b]


def _either(a: Any, b: Any) -> Any:
    if ["tt"] in (a, b):
        return ["tt"]
    if a == ["ff"]:
        return b
    return a if b in (["ff"], a) else ["or", a, b]


def step(formula: Any, values: Sequence[int]) -> Any:  # noqa: C901, PLR0911 -- one table
    match formula:
        case ["tt"] | ["ff"]:
            return formula
        case ["ne"]:
            return ["tt"]
        case ["em"]:
            return ["ff"]
        case ["atom", cond]:
            return ["tt"] if holds(cond, values) else ["ff"]
        case ["not", part]:
            after = step(part, values)
            return {"tt": ["ff"], "ff": ["tt"]}.get(after[0], ["not", after])
        case ["and", a, b]:
            return _both(step(a, values), step(b, values))
        case ["or", a, b]:
            return _either(step(a, values), step(b, values))
        case ["next", a]:
            return _both(["ne"], a)
        case ["wnext", a]:
            return _either(["em"], a)
        case ["until", a, b]:
            return _either(step(b, values), _both(step(a, values), formula))
        case ["release", a, b]:
            return _both(step(b, values), _either(step(a, values), formula))
    raise AssertionError(formula)


class PlainEvaluator:
    """One policy, decided slowly and obviously."""

    def __init__(self, data: bytes) -> None:
        Image.from_json(data)
        self.image = json.loads(data)

    def decide(
        self, values: Sequence[int], state: bytes | None, now_ms: int
    ) -> tuple[int, list[int], list[int], bytes, int]:
        image = self.image
        memory = json.loads(state) if state else {"past": [], "all": [], "ltl": None}
        monitors = memory["ltl"] or [it["formula"] for it in image["temporal"]]
        full = self._extended(list(values), memory, now_ms)
        held = [at for at, it in enumerate(image["rules"]) if holds(it["when"], full)]
        action = image["rules"][held[0]]["action"] if held else image["default"]
        after = [step(it, full) for it in monitors]
        violated = [
            at
            for at, (old, new) in enumerate(zip(monitors, after, strict=True))
            if new == ["ff"] and old != ["ff"]
        ]
        final = max([action, *(image["temporal"][at]["action"] for at in violated)])
        memory["all"].append([now_ms, full])
        if final < STOP:
            memory["past"].append([now_ms, full])
            kept = [monitors[at] if at in violated else it for at, it in enumerate(after)]
            memory["ltl"] = kept
        return final, held, violated, json.dumps(memory).encode(), 0

    def _extended(self, values: list[int], memory: Any, now_ms: int) -> list[int]:
        for at, it in enumerate(self.image["features"]):
            past = memory["all" if it.get("attempts") else "past"]
            if "count" in it:
                begin, when = now_ms - it["count"]["window_ms"], it["count"]["when"]
                found = sum(begin < time <= now_ms and holds(when, old) for time, old in past)
                values[at] = min(found, it["most"])
            elif "history" in it:
                last = past[-1][1] if past else None
                if it["history"][0] == "previous":
                    values[at] = int(last is not None and holds(it["history"][1], last))
                else:
                    _, keep, begin = it["history"]
                    goes_on = last is not None and last[at] and holds(keep, values)
                    values[at] = int(holds(begin, values) or bool(goes_on))
        return values
