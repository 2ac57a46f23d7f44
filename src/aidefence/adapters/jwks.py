"""Public keys of whoever signs tokens, from a file or a URL; looked at again now and then."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import jwt

from aidefence.domain.errors import ConfigError
from aidefence.domain.refusals import UnavailableError

REFRESH_SECONDS = 300
# A token that names an unknown key makes us look earlier, but anybody can write such a token.
_EAGER_SECONDS = 10
_RETRY_SECONDS = 5
_FETCH_SECONDS = 3.0
_BYTES_MAX = 1 << 20
_KEYS_MAX = 64
_WELL_KNOWN = "/.well-known/openid-configuration"
_UNSAFE = "the keys of tokens come over https, or over http from this machine only"
_Keys = Mapping[str, jwt.PyJWK]


class KeySet:
    """Keys by their name. Safe to share between threads; nobody waits for it but the first."""

    __slots__ = (
        *("_body", "_failure", "_keys", "_load", "_loading", "_looked", "_now"),
        "generation",
    )

    def __init__(
        self,
        source: str,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        discovers: bool = False,
    ) -> None:
        """Take the path of a file, or a URL: https, or http on this machine.

        Where it `discovers`, the source is an issuer, whose document names the place of its keys.

        Raises:
            ConfigError: it is neither.

        """
        self._load = _discoverer(source) if discovers else _loader(source)
        self._now = monotonic
        self._body = b""
        self._keys: _Keys | None = None
        self._failure = "not asked yet"
        self._looked = float("-inf")
        self._loading = threading.Lock()
        self.generation = 0
        """Grows when the keys have changed."""

    def find(self, name: str | None) -> jwt.PyJWK | None:
        """Return the key of this name; without a name, the only one there is.

        Raises:
            UnavailableError: the keys could not be had, not even once.

        """
        keys = self._keys
        if keys is None:
            self._first()
            keys = self._keys
        if keys is None:
            raise UnavailableError(f"the keys of tokens cannot be had: {self._failure}")
        if name is None:
            key = next(iter(keys.values())) if len(keys) == 1 else None
        else:
            key = keys.get(name)
        self.look(eager=key is None)
        return key

    def look(self, *, eager: bool = False) -> None:
        """See to it that the keys are looked at again when it is time to; waits for nothing."""
        age = self._now() - self._looked
        due = age > (_EAGER_SECONDS if eager else REFRESH_SECONDS)
        if due and self._loading.acquire(blocking=False):
            threading.Thread(target=self._refresh_locked, name="jwks", daemon=True).start()

    def _first(self) -> None:
        with self._loading:
            # Whoever waits behind somebody who waited in vain need not wait as long again.
            if self._keys is None and self._now() - self._looked > _RETRY_SECONDS:
                self._refresh()

    def _refresh_locked(self) -> None:
        try:
            self._refresh()
        finally:
            self._loading.release()

    def _refresh(self) -> None:
        self._looked = self._now()
        try:
            body = self._load()
            keys = self._keys if body == self._body else _read(body)
        except (OSError, ValueError, httpx.HTTPError, jwt.PyJWTError) as error:
            # Keys we have stay in force: whoever signs is more likely away than changed.
            self._failure = f"{type(error).__name__}: {error}"
            return
        if keys is not self._keys:
            self._body, self._keys = body, keys
            self.generation += 1


def _loader(source: str) -> Callable[[], bytes]:
    if "://" not in source:
        return Path(source).read_bytes
    if not _is_safe(source):
        raise ConfigError(_UNSAFE)
    return lambda: _fetch(source)


def _discoverer(issuer: str) -> Callable[[], bytes]:
    """Make what asks an issuer where its keys are, and then for them (OpenID Connect Discovery)."""
    if not _is_safe(issuer):
        raise ConfigError(f"{_UNSAFE}: `issuer` is no such address, and `jwks` names no other")
    place = issuer.rstrip("/") + _WELL_KNOWN

    def discover() -> bytes:
        document = json.loads(_fetch(place))
        told = document if isinstance(document, dict) else {}
        # As it is said to be: one tenant of a provider must not speak for another.
        if told.get("issuer") != issuer:
            raise ValueError("the document of the issuer is that of another one")
        keys = told.get("jwks_uri")
        if not isinstance(keys, str) or not _is_safe(keys):
            raise ValueError(f"the issuer names no safe place of its keys: {_UNSAFE}")
        return _fetch(keys)

    return discover


def _is_safe(address: str) -> bool:
    url = urlsplit(address)
    return url.scheme == "https" or (url.scheme == "http" and _is_here(url.hostname))


def _is_here(host: str | None) -> bool:
    with suppress(ValueError):
        return ip_address(host or "").is_loopback
    return host == "localhost"


def _fetch(url: str) -> bytes:
    deadline = time.monotonic() + _FETCH_SECONDS
    body = b""
    # Nobody is followed elsewhere: the operator named this place.
    with (
        httpx.Client(timeout=_FETCH_SECONDS, trust_env=False, follow_redirects=False) as client,
        client.stream("GET", url) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise ValueError(f"the server said {answer.status_code}")
        for part in answer.iter_bytes():
            body += part
            if len(body) > _BYTES_MAX or time.monotonic() > deadline:
                raise ValueError("too much, or too slow")
    return body


def _read(body: bytes) -> _Keys:
    document = json.loads(body)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > _KEYS_MAX:
        raise ValueError(f"expected a JSON object with a list `keys` of at most {_KEYS_MAX}")
    keys: dict[str, jwt.PyJWK] = {}
    for at, one in enumerate(listed):
        # Keys for other purposes, or of kinds that we do not know, are none of ours.
        if isinstance(one, dict) and one.get("use", "sig") == "sig" and one.get("kty") != "oct":
            with suppress(jwt.PyJWTError):
                keys[str(one.get("kid", f"#{at}"))] = jwt.PyJWK(one)
    if not keys:
        raise ValueError("there is no public key for signatures")
    return keys
