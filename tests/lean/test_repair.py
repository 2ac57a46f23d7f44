"""Broken proofs are mended, false statements never; a model may help, over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.lean.scripted_model import block, serving

from aidefence.adapters.lean.process import LeanProcess
from aidefence.adapters.prover_model import ModelAddress, ToolUser, WholeProofs, proof_in
from aidefence.knowledge import theory
from aidefence.ports.prover import Found
from aidefence.proof.free.repairing import Attempt, Budget, Goal, Step, repair
from aidefence.proof.free.trying import Trial, trial_of

BLOCK = "∀ (p : Policy) (r : Request), eval p r ≤ Action.block"
TRANS = "∀ a b c : Action, a ≤ b → b ≤ c → a ≤ c"
LIST = "∀ (r : Request) (l : List Rule), best r l = none ↔ ∀ m ∈ l, m.cond.eval r = false"
# It takes an example, which nothing here looks for.
HARD = "∃ (p : Policy) (r s : Request), eval p r = .review ∧ eval p s = .flag"
HARD_PROOF = "by\n  exact ⟨⟨[⟨0, 0, .review, .ge 0 1⟩], .flag⟩, fun _ => 1, fun _ => 0, rfl, rfl⟩"
FALSE = (
    "∀ a b : Action, a ≤ b",
    "∀ (p : Policy) (r : Request), eval p r = .allow",
    "∀ (p q : Policy), Refines p q → Refines q p",
    "∀ (r : Request) (a b : Cond), (Cond.or a b).eval r = a.eval r",
)


@pytest.fixture(scope="module")
def lemmas(prover: LeanProcess) -> tuple[Found, ...]:
    listed = prover.listed("AIDefence.")
    assert len(listed) > 100
    return tuple(it for it in listed if ".Base." not in it.name)


DEFINITIONS = theory.load().definitions()


@pytest.mark.parametrize(
    ("statement", "broken", "step"),
    [
        (BLOCK, "by\n  intro p r\n  exact Action.le_block _", Step.GIVEN),
        (BLOCK, "by\n  intro p r\n  exact Action.le_blok _", Step.NAME),
        (TRANS, "by\n  intro a b c h k\n  linarith", None),
        (TRANS, "by\n  intro a b c h k", None),
        (BLOCK, "λ p r, Action.le_block (eval p r)", Step.WORDS),
        (BLOCK, "begin\n  intros p r,\n  exact Action.le_block _,\nend", Step.WORDS),
        (BLOCK, "by\n  intro p r\n  exact Action.le_refl _", Step.LEMMA),
        (TRANS, "by\n  exact Action.le_trans h k", Step.LINE),
        (LIST, "by\n  intro r l\n  induction l with\n  | nil => simp [best]", Step.HOLE),
        (LIST, "by\n  skip", None),
    ],
)
def test_broken_proofs_are_mended(
    prover: LeanProcess, lemmas: tuple[Found, ...], statement: str, broken: str, step: Step | None
) -> None:
    seen: list[Attempt] = []
    goal, trial = Goal(statement, lemmas, DEFINITIONS), trial_of(prover, statement)
    ended = repair(
        goal, broken, trial, budget=Budget(clock=lambda: prover.worked), progress=seen.append
    )
    assert ended.proof, [it.errors[:1] for it in ended.attempts]
    assert step in (None, ended.step)
    assert list(ended.attempts) == seen
    assert trial(ended.proof)[1]


@pytest.mark.parametrize("statement", FALSE)
@pytest.mark.parametrize("broken", ["by\n  intros\n  exact Action.le_block _"])
def test_what_is_false_is_never_mended(
    prover: LeanProcess, lemmas: tuple[Found, ...], statement: str, broken: str
) -> None:
    trial = trial_of(prover, statement)
    ended = repair(Goal(statement, lemmas), broken, trial, budget=Budget(60, 30))
    assert not ended.proof
    assert ended.why


def test_a_budget_ends_it(prover: LeanProcess, lemmas: tuple[Found, ...]) -> None:
    trial = trial_of(prover, FALSE[0])
    ended = repair(Goal(FALSE[0], lemmas), "by simp", trial, budget=Budget(2, 60))
    assert len(ended.attempts) == 2
    assert ended.why == "the budget is spent"


def test_a_model_proposes_whole_proofs(prover: LeanProcess, lemmas: tuple[Found, ...]) -> None:
    asked: list[str] = []
    answers = iter([block("by\n  nonsense"), block(f"theorem goal : {HARD} := {HARD_PROOF}")])

    def script(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body["messages"][0]["content"])
        assert body["model"] == "scripted"
        return next(answers)

    trial = trial_of(prover, HARD)
    with serving(script) as url:
        model = WholeProofs(ModelAddress(url, "scripted"), samples=3)
        ended = repair(Goal(HARD, ()), "by\n  skip", trial, budget=Budget(), proposer=model)
    assert ended.step is Step.MODEL
    assert ended.proof == HARD_PROOF
    assert HARD in asked[0]
    assert "nonsense" in asked[1]
    del lemmas


def test_a_model_may_try_and_search_first(prover: LeanProcess, lemmas: tuple[Found, ...]) -> None:
    told: list[str] = []

    def script(body: dict[str, Any]) -> dict[str, Any]:
        results = [it["content"] for it in body["messages"] if it["role"] == "tool"]
        told[:] = results
        turns = [
            ("search", {"about": "run eval sortedB Sorted"}),
            ("check", {"proof": "by\n  exact ⟨⟨[], .flag⟩, fun _ => 1, fun _ => 0, rfl, rfl⟩"}),
            ("other", {}),
        ]
        if len(results) == len(turns):
            return block(HARD_PROOF)
        name, given = turns[len(results)]
        function = {"name": name, "arguments": json.dumps(given)}
        return {"content": None, "tool_calls": [{"id": "1", "function": function}]}

    trial = trial_of(prover, HARD)
    with serving(script) as url:
        model = ToolUser(ModelAddress(url, "scripted"), trial)
        ended = repair(Goal(HARD, lemmas), "sorry", trial, budget=Budget(), proposer=model)
    assert ended.proof
    if ended.step is Step.MODEL:
        assert "run_eq_eval" in told[0]
        assert "mismatch" in told[1]
        assert told[2] == "there is no such tool"


@pytest.mark.parametrize("answer", [500, b"no json", b'{"choices": []}', {"content": None}])
def test_a_model_that_fails_ends_nothing(
    prover: LeanProcess, answer: dict[str, Any] | int | bytes
) -> None:
    trial: Trial = trial_of(prover, FALSE[0])
    with serving(lambda _: answer) as url:
        model = WholeProofs(ModelAddress(url, "scripted"), samples=2)
        ended = repair(Goal(FALSE[0]), "sorry", trial, budget=Budget(2, 30), proposer=model)
    assert not ended.proof


def test_the_proof_is_cut_out_of_an_answer() -> None:
    assert proof_in("no block") == ""
    assert proof_in("```lean4\nby simp\n```") == "by simp"
    assert proof_in("```lean\nx\n```\nbetter:\n```lean4\ntheorem a : b := by\n  rfl\n```") == (
        "by\n  rfl"
    )
