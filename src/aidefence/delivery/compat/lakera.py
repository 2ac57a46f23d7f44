"""Lakera Guard: `/v2/guard` and `/v2/guard/results`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from aidefence import __version__
from aidefence.delivery.compat.asking import Asking, answer, messages, refuse_with
from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.http.ways import Call, Refuse, Way
from aidefence.domain.access import Permission
from aidefence.domain.asking import Context, Detection, Request
from aidefence.domain.content import Inspection
from aidefence.domain.enums import Category, Direction, Origin
from aidefence.domain.verdict import Finding
from aidefence.ingest.items import speaker

_ATTACKS = frozenset(
    {
        Category.PROMPT_INJECTION,
        Category.INDIRECT_INJECTION,
        Category.JAILBREAK,
        Category.PROMPT_EXTRACTION,
        Category.DATA_EXFILTRATION,
        Category.TOOL_ABUSE,
        Category.OBFUSCATION,
        Category.UNBOUNDED_CONSUMPTION,
    }
)
_PII = {
    "email_address": "pii/email",
    "payment_card": "pii/credit_card",
    "phone_number": "pii/phone_number",
    "ip_address": "pii/ip_address",
    "iban": "pii/iban_code",
    "us_ssn": "pii/us_social_security_number",
}
# These are told whether something was found or not; kinds of private data where one was.
_ALWAYS = ("prompt_attack", "moderated_content/crime", "unknown_links")
_POLICY = "policy-{}"
_DETECTOR = "detector-{}"
_LEVELS = ("l1_confident", "l2_very_likely", "l3_likely", "l4_less_likely", "l5_unlikely")


class Guarded(Struct):
    """What is asked. Other fields are read by nobody."""

    messages: list[Any]
    project_id: str | None = None
    payload: bool = False
    breakdown: bool = False
    metadata: dict[str, Any] | None = None
    dev_info: bool = False


class Match(Struct):
    """Where private data stands."""

    start: int
    end: int
    text: str
    detector_type: str
    message_id: int
    labels: tuple[str, ...] = ()


class Detected(Struct, omit_defaults=True):
    """What one detector says of one message, or of all."""

    project_id: str
    policy_id: str
    detector_id: str
    detector_type: str
    message_id: int
    detected: bool | UnsetType = UNSET
    result: str | UnsetType = UNSET


_decoder = msgspec.json.Decoder(Guarded)


class Lakera:
    """The dialect."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def ways(self) -> list[Way]:
        """Give its routes."""
        return [
            Way("POST", "/v2/guard", self._guard, Permission.DETECT),
            Way("POST", "/v2/guard/results", self._results, Permission.DETECT),
        ]

    async def _guard(self, call: Call) -> Response:
        given, what, request, found = await self._ask(call)
        told: dict[str, object] = {"flagged": found.detected}
        if given.payload:
            told["payload"] = list(self._payload(what, found))
        if given.breakdown:
            told["breakdown"] = list(self._breakdown(given, what, found, levels=False))
        if given.dev_info:
            version = {"model_version": request_version(self._asking), "version": __version__}
            told["dev_info"] = {"git_revision": "", "git_timestamp": "", **version}
        told["metadata"] = {"request_uuid": _uuid(request)}
        return _named(answer(told, found.allowance), request)

    async def _results(self, call: Call) -> Response:
        given, what, request, found = await self._ask(call)
        told = {
            "results": list(self._breakdown(given, what, found, levels=True)),
            "metadata": {"request_uuid": _uuid(request)},
        }
        return _named(answer(told, found.allowance), request)

    async def _ask(self, call: Call) -> tuple[Guarded, Inspection, Request, Detection]:
        given = await self._asking.read(call, _decoder)
        # What the model said last is on its way out; all else is on its way in.
        last = speaker(given.messages[-1]) if given.messages else None
        direction = Direction.OUTPUT if last is Origin.ASSISTANT else Direction.INPUT
        what = messages(given.messages, direction)
        known = given.metadata or {}
        context = Context(
            user=_text(known.get("user_id")),
            session=_text(known.get("session_id")),
            address=_text(known.get("ip_address")),
        )
        request, found = await self._asking.ask(call, what, context)
        return given, what, request, found

    def _payload(self, what: Inspection, found: Detection) -> Iterator[Match]:
        for it in found.decision.findings:
            if it.category in {Category.PII, Category.SECRET} and self._counts(it, what):
                text = it.span.of(what.contents[it.content].text)
                kind = detector_of(it.category, it.entity)
                yield Match(it.span.start, it.span.end, text, kind, it.content)

    def _breakdown(
        self, given: Guarded, what: Inspection, found: Detection, *, levels: bool
    ) -> Iterator[Detected]:
        scores: dict[str, float] = dict.fromkeys(_ALWAYS, 0.0)
        hit: dict[str, int] = {}
        least: dict[str, tuple[float, float]] = {
            kind: self._asking.inspector.limits(category, what.direction)
            for kind, category in zip(_ALWAYS, _TYPICAL, strict=True)
        }
        for it in found.decision.findings:
            kind = detector_of(it.category, it.entity)
            if not it.mention:
                scores[kind] = max(scores.get(kind, 0.0), it.score)
                limits = self._asking.inspector.limits(it.category, what.direction)
                least[kind] = min(least.get(kind, limits), limits)
            if self._counts(it, what):
                hit.setdefault(kind, it.content)
        if found.category is not None:
            kind = detector_of(found.category, None)
            scores[kind] = max(scores.get(kind, 0.0), found.decision.confidence)
            least.setdefault(kind, self._asking.inspector.limits(found.category, what.direction))
            hit.setdefault(kind, 0)
        project = given.project_id or "default"
        for kind, score in scores.items():
            yield Detected(
                project_id=project,
                policy_id=_POLICY.format(request_version(self._asking)),
                detector_id=_DETECTOR.format(kind.replace("/", "-")),
                detector_type=kind,
                message_id=hit.get(kind, 0),
                detected=UNSET if levels else kind in hit,
                result=_level(score, least[kind]) if levels else UNSET,
            )

    def _counts(self, finding: Finding, what: Inspection) -> bool:
        return self._asking.inspector.counts(finding, what.direction)


