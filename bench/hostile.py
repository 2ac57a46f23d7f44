"""A gateway under siege: hostile bodies at every door, slow senders, idle WebSockets, noise.

Meanwhile somebody polite asks on: they must be served, and memory must stay bounded.
"""

from __future__ import annotations

import random
import socket
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from tests.contract.test_fuzzed import HOSTILE
from tests.served import Served, free_port, serving

from aidefence.delivery.rest.table import OPERATIONS
from bench.record import Outcome

_WORKERS = 2
_THREADS = 8
_SIEGES = 3
_ROUNDS = 4
_SLOW = 2_000
_SLOW_SECONDS = 15
_SOCKETS = 2_000
_SOCKETS_SECONDS = 20
_NOISES = 500
_PAUSE_SECONDS = 0.02
_PATIENCE_SECONDS = 2.0
_OK, _BUSY, _FAILED = 200, 503, 500
_CONFIG = """
deep = "off"
dense = "off"
[server]
sockets_max = 512
sockets_of_one_max = 512
[compat]
enabled = true
[console]
enabled = true
[graphql]
enabled = true
[mcp]
enabled = true
[grpc]
enabled = true
port = {grpc}
[proxy]
enabled = true
[proxy.upstreams.nobody]
base_url = "http://127.0.0.1:9"
key = "none"
"""
_OTHERS = (
    *("/graphql", "/mcp", "/console/inspect", "/v1/chat/completions", "/v1/responses"),
    *("/v1/messages", "/v2/guard", "/v2/guard/results", "/beta/litellm_basic_guardrail_api"),
    *("/v1/moderations", "/contentsafety/text:shieldPrompt", "/analyze", "/anonymize"),
    *("/deanonymize", "/analyze/prompt", "/scan/prompt", "/analyze/output", "/scan/output"),
    *("/v1/guardrail/checks", "/v1/checks", "/api/v1/defend", "/api/v1/defend/batch"),
)
_JSON = {"content-type": "application/json"}
_UPGRADE = (
    "GET /api/v2/detect/stream HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n"
    "connection: upgrade\r\nsec-websocket-version: 13\r\n"
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def measure() -> Outcome:
    """Lay siege in four ways, one after another, and again: what grows for ever shows."""
    with tempfile.TemporaryDirectory() as place:
        config = _CONFIG.format(grpc=(grpc := free_port()))
        with serving(Path(place), config, workers=_WORKERS) as gateway, ExitStack() as held:
            _warm(gateway)
            told, after = Counter[int](), list[float]()
            sockets, asked = Counter[bool](), 0
            before, begun = _resident_mib(gateway), {it.pid for it in gateway.workers()}
            with _polite(gateway) as polite:
                for _ in range(_SIEGES):
                    bodies, asked = _hostile_bodies(gateway)
                    told += bodies
                    _slow_senders(gateway, held)
                    sockets = _idle_sockets(gateway, held)
                    _noise((gateway.port, grpc))
                    held.close()
                    after.append(_resident_mib(gateway) - before)
            results = {
                "served": round(polite.served / max(1, polite.asked), 5),
                "polite_asked": polite.asked,
                "polite_p50_ms": round(statistics.median(polite.ms), 1),
                "polite_worst_ms": round(max(polite.ms), 1),
                "hostile_bodies": told.total(),
                "failed": sum(n for status, n in told.items() if _fault(status)),
                "slow_senders": _SLOW,
                "sockets_held": sockets[True],
                "sockets_refused": sockets[False],
                "noises": 2 * _NOISES,
                "workers_died": len(begun - {it.pid for it in gateway.workers()}),
                "grown_mib": round(max(polite.mib) - before, 1),
                "grown_again_mib": round(after[-1] - after[0], 1),
            }
    return Outcome(
        f"{asked:,} hostile bodies at every route that takes one, {_SLOW:,} connections that say "
        f"nothing, half a head or half a body for {_SLOW_SECONDS} s, {_SOCKETS:,} WebSockets of "
        f"which two workers hold 512 each, noise on the ports of HTTP and gRPC; a polite client "
        f"asks all the time and waits {_PATIENCE_SECONDS:g} s at most",
        _SIEGES,
        results,
    )


class _Polite:
    """Asks something ordinary, again and again, over new connections."""

    def __init__(self) -> None:
        self.asked = self.served = 0
        self.ms: list[float] = []
        self.mib: list[float] = []

    def run(self, gateway: Served, over: threading.Event) -> None:
        while not over.wait(_PAUSE_SECONDS):
            began = time.monotonic()
            self.asked += 1
            try:
                answer = httpx.post(
                    f"{gateway.url}/api/v2/detect",
                    json={"content": "What is the weather like in Lisbon?"},
                    timeout=_PATIENCE_SECONDS,
                )
                self.served += answer.status_code == _OK
            except httpx.TransportError:
                pass
            self.ms.append((time.monotonic() - began) * 1000)
            self.mib.append(_resident_mib(gateway))


@contextmanager
def _polite(gateway: Served) -> Iterator[_Polite]:
    polite, over = _Polite(), threading.Event()
    asking = threading.Thread(target=polite.run, args=(gateway, over))
    asking.start()
    try:
        yield polite
    finally:
        over.set()
        asking.join()


def _warm(gateway: Served) -> None:
    """Ask every door once, so that what each loads is not taken for what a siege costs."""
    with httpx.Client(base_url=gateway.url, timeout=30) as client:
        for _ in range(2 * _WORKERS):
            for method, path in _routes():
                client.request(method, path, content=b'{"content": "hello"}', headers=_JSON)


def _routes() -> list[tuple[str, str]]:
    ours = [(it.method, it.path) for it in OPERATIONS if it.request is not None]
    filled = [(method, path.replace("{id}", "x")) for method, path in ours]
    return [*filled, *(("POST", path) for path in _OTHERS)]


def _hostile_bodies(gateway: Served) -> tuple[Counter[int], int]:
    """Send them from many threads at once; counts what came back, 0 where nothing did."""
    dice = random.Random(7)
    asked = [
        (method, path, body)
        for _ in range(_ROUNDS)
        for method, path in _routes()
        for body in [*HOSTILE.values(), _drawn(dice)]
    ]
    dice.shuffle(asked)
    told: Counter[int] = Counter()
    with httpx.Client(base_url=gateway.url, timeout=60) as client:

        def send(one: tuple[str, str, bytes]) -> int:
            method, path, body = one
            try:
                return client.request(method, path, content=body, headers=_JSON).status_code
            except httpx.TransportError:
                # A body that is too long is refused before it is read: the connection goes.
                return 0

        with ThreadPoolExecutor(_THREADS) as pool:
            told.update(pool.map(send, asked))
    return told, len(asked)


def _drawn(dice: random.Random) -> bytes:
    """Something that begins like a request, with bytes changed."""
    body = bytearray(b'{"content": "hello", "messages": [{"role": "user", "content": "hi"}]}')
    for _ in range(dice.randrange(1, 8)):
        body[dice.randrange(len(body))] = dice.randrange(256)
    return bytes(body)


def _fault(status: int) -> bool:
    # To be too busy, or without an upstream, is no fault of ours.
    return status >= _FAILED and status not in {_BUSY, 502}


def _slow_senders(gateway: Served, held: ExitStack) -> None:
    head = b"POST /api/v2/detect HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    beginnings = (b"", head, head + b'content-length: 100000\r\n\r\n{"content": "')
    lines = [_connect(gateway.port, held) for _ in range(_SLOW)]
    for at, line in enumerate(lines):
        _say(line, beginnings[at % len(beginnings)])
    end = time.monotonic() + _SLOW_SECONDS
    while time.monotonic() < end:
        for at, line in enumerate(lines):
            if at % len(beginnings):
                _say(line, b"x")
        time.sleep(1)
    for line in lines:
        line.close()


def _idle_sockets(gateway: Served, held: ExitStack) -> Counter[bool]:
    """Open them, and count who was let in."""
    lines = [_connect(gateway.port, held) for _ in range(_SOCKETS)]
    for line in lines:
        _say(line, _UPGRADE.encode())
    told = Counter(_heard(line).startswith(b"HTTP/1.1 101") for line in lines)
    time.sleep(_SOCKETS_SECONDS)
    for line in lines:
        line.close()
    return told


def _noise(ports: Sequence[int]) -> None:
    dice = random.Random(3)
    for _ in range(_NOISES):
        for port in ports:
            with ExitStack() as held:
                _say(_connect(port, held), dice.randbytes(dice.randrange(1, 4_000)))


def _connect(port: int, held: ExitStack) -> socket.socket:
    return held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))


def _say(line: socket.socket, what: bytes) -> None:
    try:
        line.sendall(what)
    except OSError:
        # It was ended at the other side, as it should be.
        return


def _heard(line: socket.socket) -> bytes:
    try:
        return line.recv(4_000)
    except OSError:
        return b""


def _resident_mib(gateway: Served) -> float:
    return sum(_resident_kib(it.pid) for it in gateway.workers()) / 1024


def _resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(it for it in status.splitlines() if it.startswith("VmRSS"))
    return int(line.split()[1])
