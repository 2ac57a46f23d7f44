"""Where the gateway keeps its things in the folder for state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from aidefence.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Places:
    """Files and folders under `state_dir`."""

    state_dir: Path

    @property
    def run(self) -> Path:
        """What is only of worth while the gateway runs."""
        return self.state_dir / "run"

    @property
    def switches(self) -> Path:
        """The switches that are off."""
        return self.run / "switches.json"

    @property
    def reload(self) -> Path:
        """Touched when all processes should load again."""
        return self.run / "reload"

    @property
    def workers(self) -> Path:
        """What each worker tells of itself."""
        return self.run / "workers"

    def draining(self, parent: int) -> Path:
        """There while the gateway of this parent process is about to end."""
        return self.run / f"draining-{parent}"

    def ask_for_reload(self) -> None:
        """Have all processes load again, soon.

        Raises:
            ConfigError: nobody can be asked.

        """
        try:
            self.reload.touch()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigError(f"cannot write `{self.reload}`: {reason}") from error

    def prepare(self) -> None:
        """Make the folders, for the owner alone.

        Raises:
            ConfigError: they cannot be made or written.

        """
        try:
            self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.run.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigError(f"cannot make `{self.run}`: {reason}: set `state_dir`") from error
        if not os.access(self.run, os.W_OK | os.X_OK):
            raise ConfigError(f"cannot write in `{self.run}`: set `state_dir`")
