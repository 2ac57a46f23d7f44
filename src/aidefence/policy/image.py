"""The closed form of a policy: what evaluator, solver, proof and export all read.

Every name is resolved and every string is a number, so that nothing is left to interpret. Equal
policies have equal bytes, and the digest of these bytes is the name that a decision and a
certificate call the policy by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.errors import ImageError
from aidefence.domain.policies import Scope
from aidefence.policy.conditions import (
    VALUE_MAX,
    Cond,
    Ltl,
    check_cond,
    check_ltl,
)
from aidefence.policy.reading import (
    TEXT_LEN_MAX,
    action_of,
    keys_of,
    list_of,
    read_json,
    text_of,
    tuples,
    whole_of,
)

VERSION = 1
BYTES_MAX = 16 * 1024 * 1024
RULES_MAX = 4_000
FEATURES_MAX = 4_096
TEMPORAL_MAX = 200
NODES_MAX = 200_000
VALUES_MAX = 10_000
PRIORITY_MAX = 1_000_000
COUNT_MAX = 1_000
WINDOW_MS_MAX = 31 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Count:
    """How many earlier events of a window fulfil a condition."""

    when: Cond
    window_ms: int


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that conditions ask about: a whole number from 0 to `most`.

    A raw one is told by the request; `values` are the strings that stand for 1, 2 and so on, and 0
    is every other string or none. One with `history` or `count` is known from earlier events of
    its scope: of the admitted ones, or with `attempts` of all.
    """

    name: str
    most: int
    values: tuple[str, ...] = ()
    history: tuple[object, ...] | None = None
    count: Count | None = None
    attempts: bool = False
    per: Scope = Scope.SESSION

    @property
    def is_raw(self) -> bool:
        """Whether the request itself tells the value."""
        return self.history is None and self.count is None


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule: when its condition holds and no rule of a greater key does, its action counts."""

    id: str
    priority: int
    action: Action
    when: Cond
    reason: str = ""

    @property
    def key(self) -> int:
        """The place in the order: priority first, then the graver action."""
        return self.action.code + len(ACTIONS) * self.priority


@dataclass(frozen=True, slots=True)
class TemporalRule:
    """A formula over the events of a session; what breaks it for good gets the action."""

    id: str
    action: Action
    formula: Ltl
    reason: str = ""


@dataclass(frozen=True)
class Image:
    """A whole policy in its closed form. Whoever holds one holds a valid one.

    Raises:
        ImageError: something in it is not as the form demands; says where.

    """

    id: str
    version: int
    features: tuple[Feature, ...]
    rules: tuple[PolicyRule, ...]
    default: Action = Action.ALLOW
    on_error: Action = Action.BLOCK
    temporal: tuple[TemporalRule, ...] = ()

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def json(self) -> bytes:
        """The one spelling of this policy."""
        written = json.dumps(
            _object(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return written.encode("utf-8")

    def to_json(self) -> bytes:
        """Write the policy in its one spelling: sorted keys, no spaces, UTF-8."""
        return self.json

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the policy's one spelling, in hexadecimal digits."""
        return sha256(self.json).hexdigest()

    @staticmethod
    def from_json(data: bytes) -> Image:
        """Read a policy.

        Raises:
            ImageError: it is no policy, or breaks a limit; says where.

        """
        if len(data) > BYTES_MAX:
            raise ImageError("", f"it is larger than {BYTES_MAX} bytes")
        return _image(read_json(data))


# --- writing -------------------------------------------------------------------------------------


def _object(image: Image) -> dict[str, object]:
    return {
        "v": VERSION,
        "id": image.id,
        "version": image.version,
        "features": [_feature_object(it) for it in image.features],
        "rules": [
            {
                "id": it.id,
                "priority": it.priority,
                "action": it.action.code,
                "when": it.when,
                "reason": it.reason,
            }
            for it in image.rules
        ],
        "default": image.default.code,
        "on_error": image.on_error.code,
        "temporal": [
            {"id": it.id, "action": it.action.code, "formula": it.formula, "reason": it.reason}
            for it in image.temporal
        ],
    }


