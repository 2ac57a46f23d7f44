"""A guardrail for LiteLLM, as a proxy or as a library.

# config.yaml of the proxy
guardrails:
- guardrail_name: aidefence
litellm_params:
guardrail: aidefence.integrations.litellm.AIDefenceGuardrail
mode: [pre_call, post_call]
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from litellm.exceptions import GuardrailRaisedException
from litellm.integrations.custom_guardrail import CustomGuardrail

from aidefence.domain.enums import Action, Direction, Origin
from aidefence.integrations.stopping import Stop, tell

if TYPE_CHECKING:
    from aidefence import Decision, Guard
    from aidefence.app.stream import Stream
    from aidefence.domain.tools import Ruling

NAME = "aidefence"
_QUESTIONS = ("messages", "input", "prompt")


class AIDefenceGuardrail(CustomGuardrail):  # type: ignore[misc]  # untyped where it is missing
    """Inspects questions, tools, calls and answers; streams go on as soon as they are settled."""

    # Its own hooks hold a stream back only where that is needed.
    use_native_lifecycle_hooks: ClassVar[bool] = True

    def __init__(
        self,
        guardrail_name: str | None = NAME,
        *,
        guard: Guard | None = None,
        stop_at: Action | str = Action.BLOCK,
        redact: bool = False,
        **kwargs: Any,  # noqa: ANN401 -- the framework's own options
    ) -> None:
        """`redact` replaces private data and secrets in questions and answers."""
        if guard is None:
            from aidefence import Guard as Default  # noqa: PLC0415 -- only where none is given

            guard = Default()
        self._guard = guard
        self._stop = Stop(stop_at)
        # Where values are replaced, they count from where they are flagged; attacks do with them.
        only_blocked = stop_at == Action.BLOCK and not redact
        self._stop_streams_at = Action.BLOCK if only_blocked else Action.FLAG
        self._redact = redact
        super().__init__(guardrail_name=guardrail_name, **kwargs)

    async def apply_guardrail(
        self,
        inputs: dict[str, Any],
        request_data: dict[str, Any],  # noqa: ARG002 -- the framework's signature
        input_type: Literal["request", "response"],
        logging_obj: Any = None,  # noqa: ANN401, ARG002 -- the same
    ) -> dict[str, Any]:
        """Inspect texts, messages, tools and calls of one request or answer."""
        is_answer = input_type == "response"
        texts = list(inputs.get("texts") or ())
        if not is_answer and inputs.get("structured_messages"):
            self._check("a question", await self._guard.ainspect(inputs["structured_messages"]))
        else:
            for text in texts:
                await self._check_text(text, is_answer=is_answer)
        if inputs.get("tools"):
            self._check("a tool", self._guard.inspect_tools(_plain(inputs["tools"])))
        for call in inputs.get("tool_calls") or ():
            self._check_call(_plain(call))
        if not self._redact:
            return inputs
        return {**inputs, "texts": [self._clean(text) for text in texts]}

    async def async_pre_call_hook(
        self,
        user_api_key_dict: Any,  # noqa: ANN401, ARG002 -- the framework's signature
        cache: Any,  # noqa: ANN401, ARG002 -- the same
        data: dict[str, Any],
        call_type: str,  # noqa: ARG002 -- the same
    ) -> dict[str, Any]:
        """Inspect a question before a model hears of it."""
        await self._check_question(data)
        return _cleaned(data, self._clean) if self._redact else data

    async def async_moderation_hook(
        self,
        data: dict[str, Any],
        user_api_key_dict: Any,  # noqa: ANN401, ARG002 -- the framework's signature
        call_type: str,  # noqa: ARG002 -- the same
    ) -> dict[str, Any]:
        """Inspect a question while the model answers it."""
        await self._check_question(data)
        return data

    async def async_post_call_success_hook(
        self,
        data: dict[str, Any],  # noqa: ARG002 -- the framework's signature
        user_api_key_dict: Any,  # noqa: ANN401, ARG002 -- the same
        response: Any,  # noqa: ANN401 -- answers of all kinds of calls
    ) -> Any:  # noqa: ANN401 -- the same
        """Inspect an answer, and the calls in it."""
        for choice in getattr(response, "choices", None) or ():
            message = getattr(choice, "message", None)
            content = getattr(message, "content", None)
            if message is not None and isinstance(content, str):
                await self._check_text(content, is_answer=True)
                if self._redact:
                    message.content = self._clean(content)
            for call in getattr(message, "tool_calls", None) or ():
                self._check_call(_plain(call))
        return response

    async def async_post_call_streaming_iterator_hook(
        self,
        user_api_key_dict: Any,  # noqa: ANN401, ARG002 -- the framework's signature
        response: Any,  # noqa: ANN401 -- whatever the provider streams
        request_data: dict[str, Any],  # noqa: ARG002 -- the same
    ) -> AsyncIterator[Any]:
        """Pass a stream on as soon as it is settled; calls wait until they are whole."""
        streams: dict[int, Stream] = {}
        held: list[Any] = []
        calls: dict[tuple[int, int], dict[str, str]] = {}
        last: Any = None
        async for chunk in response:
            last, waits = chunk, False
            for choice in getattr(chunk, "choices", None) or ():
                waits |= _gather(calls, choice)
                self._read(streams, choice)
                if choice.finish_reason:
                    self._check_calls(calls)
                    waits = False
            if waits:
                held.append(chunk)
                continue
            for one in (*held, chunk):
                yield one
            held.clear()
        self._check_calls(calls)
        for one in held:
            yield one
        for index, stream in streams.items():
            text = self._rest(stream)
            if text:
                yield _saying(last, index, text)

    def _read(self, streams: dict[int, Stream], choice: Any) -> None:  # noqa: ANN401
        stream = streams.get(choice.index)
        if stream is None:
            stream = streams[choice.index] = self._guard.stream(
                stop_at=self._stop_streams_at, on_finding="redact" if self._redact else "stop"
            )
        text = choice.delta.content
        if isinstance(text, str) and text:
            released = stream.feed(text)
            if released.stopped:
                self._stopped(stream)
            choice.delta.content = released.text
        if choice.finish_reason:
            rest = self._rest(stream)
            if rest:
                choice.delta.content = (choice.delta.content or "") + rest

    def _rest(self, stream: Stream) -> str:
        if stream.end is not None:
            return ""
        end = stream.finish()
        if end.stopped:
            self._stopped(stream)
        return end.text

    def _stopped(self, stream: Stream) -> None:
        self._refuse("an answer", stream.finish().decision)

    async def _check_question(self, data: Mapping[str, Any]) -> None:
        for name in _QUESTIONS:
            content = data.get(name)
            if isinstance(content, str):
                await self._check_text(content, is_answer=False)
            elif isinstance(content, list) and content:
                self._check("a question", await self._guard.ainspect(_plain(content)))
        if data.get("tools"):
            self._check("a tool", self._guard.inspect_tools(_plain(data["tools"])))

    async def _check_text(self, text: str, *, is_answer: bool) -> None:
        if is_answer:
            decision = await self._guard.ainspect(
                text, origin=Origin.ASSISTANT, direction=Direction.OUTPUT
            )
            self._check("an answer", decision)
        else:
            self._check("a question", await self._guard.ainspect(text))

    def _check_calls(self, calls: dict[tuple[int, int], dict[str, str]]) -> None:
        for call in calls.values():
            self._check_call({"function": call})
        calls.clear()

    def _check_call(self, call: Mapping[str, Any]) -> None:
        function = call.get("function") or {}
        name = str(function.get("name") or "")
        self._check("a call", self._guard.inspect_call(name, function.get("arguments") or "{}"))

    def _check(self, what: str, decided: Decision | Ruling) -> None:
        if self._stop.holds(decided):
            self._refuse(what, decided)

    def _refuse(self, what: str, decided: Decision | Ruling) -> None:
        told = tell(decided)
        reason = f"{what} was stopped: {'; '.join(told['reasons'])}"
        refusal = GuardrailRaisedException(guardrail_name=self.guardrail_name, message=reason)
        # We did judge it: not to be taken for a guardrail that failed.
        refusal.blocked_content = True
        raise refusal

    def _clean(self, text: str) -> str:
        return self._guard.redact(text).text


def _gather(calls: dict[tuple[int, int], dict[str, str]], choice: Any) -> bool:  # noqa: ANN401
    """Join the pieces of calls; tells whether there were some."""
    pieces = getattr(choice.delta, "tool_calls", None) or ()
    for piece in pieces:
        function = piece.function
        call = calls.setdefault((choice.index, piece.index or 0), {"name": "", "arguments": ""})
        call["name"] += function.name or ""
        call["arguments"] += function.arguments or ""
    return bool(pieces)


def _saying(chunk: Any, index: int, text: str) -> Any:  # noqa: ANN401 -- whatever is streamed
    """Make a chunk like the last one that says the rest."""
    made = chunk.model_copy(deep=True)
    made.choices = [it for it in made.choices if it.index == index][:1]
    for choice in made.choices:
        choice.delta.content = text
        choice.delta.tool_calls = None
    return made


def _cleaned(data: dict[str, Any], clean: Any) -> dict[str, Any]:  # noqa: ANN401 -- a function
    texts = {name: clean(data[name]) for name in _QUESTIONS if isinstance(data.get(name), str)}
    messages = data.get("messages")
    if isinstance(messages, list):
        texts["messages"] = [_cleaned_message(it, clean) for it in messages]
    return {**data, **texts}


def _cleaned_message(message: Any, clean: Any) -> Any:  # noqa: ANN401 -- of any dialect
    if not isinstance(message, dict):
        return message
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": clean(content)}
    if isinstance(content, list):
        parts = [
            {**it, "text": clean(it["text"])}
            if isinstance(it, dict) and isinstance(it.get("text"), str)
            else it
            for it in content
        ]
        return {**message, "content": parts}
    return message


def _plain(value: Any) -> Any:  # noqa: ANN401 -- models and data alike
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(it) for it in value]
    return value
