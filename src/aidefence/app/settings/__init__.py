"""Settings of the gateway: defaults, a file, the environment, flags. Read only here."""

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
