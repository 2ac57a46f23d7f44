"""Presidio: its analyzer and its anonymizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from starlette.responses import Response

from aidefence.delivery.compat.asking import Asking, answer, refuse_with
from aidefence.delivery.compat.presidio_names import ours_of, theirs_of
from aidefence.delivery.compat.presidio_operators import (
    OPERATORS,
    Anonymized,
    Anonymizing,
    anonymize,
    deanonymize,
)
from aidefence.delivery.http.problems import Refusal, invalid, unsupported
from aidefence.delivery.http.ways import Call, Refuse, Way
from aidefence.domain.access import Permission
from aidefence.domain.enums import Category
from aidefence.domain.sanitising import Wanted

_PRIVATE = frozenset({Category.PII, Category.SECRET})
_ANALYZER = "AIDefenceRecognizer"
_TEXTS_MAX = 1000


class Analyzed(Struct):
    """What the analyzer is asked. Other fields are read by nobody."""

    text: str | list[str]
    language: str = "en"
    entities: list[str] | None = None
    score_threshold: float | None = None
    return_decision_process: bool = False
    ad_hoc_recognizers: list[Any] | None = None
    allow_list: list[str] | None = None
    allow_list_match: str = "exact"
    correlation_id: str | None = None


_analyzed = msgspec.json.Decoder(Analyzed)
_anonymized = msgspec.json.Decoder(Anonymizing)
_deanonymized = msgspec.json.Decoder(Anonymized)


class Presidio:
    """The dialect."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def ways(self) -> list[Way]:
        """Give its routes."""
        detect = Permission.DETECT
        return [
            Way("POST", "/analyze", self._analyze, detect),
            Way("POST", "/anonymize", self._anonymize, detect),
            Way("POST", "/deanonymize", self._deanonymize, detect),
            Way("GET", "/supportedentities", self._entities, detect),
            Way("GET", "/recognizers", self._recognizers, detect),
            Way("GET", "/anonymizers", self._anonymizers, detect),
            Way("GET", "/deanonymizers", self._deanonymizers, detect),
        ]

    async def _analyze(self, call: Call) -> Response:
        given = await self._asking.read(call, _analyzed)
        if given.ad_hoc_recognizers:
            told = "recognizers come from rules, not from requests"
            raise unsupported("/ad_hoc_recognizers", told)
        if given.allow_list and given.allow_list_match != "exact":
            raise unsupported("/allow_list_match", "only `exact` is compared")
        texts = [given.text] if isinstance(given.text, str) else given.text
        if not texts or not all(texts):
            raise invalid("/text", "no text provided")
        if len(texts) > _TEXTS_MAX:
            raise invalid("/text", f"{len(texts)} texts are more than {_TEXTS_MAX}")
        # Counted, weighed against limits and written down like everything else.
        found = await self._asking.ask_all(call, texts)
        wanted, unknown = self._wanted(given)
        told_all = await self._asking.aside(
            lambda: [self._located(it, given, wanted) for it in texts]
        )
        told_any = told_all[0] if isinstance(given.text, str) else told_all
        response = answer(told_any, found[0].allowance)
        if unknown:
            response.headers["x-aidefence-degraded"] = ", ".join(f"entity.{it}" for it in unknown)
        return response

    def _wanted(self, given: Analyzed) -> tuple[Wanted, list[str]]:
        known = frozenset(self._asking.inspector.entities().values())
        if given.entities is None:
            return Wanted(_PRIVATE, min_score=given.score_threshold), []
        ours = {it: ours_of(it, known) for it in given.entities}
        unknown = [it for it, name in ours.items() if name is None and it.isascii()]
        names = frozenset(name for name in ours.values() if name is not None)
        return Wanted(_PRIVATE, entities=names, min_score=given.score_threshold), unknown

    def _located(self, text: str, given: Analyzed, wanted: Wanted) -> list[dict[str, object]]:
        found, _ = self._asking.inspector.locator().locate(text, wanted)
        allowed = frozenset(given.allow_list or ())
        return [
            {
                "entity_type": theirs_of(it.entity),
                "start": it.span.start,
                "end": it.span.end,
                "score": round(it.score, 4),
                "analysis_explanation": _explained(it.rule_id, it.score)
                if given.return_decision_process
                else None,
                "recognition_metadata": {
                    "recognizer_name": _ANALYZER,
                    "recognizer_identifier": it.rule_id,
                },
            }
            for it in found
            if it.span.of(text) not in allowed
        ]

    async def _anonymize(self, call: Call) -> Response:
        given = await self._asking.read(call, _anonymized)
        _, found = await self._asking.ask(call, given.text)
        done = await self._asking.aside(lambda: anonymize(given))
        return answer(done, found.allowance)

    async def _deanonymize(self, call: Call) -> Response:
        given = await self._asking.read(call, _deanonymized)
        _, found = await self._asking.ask(call, given.text)
        done = await self._asking.aside(lambda: deanonymize(given))
        return answer(done, found.allowance)

    async def _entities(self, _: Call) -> Response:
        known = frozenset(self._asking.inspector.entities().values())
        return answer(sorted(theirs_of(it) for it in known))

    async def _recognizers(self, _: Call) -> Response:
        return answer(sorted(self._asking.inspector.entities()))

    async def _anonymizers(self, _: Call) -> Response:
        return answer(sorted(OPERATORS))

    async def _deanonymizers(self, _: Call) -> Response:
        return answer(["decrypt"])


def make_presidio(asking: Asking) -> tuple[Sequence[Way], Refuse]:
    """Open this dialect."""
    return Presidio(asking).ways(), refuse_with(_error)


def _explained(rule_id: str, score: float) -> dict[str, object]:
    return {
        "recognizer": _ANALYZER,
        "pattern_name": rule_id,
        "pattern": None,
        "original_score": score,
        "score": score,
        "textual_explanation": None,
        "score_context_improvement": 0,
        "supportive_context_word": "",
        "validation_result": None,
    }


def _error(refusal: Refusal) -> dict[str, object]:
    return {"error": refusal.detail}
