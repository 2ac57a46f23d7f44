"""Judge a proof of a free-form statement: Lean reads it, our own checker decides.

The statement is loaded first, alone, as `Free.Stmt`, and exported. What is submitted comes later
and can only prove that constant, so nothing in it can change what the statement means. The export
that holds the proof must begin with the theory and with the statement as they were before, and is
judged whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from aidefence.domain.errors import ConfigError
from aidefence.engine import kernel
from aidefence.knowledge import theory
from aidefence.ports.prover import Elaborated, Exported, Found, Prover, Severity

STATEMENT: Final = "Free.Stmt"
THEOREM: Final = "Free.proved"
AXIOMS: Final = ("propext", "Quot.sound", "Classical.choice")
"""What Lean itself takes for granted; the theory needs the first alone."""
STATEMENT_CHARS_MAX: Final = 20_000
_SORRY = "sorryAx"
_OPENING, _CLOSING = "([{⟨", ")]}⟩"
_NOT_IN_A_STATEMENT = re.compile(r'--|/-|-/|["#@]|\bsorry\b|\bby\b|\bset_option\b|\bopen\b')
_LIBRARY = re.compile(r"(?!AIDefence\b|Free\b)[\w.'₀-₉]+")


class Verdict(StrEnum):
    """What became of a proof."""

    PROVED = "proved"  # our checker accepts it
    ASSUMED = "assumed"  # Lean does, but its library here has no proof of what it rests on
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and its reason."""

    verdict: Verdict
    reason: str = ""
    assumed: tuple[str, ...] = ()  # statements of Lean's library that have no proof here
    axioms: tuple[str, ...] = ()
    digest: str = ""  # of the export that was judged
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement as it was before anybody proved it."""

    text: str
    export: bytes


@contextmanager
def stated(prover: Prover, statement: str) -> Iterator[Stated]:
    """Load a statement, keep what it means, and forget it at the end.

    Raises:
        ConfigError: it is not one closed proposition.

    """
    wrong = _malformed(statement)
    if wrong:
        raise ConfigError(f"the statement is not usable: {wrong}")
    text = f"open AIDefence\ndef {STATEMENT} : Prop := (\n{statement}\n)\n"
    loaded = prover.load(text, guarded=True)
    if not loaded.ok:
        raise ConfigError(f"the statement is not usable: {_first(loaded)}")
    try:
        exported = prover.export(_roots())
        if not exported.elaborated.ok:
            raise ConfigError("the statement cannot be exported")
        yield Stated(statement, exported.data())
    finally:
        prover.drop()


def submission(statement: str, proof: str) -> str:
    """Return the text that Lean reads: the proof of the statement as written, then as loaded."""
    return (
        "open AIDefence\n"
        f"theorem Free.main : (\n{statement}\n) := {proof}\n"
        f"theorem _root_.{THEOREM} : _root_.{STATEMENT} := _root_.Free.main\n"
    )


def look(prover: Prover, text: str) -> tuple[Elaborated, str]:
    """Let Lean read a submission; the reason is empty where it is worth judging."""
    read = prover.check(text, [THEOREM])
    return read, _objection(read)


def judge(prover: Prover, statement: Stated, text: str) -> Judgement:
    """Judge a submission: what Lean says, then what the export says, then our own checker."""
    _, objection = look(prover, text)
    if objection:
        return Judgement(Verdict.REFUSED, objection)
    return judged(statement, prover.export([*_roots(), THEOREM], text))


def judged(statement: Stated, exported: Exported, known: bytes | None = None) -> Judgement:
    """Judge an export, which begins with the theory or `known`; nothing that Lean said counts."""
    data = exported.data()
    shipped = theory.load().data if known is None else known
    if not data.startswith(shipped) or not data.startswith(statement.export):
        return Judgement(
            Verdict.REFUSED, "the theory or the statement is another one in the export"
        )
    added = data[len(shipped) :]
    if not _proves(data, added):
        return Judgement(Verdict.REFUSED, f"`{THEOREM}` is not a proof of `{STATEMENT}`")
    assumed = tuple(sorted(set(exported.axioms) - set(AXIOMS)))
    if _SORRY in assumed or not all(map(_LIBRARY.fullmatch, assumed)):
        return Judgement(Verdict.REFUSED, f"it rests on {', '.join(assumed)}")
    if assumed:
        reason = f"{len(assumed)} statements of Lean's library have no proof here"
        return Judgement(Verdict.ASSUMED, reason, assumed)
    try:
        accepted = kernel.Theory.load(data, axioms=AXIOMS)
    except ConfigError as error:
        return Judgement(Verdict.REFUSED, str(error))
    digest = sha256(data).hexdigest()
    return Judgement(Verdict.PROVED, "", (), accepted.axioms_used, digest, accepted.steps)


def _roots() -> list[str]:
    return [*theory.load().roots, STATEMENT]


def _malformed(statement: str) -> str:
    if not statement.strip():
        return "it is empty"
    if len(statement) > STATEMENT_CHARS_MAX:
        return f"it has more than {STATEMENT_CHARS_MAX} characters"
    if found := _NOT_IN_A_STATEMENT.search(statement):
        return f"`{found.group()}` has no place in a statement"
    depth: list[str] = []
    for sign in statement:
        if sign in _OPENING:
            depth.append(_CLOSING[_OPENING.index(sign)])
        elif sign in _CLOSING and (not depth or depth.pop() != sign):
            return f"`{sign}` closes nothing"
    return f"`{depth[-1]}` is missing" if depth else ""


def _objection(read: Elaborated) -> str:
    if read.refused:
        return f"not allowed: {read.refused}"
    if read.errors:
        return _first(read)
    found = next((it for it in read.theorems if it.name == THEOREM), Found(THEOREM, ""))
    if found.kind != "theorem" or found.statement_name != STATEMENT:
        return f"`{THEOREM}` is not a theorem of `{STATEMENT}`"
    if _SORRY in found.library or _SORRY in found.axioms:
        return "the proof has a gap (`sorry`)"
    if found.axioms:
        return f"the proof has axioms of its own: {', '.join(found.axioms)}"
    return ""


def _first(read: Elaborated) -> str:
    if read.refused:
        return f"not allowed: {read.refused}"
    wrong = (it for it in read.messages if it.severity is Severity.ERROR)
    message = next(wrong, None)
    return "Lean gives no reason" if message is None else f"{message.line}: {message.text[:300]}"


def _proves(data: bytes, added: bytes) -> bool:
    """Whether what was added holds one theorem of our name, and its type is our constant."""
    names, constants = _Names(data), {}
    proofs, statements = [], 0
    for line in added.splitlines():
        entry = json.loads(line)
        if "const" in entry:
            constants[entry["ie"]] = entry["const"]["name"]
        for kind in ("thm", "def"):
            if kind in entry:
                name = names[entry[kind]["name"]]
                statements += name == STATEMENT
                if kind == "thm" and name == THEOREM:
                    proofs.append(entry["thm"]["type"])
    of = [names[constants[it]] for it in proofs if it in constants]
    return statements == 1 and of == [STATEMENT] and len(proofs) == 1


class _Names:
    """The names of an export, spelled out."""

    def __init__(self, data: bytes) -> None:
        self._parts: dict[int, tuple[int, str]] = {}
        for line in data.splitlines():
            if line.startswith(b'{"in":'):
                entry = json.loads(line)
                part = entry.get("str") or entry["num"]
                self._parts[entry["in"]] = (part["pre"], str(part.get("str", part.get("i"))))

    def __getitem__(self, at: int) -> str:
        words = []
        while at:
            at, word = self._parts[at]
            words.append(word)
        return ".".join(reversed(words))
