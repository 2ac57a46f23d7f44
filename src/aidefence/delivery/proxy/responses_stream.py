"""Streams of responses, event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.proxy.jsontext import MalformedError, read_object, strings_in
from aidefence.delivery.proxy.openai_errors import openai_error
from aidefence.delivery.proxy.sse import Event, event
from aidefence.domain.content import Content
from aidefence.domain.enums import Modality, Origin
from aidefence.ingest.messages import read
from aidefence.service.proxy_exchange import Exchange
from aidefence.service.proxy_lane import Lane

_DELTA, _DONE = ".delta", ".done"
# Arguments of calls: they go on when they are whole and judged.
_CALLS = {
    "response.function_call_arguments": "arguments",
    "response.mcp_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.code_interpreter_call_code": "code",
}
# Where the whole text stands in the event that ends it.
_TEXTS = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_text": "text",
    "response.reasoning_summary_text": "text",
    "response.audio.transcript": "transcript",
}
_LAST = frozenset({"response.completed", "response.incomplete", "response.failed", "error"})
_NAMES = frozenset(
    {
        *("type", "id", "item_id", "call_id", "status", "role", "model", "name", "object"),
        *("sequence_number", "output_index", "content_index", "summary_index", "obfuscation"),
        *("encrypted_content", "phase"),
    }
)
_KNOWN_MAX = 100_000
_METADATA_MAX = 512


@dataclass(slots=True)
class _Text:
    """One text or one call's arguments, still coming in."""

    template: dict[str, Any]
    lane: Lane | None = None
    pieces: list[str] = field(default_factory=list)


