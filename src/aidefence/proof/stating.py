"""What a theorem says, in words that follow its form: for people who read a certificate."""

from __future__ import annotations

from aidefence.domain.policies import PropertyKind
from aidefence.policy.conditions import TRUE, Cond
from aidefence.policy.image import Image
from aidefence.policy.properties import Property
from aidefence.proof.showing import value_in_words

_BINARY = {"and": " and ", "or": " or "}


def statement(image: Image, claim: Property) -> str:  # noqa: PLR0911 -- one table
    """Say what is claimed of the rules, for every request within the bounds of its features."""
    when = condition_in_words(image, claim.when or TRUE)
    match claim.kind:
        case PropertyKind.DECIDES:
            actions = ", ".join(it.value for it in claim.actions) or "no action"
            return f"for every request: if {when}, the rules decide one of: {actions}"
        case PropertyKind.POSSIBLE:
            return f"there is a request for which {when}, and the rules let it through"
        case PropertyKind.LIVE:
            return f"there is a request that rule `{claim.rule}` decides"
        case PropertyKind.NO_CONFLICT:
            return "for every request: two rules of one priority that apply have one action"
        case PropertyKind.COMPLETE:
            return "for every request: some rule applies"
        case PropertyKind.MONOTONE:
            name = image.features[claim.feature or 0].name
            return f"for every request: raising {name} alone never leads to a milder decision"
        case PropertyKind.REFINES:
            return f"for every request: the rules decide as gravely as those of `{claim.than}`"
        case PropertyKind.EQUIVALENT:
            return f"for every request: the rules decide as those of `{claim.than}` do"
        case PropertyKind.RATE | PropertyKind.TEMPORAL:
            return claim.text


def condition_in_words(image: Image, when: Cond) -> str:
    """Say a condition."""
    kind, *parts = when
    if kind in ("tt", "ff"):
        return "anything holds" if kind == "tt" else "nothing holds"
    if kind in ("ge", "eq"):
        return _atom(image, str(kind), *parts)
    said = [condition_in_words(image, it) for it in parts if isinstance(it, tuple)]
    if kind == "not":
        return f"not ({said[0]})"
    return f"({_BINARY[str(kind)].join(said)})"


def _atom(image: Image, kind: str, feature: object, number: object) -> str:
    if not (isinstance(feature, int) and isinstance(number, int)):
        raise TypeError("a feature and a threshold are numbers")
    it = image.features[feature]
    if number > it.most:
        return f"{it.name} is more than it can be"
    said = value_in_words(it, number)
    is_flag = it.most == 1 and number == 1
    return said if kind == "eq" or is_flag else f"{said} or more"
