"""What all hooks have in common: when something is stopped, and what is said then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aidefence.domain.enums import Action
from aidefence.domain.errors import AIDefenceError, SettingError

if TYPE_CHECKING:
    from aidefence import Decision
    from aidefence.domain.tools import Ruling


class BlockedError(AIDefenceError):
    """Something was stopped. `told` says why, without the text itself."""

    def __init__(self, what: str, told: dict[str, Any]) -> None:
        reasons = "; ".join(told["reasons"])
        super().__init__(f"{what} was stopped: {reasons}" if reasons else f"{what} was stopped")
        self.what = what
        self.told = told

    def __reduce__(self) -> tuple[type[BlockedError], tuple[str, dict[str, Any]]]:
        return type(self), (self.what, self.told)


class Stop:
    """From which action on something is stopped."""

    __slots__ = ("_least",)

    def __init__(self, at: Action | str) -> None:
        """`at` is `"block"`, `"review"` or `"flag"`.

        Raises:
            SettingError: it is none of these.

        """
        allowed = (Action.FLAG, Action.REVIEW, Action.BLOCK)
        if at not in allowed:
            known = ", ".join(allowed)
            raise SettingError("stop_at", f"`{at}` is unknown: expected {known}")
        self._least = Action(at)

    def holds(self, decided: Decision | Ruling) -> bool:
        """Whether this must not go on; an observing guard stops nothing."""
        return decided.enforced and decided.action >= self._least

    def check(self, what: str, decided: Decision | Ruling) -> None:
        """Raise if this must not go on.

        Raises:
            BlockedError: it must not.

        """
        if self.holds(decided):
            raise BlockedError(what, tell(decided))


def tell(decided: Decision | Ruling) -> dict[str, Any]:
    """Tell a decision as plain data, without the text."""
    reasons = getattr(decided, "reasons", None)
    if reasons is None:
        reasons = [it.explanation for it in decided.findings]
    return {
        "action": decided.action.value,
        "enforced": decided.enforced,
        "reasons": list(reasons)[:8],
        "findings": [
            {"rule": it.rule_id, "category": it.category.value, "severity": it.severity.value}
            for it in decided.findings[:16]
        ],
        "policy_version": decided.policy_version,
    }
