"""Who asks through a proxy: what it forwards is believed from those whom the operator trusts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias

from aidefence.delivery.http.client_certificates import HEADER as _CERTIFICATE
from aidefence.domain.errors import SettingError

if TYPE_CHECKING:
    from starlette.types import Scope

_Address: TypeAlias = IPv4Address | IPv6Address
_FOR = b"x-forwarded-for"
_PROTO = b"x-forwarded-proto"
# Behind more proxies than these nobody stands.
_HOPS_MAX = 32
_SECURE = {"http": "https", "ws": "wss"}


class Proxies:
    """The proxies in front of this gateway."""

    __slots__ = ("_certificates", "_trusted")

    def __init__(self, trusted: Sequence[str], *, certificates: bool = False) -> None:
        """Trust these addresses and networks; `certificates` says that names of clients count.

        Raises:
            SettingError: one of them is neither.

        """
        self._certificates = certificates
        try:
            self._trusted = tuple(ip_network(it, strict=False) for it in trusted)
        except ValueError as error:
            raise SettingError("limits.trusted_proxies", str(error)) from None

    def see_through(self, scope: Scope) -> Scope:
        """Put the address of the client in the place of the proxy's, if we trust the proxy."""
        client = scope.get("client")
        if client is None or not self._trusts(_read(client[0])):
            return self._without_names(scope) if self._certificates else scope
        return {**scope, **self._told(scope)}

    def _without_names(self, scope: Scope) -> Scope:
        """Take away what anybody can write into a header: whose certificate was seen."""
        headers = [it for it in scope["headers"] if it[0] != _CERTIFICATE]
        return scope if len(headers) == len(scope["headers"]) else {**scope, "headers": headers}

    def _told(self, scope: Scope) -> dict[str, object]:
        told: dict[str, object] = {}
        hops: list[str] = []
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        for name, value in headers:
            if name == _FOR:
                hops += value.decode("latin-1").split(",")
            elif name == _PROTO and value in {b"https", b"wss"}:
                told["scheme"] = _SECURE.get(scope["scheme"], scope["scheme"])
        # From behind: what stands before the first one that we do not trust, anybody can write.
        for hop in reversed(hops[-_HOPS_MAX:]):
            address = _read(hop)
            if address is None:
                break
            told["client"] = (str(address), 0)
            if not self._trusts(address):
                break
        return told

    def _trusts(self, address: _Address | None) -> bool:
        return address is not None and any(address in it for it in self._trusted)


def _read(text: str) -> _Address | None:
    """Read an address as proxies write it: bare, in brackets, with a port."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        read = ip_address(bare)
    except ValueError:
        return None
    return (read.ipv4_mapped or read) if isinstance(read, IPv6Address) else read
