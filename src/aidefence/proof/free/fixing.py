"""Words of other provers and older versions, put into the Lean that is here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from typing import Final

_WORDS: Final = (
    (r"\b(?:linarith|nlinarith|positivity|polyrith|norm_num)\b(?:\s*\[[^\]]*\])?", "omega"),
    (r"\b(?:ring_nf|ring|field_simp)\b", "simp_all [Nat.add_comm, Nat.add_left_comm]"),
    (r"\b(?:aesop|tauto|finish|itauto)\b", "simp_all"),
    (r"\brefl\b(?=\s*(?:$|[,;⟩)]))", "rfl"),
    (r"\bexfalso\b", "apply False.elim"),
    (r"\bby_contra (\w+)", r"refine Decidable.byContradiction fun \1 => ?_"),
    (r"\buse ([^\n]+)", r"refine ⟨\1, ?_⟩"),
    (r"\bexistsi ([^\n]+)", r"refine ⟨\1, ?_⟩"),
    (r"\bλ ([^,\n]+), ", r"fun \1 => "),
    (r"\bassume ([^,\n]+),", r"intro \1"),
    (r"\brw (?!\[|←)(\w[\w.]*)", r"rw [\1]"),
    (r"\bcases (\w+) with (\w+) (\w+)\s*$", r"rcases \1 with ⟨\2, \3⟩"),
    (r"\bnat\.", "Nat."),
    (r"\blist\.", "List."),
    (r"\bbool\.", "Bool."),
)
_UNKNOWN: Final = re.compile(
    r"[Uu]nknown (?:identifier|constant|free variable)[^`'\"]*[`'\"]([\w.'«»]+)"
)
_NEAR, _NEAR_END = 0.6, 0.75
_NEAREST = 4
_OWN = "AIDefence."


def translated(proof: str) -> str:
    """Return the proof with the tactics that are here in place of those that are not."""
    for pattern, word in _WORDS:
        proof = re.sub(pattern, word, proof, flags=re.MULTILINE)
    if re.search(r"^\s*begin\b", proof):
        proof = re.sub(r"^\s*begin\b", "by", proof)
        proof = re.sub(r"\bend\s*$", "", proof)
        proof = re.sub(r",\s*$", "", proof, flags=re.MULTILINE)
    return proof


def renamings(proof: str, message: str, names: Collection[str]) -> Iterator[str]:
    """Yield the proof with a name that nobody knows replaced by one that somebody does.

    Nearest first: by spelling, and by the last part alone where the rest is another namespace.
    """
    unknown = _UNKNOWN.search(message)
    if unknown is None:
        return
    written = _written(proof, unknown.group(1))
    if not written:
        return
    short = sorted({name.removeprefix(_OWN) for name in names})
    word = written.removeprefix(_OWN)
    near = difflib.get_close_matches(word, short, n=_NEAREST, cutoff=_NEAR)
    last = word.rpartition(".")[2]
    ends = [name for name in short if name.rpartition(".")[2] == last]
    tails = {name.rpartition(".")[2]: name for name in short}
    near_ends = difflib.get_close_matches(last, tails, n=_NEAREST, cutoff=_NEAR_END)
    others = dict.fromkeys([*ends[:_NEAREST], *near, *(tails[it] for it in near_ends)])
    for other in others:
        if other != word:
            yield replaced(proof, written, other)


def replaced(proof: str, name: str, other: str) -> str:
    """Return the proof with every use of a name replaced."""
    return re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w'])", other, proof)


def _written(proof: str, name: str) -> str:
    """Return the name as the proof spells it: Lean tells it with the namespace it looked in."""
    parts = name.split(".")
    for first in range(len(parts)):
        spelt = ".".join(parts[first:])
        if re.search(rf"(?<![\w.]){re.escape(spelt)}(?![\w'])", proof):
            return spelt
    return ""
