"""What stands in this process, kept in step with files and switches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Phase(StrEnum):
    """Where a process is in its life."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Worker:
    """One process that serves, as it last told of itself."""

    pid: int
    phase: Phase
    generation: int
    """Of the switches that hold there."""
    policy_version: str
    loaded_at_ms: int
    """When the settings in force were read."""
    failure: str = ""
    """Why newer settings or switches are not in force."""
    restart: tuple[str, ...] = ()
    """Settings that changed and need a restart."""


class Renewal(Protocol):
    """Renews what stands, here and in the other processes."""

    @property
    def phase(self) -> Phase:
        """Where this process is in its life."""

    def renew(self) -> Worker:
        """Read settings, rules, lists and switches again, here now and in the others soon.

        Raises:
            ConfigError: they are wrong; what stood before still does.

        """

    def workers(self) -> list[Worker]:
        """Tell of all processes that serve."""
