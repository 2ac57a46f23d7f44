"""Streams of messages, event by event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.proxy.jsontext import MalformedError, read_object, strings_in
from aidefence.delivery.proxy.sse import Event, named
from aidefence.domain.content import Content, Degraded
from aidefence.domain.enums import Origin
from aidefence.ingest.messages import read
from aidefence.service.proxy_exchange import Exchange
from aidefence.service.proxy_lane import Lane

# A signature of the provider stands over these: they go on as they are.
SEALED = frozenset({"thinking", "redacted_thinking"})
_BY_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_TEXT_OF = {"text_delta": "text", "thinking_delta": "thinking"}
_NAMES = frozenset({"type", "id", "model", "role", "stop_reason", "usage", "container"})
_REDACTED = Degraded("content.redacted_thinking", "what the provider has sealed is not inspected")
_BLOCKS_MAX = 10_000


def messages_error(refusal: Refusal) -> dict[str, Any]:
    """Write a refusal as an error object."""
    kind = _BY_STATUS.get(refusal.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": refusal.detail}}


@dataclass(slots=True)
class _Block:
    """One block that has begun."""

    kind: str
    lane: Lane | None = None
    sealed: bool = False
    call: str | None = None
    """The name of the tool, where the block is a call."""
    call_id: str | None = None
    judged: bool = False
    """Whether the call was whole at once, and is judged."""
    held: list[bytes] = field(default_factory=list)
    """What waits until the call is judged."""
    pieces: list[str] = field(default_factory=list)
    said: str = "text_delta"
    begun: bool = False
    """Whether the client has seen its beginning."""


class MessagesRewriter:
    """Rewrites one stream. Calls go on when they are whole and judged; texts as they settle."""

    def __init__(self, exchange: Exchange) -> None:
        self.finished = False
        self._exchange = exchange
        self._blocks: dict[int, _Block] = {}
        self._usage: dict[str, Any] = {}
        self._begun = False

    async def take(self, event: Event) -> list[bytes]:
        """Take the next event; gives what goes on to the client."""
        if event.data is None:
            return [event.raw]
        said = read_object(event.data)
        kind = said.get("type")
        if kind == "content_block_start":
            return await self._start(event, said)
        if kind == "content_block_delta":
            return await self._delta(event, said)
        if kind == "content_block_stop":
            return [*await self._end(_index(said)), event.raw]
        return await self._take_other(event, said)

    async def flush(self) -> list[bytes]:
        """Give what was held back; nothing can follow."""
        out: list[bytes] = []
        for index in list(self._blocks):
            out += await self._end(index)
        return out

    @property
    def complete(self) -> bool:
        """Whether the message was said to be over; only `message_stop` says so."""
        return False

    def stop(self, text: str) -> list[bytes]:
        """End as a model would that declines in the middle of its answer."""
        self.finished = True
        out = [
            named({"type": "content_block_stop", "index": index})
            for index, it in self._blocks.items()
            if it.begun
        ]
        ended = {"stop_reason": "refusal", "stop_sequence": None}
        if not self._begun:
            begun = {"id": "msg_refused", "type": "message", "role": "assistant", "content": []}
            usage = {"input_tokens": 0, "output_tokens": 0}
            rest = {"model": "", "stop_reason": None, "stop_sequence": None, "usage": usage}
            out.append(named({"type": "message_start", "message": {**begun, **rest}}))
        usage = {"output_tokens": self._usage.get("output_tokens") or 0}
        explained = {"type": "refusal", "category": None, "explanation": text}
        return [
            *out,
            named(
                {
                    "type": "message_delta",
                    "delta": {**ended, "stop_details": explained},
                    "usage": usage,
                }
            ),
            named({"type": "message_stop"}),
        ]

    def fail(self, refusal: Refusal) -> list[bytes]:
        """End with an error."""
        self.finished = True
        return [named(messages_error(refusal))]

    async def _take_other(self, event: Event, said: dict[str, Any]) -> list[bytes]:
        kind = said.get("type")
        if kind == "message_start":
            self._begun = True
            message = said.get("message")
            if isinstance(message, dict):
                self._usage |= message.get("usage") or {}
                self._exchange.use(self._usage)
                if message.get("content"):
                    await self._judge([{**message, "role": "assistant"}])
        elif kind == "message_delta":
            self._usage |= said.get("usage") or {}
            self._exchange.use(self._usage)
        elif kind in {"message_stop", "error"}:
            out = await self.flush()
            self.finished = True
            return [*out, event.raw]
        elif kind != "ping":
            texts = strings_in(said, _NAMES)
            if texts:
                await self._exchange.judge([Content("\n".join(texts), Origin.ASSISTANT)])
        return [event.raw]

    async def _start(self, event: Event, said: dict[str, Any]) -> list[bytes]:
        index, block = _index(said), said.get("content_block")
        if not isinstance(block, dict) or len(self._blocks) > _BLOCKS_MAX:
            raise MalformedError("`content_block` is no object")
        out = await self._end(index)
        kind = str(block.get("type"))
        state = self._blocks[index] = _Block(kind)
        if kind in {"text", "thinking"}:
            state.sealed = kind in SEALED
            state.said = f"{kind}_delta"
            state.begun = True
            text = block.get(kind) or ""
            told = await self._say(state, text) if text else ""
            if told == text:
                return [*out, event.raw]
            return [*out, named({**said, "content_block": {**block, kind: told}})]
        if kind.endswith("tool_use"):
            state.call = str(block.get("name") or "")
            named_by = block.get("id")
            state.call_id = named_by if isinstance(named_by, str) else None
            whole = block.get("input")
            if whole:
                # All of it at once, instead of piece by piece.
                state.judged = True
                await self._judge([{"role": "assistant", "content": [block]}])
                block = {**block, "input": self._exchange.restore(whole)}
            state.held.append(named({**said, "content_block": block}))
            return out
        if kind == "redacted_thinking":
            self._exchange.miss(_REDACTED)
        else:
            await self._judge([{"role": "assistant", "content": [block]}])
        state.begun = True
        return [*out, event.raw]

    async def _delta(self, event: Event, said: dict[str, Any]) -> list[bytes]:
        index, delta = _index(said), said.get("delta")
        state = self._blocks.get(index)
        if state is None or not isinstance(delta, dict):
            raise MalformedError("a delta stands outside of its block")
        kind = delta.get("type")
        key = _TEXT_OF.get(str(kind))
        if key is not None:
            text = delta.get(key)
            if not isinstance(text, str):
                raise MalformedError(f"`{key}` is no text")
            told = await self._say(state, text)
            if told == text:
                return [event.raw]
            return [named({**said, "delta": {**delta, key: told}})] if told else []
        if kind == "input_json_delta":
            state.pieces.append(str(delta.get("partial_json") or ""))
            return []
        # A signature closes the text before it; anything else stands for itself.
        out = await self._rest(index, state)
        if kind != "signature_delta":
            texts = strings_in(delta, _NAMES)
            if texts:
                await self._exchange.judge([Content("\n".join(texts), Origin.ASSISTANT)])
        if state.held:
            state.held.append(event.raw)
            return out
        return [*out, event.raw]

    async def _say(self, state: _Block, text: str) -> str:
        if state.lane is None:
            state.lane = self._exchange.lane(restored=not state.sealed)
        return await self._exchange.feed(state.lane, text)

    async def _rest(self, index: int, state: _Block) -> list[bytes]:
        """End the text of a block; gives what was held back of it."""
        if state.lane is None:
            return []
        lane, state.lane = state.lane, None
        rest = await self._exchange.finish(lane)
        if not rest:
            return []
        delta = {"type": state.said, _TEXT_OF[state.said]: rest}
        return [named({"type": "content_block_delta", "index": index, "delta": delta})]

    async def _end(self, index: int) -> list[bytes]:
        """End a block: the rest of its text, or the call that it is, judged."""
        state = self._blocks.get(index)
        if state is None:
            return []
        out = await self._rest(index, state)
        if state.call is not None:
            written = "".join(state.pieces)
            if written:
                await self._exchange.judge_call(state.call, written, state.call_id)
            elif not state.judged:
                await self._exchange.judge_call(state.call, "{}", state.call_id)
            out += state.held
            if written:
                delta = {
                    "type": "input_json_delta",
                    "partial_json": self._exchange.restore(written),
                }
                out.append(named({"type": "content_block_delta", "index": index, "delta": delta}))
        del self._blocks[index]
        return out

    async def _judge(self, messages: list[dict[str, Any]]) -> None:
        inspection = read(messages)
        for it in inspection.unread:
            self._exchange.miss(it)
        await self._exchange.judge(inspection.contents)


def _index(said: dict[str, Any]) -> int:
    index = said.get("index")
    if not isinstance(index, int):
        raise MalformedError("`index` of a block is no number")
    return index
