"""Our own answers: those that tell a prompt, that stand in a context, that decline; and twins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_TEXTS = Path(__file__).parent / "texts" / "answers"


@dataclass(frozen=True, slots=True)
class LeakCase:
    """A system prompt with answers that tell it and answers that do not; or a context, likewise."""

    language: str
    name: str
    system: str
    leaks: tuple[str, ...]
    clean: tuple[str, ...]


def leak_cases() -> tuple[LeakCase, ...]:
    """Read `texts/answers/leaks.txt`."""
    return _read("leaks.txt")


def support_cases() -> tuple[LeakCase, ...]:
    """Read `texts/answers/support.txt`: of its answers, those under `leak` stand in the context."""
    return _read("support.txt")


def refusal_pairs() -> dict[str, tuple[str, str]]:
    """Read `texts/answers/refusals.txt`: what declines, and what has its words and does not."""
    text = (_TEXTS / "refusals.txt").read_text("utf-8")
    blocks = (block.splitlines() for block in text.split("\n=== ")[1:])
    return {language: (declines, does_not) for language, declines, does_not in blocks}


def _read(name: str) -> tuple[LeakCase, ...]:
    text = (_TEXTS / name).read_text("utf-8")
    return tuple(_case(block) for block in text.split("\n=== ")[1:])


def _case(block: str) -> LeakCase:
    head, _, rest = block.partition("\n")
    language, _, name = head.partition(" ")
    system, *answers = rest.split("\n--- ")
    told: dict[str, list[str]] = {"leak": [], "clean": []}
    for answer in answers:
        kind, _, body = answer.partition("\n")
        told[kind].append(body.strip())
    return LeakCase(language, name, system.strip(), tuple(told["leak"]), tuple(told["clean"]))
