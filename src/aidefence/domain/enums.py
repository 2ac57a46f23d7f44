"""The closed sets of words. Member order is the wire code that the engine and the columns use."""

from __future__ import annotations

from enum import StrEnum


class Coded(StrEnum):
    """A closed set whose members are numbered by their position."""

    code: int
    """The member's number in columns and in the engine."""

    def __init__(self, *_: object) -> None:
        # Members are made in their order: so many there were before this one.
        self.code = len(type(self)._member_names_)

    # As the word that it is equal to. An enum's own is a call into Python at every look-up.
    __hash__ = str.__hash__


class Ranked(Coded):
    """A closed set in rising order: members compare by rank, never by spelling."""

    def __lt__(self, other: str) -> bool:
        return self.code < self._rank(other)

    def __le__(self, other: str) -> bool:
        return self.code <= self._rank(other)

    def __gt__(self, other: str) -> bool:
        return self.code > self._rank(other)

    def __ge__(self, other: str) -> bool:
        return self.code >= self._rank(other)

    def _rank(self, other: str) -> int:
        return type(self)(other).code


class Category(Coded):
    """What kind of attack or leak a finding speaks of."""

    PROMPT_INJECTION = "prompt_injection"
    INDIRECT_INJECTION = "indirect_injection"
    JAILBREAK = "jailbreak"
    PROMPT_EXTRACTION = "prompt_extraction"
    DATA_EXFILTRATION = "data_exfiltration"
    TOOL_ABUSE = "tool_abuse"
    OBFUSCATION = "obfuscation"
    HARMFUL_REQUEST = "harmful_request"
    PII = "pii"
    SECRET = "secret"
    SQL_INJECTION = "sql_injection"
    XSS = "xss"
    COMMAND_INJECTION = "command_injection"
    PATH_TRAVERSAL = "path_traversal"
    MALICIOUS_URL = "malicious_url"
    UNSAFE_OUTPUT = "unsafe_output"
    UNBOUNDED_CONSUMPTION = "unbounded_consumption"
    ANOMALY = "anomaly"
    CANARY_LEAK = "canary_leak"


class Severity(Ranked):
    """How much harm a true finding would do, rising."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Action(Ranked):
    """What policy says to do, rising in weight."""

    ALLOW = "allow"
    FLAG = "flag"
    REDACT = "redact"
    REVIEW = "review"
    BLOCK = "block"


class Origin(Coded):
    """Where a text comes from, which decides how much it may command."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    RETRIEVAL = "retrieval"
    MEMORY = "memory"


class Direction(Coded):
    """Whether a text is on its way to the model or comes from it."""

    INPUT = "input"
    OUTPUT = "output"


class Modality(Coded):
    """What a content is made of."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    TOOL_CALL = "tool_call"


class Profile(Coded):
    """A ready-made balance between missed attacks and false alarms."""

    OBSERVE = "observe"
    BALANCED = "balanced"
    STRICT = "strict"


class DeepMode(StrEnum):
    """Whether a model that may be missing reads what the tiers before it are not sure of."""

    AUTO = "auto"
    OFF = "off"
    REQUIRED = "required"


class OnError(StrEnum):
    """What happens to a text when a check that it needed failed."""

    KEEP = "keep"
    FLAG = "flag"
    BLOCK = "block"

    @property
    def least(self) -> Action:
        """The mildest action that such a text may get."""
        return Action.ALLOW if self is OnError.KEEP else Action(self.value)


class Wrap(StrEnum):
    """How a text that nobody vouches for is wrapped before a model reads it."""

    DELIMIT = "delimit"
    DATAMARK = "datamark"
    ENCODE = "encode"


class RuleFormat(StrEnum):
    """A format of other systems whose rules can be taken over."""

    YARA = "yara"
    NOVA = "nova"


# Decoding a code is on the hot path: a tuple index costs a tenth of an enum lookup.
CATEGORIES: tuple[Category, ...] = tuple(Category)
SEVERITIES: tuple[Severity, ...] = tuple(Severity)
ACTIONS: tuple[Action, ...] = tuple(Action)
ORIGINS: tuple[Origin, ...] = tuple(Origin)
DIRECTIONS: tuple[Direction, ...] = tuple(Direction)
