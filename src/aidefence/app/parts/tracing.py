"""Traces, where an operator wants them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from aidefence.domain.errors import MissingExtraError

if TYPE_CHECKING:
    from aidefence.adapters.otel.tracing import Tracing
    from aidefence.app.settings import Settings

_PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def open_tracing(settings: Settings) -> Tracing | None:
    """Open what sends traces; none where they are switched off.

    Raises:
        MissingExtraError: they are switched on, and their packages are not installed.

    """
    otel = settings.otel
    if not otel.enabled:
        return None
    if not all(map(_is_there, _PACKAGES)):
        raise MissingExtraError("traces", "otel")
    headers = tuple(sorted((name, it.get_secret_value()) for name, it in otel.headers.items()))
    return _open(otel.endpoint, headers, otel.share, otel.convention, settings.server.node)


@asynccontextmanager
async def sending(tracing: Tracing) -> AsyncIterator[None]:
    """Hold it open while a worker serves; at the end what waits is sent."""
    try:
        yield
    finally:
        await asyncio.to_thread(tracing.close)


@lru_cache(maxsize=4)
def _open(
    endpoint: str,
    headers: tuple[tuple[str, str], ...],
    share: float,
    convention: str,
    node: str,
) -> Tracing:
    # Loaded when it is wanted: it takes as long as the rest of the gateway.
    from aidefence.adapters.otel.attributes import Convention  # noqa: PLC0415
    from aidefence.adapters.otel.tracing import Tracing  # noqa: PLC0415

    return Tracing(
        endpoint=endpoint,
        headers=dict(headers),
        share=share,
        convention=Convention(convention),
        node=node,
    )


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
