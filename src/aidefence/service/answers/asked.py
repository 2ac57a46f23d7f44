"""What a caller asks about an answer, checked once."""

from __future__ import annotations

from collections.abc import Iterable

from aidefence.domain.answer import AnswerCheck, Asked
from aidefence.domain.errors import ContentError, SettingError
from aidefence.knowledge.answers import languages
from aidefence.service.answers.canaries import Canaries
from aidefence.service.answers.inspect import QUESTION

__all__ = ["AnswerCheck", "Canaries", "make_asked"]


def make_asked(
    *,
    question: str | None,
    system: str | None,
    context: str | Iterable[str],
    canaries: Canaries | Iterable[str],
    refusal: bool,
    language: str | None,
    support: bool,
    repetition: bool,
    flag: Iterable[AnswerCheck | str],
) -> Asked:
    """Check what a caller asks for; raises naming what is wrong."""
    for name, given in (("question", question), ("system", system)):
        if given is not None and not isinstance(given, str):
            raise ContentError(f"`{name}` is a text")
    if language is not None and language != QUESTION and language not in languages().codes:
        known = ", ".join((QUESTION, *languages().codes))
        raise SettingError("language", f"`{language}` is unknown: expected {known}")
    return Asked(
        question=question,
        system=system,
        context=_texts("context", context),
        markers=_markers(canaries),
        refusal=refusal,
        language=language,
        support=support,
        repetition=repetition,
        flag=frozenset(_check(it) for it in flag),
    )


def _texts(name: str, given: str | Iterable[str]) -> tuple[str, ...]:
    texts = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(text, str) for text in texts):
        raise ContentError(f"`{name}` holds only texts")
    return texts


def _markers(given: Canaries | Iterable[str]) -> tuple[str, ...]:
    return given.codes if isinstance(given, Canaries) else _texts("canaries", given)


def _check(given: AnswerCheck | str) -> AnswerCheck:
    try:
        return AnswerCheck(given)
    except ValueError:
        known = ", ".join(AnswerCheck)
        raise SettingError("flag", f"`{given}` is no check: expected {known}") from None
