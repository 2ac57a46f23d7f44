"""Look back: one request, the feed of threats, and windows of time. All of it may wait for a disk.

A caller sees what belongs to its tenant; a service only what it asked itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.domain.access import Caller, Role
from aidefence.domain.audit import AuditAction
from aidefence.domain.episode import EVERYTHING, Episode, FeedFilter, FeedPage, JournalState
from aidefence.domain.refusals import NotFoundError
from aidefence.domain.windows import Window, WindowMetrics
from aidefence.ports.clock import Clock
from aidefence.ports.episodes import EpisodeArchive
from aidefence.service.audit import Audit

FEED_PAGE_MAX = 1000


class Episodes:
    """Finds what was decided. Safe to share between threads."""

    __slots__ = ("_archive", "_audit", "_clock")

    def __init__(self, archive: EpisodeArchive, audit: Audit, clock: Clock) -> None:
        self._archive = archive
        self._audit = audit
        self._clock = clock

    def find(self, request_id: str, caller: Caller) -> Episode:
        """Return what was decided about a request.

        Raises:
            NotFoundError: there is none, not any more, or not for this caller.
            UnavailableError: the store does not answer.

        """
        found = self._archive.find(request_id)
        if found is None or not _visible(found, caller):
            raise NotFoundError(f"no request `{request_id[:80]}`, or it is not kept any more")
        return found

    def contents(self, request_id: str, caller: Caller) -> tuple[str, ...]:
        """Return the contents of a request, as policy keeps them; that somebody looked is audited.

        Raises:
            NotFoundError: there is no such request, or its content was not kept.
            UnavailableError: the store does not answer.

        """
        found = self.find(request_id, caller)
        contents = self._archive.contents(request_id)
        if contents is None:
            raise NotFoundError(f"of request `{found.id}` only the digest is kept")
        self._audit.note(caller, AuditAction.CONTENT_READ, found.id)
        return contents

    def tip(self) -> int:
        """Return the cursor behind the last episode: from there on, everything is new."""
        return self._archive.tip()

    def after(
        self, cursor: int, caller: Caller, wanted: FeedFilter = EVERYTHING, limit: int = 100
    ) -> FeedPage:
        """Return the threats that came in after a cursor, oldest first; at once, even if none."""
        limit = max(1, min(limit, FEED_PAGE_MAX))
        return self._archive.after(caller.tenant, max(0, cursor), wanted, limit)

    def newest(self, caller: Caller, limit: int) -> Sequence[Episode]:
        """Return the last episodes of the caller's tenant, threats or not, the newest first."""
        return self._archive.newest(caller.tenant, limit)

    def window(self, window: Window, caller: Caller) -> WindowMetrics:
        """Sum up a window that ends now."""
        return self._archive.window(caller.tenant, window, self._clock.now_ms())

    def state(self) -> JournalState:
        """Tell how the way of episodes into the store is."""
        return self._archive.state()


def _visible(episode: Episode, caller: Caller) -> bool:
    if episode.tenant != caller.tenant:
        return False
    return caller.role is not Role.SERVICE or episode.caller == caller.id
