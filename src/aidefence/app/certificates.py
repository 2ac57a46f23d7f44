"""Certificates of the gateway, read again when their files change."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from granian.constants import SSLProtocols

from aidefence.app.fingerprints import fingerprint
from aidefence.domain.errors import ConfigError, SettingError

if TYPE_CHECKING:
    from aidefence.app.settings.tls import TlsSettings

Options: TypeAlias = tuple[Path, Path, str | None, SSLProtocols, Path | None, list[Path], bool]
"""As the server takes them."""


class Certificates:
    """The files that the settings name."""

    def __init__(self, certificate: Path, key: Path, tls: TlsSettings) -> None:
        self._certificate, self._key, self._tls = certificate, key, tls
        self._in_force = self._before = self._print()

    @classmethod
    def of(cls, tls: TlsSettings) -> Certificates | None:
        """Take the files that are named; none where nothing is served over TLS.

        Raises:
            SettingError: one of them is missing.

        """
        if tls.certificate is None and tls.key is None and tls.client_ca is None:
            return None
        if tls.certificate is None:
            raise SettingError("tls.certificate", "expected a file: others of `tls` are named")
        if tls.key is None:
            raise SettingError("tls.key", "expected the private key of `tls.certificate`")
        return cls(tls.certificate, tls.key, tls)

    def read(self) -> Options:
        """Check the files and say what the server needs to know.

        Raises:
            ConfigError: one is missing or damaged, or certificate and key are no pair.

        """
        tls = self._tls
        password = None if tls.key_password is None else tls.key_password.get_secret_value()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # An empty word, or it would ask for one at the terminal.
            context.load_cert_chain(self._certificate, self._key, password or "")
        except (OSError, ValueError) as error:
            where = f"`{self._certificate}` and `{self._key}`"
            raise ConfigError(f"cannot use certificate and key {where}: {_told(error)}") from None
        if tls.client_ca is not None:
            try:
                context.load_verify_locations(tls.client_ca)
            except (OSError, ValueError) as error:
                raise ConfigError(f"cannot use `{tls.client_ca}`: {_told(error)}") from None
        least = SSLProtocols.tls13 if tls.version_min == "1.3" else SSLProtocols.tls12
        verified = tls.client_ca is not None
        return self._certificate, self._key, password, least, tls.client_ca, [], verified

    def changed(self) -> bool:
        """Whether the files are new, and whoever writes them is done: twice the same."""
        now, before = self._print(), self._before
        self._before = now
        if now == self._in_force or now != before:
            return False
        self._in_force = now
        return True

    def _print(self) -> object:
        named = (self._certificate, self._key, self._tls.client_ca)
        return fingerprint(it for it in named if it is not None)


def _told(error: Exception) -> str:
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return told.lower()
