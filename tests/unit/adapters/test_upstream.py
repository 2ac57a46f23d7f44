"""The way to upstreams, against servers that do what servers must not."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.e2e.gateway.test_tls import Issuer, trusting
from tests.raw_server import Server, serving

from aidefence.adapters.upstream import HttpUpstreams, Patience
from aidefence.domain.proxying import Upstream
from aidefence.domain.refusals import DeadlineError, NotFoundError, UnavailableError
from aidefence.ports.upstream import Outgoing

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
QUICK = Patience(connect_seconds=1.0, silence_seconds=0.3, connections_max=2, idle_seconds=0.2)


async def ask(ways: HttpUpstreams, port: int, method: str = "POST", **options: Any) -> bytes:
    """Ask, and read the answer to its end."""
    given: dict[str, Any] = {"path": "/v1/chat/completions", "body": b"{}", **options}
    base = given.pop("base_url", f"http://127.0.0.1:{port}/v1")
    incoming = await ways.send(Outgoing(Upstream("main", base), method, **given))
    try:
        return b"".join([it async for it in incoming.chunks()])
    finally:
        await incoming.aclose()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it on the loop of the library, and on the one that gateways have."""
    for runner in (asyncio.run, uvloop.run):
        runner(asyncio.wait_for(test(), 30))


