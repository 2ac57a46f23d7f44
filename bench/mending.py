"""Broken proofs of the theory: how many are mended, kind by kind, and that nothing false is.

Each is tried in the theory as it was where its theorem stands: neither the theorem itself nor
anything later can be used. What counts as mended was exported and judged; the verdicts of that are
told apart. The half that is reported was not looked at while repair was made.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.lean.scripted_model import serving

from aidefence.adapters.lean.package import cache_folder
from aidefence.adapters.lean.process import LeanProcess, Runtime, find
from aidefence.adapters.prover_model import ModelAddress, ToolUser, WholeProofs
from aidefence.knowledge import theory
from aidefence.ports.prover import Found, ProverError
from aidefence.proof.free.judging import STATEMENT, THEOREM, Stated, Verdict, judged
from aidefence.proof.free.repairing import Budget, Goal, Proposer, Step, ask, repair
from aidefence.proof.free.trying import Trial
from bench.broken_proofs import (
    FALSE_KINDS,
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
from bench.record import ROOT, Outcome
from bench.scripted_prover import Script

_EACH = 40
_SECONDS = 6.0
_ASKED_SECONDS = 3.0
_ASKED_ATTEMPTS = 40
_TRIED = "Free.tried"
_MODES = ("alone", "whole", "tools")
_DECIDING = (
    "src/aidefence/proof/free/*.py",
    "src/aidefence/adapters/lean/*.lean",
    "src/aidefence/adapters/lean/*.py",
    "src/aidefence/adapters/prover_model.py",
    "bench/mending.py",
    "bench/broken_proofs.py",
    "bench/scripted_prover.py",
    "bench/texts/false_theorems.toml",
)


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


@dataclass(frozen=True, slots=True)
class _Ended:
    """What became of one broken proof: for each way of mending a verdict, or nothing."""

    name: str
    kind: str
    broken: bool  # what was left out of some proofs, they do without
    verdicts: dict[str, str]
    worked_s: float
    wall_s: float


def measure() -> Outcome:
    """Mend broken proofs alone, then ask a scripted prover for what is left, in both ways."""
    runtime = find()
    if runtime is None:
        raise RuntimeError("no Lean here: `make lean` fetches it")
    broken = [*balanced(halves(corpus())[1], _EACH), *false_theorems()]
    order = {it.name: at for at, it in enumerate(originals())}
    broken.sort(key=lambda it: order[it.original.name])
    notes = _Notes.open()
    ended = _ended(runtime, broken, notes)
    notes.path.unlink(missing_ok=True)
    return _outcome(ended, runtime.name)


@dataclass(slots=True)
class _Notes:
    """What is known already: it takes long, and an interrupted run goes on where it was.

    The notes are of one state of everything that decides what is found; another has its own.
    """

    path: Path
    known: dict[str, _Ended]

    @classmethod
    def open(cls) -> _Notes:
        digest = sha256(theory.load().digest.encode())
        for path in sorted(it for places in _DECIDING for it in ROOT.glob(places)):
            digest.update(path.read_bytes())
        folder = cache_folder().parent / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"repair-{digest.hexdigest()[:16]}.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        # A run that was ended may have left half a line.
        read = [_Ended(**json.loads(it)) for it in lines if it.endswith("}")]
        return cls(path, {it.name: it for it in read})

    def add(self, ended: _Ended) -> None:
        self.known[ended.name] = ended
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(ended)) + "\n")


def _ended(runtime: Runtime, broken: Sequence[Broken], notes: _Notes) -> list[_Ended]:
    left = [it for it in broken if it.name not in notes.known]
    if not left:
        return [notes.known[it.name] for it in broken]
    lemmas = _listed(runtime)
    script = Script({it.original.statement: it.original for it in broken})
    lean = LeanProcess(runtime)
    try:
        with serving(script.answer) as url:
            shelf, bench = Shelf(lean), _Bench(lean, lemmas, url)
            for it in left:
                shelf.turn_to(it.original)
                notes.add(bench.mended(it))
                _show(broken, notes)
    finally:
        lean.close()
    return [notes.known[it.name] for it in broken]


def _show(broken: Sequence[Broken], notes: _Notes) -> None:
    done = [notes.known[it.name] for it in broken if it.name in notes.known]
    true = [it for it in done if it.kind not in FALSE_KINDS and it.broken]
    mended = ", ".join(f"{mode} {_count(true, mode)}" for mode in _MODES)
    last = f"{done[-1].name} ({done[-1].worked_s:.1f} s)"
    print(f"repair {len(done)}/{len(broken)}: {mended} of {len(true)}; {last}", file=sys.stderr)


def _listed(runtime: Runtime) -> dict[str, Found]:
    """Return the theorems of the whole theory as Lean lists them."""
    lean = LeanProcess(runtime, theory=tuple(theory.load().texts().values()))
    try:
        return {it.name: it for it in lean.listed("AIDefence.") if ".Base." not in it.name}
    finally:
        lean.close()


class _Bench:
    """Mends one broken proof after another, alone and with the scripted prover."""

    def __init__(self, lean: LeanProcess, lemmas: dict[str, Found], url: str) -> None:
        self._lean, self._lemmas = lean, lemmas
        self._address = ModelAddress(url, "scripted")
        self._referee = _Referee(lean)

    def mended(self, broken: Broken) -> _Ended:
        worked, begun = self._lean.worked, time.perf_counter()
        was_broken, verdicts = self._verdicts(broken)
        wall_s = time.perf_counter() - begun
        took = round(self._lean.worked - worked, 2), round(wall_s, 2)
        return _Ended(broken.name, broken.kind, was_broken, verdicts, *took)

    def _verdicts(self, broken: Broken) -> tuple[bool, dict[str, str]]:
        original, lean = broken.original, self._lean
        lemmas = tuple(self._lemmas[it] for it in original.earlier if it in self._lemmas)
        goal = Goal(original.statement, lemmas, original.definitions)
        trial = Trial(lean, original.opening(_TRIED), _TRIED, original.closing())
        budget = Budget(seconds=_SECONDS, clock=lambda: lean.worked)
        ended = repair(goal, broken.proof, trial, budget=budget)
        verdict = self._referee.verdict(original, ended.proof)
        if verdict:
            return ended.step is not Step.GIVEN, dict.fromkeys(_MODES, verdict)
        given = [it for it in ended.attempts[:1] if it.errors]
        proposers: dict[str, Proposer] = {
            "whole": WholeProofs(self._address),
            "tools": ToolUser(self._address, trial),
        }
        verdicts = {"alone": ""}
        for mode, proposer in proposers.items():
            budget = Budget(_ASKED_ATTEMPTS, _ASKED_SECONDS, clock=lambda: lean.worked)
            answered = ask(goal, trial, proposer, budget=budget, tried=given)
            verdicts[mode] = self._referee.verdict(original, answered.proof)
        return True, verdicts


class _Referee:
    """Exports a proof of a statement as it was loaded before, and lets our checker judge it."""

    def __init__(self, lean: LeanProcess) -> None:
        self._lean = lean
        self._original: Original | None = None
        self._stated: Stated | None = None
        self._known: dict[str, str] = {}

    def verdict(self, original: Original, proof: str) -> str:
        """Return the verdict, or nothing where it is refused."""
        if not proof:
            return ""
        if original != self._original:
            self._original, self._stated, self._known = original, None, {}
        if proof not in self._known:
            found = self._judged(original, proof)
            self._known[proof] = "" if found is Verdict.REFUSED else found.value
        return self._known[proof]

    def _judged(self, original: Original, proof: str) -> Verdict:
        head, tail = original.opening("Free.main"), original.closing()
        opening = head.partition("theorem ")[0]
        text = f"{opening}def _root_.{STATEMENT} : Prop := ({original.statement})\n{tail}\n"
        if not self._lean.load(text, guarded=True).ok:
            raise AssertionError(f"`{original.name}` cannot be stated again")
        try:
            if self._stated is None:
                before = self._lean.export([STATEMENT]).data()
                self._stated = Stated(original.statement, before)
            proved = f"theorem {THEOREM} : {STATEMENT} := @Free.main\n"
            text = f"{head}{proof}\n{tail}\n{proved}"
            exported = self._lean.export([STATEMENT, THEOREM], text)
            if not exported.elaborated.ok:
                return Verdict.REFUSED
            return judged(self._stated, exported, known=b"").verdict
        except ProverError:
            return Verdict.REFUSED
        finally:
            self._lean.drop()


def _outcome(ended: Sequence[_Ended], lean: str) -> Outcome:
    true = [it for it in ended if it.kind not in FALSE_KINDS and it.broken]
    false = [it for it in ended if it.kind in FALSE_KINDS]
    judged_as = Counter(it.verdicts["alone"] for it in true)
    results: dict[str, Any] = {
        "proofs": len(true),
        "alone": round(_count(true, "alone") / len(true), 4),
        "whole_proofs": round(_count(true, "whole") / len(true), 4),
        "tool_user": round(_count(true, "tools") / len(true), 4),
        "false_statements": len(false),
        "false_mended": sum(any(it.verdicts.values()) for it in false),
        "judged_proved": judged_as[Verdict.PROVED.value],
        "judged_assumed": judged_as[Verdict.ASSUMED.value],
        "worked_s": round(sum(it.worked_s for it in ended)),
        "wall_s": round(sum(it.wall_s for it in ended)),
        "not_broken": len(ended) - len(true) - len(false),
        "by_kind": {
            kind: _of_kind([*true, *false], kind) for kind in sorted({it.kind for it in ended})
        },
    }
    return Outcome(
        results=results,
        payload=f"{len(true)} broken proofs of theorems that were not looked at, up to {_EACH} of "
        f"a kind, {_SECONDS:g} s of the processor each; {len(false)} false statements; a scripted "
        f"prover that knows nine proofs of ten; {lean}",
        repetitions=1,
    )


def _of_kind(ended: Sequence[_Ended], kind: str) -> dict[str, int]:
    some = [it for it in ended if it.kind == kind]
    return {"tried": len(some), **{mode: _count(some, mode) for mode in _MODES}}


def _count(ended: Sequence[_Ended], mode: str) -> int:
    return sum(bool(it.verdicts[mode]) for it in ended)
