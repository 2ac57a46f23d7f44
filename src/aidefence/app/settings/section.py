"""What all sections of the settings have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of settings. The docstring under each setting is what its page and schema say."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
