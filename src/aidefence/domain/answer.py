"""What is looked at in an answer beside what it says: leaks, refusal, language, support."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.content import Degraded, Span
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action

CANARY_RULE = "answer.canary"
PROMPT_RULE = "answer.prompt"


class AnswerCheck(StrEnum):
    """The checks of an answer that need more than the answer."""

    CANARY = "canary"
    PROMPT = "prompt"
    REFUSAL = "refusal"
    LANGUAGE = "language"
    SUPPORT = "support"
    REPETITION = "repetition"

    @property
    def degraded(self) -> str:
        """The name under which a decision says that it did not run."""
        return f"answer.{self.value}"


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What an answer is held against, and what is asked. Its repr is silent about the texts."""

    question: str | None = None
    system: str | None = None
    context: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    refusal: bool = False
    language: str | None = None
    support: bool = False
    repetition: bool = False
    flag: frozenset[AnswerCheck] = frozenset()

    def __repr__(self) -> str:
        checks = ", ".join(sorted(self.flag))
        return f"Asked(flag=[{checks}])"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a check noticed: where, how sure, why. It informs; if it does more, it `flags`."""

    check: AnswerCheck
    span: Span
    score: float
    explanation: str
    chain: tuple[str, ...] = ()
    flags: bool = False


@dataclass(frozen=True, slots=True)
class PromptLeak:
    """How much of a system prompt an answer tells, in words that tell something."""

    told: float
    tellable: float

    @property
    def share(self) -> float:
        """The part of the prompt that was told, from 0 to 1."""
        return self.told / self.tellable if self.tellable else 0.0


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The language a text is written in, as far as words and letters tell; none if unsure."""

    code: str | None
    score: float


@dataclass(frozen=True, slots=True)
class Support:
    """How much of an answer stands in the context, word by word: no judgement of its meaning."""

    score: float
    sentences: int
    unsupported: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class AnswerReport:
    """The decision on an answer and what the checks noticed. Its repr is silent about the text."""

    decision: Decision
    remarks: tuple[Remark, ...] = ()
    prompt_leak: PromptLeak | None = None
    refused: bool | None = None
    language: LanguageGuess | None = None
    expected_language: str | None = None
    support: Support | None = None
    unchecked: tuple[Degraded, ...] = field(default=())

    @property
    def action(self) -> Action:
        """What to do with the answer: the decision's word, or a flag if a remark asks for it."""
        flagged = any(remark.flags for remark in self.remarks)
        return max(self.decision.action, Action.FLAG) if flagged else self.decision.action

    @property
    def blocked(self) -> bool:
        """Whether the answer must not pass."""
        return self.decision.blocked

    @property
    def degraded(self) -> tuple[Degraded, ...]:
        """Checks that were asked for and did not run, or not to the end."""
        return (*self.decision.degraded, *self.unchecked)

    def __repr__(self) -> str:
        checks = ", ".join(dict.fromkeys(remark.check.value for remark in self.remarks))
        return f"AnswerReport({self.action.value}, {self.decision!r}, remarks=[{checks}])"
