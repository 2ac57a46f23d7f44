"""What holds of policies where, in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.policies import open_version
from aidefence.adapters.store.tables import (
    POLICY_DEPLOYMENTS,
    POLICY_SLOTS,
    POLICY_STATE,
    POLICY_VERSIONS,
)
from aidefence.domain.policy_store import (
    Book,
    Deployment,
    DeploymentState,
    Environment,
    PolicyVersion,
    Slot,
    Strategy,
)

_AT_ONCE = 400


class DeploymentTable:
    """Keeps slots and deployments. A slot is changed by whoever has seen its last revision."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def generation(self) -> int:
        """A number that grows with every change of what holds."""
        with self._database.read() as connection:
            return _generation(connection)

    def book(self, environment: Environment | None = None) -> Book:
        """Return all that is to be in force, in one environment or in all."""
        query = select(POLICY_SLOTS).order_by(POLICY_SLOTS.c.tenant, POLICY_SLOTS.c.policy_id)
        if environment is not None:
            query = query.where(POLICY_SLOTS.c.environment == environment.value)
        with self._database.read() as connection:
            # First the number: what changes meanwhile is then read once more, never missed.
            generation = _generation(connection)
            slots = tuple(_slot(row) for row in connection.execute(query))
            versions = _named(connection, slots)
        return Book(generation, slots, versions)

    def slot(self, tenant: str, policy_id: str, environment: Environment) -> Slot:
        """Return what holds of a policy; an empty slot of revision 0 where nothing ever did."""
        found = [it for it in self.slots(policy_id) if it.environment is environment]
        return found[0] if found else Slot(tenant, policy_id, environment)

    def slots(self, policy_id: str) -> Sequence[Slot]:
        """Return what holds of a policy, in all environments."""
        query = select(POLICY_SLOTS).where(POLICY_SLOTS.c.policy_id == policy_id)
        with self._database.read() as connection:
            return [_slot(row) for row in connection.execute(query)]

    def put_slot(self, slot: Slot) -> int | None:
        """Keep a slot whose revision is one more than what is there; gives the generation."""
        row = {it.name: getattr(slot, it.name) for it in fields(Slot)}
        row |= {"environment": slot.environment.value, "strategy": slot.strategy.value}
        before = (
            (POLICY_SLOTS.c.policy_id == slot.policy_id)
            & (POLICY_SLOTS.c.environment == slot.environment.value)
            & (POLICY_SLOTS.c.revision == slot.revision - 1)
        )
        with self._database.change() as connection:
            if slot.revision == 1:
                try:
                    with connection.begin_nested():
                        connection.execute(insert(POLICY_SLOTS).values(**row))
                except IntegrityError:
                    return None
            elif connection.execute(update(POLICY_SLOTS).where(before).values(**row)).rowcount != 1:
                return None
            grown = POLICY_STATE.c.generation + 1
            connection.execute(update(POLICY_STATE).values(generation=grown))
            return _generation(connection)

    def add(self, deployment: Deployment) -> None:
        """Keep a new deployment."""
        row = {it.name: getattr(deployment, it.name) for it in fields(Deployment)}
        row |= {
            "environment": deployment.environment.value,
            "strategy": deployment.strategy.value,
            "state": deployment.state.value,
            "verified": int(deployment.verified),
        }
        with self._database.change() as connection:
            connection.execute(insert(POLICY_DEPLOYMENTS).values(**row))

    def settle(self, deployment_id: str, state: DeploymentState, reason: str, now_ms: int) -> None:
        """Note what became of a deployment."""
        new = {"state": state.value, "reason": reason, "settled_ms": now_ms}
        this = POLICY_DEPLOYMENTS.c.id == deployment_id
        with self._database.change() as connection:
            connection.execute(update(POLICY_DEPLOYMENTS).where(this).values(**new))

    def find(self, tenant: str, deployment_id: str) -> Deployment | None:
        """Return a deployment."""
        query = select(POLICY_DEPLOYMENTS).where(
            POLICY_DEPLOYMENTS.c.id == deployment_id, POLICY_DEPLOYMENTS.c.tenant == tenant
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _deployment(row)

    def all(self, policy_id: str, limit: int) -> Sequence[Deployment]:
        """Return the deployments of a policy, the newest first."""
        query = (
            select(POLICY_DEPLOYMENTS)
            .where(POLICY_DEPLOYMENTS.c.policy_id == policy_id)
            .order_by(POLICY_DEPLOYMENTS.c.generation.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_deployment(row) for row in connection.execute(query)]


def _generation(connection: Connection) -> int:
    return int(connection.scalar(select(POLICY_STATE.c.generation)) or 0)


def _named(connection: Connection, slots: Sequence[Slot]) -> tuple[PolicyVersion, ...]:
    keys = sorted(
        {
            (it.policy_id, version)
            for it in slots
            for version in (it.stable, it.candidate, it.shadow)
            if version is not None
        }
    )
    key = tuple_(POLICY_VERSIONS.c.policy_id, POLICY_VERSIONS.c.version)
    found: list[PolicyVersion] = []
    for at in range(0, len(keys), _AT_ONCE):
        query = select(POLICY_VERSIONS).where(key.in_(keys[at : at + _AT_ONCE]))
        found += [open_version(row) for row in connection.execute(query)]
    return tuple(found)


def _slot(row: Row[Any]) -> Slot:
    told: dict[str, Any] = {it.name: getattr(row, it.name) for it in fields(Slot)}
    told |= {"environment": Environment(row.environment), "strategy": Strategy(row.strategy)}
    return Slot(**told)


def _deployment(row: Row[Any]) -> Deployment:
    told: dict[str, Any] = {it.name: getattr(row, it.name) for it in fields(Deployment)}
    told |= {
        "environment": Environment(row.environment),
        "strategy": Strategy(row.strategy),
        "state": DeploymentState(row.state),
        "verified": bool(row.verified),
    }
    return Deployment(**told)
