"""TLS: certificates that are renewed while requests run, and clients that must show theirs."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.served import Served, serving, wait_until

from aidefence.ports.renewal import Phase

BODY = json.dumps({"content": "hello"})
HEADERS = {"content-type": "application/json"}


class Issuer:
    """An authority of our own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("test authority")
        self.certificate = self._sign(self.name, self.key, is_issuer=True)
        self.path = folder / "ca.pem"
        self.path.write_bytes(_pem(self.certificate))

    def issue(self, certificate: Path, key: Path, common_name: str) -> int:
        """Write a certificate and its key; gives its serial number."""
        private = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(_name(common_name), private, is_issuer=False)
        for path, data in ((key, _key(private)), (certificate, _pem(made))):
            fresh = path.with_suffix(".new")
            fresh.write_bytes(data)
            fresh.replace(path)
        return made.serial_number

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_issuer: bool
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        names = [x509.DNSName("localhost")]
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_issuer, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


def trusting(issuer: Issuer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(issuer.path))


def ask(gateway: Served, context: ssl.SSLContext) -> tuple[int, int]:
    """Ask once; gives the status and the serial number of the certificate that was shown."""
    connection = http.client.HTTPSConnection("localhost", gateway.port, timeout=20, context=context)
    try:
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        shown = connection.sock.getpeercert(binary_form=True)
        assert shown is not None
        connection.request("POST", "/api/v2/detect", BODY, HEADERS)
        status = connection.getresponse().status
        return status, x509.load_der_x509_certificate(shown).serial_number
    finally:
        connection.close()


CONFIG = '[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n'


def test_a_new_certificate_is_shown_without_a_lost_request(tmp_path: Path, issuer: Issuer) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    first = issuer.issue(certificate, key, "first")
    context, stop = trusting(issuer), threading.Event()
    seen: list[tuple[int, int]] = []

    with serving(tmp_path, CONFIG, workers=2) as gateway:

        def client() -> None:
            while not stop.is_set():
                seen.append(ask(gateway, context))

        assert ask(gateway, context) == (200, first)
        running = threading.Thread(target=client)
        running.start()
        # A key that does not fit: the old pair stays in force, and the log says why.
        issuer.issue(certificate, tmp_path / "other.pem", "wrong")
        wait_until(lambda: "certificates not in force" in gateway.told(), "the word about it")
        second = issuer.issue(certificate, key, "second")
        wait_until(lambda: "certificates in force" in gateway.told(), "new workers", 60)
        assert len([it for it in gateway.workers() if it.phase is Phase.SERVING]) == 2
        assert {ask(gateway, context) for _ in range(10)} == {(200, second)}
        stop.set()
        running.join()
    assert {status for status, _ in seen} == {200}
    assert {serial for _, serial in seen} <= {first, second}


def test_clients_must_show_a_certificate_of_a_known_issuer(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path / "cert.pem", tmp_path / "key.pem", "gateway")
    issuer.issue(tmp_path / "client.pem", tmp_path / "client-key.pem", "client")
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    Issuer(stranger).issue(stranger / "client.pem", stranger / "client-key.pem", "stranger")
    with serving(tmp_path, f'{CONFIG}client_ca = "ca.pem"\n') as gateway:
        known = trusting(issuer)
        known.load_cert_chain(tmp_path / "client.pem", tmp_path / "client-key.pem")
        assert ask(gateway, known)[0] == 200
        for folder in (None, stranger):
            unknown = trusting(issuer)
            if folder is not None:
                unknown.load_cert_chain(folder / "client.pem", folder / "client-key.pem")
            with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
                ask(gateway, unknown)


def test_old_versions_are_not_spoken(tmp_path: Path, issuer: Issuer) -> None:
    issuer.issue(tmp_path / "cert.pem", tmp_path / "key.pem", "gateway")
    with serving(tmp_path, f'{CONFIG}version_min = "1.3"\n') as gateway:
        old = trusting(issuer)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            ask(gateway, old)
        assert ask(gateway, trusting(issuer))[0] == 200
