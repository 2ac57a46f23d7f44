"""The door in front of models: takes requests in, asks whether they may pass, passes them on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute

from aidefence.delivery.http.bodies import read_body
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.facts import read_facts
from aidefence.delivery.http.problems import Refusal, allowance_headers, invalid
from aidefence.delivery.http.ways import Call, Handler, Refuse, Way, make_routes
from aidefence.delivery.proxy.chat import Chat
from aidefence.delivery.proxy.headers import (
    FACTS,
    PREFIX,
    SESSION,
    encoded,
    is_compressed,
    is_event_stream,
    own_headers,
    returned_headers,
    sent_headers,
)
from aidefence.delivery.proxy.jsontext import MalformedError, read_object, write
from aidefence.delivery.proxy.leaving import Leaving
from aidefence.delivery.proxy.messages import Messages
from aidefence.delivery.proxy.passage import (
    StreamPassage,
    read_whole,
    refusal_text,
    refused,
    unreadable,
)
from aidefence.delivery.proxy.responses import Responses
from aidefence.delivery.proxy.tongue import Fields, Tongue
from aidefence.domain.access import Permission
from aidefence.domain.asking import Context, Facts
from aidefence.domain.enums import OnError
from aidefence.domain.errors import ContentError
from aidefence.domain.proxying import Dialect, Refusing, Upstream
from aidefence.domain.refusals import DeadlineError, NotFoundError
from aidefence.ports.upstream import Headers, Incoming, Outgoing, Upstreams
from aidefence.service.proxy import Proxy, Question
from aidefence.service.proxy_exchange import Exchange
from aidefence.service.proxy_lane import StoppedError

if TYPE_CHECKING:
    from aidefence.service.services import Services

NAMED = "/proxy/{upstream}"
_OK = range(200, 300)
_CLIENT_GONE = 499
_TOKENS = "/v1/messages/count_tokens"
_TONGUES: Mapping[str, Tongue] = {
    "/v1/chat/completions": Chat(),
    "/v1/responses": Responses(),
    "/v1/messages": Messages(),
    _TOKENS: Messages(),
}
_LOOKED_UP = ("/v1/models", "/v1/models/{name:path}")


class ProxyDoor:
    """Passes requests on to upstreams, and their answers back."""

    def __init__(
        self,
        services: Services,
        proxy: Proxy,
        upstreams: Sequence[Upstream],
        ways_out: Upstreams,
        limits: Limits,
    ) -> None:
        self._services = services
        self._proxy = proxy
        self._upstreams = {it.name: it for it in upstreams}
        self._ways_out = ways_out
        self._limits = limits
        self._now_ns = services.clock.monotonic_ns

    def routes(self) -> list[BaseRoute]:
        """Give the routes of all dialects, by themselves and under the name of an upstream."""
        routes: list[BaseRoute] = []
        for path, tongue in _TONGUES.items():
            handler = self._asks(path, tongue)
            ways = [Way("POST", f"{before}{path}", handler, PERMISSION) for before in ("", NAMED)]
            routes += make_routes(ways, self._services.gate, _refuse_in(tongue))
        looked_up = [
            Way("GET", f"{before}{path}", self._look_up, PERMISSION)
            for path in _LOOKED_UP
            for before in ("", NAMED)
        ]
        stored = [
            Way("GET", f"{before}/v1/responses/{{id}}", self._read_back, PERMISSION)
            for before in ("", NAMED)
        ]
        refuse = _refuse_in(_TONGUES["/v1/responses"])
        return [*routes, *make_routes([*looked_up, *stored], self._services.gate, refuse)]

    async def aclose(self) -> None:
        """Close all connections to upstreams."""
        await self._ways_out.aclose()

    def _asks(self, path: str, tongue: Tongue) -> Handler:
        async def handle(call: Call) -> Response:
            since_ns = self._now_ns()
            request = call.request
            headers: Headers = request.scope["headers"]
            if is_compressed(headers):
                reason = "send the body as it is: what is compressed is not inspected"
                raise Refusal(415, "unsupported-media-type", "The body is compressed", reason)
            data = await read_body(request.receive, self._limits)
            try:
                body = read_object(data)
            except MalformedError as error:
                raise Refusal(
                    400, "malformed-json", "The body cannot be read", str(error)
                ) from None
            upstream = self._choose(request, tongue.dialect, body)
            outgoing = Outgoing(
                upstream,
                "POST",
                path,
                request.scope["query_string"],
                sent_headers(headers, upstream, tongue.dialect, call.caller),
                data,
            )
            question = self._question(call, body, len(data), since_ns)
            leaving = Leaving(request.receive)
            return await self._attended(
                leaving, self._pass(tongue, question, outgoing, leaving, answers=path != _TOKENS)
            )

        return handle

    async def _attended(self, leaving: Leaving, work: Awaitable[Response]) -> Response:
        """Wait for an answer as long as the client does."""
        response: Response | None = None
        try:
            response = await work
        except asyncio.CancelledError:
            if not leaving.gone:
                raise
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            response = Response(status_code=_CLIENT_GONE)
        finally:
            if not isinstance(response, StreamPassage):
                leaving.stop()
        return response

    async def _pass(
        self,
        tongue: Tongue,
        question: Question,
        outgoing: Outgoing,
        leaving: Leaving,
        *,
        answers: bool,
    ) -> Response:
        exchange = await self._proxy.admit(question)
        return await self._exchange(tongue, exchange, outgoing, leaving, answers=answers)

    async def _exchange(
        self,
        tongue: Tongue,
        exchange: Exchange,
        outgoing: Outgoing,
        leaving: Leaving,
        *,
        answers: bool,
    ) -> Response:
        """Send a request on, unless it is refused, and bring the answer back."""
        kept = False
        try:
            if exchange.refused:
                return self._declined(tongue, exchange, None)
            if exchange.changed:
                outgoing = replace(outgoing, body=write(exchange.body))
            deadline = asyncio.get_running_loop().time() + self._proxy.policy.total_seconds
            incoming = await self._send(outgoing, deadline)
            try:
                if incoming.status in _OK and is_event_stream(incoming.headers):
                    policy = self._proxy.policy
                    kept = True
                    return StreamPassage(incoming, exchange, tongue, policy, deadline, leaving)
                return await self._answer(tongue, exchange, incoming, deadline, answers=answers)
            finally:
                if not kept:
                    await incoming.aclose()
        finally:
            if not kept:
                exchange.close()

    async def _send(self, outgoing: Outgoing, deadline: float) -> Incoming:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._ways_out.send(outgoing)
        except TimeoutError:
            raise DeadlineError("the time for this answer is over") from None

    async def _answer(
        self,
        tongue: Tongue,
        exchange: Exchange,
        incoming: Incoming,
        deadline: float,
        *,
        answers: bool,
    ) -> Response:
        """Inspect an answer that comes as a whole; errors of the upstream pass unchanged."""
        try:
            async with asyncio.timeout_at(deadline):
                data = await read_whole(incoming, self._proxy.policy.answer_bytes_max)
        except TimeoutError:
            raise DeadlineError("the time for this answer is over") from None
        if answers and incoming.status in _OK:
            try:
                data = await self._judged(tongue, exchange, data)
            except StoppedError:
                return self._declined(tongue, exchange, data)
        return _response(incoming.status, data, incoming.headers, exchange)

    async def _judged(self, tongue: Tongue, exchange: Exchange, data: bytes) -> bytes:
        try:
            answer = read_object(data)
            exchange.use(answer.get("usage"))
            contents = tongue.contents(answer)
        except (MalformedError, ContentError) as error:
            if self._proxy.policy.on_error is OnError.BLOCK:
                raise unreadable(str(error)) from None
            exchange.miss_answer(self._proxy.policy.on_error)
            return data
        await exchange.judge(contents)
        if not exchange.restores:
            return data
        told = tongue.restored(answer, exchange)
        return data if told == answer else write(told)

    def _declined(self, tongue: Tongue, exchange: Exchange, data: bytes | None) -> Response:
        """Refuse, in the place of an upstream or of what it answered."""
        policy = self._proxy.policy
        side = exchange.asked if data is None else exchange.answered
        text = refusal_text(policy, side.category, side.rules, exchange.id)
        headers = own_headers(exchange, answered=True)
        if policy.refusing is Refusing.ERROR:
            refusal = refused(text)
            return _raw(refusal.status, write(tongue.error(refusal)), headers)
        now = self._services.clock.now_ms() // 1000
        if data is None and exchange.body.get("stream") is True:
            said = b"".join(tongue.decline_events(text, exchange.body, now))
            return _raw(200, said, headers, b"text/event-stream; charset=utf-8")
        answer = None if data is None else read_object(data)
        return _raw(200, write(tongue.decline(text, exchange.body, answer, now)), headers)

    async def _look_up(self, call: Call) -> Response:
        """Pass on what is asked about models: nothing of it is anybody's words."""
        request = call.request
        dialect = _spoken(request.scope["headers"])
        upstream = self._choose(request, dialect, {"model": request.path_params.get("name", "")})
        path = request.url.path.removeprefix(f"/proxy/{request.path_params.get('upstream')}")
        self._proxy.admit_bare(self._question(call, {}, 0, self._now_ns()))
        incoming = await self._ways_out.send(_get(request, upstream, path, dialect, call))
        try:
            data = await read_whole(incoming, self._proxy.policy.answer_bytes_max)
            return _raw(incoming.status, data, returned_headers(incoming.headers), None)
        finally:
            await incoming.aclose()

    async def _read_back(self, call: Call) -> Response:
        """Give an answer that the upstream has kept, inspected like a fresh one."""
        request = call.request
        tongue = _TONGUES["/v1/responses"]
        upstream = self._choose(request, tongue.dialect, {})
        path = f"/v1/responses/{request.path_params['id']}"
        outgoing = _get(request, upstream, path, tongue.dialect, call)
        exchange = self._proxy.admit_bare(self._question(call, {}, 0, self._now_ns()))
        leaving = Leaving(request.receive)
        work = self._exchange(tongue, exchange, outgoing, leaving, answers=True)
        return await self._attended(leaving, work)

    def _choose(self, request: HttpRequest, dialect: Dialect, body: Fields) -> Upstream:
        """Choose who answers: by the name in the path, else by the name of the model."""
        named = request.path_params.get("upstream")
        if named is not None:
            upstream = self._upstreams.get(named)
            if upstream is None or dialect not in upstream.dialects:
                raise NotFoundError(f"there is no upstream `{named}` for this dialect")
            return upstream
        model = body.get("model")
        asked = model if isinstance(model, str) else ""
        for upstream in self._upstreams.values():
            fits = upstream.serves(dialect, asked) if asked else dialect in upstream.dialects
            if fits:
                return upstream
        raise NotFoundError(f"no upstream answers for the model `{asked[:100]}` in this dialect")

    def _question(self, call: Call, body: Fields, size: int, since_ns: int) -> Question:
        request = call.request
        headers = dict(request.scope["headers"])
        session = headers.get(SESSION, b"").decode("latin-1") or None
        agent = headers.get(b"user-agent", b"").decode("latin-1") or None
        client = request.scope.get("client")
        return Question(
            id=self._services.ids.request_id(),
            body=body,
            size=size,
            caller=call.caller,
            peer=client[0] if client else None,
            context=Context(session=session, agent=agent, facts=_facts(headers.get(FACTS))),
            since_ns=since_ns,
        )


