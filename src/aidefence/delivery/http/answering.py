"""What an answer of a model is held against, in the shape that all doors take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aidefence.delivery.http.problems import invalid, refusal_of_given
from aidefence.domain.answer import AnswerCheck, Asked
from aidefence.domain.enums import Direction
from aidefence.domain.errors import ContentError, SettingError

CHECKS = (AnswerCheck.REFUSAL, AnswerCheck.SUPPORT, AnswerCheck.REPETITION)
"""What is looked at only if a client asks for it by name; the others follow from what is given."""
TEXTS_MAX = 1000


class Given(Protocol):
    """What a client says about an answer."""

    @property
    def question(self) -> str | None:
        """What was asked; the answer may repeat it."""

    @property
    def system(self) -> str | None:
        """The prompt that the answer must not tell."""

    @property
    def context(self) -> Sequence[str]:
        """What the answer may repeat, and should stand on."""

    @property
    def canaries(self) -> Sequence[str]:
        """Markers that were planted in the prompt."""

    @property
    def checks(self) -> Sequence[str]:
        """Those of `CHECKS` that are wanted."""

    @property
    def language(self) -> str | None:
        """A code, or `question`."""

    @property
    def flag(self) -> Sequence[str]:
        """Checks whose remarks flag."""


def read_answers(given: Given, content: object, direction: Direction, pointer: str) -> Asked:
    """Understand what an answer is held against.

    Raises:
        Refusal: it is no answer, or something in it is wrong; `pointer` leads to it.

    """
    # Most clients ask about no answers: what checks this is loaded for those who do.
    from aidefence.service.answers.asked import make_asked  # noqa: PLC0415

    if direction is not Direction.OUTPUT or not isinstance(content, str):
        raise invalid(pointer, "goes with a text as `content` and `direction` `output`")
    for name in ("context", "canaries"):
        if len(getattr(given, name)) > TEXTS_MAX:
            raise invalid(f"{pointer}/{name}", f"expected at most {TEXTS_MAX} texts")
    unknown = [it for it in given.checks if it not in CHECKS]
    if unknown:
        raise invalid(f"{pointer}/checks", f"expected some of {', '.join(CHECKS)}")
    try:
        return make_asked(
            question=given.question,
            system=given.system,
            context=given.context,
            canaries=given.canaries,
            refusal=AnswerCheck.REFUSAL in given.checks,
            language=given.language,
            support=AnswerCheck.SUPPORT in given.checks,
            repetition=AnswerCheck.REPETITION in given.checks,
            flag=given.flag,
        )
    except (ContentError, SettingError) as error:
        raise refusal_of_given(error, pointer) from None
