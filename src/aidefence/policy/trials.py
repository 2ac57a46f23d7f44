"""Runs tests of policies by the evaluator that decides in service too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aidefence.domain.enums import ACTIONS, Action
from aidefence.engine.policies import PolicySet
from aidefence.policy.facts import Facts, values_of_facts
from aidefence.policy.image import Image, PolicyRule, TemporalRule
from aidefence.policy.trial_files import Trial, TrialError

DEFAULT = "default"
"""What the default is called where a rule is expected."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """What was decided about one event: by which rules and formulas, and the reasons of those."""

    action: Action
    rules: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A test that did not hold: at which event, what was expected and what happened."""

    trial: str
    step: int
    expected: str
    found: str


def run_trials(image: Image, trials: Sequence[Trial]) -> tuple[Broken, ...]:
    """Run tests through the evaluator that decides in service too.

    Raises:
        TrialError: a request tells what the catalog does not know.

    """
    judge = Judge(image)
    return tuple(broken for trial in trials for broken in _broken(judge, trial))


class Judge:
    """Decides about events as the service does, and says by which rules."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._set = PolicySet.load(image.to_json())

    def ruled(self, values: Sequence[int], state: bytes | None, at_ms: int) -> tuple[Ruled, bytes]:
        """Decide about one event; give the state for the next as well."""
        code, held, violated, after, _ = self._set.decide(values, state, at_ms)
        action = ACTIONS[code]
        rules = self._image.rules
        broken = [self._image.temporal[at] for at in violated]
        deciding: list[PolicyRule | TemporalRule] = [*broken, *(rules[at] for at in held[:1])]
        told = [(it.id, it.reason) for it in deciding if it.action is action]
        named = tuple(name for name, _ in told)
        reasons = tuple(reason for _, reason in told if reason)
        return Ruled(action, named or (DEFAULT,), reasons), after

    def values(self, facts: Facts) -> list[int]:
        """Turn facts into values.

        Raises:
            ValueError: they are not such as the catalog knows.

        """
        return values_of_facts(self._image.features, facts)


def _broken(judge: Judge, trial: Trial) -> Iterator[Broken]:
    state: bytes | None = None
    for number, step in enumerate(trial.steps, 1):
        try:
            values = judge.values(step.facts)
        except ValueError as error:
            raise TrialError(f"test `{trial.name}`, event {number}: {error}") from None
        ruled, state = judge.ruled(values, state, step.at_ms)
        if ruled.action is not step.decision or (
            step.rule is not None and step.rule not in ruled.rules
        ):
            expected = _shown(step.decision, step.rule and [step.rule])
            yield Broken(trial.name, number, expected, _shown(ruled.action, ruled.rules))
        elif step.reason is not None and not any(step.reason in it for it in ruled.reasons):
            said = "; ".join(ruled.reasons) or "no reason"
            yield Broken(trial.name, number, f"the reason “{step.reason}”", said)


def _shown(action: Action, rules: Sequence[str] | str | None) -> str:
    return f"{action.value} by {', '.join(rules)}" if rules else action.value
