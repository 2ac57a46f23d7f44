"""How much the store holds."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import AUDIT, CONTENTS, EPISODES, FEEDBACK, JOBS, REVIEWS

_SHOWN = (EPISODES, CONTENTS, FEEDBACK, REVIEWS, JOBS, AUDIT)


def count_rows(database: Database) -> Mapping[str, int]:
    """Count what is kept, by kind.

    Raises:
        UnavailableError: the database does not answer, or is damaged.

    """
    with database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in _SHOWN
        }
