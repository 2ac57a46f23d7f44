"""What sessions, users and tenants have cost: what upstreams report, at the prices of settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from aidefence.domain.access import Caller
from aidefence.domain.asking import Context
from aidefence.domain.errors import PolicyStateError
from aidefence.ports.policy_states import PolicyStates
from aidefence.service.policy_keys import session_of, state_key

SPEND_FEATURES = ("session.spend", "user.spend", "tenant.spend")
_REALM = "spend"
_DAY_MS = 24 * 3_600_000
_KEPT_MS = (31 * _DAY_MS, 2 * _DAY_MS, 33 * _DAY_MS)
_ATTEMPTS_MAX = 16
_MICROCENTS = 1_000_000


class Spends:
    """Adds up costs in millionths of a cent, for all workers. Safe to share between threads."""

    __slots__ = ("_now_ms", "_states")

    def __init__(self, states: PolicyStates, now_ms: Callable[[], int]) -> None:
        self._states = states
        self._now_ms = now_ms

    def add(self, caller: Caller, context: Context, microcents: int) -> None:
        """Add what an answer has cost.

        Raises:
            PolicyStateError: it cannot be written.

        """
        now_ms = self._now_ms()
        for scope, key in enumerate(_keys(caller, context, now_ms)):
            if key is not None and microcents > 0:
                self._add(key, microcents, now_ms, now_ms + _KEPT_MS[scope])

    def of(self, caller: Caller, context: Context) -> Mapping[str, object]:
        """Tell what was spent so far, by names of the catalog; of a session only if it is named.

        Raises:
            PolicyStateError: it cannot be read.

        """
        now_ms = self._now_ms()
        keys = _keys(caller, context, now_ms)
        named = [key for key in keys if key is not None]
        spent = {it.key: _read(it.state) for it in self._states.load(named, now_ms)}
        return {
            feature: _money(spent[key])
            for feature, key in zip(SPEND_FEATURES, keys, strict=True)
            if key is not None
        }

    def _add(self, key: bytes, microcents: int, now_ms: int, expires_ms: int) -> None:
        for _ in range(_ATTEMPTS_MAX):
            read = self._states.load([key], now_ms)
            written = str(_read(read[0].state) + microcents).encode()
            if self._states.save(read, {key: written}, now_ms, expires_ms):
                return
        raise PolicyStateError(f"others wrote the same costs {_ATTEMPTS_MAX} times in between")


def _keys(caller: Caller, context: Context, now_ms: int) -> tuple[bytes | None, bytes, bytes]:
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    session = session_of(context)
    user = context.user or f"\0{caller.id}"
    return (
        None if session is None else state_key(_REALM, caller.tenant, 0, session),
        state_key(_REALM, caller.tenant, 1, f"{now:%Y-%m-%d} {user}"),
        state_key(_REALM, caller.tenant, 2, f"{now:%Y-%m}"),
    )


def _read(state: bytes | None) -> int:
    try:
        return 0 if state is None else int(state)
    except ValueError:
        raise PolicyStateError("what was spent cannot be read") from None


def _money(microcents: int) -> str:
    # Rounded up: a limit must not be missed by a part of a cent. The currency is that of prices.
    cents = min(-(-microcents // _MICROCENTS), 2**31 - 1)
    return f"{cents // 100}.{cents % 100:02} EUR"
