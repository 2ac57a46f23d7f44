"""Numbers of the store among those for Prometheus."""

from __future__ import annotations

from aidefence.adapters.store.figures import Figures
from aidefence.adapters.system import SystemClock
from aidefence.app.parts.store import Store
from aidefence.ports.meter import Meter, Series


def watch_store(meter: Meter, store: Store) -> None:
    """Tell queues, feedback and the way into the store whenever counts are asked for."""
    figures = Figures(store.database, SystemClock().now_ms)
    told = (
        Series("queue_length", "What waits, by queue.", ("queue",), figures.queues),
        Series(
            "feedback",
            "Words about decisions that are kept, by what those were worth and by category.",
            ("outcome", "category"),
            figures.feedback,
        ),
        Series(
            "journal_waiting_bytes",
            "Episodes written down and not yet in the store.",
            (),
            lambda: [((), float(store.episodes.state().waiting_bytes))],
        ),
        Series(
            "episodes_lost",
            "Episodes that could not be written down, in this worker.",
            (),
            lambda: [((), float(store.log.lost))],
            rises=True,
        ),
    )
    for series in told:
        meter.watch(series)
