"""One request again, what people say about it, and windows of time."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, read_json, read_query, say
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.remembered import WireEpisode, tell_episode, there
from aidefence.delivery.rest.windows import WireWindow, tell_window
from aidefence.domain.access import Permission
from aidefence.domain.feedback import GroundTruth, Outcome
from aidefence.domain.windows import Window

MetricName = Literal["throughput", "latency", "accuracy", "learning"]


class FeedbackRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """What the content of a request really was; `outcome` only has to fit, where it is given."""

    request_id: Annotated[str, Meta(min_length=1, max_length=128)]
    ground_truth: Literal["attack", "benign"]
    outcome: Literal["TP", "FP", "TN", "FN"] | None = None
    additional_context: dict[str, Any] | None = None


class FeedbackResponse(Struct, frozen=True, rename="camel"):
    """The word is on the disk. This version does not learn from it by itself."""

    feedback_id: str
    episode_stored: bool
    learning_triggered: bool
    estimated_improvement_time: float | None


class WireFeedback(Struct, frozen=True, rename="camel"):
    """One word about a request."""

    feedback_id: str
    timestamp: int
    by: str
    source: Literal["caller", "review"]
    ground_truth: Literal["attack", "benign"]
    outcome: Literal["TP", "FP", "TN", "FN"]


class ShownRequest(Struct, frozen=True, rename="camel"):
    """What was decided about a request, and what was said about it since."""

    request: WireEpisode
    feedback: tuple[WireFeedback, ...]


class MetricsQuery(Struct, forbid_unknown_fields=True, rename="camel"):
    """Which window, and which of its metrics; none named are all."""

    window: Literal["1h", "24h", "7d", "30d"] = "1h"
    metrics: list[MetricName] = []


_decode_feedback = msgspec.json.Decoder(FeedbackRequest).decode


async def _show_request(house: House, call: Call) -> Response:
    return await asyncio.to_thread(_shown, house, call)


def _shown(house: House, call: Call) -> Response:
    request_id: str = call.request.path_params["id"]
    episode = there(house.services.episodes).find(request_id, call.caller)
    words = there(house.services.feedback).about(episode.id, call.caller)
    told = tuple(
        WireFeedback(it.id, it.at_ms, it.by, it.source.value, it.truth.value, it.outcome.value)
        for it in words
    )
    return say(ShownRequest(tell_episode(episode), told))


async def _give_feedback(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_feedback)
    outcome = None if given.outcome is None else Outcome(given.outcome)
    kept = await asyncio.to_thread(
        there(house.services.feedback).give,
        given.request_id,
        call.caller,
        GroundTruth(given.ground_truth),
        outcome,
        given.additional_context,
    )
    return say(FeedbackResponse(kept.feedback.id, True, False, None))


async def _show_window(house: House, call: Call) -> Response:
    query = read_query(call, MetricsQuery)
    episodes = there(house.services.episodes)
    summed = await asyncio.to_thread(episodes.window, Window(query.window), call.caller)
    return say(tell_window(summed, frozenset(query.metrics)))


OPERATIONS = (
    Operation(
        name="showRequest",
        method="GET",
        path="/api/v2/requests/{id}",
        summary="Tell what was decided about a request; a service sees its own",
        permission=Permission.READ_REQUESTS,
        handle=_show_request,
        tag="memory",
        response=ShownRequest,
        needs="episodes",
    ),
    Operation(
        name="giveFeedback",
        method="POST",
        path="/api/v2/feedback",
        summary="Say what a content really was",
        permission=Permission.FEEDBACK,
        handle=_give_feedback,
        tag="memory",
        request=FeedbackRequest,
        response=FeedbackResponse,
        needs="feedback",
        refuses=(404,),
    ),
    Operation(
        name="metrics",
        method="GET",
        path="/api/v2/metrics",
        summary="Sum up the last hour, day, week or month",
        permission=Permission.READ_METRICS,
        handle=_show_window,
        tag="memory",
        query=MetricsQuery,
        response=WireWindow,
        needs="episodes",
    ),
)
