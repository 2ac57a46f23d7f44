"""Each kind of property decided: by a proof, by a replayed counterexample, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.policies import PropertyKind
from aidefence.policy.conditions import FALSE, TRUE, Cond
from aidefence.policy.image import Image, PolicyRule
from aidefence.policy.properties import Property
from aidefence.proof.always import invariant_of, is_safe
from aidefence.proof.budget import Budget, SpentError
from aidefence.proof.comparing import Compared, equivalent, monotone, refines
from aidefence.proof.conditions import Formula, mask_of, negated
from aidefence.proof.outcomes import (
    AlwaysEvidence,
    CompleteEvidence,
    ConflictEvidence,
    Counterexample,
    EnforcedEvidence,
    Event,
    LiveEvidence,
    Outcome,
    Proved,
    RateEvidence,
    Refuted,
    Searched,
    TreeEvidence,
    Undecided,
    WitnessEvidence,
)
from aidefence.proof.remembering import extended
from aidefence.proof.replaying import REFUSED, Load, play
from aidefence.proof.searching import ReplayError, Search, table_of
from aidefence.proof.traces import Unrolled
from aidefence.proof.trees import Tree, vacuous

TREE = "tree search"
_STOPPED = mask_of(range(REFUSED, len(ACTIONS)))
_BLOCKED = mask_of([Action.BLOCK.code])
_ADMITTED = mask_of(range(REFUSED))


def decide(
    image: Image,
    properties: Sequence[Property],
    *,
    load: Load,
    budget: Budget,
    against: Mapping[str, Image],
    told: Callable[[], None] | None = None,
) -> tuple[Outcome, ...]:
    """Decide properties of a policy, each within its budget; `told` is called after each.

    What is found to be proved is so only once a checker has accepted the evidence.
    """
    evaluator, table = load(image.to_json()), table_of(image)
    compared = Compared(load, against)
    outcomes = []
    for it in properties:
        search = Search(image, evaluator, table, budget.start())
        outcomes.append(_outcome(search, it, compared))
        if told is not None:
            told()
    return tuple(outcomes)


def _outcome(search: Search, claim: Property, compared: Compared) -> Outcome:
    decided: dict[PropertyKind, Callable[[Search, Property], Outcome]] = {
        PropertyKind.DECIDES: _decides,
        PropertyKind.POSSIBLE: _possible,
        PropertyKind.LIVE: _live,
        PropertyKind.NO_CONFLICT: _no_conflict,
        PropertyKind.COMPLETE: _complete,
        PropertyKind.MONOTONE: monotone,
        PropertyKind.RATE: _rate,
        PropertyKind.TEMPORAL: _temporal,
        PropertyKind.REFINES: partial(refines, compared),
        PropertyKind.EQUIVALENT: partial(equivalent, compared),
    }
    try:
        return decided[claim.kind](search, claim)
    except SpentError as error:
        return Undecided(claim, f"the search ended early: {error}")
    except ReplayError as error:
        # Whoever is right, nothing may be shown that the evaluator does not do.
        return Undecided(claim, f"what the search found is not what the evaluator does: {error}")


def _decides(search: Search, claim: Property) -> Outcome:
    premise, mask = claim.when or TRUE, mask_of([it.code for it in claim.actions])
    found = search.tree(search.table, premise, mask)
    is_broken = partial(_last_outside, mask=mask)
    if isinstance(found, TreeEvidence) and (not search.image.temporal or _goes_up(mask)):
        return Proved(claim, TREE, found)
    events, is_all = search.trace(
        lambda it, at: ("all", it.condition(premise, at), negated(it.final(at, mask))), is_broken
    )
    if not events and not isinstance(found, TreeEvidence):
        events = search.pumped(found, premise, is_broken)
    if events:
        return Refuted(claim, search.shown(events, [premise]))
    if is_all:
        raise ReplayError("a request that the tree search found is none")
    steps = search.purse.limits.steps_max
    if isinstance(found, TreeEvidence):
        reason = (
            f"the rules decide so; traces of more than {steps} events may break a temporal rule"
        )
        return Undecided(claim, reason)
    return Undecided(claim, f"only what is remembered could break it: no trace of {steps} does")


def _last_outside(events: Sequence[Event], mask: int) -> bool:
    return not mask >> events[-1].action & 1


def _goes_up(mask: int) -> bool:
    """Whether graver decisions than those in the mask are in it as well."""
    gravest = 1 << len(ACTIONS)
    return not mask or mask + (mask & -mask) == gravest


def _possible(search: Search, claim: Property) -> Outcome:
    premise = claim.when or TRUE
    events, is_all = search.trace(
        lambda it, at: ("all", it.condition(premise, at), it.admitted(at)),
        lambda events: events[-1].action < REFUSED,
    )
    if events:
        values = extended(search.image, events)
        return _witnessed(search, claim, events, WitnessEvidence(values, premise, _ADMITTED))
    if is_all or isinstance(search.tree(search.table, premise, _STOPPED), TreeEvidence):
        words = ("no request that fulfils it is let through",)
        return Refuted(claim, Counterexample((), words))
    return Undecided(claim, f"no trace of {search.purse.limits.steps_max} events reaches it")


def _witnessed(
    search: Search,
    claim: Property,
    events: tuple[Event, ...],
    evidence: WitnessEvidence | LiveEvidence,
) -> Outcome:
    """A request by itself is a proof; that a trace leads somewhere only the evaluator says."""
    if len(events) > 1 or events[-1].violated:
        return Searched(claim, "replayed trace", "; then ".join(search.shown(events).words))
    return Proved(claim, "witness", evidence)


def _live(search: Search, claim: Property) -> Outcome:
    image = search.image
    rules = [it.id for it in image.rules]
    if claim.rule not in rules:
        return _live_temporal(search, claim)
    rule = rules.index(claim.rule)
    when = image.rules[rule].when
    shadow = search.tree(search.cover(rule), when, _BLOCKED)
    if isinstance(shadow, TreeEvidence):
        names = sorted({rules[it] for it in _pivots(shadow.tree)}, key=rules.index)
        reason = (
            f"every request it applies to is decided before it, by {', '.join(names)}"
            if names
            else "no request fulfils its condition"
        )
        return Refuted(claim, Counterexample((), (reason,)))
    events, _ = search.trace(
        lambda it, at: it.applies(rule, at), lambda events: events[-1].rules[:1] == (rule,)
    )
    if not events:
        events = search.pumped(shadow, when, lambda events: events[-1].rules[:1] == (rule,))
    if events:
        evidence = LiveEvidence(extended(image, events), rule)
        return _witnessed(search, claim, events, evidence)
    return Undecided(claim, f"no trace of {search.purse.limits.steps_max} events reaches it")


def _pivots(tree: Tree) -> set[int]:
    if tree[0] == "split":
        return _pivots(tree[3]) | _pivots(tree[4])  # type: ignore[arg-type]
    return {tree[1]} if tree[0] == "piv" else set()  # type: ignore[arg-type]


def _live_temporal(search: Search, claim: Property) -> Outcome:
    rule = [it.id for it in search.image.temporal].index(claim.rule or "")
    events, _ = search.trace(
        lambda it, at: it.violated(rule, at), lambda events: rule in events[-1].violated
    )
    if events:
        told = "; then ".join(search.shown(events).words)
        return Searched(claim, "replayed trace", told)
    return Undecided(claim, f"no trace of {search.purse.limits.steps_max} events breaks it")


def _no_conflict(search: Search, claim: Property) -> Outcome:
    rules, trees, leaned = search.image.rules, [], set[int]()
    for first, it in enumerate(rules):
        rivals = rivals_of(rules, first)
        found = search.never(("all", it.when, ("any", *(rules[at].when for at in rivals))))
        if not isinstance(found, TreeEvidence):
            return _conflicting(search, claim, first, rivals)
        trees.append(found.tree)
        leaned.update(found.domain)
    return Proved(claim, TREE, ConflictEvidence(tuple(sorted(leaned)), tuple(trees)))


def _conflicting(search: Search, claim: Property, first: int, rivals: Sequence[int]) -> Outcome:
    rules = search.image.rules
    for second in rivals:
        both: Cond = ("and", rules[first].when, rules[second].when)
        events, _ = search.trace(partial(_condition_at, both), partial(_held, {first, second}))
        if events:
            return Refuted(claim, search.shown(events, [both]))
    reason = f"`{rules[first].id}` may apply beside another rule in a state that nobody reached"
    return Undecided(claim, reason)


def rivals_of(rules: Sequence[PolicyRule], first: int) -> list[int]:
    """Name the later rules of a rule's priority that have another action."""
    it = rules[first]
    return [
        at
        for at in range(first + 1, len(rules))
        if rules[at].priority == it.priority and rules[at].action is not it.action
    ]


