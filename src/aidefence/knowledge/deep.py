"""Read the card of the deep model: what it was fitted with, and how its word is weighed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b, file_digest
from importlib.resources import files
from pathlib import Path

from aidefence.domain.enums import CATEGORIES, Category
from aidefence.domain.errors import ModelError
from aidefence.domain.reading import EncoderLimits
from aidefence.knowledge import cards
from aidefence.knowledge.cards import Calibration

NAME = "tier3"
EXPECTED = f"`{NAME}.onnx`, `{NAME}.tokenizer.json` and `{NAME}.json`"
FORMAT = 1
CARD_BYTES_MAX = 1 << 20
# What the fusion may weigh, beside the logit of each kind as `kind_<category>`.
FEATURES = (
    *("tier1", "attack", "window", "sentence", "harm", "attack_harm"),
    *("brevity", "document", "system", "outgoing"),
)


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
    tier2_sha256: str | None
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
        raise ModelError(f"card `{card.name}` is not usable: {cards.reason(error)}") from error


def shipped_folder() -> Path:
    """Name the folder where the package keeps its models."""
    return Path(str(files("aidefence") / "models"))


def _parse(card: Mapping[str, object], data: bytes, model: Path, tokenizer: Path) -> DeepCard:
    if card["format"] != FORMAT:
        raise ValueError(f"format `{card['format']}`, expected {FORMAT}")
    fusion, kinds = cards.mapping(card["fusion"]), cards.kinds(card["kinds"])
    harm = card.get("harm")
    return DeepCard(
        name=str(card.get("name", NAME)),
        digest=blake2b(data, digest_size=8).hexdigest(),
        model=model,
        tokenizer=tokenizer,
        sha256=cards.digest(card["sha256"]),
        tokenizer_sha256=cards.digest(card["tokenizer_sha256"]),
        tier1_sha256=cards.digest_or_none(card.get("tier1_sha256")),
        tier2_sha256=cards.digest_or_none(card.get("tier2_sha256")),
        band=cards.band(card["band"]),
        bias=cards.number(fusion["bias"]),
        weights=cards.weights(cards.mapping(fusion["weights"]), FEATURES, kinds),
        calibration=cards.calibration(cards.mapping(card["calibration"])),
        harm=None if harm is None else cards.calibration(cards.mapping(harm)),
        kinds=tuple(CATEGORIES.index(Category(name)) for name in kinds),
        fpr=cards.rates(cards.mapping(card["thresholds"])),
        limits=_limits(cards.mapping(card.get("limits", {}))),
    )


def _limits(given: Mapping[str, object]) -> EncoderLimits:
    known = {part.name for part in fields(EncoderLimits)}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"no limit is called `{name}`: expected {', '.join(sorted(known))}")
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"limit `{name}` is a whole number from 1")
    return EncoderLimits(**given)  # type: ignore[arg-type]  # the loop above is the check
