"""Who can reach the gateway."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidefence.app.settings import Settings


def is_exposed(settings: Settings) -> bool:
    """Whether others than this machine can reach it, and nobody said that this is well."""
    server = settings.server
    return not server.insecure and not _is_local(server.host)


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(it[4][0]).partition("%")[0]).is_loopback for it in found)
