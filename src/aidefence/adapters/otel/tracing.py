"""Spans: one for each request over HTTP, within it one for each inspection, sent by OTLP."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from opentelemetry import propagate
from opentelemetry.context import attach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

from aidefence import __version__
from aidefence.adapters.otel.attributes import Convention, of_finding, of_inspection, span_name
from aidefence.domain.asking import Detection, Request
from aidefence.ports.episodes import EpisodeLog

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FINDINGS_MAX = 16
_FAULT = 500
# Headers that carry a trace; no other is looked at.
_CARRIERS = (b"traceparent", b"tracestate")


class Call(Protocol):
    """What is told of a call over gRPC; `status` as HTTP would have it, `code` as gRPC has it."""

    path: str
    metadata: Mapping[str, str]
    status: int
    code: int


class Tracing:
    """Sends spans to a collector, in the background; one that is gone holds up nothing."""

    def __init__(
        self,
        *,
        endpoint: str,
        headers: Mapping[str, str],
        share: float,
        convention: Convention,
        node: str,
    ) -> None:
        """`share` is how many of the traces that begin here are kept; others decide for theirs."""
        resource = Resource.create({SERVICE_NAME: "aidefence", SERVICE_INSTANCE_ID: node})
        self._provider = TracerProvider(
            resource=resource, sampler=ParentBased(TraceIdRatioBased(share))
        )
        exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers), timeout=5)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("aidefence", __version__)
        self._convention = convention

    def over(self, app: ASGIApp) -> ASGIApp:
        """Give an application whose requests are traced, as part of the trace they came with."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            carried = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in scope["headers"]
                if name in _CARRIERS
            }
            parent = propagate.extract(carried)
            name = f"{scope['method']} {scope['path']}"
            with self._tracer.start_as_current_span(
                name, parent, SpanKind.SERVER, {"http.request.method": scope["method"]}
            ) as span:

                async def answer(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        status = message["status"]
                        span.set_attribute("http.response.status_code", status)
                        if status >= _FAULT:
                            span.set_status(StatusCode.ERROR)
                    await send(message)

                await app(scope, receive, answer)

        return traced

    @contextmanager
    def attend(self, call: Call) -> Iterator[None]:
        """Trace a call over gRPC, as part of the trace it came with."""
        parent = propagate.extract(dict(call.metadata))
        service, _, method = call.path.strip("/").partition("/")
        said = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
        span = self._tracer.start_span(f"{service}/{method}", parent, SpanKind.SERVER, said)
        # Each call has a context of its own: nothing is to be put back.
        attach(set_span_in_context(span))
        try:
            yield
        finally:
            span.set_attribute("rpc.grpc.status_code", call.code)
            if call.status >= _FAULT:
                span.set_status(StatusCode.ERROR)
            span.end()

    def around(self, log: EpisodeLog) -> EpisodeLog:
        """Give a log that tells each decision as a span, too."""
        return _TracedLog(log, self)

    def tell(self, request: Request, detection: Detection) -> None:
        """Write the span of one inspection that has just ended."""
        end_ns = time.time_ns()
        span = self._tracer.start_span(
            span_name(self._convention),
            kind=SpanKind.INTERNAL,
            start_time=end_ns - detection.decision.elapsed_ns,
        )
        # Most traces are not kept: then nothing is laid out.
        if span.is_recording():
            span.set_attributes(dict(of_inspection(self._convention, request, detection)))
            if detection.decision.has_findings:
                for finding in detection.decision.findings[:_FINDINGS_MAX]:
                    name, told = of_finding(self._convention, finding)
                    span.add_event(name, dict(told))
        span.end(end_ns)

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()


class _TracedLog:
    """A log of episodes that also tells them to a collector."""

    __slots__ = ("_inner", "_tracing")

    def __init__(self, inner: EpisodeLog, tracing: Tracing) -> None:
        self._inner = inner
        self._tracing = tracing

    def record(self, request: Request, detection: Detection) -> Detection:
        """Keep one decision, and tell it as it is answered."""
        kept = self._inner.record(request, detection)
        self._tracing.tell(request, kept)
        return kept

    def record_all(self, decided: Sequence[tuple[Request, Detection]]) -> list[Detection]:
        """Keep many decisions, and tell them."""
        kept = self._inner.record_all(decided)
        for (request, _), detection in zip(decided, kept, strict=True):
            self._tracing.tell(request, detection)
        return kept
