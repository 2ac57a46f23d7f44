"""Addresses that others have named: nobody reaches the inside of this network through us."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import SplitResult

PORTS = {"http": 80, "https": 443}


def resolve(parts: SplitResult) -> str | None:
    """Return an address to go to; none where the name leads inside."""
    host = parts.hostname or ""
    try:
        # Whoever lists an address means it, wherever it is.
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    port = parts.port or PORTS[parts.scheme]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(it[4][0]) for it in found]
    # A name may stand for something else every time: all it stands for must be outside.
    if not all(ipaddress.ip_address(it.partition("%")[0]).is_global for it in addresses):
        return None
    return addresses[0]


def pinned(parts: SplitResult, address: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Give URL, header and option that lead to the very address that was looked at.

    It is reached under the name that was asked for, whatever that stands for by now.
    """
    target = f"[{address}]" if ":" in address else address
    port = parts.port or PORTS[parts.scheme]
    url = parts._replace(netloc=f"{target}:{port}").geturl()
    options = {"sni_hostname": parts.hostname} if parts.scheme == "https" else {}
    return url, {"host": parts.netloc}, options
