"""Policies through the client: written, proved, compared, deployed and taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from tests.served import wait_until

from aidefence import Action, ContentError
from aidefence.client import AsyncClient, Client, ConflictError, NotFoundError, Policy
from aidefence.domain.policy_store import DeploymentState, Environment, Strategy, VerificationState

SOURCE = """\
policy remote version 1

default allow
on error block

rule injected priority 200:
  block when confidence(prompt_injection) >= 80%

prove every rule can fire
"""
STRICTER = SOURCE.replace("80%", "70%")


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Client]:
    with Client(address, timeout=60) as opened:
        yield opened


@pytest.fixture
def policy(client: Client) -> Policy:
    return client.policies.create("remote", SOURCE, verification_required=False)


def _both(address: str, ask: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Ask once waiting, once awaited."""

    async def later() -> object:
        async with AsyncClient(address, timeout=60) as opened:
            return await ask(opened.policies)

    with Client(address, timeout=60) as opened:
        return ask(opened.policies), anyio.run(later)


def test_both_clients_read_the_same(address: str, client: Client, policy: Policy) -> None:
    client.policies.revise(policy.policy_id, STRICTER)
    for ask in (
        lambda it: it.get(policy.policy_id, 1),
        lambda it: it.versions(policy.policy_id),
        lambda it: it.diff(policy.policy_id),
        lambda it: it.deployments(policy.policy_id),
        lambda it: it.shadow(policy.policy_id, "edge"),
        lambda it: it.past(policy.policy_id, version=1, last=10),
    ):
        waited, awaited = _both(address, ask)
        assert waited == awaited
    listed, again = _both(address, lambda it: it.list())
    assert [it.digest for it in listed] == [it.digest for it in again]


def test_both_clients_change_the_same(address: str) -> None:
    made = _both(address, lambda it: it.create("p", SOURCE, verification_required=False))
    for one in made:
        assert (one.name, one.version, one.source) == ("p", 1, SOURCE)
    edge = Environment.EDGE
    ids = [it.policy_id for it in made]

    async def later() -> None:
        async with AsyncClient(address) as opened:
            it = opened.policies
            assert (await it.revise(ids[1], STRICTER)).version == 2
            done = await it.deploy(ids[1], edge, version=1)
            assert done.state is DeploymentState.LIVE
            assert (await it.begin_shadow(ids[1], edge, version=2)).version == 2
            await it.end_shadow(ids[1], edge)
            assert (await it.shadow(ids[1], edge)).version is None
            assert (await it.rollback(ids[1], edge)).version is None
            proofs = await it.verification(ids[1], 1)
            assert (proofs.policy_id, proofs.version) == (ids[1], 1)
            await it.retire(ids[1])
            assert (await it.get(ids[1])).retired_at is not None

    anyio.run(later)


def test_both_clients_approve_a_call(address: str) -> None:
    made = _both(address, lambda it: it.approve_call("rm", {"path": "a"}, "s-1", minutes=5))
    for it in made:
        assert (it.tool, it.session_id, it.approved_by) == ("rm", "s-1", "local")
        assert it.digest == made[0].digest
        assert 0 < it.expires_at - time.time() * 1000 <= 5 * 60_000
    with Client(address) as opened, pytest.raises(ContentError):
        opened.policies.approve_call("rm", {}, "s-1", minutes=0)


def test_a_version_is_proved_and_deployed(client: Client) -> None:
    made = client.policies.create("proved", SOURCE, description="what is proved")
    assert (made.status, made.description) == ("pending_verification", "what is proved")

    def settled() -> bool:
        return client.policies.verification(made.policy_id).status.settled

    wait_until(settled, "proofs", 60)
    # The first search loads its solvers within its time: once more where that was too slow.
    if client.policies.verification(made.policy_id).status is VerificationState.FAILED:
        assert client.policies.verify(made.policy_id).run == 2
        wait_until(settled, "proofs", 60)
    proofs = client.policies.verification(made.policy_id)
    assert proofs.failures == ()
    assert proofs.status is VerificationState.VERIFIED
    assert [it["is"] for it in proofs.proof_details.proof_tree.claims] == ["proved"]
    told = client.policies.get(made.policy_id)
    assert told.proof_status.proved
    assert told.proof_status.certificate is not None
    done = client.policies.deploy(made.policy_id, "edge")
    assert (done.verified, done.strategy, done.percentage) == (True, Strategy.IMMEDIATE, 100.0)
    client.policies.rollback(made.policy_id, "edge")


def test_a_roll_out_begins_with_a_part_and_is_taken_back(client: Client, policy: Policy) -> None:
    client.policies.deploy(policy.policy_id, "edge")
    client.policies.revise(policy.policy_id, STRICTER)
    done = client.policies.deploy(policy.policy_id, "edge", strategy="canary", percentage=5)
    assert (done.percentage, done.state) == (5.0, DeploymentState.ROLLING_OUT)
    [slot] = client.policies.get(policy.policy_id).deployments
    assert (slot.environment, slot.version, slot.candidate) == (Environment.EDGE, 1, 2)
    back = client.policies.rollback(policy.policy_id, "edge", reason="too strict")
    assert (back.version, back.environment) == (1, Environment.EDGE)
    newest, oldest = client.policies.deployments(policy.policy_id)
    assert "too strict" in newest.reason
    assert oldest.state is DeploymentState.LIVE
    assert client.policies.rollback(policy.policy_id, "edge").version is None


def test_a_difference_is_a_request_that_is_decided_otherwise(
    client: Client, policy: Policy
) -> None:
    client.policies.revise(policy.policy_id, STRICTER)
    found = client.policies.diff(policy.policy_id)
    assert (found.old, found.new, found.equivalent, found.stricter) == (1, 2, False, True)
    [one] = found.differences
    assert (one.old, one.new) == (Action.ALLOW, Action.BLOCK)
    assert 7000 <= one.request["confidence(prompt_injection)"] < 8000
    assert any("70" in it for it in found.sentences)


def test_rules_in_plain_words_are_read(client: Client) -> None:
    rule = {"id": "r", "condition": "prompt injection", "action": "block", "priority": 1}
    made = client.policies.create("words", rules=[rule])
    assert "rule r priority 1:" in made.source


def test_what_is_refused_is_raised(client: Client, policy: Policy) -> None:
    with pytest.raises(ContentError, match="version, a whole number"):
        client.policies.create("x", "policy x version\n")
    rule = {"id": "r", "condition": "the severity is high", "action": "block", "priority": 1}
    with pytest.raises(ContentError) as unread:
        client.policies.create("x", rules=[rule])
    assert unread.value.path == "/rules/0/condition"
    with pytest.raises(NotFoundError):
        client.policies.get("pol_none/../..")
    with pytest.raises(NotFoundError):
        client.policies.get(policy.policy_id, 7)
    with pytest.raises(ConflictError):
        client.policies.rollback(policy.policy_id, "edge")
    strict = client.policies.create("strict", SOURCE.replace("every rule can fire", "complete"))
    with pytest.raises(ConflictError, match="not proved"):
        client.policies.deploy(strict.policy_id, "edge")
    with pytest.raises(ValueError, match="moon"):
        client.policies.deploy(policy.policy_id, "moon")
