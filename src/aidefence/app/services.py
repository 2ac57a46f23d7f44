"""The use cases of a gateway, tied together from its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidefence import __version__
from aidefence.adapters.switch_file import SwitchFile
from aidefence.adapters.system import RandomIds, SystemClock
from aidefence.app.following import Following
from aidefence.app.keeper import Keeper
from aidefence.app.parts.access import open_access
from aidefence.app.parts.erasing import open_erasure
from aidefence.app.parts.limits import open_limits
from aidefence.app.parts.meter import open_meter
from aidefence.app.parts.policies import hold_files, open_police, open_policies
from aidefence.app.parts.policy_series import watch_policies
from aidefence.app.parts.series import watch_store
from aidefence.app.parts.store import open_store
from aidefence.app.parts.tracing import open_tracing
from aidefence.app.parts.vault import SharedVault
from aidefence.app.places import Places
from aidefence.app.running import Running
from aidefence.app.settings.aside import read_aside
from aidefence.app.steward import Steward
from aidefence.app.upkeep import Upkeep
from aidefence.ports.meter import Meter, Series
from aidefence.service.cores import cores
from aidefence.service.desk import Desk, Manners
from aidefence.service.express import Express
from aidefence.service.in_force import InForce
from aidefence.service.operations import Operations
from aidefence.service.services import Services
from aidefence.service.workshop import Workshop

if TYPE_CHECKING:
    from aidefence.app.settings import Settings, Sources


def make_services(settings: Settings) -> Services:
    """Wire the use cases alone, for one door in a process of its own; nothing is watched."""
    return wire_services(settings, open_keeper(settings), Running())


def open_keeper(settings: Settings, sources: Sources | None = None) -> Keeper:
    """Build what stands; `sources` are read again when somebody asks for it.

    Raises:
        ConfigError: rules, lists or a model are wrong.

    """
    return Keeper(
        settings,
        (lambda: settings) if sources is None else (lambda: read_aside(sources)),
        SwitchFile(Places(settings.state_dir).switches),
        SystemClock(),
        None if sources is None else sources.path,
    )


def wire_services(settings: Settings, keeper: Keeper, running: Running) -> Services:
    """Wire the use cases that all doors share; `running` gets what runs beside them."""
    meter, clock = open_meter(settings), SystemClock()
    tracing = open_tracing(settings)
    store = open_store(settings, lambda text: keeper.standing.guard.redact(text).text)
    running.add(Steward(settings, store).running)
    policies, in_force = open_policies(settings, store), InForce()
    keeper.also(hold_files(settings, in_force))
    running.add(Following(settings, policies.stores, in_force, policies.prover.close).running)
    access = open_access(settings, store.database, store.audit)
    limits = open_limits(settings, store.database)
    keeper.also(limits.prepare)
    running.add(Upkeep(access, limits).running)
    police = open_police(settings, in_force)
    now_ns = clock.monotonic_ns
    desk = Desk(
        keeper.standing,
        limits.limiter,
        store.log if tracing is None else tracing.around(store.log),
        meter,
        _manners(settings),
        now_ns,
        police,
        # A trace tells of every inspection: then each goes the usual way.
        Express(store.log, meter, police, now_ns) if tracing is None else None,
    )
    versions = {"engine": __version__, **keeper.standing.inspector.knowledge}
    # Names first: the first answer of a new policy tells them.
    keeper.feed(lambda standing: versions.update(standing.inspector.knowledge))
    keeper.feed(desk.stand_on)
    _watch(meter, keeper, desk)
    watch_store(meter, store)
    watch_policies(meter, policies, in_force)
    return Services(
        desk=desk,
        gate=access.gate,
        meter=meter,
        clock=clock,
        ids=RandomIds(),
        workshop=Workshop(desk),
        operations=Operations(keeper.switchboard, keeper, store.audit, clock),
        versions=versions,
        node=settings.server.node,
        episodes=store.episodes,
        feedback=store.feedback,
        reviews=store.reviews,
        audit=store.audit,
        jobs=store.jobs,
        keys=access.keys,
        sessions=access.sessions,
        vault=SharedVault(settings),
        erasure=open_erasure(settings, store),
        policies=policies.desk,
    )


def _watch(meter: Meter, keeper: Keeper, desk: Desk) -> None:
    meter.watch(
        Series(
            "reload_failures",
            "How often new settings or switches were not put in force, in this worker.",
            (),
            lambda: [((), float(keeper.failures))],
            rises=True,
        )
    )
    meter.watch(
        Series(
            "switches_off",
            "Switches that are off.",
            (),
            lambda: [((), float(keeper.switched_off))],
        )
    )
    meter.watch(
        Series(
            "waiting_requests",
            "Requests that wait for their turn, in this worker.",
            (),
            lambda: [((), float(desk.waiting))],
        )
    )


def _manners(settings: Settings) -> Manners:
    overload = settings.overload
    return Manners(
        slow_max=overload.slow_requests_max,
        waiting_max=overload.waiting_requests_max,
        of_one_max=overload.slow_requests_of_one_max,
        deadline_ms=settings.deadline_ms,
        when_full=overload.when_full,
        threads_max=max(1, cores() // settings.server.workers),
    )
