"""Chat completions of OpenAI, which most others speak too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.proxy.chat_stream import ChatRewriter
from aidefence.delivery.proxy.openai_errors import openai_error
from aidefence.delivery.proxy.sse import event
from aidefence.delivery.proxy.tongue import Fields
from aidefence.domain.content import Content
from aidefence.domain.errors import ContentError
from aidefence.domain.proxying import Dialect
from aidefence.ingest.messages import read
from aidefence.service.proxy_exchange import Exchange

DONE = b"data: [DONE]\n\n"


class Chat:
    """The dialect of `/v1/chat/completions`."""

    dialect = Dialect.CHAT

    def decline(self, text: str, asked: Fields, answer: Fields | None, now: int) -> Fields:
        """Write an answer that declines."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": None, "refusal": text},
            "logprobs": None,
            "finish_reason": "content_filter",
        }
        told = _head(asked, answer, now, "chat.completion")
        count = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        return {**told, "choices": [choice], "usage": (answer or {}).get("usage") or count}

    def decline_events(self, text: str, asked: Fields, now: int) -> list[bytes]:
        """Write the same as a stream."""
        head = _head(asked, None, now, "chat.completion.chunk")
        first: Fields = {"role": "assistant", "content": None, "refusal": text}
        steps: tuple[tuple[Fields, str | None], ...] = ((first, None), ({}, "content_filter"))
        return [
            *(
                event({**head, "choices": [{"index": 0, "delta": it, "finish_reason": why}]})
                for it, why in steps
            ),
            DONE,
        ]

    def error(self, refusal: Refusal) -> Fields:
        """Write an error."""
        return openai_error(refusal)

    def contents(self, answer: Fields) -> Sequence[Content]:
        """Read what an answer says and which calls it wants to be made."""
        choices = answer.get("choices")
        if not isinstance(choices, list):
            raise ContentError("an answer has `choices`", "/choices")
        messages = [it.get("message") for it in choices if isinstance(it, dict)]
        if not all(isinstance(it, dict) for it in messages):
            raise ContentError("a choice has a `message`", "/choices")
        return read_said(messages)

    def restored(self, answer: Fields, exchange: Exchange) -> Fields:
        """Give the answer with private values put back."""
        choices = [{**it, "message": exchange.restore(it["message"])} for it in answer["choices"]]
        return {**answer, "choices": choices}

    def rewriter(self, exchange: Exchange) -> ChatRewriter:
        """Make what rewrites a stream of this dialect."""
        return ChatRewriter(exchange)


def read_said(messages: Sequence[Any]) -> Sequence[Content]:
    """Read messages of a model, whatever dialect; parts of no text are somebody else's."""
    spoken = [
        it if "role" in it or "type" in it else {"role": "assistant", **it} for it in messages
    ]
    return read(spoken).contents if spoken else ()


def _head(asked: Fields, answer: Fields | None, now: int, kind: str) -> Fields:
    known = answer or {}
    return {
        "id": known.get("id") or f"chatcmpl-refused-{now}",
        "object": kind,
        "created": known.get("created") or now,
        "model": known.get("model") or asked.get("model"),
    }
