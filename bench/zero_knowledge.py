"""Proofs in zero knowledge: what set-up, proof and check take for policies of three sizes."""

from __future__ import annotations

from statistics import median
from typing import Any

from aidefence.adapters.zero_knowledge import ask
from aidefence.app.zero_knowledge import ZeroKnowledge
from aidefence.domain.enums import Action
from aidefence.policy.compiling import compile_source
from bench.policy_sets import draw
from bench.record import Outcome

_RULES = (1, 20, 200)
_REPETITIONS = 5
_FACTS = {"taint.untrusted": True, "confidence(jailbreak)": "90%", "direction": "output"}


def measure() -> Outcome:
    """Commit, prove and verify; a proof of another decision must be refused."""
    desk = ZeroKnowledge.here()
    metrics: dict[str, Any] = {}
    for rules in _RULES:
        metrics |= {f"{name}_{rules}": it for name, it in _timed(desk, rules).items()}
    return Outcome(
        results=metrics,
        payload="drawn policies of 1, 20 and 200 rules and one request; `literals` are the "
        "comparisons that the circuit holds; medians",
        repetitions=_REPETITIONS,
    )


def _timed(desk: ZeroKnowledge, rules: int) -> dict[str, float]:
    image = compile_source(draw(rules, rules=rules, claims=0).text).image
    commitment, opening = desk.commit(image)
    took: dict[str, list[float]] = {}
    right = proof_bytes = 0
    for _ in range(_REPETITIONS):
        proof, about = desk.prove(image, opening, _FACTS)
        code = Action(proof["action"]).code
        question = {it: proof[it] for it in ("policy", "request", "literals", "proof")}
        holds, said = ask(desk.program, {"do": "verify", **question, "action": code})
        other = proof | {"action": Action.ALLOW if code else Action.BLOCK}
        right += holds and desk.verify(other, commitment).action is None
        proof_bytes = len(proof["proof"]) // 2
        for name, ms in (about["milliseconds"] | {"verify_ms": said["verify_ms"]}).items():
            took.setdefault(name, []).append(ms)
    return {
        **{name: round(median(each), 1) for name, each in took.items()},
        "literals": commitment["literals"],
        "proof_bytes": proof_bytes,
        "right": right / _REPETITIONS,
    }
