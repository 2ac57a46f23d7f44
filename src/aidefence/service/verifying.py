"""Have versions of policies proved, aside, and see to it that what was proved stays true."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aidefence.domain.access import Caller, Permission, Role
from aidefence.domain.audit import AuditAction
from aidefence.domain.job import JobKind, JobState, Task
from aidefence.domain.policy_store import (
    PolicyVersion,
    Progress,
    ProofFailure,
    ProofReport,
    StoredPolicy,
    Verification,
    VerificationState,
)
from aidefence.domain.refusals import NotFoundError, UnavailableError
from aidefence.ports.audit import Together
from aidefence.ports.clock import Clock
from aidefence.ports.policy_store import PolicyStore, VerificationStore
from aidefence.ports.proving import Proven, Prover
from aidefence.service.audit import SYSTEM, Audit
from aidefence.service.jobs import Jobs

_log = logging.getLogger("aidefence.policies")
# With so much of its life left, a certificate is made anew.
_RENEW_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class ProofStores:
    """Where versions and their proofs are kept."""

    policies: PolicyStore
    verifications: VerificationStore
    together: Together


class Verifications:
    """Proofs of versions. Safe to share between threads; may wait for a disk."""

    __slots__ = ("_audit", "_clock", "_jobs", "_prover", "_stores")

    def __init__(
        self, stores: ProofStores, jobs: Jobs, prover: Prover, audit: Audit, clock: Clock
    ) -> None:
        self._stores = stores
        self._jobs = jobs
        self._prover = prover
        self._audit = audit
        self._clock = clock

    def request(self, policy: StoredPolicy, version: int, caller: Caller) -> Verification:
        """Have a version proved, anew where it was before; the work is on the disk afterwards.

        Raises:
            OverloadedError: too much waits already.
            UnavailableError: the store does not answer, and nothing was taken in.

        """
        with self._stores.together():
            before = self._stores.verifications.find(policy.id, version)
            run = 1 if before is None else before.run + 1
            payload = json.dumps({"policy": policy.id, "version": version, "run": run}).encode()
            job = self._jobs.submit(JobKind.VERIFY_POLICY, payload, caller)
            verification = Verification(
                policy_id=policy.id,
                version=version,
                tenant=policy.tenant,
                state=VerificationState.PENDING,
                run=run,
                requested_ms=self._clock.now_ms(),
                job_id=job.id,
                # Why it is proved anew stays known until it is.
                stale=() if before is None else before.stale,
            )
            self._stores.verifications.put(verification)
        return verification

    def find(self, policy_id: str, version: int) -> Verification:
        """Tell what is known of the proofs of one version.

        Raises:
            NotFoundError: nobody ever asked for it.
            UnavailableError: the store does not answer.

        """
        found = self._stores.verifications.find(policy_id, version)
        if found is None:
            raise NotFoundError(f"version {version} of policy `{policy_id[:80]}` is not proved")
        return self._as_it_is(found)

    def of_versions(self, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Verification]:
        """Tell what is known of many versions."""
        found = self._stores.verifications.of_versions(keys)
        return {(it.policy_id, it.version): self._as_it_is(it) for it in found}

    def work(self, task: Task) -> bytes:
        """Prove one version: the work of a job.

        Raises:
            UnavailableError: the store does not answer, or no proof could be looked for.

        """
        told = json.loads(task.payload)
        found = self._stores.verifications.find(told["policy"], told["version"])
        version = self._stores.policies.version(told["policy"], told["version"])
        if found is None or version is None or found.run != told["run"] or found.state.settled:
            # Somebody asked for it anew, and that run will speak; or it was settled before.
            return b"{}"
        basis = self._prover.basis(version)
        seen: list[Progress] = []

        def told_of(progress: Progress) -> None:
            seen.append(progress)
            self._note(found, progress)

        proven = self._prover.prove(version, told_of)
        last = seen[-1] if seen else Progress()
        done = replace(last, current="", completed=(*last.completed, last.current), remaining_ms=0)
        settled = self._settled(replace(found, basis=basis, progress=done), version, proven)
        self._settle(settled)
        return json.dumps({"state": settled.state.value}).encode()

    def watch(self, in_force: Sequence[tuple[str, int]] = ()) -> int:
        """Look whether everything that counts as proved still is; says how much was found.

        What does not rest any more on what it was proved from is marked as stale and proved anew.

        Raises:
            UnavailableError: the store does not answer.

        """
        policies = {it.id: it for it in self._stores.policies.all(None)}
        keys = {(it.id, it.newest) for it in policies.values()} | set(in_force)
        known = {
            (it.policy_id, it.version): it
            for it in self._stores.verifications.of_versions(sorted(keys))
        }
        found = 0
        for policy_id, version in sorted(keys):
            policy = policies.get(policy_id)
            if policy is not None:
                found += self._look(policy, version, known.get((policy_id, version)))
        return found

    def _look(self, policy: StoredPolicy, number: int, found: Verification | None) -> bool:
        version = self._stores.policies.version(policy.id, number)
        if version is None:
            return False
        if found is None:
            self.request(policy, number, _system(policy.tenant))
            return True
        if not found.state.settled:
            return self._look_after_job(policy, found)
        reasons = self._why_stale(version, found)
        if not reasons and not self._is_to_renew(found):
            return False
        if reasons != found.stale:
            self._mark(found, reasons)
        self.request(policy, number, _system(policy.tenant))
        return True

    def _why_stale(self, version: PolicyVersion, found: Verification) -> tuple[str, ...]:
        """Say why a settled run does not speak for this version any more."""
        if found.basis != self._prover.basis(version):
            return ("what the proofs rest on has changed: theory, checker, claims or policy",)
        if found.state is not VerificationState.VERIFIED or found.certificate is None:
            return ()
        fault = self._prover.fault(version, found.certificate, self._clock.now_ms())
        return (f"its certificate does not hold: {fault}",) if fault else ()

    def _is_to_renew(self, found: Verification) -> bool:
        if found.state is not VerificationState.VERIFIED:
            return False
        life_ms = found.expires_ms - found.settled_ms
        return self._clock.now_ms() > found.expires_ms - life_ms * _RENEW_SHARE

    def _look_after_job(self, policy: StoredPolicy, found: Verification) -> bool:
        """Settle a run whose job was given up; ask anew where the job is gone."""
        seen = self._as_it_is(found)
        if seen.state.settled:
            self._settle(seen)
            return True
        if self._jobs.peek(found.job_id) is None:
            self.request(policy, found.version, _system(policy.tenant))
            return True
        return False

    def _as_it_is(self, found: Verification) -> Verification:
        if found.state.settled:
            return found
        job = self._jobs.peek(found.job_id)
        if job is None or job.state is not JobState.FAILED:
            return found
        failure = ProofFailure("prove", job.problem or "the work ended without a word")
        return replace(
            found,
            state=VerificationState.FAILED,
            report=ProofReport(proved=False, failures=(failure,)),
            settled_ms=job.settled_ms,
        )

    def _settled(self, found: Verification, version: PolicyVersion, proven: Proven) -> Verification:
        report, certificate = proven.report, proven.certificate
        now = self._clock.now_ms()
        if report.proved:
            # Nobody's word is taken for it, not even that of whoever looked for the proofs.
            fault = (
                self._prover.fault(version, certificate, now)
                if certificate is not None
                else "there is none"
            )
            if fault:
                failure = ProofFailure("certificate", fault)
                report, certificate = replace(report, proved=False, failures=(failure,)), None
        proved = report.proved
        return replace(
            found,
            state=VerificationState.VERIFIED if proved else VerificationState.FAILED,
            stale=(),
            report=report,
            certificate=certificate if proved else None,
            settled_ms=now,
            expires_ms=proven.expires_ms if proved else 0,
        )

    def _settle(self, verification: Verification) -> None:
        verified = verification.state is VerificationState.VERIFIED
        report = verification.report
        with self._stores.together():
            if self._stores.verifications.settle(verification):
                self._audit.note(
                    _system(verification.tenant),
                    AuditAction.POLICY_VERIFIED if verified else AuditAction.POLICY_FAILED,
                    verification.policy_id,
                    version=verification.version,
                    run=verification.run,
                    failures=0 if report is None else len(report.failures),
                )

    def _mark(self, found: Verification, reasons: tuple[str, ...]) -> None:
        with self._stores.together():
            if self._stores.verifications.mark_stale(found, reasons):
                self._audit.note(
                    _system(found.tenant),
                    AuditAction.POLICY_STALE,
                    found.policy_id,
                    version=found.version,
                    reason="; ".join(reasons),
                )
        _log.warning("policy is stale", extra={"policy": found.policy_id, "reasons": reasons})

    def _note(self, found: Verification, progress: Progress) -> None:
        try:
            self._stores.verifications.progress(found, progress)
        except UnavailableError:
            # Only a word to whoever looks; the proof itself does not need the store.
            _log.warning("progress not noted", extra={"policy": found.policy_id})


def _system(tenant: str) -> Caller:
    return Caller(SYSTEM, Role.SERVICE, frozenset({Permission.WRITE_POLICIES}), tenant)
