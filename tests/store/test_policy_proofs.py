"""Versions are proved aside; what is proved stays looked after; nothing else is called verified."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.store.conftest import TurnedClock
from tests.store.policy_parts import OPERATOR

from aidefence.app.parts.policies import PolicyParts, open_policies
from aidefence.app.parts.store import Store
from aidefence.app.settings import Settings
from aidefence.domain.access import LOCAL
from aidefence.domain.audit import AuditAction
from aidefence.domain.job import JobKind
from aidefence.domain.policy_store import Environment, VerificationState
from aidefence.domain.refusals import ConflictError
from aidefence.service.policies import PolicyStatus, PolicyWish
from aidefence.service.rollouts import DeployWish

_SOURCE = """\
policy support version 1

default allow
on error block

rule injected priority 200:
  block when confidence(prompt_injection) >= 80%

prove certain: always block when confidence(prompt_injection) >= 90%
prove every rule can fire
prove no conflict
"""
_WISH = PolicyWish("support", source=_SOURCE)
_FALSE = PolicyWish("false", source=_SOURCE.replace(">= 90%", ">= 70%"))
NOW = DeployWish(Environment.PRODUCTION)


@pytest.fixture
def parts(store: Store, tmp_path: Path, clock: TurnedClock) -> Iterator[PolicyParts]:
    opened = open_policies(Settings(state_dir=tmp_path), store, clock)
    yield opened
    opened.prover.close()


def _state(parts: PolicyParts, policy_id: str) -> VerificationState:
    return parts.desk.policies.verification(policy_id, OPERATOR).state


def test_what_is_true_is_proved_and_deployed(parts: PolicyParts, store: Store) -> None:
    made = parts.desk.policies.create(_WISH, OPERATOR)
    assert made.status is PolicyStatus.PENDING
    with pytest.raises(ConflictError, match="not proved"):
        parts.desk.rollouts.deploy(made.policy.id, NOW, OPERATOR)
    assert parts.prove_next()
    assert not parts.prove_next()
    view = parts.desk.policies.find(made.policy.id, OPERATOR)
    assert view.status is PolicyStatus.VERIFIED
    assert view.verification is not None
    report = view.verification.report
    assert report is not None
    assert report.proved
    assert report.prover == "aidefence"
    assert "AIDefence.in_of_tree" in report.lemmas
    assert [it["is"] for it in report.tree] == ["proved"] * len(report.tree)
    assert view.verification.progress.completed == ("compile", "search and check", "sign")
    done = parts.desk.rollouts.deploy(made.policy.id, NOW, OPERATOR)
    assert done.deployment.verified
    assert parts.watch.drifts() == []
    actions = [it.event.action for it in store.audit.read(LOCAL)]
    assert actions == [
        AuditAction.POLICY_CREATED,
        AuditAction.POLICY_VERIFIED,
        AuditAction.POLICY_DEPLOYED,
    ]


def test_what_is_false_comes_back_with_a_request_that_shows_it(parts: PolicyParts) -> None:
    made = parts.desk.policies.create(_FALSE, OPERATOR)
    parts.prove_next()
    found = parts.desk.policies.verification(made.policy.id, OPERATOR)
    assert found.state is VerificationState.FAILED
    assert found.certificate is None
    assert found.report is not None
    [failure] = found.report.failures
    assert failure.step == "certain"
    assert failure.counterexample is not None
    shown: Any = failure.counterexample
    [event] = shown["events"]
    assert 7000 <= event["request"]["confidence(prompt_injection)"] < 8000
    assert event["action"] == "allow"
    with pytest.raises(ConflictError, match="failed"):
        parts.desk.rollouts.deploy(made.policy.id, NOW, OPERATOR)


def test_what_was_proved_from_something_else_is_stale(parts: PolicyParts, store: Store) -> None:
    made = parts.desk.policies.create(_WISH, OPERATOR)
    parts.prove_next()
    parts.desk.rollouts.deploy(made.policy.id, NOW, OPERATOR)
    parts.watch.look()
    assert _state(parts, made.policy.id) is VerificationState.VERIFIED
    found = parts.desk.policies.verification(made.policy.id, OPERATOR)
    parts.stores.verifications.settle(replace(found, basis="of an older theory"))
    parts.watch.look()
    again = parts.desk.policies.find(made.policy.id, OPERATOR)
    assert again.status is PolicyStatus.PENDING
    assert again.verification is not None
    assert "has changed" in again.verification.stale[0]
    [drift] = parts.watch.drifts()
    assert drift.subject == made.policy.id
    parts.prove_next()
    assert parts.desk.policies.find(made.policy.id, OPERATOR).status is PolicyStatus.VERIFIED
    assert parts.watch.drifts() == []
    actions = [it.event.action for it in store.audit.read(LOCAL)]
    assert actions[-3:] == [
        AuditAction.POLICY_STALE,
        AuditAction.POLICY_DRIFTED,
        AuditAction.POLICY_VERIFIED,
    ]


def test_a_certificate_of_another_version_proves_nothing(parts: PolicyParts) -> None:
    made = parts.desk.policies.create(_WISH, OPERATOR)
    parts.prove_next()
    other = PolicyWish("", source=_SOURCE.replace("80%", "85%"))
    parts.desk.policies.revise(made.policy.id, other, OPERATOR)
    parts.prove_next()
    first, second = (
        parts.desk.policies.verification(made.policy.id, OPERATOR, it) for it in (1, 2)
    )
    forged = replace(second, certificate=first.certificate)
    parts.stores.verifications.settle(forged)
    parts.watch.look()
    found = parts.desk.policies.verification(made.policy.id, OPERATOR)
    assert "another policy" in found.stale[0]


def test_a_certificate_expires(parts: PolicyParts, clock: TurnedClock) -> None:
    made = parts.desk.policies.create(_WISH, OPERATOR)
    parts.prove_next()
    expires_ms = parts.desk.policies.verification(made.policy.id, OPERATOR).expires_ms
    clock.ms = expires_ms
    assert parts.desk.policies.find(made.policy.id, OPERATOR).status is PolicyStatus.PENDING
    parts.watch.look()
    assert _state(parts, made.policy.id) is VerificationState.PENDING


def test_bytes_that_changed_in_the_store_are_drift(parts: PolicyParts, store: Store) -> None:
    made = parts.desk.policies.create(_WISH, OPERATOR)
    parts.prove_next()
    parts.desk.rollouts.deploy(made.policy.id, NOW, OPERATOR)
    from sqlalchemy import update  # noqa: PLC0415

    from aidefence.adapters.store.tables import POLICY_VERSIONS  # noqa: PLC0415

    changed = made.version.image.replace(b"8000", b"9999")
    with store.database.change() as connection:
        connection.execute(update(POLICY_VERSIONS).values(image=changed))
    [drift] = parts.watch.drifts()
    assert "digest differs" in drift.reason


def test_whoever_proves_may_be_killed_in_the_middle(
    parts: PolicyParts, store: Store, clock: TurnedClock
) -> None:
    made = parts.desk.policies.create(_WISH, OPERATOR)
    working = threading.Thread(target=parts.prove_next)
    working.start()
    deadline = time.monotonic() + 30
    while parts.prover._process is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process = parts.prover._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    working.join(60)
    assert _state(parts, made.policy.id) is VerificationState.VERIFIED
    # The whole process that keeps house is killed: its job waits until the lease has ended.
    parts.desk.policies.verify(made.policy.id, OPERATOR)
    taken = store.jobs._store.take([JobKind.VERIFY_POLICY], clock.ms, clock.ms + 30_000)
    assert taken is not None
    assert not parts.prove_next()
    clock.pass_seconds(31)
    assert parts.prove_next()
    assert _state(parts, made.policy.id) is VerificationState.VERIFIED


def test_two_versions_are_compared_request_by_request(parts: PolicyParts) -> None:
    made = parts.desk.policies.create(_WISH, OPERATOR)
    milder = PolicyWish("", source=_SOURCE.replace(">= 80%", ">= 85%"))
    parts.desk.policies.revise(made.policy.id, milder, OPERATOR)
    diff = parts.desk.policies.diff(made.policy.id, OPERATOR)
    found = diff.comparison
    assert (found.equivalent, found.stricter, found.complete) == (False, False, True)
    [difference] = found.differences
    assert (difference.old.value, difference.new.value) == ("block", "allow")
    shown: Any = difference.request
    assert 8000 <= shown["confidence(prompt_injection)"] < 8500
    back = parts.desk.policies.diff(made.policy.id, OPERATOR, 2, 1).comparison
    assert (back.equivalent, back.stricter) == (False, True)
    same = parts.desk.policies.diff(made.policy.id, OPERATOR, 1, 1).comparison
    assert same.equivalent
    assert same.differences == ()
