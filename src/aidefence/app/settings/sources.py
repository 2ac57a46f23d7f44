"""Where settings come from. Loads nothing that reads them: a worker only hands it on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIG_VARIABLE = "AIDEFENCE_CONFIG"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where settings come from; read again for each reload."""

    path: Path | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)
    uses_environment: bool = True

    @classmethod
    def of(cls, path: Path | None = None, flags: Mapping[str, Any] | None = None) -> Sources:
        """Take the file that is named here, or else by the variable `AIDEFENCE_CONFIG`."""
        named = os.environ.get(CONFIG_VARIABLE)
        return cls(path or (Path(named) if named else None), flags or {})
