"""Properties that set two decisions side by side: of two policies, or of one on two requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from aidefence.domain.enums import ACTIONS
from aidefence.policy.image import Image
from aidefence.policy.properties import Property
from aidefence.proof.aligning import aligned
from aidefence.proof.conditions import Formula, atoms, mask_of, negated
from aidefence.proof.monotone import passes_test, visits
from aidefence.proof.outcomes import (
    Counterexample,
    MonotoneEvidence,
    Outcome,
    Proved,
    Refuted,
    Searched,
    Undecided,
    WalkEvidence,
)
from aidefence.proof.replaying import Load, play
from aidefence.proof.searching import ReplayError, Search
from aidefence.proof.showing import in_words
from aidefence.proof.solving import Values
from aidefence.proof.traces import Unrolled
from aidefence.proof.trees import RuleTable
from aidefence.proof.walks import Side, find_walk

_LEVELS = range(1, len(ACTIONS))
# The checker compares each rule that asks for the feature with all behind it.
_VISITS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Compared:
    """The policies that others are compared with, by name, and how one is made to run."""

    load: Load
    images: Mapping[str, Image]


def side_of(image: Image) -> Side:
    """The rules of a policy, as a walk and a test read them."""
    return Side([(it.when, it.action.code) for it in image.rules], image.default.code)


# --- one policy, two requests ---------------------------------------------------------------------


def monotone(search: Search, claim: Property) -> Outcome:
    """Decide whether raising a feature ever weakens the decision."""
    feature = claim.feature or 0
    rules = side_of(search.image)
    if passes_test(rules, feature):
        if visits(rules, feature) > _VISITS_MAX:
            return Searched(claim, "syntactic test", "its proof is too long for the checker")
        return Proved(claim, "syntactic test", MonotoneEvidence(feature))
    if not search.image.features[feature].is_raw:
        return Undecided(claim, "rules lower it, and only what is remembered raises it")
    first = Unrolled(search.image, 1)
    rows = tuple((first.condition(it.when, 0), it.action.code) for it in search.image.rules)
    found = _weaker_when_raised(search, rows, feature, first)
    if found is None:
        if search.is_stateless:
            reason = "no pair of requests shows it, though some rule by itself lowers the decision"
            return Searched(claim, "search of all pairs", reason)
        return Undecided(claim, "no first event of a session shows it; later ones may")
    low, high = (play(search.evaluator, first.requests(it), [0])[0] for it in found)
    if low.action <= high.action:
        raise ReplayError(f"of the evaluator, which decides {low.action} and then {high.action}")
    return Refuted(claim, search.shown((low, high), [("ge", feature, 1)]))


def _weaker_when_raised(
    search: Search, rows: tuple[tuple[Formula, int], ...], feature: int, first: Unrolled
) -> tuple[Values, Values] | None:
    most = search.image.features[feature].most
    named = {number for when, _ in rows for at, number in atoms(when) if at == feature}
    steps = [0, *sorted(it for it in named if 0 < it <= most)]
    for pair in pairwise(steps):
        found = _at_some_rule(search, rows, feature, pair, first)
        if found is not None:
            return found
    default = search.image.default.code
    for below, above in pairwise(steps):
        low, high = (_fixed_rows(rows, feature, it) for it in (below, above))
        for level in _LEVELS:
            mask = mask_of(range(level, len(ACTIONS)))
            graver = ("dec", low, default, mask)
            milder = negated(("dec", high, default, mask))
            values = search.satisfy(("all", graver, milder), first.most)
            if values is not None:
                return _with(values, feature, below), _with(values, feature, above)
    return None


def _at_some_rule(
    search: Search,
    rows: tuple[tuple[Formula, int], ...],
    feature: int,
    pair: tuple[int, int],
    first: Unrolled,
) -> tuple[Values, Values] | None:
    """Look where rules that ask for the feature decide: there it shows, if anywhere near."""
    table = RuleTable(rows, search.image.default.code, first.most)
    for value in pair:
        fixed = _fixed_rows(rows, feature, value)
        for at in table.touching.get(feature, ()):
            decides = (*((when, 0) for when, _ in fixed[:at]), (fixed[at][0], 1))
            values = search.satisfy(("dec", decides, 0, 2), first.most)
            if values is None:
                continue
            low, high = (_with(values, feature, it) for it in pair)
            if table.decision(low) > table.decision(high):
                return low, high
    return None


def _fixed_rows(
    rows: tuple[tuple[Formula, int], ...], feature: int, value: int
) -> tuple[tuple[Formula, int], ...]:
    return tuple((_fixed(when, feature, value), action) for when, action in rows)


def _fixed(formula: Formula, feature: int, value: int) -> Formula:
    kind = formula[0]
    if kind in ("ge", "eq"):
        if formula[1] != feature:
            return formula
        is_true = value >= formula[2] if kind == "ge" else value == formula[2]
        return ("tt",) if is_true else ("ff",)
    return (kind, *(_fixed(part, feature, value) for part in formula[1:]))


def _with(values: Values, feature: int, value: int) -> Values:
    return (*values[:feature], value, *values[feature + 1 :])


# --- two policies, one request --------------------------------------------------------------------


def refines(compared: Compared, search: Search, claim: Property) -> Outcome:
    """Decide whether the policy is at least as strict as another one, request by request."""
    return _against(compared, search, claim, both_ways=False)


def equivalent(compared: Compared, search: Search, claim: Property) -> Outcome:
    """Decide whether the policy and another one decide every request alike."""
    return _against(compared, search, claim, both_ways=True)


def _against(compared: Compared, search: Search, claim: Property, *, both_ways: bool) -> Outcome:
    name = claim.than or ""
    if name not in compared.images:
        return Undecided(claim, f"the policy `{name}` that it is compared with was not given")
    ours, theirs = aligned(search.image, compared.images[name])
    loose = _loose_temporal(ours, theirs) or (both_ways and _loose_temporal(theirs, ours))
    if loose:
        return Undecided(claim, f"temporal rule `{loose}` is only in one of the two")
    domain, fuel = _domain(ours, theirs), []
    most = {at: ours.features[at].most for at in domain}
    for weak, strict in ((theirs, ours), (ours, theirs))[: 1 + both_ways]:
        steps = find_walk(side_of(weak), side_of(strict), most, search.purse)
        if steps is not None:
            fuel.append(steps)
            continue
        outcome = _milder_somewhere(compared, search, claim, (weak, strict))
        if outcome is not None:
            return outcome
    if len(fuel) < 1 + both_ways:
        return Searched(claim, "search of all requests", "no request is decided more mildly")
    return Proved(claim, "walk", WalkEvidence(name, domain, tuple(fuel)))


def _domain(*images: Image) -> tuple[int, ...]:
    """Name the features of which some rule asks for more than there can be."""
    found = {
        feature
        for image in images
        for rule in image.rules
        for feature, number in atoms(rule.when)
        if number > image.features[feature].most
    }
    return tuple(sorted(found))


def _loose_temporal(strict: Image, weak: Image) -> str:
    """Name a temporal rule of the weak policy that the strict one does not have."""
    for it in weak.temporal:
        if not any(
            other.formula == it.formula and other.action >= it.action for other in strict.temporal
        ):
            return it.id
    return ""


def _milder_somewhere(
    compared: Compared, search: Search, claim: Property, pair: tuple[Image, Image]
) -> Outcome | None:
    weak, strict = pair
    most = [it.most for it in strict.features]
    if all(_milder(search, pair, level, most) is None for level in _LEVELS):
        return None
    if not search.is_stateless or not all(it.is_raw for it in strict.features):
        first = Unrolled(strict, 1)
        most = first.most
    for level in _LEVELS:
        values = _milder(search, pair, level, most)
        if values is None:
            continue
        request = [values[at] if it.is_raw else 0 for at, it in enumerate(strict.features)]
        played = [play(compared.load(it.to_json()), [request], [0])[0] for it in (weak, strict)]
        if played[1].action >= played[0].action:
            break
        words = [
            f"{it.id} version {it.version}: {in_words(it, [event])[0]}"
            for it, event in zip(pair, played, strict=True)
        ]
        return Refuted(claim, Counterexample(tuple(played), tuple(words)))
    return Undecided(claim, "it breaks only in a state that no first event of a session has")


def _milder(
    search: Search, pair: tuple[Image, Image], level: int, most: list[int]
) -> Values | None:
    mask = mask_of(range(level, len(ACTIONS)))
    formulas = []
    for image in pair:
        if len(most) > len(image.features):
            formulas.append(Unrolled(image, 1).at_least(0, level))
        else:
            rows = tuple((it.when, it.action.code) for it in image.rules)
            formulas.append(("dec", rows, image.default.code, mask))
    return search.satisfy(("all", formulas[0], negated(formulas[1])), most)
