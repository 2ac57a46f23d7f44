"""Traces for OpenTelemetry."""

from __future__ import annotations

from aidefence.app.settings.section import Section


class OtelSettings(Section):
    """Traces for OpenTelemetry."""

    enabled: bool = False
    """Whether traces are sent."""
