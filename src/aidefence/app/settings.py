"""Settings of the gateway: defaults, then a TOML file, then the environment. Read only here."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from aidefence.app.setup import Setup, make_setup
from aidefence.domain.enums import Category, DeepMode, OnError, Profile
from aidefence.domain.errors import ConfigError, SettingError
from aidefence.policy.profiles import NEVER

_CONFIG_VARIABLE = "AIDEFENCE_CONFIG"


class ThresholdSettings(BaseModel):
    """Confidence from which a category is flagged and, if ever, blocked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flag: float = Field(ge=0)
    block: float = Field(default=NEVER, ge=0)


class ServerSettings(BaseModel):
    """Where the gateway listens, and its limits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    workers: int = Field(default=1, ge=1, le=256)
    body_bytes_max: int = Field(default=8 << 20, ge=1024)
    content_code_points_max: int = Field(default=1 << 20, ge=1)
    batch_requests_max: int = Field(default=1000, ge=1, le=100_000)
    concurrent_requests_max: int = Field(default=512, ge=1)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    node: str = Field(default="local", max_length=128)
    grace_seconds: int = Field(default=10, ge=1, le=600)


class VaultSettings(BaseModel):
    """Where a vault keeps its values, and for how long. The key stays out of the repr."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path | None = None
    key: SecretStr | None = None
    key_file: Path | None = None
    ttl_seconds: float = Field(default=86_400, gt=0)


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix="AIDEFENCE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    profile: Profile = Profile.BALANCED
    rules_dir: Path | None = None
    paranoia: int = Field(default=1, ge=1, le=4)
    exclude: Annotated[tuple[str, ...], NoDecode] = ()
    thresholds: dict[Category, ThresholdSettings] = Field(default_factory=dict)
    answer_thresholds: dict[Category, ThresholdSettings] = Field(default_factory=dict)
    dense: DeepMode = DeepMode.AUTO
    dense_file: Path | None = None
    deep: DeepMode = DeepMode.AUTO
    deep_dir: Path | None = None
    on_error: OnError = OnError.KEEP
    lists: Annotated[tuple[Path, ...], NoDecode] = ()
    topics: Annotated[tuple[Path, ...], NoDecode] = ()
    server: ServerSettings = ServerSettings()
    vault: VaultSettings = VaultSettings()

    @field_validator("exclude", "lists", "topics", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        # A variable of the environment holds a list as `a, b`.
        if isinstance(given, Path):
            return (given,)
        if not isinstance(given, str):
            return given
        return tuple(part.strip() for part in given.split(",") if part.strip())

    def setup(self) -> Setup:
        """What a guard with these settings is made of."""
        return make_setup(
            profile=self.profile,
            rules_dir=self.rules_dir,
            paranoia=self.paranoia,
            exclude=self.exclude,
            thresholds=_pairs(self.thresholds),
            answer_thresholds=_pairs(self.answer_thresholds),
            dense=self.dense,
            dense_file=self.dense_file,
            deep=self.deep,
            deep_dir=self.deep_dir,
            on_error=self.on_error,
            lists=self.lists,
            topics=self.topics,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- the hook's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the hook's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the hook's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file: an operator must be able to override."""
        return env_settings, init_settings


def _pairs(given: Mapping[Category, ThresholdSettings]) -> dict[Category, tuple[float, float]]:
    return {name: (it.flag, it.block) for name, it in given.items()}


class FixedSettings(Settings):
    """Settings as they are handed in, whatever the environment says."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- the hook's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the hook's signature
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the hook's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the hook's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but what is handed in."""
        return (init_settings,)


def read_config(path: Path) -> Settings:
    """Read a settings file; the environment has no say."""
    return _make(FixedSettings, _read_toml(path), str(path))


def read_settings(path: Path | None = None) -> Settings:
    """Read the gateway's settings: the file named here or by `AIDEFENCE_CONFIG`, then variables."""
    named = os.environ.get(_CONFIG_VARIABLE)
    chosen = path or (Path(named) if named else None)
    return _make(Settings, _read_toml(chosen) if chosen else {}, str(chosen or "environment"))


def _read_toml(path: Path) -> dict[str, object]:
    try:
        values: dict[str, object] = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read settings `{path}`: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"settings `{path}` are not TOML: {error}") from error
    _from_here(values, ("rules_dir", "dense_file", "deep_dir", "lists", "topics"), path.parent)
    vault = values.get("vault")
    if isinstance(vault, dict):
        _from_here(vault, ("path", "key_file"), path.parent)
    return values


def _from_here(values: dict[str, object], names: tuple[str, ...], folder: Path) -> None:
    for name in names:
        place = values.get(name)
        # Relative to the file that names it, wherever the process was started.
        if isinstance(place, str):
            values[name] = folder / place
        elif isinstance(place, list):
            values[name] = [folder / it if isinstance(it, str) else it for it in place]


def _make(kind: type[Settings], values: dict[str, object], source: str) -> Settings:
    try:
        return kind(**values)  # type: ignore[arg-type]  # validation is what this call is for
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingError(place, f"{first['msg'].lower()} ({source})") from None
