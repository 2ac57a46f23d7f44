"""On what terms the dense model of tier 2 speaks inside the engine."""

from __future__ import annotations

from aidefence.engine import Dense, DenseTerms, make_terms
from aidefence.fuse.scale import scale_of
from aidefence.knowledge.dense import DenseFile


def terms_of(file: DenseFile, anchors: tuple[float, float, float]) -> tuple[Dense, DenseTerms]:
    """Give what an engine needs of a dense model.

    `anchors` are the confidences of tier 1 at false-alarm rates of 5 %, 1 % and 0.2 %.
    """
    card = file.card
    terms = make_terms(
        band=card.band,
        bias=card.bias,
        weights=card.weights,
        calibration=card.calibration.points,
        scale=scale_of(card.fpr, anchors),
        harm=None if card.harm is None else (card.harm.slope, card.harm.intercept),
    )
    return file.model, terms
