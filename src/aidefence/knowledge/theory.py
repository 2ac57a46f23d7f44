"""Read the shipped theory: what every proof about a policy stands on."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files

from aidefence.domain.errors import ModelError


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
def load() -> Theory:
    """Read the theory and its card.

    Raises:
        ModelError: a file is missing, or the export is not the one that the card names.

    """
    try:
        card = json.loads((files("aidefence") / "proofs" / "theory.json").read_bytes())
        data = _unpacked("theory.ndjson.gz")
        found = sha256(data).hexdigest()
        if found != card["digest"]:
            raise ModelError(f"the theory has digest {found}, its card says {card['digest']}")
        exporter = str(card["exporter"]["digest"])
        axioms, roots = tuple(card["axioms"]), tuple(card["roots"])
        return Theory(data, found, str(card["lean"]), exporter, axioms, roots)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zlib.error) as error:
        raise ModelError(f"the shipped theory cannot be read: {error}") from error


def _unpacked(name: str) -> bytes:
    return gzip.decompress((files("aidefence") / "proofs" / name).read_bytes())
