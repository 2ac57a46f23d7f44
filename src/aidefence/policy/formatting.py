"""Writes a policy in its one layout. What was read from it is the same policy again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import singledispatch

from aidefence.domain.policies import Scope
from aidefence.policy.catalog import quoted
from aidefence.policy.cursor import RESERVED
from aidefence.policy.expressions import MANY
from aidefence.policy.tree import (
    Ahead,
    And,
    Argument,
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
    Prove,
    Release,
    Rule,
    Since,
    Source,
    Timezone,
    Truth,
    Unit,
    Until,
    Use,
    Value,
)

WIDTH = 100
_INDENT = "    "
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*", re.ASCII)
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))

# How tightly a form binds: a looser one inside a tighter one stands in parentheses.
_IMPLIES, _OR, _AND, _UNTIL, _UNARY, _PRIMARY = range(6)
_BINDS: dict[type, int] = {
    # Its last part goes on as far as it can.
    Never: -1,
    Implies: _IMPLIES,
    Or: _OR,
    And: _AND,
    Until: _UNTIL,
    Release: _UNTIL,
    Since: _UNTIL,
    Truth: _PRIMARY,
    Last: _PRIMARY,
    Ask: _PRIMARY,
    Compare: _PRIMARY,
}


def format_source(source: Source) -> str:
    """Write a policy in its one layout, with its comments."""
    before: dict[int, list[str]] = {}
    behind: dict[int, str] = {}
    for comment in source.comments:
        if comment.trails:
            behind[comment.line] = comment.text
        else:
            before.setdefault(comment.line, []).append(comment.text)
    written: list[str] = []
    number = 0
    last: Header | Item | None = None
    for item in (*([source.header] if source.header else []), *source.items):
        if last is not None and (_stands_alone(item, last) or number in before):
            written.append("")
        for line in _item(item):
            indent = line[: len(line) - len(line.lstrip())]
            written += [_comment(it, indent) for it in before.get(number, ())]
            trailing = behind.get(number)
            written.append(line if trailing is None else f"{line}  {_comment(trailing)}")
            number += 1
        last = item
    rest = [_comment(it) for it in before.get(number, ())]
    if rest and written:
        written.append("")
    return "".join(f"{line}\n" for line in (*written, *rest))


def format_item(item: Header | Item) -> str:
    """Write one thing that a policy says."""
    return "\n".join(_item(item))


def format_expression(expression: Expression) -> str:
    """Write a condition or formula in one line."""
    return _write(expression)


def format_value(value: Value) -> str:
    """Write a value with its unit."""
    return _VALUES[value.unit](value)


def _clock(value: Value) -> str:
    return f"{value.number // 60:02}:{value.number % 60:02}"


def _money(value: Value) -> str:
    return f"{value.number // 100}.{value.number % 100:02} {value.text}"


_VALUES: dict[Unit, Callable[[Value], str]] = {
    Unit.WHOLE: lambda it: str(it.number),
    Unit.PERCENT: lambda it: f"{_decimal(it.number)}%",
    Unit.MONEY: _money,
    Unit.DURATION: lambda it: format_duration(it.number),
    Unit.CLOCK: _clock,
    Unit.TEXT: lambda it: quoted(it.text),
    Unit.WORD: lambda it: it.text,
    Unit.PARAMETER: lambda it: f"${it.text}",
}


def format_duration(ms: int) -> str:
    """Write a duration in the largest unit that it is a multiple of."""
    for name, factor in _UNITS:
        if ms and ms % factor == 0:
            return f"{ms // factor} {name}"
    return f"{ms} ms"


def format_name(name: str) -> str:
    """Write the name of a rule or policy, in quotes where it is no single word."""
    return name if _ID.fullmatch(name) else quoted(name)


def _comment(text: str, indent: str = "") -> str:
    return f"{indent}# {text}".rstrip()


def _decimal(hundredths: int) -> str:
    whole, part = divmod(hundredths, 100)
    return f"{whole}.{part:02}".rstrip("0").rstrip(".")


def _stands_alone(item: Header | Item, last: Header | Item) -> bool:
    settings = Timezone | Default | OnError
    if isinstance(item, settings) and isinstance(last, settings):
        return False
    return type(item) is not type(last) or isinstance(item, Rule)


# --- items ---------------------------------------------------------------------------------------


@singledispatch
def _item(item: Header | Item) -> list[str]:
    """Write an item. A line may hold breaks; a comment behind it stands behind the last."""
    raise TypeError(f"`{type(item).__name__}` is nothing that a policy says")


@_item.register
def _(item: Header) -> list[str]:
    if item.is_template:
        return [f"template {format_name(item.name)}"]
    return [f"policy {format_name(item.name)} version {item.version}"]


@_item.register
def _(item: Define) -> list[str]:
    return [_folded(f"define {item.name} as", item.condition, _INDENT)]


@_item.register
def _(item: Timezone) -> list[str]:
    return [f"timezone {'UTC' if item.offset == '+00:00' else item.offset}"]


@_item.register
def _(item: Default) -> list[str]:
    return [f"default {item.action.value if item.action else 'profile'}"]


@_item.register
def _(item: OnError) -> list[str]:
    return [f"on error {item.action.value}"]


@_item.register
def _(item: Include) -> list[str]:
    return [f"include {quoted(item.path)}"]


@_item.register
def _(item: Parameter) -> list[str]:
    return [f"parameter {_set(item)}"]


@_item.register
def _(item: Use) -> list[str]:
    written = f"use {format_name(item.template)}"
    written += f" as {format_name(item.prefix)}" if item.prefix else ""
    if not item.arguments:
        return [written]
    settings = [_set(it) for it in item.arguments]
    line = f"{written} with {', '.join(settings)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{written} with\n{_INDENT}" + f",\n{_INDENT}".join(settings)]


def _set(item: Argument | Parameter) -> str:
    values = ", ".join(format_value(it) for it in item.values)
    return f"{item.name} = ({values})" if item.is_list else f"{item.name} = {values}"


@_item.register
def _(rule: Rule) -> list[str]:
    priority = "" if rule.priority is None else f" priority {rule.priority}"
    lines = [f"rule {format_name(rule.id)}{priority}:"]
    action = rule.action.value
    if rule.breaks is not None:
        lines.append(_folded(f"{_INDENT}{action} what breaks", rule.breaks, _INDENT * 2))
    elif rule.when is None:
        lines.append(f"{_INDENT}{action} always")
    else:
        lines.append(_folded(f"{_INDENT}{action} when", rule.when, _INDENT * 2))
    lines += [_folded(f"{_INDENT}unless", it, _INDENT * 2) for it in rule.unless]
    if rule.because:
        lines.append(f"{_INDENT}because {quoted(rule.because)}")
    return lines


@_item.register
def _(item: Prove) -> list[str]:
    return [_prove(item)]


def _prove(item: Prove) -> str:
    name = f" {format_name(item.id)}:" if item.id else ""
    start = f"prove{name} {item.claim.value}"
    if item.claim in {Claim.ALWAYS, Claim.NEVER}:
        start += f" {' or '.join(it.value for it in item.actions)}"
        if item.when is not None:
            start = _folded(f"{start} when", item.when, _INDENT)
        return "".join((start, *(_exception(start, it) for it in item.unless)))
    if item.claim is Claim.LIVE:
        return f"{start} {format_name(item.rule)} can fire"
    if item.claim is Claim.MONOTONE and item.feature is not None:
        return f"{start} {_write(item.feature)}"
    if item.claim in {Claim.REFINES, Claim.EQUIVALENT}:
        return f"{start} {quoted(item.than)}"
    if item.claim is Claim.AT_MOST and item.when is not None:
        return f"prove{name} {_write(item.when)}"
    return start if item.when is None else _folded(start, item.when, _INDENT)


def _exception(start: str, unless: Expression) -> str:
    if "\n" not in start and len(start) + len(_write(unless)) + len(" unless ") <= WIDTH:
        return f" unless {_write(unless)}"
    return "\n" + _folded(f"{_INDENT}unless", unless, _INDENT * 2)


def _folded(start: str, expression: Expression, indent: str) -> str:
    """Write in one line, or where that is too long, break before each `and` or `or`."""
    line = f"{start} {_write(expression)}"
    if len(line) <= WIDTH or not isinstance(expression, And | Or):
        return line
    word = "and" if isinstance(expression, And) else "or"
    binds = _BINDS[type(expression)]
    parts = [_inside(it, binds + 1) for it in expression.parts]
    return f"\n{indent}{word} ".join((f"{start} {parts[0]}", *parts[1:]))


# --- conditions and formulas ---------------------------------------------------------------------


def _inside(expression: Expression, least: int) -> str:
    written = _write(expression)
    return written if _BINDS.get(type(expression), _UNARY) >= least else f"({written})"


def _memory(memory: Memory) -> str:
    per = "" if memory.per is Scope.SESSION else f" per {memory.per.value}"
    return f"{per} counting attempts" if memory.attempts else per


@singledispatch
def _write(expression: Expression) -> str:
    raise TypeError(f"`{type(expression).__name__}` is no condition")


@_write.register
def _(it: Truth) -> str:
    return "true" if it.value else "false"


@_write.register
def _(_: Last) -> str:
    return "last"


@_write.register
def _(it: Ask) -> str:
    return f"{it.name}({it.argument})" if it.argument else it.name


@_write.register
def _(it: Compare) -> str:
    subject = _write(it.subject) if isinstance(it.subject, Ask) else _count(it.subject)
    values = [format_value(value) for value in it.values]
    if it.operator is Operator.BETWEEN:
        return f"{subject} between {' and '.join(values)}"
    written = f"{subject} {it.operator.value}"
    if not values:
        return written
    lists = {Operator.IN, Operator.NOT_IN}
    single = len(values) == 1 and (it.operator not in lists or values[0].startswith("$"))
    if single or it.operator not in MANY:
        return f"{written} {values[0]}"
    return f"{written} ({', '.join(values)})"


def _count(it: CountOf) -> str:
    return f"count({_pattern_part(it.part)} in {format_value(it.window)}{_memory(it.memory)})"


@_write.register
def _(it: Not) -> str:
    return f"not {_inside(it.part, _UNARY)}"


@_write.register
def _(it: And) -> str:
    return _joined(" and ", it.parts, _UNTIL)


@_write.register
def _(it: Or) -> str:
    return _joined(" or ", it.parts, _AND)


def _joined(word: str, parts: Sequence[Expression], least: int) -> str:
    return word.join(_inside(it, least) for it in parts)


@_write.register
def _(it: Implies) -> str:
    return f"{_inside(it.left, _OR)} implies {_inside(it.right, _IMPLIES)}"


@_write.register
def _(it: Back) -> str:
    within = f" within {format_value(it.window)}" if it.window else ""
    return f"{it.how.value} {_inside(it.part, _PRIMARY)}{within}{_memory(it.memory)}"


@_write.register
def _(it: Since) -> str:
    sides = f"{_inside(it.left, _UNARY)} since {_inside(it.right, _PRIMARY)}"
    return f"{sides}{_memory(it.memory)}"


@_write.register
def _(it: Ahead) -> str:
    return f"{it.how.value} {_inside(it.part, _UNARY)}"


@_write.register
def _(it: Until) -> str:
    return f"{_inside(it.left, _UNARY)} until {_inside(it.right, _UNARY)}"


@_write.register
def _(it: Release) -> str:
    return f"{_inside(it.left, _UNARY)} release {_inside(it.right, _UNARY)}"


@_write.register
def _(it: Never) -> str:
    written = f"never {_pattern_part(it.what)}"
    for word, part in (("after", it.after), ("until", it.until), ("before", it.before)):
        written += "" if part is None else f" {word} {_pattern_part(part)}"
    return written


@_write.register
def _(it: Follows) -> str:
    events = " events" if it.within.unit is Unit.WHOLE else ""
    return (
        f"every {_pattern_part(it.first)} is followed by {_pattern_part(it.then)}"
        f" within {format_value(it.within)}{events}{_memory(it.memory)}"
    )


@_write.register
def _(it: AtMost) -> str:
    return (
        f"at most {format_value(it.most)} {_pattern_part(it.what)}"
        f" in {format_value(it.window)}{_memory(it.memory)}"
    )


def _pattern_part(expression: Expression) -> str:
    """Write a part of a pattern: parentheses keep words of other patterns apart."""
    loose = {Until, Release, Since, Never, Follows, AtMost, Back, Ahead, Not, Implies}
    written = _write(expression)
    return f"({written})" if _holds(expression, loose) else written


def _holds(expression: Expression, kinds: Iterable[type]) -> bool:
    if isinstance(expression, And | Or):
        return any(_holds(it, kinds) for it in expression.parts)
    return type(expression) in kinds


def is_name(words: str) -> bool:
    """Whether a definition may be called so."""
    parts = words.split(" ")
    return all(_ID.fullmatch(it) and it not in RESERVED for it in parts)
