"""Looks after roll-outs: takes back what does worse, lets go on what does well."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from aidefence.domain.access import Caller, Role
from aidefence.domain.audit import AuditAction
from aidefence.domain.policy_store import WHOLE, ArmCounts, Slot, Strategy
from aidefence.ports.clock import Clock
from aidefence.ports.policy_store import DeploymentStore, TallyStore
from aidefence.service.audit import SYSTEM, Audit
from aidefence.service.following import WINDOW_MS
from aidefence.service.rollout_health import (
    DEFAULT_LIMITS,
    HealthLimits,
    is_telling,
    what_is_worse,
)
from aidefence.service.rollouts import Rollouts

_log = logging.getLogger("aidefence.policies")
_RECENT_MS = 600_000
_GROWTH = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a gradual roll-out grows, and what ends one."""

    stage_ms: int = 600_000
    limits: HealthLimits = DEFAULT_LIMITS


class RolloutSteward:
    """One at a time does all there is to do; two at once do no harm."""

    __slots__ = ("_audit", "_clock", "_deployments", "_pace", "_rollouts", "_tallies")

    def __init__(
        self,
        rollouts: Rollouts,
        deployments: DeploymentStore,
        tallies: TallyStore,
        audit: Audit,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._rollouts = rollouts
        self._deployments = deployments
        self._tallies = tallies
        self._audit = audit
        self._clock = clock
        self._pace = pace

    def look(self) -> None:
        """Look at every roll-out once.

        Raises:
            UnavailableError: the store does not answer.

        """
        for slot in self._deployments.book().slots:
            if slot.candidate is not None:
                self._judge(slot)

    def _judge(self, slot: Slot) -> None:
        old, new = self._counted(slot, slot.stage_ms)
        recent = self._counted(slot, max(slot.stage_ms, self._clock.now_ms() - _RECENT_MS))
        limits = self._pace.limits
        worse = what_is_worse(*recent, limits) or what_is_worse(old, new, limits)
        if worse:
            if self._rollouts.give_up(slot, worse):
                self._tell(slot, AuditAction.POLICY_REVERTED, reason=worse)
        elif slot.strategy is Strategy.GRADUAL and self._is_due(slot, old, new):
            share = min(WHOLE, slot.share * _GROWTH)
            if self._rollouts.advance(slot, share):
                self._tell(slot, AuditAction.POLICY_ADVANCED, percentage=share * 100 / WHOLE)

    def _is_due(self, slot: Slot, old: ArmCounts, new: ArmCounts) -> bool:
        over = self._clock.now_ms() >= slot.stage_ms + self._pace.stage_ms
        return over and is_telling(old, new, self._pace.limits)

    def _counted(self, slot: Slot, since_ms: int) -> tuple[ArmCounts, ArmCounts]:
        # Both sides are held against each other on whole windows: the one that has begun counts.
        return self._tallies.counted(slot.candidate_deployment, since_ms - since_ms % WINDOW_MS)

    def _tell(self, slot: Slot, action: AuditAction, **details: str | float) -> None:
        told = {"environment": slot.environment.value, "version": slot.candidate, **details}
        _log.warning(
            action.value, extra={"policy": slot.policy_id, "deployment": slot.candidate_deployment}
        )
        system = Caller(SYSTEM, Role.ADMIN, frozenset(), slot.tenant)
        self._audit.note(system, action, slot.policy_id, **told)
