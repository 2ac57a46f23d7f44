"""What tenants have used of their month, as the outside world remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class UsageStore(Protocol):
    """Keeps counts by month; they only grow. Raises `UnavailableError` where it is silent."""

    def used(self, month: int) -> Mapping[str, int]:
        """What each tenant has used of a month."""

    def raise_to(self, month: int, used: Mapping[str, int]) -> None:
        """Make the counts of tenants stand at these at least."""
