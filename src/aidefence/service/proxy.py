"""Pass requests on to models: what may go, what is taken out of it, what is refused."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from aidefence.domain.access import LOCAL, Caller
from aidefence.domain.answer import Asked
from aidefence.domain.asking import (
    ALONE,
    NO_CONTEXT,
    UNCONDITIONAL,
    Context,
    Detection,
    Request,
    Step,
)
from aidefence.domain.content import Content, Degraded, Inspection
from aidefence.domain.enums import Direction, OnError, Origin
from aidefence.domain.errors import AIDefenceError, ContentError
from aidefence.domain.proxying import PromptLeaks, ProxyPolicy, Unread
from aidefence.domain.refusals import RefusedError, UnavailableError
from aidefence.domain.tools import ToolsDecision
from aidefence.domain.withholding import without
from aidefence.ingest.items import speaker
from aidefence.ingest.messages import CONTENTS_MAX, Place, open_request
from aidefence.service.desk import Desk
from aidefence.service.proxy_exchange import Exchange, Expected
from aidefence.service.proxy_private import Private, PrivateValues, session_name
from aidefence.service.standing import Standing

DOOR = "proxy"
# Up to here an inspection takes less time than a visit to another thread.
INLINE_BYTES_MAX = 64 << 10
_KNOWN_MAX = 65_536
_TOOLS_MAX = 256
_SEEN_MAX = 64
_TOOLS_UNREAD = "request.tools"
_FAULT = Degraded("proxy.input", "the request could not be inspected and was passed on by policy")
_log = logging.getLogger("aidefence.proxy")


@dataclass(frozen=True, slots=True)
class Question:
    """A request to a model as it came in. Its repr stays silent about the body."""

    id: str
    body: Mapping[str, object] = field(repr=False)
    size: int
    caller: Caller = LOCAL
    peer: str | None = None
    context: Context = NO_CONTEXT
    since_ns: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class _Ready:
    """A request taken apart: what is sent, what of it is judged, and what was found on the way."""

    body: dict[str, object]
    contents: tuple[Content, ...]
    unread: tuple[Degraded, ...]
    tools: ToolsDecision | None
    private: Private | None
    exchanged: int
    apart: int
    expected: Expected
    taints: frozenset[str]


class Proxy:
    """Decides what passes between clients and models. Safe to share between threads."""

    __slots__ = ("_desk", "_known", "_private", "_tools", "policy")

    def __init__(self, desk: Desk, policy: ProxyPolicy, private: PrivateValues | None) -> None:
        """`private` exchanges private values; none where they go out as they are."""
        self._desk = desk
        self._private = private
        self.policy = policy
        # Old messages come again with every turn: how each was decided, by a digest.
        self._known: OrderedDict[bytes, bool] = OrderedDict()
        self._tools: OrderedDict[bytes, ToolsDecision] = OrderedDict()

    async def admit(self, question: Question) -> Exchange:
        """Decide about a request, and prepare what is sent on.

        Raises:
            ContentError: it is no request, or more than one may be.
            RefusedError: it is not carried out.

        """
        aside = question.size > INLINE_BYTES_MAX or self._private is not None
        standing = self._desk.standing
        try:
            if aside:
                ready = await asyncio.to_thread(self._prepare, question, standing)
            else:
                ready = self._prepare(question, standing)
            # Calls of a request were judged in the answer that they came with, and count there.
            step = Step(calls_made=True, taints=ready.taints)
            request = self._request(question, ready.contents, ready.unread, step)
            if aside:
                detection = await asyncio.to_thread(self._desk.ask, request)
            else:
                detection = await self._desk.aask(request)
        except RefusedError:
            raise
        except Exception as error:  # noqa: BLE001 -- policy says what a failure leads to
            return self._failed(question, standing, error)
        return self._settled(request, ready, detection, standing)

    def admit_bare(self, question: Question) -> Exchange:
        """Count a request that says nothing, and open an exchange for what is answered.

        Raises:
            RefusedError: it is not carried out.

        """
        request = self._request(question, (), ())
        self._desk.admit(request)
        return Exchange(self._desk, self._desk.standing, self.policy, request, dict(question.body))

    def _prepare(self, question: Question, standing: Standing) -> _Ready:
        body, changed = dict(question.body), 0
        missed: tuple[Degraded, ...] = ()
        private: Private | None = None
        if self._private is not None:
            body, changed, missed, private = self._exchange(self._private, question, standing)
        request = open_request(body, messages_max=CONTENTS_MAX)
        places = [request.place(at) for at in range(len(request.messages))]
        start = _newest(request.messages)
        old: list[Place] = []
        new = [*request.head]
        for at, place in enumerate(places):
            spoken = speaker(place.item)
            (old if at < start and spoken is not Origin.SYSTEM else new).append(place)
        apart = [it.path for it in old if self._is_apart(it, question, standing)]
        contents: list[Content] = []
        unread: dict[Degraded, None] = {}
        for place in new:
            read = place.read(Origin.USER, Direction.INPUT)
            contents += read.contents
            unread |= dict.fromkeys(read.unread)
        contents += _variables(body)
        tools = self._inspect_tools(body, standing)
        if apart:
            told = without(body, apart)
            body = dict(told) if isinstance(told, Mapping) else body
        if private is not None and not changed:
            private.close()
        taints = self._taints(question, old)
        return _Ready(
            body=body,
            contents=tuple(contents),
            unread=(*unread, *missed),
            tools=tools,
            private=private if changed else None,
            exchanged=changed,
            apart=len(apart),
            expected=self._expected(body, contents, places),
            taints=taints,
        )

    def _exchange(
        self, values: PrivateValues, question: Question, standing: Standing
    ) -> tuple[dict[str, object], int, tuple[Degraded, ...], Private]:
        named = question.context.session
        caller = question.caller
        session = None if named is None else session_name(caller.tenant, caller.id, named)
        try:
            return values.exchange(
                question.body, standing.inspector.locator(), question.id, session
            )
        except AIDefenceError as error:
            # What was to be hidden must not go out because hiding it failed, whatever policy says.
            raise UnavailableError(f"private data could not be taken out: {error}") from error

    def _is_apart(self, place: Place, question: Question, standing: Standing) -> bool:
        """Whether an old message is one that must not go on; each is inspected once."""
        said = json.dumps(place.item, ensure_ascii=False, default=repr)
        key = standing.inspector.policy_version.encode()
        digest = blake2b(
            said.encode("utf-8", "surrogatepass"), key=key[:64], digest_size=16
        ).digest()
        known = self._known.get(digest)
        if known is None:
            read = place.read(Origin.USER, Direction.INPUT)
            found = standing.inspector.inspect(read, UNCONDITIONAL)
            unread = self.policy.unread is Unread.BLOCK and bool(read.unread)
            known = found.enforced and (found.action >= self.policy.stop_at or unread)
            if known:
                asked = self._request(question, read.contents, read.unread)
                told = replace(asked, id=question.id + place.path.replace("/", "."))
                # No event of its own: as what it once was, policies have seen it.
                self._desk.tell(told, found, ruled=True)
            self._known[digest] = known
            while len(self._known) > _KNOWN_MAX:
                self._known.popitem(last=False)
        return known and standing.suspended is None

    def _inspect_tools(
        self, body: Mapping[str, object], standing: Standing
    ) -> ToolsDecision | None:
        given = body.get("tools") or body.get("functions")
        if not isinstance(given, Sequence) or isinstance(given, str):
            return None
        said = json.dumps(given, ensure_ascii=False).encode("utf-8", "surrogatepass")
        key = standing.inspector.policy_version.encode()
        digest = blake2b(said, key=key[:64], digest_size=16).digest()
        known = self._tools.get(digest)
        if known is None:
            known = self._tools[digest] = standing.guard.inspect_tools(_functions(given))
            while len(self._tools) > _TOOLS_MAX:
                self._tools.popitem(last=False)
        return known

    def _expected(
        self, body: Mapping[str, object], contents: Sequence[Content], places: Sequence[Place]
    ) -> Expected:
        """Gather what answers and calls are held against."""
        system = "\n".join(it.text for it in contents if it.origin is Origin.SYSTEM)
        asked = "\n".join(it.text for it in contents if it.origin is Origin.USER)
        seen = [it.text for it in contents if it.origin in {Origin.TOOL, Origin.RETRIEVAL}]
        if len(seen) < _SEEN_MAX:
            results = (it for it in places if speaker(it.item) is Origin.TOOL)
            told = (
                c.text for it in results for c in it.read(Origin.USER, Direction.INPUT).contents
            )
            seen = [*dict.fromkeys((*seen, *told))]
        leaks = self.policy.prompt_leaks is not PromptLeaks.OFF and system
        given = body.get("tools") or body.get("functions")
        return Expected(
            asked=Asked(
                question=asked or None,
                system=system if leaks else None,
                context=tuple(seen[-_SEEN_MAX:]),
                markers=self.policy.canaries,
            ),
            tools=_functions(given) if isinstance(given, Sequence) else (),
            task=asked,
            seen=tuple(seen[-_SEEN_MAX:]),
        )

    def _settled(
        self,
        request: Request,
        ready: _Ready,
        detection: Detection,
        standing: Standing,
    ) -> Exchange:
        brought = self._desk.brought(ready.contents) | ready.taints
        expected = replace(ready.expected, taints=brought)
        exchange = Exchange(
            self._desk, standing, self.policy, request, ready.body, expected, ready.private
        )
        exchange.take(detection)
        exchange.note_exchanged(ready.exchanged, ready.apart)
        tools = ready.tools
        if tools is not None:
            exchange.take_ruling(tools, "tools")
        unread = [it for it in ready.unread if it.check != _TOOLS_UNREAD]
        if unread and self.policy.unread is Unread.BLOCK and detection.enforced:
            exchange.refuse_unread(unread[0])
        return exchange

    def _failed(self, question: Question, standing: Standing, error: Exception) -> Exchange:
        on_error = self.policy.on_error
        if on_error is OnError.BLOCK and isinstance(error, AIDefenceError):
            raise error if isinstance(error, ContentError) else ContentError(str(error)) from error
        if not isinstance(error, AIDefenceError):
            _log.exception("a request to a model could not be inspected", exc_info=error)
        if on_error is OnError.BLOCK or self._private is not None:
            raise UnavailableError("the request could not be inspected") from error
        request = self._request(question, (), (_FAULT,))
        exchange = Exchange(self._desk, standing, self.policy, request, dict(question.body))
        exchange.pass_unread(_FAULT, on_error.least)
        return exchange

    def _taints(self, question: Question, old: Sequence[Place]) -> frozenset[str]:
        """Say what old messages have brought in, which a session without a name forgets."""
        if not self._desk.holds(self._request(question, (), ())):
            return frozenset()
        read = (it.read(Origin.USER, Direction.INPUT).contents for it in old)
        return self._desk.brought([content for contents in read for content in contents])

    def _request(
        self,
        question: Question,
        contents: Sequence[Content],
        unread: Sequence[Degraded],
        step: Step = ALONE,
    ) -> Request:
        kept = tuple(it for it in unread if it.check != _TOOLS_UNREAD)
        return Request(
            what=Inspection(tuple(contents), Direction.INPUT, kept),
            id=question.id,
            door=DOOR,
            caller=question.caller,
            peer=question.peer,
            context=question.context,
            since_ns=question.since_ns,
            step=step,
        )


def _newest(messages: Sequence[object]) -> int:
    """Where the newest turn begins: behind what the model said before it.

    What it is made to begin its next answer with, at the end of the list, belongs to this turn.
    """
    at = len(messages)
    while at > 0 and speaker(messages[at - 1]) is Origin.ASSISTANT:
        at -= 1
    while at > 0 and speaker(messages[at - 1]) is not Origin.ASSISTANT:
        at -= 1
    return at


def _variables(body: Mapping[str, object]) -> list[Content]:
    """Read what fills a prompt that the provider keeps, and an answer that is foretold."""
    found: list[Content] = []
    prompt, prediction = body.get("prompt"), body.get("prediction")
    variables = prompt.get("variables") if isinstance(prompt, Mapping) else None
    if isinstance(variables, Mapping):
        for it in variables.values():
            text = it if isinstance(it, str) else json.dumps(it, ensure_ascii=False)
            found.append(Content(text, Origin.USER))
    if isinstance(prediction, Mapping):
        foretold = prediction.get("content")
        if isinstance(foretold, str):
            found.append(Content(foretold, Origin.ASSISTANT))
    return found


def _functions(given: Sequence[object]) -> list[object]:
    """Give the definitions that name a function; others are tools of the provider's own."""
    return [it for it in given if isinstance(it, Mapping) and _names_a_function(it)]


def _names_a_function(tool: Mapping[str, object]) -> bool:
    function = tool.get("function")
    if isinstance(function, Mapping):
        return isinstance(function.get("name"), str)
    described = tool.keys() & {"parameters", "input_schema", "description"}
    return isinstance(tool.get("name"), str) and bool(described)
