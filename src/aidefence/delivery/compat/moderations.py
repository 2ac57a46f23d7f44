"""Moderations of OpenAI: `/v1/moderations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from starlette.responses import Response

from aidefence.delivery.compat.asking import Asking, answer, messages, refuse_with
from aidefence.delivery.http.problems import Refusal, invalid
from aidefence.delivery.http.ways import Call, Refuse, Way
from aidefence.domain.access import Permission
from aidefence.domain.asking import Detection
from aidefence.domain.content import Inspection
from aidefence.domain.enums import CATEGORIES, Category, Direction

# Their categories. Only one of them is ours to tell; the others are always false.
THEIRS = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit"),
    *("illicit/violent", "self-harm", "self-harm/instructions", "self-harm/intent"),
    *("sexual", "sexual/minors", "violence", "violence/graphic"),
)
_ILLICIT = "illicit"
_MODEL = "omni-moderation-latest"
_INPUTS_MAX = 1000


class Moderated(Struct):
    """What is asked. Other fields are read by nobody."""

    input: str | list[Any]
    model: str | None = None


_decoder = msgspec.json.Decoder(Moderated)


class Moderations:
    """The dialect."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def ways(self) -> list[Way]:
        """Give its routes."""
        return [Way("POST", "/v1/moderations", self._moderate, Permission.DETECT)]

    async def _moderate(self, call: Call) -> Response:
        given = await self._asking.read(call, _decoder)
        whats = _inputs(given.input)
        found = await self._asking.ask_all(call, whats)
        told = {
            "id": f"modr-{self._asking.services.ids.batch_id()}",
            "model": given.model or _MODEL,
            "results": [self._result(it) for it in found],
        }
        return answer(told, found[0].allowance if found else None)

    def _result(self, found: Detection) -> dict[str, object]:
        scores = dict.fromkeys((*THEIRS, *CATEGORIES), 0.0)
        hit = set[str]()
        for it in found.decision.findings:
            scores[it.category] = max(scores[it.category], it.score)
            if self._asking.inspector.counts(it, Direction.INPUT):
                hit.add(it.category)
        if found.category is not None:
            scores[found.category] = max(scores[found.category], found.decision.confidence)
            hit.add(found.category)
        scores[_ILLICIT] = scores[Category.HARMFUL_REQUEST]
        if Category.HARMFUL_REQUEST in hit:
            hit.add(_ILLICIT)
        return {
            "flagged": found.detected,
            "categories": {str(name): name in hit for name in scores},
            "category_scores": {str(name): score for name, score in scores.items()},
            "category_applied_input_types": {str(name): ["text"] for name in scores},
        }


def make_moderations(asking: Asking) -> tuple[Sequence[Way], Refuse]:
    """Open this dialect."""
    return Moderations(asking).ways(), refuse_with(_error)


def _inputs(given: str | list[Any]) -> list[str | Inspection]:
    """One text, texts each for itself, or parts of one message."""
    if isinstance(given, str):
        return [given]
    if len(given) > _INPUTS_MAX:
        raise invalid("/input", f"{len(given)} inputs are more than {_INPUTS_MAX}")
    if all(isinstance(it, str) for it in given):
        return list(given)
    parts = [{"role": "user", "content": given}]
    return [messages(parts, path="/input")]


def _error(refusal: Refusal) -> dict[str, object]:
    server = refusal.status >= 500  # noqa: PLR2004 -- where errors of servers begin
    kind = "server_error" if server else "invalid_request_error"
    param = refusal.errors[0].pointer.strip("/") or None if refusal.errors else None
    code = refusal.kind.replace("-", "_")
    return {"error": {"message": refusal.detail, "type": kind, "param": param, "code": code}}
