"""How much of an answer stands in the context it was made from, by its words alone.

No judgement of meaning: what contradicts the context in its own words is supported here, and what
says the same in other words is not. It points at sentences whose numbers, names or words come from
nowhere, for a person or a deeper check to read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from aidefence.domain.answer import Support
from aidefence.domain.content import Span
from aidefence.knowledge.answers import LanguageBook
from aidefence.service.answers.sentences import WORD, sentences

SUPPORTED_MIN = 0.6
# Sentences with fewer claims say nothing that could be checked.
CLAIMS_MIN = 3
_STEM_LEN = 5
_NUMBER_WEIGHT, _NAME_WEIGHT, _WORD_WEIGHT = 2.0, 1.5, 1.0
_WORDS_OF_WINDOW = 3
_WINDOWS_OF_WORD_MAX = 64
_TOKEN = re.compile(rf"\d+(?:[.,'\u2019\u00a0\u202f]\d+)*|{WORD}")
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)
_ASKING = "?\uff1f\u061f"
_SEPARATORS = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class _Claim:
    key: str
    weight: float


def measure(answer: str, context: Sequence[str], asked: str, book: LanguageBook) -> Support | None:
    """Look for each sentence's claims close together in the context; none if nothing is claimed."""
    known = _Context(context, book)
    given = {claim.key for claim in _claims(asked, book)}
    scores: list[float] = []
    missing: list[Span] = []
    for span in sentences(answer):
        claims = [it for it in _claims(span.of(answer), book) if it.key not in given]
        if len(claims) < CLAIMS_MIN or answer[span.end - 1] in _ASKING:
            continue
        share = known.share_of(claims)
        scores.append(share)
        if share < SUPPORTED_MIN:
            missing.append(span)
    if not scores:
        return None
    return Support(sum(scores) / len(scores), len(scores), tuple(missing))


class _Context:
    """Claims of the context by the stretches of a few sentences that hold them."""

    def __init__(self, texts: Iterable[str], book: LanguageBook) -> None:
        self._windows: dict[str, list[int]] = {}
        number = 0
        for text in texts:
            for span in sentences(text):
                number += 1
                for key in {claim.key for claim in _claims(span.of(text), book)}:
                    places = self._windows.setdefault(key, [])
                    if len(places) < _WINDOWS_OF_WORD_MAX:
                        places.append(number)
            number += _WORDS_OF_WINDOW

    def share_of(self, claims: Sequence[_Claim]) -> float:
        """The weight of claims that stand together, of all; a missing number counts double."""
        total = sum(claim.weight for claim in claims)
        windows: Counter[int] = Counter()
        scattered = 0.0
        for claim in claims:
            places = self._windows.get(claim.key, ())
            scattered += claim.weight if places else 0.0
            near = {place + offset for place in places for offset in range(_WORDS_OF_WINDOW)}
            for window in near:
                # Whole numbers, so that the order of adding changes nothing.
                windows[window] += round(claim.weight * 2)
        together = max(windows.values(), default=0) / 2
        lost = any(it.weight == _NUMBER_WEIGHT and it.key not in self._windows for it in claims)
        share = (together + scattered) / 2 / total
        return share * (0.5 if lost else 1.0)


def _claims(text: str, book: LanguageBook) -> Iterator[_Claim]:
    seen: set[str] = set()
    for claim in _all_claims(text, book):
        if claim.key not in seen:
            seen.add(claim.key)
            yield claim


def _all_claims(text: str, book: LanguageBook) -> Iterator[_Claim]:
    first = True
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token[0].isdigit():
            yield _Claim(_SEPARATORS.sub("", normalize("NFKC", token)), _NUMBER_WEIGHT)
        elif _UNSPACED.fullmatch(token):
            # Two characters are about a word.
            yield from (_Claim(token[at : at + 2], _WORD_WEIGHT) for at in range(len(token) - 1))
        else:
            folded = normalize("NFKC", token).casefold()
            if len(folded) > 1 and folded not in book.common:
                is_name = token[0].isupper() and not first
                weight = _NAME_WEIGHT if is_name else _WORD_WEIGHT
                yield _Claim(folded[:_STEM_LEN], weight)
        first = False