def test_a_connection_is_used_again() -> None:
    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(OK) as server:
            for _ in range(5):
                assert await ask(ways, server.port) == b"ok"
            assert server.connections == 1
            assert server.heard[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
            assert f"\r\nHost: 127.0.0.1:{server.port}\r\n".lower().encode() in (
                server.heard[0].lower()
            )
            await ways.aclose()
            await asyncio.wait_for(server.gone.wait(), 5)

    run(test)


def test_one_that_was_closed_meanwhile_is_not() -> None:
    async def once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.close()

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(once) as server:
            for _ in range(20):
                assert await ask(ways, server.port) == b"ok"
            assert len(server.heard) == server.connections == 20

    run(test)


def test_one_that_is_idle_for_long_is_closed() -> None:
    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(OK) as server:
            await ask(ways, server.port)
            await asyncio.wait_for(server.gone.wait(), 5)
            await ask(ways, server.port)
            assert server.connections == 2

    run(test)


@pytest.mark.parametrize("behind", [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstolen", b"\n"])
def test_what_comes_behind_an_answer_is_nobodys_answer(behind: bytes) -> None:
    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(OK + behind) as server:
            for _ in range(3):
                assert await ask(ways, server.port) == b"ok"
            assert server.connections == 3

    run(test)


def test_what_comes_later_is_nobodys_answer() -> None:
    async def twice(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await asyncio.sleep(0.02)
        writer.write(OK.replace(b"ok", b"no"))

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(twice) as server:
            for _ in range(3):
                assert await ask(ways, server.port) == b"ok"
                await asyncio.sleep(0.05)
            assert server.connections == 3

    run(test)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nconte",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nx: \x00\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nname with blank: 1\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000,
        b"".join([b"HTTP/1.1 200 OK\r\n", *(b"x-%d: y\r\n" % it for it in range(20_000))]),
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
    ],
)
@pytest.mark.parametrize("resets", [False, True])
def test_no_answer_or_half_of_one_is_told(said: bytes, resets: bool) -> None:
    async def half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        if resets:
            writer.transport.abort()
        raise ConnectionError

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(half) as server:
            with pytest.raises(UnavailableError, match="upstream `main`"):
                await ask(ways, server.port)
            # Nothing is sent twice.
            assert len(server.heard) == 1

    run(test)


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"]
)
def test_silence_is_not_waited_for_without_end(said: bytes) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await reader.read()

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(hang) as server:
            with pytest.raises(DeadlineError, match="silent"):
                await ask(ways, server.port)

    run(test)


def test_headers_that_come_slowly_are_read() -> None:
    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for at in range(len(OK)):
            writer.write(OK[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0.002)

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(slow) as server:
            assert await ask(ways, server.port) == b"ok"

    run(test)


def test_answers_that_only_inform_are_passed_over() -> None:
    said = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(said) as server:
            assert await ask(ways, server.port) == b"ok"
            assert await ask(ways, server.port) == b"ok"
            assert server.connections == 1

    run(test)


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    async def bare(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
        raise ConnectionError

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(bare) as server:
            assert await ask(ways, server.port) == b"all of it"
            assert await ask(ways, server.port) == b"all of it"
            assert server.connections == 2

    run(test)


def test_a_body_that_nobody_reads_is_held_back() -> None:
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        sent = 0
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        for _at in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 100_000

    async def test() -> None:
        ways = HttpUpstreams(Patience(silence_seconds=5))
        async with serving(flood) as server:
            upstream = Upstream("main", f"http://127.0.0.1:{server.port}")
            incoming = await ways.send(Outgoing(upstream, "GET", "/v1/models"))
            await asyncio.sleep(0.3)
            held = sent
            await asyncio.sleep(0.3)
            assert held == sent < 50_000_000
            got = 0
            async for chunk in incoming.chunks():
                got += len(chunk)
            await incoming.aclose()
            assert got == 100_000_000

    run(test)


def test_who_stops_reading_lets_the_upstream_stop() -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"2\r\nhi\r\n")
            await writer.drain()
            await asyncio.sleep(0.001)

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(endless) as server:
            upstream = Upstream("main", f"http://127.0.0.1:{server.port}")
            incoming = await ways.send(Outgoing(upstream, "GET", "/v1/models"))
            async for _ in incoming.chunks():
                break
            await incoming.aclose()
            await incoming.aclose()
            await asyncio.wait_for(server.gone.wait(), 5)

    run(test)


def test_one_that_is_cancelled_lets_go_of_its_connection() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(server_heard[0].heard) <= 2:
            await reader.read()
            raise ConnectionError
        writer.write(OK)

    server_heard: list[Server] = []

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(hang) as server:
            server_heard.append(server)
            tasks = [asyncio.create_task(ask(ways, server.port)) for _ in range(2)]
            await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.wait_for(server.gone.wait(), 5)
            # Both places are free again.
            assert await asyncio.gather(*(ask(ways, server.port) for _ in range(2))) == [b"ok"] * 2

    run(test)


def test_there_are_no_more_connections_than_allowed() -> None:
    most = now = 0

    async def busy(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        writer.write(OK)

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def test() -> None:
        ways = HttpUpstreams(QUICK)
        async with serving(busy) as server, serving(OK) as other:
            assert (
                await asyncio.gather(*(ask(ways, server.port) for _ in range(20))) == [b"ok"] * 20
            )
            assert most == server.connections == 2
            # One that is kept for somebody else makes room.
            assert await ask(ways, other.port) == b"ok"
        short = Patience(connect_seconds=0.1, silence_seconds=2, connections_max=1)
        ways = HttpUpstreams(short)
        async with serving(hang) as server:
            first = asyncio.create_task(ask(ways, server.port))
            await asyncio.sleep(0)
            with pytest.raises(DeadlineError, match="no free connection"):
                await ask(ways, server.port)
            first.cancel()

    run(test)


def test_nobody_there_is_told_at_once() -> None:
    async def test() -> None:
        async with serving(OK) as server:
            port = server.port
        with pytest.raises(UnavailableError, match="cannot be reached"):
            await ask(HttpUpstreams(QUICK), port)
        with pytest.raises(UnavailableError, match="cannot be reached"):
            await ask(HttpUpstreams(QUICK), port, base_url="http://no-such-host.invalid")

    run(test)


def test_of_several_addresses_one_that_answers_is_taken() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        known = loop.getaddrinfo

        async def several(host: str, port: int, **options: Any) -> Any:
            if host != "models.example":
                return await known(host, port, **options)
            good = await known("127.0.0.1", port, **options)
            # Nobody listens at the first, and the second never answers.
            dead = [(*it[:4], ("127.0.0.9", 9)) for it in good]
            hole = [(*it[:4], ("192.0.2.1", port)) for it in good]
            return [*dead, *hole, *good]

        async with serving(OK) as server:
            loop.getaddrinfo = several  # type: ignore[method-assign, assignment]
            base = f"http://models.example:{server.port}"
            assert await ask(HttpUpstreams(QUICK), server.port, base_url=base) == b"ok"
            assert f"host: models.example:{server.port}".encode() in server.heard[0].lower()

    run(test)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"hello")),
        ("X-GZIP", gzip.compress(b"hello")),
        ("identity, gzip", gzip.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")[2:-4]),
        ("identity", b"hello"),
    ],
)
def test_compressed_bodies_are_unpacked(coding: str, body: bytes) -> None:
    async def test() -> None:
        async with serving(_coded(coding, body)) as server:
            assert await ask(HttpUpstreams(QUICK), server.port) == b"hello"

    run(test)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"hello"),
        ("gzip", gzip.compress(b"hello" * 100)[:-9]),
        ("gzip", gzip.compress(b"hello" * 100)[:-9] + b"x" * 9),
        ("gzip, gzip", gzip.compress(gzip.compress(b"hello"))),
        ("br", b"hello"),
        ("zstd", b"hello"),
    ],
)
def test_what_cannot_be_unpacked_is_told(coding: str, body: bytes) -> None:
    async def test() -> None:
        async with serving(_coded(coding, body)) as server:
            with pytest.raises(UnavailableError):
                await ask(HttpUpstreams(QUICK), server.port)

    run(test)


