"""What is claimed about a policy and shall be proved: claims over the features of its image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aidefence.domain.enums import Action
from aidefence.domain.errors import ImageError
from aidefence.domain.policies import PropertyKind
from aidefence.policy.conditions import Cond, Ltl, check_cond, check_ltl
from aidefence.policy.image import COUNT_MAX, WINDOW_MS_MAX, Image
from aidefence.policy.reading import (
    action_of,
    keys_of,
    list_of,
    text_of,
    tuples,
    whole_of,
)


@dataclass(frozen=True, slots=True)
class Property:
    """One claim about a policy; which of the fields count depends on its kind.

    `than` is what the policy is compared with: the name of another one that whoever proves it
    has at hand.
    """

    id: str
    text: str
    kind: PropertyKind
    when: Cond | None = None
    actions: tuple[Action, ...] = ()
    rule: str | None = None
    feature: int | None = None
    most: int | None = None
    window_ms: int | None = None
    formula: Ltl | None = None
    than: str | None = None

    def to_object(self) -> dict[str, object]:
        """Write the claim as JSON holds it: only the fields of its kind."""
        written: dict[str, object] = {"id": self.id, "text": self.text, "kind": self.kind.value}
        for name in FIELDS[self.kind]:
            value = getattr(self, name)
            written[name] = [it.code for it in value] if name == "actions" else value
        return written


FIELDS: Mapping[PropertyKind, tuple[str, ...]] = MappingProxyType(
    {
        PropertyKind.DECIDES: ("when", "actions"),
        PropertyKind.POSSIBLE: ("when",),
        PropertyKind.LIVE: ("rule",),
        PropertyKind.NO_CONFLICT: (),
        PropertyKind.COMPLETE: (),
        PropertyKind.MONOTONE: ("feature",),
        PropertyKind.RATE: ("when", "most", "window_ms"),
        PropertyKind.TEMPORAL: ("formula",),
        PropertyKind.REFINES: ("than",),
        PropertyKind.EQUIVALENT: ("than",),
    }
)
"""Which fields a claim of each kind has, beside `id`, `text` and `kind`."""


def property_of(value: object, image: Image, place: str = "") -> Property:
    """Read a claim about an image.

    Raises:
        ImageError: it is none, or speaks of what the image does not have.

    """
    head = value if isinstance(value, dict) else {}
    kind = text_of(head.get("kind", ""), f"{place}/kind")
    if kind not in tuple(PropertyKind):
        raise ImageError(f"{place}/kind", f"not one of {', '.join(PropertyKind)}")
    fields = FIELDS[PropertyKind(kind)]
    given = keys_of(value, place, needed=("id", "text", "kind", *fields))
    read = {name: _READ[name](given[name], f"{place}/{name}") for name in fields}
    claim = Property(
        text_of(given["id"], f"{place}/id"),
        text_of(given["text"], f"{place}/text"),
        PropertyKind(kind),
        **read,  # type: ignore[arg-type]
    )
    check_property(claim, image, place)
    return claim


def check_property(claim: Property, image: Image, place: str = "") -> None:
    """See that a claim speaks only of what the image has.

    Raises:
        ImageError: it does not.

    """
    size = len(image.features)
    if claim.when is not None:
        check_cond(claim.when, size, f"{place}/when")
    if claim.formula is not None:
        check_ltl(claim.formula, size, f"{place}/formula")
    if claim.feature is not None and not 0 <= claim.feature < size:
        raise ImageError(f"{place}/feature", "not the number of a feature")
    named = {*(it.id for it in image.rules), *(it.id for it in image.temporal)}
    if claim.rule is not None and claim.rule not in named:
        raise ImageError(f"{place}/rule", f"no rule is called `{claim.rule[:80]}`")
    if claim.most is not None and not 0 <= claim.most <= COUNT_MAX:
        raise ImageError(f"{place}/most", f"not a whole number from 0 to {COUNT_MAX}")
    if claim.window_ms is not None and not 1 <= claim.window_ms <= WINDOW_MS_MAX:
        raise ImageError(f"{place}/window_ms", f"not a whole number from 1 to {WINDOW_MS_MAX}")


def _actions(value: object, place: str) -> tuple[Action, ...]:
    return tuple(action_of(it, f"{place}/{at}") for at, it in enumerate(list_of(value, place)))


_READ: Mapping[str, Callable[[object, str], object]] = {
    "when": tuples,
    "actions": _actions,
    "rule": text_of,
    "feature": whole_of,
    "most": whole_of,
    "window_ms": whole_of,
    "formula": tuples,
    "than": text_of,
}
