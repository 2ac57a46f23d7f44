"""Holes in a proof: where it fails is cut out, so that the rest of it stands.

A hole is a `sorry` in place of a block. Which block is for Lean to say: of all cuts around an error
the smallest that leaves fewer errors is kept, and then the next error is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aidefence.ports.prover import Message

HOLE: Final = "sorry"
_HOLE = re.compile(rf"\b{HOLE}\b")
_HEAD = re.compile(r"\s*(?:· |\| [^\n]*?=>(?: |$)|next [^\n]*?=> |case [^\n]*?=> )?")
_GIVEN = re.compile(r"(\s*(?:· )?(?:have|obtain|let|show|suffices)\b[^\n]*?) (?::=|from)(?: |$)")
_MISSING = re.compile(r"Alternative `([\w.']+)` has not been provided")
_UNREAD = re.compile(r"unknown tactic|unexpected (?:token|end|identifier)|expected ")


@dataclass(frozen=True, slots=True)
class Cut:
    """A proof with one more hole, and how much of the text was lost for it."""

    proof: str
    lost: int


def unread(error: Message) -> bool:
    """Whether the text could not be read from there on."""
    return _UNREAD.match(error.text) is not None or "; expected" in error.text[:120]


def count(proof: str) -> int:
    """Return how many holes there are."""
    return len(_HOLE.findall(proof))


def filled(proof: str, at: int, tactic: str) -> str:
    """Return the proof with one of its holes replaced."""
    found = list(_HOLE.finditer(proof))[at]
    return proof[: found.start()] + tactic + proof[found.end() :]


def traced(proof: str) -> str:
    """Return the proof in which every hole tells what is to be proved there."""
    return _HOLE.sub(f"(trace_state; {HOLE})", proof)


def places(traced_proof: str) -> list[tuple[int, int]]:
    """Return line and column of what is told at each hole of a traced proof."""
    found = re.finditer(rf"trace_state(?=; {HOLE}\))", traced_proof)
    return [_place(traced_proof, it.start()) for it in found]


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)


def widened(proof: str, at: int) -> str | None:
    """Return the proof with the block around a hole as the hole; none where it is the whole."""
    found = list(_HOLE.finditer(proof))[at]
    lines = proof.split("\n")
    line = proof.count("\n", 0, found.start())
    indent = _indent(lines[line])
    parent = next((it for it in range(line - 1, -1, -1) if _indent(lines[it]) < indent), None)
    if parent is None:
        return None
    # The tactics before it in the same block may be what leads nowhere.
    if any(_indent(lines[it]) == indent for it in range(parent + 1, line)):
        first = next(it for it in range(parent + 1, line) if _indent(lines[it]) == indent)
        body = [*lines[:first], " " * indent + HOLE, *_rest(lines, line, indent)]
        return "\n".join(body)
    if parent == 0:
        return None
    return "\n".join([*lines[:parent], head(lines[parent]) + HOLE, *lines[_end(lines, parent) :]])


def cuts(proof: str, error: Message) -> list[Cut]:
    """Return the cuts around an error, without those that change nothing."""
    made: dict[str, Cut] = {}
    for text in _cuts(proof.split("\n"), error):
        if text != proof and text not in made:
            made[text] = Cut(text, max(0, len(proof) - len(text)))
    return list(made.values())


def _cuts(lines: list[str], error: Message) -> Iterator[str]:
    at = min(max(error.line - 1, 0), len(lines) - 1)
    missing = _MISSING.search(error.text)
    if missing:
        yield _alternative(lines, at, missing.group(1))
    if unread(error):
        yield from _completed(lines, at)
    if "unsolved goals" in error.text or "don't know how to synthesize" in error.text:
        yield from _closed(lines, at)
    if "no goals" in error.text.lower():
        yield "\n".join([*lines[:at], *lines[_end(lines, at) :]])
    while at > 0:
        indent, end = _indent(lines[at]), _end(lines, at)
        given = _GIVEN.match(lines[at])
        if given:
            yield "\n".join([*lines[:at], f"{given.group(1)} := by {HOLE}", *lines[end:]])
        start = head(lines[at])
        if start.lstrip().startswith("· "):
            # A bullet is missing, and those below it are one goal too early.
            yield "\n".join([*lines[:at], start + HOLE, *lines[at:]])
        yield "\n".join([*lines[:at], start + HOLE, *lines[end:]])
        yield "\n".join([*lines[:at], start + HOLE, *_rest(lines, at, indent)])
        if lines[at].lstrip().startswith(("· ", "| ")):
            yield "\n".join([*lines[:at], *lines[end:]])
        at = next((it for it in range(at - 1, -1, -1) if _indent(lines[it]) < indent), 0)
    yield f"by\n  {HOLE}"


def _completed(lines: list[str], at: int) -> Iterator[str]:
    """Yield the lines with something to read where something was expected."""
    before = next((it for it in range(at - 1, -1, -1) if lines[it].strip()), 0)
    for last in dict.fromkeys((at, before)):
        for end in (f" {HOLE}", f" by {HOLE}"):
            yield "\n".join([*lines[:last], lines[last].rstrip() + end, *lines[last + 1 :]])
        indent = " " * (_indent(lines[last]) + 2 if lines[last].strip() else 2)
        yield "\n".join([*lines[: last + 1], indent + HOLE, *lines[last + 1 :]])


def _closed(lines: list[str], at: int) -> Iterator[str]:
    """Yield the lines with a hole at the end of the block that left goals open."""
    end = _end(lines, at)
    body = [line for line in lines[at + 1 : end] if line.strip()]
    indent = _indent(body[0]) if body else len(head(lines[at])) if at else 2
    if not body and lines[at].rstrip().endswith("=>"):
        yield "\n".join([*lines[:at], f"{lines[at].rstrip()} {HOLE}", *lines[end:]])
    for hole in (HOLE, f"all_goals {HOLE}"):
        yield "\n".join([*lines[:end], " " * indent + hole, *lines[end:]])


def _alternative(lines: list[str], at: int, name: str) -> str:
    """Return the lines with an alternative more, after those that are there."""
    indent = _indent(lines[at])
    after = range(at + 1, len(lines))
    ends = (
        it
        for it in after
        if lines[it].strip()
        and (
            _indent(lines[it]) < indent
            or (_indent(lines[it]) == indent and not lines[it].lstrip().startswith("| "))
        )
    )
    end = next(ends, len(lines))
    place = next((it for it in after if lines[it].lstrip().startswith("| ")), None)
    column = indent if place is None or place >= end else _indent(lines[place])
    return "\n".join([*lines[:end], f"{' ' * column}| {name} => {HOLE}", *lines[end:]])


def head(line: str) -> str:
    """Return what a line keeps when its tactic is cut: its indent, its bullet or its pattern."""
    found = _HEAD.match(line)
    kept = found.group() if found else ""
    return kept if kept.endswith(" ") or not kept.strip() else kept + " "


def _rest(lines: Sequence[str], at: int, indent: int) -> Sequence[str]:
    """Return what follows the rest of a block: the hole is to close it whole."""
    following = range(at + 1, len(lines))
    end = next((it for it in following if lines[it].strip() and _indent(lines[it]) < indent), None)
    return [] if end is None else lines[end:]


def _end(lines: Sequence[str], at: int) -> int:
    indent = _indent(lines[at])
    for it in range(at + 1, len(lines)):
        if lines[it].strip() and _indent(lines[it]) <= indent:
            return it
    return len(lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip()) if line.strip() else 1 << 16
