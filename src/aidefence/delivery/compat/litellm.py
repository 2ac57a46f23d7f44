"""The generic guardrail of LiteLLM: `/beta/litellm_basic_guardrail_api`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from aidefence.delivery.compat.asking import Asking, answer, messages, refuse_with, said_by
from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.http.ways import Call, Refuse, Way
from aidefence.domain.access import Permission
from aidefence.domain.asking import Context, Request
from aidefence.domain.content import Inspection
from aidefence.domain.enums import Action, Direction, Origin
from aidefence.domain.tools import Ruling


class Passed(Struct):
    """What is asked. Other fields are read by nobody."""

    texts: list[str] | None = None
    images: list[Any] | None = None
    tools: list[Any] | None = None
    tool_calls: list[Any] | None = None
    structured_messages: list[Any] | None = None
    request_data: dict[str, Any] | None = None
    input_type: Literal["request", "response"] = "request"
    litellm_call_id: str | None = None
    litellm_trace_id: str | None = None
    additional_provider_specific_params: dict[str, Any] | None = None


class Ruled(Struct, omit_defaults=True):
    """What is answered."""

    action: Literal["BLOCKED", "NONE", "GUARDRAIL_INTERVENED"]
    blocked_reason: str | UnsetType = UNSET
    texts: list[str] | UnsetType = UNSET
    images: list[Any] | UnsetType = UNSET


_decoder = msgspec.json.Decoder(Passed)
_REDACT = "redact"


class LiteLlm:
    """The dialect."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def ways(self) -> list[Way]:
        """Give its routes."""
        path = "/beta/litellm_basic_guardrail_api"
        return [Way("POST", path, self._apply, Permission.DETECT)]

    async def _apply(self, call: Call) -> Response:
        given = await self._asking.read(call, _decoder)
        what = _what(given)
        data = given.request_data or {}
        user = data.get("user_api_key_end_user_id") or data.get("user_api_key_user_id")
        context = Context(
            user=user if isinstance(user, str) else None, session=given.litellm_trace_id
        )
        request, found = await self._asking.ask(call, what, context)
        told: Ruled | None = None
        if found.enforced and found.action is Action.BLOCK:
            why = "; ".join(found.decision.reasons) or "policy"
            told = Ruled("BLOCKED", blocked_reason=f"{why} (request {request.id})")
        elif found.enforced or self._asking.services.desk.standing.suspended is None:
            told = await self._asking.aside(lambda: self._rule(given, request))
        if told is None:
            told = await self._asking.aside(lambda: self._changed(given))
        response = answer(told, found.allowance)
        response.headers["x-aidefence-request-id"] = request.id
        return response

    def _rule(self, given: Passed, request: Request) -> Ruled | None:
        """Rule about tools and calls; none where nothing is wrong with them."""
        workshop = self._asking.services.workshop
        rulings: list[Ruling] = []
        tools = [it for it in given.tools or () if isinstance(it, dict)]
        if tools:
            # They come again with every turn: they are inspected, and no event to policies.
            rulings.append(self._asking.services.desk.standing.guard.inspect_tools(tools))
        for call in given.tool_calls or ():
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                name, arguments = function.get("name"), function.get("arguments")
                asked = request, str(name or ""), arguments or "{}"
                ruling, _ = workshop.check_call(*asked, tools=tools or None, admitted=True)
                rulings.append(ruling)
        for it in rulings:
            # What a policy puts to review is stopped, too: nobody here can look at it first.
            held = it.enforced and it.reasons and it.action is Action.REVIEW
            if (it.blocked or held) and self._asking.services.desk.standing.suspended is None:
                why = it.reasons or tuple(found.explanation for found in it.findings)
                return Ruled("BLOCKED", blocked_reason=why[0] if why else "policy")
        return None

    def _changed(self, given: Passed) -> Ruled:
        """Take private data out, where the guardrail's parameters ask for it."""
        wanted = (given.additional_provider_specific_params or {}).get(_REDACT) is True
        texts = given.texts or []
        if not wanted or not texts:
            return Ruled("NONE")
        redact = self._asking.services.desk.standing.guard.redact
        clean = [redact(it).text for it in texts]
        return Ruled("NONE") if clean == texts else Ruled("GUARDRAIL_INTERVENED", texts=clean)


def make_litellm(asking: Asking) -> tuple[Sequence[Way], Refuse]:
    """Open this dialect."""
    return LiteLlm(asking).ways(), refuse_with(_error)


def _what(given: Passed) -> Inspection:
    if given.input_type == "response":
        return said_by(given.texts or [], Origin.ASSISTANT, Direction.OUTPUT)
    if given.structured_messages:
        return messages(given.structured_messages, path="/structured_messages")
    return said_by(given.texts or [], Origin.USER)


def _error(refusal: Refusal) -> dict[str, object]:
    return {"detail": refusal.detail}
