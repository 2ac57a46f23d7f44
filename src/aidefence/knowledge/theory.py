"""Read the shipped theory: what every proof about a policy stands on."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from hashlib import sha256
from importlib.resources import files

from aidefence.domain.errors import ModelError


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


@cache
def load(part: Part = Part.TIME) -> Theory:
    """Read the theory, or the part of it that is about single requests, and its card.

    Raises:
        ModelError: a file is missing, or the export is not the one that the card names.

    """
    try:
        card = json.loads((files("aidefence") / "proofs" / "theory.json").read_bytes())
        told = card["parts"][part]
        data = _unpacked("theory.ndjson.gz")
        if part is Part.RULES:
            data = data[: int(told["bytes"])]
        found = sha256(data).hexdigest()
        if found != told["digest"]:
            raise ModelError(f"the theory has digest {found}, its card says {told['digest']}")
        exporter = str(card["exporter"]["digest"])
        axioms, roots = tuple(card["axioms"]), tuple(told["roots"])
        return Theory(data, found, str(card["lean"]), exporter, axioms, roots)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zlib.error) as error:
        raise ModelError(f"the shipped theory cannot be read: {error}") from error


def _unpacked(name: str) -> bytes:
    return gzip.decompress((files("aidefence") / "proofs" / name).read_bytes())
