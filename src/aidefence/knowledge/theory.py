"""Read the shipped theory: what every proof about a policy stands on."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from hashlib import sha256
from importlib.resources import files

from aidefence.domain.errors import ModelError

_NAMED = re.compile(r"^(namespace|end|def) ([\w.']+)", re.MULTILINE)


class Part(StrEnum):
    """How much of the theory: the first part is the beginning of the second."""

    RULES = "rules"  # one request: what rules decide, refinement, monotony, witnesses
    TIME = "time"  # sequences of events as well: rates, invariants, temporal formulas


@dataclass(frozen=True, slots=True)
class Theory:
    """The export that checkers read, and where it comes from."""

    data: bytes = field(repr=False)
    digest: str
    lean: str
    exporter: str  # the digest of the program that wrote it
    axioms: tuple[str, ...]
    roots: tuple[str, ...]

    def texts(self) -> dict[str, str]:
        """Return the sources, by name, in the order in which they build on each other."""
        read: dict[str, str] = json.loads(_unpacked("theory.sources.gz"))
        return read

    def definitions(self) -> tuple[str, ...]:
        """Return the functions that the sources define, by their whole names."""
        found: list[str] = []
        scopes: list[str] = []
        for text in self.texts().values():
            for word, name in _NAMED.findall(text):
                if word == "namespace":
                    scopes.append(name)
                elif word == "end" and scopes:
                    scopes.pop()
                elif word == "def":
                    found.append(".".join([*scopes, name]))
        return tuple(found)


@cache
def load(part: Part = Part.TIME) -> Theory:
    """Read the theory, or the part of it that is about single requests, and its card.

    Raises:
        ModelError: a file is missing, or the export is not the one that the card names.

    """
    try:
        card = json.loads((files("aidefence") / "proofs" / "theory.json").read_bytes())
        told = card["parts"][part]
        # The first part is read no further than it goes: who needs it alone never holds the rest.
        data = _unpacked("theory.ndjson.gz", int(told["bytes"]) if part is Part.RULES else None)
        found = sha256(data).hexdigest()
        if found != told["digest"]:
            raise ModelError(f"the theory has digest {found}, its card says {told['digest']}")
        exporter = str(card["exporter"]["digest"])
        axioms, roots = tuple(card["axioms"]), tuple(told["roots"])
        return Theory(data, found, str(card["lean"]), exporter, axioms, roots)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zlib.error) as error:
        raise ModelError(f"the shipped theory cannot be read: {error}") from error


def _unpacked(name: str, size: int | None = None) -> bytes:
    with (files("aidefence") / "proofs" / name).open("rb") as packed, gzip.open(packed) as opened:
        return opened.read(size)