def _condition_at(when: Cond, unrolled: Unrolled, step: int) -> Formula:
    return unrolled.condition(when, step)


def _held(wanted: set[int], events: Sequence[Event]) -> bool:
    return wanted <= set(events[-1].rules)


def _complete(search: Search, claim: Property) -> Outcome:
    found = search.tree(search.cover(len(search.image.rules)), TRUE, _BLOCKED)
    if isinstance(found, TreeEvidence):
        return Proved(claim, TREE, CompleteEvidence(found.domain, vacuous(found.tree)))
    events, _ = search.trace(
        lambda it, at: negated(it.any_rule(at)), lambda events: not events[-1].rules
    )
    if events:
        return Refuted(claim, search.shown(events))
    return Undecided(claim, "a request that no rule applies to needs a state nobody reached")


def _rate(search: Search, claim: Property) -> Outcome:
    when, most, window_ms = claim.when or TRUE, claim.most or 0, claim.window_ms or 1
    reached, counted = _counts(search.image, when, most, window_ms)
    premise: Cond = ("and", when, reached)
    found = search.tree(search.table, premise, _STOPPED)
    if isinstance(found, TreeEvidence) and counted is not None:
        return Proved(claim, TREE, RateEvidence(counted, found.domain, found.tree))
    if isinstance(found, TreeEvidence) and reached != FALSE:
        method = "count of the window, tree search"
        return Searched(
            claim, method, f"once {most} were let through in a window, the next is refused"
        )
    through = () if isinstance(found, TreeEvidence) else (search.request_of(found),)
    events = _flood(search, when, most, through)
    if events:
        return Refuted(claim, search.shown(events, [when]))
    return Undecided(claim, "no count bounds it, and one request repeated does not break it")


