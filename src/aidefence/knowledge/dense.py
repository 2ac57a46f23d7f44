"""Read the dense model of tier 2: one file for the engine, with its card inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b, sha256
from importlib.resources import files
from pathlib import Path

from aidefence.domain.enums import CATEGORIES, Category
from aidefence.domain.errors import ModelError
from aidefence.engine import DENSE_FEATURES, MODEL_CATEGORIES, Dense, open_dense
from aidefence.knowledge import cards
from aidefence.knowledge.cards import Knots, Platt
from aidefence.knowledge.models import ModelFile

NAME = "tier2"
FILE = f"{NAME}.aidd"
# Engines share the model: so many files are kept, for those who compare some.
_OPENED_MAX = 2


@dataclass(frozen=True, slots=True)
class DenseCard:
    """Everything that the card says, checked."""

    name: str
    tier1_sha256: str | None
    band: tuple[float, float]
    bias: float
    weights: tuple[tuple[str, float], ...]
    calibration: Knots
    harm: Platt | None
    # Confidences, as calibrated here, at which 5 %, 1 % and 0.2 % of benign texts are flagged.
    fpr: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class DenseFile:
    """A dense model, opened, and its card."""

    model: Dense = field(repr=False)
    card: DenseCard
    size: int
    digest: str
    sha256: str

    @property
    def name(self) -> str:
        """What answers call it."""
        return f"{self.card.name}-{self.digest}"

    def fits(self, tier1: ModelFile | None) -> bool:
        """Tell whether it was fitted to this tier 1: to another, its band would mean nothing."""
        wanted = self.card.tier1_sha256
        if wanted is None:
            return True
        return tier1 is not None and sha256(tier1.data).hexdigest() == wanted


def shipped_file() -> Path:
    """Name the file that the package holds, if it holds one."""
    return Path(str(files("aidefence") / "models" / FILE))


def load(path: Path | None = None) -> DenseFile | None:
    """Open a dense model, by default the package's; none where there is no such file."""
    place = shipped_file() if path is None else path
    try:
        state = place.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"`{place.name}` cannot be read: {error.strerror}") from error
    return _opened(place, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=_OPENED_MAX)
def _opened(place: Path, changed_ns: int, size: int) -> DenseFile:
    del changed_ns  # only tells apart what the same path held at different times
    try:
        data = place.read_bytes()
    except OSError as error:
        raise ModelError(f"`{place.name}` cannot be read: {error.strerror}") from error
    model = open_dense(data)
    try:
        card = _parse(json.loads(model.card()))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        told = f"the card in `{place.name}` is not usable: {cards.reason(error)}"
        raise ModelError(told) from error
    digest = blake2b(data, digest_size=8).hexdigest()
    return DenseFile(model, card, size, digest, sha256(data).hexdigest())


def _parse(given: object) -> DenseCard:
    card = cards.mapping(given)
    fusion, harm = dict(cards.mapping(card["fusion"])), card.get("harm")
    bias = cards.number(fusion.pop("bias"))
    return DenseCard(
        name=str(card.get("name", NAME)),
        tier1_sha256=cards.digest_or_none(card.get("tier1_sha256")),
        band=cards.band(card["band"]),
        bias=bias,
        weights=cards.weights(fusion, DENSE_FEATURES, _kinds(card)),
        calibration=_knots(cards.mapping(card["calibration"])),
        harm=None if harm is None else cards.platt(cards.mapping(harm)),
        fpr=cards.rates(cards.mapping(card["thresholds"])),
    )


def _kinds(card: Mapping[str, object]) -> list[str]:
    """The kinds of attack: the engine has them in this order and in no other."""
    ours = [category.value for category in CATEGORIES[:MODEL_CATEGORIES]]
    kinds = cards.kinds(card.get("kinds", ours))
    if kinds != ours:
        raise ValueError(f"kinds must be {', '.join(map(Category, ours))}, in this order")
    return kinds


def _knots(given: Mapping[str, object]) -> Knots:
    read = cards.calibration(given)
    if not isinstance(read, Knots):
        raise TypeError("the calibration has no `knots`")
    return read
