"""Builds what is claimed about a policy, over the features that its rules ask about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from aidefence.domain.enums import ACTIONS
from aidefence.domain.policies import PropertyKind
from aidefence.policy.building import Building
from aidefence.policy.conditions import TRUE
from aidefence.policy.cursor import nearest
from aidefence.policy.formatting import format_item
from aidefence.policy.properties import Property
from aidefence.policy.sources import Placed
from aidefence.policy.table import Built, every, opposite
from aidefence.policy.tree import AtMost, Claim, Prove

_Build = Callable[[Property, Prove, Placed], Property]


class Claims:
    """Builds claims about a policy whose rules have these names."""

    def __init__(self, build: Building, rules: Sequence[str], temporal: Sequence[str]) -> None:
        self._build = build
        self._rules = rules
        self._temporal = temporal
        self._kinds: dict[Claim, _Build] = {
            Claim.ALWAYS: self._decides,
            Claim.NEVER: self._decides,
            Claim.POSSIBLE: self._possible,
            Claim.LIVE: self._live,
            Claim.NO_CONFLICT: self._no_conflict,
            Claim.COMPLETE: self._complete,
            Claim.MONOTONE: self._monotone,
            Claim.AT_MOST: self._rate,
            Claim.TRACE: self._trace,
            Claim.REFINES: self._refines,
            Claim.EQUIVALENT: self._equivalent,
        }

    def properties(self, said: Sequence[Placed]) -> tuple[Property, ...]:
        """Build everything that is claimed.

        Raises:
            PolicyError: a claim does not make sense; says where.

        """
        return tuple(it for claims in self._all(said) for it in claims)

    def _all(self, said: Sequence[Placed]) -> Iterator[list[Property]]:
        seen: set[str] = set()
        number = 0
        for placed in said:
            claim = placed.item
            if not isinstance(claim, Prove):
                continue
            number += 1
            name = f"{placed.room.prefix}{claim.id}" if claim.id else f"property-{number}"
            if name in seen:
                message = f"a claim is called `{name[:80]}` already"
                raise placed.error(claim.at, message, "another name")
            seen.add(name)
            text = format_item(replace(claim, id="")).removeprefix("prove ")
            begun = Property(name, " ".join(text.split()), PropertyKind.COMPLETE)
            if claim.claim is Claim.ALL_LIVE:
                yield [
                    replace(
                        begun,
                        id=f"{name}/{rule}",
                        text=f"rule {rule} can fire",
                        kind=PropertyKind.LIVE,
                        rule=rule,
                    )
                    for rule in self._rules
                ]
            else:
                yield [self._kinds[claim.claim](begun, claim, placed)]

    def _decides(self, begun: Property, claim: Prove, placed: Placed) -> Property:
        parts = [Built(TRUE)]
        if claim.when is not None:
            parts.append(self._build.condition(claim.when, placed))
        parts += [opposite(self._build.condition(it, placed)) for it in claim.unless]
        named = set(claim.actions)
        if claim.claim is Claim.NEVER:
            named = set(ACTIONS) - named
        actions = tuple(it for it in ACTIONS if it in named)
        try:
            when = every(*parts).cond
        except ValueError as error:
            raise placed.error(claim.at, f"too much is asked: {error}") from None
        return replace(begun, kind=PropertyKind.DECIDES, when=when, actions=actions)

    def _possible(self, begun: Property, claim: Prove, placed: Placed) -> Property:
        when = self._build.condition(claim.when, placed).cond if claim.when else TRUE
        return replace(begun, kind=PropertyKind.POSSIBLE, when=when)

    def _live(self, begun: Property, claim: Prove, placed: Placed) -> Property:
        rule = f"{placed.room.prefix}{claim.rule}"
        known = {*self._rules, *self._temporal}
        if rule not in known:
            message = f"no rule is called `{rule[:80]}`"
            raise placed.error(claim.at, message, "", nearest(rule, sorted(known)))
        return replace(begun, kind=PropertyKind.LIVE, rule=rule)

    def _monotone(self, begun: Property, claim: Prove, placed: Placed) -> Property:
        feature = self._build.feature(claim.feature, placed) if claim.feature else 0
        return replace(begun, kind=PropertyKind.MONOTONE, feature=feature)

    def _rate(self, begun: Property, claim: Prove, placed: Placed) -> Property:
        if not isinstance(claim.when, AtMost):
            raise placed.error(claim.at, "this is no rate", "`at most N A in T`")
        what, most, window = self._build.rate(claim.when, placed)
        return replace(begun, kind=PropertyKind.RATE, when=what.cond, most=most, window_ms=window)

    def _trace(self, begun: Property, claim: Prove, placed: Placed) -> Property:
        formula = self._build.formula(claim.when, placed) if claim.when else TRUE
        return replace(begun, kind=PropertyKind.TEMPORAL, formula=formula)

    def _no_conflict(self, begun: Property, _claim: Prove, _placed: Placed) -> Property:
        return replace(begun, kind=PropertyKind.NO_CONFLICT)

    def _complete(self, begun: Property, _claim: Prove, _placed: Placed) -> Property:
        return begun

    def _refines(self, begun: Property, claim: Prove, _placed: Placed) -> Property:
        return replace(begun, kind=PropertyKind.REFINES, than=claim.than)

    def _equivalent(self, begun: Property, claim: Prove, _placed: Placed) -> Property:
        return replace(begun, kind=PropertyKind.EQUIVALENT, than=claim.than)
