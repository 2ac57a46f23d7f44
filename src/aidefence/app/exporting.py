"""Write down for other tools what was decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from aidefence.adapters.export.cef import CefExporter
from aidefence.adapters.export.ocsf import OcsfExporter
from aidefence.adapters.export.sarif import SarifExporter
from aidefence.adapters.export.stix import StixExporter
from aidefence.app.parts.store import open_store
from aidefence.domain.access import LOCAL
from aidefence.domain.episode import EVERYTHING, FeedFilter
from aidefence.ports.exporter import Exporter
from aidefence.service.episodes import FEED_PAGE_MAX

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

FORMATS: Mapping[str, Callable[[], Exporter]] = {
    "ocsf": OcsfExporter,
    "cef": CefExporter,
    "sarif": SarifExporter,
    "stix": StixExporter,
}


def export(
    settings: Settings,
    format_name: str,
    *,
    since_ms: int = 0,
    until_ms: int | None = None,
    tenant: str = LOCAL.tenant,
    wanted: FeedFilter = EVERYTHING,
) -> Iterator[str]:
    """Write all threats of a time, page after page.

    Raises:
        ConfigError: the store cannot be opened.
        UnavailableError: the store does not answer.

    """
    exporter = FORMATS[format_name]()
    episodes = open_store(settings, str).episodes
    caller = replace(LOCAL, tenant=tenant)
    yield exporter.begin()
    cursor, before = 0, -1
    while cursor != before:
        before = cursor
        page = episodes.after(cursor, caller, wanted, FEED_PAGE_MAX)
        cursor = page.cursor
        for episode in page.episodes:
            if since_ms <= episode.at_ms and (until_ms is None or episode.at_ms < until_ms):
                yield from exporter.tell(episode)
    yield exporter.end()
