"""What tenants have used of their month, in the database."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert, select, update

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import USAGE


class DatabaseUsage:
    """Keeps counts by month. They only grow, so whoever writes late does no harm."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def used(self, month: int) -> Mapping[str, int]:
        """What each tenant has used of a month."""
        of_month = select(USAGE.c.tenant, USAGE.c.used).where(USAGE.c.month == month)
        with self._database.read() as db:
            return {row.tenant: row.used for row in db.execute(of_month)}

    def raise_to(self, month: int, used: Mapping[str, int]) -> None:
        """Make the counts of tenants stand at these at least."""
        with self._database.change() as db:
            for tenant, count in used.items():
                of_tenant = (USAGE.c.tenant == tenant, USAGE.c.month == month)
                if db.scalar(select(USAGE.c.used).where(*of_tenant)) is None:
                    db.execute(insert(USAGE).values(tenant=tenant, month=month, used=count))
                else:
                    less = (*of_tenant, USAGE.c.used < count)
                    db.execute(update(USAGE).where(*less).values(used=count))
