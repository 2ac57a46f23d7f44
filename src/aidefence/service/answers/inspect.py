"""Inspect an answer with what it answers: question, system prompt, context, planted markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidefence.decide.answer import with_findings
from aidefence.domain.answer import AnswerCheck, AnswerReport, Asked, LanguageGuess, Remark
from aidefence.domain.content import Degraded, Span
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Direction, Origin
from aidefence.knowledge import answers
from aidefence.pipeline.corridor import Corridor
from aidefence.service.answers import language, refusal, repetition, support
from aidefence.service.answers.leaks import Leaked, find_leaks

QUESTION = "question"
CODE_POINTS_MAX = 1 << 20

_NO_CONTEXT = "no context was given"
_NO_CLAIMS = "no sentence of the answer claims enough to look for"
_UNSURE = "the language of the answer cannot be told"
_UNSURE_QUESTION = "the language of the question cannot be told"
_TOO_LONG = f"the answer is longer than {CODE_POINTS_MAX} code points"
_UNSUPPORTED_TOLD_MAX = 32
_SURE_OF_LANGUAGE = 0.8


def inspect_answer(corridor: Corridor, answer: str, asked: Asked, origin: Origin) -> AnswerReport:
    """Decide on an answer, then run the checks that were asked for."""
    direction = Direction.OUTPUT.code
    decision = corridor.inspect_text(answer, origin.code, direction)
    wanted = _wanted(asked)
    if len(answer) > CODE_POINTS_MAX:
        missed = tuple(Degraded(check.degraded, _TOO_LONG) for check in wanted)
        return AnswerReport(decision, unchecked=missed)
    leaked = Leaked()
    if asked.system is not None or asked.markers:
        said = (asked.question,) if asked.question else ()
        leaked = find_leaks(answer, asked.system, (*said, *asked.context), asked.markers)
        decision = _with_leaks(corridor, decision, leaked)
    report = AnswerReport(decision, prompt_leak=leaked.prompt, unchecked=leaked.degraded)
    if asked.refusal:
        report = _with_refusal(report, answer)
    if asked.language is not None:
        report = _with_language(report, answer, asked.language, asked.question)
    if asked.support:
        report = _with_support(report, answer, asked)
    circle = repetition.find(answer) if asked.repetition else None
    if circle is not None:
        report = replace(report, remarks=(*report.remarks, circle))
    remarks = (replace(it, flags=True) if it.check in asked.flag else it for it in report.remarks)
    return replace(report, remarks=tuple(remarks))


def _wanted(asked: Asked) -> list[AnswerCheck]:
    ran = {
        AnswerCheck.CANARY: bool(asked.markers),
        AnswerCheck.PROMPT: asked.system is not None,
        AnswerCheck.REFUSAL: asked.refusal,
        AnswerCheck.LANGUAGE: asked.language is not None,
        AnswerCheck.SUPPORT: asked.support,
        AnswerCheck.REPETITION: asked.repetition,
    }
    return [check for check, wanted in ran.items() if wanted]


def _with_leaks(corridor: Corridor, decision: Decision, leaked: Leaked) -> Decision:
    policy = corridor.charter.policy.of_answers()
    return decision.amended(lambda record: with_findings(record, leaked.findings, policy))


def _with_refusal(report: AnswerReport, answer: str) -> AnswerReport:
    remark = refusal.find(answer, answers.refusals())
    if remark is None:
        return replace(report, refused=False)
    return replace(report, refused=True, remarks=(*report.remarks, remark))


def _with_language(
    report: AnswerReport, answer: str, wanted: str, question: str | None
) -> AnswerReport:
    book = answers.languages()
    found = language.guess(answer, book)
    expected: str | None = wanted
    if wanted == QUESTION:
        expected = language.guess(question or "", book).code
        if expected is None:
            missed = Degraded(AnswerCheck.LANGUAGE.degraded, _UNSURE_QUESTION)
            return replace(report, language=found, unchecked=(*report.unchecked, missed))
    report = replace(report, language=found, expected_language=expected)
    if found.code is None:
        missed = Degraded(AnswerCheck.LANGUAGE.degraded, _UNSURE)
        return replace(report, unchecked=(*report.unchecked, missed))
    if found.code == expected or book.are_close(found.code, expected or ""):
        return report
    return replace(report, remarks=(*report.remarks, _mismatch(answer, found, expected)))


def _mismatch(answer: str, found: LanguageGuess, expected: str | None) -> Remark:
    told = f"the answer is written in `{found.code}`, `{expected}` was expected"
    score = max(found.score, _SURE_OF_LANGUAGE)
    return Remark(AnswerCheck.LANGUAGE, Span(0, len(answer)), score, told)


def _with_support(report: AnswerReport, answer: str, asked: Asked) -> AnswerReport:
    name = AnswerCheck.SUPPORT.degraded
    if not any(text.strip() for text in asked.context):
        missed = Degraded(name, _NO_CONTEXT)
        return replace(report, unchecked=(*report.unchecked, missed))
    book = answers.languages()
    found = support.measure(answer, asked.context, asked.question or "", book)
    if found is None:
        missed = Degraded(name, _NO_CLAIMS)
        return replace(report, unchecked=(*report.unchecked, missed))
    told = "words, names or numbers of this sentence do not stand together in the context"
    remarks = _remarks_on(found.unsupported, 1 - found.score, told)
    return replace(report, support=found, remarks=(*report.remarks, *remarks))


def _remarks_on(spans: Sequence[Span], score: float, told: str) -> list[Remark]:
    check = AnswerCheck.SUPPORT
    return [Remark(check, span, score, told) for span in spans[:_UNSUPPORTED_TOLD_MAX]]
