"""The main use case: inspect what a door brings in, under the conditions the client named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aidefence.domain.answer import Asked
from aidefence.domain.asking import Conditions, Detection, Detector
from aidefence.domain.content import Degraded, Inspection
from aidefence.domain.decision import Charter, Decision
from aidefence.domain.enums import Action, Category, Direction, Origin, Profile
from aidefence.domain.reading import single
from aidefence.domain.verdict import Finding
from aidefence.engine import Engine, RuleInfo
from aidefence.pipeline.corridor import Corridor
from aidefence.policy.profiles import Policy
from aidefence.respond.batch import DecisionBatch
from aidefence.service.locating import Locator


class Inspector:
    """Inspects, and weighs against the client's conditions."""

    __slots__ = ("_corridor",)

    def __init__(self, corridor: Corridor) -> None:
        self._corridor = corridor

    @property
    def policy_version(self) -> str:
        """Name of the policy and the knowledge that speak."""
        return self._corridor.charter.policy_version

    @property
    def lone(self) -> Engine | None:
        """The engine, where nothing but it speaks."""
        return self._corridor.lone

    @property
    def charter(self) -> Charter:
        """What holds for texts on their way in."""
        return self._corridor.charter

    @property
    def standing(self) -> tuple[Degraded, ...]:
        """Checks that this installation does not run, and why."""
        return self._corridor.standing

    @property
    def profile(self) -> Profile:
        """The profile that decides here."""
        return self._corridor.charter.policy.profile

    @property
    def policies(self) -> Mapping[Profile, Policy]:
        """What each profile would go by here."""
        return self._corridor.charter.policies

    def confidences(self, text: str, origin: int, direction: int) -> Sequence[float]:
        """Give the confidence of every category, after all tiers that have a say."""
        return self._corridor.confidences(text, origin, direction)

    @property
    def knowledge(self) -> Mapping[str, str]:
        """What speaks, by kind, with its version."""
        return self._corridor.charter.knowledge

    def warm(self) -> None:
        """Load what the first text would have to wait for."""
        self._corridor.warm()

    def rules(self) -> tuple[RuleInfo, ...]:
        """Give all rules that this installation holds, also those not in force."""
        return self._corridor.rules()

    def inspect(
        self, what: str | Inspection, conditions: Conditions, *, since_ns: int = 0
    ) -> Detection:
        """Inspect a text of a user, or contents together, in a request come in at `since_ns`."""
        return conclude(self.decide(what, since_ns), conditions)

    def decide(self, what: str | Inspection, since_ns: int = 0) -> Decision:
        """Decide by policy alone."""
        if isinstance(what, str):
            return self._corridor.inspect_text(what, since_ns=since_ns)
        return self._corridor.inspect(what, since_ns)

    def inspect_answer(
        self, what: str | Inspection, asked: Asked, conditions: Conditions
    ) -> Detection:
        """Inspect an answer of a model together with what it answers."""
        # Most gateways are asked about questions: what reads answers is loaded when it is needed.
        from aidefence.service.answers.inspect import inspect_answer  # noqa: PLC0415

        origin = Origin.ASSISTANT
        if isinstance(what, Inspection):
            origin = what.contents[0].origin if what.contents else origin
            what = "\n".join(it.text for it in what.contents)
        report = inspect_answer(self._corridor, what, asked, origin)
        found = conclude(report.decision, conditions)
        return replace(
            found,
            action=max(found.action, report.action),
            degraded=(*found.degraded, *report.unchecked),
            report=report,
        )

    def limits(self, category: Category, direction: Direction) -> tuple[float, float]:
        """From which score on a finding of a category is flagged, and blocked."""
        limits = self._corridor.charter_of(direction.code).policy.thresholds[category.code]
        return limits.flag, limits.block

    def counts(self, finding: Finding, direction: Direction) -> bool:
        """Whether a finding is more than a hint: as sure as it takes to be flagged."""
        least = self.limits(finding.category, direction)[0]
        return not finding.mention and single(finding.score) >= single(least)

    def entities(self) -> Mapping[str, str]:
        """Name the kinds of private data and secrets that are found, by rule."""
        return self._corridor.charter.entities

    def leaked(self, answer: str, asked: Asked) -> Action:
        """Say what policy thinks of what an answer gives away, and of nothing else in it."""
        from aidefence.service.answers.leaks import find_leaks  # noqa: PLC0415 - as above

        said = (*((asked.question,) if asked.question else ()), *asked.context)
        found = find_leaks(answer, asked.system, said, asked.markers).findings
        limits = self._corridor.charter.policy.of_answers().thresholds[Category.CANARY_LEAK.code]
        score = single(max((it[4] for it in found), default=0.0))
        if score >= single(limits.block):
            return Action.BLOCK
        return Action.FLAG if score >= single(limits.flag) else Action.ALLOW

    def locator(self) -> Locator:
        """Make what finds every value in texts of users, however many there are."""
        policy = self._corridor.charter.policy
        flags = {it: policy.thresholds[it.code].flag for it in Category}
        return Locator(self._corridor.evidence, flags)

    def since_for(self, since_ns: int, until_ns: int) -> int:
        """From when the time of a request counts that came in then and must be done by then."""
        return self._corridor.since_for(since_ns, until_ns)

    def batch_since(self, start_ns: int) -> int:
        """From when the time of a request with many texts counts, if it came in at `start_ns`."""
        return self._corridor.batch_since(start_ns)

    def at_once(self, what: str | Inspection, conditions: Conditions) -> Detection | None:
        """Inspect if that takes microseconds; none if a tier must be asked that takes longer."""
        if isinstance(what, str):
            decision = self._corridor.text_at_once(what)
        else:
            decision = self._corridor.at_once(what)
        return None if decision is None else conclude(decision, conditions)

    def inspect_texts(
        self,
        texts: Sequence[str],
        conditions: Sequence[Conditions],
        *,
        threads: int,
        since_ns: int = 0,
    ) -> list[Detection]:
        """Inspect many texts of users at once, each under its own conditions."""
        batch: DecisionBatch = self._corridor.inspect_batch(
            texts, threads=threads, since_ns=since_ns
        )
        return [conclude(*pair) for pair in zip(batch, conditions, strict=True)]


def conclude(decision: Decision, conditions: Conditions) -> Detection:
    """Weigh a decision against a client's conditions.

    A threshold of the client decides what counts as detected. It can turn an `allow` into a `flag`
    but never weakens the operator's policy.
    """
    category, action = decision.category, decision.action
    degraded = decision.degraded
    if conditions.detectors or conditions.causal_analysis:
        degraded = (*degraded, *_missing(conditions))
    enforced = decision.enforced
    if conditions.threshold is None:
        return Detection(decision, category is not None, action, category, degraded, enforced)
    detected = decision.confidence >= conditions.threshold
    if detected:
        action = max(action, Action.FLAG)
        category = category or _likeliest(decision)
    return Detection(decision, detected, action, category, degraded, enforced)


def _likeliest(decision: Decision) -> Category:
    """Name what a confidence under the flag threshold is about."""
    findings = decision.findings
    # Without evidence the confidence is the model's, for an attack on the model as such.
    return findings[0].category if findings else Category.PROMPT_INJECTION


def _missing(conditions: Conditions) -> tuple[Degraded, ...]:
    missing = [
        Degraded(f"detector.{detector.value}", "this version has no such detector")
        for detector in dict.fromkeys(conditions.detectors)
        if detector is not Detector.NEURO_SYMBOLIC
    ]
    if conditions.causal_analysis:
        missing.append(Degraded("causalAnalysis", "this version has no causal graph"))
    return tuple(missing)