def _feature_object(feature: Feature) -> dict[str, object]:
    written: dict[str, object] = {"name": feature.name, "most": feature.most}
    if feature.values:
        written["values"] = feature.values
    if feature.history is not None:
        written["history"] = feature.history
    if feature.count is not None:
        written["count"] = {"when": feature.count.when, "window_ms": feature.count.window_ms}
    if not feature.is_raw:
        written["per"] = feature.per.value
        if feature.attempts:
            written["attempts"] = True
    return written


# --- reading -------------------------------------------------------------------------------------


def _image(value: object) -> Image:
    top = keys_of(
        value,
        "",
        needed=(*("v", "id", "version", "features", "rules", "default", "on_error", "temporal"),),
    )
    if top["v"] != VERSION or type(top["v"]) is not int:
        raise ImageError("v", f"this version reads images of version {VERSION} only")
    return Image(
        id=text_of(top["id"], "id"),
        version=whole_of(top["version"], "version"),
        features=tuple(
            _feature(it, f"features/{at}")
            for at, it in enumerate(list_of(top["features"], "features"))
        ),
        rules=tuple(
            _rule(it, f"rules/{at}") for at, it in enumerate(list_of(top["rules"], "rules"))
        ),
        default=action_of(top["default"], "default"),
        on_error=action_of(top["on_error"], "on_error"),
        temporal=tuple(
            _temporal(it, f"temporal/{at}")
            for at, it in enumerate(list_of(top["temporal"], "temporal"))
        ),
    )


def _feature(value: object, place: str) -> Feature:
    given = keys_of(
        value,
        place,
        needed=("name", "most"),
        more=("values", "history", "count", "attempts", "per"),
    )
    count = None
    if "count" in given:
        counted = keys_of(given["count"], f"{place}/count", needed=("when", "window_ms"))
        window = whole_of(counted["window_ms"], f"{place}/count/window_ms")
        count = Count(tuples(counted["when"], f"{place}/count/when"), window)
    values = list_of(given["values"], f"{place}/values") if "values" in given else []
    per = text_of(given.get("per", Scope.SESSION.value), f"{place}/per")
    if per not in tuple(Scope):
        raise ImageError(f"{place}/per", f"not one of {', '.join(Scope)}")
    if not isinstance(given.get("attempts", False), bool):
        raise ImageError(f"{place}/attempts", "not true or false")
    history = tuples(given["history"], f"{place}/history") if "history" in given else None
    return Feature(
        name=text_of(given["name"], f"{place}/name"),
        most=whole_of(given["most"], f"{place}/most"),
        values=tuple(text_of(it, f"{place}/values/{at}") for at, it in enumerate(values)),
        history=history,
        count=count,
        attempts=bool(given.get("attempts", False)),
        per=Scope(per),
    )


def _rule(value: object, place: str) -> PolicyRule:
    given = keys_of(value, place, needed=("id", "priority", "action", "when", "reason"))
    return PolicyRule(
        id=text_of(given["id"], f"{place}/id"),
        priority=whole_of(given["priority"], f"{place}/priority"),
        action=action_of(given["action"], f"{place}/action"),
        when=tuples(given["when"], f"{place}/when"),
        reason=text_of(given["reason"], f"{place}/reason"),
    )


def _temporal(value: object, place: str) -> TemporalRule:
    given = keys_of(value, place, needed=("id", "action", "formula", "reason"))
    return TemporalRule(
        id=text_of(given["id"], f"{place}/id"),
        action=action_of(given["action"], f"{place}/action"),
        formula=tuples(given["formula"], f"{place}/formula"),
        reason=text_of(given["reason"], f"{place}/reason"),
    )


# --- checking ------------------------------------------------------------------------------------


