"""Streams of chat completions, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.proxy.jsontext import MalformedError, read_object, strings_in
from aidefence.delivery.proxy.openai_errors import openai_error
from aidefence.delivery.proxy.sse import Event, event
from aidefence.domain.content import Content, Degraded
from aidefence.domain.enums import Origin
from aidefence.service.proxy_exchange import Exchange
from aidefence.service.proxy_lane import Lane

_DONE = b"data: [DONE]\n\n"
_END = b"[DONE]"
# What all chunks of an answer have in common, and says nothing.
_HEAD = ("id", "object", "created", "model", "system_fingerprint", "service_tier", "provider")
_PLAIN = frozenset({*_HEAD, "usage", "choices", "error", "obfuscation"})
_STRUCTURE = frozenset({"role", "name"})
_CALLS = frozenset({"tool_calls", "function_call"})
_AUDIO = Degraded("content.audio", "what is spoken is not inspected, but for its transcript")
# Names and sounds: nothing that a client would read.
_NO_WORDS = frozenset({"id", "data", "type", "index", "format"})
_OLD_CALL = -1
_CHOICES_MAX = 128
_CALLS_MAX = 256


@dataclass(slots=True)
class _Choice:
    """One of the answers that come side by side."""

    key: str = ""
    lane: Lane | None = None
    watched: Lane | None = None
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    logprobs: dict[str, Any] = field(default_factory=dict)
    finished: bool = False
    told_why: bool = False
    """Whether the upstream has said why it ended."""


class ChatRewriter:
    """Rewrites one stream. Calls go on when they are whole and judged; texts as they settle."""

    def __init__(self, exchange: Exchange) -> None:
        self.finished = False
        self._exchange = exchange
        self._choices: dict[int, _Choice] = {}
        self._head: dict[str, Any] = {"object": "chat.completion.chunk"}
        self._others: dict[str, list[str]] = {}

    async def take(self, event: Event) -> list[bytes]:
        """Take the next event; gives what goes on to the client."""
        if event.data is None:
            return [event.raw]
        if event.data.strip() == _END:
            out = await self.flush()
            self.finished = True
            return [*out, event.raw]
        chunk = read_object(event.data)
        self._exchange.use(chunk.get("usage"))
        await self._judge_others(chunk)
        choices = chunk.get("choices")
        if not choices:
            # An error that the upstream tells is the end of what it says.
            out = await self.flush() if "error" in chunk else []
            return [*out, event.raw]
        if not isinstance(choices, list) or not all(isinstance(it, dict) for it in choices):
            raise MalformedError("`choices` is no list of objects")
        self._head = {key: chunk[key] for key in _HEAD if key in chunk}
        return await self._take_choices(event, chunk, choices)

    async def flush(self) -> list[bytes]:
        """Give what was held back; nothing can follow."""
        out: list[bytes] = []
        for index, choice in self._choices.items():
            if not choice.finished:
                out += await self._finish(index, choice)
        return out

    @property
    def complete(self) -> bool:
        """Whether every answer has told why it ended."""
        return bool(self._choices) and all(it.told_why for it in self._choices.values())

    def stop(self, text: str) -> list[bytes]:
        """End as a model would that declines in the middle of its answer."""
        self.finished = True
        left = [index for index, it in self._choices.items() if not it.finished] or [0]
        return [
            *(self._chunk(index, {"refusal": text}, "content_filter") for index in left),
            _DONE,
        ]

    def fail(self, refusal: Refusal) -> list[bytes]:
        """End with an error."""
        self.finished = True
        return [event(openai_error(refusal)), _DONE]

    async def _take_choices(
        self, came: Event, chunk: dict[str, Any], choices: list[dict[str, Any]]
    ) -> list[bytes]:
        out: list[bytes] = []
        kept: list[dict[str, Any]] = []
        for choice in choices:
            before, left = await self._take_choice(choice)
            out += before
            if left is not None:
                kept.append(left)
        if kept == choices and not out:
            return [came.raw]
        if kept or chunk.get("usage"):
            out.append(event({**chunk, "choices": kept}))
        return out

    async def _take_choice(
        self, choice: dict[str, Any]
    ) -> tuple[list[bytes], dict[str, Any] | None]:
        """Give what goes before this part of a choice, and what is left of it."""
        index = choice.get("index", 0)
        if not isinstance(index, int) or len(self._choices) > _CHOICES_MAX:
            raise MalformedError("`index` of a choice is no small number")
        state = self._choices.setdefault(index, _Choice())
        out: list[bytes] = []
        left = dict(choice)
        for name in ("delta", "message"):
            said = choice.get(name)
            if isinstance(said, dict):
                before, left[name] = await self._take_delta(index, state, said)
                out += before
        if isinstance(choice.get("text"), str):
            left["text"] = await self._say(state, "text", choice["text"])
        probable = choice.get("logprobs")
        if isinstance(probable, dict):
            # They hold the words themselves: they wait for those to go out.
            _append(state.logprobs, probable)
            left["logprobs"] = None
        if choice.get("finish_reason") is not None:
            out += await self._finish(index, state)
            state.told_why = True
            return out, left
        is_empty = left.get("delta") == {} and choice.get("delta") != {}
        return out, None if is_empty else left

    async def _take_delta(
        self, index: int, state: _Choice, delta: dict[str, Any]
    ) -> tuple[list[bytes], dict[str, Any]]:
        out: list[bytes] = []
        left: dict[str, Any] = {}
        for key, value in delta.items():
            if key in _STRUCTURE or not value:
                left[key] = value
            elif key in _CALLS:
                out += await self._turn_to(index, state, key)
                _take_calls(state, value)
            elif isinstance(value, str):
                out += await self._turn_to(index, state, key)
                told = await self._say(state, key, value)
                if told:
                    left[key] = told
            else:
                if key == "audio":
                    self._exchange.miss(_AUDIO)
                await self._watch(state, strings_in(value, _NO_WORDS))
                left[key] = value
        return out, left

    async def _say(self, state: _Choice, key: str, text: str) -> str:
        if state.lane is None:
            state.lane, state.key = self._exchange.lane(), key
        return await self._exchange.feed(state.lane, text)

    async def _turn_to(self, index: int, state: _Choice, key: str) -> list[bytes]:
        """End the text before another begins: they go on in the order in which they came."""
        if state.lane is None or state.key == key:
            return []
        lane, state.lane = state.lane, None
        rest = await self._exchange.finish(lane)
        return [self._chunk(index, {state.key: rest})] if rest else []

    async def _finish(self, index: int, state: _Choice) -> list[bytes]:
        out = await self._turn_to(index, state, "")
        if state.watched is not None:
            await self._exchange.finish(state.watched)
            state.watched = None
        calls = [await self._judged(at, call) for at, call in sorted(state.calls.items())]
        state.calls.clear()
        state.finished = True
        out += [self._chunk(index, it) for it in calls]
        if state.logprobs:
            told = {"index": index, "delta": {}, "logprobs": state.logprobs, "finish_reason": None}
            out.append(event({**self._head, "choices": [told]}))
            state.logprobs = {}
        return out

    async def _judged(self, at: int, call: dict[str, Any]) -> dict[str, Any]:
        """Judge a call that is whole; gives it as a part of an answer."""
        inner, key = _inside(call)
        said = inner.get(key) or ""
        named = call.get("id")
        call_id = named if isinstance(named, str) else None
        await self._exchange.judge_call(str(inner.get("name") or ""), said, call_id)
        inner[key] = self._exchange.restore(said) if said else said
        return {"function_call": call} if at == _OLD_CALL else {"tool_calls": [call]}

    async def _watch(self, state: _Choice, texts: list[str]) -> None:
        """Read along what has no form we know; it goes on as it is."""
        if texts:
            if state.watched is None:
                state.watched = self._exchange.lane(restored=False, watched=True)
            await self._exchange.feed(state.watched, " ".join((*texts, "")))

    async def _judge_others(self, chunk: dict[str, Any]) -> None:
        """Judge what stands beside the choices, once for each value."""
        for key in chunk.keys() - _PLAIN:
            texts = strings_in(chunk[key])
            if texts and self._others.get(key) != texts:
                self._others[key] = texts
                await self._exchange.judge([Content("\n".join(texts), Origin.ASSISTANT)])

    def _chunk(self, index: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({**self._head, "choices": [choice]})


def _take_calls(state: _Choice, value: object) -> None:
    """Put the parts of calls together."""
    if isinstance(value, dict):
        _join(state.calls.setdefault(_OLD_CALL, {}), value)
        return
    if not isinstance(value, list) or not all(isinstance(it, dict) for it in value):
        raise MalformedError("`tool_calls` is no list of objects")
    for at, part in enumerate(value):
        index = part.get("index", at)
        if not isinstance(index, int) or len(state.calls) > _CALLS_MAX:
            raise MalformedError("`index` of a call is no small number")
        _join(state.calls.setdefault(index, {}), part)


def _join(call: dict[str, Any], part: dict[str, Any]) -> None:
    for key, value in part.items():
        known = call.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            _join(known, value)
        elif key in {"arguments", "input"} and isinstance(value, str) and isinstance(known, str):
            call[key] = known + value
        elif isinstance(value, dict):
            call[key] = dict(value)
        elif value is not None or key not in call:
            call[key] = value


def _inside(call: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Where name and arguments of a call stand, and the name of the latter."""
    for key, said in (("function", "arguments"), ("custom", "input")):
        if isinstance(call.get(key), dict):
            return call[key], said
    return call, "arguments"


def _append(known: dict[str, Any], new: dict[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, list) and isinstance(known.get(key), list):
            known[key] += value
        elif value is not None or key not in known:
            known[key] = list(value) if isinstance(value, list) else value
