"""The continuation of the theory that is a certificate's proof, written without Lean.

Everything in it comes from the policy, the claims and the evidence found for them, in one way only:
whoever has these writes the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aidefence.domain.enums import ACTIONS
from aidefence.domain.policies import PropertyKind
from aidefence.policy.conditions import TRUE
from aidefence.policy.image import Image
from aidefence.policy.properties import Property
from aidefence.proof.aligning import aligned
from aidefence.proof.always import invariant_of
from aidefence.proof.conditions import Formula
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
from aidefence.proof.programs import write_condition, write_program
from aidefence.proof.replaying import REFUSED
from aidefence.proof.terms import Terms
from aidefence.proof.theory import Theory
from aidefence.proof.trees import Tree

# A list is written in pieces, so that no term is nested deeper than a checker likes.
_PIECE = 128


class EvidenceError(Exception):
    """Evidence that cannot be for what it is said to prove."""


class Delta:
    """The definitions of one policy and the theorems about it."""

    def __init__(self, theory: Theory, image: Image, against: Mapping[str, Image]) -> None:
        self._image, self._against = image, against
        self._terms = Terms(theory)
        self._scope = f"Cert.{image.digest}"
        self._policies: dict[str, _Policy] = {}
        self._compared: dict[str, tuple[Image, Image]] = {}
        self._whole: int | None = None

    @property
    def text(self) -> bytes:
        """What is written so far."""
        return "".join(f"{it}\n" for it in self._terms.lines).encode("utf-8")

    def prove(self, claim: Property, evidence: Evidence, number: int) -> str:
        """Write the theorem that a claim is; give its name.

        Raises:
            EvidenceError: this is no evidence for such a claim.

        """
        name = f"{self._scope}.t{number}"
        theorem, arguments = self._step(claim, evidence)
        self._terms.conclude(name, theorem, arguments)
        return name

    def _step(self, claim: Property, evidence: Evidence) -> tuple[str, list[int]]:
        match claim.kind, evidence:
            case PropertyKind.DECIDES, TreeEvidence():
                step = self._decides(claim, evidence)
            case PropertyKind.POSSIBLE, WitnessEvidence():
                step = self._possible(claim, evidence)
            case PropertyKind.LIVE, LiveEvidence():
                step = self._live(claim, evidence)
            case PropertyKind.NO_CONFLICT, ConflictEvidence():
                trees = [self._tree(it) for it in evidence.trees]
                listed = self._terms.list_of(self._terms.ours("Tree"), trees)
                step = "no_conflict_of_trees", self._of_rules(evidence.domain, listed)
            case PropertyKind.COMPLETE, CompleteEvidence():
                tree = self._tree(evidence.tree)
                step = "complete_of_tree", self._of_rules(evidence.domain, tree)
            case PropertyKind.MONOTONE, MonotoneEvidence():
                step = self._monotone(claim, evidence)
            case ((PropertyKind.REFINES | PropertyKind.EQUIVALENT), WalkEvidence()):
                step = self._walk(claim, evidence)
            case _:
                step = self._timed_step(claim, evidence)
        return step

    def _timed_step(self, claim: Property, evidence: Evidence) -> tuple[str, list[int]]:
        match claim.kind, evidence:
            case PropertyKind.RATE, RateEvidence():
                return self._rate(claim, evidence)
            case PropertyKind.TEMPORAL, AlwaysEvidence():
                return self._always(claim, evidence)
            case PropertyKind.TEMPORAL, EnforcedEvidence():
                return self._enforced(claim, evidence)
        raise EvidenceError(f"`{claim.id}` is not proved by such evidence")

    # --- one theorem each ---

    def _of_rules(self, domain: tuple[int, ...], shown_by: int) -> list[int]:
        head = [self._domain(domain), self._policy("").rules]
        return [*head, shown_by, self._terms.by_computation()]

    def _decides(self, claim: Property, evidence: TreeEvidence) -> tuple[str, list[int]]:
        codes = {it.code for it in claim.actions}
        if evidence.premise != (claim.when or TRUE) or evidence.mask != sum(
            1 << it for it in codes
        ):
            raise EvidenceError(f"`{claim.id}` claims something else")
        policy = self._policy("")
        head = [self._domain(evidence.domain), policy.rules, policy.default]
        goal = [self._condition(evidence.premise), self._actions(evidence.mask)]
        tree = self._tree(evidence.tree)
        proof = [policy.is_sorted, self._terms.by_computation()]
        return "in_of_tree", [*head, *goal, tree, *proof]

    def _possible(self, claim: Property, evidence: WitnessEvidence) -> tuple[str, list[int]]:
        stopped = sum(1 << code for code in range(REFUSED, len(ACTIONS)))
        if evidence.when != (claim.when or TRUE) or evidence.mask & stopped:
            raise EvidenceError(f"`{claim.id}` claims something else")
        policy, computed = self._policy(""), self._terms.by_computation()
        head = [self._whole_domain(), policy.rules, policy.default]
        goal = [self._condition(evidence.when), self._actions(stopped)]
        false = self._terms.apply(
            self._terms.constant("Eq.refl", self._terms.one),
            self._terms.constant("Bool"),
            self._terms.truth(False),
        )
        proof = [policy.is_sorted, computed, computed, false]
        return "refuted_of_witness", [*head, *goal, self._request(evidence.values), *proof]

    def _live(self, claim: Property, evidence: LiveEvidence) -> tuple[str, list[int]]:
        rules = self._image.rules
        if not (evidence.rule < len(rules) and rules[evidence.rule].id == claim.rule):
            raise EvidenceError(f"`{claim.id}` is about another rule")
        computed = self._terms.by_computation()
        head = [self._whole_domain(), self._policy("").rules, self._terms.number(evidence.rule + 1)]
        return "live_of_witness", [*head, self._request(evidence.values), computed, computed]

    def _monotone(self, claim: Property, evidence: MonotoneEvidence) -> tuple[str, list[int]]:
        if evidence.feature != claim.feature:
            raise EvidenceError(f"`{claim.id}` is about another feature")
        policy = self._policy("")
        head = [self._terms.number(evidence.feature), policy.default, policy.rules]
        return "eval_mono", [*head, policy.is_sorted, self._terms.by_computation()]

    def _walk(self, claim: Property, evidence: WalkEvidence) -> tuple[str, list[int]]:
        both = claim.kind is PropertyKind.EQUIVALENT
        if evidence.than != claim.than or len(evidence.fuel) != 1 + both:
            raise EvidenceError(f"`{claim.id}` compares something else")
        domain = self._domain(evidence.domain, self._pair(evidence.than)[0])
        ours, theirs = (self._policy(evidence.than, side) for side in ("ours", "theirs"))
        forward = self._refines(domain, theirs, ours, evidence.fuel[0])
        if not both:
            return "refines_of_walk", forward
        back = self._refines(domain, ours, theirs, evidence.fuel[1])
        refines = self._terms.ours("refines_of_walk")
        ends = [theirs.rules, ours.rules, theirs.default, ours.default]
        proofs = [self._terms.apply(refines, *it) for it in (forward, back)]
        return "equiv_of_walks", [domain, *ends, *proofs]

    def _refines(self, domain: int, weak: _Policy, strict: _Policy, fuel: int) -> list[int]:
        ends = [weak.rules, strict.rules, weak.default, strict.default]
        proof = [weak.is_sorted, strict.is_sorted, self._terms.by_computation()]
        return [domain, *ends, self._terms.number(fuel), *proof]

    def _rate(self, claim: Property, evidence: RateEvidence) -> tuple[str, list[int]]:
        features = self._image.features
        it = features[evidence.feature] if evidence.feature < len(features) else None
        if it is None or it.count is None or it.count.when != (claim.when or TRUE):
            raise EvidenceError(f"`{claim.id}` is about another count")
        if it.count.window_ms != claim.window_ms or claim.most is None:
            raise EvidenceError(f"`{claim.id}` is about another window")
        numbers = [evidence.feature, claim.most, claim.window_ms, it.most, it.per.code]
        head = [self._program(), self._domain(evidence.domain), *map(self._terms.number, numbers)]
        goal = [self._condition(it.count.when), self._tree(evidence.tree)]
        return "rate_bound", [*head, *goal, *[self._terms.by_computation()] * 4]

    def _always(self, claim: Property, evidence: AlwaysEvidence) -> tuple[str, list[int]]:
        if evidence.always != invariant_of(claim.formula or TRUE):
            raise EvidenceError(f"`{claim.id}` claims something else")
        head = [self._program(), self._domain(evidence.domain), self._condition(evidence.always)]
        computed = self._terms.by_computation()
        return "always_of_tree", [*head, self._tree(evidence.tree), computed, computed]

    def _enforced(self, claim: Property, evidence: EnforcedEvidence) -> tuple[str, list[int]]:
        temporal = self._image.temporal
        if not (evidence.rule < len(temporal) and temporal[evidence.rule].formula == claim.formula):
            raise EvidenceError(f"`{claim.id}` is not what that temporal rule says")
        head = [self._program(), self._terms.number(evidence.rule)]
        return "temporal_of_rule", [*head, *[self._terms.by_computation()] * 2]

    # --- parts ---

    def _program(self) -> int:
        if self._whole is None:
            policy = self._policy("")
            name = f"{self._scope}.program"
            self._whole = write_program(
                self._terms, self._image, name, policy.rules, policy.default
            )
        return self._whole

    def _policy(self, than: str, side: str = "ours") -> _Policy:
        key = f"{than}/{side}" if than else ""
        if key not in self._policies:
            image, scope = self._image, self._scope
            if than:
                image = self._pair(than)[side == "theirs"]
                place = list(self._compared).index(than)
                scope = f"{scope}.beside{place}.{side}"
            self._policies[key] = _Policy(self._terms, image, scope)
        return self._policies[key]

    def _pair(self, than: str) -> tuple[Image, Image]:
        if than not in self._compared:
            if than not in self._against:
                raise EvidenceError(f"the policy `{than}` that it is compared with was not given")
            self._compared[than] = aligned(self._image, self._against[than])
        return self._compared[than]

    def _condition(self, when: Formula) -> int:
        return write_condition(self._terms, when)

    def _actions(self, mask: int) -> int:
        bits = [self._terms.truth(bool(mask >> code & 1)) for code in range(len(ACTIONS))]
        return self._terms.apply(self._terms.ours("ActSet.mk"), *bits)

    def _whole_domain(self) -> int:
        return self._domain(tuple(range(len(self._image.features))))

    def _domain(self, features: tuple[int, ...], image: Image | None = None) -> int:
        """The statement's bounds: each of these features is at most its greatest value."""
        table, terms = (image or self._image).features, self._terms
        if any(not 0 <= it < len(table) for it in features) or len(set(features)) < len(features):
            raise EvidenceError("it leans on features that are not there")
        literal, below = terms.ours("Lit.mk"), terms.truth(False)
        bounds = [
            terms.apply(literal, terms.number(it), terms.number(table[it].most + 1), below)
            for it in features
        ]
        return terms.list_of(terms.ours("Lit"), bounds)

    def _request(self, values: Sequence[int]) -> int:
        terms = self._terms
        if len(values) != len(self._image.features):
            raise EvidenceError("the request does not have the features of the policy")
        natural = terms.constant("Nat")
        kind = terms.apply(terms.constant("Prod", 0, 0), natural, natural)
        pair = terms.apply(terms.constant("Prod.mk", 0, 0), natural, natural)
        pairs = [
            terms.apply(pair, terms.number(at), terms.number(value))
            for at, value in enumerate(values)
            if value
        ]
        return terms.list_of(kind, pairs)

    def _tree(self, tree: Tree) -> int:
        terms = self._terms
        match tree:
            case ("vac",):
                return terms.ours("Tree.vac")
            case ("piv", int(rule)):
                return terms.apply(terms.ours("Tree.piv"), terms.number(rule))
            case ("split", int(feature), int(threshold), tuple(high), tuple(low)):
                parts = [terms.number(feature), terms.number(threshold)]
                return terms.apply(
                    terms.ours("Tree.split"), *parts, self._tree(high), self._tree(low)
                )
        raise EvidenceError("a tree has a leaf or a split of another kind")


class _Policy:
    """The definitions that speak of one list of rules."""

    def __init__(self, terms: Terms, image: Image, scope: str) -> None:
        kind = terms.ours("Rule")
        make = terms.ours("Rule.mk")
        actions = [terms.ours(f"Action.{it.value}") for it in ACTIONS]
        items = [
            terms.apply(
                make,
                terms.number(at),
                terms.number(it.priority),
                actions[it.action.code],
                write_condition(terms, it.when),
            )
            for at, it in enumerate(image.rules, 1)
        ]
        listed = terms.apply(terms.constant("List", 0), kind)
        rest: int | None = None
        starts = list(range(0, len(items), _PIECE)) or [0]
        for start in reversed(starts[1:]):
            piece = terms.list_of(kind, items[start : start + _PIECE], rest)
            rest = terms.define(f"{scope}.from{start}", listed, piece)
        self.rules = terms.define(
            f"{scope}.rules", listed, terms.list_of(kind, items[:_PIECE], rest)
        )
        self.default = actions[image.default.code]
        ordered = terms.is_true(terms.apply(terms.ours("sortedB"), self.rules))
        terms.state(f"{scope}.sorted", ordered, terms.by_computation())
        self.is_sorted = terms.constant(f"{scope}.sorted")
