"""Broken proofs of the theory: how many are mended, kind by kind, and that nothing false is.

Each is tried in the theory as it was where its theorem stands: neither the theorem itself nor
anything later can be used. What counts as mended was exported and judged; the verdicts of that are
told apart. The half that is reported was not looked at while repair was made.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.lean.scripted_model import serving

from aidefence.adapters.lean.process import LeanProcess, Runtime, find
from aidefence.adapters.prover_model import ModelAddress, ToolUser, WholeProofs
from aidefence.knowledge import theory
from aidefence.ports.prover import Found, ProverError
from aidefence.proof.free.judging import STATEMENT, THEOREM, Stated, Verdict, judged
from aidefence.proof.free.repairing import Budget, Goal, Proposer, ask, repair
from aidefence.proof.free.trying import Trial
from bench.broken_proofs import (
    Broken,
    Original,
    balanced,
    closed,
    corpus,
    false_theorems,
    halves,
    opened,
    originals,
)
from bench.record import Outcome
from bench.scripted_prover import Script

_EACH = 36
_SECONDS = 6.0
_ASKED_SECONDS = 3.0
_ASKED_ATTEMPTS = 40
_TRIED = "Free.tried"


@dataclass(slots=True)
class Shelf:
    """The theory as its author had it when a theorem was to be proved: nothing later is known."""

    lean: LeanProcess
    _texts: dict[str, str] = field(default_factory=theory.load().texts)
    _text: int = 0
    _start: int = 0
    _scopes: tuple[str, ...] = ()

    def turn_to(self, original: Original) -> None:
        """Load what stands before a theorem; they must come in the order of the theory."""
        names = list(self._texts)
        while names[self._text] != original.text:
            self._load(len(self._texts[names[self._text]]), ())
            self._text, self._start = self._text + 1, 0
        self._load(original.start, original.scopes)

    def _load(self, end: int, scopes: tuple[str, ...]) -> None:
        text = list(self._texts.values())[self._text][self._start : end]
        if text.strip():
            done = self.lean.load(f"{opened(self._scopes)}{text}\n{closed(scopes)}\n")
            if not done.ok:
                raise AssertionError(f"the theory does not load: {done.messages[0].text}")
        self._start, self._scopes = end, scopes


@dataclass(slots=True)
class _Tally:
    tried: Counter[str] = field(default_factory=Counter)
    mended: dict[str, Counter[str]] = field(default_factory=dict)  # by mode, then kind
    verdicts: Counter[str] = field(default_factory=Counter)
    wall_s: float = 0.0

    def add(self, mode: str, kind: str) -> None:
        self.mended.setdefault(mode, Counter())[kind] += 1

    def share(self, mode: str) -> float:
        true = [kind for kind in self.tried if kind != "false"]
        total = sum(self.tried[kind] for kind in true)
        return round(sum(self.mended.get(mode, Counter())[kind] for kind in true) / total, 4)


def measure() -> Outcome:
    """Mend broken proofs alone, then ask a scripted prover for what is left, in both ways."""
    runtime = find()
    if runtime is None:
        raise RuntimeError("no Lean here: `make lean` fetches it")
    broken = [*balanced(halves(corpus())[1], _EACH), *false_theorems()]
    order = {it.name: at for at, it in enumerate(originals())}
    broken.sort(key=lambda it: order[it.original.name])
    known = _listed(runtime)
    tally = _Tally()
    script = Script({it.original.statement: it.original for it in broken})
    begun = time.perf_counter()
    lean = LeanProcess(runtime)
    try:
        with serving(script.answer) as url:
            shelf = Shelf(lean)
            for it in broken:
                shelf.turn_to(it.original)
                _mend(lean, it, known, url, tally)
    finally:
        lean.close()
    tally.wall_s = time.perf_counter() - begun
    return _outcome(tally, lean.name)


def _listed(runtime: Runtime) -> dict[str, Found]:
    """Return the theorems of the whole theory as Lean lists them."""
    lean = LeanProcess(runtime, theory=tuple(theory.load().texts().values()))
    try:
        return {it.name: it for it in lean.listed("AIDefence.") if ".Base." not in it.name}
    finally:
        lean.close()


def _mend(
    lean: LeanProcess, broken: Broken, known: dict[str, Found], url: str, tally: _Tally
) -> None:
    original, kind = broken.original, broken.kind
    tally.tried[kind] += 1
    lemmas = tuple(known[name] for name in original.earlier if name in known)
    goal = Goal(original.statement, lemmas, original.definitions)
    trial = Trial(lean, original.opening(_TRIED), _TRIED, original.closing())
    budget = Budget(seconds=_SECONDS, clock=lambda: lean.worked)
    ended = repair(goal, broken.proof, trial, budget=budget)
    verdict = _verdict(lean, original, ended.proof) if ended.proof else Verdict.REFUSED
    if verdict is not Verdict.REFUSED:
        tally.verdicts[verdict.value] += 1
        for mode in ("alone", "whole", "tools"):
            tally.add(mode, kind)
        return
    address = ModelAddress(url, "scripted")
    proposers: tuple[tuple[str, Callable[[], Proposer]], ...] = (
        ("whole", lambda: WholeProofs(address)),
        ("tools", lambda: ToolUser(address, trial)),
    )
    for mode, proposer in proposers:
        budget = Budget(_ASKED_ATTEMPTS, _ASKED_SECONDS, clock=lambda: lean.worked)
        given = [it for it in ended.attempts[:1] if it.errors]
        answered = ask(goal, trial, proposer(), budget=budget, tried=given)
        if answered.proof and _verdict(lean, original, answered.proof) is not Verdict.REFUSED:
            tally.add(mode, kind)


def _verdict(lean: LeanProcess, original: Original, proof: str) -> Verdict:
    """Export a proof of the statement as it was loaded before, and let our checker judge it."""
    head, tail = original.opening("Free.main"), original.closing()
    stated = head.partition("theorem ")[0]
    text = f"{stated}def _root_.{STATEMENT} : Prop := ({original.statement})\n{tail}\n"
    if not lean.load(text, guarded=True).ok:
        raise AssertionError(f"`{original.name}` cannot be stated again")
    try:
        before = Stated(original.statement, lean.export([STATEMENT]).data())
        proved = f"theorem {THEOREM} : {STATEMENT} := @Free.main\n"
        exported = lean.export([STATEMENT, THEOREM], f"{head}{proof}\n{tail}\n{proved}")
        if not exported.elaborated.ok:
            return Verdict.REFUSED
        return judged(before, exported, known=b"").verdict
    except ProverError:
        return Verdict.REFUSED
    finally:
        lean.drop()


def _outcome(tally: _Tally, lean: str) -> Outcome:
    false = sum(tally.mended.get(mode, Counter())["false"] for mode in tally.mended)
    kinds = sorted(tally.tried)
    results: dict[str, Any] = {
        "proofs": tally.tried.total() - tally.tried["false"],
        "alone": tally.share("alone"),
        "whole_proofs": tally.share("whole"),
        "tool_user": tally.share("tools"),
        "false_statements": tally.tried["false"],
        "false_mended": false,
        "judged_proved": tally.verdicts[Verdict.PROVED.value],
        "judged_assumed": tally.verdicts[Verdict.ASSUMED.value],
        "wall_s": round(tally.wall_s),
        "by_kind": {
            kind: {
                "tried": tally.tried[kind],
                **{mode: tally.mended.get(mode, Counter())[kind] for mode in _modes()},
            }
            for kind in kinds
        },
    }
    return Outcome(
        results=results,
        payload=f"{results['proofs']} broken proofs of theorems that were not looked at, up to "
        f"{_EACH} of a kind, {_SECONDS:g} s of the processor each; {tally.tried['false']} false "
        f"statements; a scripted prover that knows nine proofs of ten; {lean}",
        repetitions=1,
    )


def _modes() -> Sequence[str]:
    return ("alone", "whole", "tools")
