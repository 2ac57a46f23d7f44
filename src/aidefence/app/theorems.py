"""Free-form theorems: Lean reads them, our own checker judges, a model may propose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aidefence.adapters.lean.process import LeanProcess, find
from aidefence.adapters.prover_model import ModelAddress, ToolUser, WholeProofs
from aidefence.domain.checking import Check, State
from aidefence.domain.errors import ConfigError
from aidefence.knowledge import theory
from aidefence.ports.prover import ModelWay, ProverError
from aidefence.proof.free.judging import Judgement, judge, stated, submission
from aidefence.proof.free.repairing import Attempt, Budget, Goal, Proposer, Repaired, repair
from aidefence.proof.free.trying import trial_of

_NO_LEAN = (
    "theorems of your own are not available: no Lean here. `make lean` in a checkout fetches it, "
    "or put `lean` 4.28.0 on the path; certificates of policies need none"
)
_OWN_LEMMAS = "AIDefence."
_TWINS = ".Base."


@dataclass(frozen=True, slots=True)
class TheoremDesk:
    """Judges proofs and mends broken ones, with one Lean."""

    lean: LeanProcess

    def judge(self, statement: str, proof: str) -> Judgement:
        """Judge a proof of a statement.

        Raises:
            ConfigError: the statement is no closed proposition, or Lean does not answer.

        """
        with _told(), stated(self.lean, statement) as known:
            return judge(self.lean, known, submission(statement, proof))

    def repair(
        self,
        statement: str,
        proof: str,
        budget: Budget,
        model: ModelAddress | None,
        progress: Callable[[Attempt], None],
        *,
        way: ModelWay = ModelWay.WHOLE,
        asking: Callable[[str], None] = lambda _: None,
    ) -> Repaired:
        """Look for a proof that Lean accepts, beginning with one that it may not.

        Raises:
            ConfigError: Lean does not answer.

        """
        with _told():
            lemmas = tuple(it for it in self.lean.listed(_OWN_LEMMAS) if _TWINS not in it.name)
            trial = trial_of(self.lean, statement)
            proposer: Proposer | None = None
            if model is not None:
                proposer = (
                    ToolUser(model, trial, told=asking)
                    if way is ModelWay.TOOLS
                    else WholeProofs(model, told=asking)
                )
            goal = Goal(statement, lemmas, theory.load().definitions())
            return repair(goal, proof, trial, budget=budget, proposer=proposer, progress=progress)


def look() -> Iterator[Check]:
    """Tell whether the theory is there, and a Lean for theorems of one's own."""
    known = theory.load()
    size = f"{len(known.data) / 1e6:.1f} MB, digest {known.digest[:12]}"
    yield Check("theory", State.OK, f"{size}, rests on {', '.join(known.axioms)}")
    runtime = find()
    if runtime is None:
        remedy = "`make lean` in a checkout fetches it (Node 20 with npm), or install lean 4.28.0"
        told = "not installed: theorems of your own; policies are proved without it"
        yield Check("lean", State.NOTE, told, remedy)
        return
    if runtime.apart:
        yield Check("lean", State.OK, f"{runtime.name}, in namespaces without a network")
        return
    told = f"{runtime.name}, with limits but in the network of this machine"
    remedy = "install util-linux (`unshare`) and let users make namespaces, to take it away"
    yield Check("lean", State.NOTE, told, remedy)


@contextmanager
def theorem_desk() -> Iterator[TheoremDesk]:
    """Start Lean with the shipped theory; it ends with the block.

    Raises:
        ConfigError: there is no Lean here.

    """
    runtime = find()
    if runtime is None:
        raise ConfigError(_NO_LEAN)
    lean = LeanProcess(runtime, theory=tuple(theory.load().texts().values()))
    try:
        yield TheoremDesk(lean)
    finally:
        lean.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ProverError as error:
        raise ConfigError(f"Lean does not answer: {error}") from error
