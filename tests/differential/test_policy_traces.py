"""The evaluator against `spec/Trace.lean`, which certificates about time are about, said in Python.

There is one history of all events, and each value is read off it whole: nothing is kept from step
to step. The evaluator keeps a little for each session, user and tenant, and comes to the same.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.differential.policy_images import make_image, spelled
from tests.differential.policy_oracle import REVIEW, frozen, meets, step

from aidefence.engine import PolicySet, PolicySets

PAIRS = int(os.environ.get("POLICY_PAIRS", "1500"))
EVENTS = 16
SCOPES = ("session", "user", "tenant")
Keys = tuple[int, int, int]


@dataclass(frozen=True)
class Event:
    """An event as it was judged: `Ev`."""

    time: int
    keys: Keys
    values: list[int]


@dataclass
class History:
    """All events, those admitted apart, the latest last: `History`."""

    image: dict[str, Any]
    all: list[Event] = field(default_factory=list)
    admitted: list[Event] = field(default_factory=list)

    def observe(self, raw: Sequence[int], keys: Keys, time: int) -> Event:
        """Extend a request by what came before: `observe`."""
        now = max([time, *(it.time for it in self.all[-1:])])
        values: list[int] = []
        for feature, given in zip(self.image["features"], raw, strict=True):
            scope = SCOPES.index(feature.get("per", "session"))
            events = self.all if feature.get("attempts") else self.admitted
            seen = [it for it in events if it.keys[scope] == keys[scope]]
            values.append(_value(feature, given, values, seen, now))
        return Event(now, keys, values)

    def decide(self, event: Event) -> int:
        """Decide by rules and formulas, and remember: `decide'` and `next`."""
        rules = (it["action"] for it in self.image["rules"] if meets(it["when"], event.values))
        action: int = next(rules, self.image["default"])
        seen = [it for it in self.admitted if it.keys[0] == event.keys[0]]
        for it in self.image["temporal"]:
            left = frozen(it["formula"])
            for earlier in seen:
                after = step(left, earlier.values)
                left = left if after == ("ff",) else after
            if step(left, event.values) == ("ff",):
                action = max(action, it["action"])
        self.all.append(event)
        if action < REVIEW:
            self.admitted.append(event)
        return action


def _value(
    feature: dict[str, Any], given: int, values: list[int], seen: list[Event], now: int
) -> int:
    at = len(values)
    if "count" in feature:
        when, window = feature["count"]["when"], feature["count"]["window_ms"]
        recent = sum(now + 1 <= it.time + window and meets(when, it.values) for it in seen)
        return int(min(recent, feature["most"]))
    match feature.get("history"):
        case None:
            return int(min(max(given, 0), feature["most"]))
        case ["previous", when]:
            return int(bool(seen) and meets(when, seen[-1].values))
        case [_, holds, begins]:
            went_on = bool(seen) and seen[-1].values[at] == 1
            return int(meets(begins, values) or (went_on and meets(holds, values)))
    raise AssertionError(feature)


def _arrivals(dice: Random, image: dict[str, Any]) -> list[tuple[list[int], Keys, int]]:
    """Events of two sessions of two users, at the very edges of windows, too."""
    windows = [it["count"]["window_ms"] for it in image["features"] if "count" in it] or [1000]
    now, made = dice.randint(0, 5000), []
    for _ in range(EVENTS):
        window = dice.choice(windows)
        now += dice.choice((0, 0, 1, window // 3, window - 1, window))
        raw = [dice.choice((0, 1, it["most"])) for it in image["features"]]
        made.append((raw, (dice.randrange(2), dice.randrange(2), 0), now))
    return made


class _Kept:
    """The evaluator with what it keeps for each session, user and tenant."""

    def __init__(self, image: dict[str, Any]) -> None:
        self._sets = PolicySets([PolicySet.load(spelled(image))])
        names = [it["name"] for it in image["features"]]
        self._places = [names.index(name) for name, *_ in self._sets.features]
        self._states: dict[tuple[int, int], bytes] = {}

    def decide(self, raw: Sequence[int], keys: Keys, time: int) -> int:
        places = list(enumerate(keys))
        session, user, tenant = (self._states.get(it) for it in places)
        values = [raw[at] for at in self._places]
        action, _, after = self._sets.decide(values, (session, user, tenant), time)
        for place, state in zip(places, after, strict=True):
            if state is not None:
                self._states[place] = state
        return int(action)


def test_the_evaluator_decides_as_the_theory_of_traces_says() -> None:
    counted = 0
    for seed in range(PAIRS // 2):
        dice = Random(seed)
        image = make_image(dice)
        history, kept = History(image), _Kept(image)
        for raw, keys, time in _arrivals(dice, image):
            event = history.observe(raw, keys, time)
            assert kept.decide(raw, keys, time) == history.decide(event), seed
            counts = zip(image["features"], event.values, strict=True)
            counted += any(value for it, value in counts if "count" in it)
    assert counted > PAIRS // 6


def test_a_rate_that_rules_bound_is_bounded_in_every_window() -> None:
    """`rate_bound`: of what was admitted, whatever arrives and however clocks run."""
    most, window = 3, 1000
    reached = 0
    for seed in range(PAIRS // 10):
        dice = Random(seed)
        scope = dice.choice(SCOPES)
        image = _limited(most, window, scope)
        kept, admitted = _Kept(image), dict[int, list[int]]()
        clock, now = dict[int, int](), 5000
        for _ in range(60):
            now = max(0, now + dice.choice((0, 1, 200, window - 1, window, -300)))
            keys = (dice.randrange(2), dice.randrange(2), 0)
            if kept.decide([1, 0], keys, now) < REVIEW:
                key = keys[SCOPES.index(scope)]
                # A clock that runs back stands still, for each session, user or tenant.
                clock[key] = max(now, clock.get(key, 0))
                admitted.setdefault(key, []).append(clock[key])
        for times in admitted.values():
            inside = [sum(end - window < it <= end for it in times) for end in times]
            reached += max(inside) == most
            assert max(inside) <= most, seed
    assert reached > PAIRS // 20


def _limited(most: int, window_ms: int, per: str) -> dict[str, Any]:
    asked = ["ge", 0, 1]
    count = {"when": asked, "window_ms": window_ms}
    stopped = {"id": "limit", "priority": 1, "action": 4, "reason": ""}
    return {
        "v": 1,
        "id": "limited",
        "version": 1,
        "default": 0,
        "on_error": 4,
        "temporal": [],
        "features": [
            {"name": "asked", "most": 1},
            {"name": "count", "most": most, "per": per, "count": count},
        ],
        "rules": [{**stopped, "when": ["and", asked, ["ge", 1, most]]}],
    }
