"""From sources to settings, or to the flaws that keep them from being some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aidefence.app.settings.files import Place
from aidefence.app.settings.gathering import Gathered, gather
from aidefence.app.settings.sources import Sources
from aidefence.app.settings.whole import Settings
from aidefence.domain.enums import Category
from aidefence.domain.errors import SettingError


@dataclass(frozen=True, slots=True)
class Flaw:
    """One setting that is wrong: which, why, and where it was made."""

    setting: str
    reason: str
    where: str

    def error(self) -> SettingError:
        """Give the error that tells of it."""
        return SettingError(self.setting, self.reason, self.where)


def read_config(path: Path) -> Settings:
    """Read a settings file; neither the environment nor flags have a say."""
    return read_sources(Sources(path, uses_environment=False))


def read_settings(path: Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """Read the file named here or by `AIDEFENCE_CONFIG`, then variables, then flags.

    Raises:
        ConfigError: the file cannot be read.
        SettingError: the first setting that is wrong.

    """
    return read_sources(Sources.of(path, flags))


def read_sources(sources: Sources) -> Settings:
    """Read all sources and make settings of what they say.

    Raises:
        ConfigError: the file cannot be read.
        SettingError: the first setting that is wrong.

    """
    made = try_settings(gather(sources))
    if isinstance(made, Settings):
        return made
    raise made[0].error()


def try_settings(gathered: Gathered) -> Settings | list[Flaw]:
    """Make settings of what was gathered, or tell all that is wrong with it."""
    try:
        return Settings(**gathered.values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        return [_flaw(detail, gathered) for detail in details]


def _flaw(detail: ErrorDetails, gathered: Gathered) -> Flaw:
    place = tuple(str(part) for part in detail["loc"] if part != "[key]")
    name = ".".join(place)
    if detail["type"] == "extra_forbidden":
        return Flaw(name, f"unknown{_nearest(place)}", gathered.where(place))
    if detail["loc"][-1:] == ("[key]",):
        near = get_close_matches(place[-1], list(Category), 1)
        hint = f": did you mean `{near[0]}`?" if near else f": expected {', '.join(Category)}"
        return Flaw(name, f"no category{hint}", gathered.where(place))
    # Never what was given: it may be a secret in the wrong place.
    return Flaw(name, detail["msg"].lower(), gathered.where(place))


def _nearest(place: Place) -> str:
    known = _names_at(place[:-1])
    near = get_close_matches(place[-1], known, 1)
    if near:
        return f": did you mean `{near[0]}`?"
    return f": expected {', '.join(f'`{it}`' for it in known)}" if known else ""


def _names_at(place: Place) -> list[str]:
    """List the settings of a table."""
    at: type[BaseModel] = Settings
    for step in place:
        field = at.model_fields.get(step)
        if field is None:
            # A name in the middle that is free, as a category: all of its tables are alike.
            continue
        kinds = [field.annotation, *get_args(field.annotation)]
        models = [it for it in kinds if isinstance(it, type) and issubclass(it, BaseModel)]
        if not models:
            return []
        at = models[0]
    return list(at.model_fields)
