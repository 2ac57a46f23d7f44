"""The checks of NeMo Guardrails: `/v1/guardrail/checks`."""

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
from aidefence.domain.enums import Action, Direction, Origin
from aidefence.ingest.items import speaker

_RAILS = {Direction.INPUT: "aidefence check input", Direction.OUTPUT: "aidefence check output"}


class Checked(Struct):
    """What is asked. Other fields, also which rails to use, are read by nobody."""

    messages: list[Any]
    model: str | None = None


_decoder = msgspec.json.Decoder(Checked)


class Nemo:
    """The dialect."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def ways(self) -> list[Way]:
        """Give its routes."""
        return [
            Way("POST", path, self._check, Permission.DETECT)
            for path in ("/v1/guardrail/checks", "/v1/checks")
        ]

    async def _check(self, call: Call) -> Response:
        given = await self._asking.read(call, _decoder)
        if not given.messages:
            raise invalid("/messages", "there is none")
        sides = {
            Direction.INPUT: [it for it in given.messages if not _is_answer(it)],
            Direction.OUTPUT: [it for it in given.messages if _is_answer(it)],
        }
        asked = {side: messages(said, side) for side, said in sides.items() if said}
        found = dict(
            zip(asked, await self._asking.ask_all(call, list(asked.values())), strict=True)
        )
        rails = {_RAILS[side]: {"status": _status(it)} for side, it in found.items()}
        blocked = any(it["status"] == "blocked" for it in rails.values())
        log = [
            {"type": side.value, "name": _RAILS[side], "decisions": list(it.decision.reasons)}
            for side, it in found.items()
        ]
        told = {
            "status": "blocked" if blocked else "success",
            "rails_status": rails,
            "messages": None,
            "guardrails_data": {"log": {"activated_rails": log}},
        }
        return answer(told, next(iter(found.values())).allowance)


def make_nemo(asking: Asking) -> tuple[Sequence[Way], Refuse]:
    """Open this dialect."""
    return Nemo(asking).ways(), refuse_with(_error)


def _is_answer(message: object) -> bool:
    return speaker(message) is Origin.ASSISTANT


def _status(found: Detection) -> str:
    return "blocked" if found.enforced and found.action is Action.BLOCK else "success"


def _error(refusal: Refusal) -> dict[str, object]:
    return {"detail": refusal.detail}
