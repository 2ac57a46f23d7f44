"""Doors that answer as other products do."""

from __future__ import annotations

from enum import StrEnum

from aidefence.app.settings.section import Section


class CompatDialect(StrEnum):
    """Another product whose requests are understood."""

    LAKERA = "lakera"
    LITELLM = "litellm"
    MODERATIONS = "moderations"
    AZURE = "azure"
    PRESIDIO = "presidio"
    LLM_GUARD = "llm_guard"
    NEMO = "nemo"


class CompatSettings(Section):
    """Doors that answer [as other products do](compat.md)."""

    enabled: bool = True
    """Whether these doors are open."""
    dialects: tuple[CompatDialect, ...] = tuple(CompatDialect)
    """Which of them: `lakera`, `litellm`, `moderations`, `azure`, `presidio` …"""
