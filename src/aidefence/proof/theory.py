"""The theory that certificates stand on: an export of proved theorems, as bytes that never change.

A certificate is a continuation of this text, so the text is read once for the numbers that its
names, levels and expressions have.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from aidefence.engine import kernel
from aidefence.knowledge.theory import Part, load

_LEVEL = re.compile(rb'^\{"il":\d+,(.*)\}$', re.MULTILINE)
_NAME = re.compile(
    rb'^\{"in":(\d+),"(?:str|num)":\{"pre":(\d+),"(?:str|i)":(.*)\}\}$', re.MULTILINE
)
_THEOREM = re.compile(
    rb'^\{"thm":\{"name":(\d+),"levelParams":\[[^]]*\],"type":(\d+),', re.MULTILINE
)


class Theory:
    """The text of a theory and its tables."""

    def __init__(self, text: bytes, digest: str, lean: str, part: Part) -> None:
        self.text, self.digest, self.lean, self.part = text, digest, lean, part
        self.names: dict[str, int]
        self.levels: dict[str, int]
        self.expressions = kernel.Expressions(text)
        self._types: dict[int, int]
        self._read()

    def type_of(self, theorem: str) -> int:
        """The expression that a theorem states."""
        return self._types[self.names[theorem]]

    def node(self, expression: int) -> dict[str, Any]:
        """Read one expression."""
        body = self.expressions.body(expression)
        if body is None:
            raise KeyError(expression)
        node: dict[str, Any] = json.loads(b"{%b}" % body)
        return node

    def _read(self) -> None:
        # By patterns, not line by line: a theory has tens of thousands of lines.
        text = self.text
        levels = (it[1].decode("utf-8") for it in _LEVEL.finditer(text))
        self.levels = {body: at for at, body in enumerate(levels, 1)}
        texts = {0: ""}
        for number, before, part in (it.groups() for it in _NAME.finditer(text)):
            shown = json.loads(part) if part.startswith(b'"') else part.decode("utf-8")
            prefix = texts[int(before)]
            texts[int(number)] = f"{prefix}.{shown}" if prefix else shown
        self.names = {name: number for number, name in texts.items()}
        self._types = {int(it[1]): int(it[2]) for it in _THEOREM.finditer(text)}


@lru_cache(maxsize=len(Part))
def shipped(part: Part = Part.RULES) -> Theory:
    """Read the theory of this installation, or the part of it that is about single requests.

    Raises:
        ModelError: it is not there, or damaged.

    """
    it = load(part)
    return Theory(it.data, it.digest, it.lean, part)
