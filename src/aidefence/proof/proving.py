"""From claims to theorems that the checker of this installation accepted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from aidefence.knowledge.theory import Part
from aidefence.policy.image import Image
from aidefence.policy.properties import Property
from aidefence.proof.budget import Budget
from aidefence.proof.checking import Ground, Judgement, ground_of
from aidefence.proof.deciding import decide
from aidefence.proof.delta import Delta
from aidefence.proof.outcomes import TIMED, Outcome, Proved, Searched
from aidefence.proof.replaying import Load
from aidefence.proof.theory import Theory

_NO_CLAIMS: Mapping[str, Image] = {}


@dataclass(frozen=True, slots=True)
class Session:
    """What came of all claims about one policy, and the text that the checker read."""

    image: Image
    against: Mapping[str, Image]
    ground: Ground
    outcomes: tuple[Outcome, ...]
    delta: bytes
    judgement: Judgement
    search_ms: int
    check_ms: int


def prove(
    image: Image,
    properties: Sequence[Property],
    *,
    load: Load,
    budget: Budget | None = None,
    against: Mapping[str, Image] | None = None,
    ground: Callable[[Part], Ground] = ground_of,
    told: Callable[[], None] | None = None,
) -> Session:
    """Decide claims about a policy, and have the checker judge every proof that was found.

    What it does not accept is not called proved: it stays what a search found. `told` is called
    after each claim that is decided.
    """
    others = against if against is not None else _NO_CLAIMS
    begun = time.monotonic()
    outcomes = decide(
        image, properties, load=load, budget=budget or Budget(), against=others, told=told
    )
    searched = time.monotonic()
    stands_on = ground(part_of(outcomes))
    theory = stands_on.theory
    named, delta = written(theory, image, others, outcomes)
    judge = partial(stands_on.checker.check, scope=scope_of(image))
    judgement = judge(delta)
    if not judgement.accepted:
        kept = _accepted(outcomes, lambda part: judge(written(theory, image, others, part)[1]))
        named, delta = written(theory, image, others, kept)
        judgement = judge(delta)
    done = time.monotonic()
    return Session(
        image,
        others,
        stands_on,
        named,
        delta,
        judgement,
        round((searched - begun) * 1000),
        round((done - searched) * 1000),
    )


def scope_of(image: Image) -> str:
    """The name under which everything stands that is proved about a policy."""
    return f"Cert.{image.digest}"


def part_of(outcomes: Sequence[Outcome]) -> Part:
    """How much of the theory the proofs of these need."""
    is_timed = any(isinstance(it, Proved) and isinstance(it.evidence, TIMED) for it in outcomes)
    return Part.TIME if is_timed else Part.RULES


def written(
    theory: Theory, image: Image, against: Mapping[str, Image], outcomes: Sequence[Outcome]
) -> tuple[tuple[Outcome, ...], bytes]:
    """Write the proofs of what is proved; name the theorem of each."""
    delta = Delta(theory, image, against)
    named = tuple(
        replace(it, theorem=delta.prove(it.property, it.evidence, number))
        if isinstance(it, Proved)
        else it
        for number, it in enumerate(outcomes)
    )
    return named, delta.text


def _accepted(
    outcomes: Sequence[Outcome], judge: Callable[[Sequence[Outcome]], Judgement]
) -> list[Outcome]:
    """Keep the proofs that the checker accepts; of the others, what a search found."""
    proofs = [it for it in outcomes if isinstance(it, Proved)]
    judged = judge(proofs)
    if judged.accepted:
        return list(outcomes)
    if len(outcomes) == 1:
        it = proofs[0]
        reason = f"the checker did not accept the proof: {judged.reason}"
        return [Searched(it.property, it.method, reason)]
    half = len(outcomes) // 2
    return [*_accepted(outcomes[:half], judge), *_accepted(outcomes[half:], judge)]
