"""Counts for Prometheus."""

from __future__ import annotations

from aidefence.app.settings.section import Section


class MetricsSettings(Section):
    """Counts for Prometheus, at `/metrics`."""

    enabled: bool = True
    """Whether they are shown."""
