"""What an entry means: its pattern in one form, and whether a value is meant by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aidefence.domain.lists import ListKind
from aidefence.engine import Regex, normalize

_PATTERN_MAX = 1000
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_EMAIL = re.compile(r"[a-z0-9._%+'-]{1,64}@(.{1,253})", re.IGNORECASE)
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#\s]*)([^\s]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"([a-z0-9_.-]+?)\.?(?::\d{1,5})?", re.IGNORECASE)
_OCTETS = re.compile(r"(?:\d{1,3}\.){1,3}\*")
_WORDS = re.compile(r"[^\W_]+")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
# Anything in which a second place to go may hide.
_HIDING = re.compile(r"\\|//|%2f|%5c|%40|[@\x00-\x20\x7f]|[^\x00-\x7f]", re.IGNORECASE)
_LOOKS_LIKE_HOST = re.compile(r"[A-Za-z0-9_-]\.[A-Za-z]{2}|//|\\\\|@")

Network = IPv4Network | IPv6Network


def normal_pattern(kind: ListKind, given: str) -> str:  # noqa: C901 -- one a kind
    """An entry's pattern in the one form that is compared; `ValueError` says what is wrong."""
    if not given.strip() or len(given) > _PATTERN_MAX:
        raise ValueError(f"1 to {_PATTERN_MAX} characters are expected")
    match kind:
        case ListKind.PHRASE:
            if not phrase_words(given) or set(given) & set("*$"):
                raise ValueError(f"`{given}` is no word and no phrase")
        case ListKind.DOMAIN:
            return _domain(given)
        case ListKind.EMAIL:
            found = _EMAIL.fullmatch(given.strip())
            if not found:
                raise ValueError(f"`{given}` is no address")
            return f"{given.strip().rpartition('@')[0].casefold()}@{_domain(found[1])}"
        case ListKind.IP:
            return str(network(given))
        case ListKind.REGEX:
            _regex(given)
        case ListKind.DIGEST:
            if not _DIGEST.fullmatch(given):
                raise ValueError("`sha256:` and 64 of `0` to `9` and `a` to `f` are expected")
        case ListKind.VALUE:
            pass
    return given


def meant(kind: ListKind, pattern: str, value: str) -> bool:
    """Whether a value, as a whole, is what an entry means."""
    return _MEANT[kind](pattern, value)


def digest(text: str) -> str:
    """The digest of a text, as entries write it."""
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def phrase_words(text: str) -> tuple[str, ...]:
    """The words of a text, as rules see them."""
    return tuple(_WORDS.findall(normalize(text)))


@lru_cache(maxsize=4096)
def network(pattern: str) -> Network:
    """A network from an address, `10.0.0.0/8` or `10.1.*`."""
    given = pattern.strip()
    if _OCTETS.fullmatch(given):
        known = given.split(".")[:-1]
        given = ".".join((*known, *["0"] * (4 - len(known)))) + f"/{8 * len(known)}"
    try:
        return ip_network(given, strict=False)
    except ValueError:
        raise ValueError(f"`{pattern}` is no address and no network") from None


def holds(pattern: str, address: str) -> bool:
    """Whether an address lies in the network of an entry."""
    try:
        given = ip_address(address)
    except ValueError:
        return False
    wanted = network(pattern)
    return given.version == wanted.version and given in wanted


def plain_address(address: str) -> str:
    """An address without what maps the one family into the other."""
    try:
        given = ip_address(address)
    except ValueError:
        return address
    mapped = given.ipv4_mapped if isinstance(given, IPv6Address) else None
    return str(mapped or given)


def _domain(given: str) -> str:
    domain = given.strip().rstrip(".").casefold().removeprefix("*.")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            raise ValueError(f"`{given}` is no domain") from None
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"`{given}` is no domain")
    return domain


def _value(pattern: str, value: str) -> bool:
    return value == pattern


def _phrase(pattern: str, value: str) -> bool:
    return phrase_words(value) == phrase_words(pattern)


def _email(pattern: str, value: str) -> bool:
    return value.casefold() == pattern


def _ip(pattern: str, value: str) -> bool:
    return holds(pattern, value.strip("[]"))


def _matches(pattern: str, value: str) -> bool:
    return _regex(pattern).matches(value)


def _is_digest(pattern: str, value: str) -> bool:
    return digest(value) == pattern


def _under_domain(pattern: str, value: str) -> bool:
    """Whether everything in a value that leads anywhere leads to this domain or below."""
    hosts: list[str] = []
    rest, at = [], 0
    for found in _URL.finditer(value):
        authority = _AUTHORITY.fullmatch(found[2])
        if authority is None or _HIDING.search(found[3]):
            return False
        hosts.append(authority[1])
        rest.append(value[at : found.start()])
        at = found.end()
    left = "".join((*rest, value[at:]))
    if not hosts:
        name = value.rpartition("@")[2] if _EMAIL.fullmatch(value) else value
        return _is_below(name, pattern)
    return not _LOOKS_LIKE_HOST.search(left) and all(_is_below(it, pattern) for it in hosts)


def _is_below(host: str, pattern: str) -> bool:
    name = host.casefold().removesuffix(".")
    return bool(_DOMAIN.fullmatch(name)) and (name == pattern or name.endswith(f".{pattern}"))


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> Regex:
    return Regex(pattern)


_MEANT: dict[ListKind, Callable[[str, str], bool]] = {
    ListKind.VALUE: _value,
    ListKind.PHRASE: _phrase,
    ListKind.DOMAIN: _under_domain,
    ListKind.EMAIL: _email,
    ListKind.IP: _ip,
    ListKind.REGEX: _matches,
    ListKind.DIGEST: _is_digest,
}
