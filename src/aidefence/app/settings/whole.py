"""Everything an operator can set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from aidefence.app.settings.auth import AuthSettings
from aidefence.app.settings.compat import CompatSettings
from aidefence.app.settings.console import ConsoleSettings
from aidefence.app.settings.conversations import ConversationSettings
from aidefence.app.settings.graphql import GraphqlSettings
from aidefence.app.settings.grpc import GrpcSettings
from aidefence.app.settings.held import HeldSettings, hold, setup_of
from aidefence.app.settings.limits import LimitSettings
from aidefence.app.settings.listing import AsWritten, split_list
from aidefence.app.settings.log import LogSettings
from aidefence.app.settings.mcp import McpSettings
from aidefence.app.settings.mcp_proxy import McpProxySettings
from aidefence.app.settings.metrics import MetricsSettings
from aidefence.app.settings.otel import OtelSettings
from aidefence.app.settings.overload import OverloadSettings
from aidefence.app.settings.policies import PolicySettings
from aidefence.app.settings.proxy import ProxySettings
from aidefence.app.settings.section import values_of
from aidefence.app.settings.server import ServerSettings
from aidefence.app.settings.store import StoreSettings
from aidefence.app.settings.thresholds import ThresholdSettings
from aidefence.app.settings.tls import TlsSettings
from aidefence.app.settings.vault import VaultSettings
from aidefence.app.setup import Setup
from aidefence.domain.enums import Category, DeepMode, OnError, Profile

DoorName = Literal["rest", "graphql", "grpc", "envoy", "mcp", "compat", "console"]


def _state_dir() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "aidefence"


class Settings(BaseModel):
    """Everything an operator can set. Made from what is handed in, whatever the environment says.

    `read_settings` gathers what files, variables and flags say.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    profile: Profile = Profile.BALANCED
    """The balance between missed attacks and false alarms."""
    rules_dir: Path | None = None
    """A folder of [rules of your own](rules.md), added to ours."""
    paranoia: int = Field(default=1, ge=1, le=4)
    """2 and up add rules that cry wolf more often."""
    exclude: Annotated[tuple[str, ...], AsWritten] = ()
    """Rule ids or globs that do not speak, with `@origin` for one origin."""
    thresholds: dict[Category, ThresholdSettings] = Field(default_factory=dict)
    """Two confidences by category: `flag` and, if ever, `block`; by default the profile says."""
    answer_thresholds: dict[Category, ThresholdSettings] = Field(default_factory=dict)
    """The same two by category, for [answers](answers.md) only."""
    dense: DeepMode = DeepMode.AUTO
    """Whether [the dense model](tiers.md#tier-2-the-dense-model) speaks."""
    dense_file: Path | None = None
    """The file of a dense model of your own; by default the package's."""
    deep: DeepMode = DeepMode.AUTO
    """Whether [the deep model](tiers.md) speaks."""
    deep_dir: Path | None = None
    """A folder with a deep model of your own; by default the package's."""
    deep_cache_bytes: int = Field(default=16 << 20, ge=0, le=1 << 34)
    """Bytes in each worker for what the deep model said of [texts](limits.md#texts-seen-before)."""
    on_error: OnError = OnError.KEEP
    """What becomes of texts for which a check that they needed failed."""
    on_error_at: Mapping[DoorName, OnError] = Field(default_factory=dict)
    """The same for one door; the proxy has [its own](proxy.md#when-something-fails)."""
    lists: Annotated[tuple[Path, ...], AsWritten] = ()
    """Files of [allow and deny lists](lists.md)."""
    topics: Annotated[tuple[Path, ...], AsWritten] = ()
    """Files of [topics by example](lists.md#topics-by-example)."""
    state_dir: Path = Field(default_factory=_state_dir)
    """Folder of all that the gateway keeps; by default `aidefence` in the folder for state."""
    redis_url: SecretStr | None = None
    """Redis that keeps counts and cached verdicts for several machines; by default none."""
    deadline_ms: int = Field(default=30_000, ge=1, le=3_600_000)
    """Milliseconds after which a request has its answer or a refusal; a client may ask for less."""
    server: ServerSettings = ServerSettings()
    tls: TlsSettings = TlsSettings()
    log: LogSettings = LogSettings()
    overload: OverloadSettings = OverloadSettings()
    store: StoreSettings = StoreSettings()
    auth: AuthSettings = AuthSettings()
    limits: LimitSettings = LimitSettings()
    proxy: ProxySettings = ProxySettings()
    compat: CompatSettings = CompatSettings()
    console: ConsoleSettings = ConsoleSettings()
    graphql: GraphqlSettings = GraphqlSettings()
    grpc: GrpcSettings = GrpcSettings()
    mcp: McpSettings = McpSettings()
    mcp_proxy: McpProxySettings = McpProxySettings()
    metrics: MetricsSettings = MetricsSettings()
    otel: OtelSettings = OtelSettings()
    vault: VaultSettings = VaultSettings()
    conversations: ConversationSettings = ConversationSettings()
    policies: PolicySettings = PolicySettings()

    @field_validator("exclude", "lists", "topics", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        return split_list(given)

    def setup(self) -> Setup:
        """What a guard with these settings is made of."""
        return setup_of(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return hold, (HeldSettings, values_of(self))