def _check(image: Image) -> None:
    _check_text(image.id, "id", least=1)
    _within(image.version, 1, VALUE_MAX, "version")
    for what, given, most in (
        ("features", len(image.features), FEATURES_MAX),
        ("rules", len(image.rules), RULES_MAX),
        ("temporal", len(image.temporal), TEMPORAL_MAX),
    ):
        if given > most:
            raise ImageError(what, f"`{given}` are more than {most}")
    nodes = 0
    for at, feature in enumerate(image.features):
        nodes += _check_feature(feature, at, f"features/{at}")
    _unique((it.name for it in image.features), "features", "name")
    size = len(image.features)
    for at, rule in enumerate(image.rules):
        _check_text(rule.id, f"rules/{at}/id", least=1)
        _check_text(rule.reason, f"rules/{at}/reason")
        _within(rule.priority, 0, PRIORITY_MAX, f"rules/{at}/priority")
        if at and image.rules[at - 1].key < rule.key:
            raise ImageError(f"rules/{at}", "rules must stand in falling order of their keys")
        nodes += check_cond(rule.when, size, f"rules/{at}/when")
    for at, temporal in enumerate(image.temporal):
        _check_text(temporal.id, f"temporal/{at}/id", least=1)
        _check_text(temporal.reason, f"temporal/{at}/reason")
        nodes += check_ltl(temporal.formula, size, f"temporal/{at}/formula")
    _unique((*(it.id for it in image.rules), *(it.id for it in image.temporal)), "rules", "id")
    if nodes > NODES_MAX:
        raise ImageError("", f"its conditions have `{nodes}` nodes, more than {NODES_MAX}")


def _check_feature(feature: Feature, at: int, place: str) -> int:
    _check_text(feature.name, f"{place}/name", least=1)
    _within(feature.most, 1, VALUE_MAX, f"{place}/most")
    if feature.values:
        _within(len(feature.values), 1, VALUES_MAX, f"{place}/values")
        for number, value in enumerate(feature.values):
            _check_text(value, f"{place}/values/{number}")
        _unique(feature.values, f"{place}/values", "value")
        if feature.most != len(feature.values):
            raise ImageError(f"{place}/most", "not the number of its values")
    if feature.is_raw:
        if feature.attempts or feature.per is not Scope.SESSION:
            raise ImageError(place, "only a history or a count belongs to a scope")
        return 0
    if feature.values or (feature.history is not None and feature.count is not None):
        raise ImageError(place, "it is more than one of values, history and count")
    if feature.count is not None:
        _within(feature.most, 1, COUNT_MAX, f"{place}/most")
        _within(feature.count.window_ms, 1, WINDOW_MS_MAX, f"{place}/count/window_ms")
        return check_cond(feature.count.when, at, f"{place}/count/when")
    return _check_history(feature, at, f"{place}/history")


def _check_history(feature: Feature, at: int, place: str) -> int:
    if feature.most != 1:
        raise ImageError(place.removesuffix("/history"), "a history is 0 or 1")
    history = feature.history or ()
    operator = history[0] if history else None
    if (operator, len(history)) not in {("since", 3), ("previous", 2)}:
        raise ImageError(place, 'not `["since", COND, COND]` or `["previous", COND]`')
    return sum(check_cond(it, at, f"{place}/{n}") for n, it in enumerate(history[1:], 1))


def _check_text(text: object, place: str, *, least: int = 0) -> None:
    text = text_of(text, place)
    if not least <= len(text) <= TEXT_LEN_MAX:
        raise ImageError(place, f"not of {least} to {TEXT_LEN_MAX} characters")


def _within(value: object, least: int, most: int, place: str) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ImageError(place, f"not a whole number from {least} to {most}")


def _unique(names: Iterable[str], place: str, what: str) -> None:
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            raise ImageError(f"{place}/{at}", f"the {what} `{name[:80]}` is there already")
        seen.add(name)
