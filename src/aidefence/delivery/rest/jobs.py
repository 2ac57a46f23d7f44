"""Requests that are answered later: taken in, asked after, done by whichever worker is free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
from msgspec import Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, say
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.came import Came
from aidefence.delivery.rest.remembered import there
from aidefence.domain.access import Permission
from aidefence.domain.job import JobKind, Task
from aidefence.service.jobs import Handler, Jobs

PATH = "/api/v2/jobs"
StatusName = Literal["queued", "running", "done", "failed"]


class Accepted(Struct, frozen=True, rename="camel"):
    """What is promised: ask after `jobId`, also at the place in `Location`."""

    job_id: str
    status: StatusName


class WireJob(Struct, frozen=True, rename="camel", omit_defaults=True):
    """How far a job is; `result` is what would have been answered at once. Times are Unix ms."""

    job_id: str
    status: StatusName
    created_at: int
    settled_at: int | None = None
    expires_at: int | None = None
    problem: str | None = None
    result: msgspec.Raw | None = None


class _Kept(Struct, frozen=True):
    """What a worker needs beside the body, to answer as if at once."""

    body: msgspec.Raw
    core: bool
    peer: str | None


_OURS = (JobKind.DETECT, JobKind.DETECT_BATCH)
_decode_kept = msgspec.json.Decoder(_Kept).decode
_encode = msgspec.json.Encoder().encode


def submit(jobs: Jobs, kind: JobKind, body: bytes, came: Came, webhook: str | None) -> bytes:
    """Take in a request that is understood; whoever asked is told where to look."""
    payload = _encode(_Kept(msgspec.Raw(body), came.core_actions, came.peer))
    job = jobs.submit(kind, payload, came.caller, webhook)
    came.location = f"{PATH}/{job.id}"
    return _encode(Accepted(job.id, job.state.value))


def handlers(work_off: Callable[[JobKind, bytes, Came], bytes]) -> Mapping[JobKind, Handler]:
    """Say who does the jobs that this door takes in."""

    def work(task: Task) -> bytes:
        kept = _decode_kept(task.payload)
        came = Came(task.id, task.caller, kept.peer, kept.core)
        return work_off(task.kind, bytes(kept.body), came)

    return dict.fromkeys(_OURS, work)


async def _show(house: House, call: Call) -> Response:
    jobs = there(house.services.jobs)
    job = await asyncio.to_thread(jobs.find, call.request.path_params["id"], call.caller)
    told = WireJob(
        job_id=job.id,
        status=job.state.value,
        created_at=job.created_ms,
        settled_at=job.settled_ms or None,
        expires_at=job.expires_ms or None,
        problem=job.problem,
        result=None if job.result is None else msgspec.Raw(job.result),
    )
    return say(told, headers={} if job.state.settled else {"retry-after": "1"})


OPERATIONS = (
    Operation(
        name="showJob",
        method="GET",
        path=f"{PATH}/{{id}}",
        summary="Tell how far a job is, and what came out of it",
        permission=Permission.DETECT,
        handle=_show,
        tag="detection",
        response=WireJob,
        needs="jobs",
    ),
)
