"""All use cases of a gateway in one hand: what a door is given."""

from __future__ import annotations

from dataclasses import dataclass

from aidefence.ports.clock import Clock
from aidefence.ports.ids import Ids
from aidefence.ports.meter import Meter
from aidefence.service.audit import Audit
from aidefence.service.desk import Desk
from aidefence.service.episodes import Episodes
from aidefence.service.erasing import Erasure
from aidefence.service.feedback import Feedbacks
from aidefence.service.gate import Gate
from aidefence.service.guarding import Vaulting
from aidefence.service.jobs import Jobs
from aidefence.service.keys import Keys
from aidefence.service.operations import Operations
from aidefence.service.policy_desk import PolicyDesk
from aidefence.service.reviews import Reviews
from aidefence.service.sessions import Sessions
from aidefence.service.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Services:
    """Use cases and the few things of the outside world that doors need."""

    desk: Desk
    gate: Gate
    meter: Meter
    clock: Clock
    ids: Ids
    workshop: Workshop
    operations: Operations
    versions: dict[str, str]
    """What knowledge speaks, by detector."""
    node: str = "local"
    episodes: Episodes | None = None
    """None of these four where the operator keeps no memory."""
    feedback: Feedbacks | None = None
    reviews: Reviews | None = None
    audit: Audit | None = None
    jobs: Jobs | None = None
    """None where every request is answered at once."""
    keys: Keys | None = None
    """None of these two where callers are not known by keys."""
    sessions: Sessions | None = None
    vault: Vaulting | None = None
    """None where no values are kept."""
    erasure: Erasure | None = None
    """None of these two where nothing is remembered."""
    policies: PolicyDesk | None = None
