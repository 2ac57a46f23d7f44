"""The proof checker: the theory, certificates of two sizes, and what must be refused."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from aidefence.engine import PolicySet
from aidefence.engine import Theory as Judge
from aidefence.knowledge.theory import Part, load
from aidefence.policy.compiling import compile_source
from aidefence.proof.proving import Session, prove, scope_of
from bench.record import Outcome

_REPEATS = 5
_SIZES = ((20, 5), (200, 50), (2_000, 500))


def measure() -> Outcome:
    """Judge the theory, then certificates of policies whose rules all block."""
    whole = load().data
    judge = Judge.load(load(Part.RULES).data)
    results: dict[str, float | int] = {
        "theory_ms": _milliseconds(partial(Judge.load, whole)),
        "rules_ms": _milliseconds(partial(Judge.load, load(Part.RULES).data)),
        "theory_bytes": len(whole),
    }
    for rules, claims in _SIZES:
        session = _proved(rules, claims)
        scope = scope_of(session.image)
        judged = judge.check(session.delta, prefix=scope)
        forged = session.delta.replace(b'"natVal":"100"', b'"natVal":"9900"')
        results |= {
            f"check_ms_{rules}": _milliseconds(partial(judge.check, session.delta, prefix=scope)),
            f"steps_{rules}": judged.steps,
            f"delta_bytes_{rules}": len(session.delta),
            f"accepted_{rules}": int(judged.accepted and len(session.outcomes) == claims),
            f"forged_accepted_{rules}": int(judge.check(forged, prefix=scope).accepted),
        }
    results["resident_mb"] = _resident()
    return Outcome(
        "the shipped theory; 20 rules with 5 claims, 200 with 50, 2,000 with 500, each claim that "
        "a condition always blocks; forged: one threshold of the policy changed, the proof left",
        _REPEATS,
        results,
    )


def source(rules: int, claims: int) -> str:
    """Write a policy whose rules block by thresholds of two scores, and claims about some."""
    said = ["policy bench version 1", "default allow", "on error block"]
    for number in range(rules):
        when = _condition(number, 1)
        said.append(f"rule r{number} priority {rules - number}: block when {when}")
    said += [
        f"prove c{number}: always block when {_condition(number, 2)}" for number in range(claims)
    ]
    return "\n".join(said) + "\n"


def _condition(number: int, step: int) -> str:
    # Rules have odd thresholds and claims the even ones above: a forger can change one alone.
    risk, sure = number % 49 * 2 + step, number % 40 + 50
    return f"session.risk >= {risk}% and confidence(prompt_injection) >= {sure}%"


def _proved(rules: int, claims: int) -> Session:
    compiled = compile_source(source(rules, claims))
    return prove(compiled.image, compiled.properties, load=PolicySet.load)


def _milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1e3)
    return round(median(times), 2)


def _resident() -> float:
    """Say what judging the theory takes at its most, in a process that does nothing else."""
    program = (
        "from aidefence.engine import Theory\n"
        "from aidefence.knowledge.theory import load\n"
        "def now(key):\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return next(int(it.split()[1]) for it in lines if it.startswith(key))\n"
        "data = load().data\n"
        "before = now('VmRSS')\n"
        "Theory.load(data)\n"
        "print(now('VmHWM') - before)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return round(int(run.stdout) / 1024, 1)
