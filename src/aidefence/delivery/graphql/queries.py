"""What can be asked about this installation and about the past."""

from __future__ import annotations

import asyncio

import strawberry

from aidefence.delivery.graphql.asker import Asking, there
from aidefence.delivery.graphql.inputs import ThreatFilter, read_filter, read_limit
from aidefence.delivery.graphql.policies import PolicyQueries
from aidefence.delivery.graphql.remembered import (
    Episode,
    Feedback,
    Metrics,
    QueueState,
    ReviewCase,
    ThreatPage,
    tell_case,
    tell_episode,
    tell_feedback,
    tell_metrics,
    tell_page,
    tell_queue,
)
from aidefence.delivery.graphql.rules import Rule, RulePage, list_rules, show_rule
from aidefence.delivery.graphql.scalars import Long
from aidefence.delivery.graphql.types import Installation, tell_installation
from aidefence.domain.access import Permission
from aidefence.domain.enums import Category
from aidefence.domain.review import ReviewState
from aidefence.domain.windows import Window
from aidefence.service.episodes import FEED_PAGE_MAX

_BEGINNING = Long(0)
_RULES_MAX = 1000
_CASES_MAX = 500


@strawberry.type(description="What can be asked.")
class Query(PolicyQueries):
    @strawberry.field(description="What answers here.")
    def installation(self, info: Asking) -> Installation:
        info.context.enter(Permission.READ_RULES)
        return tell_installation(info.context.services)

    @strawberry.field(description="The rules of this installation, page by page.")
    def rules(
        self,
        info: Asking,
        category: Category | None = None,
        tag: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> RulePage:
        info.context.enter(Permission.READ_RULES)
        inspector = info.context.services.desk.standing.inspector
        return list_rules(inspector, category, tag, after, read_limit(limit, _RULES_MAX))

    @strawberry.field(description="One rule.")
    def rule(self, info: Asking, id: strawberry.ID) -> Rule:  # noqa: A002 -- its name in GraphQL
        info.context.enter(Permission.READ_RULES)
        return show_rule(info.context.services.desk.standing.inspector, str(id))

    @strawberry.field(description="What was decided about a request.")
    async def request(self, info: Asking, id: strawberry.ID) -> Episode:  # noqa: A002
        caller = info.context.enter(Permission.READ_REQUESTS)
        episodes = there(info.context.services.episodes)
        return tell_episode(await asyncio.to_thread(episodes.find, str(id), caller))

    @strawberry.field(description="What was said about a request.")
    async def feedback(self, info: Asking, request_id: strawberry.ID) -> list[Feedback]:
        caller = info.context.enter(Permission.READ_REQUESTS)
        services = info.context.services
        # Who may not see the request hears nothing about it.
        await asyncio.to_thread(there(services.episodes).find, str(request_id), caller)
        given = await asyncio.to_thread(there(services.feedback).about, str(request_id), caller)
        return [tell_feedback(it) for it in given]

    @strawberry.field(description="Threats that came in after a cursor, oldest first.")
    async def threats(
        self,
        info: Asking,
        after: Long = _BEGINNING,
        filter: ThreatFilter | None = None,  # noqa: A002 -- its name in GraphQL
        limit: int = 100,
    ) -> ThreatPage:
        caller = info.context.enter(Permission.READ_FEED)
        episodes = there(info.context.services.episodes)
        wanted, most = read_filter(filter), read_limit(limit, FEED_PAGE_MAX)
        return tell_page(await asyncio.to_thread(episodes.after, after, caller, wanted, most))

    @strawberry.field(description="A window of time that ends now, summed up.")
    async def metrics(self, info: Asking, window: Window = Window.HOUR) -> Metrics:
        caller = info.context.enter(Permission.READ_METRICS)
        episodes = there(info.context.services.episodes)
        return tell_metrics(await asyncio.to_thread(episodes.window, window, caller))

    @strawberry.field(description="Cases for people, those first that are due first.")
    async def review_queue(
        self,
        info: Asking,
        states: tuple[ReviewState, ...] = (ReviewState.OPEN, ReviewState.CLAIMED),
        limit: int = 100,
    ) -> list[ReviewCase]:
        caller = info.context.enter(Permission.REVIEW)
        services, most = info.context.services, read_limit(limit, _CASES_MAX)
        found = await asyncio.to_thread(there(services.reviews).cases, caller, states, most)
        now_ms = services.clock.now_ms()
        return [tell_case(it, now_ms) for it in found]

    @strawberry.field(description="One case for people.")
    async def review_case(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
    ) -> ReviewCase:
        caller = info.context.enter(Permission.REVIEW)
        services = info.context.services
        found = await asyncio.to_thread(there(services.reviews).find, str(id), caller)
        return tell_case(found, services.clock.now_ms())

    @strawberry.field(description="How full the queue for people is.")
    async def review_state(self, info: Asking) -> QueueState:
        caller = info.context.enter(Permission.REVIEW)
        reviews = there(info.context.services.reviews)
        return tell_queue(await asyncio.to_thread(reviews.state, caller))
