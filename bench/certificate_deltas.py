"""Proofs of drawn policies, as certificates hold them, with claims of every kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from aidefence.engine.policies import PolicySet
from aidefence.knowledge.theory import Part
from aidefence.policy.compiling import compile_source
from aidefence.proof import Proved, prove
from aidefence.proof.proving import scope_of
from bench.policy_sets import draw

# What drawn policies do not claim of themselves; the older version lacks the claims alone.
_MORE = """\
prove conflicts: no conflict
prove gaps: complete
prove stricter: allows no more than "older"
prove alike: decides the same as "older"
"""
# Two rules that cannot disagree and a last one that always applies: here the first two are true.
_SETTLED = """\
policy settled-{seed} version 1
default allow
on error block
rule high priority 9: block when confidence(jailbreak) >= {high}%
rule low priority 9: block when confidence(jailbreak) < {low}%
rule rest priority 1: flag when session.risk >= 0%
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """The text of a proof, the part of the theory it stands on, what its names begin with."""

    part: Part
    scope: str
    delta: bytes
    claims: Counter[str]


def proofs(count: int) -> Iterator[Proof]:
    """Draw policies and prove what they claim; every fifth is one that leaves no case open."""
    for seed in range(count):
        yield _proved(_settled(seed) if seed % 5 == 0 else _drawn(seed))


def _drawn(seed: int) -> str:
    return draw(seed, rules=10 + seed % 30, claims=6).text


def _settled(seed: int) -> str:
    return _SETTLED.format(seed=seed, high=60 + seed % 40, low=10 + seed % 50)


def _proved(text: str) -> Proof:
    older, compiled = compile_source(text), compile_source(text + _MORE)
    session = prove(
        compiled.image,
        compiled.properties,
        load=PolicySet.load,
        against={"older": older.image},
    )
    if not session.judgement.accepted:
        raise RuntimeError(f"our own checker refuses a proof: {session.judgement.reason}")
    kinds = Counter(it.property.kind.value for it in session.outcomes if isinstance(it, Proved))
    part = session.ground.theory.part
    return Proof(part, scope_of(session.image), session.delta, kinds)
