"""Small policies drawn at random, small enough to ask them everything."""

from __future__ import annotations

from itertools import product
from random import Random

from aidefence.domain.enums import ACTIONS
from aidefence.policy.conditions import Cond, Ltl
from aidefence.policy.image import Count, Feature, Image, PolicyRule, TemporalRule

RAW = (Feature("a", 2), Feature("b", 1), Feature("c", 2))
REMEMBERED = (
    Feature("ever b", 1, history=("since", ("tt",), ("ge", 1, 1))),
    Feature("before c", 1, history=("previous", ("ge", 2, 1))),
    Feature("how many a", 2, count=Count(("ge", 0, 2), 1000)),
)


def condition(dice: Random, features: tuple[Feature, ...], depth: int = 2) -> Cond:
    kind = dice.choice(["ge", "ge", "eq", "not", "and", "or", "tt", "ff"])
    if depth == 0 or kind in ("ge", "eq"):
        feature = dice.randrange(len(features))
        number = dice.randint(0, features[feature].most)
        return ("eq" if kind == "eq" else "ge", feature, number)
    if kind in ("tt", "ff"):
        return (kind,)
    parts = 1 if kind == "not" else 2
    return (kind, *(condition(dice, features, depth - 1) for _ in range(parts)))


def formula(dice: Random, features: tuple[Feature, ...], depth: int = 2) -> Ltl:
    kind = dice.choice(["not", "and", "or", "next", "wnext", "until", "release", "ne", "em"])
    if depth == 0 or kind in ("ne", "em"):
        return ("atom", condition(dice, features, 1))
    parts = 1 if kind in ("not", "next", "wnext") else 2
    return (kind, *(formula(dice, features, depth - 1) for _ in range(parts)))


def image(dice: Random, *, remembers: bool = False, name: str = "drawn") -> Image:
    features = (*RAW, *REMEMBERED) if remembers else RAW
    rules = [
        PolicyRule(
            f"r{at}", dice.randint(0, 3), dice.choice(ACTIONS), condition(dice, features), "drawn"
        )
        for at in range(dice.randint(0, 4))
    ]
    rules.sort(key=lambda it: -it.key)
    temporal = [
        TemporalRule(f"t{at}", dice.choice(ACTIONS), formula(dice, features), "drawn")
        for at in range(dice.randint(0, 2) if remembers else 0)
    ]
    return Image(name, 1, features, tuple(rules), dice.choice(ACTIONS), temporal=tuple(temporal))


def requests(image: Image) -> list[tuple[int, ...]]:
    """Every request there is; what is remembered stands at nought."""
    ranges = [range(it.most + 1 if it.is_raw else 1) for it in image.features]
    return list(product(*ranges))
