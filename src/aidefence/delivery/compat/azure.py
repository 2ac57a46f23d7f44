"""Prompt Shields of Azure: `/contentsafety/text:shieldPrompt`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from starlette.responses import Response

from aidefence.delivery.compat.asking import Asking, answer, refuse_with, said_by
from aidefence.delivery.http.problems import Refusal, invalid
from aidefence.delivery.http.ways import Call, Refuse, Way
from aidefence.domain.access import Permission
from aidefence.domain.asking import Detection
from aidefence.domain.content import Inspection
from aidefence.domain.enums import Category, Origin

_ATTACKS = frozenset(
    {
        Category.PROMPT_INJECTION,
        Category.INDIRECT_INJECTION,
        Category.JAILBREAK,
        Category.PROMPT_EXTRACTION,
        Category.DATA_EXFILTRATION,
        Category.TOOL_ABUSE,
        Category.OBFUSCATION,
    }
)
_CODES = {
    401: "401",
    403: "403",
    413: "InvalidRequestBody",
    415: "InvalidRequestBody",
    422: "InvalidRequestBody",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
}


class Shielded(Struct, rename="camel"):
    """What is asked. Other fields are read by nobody."""

    user_prompt: str | None = None
    documents: list[str] | None = None


_decoder = msgspec.json.Decoder(Shielded)


class Shields:
    """The dialect."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def ways(self) -> list[Way]:
        """Give its routes."""
        path = "/contentsafety/text:shieldPrompt"
        return [Way("POST", path, self._shield, Permission.DETECT)]

    async def _shield(self, call: Call) -> Response:
        if not call.request.query_params.get("api-version"):
            raise invalid("/api-version", "the query names no `api-version`")
        given = await self._asking.read(call, _decoder)
        documents = given.documents or []
        if given.user_prompt is None and not documents:
            raise invalid("", "expected `userPrompt` or `documents`")
        whats: list[str | Inspection] = [] if given.user_prompt is None else [given.user_prompt]
        whats += (said_by([it], Origin.RETRIEVAL) for it in documents)
        found = await self._asking.ask_all(call, whats)
        told: dict[str, object] = {}
        rest = found
        if given.user_prompt is not None:
            told["userPromptAnalysis"] = _analysis(found[0])
            rest = found[1:]
        told["documentsAnalysis"] = [_analysis(it) for it in rest]
        return answer(told, found[0].allowance)


def make_azure(asking: Asking) -> tuple[Sequence[Way], Refuse]:
    """Open this dialect."""
    return Shields(asking).ways(), refuse_with(_error)


def _analysis(found: Detection) -> dict[str, bool]:
    return {"attackDetected": found.detected and found.category in _ATTACKS}


def _error(refusal: Refusal) -> dict[str, object]:
    code = _CODES.get(refusal.status, "InternalError")
    return {"error": {"code": code, "message": refusal.detail}}
