"""What operators do while the gateway runs: switch off, switch on, load again, look."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, read_json, say
from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.http.ways import Call
from aidefence.domain.access import Permission
from aidefence.domain.errors import ConfigError, SettingError
from aidefence.domain.switches import REASON_LENGTH_MAX, Switch, Switches
from aidefence.ports.renewal import Worker

_SWITCHES = "/api/v2/switches"


class SwitchOff(Struct, forbid_unknown_fields=True, rename="camel"):
    """Why something is switched off; answers say so for as long as it is."""

    reason: Annotated[str, Meta(max_length=REASON_LENGTH_MAX)] = ""


class WireThrown(Struct, frozen=True, rename="camel"):
    """A switch that is off: who did it, when, and why."""

    switch: str
    by: str
    reason: str
    timestamp: int


class WireSwitches(Struct, frozen=True, rename="camel"):
    """All that is off; `generation` grows with every change."""

    generation: int
    off: tuple[WireThrown, ...]


class WireWorker(Struct, frozen=True, rename="camel"):
    """What holds in one process that serves.

    `failure` says why newer settings are not in force, `restart` which ones need a restart.
    """

    pid: int
    phase: Literal["starting", "serving", "draining"]
    generation: int
    policy_version: str
    loaded_at: int
    failure: str
    restart: tuple[str, ...]


class WireWorkers(Struct, frozen=True):
    """All processes that serve."""

    workers: tuple[WireWorker, ...]


_decode_off = msgspec.json.Decoder(SwitchOff).decode


async def _list(house: House, call: Call) -> Response:  # noqa: ARG001 -- the same for all
    return say(_told(await asyncio.to_thread(house.services.operations.switches)))


async def _switch_off(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_off)
    switch = _named(call)
    done = house.services.operations.switch_off
    return say(_told(await asyncio.to_thread(done, switch, call.caller, given.reason)))


async def _switch_on(house: House, call: Call) -> Response:
    done = house.services.operations.switch_on
    return say(_told(await asyncio.to_thread(done, _named(call), call.caller)))


async def _reload(house: House, call: Call) -> Response:
    try:
        worker = await asyncio.to_thread(house.services.operations.reload, call.caller)
    except ConfigError as error:
        title = "The new settings are wrong; what stood before still does"
        raise Refusal(409, "settings-refused", title, str(error)) from None
    return say(_worker(worker))


async def _workers(house: House, call: Call) -> Response:  # noqa: ARG001 -- the same for all
    found = await asyncio.to_thread(house.services.operations.workers)
    return say(WireWorkers(tuple(map(_worker, found))))


def _named(call: Call) -> Switch:
    try:
        return Switch.parse(call.request.path_params["id"])
    except SettingError as error:
        raise Refusal(404, "not-found", "There is no such switch", error.reason) from None


def _told(switches: Switches) -> WireSwitches:
    off = tuple(WireThrown(str(it.switch), it.by, it.reason, it.at_ms) for it in switches.off)
    return WireSwitches(switches.generation, off)


def _worker(it: Worker) -> WireWorker:
    return WireWorker(
        pid=it.pid,
        phase=it.phase.value,
        generation=it.generation,
        policy_version=it.policy_version,
        loaded_at=it.loaded_at_ms,
        failure=it.failure,
        restart=it.restart,
    )


OPERATIONS = (
    Operation(
        name="listSwitches",
        method="GET",
        path=_SWITCHES,
        summary="Tell what is switched off",
        permission=Permission.OPERATE,
        handle=_list,
        tag="operations",
        response=WireSwitches,
    ),
    Operation(
        name="switchOff",
        method="PUT",
        path=f"{_SWITCHES}/{{id}}",
        summary="Switch something off, in all processes within a second",
        permission=Permission.OPERATE,
        handle=_switch_off,
        tag="operations",
        request=SwitchOff,
        response=WireSwitches,
    ),
    Operation(
        name="switchOn",
        method="DELETE",
        path=f"{_SWITCHES}/{{id}}",
        summary="Switch something on again",
        permission=Permission.OPERATE,
        handle=_switch_on,
        tag="operations",
        response=WireSwitches,
    ),
    Operation(
        name="reload",
        method="POST",
        path="/api/v2/reload",
        summary="Read settings, rules and lists again",
        permission=Permission.OPERATE,
        handle=_reload,
        tag="operations",
        response=WireWorker,
    ),
    Operation(
        name="listWorkers",
        method="GET",
        path="/api/v2/workers",
        summary="Tell what holds in each process that serves",
        permission=Permission.OPERATE,
        handle=_workers,
        tag="operations",
        response=WireWorkers,
    ),
)
