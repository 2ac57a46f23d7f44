"""Switches in one small file: read whole, replaced whole."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aidefence.domain.errors import ConfigError, SettingError
from aidefence.domain.refusals import UnavailableError
from aidefence.domain.switches import Switch, Switches, Thrown

_BYTES_MAX = 1 << 20
_NOTHING = Switches()


class SwitchFile:
    """Switches that all processes find under one path."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Switches:
        """Read what is off; nothing where there is no file."""
        try:
            with self.path.open("rb") as file:
                data = file.read(_BYTES_MAX)
        except FileNotFoundError:
            return _NOTHING
        except OSError as error:
            raise ConfigError(f"cannot read switches `{self.path}`: {error.strerror}") from error
        try:
            return _parse(json.loads(data))
        except (ValueError, TypeError, KeyError, AttributeError, SettingError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise ConfigError(f"switches `{self.path}` are damaged: {reason}") from None

    def change(self, how: Callable[[Switches], Switches]) -> Switches:
        """Change them while nobody else does; whoever reads sees the old or the new ones."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.path.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                changed = how(self.read())
                self._write(changed)
        except OSError as error:
            raise UnavailableError(
                f"cannot write switches `{self.path}`: {error.strerror}"
            ) from error
        return changed

    def _write(self, switches: Switches) -> None:
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(_written(switches), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)


def _parse(given: dict[str, Any]) -> Switches:
    off = [
        Thrown(Switch.parse(it["switch"]), str(it["by"]), str(it["reason"]), int(it["atMs"]))
        for it in given["off"]
    ]
    return Switches(int(given["generation"]), tuple(off))


def _written(switches: Switches) -> dict[str, Any]:
    off = [
        {"switch": str(it.switch), "by": it.by, "reason": it.reason, "atMs": it.at_ms}
        for it in switches.off
    ]
    return {"generation": switches.generation, "off": off}
