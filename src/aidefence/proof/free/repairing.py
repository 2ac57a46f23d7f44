"""Mend a proof that Lean refuses: find what fails, isolate it, try again with less to prove.

In order of cost: other words for the same tactics; names that exist; another lemma where one does
not fit; a line that is missing; then the places that fail are cut out until the rest stands, each
hole is closed by itself with a portfolio and the lemmas that fit its goal, and what cannot be
closed is cut wider, up to the whole goal; and last, if there is one, a model that proposes proofs.
Lean only says which attempt is worth judging: a proof counts when the judge accepts it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from aidefence.ports.prover import Found, Message, ProverError, Severity
from aidefence.proof.free import fixing, holes
from aidefence.proof.free.retrieving import Lemmas
from aidefence.proof.free.tactics import ASKING, Aim, alternatives, closers, steps
from aidefence.proof.free.trying import Trial

_ROUNDS_MAX: Final = 12
_OTHERS_MAX: Final = 144
_LEVELS_INSIDE: Final = 3
_LEVELS_PROPOSED: Final = 1
_TOGETHER: Final = 4  # more cost less each, and what comes after the one that was needed is lost
_SHARE_OF_MODEL: Final = 0.5
# What each way of mending leaves to those after it.
_KEPT_BY_LEMMAS: Final = 0.65
_KEPT_BY_LINES: Final = 0.6
_KEPT_BY_HOLES: Final = 0.15
_LINES_ABOVE: Final = 3
_WORD = re.compile(r"(?<![\w.])[^\W\d][\w.']*")
_BINDER = re.compile(r"[({⦃]\s*([\w' ]+?)\s*:")
_EXPECTED = re.compile(r"(?:is expected to have type|with the goal)\n(.*?)(?:\n\n|\Z)", re.DOTALL)
_UNKNOWN = re.compile(r"[Uu]nknown identifier `([\w']+)`")
_SUGGESTED = re.compile(r"Try th(?:is|ese):\s*\n\s*\[apply\] (.*?)(?=\n\s*\[apply\]|\Z)", re.DOTALL)
_SIMPLE = re.compile(r"[\w' .?,\[\]]+\Z")


class Step(StrEnum):
    """How an attempt came about."""

    GIVEN = "given"
    WORDS = "words"
    NAME = "name"
    LEMMA = "lemma"
    LINE = "line"
    CUT = "cut"
    HOLE = "hole"
    GOAL = "goal"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be proved: the statement as a reader would write it, and what may be used."""

    statement: str
    lemmas: tuple[Found, ...] = ()
    definitions: tuple[str, ...] = ()  # what may be unfolded


@dataclass(frozen=True, slots=True)
class Attempt:
    """A proof that was tried, and what was said of it."""

    proof: str
    step: Step
    errors: tuple[Message, ...]
    accepted: bool
    suggested: str = ""  # what Lean found where it was asked to look itself


@dataclass(frozen=True, slots=True)
class Repaired:
    """How it ended: the proof that was accepted, or none."""

    proof: str
    step: Step | None
    attempts: tuple[Attempt, ...]
    why: str = ""  # it ended without a proof


@dataclass(slots=True)
class Budget:
    """How many candidates and how many seconds there are."""

    attempts: int = 2_000
    seconds: float = 120.0
    clock: Callable[[], float] = time.monotonic
    _start: float = field(init=False)
    _kept: tuple[int, float] = field(init=False, default=(0, 0.0))  # of both, for later

    def __post_init__(self) -> None:
        self._start = self.clock()

    def left(self) -> bool:
        """Whether another attempt may be made."""
        return self.most > 0 and self._left_s() > 0

    @property
    def most(self) -> int:
        """How many attempts may be made now."""
        return self.attempts - self._kept[0]

    @contextmanager
    def keeping(self, share: float) -> Iterator[None]:
        """Keep a share of what is left for what comes after the block."""
        before = attempts, seconds = self._kept
        more = int(share * max(0, self.most)), share * max(0.0, self._left_s())
        self._kept = attempts + more[0], seconds + more[1]
        try:
            yield
        finally:
            self._kept = before

    def _left_s(self) -> float:
        return self.seconds - self._kept[1] - (self.clock() - self._start)


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
    # A model that was configured is asked, however much there is to try without it.
    with budget.keeping(0.0 if proposer is None else _SHARE_OF_MODEL):
        found = session.mended(proof, Step.GIVEN) or session.whole()
    if found is None and proposer is not None:
        found = session.proposed(proposer)
    return session.ended(found)


