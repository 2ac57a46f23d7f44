"""What may close a goal: tactics in order of cost, written for the goal at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aidefence.proof.free.retrieving import Lemmas

ASKING: Final = ("exact?", "try?")
"""Tactics that say what they found, and give up without an error."""
_LOCAL = re.compile(r"^([^\n⊢:]+?) : (.*)$", re.MULTILINE)
_SAYS = re.compile(r"[=≤<≥>≠↔∧∨¬∃∈∉∀]")  # noqa: RUF001 - signs of Lean
_PLAIN = re.compile(r"[^\W\d][\w']*$")
_SWEPT = 48
_NAMED, _WIDE = 8, 16
_SUBJECTS = 5
_FUNCTIONS = 4
_CHEAP: Final = "first | rfl | assumption | contradiction | decide | omega"


@dataclass(frozen=True, slots=True)
class Aim:
    """A goal as Lean shows it, and what is known that may help."""

    state: str
    lemmas: tuple[str, ...]
    definitions: tuple[str, ...]
    subjects: tuple[str, ...]  # the variables one may take apart
    facts: tuple[str, ...]  # the hypotheses
    equations: frozenset[str]  # those of them that say what is equal
    naming: str = ""  # what gives names to those that have none

    @classmethod
    def read(cls, state: str, lemmas: Lemmas) -> Aim:
        """Take a goal apart; what is bound without a name is given one."""
        state, naming = _named(state)
        subjects: list[str] = []
        facts: list[str] = []
        equations: set[str] = set()
        for names, kind in _LOCAL.findall(state.partition("⊢")[0]):
            plain = [it for it in names.split() if _PLAIN.match(it)]
            (facts if _is_fact(kind) else subjects).extend(plain)
            if " = " in kind and not kind.startswith("∀"):
                equations.update(plain)
        target = state.rpartition("⊢")[2]
        # What the goal itself speaks of comes first, and last what was bound last.
        subjects.sort(key=lambda it: not re.search(rf"(?<![\w.]){re.escape(it)}(?![\w'])", target))
        return cls(
            state,
            tuple(lemmas.near(state, _SWEPT)),
            tuple(lemmas.unfoldable(state)[:_NAMED]),
            tuple(subjects),
            tuple(facts),
            frozenset(equations),
            naming,
        )


def closers(aim: Aim) -> Iterator[list[str]]:
    """Yield tactics that may close a goal, in batches, the cheapest batch first."""
    for batch in _batches(aim):
        if aim.naming:
            yield [it if it in ASKING else f"{aim.naming}; {it}" for it in batch]
        else:
            yield batch


def _batches(aim: Aim) -> Iterator[list[str]]:
    unfolded = ", ".join(aim.definitions)
    named = ", ".join(aim.lemmas[:_NAMED])
    wide = ", ".join(aim.lemmas[:_WIDE])
    both = ", ".join(it for it in (unfolded, named) if it)
    equations = [it for it in aim.facts if it in aim.equations][:_SUBJECTS]
    lemmas, subjects = aim.lemmas[:_NAMED], aim.subjects[:_SUBJECTS]
    yield [
        _CHEAP,
        sweep(lemmas),
        sweep(aim.lemmas[_NAMED:]),
        "simp_all",
        f"simp_all [{unfolded}]",
        f"simp [{both}]",
        f"(simp_all [{unfolded}] <;> omega)",
        f"(simp [{unfolded}] <;> omega)",
        f"(simp only [{unfolded}]; omega)",
        f"(intros; solve_by_elim [{wide}])",
        f"(intros; subst_vars; first | assumption | rfl | (simp_all [{unfolded}]; done))",
        f"grind [{both}]",
        "exact?",
    ]
    light = f"first | assumption | rfl | (simp_all [{unfolded}]; done) | solve_by_elim [{wide}]"
    yield [
        *(f"(intros; apply {it} <;> intros <;> {light})" for it in lemmas),
        *(f"(intros; rw [← {it}] <;> {light})" for it in (*equations, *lemmas)),
        *(f"(intros; refine Iff.mpr ({it} ..) ?_ <;> {light})" for it in lemmas),
        *(f"(unfold {it} at *; intros; {light})" for it in aim.definitions[:3]),
        *(f"(intros; rw [{it}] <;> {light})" for it in (*equations, *lemmas)),
        *(f"(cases {it} <;> {light})" for it in (*subjects, *aim.facts[:_SUBJECTS])),
        f"(constructor <;> intros <;> {light})",
        f"((repeat' split) <;> {light})",
    ]
    heavy = f"{light} | grind [{both}] | (simp_all [{unfolded}] <;> omega)"
    yield [
        *(f"(fun_induction {it} <;> {heavy})" for it in _functions(aim)),
        *(f"(cases {it} <;> {heavy})" for it in subjects[:3]),
        *(f"(induction {it} <;> {heavy})" for it in subjects),
        f"(constructor <;> intros <;> {heavy})",
        *(f"(unfold {it} <;> (repeat' split) <;> {heavy})" for it in aim.definitions[:3]),
        *(f"(intros; apply {it} <;> intros <;> {heavy})" for it in aim.lemmas[:4]),
    ]
    yield [
        *(
            f"(induction {it} generalizing {' '.join(others)} <;> {heavy})"
            for it in subjects
            if (others := [other for other in aim.subjects if other != it])
        ),
        *(
            f"(cases {one} <;> cases {two} <;> {heavy})"
            for at, one in enumerate(aim.subjects[:3])
            for two in aim.subjects[at + 1 : 3]
        ),
        "try?",
    ]


def sweep(lemmas: Sequence[str]) -> str:
    """Return a tactic that tries each lemma with what is assumed."""
    tried = [f"(intros; apply {it} <;> first | assumption | rfl)" for it in lemmas]
    return "first | " + " | ".join(tried or ["fail"])


def alternatives(tactic: str) -> list[str]:
    """Return what a sweep is made of, to say which of it was meant."""
    if not tactic.startswith("first | (intros; apply "):
        return []
    return [f"({it}" for it in tactic.removeprefix("first | (").split(" | (")]


def _named(state: str) -> tuple[str, str]:
    """Return a goal with names for what has none, and the tactic that gives them."""
    if state.count("⊢") != 1:
        return state, ""
    told = [name for names, _ in _LOCAL.findall(state.partition("⊢")[0]) for name in names.split()]
    hidden = [name for name in told if "✝" in name]
    if not hidden:
        return state, ""
    new = [f"{name.rstrip('✝¹²³⁴⁵⁶⁷⁸⁹⁰')}_{at}" for at, name in enumerate(hidden)]
    new = [name if _PLAIN.match(name) else f"x_{at}" for at, name in enumerate(new)]
    for old, name in sorted(zip(hidden, new, strict=True), key=lambda it: -len(it[0])):
        state = state.replace(old, name)
    return state, f"rename_i {' '.join(new)}"


def steps(aim: Aim, unknown: Sequence[str]) -> list[str]:
    """Return single tactics that may be missing before a line."""
    new = " ".join(unknown[:4])
    named = aim.lemmas[:_NAMED]
    return [
        *([f"intro {new}", f"rename_i {new}"] if new else []),
        *(["intro h", "intros", "constructor", "split", "symm", "simp_all", "subst_vars"]),
        *(f"unfold {it}" for it in aim.definitions),
        *(f"rw [{it}]" for it in (*aim.facts[-3:], *named)),
        *(f"rw [← {it}]" for it in (*aim.facts[-3:], *named[:4])),
        *(f"simp only [{it}]" for it in aim.definitions[:4]),
        *(f"unfold {it} at {fact}" for it in aim.definitions[:3] for fact in aim.facts[-2:]),
        *(f"simp at {fact}" for fact in aim.facts[-2:]),
        *(f"split at {fact}" for fact in aim.facts[-3:]),
        *(f"apply {it}" for it in named),
        *(f"cases {it}" for it in (*aim.facts[-2:], *aim.subjects[:3])),
    ]


def _functions(aim: Aim) -> list[str]:
    return [it for it in aim.definitions if "." not in it][:_FUNCTIONS]


def _is_fact(kind: str) -> bool:
    return _SAYS.search(kind) is not None
