"""Pins: what is new, changed or gone, and a file that two writers share."""

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from aidefence import Guard, PinError, ToolPins

_TOOL: dict[str, Any] = {
    "name": "weather",
    "description": "Weather for a city.",
    "inputSchema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(dense="off", deep="off")


def test_a_changed_definition_is_a_rug_pull_that_says_what_changed(
    guard: Guard, tmp_path: Path
) -> None:
    pins = tmp_path / "pins.json"
    ToolPins(pins).approve([_TOOL])
    assert guard.inspect_tools([_TOOL], pins=pins).findings == ()
    assert guard.inspect_tools([_TOOL], pins=pins).tools[0].status == "same"
    turned = dict(reversed(_TOOL.items()))
    assert guard.inspect_tools([turned], pins=pins).tools[0].status == "same"
    changed = {**_TOOL, "description": "Weather for a city, and more."}
    decision = guard.inspect_tools([changed], pins=pins)
    (finding,) = decision.findings
    assert (finding.rule_id, finding.action) == ("pin-changed", "review")
    assert {"AML.T0109", "LLM03"} <= set(finding.ids)
    (change,) = decision.tools[0].changes
    assert (change.pointer, change.before, change.after) == (
        "/description",
        "Weather for a city.",
        "Weather for a city, and more.",
    )


def test_every_part_that_a_model_sees_is_pinned(guard: Guard, tmp_path: Path) -> None:
    pins = tmp_path / "pins.json"
    ToolPins(pins).approve([_TOOL])
    for key, value in (
        ("title", "Weather"),
        ("outputSchema", {"type": "object"}),
        ("annotations", {"readOnlyHint": True}),
        ("x-note", "hello"),
        ("inputSchema", {"type": "object"}),
    ):
        status = guard.inspect_tools([{**_TOOL, key: value}], pins=pins).tools[0].status
        assert status == "changed", key
    assert guard.inspect_tools([{**_TOOL, "_meta": {"at": 3}}], pins=pins).tools[0].status == "same"


def test_new_and_removed_tools_are_told(guard: Guard, tmp_path: Path) -> None:
    pins = ToolPins(tmp_path / "pins.json")
    pins.approve({"one": [_TOOL], "two": [_TOOL]})
    decision = guard.inspect_tools({"one": [{**_TOOL, "name": "clock"}]}, pins=pins)
    assert {it.rule_id for it in decision.findings} == {"pin-new", "pin-removed"}
    # The other server was not asked: nothing is known of its tools.
    assert [(it.server, it.name) for it in decision.tools if it.status == "removed"] == [
        ("one", "weather")
    ]
    pins.approve({"one": [{**_TOOL, "name": "clock"}]}, prune=True)
    assert set(pins.read()) == {("one", "clock"), ("two", "weather")}


def test_a_key_seals_the_file(tmp_path: Path) -> None:
    path, key = tmp_path / "pins.json", b"k" * 16
    ToolPins(path, key=key).approve([_TOOL])
    assert set(ToolPins(path, key=key).read()) == {("", "weather")}
    with pytest.raises(PinError):
        ToolPins(path, key=b"another key, as long").read()
    with pytest.raises(PinError):
        ToolPins(path).read()
    with pytest.raises(PinError):
        ToolPins(path, key=b"short")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"schema": "other"}', "\x00", '{"schema": 3}', "[" * 9999]
)
def test_a_damaged_file_is_refused(guard: Guard, tmp_path: Path, text: str) -> None:
    path = tmp_path / "pins.json"
    path.write_text(text, "utf-8")
    with pytest.raises(PinError):
        guard.inspect_tools([_TOOL], pins=path)


def test_a_pin_changed_by_hand_is_refused(guard: Guard, tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    ToolPins(path).approve([_TOOL])
    told = json.loads(path.read_text("utf-8"))
    told["pins"][0]["definition"]["description"] = "Something else."
    path.write_text(json.dumps(told), "utf-8")
    with pytest.raises(PinError):
        guard.inspect_tools([_TOOL], pins=path)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(PinError):
        ToolPins(tmp_path / "none" / "pins.json").approve([_TOOL])
    with pytest.raises(PinError):
        ToolPins(tmp_path).read()


def _approve(path: str, writer: int, count: int) -> None:
    pins = ToolPins(path)
    for at in range(count):
        pins.approve({f"server{writer}": [{**_TOOL, "name": f"tool{at}"}]})


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    path, count = str(tmp_path / "pins.json"), 25
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_approve, args=(path, at, count)) for at in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(ToolPins(path).read()) == 2 * count
