"""Read the shipped model: its bytes for the engine, its card for us."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.resources import files

from aidefence.domain.errors import ModelError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model: what the engine loads, and the confidences at fixed false-positive rates."""

    name: str
    data: bytes = field(repr=False)
    digest: str
    fpr_5: float
    fpr_1: float
    fpr_02: float


def load(name: str = "tier1") -> ModelFile | None:
    """Read a shipped model and its card; none when the package holds no such model."""
    folder = files("aidefence") / "models"
    body, card = folder / f"{name}.aidm", folder / f"{name}.json"
    if not body.is_file():
        return None
    data = body.read_bytes()
    try:
        thresholds = json.loads(card.read_text("utf-8"))["thresholds"]
        anchors = [float(thresholds[key]) for key in ("fpr_5", "fpr_1", "fpr_02")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"model card `{name}.json` has no usable thresholds") from error
    return ModelFile(name, data, blake2b(data, digest_size=8).hexdigest(), *anchors)
