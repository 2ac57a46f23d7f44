"""From messages to something that can be inspected: past here a request cannot be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import msgspec

from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.http.answering import read_answers
from aidefence.delivery.http.contents import Limits, read_content
from aidefence.delivery.http.facts import read_facts
from aidefence.delivery.http.problems import Refusal, invalid, not_json, too_large
from aidefence.domain.answer import Asked as AskedOfAnswer
from aidefence.domain.asking import (
    NO_CONTEXT,
    UNCONDITIONAL,
    Conditions,
    Context,
    Detector,
    Priority,
)
from aidefence.domain.content import Inspection
from aidefence.domain.enums import Direction, Origin

NAME_LEN_MAX = 256
_DETECTORS_MAX = 16
_DEFAULT_PARALLELISM = 10
_PARALLELISM_MAX = 1024
_DETECTORS = {it.value: it for it in Detector}
_PRIORITIES = {
    pb.PRIORITY_UNSPECIFIED: Priority.MEDIUM,
    **{pb.Priority.Value(f"PRIORITY_{it.name}"): it for it in Priority},
}
_DIRECTIONS = {
    pb.DIRECTION_UNSPECIFIED: Direction.INPUT,
    **{pb.Direction.Value(f"DIRECTION_{it.name}"): it for it in Direction},
}
_ORIGINS = {pb.Origin.Value(f"ORIGIN_{it.name}"): it for it in Origin}
_Word = TypeVar("_Word")
_Given: TypeAlias = str | list[object] | dict[str, object]
_decode_json = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, understood: a text, or contents that belong together."""

    what: str | Inspection
    name: str
    conditions: Conditions = UNCONDITIONAL
    context: Context = NO_CONTEXT
    priority: Priority = Priority.MEDIUM
    explain: bool = False
    core_actions: bool = False
    chat: object | None = None
    answers: AskedOfAnswer | None = None


def read_request(request: pb.DetectRequest, limits: Limits, place: str = "") -> Asked:
    """Understand one request.

    Raises:
        Refusal: something in it is wrong; `place` leads to it.

    """
    if len(request.id) > NAME_LEN_MAX:
        raise invalid(f"{place}/id", f"expected at most {NAME_LEN_MAX} characters")
    what, chat = _read_what(request, limits, place)
    context = _context(request.context) if request.HasField("context") else NO_CONTEXT
    answers = _answers(request, place) if request.HasField("answers") else None
    if not request.HasField("options"):
        return Asked(what, request.id, context=context, chat=chat, answers=answers)
    options = request.options
    return Asked(
        what,
        request.id,
        _conditions(options, f"{place}/options"),
        context,
        _one_of(_PRIORITIES, options.priority, f"{place}/options/priority"),
        options.explainability,
        options.core_actions,
        chat,
        answers,
    )


@dataclass(frozen=True, slots=True)
class Wrong:
    """One request among many that cannot be understood, and why."""

    refusal: Refusal
    name: str


def read_requests(requests: Sequence[pb.DetectRequest], limits: Limits) -> list[Asked | Wrong]:
    """Understand many requests of one message; one that is wrong is told in its place.

    Raises:
        Refusal: there are none or too many.

    """
    _check_count(len(requests), limits)
    return [_read_item(it, limits, f"/requests/{at}") for at, it in enumerate(requests)]


def _read_item(request: pb.DetectRequest, limits: Limits, place: str) -> Asked | Wrong:
    try:
        return read_request(request, limits, place)
    except Refusal as refusal:
        return Wrong(refusal, request.id[:NAME_LEN_MAX])


def _check_count(count: int, limits: Limits) -> None:
    """Refuse a message without requests or with too many."""
    if count == 0:
        raise invalid("/requests", "expected at least one request")
    if count > limits.batch_requests_max:
        reason = f"{count} requests are more than {limits.batch_requests_max}"
        raise too_large("/requests", reason)


def read_parallelism(given: int) -> int:
    """Understand on how many threads a batch may run."""
    if given > _PARALLELISM_MAX:
        raise invalid("/max_parallelism", f"expected at most {_PARALLELISM_MAX}")
    return given or _DEFAULT_PARALLELISM


