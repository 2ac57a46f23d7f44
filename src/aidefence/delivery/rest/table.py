"""Every operation of the REST door, in the order in which the document tells of them."""

from __future__ import annotations

from aidefence.delivery.http.operations import Operation
from aidefence.delivery.rest import health, rules, workshop
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
        lines=True,
        asks=True,
    ),
)

OPERATIONS: tuple[Operation, ...] = (
    *_DETECTION,
    *workshop.OPERATIONS,
    *rules.OPERATIONS,
    *health.OPERATIONS,
)
