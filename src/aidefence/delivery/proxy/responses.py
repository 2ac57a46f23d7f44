"""Responses of OpenAI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.proxy.chat import read_said
from aidefence.delivery.proxy.openai_errors import openai_error
from aidefence.delivery.proxy.responses_stream import ResponsesRewriter
from aidefence.delivery.proxy.sse import named
from aidefence.delivery.proxy.tongue import Fields
from aidefence.domain.content import Content
from aidefence.domain.errors import ContentError
from aidefence.domain.proxying import Dialect
from aidefence.service.proxy_exchange import Exchange

_NO_TOKENS: Fields = {
    "input_tokens": 0,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 0,
}


class Responses:
    """The dialect of `/v1/responses`."""

    dialect = Dialect.RESPONSES

    def decline(self, text: str, asked: Fields, answer: Fields | None, now: int) -> Fields:
        """Write an answer that declines."""
        known = answer or {}
        item = _item(now, [{"type": "refusal", "refusal": text}], "completed")
        return {
            **_response(asked, known, now),
            "status": "completed",
            "output": [item],
            "usage": known.get("usage") or _NO_TOKENS,
        }

    def decline_events(self, text: str, asked: Fields, now: int) -> list[bytes]:
        """Write the same as a stream."""
        whole = self.decline(text, asked, None, now)
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        item = whole["output"][0]
        part, empty = {"type": "refusal", "refusal": text}, {"type": "refusal", "refusal": ""}
        at = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        steps: tuple[Fields, ...] = (
            {"type": "response.created", "response": begun},
            {"type": "response.in_progress", "response": begun},
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": _item(now, [], "in_progress"),
            },
            {"type": "response.content_part.added", **at, "part": empty},
            {"type": "response.refusal.delta", **at, "delta": text},
            {"type": "response.refusal.done", **at, "refusal": text},
            {"type": "response.content_part.done", **at, "part": part},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": whole},
        )
        return [named({**it, "sequence_number": number}) for number, it in enumerate(steps)]

    def error(self, refusal: Refusal) -> Fields:
        """Write an error."""
        return openai_error(refusal)

    def contents(self, answer: Fields) -> Sequence[Content]:
        """Read what an answer says and which calls it wants to be made."""
        output = answer.get("output")
        if not isinstance(output, list) or not all(isinstance(it, dict) for it in output):
            raise ContentError("an answer has `output`, a list of items", "/output")
        return read_said(output)

    def restored(self, answer: Fields, exchange: Exchange) -> Fields:
        """Give the answer with private values put back."""
        return {**answer, "output": exchange.restore(answer["output"])}

    def rewriter(self, exchange: Exchange) -> ResponsesRewriter:
        """Make what rewrites a stream of this dialect."""
        return ResponsesRewriter(exchange)


def _item(now: int, content: list[Any], status: str) -> Fields:
    return {
        "id": f"msg_refused_{now}",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def _response(asked: Fields, known: Fields, now: int) -> Fields:
    return {
        "id": known.get("id") or f"resp_refused_{now}",
        "object": "response",
        "created_at": known.get("created_at") or now,
        "model": known.get("model") or asked.get("model"),
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": asked.get("metadata") or {},
        "parallel_tool_calls": True,
        "temperature": asked.get("temperature"),
        "tool_choice": asked.get("tool_choice") or "auto",
        "tools": asked.get("tools") or [],
        "top_p": asked.get("top_p"),
    }
