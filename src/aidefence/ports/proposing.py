"""A language model that proposes policies, as the outside world offers one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Speaker(StrEnum):
    """Who said something to the model, or that it did."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a conversation with the model."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What the model answered, and how many tokens that cost."""

    text: str
    tokens: int


class Proposer(Protocol):
    """Answers in a conversation. Nothing that it says is believed before it was checked."""

    def answer(self, said: Sequence[Said]) -> Answered:
        """Give the model's next message.

        Raises:
            UnavailableError: nobody answers there, or what is answered cannot be read.
            DeadlineError: nobody answered in time.

        """