def ask(
    goal: Goal, trial: Trial, proposer: Proposer, *, budget: Budget, tried: Sequence[Attempt]
) -> Repaired:
    """Ask a model alone, and mend what it proposes; `tried` is what failed so far."""
    session = _Session(goal, trial, budget, lambda _: None)
    session.tried += tried
    return session.ended(session.proposed(proposer))


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
        self._lemmas = Lemmas(goal.lemmas, goal.definitions)
        self._seen: set[str] = set()
        self._hopeless: set[tuple[str, int]] = set()  # goals that no tactic of a level closes
        self._why = ""  # the model was of no help

    def ended(self, found: Attempt | None) -> Repaired:
        """Tell how it ended."""
        tried = tuple(self.tried)
        if found is not None:
            return Repaired(found.proof, found.step, tried)
        spent = "" if self._budget.left() else "the budget is spent"
        why = "; ".join(it for it in (spent, self._why) if it)
        return Repaired("", None, tried, why or "nothing else to try")

    def mended(self, proof: str, step: Step, levels: int = _LEVELS_INSIDE) -> Attempt | None:
        """Return the proof with as little as possible changed."""
        last = self._one(proof, step)
        if last is None or last.accepted:
            return last
        translated = fixing.translated(proof)
        if translated != proof:
            last = self._one(translated, Step.WORDS) or last
        last = self._named(last)
        for change, kept in ((self._swapped, _KEPT_BY_LEMMAS), (self._stepped, _KEPT_BY_LINES)):
            if last.accepted:
                return last
            with self._budget.keeping(kept):
                last = change(last)
        if last.accepted:
            return last
        with self._budget.keeping(_KEPT_BY_HOLES):
            return self._filled(self._skeleton(last), Step.HOLE, levels)

    def whole(self) -> Attempt | None:
        """Return a proof of the whole goal that uses nothing of the one given."""
        bound = _bound(self._goal.statement)
        openings = [
            f"by\n  intro {' '.join(bound[:count])}\n" for count in range(len(bound), 0, -1)
        ]
        starts = [f"{it}  {holes.HOLE}" for it in (*openings, "by\n")]
        tried = self._crowd(starts, Step.GOAL)
        start = next((it.proof for it in tried if not it.errors), starts[-1])
        return self._filled(start, Step.GOAL, 99)

    def proposed(self, proposer: Proposer) -> Attempt | None:
        """Return what a model proposes, mended as if a person had written it."""
        proposals = proposer.propose(self._goal, self.tried)
        while self._budget.left():
            try:
                text = next(proposals, None)
            except ProverError as error:
                self._why = str(error)
                return None
            if text is None:
                self._why = "the model found no proof"
                return None
            found = self.mended(text, Step.MODEL, _LEVELS_PROPOSED)
            if found is not None and found.accepted:
                return Attempt(found.proof, Step.MODEL, (), accepted=True)
        return None

    def _one(self, proof: str, step: Step) -> Attempt | None:
        """Try one proof by itself; none where it was tried before or the budget is spent."""
        if not self._budget.left() or proof in self._seen:
            return None
        self._budget.attempts -= 1
        self._seen.add(proof)
        try:
            read, accepted = self._trial(proof)
            errors = _errors(read.messages)
            if read.refused:
                errors = (Message(Severity.ERROR, 1, 0, 1, 0, f"not allowed: {read.refused}"),)
        except ProverError as error:
            # A prover that ended has proved nothing; the next attempt starts a new one.
            errors, accepted = (Message(Severity.ERROR, 1, 0, 1, 0, str(error)),), False
        return self._kept(Attempt(proof, step, errors, accepted))

    def _crowd(self, proofs: Sequence[str], step: Step) -> list[Attempt]:
        """Try many; none is accepted but by itself."""
        return list(self._attempts(proofs, step))

    def _attempts(self, proofs: Sequence[str], step: Step) -> Iterator[Attempt]:
        """Try one after the other, some at once, as long as somebody asks for more."""
        some = list(dict.fromkeys(proofs))
        for start in range(0, len(some), _TOGETHER):
            if not self._budget.left():
                return
            piece = some[start : start + _TOGETHER][: self._budget.most]
            self._budget.attempts -= len(piece)
            try:
                told = self._trial.many(piece)
            except ProverError:
                continue
            made = [
                Attempt(proof, step, _errors(said), accepted, _suggestion(said))
                for proof, (said, accepted) in zip(piece, told, strict=True)
            ]
            self._kept(min(made, key=lambda it: (not it.accepted, len(it.errors))))
            yield from made

    def _kept(self, attempt: Attempt) -> Attempt:
        self.tried.append(attempt)
        self._progress(attempt)
        return attempt

    def _believed(self, attempt: Attempt) -> Attempt | None:
        """Try by itself what was accepted in a crowd."""
        self._seen.discard(attempt.proof)
        alone = self._one(attempt.proof, attempt.step)
        return alone if alone is not None and alone.accepted else None

    def _first(self, proofs: Sequence[str], step: Step) -> Attempt | None:
        """Return the first of many that is accepted."""
        for attempt in self._attempts(proofs, step):
            if attempt.accepted and (found := self._believed(attempt)):
                return found
        return None

    def _named(self, last: Attempt) -> Attempt:
        """Put names that exist in place of those that do not."""
        for _ in range(_ROUNDS_MAX):
            others = [
                other
                for error in last.errors[:3]
                for other in fixing.renamings(last.proof, error.text, self._lemmas.names)
            ]
            tried = self._crowd(others, Step.NAME)
            for attempt in tried:
                if attempt.accepted and (found := self._believed(attempt)):
                    return found
            better = [it for it in tried if _better(it, last)]
            if not better:
                return last
            last = min(better, key=_badness)
        return last

    def _swapped(self, last: Attempt) -> Attempt:
        """Put another lemma where one does not fit."""
        lines = last.proof.split("\n")
        for error in last.errors[:2]:
            near = lines[max(error.line - 1, 0) : max(error.end_line, error.line)][:4]
            used = [it for it in _WORD.findall("\n".join(near)) if self._known(it)]
            expected = _EXPECTED.search(error.text)
            asked = f"⊢ {expected.group(1)}" if expected else error.text
            fitting = self._lemmas.near(asked, _OTHERS_MAX)
            rest = self._lemmas.near(self._goal.statement, _OTHERS_MAX)
            others = list(dict.fromkeys([*fitting, *rest, *self._lemmas.statements]))[:_OTHERS_MAX]
            for name in list(dict.fromkeys(used))[:2]:
                texts = [fixing.replaced(last.proof, name, it) for it in others if it != name]
                found = self._first(texts, Step.LEMMA)
                if found is not None:
                    return found
        return last

    def _known(self, word: str) -> bool:
        return word in self._lemmas.statements or any(
            it.endswith("." + word) for it in self._lemmas.statements
        )

    def _stepped(self, last: Attempt) -> Attempt:
        """Put a line before the one that fails, or in its place, or before those above it."""
        if not last.errors:
            return last
        error, lines = last.errors[0], last.proof.split("\n")
        at = min(max(error.line - 1, 0), len(lines) - 1)
        if "unsolved goals" in error.text or holes.unread(error):
            return last
        new = list(dict.fromkeys(it for told in last.errors for it in _UNKNOWN.findall(told.text)))
        for place in range(at, max(0, at - _LINES_ABOVE), -1):
            texts = list(self._lines_at(lines, place, new, instead=place == at))
            found = self._first(texts, Step.LINE)
            if found is not None:
                return found
        return last

    def _lines_at(
        self, lines: list[str], at: int, unknown: Sequence[str], *, instead: bool
    ) -> Iterator[str]:
        """Yield the lines with one more at a place, or another one there."""
        start = holes.head(lines[at])
        body = lines[at][len(start) :]
        indent = " " * len(start)
        asking = [*lines[:at], start + "trace_state", indent + body, *lines[at + 1 :]]
        told = self._said("\n".join(asking))
        state = next((it.text for it in told if it.line == at + 1), "")
        if not state:
            return
        for line in steps(Aim.read(state, self._lemmas), unknown):
            yield "\n".join([*lines[:at], start + line, indent + body, *lines[at + 1 :]])
            if instead:
                yield "\n".join([*lines[:at], start + line, *lines[at + 1 :]])

    def _said(self, proof: str) -> list[Message]:
        """Return what a proof that only asks is told."""
        if not self._budget.left():
            return []
        self._budget.attempts -= 1
        try:
            [(said, _)] = self._trial.many([proof])
        except ProverError:
            return []
        return [it for it in said if it.severity is Severity.INFORMATION]

    def _skeleton(self, last: Attempt) -> str:
        """Return the proof with holes where it fails."""
        for _ in range(_ROUNDS_MAX):
            if not last.errors:
                return last.proof
            error = next((it for it in last.errors if holes.unread(it)), last.errors[0])
            made = holes.cuts(last.proof, error)
            lost = {it.proof: it.lost for it in made}
            tried = [it for it in self._crowd(list(lost), Step.CUT) if _better(it, last)]
            if not tried:
                break
            last = min(tried, key=lambda it: lost[it.proof])
        return f"by\n  {holes.HOLE}"

    def _filled(self, text: str, step: Step, levels: int) -> Attempt | None:
        """Close the holes of a proof one by one; cut wider what cannot be closed."""
        for _ in range(_ROUNDS_MAX):
            left, text = self._closed(text, step, levels)
            if not holes.count(text):
                return self._believed(Attempt(text, step, (), accepted=True))
            wider = holes.widened(text, left) if self._budget.left() else None
            if wider is None:
                return None
            text = wider
        return None

    def _closed(self, text: str, step: Step, levels: int) -> tuple[int, str]:
        """Return the proof with every hole closed that can be, and which is the first left."""
        states = self._states(text)
        batches = [list(closers(Aim.read(it, self._lemmas)))[:levels] for it in states]
        for level in range(max(map(len, batches), default=0)):
            at = 0
            while at < len(batches):
                tactics = batches[at][level] if level < len(batches[at]) else ()
                known = (states[at], level) in self._hopeless
                better = None if known else self._closing(text, at, tactics, step)
                if better is None:
                    if self._budget.left():
                        self._hopeless.add((states[at], level))
                    at += 1
                else:
                    text = better
                    del batches[at], states[at]
        return 0, text

    def _closing(self, text: str, at: int, tactics: Sequence[str], step: Step) -> str | None:
        """Return the proof with one hole closed, if one of the tactics does it."""
        texts = {holes.filled(text, at, _wrapped(it)): it for it in tactics}
        suggested = []
        for attempt in self._attempts(list(texts), step):
            tactic = texts[attempt.proof]
            if tactic in ASKING:
                # It ends without an error whether or not it found anything.
                suggested += [attempt.suggested] if attempt.suggested else []
            elif not attempt.errors:
                return self._closed_by(text, at, alternatives(tactic), step) or attempt.proof
        return self._closed_by(text, at, [f"({it})" for it in suggested], step)

    def _closed_by(self, text: str, at: int, tactics: Sequence[str], step: Step) -> str | None:
        """Return the proof with one hole closed by the first of some tactics that does it."""
        parts = [holes.filled(text, at, it) for it in tactics]
        return next((it.proof for it in self._attempts(parts, step) if not it.errors), None)

    def _states(self, text: str) -> list[str]:
        """Return what is to be proved at each hole."""
        asking = holes.traced(text)
        told = self._said(asking)
        states = []
        for line, column in holes.places(asking):
            here = [it.text for it in told if (it.line, it.column) == (line, column)]
            states.append("\n\n".join(here))
        return states


