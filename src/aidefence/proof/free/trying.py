"""A trial of proofs of one statement: what Lean says, told from the first line of the proof."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aidefence.ports.prover import Elaborated, Prover
from aidefence.proof.free.repairing import Trial

_NAME: Final = "Free.tried"
_HEARTBEATS = 400_000


def trial_of(prover: Prover, statement: str, *, head: str = "open AIDefence\n") -> Trial:
    """Return a trial for proofs of `statement`; `head` is what the text begins with."""
    return trial_under(prover, f"{head}theorem _root_.{_NAME} : (\n{statement}\n) := ", _NAME)


def trial_under(prover: Prover, opening: str, name: str) -> Trial:
    """Return a trial for proofs that follow `opening`, which states the theorem `name`."""

    def trial(proof: str) -> tuple[Elaborated, bool]:
        read = prover.check(f"{opening}{proof}\n", [name], heartbeats=_HEARTBEATS)
        above = opening.count("\n")
        told = (
            replace(it, line=it.line - above, end_line=it.end_line - above) for it in read.messages
        )
        found = next((it for it in read.theorems if it.name == name), None)
        whole = found is not None and found.kind == "theorem" and not found.axioms
        accepted = read.ok and whole and found is not None and "sorryAx" not in found.library
        return replace(read, messages=tuple(told)), accepted

    return trial
