"""All that doors do with policies, in one hand."""

from __future__ import annotations

from dataclasses import dataclass

from aidefence.service.approvals import Approvals
from aidefence.service.past_shadow import PastShadows
from aidefence.service.policies import Policies
from aidefence.service.rollouts import Rollouts


@dataclass(frozen=True, slots=True)
class PolicyDesk:
    """What is written and proved, and what holds where."""

    policies: Policies
    rollouts: Rollouts
    approvals: Approvals
    past: PastShadows
