"""Messages of Anthropic."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.proxy.chat import read_said
from aidefence.delivery.proxy.messages_stream import SEALED, MessagesRewriter, messages_error
from aidefence.delivery.proxy.sse import named
from aidefence.delivery.proxy.tongue import Fields
from aidefence.domain.content import Content
from aidefence.domain.errors import ContentError
from aidefence.domain.proxying import Dialect
from aidefence.service.proxy_exchange import Exchange


class Messages:
    """The dialect of `/v1/messages`."""

    dialect = Dialect.MESSAGES

    def decline(self, text: str, asked: Fields, answer: Fields | None, now: int) -> Fields:
        """Write an answer that declines."""
        known = answer or {}
        return {
            "id": known.get("id") or f"msg_refused_{now}",
            "type": "message",
            "role": "assistant",
            "model": known.get("model") or asked.get("model"),
            "content": [{"type": "text", "text": text}],
            "stop_reason": "refusal",
            "stop_sequence": None,
            "usage": known.get("usage") or {"input_tokens": 0, "output_tokens": 0},
        }

    def decline_events(self, text: str, asked: Fields, now: int) -> list[bytes]:
        """Write the same as a stream."""
        whole = self.decline(text, asked, None, now)
        begun = {**whole, "content": [], "stop_reason": None}
        ended = {"stop_reason": "refusal", "stop_sequence": None}
        steps: tuple[Fields, ...] = (
            {"type": "message_start", "message": begun},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": text},
            },
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 0}},
            {"type": "message_stop"},
        )
        return [named(it) for it in steps]

    def error(self, refusal: Refusal) -> Fields:
        """Write an error."""
        return messages_error(refusal)

    def contents(self, answer: Fields) -> Sequence[Content]:
        """Read what an answer says and which calls it wants to be made."""
        said = answer.get("content")
        if not isinstance(said, list):
            raise ContentError("an answer has `content`, a list of blocks", "/content")
        return read_said([{"role": "assistant", "content": said}])

    def restored(self, answer: Fields, exchange: Exchange) -> Fields:
        """Give the answer with private values put back; what the provider has sealed stays."""
        blocks = [
            it if it.get("type") in SEALED else exchange.restore(it) for it in answer["content"]
        ]
        return {**answer, "content": blocks}

    def rewriter(self, exchange: Exchange) -> MessagesRewriter:
        """Make what rewrites a stream of this dialect."""
        return MessagesRewriter(exchange)