def _wrapped(tactic: str) -> str:
    return tactic if _SIMPLE.match(tactic) else f"({tactic})"


def _suggestion(messages: Sequence[Message]) -> str:
    found = (_SUGGESTED.match(it.text) for it in messages)
    return next((" ".join(it.group(1).split()) for it in found if it), "")


def _errors(messages: Sequence[Message]) -> tuple[Message, ...]:
    wrong = (it for it in messages if it.severity is Severity.ERROR)
    return tuple(sorted(wrong, key=lambda it: (it.line, it.column)))


def _badness(attempt: Attempt) -> tuple[int, int, int]:
    """Return how far a proof is from being one: unread text, errors, how early the first is."""
    first = attempt.errors[0].line if attempt.errors else 1 << 16
    return any(map(holes.unread, attempt.errors)), len(attempt.errors), -first


def _better(new: Attempt, old: Attempt) -> bool:
    """Whether more of it can be read, or less is wrong, or as much but further down."""
    return _badness(new) < _badness(old)


def _bound(statement: str) -> list[str]:
    """Return the names that a statement binds at its start, first ones first."""
    names: list[str] = []
    for group in re.findall(r"∀ ([^,]+),", statement):
        names += [name for part in _BINDER.findall(group) for name in part.split()]
        if "(" not in group and "{" not in group:
            names += group.partition(":")[0].split()
    return names
