"""What is known of the proofs of policies, in the store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, tuple_, update

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import POLICY_VERIFICATIONS
from aidefence.adapters.store.writing import put
from aidefence.domain.policy_store import (
    Progress,
    ProofFailure,
    ProofReport,
    Verification,
    VerificationState,
)

_UNSETTLED = [it.value for it in VerificationState if not it.settled]
_AT_ONCE = 400


class VerificationTable:
    """Keeps one row for each version; its run says which attempt may still speak."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, verification: Verification) -> None:
        """Keep a new run, in the place of the one before."""
        with self._database.change() as connection:
            put(connection, POLICY_VERIFICATIONS, _row(verification))

    def find(self, policy_id: str, version: int) -> Verification | None:
        """Return what is known of one version."""
        found = self.of_versions([(policy_id, version)])
        return found[0] if found else None

    def of_versions(self, keys: Sequence[tuple[str, int]]) -> Sequence[Verification]:
        """Return what is known of many versions."""
        key = tuple_(POLICY_VERIFICATIONS.c.policy_id, POLICY_VERIFICATIONS.c.version)
        found: list[Verification] = []
        with self._database.read() as connection:
            for at in range(0, len(keys), _AT_ONCE):
                query = select(POLICY_VERIFICATIONS).where(key.in_(keys[at : at + _AT_ONCE]))
                found += [_open(row) for row in connection.execute(query)]
        return found

    def unsettled(self) -> Sequence[Verification]:
        """Return all that are not settled."""
        state = POLICY_VERIFICATIONS.c.state
        with self._database.read() as connection:
            query = select(POLICY_VERIFICATIONS).where(state.in_(_UNSETTLED))
            return [_open(row) for row in connection.execute(query)]

    def progress(self, verification: Verification, progress: Progress) -> bool:
        """Note how far a run is; false where another one has begun."""
        new = {"state": VerificationState.PROVING.value, "progress": _write_progress(progress)}
        return self._change(verification, new)

    def settle(self, verification: Verification) -> bool:
        """Settle a run; false where another one has begun."""
        return self._change(verification, _row(verification))

    def mark_stale(self, verification: Verification, reasons: tuple[str, ...]) -> bool:
        """Note why a run is not to be trusted any more; false where another one has begun."""
        return self._change(verification, {"stale": json.dumps(reasons)})

    def _change(self, verification: Verification, new: Mapping[str, object]) -> bool:
        same = (
            (POLICY_VERIFICATIONS.c.policy_id == verification.policy_id)
            & (POLICY_VERIFICATIONS.c.version == verification.version)
            & (POLICY_VERIFICATIONS.c.run == verification.run)
        )
        with self._database.change() as connection:
            step = update(POLICY_VERIFICATIONS).where(same).values(**new)
            return connection.execute(step).rowcount == 1


def _row(it: Verification) -> dict[str, object]:
    return {
        "policy_id": it.policy_id,
        "version": it.version,
        "tenant": it.tenant,
        "state": it.state.value,
        "run": it.run,
        "requested_ms": it.requested_ms,
        "job_id": it.job_id,
        "basis": it.basis,
        "stale": json.dumps(it.stale),
        "progress": _write_progress(it.progress),
        "report": None if it.report is None else _write_report(it.report),
        "certificate": it.certificate,
        "settled_ms": it.settled_ms,
        "expires_ms": it.expires_ms,
    }


def _open(row: Row[Any]) -> Verification:
    return Verification(
        policy_id=row.policy_id,
        version=row.version,
        tenant=row.tenant,
        state=VerificationState(row.state),
        run=row.run,
        requested_ms=row.requested_ms,
        job_id=row.job_id,
        basis=row.basis,
        stale=tuple(json.loads(row.stale)),
        progress=_read_progress(row.progress),
        report=None if row.report is None else _read_report(row.report),
        certificate=row.certificate,
        settled_ms=row.settled_ms,
        expires_ms=row.expires_ms,
    )


def _write_progress(it: Progress) -> str:
    return json.dumps([it.current, it.completed, it.total, it.remaining_ms])


def _read_progress(text: str) -> Progress:
    current, completed, total, remaining_ms = json.loads(text)
    return Progress(current, tuple(completed), total, remaining_ms)


def _write_report(it: ProofReport) -> bytes:
    told = {
        "proved": it.proved,
        "prover": it.prover,
        "tactics": it.tactics,
        "lemmas": it.lemmas,
        "tree": it.tree,
        "failures": [
            {"step": one.step, "reason": one.reason, "counterexample": one.counterexample}
            for one in it.failures
        ],
        "elapsed_ms": it.elapsed_ms,
    }
    return json.dumps(told).encode()


def _read_report(data: bytes) -> ProofReport:
    told = json.loads(data)
    return ProofReport(
        proved=told["proved"],
        prover=told["prover"],
        tactics=tuple(told["tactics"]),
        lemmas=tuple(told["lemmas"]),
        tree=tuple(told["tree"]),
        failures=tuple(ProofFailure(**one) for one in told["failures"]),
        elapsed_ms=told["elapsed_ms"],
    )
