"""Policies from their text to their closed form: how long it takes, and that nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median

from aidefence.policy.compiling import Compiled, compile_source
from aidefence.policy.formatting import format_source
from aidefence.policy.image import Image
from aidefence.policy.parsing import parse
from bench.record import Outcome

_REPEATS = 5
_KINDS = 8


def measure() -> Outcome:
    """Compile generated policies of 200 and of 2,000 rules, and write them in their layout."""
    results: dict[str, float | int] = {}
    for rules, claims in ((200, 50), (2_000, 500)):
        text = source(rules, claims)
        compiled = compile_source(text)
        results |= {
            f"compile_ms_{rules}": _milliseconds(partial(compile_source, text)),
            f"format_ms_{rules}": _milliseconds(partial(_formatted, text)),
            f"image_ms_{rules}": _milliseconds(partial(_read_again, compiled)),
            f"source_bytes_{rules}": len(text.encode()),
            f"image_bytes_{rules}": len(compiled.image.to_json()),
            f"right_{rules}": int(_is_right(compiled, rules, claims, text)),
        }
    return Outcome(
        "generated policies: 200 rules with 50 claims, 2,000 rules with 500; eight kinds of rule "
        "in turn, among them rates, formulas and what looks back; median of 5",
        _REPEATS,
        results,
    )


def source(rules: int, claims: int) -> str:
    """Write a policy of so many rules and claims."""
    said = ["policy bench version 1", "default profile", "on error block"]
    said.append('define sensitive as tool.name in ("send_mail", "shell") or tool.can(destructive)')
    said += [_rule(number) for number in range(rules)]
    said += [_claim(number) for number in range(claims)]
    return "\n".join(said) + "\n"


def _rule(number: int) -> str:
    share = 5_000 + number % 5_000
    percent = f"{share // 100}.{share % 100:02}%"
    bodies = (
        f"block when confidence(prompt_injection from retrieval) >= {percent} and sensitive",
        f'review when role is "role-{number % 100}" and tool.argument("amount") > {number}.50 EUR',
        f"block when found(secret) and direction is output unless session.turns > {number}",
        f"flag when time.of_day between 22:00 and 06:00 and session.risk > {percent}",
        f'block when tool.argument("path") matches "/etc/{number}/*"',
        f"review when sensitive since degraded and text.length > {number}",
        f"block what breaks at most {number % 50 + 1} sensitive in 1 h per user",
        f'block what breaks never sensitive after matched("rule-{number}") until approved',
    )
    # An image holds at most 200 formulas.
    kind = number % (_KINDS if number < 8 * 100 else _KINDS - 1)
    priority = "" if kind == _KINDS - 1 else f" priority {number % 900 + 1}"
    return f'rule rule-{number}{priority}:\n    {bodies[kind]}\n    because "reason {number}"'


def _claim(number: int) -> str:
    return (
        f"prove claim-{number}: always block or review when "
        f"confidence(prompt_injection from retrieval) >= {50 + number % 50}% and sensitive"
    )


def _is_right(compiled: Compiled, rules: int, claims: int, text: str) -> bool:
    image = compiled.image
    # The profile adds four rules of its own.
    whole = len(image.rules) - 4 + len(image.temporal) == rules
    again = compile_source(format_source(parse(text))).image
    return whole and len(compiled.properties) == claims and again.digest == image.digest


def _formatted(text: str) -> str:
    return format_source(parse(text))


def _read_again(compiled: Compiled) -> Image:
    return Image.from_json(compiled.image.to_json())


def _milliseconds(call: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS):
        begin = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - begin)
    return round(median(times) / 1e6, 2)
