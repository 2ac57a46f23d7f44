"""Whether an answer declines what was asked: a lexicon of set phrases by language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

from aidefence.domain.answer import AnswerCheck, Remark
from aidefence.knowledge.answers import RefusalBook, RefusalEntry
from aidefence.service.answers.sentences import sentences

# A refusal stands at the beginning, or it is a caution in an answer that was given.
_SENTENCES_LOOKED_AT = 3
_REACH = 60
# So much more text behind it, and the answer is more than a refusal.
_REST_MAX = 500
_WHOLE, _PARTLY = 0.9, 0.5
_TITLE = "the answer declines what was asked"
_TITLE_PARTLY = "the answer declines a part of what was asked, or cautions"


def find(answer: str, book: RefusalBook) -> Remark | None:
    """Find the first phrase that declines."""
    for number, span in enumerate(sentences(answer)):
        if number >= _SENTENCES_LOOKED_AT:
            break
        folded = _fold(span.of(answer))
        if any(it.holds(folded) for it in _searches(book)):
            rest = len(answer) - span.end
            score, title = (_WHOLE, _TITLE) if rest <= _REST_MAX else (_PARTLY, _TITLE_PARTLY)
            return Remark(AnswerCheck.REFUSAL, span, score, title)
    return None


def _fold(text: str) -> str:
    return " ".join(normalize("NFKC", text).casefold().replace("\u2019", "'").split())


@dataclass(frozen=True, slots=True)
class _Search:
    """The phrases of one language, and what of them is looked for first."""

    anchors: tuple[str, ...]
    pattern: re.Pattern[str]

    def holds(self, folded: str) -> bool:
        found = any(anchor in folded for anchor in self.anchors)
        return found and self.pattern.search(folded) is not None


@lru_cache(maxsize=4)
def _searches(book: RefusalBook) -> tuple[_Search, ...]:
    return tuple(_search(entry) for entry in book.entries)


def _search(entry: RefusalEntry) -> _Search:
    parts = [_any(entry.whole)] if entry.whole else []
    if entry.unable and entry.serve:
        parts.append(f"{_any(entry.unable)}.{{0,{_REACH}}}?{_any(entry.serve)}")
    anchors = tuple(_fold(it).removesuffix("*") for it in (*entry.whole, *entry.unable))
    return _Search(anchors, re.compile("|".join(parts)))


def _any(phrases: tuple[str, ...]) -> str:
    return f"(?:{'|'.join(_phrase(_fold(it)) for it in phrases)})"


def _phrase(phrase: str) -> str:
    """A phrase of whole words; `*` stands for the rest of a word."""
    stem = phrase.endswith("*")
    body = re.escape(phrase.removesuffix("*"))
    if not phrase[:1].isascii() and not _is_spaced(phrase):
        return body
    return rf"(?<!\w){body}" + ("" if stem else r"(?!\w)")


def _is_spaced(phrase: str) -> bool:
    return not re.search(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]", phrase)
