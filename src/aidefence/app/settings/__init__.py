"""Settings of the gateway: defaults, a file, the environment, flags. Read only here.

What reads them is loaded when somebody asks for it: processes that hold settings need none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidefence.app.settings.reading import read_config, read_settings
    from aidefence.app.settings.server import ServerSettings
    from aidefence.app.settings.sources import Sources
    from aidefence.app.settings.thresholds import ThresholdSettings
    from aidefence.app.settings.vault import VaultSettings
    from aidefence.app.settings.whole import Settings

__all__ = [
    "ServerSettings",
    "Settings",
    "Sources",
    "ThresholdSettings",
    "VaultSettings",
    "read_config",
    "read_settings",
]

_ROOMS = {
    "ServerSettings": "server",
    "Settings": "whole",
    "Sources": "sources",
    "ThresholdSettings": "thresholds",
    "VaultSettings": "vault",
    "read_config": "reading",
    "read_settings": "reading",
}


def __getattr__(name: str) -> object:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    return getattr(import_module(f"{__name__}.{room}"), name)
