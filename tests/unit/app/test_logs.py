"""Lines of the log: what they tell, and what they never do."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from aidefence.app.logs import JsonLines, TextLines
from aidefence.domain.errors import ConfigError


def record(event: str, *given: object, error: Exception | None = None, **extra: Any) -> Any:
    logger = logging.getLogger("aidefence.test")
    told = (type(error), error, error.__traceback__) if error else None
    return logger.makeRecord(
        "aidefence.test", logging.ERROR, __file__, 1, event, given, told, extra=extra
    )


def failed(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as raised:
        return raised


def test_a_line_for_machines_is_one_object() -> None:
    line = JsonLines().format(record("%s not in force", "settings", reason="a\nb", pids=[1, 2]))
    assert "\n" not in line
    told = json.loads(line)
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "error",
        "logger": "aidefence.test",
        "event": "settings not in force",
        "reason": "a\nb",
        "pids": [1, 2],
    }


def test_a_line_for_people_is_one_line() -> None:
    line = TextLines(coloured=False).format(
        record("draining\x1b[2J\nforged", seconds=2.5, reason="two words", worker="w\n1", a=None)
    )
    assert line.isprintable()
    assert line.split("[aidefence.test] ")[1] == (
        'a=null reason="two words" seconds=2.5 worker="w\\n1"'
    )
    assert "[error   ]" in line
    assert "\x1b[31m" in TextLines(coloured=True).format(record("draining"))


@pytest.mark.parametrize("lines", [JsonLines(), TextLines(coloured=False)])
def test_of_an_error_that_is_not_ours_only_its_kind_and_place_are_told(
    lines: logging.Formatter,
) -> None:
    told = lines.format(record("request failed", error=failed(ValueError("what was inspected"))))
    assert "ValueError" in told
    assert f"{__file__}:" in told
    assert "inspected" not in told
    ours = lines.format(record("request failed", error=failed(ConfigError("a wrong rule"))))
    assert "a wrong rule" in ours


def test_values_that_json_does_not_know_are_told() -> None:
    for made in (JsonLines(), TextLines(coloured=False)):
        assert "MISSING" in made.format(record("odd", what={"x": Odd()}))


class Odd:
    def __repr__(self) -> str:
        return "MISSING"
