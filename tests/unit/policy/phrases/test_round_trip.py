"""What a policy says of itself in plain words is read back as the same policy, or not at all."""

import random
from collections import Counter

from aidefence.domain.enums import Action
from aidefence.policy.compiling import compile_source, compile_tree
from aidefence.policy.paraphrase import paraphrase
from aidefence.policy.parsing import parse
from aidefence.policy.phrases.reading import Ambiguous, Refused, read_phrase
from aidefence.policy.tree import Default, Header, OnError, Rule, Source

from .meaning import same_meaning

_HEAD = "policy phrase version 1\ndefault allow\non error block\n"
_ATOMS = (
    *("confidence(jailbreak) >= 80%", "confidence >= 80%", "category is jailbreak"),
    *("confidence(prompt_injection from retrieval) > 50%", "severity >= high", "approved"),
    *('matched("pi-0007")', "found(secret)", "found(pii.iban)", "found(secret.github_token)"),
    *("found_count(pii) > 3", "found_count(pii.iban) between 2 and 4", "degraded", "found(pii)"),
    *('degraded("tier3")', "direction is output", "origin is retrieval"),
    *("any_origin(tool)", "any_modality(image)", "modality is audio", "text.length > 5000"),
    *('tool.name is "send_mail"', 'tool.name in ("a", "b")', 'tool.name starts with "db_"'),
    *('tool.server is "github"', "tool.can(shell)", "tool.can(outward)", "tool.can(payment)"),
    *("tool.can(destructive)", "tool.can(private)", 'tool.argument("path") starts with "/etc"'),
    *('tool.argument("amount") > $100', "taint.untrusted", "taint.private", "taint.secret"),
    *("taint.arguments", 'user is "bob"', 'role is "admin"', 'role in ("admin", "operator")'),
    *('tenant is "acme"', 'plan is "free"', "door is mcp", 'fact("audience") is "children"'),
    *("session.risk > 50%", "session.turns > 20", "session.blocked >= 3", "session.flagged < 2"),
    *("session.age > 2 h", "session.spend > $5", "user.spend >= $5", "tenant.spend > $500"),
    *("time.of_day >= 18:00", "time.weekday in (saturday, sunday)", "severity is critical"),
)


def _policies(dice: random.Random) -> str:
    """Make the rule of a random policy of up to four conditions."""
    atoms = dice.sample(_ATOMS, dice.randint(1, 3))
    parts = [f"not {it}" if dice.random() < 0.2 else it for it in atoms]
    inner = f" {dice.choice(['and', 'or'])} ".join(parts[1:])
    when = parts[0] if not inner else f"{parts[0]} {dice.choice(['and', 'or'])} ({inner})"
    unless = f" unless {dice.choice(_ATOMS)}" if dice.random() < 0.3 else ""
    return f"rule rule: {dice.choice(list(Action))} when {when}{unless}\n"


def test_what_is_said_of_a_policy_is_read_back_as_the_policy() -> None:
    dice = random.Random(11)
    fates = Counter[str]()
    for _ in range(600):
        written = _policies(dice)
        rule = next(it for it in parse(_HEAD + written).items if isinstance(it, Rule))
        outcome = read_phrase(paraphrase(rule))
        if isinstance(outcome, Refused):
            fates["refused"] += 1
            continue
        readings = outcome.readings if isinstance(outcome, Ambiguous) else (outcome.reading,)
        meant = compile_source(_HEAD + written).image
        around = (Default(Action.ALLOW), OnError(Action.BLOCK))
        images = (
            compile_tree(Source(Header("phrase"), (*around, it.rule))).image for it in readings
        )
        found = any(same_meaning(image, meant) for image in images)
        fates["asked" if isinstance(outcome, Ambiguous) else "read"] += 1
        assert found or isinstance(outcome, Ambiguous), (written, paraphrase(rule))
    assert fates["read"] + fates["asked"] >= 480, fates
