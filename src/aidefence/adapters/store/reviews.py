"""The queue of decisions that a person looks at, in the store."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from aidefence.adapters.journal.bodies import open_body
from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import COMMENTS, REVIEWS
from aidefence.domain.review import Comment, QueueState, ReviewCase, ReviewReason, ReviewState

_OPEN, _CLAIMED = ReviewState.OPEN.value, ReviewState.CLAIMED.value


class ReviewTable:
    """Keeps cases; the folding of journals opens them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, tenant: str, case_id: str) -> ReviewCase | None:
        """Return a case."""
        query = select(REVIEWS).where(REVIEWS.c.tenant == tenant, REVIEWS.c.id == case_id)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            comments = _comments(connection, [row.id for row in rows])
        return next((_open(row, comments) for row in rows), None)

    def cases(
        self, tenant: str, states: Collection[ReviewState], limit: int
    ) -> Sequence[ReviewCase]:
        """Return cases in these states, those first that are due first."""
        query = (
            select(REVIEWS)
            .where(REVIEWS.c.tenant == tenant, REVIEWS.c.state.in_([it.value for it in states]))
            .order_by(REVIEWS.c.due_ms, REVIEWS.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            comments = _comments(connection, [row.id for row in rows])
        return [_open(row, comments) for row in rows]

    def claim(self, tenant: str, case_id: str, by: str, now_ms: int, until_ms: int) -> bool:
        """Give a case to somebody, if nobody else has it at the moment."""
        free = or_(
            REVIEWS.c.state == _OPEN,
            (REVIEWS.c.state == _CLAIMED)
            & ((REVIEWS.c.claimed_by == by) | (REVIEWS.c.claimed_until_ms <= now_ms)),
        )
        new = {"state": _CLAIMED, "claimed_by": by, "claimed_until_ms": until_ms}
        return self._change(tenant, case_id, free, new)

    def release(self, tenant: str, case_id: str, by: str) -> bool:
        """Put a case back, if it is theirs."""
        new = {"state": _OPEN, "claimed_by": None, "claimed_until_ms": 0}
        return self._change(tenant, case_id, _theirs(by), new)

    def settle(self, tenant: str, case_id: str, by: str, state: ReviewState, now_ms: int) -> bool:
        """Settle a case, if it is theirs at the moment."""
        new = {"state": state.value, "settled_by": by, "settled_ms": now_ms}
        in_time = _theirs(by) & (REVIEWS.c.claimed_until_ms > now_ms)
        return self._change(tenant, case_id, in_time, new)

    def comment(self, tenant: str, case_id: str, comment: Comment) -> bool:
        """Add a comment, if there is such a case."""
        known = select(REVIEWS.c.id).where(REVIEWS.c.tenant == tenant, REVIEWS.c.id == case_id)
        with self._database.change() as connection:
            if connection.execute(known).one_or_none() is None:
                return False
            # As JSON: there are texts that a database refuses.
            row = {"by": comment.by, "at_ms": comment.at_ms, "text": json.dumps(comment.text)}
            connection.execute(insert(COMMENTS).values(case_id=case_id, **row))
            return True

    def state(self, tenant: str, now_ms: int) -> QueueState:
        """Tell how full the queue is."""
        # A claim that has run out is open again.
        held = (REVIEWS.c.state == _CLAIMED) & (REVIEWS.c.claimed_until_ms > now_ms)
        query = select(
            func.count(),
            func.count().filter(held),
            func.count().filter(REVIEWS.c.due_ms < now_ms),
            func.min(REVIEWS.c.opened_ms),
        ).where(REVIEWS.c.tenant == tenant, REVIEWS.c.state.in_([_OPEN, _CLAIMED]))
        with self._database.read() as connection:
            waiting, claimed, overdue, oldest = connection.execute(query).one()
        return QueueState(waiting - claimed, claimed, overdue, oldest)

    def _change(
        self,
        tenant: str,
        case_id: str,
        condition: ColumnElement[bool],
        new: Mapping[str, object],
    ) -> bool:
        case = (REVIEWS.c.tenant == tenant) & (REVIEWS.c.id == case_id)
        with self._database.change() as connection:
            done = connection.execute(update(REVIEWS).where(case, condition).values(**new))
            return done.rowcount == 1


def _theirs(by: str) -> ColumnElement[bool]:
    return (REVIEWS.c.state == _CLAIMED) & (REVIEWS.c.claimed_by == by)


def _comments(connection: Connection, cases: Iterable[str]) -> dict[str, list[Comment]]:
    query = select(COMMENTS).where(COMMENTS.c.case_id.in_(list(cases))).order_by(COMMENTS.c.seq)
    found: dict[str, list[Comment]] = {}
    for row in connection.execute(query):
        said = Comment(row.by, row.at_ms, json.loads(row.text))
        found.setdefault(row.case_id, []).append(said)
    return found


def _open(row: Row[Any], comments: Mapping[str, list[Comment]]) -> ReviewCase:
    return ReviewCase(
        id=row.id,
        tenant=row.tenant,
        reason=ReviewReason(row.reason),
        state=ReviewState(row.state),
        opened_ms=row.opened_ms,
        due_ms=row.due_ms,
        episode=open_body(row.episode),
        claimed_by=row.claimed_by,
        claimed_until_ms=row.claimed_until_ms,
        settled_by=row.settled_by,
        settled_ms=row.settled_ms,
        comments=tuple(comments.get(row.id, ())),
    )
