"""What a sentence may mean, and how the pieces of one are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from aidefence.domain.enums import Action
from aidefence.policy.parsing import parse_condition
from aidefence.policy.phrases.chunks import Chunk
from aidefence.policy.phrases.joining import all_of, is_call, of_calls, opposite
from aidefence.policy.phrases.parts import Place, kind_of
from aidefence.policy.phrases.pieces import Piece, Sentence
from aidefence.policy.phrases.regions import readings_of
from aidefence.policy.tree import And, Expression

APPROVED = parse_condition("approved")
WHO = {"role", "plan", "tenant", "user"}
WHO_AND_WHEN = {"who", "time", "approval", "place"}


@dataclass(frozen=True, slots=True)
class Said:
    """One reading of a sentence. Without an action it is a bare condition."""

    action: Action | None = None
    when: Expression | None = None
    unless: tuple[Expression, ...] = ()
    breaks: Expression | None = None


def readings_in(piece: Piece, place: Place) -> tuple[Expression, ...]:
    """Give everything that a run of conditions may mean."""
    return readings_of(piece.chunks, place)


def together(regions: Sequence[Piece], place: Place) -> tuple[Expression, ...]:
    """Read several runs of one clause: all of them hold."""
    found = []
    for parts in product(*(readings_in(it, place) for it in regions)):
        joined = all_of(parts)
        if joined is not None:
            found.append(joined)
    return tuple(found)


def parted(piece: Piece, kinds: set[str]) -> tuple[list[Chunk], list[Chunk]]:
    """Part a run where it stops, or begins, to be about such kinds."""
    is_kind = [it.tag == "COND" and kind_of(it.sort) in kinds for it in piece.chunks]
    is_other = [it.tag == "COND" and kind_of(it.sort) not in kinds for it in piece.chunks]
    if not any(is_kind) or not any(is_other):
        return (list(piece.chunks), []) if any(is_kind) else ([], list(piece.chunks))
    if is_kind.index(True) < is_other.index(True):
        cut = is_other.index(True)
        return list(piece.chunks[:cut]), list(piece.chunks[cut:])
    cut = is_kind.index(True)
    return list(piece.chunks[cut:]), list(piece.chunks[:cut])


def as_called(sentence: Sentence, when: Expression) -> Expression:
    """See that what is said of tools that are not called speaks of calls."""
    return when if sentence.is_exact else of_calls(when)


def limited_by(parts: Sequence[Expression], right: Expression) -> Expression | None:
    """Read `guests may only pay below $20` as a limit to what they pay, not to paying."""
    if not isinstance(right, And) or not is_call(right.parts[0]):
        return None
    limit = all_of(right.parts[1:])
    return None if limit is None else all_of((*parts, right.parts[0], opposite(limit)))
