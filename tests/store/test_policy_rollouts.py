"""Versions come into force whole or bit by bit, in all workers, and go back when they do worse."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import pytest
from tests.store.conftest import MakeStore, TurnedClock
from tests.store.policy_parts import DAY_MS, OPERATOR, Parts, Worker, image_of

from aidefence.app.parts.policies import load_version
from aidefence.app.parts.store import Store
from aidefence.domain.access import GRANTS, LOCAL, Caller, Permission, Role
from aidefence.domain.audit import AuditAction
from aidefence.domain.enums import Action
from aidefence.domain.errors import SettingError
from aidefence.domain.policy_store import DeploymentState, Environment, Strategy
from aidefence.domain.refusals import ConflictError, ForbiddenError, NotFoundError
from aidefence.service.following import Follower, Place
from aidefence.service.in_force import InForce
from aidefence.service.policing import Running
from aidefence.service.rollout_health import HealthLimits
from aidefence.service.rollout_steward import Pace
from aidefence.service.rollouts import DeployWish, Sync

PRODUCTION, STAGING = Environment.PRODUCTION, Environment.STAGING
NOW = DeployWish(PRODUCTION)
CANARY = DeployWish(PRODUCTION, Strategy.CANARY, 25)
_SESSIONS = [f"session {at}" for at in range(2000)]


@pytest.fixture
def parts(store: Store, clock: TurnedClock) -> Parts:
    return Parts(store, clock)


def _actions(parts: Parts) -> list[AuditAction]:
    return [it.event.action for it in parts.store.audit.read(LOCAL)]


def test_what_is_deployed_holds_in_every_worker_of_its_environment(parts: Parts) -> None:
    policy = parts.policy()
    here, there = parts.worker(1), parts.worker(2, environment=STAGING)
    for worker in (here, there):
        worker.follower.look()
    done = parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    assert done.nodes == {"n1": Sync.SYNCING}
    assert not done.is_done
    for worker in (here, there):
        worker.follower.look()
    assert (here.versions(), there.versions()) == ([1], [])
    status = parts.rollouts.status(done.deployment.id, OPERATOR)
    assert status.nodes == {"n1": Sync.SYNCED}
    assert status.is_done
    assert _actions(parts) == [AuditAction.POLICY_DEPLOYED]


def test_a_node_waits_for_its_slowest_process(parts: Parts) -> None:
    policy = parts.policy()
    quick, slow = parts.worker(1), parts.worker(2)
    for worker in (quick, slow):
        worker.follower.look()
    done = parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    quick.follower.look()
    assert parts.rollouts.status(done.deployment.id, OPERATOR).nodes == {"n1": Sync.SYNCING}
    slow.follower.look()
    assert parts.rollouts.status(done.deployment.id, OPERATOR).nodes == {"n1": Sync.SYNCED}


def test_what_is_not_proved_is_not_deployed(parts: Parts, clock: TurnedClock) -> None:
    policy = parts.policy()
    parts.prove(policy.id, 1, stale=("the theory changed",))
    with pytest.raises(ConflictError, match="the theory changed"):
        parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    parts.prove(policy.id, 1, certificate=None)
    with pytest.raises(ConflictError, match="not proved"):
        parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    parts.prove(policy.id, 1)
    clock.pass_seconds(91 * DAY_MS / 1000)
    with pytest.raises(ConflictError, match="not proved"):
        parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    assert parts.stores.deployments.book().slots == ()


def test_only_an_operator_deploys_what_need_not_be_proved(parts: Parts) -> None:
    policy = parts.policy(required=False)
    parts.prove(policy.id, 1, stale=("the theory changed",))
    no_operator = Caller("key-1", Role.SERVICE, frozenset({Permission.DEPLOY_POLICIES}))
    with pytest.raises(ForbiddenError, match="operate"):
        parts.rollouts.deploy(policy.id, NOW, no_operator)
    done = parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    assert not done.deployment.verified
    [noted] = parts.store.audit.read(LOCAL)
    assert noted.event.details["verified"] is False


def test_a_canary_gets_its_share_of_sessions_and_keeps_them(parts: Parts) -> None:
    policy = parts.policy(versions=2)
    parts.rollouts.deploy(policy.id, replace(NOW, version=1), OPERATOR)
    worker, other = parts.worker(1), parts.worker(2)
    parts.rollouts.deploy(policy.id, CANARY, OPERATOR)
    for it in (worker, other):
        it.follower.look()
    first = {it for it in _SESSIONS if worker.versions(it) == [2]}
    assert 400 < len(first) < 600
    assert {it for it in _SESSIONS if other.versions(it) == [2]} == first
    parts.rollouts.deploy(policy.id, replace(CANARY, percentage=50), OPERATOR)
    worker.follower.look()
    more = {it for it in _SESSIONS if worker.versions(it) == [2]}
    assert first < more
    assert 900 < len(more) < 1100
    last = parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    worker.follower.look()
    assert {tuple(worker.versions(it)) for it in _SESSIONS} == {(2,)}
    assert last.deployment.state is DeploymentState.LIVE
    states = Counter(it.deployment.state for it in parts.rollouts.history(policy.id, OPERATOR))
    assert states == {DeploymentState.LIVE: 1, DeploymentState.REPLACED: 3}


def test_one_step_back_is_the_version_before(parts: Parts) -> None:
    policy = parts.policy(versions=3)
    worker = parts.worker()
    for version in (1, 2, 3):
        parts.rollouts.deploy(policy.id, replace(NOW, version=version), OPERATOR)
    worker.follower.look()
    assert worker.versions() == [3]
    for left in ([2], [1], []):
        parts.rollouts.roll_back(policy.id, PRODUCTION, OPERATOR, "too strict")
        worker.follower.look()
        assert worker.versions() == left
    with pytest.raises(ConflictError, match="nothing"):
        parts.rollouts.roll_back(policy.id, PRODUCTION, OPERATOR)
    gone = [it.deployment.state for it in parts.rollouts.history(policy.id, OPERATOR)]
    assert gone == [DeploymentState.ROLLED_BACK] * 3
    assert _actions(parts)[-1] is AuditAction.POLICY_REVERTED


def test_a_roll_out_is_taken_back_before_what_holds(parts: Parts) -> None:
    policy = parts.policy(versions=2)
    parts.rollouts.deploy(policy.id, replace(NOW, version=1), OPERATOR)
    parts.rollouts.deploy(policy.id, CANARY, OPERATOR)
    slot = parts.rollouts.roll_back(policy.id, PRODUCTION, OPERATOR)
    assert (slot.stable, slot.candidate) == (1, None)


def test_one_roll_out_at_a_time(parts: Parts) -> None:
    policy = parts.policy(versions=3)
    parts.rollouts.deploy(policy.id, replace(CANARY, version=2), OPERATOR)
    with pytest.raises(ConflictError, match="rolling out"):
        parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    parts.rollouts.deploy(policy.id, replace(NOW, version=2), OPERATOR)
    with pytest.raises(ConflictError, match="holds already"):
        parts.rollouts.deploy(policy.id, replace(CANARY, version=2), OPERATOR)


def test_of_many_deployments_at_once_one_wins(parts: Parts) -> None:
    policy = parts.policy(versions=5)
    outcomes: list[str] = []
    ready = threading.Barrier(5)

    def deploy(version: int) -> None:
        ready.wait()
        try:
            parts.rollouts.deploy(policy.id, replace(CANARY, version=version), OPERATOR)
        except ConflictError:
            outcomes.append("conflict")
        else:
            outcomes.append("done")

    threads = [threading.Thread(target=deploy, args=(it,)) for it in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {"done": 1, "conflict": 4}
    [slot] = parts.rollouts.slots(policy.id, OPERATOR)
    [only] = parts.rollouts.history(policy.id, OPERATOR)
    assert (slot.candidate_deployment, slot.candidate) == (
        only.deployment.id,
        only.deployment.version,
    )
    assert _actions(parts) == [AuditAction.POLICY_DEPLOYED]


@pytest.mark.parametrize(
    ("strategy", "percentage"),
    [
        (Strategy.IMMEDIATE, 10),
        (Strategy.CANARY, 0),
        (Strategy.GRADUAL, 100.5),
        (Strategy.CANARY, float("nan")),
    ],
)
def test_a_percentage_fits_its_strategy(
    parts: Parts, strategy: Strategy, percentage: float
) -> None:
    policy = parts.policy()
    with pytest.raises(SettingError, match="rolloutPercentage"):
        parts.rollouts.deploy(policy.id, DeployWish(PRODUCTION, strategy, percentage), OPERATOR)


def test_others_do_not_see_a_policy(parts: Parts) -> None:
    policy = parts.policy()
    stranger = Caller("x", Role.ADMIN, GRANTS[Role.ADMIN], tenant="others")
    with pytest.raises(NotFoundError):
        parts.rollouts.deploy(policy.id, NOW, stranger)
    done = parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    with pytest.raises(NotFoundError):
        parts.rollouts.status(done.deployment.id, stranger)
    worker = parts.worker()
    worker.follower.look()
    assert worker.in_force.choose("others", "s") is None


def test_what_cannot_be_loaded_leaves_what_held(parts: Parts) -> None:
    policy = parts.policy(versions=2)
    worker = parts.worker()
    parts.rollouts.deploy(policy.id, replace(NOW, version=1), OPERATOR)
    worker.follower.look()
    second = parts.stores.policies.version(policy.id, 2)
    assert second is not None
    broken = replace(second, version=3, image=b"{}")
    assert parts.stores.policies.add_version(policy.tenant, broken)
    parts.prove(policy.id, 3)
    done = parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    worker.follower.look()
    assert worker.versions() == [1]
    status = parts.rollouts.status(done.deployment.id, OPERATOR)
    assert status.nodes == {"n1": Sync.FAILED}
    assert status.is_failed
    parts.rollouts.roll_back(policy.id, PRODUCTION, OPERATOR)
    worker.follower.look()
    assert worker.versions() == [1]
    assert parts.rollouts.status(done.deployment.id, OPERATOR).is_failed


def test_a_shadow_is_asked_and_decides_nothing(parts: Parts) -> None:
    policy = parts.policy(versions=2)
    worker = parts.worker()
    parts.rollouts.deploy(policy.id, replace(NOW, version=1), OPERATOR)
    parts.rollouts.shadow(policy.id, PRODUCTION, OPERATOR, 2)
    worker.follower.look()
    choice = worker.in_force.choose(LOCAL.tenant, "s")
    assert choice is not None
    assert [it.version for it in choice.active] == [1]
    [shadow] = choice.shadows
    for at in range(30):
        worker.in_force.tallies.note_shadow(shadow, f"req_{at}", Action.ALLOW, Action.FLAG)
    worker.in_force.tallies.note_shadow(shadow, "req_same", Action.FLAG, Action.FLAG)
    worker.follower.flush()
    seen = parts.stores.tallies.shadowed(policy.id, 2, PRODUCTION)
    assert [(it.was, it.would, it.decisions) for it in seen] == [
        (Action.ALLOW, Action.FLAG, 30),
        (Action.FLAG, Action.FLAG, 1),
    ]
    assert seen[0].examples == tuple(f"req_{at}" for at in range(10, 30))
    parts.rollouts.shadow(policy.id, PRODUCTION, OPERATOR, None)
    worker.follower.look()
    choice = worker.in_force.choose(LOCAL.tenant, "s")
    assert choice is not None
    assert choice.shadows == ()


# --- what becomes of roll-outs by themselves ------------------------------------------------------

_PACE = Pace(stage_ms=60_000, limits=HealthLimits(decisions_min=100))


def _serve(worker: Worker, decisions: int, *, blocks: float = 0.0, ms: float = 1.0) -> None:
    """Decide requests of many sessions; the new version blocks some and takes its time."""
    for at in range(decisions):
        choice = worker.in_force.choose(LOCAL.tenant, f"s{at}")
        assert choice is not None
        new = any(arm.new for arm in choice.arms)
        blocked = new and (at % 100) < blocks * 100
        worker.in_force.tallies.note(
            choice,
            Action.BLOCK if blocked else Action.ALLOW,
            failed=False,
            elapsed_ns=int((ms if new else 1.0) * 1_000_000),
        )
    worker.follower.flush()


@pytest.mark.parametrize(
    ("worse", "why"),
    [({"blocks": 0.4}, "blocks rose"), ({"ms": 9.0}, "latency")],
)
def test_what_does_worse_is_taken_back(parts: Parts, worse: dict[str, float], why: str) -> None:
    policy = parts.policy(versions=2)
    worker = parts.worker()
    parts.rollouts.deploy(policy.id, replace(NOW, version=1), OPERATOR)
    done = parts.rollouts.deploy(policy.id, CANARY, OPERATOR)
    worker.follower.look()
    _serve(worker, 100, **worse)
    parts.steward(_PACE).look()
    assert not parts.rollouts.status(done.deployment.id, OPERATOR).is_failed, "too few were seen"
    _serve(worker, 2000, **worse)
    parts.steward(_PACE).look()
    worker.follower.look()
    assert worker.versions() == [1]
    [gone, _] = parts.rollouts.history(policy.id, OPERATOR)
    assert gone.deployment.state is DeploymentState.ROLLED_BACK
    assert why in gone.deployment.reason
    assert _actions(parts)[-1] is AuditAction.POLICY_REVERTED


def test_what_does_well_reaches_all(parts: Parts, clock: TurnedClock) -> None:
    policy = parts.policy(versions=2)
    worker, steward = parts.worker(), parts.steward(_PACE)
    parts.rollouts.deploy(policy.id, replace(NOW, version=1), OPERATOR)
    wish = DeployWish(PRODUCTION, Strategy.GRADUAL, 20)
    done = parts.rollouts.deploy(policy.id, wish, OPERATOR)
    shares = []
    for _ in range(3):
        worker.follower.look()
        shares.append(parts.rollouts.slots(policy.id, OPERATOR)[0].share)
        steward.look()
        _serve(worker, 2000)
        steward.look()
        assert parts.rollouts.slots(policy.id, OPERATOR)[0].share == shares[-1], "not before time"
        clock.pass_seconds(61)
        steward.look()
    assert shares == [2000, 4000, 8000]
    worker.follower.look()
    [slot] = parts.rollouts.slots(policy.id, OPERATOR)
    assert (slot.stable, slot.candidate, slot.stable_deployment) == (2, None, done.deployment.id)
    assert [it.deployment.state for it in parts.rollouts.history(policy.id, OPERATOR)] == [
        DeploymentState.LIVE,
        DeploymentState.REPLACED,
    ]


def test_a_canary_stays_what_it_is(parts: Parts, clock: TurnedClock) -> None:
    policy = parts.policy(versions=2)
    worker = parts.worker()
    parts.rollouts.deploy(policy.id, replace(NOW, version=1), OPERATOR)
    parts.rollouts.deploy(policy.id, CANARY, OPERATOR)
    worker.follower.look()
    _serve(worker, 2000)
    clock.pass_seconds(3600)
    parts.steward(_PACE).look()
    [slot] = parts.rollouts.slots(policy.id, OPERATOR)
    assert (slot.candidate, slot.share) == (2, 2500)


def test_a_new_process_on_the_same_store_goes_on(
    make_store: MakeStore, url: str | None, clock: TurnedClock
) -> None:
    before = Parts(make_store(url), clock)
    policy = before.policy()
    before.rollouts.deploy(policy.id, CANARY, OPERATOR)
    after = Parts(make_store(url), clock)
    worker = after.worker()
    worker.follower.look()
    assert {tuple(worker.versions(it)) for it in _SESSIONS} == {(), (1,)}


def test_a_process_that_is_gone_keeps_nobody_waiting(parts: Parts, clock: TurnedClock) -> None:
    policy = parts.policy()
    killed, alive = parts.worker(1), parts.worker(2)
    for worker in (killed, alive):
        worker.follower.look()
    done = parts.rollouts.deploy(policy.id, NOW, OPERATOR)
    alive.follower.look()
    assert not parts.rollouts.status(done.deployment.id, OPERATOR).is_done
    clock.pass_seconds(31)
    alive.follower.look()
    assert parts.rollouts.status(done.deployment.id, OPERATOR).is_done


def test_what_is_called_like_a_file_holds_once_the_file_is_gone(parts: Parts) -> None:
    stores, in_force = parts.stores, InForce()
    place = Place("n1", 1, PRODUCTION)
    follower = Follower(
        stores.deployments, stores.tallies, in_force, load_version, place, parts.clock
    )
    in_force.swap_files((Running.of(image_of(Action.FLAG)),))
    parts.rollouts.deploy(parts.policy().id, NOW, OPERATOR)
    follower.look()
    [node] = stores.tallies.nodes(0)
    assert "both called `p`" in node.problem
    assert in_force.choose(LOCAL.tenant, "s") is None
    in_force.swap_files(())
    follower.look()
    [node] = stores.tallies.nodes(0)
    assert (node.problem, node.loaded) == ("", in_force.held.digest)
    assert in_force.choose(LOCAL.tenant, "s") is not None
