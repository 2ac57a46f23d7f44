"""Everything a policy can ask about: what it is called, what type it has and what it means.

A feature of an image is known by its name alone: `resolve` takes the name apart, and whoever
fills in values looks at the parts. The spelling of a name is that of the policy language.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from aidefence.domain.enums import Category, Direction, Modality, Origin
from aidefence.domain.tools import Capability
from aidefence.policy.conditions import VALUE_MAX
from aidefence.policy.entities import PII, SECRETS
from aidefence.policy.image import Feature

SCORE_MAX = 10_000
COUNT_MAX = 1_000_000
MINUTES_A_DAY = 24 * 60
OFFSET_MINUTES_MAX = 14 * 60


class Kind(StrEnum):
    """What the number of a feature stands for."""

    FLAG = "flag"
    SCORE = "score"
    COUNT = "count"
    SEVERITY = "severity"
    ACTION = "action"
    CHOICE = "choice"
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DURATION = "duration"
    TIME_OF_DAY = "time of day"


class Parameter(StrEnum):
    """What stands in parentheses behind a feature's name."""

    NONE = "nothing"
    CATEGORY = "category"
    ORIGIN = "origin"
    MODALITY = "modality"
    CAPABILITY = "capability"
    DATA = "data class"
    QUOTED = "quoted text"
    OFFSET = "offset"


class Door(StrEnum):
    """Where a request came in."""

    LIBRARY = "library"
    REST = "rest"
    GRAPHQL = "graphql"
    GRPC = "grpc"
    MCP = "mcp"
    CLI = "cli"
    PROXY = "proxy"
    COMPAT = "compat"
    CONSOLE = "console"
    ENVOY = "envoy"


class Event(StrEnum):
    """What happens: the step of a session that is decided about."""

    MESSAGE = "message"
    DOCUMENT = "document"
    CALL = "call"
    RESULT = "result"
    ANSWER = "answer"


class Weekday(StrEnum):
    """The days of a week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_MOST = {
    Kind.FLAG: 1,
    Kind.SCORE: SCORE_MAX,
    Kind.COUNT: COUNT_MAX,
    Kind.SEVERITY: 4,
    Kind.ACTION: 4,
    Kind.NUMBER: VALUE_MAX,
    Kind.MONEY: VALUE_MAX,
    Kind.DURATION: VALUE_MAX,
    Kind.TIME_OF_DAY: MINUTES_A_DAY - 1,
}
UNITS = {
    Kind.SCORE: "%, in hundredths",
    Kind.MONEY: "cents",
    Kind.DURATION: "milliseconds",
    Kind.TIME_OF_DAY: "minutes since midnight",
}
"""What the number of a feature counts, where it is more than a number."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One thing, or family of things, that a policy can ask about.

    `choices` are the values of a closed choice. An `is_given` one is told by whoever asks, as a
    text, a number, an amount of money or a flag: how it is compared decides.
    """

    name: str
    kind: Kind
    meaning: str
    parameter: Parameter = Parameter.NONE
    choices: tuple[str, ...] = ()
    is_given: bool = False
    is_optional: bool = False
    """Whether the name may stand without its parameter."""

    @property
    def pattern(self) -> str:
        """The name as a page shows it: `confidence(category)`."""
        if self.parameter is Parameter.NONE:
            return self.name
        shown = {
            Parameter.CATEGORY: "CATEGORY",
            Parameter.QUOTED: '"NAME"',
            Parameter.OFFSET: "+HH:MM",
            Parameter.DATA: "DATA",
        }.get(self.parameter, self.parameter.upper())
        return f"{self.name}({shown})"


@dataclass(frozen=True, slots=True)
class Asked:
    """The name of a feature, taken apart.

    `argument` is what stands in parentheses, without quotes; `origin` narrows a category down to
    contents from there; `kind` is what the value is taken for; `glob` is the pattern that a text
    must fit for the flag to be 1; `presence` asks only whether there is a value.
    """

    spec: Spec
    argument: str = ""
    origin: str = ""
    kind: Kind = Kind.FLAG
    glob: str | None = None
    presence: bool = False

    @property
    def name(self) -> str:
        """The name of the feature: `resolve` gives the same parts back."""
        written = self.spec.name + self._arguments()
        if self.glob is not None:
            return f"{written} matches {quoted(self.glob)}"
        if self.presence:
            return f"{written} is present"
        return written if self.kind is self.spec.kind else f"{written} as {self.kind.value}"

    def feature(self, values: tuple[str, ...] = ()) -> Feature:
        """The feature of an image; `values` are the texts that an open choice is compared with."""
        if self.kind is Kind.CHOICE:
            return Feature(self.name, len(self.spec.choices), tuple(map(str, self.spec.choices)))
        if self.kind is Kind.TEXT:
            return Feature(self.name, max(1, len(values)), values)
        return Feature(self.name, _MOST[self.kind])

    def _arguments(self) -> str:
        if not self.argument:
            return ""
        if self.spec.parameter is Parameter.QUOTED:
            return f"({quoted(self.argument)})"
        if self.spec.parameter is Parameter.DATA and not is_known_data(self.argument):
            category, _, kind = self.argument.partition(".")
            return f"({category}.{quoted(kind)})"
        return f"({self.argument} from {self.origin})" if self.origin else f"({self.argument})"


def quoted(text: str) -> str:
    """Write a text as the language does, which is JSON's way."""
    return json.dumps(text, ensure_ascii=False)


