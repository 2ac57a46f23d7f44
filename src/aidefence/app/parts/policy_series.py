"""Numbers of policies among those for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from aidefence.adapters.system import SystemClock
from aidefence.app.parts.policies import PolicyParts
from aidefence.ports.meter import Meter, Reading, Series
from aidefence.service.in_force import InForce
from aidefence.service.policies import status_of


def watch_policies(meter: Meter, parts: PolicyParts, in_force: InForce) -> None:
    """Tell how policies stand whenever counts are asked for."""
    for series in (
        Series(
            "policies",
            "Policies that are not retired, by how their newest version stands.",
            ("status",),
            lambda: _by_status(parts),
        ),
        Series(
            "policies_drifted",
            "What is in force and is not what was proved or deployed, by environment.",
            ("environment",),
            lambda: _drifted(parts),
        ),
        Series(
            "policies_rolling_out",
            "Roll-outs that are going on, by environment.",
            ("environment",),
            lambda: _rolling_out(parts),
        ),
        Series(
            "policies_in_force",
            "Versions that this worker decides by or lets watch.",
            (),
            lambda: [((), float(len(in_force.held.loaded)))],
        ),
        Series(
            "policy_generation",
            "Which generation of deployments this worker decides by.",
            (),
            lambda: [((), float(in_force.held.generation))],
        ),
    ):
        meter.watch(series)


def _by_status(parts: PolicyParts) -> Iterable[Reading]:
    policies, now = parts.stores.policies.all(None), SystemClock().now_ms()
    known = parts.verifications.of_versions([(it.id, it.newest) for it in policies])
    counted = Counter(status_of(known.get((it.id, it.newest)), now) for it in policies)
    return [((status.value,), float(count)) for status, count in counted.items()]


def _drifted(parts: PolicyParts) -> Iterable[Reading]:
    counted = Counter(it.environment.value for it in parts.watch.drifts())
    return [((name,), float(count)) for name, count in counted.items()]


def _rolling_out(parts: PolicyParts) -> Iterable[Reading]:
    slots = parts.stores.deployments.book().slots
    counted = Counter(it.environment.value for it in slots if it.candidate is not None)
    return [((name,), float(count)) for name, count in counted.items()]
