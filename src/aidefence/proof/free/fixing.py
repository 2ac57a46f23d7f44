"""Words of other provers and older versions, put into the Lean that is here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
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
_NEAR = 0.6


def translated(proof: str) -> str:
    """Return the proof with the tactics that are here in place of those that are not."""
    for pattern, word in _WORDS:
        proof = re.sub(pattern, word, proof, flags=re.MULTILINE)
    if re.search(r"^\s*begin\b", proof):
        proof = re.sub(r"^\s*begin\b", "by", proof)
        proof = re.sub(r"\bend\s*$", "", proof)
        proof = re.sub(r",\s*$", "", proof, flags=re.MULTILINE)
    return proof


def renamed(proof: str, message: str, names: Collection[str]) -> str | None:
    """Return the proof with a name that nobody knows replaced by the nearest that somebody does."""
    unknown = _UNKNOWN.search(message)
    if unknown is None:
        return None
    word = unknown.group(1).removeprefix("AIDefence.")
    short = {name.removeprefix("AIDefence."): name for name in names}
    near = difflib.get_close_matches(word, short, n=1, cutoff=_NEAR)
    if not near or near[0] == word:
        return None
    return re.sub(rf"(?<![\w.]){re.escape(word)}(?![\w'])", near[0], proof)