def is_known_data(name: str) -> bool:
    """Whether a data class is one that the shipped rules find."""
    category, _, kind = name.partition(".")
    known = {"pii": PII, "secret": SECRETS}.get(category)
    return known is not None and (not kind or kind in known)


def spec_of(name: str) -> Spec | None:
    """Give what the catalog says of a name that stands before the parentheses."""
    return _BY_NAME.get(name)


def resolve(name: str) -> Asked:
    """Take the name of a raw feature apart.

    Raises:
        ValueError: no feature is called so.

    """
    found = _NAME.fullmatch(name)
    spec = _BY_NAME.get(found["name"]) if found else None
    if found is None or spec is None:
        raise ValueError(f"no feature is called `{name[:200]}`")
    argument, origin = _argument(spec, found["argument"] or "", name)
    asked = Asked(
        spec,
        argument,
        origin,
        kind=_kind(spec, found["tail"] or "", name),
        glob=json.loads(found["glob"], strict=False) if found["glob"] else None,
        presence=found["tail"] == " is present",
    )
    if asked.name != name:
        raise ValueError(f"no feature is called `{name[:200]}`: write `{asked.name[:200]}`")
    return asked


def _kind(spec: Spec, tail: str, name: str) -> Kind:
    if not tail:
        return spec.kind
    if spec.kind is not Kind.TEXT:
        raise ValueError(f"`{name[:200]}`: only a text can be taken so")
    if tail.startswith(" as "):
        if not spec.is_given:
            raise ValueError(f"`{name[:200]}`: it is a text and nothing else")
        return Kind(tail.removeprefix(" as "))
    return Kind.FLAG


def _argument(spec: Spec, written: str, name: str) -> tuple[str, str]:
    if not written:
        if spec.parameter is Parameter.NONE or spec.is_optional:
            return "", ""
        raise ValueError(f"`{name[:200]}` lacks its {spec.parameter.value}")
    if spec.parameter is Parameter.QUOTED:
        text = _text(written) if written.startswith('"') else ""
        if text:
            return text, ""
    elif spec.parameter is Parameter.DATA:
        category, _, kind = written.partition(".")
        kind = _text(kind) if kind.startswith('"') else kind
        if category in {"pii", "secret"} and (kind or written == category):
            return f"{category}.{kind}" if kind else category, ""
    elif spec.parameter is Parameter.OFFSET:
        if offset_minutes(written) is not None:
            return written, ""
    else:
        word, _, origin = written.partition(" from ")
        fits = word in arguments(spec.parameter)
        narrowed = not origin or (spec.parameter is Parameter.CATEGORY and origin in _ORIGINS)
        if fits and narrowed:
            return word, origin
    raise ValueError(f"`{name[:200]}`: `{written[:80]}` is no {spec.parameter.value}")


def _text(written: str) -> str:
    try:
        text = json.loads(written, strict=False)
    except ValueError:
        return ""
    return text if isinstance(text, str) else ""


def arguments(parameter: Parameter) -> tuple[str, ...]:
    """Give every word that may stand for a parameter; none where it is open."""
    return _ARGUMENTS.get(parameter, ())


def offset_minutes(written: str) -> int | None:
    """Read an offset from UTC such as `+02:00`; none if it is none."""
    found = _OFFSET.fullmatch(written)
    if found is None:
        return None
    minutes = int(found["hours"]) * 60 + int(found["minutes"])
    if minutes > OFFSET_MINUTES_MAX:
        return None
    return -minutes if written.startswith("-") else minutes


_ORIGINS = tuple(Origin)
_ARGUMENTS: dict[Parameter, tuple[str, ...]] = {
    Parameter.CATEGORY: tuple(Category),
    Parameter.ORIGIN: _ORIGINS,
    Parameter.MODALITY: tuple(Modality),
    Parameter.CAPABILITY: tuple(Capability),
    Parameter.DATA: (
        *("pii", "secret"),
        *(f"pii.{it}" for it in sorted(PII)),
        *(f"secret.{it}" for it in sorted(SECRETS)),
    ),
}
_OFFSET = re.compile(r"[+-](?P<hours>[0-9]{2}):(?P<minutes>[0-5][0-9])")
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_NAME = re.compile(
    rf"(?P<name>[a-z_.]+)(?:\((?P<argument>(?:{_QUOTED}|[^()\"])+)\))?"
    rf"(?P<tail> as (?:flag|number|money)| is present| matches (?P<glob>{_QUOTED}))?",
    re.DOTALL,
)

