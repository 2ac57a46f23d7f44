"""The tools that an agent may call: each a thin layer over a use case of the gateway."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field
from starlette.requests import Request as HttpRequest

from aidefence.delivery.http.contents import Limits
from aidefence.delivery.mcp.refusing import DOOR, refusals
from aidefence.delivery.mcp.telling import (
    tell_answered,
    tell_detected,
    tell_policy,
    tell_redacted,
    tell_tools,
)
from aidefence.delivery.mcp.wire import (
    AnswerChecks,
    Answered,
    Detected,
    DetectOptions,
    Noted,
    OriginName,
    PolicyMade,
    PolicyRule,
    Redacted,
    ScannedTools,
)
from aidefence.domain.access import LOCAL, Caller, Permission
from aidefence.domain.answer import AnswerCheck, Asked
from aidefence.domain.asking import UNCONDITIONAL, Conditions, Detector, Request
from aidefence.domain.content import Content, Inspection
from aidefence.domain.enums import Action, Origin
from aidefence.domain.feedback import GroundTruth
from aidefence.domain.refusals import DisabledError, ForbiddenError
from aidefence.domain.rewrite import Rewrite
from aidefence.knowledge.answers import languages
from aidefence.service.answers.inspect import QUESTION
from aidefence.service.authoring import RuleWish
from aidefence.service.guarding import Guarding
from aidefence.service.policies import PolicyWish
from aidefence.service.services import Services

CALLER = "aidefence.caller"
"""Where the door over HTTP leaves who asks, in the scope of a request."""
_TOLD_FROM = 1 << 16
"""From so many code points on, a client that wants to hear of progress hears of it."""

_Text: TypeAlias = Annotated[str, Field(description="The text to inspect.")]
_Context: TypeAlias = Context[dict[str, object], HttpRequest]


class Toolbox:
    """Tools over the use cases of one gateway. Safe to share between sessions."""

    def __init__(self, services: Services, limits: Limits) -> None:
        self._services = services
        self._limits = limits

    async def detect(
        self,
        content: _Text,
        ctx: _Context,
        options: Annotated[
            DetectOptions | None, Field(description="Threshold, detectors, explanation.")
        ] = None,
        origin: Annotated[
            OriginName, Field(description="Where the text comes from: who may command.")
        ] = "user",
    ) -> Detected:
        """Tell whether a text attacks a language model or carries what must not pass.

        Finds prompt injection, jailbreaks, attempts to read out system prompts or data, hidden
        and encoded text, secrets and private data, and payloads against databases and shells.
        """
        asked = options or DetectOptions()
        self._measure(content)
        what: str | Inspection = content
        if origin != Origin.USER.value:
            what = Inspection((Content(content, Origin(origin)),))
        request = self._request(ctx, what, _conditions(asked))
        await _progress(ctx, content, done=False)
        with refusals(self._services.meter):
            detection = await self._services.desk.aask(request)
        await _progress(ctx, content, done=True)
        elapsed_ns = self._services.clock.monotonic_ns() - request.since_ns
        return tell_detected(detection, request.id, elapsed_ns, explain=asked.explainability)

    async def inspect_answer(
        self,
        answer: Annotated[str, Field(description="What the model has answered.")],
        ctx: _Context,
        question: Annotated[str | None, Field(description="What it was asked.")] = None,
        system: Annotated[
            str | None, Field(description="The system prompt that it must not tell.")
        ] = None,
        context: Annotated[
            list[str] | None, Field(description="Documents that it was given.", max_length=1000)
        ] = None,
        canaries: Annotated[
            list[str] | None, Field(description="Markers planted in the prompt.", max_length=1000)
        ] = None,
        checks: Annotated[AnswerChecks | None, Field(description="What else is looked at.")] = None,
    ) -> Answered:
        """Tell whether an answer of a model may be shown, held against what it answers.

        Finds secrets, private data, dangerous links and code, a system prompt that is given away,
        and on demand refusals, another language than asked for, and sentences without support.
        """
        wanted = checks or AnswerChecks()
        texts = [answer, question or "", system or "", *(context or ()), *(canaries or ())]
        self._measure("".join(texts))
        asked = _asked(question, system, context, canaries, wanted)
        request = self._request(ctx, answer, UNCONDITIONAL, asked)
        await _progress(ctx, answer, done=False)
        with refusals(self._services.meter):
            detection = await self._services.desk.aask(request)
        await _progress(ctx, answer, done=True)
        elapsed_ns = self._services.clock.monotonic_ns() - request.since_ns
        return tell_answered(detection, request.id, elapsed_ns)

    def scan_tools(
        self,
        tools: Annotated[
            list[dict[str, object]] | dict[str, object],
            Field(description="Definitions as an MCP server lists them, or as a model API has."),
        ],
        ctx: _Context,
    ) -> ScannedTools:
        """Tell what is wrong with tool definitions before a model is given them.

        Finds orders to the model in descriptions, hidden text, names that pass for another
        server's, odd parameters, and sets of tools that are dangerous together.
        """
        request = self._request(ctx, "", UNCONDITIONAL)
        with refusals(self._services.meter):
            decision, _ = self._services.workshop.scan_tools(request, tools)
        return tell_tools(decision, request.id)

    def redact(
        self,
        text: Annotated[str, Field(description="The text to clean.")],
        ctx: _Context,
        categories: Annotated[
            list[Literal["pii", "secret"]] | None, Field(description="Both unless told otherwise.")
        ] = None,
        entities: Annotated[
            list[str] | None,
            Field(description="Only these kinds of values, such as `iban`.", max_length=100),
        ] = None,
        mask: Annotated[
            int | None,
            Field(description="Keep so many last characters, with stars before.", ge=0, le=16),
        ] = None,
    ) -> Redacted:
        """Replace personal data and keys in a text by placeholders that name their kind.

        Finds cards, accounts, phones, passports, addresses, API keys and the like.
        """
        self._measure(text)
        request = self._request(ctx, "", UNCONDITIONAL)
        wanted = ("pii", "secret") if categories is None else tuple(categories)
        default = "replace" if mask is None else f"mask:{mask}"

        def clean(guard: Guarding) -> Rewrite:
            return guard.redact(text, categories=wanted, entities=entities, default=default)

        with refusals(self._services.meter):
            done, _ = self._services.workshop.rewrite(request, clean)
        return tell_redacted(done, request.id)

    def feedback(
        self,
        requestId: Annotated[  # noqa: N803 -- as it travels
            str, Field(description="The request, as `detect` named it.", max_length=128)
        ],
        truth: Annotated[
            Literal["attack", "benign"], Field(description="What the text really was.")
        ],
        ctx: _Context,
    ) -> Noted:
        """Say what a text really was, after it was judged: evidence for people and for learning.

        It never changes a decision. The same word twice counts once.
        """
        feedbacks = self._services.feedback
        with refusals(self._services.meter):
            if feedbacks is None:
                raise DisabledError("this installation keeps no memory of requests")
            caller = caller_of(ctx.request_context.request)
            if not caller.may(Permission.FEEDBACK):
                raise ForbiddenError(f"`{caller.id}` ({caller.role.value}) may not give feedback")
            given = feedbacks.give(requestId, caller, GroundTruth(truth))
        kept = given.feedback
        return Noted.model_construct(
            feedback_id=kept.id,
            request_id=kept.episode.id,
            truth=kept.truth.value,
            outcome=kept.outcome.value,
            new=given.new,
        )

    def policy_create(
        self,
        name: Annotated[str, Field(description="What it is called.", min_length=1, max_length=200)],
        ctx: _Context,
        rules: Annotated[
            list[PolicyRule] | None, Field(description="What it says.", max_length=1000)
        ] = None,
        verificationRequired: Annotated[  # noqa: FBT002, N803 -- as it travels
            bool, Field(description="Whether it is deployed only once it is proved.")
        ] = True,
        description: Annotated[str, Field(description="For people.", max_length=4000)] = "",
        source: Annotated[
            str | None, Field(description="In place of rules: a whole policy in PDL.")
        ] = None,
    ) -> PolicyMade:
        """Keep a new policy, from rules or from a source, and have its claims proved.

        Nothing is enforced until an operator deploys it; `sentences` tell what the rules were
        taken to mean.
        """
        with refusals(self._services.meter):
            desk = self._services.policies
            if desk is None:
                raise DisabledError("this installation keeps no policies")
            caller = caller_of(ctx.request_context.request)
            if not caller.may(Permission.WRITE_POLICIES):
                raise ForbiddenError(f"`{caller.id}` ({caller.role.value}) may not write policies")
            wish = PolicyWish(
                name,
                description,
                tuple(
                    RuleWish(it.id, it.condition, Action(it.action), it.priority)
                    for it in rules or ()
                ),
                source,
                verificationRequired,
            )
            view = desk.policies.create(wish, caller)
            _, sentences = desk.policies.paraphrase(view.policy.id, caller)
        return tell_policy(view, sentences)

    def _request(
        self,
        ctx: _Context,
        what: str | Inspection,
        conditions: Conditions,
        answers: Asked | None = None,
    ) -> Request:
        http = ctx.request_context.request
        return Request(
            what,
            self._services.ids.request_id(),
            DOOR,
            caller_of(http),
            http.client.host if http is not None and http.client else None,
            conditions,
            since_ns=self._services.clock.monotonic_ns(),
            answers=answers,
        )

    def _measure(self, text: str) -> None:
        most = self._limits.content_code_points_max
        if len(text) > most:
            raise ToolError(f"{len(text)} code points are more than {most}: send it in parts")


def caller_of(http: HttpRequest | None) -> Caller:
    """Say who asks: whoever the door let in, or whoever has started us as a program."""
    return LOCAL if http is None else http.scope[CALLER]


def _conditions(options: DetectOptions) -> Conditions:
    detectors = tuple(Detector(name) for name in options.detectors)
    return Conditions(options.threshold, detectors)


def _asked(
    question: str | None,
    system: str | None,
    context: list[str] | None,
    canaries: list[str] | None,
    checks: AnswerChecks,
) -> Asked:
    code = checks.language
    if code is not None and code != QUESTION and code not in languages().codes:
        known = ", ".join((QUESTION, *languages().codes))
        raise ToolError(f"`checks.language`: `{code}` is unknown: expected {known}")
    return Asked(
        question=question,
        system=system,
        context=tuple(context or ()),
        markers=tuple(canaries or ()),
        refusal=checks.refusal,
        language=code,
        support=checks.support,
        repetition=checks.repetition,
        flag=frozenset(AnswerCheck(it) for it in checks.flag),
    )


async def _progress(ctx: _Context, text: str, *, done: bool) -> None:
    if len(text) >= _TOLD_FROM:
        said = "inspected" if done else "inspecting"
        await ctx.report_progress(len(text) if done else 0, len(text), said)
