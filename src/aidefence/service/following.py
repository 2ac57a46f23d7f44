"""Keeps one worker in step with what is deployed, and reports what it has in force."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from aidefence.domain.errors import AIDefenceError
from aidefence.domain.policy_store import Environment, NodeReport
from aidefence.domain.refusals import UnavailableError
from aidefence.ports.clock import Clock
from aidefence.ports.policy_store import DeploymentStore, TallyStore
from aidefence.service.in_force import InForce, Load, hold

_log = logging.getLogger("aidefence.policies")

WINDOW_MS = 10_000
"""Counts of roll-outs are kept by windows of this length."""
REPORT_MS = 10_000
"""A process that serves reports at least this often."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which process this is."""

    node: str
    pid: int
    environment: Environment


class Follower:
    """Follows the store; one in each process that serves. Not shared between threads."""

    def __init__(
        self,
        deployments: DeploymentStore,
        tallies: TallyStore,
        in_force: InForce,
        load: Load,
        place: Place,
        clock: Clock,
    ) -> None:
        self._deployments = deployments
        self._tallies = tallies
        self._in_force = in_force
        self._load = load
        self._place = place
        self._clock = clock
        self._refused: tuple[int, object] = 0, ()
        """The generation that could not be put in force, and the files beside it then."""
        self._problem = ""
        self._reported_ms = 0

    def look(self) -> None:
        """Put in force what was deployed meanwhile; what cannot be loaded changes nothing.

        Raises:
            UnavailableError: the store does not answer; what holds goes on to hold.

        """
        generation = self._deployments.generation()
        is_new = generation != self._in_force.held.generation
        if is_new and self._refused != (generation, self._in_force.files):
            self._follow()
        elif self._clock.now_ms() < self._reported_ms + REPORT_MS:
            return
        self._report()

    def flush(self) -> None:
        """Hand over what was counted.

        Raises:
            UnavailableError: the store does not answer; these counts are lost, the next are not.

        """
        counts, changes = self._in_force.tallies.take()
        if counts:
            now = self._clock.now_ms()
            self._tallies.count(now - now % WINDOW_MS, counts)
        for (policy_id, version), change in changes:
            self._tallies.note_shadow(policy_id, version, self._place.environment, change)

    def leave(self) -> None:
        """Hand over the last counts and take the report away: this process ends."""
        self.flush()
        self._tallies.leave(self._place.node, self._place.pid)

    def _follow(self) -> None:
        book = self._deployments.book(self._place.environment)
        try:
            held = hold(book, self._load, self._in_force.held)
            self._in_force.swap(held)
        except UnavailableError:
            raise
        except (AIDefenceError, ValueError) as error:
            self._refused = book.generation, self._in_force.files
            self._problem = str(error)
            _log.error(
                "policies not in force",
                extra={"generation": book.generation, "reason": self._problem},
            )
            return
        self._refused, self._problem = (0, ()), ""
        _log.warning(
            "policies in force",
            extra={"generation": held.generation, "policies": len(held.loaded)},
        )

    def _report(self) -> None:
        held, now = self._in_force.held, self._clock.now_ms()
        place = self._place
        self._tallies.report(
            NodeReport(
                node=place.node,
                pid=place.pid,
                environment=place.environment,
                generation=held.generation,
                loaded=held.digest,
                at_ms=now,
                problem=self._problem,
            )
        )
        self._reported_ms = now
