"""What was chosen for a run of the dense model."""

from __future__ import annotations

from dataclasses import dataclass

from training.encoder import settings


@dataclass(frozen=True, slots=True)
class Settings(settings.Settings):
    """Everything that was chosen; what the losses weigh is named as for the encoder."""

    pieces: int = 80_000
    words: int = 10_000
    size: int = 64
    dilations: tuple[int, ...] = (1, 2, 4)
    heads: int = 4
    hidden: int = 64
    epochs: int = 12
    drawn: int = 30_000
    spliced: int = 2_000
    guarded: int = 1_500
    rows: int = 96
    rate: float = 2e-3
    word_rate: float = 1e-3
    warm: float = 0.05
    drop: float = 0.2
    # So often is a piece taken away in training, as if it were unknown.
    lost: float = 0.1
    # How much the teacher's word counts, and what it has in mind; how many lessons a pass has.
    taught: float = 1.0
    echo: float = 1.0
    lessons: int = 60_000
    # The first passes listen to the teacher alone.
    taught_alone: int = 0
