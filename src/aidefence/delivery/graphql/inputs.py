"""What a client asks: past here a request cannot be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import strawberry

from aidefence.delivery.graphql.scalars import Json
from aidefence.delivery.http.answering import read_answers
from aidefence.delivery.http.contents import Limits, read_content
from aidefence.delivery.http.facts import read_facts
from aidefence.delivery.http.problems import Refusal, invalid, too_large
from aidefence.domain.answer import AnswerCheck
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
from aidefence.domain.enums import Category, Direction, Origin, Severity
from aidefence.domain.episode import FeedFilter

_NAME_LEN_MAX = 256
_DETECTORS_MAX = 16
_LOCATIONS_MAX = 64
_PARALLELISM_MAX = 1024


@strawberry.input(description="What the application tells policies of a request.")
class FactInput:
    name: str
    value: str


@strawberry.input(description="For whom the client asks. Nothing of it is inspected.")
class ContextInput:
    user_id: str | None = None
    session_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    facts: list[FactInput] = strawberry.field(
        default_factory=list, description='What policies may ask about, as `fact("NAME")`.'
    )


@strawberry.input(description="What a client asks for beyond the operator's policy.")
class OptionsInput:
    detectors: list[Detector] = strawberry.field(default_factory=list)
    threshold: float | None = strawberry.field(
        default=None, description="Confidence from which something counts as detected, 0 to 1."
    )
    causal_analysis: bool = False
    priority: Priority = Priority.MEDIUM
    core_actions: bool = strawberry.field(
        default=False, description="Answer only with allow, flag and block."
    )


@strawberry.input(description="What an answer of a model is held against.")
class AnswerToInput:
    question: str | None = strawberry.field(default=None, description="The answer may repeat it.")
    system: str | None = strawberry.field(
        default=None, description="The prompt that the answer must not tell."
    )
    context: list[str] = strawberry.field(
        default_factory=list, description="What it may repeat, and should stand on."
    )
    canaries: list[str] = strawberry.field(
        default_factory=list, description="Markers that were planted in the prompt."
    )
    checks: list[AnswerCheck] = strawberry.field(
        default_factory=list,
        description="REFUSAL, SUPPORT, REPETITION: looked at only if they are named.",
    )
    language: str | None = strawberry.field(
        default=None, description="A code, or `question`: the answer should be in this language."
    )
    flag: list[AnswerCheck] = strawberry.field(
        default_factory=list, description="Those whose remarks flag."
    )


@strawberry.input(description="One request.")
class DetectInput:
    content: Json = strawberry.field(
        description="A text, the messages of a conversation, or an object as REST takes it."
    )
    id: str | None = strawberry.field(default=None, description="The client's own name for it.")
    context: ContextInput | None = None
    options: OptionsInput | None = None
    direction: Direction = Direction.INPUT
    origin: Origin | None = strawberry.field(
        default=None, description="Whose texts those are that do not say it themselves."
    )
    answers: AnswerToInput | None = strawberry.field(
        default=None, description="With it the content is a text, and the direction OUTPUT."
    )


@strawberry.input(description="Which threats; an empty list is no condition.")
class ThreatFilter:
    severity_min: Severity = Severity.LOW
    categories: list[Category] = strawberry.field(default_factory=list)
    locations: list[str] = strawberry.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, understood: a text, or contents that belong together."""

    what: str | Inspection
    name: str | None
    conditions: Conditions
    context: Context
    priority: Priority
    core_actions: bool
    chat: object | None = None
    answers: AskedOfAnswer | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """One request among many that cannot be understood, and why."""

    refusal: Refusal
    name: str | None


def read_request(given: DetectInput, limits: Limits, place: str = "/request") -> Asked:
    """Understand one request.

    Raises:
        Refusal: something in it is wrong; `place` leads to it.

    """
    if given.id is not None and len(given.id) > _NAME_LEN_MAX:
        raise invalid(f"{place}/id", f"expected at most {_NAME_LEN_MAX} characters")
    options = given.options or OptionsInput()
    what = _read_what(given, limits, f"{place}/content")
    is_plain = isinstance(what, str) or given.direction is Direction.OUTPUT or given.origin
    return Asked(
        what,
        given.id,
        _conditions(options, f"{place}/options"),
        _context(given.context),
        options.priority,
        options.core_actions,
        None if is_plain or isinstance(given.content, str) else given.content,
        None
        if given.answers is None
        else read_answers(given.answers, given.content, given.direction, f"{place}/answers"),
    )


def read_requests(given: list[DetectInput], limits: Limits) -> list[Asked | Wrong]:
    """Understand many requests; one that is wrong is told in its place.

    Raises:
        Refusal: there are none or too many.

    """
    if not given:
        raise invalid("/requests", "expected at least one request")
    if len(given) > limits.batch_requests_max:
        reason = f"{len(given)} requests are more than {limits.batch_requests_max}"
        raise too_large("/requests", reason)
    return [_read_item(it, limits, f"/requests/{at}") for at, it in enumerate(given)]


def read_parallelism(given: int) -> int:
    """Understand on how many threads a batch may run."""
    if not 1 <= given <= _PARALLELISM_MAX:
        raise invalid("/maxParallelism", f"expected a number from 1 to {_PARALLELISM_MAX}")
    return given


def read_filter(given: ThreatFilter | None) -> FeedFilter:
    """Understand which threats somebody wants to hear of."""
    if given is None:
        return FeedFilter()
    if len(given.locations) > _LOCATIONS_MAX:
        raise invalid("/filter/locations", f"expected at most {_LOCATIONS_MAX} names")
    return FeedFilter(given.severity_min, frozenset(given.categories), frozenset(given.locations))


def read_limit(given: int, most: int) -> int:
    """Understand how long a page may be."""
    if not 1 <= given <= most:
        raise invalid("/limit", f"expected a number from 1 to {most}")
    return given


def _read_item(given: DetectInput, limits: Limits, place: str) -> Asked | Wrong:
    try:
        return read_request(given, limits, place)
    except Refusal as refusal:
        return Wrong(refusal, given.id and given.id[:_NAME_LEN_MAX])


def _read_what(given: DetectInput, limits: Limits, place: str) -> str | Inspection:
    content: object = given.content
    if not isinstance(content, str | list | dict):
        raise invalid(place, "expected a text, an array of messages or an object")
    usual = Origin.ASSISTANT if given.direction is Direction.OUTPUT else Origin.USER
    origin = given.origin or usual
    return read_content(content, limits, place, origin=origin, direction=given.direction)


def _conditions(options: OptionsInput, place: str) -> Conditions:
    threshold = options.threshold
    if threshold is not None and not 0 <= threshold <= 1:
        raise invalid(f"{place}/threshold", "expected a number from 0 to 1")
    if len(options.detectors) > _DETECTORS_MAX:
        raise invalid(f"{place}/detectors", f"expected at most {_DETECTORS_MAX} names")
    if threshold is None and not options.detectors and not options.causal_analysis:
        return UNCONDITIONAL
    return Conditions(threshold, tuple(options.detectors), options.causal_analysis)


def _context(given: ContextInput | None) -> Context:
    if given is None:
        return NO_CONTEXT
    facts = read_facts({it.name: it.value for it in given.facts}, "/context/facts")
    return Context(given.user_id, given.session_id, given.ip_address, given.user_agent, facts)
