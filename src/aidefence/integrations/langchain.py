"""Hooks for LangChain: a step of a chain, and a handler that sees models and tools.

chain = prompt | GuardStep(guard) | model | GuardStep(guard, direction="output")
model.invoke(messages, config={"callbacks": [GuardHandler(guard)]})
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage, BaseMessageChunk, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableConfig

from aidefence.domain.enums import Action, Direction, Origin
from aidefence.integrations.stopping import BlockedError, Stop, tell

if TYPE_CHECKING:
    from aidefence import Guard

_Passed = TypeVar("_Passed")


class GuardStep(Runnable[_Passed, _Passed]):
    """Passes on what it is given, unless it must not pass: then it raises `BlockedError`.

    Takes texts, messages, lists of them and prompts. A stream goes on as soon as it is settled.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        direction: Direction | str = Direction.INPUT,
        stop_at: Action | str = Action.BLOCK,
    ) -> None:
        """`direction` is `"input"` before a model and `"output"` behind it."""
        self._guard = guard
        self._direction = Direction(direction)
        is_answer = self._direction is Direction.OUTPUT
        self._origin = Origin.ASSISTANT if is_answer else Origin.USER
        self._what = "an answer" if is_answer else "a question"
        self._stop_at = stop_at
        self._stop = Stop(stop_at)

    def invoke(
        self,
        input: _Passed,  # noqa: A002 -- the framework's name
        config: RunnableConfig | None = None,  # noqa: ARG002 -- the same
        **kwargs: Any,  # noqa: ANN401, ARG002 -- the same
    ) -> _Passed:
        """Inspect, and pass on."""
        content = _content(input)
        decision = self._guard.inspect(content, origin=self._origin, direction=self._direction)
        self._stop.check(self._what, decision)
        return input

    async def ainvoke(
        self,
        input: _Passed,  # noqa: A002 -- the framework's name
        config: RunnableConfig | None = None,  # noqa: ARG002 -- the same
        **kwargs: Any,  # noqa: ANN401, ARG002 -- the same
    ) -> _Passed:
        """Inspect without holding up the event loop, and pass on."""
        content = _content(input)
        decision = await self._guard.ainspect(
            content, origin=self._origin, direction=self._direction
        )
        self._stop.check(self._what, decision)
        return input

    def transform(
        self,
        input: Iterator[_Passed],  # noqa: A002 -- the framework's name
        config: RunnableConfig | None = None,  # noqa: ARG002 -- the same
        **kwargs: Any,  # noqa: ANN401, ARG002 -- the same
    ) -> Iterator[_Passed]:
        """Pass pieces of a stream on as soon as they are settled."""
        stream = _Pieces(self._guard, self._origin, self._direction, self._stop_at)
        for piece in input:
            yield from stream.take(piece)
        yield from stream.end()

    async def atransform(
        self,
        input: AsyncIterator[_Passed],  # noqa: A002 -- the framework's name
        config: RunnableConfig | None = None,  # noqa: ARG002 -- the same
        **kwargs: Any,  # noqa: ANN401, ARG002 -- the same
    ) -> AsyncIterator[_Passed]:
        """Pass pieces of a stream on as soon as they are settled."""
        stream = _Pieces(self._guard, self._origin, self._direction, self._stop_at)
        async for piece in input:
            for settled in stream.take(piece):
                yield settled
        for settled in stream.end():
            yield settled


class _Pieces:
    """The text of a stream on its way through a guard; what is no text waits for its turn."""

    def __init__(
        self, guard: Guard, origin: Origin, direction: Direction, stop_at: Action | str
    ) -> None:
        least = Action.BLOCK if stop_at == Action.BLOCK else Action.FLAG
        self._stream = guard.stream(origin=origin, direction=direction, stop_at=least)
        self._last: Any = None

    def take(self, piece: Any) -> Iterator[Any]:  # noqa: ANN401 -- whatever flows in the chain
        text = _piece_text(piece)
        self._last = piece
        released = self._stream.feed(text)
        self._check(stopped=released.stopped)
        # Calls of tools and the like stand in pieces without text: they go on with theirs.
        if released.text or not text:
            yield _with_text(piece, released.text)

    def end(self) -> Iterator[Any]:
        end = self._stream.finish()
        self._check(stopped=end.stopped)
        if end.text:
            yield _with_text(_bare(self._last), end.text)

    def _check(self, *, stopped: bool) -> None:
        if stopped:
            end = self._stream.finish()
            raise BlockedError("an answer", tell(end.decision))


