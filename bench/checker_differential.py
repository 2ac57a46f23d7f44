"""Our proof checker beside Lean's kernel: the theory, certificates, changed exports, attacks.

The same bytes go to both. What ours accepts and Lean refuses would be a hole; what Lean accepts and
ours refuses is a proof that we do not judge, counted on a sample with the reason that ours gave.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from aidefence.adapters.lean.process import find
from aidefence.domain.errors import ConfigError
from aidefence.engine import kernel
from aidefence.knowledge.theory import Part, load
from bench.certificate_deltas import Proof, proofs
from bench.export_mutations import Changed, Material, change
from bench.export_text import Pool, sliced
from bench.lean_kernel import PROGRAM, LeanKernel, Verdict
from bench.record import ROOT, Outcome

_CERTIFICATES = 1_000
_OF_THEORY, _OF_CERTIFICATES = 4_000, 9_000
_SAMPLE = 600
_EACH = 8
_SLICE_MAX = 120
# WebAssembly has little stack: Lean's process ends on terms nested some thousand deep.
_LINES_MAX = 3_000
_AXIOMS = ("propext", "Quot.sound")


@dataclass(frozen=True, slots=True)
class Case:
    """Something that both shall judge: alone, or on top of a part of the theory."""

    kind: str
    data: bytes
    on: Part | None = None
    scope: str = ""


@dataclass(slots=True)
class Tally:
    """What both said."""

    kinds: Counter[str] = field(default_factory=Counter)
    both: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    undecided: list[str] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)
    sampled: Counter[str] = field(default_factory=Counter)
    stricter: Counter[str] = field(default_factory=Counter)


class Bench:
    """Both judges with the theory in hand."""

    def __init__(self, lean: LeanKernel) -> None:
        """Give the theory to both.

        Raises:
            RuntimeError: one of them does not accept it.

        """
        self._lean = lean
        rules, whole = load(Part.RULES).data, load(Part.TIME).data
        self._ours = {part: kernel.Theory.load(load(part).data) for part in Part}
        kept = (
            lean.keep(Part.RULES.value, rules),
            lean.keep(Part.TIME.value, whole.removeprefix(rules), on=Part.RULES.value),
        )
        for verdict in kept:
            if not verdict.accepted:
                raise RuntimeError(f"Lean's kernel refuses the theory: {verdict.reason}")
        self.declared = sum(it.declared for it in kept)
        self.pool = Pool()
        self._numbers = {part: self.pool.read(load(part).data) for part in Part}
        self.theory = self._numbers[Part.TIME].declarations

    def ours(self, case: Case, axioms: tuple[str, ...] = kernel.AXIOMS) -> str:
        """Why our checker refuses; empty where it accepts."""
        if case.on is not None:
            judged = self._ours[case.on].check(case.data, prefix=case.scope)
            return "" if judged.accepted else f"{judged.cause}: {judged.reason}"
        try:
            kernel.Theory.load(case.data, axioms=axioms)
        except ConfigError as refusal:
            cause = refusal.__cause__
            return f"{getattr(cause, 'cause', 'none')}: {cause}"
        return ""

    def leans(self, case: Case) -> Verdict:
        """What Lean's kernel says."""
        return self._lean.judge(case.data, on="" if case.on is None else case.on.value)

    def compare(self, cases: Iterator[Case], sample: float, dice: Random) -> Tally:
        """Judge by ours; what it accepts, and some of what it refuses, by Lean too."""
        tally = Tally()
        for case in cases:
            tally.kinds[case.kind] += 1
            why = self.ours(case)
            if why:
                tally.refused[why.partition(":")[0]] += 1
                if dice.random() < sample:
                    self._look_at_refused(case, why, tally)
                continue
            said = self.leans(case)
            if said.accepted:
                tally.both[case.kind] += 1
            elif not said.decided:
                tally.undecided.append(f"{case.kind}: {said.reason}")
            else:
                tally.holes.append(f"{case.kind}: {said.reason}")
        return tally

    def _look_at_refused(self, case: Case, why: str, tally: Tally) -> None:
        said = self.leans(case)
        if not said.decided:
            tally.sampled["no answer"] += 1
            return
        tally.sampled["accepted" if said.accepted else "refused"] += 1
        if said.accepted:
            tally.stricter[_reason(why)] += 1

    def of_theory(self, dice: Random) -> Iterator[Case]:
        """Change declarations of the theory, each with what it stands on and nothing else."""
        while True:
            slice_ = sliced(self.pool, self.theory, dice.randrange(len(self.theory)))
            if len(slice_) > _SLICE_MAX and dice.random() > 0.05:
                continue
            material = Material(self.pool, slice_)
            yield from (Case(it.kind, it.data) for it in _changes(material, dice))

    def of_certificates(self, all_: list[Proof], dice: Random) -> Iterator[Case]:
        """Change proofs of policies."""
        while True:
            proof = dice.choice(all_)
            base = self._numbers[proof.part]
            read = self.pool.read(proof.delta, base.numbers)
            material = Material(self.pool, read.declarations, base.numbers, base.declarations)
            for it in _changes(material, dice):
                yield Case(it.kind, it.data, proof.part, proof.scope)


