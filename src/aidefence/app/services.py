"""The use cases of a gateway, tied together from its parts."""

from __future__ import annotations

from aidefence import __version__
from aidefence.adapters.system import RandomIds, SystemClock
from aidefence.app.guard import Guard
from aidefence.app.parts.access import open_access
from aidefence.app.parts.limits import open_admission
from aidefence.app.parts.meter import open_meter
from aidefence.app.parts.store import open_store
from aidefence.app.settings import Settings
from aidefence.app.tools import inspector_for
from aidefence.app.wiring import corridor_for
from aidefence.service.desk import Desk, Standing
from aidefence.service.inspect import Inspector
from aidefence.service.services import Services
from aidefence.service.workshop import Workshop


def make_services(settings: Settings) -> Services:
    """Wire the use cases that all doors share."""
    setup = settings.setup()
    corridor = corridor_for(setup)
    # Built before there are workers: all of them share it, and none waits for it.
    inspector_for(setup)
    meter = open_meter(settings)
    guard = Guard.of(setup)
    store = open_store(settings, lambda text: guard.redact(text).text)
    desk = Desk(Standing(Inspector(corridor), guard), open_admission(settings), store.log, meter)
    access = open_access(settings, store.database, store.audit)
    return Services(
        desk=desk,
        gate=access.gate,
        meter=meter,
        clock=SystemClock(),
        ids=RandomIds(),
        workshop=Workshop(desk),
        versions={"engine": __version__, **corridor.charter.knowledge},
        node=settings.server.node,
        episodes=store.episodes,
        feedback=store.feedback,
        reviews=store.reviews,
        audit=store.audit,
        jobs=store.jobs,
        keys=access.keys,
        sessions=access.sessions,
    )
