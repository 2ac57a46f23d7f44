"""From what travels to what can be inspected: past here a request cannot be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from aidefence.delivery.http.answering import read_answers
from aidefence.delivery.http.bodies import decode
from aidefence.delivery.http.contents import Limits, read_content
from aidefence.delivery.http.problems import (
    Refusal,
    invalid,
    too_large,
    unsupported,
)
from aidefence.delivery.rest.wire import (
    BatchItem,
    BatchOptions,
    BatchRequest,
    DetectRequest,
    LooseBatch,
    Named,
    Options,
)
from aidefence.delivery.rest.wire import Context as WireContext
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

_decode_one = msgspec.json.Decoder(DetectRequest).decode
_decode_item = msgspec.json.Decoder(BatchItem).decode
_decode_many = msgspec.json.Decoder(BatchRequest).decode
_decode_loosely = msgspec.json.Decoder(LooseBatch).decode
_decode_name = msgspec.json.Decoder(Named).decode


@dataclass(slots=True)
class Asked:
    """One request, understood: a text, or contents that belong together."""

    what: str | Inspection
    conditions: Conditions = UNCONDITIONAL
    context: Context = NO_CONTEXT
    priority: Priority = Priority.MEDIUM
    explain: bool = False
    core_actions: bool = False
    name: str | None = None
    later: bool = False
    webhook: str | None = None
    answers: AskedOfAnswer | None = None
    chat: object | None = None


@dataclass(slots=True)
class Wrong:
    """One request among many that cannot be understood, and why."""

    refusal: Refusal
    name: str | None = None


@dataclass(frozen=True, slots=True)
class AskedBatch:
    """Many requests, understood as far as they can be."""

    items: list[Asked | Wrong]
    options: BatchOptions


def parse_one(body: bytes, limits: Limits) -> Asked:
    """Understand one request."""
    return _understand(decode(_decode_one, body), limits, "")


def parse_item(body: bytes, limits: Limits, pointer: str = "") -> Asked | Wrong:
    """Understand one request of many; `pointer` leads to it."""
    try:
        return _understand_item(decode(_decode_item, body, pointer), limits, pointer)
    except Refusal as refusal:
        return Wrong(refusal, _name_of(body))


def parse_many(body: bytes, limits: Limits) -> AskedBatch:
    """Understand a batch. A wrong request among right ones is told in its place.

    What is wrong about the batch itself refuses all of it, before anything is inspected.
    """
    try:
        batch = _decode_many(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _parse_loosely(body, limits)
    _check_count(len(batch.requests), limits)
    items = [
        _understand_item(item, limits, f"/requests/{at}") for at, item in enumerate(batch.requests)
    ]
    return _batch(items, batch.batch_options)


def _parse_loosely(body: bytes, limits: Limits) -> AskedBatch:
    """Understand a batch in which something is wrong: where, decides what is refused."""
    batch = decode(_decode_loosely, body)
    _check_count(len(batch.requests), limits)
    items = [
        parse_item(bytes(item), limits, f"/requests/{at}") for at, item in enumerate(batch.requests)
    ]
    return _batch(items, batch.batch_options)


def _batch(items: list[Asked | Wrong], options: BatchOptions | None) -> AskedBatch:
    options = options or BatchOptions()
    if options.webhook is not None and not options.asynchronous:
        raise invalid("/batchOptions/webhook", "goes with `async`")
    return AskedBatch(items, options)


def _check_count(count: int, limits: Limits) -> None:
    most = limits.batch_requests_max
    if count > most:
        raise too_large("/requests", f"{count} requests are more than {most}")


def _name_of(body: bytes) -> str | None:
    try:
        return _decode_name(body).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _understand_item(item: BatchItem, limits: Limits, pointer: str) -> Asked | Wrong:
    try:
        asked = _understand(item, limits, pointer)
    except Refusal as refusal:
        return Wrong(refusal, item.id)
    if asked.later:
        return Wrong(_not_later(pointer), item.id)
    asked.name = item.id
    return asked


def _not_later(pointer: str) -> Refusal:
    return invalid(f"{pointer}/options/async", "one of many is answered with the others")


def _understand(request: DetectRequest, limits: Limits, pointer: str) -> Asked:
    if request.content_type != "text":
        raise unsupported(
            f"{pointer}/contentType",
            f"only `text` is inspected by this version, not `{request.content_type}`",
        )
    what = _read(request, limits, f"{pointer}/content")
    asked = Asked(what)
    if request.context is not None:
        asked.context = context_of(request.context)
        is_plain = isinstance(request.content, str) or isinstance(what, str)
        if not is_plain and request.direction == "input" and request.origin is None:
            asked.chat = request.content
    if request.answers is not None:
        direction = Direction(request.direction)
        asked.answers = read_answers(
            request.answers, request.content, direction, f"{pointer}/answers"
        )
    if request.options is not None:
        _follow(request.options, asked)
        if asked.webhook is not None and not asked.later:
            raise invalid(f"{pointer}/options/webhook", "goes with `async`")
    return asked


def _read(request: DetectRequest, limits: Limits, pointer: str) -> str | Inspection:
    if request.direction == "input" and request.origin is None:
        return read_content(request.content, limits, pointer)
    direction = Direction(request.direction)
    usual = Origin.ASSISTANT if direction is Direction.OUTPUT else Origin.USER
    origin = Origin(request.origin) if request.origin else usual
    return read_content(request.content, limits, pointer, origin=origin, direction=direction)


def _follow(options: Options, asked: Asked) -> None:
    """Take over what a client asks for beyond the operator's policy."""
    detectors = tuple(Detector(name) for name in options.detectors)
    asked.conditions = Conditions(options.threshold, detectors, options.causal_analysis)
    asked.priority = Priority(options.priority)
    asked.explain = options.explainability
    asked.core_actions = options.actions == "core"
    asked.later = options.asynchronous
    asked.webhook = options.webhook


def context_of(given: WireContext) -> Context:
    """Read for whom a client asks."""
    who = given.user_id, given.session_id, given.ip_address, given.user_agent
    return Context(*who, given.facts) if given.facts else Context(*who)
