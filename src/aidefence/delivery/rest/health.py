"""Whether this process lives and inspects, what it counts, and the document of all this."""

from __future__ import annotations

from functools import cache

import msgspec
from msgspec import Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, say
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.wire import WireDegraded
from aidefence.domain.access import Permission
from aidefence.domain.asking import UNCONDITIONAL
from aidefence.ports.renewal import Phase


class Health(Struct, frozen=True):
    """The process answers."""

    status: str


class Readiness(Struct, frozen=True, rename="camel"):
    """Whether a text would be inspected now; `degraded` are checks that would be left out.

    `status` is `ready`, or with 503 `starting` or `draining`.
    """

    status: str
    policy_version: str
    degraded: tuple[WireDegraded, ...]


async def _healthz(house: House, call: Call) -> Response:  # noqa: ARG001 -- nothing is looked at
    return say(Health("ok"))


async def _readyz(house: House, call: Call) -> Response:  # noqa: ARG001 -- the same for all
    standing, phase = house.services.desk.standing, house.services.operations.phase
    inspector = standing.inspector
    if phase is not Phase.SERVING:
        return say(Readiness(phase.value, inspector.policy_version, ()), 503)
    # The whole corridor, not a flag: ready means that a text would be inspected now.
    detection = inspector.inspect("are you ready?", UNCONDITIONAL)
    missed = dict.fromkeys((*standing.off, *detection.degraded, *inspector.standing))
    degraded = tuple(WireDegraded(it.check, it.reason) for it in missed)
    return say(Readiness("ready", inspector.policy_version, degraded))


async def _metrics(house: House, call: Call) -> Response:  # noqa: ARG001 -- the same for all
    content_type, document = house.services.meter.render()
    return Response(document, headers={"content-type": content_type})


async def _openapi(house: House, call: Call) -> Response:  # noqa: ARG001 -- the same for all
    return Response(_document(), media_type="application/json")


@cache
def _document() -> bytes:
    # The table stands on this module, and the document on the table.
    from aidefence.delivery.rest.openapi import make_openapi  # noqa: PLC0415

    return msgspec.json.encode(make_openapi())


OPERATIONS = (
    Operation(
        name="healthz",
        method="GET",
        path="/healthz",
        summary="Tell that the process lives",
        permission=None,
        handle=_healthz,
        tag="operations",
        response=Health,
    ),
    Operation(
        name="readyz",
        method="GET",
        path="/readyz",
        summary="Tell that texts are inspected now",
        permission=None,
        handle=_readyz,
        tag="operations",
        response=Readiness,
        also={503: Readiness},
    ),
    Operation(
        name="prometheus",
        method="GET",
        path="/metrics",
        summary="Counts in the Prometheus format",
        permission=Permission.READ_METRICS,
        handle=_metrics,
        tag="operations",
        media="text/plain",
    ),
    Operation(
        name="openapi",
        method="GET",
        path="/openapi.json",
        summary="This document",
        permission=None,
        handle=_openapi,
        tag="operations",
    ),
)
