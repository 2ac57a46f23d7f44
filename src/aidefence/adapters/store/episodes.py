"""Episodes, from the store and from the journals before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.sql.functions import max as highest

from aidefence.adapters.journal.bodies import open_body, read_body
from aidefence.adapters.journal.frames import Frame, read_frames
from aidefence.adapters.journal.segments import bytes_in, segments_in
from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import CONTENTS, EPISODES, SEGMENTS
from aidefence.adapters.store.windows import sum_up
from aidefence.domain.episode import Episode, FeedFilter, FeedPage, JournalState
from aidefence.domain.windows import Window, WindowMetrics

_LOOKED_AT_MAX = 500_000


class EpisodeTable:
    """Reads what the folding wrote, and what it has not come to yet."""

    def __init__(
        self,
        database: Database,
        journal: Path,
        *,
        contents: Callable[[bytes, str], tuple[str, ...] | None],
        state: Callable[[], JournalState],
    ) -> None:
        """`contents` opens what is kept of contents; `state` tells how journals are."""
        self._database = database
        self._journal = journal
        self._contents = contents
        self._state = state

    def find(self, request_id: str) -> Episode | None:
        """Return the episode of a request, from the store or from the journal before it."""
        found = self._stored(request_id)
        if found is not None:
            return found
        frame = self._waiting(request_id)
        # Between both looks it may have moved from there to here.
        return self._stored(request_id) if frame is None else open_body(frame.body)

    def contents(self, request_id: str) -> tuple[str, ...] | None:
        """Return the contents of a request, as far as they are kept; none where they are not."""
        query = select(CONTENTS.c.value).where(CONTENTS.c.request_id == request_id)
        with self._database.read() as connection:
            value = connection.execute(query).scalar_one_or_none()
        return None if value is None else self._contents(value, request_id)

    def tip(self) -> int:
        """Return the cursor behind the last episode."""
        with self._database.read() as connection:
            tip: int | None = connection.execute(select(highest(EPISODES.c.seq))).scalar_one()
            return tip or 0

    def after(self, tenant: str, cursor: int, wanted: FeedFilter, limit: int) -> FeedPage:
        """Return the threats of a tenant that came in after a cursor."""
        query = (
            select(EPISODES.c.seq, EPISODES.c.body)
            # In these very words an index has been made of it.
            .where(text("detected = 1"), EPISODES.c.tenant == tenant, EPISODES.c.seq > cursor)
            .where(EPISODES.c.severity >= wanted.severity_min.code)
            .order_by(EPISODES.c.seq)
            .limit(limit)
        )
        if wanted.categories:
            codes = [it.code for it in wanted.categories]
            query = query.where(EPISODES.c.category.in_(codes))
        if wanted.locations:
            query = query.where(EPISODES.c.node.in_(wanted.locations))
        with self._database.read() as connection:
            # Asked first: what comes in meanwhile is not passed over.
            tip = connection.execute(select(highest(EPISODES.c.seq))).scalar_one() or 0
            rows = connection.execute(query).all()
        episodes = tuple(open_body(row.body, row.seq) for row in rows)
        if len(episodes) == limit:
            return FeedPage(episodes, episodes[-1].cursor)
        return FeedPage(episodes, max(cursor, tip, *(it.cursor for it in episodes)))

    def newest(self, tenant: str, limit: int) -> Sequence[Episode]:
        """Return the last episodes of a tenant that the store has taken, threats or not."""
        with self._database.read() as connection:
            tip = connection.execute(select(highest(EPISODES.c.seq))).scalar_one() or 0
            query = (
                select(EPISODES.c.seq, EPISODES.c.body)
                # However rare a tenant is among many: so many rows are looked at, and no more.
                .where(EPISODES.c.seq > tip - _LOOKED_AT_MAX, EPISODES.c.tenant == tenant)
                .order_by(EPISODES.c.seq.desc())
                .limit(limit)
            )
            rows = connection.execute(query).all()
        return [open_body(row.body, row.seq) for row in rows]

    def window(self, tenant: str, window: Window, now_ms: int) -> WindowMetrics:
        """Sum up a window that ends now."""
        with self._database.read() as connection:
            return sum_up(connection, tenant, window, now_ms)

    def state(self) -> JournalState:
        """Tell how the way into the store is."""
        return self._state()

    def _stored(self, request_id: str) -> Episode | None:
        query = select(EPISODES.c.seq, EPISODES.c.body).where(EPISODES.c.id == request_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else open_body(row.body, row.seq)

    def _waiting(self, request_id: str) -> Frame | None:
        name = request_id.encode("utf-8", "replace")
        with self._database.read() as connection:
            rows = connection.execute(select(SEGMENTS.c.name, SEGMENTS.c.position))
            positions = {row.name: row.position for row in rows}
        for path in reversed(segments_in(self._journal)):
            with suppress(FileNotFoundError), path.open("rb") as stream:
                stream.seek(positions.get(path.name, 0))
                data = stream.read()
                # The name alone is found far quicker than every record is opened.
                if name not in data:
                    continue
                for frame in read_frames(data):
                    if name in frame.body and read_body(frame.body).id == request_id:
                        return frame
        return None


def waiting_bytes(database: Database, journal: Path) -> int:
    """Count what lies in journals and is not in the store yet."""
    with database.read() as connection:
        query = select(SEGMENTS.c.name, SEGMENTS.c.position)
        positions = {row.name: row.position for row in connection.execute(query)}
    names = {path.name for path in segments_in(journal)}
    taken: int = sum(position for name, position in positions.items() if name in names)
    return max(0, bytes_in(journal) - taken)
