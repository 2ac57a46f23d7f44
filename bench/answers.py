"""Answers: false alarms by source, what tells a prompt, what a context supports, and the cost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

from aidefence import Canaries, Category, Direction, Guard, Origin
from aidefence.domain.enums import DeepMode
from bench.answer_texts import leak_cases, refusal_pairs, support_cases
from bench.record import Outcome

# What people write to one another and get back, and code; the rest is texts on attacks and whole
# pages of mark-up, which no answer is made of alone.
ORDINARY = ("oasst1_en", "oasst1_fi", "gpteacher", "medquad", "code_alpaca", "mbpp")
CODE = ("code_alpaca", "mbpp", "humaneval", "cse_autocomplete", "tldr_commands")
_PRIVATE = {Category.PII, Category.SECRET}
_ROUNDS = 200
_FLAG = 0.5
_SUPPORTED = 0.6


def measure() -> Outcome:
    """Measure everything in one run, at `balanced`, without the deep model."""
    guard = Guard(deep=DeepMode.OFF)
    results: dict[str, Any] = {}
    results |= _false_alarms(guard)
    results |= _leaks(guard)
    results |= _checks(guard)
    results |= _cost(guard)
    payload = "harmless texts of the shared train data as answers; own pairs in bench/texts/answers"
    return Outcome(payload, _ROUNDS, results)


def _false_alarms(guard: Guard) -> dict[str, Any]:
    by_source = {}
    for source in dict.fromkeys((*ORDINARY, *CODE)):
        texts = _benign(source)
        decisions = guard.inspect_batch(texts, origin=Origin.ASSISTANT, direction=Direction.OUTPUT)
        flagged = [it.category for it in decisions if it.category is not None]
        by_source[source] = {
            "texts": len(texts),
            "flagged": len(flagged),
            "flagged_beside_private_data": sum(it not in _PRIVATE for it in flagged),
        }
    return {
        "by_source": by_source,
        "flagged_ordinary": _share(by_source, ORDINARY, "flagged"),
        "flagged_code": _share(by_source, CODE, "flagged"),
        "flagged_code_beside_private_data": _share(by_source, CODE, "flagged_beside_private_data"),
    }


@lru_cache(maxsize=32)
def _benign(source: str) -> tuple[str, ...]:
    path = Path(os.environ["AIDEFENCE_DATA"]) / "train" / f"{source}.jsonl"
    records = map(json.loads, path.read_text("utf-8").splitlines())
    return tuple(it["text"] for it in records if it["label"] == "benign")


def _share(by_source: dict[str, dict[str, int]], sources: tuple[str, ...], what: str) -> float:
    texts = sum(by_source[source]["texts"] for source in sources)
    return sum(by_source[source][what] for source in sources) / texts


def _leaks(guard: Guard) -> dict[str, Any]:
    told = [_told(guard, it.system, text) for it in leak_cases() for text in it.leaks]
    quiet = [_told(guard, it.system, text) for it in leak_cases() for text in it.clean]
    # Every prompt beside the answers of all others: same register, other things.
    cases = leak_cases()
    strangers = [
        _told(guard, one.system, text)
        for one in cases
        for other in cases
        if one is not other
        for text in (*other.leaks, *other.clean)
    ]
    return {
        "leak_pairs": [len(told), len(quiet), len(strangers)],
        "leak_recall": sum(it >= _FLAG for it in told) / len(told),
        "leak_false_alarms": sum(it >= _FLAG for it in quiet + strangers) / len(quiet + strangers),
    }


def _told(guard: Guard, system: str, answer: str) -> float:
    found = guard.inspect_answer(answer, system=system).decision.findings
    return max((it.score for it in found if it.rule_id == "answer.prompt"), default=0.0)


def _checks(guard: Guard) -> dict[str, Any]:
    pairs = refusal_pairs().values()
    refused = [guard.inspect_answer(text, refusal=True).refused for text, _ in pairs]
    granted = [guard.inspect_answer(text, refusal=True).refused for _, text in pairs]
    ordinary = [it for source in ("code_alpaca", "medquad") for it in _benign(source)]
    wrongly = sum(bool(guard.inspect_answer(it, refusal=True).refused) for it in ordinary)
    right = total = 0
    for case in support_cases():
        for text, good in [*((it, True) for it in case.leaks), *((it, False) for it in case.clean)]:
            found = guard.inspect_answer(text, context=case.system, support=True).support
            right += found is not None and (found.score >= _SUPPORTED) is good
            total += 1
    return {
        "refusal_recall": sum(map(bool, refused)) / len(refused),
        "refusal_false_alarms_twins": sum(map(bool, granted)) / len(granted),
        "refusal_false_alarms_ordinary": wrongly / len(ordinary),
        "support_right": right / total,
        "support_pairs": total,
    }


def _cost(guard: Guard) -> dict[str, Any]:
    words = "The ferry to the island leaves at nine and comes back before the bridge opens. "
    answer = (words * 14)[:1024]
    case = leak_cases()[0]
    canaries = Canaries(b"a key for measuring", (f"tenant-{number}" for number in range(100)))
    calls: dict[str, Callable[[], object]] = {
        "inspect": lambda: guard.inspect(
            answer, origin=Origin.ASSISTANT, direction=Direction.OUTPUT
        ),
        "prompt": lambda: guard.inspect_answer(answer, system=case.system),
        "canaries_100": lambda: guard.inspect_answer(answer, canaries=canaries),
        "refusal": lambda: guard.inspect_answer(answer, refusal=True),
        "language": lambda: guard.inspect_answer(answer, language="en"),
        "support": lambda: guard.inspect_answer(answer, context=case.system, support=True),
    }
    return {f"us_per_kb_{name}": median(_times(call)) / 1000 for name, call in calls.items()}


def _times(call: Callable[[], object]) -> Iterator[int]:
    for _ in range(_ROUNDS):
        start = perf_counter_ns()
        call()
        yield perf_counter_ns() - start
