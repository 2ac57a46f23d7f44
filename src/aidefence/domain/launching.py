"""How a server of tools is started."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class ServerCommand:
    """One server of a client's configuration. Its repr is silent about its environment.

    Without a command it is reached over the network, and is not ours to ask.
    """

    name: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    folder: str | None = None
    pointer: str = ""

    def __repr__(self) -> str:
        return f"ServerCommand({self.name!r})"