def _changes(material: Material, dice: Random) -> Iterator[Changed]:
    drawn = (change(material, dice) for _ in range(_EACH))
    yield from (it for it in drawn if it is not None)


def _reason(why: str) -> str:
    """The words of a refusal without what is particular to one export."""
    words = why.partition(": ")[2].split(": ")
    return " ".join("…" if "`" in it or it.isdigit() else it for it in words[-1].split())


def certificates(bench: Bench, all_: list[Proof]) -> tuple[int, list[str]]:
    """How many proofs both accept, and what was said of the others."""
    both, others = 0, list[str]()
    for proof in all_:
        case = Case("certificate", proof.delta, proof.part, proof.scope)
        why, said = bench.ours(case), bench.leans(case)
        both += not why and said.accepted
        if why or not said.accepted:
            others.append(why or said.reason)
    return both, others


def attack_exports() -> list[bytes]:
    """All exports that the tests of the checker judge, most of them attacks.

    Raises:
        CalledProcessError: the tests fail.

    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "AIDEFENCE_EXPORTS": folder}
        command = ("cargo", "test", "--quiet", "--package", "aidefence-kernel", "--tests")
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        return [it.read_bytes() for it in sorted(Path(folder).iterdir())]


def attacks(bench: Bench, exports: list[bytes]) -> Tally:
    """Judge every attack by both; `stricter` are those that Lean's kernel alone lets pass."""
    tally = Tally()
    for data in exports:
        if data.count(b"\n") > _LINES_MAX:
            tally.kinds["too deep for Lean's process"] += 1
            continue
        case = Case("attack", data)
        why, said = bench.ours(case, _AXIOMS), bench.leans(case)
        tally.kinds["refused by ours" if why else "accepted by ours"] += 1
        if not said.decided:
            tally.undecided.append(said.reason)
        elif not why:
            tally.both["accepted"] += said.accepted
            tally.holes += [] if said.accepted else [said.reason]
        elif said.accepted:
            tally.stricter[_reason(why)] += 1
        else:
            tally.both["refused"] += 1
    return tally


def measure() -> Outcome:
    """Compare both on all that a record shall tell of."""
    runtime = find(PROGRAM)
    if runtime is None:
        raise RuntimeError("no Lean here: `make lean` fetches it")
    lean, dice = LeanKernel(runtime), Random(20)
    try:
        bench = Bench(lean)
        all_ = list(proofs(_CERTIFICATES))
        both, others = certificates(bench, all_)
        count = _OF_THEORY + _OF_CERTIFICATES
        parts = [
            bench.compare(islice(cases, size), _SAMPLE / count, dice)
            for cases, size in (
                (bench.of_theory(dice), _OF_THEORY),
                (bench.of_certificates(all_, dice), _OF_CERTIFICATES),
            )
        ]
        tried = attacks(bench, attack_exports())
    finally:
        lean.close()
    claims = sum((it.claims for it in all_), Counter[str]())
    return Outcome(
        f"the shipped theory; {_CERTIFICATES} proofs of drawn policies with claims of every kind; "
        f"{_OF_THEORY} changes of declarations of the theory with what they stand on, "
        f"{_OF_CERTIFICATES} of those proofs; the exports of the checker's own tests; "
        "changes that ours refuses were shown to Lean on a sample",
        1,
        {
            "lean": runtime.name,
            "theory_declarations_both": bench.declared,
            "certificates_both": both,
            "certificates_not_both": len(others),
            "claims": dict(sorted(claims.items())),
            **_told(parts),
            **_told_attacks(tried),
        },
    )


def _told(parts: list[Tally]) -> dict[str, Any]:
    def total(name: str) -> Counter[str]:
        return sum((getattr(it, name) for it in parts), Counter[str]())

    holes = [it for part in parts for it in part.holes]
    return {
        "mutations": total("kinds").total(),
        "mutations_refused_by_ours": total("refused").total(),
        "mutations_accepted_by_both": total("both").total(),
        "accepted_by_ours_refused_by_lean": len(holes),
        "accepted_by_ours_no_answer_of_lean": sum(len(it.undecided) for it in parts),
        "refused_by_cause": dict(total("refused").most_common()),
        "accepted_by_kind": dict(total("both").most_common()),
        "refused_shown_to_lean": dict(total("sampled").most_common()),
        "refused_by_ours_alone": dict(total("stricter").most_common()),
        "holes": holes[:20],
    }


def _told_attacks(tried: Tally) -> dict[str, Any]:
    return {
        "attacks": tried.kinds["refused by ours"],
        "attacks_refused_by_both": tried.both["refused"],
        "attacks_refused_by_ours_alone": dict(tried.stricter.most_common()),
        "attack_tests_accepted_by_both": tried.both["accepted"],
        "attack_tests_refused_by_lean_alone": len(tried.holes),
        "attack_tests_no_answer_of_lean": len(tried.undecided)
        + tried.kinds["too deep for Lean's process"],
    }
