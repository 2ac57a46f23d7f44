"""API keys without a gateway: for the command line of whoever owns the machine."""

from __future__ import annotations

from aidefence.app.parts.access import open_access
from aidefence.app.parts.store import open_audit, open_database
from aidefence.app.settings import Sources
from aidefence.app.settings.reading import read_sources
from aidefence.service.keys import Keys


def open_keys(sources: Sources) -> Keys:
    """Open the keys that a gateway with these settings lets in.

    Raises:
        ConfigError: the settings are wrong, or the store cannot be opened.

    """
    settings = read_sources(sources)
    database = open_database(settings)
    return open_access(settings, database, open_audit(settings, database)).keys
