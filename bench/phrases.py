"""Plain words: what becomes of phrasings that were written apart from the grammar."""

from __future__ import annotations

import time

from tests.unit.policy.phrases.measuring import FILES, Fate, Measured, measured, phrasings

from aidefence.policy.phrases.reading import read_phrase
from bench.record import Outcome


def measure() -> Outcome:
    """Read all sets, compare each reading with what is meant, and time the reader."""
    found = {name: list(measured(name)) for name in FILES}
    every = [it for results in found.values() for it in results]
    results: dict[str, float] = {"phrasings": len(every), **_shares(every)}
    for name in FILES[1:]:
        label = name.removeprefix("phrasings_").removesuffix(".toml")
        results[f"right_{label}"] = _shares(found[name])["right"]
    results["ms_a_phrase"] = _ms([it.phrasing.said for it in every])
    clear = sum(it.phrasing.kind == "read" for it in every)
    return Outcome(
        payload=f"{len(phrasings(FILES[0]))} phrasings written before the grammar and eight later "
        f"sets, {len(every)} in all, {clear} of them clear",
        repetitions=1,
        results=results,
    )


def _shares(results: list[Measured]) -> dict[str, float]:
    clear = [it for it in results if it.phrasing.kind == "read"]
    right = sum(it.fate is Fate.RIGHT for it in clear)
    return {
        "right": round(right / len(clear), 4),
        "asked_or_refused": sum(it.fate in {Fate.ASKED, Fate.REFUSED} for it in clear),
        "wrong_silently": sum(it.fate is Fate.WRONG for it in results),
    }


def _ms(said: list[str]) -> float:
    begin = time.perf_counter()
    for phrase in said:
        read_phrase(phrase)
    return round(1000 * (time.perf_counter() - begin) / len(said), 2)
