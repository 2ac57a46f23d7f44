"""Says in plain sentences what a policy says, for people who do not read its language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from types import MappingProxyType

from aidefence.domain.policies import Scope
from aidefence.policy.formatting import format_value
from aidefence.policy.tree import (
    Ahead,
    And,
    Ask,
    AtMost,
    Back,
    Claim,
    Compare,
    CountOf,
    Default,
    Define,
    Expression,
    Follows,
    Future,
    Header,
    Implies,
    Include,
    Item,
    Last,
    Memory,
    Never,
    Not,
    OnError,
    Operator,
    Or,
    Parameter,
    Past,
    Prove,
    Release,
    Rule,
    Since,
    Timezone,
    Truth,
    Unit,
    Until,
    Use,
    Value,
)

NOUNS: Mapping[str, str] = MappingProxyType(
    {
        "confidence": "the confidence of {}",
        "category": "the leading category",
        "severity": "the severity",
        "found_count": "the number of places with {}",
        "profile.action": "the profile's decision",
        "event": "the event",
        "direction": "the direction",
        "origin": "the origin",
        "modality": "the modality",
        "text.length": "the length of the text",
        "tool.name": "the tool",
        "tool.server": "the tool's server",
        "tool.argument": "the argument {}",
        "user": "the user",
        "role": "the user's role",
        "tenant": "the tenant",
        "plan": "the plan",
        "door": "the door",
        "fact": "the fact {}",
        "session.risk": "the risk of the session",
        "session.turns": "the number of turns of the session",
        "session.blocked": "the number of blocked events of the session",
        "session.flagged": "the number of flagged events of the session",
        "session.age": "the age of the session",
        "session.spend": "the spend of the session",
        "user.spend": "the spend of the user",
        "tenant.spend": "the spend of the tenant",
        "time.of_day": "the time of day",
        "time.weekday": "the day of the week",
    }
)
"""What a feature that is compared is called; `{}` is its argument in words."""

FLAGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "matched": ("the rule {} has found something", "the rule {} has found nothing"),
        "found": ("{} is found", "{} is not found"),
        "degraded": ("{} did not run", "{} did run"),
        "any_origin": ("some content comes from {}", "no content comes from {}"),
        "any_modality": ("some content is {}", "no content is {}"),
        "tool.can": ("the tool can {}", "the tool cannot {}"),
        "taint.untrusted": (
            "untrusted text has reached the session",
            "no untrusted text has reached the session",
        ),
        "taint.private": (
            "private data was read in the session",
            "no private data was read in the session",
        ),
        "taint.secret": (
            "a secret was read in the session",
            "no secret was read in the session",
        ),
        "taint.arguments": (
            "the call carries untrusted values",
            "the call carries no untrusted values",
        ),
        "approved": ("a person has approved it", "no person has approved it"),
        "fact": ("the fact {} is true", "the fact {} is not true"),
        "tool.argument": ("the argument {} is true", "the argument {} is not true"),
    }
)
"""What a flag says when it is set, and when it is not."""

_DATA = {"pii": "private data", "secret": "a secret"}
CAPABILITIES: Mapping[str, str] = MappingProxyType(
    {
        "private": "read private data",
        "untrusted": "bring untrusted text",
        "outward": "send data out",
        "shell": "run commands",
        "write": "write",
        "network": "use the network",
        "payment": "pay",
        "destructive": "destroy",
        "admin": "administer",
    }
)
"""What a tool that has a capability can do."""

_IS: Mapping[Operator, str] = MappingProxyType(
    {
        Operator.IS: "is",
        Operator.IS_NOT: "is not",
        Operator.IN: "is one of",
        Operator.NOT_IN: "is none of",
        Operator.AT_LEAST: "is at least",
        Operator.ABOVE: "is above",
        Operator.AT_MOST: "is at most",
        Operator.BELOW: "is below",
        Operator.BETWEEN: "is between",
        Operator.MATCHES: "matches",
        Operator.STARTS: "starts with",
        Operator.ENDS: "ends with",
        Operator.CONTAINS: "contains",
        Operator.PRESENT: "is given",
        Operator.ABSENT: "is not given",
    }
)


def paraphrase(item: Header | Item) -> str:
    """Say one thing that a policy says as a sentence."""
    return _say(item)


def in_words(expression: Expression) -> str:
    """Say a condition or formula as part of a sentence."""
    return _words(expression)


# --- sentences -----------------------------------------------------------------------------------


@singledispatch
def _say(item: Header | Item) -> str:
    raise TypeError(f"`{type(item).__name__}` is nothing that a policy says")


@_say.register
def _(it: Header) -> str:
    if it.is_template:
        return f"This is the template {it.name}."
    return f"This is version {it.version} of the policy {it.name}."


@_say.register
def _(it: Timezone) -> str:
    return f"Times are those at {it.offset} from UTC."


@_say.register
def _(it: Default) -> str:
    if it.action is None:
        return "What no rule speaks of is decided by the profile."
    return f"What no rule speaks of: {it.action.value}."


@_say.register
def _(it: OnError) -> str:
    return f"Where the policy cannot be asked: {it.action.value}."


@_say.register
def _(it: Include) -> str:
    return f"What the file “{it.path}” says counts as well."


@_say.register
def _(it: Use) -> str:
    said = f"The template {it.template} is used"
    said += f" under the name {it.prefix}" if it.prefix else ""
    settings = [f"{one.name} is {_listed(one.values, 'and')}" for one in it.arguments]
    return f"{said}, where {' and '.join(settings)}." if settings else f"{said}."


@_say.register
def _(it: Parameter) -> str:
    return f"Unless it is set otherwise, {it.name} is {_listed(it.values, 'and')}."


@_say.register
def _(it: Define) -> str:
    return f"“{it.name}” means that {_words(it.condition)}."


@_say.register
def _(it: Rule) -> str:
    action = it.action.value.capitalize()
    if it.breaks is not None:
        said = f"{action} whatever breaks this: {_words(it.breaks)}"
    elif it.when is None:
        said = f"{action} always"
    else:
        said = f"{action} when {_words(it.when)}"
    said += "".join(f", unless {_words(one)}" for one in it.unless)
    return f"{said}." + (f" Reason: {it.because}" if it.because else "")


@_say.register
def _(it: Prove) -> str:
    said = _CLAIMS[it.claim].format(
        actions=" or ".join(action.value for action in it.actions),
        rule=it.rule,
        than=it.than,
        feature=_noun(it.feature) if it.feature else "",
        when=_words(it.when) if it.when else "",
    )
    if it.claim in {Claim.ALWAYS, Claim.NEVER} and it.when is not None:
        said += f" when {_words(it.when)}"
    said += "".join(f", unless {_words(one)}" for one in it.unless)
    return f"{said}."


_CLAIMS: Mapping[Claim, str] = MappingProxyType(
    {
        Claim.ALWAYS: "It is to be proved that the decision is always {actions}",
        Claim.NEVER: "It is to be proved that the decision is never {actions}",
        Claim.POSSIBLE: "It is to be proved that this can happen: {when}",
        Claim.LIVE: "It is to be proved that the rule {rule} can decide",
        Claim.ALL_LIVE: "It is to be proved that every rule can decide",
        Claim.NO_CONFLICT: (
            "It is to be proved that no two rules of one priority disagree about a request"
        ),
        Claim.COMPLETE: "It is to be proved that some rule speaks of every request",
        Claim.MONOTONE: "It is to be proved that more of {feature} never makes the decision milder",
        Claim.AT_MOST: "It is to be proved that this holds: {when}",
        Claim.TRACE: "It is to be proved that on every trace that is let through {when}",
        Claim.REFINES: "It is to be proved that it allows no more than “{than}”",
        Claim.EQUIVALENT: "It is to be proved that it decides the same as “{than}”",
    }
)


# --- conditions and formulas ---------------------------------------------------------------------


@singledispatch
def _words(expression: Expression) -> str:
    raise TypeError(f"`{type(expression).__name__}` is no condition")


@_words.register
def _(it: Truth) -> str:
    return "anything" if it.value else "nothing"


@_words.register
def _(_: Last) -> str:
    return "no event follows"


@_words.register
def _(it: Ask) -> str:
    return _flag(it, 0)


@_words.register
def _(it: Compare) -> str:
    noun = _noun(it.subject) if isinstance(it.subject, Ask) else _counted(it.subject)
    if it.operator is Operator.BETWEEN:
        return f"{noun} is between {_listed(it.values, 'and')}"
    values = f" {_listed(it.values, 'or')}" if it.values else ""
    return f"{noun} {_IS[it.operator]}{values}"


@_words.register
def _(it: Not) -> str:
    if isinstance(it.part, Ask):
        return _flag(it.part, 1)
    return f"it is not so that {_part(it.part)}"


@_words.register
def _(it: And) -> str:
    return " and ".join(_part(one) for one in it.parts)


@_words.register
def _(it: Or) -> str:
    return " or ".join(_part(one) for one in it.parts)


@_words.register
def _(it: Implies) -> str:
    return f"if {_part(it.left)}, then {_part(it.right)}"


@_words.register
def _(it: Back) -> str:
    how = {
        Past.ONCE: "now or before",
        Past.EARLIER: "at an earlier event",
        Past.PREVIOUSLY: "at the event before",
    }[it.how]
    how = f"now or in the last {format_value(it.window)}" if it.window else how
    return f"{how}{_memory(it.memory)} {_part(it.part)}"


@_words.register
def _(it: Since) -> str:
    return f"ever since {_part(it.right)}{_memory(it.memory)}, {_part(it.left)}"


@_words.register
def _(it: Ahead) -> str:
    how = {
        Future.ALWAYS: "from now on always",
        Future.EVENTUALLY: "at some time",
        Future.NEXT: "at the next event, which comes,",
        Future.WEAK_NEXT: "at the next event, if one comes,",
    }[it.how]
    return f"{how} {_part(it.part)}"


@_words.register
def _(it: Until) -> str:
    return f"{_part(it.left)} until {_part(it.right)}, which comes"


@_words.register
def _(it: Release) -> str:
    return f"{_part(it.right)} up to and with the event where {_part(it.left)}"


@_words.register
def _(it: Never) -> str:
    said = f"it never happens that {_part(it.what)}"
    said += f" before {_part(it.before)}" if it.before else ""
    said += f" after {_part(it.after)}" if it.after else ""
    return said + (f" until {_part(it.until)}" if it.until else "")


@_words.register
def _(it: Follows) -> str:
    events = " events" if it.within.unit is Unit.WHOLE else ""
    return (
        f"whenever {_part(it.first)}, within {format_value(it.within)}{events}"
        f"{_memory(it.memory)} {_part(it.then)}"
    )


@_words.register
def _(it: AtMost) -> str:
    return (
        f"it happens at most {format_value(it.most)} times in {format_value(it.window)}"
        f"{_memory(it.memory)} that {_part(it.what)}"
    )


def _part(expression: Expression) -> str:
    """Say a part; what has parts of its own stands in parentheses."""
    said = _words(expression)
    is_single = isinstance(expression, Ask | Compare | Truth | Last)
    if isinstance(expression, Not):
        is_single = isinstance(expression.part, Ask)
    return said if is_single else f"({said})"


def _counted(it: CountOf) -> str:
    window = f"in the last {format_value(it.window)}{_memory(it.memory)}"
    return f"the number of earlier events {window} where {_part(it.part)}"


def _memory(memory: Memory) -> str:
    per = "" if memory.per is Scope.SESSION else f" of the {memory.per.value}"
    return f"{per}, counting refused ones," if memory.attempts else per


def _flag(ask: Ask, which: int) -> str:
    said = FLAGS.get(ask.name)
    if said is None:
        return f"“{ask.name}” {'does not hold' if which else 'holds'}"
    return said[which].format(_argument(ask))


def _noun(ask: Ask) -> str:
    said = NOUNS.get(ask.name)
    return f"“{ask.name}”" if said is None else said.format(_argument(ask))


def _argument(ask: Ask) -> str:
    if ask.name == "degraded":
        return f"the check {ask.argument}" if ask.argument else "a check"
    if ask.name == "tool.can":
        return CAPABILITIES.get(ask.argument, ask.argument)
    if ask.name == "confidence" and not ask.argument:
        return "the leading category"
    if ask.name in {"found", "found_count"}:
        category, _, kind = ask.argument.partition(".")
        kind = kind.strip('"').replace("_", " ")
        words = _DATA.get(category, ask.argument)
        return f"{words} ({kind})" if kind else words
    if ask.argument.startswith(('"', "$")):
        return ask.argument
    what, _, origin = ask.argument.partition(" from ")
    what = what.replace("_", " ")
    return f"{what} in contents from {origin}" if origin else what


def _listed(values: Sequence[Value], word: str) -> str:
    shown = [_value(it) for it in values]
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _value(value: Value) -> str:
    return value.text.replace("_", " ") if value.unit is Unit.WORD else format_value(value)
