"""From what travelled back to the words of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec
from msgspec import UNSET

from aidefence.client import wire
from aidefence.client.errors import GatewayError, error_of_problem
from aidefence.domain.answer import AnswerCheck, AnswerReport, LanguageGuess, PromptLeak, Remark
from aidefence.domain.answer import Support as SupportOf
from aidefence.domain.content import Degraded, Span
from aidefence.domain.decision import Decision, FindingRecord, Record, Settled
from aidefence.domain.enums import Action, Category, Severity
from aidefence.domain.rewrite import Change, ChangeKind, Rewrite
from aidefence.domain.tools import (
    CallDecision,
    Capability,
    ToolCheck,
    ToolFinding,
    ToolReport,
    ToolsDecision,
    TraceDecision,
)
from aidefence.domain.verdict import ALLOWED_PREFIX

_Told = TypeVar("_Told")
_OK = 200
_NO_HEADERS: Mapping[str, str] = {}

_decode_detected = msgspec.json.Decoder(wire.Detected).decode
_decode_line = msgspec.json.Decoder(wire.Line).decode
_decode_ruled = msgspec.json.Decoder(wire.Ruled).decode
_decode_rewritten = msgspec.json.Decoder(wire.Rewritten).decode
_decode_given = msgspec.json.Decoder(wire.Given).decode
_decode_ready = msgspec.json.Decoder(wire.Ready).decode


class RemoteDecision(Decision):
    """A decision of a gateway: `request_id` is what it calls the request, for feedback."""

    __slots__ = ("_request_id",)

    _request_id: str

    @property
    def request_id(self) -> str:
        """The name of the request at the gateway."""
        return self._request_id

    def __reduce__(self) -> tuple[object, ...]:
        _, told = super().__reduce__()
        return _named, (self.request_id, told)


_write_request_id = RemoteDecision.__dict__["_request_id"].__set__


def _named(request_id: str, told: tuple[object, ...]) -> RemoteDecision:
    decision = RemoteDecision(*told)  # type: ignore[arg-type]  # as a decision told itself
    _write_request_id(decision, request_id)
    return decision


def read_decision(body: bytes) -> RemoteDecision:
    """Read the answer to one question."""
    return read_with(_decode_detected, body, _decision)


def read_line(body: bytes) -> RemoteDecision:
    """Read the answer to one question of many; a refused one raises."""
    line = read_with(_decode_line, body, lambda it: it)
    if line.error is not None:
        raise error_of_problem(line.error, line.error.status, _NO_HEADERS)
    return read_decision(body)


def read_report(body: bytes) -> AnswerReport:
    """Read what was decided and noticed about an answer of a model."""
    return read_with(_decode_detected, body, _report)


def read_tools(body: bytes) -> ToolsDecision:
    """Read a ruling on tool definitions."""
    return read_with(_decode_ruled, body, lambda it: ToolsDecision(*_ruling(it), tools=_tools(it)))


def read_call(body: bytes) -> CallDecision:
    """Read a ruling on a call."""
    return read_with(
        _decode_ruled, body, lambda it: CallDecision(*_ruling(it), it.tool, _can(it.capabilities))
    )


def read_trace(body: bytes) -> TraceDecision:
    """Read a ruling on a trace."""
    return read_with(_decode_ruled, body, lambda it: TraceDecision(*_ruling(it), it.events))


def read_rewrite(body: bytes) -> Rewrite:
    """Read what became of a text."""
    return read_with(_decode_rewritten, body, _rewrite)


def read_feedback(body: bytes) -> str:
    """Read under which name a word was taken."""
    told: wire.Given = read_with(_decode_given, body, lambda it: it)
    return told.feedback_id


def read_ready(body: bytes) -> tuple[Degraded, ...]:
    """Read which checks an installation that is ready does not run."""
    return read_with(_decode_ready, body, lambda it: _missed(it.degraded))


_Wire = TypeVar("_Wire")


def read_with(
    decode: Callable[[bytes], _Wire], body: bytes, make: Callable[[_Wire], _Told]
) -> _Told:
    """Decode an answer and make our words of it.

    Raises:
        GatewayError: it is none that we understand.

    """
    try:
        return make(decode(body))
    except (msgspec.MsgspecError, ValueError) as error:
        # A proxy in between, or a gateway that knows words which this client does not.
        raise GatewayError(f"the answer cannot be understood: {error}", _OK) from None


def _decision(it: wire.Detected) -> RemoteDecision:
    threat = it.threat
    findings = [(found.content, _record_of(found)) for found in threat.findings]
    findings += [(gone.content, _record_of_allowed(gone)) for gone in _or_nothing(it.allowed_by)]
    last = max((content for content, _ in findings), default=0)
    by_content = [
        tuple(record for content, record in findings if content == at) for at in range(last + 1)
    ]
    category = -1 if threat.category == "benign" else Category(threat.category).code
    head = Action(it.action).code, category, Severity(threat.severity).code
    rest = threat.confidence, threat.confidence, sum(1 << tier for tier in it.tiers)
    parts: tuple[Record, ...] = tuple((*head, *rest, found, 0) for found in by_content)
    record = parts[0] if len(parts) == 1 else (*head, *rest, (), 0)
    took_ns = {timing.step: round(timing.microseconds * 1000) for timing in it.timings}
    told = (
        record,
        _charter(it),
        sum(took_ns.values()),
        parts if len(parts) > 1 else (),
        _missed(it.degraded),
        took_ns.get("tier3", 0),
    )
    return _named(it.request_id, told)


def _charter(it: wire.Detected) -> Settled:
    found = it.threat.findings
    explained = dict.fromkeys((one.rule_id, one.explanation) for one in found)
    entities = dict.fromkeys((one.rule_id, one.entity) for one in found)
    reasons = () if it.explanation is UNSET else tuple(it.explanation.reasoning.split("; "))
    return Settled(
        it.metadata.policy_version, it.enforced, tuple(explained), reasons, tuple(entities)
    )


def _record_of(it: wire.Finding) -> FindingRecord:
    return (
        it.rule_id,
        Category(it.category).code,
        it.span.start,
        it.span.end,
        it.score,
        Severity(it.severity).code,
        it.mention,
        it.chain,
        (),
    )


def _record_of_allowed(it: wire.Allowed) -> FindingRecord:
    name = f"{ALLOWED_PREFIX}{it.entry}:{it.rule_id}"
    return name, 0, it.span.start, it.span.end, 0.0, 0, False, (), ()


def _report(it: wire.Detected) -> AnswerReport:
    decision = _decision(it)
    if it.answer is UNSET:
        return AnswerReport(decision)
    told = it.answer
    remarks = tuple(
        Remark(AnswerCheck(one.check), _span(one.span), one.score, one.explanation, (), one.flags)
        for one in told.remarks
    )
    unsupported = tuple(one.span for one in remarks if one.check is AnswerCheck.SUPPORT)
    return AnswerReport(
        decision,
        remarks,
        prompt_leak=None if told.prompt_leak is None else PromptLeak(told.prompt_leak, 1.0),
        refused=told.refused,
        language=None if told.language is None else LanguageGuess(told.language, 1.0),
        support=None if told.support is None else SupportOf(told.support, 0, unsupported),
    )


_Ruling = tuple[Action, bool, tuple[ToolFinding, ...], str, tuple[Degraded, ...], tuple[str, ...]]


def _ruling(it: wire.Ruled) -> _Ruling:
    findings = tuple(map(_tool_finding, it.findings))
    told = it.policy_version, _missed(it.degraded), tuple(it.reasons)
    return Action(it.action), it.enforced, findings, *told


def _tool_finding(it: wire.ToolFinding) -> ToolFinding:
    category = Category(it.category)
    return ToolFinding(
        check=ToolCheck(it.check),
        rule_id=it.rule_id,
        category=category,
        severity=Severity(it.severity),
        action=Action(it.action),
        score=it.score,
        explanation=it.explanation,
        pointer=it.pointer,
        server=it.server,
        tool=it.tool,
        span=None if it.span is None else _span(it.span),
        chain=it.chain,
        event=it.event,
        source=it.source,
        tags=it.taxonomy,
    )


def _tools(it: wire.Ruled) -> tuple[ToolReport, ...]:
    return tuple(
        ToolReport(one.name, one.server, one.pointer, one.sha256, _can(one.capabilities))
        for one in it.tools
    )


def _can(names: Iterable[str]) -> tuple[Capability, ...]:
    return tuple(Capability(name) for name in names)


def _rewrite(it: wire.Rewritten) -> Rewrite:
    changes = tuple(
        Change(_span(one.original), _span(one.result), ChangeKind(one.kind), one.reason, one.entity)
        for one in it.changes
    )
    return Rewrite(it.text, changes, _missed(it.degraded), it.instruction)


def _missed(given: Iterable[wire.Missed]) -> tuple[Degraded, ...]:
    return tuple(Degraded(it.check, it.reason) for it in given)


def _span(it: wire.Span) -> Span:
    return Span(it.start, it.end)


def _or_nothing(given: list[wire.Allowed] | msgspec.UnsetType) -> list[wire.Allowed]:
    return [] if given is UNSET else given
