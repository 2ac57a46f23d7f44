"""What can be followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import strawberry

from aidefence.delivery.graphql.asker import Asking, there
from aidefence.delivery.graphql.inputs import ThreatFilter, read_filter
from aidefence.delivery.graphql.remembered import Episode, tell_episode
from aidefence.delivery.graphql.scalars import Long
from aidefence.domain.access import Permission

_PAGE = 100
_POLL_SECONDS = 0.5


@strawberry.type(description="What can be followed.")
class Subscription:
    @strawberry.subscription(
        description="Threats as they come in; without a cursor from now on, with one from there."
    )
    async def threats(
        self,
        info: Asking,
        after: Long | None = None,
        filter: ThreatFilter | None = None,  # noqa: A002 -- its name in GraphQL
    ) -> AsyncGenerator[Episode, None]:
        # Read from the store, not from a queue of ours: who reads slowly costs nothing, and goes
        # on later where the last cursor was.
        asker = info.context
        caller = asker.enter(Permission.READ_FEED)
        episodes = there(asker.services.episodes)
        wanted = read_filter(filter)
        cursor = await asyncio.to_thread(episodes.tip) if after is None else int(after)
        while True:
            page = await asyncio.to_thread(episodes.after, cursor, caller, wanted, _PAGE)
            for it in page.episodes:
                yield tell_episode(it)
            cursor = page.cursor
            if len(page.episodes) < _PAGE:
                await asyncio.sleep(_POLL_SECONDS)
                # A key that was revoked meanwhile ends what it began.
                caller = asker.enter(Permission.READ_FEED)
