"""The proxy as a program: the real client before it, real and broken servers behind it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client.stdio import StdioServerParameters
from mcp.types import ElicitResult, Tool

from aidefence import ToolPins
from aidefence.delivery.mcp.codes import Code
from mcp import Client, MCPError

SERVERS = Path(__file__).parent / "servers"
SHOP = [sys.executable, str(SERVERS / "shop.py")]
ODD = [sys.executable, str(SERVERS / "odd.py")]
PROXY = [sys.executable, "-m", "aidefence.delivery.cli", "mcp", "proxy"]


def _before(command: list[str], *options: str, **environment: str) -> StdioServerParameters:
    whole = [*PROXY, *options, "--", *command]
    return StdioServerParameters(
        command=whole[0], args=whole[1:], env={**os.environ, **environment}
    )


async def _elicited(context: Any, params: Any) -> ElicitResult:  # noqa: ARG001 -- a hook
    return ElicitResult(action="accept", content={"name": "Mia"})


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_whole_session_of_the_real_client(mode: Any) -> None:
    seen: list[float] = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        assert (total, message) == (5, "working")
        seen.append(progress)

    with anyio.fail_after(90):
        async with Client(
            _before(SHOP, "--redact"), mode=mode, elicitation_callback=_elicited
        ) as client:
            assert len((await client.list_tools()).tools) == 7
            cost = await client.call_tool("price", {"item": "soup"})
            assert cost.content[0].text == "soup costs 12 euros"  # type: ignore[union-attr]
            assert cost.meta is None or "aidefence/decision" not in cost.meta
            for bad in (
                client.call_tool("reviews", {"item": "rooms"}),
                client.read_resource("shop://guestbook"),
                client.get_prompt("greet", {"name": "rooms"}),
            ):
                with pytest.raises(MCPError) as stopped:
                    await bad
                assert stopped.value.error.code == Code.BLOCKED
            menu = await client.read_resource("shop://menu")
            assert menu.contents[0].text == "soup, bread, cheese"  # type: ignore[union-attr]
            person = await client.call_tool("contact", {"name": "Mia"})
            assert person.structured_content is not None
            assert person.structured_content["mail"] == "[EMAIL_ADDRESS]"
            await client.call_tool("slow", {"seconds": 0.5}, progress_callback=progressed)
            assert seen == [0, 1, 2, 3, 4]
            if mode == "legacy":
                asked = await client.call_tool("ask_person", {})
                assert asked.content[0].text == "hello Mia"  # type: ignore[union-attr]


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_server_that_changes_its_tools_in_a_session(mode: Any) -> None:
    with anyio.fail_after(90):
        async with Client(_before(SHOP), mode=mode) as client:
            assert "price" in [it.name for it in (await client.list_tools()).tools]
            await client.call_tool("price", {"item": "soup"})
            await client.call_tool("grow", {})
            listed = await client.list_tools(cache_mode="bypass")
            assert "price" not in [it.name for it in listed.tools]
            with pytest.raises(MCPError) as stopped:
                await client.call_tool("price", {"item": "soup"})
            assert stopped.value.error.code == Code.BLOCKED


@pytest.mark.anyio
async def test_calls_overlap_and_are_cancelled_alone() -> None:
    done: list[str] = []

    async def call(client: Client, seconds: float) -> None:
        await client.call_tool("slow", {"seconds": seconds})
        done.append(f"{seconds}")

    with anyio.fail_after(90):
        async with Client(_before(SHOP)) as client:
            await client.list_tools()
            async with anyio.create_task_group() as group:
                for seconds in (0.6, 0.4, 0.2):
                    group.start_soon(call, client, seconds)
            assert done == ["0.2", "0.4", "0.6"]
            with anyio.move_on_after(0.3) as waited:
                await client.call_tool("slow", {"seconds": 30})
            assert waited.cancelled_caught
            answer = await client.call_tool("price", {"item": "tea"})
            assert not answer.is_error


@pytest.mark.anyio
async def test_two_clients_share_pins_and_nothing_else(tmp_path: Path) -> None:
    pins = tmp_path / "tools.pins.json"
    options = ("--pins", str(pins), "--name", "shop")

    async def session(manner: str, expected: bool) -> None:
        async with Client(_before(SHOP, *options, SHOP=manner)) as client:
            names = [it.name for it in (await client.list_tools()).tools]
            assert ("price" in names) is expected

    with anyio.fail_after(120):
        async with Client(StdioServerParameters(command=SHOP[0], args=SHOP[1:])) as direct:
            told = (await direct.list_tools()).tools
            ToolPins(pins).approve({"shop": [_plain(it) for it in told]})
        async with anyio.create_task_group() as group:
            group.start_soon(session, "", True)
            group.start_soon(session, "poisoned", False)


def _plain(tool: Tool) -> dict[str, Any]:
    return tool.model_dump(mode="json", by_alias=True, exclude_none=True)


class Raw:
    """The proxy with its streams in our hands."""

    def __init__(self, command: list[str], *options: str) -> None:
        self.process = subprocess.Popen(
            [*PROXY, "--no-deep", "--no-dense", *options, "--", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def say(self, message: object) -> None:
        data = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def end(self) -> tuple[int, str]:
        out, errors = self.process.communicate(timeout=60)
        assert out == b""
        return self.process.returncode, errors.decode()


@pytest.fixture
def raw() -> Iterator[Any]:
    started: list[Raw] = []

    def start(command: list[str], *options: str) -> Raw:
        started.append(Raw(command, *options))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        for stream in (one.process.stdin, one.process.stdout, one.process.stderr):
            with suppress(OSError):
                if stream is not None:
                    stream.close()


def _ask(method: str, id_: object = 1, **params: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}


def test_a_server_that_is_killed_is_told_of(raw: Any) -> None:
    proxy = raw([*ODD, "pid"])
    proxy.say(_ask("pid"))
    pid = proxy.hear()["result"]["pid"]
    proxy.say(_ask("hang", 2))
    proxy.say(_ask("hang", "three"))
    time.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    answers = [proxy.hear(), proxy.hear()]
    assert [it["id"] for it in answers] == [2, "three"]
    assert all(it["error"]["code"] == Code.UNAVAILABLE for it in answers)
    assert "signal 9" in answers[0]["error"]["message"]
    code, errors = proxy.end()
    assert code == 1
    assert "signal 9" in errors


def test_a_server_that_hangs_is_given_up_and_the_session_goes_on(raw: Any) -> None:
    proxy = raw(ODD, "--set", "mcp_proxy.answer_seconds_max=0.5")
    proxy.say(_ask("hang"))
    proxy.say(_ask("echo", 2, text="hello"))
    assert proxy.hear()["result"]["text"] == "hello"
    late = proxy.hear()
    assert (late["id"], late["error"]["code"]) == (1, Code.DEADLINE)
    proxy.say(_ask("echo", 3, text="again"))
    assert proxy.hear()["id"] == 3


def test_noise_halves_and_floods_of_a_server(raw: Any) -> None:
    proxy = raw(ODD, "--set", "mcp_proxy.message_bytes_max=100000")
    proxy.say(_ask("noise"))
    assert proxy.hear() == {"jsonrpc": "2.0", "id": 1, "result": {"after": "noise"}}
    proxy.say(_ask("flood", 2, size=5_000_000))
    flooded = proxy.hear()
    assert (flooded["id"], flooded["error"]["code"]) == (2, Code.LIMITED)
    proxy.say(_ask("pieces", 3))
    assert proxy.hear()["result"] == {"whole": True}
    code, errors = proxy.end()
    assert code == 0
    assert errors.count("ignored") >= 3
    assert "this goes to standard error" in errors


def test_what_a_client_says_wrong_does_not_end_the_session(raw: Any) -> None:
    proxy = raw(ODD, "--set", "mcp_proxy.message_bytes_max=100000")
    wrong = {
        b"no json at all\n": Code.PARSE,
        b'{"id":1,"method":"a","method":"tools/call"}\n': Code.INVALID,
        b'{"id":2,"method":"echo","params":{"text":"' + b"x" * 200_000 + b'"}}\n': Code.LIMITED,
        b"\xff\xfe\n": Code.PARSE,
    }
    for line, code in wrong.items():
        proxy.say(line)
        assert proxy.hear()["error"]["code"] == code
    proxy.say(b"\n\r\n   \n")
    proxy.say(_ask("echo", 9, text="still here"))
    assert proxy.hear()["result"]["text"] == "still here"


def test_a_client_that_has_said_all_still_hears_its_answers(raw: Any) -> None:
    proxy = raw(ODD)
    for at in range(50):
        proxy.say(_ask("echo", at, text="x"))
    proxy.say(_ask("wait", 50, seconds=1))
    proxy.process.stdin.close()
    answers = [proxy.hear() for _ in range(51)]
    assert [it["id"] for it in answers] == list(range(51))
    assert proxy.process.wait(30) == 0


def test_what_the_server_has_started_ends_with_the_session(raw: Any) -> None:
    for how in ("close", "term", "gone"):
        proxy = raw([*ODD, "stubborn"])
        proxy.say(_ask("grandchild", 1))
        told = proxy.hear()["result"]
        if how == "close":
            proxy.process.stdin.close()
        elif how == "term":
            proxy.process.send_signal(signal.SIGTERM)
        else:
            proxy.process.stdout.close()
            proxy.say(_ask("echo", 2, text="x"))
            proxy.say(_ask("echo", 3, text="x"))
        assert proxy.process.wait(30) in {0, 1}
        for pid in (told["pid"], told["grandchild"]):
            assert _is_gone(pid)


def _is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_slow_reader_holds_nobody_up_for_ever(raw: Any) -> None:
    proxy = raw(ODD, "--set", "mcp_proxy.burst=100000", "--set", "mcp_proxy.pending_max=100000")
    text = "The museum opens at nine. " * 200
    count = 200

    def feed() -> None:
        for at in range(count):
            proxy.say(_ask("echo", at, text=text))

    import threading  # noqa: PLC0415

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    time.sleep(1)
    assert [proxy.hear()["id"] for _ in range(count)] == list(range(count))
    feeder.join(30)


def test_files_in_the_place_of_pipes(tmp_path: Path) -> None:
    asked, told = tmp_path / "asked", tmp_path / "told"
    asked.write_text("".join(json.dumps(_ask("echo", at, text="x")) + "\n" for at in range(3)))
    with asked.open("rb") as reading, told.open("wb") as writing:
        done = subprocess.run(
            [*PROXY, "--", *ODD], stdin=reading, stdout=writing, timeout=60, check=False
        )
    assert done.returncode == 0
    assert [json.loads(it)["id"] for it in told.read_text().splitlines()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name the server"),
        (("--", "/nonexistent/server"), "does not start"),
        (("--pins", "/dev/null", "--", "cat"), "damaged"),
        (("--pin-key", "/nonexistent", "--pins", "x", "--", "cat"), "no such file"),
        (("--set", "mcp_proxy.burst=none", "--", "cat"), "mcp_proxy.burst"),
    ],
)
def test_what_cannot_work_is_told_at_once(arguments: tuple[str, ...], told: str) -> None:
    done = subprocess.run(
        [*PROXY, *arguments], capture_output=True, text=True, timeout=60, check=False, input=""
    )
    assert done.returncode == 2
    assert told in done.stderr.lower()
    assert done.stdout == ""
