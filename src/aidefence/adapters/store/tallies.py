"""What nodes report of policies: what they have in force, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import POLICY_NODES, POLICY_SHADOWS, POLICY_TALLIES
from aidefence.adapters.store.writing import add_up, put
from aidefence.domain.enums import ACTIONS
from aidefence.domain.policy_store import Arm, ArmCounts, Environment, NodeReport, ShadowChange

_BLOCKED, _FAILED, _DURATION = "blocked", "failed", "duration"
_EXAMPLES_MAX = 20


class TallyTable:
    """Keeps reports of nodes, counts by side of a roll-out, and what shadows would have done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def report(self, node: NodeReport) -> None:
        """Keep what a process has in force."""
        row = {
            "node": node.node,
            "pid": node.pid,
            "environment": node.environment.value,
            "generation": node.generation,
            "loaded": node.loaded,
            "at_ms": node.at_ms,
            "problem": node.problem,
        }
        with self._database.change() as connection:
            put(connection, POLICY_NODES, row)

    def leave(self, node: str, pid: int) -> None:
        """Forget a process that ends."""
        this = (POLICY_NODES.c.node == node) & (POLICY_NODES.c.pid == pid)
        with self._database.change() as connection:
            connection.execute(delete(POLICY_NODES).where(this))

    def nodes(self, since_ms: int) -> Sequence[NodeReport]:
        """Return the processes that reported since then."""
        query = (
            select(POLICY_NODES)
            .where(POLICY_NODES.c.at_ms >= since_ms)
            .order_by(POLICY_NODES.c.node, POLICY_NODES.c.pid)
        )
        with self._database.read() as connection:
            return [
                NodeReport(
                    node=row.node,
                    pid=row.pid,
                    environment=Environment(row.environment),
                    generation=row.generation,
                    loaded=row.loaded,
                    at_ms=row.at_ms,
                    problem=row.problem,
                )
                for row in connection.execute(query)
            ]

    def count(self, at_ms: int, counts: Mapping[Arm, ArmCounts]) -> None:
        """Add to what the sides of roll-outs have seen."""
        rows = [
            {
                "deployment_id": arm.deployment_id,
                "at_ms": at_ms,
                "arm": int(arm.new),
                "kind": kind,
                "bucket": bucket,
                "decisions": decisions,
            }
            for arm, seen in counts.items()
            for kind, bucket, decisions in _cells(seen)
        ]
        with self._database.change() as connection:
            add_up(connection, POLICY_TALLIES, "decisions", rows)

    def counted(self, deployment_id: str, since_ms: int) -> tuple[ArmCounts, ArmCounts]:
        """Sum up a roll-out since then: what was there before, and the new version."""
        table = POLICY_TALLIES.c
        query = (
            select(table.arm, table.kind, table.bucket, func.sum(table.decisions))
            .where(table.deployment_id == deployment_id, table.at_ms >= since_ms)
            .group_by(table.arm, table.kind, table.bucket)
        )
        cells: dict[int, dict[tuple[str, int], int]] = {0: {}, 1: {}}
        with self._database.read() as connection:
            for arm, kind, bucket, total in connection.execute(query):
                cells[arm][kind, bucket] = int(total)
        return _counts(cells[0]), _counts(cells[1])

    def note_shadow(
        self, policy_id: str, version: int, environment: Environment, change: ShadowChange
    ) -> None:
        """Add to what a version that only watches would have decided."""
        key: dict[str, Any] = {
            "policy_id": policy_id,
            "version": version,
            "environment": environment.value,
            "was": change.was.code,
            "would": change.would.code,
        }
        with self._database.change() as connection:
            self._database.take_turn(f"shadow {policy_id}")
            query = select(POLICY_SHADOWS).where(
                *(POLICY_SHADOWS.c[name] == value for name, value in key.items())
            )
            row = connection.execute(query).one_or_none()
            examples = list(change.examples)
            decisions = change.decisions
            if row is not None:
                examples = [*json.loads(row.examples), *examples]
                decisions += row.decisions
            new = {"decisions": decisions, "examples": json.dumps(examples[-_EXAMPLES_MAX:])}
            put(connection, POLICY_SHADOWS, {**key, **new})

    def shadowed(
        self, policy_id: str, version: int, environment: Environment
    ) -> Sequence[ShadowChange]:
        """Return what a version that only watches would have decided."""
        table = POLICY_SHADOWS.c
        query = (
            select(POLICY_SHADOWS)
            .where(
                table.policy_id == policy_id,
                table.version == version,
                table.environment == environment.value,
            )
            .order_by(table.was, table.would)
        )
        with self._database.read() as connection:
            return [
                ShadowChange(
                    ACTIONS[row.was],
                    ACTIONS[row.would],
                    row.decisions,
                    tuple(json.loads(row.examples)),
                )
                for row in connection.execute(query)
            ]

    def purge(self, before_ms: int) -> int:
        """Forget what is older; says how much."""
        with self._database.change() as connection:
            gone = connection.execute(
                delete(POLICY_TALLIES).where(POLICY_TALLIES.c.at_ms < before_ms)
            ).rowcount
            gone += connection.execute(
                delete(POLICY_NODES).where(POLICY_NODES.c.at_ms < before_ms)
            ).rowcount
        return int(gone)


def _cells(seen: ArmCounts) -> list[tuple[str, int, int]]:
    cells = [(_DURATION, bucket, count) for bucket, count in seen.durations.items()]
    cells += [(_BLOCKED, 0, seen.blocked), (_FAILED, 0, seen.failed)]
    return [it for it in cells if it[2]]


def _counts(cells: Mapping[tuple[str, int], int]) -> ArmCounts:
    durations = {bucket: n for (kind, bucket), n in cells.items() if kind == _DURATION}
    return ArmCounts(
        decisions=sum(durations.values()),
        blocked=cells.get((_BLOCKED, 0), 0),
        failed=cells.get((_FAILED, 0), 0),
        durations=durations,
    )
