"""Proving policies: from text to signed certificate, and the certificate checked from nothing."""

from __future__ import annotations

import resource
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidefence.adapters.signing import SigningKey
from aidefence.engine.policies import PolicySet
from aidefence.knowledge.theory import Part
from aidefence.policy.compiling import compile_source
from aidefence.proof import (
    Budget,
    Proved,
    Refuted,
    certify,
    ground_of,
    prove,
    read_certificate,
    verify,
)
from bench.edited_policies import measure_edits
from bench.policy_sets import draw
from bench.record import Outcome

_SIZES = ((20, 5), (200, 50), (2_000, 500))
_SETS = 200
_CLAIMS = 6
_NOW_MS = 1_800_000_000_000
_KIB = 1024


def measure() -> Outcome:
    """Prove policies of three sizes, and two hundred sets of which half the claims are false."""
    metrics: dict[str, Any] = {}
    begun = time.perf_counter()
    for part in Part:
        ground_of(part)
    metrics["theory_ms"] = round((time.perf_counter() - begun) * 1000)
    with tempfile.TemporaryDirectory() as folder:
        key = SigningKey(Path(folder) / "audit.key")
        for rules, claims in _SIZES:
            timed = _timed(draw(rules, rules=rules, claims=claims).text, key)
            metrics |= {f"{name}_{rules}": it for name, it in timed.items()}
    metrics |= _sets()
    metrics |= measure_edits()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    metrics["peak_mib"] = round(peak / _KIB)
    return Outcome(
        results=metrics,
        payload="drawn policies of 20 rules and 5 claims, 200 and 50, 2000 and 500; "
        f"{_SETS} sets of 20 to 49 rules with {_CLAIMS} claims, half of them false; "
        f"{metrics['edited_policies']} certificates of such sets, whose policies were edited in "
        "one of eight ways; the theory is read and judged before (`theory_ms`)",
        repetitions=1,
    )


def _timed(text: str, key: SigningKey) -> dict[str, float]:
    begun = time.perf_counter()
    compiled = compile_source(text)
    session = prove(compiled.image, compiled.properties, load=PolicySet.load)
    certificate = certify(session, key, _NOW_MS)
    made = time.perf_counter()
    read = read_certificate(certificate.json)
    found = verify(read, compiled.image, known=key.verify, now_ms=_NOW_MS)
    checked = time.perf_counter()
    if found.faults:
        raise SystemExit(f"proving: a certificate does not hold: {found.faults}")
    return {
        "certificate_ms": round((made - begun) * 1000),
        "verify_ms": round((checked - made) * 1000),
        "proved": round(len(found.proved) / len(compiled.properties), 4),
        "delta_kib": round(len(session.delta) / _KIB),
    }


@dataclass(slots=True)
class _Tally:
    """What became of claims that are true and of claims that are false."""

    true: Counter[str]
    false: Counter[str]
    slowest_s: float = 0.0

    def add(self, text: str, truths: tuple[bool, ...]) -> None:
        compiled = compile_source(text)
        for claim, truth in zip(compiled.properties, truths, strict=True):
            begun = time.perf_counter()
            session = prove(compiled.image, [claim], load=PolicySet.load, budget=Budget())
            took = time.perf_counter() - begun
            [outcome] = session.outcomes
            self.slowest_s = max(self.slowest_s, 0.0 if truth else took)
            (self.true if truth else self.false)[type(outcome).__name__] += 1


def _sets() -> dict[str, Any]:
    tally = _Tally(Counter(), Counter())
    for seed in range(_SETS):
        drawn = draw(seed, rules=20 + seed % 30, claims=_CLAIMS, false_share=0.5)
        tally.add(drawn.text, drawn.truths)
    return {
        "true_claims": tally.true.total(),
        "true_proved": _share(tally.true, Proved),
        "false_claims": tally.false.total(),
        "false_refuted": _share(tally.false, Refuted),
        "false_proved": tally.false[Proved.__name__],
        "counterexample_s_max": round(tally.slowest_s, 3),
    }


def _share(counts: Counter[str], kind: type) -> float:
    return round(counts[kind.__name__] / counts.total(), 4)
