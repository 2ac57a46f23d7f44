"""The theory that certificates stand on: an export of proved theorems, as bytes that never change.

A certificate is a continuation of this text, so the text is read once for the numbers that its
names, levels and expressions have.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from aidefence.knowledge.theory import Part, load

_EXPRESSION = re.compile(r'^\{"ie":\d+,(.*)\}$', re.MULTILINE)
_LEVEL = re.compile(r'^\{"il":\d+,(.*)\}$', re.MULTILINE)
_NAME = re.compile(r'^\{"in":(\d+),"(?:str|num)":\{"pre":(\d+),"(?:str|i)":(.*)\}\}$', re.MULTILINE)
_THEOREM = re.compile(
    r'^\{"thm":\{"name":(\d+),"levelParams":\[[^]]*\],"type":(\d+),', re.MULTILINE
)


class Theory:
    """The text of a theory and its tables."""

    def __init__(self, text: bytes, digest: str, lean: str, part: Part) -> None:
        self.text, self.digest, self.lean, self.part = text, digest, lean, part
        self.names: dict[str, int]
        self.levels: dict[str, int]
        self.expressions: dict[str, int]
        self._types: dict[int, int]
        self._bodies: list[str]
        self._read()

    def type_of(self, theorem: str) -> int:
        """The expression that a theorem states."""
        return self._types[self.names[theorem]]

    def node(self, expression: int) -> dict[str, Any]:
        """Read one expression."""
        node: dict[str, Any] = json.loads("{" + self._bodies[expression] + "}")
        return node

    def _read(self) -> None:
        # By patterns, not line by line: a theory has tens of thousands of lines.
        text = self.text.decode("utf-8")
        self._bodies = _EXPRESSION.findall(text)
        self.expressions = {body: at for at, body in enumerate(self._bodies)}
        self.levels = {body: at for at, body in enumerate(_LEVEL.findall(text), 1)}
        texts = {0: ""}
        for number, before, part in _NAME.findall(text):
            shown = json.loads(part) if part.startswith('"') else part
            prefix = texts[int(before)]
            texts[int(number)] = f"{prefix}.{shown}" if prefix else shown
        self.names = {name: number for number, name in texts.items()}
        self._types = {int(name): int(kind) for name, kind in _THEOREM.findall(text)}


@lru_cache(maxsize=len(Part))
def shipped(part: Part = Part.RULES) -> Theory:
    """Read the theory of this installation, or the part of it that is about single requests.

    Raises:
        ModelError: it is not there, or damaged.

    """
    it = load(part)
    return Theory(it.data, it.digest, it.lean, part)