_TYPICAL = (Category.PROMPT_INJECTION, Category.HARMFUL_REQUEST, Category.MALICIOUS_URL)


def make_lakera(asking: Asking) -> tuple[Sequence[Way], Refuse]:
    """Open this dialect."""
    return Lakera(asking).ways(), refuse_with(_error)


def detector_of(category: Category, entity: str | None) -> str:
    """Name the detector that would tell of this."""
    if category in _ATTACKS:
        return "prompt_attack"
    if category is Category.PII:
        return _PII.get(entity or "", f"pii/{entity}" if entity else "pii")
    if category is Category.SECRET:
        return f"pii/custom/{entity}" if entity else "pii/custom"
    if category is Category.HARMFUL_REQUEST:
        return "moderated_content/crime"
    if category is Category.MALICIOUS_URL:
        return "unknown_links"
    return f"custom/{category.value}"


def request_version(asking: Asking) -> str:
    """Name what speaks."""
    return asking.inspector.policy_version


def _level(score: float, limits: tuple[float, float]) -> str:
    """Put a score among the five levels: blocked, flagged, then by thirds of the way there."""
    flag, block = limits
    if score >= block:
        return _LEVELS[0]
    if score >= flag:
        return _LEVELS[1]
    return _LEVELS[2 + min(2, int(3 * (1 - score / flag)))] if flag else _LEVELS[4]


def _error(refusal: Refusal) -> dict[str, object]:
    return {"error": refusal.kind.replace("-", "_"), "message": refusal.detail}


def _named(response: Response, request: Request) -> Response:
    response.headers["x-aidefence-request-id"] = request.id
    return response


def _uuid(request: Request) -> str:
    return str(uuid5(NAMESPACE_URL, request.id))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
