"""Words for standing between clients and models: dialects, upstreams, and policy there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from aidefence.domain.enums import Action, OnError
from aidefence.domain.streaming import StreamMode


class Dialect(StrEnum):
    """A way in which clients speak to models."""

    CHAT = "chat"
    RESPONSES = "responses"
    MESSAGES = "messages"


class KeyFrom(StrEnum):
    """Whose key an upstream is shown."""

    SETTINGS = "settings"
    CLIENT = "client"


class Refusing(StrEnum):
    """How a client is told that policy refuses: as a model would, or by an error."""

    ANSWER = "answer"
    ERROR = "error"


class Unread(StrEnum):
    """What happens to a request of which a part cannot be inspected, such as an image."""

    ALLOW = "allow"
    BLOCK = "block"


class Private(StrEnum):
    """What happens to private data and secrets on their way to a model."""

    KEEP = "keep"
    TOKENS = "tokens"


class PromptLeaks(StrEnum):
    """What happens when an answer tells the system prompt that came with the request."""

    OFF = "off"
    FLAG = "flag"
    BLOCK = "block"


ALL_DIALECTS = frozenset(Dialect)
ALL_MODELS = ("*",)


@dataclass(frozen=True, slots=True)
class Upstream:
    """A place where models answer. The key stays out of the repr."""

    name: str
    base_url: str
    dialects: frozenset[Dialect] = ALL_DIALECTS
    models: tuple[str, ...] = ALL_MODELS
    """Patterns of the names of models that are asked here, such as `gpt-*`."""
    key_from: KeyFrom = KeyFrom.SETTINGS
    key: str | None = field(default=None, repr=False)

    def serves(self, dialect: Dialect, model: str) -> bool:
        """Whether a model of this name is asked here in this dialect."""
        return dialect in self.dialects and any(fnmatchcase(model, it) for it in self.models)


@dataclass(frozen=True, slots=True)
class Price:
    """What tokens of models cost, in millionths of a cent each."""

    models: str
    """A pattern of names, such as `gpt-*`."""
    read: int
    written: int


def cost_of(prices: Sequence[Price], model: str, used: Mapping[str, int]) -> int | None:
    """Give what an answer has cost, in millionths of a cent; none where that is not known.

    What a provider has cached costs as much as what it reads anew: never less is counted.
    """
    price = next((it for it in prices if fnmatchcase(model, it.models)), None)
    read = [used[it] for it in _READ if it in used]
    written = next((used[it] for it in _WRITTEN if it in used), None)
    if price is None or not read or written is None:
        return None
    return sum(read) * price.read + written * price.written


_READ = (
    *("prompt_tokens", "input_tokens"),
    *("cache_creation_input_tokens", "cache_read_input_tokens"),
)
_WRITTEN = ("completion_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class ProxyPolicy:
    """What holds for everything that passes."""

    refusing: Refusing = Refusing.ANSWER
    refusal: str = "This was refused by a security policy."
    on_error: OnError = OnError.BLOCK
    stop_at: Action = Action.BLOCK
    """From which action on a request does not pass: `flag` or `block`."""
    stop_answers_at: Action = Action.BLOCK
    """The same for what an answer says."""
    stop_calls_at: Action = Action.REVIEW
    """From which action on a call does not pass; nobody here can look at it first."""
    unread: Unread = Unread.ALLOW
    private: Private = Private.KEEP
    prompt_leaks: PromptLeaks = PromptLeaks.FLAG
    canaries: tuple[str, ...] = field(default=(), repr=False)
    """Words of the operator's own that no answer may hold."""
    stream_mode: StreamMode = StreamMode.HOLD
    answer_bytes_max: int = 32 << 20
    total_seconds: float = 900.0
    prices: tuple[Price, ...] = ()
    """The first that fits a model's name counts."""
