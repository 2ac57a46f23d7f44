"""Parts of policies over a real store; what proves is told by the test what to find."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.store.conftest import TurnedClock

from aidefence.adapters.store.deployments import DeploymentTable
from aidefence.adapters.store.policies import PolicyTable
from aidefence.adapters.store.tallies import TallyTable
from aidefence.adapters.store.verifications import VerificationTable
from aidefence.adapters.system import RandomIds
from aidefence.app.parts.store import Store
from aidefence.domain.access import GRANTS, LOCAL, Caller, Role
from aidefence.domain.enums import Action
from aidefence.domain.policy_store import (
    Environment,
    PolicyVersion,
    StoredPolicy,
    Verification,
    VerificationState,
)
from aidefence.policy.image import Image, PolicyRule
from aidefence.service.following import Follower, Place
from aidefence.service.in_force import InForce
from aidefence.service.rollout_steward import Pace, RolloutSteward
from aidefence.service.rollouts import PolicyStores, Rollouts

OPERATOR = Caller("olga", Role.OPERATOR, GRANTS[Role.OPERATOR])
DAY_MS = 86_400_000


def image_of(action: Action, version: int = 1) -> Image:
    """A policy that decides everything in one way."""
    return Image("p", version, (), (PolicyRule("r", 1, action, ("tt",)),))


def version_of(policy_id: str, number: int, action: Action, now_ms: int) -> PolicyVersion:
    image = image_of(action, number)
    return PolicyVersion(
        policy_id=policy_id,
        version=number,
        source=f"source {number}",
        image=image.json,
        digest=image.digest,
        properties=b"[]",
        created_ms=now_ms,
        created_by="ann",
    )


@dataclass
class Parts:
    """Stores and use cases over one database."""

    store: Store
    clock: TurnedClock
    stores: PolicyStores = field(init=False)
    rollouts: Rollouts = field(init=False)

    def __post_init__(self) -> None:
        database = self.store.database
        self.stores = PolicyStores(
            PolicyTable(database),
            VerificationTable(database),
            DeploymentTable(database),
            TallyTable(database),
        )
        self.rollouts = Rollouts(
            self.stores, self.store.audit, database.together, self.clock, RandomIds()
        )

    def policy(
        self, policy_id: str = "pol_1", *, versions: int = 1, required: bool = True
    ) -> StoredPolicy:
        """Keep a policy whose versions are proved; later ones are stricter."""
        made = StoredPolicy(
            id=policy_id,
            tenant=LOCAL.tenant,
            name="shop",
            description="",
            verification_required=required,
            newest=1,
            created_ms=self.clock.ms,
            created_by="ann",
        )
        for number in range(1, versions + 1):
            action = list(Action)[number - 1]
            version = version_of(policy_id, number, action, self.clock.ms)
            if number == 1:
                self.stores.policies.add(made, version)
            else:
                assert self.stores.policies.add_version(made.tenant, version)
            self.prove(policy_id, number)
        return replace(made, newest=versions)

    def prove(self, policy_id: str, number: int, **changes: object) -> None:
        """Say that a version is proved."""
        proved = Verification(
            policy_id=policy_id,
            version=number,
            tenant=LOCAL.tenant,
            state=VerificationState.VERIFIED,
            run=1,
            requested_ms=self.clock.ms,
            certificate=b"{}",
            settled_ms=self.clock.ms,
            expires_ms=self.clock.ms + 90 * DAY_MS,
        )
        self.stores.verifications.put(replace(proved, **changes))  # type: ignore[arg-type]

    def worker(
        self, pid: int = 1, node: str = "n1", environment: Environment = Environment.PRODUCTION
    ) -> Worker:
        """Begin a process that serves."""
        in_force = InForce()
        place = Place(node, pid, environment)
        follower = Follower(
            self.stores.deployments, self.stores.tallies, in_force, load, place, self.clock
        )
        return Worker(in_force, follower)

    def steward(self, pace: Pace) -> RolloutSteward:
        return RolloutSteward(
            self.rollouts,
            self.stores.deployments,
            self.stores.tallies,
            self.store.audit,
            self.clock,
            pace,
        )


@dataclass
class Worker:
    in_force: InForce
    follower: Follower

    def versions(self, session: str = "s") -> list[int]:
        """Tell which versions decide for a session."""
        choice = self.in_force.choose(LOCAL.tenant, session)
        return [] if choice is None else [it.version for it in choice.active]


def load(version: PolicyVersion) -> Action:
    """Read an image, as whoever decides would."""
    return Image.from_json(version.image).rules[0].action
