"""Our own attacks and harmless texts, for what is measured on whole texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from training.written import CORPUS, HELD_OUT, Entry, read_all

from aidefence import AIDefenceError, Category, Guard, Origin
from aidefence.domain.enums import DeepMode
from aidefence.knowledge import rulebook
from aidefence.service.benchmark_texts import attack_texts
from aidefence.service.rule_check import RuleText
from aidefence.service.rule_engine import compile_rules
from aidefence.service.scoring import MODEL_ATTACKS

UNKNOWN_LANGUAGE = "und"
_TEXTS = Path(__file__).with_name("texts")
_SEPARATOR = "\n%%%\n"
_ORIGINS = {
    "user": Origin.USER,
    "assistant": Origin.ASSISTANT,
    "system": Origin.SYSTEM,
    "document": Origin.RETRIEVAL,
    "tool_result": Origin.TOOL,
    "tool_definition": Origin.TOOL,
}
_ATTACK_CODES = [category.code for category in MODEL_ATTACKS]
_FROM_DOCUMENTS = (Category.INDIRECT_INJECTION, Category.TOOL_ABUSE)


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text, and where it comes from: its language, its place in a request, its collection."""

    text: str
    lang: str
    origin: Origin
    pool: str


@cache
def attacks() -> tuple[OwnText, ...]:
    """Return the attacks set aside, those rules promise to catch, and those of the benchmarks."""
    files = [RuleText(file.path, file.text) for file in rulebook.shipped()]
    promised = (
        OwnText(
            text,
            card.languages[0] if len(card.languages) == 1 else UNKNOWN_LANGUAGE,
            Origin.RETRIEVAL if card.category in _FROM_DOCUMENTS else Origin.USER,
            "rules",
        )
        for card in compile_rules(files).cards()
        if card.category in MODEL_ATTACKS
        for text in card.catch
    )
    # Texts without a word are written in code already.
    timed = (
        OwnText(text, UNKNOWN_LANGUAGE, Origin.USER, "benchmarks")
        for text in attack_texts()
        if " " in text or not text.isascii()
    )
    set_aside = _halves(read_all(HELD_OUT.glob("*.txt")), "held_out", attack=True)
    return tuple(_once((*set_aside, *promised, *timed)))


@cache
def prompts() -> tuple[OwnText, ...]:
    """Return what people ask on an ordinary day."""
    lines = (_TEXTS / "prompts.txt").read_text("utf-8").splitlines()
    return tuple(OwnText(line, UNKNOWN_LANGUAGE, Origin.USER, "prompts") for line in lines)


@cache
def documents() -> tuple[OwnText, ...]:
    """Return ordinary documents."""
    whole = (_TEXTS / "documents.txt").read_text("utf-8").split(_SEPARATOR)
    return tuple(
        OwnText(text.strip(), UNKNOWN_LANGUAGE, Origin.RETRIEVAL, "documents") for text in whole
    )


@cache
def twins() -> tuple[OwnText, ...]:
    """Return the harmless halves of the corpus: near an attack in all but what is asked."""
    return tuple(_halves(read_all(CORPUS.glob("*.txt")), "twins", attack=False))


@cache
def _guard(deep: DeepMode) -> Guard:
    try:
        return Guard(deep=deep)
    except AIDefenceError as error:
        raise RuntimeError(str(error)) from error


def caught(texts: Sequence[OwnText], deep: DeepMode) -> list[bool]:
    """Return for each text whether it is flagged, with an attack on the model in the lead.

    Raises:
        RuntimeError: the deep model is required and not there.

    """
    found = [False] * len(texts)
    for origin in dict.fromkeys(text.origin for text in texts):
        places = [at for at, text in enumerate(texts) if text.origin is origin]
        batch = _guard(deep).inspect_batch([texts[at].text for at in places], origin=origin)
        columns = batch.columns()
        is_caught = (columns["action"] > 0) & np.isin(columns["category"], _ATTACK_CODES)
        for at, answer in zip(places, is_caught.tolist(), strict=True):
            found[at] = answer
    return found


def _halves(entries: Iterable[Entry], pool: str, *, attack: bool) -> Iterator[OwnText]:
    for entry in entries:
        text = entry.attack if attack else entry.benign
        if text is not None:
            yield OwnText(text, entry.lang, _ORIGINS[entry.origin], pool)


def _once(texts: Iterable[OwnText]) -> Iterator[OwnText]:
    seen: set[str] = set()
    for text in texts:
        if text.text not in seen:
            seen.add(text.text)
            yield text
