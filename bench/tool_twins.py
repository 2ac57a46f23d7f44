"""Definitions in pairs: one that gives orders to a model, and its harmless twin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TEXTS = Path(__file__).with_name("texts")


@dataclass(frozen=True, slots=True)
class Twin:
    """A name, a language, and two texts for the same place of a definition."""

    lang: str
    name: str
    place: str
    harmless: str
    poisoned: str

    def tool(self, text: str) -> dict[str, Any]:
        """Give a whole definition with the text at its place."""
        value: dict[str, Any] = {"type": "string", "description": "What it works on."}
        tool: dict[str, Any] = {
            "name": self.name,
            "description": "A tool of this server.",
            "inputSchema": {"type": "object", "properties": {"value": value}},
        }
        match self.place:
            case "parameter":
                value["description"] = text
            case "enum":
                value["enum"] = ["EUR", text]
            case "default":
                value["default"] = text
            case "output":
                tool["outputSchema"] = {"type": "object", "description": text}
            case _:
                tool[self.place] = text
        return tool


def read_twins(*, held_out: bool = False) -> Iterator[Twin]:
    """Read the pairs that the rules were written beside, or those they were never tuned to."""
    name = "tool_held_out.jsonl" if held_out else "tool_twins.jsonl"
    for line in (_TEXTS / name).read_text("utf-8").splitlines():
        yield Twin(**json.loads(line))
