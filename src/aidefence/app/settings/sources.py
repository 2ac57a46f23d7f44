"""What file, environment and flags say: which of them wins, and who said what."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_settings import EnvSettingsSource

from aidefence.app.settings.files import ConfigFile, Place, read_file
from aidefence.app.settings.whole import Settings

CONFIG_VARIABLE = "AIDEFENCE_CONFIG"
PREFIX = "AIDEFENCE_"
_PATHS: tuple[Place, ...] = (
    *(("rules_dir",), ("dense_file",), ("deep_dir",), ("lists",), ("topics",), ("state_dir",)),
    *(("vault", "path"), ("vault", "key_file"), ("mcp_proxy", "pins")),
    *(("tls", "certificate"), ("tls", "key"), ("tls", "client_ca")),
)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where settings come from; read again for each reload."""

    path: Path | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)
    uses_environment: bool = True

    @classmethod
    def of(cls, path: Path | None = None, flags: Mapping[str, Any] | None = None) -> Sources:
        """Take the file that is named here, or else by the variable `AIDEFENCE_CONFIG`."""
        named = os.environ.get(CONFIG_VARIABLE)
        return cls(path or (Path(named) if named else None), flags or {})

    def gather(self) -> Gathered:
        """Read all of them.

        Raises:
            ConfigError: the file cannot be read.

        """
        file = None if self.path is None else read_file(self.path)
        layers: list[tuple[str, dict[str, Any]]] = []
        if file is not None:
            layers.append(("file", _from_here(file)))
        if self.uses_environment:
            layers.append(("environment", EnvSettingsSource(Settings)()))
        layers.append(("flag", dict(self.flags)))
        values: dict[str, Any] = {}
        origins: dict[Place, str] = {}
        for name, layer in layers:
            _lay_over(values, layer)
            origins |= {place: name for place, _ in leaves(layer)}
        return Gathered(values, origins, file)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What all sources say together, and which of them each value comes from."""

    values: dict[str, Any] = field(repr=False)
    origins: Mapping[Place, str]
    file: ConfigFile | None

    def where(self, place: Place) -> str:
        """Tell where a setting was made, in words for whoever must change it."""
        for length in range(len(place), 0, -1):
            origin = self.origins.get(place[:length]) or next(
                (it for at, it in self.origins.items() if at[:length] == place[:length]), None
            )
            if origin == "file" and self.file is not None:
                return self.file.where(place)
            if origin == "environment":
                return variable(place[:length])
            if origin is not None:
                return "flag"
        return "default"


def variable(place: Place) -> str:
    """Name the variable of the environment that makes a setting."""
    return PREFIX + "__".join(place).upper()


def leaves(values: Mapping[str, Any], place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Walk over all values that are no tables."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*place, str(name)))
        else:
            yield (*place, str(name)), value


def _lay_over(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        below = under.get(name)
        if isinstance(below, dict) and isinstance(value, Mapping):
            _lay_over(below, value)
        elif isinstance(value, Mapping):
            under[name] = {}
            _lay_over(under[name], value)
        else:
            under[name] = value


def _from_here(file: ConfigFile) -> dict[str, Any]:
    """Let paths in a file begin at the file, wherever the process was started."""
    values: dict[str, Any] = {}
    _lay_over(values, file.values)
    folder = file.path.parent
    for *tables, name in _PATHS:
        table: Any = values
        for step in tables:
            table = table.get(step) if isinstance(table, dict) else None
        given = table.get(name) if isinstance(table, dict) else None
        if isinstance(given, str):
            table[name] = folder / given
        elif isinstance(given, list):
            table[name] = [folder / it if isinstance(it, str) else it for it in given]
    return values
