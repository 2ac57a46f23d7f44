"""Texts that come in pieces over a socket: policies decide about each as it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.served import serving
from websockets.sync.client import connect

POLICY = """\
policy house version 1

default profile
on error block

rule long-words:
    block when event is answer and text.length > 100

rule one-each:
    review what breaks at most 1 event is answer in 1 h
"""


def _say(line: Any, kind: str, data: object = None) -> dict[str, Any]:
    line.send(json.dumps({"type": kind, "id": "t"} | ({} if data is None else {"data": data})))
    told = json.loads(line.recv())
    assert told["type"] != "error", told
    data_of: dict[str, Any] = told["data"]
    return data_of


def _whole(line: Any, words: str, session: str) -> tuple[str, dict[str, Any]]:
    _say(line, "text_open", {"mode": "hold", "context": {"sessionId": session}})
    went = _say(line, "text_piece", {"text": words})["text"]
    ended = _say(line, "text_end")
    return went + ended["text"], ended


def test_a_text_is_asked_about_as_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "house.pdl"
    path.write_text(POLICY, "utf-8")
    config = f'[policies]\nfiles = ["{path}"]\n'
    with serving(tmp_path, config) as served:
        address = served.url.replace("http", "ws") + "/api/v2/detect/stream"
        with connect(address) as line:
            text, ended = _whole(line, "Short and good.", "a")
            assert (text, ended["stopped"], ended["reasons"]) == ("Short and good.", False, [])
            text, ended = _whole(line, "long " * 30, "b")
            assert (ended["stopped"], ended["action"]) == (True, "block")
            assert len(text) < 150
            assert "rule `long-words` says block" in ended["reasons"][0]
            _, ended = _whole(line, "A second answer.", "a")
            assert (ended["stopped"], ended["action"]) == (True, "review")
            assert _whole(line, "Elsewhere.", "c")[1]["stopped"] is False
