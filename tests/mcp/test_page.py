"""The page says what is there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from aidefence.app.settings.mcp_proxy import McpProxySettings
from aidefence.delivery.mcp.codes import Code


def _page(root: Path) -> str:
    return (root / "docs/mcp.md").read_text("utf-8")


def test_every_tool_is_on_the_page_and_no_other(root: Path) -> None:
    tools = json.loads((root / "api/mcp.json").read_text("utf-8"))["tools"]
    section = _page(root).split("## Tools")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [it["name"] for it in tools]


def test_settings_and_codes_on_the_page_exist(root: Path) -> None:
    page = _page(root)
    named = set(re.findall(r"`mcp_proxy\.(\w+)`", page))
    assert named <= set(McpProxySettings.model_fields)
    assert len(named) >= 4
    codes = {int(it) for it in re.findall(r"`(-32\d+)`", page)}
    assert codes == {Code.BLOCKED, Code.LIMITED, Code.UNAVAILABLE, Code.DEADLINE}


def test_configurations_on_the_page_start_what_they_say(root: Path) -> None:
    servers = [
        server
        for block in re.findall(r"```json\n(.*?)```", _page(root), re.DOTALL)
        for server in json.loads(block)["mcpServers"].values()
    ]
    lines = re.findall(r"```sh\n(.*?)```", _page(root), re.DOTALL)
    commands = [[it["command"], *it["args"]] for it in servers] + [shlex.split(it) for it in lines]
    assert len(commands) >= 3
    for command in commands:
        name, *rest = command
        assert name == "aidefence"
        # Up to the dashes it is ours: with `--help` in their place it must be understood.
        ours = rest[: rest.index("--")] if "--" in rest else rest
        done = subprocess.run(
            [sys.executable, "-m", "aidefence.delivery.cli", *ours, "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
