"""How full queues are and what was said of decisions, over all tenants, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import func, select

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import FEEDBACK, JOBS, REVIEWS
from aidefence.domain.enums import CATEGORIES
from aidefence.domain.job import JobState
from aidefence.domain.review import ReviewState
from aidefence.ports.meter import Reading

_UNSETTLED = [ReviewState.OPEN.value, ReviewState.CLAIMED.value]
_BENIGN = "benign"


class Figures:
    """Counts rows; a scrape costs two or three short queries."""

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._now_ms = now_ms

    def queues(self) -> Iterator[Reading]:
        """Count what waits: jobs by state, reviews, and those of them whose time is over."""
        jobs = select(JOBS.c.state, func.count()).group_by(JOBS.c.state)
        overdue = func.count().filter(REVIEWS.c.due_ms < self._now_ms())
        reviews = select(func.count(), overdue).where(REVIEWS.c.state.in_(_UNSETTLED))
        with self._database.read() as connection:
            by_state: dict[str, int] = dict(connection.execute(jobs).tuples().all())
            waiting, late = connection.execute(reviews).one()
        for name, state in (("jobs", JobState.QUEUED), ("jobs_running", JobState.RUNNING)):
            yield (name,), float(by_state.get(state.value, 0))
        yield ("reviews",), float(waiting)
        yield ("reviews_overdue",), float(late)

    def feedback(self) -> Iterator[Reading]:
        """Count words about decisions by what they were worth and by category."""
        query = select(FEEDBACK.c.outcome, FEEDBACK.c.category, func.count()).group_by(
            FEEDBACK.c.outcome, FEEDBACK.c.category
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        for outcome, code, count in rows:
            yield (outcome, _BENIGN if code < 0 else CATEGORIES[code].value), float(count)
