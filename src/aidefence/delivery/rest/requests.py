"""From bytes to something that can be inspected: past here a request cannot be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from aidefence.delivery.http.contents import Limits, read_content
from aidefence.delivery.http.problems import (
    misfit,
    not_json,
    too_large,
    unsupported,
)
from aidefence.delivery.rest.wire import BatchOptions, BatchRequest, DetectRequest, Options
from aidefence.delivery.rest.wire import Context as WireContext
from aidefence.domain.asking import (
    NO_CONTEXT,
    UNCONDITIONAL,
    Conditions,
    Context,
    Detector,
    Priority,
)
from aidefence.domain.content import Inspection

_decode_one = msgspec.json.Decoder(DetectRequest).decode
_decode_many = msgspec.json.Decoder(BatchRequest).decode
_Request = TypeVar("_Request")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, understood: a text, or contents that belong together."""

    what: str | Inspection
    conditions: Conditions
    context: Context
    priority: Priority
    explain: bool
    core_actions: bool
    name: str | None = None


@dataclass(frozen=True, slots=True)
class AskedBatch:
    """Many requests, understood."""

    items: tuple[Asked, ...]
    parallelism: int
    aggregate: bool


def parse_one(body: bytes, limits: Limits) -> Asked:
    """Understand one request."""
    return _understand(_decode(_decode_one, body), limits, "")


def parse_many(body: bytes, limits: Limits) -> AskedBatch:
    """Understand a batch; one wrong request refuses all, so that nothing is half done."""
    batch = _decode(_decode_many, body)
    if len(batch.requests) > limits.batch_requests_max:
        raise too_large(
            "/requests",
            f"{len(batch.requests)} requests are more than {limits.batch_requests_max}",
        )
    options = batch.batch_options or BatchOptions()
    items = tuple(
        _understand(request, limits, f"/requests/{at}", request.id)
        for at, request in enumerate(batch.requests)
    )
    return AskedBatch(items, options.max_parallelism, options.aggregate_results)


def _decode(decode: Callable[[bytes], _Request], body: bytes) -> _Request:
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        raise misfit(error) from None
    except msgspec.DecodeError as error:
        raise not_json(str(error)) from None
    except UnicodeDecodeError as error:
        raise not_json(f"a string is not UTF-8: {error.reason}") from None
    except RecursionError:
        raise not_json("it is nested too deeply") from None


_DEFAULT_OPTIONS = Options()


def _understand(
    request: DetectRequest, limits: Limits, pointer: str, name: str | None = None
) -> Asked:
    if request.content_type != "text":
        raise unsupported(
            f"{pointer}/contentType",
            f"only `text` is inspected by this version, not `{request.content_type}`",
        )
    options = request.options or _DEFAULT_OPTIONS
    if options.asynchronous:
        raise unsupported(f"{pointer}/options/async", "this version answers every request at once")
    what = read_content(request.content, limits, f"{pointer}/content")
    core = options.actions == "core"
    priority = Priority.MEDIUM if options is _DEFAULT_OPTIONS else Priority(options.priority)
    return Asked(
        what,
        _conditions(options),
        _context(request.context),
        priority,
        options.explainability,
        core,
        name,
    )


def _context(given: WireContext | None) -> Context:
    if given is None:
        return NO_CONTEXT
    return Context(given.user_id, given.session_id, given.ip_address, given.user_agent)


def _conditions(options: Options) -> Conditions:
    if options is _DEFAULT_OPTIONS:
        return UNCONDITIONAL
    detectors = tuple(Detector(name) for name in options.detectors)
    return Conditions(options.threshold, detectors, options.causal_analysis)
