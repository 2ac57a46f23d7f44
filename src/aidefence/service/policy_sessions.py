"""What is known of a session before an event: what was said, stopped, and let in."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aidefence.domain.asking import Context
from aidefence.domain.content import Content
from aidefence.domain.decision import Decision
from aidefence.domain.enums import CATEGORIES, Action, Category, Modality, Origin
from aidefence.domain.errors import AIDefenceError, PolicyStateError
from aidefence.domain.tools import Capability
from aidefence.ports.policy_states import PolicyStates
from aidefence.service.policy_calls import Call, Classify
from aidefence.service.policy_keys import session_of, state_key

PAST_FEATURES = frozenset(
    {
        *("session.turns", "session.blocked", "session.flagged", "session.age"),
        *("taint.untrusted", "taint.private", "taint.secret"),
    }
)
"""What this module tells of a session, by the names of the catalog."""
_REALM = "facts of sessions"
_ATTEMPTS_MAX = 16
_COUNT_MAX = 1_000_000
_FOUND_MIN = 0.5
_BROUGHT = frozenset({Origin.TOOL, Origin.RETRIEVAL, Origin.MEMORY})
_BY_FINDING = {
    CATEGORIES.index(Category.PII): "taint.private",
    CATEGORIES.index(Category.SECRET): "taint.secret",
}
_BY_CAPABILITY = {
    Capability.PRIVATE: "taint.private",
    Capability.UNTRUSTED: "taint.untrusted",
}


@dataclass(frozen=True, slots=True)
class Past:
    """A session so far. What was refused has reached nobody, and leaves no taint."""

    begun_ms: int
    turns: int = 0
    blocked: int = 0
    flagged: int = 0
    taints: frozenset[str] = frozenset()

    def after(self, action: Action, taints: frozenset[str], *, is_turn: bool = True) -> Past:
        """Give the session as it is after a request, or after a part of one that is no turn."""
        return Past(
            self.begun_ms,
            min(self.turns + is_turn, _COUNT_MAX),
            min(self.blocked + (action is Action.BLOCK), _COUNT_MAX),
            min(self.flagged + (action is Action.FLAG), _COUNT_MAX),
            self.taints | taints if action < Action.REVIEW else self.taints,
        )

    def written(self) -> bytes:
        """Write it down."""
        told = [self.begun_ms, self.turns, self.blocked, self.flagged, sorted(self.taints)]
        return json.dumps(told, separators=(",", ":")).encode()

    @staticmethod
    def read(data: bytes) -> Past:
        """Read what was written.

        Raises:
            PolicyStateError: it is something else.

        """
        try:
            begun_ms, turns, blocked, flagged, taints = json.loads(data)
        except (TypeError, ValueError):
            raise PolicyStateError("what is known of a session cannot be read") from None
        return Past(begun_ms, turns, blocked, flagged, frozenset(taints))


class Pasts:
    """Remembers sessions for all workers. Safe to share between threads."""

    __slots__ = ("_now_ms", "_states", "_ttl_ms")

    def __init__(self, states: PolicyStates, now_ms: Callable[[], int], ttl_ms: int) -> None:
        """`ttl_ms` after its last request a session is forgotten."""
        self._states = states
        self._now_ms = now_ms
        self._ttl_ms = ttl_ms

    def look(self, tenant: str, context: Context) -> Past | None:
        """Give the session so far; none where no session is named.

        Raises:
            PolicyStateError: it cannot be read.

        """
        session = session_of(context)
        if session is None:
            return None
        now_ms = self._now_ms()
        [held] = self._states.load([state_key(_REALM, tenant, 0, session)], now_ms)
        return Past(now_ms) if held.state is None else Past.read(held.state)

    def note(
        self,
        tenant: str,
        context: Context,
        action: Action,
        taints: frozenset[str],
        *,
        is_turn: bool = True,
    ) -> None:
        """Remember a request, or a part of one that is no turn.

        Raises:
            PolicyStateError: it cannot be written.

        """
        session = session_of(context)
        if session is None:
            return
        key = state_key(_REALM, tenant, 0, session)
        for _ in range(_ATTEMPTS_MAX):
            now_ms = self._now_ms()
            read = self._states.load([key], now_ms)
            before = Past(now_ms) if read[0].state is None else Past.read(read[0].state)
            changed = {key: before.after(action, taints, is_turn=is_turn).written()}
            if self._states.save(read, changed, now_ms, now_ms + self._ttl_ms):
                return
        raise BusySessionError(f"others wrote the same session {_ATTEMPTS_MAX} times in between")


class BusySessionError(AIDefenceError):
    """So many ask for one session at once that a request of it could not be remembered."""


def taints_of(
    contents: Sequence[Content], decision: Decision | None, classify: Classify
) -> frozenset[str]:
    """Say what has come in with the contents of a request that tools and documents brought.

    Without a decision they were inspected before: what was found in them is not known any more.
    """
    called = {
        it.call_id: it.tool
        for it in contents
        if it.modality is Modality.TOOL_CALL and it.call_id is not None
    }
    found: set[str] = set()
    records = () if decision is None else decision.records
    for at, content in enumerate(contents):
        if content.origin not in _BROUGHT:
            continue
        found.add("taint.untrusted")
        # Where old messages were not inspected again, no record can be told from another.
        own = records[at : at + 1] if len(records) == len(contents) else records
        for record in own:
            for finding in record[6]:
                if finding[1] in _BY_FINDING and finding[4] >= _FOUND_MIN:
                    found.add(_BY_FINDING[finding[1]])
        tool = content.tool or called.get(content.call_id or "")
        if tool:
            found |= {_BY_CAPABILITY[it] for it in classify(tool) if it in _BY_CAPABILITY}
    return frozenset(found)


def taints_to_come(calls: Sequence[Call]) -> frozenset[str]:
    """Say what the results of calls will bring, if they are made."""
    return frozenset(
        _BY_CAPABILITY[it] for call in calls for it in call.capabilities if it in _BY_CAPABILITY
    )
