"""The queue of decisions that people look at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import Handle, House, Operation, read_json, read_query, say
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.remembered import WireEpisode, tell_episode, there
from aidefence.domain.access import Permission
from aidefence.domain.review import ReviewCase, ReviewState
from aidefence.service.reviews import Reviews

PATH = "/api/v2/reviews"
StateName = Literal["open", "claimed", "approved", "rejected"]


class ReviewsQuery(Struct, forbid_unknown_fields=True, rename="camel"):
    """Cases in which states; none named are those that wait."""

    states: list[StateName] = []
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class Remark(Struct, forbid_unknown_fields=True, rename="camel"):
    """Why, in words of whoever decides."""

    comment: Annotated[str, Meta(max_length=4000)] = ""


class Said(Struct, forbid_unknown_fields=True, rename="camel"):
    """A comment for whoever looks next."""

    comment: Annotated[str, Meta(min_length=1, max_length=4000)]


class WireComment(Struct, frozen=True, rename="camel"):
    """What somebody wrote."""

    by: str
    timestamp: int
    text: str


class WireCase(Struct, frozen=True, rename="camel"):
    """One decision in the queue; `dueAt` is by when it should be settled. Times are Unix ms."""

    id: str
    reason: Literal["policy", "sample"]
    state: StateName
    opened_at: int
    due_at: int
    overdue: bool
    request: WireEpisode
    claimed_by: str | None
    claimed_until: int | None
    settled_by: str | None
    settled_at: int | None
    comments: tuple[WireComment, ...]


class WireQueue(Struct, frozen=True, rename="camel"):
    """Cases, those first that are due first, and how full the queue is."""

    cases: tuple[WireCase, ...]
    open: int
    claimed: int
    overdue: int
    oldest_at: int | None


_decode_remark = msgspec.json.Decoder(Remark).decode
_decode_said = msgspec.json.Decoder(Said).decode
_WAITING = ("open", "claimed")


async def _list(house: House, call: Call) -> Response:
    query = read_query(call, ReviewsQuery)
    return await asyncio.to_thread(_listed, house, call, query)


def _listed(house: House, call: Call, query: ReviewsQuery) -> Response:
    reviews, now = there(house.services.reviews), house.services.clock.now_ms()
    states = [ReviewState(it) for it in query.states or _WAITING]
    cases = reviews.cases(call.caller, states, query.limit)
    state = reviews.state(call.caller)
    told = tuple(_told(it, now) for it in cases)
    return say(WireQueue(told, state.open, state.claimed, state.overdue, state.oldest_ms))


def _step(step: Callable[[Reviews, str, Call], ReviewCase]) -> Handle:
    async def handle(house: House, call: Call) -> Response:
        return await _do(house, call, step)

    return handle


async def _approve(house: House, call: Call) -> Response:
    remark = await read_json(call, house, _decode_remark)
    return await _do(
        house, call, lambda reviews, id_, call: reviews.approve(id_, call.caller, remark.comment)
    )


async def _reject(house: House, call: Call) -> Response:
    remark = await read_json(call, house, _decode_remark)
    return await _do(
        house, call, lambda reviews, id_, call: reviews.reject(id_, call.caller, remark.comment)
    )


async def _comment(house: House, call: Call) -> Response:
    said = await read_json(call, house, _decode_said)
    return await _do(
        house, call, lambda reviews, id_, call: reviews.comment(id_, call.caller, said.comment)
    )


async def _do(
    house: House, call: Call, step: Callable[[Reviews, str, Call], ReviewCase]
) -> Response:
    reviews = there(house.services.reviews)
    case = await asyncio.to_thread(step, reviews, call.request.path_params["id"], call)
    return say(_told(case, house.services.clock.now_ms()))


def _told(case: ReviewCase, now_ms: int) -> WireCase:
    return WireCase(
        id=case.id,
        reason=case.reason.value,
        state=case.state.value,
        opened_at=case.opened_ms,
        due_at=case.due_ms,
        overdue=case.overdue(now_ms),
        request=tell_episode(case.episode),
        claimed_by=case.claimed_by,
        claimed_until=case.claimed_until_ms or None,
        settled_by=case.settled_by,
        settled_at=case.settled_ms or None,
        comments=tuple(WireComment(it.by, it.at_ms, it.text) for it in case.comments),
    )


def _review(
    name: str, path: str, summary: str, handle: Handle, request: type[Struct] | None = None
) -> Operation:
    return Operation(
        name=name,
        method="POST",
        path=f"{PATH}/{{id}}/{path}",
        summary=summary,
        permission=Permission.REVIEW,
        handle=handle,
        tag="reviews",
        request=request,
        response=WireCase,
        needs="reviews",
    )


OPERATIONS = (
    Operation(
        name="listReviews",
        method="GET",
        path=PATH,
        summary="List cases of the review queue",
        permission=Permission.REVIEW,
        handle=_list,
        tag="reviews",
        query=ReviewsQuery,
        response=WireQueue,
        needs="reviews",
    ),
    Operation(
        name="showReview",
        method="GET",
        path=f"{PATH}/{{id}}",
        summary="Show one case",
        permission=Permission.REVIEW,
        handle=_step(lambda reviews, id_, call: reviews.find(id_, call.caller)),
        tag="reviews",
        response=WireCase,
        needs="reviews",
    ),
    _review(
        *("claimReview", "claim", "Take a case: of two at once, one gets it"),
        _step(lambda reviews, id_, call: reviews.claim(id_, call.caller)),
    ),
    _review(
        *("releaseReview", "release", "Put a case back into the queue"),
        _step(lambda reviews, id_, call: reviews.release(id_, call.caller)),
    ),
    _review("approveReview", "approve", "Settle a case: it is harmless", _approve, Remark),
    _review("rejectReview", "reject", "Settle a case: it is an attack", _reject, Remark),
    _review("commentReview", "comment", "Comment on a case", _comment, Said),
)
