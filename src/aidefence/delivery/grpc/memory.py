"""What was decided, what people say about it, and threats as they come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TypeVar

import msgspec

from aidefence.delivery.grpc.answers import write_episode
from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.methods import Call, Method, Shape
from aidefence.delivery.http.problems import invalid, not_json, too_large
from aidefence.domain.access import Permission
from aidefence.domain.enums import Category, Severity
from aidefence.domain.episode import FeedFilter
from aidefence.domain.errors import LimitError
from aidefence.domain.feedback import GroundTruth, Outcome
from aidefence.domain.refusals import DisabledError
from aidefence.service.services import Services

SERVICE = "aidefence.v2.Memory"

_PAGE = 100
_POLL_SECONDS = 0.5
_NAMES_MAX = 64
_TRUTHS = {pb.GroundTruth.Value(f"GROUND_TRUTH_{it.name}"): it for it in GroundTruth}
_WORTHS = {pb.Worth.Value(f"WORTH_{it.name}"): it for it in Outcome}
_WORTH_NUMBERS = {it: number for number, it in _WORTHS.items()}
_SEVERITIES = {
    pb.SEVERITY_UNSPECIFIED: Severity.LOW,
    **{pb.Severity.Value(f"SEVERITY_{it.name}"): it for it in Severity},
}
_CATEGORIES = {it.value: it for it in Category}
_decode = msgspec.json.Decoder(dict[str, object]).decode
_Part = TypeVar("_Part")
_Word = TypeVar("_Word")


class MemoryMethods:
    """Answers for the service `aidefence.v2.Memory`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def methods(self) -> list[Method]:
        """List what can be called."""
        get, give, feed = pb.GetRequestRequest, pb.GiveFeedbackRequest, pb.FeedRequest
        reading, word = Permission.READ_REQUESTS, Permission.FEEDBACK
        return [
            Method(SERVICE, "GetRequest", Shape.UNARY, get, reading, self._get),
            Method(SERVICE, "GiveFeedback", Shape.UNARY, give, word, self._give),
            Method(SERVICE, "Feed", Shape.FEED, feed, Permission.READ_FEED, self._feed),
        ]

    async def _get(self, message: pb.GetRequestRequest, call: Call) -> pb.Episode:
        episodes = _there(self._services.episodes)
        return write_episode(
            await asyncio.to_thread(episodes.find, message.request_id, call.caller)
        )

    async def _give(self, message: pb.GiveFeedbackRequest, call: Call) -> pb.GiveFeedbackResponse:
        feedback = _there(self._services.feedback)
        truth = _one_of(_TRUTHS, message.ground_truth, "/ground_truth")
        worth = _one_of(_WORTHS, message.outcome, "/outcome") if message.outcome else None
        context = _context(message.additional_context)
        try:
            given = await asyncio.to_thread(
                feedback.give, message.request_id, call.caller, truth, worth, context
            )
        except LimitError as error:
            raise too_large("/additional_context", str(error)) from None
        return pb.GiveFeedbackResponse(
            feedback_id=given.feedback.id,
            outcome=_WORTH_NUMBERS[given.feedback.outcome],
            new=given.new,
        )

    async def _feed(self, message: pb.FeedRequest, call: Call) -> AsyncIterator[pb.Episode]:
        # Read from the store, not from a queue of ours: who reads slowly costs nothing, and goes
        # on later where the last cursor was.
        episodes, wanted = _there(self._services.episodes), _wanted(message)
        if message.HasField("after"):
            cursor = message.after
        else:
            cursor = await asyncio.to_thread(episodes.tip)
        while True:
            page = await asyncio.to_thread(episodes.after, cursor, call.caller, wanted, _PAGE)
            for it in page.episodes:
                yield write_episode(it)
            cursor = page.cursor
            if len(page.episodes) < _PAGE:
                await asyncio.sleep(_POLL_SECONDS)
                # A key that was revoked meanwhile ends what it began.
                call.enter_again()


def _there(part: _Part | None) -> _Part:
    if part is None:
        raise DisabledError("this installation keeps no memory")
    return part


def _one_of(known: Mapping[int, _Word], number: int, place: str) -> _Word:
    word = known.get(number)
    if word is None:
        raise invalid(place, f"unknown number `{number}`")
    return word


def _context(data: bytes) -> Mapping[str, object] | None:
    if not data:
        return None
    try:
        return _decode(data)
    except msgspec.ValidationError:
        raise invalid("/additional_context", "expected a JSON object") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_json(f"`/additional_context`: {error}") from None
    except RecursionError:
        raise not_json("`/additional_context`: it is nested too deeply") from None


def _wanted(message: pb.FeedRequest) -> FeedFilter:
    return FeedFilter(
        _one_of(_SEVERITIES, message.severity_min, "/severity_min"),
        frozenset(_categories(message.categories)),
        frozenset(_names(message.locations, "/locations")),
    )


def _categories(given: Iterable[str]) -> Iterable[Category]:
    for name in _names(given, "/categories"):
        if name not in _CATEGORIES:
            raise invalid("/categories", f"expected some of {', '.join(_CATEGORIES)}")
        yield _CATEGORIES[name]


def _names(given: Iterable[str], place: str) -> list[str]:
    names = list(given)
    if len(names) > _NAMES_MAX:
        raise invalid(place, f"expected at most {_NAMES_MAX} names")
    return names
