"""Methods that say who may call them, as routes do over HTTP."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from aidefence.delivery.grpc.attending import Attend, Seen, attended
from aidefence.delivery.grpc.credentials import read_caller, read_peer
from aidefence.delivery.grpc.statuses import Told, tell
from aidefence.delivery.http.problems import FAULT, Refusal, allowance_headers
from aidefence.domain.access import UNKNOWN, Caller, Permission
from aidefence.domain.refusals import Allowance, RefusedError
from aidefence.ports.meter import Meter
from aidefence.service.gate import Gate

DOOR = "grpc"
_NS_PER_SECOND = 1_000_000_000

_log = logging.getLogger("aidefence.grpc")
_Request = TypeVar("_Request", bound=Message)
Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"


@dataclass(frozen=True, slots=True)
class Call:
    """One call from somebody who was let in."""

    caller: Caller
    peer: str | None
    context: Context
    enter_again: Callable[[], Caller]
    """Asks the gate once more, for calls that last.

    Raises:
        RefusedError: they may not any more.

    """

    def deadline_ns(self, now_ns: int) -> int:
        """When the client needs the answer, on the clock of `now_ns`; 0 if it did not say."""
        left: float | None = self.context.time_remaining()
        return 0 if left is None else max(1, now_ns + round(left * _NS_PER_SECOND))

    def tell_allowance(self, allowance: Allowance | None) -> None:
        """Say behind the answer what is left of a limit."""
        if allowance is not None:
            self.context.set_trailing_metadata(tuple(allowance_headers(allowance)))


class Shape(Enum):
    """How many messages go each way."""

    UNARY = "one for one"
    FEED = "many for one"
    STREAM = "many for many"


@dataclass(frozen=True, slots=True)
class Method:
    """One method: `permission` is what it takes; none where everybody may, even unknown.

    `handler` is called with a request, or in a stream with an iterator over them, and the call. It
    gives an answer, or outside of the unary shape an iterator over answers.
    """

    service: str
    name: str
    shape: Shape
    request: type[Message]
    permission: Permission | None
    handler: Callable[[Any, Call], Any]


_Behaviour: TypeAlias = Callable[[Any, Context], Any]


def make_handlers(
    methods: Iterable[Method], gate: Gate, meter: Meter, by: Sequence[Attend] = ()
) -> list[grpc.GenericRpcHandler]:
    """Make handlers that let in only who may; requests are decoded in them, not before.

    `by` are those who attend every call.
    """
    services: dict[str, dict[str, grpc.RpcMethodHandler[Any, Any]]] = {}
    doorkeeper = _Doorkeeper(gate, meter, by)
    for method in methods:
        services.setdefault(method.service, {})[method.name] = doorkeeper.handler_of(method)
    return [grpc.method_handlers_generic_handler(*service) for service in services.items()]


class _Doorkeeper:
    """Lets callers in, reads what they send, and says why something is not carried out."""

    def __init__(self, gate: Gate, meter: Meter, by: Sequence[Attend]) -> None:
        self._gate = gate
        self._meter = meter
        self._by = by

    def handler_of(self, method: Method) -> grpc.RpcMethodHandler[Any, Any]:
        match method.shape:
            case Shape.UNARY:
                return grpc.unary_unary_rpc_method_handler(self._unary(method))
            case Shape.FEED:
                return grpc.unary_stream_rpc_method_handler(self._flow(method, _parse))
            case Shape.STREAM:
                return grpc.stream_stream_rpc_method_handler(self._flow(method, _parse_all))

    def _unary(self, method: Method) -> _Behaviour:
        async def behave(data: bytes, context: Context) -> bytes | None:
            seen = _seen(method, context)
            with attended(self._by, seen):
                try:
                    call = self._enter(method, context)
                    answer: Message = await method.handler(_parse(method.request, data), call)
                    encoded: bytes = answer.SerializeToString()
                except Exception as error:  # noqa: BLE001 -- see _why
                    told = self._why(method, error, seen)
                else:
                    return encoded
            await _end(context, told)
            return None

        return behave

    def _flow(self, method: Method, parse: Callable[[type[Message], Any], Any]) -> _Behaviour:
        async def behave(came: Any, context: Context) -> AsyncIterator[bytes]:  # noqa: ANN401
            seen = _seen(method, context)
            with attended(self._by, seen):
                try:
                    call = self._enter(method, context)
                    answers = method.handler(parse(method.request, came), call)
                    # Closed with the call: whoever goes away leaves nothing running.
                    async with aclosing(answers):
                        async for answer in answers:
                            yield answer.SerializeToString()
                except Exception as error:  # noqa: BLE001 -- see _why
                    told = self._why(method, error, seen)
                else:
                    return
            await _end(context, told)

        return behave

    def _enter(self, method: Method, context: Context) -> Call:
        def enter() -> Caller:
            if method.permission is None:
                return UNKNOWN
            return read_caller(context, self._gate, method.permission)

        return Call(enter(), read_peer(context.peer()), context, enter)

    def _why(self, method: Method, error: Exception, seen: Seen) -> Told:
        if not isinstance(error, Refusal | RefusedError):
            # The last line: a fault of ours must not look like an answer, nor show the text.
            _log.error("%s/%s failed", method.service, method.name, exc_info=error)
            error = FAULT
        told = tell(error)
        self._meter.refuse(DOOR, told.http_status)
        seen.status, seen.code = told.http_status, told.number
        return told


def _seen(method: Method, context: Context) -> Seen:
    metadata = {
        str(name): value
        for name, value in context.invocation_metadata() or ()
        if isinstance(value, str)
    }
    return Seen(f"/{method.service}/{method.name}", read_peer(context.peer()), metadata)


def _parse(kind: type[_Request], data: bytes) -> _Request:
    try:
        request: _Request = kind.FromString(data)
    except DecodeError as error:
        reason = f"the message is no `{kind.DESCRIPTOR.full_name}`"
        raise Refusal(400, "malformed-message", "The message cannot be read", reason) from error
    return request


async def _parse_all(kind: type[_Request], came: AsyncIterator[bytes]) -> AsyncIterator[_Request]:
    async for data in came:
        yield _parse(kind, data)


async def _end(context: Context, told: Told) -> None:
    await context.abort(told.code, told.detail, told.metadata())
