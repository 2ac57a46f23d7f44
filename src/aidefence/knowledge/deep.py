"""Read the card of the deep model: what it was fitted with, and how its word is weighed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b, file_digest
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from aidefence.domain.enums import CATEGORIES
from aidefence.domain.errors import ModelError
from aidefence.domain.reading import EncoderLimits

NAME = "tier3"
EXPECTED = f"`{NAME}.onnx`, `{NAME}.tokenizer.json` and `{NAME}.json`"
FORMAT = 1
CARD_BYTES_MAX = 1 << 20
KNOTS_MAX = 4096
# What the fusion may weigh, beside the logit of each kind as `kind_<category>`.
FEATURES = (
    *("tier1", "attack", "window", "sentence", "harm", "attack_harm"),
    *("document", "system", "outgoing"),
)

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Platt:
    """A logit made a probability by a line and a sigmoid."""

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Knots:
    """A logit made a probability by a rising curve through points, flat outside."""

    points: tuple[Point, ...]


Calibration: TypeAlias = Platt | Knots


@dataclass(frozen=True, slots=True)
class DeepCard:
    """Everything that the file `tier3.json` says, checked."""

    name: str
    digest: str
    model: Path
    tokenizer: Path
    sha256: str
    tokenizer_sha256: str
    tier1_sha256: str | None
    band: tuple[float, float]
    bias: float
    weights: tuple[tuple[str, float], ...]
    calibration: Calibration
    harm: Calibration | None
    kinds: tuple[int, ...]
    # Confidences, as calibrated here, at which 5 %, 1 % and 0.2 % of benign texts are flagged.
    fpr: tuple[float, float, float]
    limits: EncoderLimits

    @property
    def kind_features(self) -> tuple[str, ...]:
        """What the fusion calls the logits of the kinds."""
        return tuple(f"kind_{CATEGORIES[code].value}" for code in self.kinds)

    def verify(self) -> None:
        """Raise `ModelError` unless both files are the ones that the card names."""
        for path, digest in ((self.model, self.sha256), (self.tokenizer, self.tokenizer_sha256)):
            try:
                with path.open("rb") as file:
                    found = file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise ModelError(f"`{path.name}` cannot be read: {error.strerror}") from error
            if found != digest:
                raise ModelError(f"`{path.name}` is not the file that `{NAME}.json` names")


def load(folder: Path | None = None) -> DeepCard | None:
    """Read the card in a folder, by default the package's; none where there is no deep model."""
    place = shipped_folder() if folder is None else folder
    card = place / f"{NAME}.json"
    model, tokenizer = place / f"{NAME}.onnx", place / f"{NAME}.tokenizer.json"
    if not card.is_file() and not model.is_file():
        return None
    missing = [path.name for path in (card, model, tokenizer) if not path.is_file()]
    if missing:
        raise ModelError(f"no file `{missing[0]}` of the deep model")
    try:
        if card.stat().st_size > CARD_BYTES_MAX:
            raise ModelError(f"card `{card.name}` is larger than {CARD_BYTES_MAX} bytes")
        data = card.read_bytes()
        return _parse(json.loads(data), data, model, tokenizer)
    except OSError as error:
        raise ModelError(f"card `{card.name}` cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"card `{card.name}` is not usable: {_reason(error)}") from error


def shipped_folder() -> Path:
    """Name the folder where the package keeps its models."""
    return Path(str(files("aidefence") / "models"))


def _parse(card: Mapping[str, object], data: bytes, model: Path, tokenizer: Path) -> DeepCard:
    if card["format"] != FORMAT:
        raise ValueError(f"format `{card['format']}`, expected {FORMAT}")
    fusion, kinds = _mapping(card["fusion"]), _kinds(card["kinds"])
    thresholds, harm = _mapping(card["thresholds"]), card.get("harm")
    fitted_to = card.get("tier1_sha256")
    return DeepCard(
        name=str(card.get("name", NAME)),
        digest=blake2b(data, digest_size=8).hexdigest(),
        model=model,
        tokenizer=tokenizer,
        sha256=_digest(card["sha256"]),
        tokenizer_sha256=_digest(card["tokenizer_sha256"]),
        tier1_sha256=None if fitted_to is None else _digest(fitted_to),
        band=_band(card["band"]),
        bias=_number(fusion["bias"]),
        weights=_weights(_mapping(fusion["weights"]), kinds),
        calibration=_calibration(_mapping(card["calibration"])),
        harm=None if harm is None else _calibration(_mapping(harm)),
        kinds=tuple(CATEGORIES.index(_category(name)) for name in kinds),
        fpr=_rising(tuple(_number(thresholds[key]) for key in ("fpr_5", "fpr_1", "fpr_02"))),
        limits=_limits(_mapping(card.get("limits", {}))),
    )


def _reason(error: Exception) -> str:
    return f"no key {error}" if isinstance(error, KeyError) else str(error)


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, not a `{type(value).__name__}`")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"expected a finite number, not `{value}`")
    return float(value)


def _digest(value: object) -> str:
    if not isinstance(value, str) or len(value) != len(blake2b(digest_size=32).hexdigest()):
        raise ValueError(f"expected a SHA-256 in hexadecimal, not `{value}`")
    return value.lower()


def _pair(value: object) -> Point:
    if not isinstance(value, list):
        raise TypeError("expected a pair of numbers")
    first, second = map(_number, value)
    return first, second


def _band(value: object) -> Point:
    low, high = _pair(value)
    if not 0 <= low <= high <= 1:
        raise ValueError(f"band `{low}..{high}` is no range of confidences")
    return low, high


def _kinds(value: object) -> list[str]:
    if not isinstance(value, list) or len(set(map(str, value))) != len(value):
        raise ValueError("kinds are categories, each once")
    return [str(name) for name in value]


def _category(name: str) -> str:
    if name not in CATEGORIES:
        raise ValueError(f"`{name}` is no category")
    return name


def _weights(given: Mapping[str, object], kinds: list[str]) -> tuple[tuple[str, float], ...]:
    known = {*FEATURES, *(f"kind_{name}" for name in kinds)}
    for name in given:
        if name not in known:
            raise ValueError(f"fusion cannot weigh `{name}`: expected {', '.join(sorted(known))}")
    return tuple((name, _number(weight)) for name, weight in given.items())


def _calibration(given: Mapping[str, object]) -> Calibration:
    if "knots" not in given:
        slope = _number(given["slope"])
        if slope <= 0:
            raise ValueError("the slope of a calibration must rise")
        return Platt(slope, _number(given["intercept"]))
    knots = given["knots"]
    if not isinstance(knots, list) or not 0 < len(knots) <= KNOTS_MAX:
        raise ValueError(f"expected 1 to {KNOTS_MAX} knots")
    points = tuple(map(_pair, knots))
    if any(left[0] >= right[0] or left[1] > right[1] for left, right in pairwise(points)):
        raise ValueError("the knots of a calibration must rise")
    if points[0][1] < 0 or points[-1][1] > 1:
        raise ValueError("the knots of a calibration lie between 0 and 1")
    return Knots(points)


def _rising(values: tuple[float, ...]) -> tuple[float, float, float]:
    first, second, third = values
    if not 0 < first < second < third < 1:
        raise ValueError("thresholds must rise from fpr_5 over fpr_1 to fpr_02, between 0 and 1")
    return first, second, third


def _limits(given: Mapping[str, object]) -> EncoderLimits:
    known = {part.name for part in fields(EncoderLimits)}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"no limit is called `{name}`: expected {', '.join(sorted(known))}")
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"limit `{name}` is a whole number from 1")
    return EncoderLimits(**given)  # type: ignore[arg-type]  # the loop above is the check
