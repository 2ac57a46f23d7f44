"""The false theorems that repair is measured on are false: Lean reads the refutation of each."""

from __future__ import annotations

import tomllib

from bench.broken_proofs import FALSE, false_theorems

from aidefence.adapters.lean.process import LeanProcess
from aidefence.ports.prover import Severity


def test_every_false_theorem_is_refuted(prover: LeanProcess) -> None:
    refutations = {it["of"]: it["refutation"] for it in tomllib.loads(FALSE.read_text())["theorem"]}
    changed = {it.original.name.removeprefix("AIDefence."): it for it in false_theorems()}
    assert len(changed) >= 40
    assert set(changed) == set(refutations)
    names = list(changed)
    for start in range(0, len(names), 20):
        text, told = "open AIDefence AIDefence.Ltl\n", names[start : start + 20]
        for number, name in enumerate(told):
            said = f"¬ ({changed[name].original.statement})"
            text += f"theorem Free.no{number} : {said} := {refutations[name]}\n"
        read = prover.check(text, [f"Free.no{number}" for number in range(len(told))])
        wrong = [it.text for it in read.messages if it.severity is Severity.ERROR]
        assert not wrong
        assert all(it.kind == "theorem" and not it.axioms for it in read.theorems)
        assert not any("sorryAx" in it.library for it in read.theorems)