PERMISSION = Permission.PROXY


def _facts(told: bytes | None) -> Facts:
    """Read what the application tells policies of a request."""
    if told is None:
        return {}
    try:
        return read_facts(read_object(told), "X-AIDefence-Facts")
    except MalformedError as error:
        raise invalid("X-AIDefence-Facts", f"expected an object in JSON: {error}") from None


def _get(
    request: HttpRequest, upstream: Upstream, path: str, dialect: Dialect, call: Call
) -> Outgoing:
    headers = sent_headers(request.scope["headers"], upstream, dialect, call.caller)
    return Outgoing(upstream, "GET", path, request.scope["query_string"], headers)


def _spoken(headers: Headers) -> Dialect:
    """Tell from the headers who asks where the path is the same for both."""
    anthropic = any(name == b"anthropic-version" for name, _ in headers)
    return Dialect.MESSAGES if anthropic else Dialect.CHAT


def _refuse_in(tongue: Tongue) -> Refuse:
    def refuse(refusal: Refusal) -> Response:
        headers = encoded(refusal.headers.items())
        headers.append((PREFIX + b"error", refusal.kind.encode()))
        return _raw(refusal.status, write(tongue.error(refusal)), headers)

    return refuse


def _response(status: int, data: bytes, headers: Headers, exchange: Exchange) -> Response:
    told = [*returned_headers(headers), *own_headers(exchange, answered=True)]
    allowance = exchange.detection.allowance if exchange.detection else None
    if allowance is not None:
        told += encoded(allowance_headers(allowance))
    return _raw(status, data, told, None)


def _raw(
    status: int,
    data: bytes,
    headers: Headers,
    kind: bytes | None = b"application/json",
) -> Response:
    response = Response(data, status)
    length = (b"content-length", str(len(data)).encode())
    named = [] if kind is None else [(b"content-type", kind)]
    response.raw_headers = [*headers, *named, length]
    return response
