"""Words of the settings that those who only hold them know, too."""

from __future__ import annotations

from enum import StrEnum


class KeptContent(StrEnum):
    """What is kept of an inspected text."""

    DIGEST = "digest"
    REDACTED = "redacted"
    ENCRYPTED = "encrypted"


class LogFormat(StrEnum):
    """How lines of the log are written."""

    JSON = "json"
    TEXT = "text"


class CompatDialect(StrEnum):
    """Another product whose requests are understood."""

    LAKERA = "lakera"
    LITELLM = "litellm"
    MODERATIONS = "moderations"
    AZURE = "azure"
    PRESIDIO = "presidio"
    LLM_GUARD = "llm_guard"
    NEMO = "nemo"
