"""Requests that name a session: decided with what that session said before."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

from aidefence.domain.asking import Detection, Request
from aidefence.domain.content import Degraded, Inspection
from aidefence.domain.conversation import Conduct, ConversationDecision
from aidefence.domain.decision import Decision
from aidefence.domain.enums import OnError
from aidefence.domain.errors import ConversationError
from aidefence.service.conversation import Follower
from aidefence.service.inspect import Inspector, conclude

CHECK = "conversation"
_NOTHING = Inspection(())


def belongs_to_talk(request: Request) -> bool:
    """Whether a request is a part of a conversation: a text, or a chat, of a named session."""
    if request.context.session is None or request.answers is not None:
        return False
    return request.chat is not None or isinstance(request.what, str)


class Talks:
    """Follows the sessions of callers. Safe to share between threads."""

    __slots__ = ("_conduct", "_follower", "_inspector", "_on_error")

    def __init__(
        self,
        follower: Follower,
        conduct: Conduct,
        inspector: Inspector,
        on_error: OnError,
    ) -> None:
        """`on_error` is what happens to a message when nothing is known of those before it."""
        self._follower = follower
        self._conduct = conduct
        self._inspector = inspector
        self._on_error = on_error

    def inspect(self, request: Request, since_ns: int) -> Detection:
        """Decide on the newest turn of a session."""
        caller = request.caller
        name = name_of_talk(caller.tenant, caller.id, request.context.session or "")
        chat = request.chat
        try:
            if chat is None:
                talk = self._follower.observe(name, request.what, self._conduct, since_ns=since_ns)
            else:
                talk = self._follower.inspect(name, chat, self._conduct, since_ns=since_ns)
        except ConversationError as error:
            return self._alone(request, since_ns, error)
        found = conclude(self._speaking(request, talk, since_ns), request.conditions)
        whole = next((it.decision.category for it in talk.assembled), None)
        return replace(
            found,
            detected=found.detected or whole is not None,
            action=max(found.action, talk.action),
            category=found.category or whole,
            degraded=tuple(dict.fromkeys((*found.degraded, *talk.degraded))),
            talk=talk,
        )

    def _speaking(self, request: Request, talk: ConversationDecision, since_ns: int) -> Decision:
        """Give the decision that speaks for the newest turn: the gravest on what is new."""
        fresh = [it.decision for it in talk.messages if it.decision is not None]
        if fresh:
            return max(fresh, key=lambda it: (it.action_code, it.confidence))
        # The same words were inspected earlier in this session; a text is told about all the same.
        what = request.what if request.chat is None else _NOTHING
        return self._inspector.decide(what, since_ns)

    def _alone(self, request: Request, since_ns: int, error: ConversationError) -> Detection:
        found = self._inspector.inspect(request.what, request.conditions, since_ns=since_ns)
        missed = Degraded(CHECK, f"judged without what was said before: {error}")
        return replace(
            found,
            action=max(found.action, self._on_error.least),
            degraded=(*found.degraded, missed),
        )


def name_of_talk(tenant: str, caller: str, session: str) -> str:
    """Name a conversation: sessions belong to the caller who names them."""
    said = f"{tenant}\0{caller}\0{session}".encode("utf-8", "surrogatepass")
    return blake2b(said, digest_size=32).hexdigest()