def _one_of(known: Mapping[int, _Word], number: int, place: str) -> _Word:
    word = known.get(number)
    if word is None:
        raise invalid(place, f"unknown number `{number}`")
    return word


def _read_what(
    request: pb.DetectRequest, limits: Limits, place: str
) -> tuple[str | Inspection, object | None]:
    """Give what is inspected and, where that is a chat on its way in, how it came."""
    given: _Given
    match request.WhichOneof("content"):
        case "text":
            given, inside = request.text, f"{place}/text"
        case "conversation":
            given = [_message(it) for it in request.conversation.messages]
            inside = f"{place}/conversation/messages"
        case "json":
            inside = f"{place}/json"
            given = _read_json(request.json, inside)
        case _:
            raise invalid(f"{place}/text", "expected this, `conversation` or `json`")
    if not (request.direction or request.origin):
        what = read_content(given, limits, inside)
        return what, None if isinstance(what, str) else given
    direction = _one_of(_DIRECTIONS, request.direction, f"{place}/direction")
    usual = Origin.ASSISTANT if direction is Direction.OUTPUT else Origin.USER
    origin = _one_of(_ORIGINS, request.origin, f"{place}/origin") if request.origin else usual
    return read_content(given, limits, inside, origin=origin, direction=direction), None


def _answers(request: pb.DetectRequest, place: str) -> AskedOfAnswer:
    given = request.answers
    said = _AnswerTo(
        # proto3 knows no difference between what is empty and what is not there.
        given.question or None,
        given.system or None,
        tuple(given.context),
        tuple(given.canaries),
        tuple(given.checks),
        given.language or None,
        tuple(given.flag),
    )
    content = request.text if request.WhichOneof("content") == "text" else None
    direction = _one_of(_DIRECTIONS, request.direction, f"{place}/direction")
    return read_answers(said, content, direction, f"{place}/answers")


@dataclass(frozen=True, slots=True)
class _AnswerTo:
    question: str | None
    system: str | None
    context: tuple[str, ...]
    canaries: tuple[str, ...]
    checks: tuple[str, ...]
    language: str | None
    flag: tuple[str, ...]


def _read_json(data: bytes, place: str) -> _Given:
    try:
        given = _decode_json(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _wrong_json(place, str(error)) from None
    except RecursionError:
        raise _wrong_json(place, "it is nested too deeply") from None
    if not isinstance(given, str | list | dict):
        raise invalid(place, "expected a text, an array of messages or an object")
    return given


def _wrong_json(place: str, reason: str) -> Refusal:
    return not_json(f"`{place}`: {reason}")


def _message(message: pb.Message) -> object:
    """Write a message as chat APIs have it, which is what contents are read from."""
    told: dict[str, object] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        told["tool_calls"] = [
            {
                "id": it.id,
                "type": "function",
                "function": {"name": it.name, "arguments": it.arguments},
            }
            for it in message.tool_calls
        ]
    if message.tool_call_id:
        told["tool_call_id"] = message.tool_call_id
    if message.name:
        told["name"] = message.name
    return told


def _context(given: pb.Context) -> Context:
    return Context(
        given.user_id or None,
        given.session_id or None,
        given.ip_address or None,
        given.user_agent or None,
        read_facts(given.facts, "/context/facts"),
    )


def _conditions(options: pb.Options, place: str) -> Conditions:
    threshold = options.threshold if options.HasField("threshold") else None
    # What is no number compares with nothing, so it is refused here, too.
    if threshold is not None and not 0 <= threshold <= 1:
        raise invalid(f"{place}/threshold", "expected a number from 0 to 1")
    if len(options.detectors) > _DETECTORS_MAX:
        raise invalid(f"{place}/detectors", f"expected at most {_DETECTORS_MAX} names")
    unknown = [it for it in options.detectors if it not in _DETECTORS]
    if unknown:
        known = ", ".join(f"`{name}`" for name in _DETECTORS)
        raise invalid(f"{place}/detectors", f"unknown detector: expected {known}")
    if threshold is None and not options.detectors and not options.causal_analysis:
        return UNCONDITIONAL
    detectors = tuple(_DETECTORS[it] for it in options.detectors)
    return Conditions(threshold, detectors, options.causal_analysis)
