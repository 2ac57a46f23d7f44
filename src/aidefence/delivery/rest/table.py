"""Every operation of the REST door, in the order in which the document tells of them."""

from __future__ import annotations

from aidefence.delivery.http import keys, sessions
from aidefence.delivery.http.operations import Operation
from aidefence.delivery.rest import (
    approvals,
    audit,
    detect_stream,
    feed,
    health,
    jobs,
    looking_back,
    operating,
    policies,
    reviews,
    rules,
    users,
    v1,
    vault,
    workshop,
)
from aidefence.delivery.rest.sockets import SocketWay
from aidefence.delivery.rest.wire import BatchRequest, BatchResponse, DetectRequest, DetectResponse
from aidefence.domain.access import Permission

DETECT = "/api/v2/detect"
BATCH = "/api/v2/detect/batch"

_DETECTION = (
    Operation(
        name="detect",
        method="POST",
        path=DETECT,
        summary="Inspect one content",
        permission=Permission.DETECT,
        handle=None,
        tag="detection",
        request=DetectRequest,
        response=DetectResponse,
        also={202: jobs.Accepted},
        asks=True,
    ),
    Operation(
        name="detectBatch",
        method="POST",
        path=BATCH,
        summary="Inspect many contents; as lines, as many as one likes",
        permission=Permission.DETECT,
        handle=None,
        tag="detection",
        request=BatchRequest,
        response=BatchResponse,
        also={202: jobs.Accepted},
        lines=True,
        asks=True,
    ),
)

OPERATIONS: tuple[Operation, ...] = (
    *_DETECTION,
    *jobs.OPERATIONS,
    *workshop.OPERATIONS,
    *vault.OPERATIONS,
    *looking_back.OPERATIONS,
    *feed.OPERATIONS,
    *reviews.OPERATIONS,
    *audit.OPERATIONS,
    *rules.OPERATIONS,
    *policies.OPERATIONS,
    *approvals.OPERATIONS,
    *operating.OPERATIONS,
    *users.OPERATIONS,
    *keys.OPERATIONS,
    *sessions.OPERATIONS,
    *health.OPERATIONS,
    *v1.OPERATIONS,
)

SOCKETS: tuple[SocketWay, ...] = (*detect_stream.SOCKETS, *feed.SOCKETS)
