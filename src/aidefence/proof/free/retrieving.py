"""Lemmas for a goal: those whose conclusion has its shape, then those that speak of its things.

Lean tells the names and the types once; here they are cut into binders, hypotheses and conclusion.
What a lemma binds stands for anything, so only its constants count: a conclusion fits a goal as far
as its constants, weighed by how rare they are, are found in the goal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aidefence.ports.prover import Found

OWN: Final = "AIDefence."
_WORD = re.compile(r"[^\W\d][\w.']*[✝¹²³]*|[≤<≥>=≠↔∧∨¬∃∈∉→&|!+*-]+|\d+")  # noqa: RUF001
_BOUND = re.compile(r"[({⦃\[]([\w' ✝]+?) :|(?:∀|∃|fun) ([\w' ✝]+?)(?: :|,| =>| ∈| ≤| <)")
_MADE = re.compile(
    r"\.(?:injEq|inj|sizeOf_spec|eq_def|eq_\d+|noConfusion\w*|ctorIdx\w*|elim\w*|below\w*"
    r"|congr_simp|induct\w*|fun_cases\w*|match_\d+\w*|splitter\w*)$|\._|\.match_"
)
_RELATIONS: Final = frozenset("=≤<≥>≠↔∧∨¬∃∈∉")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class _Shape:
    name: str
    conclusion: frozenset[str]
    spoken: frozenset[str]
    relation: str


class Lemmas:
    """What is known, ready to be asked."""

    def __init__(self, found: Sequence[Found], definitions: Sequence[str] = ()) -> None:
        """Take theorems as Lean lists them; what Lean made itself is left out."""
        own = [it for it in found if not _MADE.search(it.name)]
        self.definitions = tuple(it.removeprefix(OWN) for it in definitions)
        self.statements = {it.name.removeprefix(OWN): it.statement.replace(OWN, "") for it in own}
        self.names = (*self.statements, *self.definitions)
        self._shapes = [_shape(name, told) for name, told in self.statements.items()]
        owners: dict[str, int] = {}
        for shape in self._shapes:
            for word in shape.spoken:
                owners[word] = owners.get(word, 0) + 1
        self._rare = {
            word: math.log((len(self._shapes) + 1) / count) + 0.1 for word, count in owners.items()
        }

    def near(self, goal: str, most: int) -> list[str]:
        """Return the lemmas that fit a goal best, the best first."""
        target = goal.rpartition("⊢")[2] or goal
        asked, around = _shape("", _closed(target)), frozenset(_WORD.findall(goal))
        scored = ((-self._score(it, asked, around), it.name) for it in self._shapes)
        return [name for score, name in sorted(scored)[:most] if score < 0]

    def unfoldable(self, goal: str) -> list[str]:
        """Return the definitions a goal speaks of, in the order of the goal's end first."""
        target = goal.rpartition("⊢")[2]
        words = [*_WORD.findall(target), *_WORD.findall(goal)]
        known = frozenset(self.definitions)
        # `c.eval r` is told with what it is applied to in front.
        tails: dict[str, list[str]] = {}
        for name in self.definitions:
            space, _, last = name.rpartition(".")
            if space:
                tails.setdefault(last, []).append(name)
        found = []
        for word in words:
            if word in known:
                found.append(word)
            elif "." in word:
                found += tails.get(word.rpartition(".")[2], [])[:3]
        return list(dict.fromkeys(found))

    def _score(self, shape: _Shape, asked: _Shape, around: frozenset[str]) -> float:
        whole = sum(self._weight(word) for word in shape.conclusion)
        held = sum(self._weight(word) for word in shape.conclusion & asked.conclusion)
        fits = held * held / whole if whole else 0.0
        spoken = sum(self._weight(word) for word in shape.spoken & around)
        size = 1 + sum(self._weight(word) for word in shape.spoken)
        same = 1.5 if shape.relation == asked.relation else 1.0
        return same * fits + spoken * spoken / size / 2

    def _weight(self, word: str) -> float:
        return self._rare.get(word, 0.0)


def _shape(name: str, statement: str) -> _Shape:
    bound = {it for groups in _BOUND.findall(statement) for group in groups for it in group.split()}
    *_, conclusion = _split(statement)
    words = _constants(conclusion, bound)
    relation = next((it for it in _WORD.findall(conclusion) if it in _RELATIONS), "")
    return _Shape(name, frozenset(words), frozenset(_constants(statement, bound)), relation)


def _constants(text: str, bound: set[str]) -> list[str]:
    """Return the words that are no variables; of `x.f` with a variable `x` the `.f` alone."""
    words = []
    for word in _WORD.findall(text):
        first, dot, rest = word.partition(".")
        if first not in bound and word not in bound:
            words.append(word)
            if dot:
                words.append("." + word.rpartition(".")[2])
        elif dot:
            words.append("." + rest.rpartition(".")[2])
    return words


def _closed(target: str) -> str:
    return " ".join(target.split())


def _split(statement: str) -> list[str]:
    """Cut a statement at the arrows and commas that stand outside brackets."""
    parts, depth, start = [], 0, 0
    text = " ".join(statement.split())
    for at, sign in enumerate(text):
        if sign in "([{⟨⦃":
            depth += 1
        elif sign in ")]}⟩⦄":
            depth -= 1
        elif depth == 0 and (
            sign == "→" or (sign == "," and text[start:at].strip().startswith("∀"))
        ):
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
