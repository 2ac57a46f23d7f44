"""Mend a proof that Lean refuses: find what fails, isolate it, try again with less to prove.

In order of cost: other words for the same tactics; names that exist; the block around the first
error replaced by a portfolio of tactics, with lemmas that speak of the same things; wider and
wider blocks; the whole goal; induction; and last, if there is one, a model that proposes proofs.
Lean only says which attempt is worth judging: a proof counts when the judge accepts it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from aidefence.ports.prover import Elaborated, Found, Message, ProverError, Severity
from aidefence.proof.free import fixing

TACTICS: Final = (
    "rfl",
    "assumption",
    "decide",
    "simp_all",
    "omega",
    "(simp_all; done)",
    "(constructor <;> simp_all)",
    "(split <;> simp_all)",
    "grind",
)
LEMMAS_MAX: Final = 6
_ROUNDS_MAX = 12
_WORD = re.compile(r"[A-Za-z_][\w']*")
_BINDER = re.compile(r"[({⦃]\s*([\w' ]+?)\s*:")


class Step(StrEnum):
    """How an attempt came about."""

    GIVEN = "given"
    WORDS = "words"
    NAME = "name"
    BLOCK = "block"
    GOAL = "goal"
    INDUCTION = "induction"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be proved: the statement as a reader would write it, and what may be used."""

    statement: str
    lemmas: tuple[Found, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A proof that was tried, and what was said of it."""

    proof: str
    step: Step
    errors: tuple[Message, ...]
    accepted: bool


@dataclass(frozen=True, slots=True)
class Repaired:
    """How it ended: the proof that was accepted, or none."""

    proof: str
    step: Step | None
    attempts: tuple[Attempt, ...]
    why: str = ""  # it ended without a proof


@dataclass(slots=True)
class Budget:
    """How many attempts and how many seconds there are."""

    attempts: int = 40
    seconds: float = 120.0
    clock: Callable[[], float] = time.monotonic
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.clock()

    def left(self) -> bool:
        """Whether another attempt may be made."""
        return self.attempts > 0 and self.clock() - self._start < self.seconds


class Trial(Protocol):
    """Tells what Lean says of a proof, and whether it is one."""

    def __call__(self, proof: str) -> tuple[Elaborated, bool]:
        """Return what was read, with positions that count from the start of the proof."""
        ...


class Proposer(Protocol):
    """A model that proposes proofs; nothing it says is believed."""

    def propose(self, goal: Goal, tried: Sequence[Attempt]) -> Iterator[str]:
        """Yield proofs, best first; `tried` is what failed so far."""
        ...


def repair(
    goal: Goal,
    proof: str,
    trial: Trial,
    *,
    budget: Budget,
    proposer: Proposer | None = None,
    progress: Callable[[Attempt], None] = lambda _: None,
) -> Repaired:
    """Try until one is accepted or the budget is spent."""
    session = _Session(goal, trial, budget, progress)
    for attempts in (
        session.mended(proof),
        session.whole(proof),
        session.proposed(proposer) if proposer is not None else iter(()),
    ):
        for attempt in attempts:
            if attempt.accepted:
                return Repaired(attempt.proof, attempt.step, tuple(session.tried))
    why = "nothing else to try" if budget.left() else "the budget is spent"
    return Repaired("", None, tuple(session.tried), why)


def portfolio(lemmas: Sequence[str] = ()) -> str:
    """Return one tactic that tries them all, cheapest first, then the same with lemmas."""
    tactics = list(TACTICS)
    for lemma in lemmas:
        tactics += [f"exact {lemma} ..", f"(apply {lemma} <;> first | assumption | simp_all)"]
    if lemmas:
        named = ", ".join(lemmas)
        tactics += [f"(simp_all [{named}]; done)", f"grind [{named}]"]
    return "first | " + " | ".join(tactics)


def retrieved(statement: str, lemmas: Sequence[Found], most: int = LEMMAS_MAX) -> list[str]:
    """Return the lemmas that share the rarest words with a statement."""
    words = set(_WORD.findall(statement))
    owners: dict[str, int] = {}
    told = [(it.name, set(_WORD.findall(it.statement))) for it in lemmas]
    for _, spoken in told:
        for word in spoken:
            owners[word] = owners.get(word, 0) + 1
    # Long statements share words with everything.
    scores = [
        (sum(1 / owners[word] for word in words & spoken) / (len(spoken) or 1) ** 0.5, name)
        for name, spoken in told
    ]
    scores = [it for it in scores if it[0] > 0]
    return [name for _, name in sorted(scores, key=lambda it: (-it[0], it[1]))[:most]]


class _Session:
    """One repair: what was tried, and what is left of the budget."""

    def __init__(
        self, goal: Goal, trial: Trial, budget: Budget, progress: Callable[[Attempt], None]
    ) -> None:
        self.tried: list[Attempt] = []
        self._goal = goal
        self._trial = trial
        self._budget = budget
        self._progress = progress
        self._seen: set[str] = set()
        self._lemmas = retrieved(goal.statement, goal.lemmas)

    def _attempt(self, proof: str, step: Step) -> Attempt | None:
        if proof in self._seen or not self._budget.left():
            return None
        self._seen.add(proof)
        self._budget.attempts -= 1
        try:
            read, accepted = self._trial(proof)
            errors = tuple(it for it in read.messages if it.severity is Severity.ERROR)
        except ProverError as error:
            # A prover that ended has proved nothing; the next attempt starts a new one.
            errors, accepted = (Message(Severity.ERROR, 1, 0, 1, 0, str(error)),), False
        attempt = Attempt(proof, step, errors, accepted)
        self.tried.append(attempt)
        self._progress(attempt)
        return attempt

    def mended(self, proof: str) -> Iterator[Attempt]:
        """Yield the proof as it is, in other words, and with its failing blocks replaced."""
        last = self._attempt(proof, Step.GIVEN)
        if last is None:
            return
        yield last
        translated = fixing.translated(proof)
        if translated != proof:
            last = self._attempt(translated, Step.WORDS) or last
            yield last
        names = [it.name for it in self._goal.lemmas]
        for _ in range(_ROUNDS_MAX):
            new = self._next(last, names)
            if new is None:
                return
            last = new
            yield last

    def _next(self, last: Attempt, names: Sequence[str]) -> Attempt | None:
        if not last.errors:
            return None
        error = last.errors[0]
        other = fixing.renamed(last.proof, error.text, names)
        if other is not None and (attempt := self._attempt(other, Step.NAME)) is not None:
            return attempt
        for smaller in _isolated(last.proof, error, portfolio(self._lemmas)):
            attempt = self._attempt(smaller, Step.BLOCK)
            if attempt is not None and (attempt.accepted or _further(attempt, last)):
                return attempt
        return None

    def whole(self, proof: str) -> Iterator[Attempt]:
        """Yield proofs of the whole goal that use nothing of the one given."""
        first = portfolio(self._lemmas)
        bound = _bound(self._goal.statement)
        intro = f"intro {' '.join(bound)}" if bound else "intros"
        subjects = list(dict.fromkeys([*self._goal.variables, *bound]))
        tries = [(f"by\n  {first}", Step.GOAL), (f"by\n  {intro}\n  intros\n  {first}", Step.GOAL)]
        unfolded = ", ".join(_unfoldable(proof))
        if unfolded:
            tries.append(
                (f"by\n  {intro}\n  unfold {unfolded.replace(',', '')}\n  {first}", Step.GOAL)
            )
        for name in subjects[:4]:
            tries += [
                (f"by\n  {intro}\n  intros\n  cases {name} <;> {first}", Step.GOAL),
                (f"by\n  {intro}\n  induction {name} <;> {first}", Step.INDUCTION),
            ]
        for text, step in tries:
            attempt = self._attempt(text, step)
            if attempt is not None:
                yield attempt

    def proposed(self, proposer: Proposer) -> Iterator[Attempt]:
        """Yield what a model proposes, and each mended once as if a person had written it."""
        proposals = proposer.propose(self._goal, self.tried)
        while self._budget.left():
            try:
                text = next(proposals, None)
            except ProverError:
                return
            if text is None:
                return
            attempt = self._attempt(text, Step.MODEL)
            if attempt is None:
                continue
            yield attempt
            if not attempt.accepted and attempt.errors:
                for smaller in _isolated(text, attempt.errors[0], portfolio(self._lemmas)):
                    mended = self._attempt(smaller, Step.MODEL)
                    if mended is not None:
                        yield mended
                    break


def _further(new: Attempt, old: Attempt) -> bool:
    """Whether the first error moved down: what was before it holds now."""
    if not new.errors:
        return True
    return (new.errors[0].line, len(old.errors)) > (old.errors[0].line, len(new.errors))


def _isolated(proof: str, error: Message, tactic: str) -> Iterator[str]:
    """Yield the proof with the block around an error replaced, smallest block first."""
    lines = proof.split("\n")
    at = min(max(error.line - 1, 0), len(lines) - 1)
    if "unsolved goals" in error.text or "unexpected end" in error.text:
        yield "\n".join(_closed(lines, at, tactic))
    while at > 0:
        indent = _indent(lines[at])
        end = _block_end(lines, at)
        bullet = re.match(r"\s*(?:· |\| [^=]*=> )", lines[at])
        head = bullet.group() if bullet else " " * indent
        yield "\n".join([*lines[:at], head + tactic, *lines[end:]])
        yield "\n".join([*lines[:at], head + tactic, *_after(lines, at, indent)])
        at = next((it for it in range(at - 1, -1, -1) if _indent(lines[it]) < indent), 0)


def _closed(lines: list[str], at: int, tactic: str) -> list[str]:
    """Append the tactic to the block that left goals open."""
    end = _block_end(lines, at)
    body = [line for line in lines[at + 1 : end] if line.strip()]
    if body:
        indent = _indent(body[0])
    else:
        bullet = re.match(r"\s*(?:· )?", lines[at])
        indent = len(bullet.group()) if bullet and at else 2
    return [*lines[:end], " " * indent + f"all_goals ({tactic})", *lines[end:]]


def _after(lines: list[str], at: int, indent: int) -> list[str]:
    """Return what follows the rest of a block: the tactic is to close it whole."""
    following = range(at + 1, len(lines))
    end = next((it for it in following if lines[it].strip() and _indent(lines[it]) < indent), None)
    return [] if end is None else lines[end:]


def _block_end(lines: list[str], at: int) -> int:
    indent = _indent(lines[at])
    for it in range(at + 1, len(lines)):
        if lines[it].strip() and _indent(lines[it]) <= indent:
            return it
    return len(lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip()) if line.strip() else 1 << 16


def _bound(statement: str) -> list[str]:
    """Return the names that a statement binds, first ones first."""
    names: list[str] = []
    for group in _BINDER.findall(statement):
        names += group.split()
    for group in re.findall(r"∀ ([\w' ]+?)(?: :|,)", statement):
        names += group.split()
    return names


def _unfoldable(proof: str) -> list[str]:
    """Return what the proof itself unfolded."""
    found = re.findall(r"\bunfold ([\w. ]+?)(?: at\b|$|\n|;)", proof)
    return list(dict.fromkeys(word for group in found for word in group.split()))[:4]
