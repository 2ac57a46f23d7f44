"""Policies in files, from their text to what decides."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aidefence.adapters.policy_states_memory import MemoryPolicyStates
from aidefence.adapters.system import SystemClock
from aidefence.app.tool_book import capabilities_by_name
from aidefence.domain.errors import ConfigError, SettingError
from aidefence.policy.compiling import compile_source
from aidefence.policy.lexing import SOURCE_BYTES_MAX
from aidefence.policy.sources import Folder
from aidefence.service.house import House
from aidefence.service.policing import Running


def read_policies(paths: Iterable[Path]) -> tuple[Running, ...]:
    """Read and compile policies, ready to decide together.

    Raises:
        ConfigError: one cannot be read, makes no sense, or is called like another.

    """
    found: dict[str, tuple[Path, Running]] = {}
    for path in dict.fromkeys(paths):
        running = _read(path)
        name = running.image.id
        if name in found:
            raise SettingError(
                "policies",
                f"`{found[name][0]}` and `{path}` both hold a policy `{name}`: "
                "leave one out, or give it another name",
            )
        found[name] = path, running
    return tuple(running for _, running in found.values())


def open_house(paths: Iterable[Path]) -> House:
    """Make policies that remember in this process alone.

    Raises:
        ConfigError: as above.

    """
    now_ms = SystemClock().now_ms
    return House(read_policies(paths), MemoryPolicyStates(), now_ms, capabilities_by_name)


def _read(path: Path) -> Running:
    try:
        with path.open("rb") as opened:
            text = opened.read(SOURCE_BYTES_MAX + 1).decode("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingError("policies", f"cannot read `{path}`: {reason}") from None
    except UnicodeDecodeError as error:
        raise SettingError("policies", f"`{path}` is not UTF-8: {error.reason}") from None
    image = compile_source(text, file=str(path), sources=Folder(path.parent)).image
    try:
        return Running.of(image)
    except ValueError as error:
        raise ConfigError(f"{path}: the policy cannot be run: {error}") from None
