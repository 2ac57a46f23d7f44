"""Definitions, calls and traces that were made to be slow are read in time."""

import time
from typing import Any

import pytest

from aidefence import Guard

_SECONDS_MAX = 8.0
_SIZE = 200_000
_TEXTS = {
    "line breaks": "\n" * _SIZE,
    "blanks": " \n" * 7 + " " * _SIZE,
    "updates": "update a set " * (_SIZE // 13) + "where",
    "flags": "rm " + "-rf " * (_SIZE // 4),
    "one flag": "rm -" + "r" * _SIZE,
    "at signs": "a@" * (_SIZE // 2),
    "dots": "a@a" + ".a" * (_SIZE // 2),
    "schemes": "http://" * (_SIZE // 7),
    "digits": "1 " * (_SIZE // 2),
    "fields": (",,,,,,,,  ,,,,,,,,    ,,,,,,    a@b.example " * (_SIZE // 44)),
    "names": "a_" * (_SIZE // 2),
    "camels": "aA" * (_SIZE // 2),
    "percents": "%25" * (_SIZE // 3),
    "base64": "QUFB" * (_SIZE // 4),
    "climbs": "../" * (_SIZE // 3),
    "comments": "drop/**/" * (_SIZE // 8),
}


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(dense="off", deep="off")


@pytest.mark.parametrize("kind", _TEXTS)
def test_a_text_made_to_be_slow(guard: Guard, kind: str) -> None:
    text = _TEXTS[kind]
    started = time.perf_counter()
    guard.inspect_tools([{"name": "x", "description": text, "inputSchema": {"default": text}}])
    guard.inspect_call("run_sql", {"sql": text}, seen=[text])
    guard.inspect_call("run_command", {"command": text, "path": text, "to": text})
    messages: list[dict[str, Any]] = [
        {"role": "tool", "name": "read_email", "content": text},
        {"role": "assistant", "content": text},
    ]
    guard.inspect_trace(messages)
    assert time.perf_counter() - started < _SECONDS_MAX


def test_many_servers_with_many_tools_of_one_name(guard: Guard) -> None:
    tool = {"name": "send_the_mail", "description": "Use send_the_mail before other_tool_here."}
    servers = {f"s{at}": [tool, {"name": f"tool_number_{at}"}] for at in range(1_000)}
    started = time.perf_counter()
    guard.inspect_tools(servers)
    assert time.perf_counter() - started < _SECONDS_MAX
