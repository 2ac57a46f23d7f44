"""What the gateway writes to its standard error."""

from __future__ import annotations

from typing import Literal

from aidefence.app.settings.section import Section
from aidefence.app.settings.words import LogFormat


class LogSettings(Section):
    """What the gateway writes to its standard error; never a text that was inspected."""

    format: LogFormat = LogFormat.TEXT
    """How lines are written: `json` for machines, `text` for people."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important line that is written."""
    access: bool = False
    """Whether every request gets a line."""
