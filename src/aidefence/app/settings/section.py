"""What all sections of the settings have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from aidefence.app.settings.held import HeldSection, Secret, hold


class Section(BaseModel):
    """A table of settings. The docstring under each setting is what its page and schema say."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    def __reduce__(self) -> tuple[Any, ...]:
        # Whoever takes settings over from another process holds them, and loads nothing else.
        return hold, (HeldSection, values_of(self))


def values_of(section: BaseModel) -> dict[str, object]:
    """Give the values of a section as they are held elsewhere."""
    return {name: _held(getattr(section, name)) for name in type(section).model_fields}


def _held(value: object) -> object:
    if isinstance(value, SecretStr):
        return Secret(value.get_secret_value())
    if isinstance(value, Mapping):
        return {name: _held(it) for name, it in value.items()}
    if isinstance(value, tuple):
        return tuple(_held(it) for it in value)
    return value
