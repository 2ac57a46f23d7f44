"""Free-form theorems: real proofs are accepted by our checker, and no trick is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.lean.attacks import ATTACKS, STATEMENT

from aidefence.adapters.lean.process import CHECKER, LeanProcess, Runtime
from aidefence.domain.errors import ConfigError
from aidefence.knowledge import theory
from aidefence.proof.free.judging import THEOREM as PROVED
from aidefence.proof.free.judging import Stated, Verdict, judge, judged, look, stated, submission

TRUE = "∀ (p : Policy) (r : Request), eval p r ≤ Action.block"


def test_a_proof_is_judged_by_our_checker(prover: LeanProcess) -> None:
    with stated(prover, TRUE) as statement:
        text = submission(TRUE, "fun p r => Action.le_block (eval p r)")
        judgement = judge(prover, statement, text)
        assert judgement.verdict is Verdict.PROVED, judgement.reason
        assert judgement.axioms == ("propext",)
        assert judgement.steps > 0
        _altered_exports_are_refused(prover, statement, text)


def _altered_exports_are_refused(prover: LeanProcess, statement: Stated, text: str) -> None:
    roots = [*theory.load().roots, "Free.Stmt", PROVED]
    real = prover.export(roots, text)
    assert judged(statement, real).verdict is Verdict.PROVED
    other = Stated(statement.text, statement.export + b" ")
    assert "another one" in judged(other, real).reason
    without = replace(real, lines=tuple(it for it in real.lines if '{"thm"' not in it[:8]))
    assert judged(statement, without).verdict is Verdict.REFUSED
    cut = replace(real, lines=real.lines[:-1])
    assert "is not a proof" in judged(statement, cut).reason
    sorry = replace(real, axioms=("propext", "sorryAx"))
    assert "rests on" in judged(statement, sorry).reason
    own = replace(real, axioms=("propext", "Free.help"))
    assert "rests on" in judged(statement, own).reason


def test_what_the_library_does_not_prove_is_named(prover: LeanProcess) -> None:
    goal = "∀ a b c : Nat, a < b → b < c → a + 1 < c"
    with stated(prover, goal) as statement:
        judgement = judge(prover, statement, submission(goal, "by intros; omega"))
    assert judgement.verdict is Verdict.ASSUMED, judgement.reason
    assert any("Omega" in name for name in judgement.assumed)
    assert not judgement.digest


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "True) def x : Nat := (1",
        "(True",
        "True -- yes",
        "by exact True",
        'include_str "x"',
        "1 + 1",
        "∀ x : Nonsense, x = x",
        "sorry",
        "#eval 1",
        "True\ntheorem x : True := trivial",
    ],
)
def test_a_statement_is_one_closed_proposition(prover: LeanProcess, statement: str) -> None:
    with pytest.raises(ConfigError, match="the statement is not usable"), stated(prover, statement):
        pass
    read, _ = look(prover, "theorem ok : True := True.intro")
    assert not read.errors


@pytest.fixture(scope="module")
def false_statement(prover: LeanProcess) -> Iterator[Stated]:
    with stated(prover, STATEMENT) as statement:
        yield statement


@pytest.mark.parametrize("name", ATTACKS)
def test_no_trick_is_a_proof(prover: LeanProcess, false_statement: Stated, name: str) -> None:
    before = sorted(CHECKER.parent.iterdir())
    judgement = judge(prover, false_statement, ATTACKS[name])
    assert judgement.verdict is Verdict.REFUSED
    assert judgement.reason
    assert sorted(CHECKER.parent.iterdir()) == before


def test_lean_has_no_network_where_the_kernel_can_take_it_away(runtime: Runtime) -> None:
    if not runtime.apart:
        pytest.skip("this kernel lets nobody make namespaces, or `unshare` is not there")
    until = runtime.command.index("--") + 1
    show = [*runtime.command[:until], "readlink", "/proc/self/ns/net"]
    told = subprocess.run(show, capture_output=True, text=True, check=True).stdout.strip()
    assert told.startswith("net:")
    assert told != str(Path("/proc/self/ns/net").readlink())
