"""Settings read in a process of their own: what reads them is not kept in the one that serves."""

from __future__ import annotations

import pickle
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aidefence.domain.errors import AIDefenceError, ConfigError

if TYPE_CHECKING:
    from aidefence.app.settings.sources import Sources
    from aidefence.app.settings.whole import Settings

_SECONDS_MAX = 60.0


def read_aside(sources: Sources) -> Settings:
    """Read all sources and make settings of what they say; see `held` for what they are.

    Raises:
        ConfigError: the file cannot be read.
        SettingError: the first setting that is wrong.

    """
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(  # noqa: S603 -- our own
            command,
            input=pickle.dumps(sources),
            stdout=subprocess.PIPE,
            timeout=_SECONDS_MAX,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError("settings cannot be read: the process that reads them failed") from error
    # From a process that we started ourselves, over a pipe that nobody else has.
    told: Any = pickle.loads(done.stdout)  # noqa: S301
    if isinstance(told, AIDefenceError):
        raise told
    settings: Settings = told
    return settings


def main() -> None:
    """Read the settings that are asked for on standard input."""
    # From whoever started us, over a pipe that nobody else has.
    sources: Sources = pickle.load(sys.stdin.buffer)  # noqa: S301
    # Loaded here alone: whoever asks is not to have it.
    reading: Any = import_module("aidefence.app.settings.reading")
    told: Settings | AIDefenceError
    try:
        told = reading.read_sources(sources)
    except AIDefenceError as error:
        told = error
    pickle.dump(told, sys.stdout.buffer)


if __name__ == "__main__":
    main()
