"""Policies and their versions, in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import POLICIES, POLICY_VERSIONS
from aidefence.domain.policy_store import PolicyVersion, StoredPolicy


class PolicyTable:
    """Keeps policies; a version that was written stays as it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, policy: StoredPolicy, version: PolicyVersion) -> None:
        """Keep a new policy with its first version."""
        row = {
            "id": policy.id,
            "tenant": policy.tenant,
            "name": policy.name,
            "description": policy.description,
            "verification_required": int(policy.verification_required),
            "newest": policy.newest,
            "created_ms": policy.created_ms,
            "created_by": policy.created_by,
            "retired_ms": policy.retired_ms,
        }
        with self._database.change() as connection:
            connection.execute(insert(POLICIES).values(**row))
            connection.execute(insert(POLICY_VERSIONS).values(**_version_row(version)))

    def add_version(self, tenant: str, version: PolicyVersion) -> bool:
        """Keep the next version; false where its number is taken, or the policy is retired."""
        before = (
            (POLICIES.c.id == version.policy_id)
            & (POLICIES.c.tenant == tenant)
            & (POLICIES.c.newest == version.version - 1)
            & POLICIES.c.retired_ms.is_(None)
        )
        with self._database.change() as connection:
            step = update(POLICIES).where(before).values(newest=version.version)
            if connection.execute(step).rowcount != 1:
                return False
            connection.execute(insert(POLICY_VERSIONS).values(**_version_row(version)))
            return True

    def find(self, tenant: str, policy_id: str) -> StoredPolicy | None:
        """Return a policy."""
        query = select(POLICIES).where(POLICIES.c.id == policy_id, POLICIES.c.tenant == tenant)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _policy(row)

    def all(self, tenant: str | None, *, retired: bool = False) -> Sequence[StoredPolicy]:
        """Return the policies of a tenant, or of all, the newest first."""
        query = select(POLICIES).order_by(POLICIES.c.created_ms.desc(), POLICIES.c.id)
        if tenant is not None:
            query = query.where(POLICIES.c.tenant == tenant)
        if not retired:
            query = query.where(POLICIES.c.retired_ms.is_(None))
        with self._database.read() as connection:
            return [_policy(row) for row in connection.execute(query)]

    def version(self, policy_id: str, version: int) -> PolicyVersion | None:
        """Return one version."""
        query = select(POLICY_VERSIONS).where(
            POLICY_VERSIONS.c.policy_id == policy_id, POLICY_VERSIONS.c.version == version
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else open_version(row)

    def versions(self, policy_id: str) -> Sequence[PolicyVersion]:
        """Return all versions, the newest first."""
        query = (
            select(POLICY_VERSIONS)
            .where(POLICY_VERSIONS.c.policy_id == policy_id)
            .order_by(POLICY_VERSIONS.c.version.desc())
        )
        with self._database.read() as connection:
            return [open_version(row) for row in connection.execute(query)]

    def retire(self, tenant: str, policy_id: str, now_ms: int) -> bool:
        """Mark a policy as retired; false where it is none, or is retired already."""
        standing = (
            (POLICIES.c.id == policy_id)
            & (POLICIES.c.tenant == tenant)
            & POLICIES.c.retired_ms.is_(None)
        )
        with self._database.change() as connection:
            done = connection.execute(update(POLICIES).where(standing).values(retired_ms=now_ms))
            return done.rowcount == 1


def open_version(row: Row[Any]) -> PolicyVersion:
    """Make a version of its row."""
    return PolicyVersion(
        policy_id=row.policy_id,
        version=row.version,
        source=row.source.decode("utf-8"),
        image=row.image,
        digest=row.digest,
        properties=row.properties,
        created_ms=row.created_ms,
        created_by=row.created_by,
    )


def _version_row(version: PolicyVersion) -> dict[str, object]:
    return {
        "policy_id": version.policy_id,
        "version": version.version,
        # As bytes: there are texts that a database refuses.
        "source": version.source.encode("utf-8"),
        "image": version.image,
        "digest": version.digest,
        "properties": version.properties,
        "created_ms": version.created_ms,
        "created_by": version.created_by,
    }


def _policy(row: Row[Any]) -> StoredPolicy:
    return StoredPolicy(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        description=row.description,
        verification_required=bool(row.verification_required),
        newest=row.newest,
        created_ms=row.created_ms,
        created_by=row.created_by,
        retired_ms=row.retired_ms,
    )
