"""Policies as security teams write them, drawn at random, with claims whose truth is known.

A set has guards of high priority that stop what must not happen, exceptions to some of them, and
everyday rules below. Claims that are true by construction speak of guards; each false one comes
from a mistake that people make: an exception for one role, a threshold that the claim puts lower,
a rule that stands behind a graver one, a rate that is claimed lower than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

CATEGORIES = (
    *("prompt_injection", "indirect_injection", "jailbreak", "prompt_extraction"),
    *("data_exfiltration", "tool_abuse", "harmful_request", "sql_injection", "xss"),
    *("command_injection", "malicious_url", "unsafe_output", "secret", "pii"),
)
_CAPABILITIES = ("outward", "shell", "write", "payment", "destructive", "admin")
_TOOLS = ("send_mail", "post_message", "run_shell", "delete_record", "transfer", "read_file")
ROLES = ("support", "analyst", "admin", "guest", "auditor")
TAINTS = ("taint.untrusted", "taint.private", "taint.secret")
_DATA = ("pii.iban", "pii.payment_card", "pii.us_ssn", "secret.password", "secret.private_key")
_GUARD = 900


@dataclass(frozen=True, slots=True)
class Drawn:
    """One policy, its text, and for each claim whether it is true."""

    text: str
    truths: tuple[bool, ...]


def draw(seed: int, *, rules: int, claims: int, false_share: float = 0.0) -> Drawn:
    """Draw a policy of so many rules with so many claims, some of them false."""
    dice = Random(seed)
    truths = tuple(dice.random() >= false_share for _ in range(claims))
    lines, said = list[str](), list[str]()
    guards = [_guard(dice, at) for at in range(max(2, rules // 4))]
    for at, truth in enumerate(truths):
        if truth and dice.random() < _PLAIN:
            said.append(_plain_claim(dice, guards[at % len(guards)], at))
            continue
        place = dice.choice(_PLACES)
        lines += (it.format(at=at) for it in place.rules)
        said.append((place.true if truth else place.false).format(at=at))
    lines += (it.text for it in guards)
    lines += (_everyday(dice, at) for at in range(rules - len(lines)))
    head = [f"policy drawn-{seed} version 1", "default allow", "on error block"]
    proved = [f"prove c{at}: {it}" for at, it in enumerate(said)]
    return Drawn("\n".join([*head, *lines[:rules], *proved]) + "\n", truths)


@dataclass(frozen=True, slots=True)
class _Place:
    """Rules about something that no other rule speaks of, and what may be claimed of them."""

    rules: tuple[str, ...]
    true: str
    false: str


_PLACES = (
    _Place(  # a threshold that the claim puts lower
        ('rule amount-{at} priority 900: review when tool.argument("amount-{at}") >= 1000',),
        'always review or block when tool.argument("amount-{at}") >= 1000',
        'always review or block when tool.argument("amount-{at}") >= 900',
    ),
    _Place(  # an exception that the claim forgets
        ('rule export-{at} priority 900: block when fact("export-{at}") unless approved',),
        'always block or review when fact("export-{at}") unless approved',
        'always block or review when fact("export-{at}")',
    ),
    _Place(  # one role that may do everything
        (
            'rule bypass-{at} priority 895: allow when role is "operator" and fact("wipe-{at}")',
            'rule wipe-{at} priority 890: block when fact("wipe-{at}")',
        ),
        'never allow when fact("wipe-{at}") unless role is "operator"',
        'never allow when fact("wipe-{at}")',
    ),
    _Place(  # a rule behind a graver one
        (
            'rule sealed-{at} priority 900: block when fact("sealed-{at}")',
            'rule noted-{at} priority 10: flag when fact("sealed-{at}") and severity >= high',
        ),
        "rule sealed-{at} can fire",
        "rule noted-{at} can fire",
    ),
    _Place(  # a level that is trusted when it is high
        (
            'rule trusted-{at} priority 860: allow when session.turns >= 5 and fact("known-{at}")',
            'rule level-{at} priority 850: block when session.turns >= 2 and fact("known-{at}")',
            "rule weight-{at} priority 995: block when session.flagged >= 2{at}",
        ),
        "monotone in session.flagged",
        "monotone in session.turns",
    ),
    _Place(
        ('rule rate-{at} priority 900: block what breaks at most 5 fact("call-{at}") in 1 min',),
        'at most 5 fact("call-{at}") in 1 min',
        'at most 3 fact("call-{at}") in 1 min',
    ),
    _Place(
        (
            'rule trace-{at}: block what breaks never fact("send-{at}") after fact("read-{at}")',
            'rule told-{at}: flag what breaks never fact("post-{at}") after fact("read-{at}")',
        ),
        'on every trace never fact("send-{at}") after fact("read-{at}")',
        'on every trace never fact("post-{at}") after fact("read-{at}")',
    ),
)
"""Each mistake shows with nothing else in the request, at noon."""
_PLAIN = 0.6


@dataclass(frozen=True, slots=True)
class _Guard:
    """A rule that stops something: what it asks, and what makes an exception."""

    name: str
    parts: tuple[str, ...]
    score: tuple[str, int] | None
    exception: str
    action: str

    @property
    def text(self) -> str:
        """The rule as it stands in the policy."""
        unless = f" unless {self.exception}" if self.exception else ""
        return f"rule {self.name} priority {_GUARD}: {self.action} when {self.when}{unless}"

    @property
    def when(self) -> str:
        """What the rule asks, its exception aside."""
        scored = () if self.score is None else (f"confidence({self.score[0]}) >= {self.score[1]}%",)
        return " and ".join((*scored, *self.parts))


def _guard(dice: Random, at: int) -> _Guard:
    score = None
    if dice.random() < 0.7:
        score = (CATEGORIES[at % len(CATEGORIES)], dice.choice((60, 70, 80, 90)))
    parts = [
        *((f"tool.can({dice.choice(_CAPABILITIES)})",) if dice.random() < 0.5 else ()),
        *((dice.choice(TAINTS),) if dice.random() < 0.5 else ()),
        *((f"found({dice.choice(_DATA)})",) if dice.random() < 0.2 else ()),
    ]
    if not parts and score is None:
        parts = [f'tool.name in ("{dice.choice(_TOOLS)}", "{dice.choice(_TOOLS)}")']
    exception = ""
    if dice.random() < 0.3:
        exception = dice.choice(("approved", 'role is "auditor"', "approved and not degraded"))
    action = dice.choice(("block", "block", "review"))
    return _Guard(f"guard-{at}", tuple(parts), score, exception, action)


def _everyday(dice: Random, at: int) -> str:
    conditions = (
        f"confidence({dice.choice(CATEGORIES)}) >= {dice.randrange(20, 60, 5)}%",
        f'role is "{dice.choice(ROLES)}"',
        f"session.risk >= {dice.randrange(30, 95, 5)}%",
        f'tool.name is "{dice.choice(_TOOLS)}"',
        f"time.of_day between {dice.randrange(18, 23)}:00 and 06:00",
        f"session.turns > {dice.randrange(20, 200, 10)}",
        f"found({dice.choice(_DATA)})",
        f"severity >= {dice.choice(('medium', 'high'))}",
        f"any_origin({dice.choice(('retrieval', 'tool', 'memory'))})",
    )
    first, second = dice.sample(conditions, 2)
    joined = dice.choice((first, f"{first} and {second}", f"{first} or {second}"))
    unless = " unless approved" if dice.random() < 0.2 else ""
    action = dice.choice(("flag", "flag", "redact", "review", "allow", "block"))
    return f"rule everyday-{at} priority {dice.randrange(1, 800)}: {action} when {joined}{unless}"


def _plain_claim(dice: Random, guard: _Guard, made: int) -> str:
    narrowed = f"{guard.when} and {dice.choice(TAINTS)}" if made % 3 == 1 else guard.when
    excepted = f" unless {guard.exception}" if guard.exception else ""
    if made % 7 == 3:
        return f"never allow or flag or redact when {narrowed}{excepted}"
    if made % 7 == 5:
        return "possible session.age >= 1 h"
    return f"always block or review when {narrowed}{excepted}"
