"""Certificates that an edit of their policy breaks: proved again, or answered with a request.

Edits are those that people make: a threshold, a rule more or less, priorities exchanged, another
name in a condition, another action, an exception more or less. Two of three touch a rule that the
claims are about. Every certificate is one of the policy before: it must not hold for the new one.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from aidefence.adapters.signing import SigningKey
from aidefence.engine.policies import PolicySet
from aidefence.policy.compiling import Compiled, compile_source
from aidefence.proof import Proved, Refuted, certify, prove, read_certificate, verify
from aidefence.proof.proving import Session
from bench.policy_sets import CATEGORIES, ROLES, TAINTS, draw

_EACH = 30
_CLAIMS = 6
_TOUCHED = 2 / 3
_NOW_MS = 1_800_000_000_000
_ACTIONS = ("allow", "flag", "redact", "review", "block")
_ACTION = re.compile(rf": ({'|'.join(_ACTIONS)}) when ")
_PRIORITY = re.compile(r" priority (\d+)")
_NUMBER = re.compile(r"(?<=[<>=] )\d+\b")
_FACT = re.compile(r'fact\("([\w-]+)"\)')
_NAMES = (ROLES, CATEGORIES, TAINTS)


def measure_edits() -> dict[str, Any]:
    """Edit policies that have a certificate, and prove what they claim again."""
    by_kind: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        key = SigningKey(Path(folder) / "audit.key")
        for kind, edit in _EDITS.items():
            by_kind[kind] = Counter()
            for seed in range(_EACH):
                by_kind[kind] += _answered(f"{kind}{seed}", seed, edit, key)
    total = sum(by_kind.values(), Counter[str]())
    return {
        "edited_policies": total["edits"],
        "edited_claims": total["claims"],
        "edited_answered": round((total["proved"] + total["refuted"]) / total["claims"], 4),
        "edited_proved": total["proved"],
        "edited_refuted": total["refuted"],
        "edited_by_kind": {kind: dict(sorted(counts.items())) for kind, counts in by_kind.items()},
    }


def _answered(
    name: str, seed: int, edit: Callable[[list[str], int, Random], None], key: SigningKey
) -> Counter[str]:
    dice = Random(f"7{name}")
    lines = draw(seed, rules=20 + seed % 30, claims=_CLAIMS).text.splitlines()
    before = compile_source("\n".join(lines) + "\n")
    certificate = certify(_proved(before), key, _NOW_MS).json
    after = _edited(lines, edit, dice)
    old = read_certificate(certificate)
    if not verify(old, after.image, known=key.verify, now_ms=_NOW_MS).faults:
        raise AssertionError(f"{name}: a certificate holds for a policy that was edited")
    session = _proved(after)
    again = read_certificate(certify(session, key, _NOW_MS).json)
    found = verify(again, after.image, known=key.verify, now_ms=_NOW_MS)
    proved = sum(isinstance(it, Proved) for it in session.outcomes)
    if found.faults or len(found.proved) != proved:
        raise AssertionError(f"{name}: the new certificate does not hold: {found.faults}")
    refuted = sum(isinstance(it, Refuted) for it in session.outcomes)
    claims = len(session.outcomes)
    return Counter(edits=1, claims=claims, proved=proved, refuted=refuted)


def _proved(compiled: Compiled) -> Session:
    return prove(compiled.image, compiled.properties, load=PolicySet.load)


def _edited(
    lines: list[str], edit: Callable[[list[str], int, Random], None], dice: Random
) -> Compiled:
    """Return the policy with one edit: of a rule that claims are about, more often than not."""
    claimed = "\n".join(it for it in lines if it.startswith("prove"))
    rules = [at for at, it in enumerate(lines) if it.startswith("rule")]
    touched = [at for at in rules if _is_claimed(lines[at], claimed)]
    first, second = (touched, rules) if dice.random() < _TOUCHED else (rules, touched)
    order = [*dice.sample(first, len(first)), *dice.sample(second, len(second))]
    for at in order:
        new = list(lines)
        edit(new, at, dice)
        # What a claim names must stay there; that a name is missing is said before any proof.
        names = {it.split()[1].rstrip(":") for it in new if it.startswith("rule")}
        named = set(re.findall(r"rule (\S+) can fire", claimed))
        if new != lines and named <= names:
            return compile_source("\n".join(new) + "\n")
    raise AssertionError("no rule can be edited so")


def _is_claimed(rule: str, claimed: str) -> bool:
    condition = rule.partition(" when ")[2].partition(" unless ")[0]
    facts = _FACT.findall(rule)
    return (condition and condition in claimed) or any(f'"{it}"' in claimed for it in facts)


def _threshold(lines: list[str], at: int, dice: Random) -> None:
    def moved(found: re.Match[str]) -> str:
        number = int(found.group())
        step = dice.choice((-1, 1)) * max(1, number // dice.choice((5, 20)))
        most = 100 if found.string[found.end() :].startswith("%") else number + abs(step)
        return str(min(max(1, number + step), most))

    lines[at] = _NUMBER.sub(moved, lines[at], count=1)


def _removed(lines: list[str], at: int, dice: Random) -> None:
    del lines[at], dice


def _added(lines: list[str], at: int, dice: Random) -> None:
    found = _PRIORITY.search(lines[at])
    if found is None:
        return
    condition = lines[at].partition(" when ")[2].partition(" unless ")[0]
    priority = int(found.group(1)) + dice.choice((-10, 10))
    action = dice.choice(_ACTIONS)
    role = dice.choice(ROLES)
    new = f'rule added priority {priority}: {action} when role is "{role}" and ({condition})'
    if condition:
        lines.insert(at, new)


def _exchanged(lines: list[str], at: int, dice: Random) -> None:
    others = [it for it, line in enumerate(lines) if it != at and _PRIORITY.search(line)]
    mine = _PRIORITY.search(lines[at])
    if mine is None or not others:
        return
    other = dice.choice(others)
    its = _PRIORITY.search(lines[other])
    if its is not None:
        lines[at] = _PRIORITY.sub(its.group(), lines[at])
        lines[other] = _PRIORITY.sub(mine.group(), lines[other])


def _renamed(lines: list[str], at: int, dice: Random) -> None:
    for names in dice.sample(_NAMES, len(_NAMES)):
        for name in names:
            used = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])")
            if used.search(lines[at]):
                other = dice.choice([it for it in names if it != name])
                lines[at] = used.sub(other, lines[at], count=1)
                return
    lines[at] = _FACT.sub(r'fact("other-\1")', lines[at], count=1)


def _acted(lines: list[str], at: int, dice: Random) -> None:
    found = _ACTION.search(lines[at])
    if found is not None:
        other = dice.choice([it for it in _ACTIONS if it != found.group(1)])
        lines[at] = _ACTION.sub(f": {other} when ", lines[at])


def _excepted(lines: list[str], at: int, dice: Random) -> None:
    if " when " in lines[at]:
        lines[at] += dice.choice((" unless approved", f' unless role is "{dice.choice(ROLES)}"'))


def _unexcepted(lines: list[str], at: int, dice: Random) -> None:
    del dice
    lines[at] = lines[at].partition(" unless ")[0]


_EDITS: dict[str, Callable[[list[str], int, Random], None]] = {
    "threshold moved": _threshold,
    "rule removed": _removed,
    "rule added": _added,
    "priorities exchanged": _exchanged,
    "another name": _renamed,
    "another action": _acted,
    "exception added": _excepted,
    "exception removed": _unexcepted,
}
