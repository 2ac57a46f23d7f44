"""What is kept of requests."""

from __future__ import annotations

from aidefence.adapters.open_house import Forgetful
from aidefence.app.settings import Settings
from aidefence.ports.episodes import EpisodeLog


def open_episodes(settings: Settings) -> EpisodeLog:  # noqa: ARG001 -- what is set decides it
    """Open the log of decisions."""
    return Forgetful()
