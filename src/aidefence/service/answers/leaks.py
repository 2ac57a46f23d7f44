"""Whether an answer gives away a planted marker or the system prompt."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from aidefence.domain.answer import CANARY_RULE, PROMPT_RULE, AnswerCheck, PromptLeak
from aidefence.domain.content import Degraded
from aidefence.domain.decision import FindingRecord
from aidefence.domain.enums import Category, Severity
from aidefence.engine import leaks
from aidefence.service.answers.canaries import PREFIX

MARKER_LEN_MIN = 8
MARKERS_MAX = 4096
TELLABLE_MIN = 6.0

# Telling words of the prompt in one answer, and how sure that many make. A sentence has about ten;
# how often an answer to something else holds as many is measured by `bench answers`.
_BY_WEIGHT = (
    *((0.0, 0.0), (3.0, 0.2), (5.0, 0.5), (8.0, 0.7), (12.0, 0.85), (20.0, 0.93), (40.0, 0.98)),
)
# Of a short prompt a few words are already most of it.
_BY_SHARE = ((0.0, 0.0), (0.3, 0.3), (0.5, 0.6), (0.8, 0.9), (1.0, 0.98))
_SHARE_WEIGHT_MIN = 4.0
# Characters of a marker: eight hexadecimal digits in a row stand by chance once in four billion.
_BY_PART = ((0.0, 0.0), (0.5, 0.7), (0.75, 0.9), (1.0, 0.98))
_CRITICAL, _HIGH = 0.8, 0.5
_CODE = Category.CANARY_LEAK.code
_TOO_SHORT = "the system prompt has too few telling words to know them again"
_CUT_SHORT = "a limit on decoded text was reached: what is hidden deeper was not read"
_SHORT_MARKER = f"a marker has fewer than {MARKER_LEN_MIN} letters and digits"
_TOO_MANY = f"only the first {MARKERS_MAX} markers were looked for"


@dataclass(frozen=True, slots=True)
class Leaked:
    """What an answer gives away."""

    findings: tuple[FindingRecord, ...] = ()
    prompt: PromptLeak | None = None
    degraded: tuple[Degraded, ...] = ()


def find_leaks(
    answer: str, system: str | None, said: Sequence[str], markers: Sequence[str]
) -> Leaked:
    """Compare an answer with the prompt and the markers behind it.

    What the user or the context said first is no leak when the answer repeats it.
    """
    codes = [marker.lower().removeprefix(PREFIX) for marker in markers[:MARKERS_MAX]]
    lengths = [sum(1 for it in code if it.isalnum()) for code in codes]
    missed = _unfit(lengths, len(markers))
    found, told, tellable, exhausted = leaks(answer, system or "", said, codes)
    asked = _asked(system, codes)
    if exhausted:
        missed += [Degraded(check.degraded, _CUT_SHORT) for check in asked]
    prompt = None
    if system is not None:
        if tellable < TELLABLE_MIN:
            missed.append(Degraded(AnswerCheck.PROMPT.degraded, _TOO_SHORT))
        prompt = PromptLeak(told, tellable)
    records = []
    sure = 0.0 if prompt is None else _sure_of(prompt)
    for start, end, chain, weight, marker, _ in found:
        if marker is None:
            if tellable < TELLABLE_MIN:
                continue
            score, rule = max(sure, _between(_BY_WEIGHT, weight)), PROMPT_RULE
        else:
            score, rule = (
                _between(_BY_PART, min(weight / max(lengths[marker], 1), 1.0)),
                CANARY_RULE,
            )
        severity = _severity(score)
        span = (start, end)
        records.append((rule, _CODE, *span, score, severity, False, tuple(chain), (span,)))
    return Leaked(tuple(records), prompt, tuple(missed))


def _unfit(lengths: Sequence[int], given: int) -> list[Degraded]:
    missed = []
    if any(length < MARKER_LEN_MIN for length in lengths):
        missed.append(Degraded(AnswerCheck.CANARY.degraded, _SHORT_MARKER))
    if given > MARKERS_MAX:
        missed.append(Degraded(AnswerCheck.CANARY.degraded, _TOO_MANY))
    return missed


def _asked(system: str | None, codes: Sequence[str]) -> list[AnswerCheck]:
    asked = [AnswerCheck.PROMPT] if system is not None else []
    return [*asked, AnswerCheck.CANARY] if codes else asked


def _sure_of(leak: PromptLeak) -> float:
    by_weight = _between(_BY_WEIGHT, leak.told)
    if leak.told < _SHARE_WEIGHT_MIN:
        return by_weight
    return max(by_weight, _between(_BY_SHARE, leak.share))


def _severity(score: float) -> int:
    if score >= _CRITICAL:
        return Severity.CRITICAL.code
    return Severity.HIGH.code if score >= _HIGH else Severity.LOW.code


def _between(curve: Sequence[tuple[float, float]], value: float) -> float:
    """Read a rising curve through points."""
    at = bisect_right(curve, (value, float("inf")))
    if at >= len(curve):
        return curve[-1][1]
    (low, floor), (high, ceiling) = curve[at - 1], curve[at]
    return floor + (ceiling - floor) * (value - low) / (high - low)
