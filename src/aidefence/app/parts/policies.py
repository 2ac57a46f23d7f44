"""Policies, from what is kept of them to what decides."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidefence.adapters.keyring import KeyFile
from aidefence.adapters.policy_states_memory import MemoryPolicyStates
from aidefence.adapters.policy_states_sqlite import SqlitePolicyStates
from aidefence.adapters.store.deployments import DeploymentTable
from aidefence.adapters.store.policies import PolicyTable
from aidefence.adapters.store.tallies import TallyTable
from aidefence.adapters.store.verifications import VerificationTable
from aidefence.adapters.system import RandomIds, SystemClock
from aidefence.app.parts.store import Store
from aidefence.app.policy_files import read_policies
from aidefence.app.proof_process import ProofProcess
from aidefence.app.tool_book import capabilities_by_name
from aidefence.app.wiring import corridor_for
from aidefence.domain.job import JobKind
from aidefence.domain.policy_store import PolicyVersion
from aidefence.policy.image import Image
from aidefence.ports.audit import Together
from aidefence.ports.clock import Clock
from aidefence.service.approvals import Approvals, Approved
from aidefence.service.audit import Audit
from aidefence.service.authoring import OpenProposer
from aidefence.service.following import Follower, Place
from aidefence.service.in_force import InForce
from aidefence.service.past_shadow import PastShadows
from aidefence.service.police import PolicyPolice
from aidefence.service.policies import Policies
from aidefence.service.policing import Running
from aidefence.service.policy_desk import PolicyDesk
from aidefence.service.policy_extras import Extras
from aidefence.service.policy_watch import PolicyWatch
from aidefence.service.rollout_health import HealthLimits
from aidefence.service.rollout_steward import Pace, RolloutSteward
from aidefence.service.rollouts import PolicyStores, Rollouts
from aidefence.service.sealing import derived
from aidefence.service.verifying import ProofStores, Verifications

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

_MINUTE_MS = 60_000
_STATES_FILE = "policy-states.db"


@dataclass(frozen=True, slots=True)
class PolicyParts:
    """All about policies, over one store."""

    stores: PolicyStores
    desk: PolicyDesk
    verifications: Verifications
    prover: ProofProcess
    steward: RolloutSteward
    watch: PolicyWatch
    _store: Store

    def prove_next(self) -> bool:
        """Prove the version that waits longest; says whether there was one."""
        return self._store.jobs.run_next({JobKind.VERIFY_POLICY: self.verifications.work})


def policy_stores(store: Store) -> PolicyStores:
    """Give what is kept of policies in a store."""
    database = store.database
    return PolicyStores(
        PolicyTable(database),
        VerificationTable(database),
        DeploymentTable(database),
        TallyTable(database),
    )


def open_policies(settings: Settings, store: Store, clock: Clock | None = None) -> PolicyParts:
    """Tie together what writes, proves and deploys policies."""
    database, clock, ids = store.database, clock or SystemClock(), RandomIds()
    stores = policy_stores(store)
    together, audit = database.together, store.audit
    prover = ProofProcess(settings)
    proofs = ProofStores(stores.policies, stores.verifications, together)
    verifications = Verifications(proofs, store.jobs, prover, audit, clock)
    rollouts = Rollouts(stores, audit, together, clock, ids)
    asking = _proposing(settings)
    policies = Policies(
        stores, verifications, rollouts, prover, audit, together, clock, ids, asking
    )
    chosen = settings.policies
    limits = HealthLimits(
        decisions_min=chosen.decisions_min,
        blocks_rise_max=chosen.blocks_rise_max,
        errors_rise_max=chosen.errors_rise_max,
        slower_max=chosen.slower_max,
    )
    pace = Pace(round(chosen.stage_minutes * _MINUTE_MS), limits)
    return PolicyParts(
        stores=stores,
        desk=PolicyDesk(
            policies,
            rollouts,
            open_approvals(settings, audit, together),
            PastShadows(
                policies,
                store.episodes,
                lambda: corridor_for(settings.setup()).charter.entities,
                MemoryPolicyStates,
            ),
        ),
        verifications=verifications,
        prover=prover,
        steward=RolloutSteward(rollouts, stores.deployments, stores.tallies, audit, clock, pace),
        watch=PolicyWatch(stores, verifications, audit, clock),
        _store=store,
    )


def _proposing(settings: Settings) -> OpenProposer | None:
    """Make what opens a model to ask about conditions, where one is named."""
    chosen = settings.policies
    if not chosen.model_url:
        return None
    # Only who has one needs what speaks to it.
    from aidefence.app.proposing import opened_proposer  # noqa: PLC0415

    key = "" if chosen.model_key is None else chosen.model_key.get_secret_value()
    return lambda: opened_proposer(chosen.model_url, chosen.model, key)


def hold_files(settings: Settings, in_force: InForce) -> Callable[[Settings], Callable[[], None]]:
    """Put policies from files in force; gives what gets ready for those of new settings.

    Raises:
        ConfigError: one of them is wrong.

    """
    in_force.swap_files(read_policies(settings.policies.files))

    def prepare(settings: Settings) -> Callable[[], None]:
        files = read_policies(settings.policies.files)
        in_force.check_files(files)
        return lambda: in_force.swap_files(files)

    return prepare


def make_follower(settings: Settings, stores: PolicyStores, in_force: InForce) -> Follower:
    """Make what keeps this process in step; after the fork, because it tells who it is."""
    place = Place(settings.server.node, os.getpid(), settings.policies.environment)
    return Follower(
        stores.deployments, stores.tallies, in_force, load_version, place, SystemClock()
    )


def load_version(version: PolicyVersion) -> Running:
    """Make a version ready to decide.

    Raises:
        ImageError: it is none that this installation can decide by.
        ValueError: the same.

    """
    return Running.of(Image.from_json(version.image))


def open_police(settings: Settings, in_force: InForce) -> PolicyPolice:
    """Make what holds policies against requests; all workers of this machine remember together.

    Raises:
        PolicyStateError: the file of what is remembered cannot be used.

    """
    states, now_ms = _open_states(settings), SystemClock().now_ms
    secret = KeyFile(settings.state_dir / "installation.key").secrets()[-1].key
    key = derived(secret, b"fingerprints of sessions")
    extras = Extras(states, now_ms, key, priced=bool(settings.proxy.prices))
    return PolicyPolice(in_force, states, now_ms, capabilities_by_name, extras)


def open_approvals(settings: Settings, audit: Audit, together: Together) -> Approvals:
    """Make what takes approvals of calls, kept where all workers of this machine look.

    Raises:
        PolicyStateError: the file of what is remembered cannot be used.

    """
    now_ms = SystemClock().now_ms
    return Approvals(Approved(_open_states(settings), now_ms), audit, together, now_ms)


def _open_states(settings: Settings) -> SqlitePolicyStates:
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return SqlitePolicyStates(settings.state_dir / _STATES_FILE)
