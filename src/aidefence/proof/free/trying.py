"""A trial of proofs of one statement: what Lean says, told from the first line of the proof.

Candidates go in many at a time, since a request costs more than most of them: each is a theorem of
its own, and what is said is told apart by the lines it is said of. One that could swallow what
follows goes alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from aidefence.ports.prover import Elaborated, Found, Message, Prover, Severity

_NAME: Final = "Free.tried"
_HEARTBEATS: Final = 400_000
_HEARTBEATS_EACH: Final = 12_000
_TOGETHER_MAX: Final = 12
_ALONE = re.compile(
    r'/-|"|«|^(?:@|theorem|lemma|def|end|namespace|section|open|variable)', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Trial:
    """Tells what Lean says of proofs of a theorem, and whether they are any."""

    prover: Prover
    opening: str  # what stands before the proof; `name` in it is the theorem's
    name: str = _NAME
    # What follows it: an error at the end of a proof is told of this line, not of the next theorem.
    closing: str = "open AIDefence"

    def __call__(self, proof: str) -> tuple[Elaborated, bool]:
        """Return what was read, with positions that count from the start of the proof."""
        text = f"{self.opening}{proof}\n{self.closing}\n"
        read = self.prover.check(text, [self.name], heartbeats=_HEARTBEATS)
        above = self.opening.count("\n")
        told = tuple(_above(it, above) for it in read.messages)
        found = next((it for it in read.theorems if it.name == self.name), None)
        return replace(read, messages=told), read.ok and _whole(found)

    def many(self, proofs: Sequence[str]) -> list[tuple[tuple[Message, ...], bool]]:
        """Return for each proof what was said of it, and whether it seems to be one."""
        told: list[tuple[tuple[Message, ...], bool]] = []
        crowd: list[str] = []
        for proof in proofs:
            if _ALONE.search(proof):
                told += self._together(crowd)
                crowd = []
                read, accepted = self(proof)
                told.append((read.messages, accepted))
            else:
                crowd.append(proof)
            if len(crowd) == _TOGETHER_MAX:
                told += self._together(crowd)
                crowd = []
        return told + self._together(crowd)

    def _together(self, proofs: Sequence[str]) -> list[tuple[tuple[Message, ...], bool]]:
        if not proofs:
            return []
        text, starts, names = "", [], []
        for number, proof in enumerate(proofs):
            name = f"{self.name}{number}"
            opening = self.opening.replace(self.name, name)
            starts.append((text + opening).count("\n"))
            names.append(name)
            text += f"{opening}{proof}\n{self.closing}\n"
        read = self.prover.check(text, names, heartbeats=_HEARTBEATS_EACH)
        if read.refused and len(proofs) > 1:
            # One of them may not be read at all: the others are not to pay for it.
            half = len(proofs) // 2
            return self._together(proofs[:half]) + self._together(proofs[half:])
        found = {it.name: it for it in read.theorems}
        told = []
        for number, (name, start) in enumerate(zip(names, starts, strict=True)):
            last = starts[number + 1] if number + 1 < len(starts) else text.count("\n")
            # The opening of the next theorem lies between: nothing can be wrong in it.
            said = tuple(_above(it, start) for it in read.messages if start < it.line <= last)
            wrong = bool(read.refused) or any(it.severity is Severity.ERROR for it in said)
            told.append((said, not wrong and _whole(found.get(name))))
        return told


def trial_of(prover: Prover, statement: str, *, head: str = "open AIDefence\n") -> Trial:
    """Return a trial for proofs of `statement`; `head` is what the text begins with."""
    return Trial(prover, f"{head}theorem _root_.{_NAME} : (\n{statement}\n) := ")


def _above(message: Message, lines: int) -> Message:
    return replace(message, line=message.line - lines, end_line=message.end_line - lines)


def _whole(found: Found | None) -> bool:
    if found is None or found.kind != "theorem" or found.axioms:
        return False
    return "sorryAx" not in found.library