def _counts(image: Image, when: Cond, most: int, window_ms: int) -> tuple[Cond, int | None]:
    """Say when a count of the policy has reached the limit, and which one has this very window."""
    longer: Cond = FALSE
    for at, it in enumerate(image.features):
        if it.count is None or it.count.when != when or it.most < most:
            continue
        if it.count.window_ms == window_ms and not it.attempts:
            return ("ge", at, most), at
        if it.count.window_ms >= window_ms:
            longer = ("or", ("ge", at, most), longer)
    return longer, None


def _flood(
    search: Search, when: Cond, most: int, through: Sequence[tuple[int, ...]]
) -> tuple[Event, ...]:
    """Send one more request than may be let through, all at once: any, or what got through."""
    first = Unrolled(search.image, 1)
    formula = ("all", first.condition(when, 0), first.admitted(0))
    values = search.satisfy(formula, first.most)
    tried = () if values is None else (first.requests(values)[0],)
    for request in (*tried, *through):
        events = play(search.evaluator, [request] * (most + 1), [0] * (most + 1))
        if all(it.action < REFUSED for it in events):
            return events
    return ()


def _temporal(search: Search, claim: Property) -> Outcome:
    formula = claim.formula or TRUE
    for at, it in enumerate(search.image.temporal):
        if it.formula == formula and it.action.code >= REFUSED:
            if is_safe(formula):
                return Proved(claim, "temporal rule", EnforcedEvidence(at))
            reason = f"temporal rule `{it.id}` refuses every event that would break it"
            return Searched(claim, "temporal rule", reason)
    always = invariant_of(formula)
    if always is not None:
        found = search.tree(search.table, ("not", always), _STOPPED)
        if isinstance(found, TreeEvidence):
            return Proved(claim, TREE, AlwaysEvidence(always, found.domain, found.tree))
    events, _ = search.trace(
        lambda it, at: ("all", it.broken(formula, at), it.admitted(at)),
        lambda events: all(it.action < REFUSED for it in events),
        looks_back=True,
    )
    if events:
        return Refuted(claim, search.shown(events))
    steps = search.purse.limits.steps_max
    return Undecided(claim, f"no trace of {steps} events breaks it; longer ones were not searched")
