"""Tiers 0 to 2 together: band, fusion, the scale of tier 1. Fitted on dev, as for tier 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from training import data, fusion, metrics
from training.dense.oracle import ATTACK, HARM
from training.encoder import deepcard, fuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from aidefence.knowledge.models import ModelFile
    from aidefence.pipeline.corridor import Corridor
    from training.encoder.deepcard import Curve
    from training.encoder.fuse import Scanned, Weights
    from training.metrics import Flags, Floats

    Logits = NDArray[np.float32]

# Not harm alone: who merely asks for it does not attack the model.
FEATURES = ("tier1", "attack", "attack_harm")
BAND_TOP = 1.0
# Points of the calibration, and how far from even odds the first and the last are.
KNOTS = 65
REACH = 10.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What both tiers say of texts; tier 2 was asked about all of them."""

    records: Sequence[data.Record]
    scanned: Scanned
    logits: Logits

    @property
    def attack(self) -> Flags:
        """Which texts are attacks."""
        return np.array([record.attack for record in self.records])

    @property
    def sources(self) -> Any:  # noqa: ANN401 - an array of text has no type worth a name
        """Where each text is from."""
        return np.array([record.source for record in self.records])

    def rows(self) -> Floats:
        """Rows of `FEATURES`."""
        attack, harm = (self.logits[:, at].astype(float) for at in (ATTACK, HARM))
        both = 1 / (1 + np.exp(-attack)) / (1 + np.exp(-harm))
        return np.stack([self.scanned.logits, attack, both], axis=1)

    def within(self, band: Sequence[float]) -> NDArray[np.bool_]:
        """Which texts tier 2 is asked about in use."""
        return (self.scanned.confidences >= band[0]) & (self.scanned.confidences <= band[1])


def hear(corridor: Corridor, records: Sequence[data.Record], logits: Logits) -> Heard:
    """The engine's word beside that of tier 2."""
    return Heard(records, fuse.scan(corridor, records), logits)


def band_of(heard: Heard, share: float) -> tuple[float, float]:
    """Confidences of the engine between which this share of harmless texts lies."""
    low = float(np.quantile(heard.scanned.confidences[~heard.attack], 1 - share))
    return float(np.ceil(low * 1e4) / 1e4), BAND_TOP


def fit(heard: Heard, within: NDArray[np.bool_]) -> tuple[Weights, Floats]:
    """Weights fitted in the band; logits of all texts by weights that never saw their source."""
    rows, attack, sources = heard.rows(), heard.attack, heard.sources
    weight = fuse.weigh(sources[within], attack[within])
    weights = fuse.fit(rows[within], attack[within], weight)
    unseen = weights.apply(rows)
    unseen[within] = fuse.fit_without(rows[within], attack[within], weight, sources[within])
    return weights, unseen


def curve_of(logits: Floats, attack: Flags, within: NDArray[np.bool_], model: ModelFile) -> Curve:
    """Platt's sigmoid, laid so that thresholds flag the same shares of all harmless texts."""
    # What is not read can raise no alarm here: it lies below the band.
    every = np.where(within, logits, logits.min() - 1)
    limits = {name: metrics.threshold(every, attack, rate) for name, rate in metrics.RATES.items()}
    slope = fusion.platt_slope(logits[within], attack[within])
    intercept = float(np.log(model.fpr_1 / (1 - model.fpr_1)) - slope * limits["fpr_1"])
    marks = {
        name: float(1 / (1 + np.exp(-(slope * limit + intercept))))
        for name, limit in limits.items()
    }
    return deepcard.Curve(slope, intercept, marks, (model.fpr_5, model.fpr_1, model.fpr_02))


def knots(curve: Curve) -> list[list[float]]:
    """The sigmoid as points; the thresholds are among them, so they mean the same."""
    marks = np.array(list(curve.thresholds.values()))
    odds = np.unique(
        np.concatenate([np.linspace(-REACH, REACH, KNOTS), np.log(marks / (1 - marks))])
    )
    return [
        [float((at - curve.intercept) / curve.slope), float(1 / (1 + np.exp(-at)))] for at in odds
    ]


def confidences(heard: Heard, logits: Floats, curve: Curve, band: Sequence[float]) -> Floats:
    """Of the cascade, given the fused logits."""
    return np.where(heard.within(band), curve.apply(logits), heard.scanned.confidences)
