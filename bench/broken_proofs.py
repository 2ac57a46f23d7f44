"""Proofs of the theory, broken on purpose: a breaker that gives the same ones every time."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from aidefence.knowledge import theory

SEED = 20
FALSE = Path(__file__).with_name("texts") / "false_theorems.toml"
FALSE_KINDS = ("false claim", "false without a hypothesis")
_START = re.compile(
    r"^(?:/--|theorem|def|inductive|structure|abbrev|instance|deriving|namespace|end|protected"
    r"|private|open|universe)\b|^/--",
    re.MULTILINE,
)
_THEOREM = re.compile(r"theorem ([\w.']+)")
_FUNCTION = re.compile(r"def ([\w.']+)")
_FOREIGN = ("linarith", "tauto", "aesop", "norm_num", "positivity")
_OPENING, _CLOSING = "([{⟨", ")]}⟩"


@dataclass(frozen=True, slots=True)
class Original:
    """A theorem of the theory with the proof it has, and where it stands."""

    name: str
    text: str  # which text of the theory
    start: int  # where it begins there, with what is said of it
    scopes: tuple[str, ...]  # the namespaces it stands in
    binders: str
    claim: str
    proof: str
    earlier: tuple[str, ...]  # the theorems that come before it
    definitions: tuple[str, ...]  # the functions that come before it

    def opening(self, name: str) -> str:
        """State it again under another name, up to the proof, in the namespaces it knows."""
        return f"{opened(self._known())}theorem _root_.{name} {self.binders} : {self.claim} := "

    @property
    def statement(self) -> str:
        """The whole of it, as one proposition."""
        return f"∀ {self.binders}, {self.claim}" if self.binders else self.claim

    def closing(self) -> str:
        """Close what `opening` opens."""
        return closed(self._known())

    def _known(self) -> tuple[str, ...]:
        return (*self.scopes, *self.name.split(".")[len(self.scopes) : -1])


@dataclass(frozen=True, slots=True)
class Broken:
    """A proof that was changed, and how."""

    original: Original
    kind: str
    proof: str

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return f"{self.original.name}: {self.kind}"


def opened(scopes: Sequence[str]) -> str:
    """Return the commands that open namespaces."""
    return "".join(f"namespace {it}\n" for it in scopes)


def halves(broken: Sequence[Broken]) -> tuple[list[Broken], list[Broken]]:
    """Cut in two by theorem: one half to look at while repair is made, one to report."""
    names = {original.name: at for at, original in enumerate(originals())}
    seen = [it for it in broken if names[it.original.name] % 2 == 0]
    return seen, [it for it in broken if names[it.original.name] % 2]


def balanced(broken: Sequence[Broken], each: int) -> list[Broken]:
    """Draw as many of each kind, or all there are, in the order of the theory."""
    chosen: list[Broken] = []
    for kind in _BREAKERS:
        of_kind = [it for it in broken if it.kind == kind]
        chosen += Random(f"{SEED}{kind}").sample(of_kind, min(each, len(of_kind)))
    places = {id(it): at for at, it in enumerate(broken)}
    return sorted(chosen, key=lambda it: places[id(it)])


def false_theorems() -> list[Broken]:
    """Return theorems that were changed so that they are false, with the proofs of the true ones.

    That they are false is proved: `tests/lean` reads the refutation that stands beside each.
    """
    told = tomllib.loads(FALSE.read_text("utf-8"))["theorem"]
    changed = {it["of"]: it for it in told}
    made = []
    for it in originals():
        new = changed.get(it.name.removeprefix("AIDefence."))
        if new is not None:
            binders = new.get("binders", it.binders)
            kind = FALSE_KINDS[binders != it.binders]
            made.append(Broken(replace(it, binders=binders, claim=new["claim"]), kind, it.proof))
    return made


def closed(scopes: Sequence[str]) -> str:
    """Return the commands that close them."""
    return "\n".join(f"end {it}" for it in reversed(scopes))


def originals() -> Iterator[Original]:
    """Yield the theorems that have a statement and a proof of their own, in order."""
    earlier: list[str] = []
    defined: list[str] = []
    for text_name, text in theory.load().texts().items():
        if text_name == "Base":
            continue
        scopes: list[str] = []
        marks = [found.start() for found in _START.finditer(text)]
        said = -1  # where the comment on the next theorem begins
        for start, end in zip(marks, [*marks[1:], len(text)], strict=True):
            piece = text[start:end].rstrip()
            if piece.startswith("/--"):
                said = start
                continue
            begins, said = start if said < 0 else said, -1
            if piece.startswith("namespace "):
                scopes.append(piece.split()[1])
            elif piece.startswith("end ") and scopes:
                scopes.pop()
            function = _FUNCTION.match(piece)
            if function:
                defined.append(".".join([*scopes, function.group(1)]))
            named = _THEOREM.match(piece)
            parts = _parts(piece[named.end() :]) if named else None
            if named is None:
                continue
            full = ".".join([*scopes, named.group(1)])
            short = named.group(1).rpartition(".")[2]
            if parts is not None and not re.search(rf"\b{re.escape(short)}\b", parts[2]):
                known = tuple(scopes)
                yield Original(
                    full, text_name, begins, known, *parts, tuple(earlier), tuple(defined)
                )
            earlier.append(full)


def corpus() -> list[Broken]:
    """Return every theorem broken in every way that fits it."""
    made = []
    for original in originals():
        for kind, breaker in _BREAKERS.items():
            changed = breaker(original, Random(f"{SEED}{original.name}{kind}"))
            if changed and changed != original.proof:
                made.append(Broken(original, kind, changed))
    return made


def _parts(rest: str) -> tuple[str, str, str] | None:
    """Cut into binders, claim and proof at the first `:` and `:=` outside brackets."""
    depth, colon = 0, -1
    for at, sign in enumerate(rest):
        if sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
        elif sign == ":" and depth == 0:
            if rest[at : at + 2] == ":=":
                proof = rest[at + 2 :].strip()
                claim = rest[colon + 1 : at].strip()
                return (rest[:colon].strip(), claim, proof) if colon >= 0 else None
            if colon < 0:
                colon = at
    return None


def _foreign(original: Original, random: Random) -> str:
    lines = original.proof.split("\n")
    ends = [at for at, line in enumerate(lines) if re.match(r"\s+(?:exact|rfl|simp|rw) ?", line)]
    if not ends:
        return ""
    at = random.choice(ends)
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    return "\n".join([*lines[:at], indent + random.choice(_FOREIGN), *lines[at + 1 :]])


def _lemmas(original: Original) -> list[str]:
    short = {it.removeprefix("AIDefence.").removeprefix("Ltl.") for it in original.earlier}
    used = (rf"(?<![\w.]){re.escape(it)}(?![\w'])" for it in sorted(short))
    return [
        it for it, use in zip(sorted(short), used, strict=True) if re.search(use, original.proof)
    ]


def misspelt(original: Original, random: Random) -> str:
    """Leave a letter out of the name of a lemma; nothing where the proof names none."""
    used = _lemmas(original)
    if not used:
        return ""
    name = random.choice(used)
    at = random.randrange(max(1, len(name) - 3), len(name))
    other = name[:at] + name[at + 1 :]
    return re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w'])", other, original.proof)


def _wrong_lemma(original: Original, random: Random) -> str:
    used = _lemmas(original)
    if not used or len(original.earlier) < 2:
        return ""
    name = random.choice(used)
    other = random.choice(original.earlier).removeprefix("AIDefence.")
    return re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w'])", other, original.proof)


def _truncated(original: Original, random: Random) -> str:
    lines = original.proof.split("\n")
    return "\n".join(lines[: random.randrange(1, len(lines))]) if len(lines) > 1 else ""


def _deleted(original: Original, random: Random) -> str:
    lines = original.proof.split("\n")
    if len(lines) < 3:
        return ""
    at = random.randrange(1, len(lines))
    return "\n".join([*lines[:at], *lines[at + 1 :]])


_BREAKERS: dict[str, Callable[[Original, Random], str]] = {
    "foreign tactic": _foreign,
    "misspelt lemma": misspelt,
    "wrong lemma": _wrong_lemma,
    "truncated": _truncated,
    "deleted line": _deleted,
    "no proof": lambda _original, _random: "by\n  skip",
}
