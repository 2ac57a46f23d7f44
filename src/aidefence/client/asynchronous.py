"""The client for coroutines: the same as the other, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import httpx

from aidefence.client import questions
from aidefence.client.policies import AsyncPolicies
from aidefence.client.questions import Given, Question, Told
from aidefence.client.sending import Manner, request_of, settle
from aidefence.client.words import RemoteDecision
from aidefence.domain.answer import AnswerCheck, AnswerReport
from aidefence.domain.content import Degraded
from aidefence.domain.enums import Category, Direction, Origin, Wrap
from aidefence.domain.errors import ContentError
from aidefence.domain.feedback import GroundTruth
from aidefence.domain.rewrite import Rewrite
from aidefence.domain.tools import CallDecision, ToolsDecision, TraceDecision


class AsyncClient:
    """Asks a gateway. Share it between tasks of one event loop; its connections are used again.

    It raises where a guard in this process would: what could not be inspected never looks allowed.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        api_key: str | None = None,
        timeout: float = 10.0,
        retries: int = 2,
        wait_seconds_max: float = 5.0,
        connections_max: int = 100,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Ask the gateway at `url`.

        `timeout` is in seconds and for each step of a request. What was refused before anything
        was done, or can be asked twice without harm, is tried again up to `retries` times; where
        the gateway says when, then, unless that is more than `wait_seconds_max` away.

        Raises:
            SettingError: one of these cannot be.

        """
        self._manner = Manner(url.rstrip("/"), api_key, timeout, retries, wait_seconds_max)
        self._http = httpx.AsyncClient(
            base_url=self._manner.url,
            headers=self._manner.headers,
            timeout=self._manner.limits,
            limits=httpx.Limits(
                max_connections=connections_max, max_keepalive_connections=connections_max
            ),
            transport=transport,
        )

    async def inspect(
        self,
        content: Given,
        *,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
    ) -> RemoteDecision:
        """Inspect a text, or the messages of a conversation together."""
        question = questions.detect(content, Origin(origin), Direction(direction))
        return await self._ask(question)

    async def inspect_batch(
        self,
        texts: Sequence[str],
        *,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
    ) -> list[RemoteDecision]:
        """Inspect many texts; gives their decisions in the same order."""
        if isinstance(texts, str):
            raise ContentError("a batch is a sequence of texts, not one text")
        each = self.inspect_each(texts, origin=origin, direction=direction)
        return [it async for it in each]

    async def inspect_each(
        self,
        texts: Iterable[str],
        *,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
    ) -> AsyncIterator[RemoteDecision]:
        """Inspect texts as they come, however many; no more of them are held than one block."""
        for block in questions.detect_blocks(texts, Origin(origin), Direction(direction)):
            for decision in await self._ask(block):
                yield decision

    async def inspect_answer(
        self,
        answer: str,
        *,
        question: str | None = None,
        system: str | None = None,
        context: str | Iterable[str] = (),
        canaries: Iterable[str] = (),
        refusal: bool = False,
        language: str | None = None,
        support: bool = False,
        repetition: bool = False,
        flag: Iterable[AnswerCheck | str] = (),
        origin: Origin = Origin.ASSISTANT,
    ) -> AnswerReport:
        """Inspect an answer together with what it answers; see `Guard.inspect_answer`."""
        wanted = {"refusal": refusal, "support": support, "repetition": repetition}
        asked = questions.answer(
            answer,
            question=question,
            system=system,
            context=context,
            canaries=canaries,
            checks=[name for name, on in wanted.items() if on],
            language=language,
            flag=flag,
            origin=Origin(origin),
        )
        return await self._ask(asked)

    async def inspect_tools(self, tools: object) -> ToolsDecision:
        """Inspect tool definitions before a model is given them."""
        return await self._ask(questions.tools(tools))

    async def inspect_call(
        self,
        name: str,
        arguments: object,
        *,
        tools: object = None,
        task: str | None = None,
        seen: Sequence[str] = (),
    ) -> CallDecision:
        """Inspect a tool call before it is made."""
        return await self._ask(questions.call(name, arguments, tools, task, seen))

    async def inspect_trace(self, messages: object, *, tools: object = None) -> TraceDecision:
        """Inspect the calls of a whole trace, and what flows into them from where."""
        return await self._ask(questions.trace(messages, tools))

    async def redact(
        self,
        text: str,
        *,
        categories: Iterable[Category | str] | None = None,
        entities: Iterable[str] | None = None,
        operators: Mapping[str, str] | None = None,
        default: str = "replace",
        key: str | None = None,
        min_score: float | None = None,
    ) -> Rewrite:
        """Put something else in the place of private data and secrets."""
        asked = questions.redact(
            text,
            categories=categories,
            entities=entities,
            operators=operators,
            default=default,
            key=key,
            min_score=min_score,
        )
        return await self._ask(asked)

    async def neutralize(
        self,
        text: str,
        *,
        decode: bool = False,
        markup: bool = True,
        hosts: Iterable[str] = (),
        wrap: Wrap | str | None = None,
    ) -> Rewrite:
        """Take out what nobody sees and make harmless what loads, runs or hides."""
        asked = questions.neutralize(text, decode=decode, markup=markup, hosts=hosts, wrap=wrap)
        return await self._ask(asked)

    async def give_feedback(self, decision: RemoteDecision | str, truth: GroundTruth | str) -> str:
        """Say what a content really was, by its decision or the id of its request.

        Gives the name of what was taken. It is not tried again once it may have arrived.
        """
        request_id = decision if isinstance(decision, str) else decision.request_id
        return await self._ask(questions.feedback(request_id, truth))

    async def ready(self) -> tuple[Degraded, ...]:
        """Give the checks that a gateway does not run; raises where it inspects nothing now."""
        return await self._ask(questions.READY)

    @property
    def policies(self) -> AsyncPolicies:
        """Policies of the gateway, and what of them is in force."""
        return AsyncPolicies(self._ask)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncClient({self._manner.url})"

    async def _ask(self, question: Question[Told]) -> Told:
        attempt = 0
        while True:
            try:
                answer = await self._http.send(request_of(self._http, question))
                pause = self._manner.after_answer(attempt, answer)
                if pause is None:
                    return settle(question, answer)
            except httpx.TransportError as error:
                pause = self._manner.after_failure(attempt, question, error)
                if pause is None:
                    raise self._manner.failure(error) from error
            attempt += 1
            await asyncio.sleep(pause)
