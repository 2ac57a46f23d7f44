"""Measures tier 2 alone and together with the engine, and writes the card of both."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from training import data, fusion, metrics
from training.data import CATEGORIES
from training.dense import cascade
from training.dense.oracle import ATTACK, HARM
from training.encoder import deepcard, evaluate, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from aidefence.knowledge.models import ModelFile
    from aidefence.pipeline.corridor import Corridor
    from training.dense.cascade import Heard
    from training.metrics import Floats

    Logits = NDArray[np.float32]
    Read = Callable[[Sequence[str]], Logits]


class Memory:
    """Reads each text once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, given: Sequence[str]) -> Logits:
        """Logits of each text."""
        new = [text for text in dict.fromkeys(given) if text not in self._known]
        if new:
            self._known.update(zip(new, self._read(new), strict=True))
        return np.stack([self._known[text] for text in given])


@dataclass(frozen=True, slots=True)
class Engine:
    """The tiers below, as shipped."""

    corridor: Corridor
    model: ModelFile


@dataclass(frozen=True, slots=True)
class Fitted:
    """The card, and what was measured on the way."""

    card: dict[str, Any]
    found: dict[str, Any]
    dev: Logits


def report(directory: Path, read: Read, engine: Engine, *, name: str, share: float) -> Fitted:
    """Alone, by source; fused; as a cascade; on the written twins."""
    memory = Memory(read)
    found = evaluate.report(directory, memory)
    dev, held = (
        cascade.hear(engine.corridor, some, memory([record.text for record in some]))
        for some in (deepcard.as_users(data.load(directory, "dev")), texts.held_out())
    )
    band = cascade.band_of(dev, share)
    within, attack = dev.within(band), dev.attack
    weights, unseen = cascade.fit(dev, within)
    own = weights.apply(dev.rows())
    curve = cascade.curve_of(own, attack, within, engine.model)
    left_out = cascade.confidences(dev, unseen, curve, band)
    found["fused"] = {
        "read": {
            "benign": round(float(within[~attack].mean()), 4),
            "attack": round(float(within[attack].mean()), 4),
        },
        "engine": metrics.summarise(dev.scanned.confidences, attack).as_dict(),
        "cascade": metrics.summarise(cascade.confidences(dev, own, curve, band), attack).as_dict(),
        "cascade_source_left_out": metrics.summarise(left_out, attack).as_dict(),
        # As if every text were read.
        "whole_source_left_out": metrics.summarise(
            cascade.fit(dev, np.ones_like(within))[1], attack
        ).as_dict(),
        "weights": dict(
            zip(("bias", *cascade.FEATURES), (weights.bias, *weights.values), strict=True)
        ),
        "by_source": metrics.by_group(left_out, attack, dev.sources.tolist(), engine.model.fpr_1),
    }
    twins = weights.apply(held.rows())
    found["fused_twins"] = {
        "read": round(float(held.within(band).mean()), 4),
        "engine": _twins(held, held.scanned.confidences, engine.model.fpr_1),
        "whole": _twins(held, twins, engine.model.fpr_1),
        "cascade": _twins(held, cascade.confidences(held, twins, curve, band), engine.model.fpr_1),
    }
    harmful = memory([record.text for record in texts.harm_records(directory, "dev")])
    card = {
        "name": name,
        "tier1_sha256": hashlib.sha256(engine.model.data).hexdigest(),
        "band": list(band),
        "kinds": list(CATEGORIES),
        "fusion": found["fused"]["weights"],
        "calibration": {"knots": cascade.knots(curve)},
        "harm": _harm(harmful[:, HARM], dev, within),
        "thresholds": curve.thresholds,
    }
    return Fitted(card, found, dev.logits)


def _twins(held: Heard, scores: Floats, limit: float) -> dict[str, Any]:
    told = dict(zip([record.text for record in held.records], scores, strict=True))

    def read(many: Sequence[str]) -> Logits:
        rows = np.zeros((len(many), ATTACK + 1), np.float32)
        rows[:, ATTACK] = [told[text] for text in many]
        return rows

    table = evaluate.twins(held.records, read, limit)
    table.pop("by_language")
    return table


def _harm(asked: Logits, dev: Heard, within: NDArray[np.bool_]) -> dict[str, float]:
    """Platt's sigmoid for requests that merely ask for harm, told from harmless texts."""
    benign = dev.logits[~dev.attack & within, HARM]
    logits = np.concatenate([asked, benign]).astype(float)
    labels = np.arange(len(logits)) < len(asked)
    # The share is of all harmless texts, though only those in the band are read.
    share = deepcard.HARM_RATE * float((~dev.attack).sum()) / max(1, len(benign))
    limit = metrics.threshold(logits, labels, min(1.0, share))
    slope = fusion.platt_slope(logits, labels)
    odds = deepcard.HARM_CONFIDENCE / (1 - deepcard.HARM_CONFIDENCE)
    return {"slope": slope, "intercept": float(np.log(odds) - slope * limit)}


def lines(found: dict[str, Any]) -> str:
    """The report for people."""
    fused = dict(found["fused"])
    table = fused.pop("by_source")
    text = [evaluate.lines(found)]
    text += [f"fused {name} {value}" for name, value in fused.items()]
    text += [str(row) for row in table]
    text += [f"twins {name} {value}" for name, value in found["fused_twins"].items()]
    return "\n".join(text)
