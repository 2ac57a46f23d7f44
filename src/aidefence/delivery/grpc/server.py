"""The server: a port of its own, health, reflection, limits on calls and connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from aidefence.delivery.grpc.attending import Attend
from aidefence.delivery.grpc.detection import DetectionMethods
from aidefence.delivery.grpc.envoy_inspecting import EnvoyInspecting, EnvoyOptions
from aidefence.delivery.grpc.ext_authz import ExtAuthzMethods
from aidefence.delivery.grpc.ext_proc import ExtProcMethods
from aidefence.delivery.grpc.memory import MemoryMethods
from aidefence.delivery.grpc.methods import Method, make_handlers
from aidefence.delivery.http.contents import Limits
from aidefence.domain.errors import AddressError, ConfigError
from aidefence.service.services import Services

_SECOND_MS = 1000
_SERVING = health_pb2.HealthCheckResponse.SERVING


@dataclass(frozen=True, slots=True)
class Tls:
    """Files that prove who we are, and the authority that clients' certificates must come from.

    They are read again when they change: a certificate is renewed without a restart.
    """

    certificate: Path
    key: Path
    clients: Path | None = None
    """With it, only clients that show a certificate are let in."""
    password: bytes | None = field(default=None, repr=False)
    """Opens the private key, if it is locked."""


@dataclass(frozen=True, slots=True)
class GrpcOptions:
    """Where the server listens, and what it allows."""

    host: str = "127.0.0.1"
    port: int = 8081
    message_bytes_max: int = 8 << 20
    calls_max: int = 512
    """So many calls at once; more are told to come again."""
    streams_max: int = 256
    """So many calls at once on one connection."""
    ping_seconds_min: int = 10
    """Clients that ask more often whether we are alive are sent away."""
    reflection: bool = True
    envoy: EnvoyOptions | None = None
    """With it, what Envoy's filters call is served, too."""
    tls: Tls | None = None
    shared_port: bool = False
    """Whether other workers listen on the same port."""


class GrpcServer:
    """Serves methods until it is stopped; lives in the event loop that starts it."""

    def __init__(
        self,
        services: Services,
        limits: Limits,
        options: GrpcOptions,
        attended_by: Sequence[Attend] = (),
    ) -> None:
        """`attended_by` are those who write lines or traces about calls."""
        self._options = options
        self._attended_by = attended_by
        self._methods = _methods(services, limits, options)
        self._health = health.aio.HealthServicer()
        self._gate = services.gate
        self._meter = services.meter
        self._server: grpc.aio.Server | None = None
        self.port = options.port

    @property
    def methods(self) -> Sequence[Method]:
        """All that can be called, with what it takes."""
        return self._methods

    async def start(self) -> None:
        """Listen.

        Raises:
            AddressError: the port cannot be had.
            ConfigError: a file with a certificate or key cannot be read.

        """
        # A server binds itself to the loop that is running when it is made.
        server = grpc.aio.server(
            options=_arguments(self._options), maximum_concurrent_rpcs=self._options.calls_max
        )
        server.add_generic_rpc_handlers(
            make_handlers(self._methods, self._gate, self._meter, self._attended_by)
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = sorted({method.service for method in self._methods})
        if self._options.reflection:
            reflection.enable_server_reflection(
                [*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server
            )
        self.port = self._listen(server)
        await server.start()
        for name in ("", *names):
            await self._health.set(name, _SERVING)
        self._server = server

    async def stop(self, grace_seconds: float) -> None:
        """Tell health checks at once, take no new calls, let running ones end in time."""
        if self._server is None:
            return
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)
        self._server = None

    def _listen(self, server: grpc.aio.Server) -> int:
        host = self._options.host
        address = (
            f"[{host}]:{self._options.port}" if ":" in host else f"{host}:{self._options.port}"
        )
        try:
            taken: int = (
                server.add_insecure_port(address)
                if self._options.tls is None
                else server.add_secure_port(address, _credentials(self._options.tls))
            )
        except RuntimeError:
            raise AddressError(
                f"cannot listen on {address} for gRPC: the port is taken or the address is not ours"
            ) from None
        return taken


def _methods(services: Services, limits: Limits, options: GrpcOptions) -> list[Method]:
    methods = [*DetectionMethods(services, limits).methods(), *MemoryMethods(services).methods()]
    if options.envoy is not None:
        inspecting = EnvoyInspecting(services, limits, options.envoy)
        methods += ExtProcMethods(inspecting).methods()
        methods += ExtAuthzMethods(inspecting).methods()
    return methods


def _arguments(options: GrpcOptions) -> list[tuple[str, int]]:
    ping_ms = options.ping_seconds_min * _SECOND_MS
    return [
        ("grpc.so_reuseport", int(options.shared_port)),
        ("grpc.max_receive_message_length", options.message_bytes_max),
        # Answers may be larger than questions; what we say is ours to bound.
        ("grpc.max_send_message_length", -1),
        ("grpc.max_concurrent_streams", options.streams_max),
        ("grpc.max_metadata_size", 16 << 10),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", ping_ms),
        ("grpc.http2.max_ping_strikes", 2),
        ("grpc.keepalive_time_ms", 60 * _SECOND_MS),
        ("grpc.keepalive_timeout_ms", 20 * _SECOND_MS),
        ("grpc.max_connection_idle_ms", 300 * _SECOND_MS),
    ]


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    files = _Files(tls)
    return grpc.dynamic_ssl_server_credentials(
        files.read(), files.read_if_changed, require_client_authentication=tls.clients is not None
    )


class _Files:
    """Reads certificates, again when one of the files was replaced."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._seen: tuple[tuple[int, int], ...] = ()

    def read(self) -> grpc.ServerCertificateConfiguration:
        seen = self._look()
        try:
            key = _unlocked(self._tls.key.read_bytes(), self._tls.password)
            certificate = self._tls.certificate.read_bytes()
            clients = self._tls.clients.read_bytes() if self._tls.clients else None
        except OSError as error:
            raise ConfigError(f"cannot read `{error.filename}`: {error.strerror}") from error
        self._seen = seen
        return grpc.ssl_server_certificate_configuration([(key, certificate)], clients)

    def read_if_changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Called at each handshake; none means that nothing changed."""
        try:
            return None if self._look() == self._seen else self.read()
        except ConfigError:
            # Half a renewal: the old certificate stays until the new files are all there.
            return None

    def _look(self) -> tuple[tuple[int, int], ...]:
        paths = [it for it in (self._tls.certificate, self._tls.key, self._tls.clients) if it]
        try:
            return tuple((it.st_mtime_ns, it.st_ino) for it in (path.stat() for path in paths))
        except OSError as error:
            raise ConfigError(f"cannot read `{error.filename}`: {error.strerror}") from error


def _unlocked(key: bytes, password: bytes | None) -> bytes:
    """Give a private key as gRPC takes it: without a password."""
    if password is None:
        return key
    try:
        opened = load_pem_private_key(key, password)
    except (ValueError, TypeError) as error:
        raise ConfigError("the private key does not open with its password") from error
    return opened.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
