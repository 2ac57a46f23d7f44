"""What file, environment and flags say: which of them wins, and who said what."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from aidefence.app.settings.files import ConfigFile, Place, read_file
from aidefence.app.settings.sources import Sources
from aidefence.app.settings.whole import Settings

PREFIX = "AIDEFENCE_"
# `AIDEFENCE_LOG=json` is short for the variable of the one setting that containers need.
SHORT = {"aidefence_log": "aidefence_log__format"}


def gather(sources: Sources) -> Gathered:
    """Read all of them.

    Raises:
        ConfigError: the file cannot be read, or a variable that must be JSON is none.

    """
    file = None if sources.path is None else read_file(sources.path)
    layers: list[tuple[str, dict[str, Any]]] = []
    if file is not None:
        layers.append(("file", _from_here(file)))
    if sources.uses_environment:
        layers.append(("environment", _from_environment()))
    layers.append(("flag", dict(sources.flags)))
    values: dict[str, Any] = {}
    origins: dict[Place, str] = {}
    for name, layer in layers:
        _lay_over(values, layer)
        origins |= {place: name for place, value in leaves(layer) if value != {}}
    return Gathered(values, origins, file)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What all sources say together, and which of them each value comes from."""

    values: dict[str, Any] = field(repr=False)
    origins: Mapping[Place, str]
    file: ConfigFile | None

    def where(self, place: Place) -> str:
        """Tell where a setting was made, in words for whoever must change it."""
        # The value itself, a table that was given whole, or something within the table asked for.
        above = ((place[:it], self.origins.get(place[:it])) for it in range(len(place), 0, -1))
        below = ((at, it) for at, it in self.origins.items() if at[: len(place)] == place)
        for at, origin in (*above, *below):
            if origin == "file" and self.file is not None:
                return self.file.where(place)
            if origin == "environment":
                return variable(at[: len(place)])
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


def _from_environment() -> dict[str, Any]:
    if not any(name.upper().startswith(PREFIX) for name in os.environ):
        return {}
    # Imported here: what reads variables takes more memory than all settings do.
    from aidefence.app.settings.environment import read_environment  # noqa: PLC0415

    return read_environment(Settings, PREFIX, SHORT)


def _from_here(file: ConfigFile) -> dict[str, Any]:
    """Let paths in a file begin at the file, wherever the process was started."""
    values: dict[str, Any] = {}
    _lay_over(values, file.values)
    _begin_at(values, Settings, file.path.parent)
    return values


def _begin_at(values: dict[str, Any], kind: type[BaseModel], folder: Path) -> None:
    for name, field_of in kind.model_fields.items():
        given, annotation = values.get(name), field_of.annotation
        if isinstance(given, dict):
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                _begin_at(given, annotation, folder)
        elif not _names_paths(annotation):
            continue
        elif isinstance(given, str):
            values[name] = folder / given
        elif isinstance(given, list):
            values[name] = [folder / it if isinstance(it, str) else it for it in given]


def _names_paths(annotation: object) -> bool:
    return annotation is Path or any(_names_paths(it) for it in get_args(annotation))
