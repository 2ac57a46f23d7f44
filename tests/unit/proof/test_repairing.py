"""Repair without Lean: lemmas that fit, holes where an error is, names that exist."""

from __future__ import annotations

import pytest

from aidefence.ports.prover import Found, Message, Severity
from aidefence.proof.budget import Budget, SpentError
from aidefence.proof.free import fixing, holes
from aidefence.proof.free.retrieving import Lemmas
from aidefence.proof.free.tactics import Aim, alternatives, closers, sweep

_KNOWN = (
    Found("AIDefence.Action.le_block", "theorem", "∀ (a : AIDefence.Action), a ≤ Action.block"),
    Found("AIDefence.Action.le_refl", "theorem", "∀ (a : AIDefence.Action), a ≤ a"),
    Found(
        "AIDefence.run_mono",
        "theorem",
        "∀ {d : Action} {l : List Rule} {r s : Request}, monoOk d l = true → run d l r ≤ run d l s",
    ),
    Found("AIDefence.Rule.mk.injEq", "theorem", "∀ (a b : Nat), (a = b) = (b = a)"),
)
_LEMMAS = Lemmas(_KNOWN, ("AIDefence.eval", "AIDefence.Cond.eval", "AIDefence.run"))


def _wrong(line: int, text: str = "unsolved goals") -> Message:
    return Message(Severity.ERROR, line, 2, line, 9, text)


@pytest.mark.parametrize(
    ("goal", "first"),
    [
        ("p : Policy\nr : Request\n⊢ eval p r ≤ Action.block", "Action.le_block"),
        ("h : monoOk d l = true\n⊢ run d l r ≤ run d l r'", "run_mono"),
    ],
)
def test_the_lemma_of_that_shape_comes_first(goal: str, first: str) -> None:
    assert _LEMMAS.near(goal, 3)[0] == first


def test_what_lean_made_is_no_lemma_and_what_is_applied_is_unfolded() -> None:
    assert "Rule.mk.injEq" not in _LEMMAS.names
    assert _LEMMAS.unfoldable("c : Cond\n⊢ c.eval r = true") == ["Cond.eval"]
    unnamed = Aim.read("l✝ : List Rule\nh✝ : l✝ = []\n⊢ run d l✝ r ≤ d", _LEMMAS)
    assert unnamed.naming == "rename_i l_0 h_1"
    assert (unnamed.subjects, unnamed.facts) == (("l_0",), ("h_1",))
    assert _LEMMAS.unfoldable("⊢ eval p r = run d l r") == ["eval", "run"]


def test_the_smallest_cut_is_among_the_cuts_and_the_whole_is_the_last() -> None:
    proof = "by\n  have h : 1 = 1 := by\n    foo\n  · exact bar\n  exact h"
    made = [it.proof for it in holes.cuts(proof, _wrong(4, "Unknown identifier `bar`"))]
    assert made[0].endswith("\n  · sorry\n  · exact bar\n  exact h")
    assert made[1] == "by\n  have h : 1 = 1 := by\n    foo\n  · sorry\n  exact h"
    assert made[-1] == "by\n  sorry"
    assert holes.count(made[0]) == 1
    inner = [it.proof for it in holes.cuts(proof, _wrong(3, "unknown"))]
    assert "by\n  have h : 1 = 1 := by\n    sorry\n  · exact bar\n  exact h" in inner


def test_a_missing_alternative_and_a_missing_end_are_completed() -> None:
    proof = "by\n  induction l with\n  | nil => rfl\n  exact h"
    missing = _wrong(2, "Alternative `cons` has not been provided")
    assert holes.cuts(proof, missing)[0].proof == (
        "by\n  induction l with\n  | nil => rfl\n  | cons => sorry\n  exact h"
    )
    ended = holes.cuts("by\n  have h : a :=", _wrong(3, "unexpected end of input"))
    assert "by\n  have h : a := sorry" in [it.proof for it in ended]


def test_a_hole_grows_until_it_is_the_whole() -> None:
    text = "by\n  intro a\n  cases a with\n  | nil =>\n    simp\n    sorry"
    seen = []
    while (wider := holes.widened(text, 0)) is not None:
        seen.append(wider)
        text = wider
        assert len(seen) < 10
    assert seen[0] == "by\n  intro a\n  cases a with\n  | nil =>\n    sorry"
    assert seen[-1] == "by\n  sorry"


def test_holes_are_told_apart_by_their_places() -> None:
    asking = holes.traced("by\n  constructor\n  · sorry\n  · sorry")
    assert holes.places(asking) == [(3, 5), (4, 5)]
    assert holes.filled("by sorry sorry", 1, "rfl") == "by sorry rfl"


def test_names_that_exist_take_the_place_of_those_that_do_not() -> None:
    message = "Unknown constant `AIDefence.Action.le_blok`"
    others = list(fixing.renamings("by exact Action.le_blok _", message, _LEMMAS.names))
    assert others[0] == "by exact Action.le_block _"
    assert not list(fixing.renamings("by rfl", message, _LEMMAS.names))
    far = list(
        fixing.renamings("by exact le_block _", "Unknown identifier `le_block`", _LEMMAS.names)
    )
    assert far[0] == "by exact Action.le_block _"


def test_tactics_name_what_the_goal_is_about() -> None:
    aim = Aim.read("l : List Rule\nh : l = []\n⊢ run d l r ≤ Action.block", _LEMMAS)
    assert (aim.subjects, aim.facts) == (("l",), ("h",))
    assert set(aim.equations) == {"h"}
    batches = list(closers(aim))
    told = [tactic for batch in batches for tactic in batch]
    assert len(told) == len(set(told))
    assert any("induction l" in it for it in told)
    assert any("rw [← h]" in it for it in told)
    assert alternatives(sweep(["a", "b"])) == [
        "(intros; apply a <;> first | assumption | rfl)",
        "(intros; apply b <;> first | assumption | rfl)",
    ]


def test_a_machine_that_is_busy_decides_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"wall": 0.0, "work": 0.0}
    monkeypatch.setattr("aidefence.proof.budget.time.monotonic", lambda: clock["wall"])
    monkeypatch.setattr("aidefence.proof.budget.time.thread_time", lambda: clock["work"])
    purse = Budget(property_ms=2_000).start()
    clock["wall"], clock["work"] = 6.0, 1.0
    purse.check_time()
    assert purse.left_ms == 1_000
    clock["work"] = 2.1
    with pytest.raises(SpentError):
        purse.check_time()
    clock["work"], clock["wall"] = 0.0, 10.1
    with pytest.raises(SpentError):
        purse.check_time()