class GuardHandler(BaseCallbackHandler):
    """Sees what goes to models and tools and what comes back; raises where it must not go on."""

    raise_error = True
    run_inline = True

    def __init__(self, guard: Guard, *, stop_at: Action | str = Action.BLOCK) -> None:
        """`stop_at` is the action from which something is stopped."""
        self._guard = guard
        self._stop = Stop(stop_at)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002 -- the framework's signature
        messages: list[list[BaseMessage]],
        **kwargs: Any,  # noqa: ANN401, ARG002 -- the same
    ) -> None:
        """Inspect all messages of a question together."""
        for batch in messages:
            self._stop.check("a question", self._guard.inspect(_content(batch)))

    def on_llm_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002 -- the framework's signature
        prompts: list[str],
        **kwargs: Any,  # noqa: ANN401, ARG002 -- the same
    ) -> None:
        """Inspect prompts."""
        for prompt in prompts:
            self._stop.check("a question", self._guard.inspect(prompt))

    def on_llm_end(
        self,
        response: LLMResult,
        **kwargs: Any,  # noqa: ANN401, ARG002 -- the framework's signature
    ) -> None:
        """Inspect answers."""
        for row in response.generations:
            for it in row:
                text = it.message.text if isinstance(it, ChatGeneration) else it.text
                decision = self._guard.inspect(
                    str(text), origin=Origin.ASSISTANT, direction=Direction.OUTPUT
                )
                self._stop.check("an answer", decision)

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,  # noqa: ARG002 -- the framework's signature
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,  # noqa: ANN401, ARG002 -- the same
    ) -> None:
        """Inspect a call before the tool hears of it."""
        name = str((serialized or {}).get("name", ""))
        arguments = input_str if inputs is None else inputs
        self._stop.check("a call", self._guard.inspect_call(name, arguments))

    def on_tool_end(
        self,
        output: Any,  # noqa: ANN401 -- the framework's signature
        **kwargs: Any,  # noqa: ANN401, ARG002 -- the same
    ) -> None:
        """Inspect what a tool has brought: it may speak to the model."""
        text = output.text if isinstance(output, BaseMessage) else output
        decision = self._guard.inspect(str(text), origin=Origin.TOOL)
        self._stop.check("the answer of a tool", decision)


def _content(given: Any) -> Any:  # noqa: ANN401 -- whatever flows in the chain
    if isinstance(given, PromptValue):
        given = given.to_messages()
    if isinstance(given, BaseMessage):
        given = [given]
    if isinstance(given, list) and given and all(isinstance(it, BaseMessage) for it in given):
        return convert_to_openai_messages(given)
    return given


def _piece_text(piece: Any) -> str:  # noqa: ANN401 -- whatever flows in the chain
    return str(piece.text) if isinstance(piece, BaseMessage) else str(piece)


def _with_text(piece: Any, text: str) -> Any:  # noqa: ANN401 -- whatever flows in the chain
    if not isinstance(piece, BaseMessage):
        return text
    if not isinstance(piece.content, str):
        others = [it for it in piece.content if isinstance(it, dict) and it.get("type") != "text"]
        return piece.model_copy(update={"content": [*others, {"type": "text", "text": text}]})
    return piece.model_copy(update={"content": text})


def _bare(piece: Any) -> Any:  # noqa: ANN401 -- whatever flows in the chain
    """Give a piece like this one that says nothing beside its text."""
    if isinstance(piece, BaseMessageChunk):
        return piece.model_copy(update={"content": "", "additional_kwargs": {}})
    return piece
