"""Certificates: of the server, of clients, and renewed without a restart."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.e2e.grpc.conftest import OPTIONS
from tests.grpc_door import DETECTION, Serve

from aidefence import ConfigError
from aidefence.app.services import make_services
from aidefence.app.settings import Settings
from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.server import Tls

pytestmark = pytest.mark.anyio

_DAY = dt.timedelta(days=1)
_REQUEST = pb.DetectRequest(text="a").SerializeToString()


class Authority:
    """Signs certificates for one test."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = _sign(name, self.key, name, self.key, authority=True)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str) -> tuple[bytes, bytes]:
        """A private key and a certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        signed = _sign(name, key, str(issuer), self.key, authority=False)
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return secret, signed.public_bytes(serialization.Encoding.PEM)


def _sign(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _write(folder: Path, issued: tuple[bytes, bytes], clients: bytes | None = None) -> Tls:
    for name, data in zip(("key.pem", "cert.pem"), issued, strict=True):
        fresh = folder / f"{name}.new"
        fresh.write_bytes(data)
        fresh.replace(folder / name)
    path = None
    if clients is not None:
        path = folder / "clients.pem"
        path.write_bytes(clients)
    return Tls(folder / "cert.pem", folder / "key.pem", path)


async def _ask(port: int, credentials: grpc.ChannelCredentials) -> str:
    async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
        call = channel.unary_unary(f"{DETECTION}Detect")
        return str(pb.DetectResponse.FromString(await call(_REQUEST, timeout=5)).request_id)


async def test_a_certificate_is_renewed_without_a_restart(serve: Serve, tmp_path: Path) -> None:
    first, second = Authority("first"), Authority("second")
    tls = _write(tmp_path, first.issue("server"))
    async with serve(replace(OPTIONS, tls=tls)) as client:
        port = client.server.port
        trusting_first = grpc.ssl_channel_credentials(first.pem)
        trusting_second = grpc.ssl_channel_credentials(second.pem)
        assert await _ask(port, trusting_first)
        with pytest.raises(grpc.aio.AioRpcError):
            await _ask(port, trusting_second)
        # Half a renewal changes nothing.
        (tmp_path / "key.pem").unlink()
        assert await _ask(port, trusting_first)
        _write(tmp_path, second.issue("server"))
        assert await _ask(port, trusting_second)


async def test_a_client_is_known_by_its_certificate(serve: Serve, tmp_path: Path) -> None:
    ours, clients, strangers = Authority("ours"), Authority("clients"), Authority("strangers")

    def showing(issued: tuple[bytes, bytes] | None) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(ours.pem, *(issued or ()))

    tls = _write(tmp_path, ours.issue("server"), clients.pem)
    known = {"certificates": [{"name": "gateway-7", "role": "service"}]}
    settings = Settings.model_validate({"state_dir": tmp_path / "state", "auth": known})
    async with serve(replace(OPTIONS, tls=tls), gate=make_services(settings).gate) as client:
        port = client.server.port
        assert await _ask(port, showing(clients.issue("gateway-7")))
        for issued, code in (
            (clients.issue("gateway-8"), grpc.StatusCode.UNAUTHENTICATED),
            (strangers.issue("gateway-7"), grpc.StatusCode.UNAVAILABLE),
            (None, grpc.StatusCode.UNAVAILABLE),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await _ask(port, showing(issued))
            assert caught.value.code() is code


async def test_a_missing_file_is_named(serve: Serve, tmp_path: Path) -> None:
    tls = Tls(tmp_path / "no.pem", tmp_path / "no.key")
    with pytest.raises(ConfigError, match=r"no\.pem"):
        async with serve(replace(OPTIONS, tls=tls)):
            raise AssertionError
