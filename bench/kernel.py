"""The proof checker: the theory, certificates of two sizes, and what must be refused."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
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
    results |= _memory()
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


def _memory() -> dict[str, float]:
    """Peaks of processes that do one thing, and what judging takes above the interpreter alone.

    `resident_mb` is everything: the modules and the extension that are needed, the theory as text
    and as judged, a certificate of 200 rules. `verify_added_mb` is the same for the whole command.
    """
    session = _proved(200, 50)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "delta").write_bytes(session.delta)
        (folder / "policy.pdl").write_text(source(200, 50), "utf-8")
        (folder / "config.toml").write_text(f'state_dir = "{folder}"\n', "utf-8")
        judging = _JUDGING.format(delta=str(folder / "delta"), scope=scope_of(session.image))
        policy, paper, config = (str(folder / it) for it in ("policy.pdl", "paper", "config.toml"))
        _peak(_COMMAND.format(["policy", "prove", policy, "--output", paper, "--config", config]))
        command = _COMMAND.format(["policy", "verify", paper, policy, "--config", config])
        peaks = {
            "interpreter_mb": _peak("pass"),
            "resident_mb": _peak(judging),
            "verify_imports_mb": _peak("import aidefence.delivery.cli.main"),
            "verify_added_mb": _peak(command),
        }
    bare = peaks["interpreter_mb"]
    return {key: round(it - bare * (key != "interpreter_mb"), 1) for key, it in peaks.items()}


_JUDGING = """
from pathlib import Path
from aidefence.engine.kernel import Theory
from aidefence.knowledge.theory import Part, load
theory = Theory.load(load(Part.RULES).data)
assert theory.check(Path({delta!r}).read_bytes(), prefix={scope!r}).accepted
"""
_COMMAND = """
import sys
from aidefence.delivery.cli import main
sys.argv = ["aidefence", *{}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
_PEAK = """
lines = open("/proc/self/status").read().splitlines()
print(next(it.split()[1] for it in lines if it.startswith("VmHWM")))
"""


def _peak(program: str) -> float:
    run = subprocess.run(
        [sys.executable, "-c", program + _PEAK], check=True, capture_output=True, text=True
    )
    return int(run.stdout.split()[-1]) / 1024