def test_a_bomb_comes_in_small_pieces() -> None:
    async def test() -> None:
        async with serving(_coded("gzip", gzip.compress(bytes(50_000_000)))) as server:
            upstream = Upstream("main", f"http://127.0.0.1:{server.port}")
            incoming = await HttpUpstreams(QUICK).send(Outgoing(upstream, "GET", "/v1/models"))
            sizes = [len(it) async for it in incoming.chunks()]
            await incoming.aclose()
            assert sum(sizes) == 50_000_000
            assert max(sizes) <= 1 << 16

    run(test)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x-mine", b"1\r\nx-aidefence-key: 2")],
        [(b"x-mine", b"1\n")],
        [(b"x mine", b"1")],
        [(b"x-mine: 1\r\nx", b"1")],
        [(b"x-mine", b"\x00")],
    ],
)
def test_headers_cannot_hold_other_headers(headers: list[tuple[bytes, bytes]]) -> None:
    async def test() -> None:
        async with serving(OK) as server:
            ways = HttpUpstreams(QUICK)
            with pytest.raises(UnavailableError, match="does not carry") as told:
                await ask(ways, server.port, headers=headers)
            assert "mine" not in str(told.value)
            assert server.heard == []
            assert await ask(ways, server.port) == b"ok"

    run(test)


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        ("/v1/models/a b", b"", b"/v1/models/a%20b"),
        ("/v1/models/a\r\nx: y", b"", b"/v1/models/a%0D%0Ax:%20y"),
        ("/v1/models/ö?x#y", b"", b"/v1/models/%C3%B6%3Fx%23y"),
        ("/v1/models", b"after=x%20y&a=\xff", b"/v1/models?after=x%20y&a=%FF"),
        ("/v1/models", b"a=1\r\nx: y", b"/v1/models?a=1%0D%0Ax:%20y"),
    ],
)
def test_a_path_stays_a_path(path: str, query: bytes, target: bytes) -> None:
    async def test() -> None:
        async with serving(OK) as server:
            await ask(HttpUpstreams(QUICK), server.port, "GET", path=path, query=query, body=b"")
            assert server.heard[0].startswith(b"GET " + target + b" HTTP/1.1\r\n")
            assert b"content-length" not in server.heard[0].lower()

    run(test)


def test_a_path_does_not_lead_out() -> None:
    async def test() -> None:
        async with serving(OK) as server:
            with pytest.raises(NotFoundError):
                await ask(HttpUpstreams(QUICK), server.port, "GET", path="/v1/models/../files")
            assert server.heard == []

    run(test)


def test_certificates_are_checked(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    issuer.issue(tmp_path / "cert.pem", tmp_path / "key.pem", "localhost")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")

    async def test() -> None:
        async with serving(OK, ssl=server_side) as server:
            ours = HttpUpstreams(QUICK, lambda: trusting(issuer))
            base = f"https://localhost:{server.port}/v1"
            for _ in range(3):
                assert await ask(ours, server.port, base_url=base) == b"ok"
            assert len(server.heard) == 3
            assert server.connections == 1
            for wrong, ways in (
                (base, HttpUpstreams(QUICK)),
                (base.replace("localhost", "127.0.0.1"), ours),
                (base.replace("https", "http"), ours),
            ):
                with pytest.raises(UnavailableError):
                    await ask(ways, server.port, base_url=wrong)
            assert len(server.heard) == 3

    run(test)


def _coded(coding: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body
