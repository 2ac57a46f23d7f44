"""Traces for OpenTelemetry."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from aidefence.app.settings.section import Section


class OtelSettings(Section):
    """Traces for OpenTelemetry; see [traces](observability.md#traces)."""

    enabled: bool = False
    """Whether traces are sent."""
    endpoint: str = Field(default="http://127.0.0.1:4318/v1/traces", pattern="^https?://")
    """Where a collector takes OTLP over HTTP."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Headers for the collector, as a key of an account."""
    share: float = Field(default=0.05, ge=0, le=1)
    """How many of the traces that begin here are kept; a trace that came with a request decides."""
    convention: Literal["genai-draft", "plain"] = "genai-draft"
    """By which names inspections are told: the draft for guardrails, or our own alone."""
