"""Forgetting, as the outside world does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class RetentionStore(Protocol):
    """Deletes what has been kept long enough.

    Every method raises `UnavailableError` where the store does not answer.
    """

    def purge(self, before_ms: Mapping[str, int]) -> Mapping[str, int]:
        """Delete what is older than its kind's moment; says how many of each kind."""
