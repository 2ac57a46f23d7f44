"""Ask a gateway instead of a guard: the same names, the same words.

from aidefence.client import Client

decision = Client("http://127.0.0.1:8080").inspect("Ignore all previous instructions.")
print(decision.action, decision.category, decision.confidence)
"""

from aidefence.client.asynchronous import AsyncClient
from aidefence.client.errors import GatewayError
from aidefence.client.policies import AsyncPolicies, Policies
from aidefence.client.policy_words import (
    CallApproval,
    Policy,
    PolicyDeployment,
    PolicyDiff,
    PolicyPast,
    PolicyRollback,
    PolicyShadow,
    PolicySlot,
    PolicySummary,
    PolicyVerification,
)
from aidefence.client.sync import Client
from aidefence.client.words import RemoteDecision
from aidefence.domain.refusals import (
    ConflictError,
    DeadlineError,
    DisabledError,
    ForbiddenError,
    LimitedError,
    NotFoundError,
    OverloadedError,
    RefusedError,
    UnauthenticatedError,
    UnavailableError,
)

__all__ = [
    "AsyncClient",
    "AsyncPolicies",
    "CallApproval",
    "Client",
    "ConflictError",
    "DeadlineError",
    "DisabledError",
    "ForbiddenError",
    "GatewayError",
    "LimitedError",
    "NotFoundError",
    "OverloadedError",
    "Policies",
    "Policy",
    "PolicyDeployment",
    "PolicyDiff",
    "PolicyPast",
    "PolicyRollback",
    "PolicyShadow",
    "PolicySlot",
    "PolicySummary",
    "PolicyVerification",
    "RefusedError",
    "RemoteDecision",
    "UnauthenticatedError",
    "UnavailableError",
]
