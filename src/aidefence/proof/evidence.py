"""Evidence as JSON: what a certificate keeps of a search, and all that is taken from it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from aidefence.domain.errors import ImageError
from aidefence.policy.reading import keys_of, list_of, text_of, tuples, whole_of
from aidefence.proof.outcomes import (
    AlwaysEvidence,
    CompleteEvidence,
    ConflictEvidence,
    EnforcedEvidence,
    Evidence,
    LiveEvidence,
    MonotoneEvidence,
    RateEvidence,
    TreeEvidence,
    WalkEvidence,
    WitnessEvidence,
)
from aidefence.proof.trees import VACUOUS, Tree

_VACUOUS, _PIVOT, _SPLIT = 0, 1, 2
_DEPTH_MAX = 400


def evidence_object(evidence: Evidence) -> dict[str, object]:  # noqa: C901, PLR0911 -- one table
    """Write evidence as JSON holds it."""
    match evidence:
        case TreeEvidence(premise, mask, domain, tree):
            found: dict[str, object] = {"premise": premise, "mask": mask, "domain": domain}
            return {"kind": "tree", **found, "tree": flat(tree)}
        case CompleteEvidence(domain, tree):
            return {"kind": "complete", "domain": domain, "tree": flat(tree)}
        case ConflictEvidence(domain, trees):
            return {"kind": "conflict", "domain": domain, "trees": [flat(it) for it in trees]}
        case WitnessEvidence(values, when, mask):
            return {"kind": "witness", "values": values, "when": when, "mask": mask}
        case LiveEvidence(values, rule):
            return {"kind": "live", "values": values, "rule": rule}
        case MonotoneEvidence(feature):
            return {"kind": "monotone", "feature": feature}
        case WalkEvidence(than, domain, fuel):
            return {"kind": "walk", "than": than, "domain": domain, "fuel": fuel}
        case RateEvidence(feature, domain, tree):
            return {"kind": "rate", "feature": feature, "domain": domain, "tree": flat(tree)}
        case AlwaysEvidence(always, domain, tree):
            return {"kind": "always", "always": always, "domain": domain, "tree": flat(tree)}
        case EnforcedEvidence(rule):
            return {"kind": "enforced", "rule": rule}


def evidence_of(value: object, place: str) -> Evidence:
    """Read evidence.

    Raises:
        ImageError: it is none; says where.

    """
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise ImageError(f"{place}/kind", f"not one of {', '.join(_FIELDS)}")
    make, fields = _FIELDS[kind]
    given = keys_of(value, place, needed=("kind", *fields))
    return make(**{name: _READ[name](given[name], f"{place}/{name}") for name in fields})


def flat(tree: Tree) -> list[int]:
    """Write a tree as numbers, each split before its two branches."""
    found, stack = list[int](), [tree]
    while stack:
        match stack.pop():
            case ("piv", int(rule)):
                found += (_PIVOT, rule)
            case ("split", int(feature), int(threshold), tuple(high), tuple(low)):
                found += (_SPLIT, feature, threshold)
                stack += (low, high)
            case _:
                found.append(_VACUOUS)
    return found


def grown(numbers: object, place: str) -> Tree:
    """Read a tree.

    Raises:
        ImageError: it is none, or nested too deep.

    """
    left = [whole_of(it, f"{place}/{at}") for at, it in enumerate(list_of(numbers, place))]
    left.reverse()
    if any(it < 0 for it in left):
        raise ImageError(place, "a tree has no negative numbers")
    try:
        tree = _grown(left, place, _DEPTH_MAX)
    except IndexError:
        raise ImageError(place, "the tree ends in the middle") from None
    if left:
        raise ImageError(place, "there is more than one tree")
    return tree


def _grown(left: list[int], place: str, depth: int) -> Tree:
    if not depth:
        raise ImageError(place, f"nested deeper than {_DEPTH_MAX} splits")
    kind = left.pop()
    if kind == _VACUOUS:
        return VACUOUS
    if kind == _PIVOT:
        return ("piv", left.pop())
    if kind != _SPLIT:
        raise ImageError(place, "not a tree")
    feature, threshold = left.pop(), left.pop()
    high = _grown(left, place, depth - 1)
    return ("split", feature, threshold, high, _grown(left, place, depth - 1))


def _natural(value: object, place: str) -> int:
    number = whole_of(value, place)
    if number < 0:
        raise ImageError(place, "less than nought")
    return number


def _naturals(value: object, place: str) -> tuple[int, ...]:
    return tuple(_natural(it, f"{place}/{at}") for at, it in enumerate(list_of(value, place)))


def _trees(value: object, place: str) -> tuple[Tree, ...]:
    return tuple(grown(it, f"{place}/{at}") for at, it in enumerate(list_of(value, place)))


_FIELDS: Mapping[str, tuple[Callable[..., Evidence], tuple[str, ...]]] = MappingProxyType(
    {
        "tree": (TreeEvidence, ("premise", "mask", "domain", "tree")),
        "complete": (CompleteEvidence, ("domain", "tree")),
        "conflict": (ConflictEvidence, ("domain", "trees")),
        "witness": (WitnessEvidence, ("values", "when", "mask")),
        "live": (LiveEvidence, ("values", "rule")),
        "monotone": (MonotoneEvidence, ("feature",)),
        "walk": (WalkEvidence, ("than", "domain", "fuel")),
        "rate": (RateEvidence, ("feature", "domain", "tree")),
        "always": (AlwaysEvidence, ("always", "domain", "tree")),
        "enforced": (EnforcedEvidence, ("rule",)),
    }
)
_READ: Mapping[str, Callable[[object, str], object]] = {
    "premise": tuples,
    "when": tuples,
    "always": tuples,
    "mask": _natural,
    "domain": _naturals,
    "tree": grown,
    "trees": _trees,
    "values": _naturals,
    "rule": _natural,
    "feature": _natural,
    "than": text_of,
    "fuel": _naturals,
}