class ResponsesRewriter:
    """Rewrites one stream. What is said again at the end is not judged again."""

    def __init__(self, exchange: Exchange) -> None:
        self.finished = False
        self._exchange = exchange
        self._texts: dict[tuple[str, ...], _Text] = {}
        self._items: dict[str, dict[str, Any]] = {}
        self._judged: set[int] = set()
        self._response: dict[str, Any] = {}
        self._number: int | None = None

    async def take(self, event: Event) -> list[bytes]:
        """Take the next event; gives what goes on to the client."""
        if event.data is None or event.data.strip() == b"[DONE]":
            return [event.raw]
        said = read_object(event.data)
        kind = str(said.get("type"))
        if self._number is None and isinstance(said.get("sequence_number"), int):
            self._number = said["sequence_number"]
        stem = kind.removesuffix(_DELTA)
        if stem != kind and isinstance(said.get("delta"), str):
            return await self._delta(event, said, stem)
        stem = kind.removesuffix(_DONE)
        if stem in _CALLS or stem in _TEXTS or _key(said, stem) in self._texts:
            return await self._done(event, said, stem)
        return await self._take_other(event, said, kind)

    async def flush(self) -> list[bytes]:
        """Give what was held back; nothing can follow."""
        out: list[bytes] = []
        for key in list(self._texts):
            out += await self._rest(key)
        return out

    @property
    def complete(self) -> bool:
        """Whether the response was said to be over; only its last event says so."""
        return False

    def stop(self, text: str) -> list[bytes]:
        """End as a model would that declines in the middle of its answer."""
        self.finished = True
        why = {"reason": "content_filter"}
        ended = {**self._response, "status": "incomplete", "incomplete_details": why, "output": []}
        explained = {**(ended.get("metadata") or {}), "refusal": text[:_METADATA_MAX]}
        response = {**ended, "metadata": explained}
        return self._emit({"type": "response.incomplete", "response": response})

    def fail(self, refusal: Refusal) -> list[bytes]:
        """End with an error."""
        self.finished = True
        code = refusal.kind.replace("-", "_")
        told = {"type": "error", "code": code, "message": refusal.detail, "param": None}
        # Clients of either shape must notice: the older one, and the one that has it all inside.
        return self._emit({**told, **openai_error(refusal)})

    async def _delta(self, event: Event, said: dict[str, Any], stem: str) -> list[bytes]:
        key = _key(said, stem)
        text = said["delta"]
        state = self._texts.get(key)
        if state is None:
            state = self._texts[key] = _Text(said)
        state.template = said
        if stem in _CALLS:
            state.pieces.append(text)
            return []
        if stem == "response.audio":
            del self._texts[key]
            return self._emit(said, event.raw)
        if state.lane is None:
            state.lane = self._exchange.lane()
        told = await self._exchange.feed(state.lane, text)
        if told == text:
            return self._emit(said, event.raw)
        return self._emit(_bare(said, told)) if told else []

    async def _done(self, event: Event, said: dict[str, Any], stem: str) -> list[bytes]:
        key, name = _key(said, stem), _CALLS.get(stem) or _TEXTS.get(stem, "text")
        whole = said.get(name)
        if stem in _CALLS and isinstance(whole, str):
            await self._judge_call(said, whole)
        out = await self._rest(key)
        if isinstance(whole, str) and stem not in _CALLS:
            await self._judge([Content(whole, Origin.ASSISTANT)])
        told = self._put_back(said, (name,))
        return [*out, *self._emit(told, event.raw if told == said else None)]

    async def _rest(self, key: tuple[str, ...]) -> list[bytes]:
        """End a text; gives what was held back of it."""
        state = self._texts.pop(key, None)
        if state is None:
            return []
        if state.lane is not None:
            said = state.lane.said
            rest = await self._exchange.finish(state.lane)
            self._judged.add(hash(("", said)))
            return self._emit(_bare(state.template, rest)) if rest else []
        written = "".join(state.pieces)
        await self._judge_call(state.template, written)
        return self._emit(_bare(state.template, str(self._exchange.restore(written))))

    async def _take_other(self, event: Event, said: dict[str, Any], kind: str) -> list[bytes]:
        out = await self.flush() if kind in _LAST else []
        told = said
        response = said.get("response")
        if isinstance(response, dict):
            self._exchange.use(response.get("usage"))
            self._response = {key: it for key, it in response.items() if key != "output"}
            await self._judge_items(response.get("output") or [])
            output = self._exchange.restore(response.get("output"))
            if output != response.get("output"):
                told = {**said, "response": {**response, "output": output}}
        else:
            item = said.get("item")
            if isinstance(item, dict):
                self._items[str(item.get("id"))] = item
                await self._judge_items([item])
            elif isinstance(said.get("part"), dict):
                await self._judge_items([{"role": "assistant", "content": [said["part"]]}])
            elif kind != "error":
                texts = strings_in(said, _NAMES)
                await self._judge([Content(it, Origin.ASSISTANT) for it in texts])
            told = self._put_back(said, ("item", "part"))
        self.finished = kind in _LAST
        return [*out, *self._emit(told, event.raw if told == said else None)]

    async def _judge_items(self, items: Sequence[Any]) -> None:
        if not all(isinstance(it, dict) for it in items):
            raise MalformedError("an item is no object")
        if not items:
            return
        inspection = read(list(items))
        for it in inspection.unread:
            self._exchange.miss(it)
        await self._judge(inspection.contents)

    async def _judge_call(self, said: dict[str, Any], written: str) -> None:
        item = self._items.get(str(said.get("item_id")), {})
        name = str(said.get("name") or item.get("name") or item.get("type") or "")
        named = item.get("call_id") or item.get("id") or said.get("item_id")
        call_id = named if isinstance(named, str) else None
        await self._judge([Content(written, Origin.ASSISTANT, Modality.TOOL_CALL, name, call_id)])

    async def _judge(self, contents: Sequence[Content]) -> None:
        new = []
        for it in contents:
            is_call = it.modality is Modality.TOOL_CALL
            if is_call and not it.text:
                continue
            # Two calls may say the same: each of them is made.
            digest = hash((it.tool, it.call_id, it.text) if is_call else ("", it.text))
            if digest not in self._judged and it.text:
                new.append(it)
                if len(self._judged) < _KNOWN_MAX:
                    self._judged.add(digest)
        if new:
            await self._exchange.judge(new)

    def _put_back(self, said: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        """Put private values back under these names."""
        if not self._exchange.restores:
            return said
        return {
            name: self._exchange.restore(value) if name in names else value
            for name, value in said.items()
        }

    def _emit(self, said: dict[str, Any], raw: bytes | None = None) -> list[bytes]:
        """Write an event with the number that is its turn; as it came, if that says the same."""
        number = self._number
        if number is not None:
            self._number = number + 1
            if said.get("sequence_number") != number:
                said = {**said, "sequence_number": number}
                raw = None
        return [event(said, str(said.get("type")))] if raw is None else [raw]


def _key(said: dict[str, Any], stem: str) -> tuple[str, ...]:
    at = said.get("content_index", said.get("summary_index", 0))
    return stem, str(said.get("item_id")), str(at)


def _bare(said: dict[str, Any], delta: str) -> dict[str, Any]:
    """Write a delta anew; what tells the likely words tells those that wait, too."""
    return {**said, "delta": delta, **({"logprobs": []} if said.get("logprobs") else {})}
