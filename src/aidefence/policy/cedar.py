"""Writes the part of a policy that needs no memory as Cedar policies, for engines that read those.

Cedar answers yes or no and knows no priorities. So each grave action becomes a question of its
own, `Action::"unblocked"` and so on, that Cedar permits where the policy decides less than that;
and a rule that forbids stands back for the milder ones of a higher priority. The answers together
are the policy's decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from aidefence.domain.enums import Action
from aidefence.domain.errors import ImageError
from aidefence.policy.conditions import FALSE, Cond
from aidefence.policy.image import Feature, Image, PolicyRule

CLAUSES_MAX = 200_000
QUESTIONS: Mapping[Action, str] = MappingProxyType(
    {
        Action.FLAG: "unflagged",
        Action.REDACT: "unredacted",
        Action.REVIEW: "unreviewed",
        Action.BLOCK: "unblocked",
    }
)
"""What Cedar is asked: whether the decision is less than this action."""


@dataclass(frozen=True, slots=True)
class CedarPolicies:
    """A policy in Cedar: its text, the schema that it fits, and what could not be said.

    Whoever asks Cedar fills the context as `context_of` does.
    """

    policies: str
    schema: str
    unsaid: tuple[str, ...]


def to_cedar(image: Image) -> CedarPolicies:
    """Write a policy as Cedar.

    Raises:
        ImageError: its rules take turns so often that Cedar would need far too many clauses.

    """
    written: list[str] = []
    clauses = 0
    for least in QUESTIONS:
        for text, count in _question(image, least):
            clauses += count
            if clauses > CLAUSES_MAX:
                reason = f"Cedar, which knows no priorities, would need over {CLAUSES_MAX} clauses"
                raise ImageError("rules", reason)
            written.append(text)
    return CedarPolicies("\n".join(written), _schema(image), tuple(_unsaid(image)))


def context_of(image: Image, values: Sequence[int]) -> dict[str, object]:
    """Give the context of a request with these values: what Cedar reads in place of numbers."""
    return {
        feature.name: _context_value(feature, value)
        for feature, value in zip(image.features, values, strict=True)
    }


def decision_of(permitted: Iterable[str]) -> Action:
    """Give the decision that the permitted questions together stand for."""
    yes = set(permitted)
    refused = [action for action, question in QUESTIONS.items() if question not in yes]
    return max(refused, default=Action.ALLOW)


# --- policies ------------------------------------------------------------------------------------


def _question(image: Image, least: Action) -> Iterator[tuple[str, int]]:
    """Give the policies for one question, each with how many clauses it has."""
    asked = f'action == Action::"{QUESTIONS[least]}"'
    milder: list[str] = []
    if image.default < least:
        yield f"permit (principal, {asked}, resource);\n", 1
    for rule in image.rules:
        if rule.when == FALSE:
            continue
        when = _expression(image.features, rule.when)
        if rule.action < least:
            milder.append(when)
            if not image.default < least:
                yield _policy("permit", asked, rule, when, ()), 1
        else:
            yield _policy("forbid", asked, rule, when, milder), 1 + len(milder)


def _policy(effect: str, asked: str, rule: PolicyRule, when: str, milder: Sequence[str]) -> str:
    lines = [f"@rule({_text(rule.id)})"]
    lines += [f"@reason({_text(rule.reason)})"] if rule.reason else []
    lines += [f"{effect} (principal, {asked}, resource)", f"when {{ {when} }}"]
    lines += [f"unless {{ {it} }}" for it in milder]
    return "\n".join(lines) + ";\n"


def _expression(features: Sequence[Feature], cond: Cond) -> str:
    operator, *parts = cond
    if operator in {"tt", "ff"}:
        return "true" if operator == "tt" else "false"
    if operator == "not":
        return f"!({_expression(features, _part(parts[0]))})"
    if operator in {"and", "or"}:
        sign = " && " if operator == "and" else " || "
        other = "or" if operator == "and" else "and"
        written = ((_part(it), _expression(features, _part(it))) for it in parts)
        return sign.join(f"({text})" if part[0] == other else text for part, text in written)
    at, value = (it for it in parts if isinstance(it, int))
    return (_at_least if operator == "ge" else _equal)(features[at], value)


def _part(value: object) -> Cond:
    return value if isinstance(value, tuple) else FALSE


def _at_least(feature: Feature, value: int) -> str:
    if value == 0:
        return "true"
    if value > feature.most:
        return "false"
    name = _attribute(feature)
    if feature.values:
        return f"{_set(feature.values[value - 1 :])}.contains({name})"
    return name if feature.most == 1 else f"{name} >= {value}"


def _equal(feature: Feature, value: int) -> str:
    if value > feature.most:
        return "false"
    name = _attribute(feature)
    if feature.values:
        if value == 0:
            return f"!({_set(feature.values)}.contains({name}))"
        return f"{name} == {_text(feature.values[value - 1])}"
    if feature.most == 1:
        return name if value else f"!{name}"
    return f"{name} == {value}"


def _attribute(feature: Feature) -> str:
    return f"context[{_text(feature.name)}]"


def _set(values: Sequence[str]) -> str:
    return f"[{', '.join(_text(it) for it in values)}]"


def _text(text: str) -> str:
    """Write a text as Cedar does: what is not plain ASCII as its code point."""
    written = "".join(
        f"\\{it}" if it in '"\\' else it if " " <= it <= "~" else f"\\u{{{ord(it):x}}}"
        for it in text
    )
    return f'"{written}"'


# --- context -------------------------------------------------------------------------------------


def _schema(image: Image) -> str:
    lines = [f"    {_text(it.name)}: {_type(it)}," for it in image.features]
    asked = ", ".join(f'"{it}"' for it in QUESTIONS.values())
    applies = "principal: Principal, resource: Resource, context: Context"
    return "\n".join(
        [
            "entity Principal;",
            "entity Resource;",
            "type Context = {",
            *lines,
            "};",
            f"action {asked} appliesTo {{ {applies} }};",
            "",
        ]
    )


def _type(feature: Feature) -> str:
    if feature.values:
        return "String"
    return "Bool" if feature.most == 1 else "Long"


def _context_value(feature: Feature, value: int) -> object:
    if feature.values:
        return feature.values[value - 1] if value else _another(feature.values)
    return bool(value) if feature.most == 1 else value


def _another(values: Sequence[str]) -> str:
    """Give a text that is none of these: an empty one, where that is free."""
    taken = set(values)
    return next(it for it in (" " * n for n in range(len(taken) + 1)) if it not in taken)


def _unsaid(image: Image) -> Iterator[str]:
    for temporal in image.temporal:
        yield f"rule `{temporal.id}`: Cedar remembers no earlier events"
    for feature in image.features:
        if not feature.is_raw:
            yield f"`{feature.name}`: Cedar remembers nothing; whoever asks must tell it"
    yield f"on error {image.on_error.value}: what an engine does on error is its own affair"
