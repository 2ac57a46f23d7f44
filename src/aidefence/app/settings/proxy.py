"""The door in front of models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from aidefence.app.settings.listing import AsWritten
from aidefence.app.settings.section import Section
from aidefence.domain.enums import OnError
from aidefence.domain.proxying import Dialect, KeyFrom, Private, PromptLeaks, Refusing, Unread
from aidefence.domain.streaming import StreamMode


class UpstreamSettings(Section):
    """One place where models answer."""

    base_url: str = Field(pattern=r"^https?://[^\s?#]+$")
    """Where it listens, as its own clients are told: `https://api.example.com/v1`."""
    dialects: tuple[Dialect, ...] = tuple(Dialect)
    """What it speaks: `chat`, `responses`, `messages`."""
    models: tuple[str, ...] = Field(default=("*",), min_length=1)
    """Names of models that are asked here, with `*`; of several upstreams the first that fits."""
    key_from: KeyFrom = KeyFrom.SETTINGS
    """Whether it is shown `key`, or what the client sends."""
    key: SecretStr | None = None
    """Its key; better a variable, such as `AIDEFENCE_PROXY__UPSTREAMS__MAIN__KEY`."""


class PriceSettings(Section):
    """What a million tokens of some models cost."""

    models: str = "*"
    """A pattern of names, such as `gpt-*`."""
    read: float = Field(ge=0, le=1_000_000)
    written: float = Field(ge=0, le=1_000_000)


class ProxySettings(Section):
    """The door [in front of models](proxy.md)."""

    enabled: bool = False
    """Whether this door is open, at `/v1/chat/completions`, `/v1/responses` and `/v1/messages`."""
    upstreams: dict[str, UpstreamSettings] = Field(default_factory=dict)
    """Where models answer, by name: `base_url`, `dialects`, `models`, `key_from`, `key`."""
    refusing: Refusing = Refusing.ANSWER
    """Whether a refusal is an answer that declines, or an error."""
    refusal: str = Field(default="This was refused by a security policy.", max_length=1000)
    """What a refusal says; why, and the name of the request, stand behind it."""
    on_error: OnError = OnError.BLOCK
    """What becomes of requests and answers that could not be inspected."""
    stop_at: Literal["flag", "block"] = "block"
    """From which action on a request does not pass."""
    stop_answers_at: Literal["flag", "block"] = "block"
    """From which action on an answer does not pass; `flag` counts private data, too."""
    stop_calls_at: Literal["flag", "review", "block"] = "review"
    """From which action on a call of a tool does not pass."""
    unread: Unread = Unread.ALLOW
    """Whether requests with images and other parts that are not inspected pass."""
    private_data: Private = Private.KEEP
    """Whether private data and secrets go out as tokens, and come back as they were."""
    prompt_leaks: PromptLeaks = PromptLeaks.FLAG
    """What happens to answers that tell the system prompt."""
    canaries: Annotated[tuple[str, ...], AsWritten] = Field(default=(), repr=False)
    """Words of your own that no answer may hold."""
    stream_mode: StreamMode = StreamMode.HOLD
    """When text of a [stream](streams.md#modes) goes out."""
    connect_seconds: float = Field(default=5, gt=0, le=300)
    """How long connecting to an upstream may take."""
    silence_seconds: float = Field(default=300, gt=0, le=3600)
    """How long an upstream may say nothing, before its answer and in it."""
    total_seconds: float = Field(default=900, gt=0, le=86_400)
    """How long an answer may take from beginning to end."""
    answer_bytes_max: int = Field(default=32 << 20, ge=1024)
    """Bytes of an answer, or of one event of a stream."""
    connections_max: int = Field(default=1000, ge=1, le=100_000)
    """Connections to upstreams in one worker."""
    prices: tuple[PriceSettings, ...] = ()
    """What a million tokens cost, by `models`: `read` and `written`, in the money of policies."""

    @field_validator("canaries", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        # A variable of the environment holds a list as `a, b`.
        if not isinstance(given, str):
            return given
        return tuple(part.strip() for part in given.split(",") if part.strip())