SPECS: tuple[Spec, ...] = (
    # What was detected.
    Spec(
        "confidence",
        Kind.SCORE,
        "how sure detection is that the content is an attack or leak of the category, or of the "
        "leading one where none is named; `from ORIGIN` looks at contents from there alone",
        Parameter.CATEGORY,
        is_optional=True,
    ),
    Spec("category", Kind.CHOICE, "the leading category, if any", choices=tuple(Category)),
    Spec("severity", Kind.SEVERITY, "how bad the worst finding is if true"),
    Spec("matched", Kind.FLAG, "a detection rule of this name found something", Parameter.QUOTED),
    Spec("found", Kind.FLAG, "data of this class was found", Parameter.DATA),
    Spec("found_count", Kind.COUNT, "how many places hold data of this class", Parameter.DATA),
    Spec("profile.action", Kind.ACTION, "what the profile alone would decide"),
    Spec(
        "degraded",
        Kind.FLAG,
        "a check that was asked for did not run: any, or the named one and those below it",
        Parameter.QUOTED,
        is_optional=True,
    ),
    # What is inspected.
    Spec("event", Kind.CHOICE, "which step of a session this is", choices=tuple(Event)),
    Spec(
        "direction",
        Kind.CHOICE,
        "on its way to the model or from it",
        choices=tuple(Direction),
    ),
    Spec(
        "origin",
        Kind.CHOICE,
        "where the worst content comes from; the first one where none is worse",
        choices=_ORIGINS,
    ),
    Spec("any_origin", Kind.FLAG, "some content comes from there", Parameter.ORIGIN),
    Spec("modality", Kind.CHOICE, "what the worst content is made of", choices=tuple(Modality)),
    Spec("any_modality", Kind.FLAG, "some content is made of it", Parameter.MODALITY),
    Spec("text.length", Kind.COUNT, "how many characters are inspected, all contents together"),
    # Tools.
    Spec("tool.name", Kind.TEXT, "the tool that this event calls, if it is a call"),
    Spec("tool.server", Kind.TEXT, "the server that offers the called tool, if it is known"),
    Spec("tool.can", Kind.FLAG, "the called tool can do this", Parameter.CAPABILITY),
    Spec(
        "tool.argument",
        Kind.TEXT,
        "an argument of the call, by its name or its path through objects, `payment.amount`; of a "
        "list, a pattern may fit any item; a number is rounded up, and one that cannot be read "
        "counts as the largest",
        Parameter.QUOTED,
        is_given=True,
    ),
    # Where data flowed.
    Spec("taint.untrusted", Kind.FLAG, "text that nobody vouches for has reached the session"),
    Spec("taint.private", Kind.FLAG, "private data was read in the session"),
    Spec("taint.secret", Kind.FLAG, "a secret was read in the session"),
    Spec(
        "taint.arguments",
        Kind.FLAG,
        "the call carries a value that came from text which nobody vouches for",
    ),
    # Who asks.
    Spec("user", Kind.TEXT, "who asks, as the application names him"),
    Spec(
        "role",
        Kind.TEXT,
        "what the caller's key or token says he is: viewer, analyst, operator, admin, service",
    ),
    Spec("tenant", Kind.TEXT, "on whose behalf the application asks"),
    Spec("plan", Kind.TEXT, "what the tenant has agreed on: free, pro, enterprise"),
    Spec("door", Kind.CHOICE, "where the request came in", choices=tuple(Door)),
    Spec("approved", Kind.FLAG, "a person has approved this very step"),
    Spec(
        "fact",
        Kind.TEXT,
        "what the application tells of the request under this name, such as an audience",
        Parameter.QUOTED,
        is_given=True,
    ),
    # The session so far.
    Spec("session.risk", Kind.SCORE, "the risk of the session, that rises and falls by turns"),
    Spec("session.turns", Kind.COUNT, "how many messages the session had before this one"),
    Spec("session.blocked", Kind.COUNT, "how many events of the session were blocked before"),
    Spec("session.flagged", Kind.COUNT, "how many events of the session were flagged before"),
    Spec("session.age", Kind.DURATION, "how long ago the session began"),
    Spec("session.spend", Kind.MONEY, "what the session has cost so far"),
    Spec("user.spend", Kind.MONEY, "what the user has cost today, in UTC"),
    Spec("tenant.spend", Kind.MONEY, "what the tenant has cost this month, in UTC"),
    # When.
    Spec(
        "time.of_day",
        Kind.TIME_OF_DAY,
        "the time of day, in UTC or at the offset",
        Parameter.OFFSET,
        is_optional=True,
    ),
    Spec(
        "time.weekday",
        Kind.CHOICE,
        "the day of the week, in UTC or at the offset",
        Parameter.OFFSET,
        choices=tuple(Weekday),
        is_optional=True,
    ),
)
_BY_NAME = {it.name: it for it in SPECS}
