"""Forgetting, in the store: in small bites, so that nobody waits long for it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.folding import HOUR_MS, MINUTE_MS
from aidefence.adapters.store.tables import (
    COMMENTS,
    CONTENTS,
    EPISODES,
    FEEDBACK,
    LATENCIES,
    REVIEWS,
    ROLLUPS,
    SEGMENTS,
)

_AT_ONCE = 5_000


class RetentionTable:
    """Deletes what has been kept long enough."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def purge(self, before_ms: Mapping[str, int]) -> Mapping[str, int]:
        """Delete what is older than its kind's moment; says how many of each kind."""
        gone = {
            "contents": self._drop(CONTENTS, CONTENTS.c.at_ms < before_ms["contents"]),
            "episodes": self._drop(EPISODES, EPISODES.c.at_ms < before_ms["episodes"]),
            "feedback": self._drop(FEEDBACK, FEEDBACK.c.at_ms < before_ms["feedback"]),
            "reviews": self._drop(REVIEWS, REVIEWS.c.opened_ms < before_ms["reviews"]),
            "segments": self._drop(
                SEGMENTS, (SEGMENTS.c.done == 1) & (SEGMENTS.c.at_ms < before_ms["segments"])
            ),
        }
        self._drop(COMMENTS, COMMENTS.c.case_id.not_in(select(REVIEWS.c.id)))
        for table in (ROLLUPS, LATENCIES):
            for kind, step in (("minutes", MINUTE_MS), ("hours", HOUR_MS)):
                old = (table.c.step_ms == step) & (table.c.at_ms < before_ms[kind])
                gone[kind] = gone.get(kind, 0) + self._drop(table, old)
        return gone

    def _drop(self, table: Table, old: ColumnElement[bool]) -> int:
        """Delete rows, some thousand in one transaction: what is written meanwhile goes between."""
        keys = list(table.primary_key)
        some = select(*keys).where(old).limit(_AT_ONCE)
        statement = delete(table).where(tuple_(*keys).in_(some))
        total = 0
        while True:
            with self._database.change() as connection:
                count = connection.execute(statement).rowcount
            total += count
            if count < _AT_ONCE:
                return total
