"""What policies ask of an event beyond the event itself: costs, approvals, whose words it carries.

Looked up only where a policy in force asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aidefence.domain.asking import Request
from aidefence.domain.content import Content
from aidefence.domain.enums import Action, Origin
from aidefence.domain.errors import PolicyStateError
from aidefence.ports.policy_states import PolicyStates
from aidefence.service.approvals import Approved
from aidefence.service.call_arguments import read_arguments
from aidefence.service.policy_keys import session_of, state_key
from aidefence.service.policy_prints import Prints
from aidefence.service.policy_seen import Seen
from aidefence.service.policy_spend import SPEND_FEATURES, Spends

_ARGUMENTS = "taint.arguments"
TOLD = frozenset({_ARGUMENTS, "approved", *SPEND_FEATURES})
"""What this module tells, by the names of the catalog."""
_REALM = "prints"
_KEPT_MS = 31 * 24 * 3_600_000
_ATTEMPTS_MAX = 16


class Extras:
    """Tells events what is known; safe to share between threads."""

    __slots__ = ("_approved", "_key", "_now_ms", "_priced", "_spends", "_states")

    def __init__(
        self, states: PolicyStates, now_ms: Callable[[], int], key: bytes, *, priced: bool
    ) -> None:
        """`key` is that of fingerprints; `priced` says whether costs are told at all."""
        self._states = states
        self._now_ms = now_ms
        self._key = key
        self._priced = priced
        self._spends = Spends(states, now_ms)
        self._approved = Approved(states, now_ms)

    def tell(self, request: Request, asked: frozenset[str], events: Sequence[Seen]) -> None:
        """Tell the events of a request what policies ask for; what is not known stays untold.

        Raises:
            PolicyStateError: it cannot be looked up.

        """
        told: dict[str, object] = {}
        if self._priced and not asked.isdisjoint(SPEND_FEATURES):
            told |= self._spends.of(request.caller, request.context)
        prints = self._prints(request, events) if _ARGUMENTS in asked else None
        for it in events:
            own = dict(told)
            if "approved" in asked:
                own["approved"] = it.call is not None and self._is_approved(request, it)
            if prints is not None and it.call is None:
                own[_ARGUMENTS] = False
            elif prints is not None and it.call is not None and it.call.arguments is not None:
                texts = read_arguments(it.call.arguments).texts
                carries = prints.carries(argument.text for argument in texts)
                # Of a session without a name no more is known than what came along.
                if carries or session_of(request.context) is not None:
                    own[_ARGUMENTS] = carries
            it.facts = {**it.facts, **own}

    def note(
        self, request: Request, asked: frozenset[str], events: Sequence[Seen], action: Action
    ) -> None:
        """Remember of a request that passed what strangers and users said in it.

        Raises:
            PolicyStateError: it cannot be written.

        """
        session = session_of(request.context)
        if _ARGUMENTS not in asked or session is None or action >= Action.REVIEW:
            return
        contents = [*_before(request), *events[0].contents()]
        key = state_key(_REALM, request.caller.tenant, 0, session)
        for _ in range(_ATTEMPTS_MAX):
            now_ms = self._now_ms()
            read = self._states.load([key], now_ms)
            prints = Prints(self._key, read[0].state)
            before = prints.dump()
            prints.take(contents)
            after = prints.dump()
            if after == before or self._states.save(read, {key: after}, now_ms, now_ms + _KEPT_MS):
                return
        raise PolicyStateError(f"others wrote the same session {_ATTEMPTS_MAX} times in between")

    def spent(self, request: Request, microcents: int) -> None:
        """Add what the answer to a request has cost.

        Raises:
            PolicyStateError: it cannot be written.

        """
        self._spends.add(request.caller, request.context, microcents)

    def _is_approved(self, request: Request, event: Seen) -> bool:
        if event.call is None:
            return False
        session = session_of(request.context)
        tenant = request.caller.tenant
        return self._approved.take(tenant, session, event.call.name, event.call.arguments)

    def _prints(self, request: Request, events: Sequence[Seen]) -> Prints:
        session = session_of(request.context)
        state = None
        if session is not None:
            key = state_key(_REALM, request.caller.tenant, 0, session)
            state = self._states.load([key], self._now_ms())[0].state
        prints = Prints(self._key, state)
        prints.take([*_before(request), *events[0].contents()])
        return prints


def _before(request: Request) -> list[Content]:
    """Give what came before a request, as far as whoever asks can see."""
    step = request.step
    strangers = [Content(it, Origin.TOOL) for it in step.seen]
    return [*strangers, *([Content(step.task, Origin.USER)] if step.task else [])]
