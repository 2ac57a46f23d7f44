"""What a policy says, as a tree: one node for each thing that can be written.

Equal trees say the same in the same words: where a node stood does not count, nor do comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from aidefence.domain.enums import Action
from aidefence.domain.policies import Scope


class At(NamedTuple):
    """Where something stands: line and column count from 1, `length` in characters."""

    line: int = 0
    column: int = 0
    length: int = 0


NOWHERE = At()


class Unit(StrEnum):
    """What a written value is."""

    WHOLE = "whole number"
    PERCENT = "percentage"
    MONEY = "amount of money"
    DURATION = "duration"
    CLOCK = "time of day"
    TEXT = "text in quotes"
    WORD = "word"
    PARAMETER = "parameter"


class Operator(StrEnum):
    """How something is compared."""

    IS = "is"
    IS_NOT = "is not"
    IN = "in"
    NOT_IN = "not in"
    AT_LEAST = ">="
    ABOVE = ">"
    AT_MOST = "<="
    BELOW = "<"
    BETWEEN = "between"
    MATCHES = "matches"
    STARTS = "starts with"
    ENDS = "ends with"
    CONTAINS = "contains"
    PRESENT = "is present"
    ABSENT = "is absent"


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was written.

    `number` counts hundredths of a percent, cents, milliseconds or minutes; `text` is what stood
    in quotes, the word, the name of the parameter, or the currency.
    """

    unit: Unit
    number: int = 0
    text: str = ""
    at: At = field(default=NOWHERE, compare=False)


# --- conditions ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """A feature or a definition by its name; `argument` is what stands in parentheses behind."""

    name: str
    argument: str = ""
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """Whose events are looked back on, and whether refused ones count as well."""

    per: Scope = Scope.SESSION
    attempts: bool = False


@dataclass(frozen=True, slots=True)
class CountOf:
    """How many earlier events of a window fulfil a condition."""

    part: Expression
    window: Value
    memory: Memory = Memory()
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """Something against one or several values."""

    subject: Ask | CountOf
    operator: Operator
    values: tuple[Value, ...] = ()
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: Expression
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """All of them; at least two."""

    parts: tuple[Expression, ...]
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """One of them at least; there are at least two."""

    parts: tuple[Expression, ...]
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Implies:
    """The second wherever the first."""

    left: Expression
    right: Expression
    at: At = field(default=NOWHERE, compare=False)


class Past(StrEnum):
    """How far a condition looks back."""

    ONCE = "once"
    EARLIER = "earlier"
    PREVIOUSLY = "previously"


@dataclass(frozen=True, slots=True)
class Back:
    """A condition at this or an earlier event, at an earlier one, or at the one before.

    `window` is there for `once` alone: how long ago at most.
    """

    how: Past
    part: Expression
    window: Value | None = None
    memory: Memory = Memory()
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Since:
    """The first at every event after the last one with the second."""

    left: Expression
    right: Expression
    memory: Memory = Memory()
    at: At = field(default=NOWHERE, compare=False)


# --- what happens later: only in formulas --------------------------------------------------------


class Future(StrEnum):
    """How far a formula looks ahead."""

    ALWAYS = "always"
    EVENTUALLY = "eventually"
    NEXT = "next"
    WEAK_NEXT = "weak next"


@dataclass(frozen=True, slots=True)
class Ahead:
    """A formula from now on always, at some time, or at the next event.

    `weak next` holds as well where there is no next event.
    """

    how: Future
    part: Expression
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Until:
    """The first at every event before one with the second, which comes."""

    left: Expression
    right: Expression
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Release:
    """The second at every event up to one with the first, and with it; or for ever."""

    left: Expression
    right: Expression
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Last:
    """No event follows."""

    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Never:
    """`never A`, with `after B`, `until C` or `before D`."""

    what: Expression
    after: Expression | None = None
    until: Expression | None = None
    before: Expression | None = None
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Follows:
    """`every A is followed by B within` some events or some time."""

    first: Expression
    then: Expression
    within: Value
    memory: Memory = Memory()
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class AtMost:
    """`at most N A in T`."""

    most: Value
    what: Expression
    window: Value
    memory: Memory = Memory()
    at: At = field(default=NOWHERE, compare=False)


Expression = (
    Truth
    | Ask
    | Compare
    | Not
    | And
    | Or
    | Implies
    | Back
    | Since
    | Ahead
    | Until
    | Release
    | Last
    | Never
    | Follows
    | AtMost
)
"""A condition, or in the places where one may stand a formula over what follows."""


# --- what a policy consists of -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Header:
    """`policy NAME version N`, or `template NAME`."""

    name: str
    version: int = 1
    is_template: bool = False
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Timezone:
    """`timezone +02:00`: what clock times and weekdays are read in."""

    offset: str
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Default:
    """`default allow`; none stands for `default profile`."""

    action: Action | None
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class OnError:
    """`on error block`: what happens where the policy itself cannot be asked."""

    action: Action
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Include:
    """`include "FILE"`: what it says is said here."""

    path: str
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Argument:
    """What a parameter of a template is set to: one value or a list."""

    name: str
    values: tuple[Value, ...]
    is_list: bool = False
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Use:
    """`use TEMPLATE as PREFIX with NAME = VALUE`."""

    template: str
    prefix: str = ""
    arguments: tuple[Argument, ...] = ()
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """`parameter NAME = VALUE`: a value that whoever uses the template may set."""

    name: str
    values: tuple[Value, ...]
    is_list: bool = False
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Define:
    """`define NAME as CONDITION`."""

    name: str
    condition: Expression
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """`rule ID priority N: ACTION when CONDITION unless CONDITION because "REASON"`.

    Without a condition it holds always; with `breaks` in its place the action is for what breaks
    that formula. Without a priority it has the ordinary one.
    """

    id: str
    action: Action
    when: Expression | None = None
    unless: tuple[Expression, ...] = ()
    breaks: Expression | None = None
    because: str = ""
    priority: int | None = None
    at: At = field(default=NOWHERE, compare=False)


class Claim(StrEnum):
    """What is to be proved, as it begins in a file."""

    ALWAYS = "always"
    NEVER = "never"
    POSSIBLE = "possible"
    LIVE = "rule"
    ALL_LIVE = "every rule can fire"
    NO_CONFLICT = "no conflict"
    COMPLETE = "complete"
    MONOTONE = "monotone in"
    AT_MOST = "at most"
    TRACE = "on every trace"
    REFINES = "allows no more than"
    EQUIVALENT = "decides the same as"


@dataclass(frozen=True, slots=True)
class Prove:
    """`prove ID: CLAIM`; which of the other fields count depends on the claim."""

    claim: Claim
    id: str = ""
    actions: tuple[Action, ...] = ()
    when: Expression | None = None
    unless: tuple[Expression, ...] = ()
    rule: str = ""
    feature: Ask | None = None
    than: str = ""
    at: At = field(default=NOWHERE, compare=False)


Item = Timezone | Default | OnError | Include | Use | Parameter | Define | Rule | Prove


@dataclass(frozen=True, slots=True)
class Comment:
    """What stands behind a `#`: before the line that it belongs to, or at its end.

    Lines are counted as a formatted file has them: `line` 0 is that of the header or, without
    one, of the first item; one that follows everything belongs to no line.
    """

    text: str
    line: int
    trails: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A whole file."""

    header: Header | None = None
    items: tuple[Item, ...] = ()
    file: str = field(default="policy.pdl", compare=False)
    comments: tuple[Comment, ...] = field(default=(), compare=False)
