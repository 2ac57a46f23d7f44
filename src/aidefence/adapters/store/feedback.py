"""Words about decisions, in the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from aidefence.adapters.journal.bodies import open_body, write_episode
from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import FEEDBACK
from aidefence.adapters.store.writing import put
from aidefence.domain.feedback import Feedback, FeedbackSource, GroundTruth, Outcome


class FeedbackTable:
    """Keeps one word for each caller and request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, request_id: str, by: str) -> Feedback | None:
        """Return what a caller said about a request; inside a change, to be followed by a word."""
        self._database.take_turn(f"feedback {request_id} {by}")
        query = select(FEEDBACK).where(FEEDBACK.c.request_id == request_id, FEEDBACK.c.by == by)
        return next(iter(self._all(query)), None)

    def put(self, feedback: Feedback) -> None:
        """Keep a word, in the place of an earlier one with the same id."""
        episode = feedback.episode
        row = {
            "id": feedback.id,
            "request_id": episode.id,
            "tenant": episode.tenant,
            "by": feedback.by,
            "source": feedback.source.value,
            "at_ms": feedback.at_ms,
            "truth": feedback.truth.value,
            "outcome": feedback.outcome.value,
            "category": -1 if episode.category is None else episode.category.code,
            "episode_ms": episode.at_ms,
            "context": json.dumps(feedback.context),
            "episode": write_episode(episode),
        }
        with self._database.change() as connection:
            put(connection, FEEDBACK, row)

    def about(self, tenant: str, request_id: str) -> Sequence[Feedback]:
        """Return every word about a request, oldest first."""
        query = select(FEEDBACK).where(
            FEEDBACK.c.tenant == tenant, FEEDBACK.c.request_id == request_id
        )
        return self._all(query.order_by(FEEDBACK.c.at_ms, FEEDBACK.c.id))

    def since(self, tenant: str, at_ms: int, limit: int) -> Sequence[Feedback]:
        """Return words that came in from a moment on, oldest first."""
        query = select(FEEDBACK).where(FEEDBACK.c.tenant == tenant, FEEDBACK.c.at_ms >= at_ms)
        return self._all(query.order_by(FEEDBACK.c.at_ms, FEEDBACK.c.id).limit(limit))

    def _all(self, query: Select[Any]) -> list[Feedback]:
        with self._database.read() as connection:
            return [_open(row) for row in connection.execute(query)]


def _open(row: Row[Any]) -> Feedback:
    return Feedback(
        id=row.id,
        at_ms=row.at_ms,
        by=row.by,
        source=FeedbackSource(row.source),
        truth=GroundTruth(row.truth),
        outcome=Outcome(row.outcome),
        episode=open_body(row.episode),
        context=json.loads(row.context),
    )
