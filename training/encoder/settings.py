"""What was chosen for a run of the encoder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was chosen."""

    layers: int = 12
    pieces: int = 80_000
    epochs: int = 2
    drawn: int = 20_000
    spliced: int = 2_000
    guarded: int = 1_500
    generated: int = 1_500
    rows: int = 32
    rate: float = 4e-5
    head_rate: float = 1e-3
    warm: float = 0.08
    decay: float = 0.01
    clip: float = 1.0
    smoothing: float = 0.02
    written_weight: float = 1.5
    pair_weight: float = 0.5
    pair_margin: float = 2.0
    kind_weight: float = 0.2
    harm_weight: float = 0.3
    harm_positive: float = 6.0
    seed: int = 11
