"""The protocol between client and server as the proxy follows it: no socket, no clock, no thread.

Both sides' lines go in, what each side is to get comes out. What is not stopped, replaced or noted
goes on byte for byte, known method or not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from aidefence.delivery.mcp.codes import Code
from aidefence.delivery.mcp.proxy.answers import blocked, error
from aidefence.delivery.mcp.proxy.events import Event, Kind, Tell, ruled_event
from aidefence.delivery.mcp.proxy.frames import (
    Frame,
    FrameError,
    Id,
    Message,
    key_of,
    read_frame,
    write,
)
from aidefence.delivery.mcp.proxy.results import Results
from aidefence.domain.relaying import PASSED, Ruled
from aidefence.service.tool_session import ToolSession

_NS = 1_000_000_000
_CLOSED_KEPT = 256
# Answered when a subscription ends, however long that takes.
_ENDLESS = frozenset({"subscriptions/listen"})


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """What one session may take."""

    message_bytes_max: int = 8 << 20
    pending_max: int = 1_024
    messages_per_second: float = 200
    burst: int = 400
    answer_seconds_max: float = 300
    """A request without answer or progress for so long is given up."""


@dataclass(slots=True)
class Pending:
    """A request of the client that the server has not answered yet."""

    id: Id
    method: str
    name: str
    is_first_page: bool
    ruled: Ruled
    progress: str | None
    due_ns: int


@dataclass(slots=True)
class Passing:
    """What each side is to get, in order."""

    to_server: list[bytes] = field(default_factory=list)
    to_client: list[bytes] = field(default_factory=list)


class Relay:
    """One session. For one thread at a time."""

    def __init__(
        self, session: ToolSession, results: Results, limits: RelayLimits, tell: Tell
    ) -> None:
        self._session = session
        self._results = results
        self._limits = limits
        self._tell = tell
        self._pending: dict[str, Pending] = {}
        # Answers to what was cancelled or given up may still come: nobody need be told of them.
        self._closed: deque[str] = deque(maxlen=_CLOSED_KEPT)
        self._allowance = float(limits.burst)
        self._counted_ns = 0

    def from_client(self, line: bytes, now_ns: int) -> Passing:
        """Take a line of the client."""
        try:
            frame = read_frame(line)
        except FrameError as refused:
            return self._unread(refused, of_client=True)
        kept: list[Message] = []
        answers: list[Message] = []
        for message in frame.messages:
            answer = self._refusal(message, now_ns)
            if answer is None:
                kept.append(message)
            elif "id" in message:
                answers.append(answer)
        return Passing(_lines(frame, kept, frame.messages), _answers(frame, answers))

    def from_server(self, line: bytes, now_ns: int) -> Passing:
        """Take a line of the server."""
        try:
            frame = read_frame(line)
        except FrameError as refused:
            return self._unread(refused, of_client=False)
        passed = [self._of_server(message, now_ns) for message in frame.messages]
        kept = [message for message in passed if message is not None]
        return Passing(to_client=_lines(frame, kept, frame.messages))

    def oversized(self, beginning: bytes, *, of_client: bool) -> Passing:
        """Take the beginning of a line that is too long; the rest of it was thrown away."""
        most = self._limits.message_bytes_max
        reason = f"a message is larger than {most} bytes"
        return self._unread(FrameError(Code.LIMITED, reason, beginning), of_client=of_client)

    def faulted(self, line: bytes, *, of_client: bool) -> Passing:
        """Take a line on which we have failed."""
        reason = "we failed to inspect a message: it was not passed on"
        return self._unread(FrameError(Code.FAULT, reason, line), of_client=of_client)

    def give_up(self, now_ns: int) -> Passing:
        """Answer what has waited too long; the server is told that nobody waits any more."""
        passing = Passing()
        for key, waiting in list(self._pending.items()):
            if waiting.due_ns > now_ns or waiting.method in _ENDLESS:
                continue
            self._close(key)
            self._tell(Event(Kind.LATE, waiting.method, waiting.name))
            seconds = self._limits.answer_seconds_max
            reason = f"the server did not answer `{waiting.method}` in {seconds:g} seconds"
            passing.to_client.append(write(error(waiting.id, Code.DEADLINE, reason)))
            params = {"requestId": waiting.id, "reason": "no answer in time"}
            told = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
            passing.to_server.append(write(told))
        return passing

    def server_ended(self, why: str) -> list[bytes]:
        """Answer everything that nobody will answer any more."""
        reason = f"the server is gone: {why}"
        lines = [write(error(it.id, Code.UNAVAILABLE, reason)) for it in self._pending.values()]
        self._pending.clear()
        return lines

    @property
    def waiting(self) -> int:
        """How many requests of the client have no answer yet."""
        return len(self._pending)

    def _unread(self, refused: FrameError, *, of_client: bool) -> Passing:
        """Tell the client of a line that does not pass, where it is known whose answer it was."""
        if of_client:
            self._tell(Event(Kind.REFUSED, reason=f"client: {refused.reason}"))
            return Passing(to_client=[write(error(refused.id, refused.code, refused.reason))])
        known = self._pending.pop(key_of(refused.id) or "", None)
        if known is None:
            self._tell(Event(Kind.IGNORED, reason=f"server: {refused.reason}"))
            return Passing()
        self._tell(Event(Kind.REFUSED, known.method, known.name, reason=refused.reason))
        reason = f"the server's answer does not pass: {refused.reason}"
        return Passing(to_client=[write(error(known.id, refused.code, reason))])

    def _refusal(self, message: Message, now_ns: int) -> Message | None:
        """Say why a message of the client does not go on; none if it does."""
        method = message.get("method")
        if method is None:
            # An answer of the client to something the server has asked.
            return None
        id_: Id | None = message.get("id")
        key = key_of(id_)
        wrong = self._fault(message, key, now_ns)
        if wrong is not None:
            code, reason = wrong
            self._tell(Event(Kind.REFUSED, method, reason=reason))
            return error(id_ if key else None, code, reason)
        params = message.get("params")
        given = params if isinstance(params, dict) else {}
        name, ruled = self._rule(method, given)
        if ruled.stopped:
            self._tell(ruled_event(Kind.BLOCKED, method, name, ruled))
            return blocked(id_ if id_ is not None else "", f"`{method}`", ruled)
        if method == "notifications/cancelled":
            self._close(key_of(given.get("requestId")) or "")
        if key is not None and id_ is not None:
            self._pending[key] = Pending(
                id_,
                method,
                name,
                not given.get("cursor"),
                ruled,
                _progress_key(given),
                now_ns + int(self._limits.answer_seconds_max * _NS),
            )
        return None

    def _fault(self, message: Message, key: str | None, now_ns: int) -> tuple[Code, str] | None:
        if "id" in message and key is None:
            return Code.INVALID, "an id is a text or a number"
        if key is not None and key in self._pending:
            return Code.INVALID, "this id is in use by a request without an answer"
        if not self._counts(now_ns):
            rate = self._limits.messages_per_second
            return Code.LIMITED, f"more than {rate:g} messages a second"
        if len(self._pending) >= self._limits.pending_max:
            return Code.LIMITED, f"{self._limits.pending_max} requests have no answer yet"
        params = message.get("params")
        if message["method"] == "tools/call" and not (
            isinstance(params, dict) and isinstance(params.get("name"), str)
        ):
            return Code.PARAMS, "a call names its tool"
        return None

    def _counts(self, now_ns: int) -> bool:
        """Count a message against the rate."""
        passed = (now_ns - self._counted_ns) / _NS if self._counted_ns else 0.0
        self._counted_ns = now_ns
        full = float(self._limits.burst)
        self._allowance = min(full, self._allowance + passed * self._limits.messages_per_second)
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    def _rule(self, method: str, params: Message) -> tuple[str, Ruled]:
        if method == "tools/call":
            name = str(params["name"])
            arguments = params.get("arguments")
            return name, self._session.call(name, {} if arguments is None else arguments)
        if method in {"resources/read", "resources/subscribe"}:
            uri = params.get("uri")
            return str(uri), self._session.fetch("read_resource", {"uri": uri})
        if method == "prompts/get":
            arguments = params.get("arguments")
            name = str(params.get("name"))
            return name, self._session.fetch("get_prompt", {} if arguments is None else arguments)
        return "", PASSED

    def _of_server(self, message: Message, now_ns: int) -> Message | None:
        """Give what the client gets of a message of the server; none if nothing."""
        if "method" in message:
            if message["method"] == "notifications/progress":
                self._prolong(message.get("params"), now_ns)
            return message
        key = key_of(message.get("id")) or ""
        waiting = self._pending.pop(key, None)
        if waiting is None:
            if key not in self._closed:
                self._tell(Event(Kind.IGNORED, reason="server: an answer that nobody waits for"))
            return None
        if ("result" in message) == ("error" in message):
            self._tell(Event(Kind.REFUSED, waiting.method, waiting.name, reason="no clear answer"))
            reason = "the server's answer is neither a result nor an error"
            return error(waiting.id, Code.UNAVAILABLE, reason)
        return self._results.read(message, waiting.method, waiting.name, waiting)

    def _prolong(self, params: object, now_ns: int) -> None:
        token = key_of(params.get("progressToken")) if isinstance(params, dict) else None
        if token is None:
            return
        for waiting in self._pending.values():
            if waiting.progress == token:
                waiting.due_ns = now_ns + int(self._limits.answer_seconds_max * _NS)

    def _close(self, key: str) -> None:
        if self._pending.pop(key, None) is not None:
            self._closed.append(key)


def _progress_key(params: Message) -> str | None:
    meta = params.get("_meta")
    return key_of(meta.get("progressToken")) if isinstance(meta, dict) else None


def _lines(frame: Frame, kept: list[Message], came: list[Message]) -> list[bytes]:
    """Write what goes on; as it came, if all of it does."""
    if not kept:
        return []
    if len(kept) == len(came) and all(one is other for one, other in zip(kept, came, strict=True)):
        return [frame.line]
    return [write(kept if frame.is_batch else kept[0])]


def _answers(frame: Frame, answers: Iterable[Message]) -> list[bytes]:
    told = list(answers)
    if not told:
        return []
    return [write(told if frame.is_batch else told[0])]
