"""Threats as they come in: followed over a connection, or read page by page.

Whoever follows reads from the store, not from a queue of ours: one who reads slowly costs nothing,
and goes on later where the last cursor was.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.bodies import decode
from aidefence.delivery.http.connections import NOT_ALLOWED, Gone, Line
from aidefence.delivery.http.operations import House, Operation, read_query, say
from aidefence.delivery.http.problems import Refusal, invalid
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.remembered import WireEpisode, tell_episode, there
from aidefence.delivery.rest.sockets import SocketWay
from aidefence.delivery.rest.wire import SeverityName
from aidefence.domain.access import Permission
from aidefence.domain.enums import Category, Severity
from aidefence.domain.episode import EVERYTHING, Episode, FeedFilter
from aidefence.service.episodes import Episodes

PATH = "/api/v2/threats/feed"
_PAGE = 100
_POLL_SECONDS = 0.5
_CURSOR_MAX = 1 << 53
Names = Annotated[list[Annotated[str, Meta(max_length=128)]], Meta(max_length=64)]


class Filters(Struct, forbid_unknown_fields=True, rename="camel"):
    """Which threats; an empty list is no condition."""

    severity_min: SeverityName = "low"
    categories: Names = []
    locations: Names = []


class Subscribe(Struct, forbid_unknown_fields=True, rename="camel"):
    """What a client sends to begin, or to begin again; without a cursor from now on."""

    type: Literal["subscribe"] = "subscribe"
    filters: Filters | None = None
    cursor: Annotated[int, Meta(ge=0, le=_CURSOR_MAX)] | None = None


class FeedQuery(Struct, forbid_unknown_fields=True, rename="camel"):
    """Which threats, behind which cursor."""

    severity_min: SeverityName = "low"
    categories: Names = []
    locations: Names = []
    after: Annotated[int, Meta(ge=0, le=_CURSOR_MAX)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class WireThreat(Struct, frozen=True, rename="camel"):
    """One threat, as the contract of the feed has it."""

    id: str
    timestamp: int
    category: str
    severity: SeverityName
    location: str
    details: WireEpisode


class WireFeed(Struct, frozen=True, rename="camel"):
    """Threats, oldest first, and where to go on."""

    threats: tuple[WireThreat, ...]
    cursor: int


_decode = msgspec.json.Decoder(Subscribe).decode


async def _page(house: House, call: Call) -> Response:
    query = read_query(call, FeedQuery)
    wanted = _wanted(query, "")
    episodes = there(house.services.episodes)
    page = await asyncio.to_thread(episodes.after, query.after, call.caller, wanted, query.limit)
    return say(WireFeed(tuple(map(_told, page.episodes)), page.cursor))


async def _talk(house: House, line: Line) -> None:
    follower = _Follower(there(house.services.episodes), line)
    hearing = asyncio.ensure_future(follower.hear())
    telling = asyncio.ensure_future(follower.tell())
    try:
        done, _ = await asyncio.wait((hearing, telling), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (hearing, telling):
            task.cancel()
        await asyncio.gather(hearing, telling, return_exceptions=True)


class _Follower:
    """One client that follows: what it wants, and how far it is."""

    def __init__(self, episodes: Episodes, line: Line) -> None:
        self._episodes = episodes
        self._line = line
        self._wanted: FeedFilter = EVERYTHING
        self._cursor = -1
        self._begun = asyncio.Event()

    async def hear(self) -> None:
        """Take in what the client wants, also when it changes its mind."""
        while True:
            body = await self._line.receive()
            try:
                given = decode(_decode, body)
                wanted = _wanted(given.filters or Filters(), "/filters")
            except Refusal as refusal:
                raise Gone(NOT_ALLOWED, refusal.detail) from None
            self._wanted = wanted
            if given.cursor is not None:
                self._cursor = given.cursor
            elif self._cursor < 0:
                self._cursor = await asyncio.to_thread(self._episodes.tip)
            await self._line.say({"type": "subscribed", "cursor": self._cursor})
            self._begun.set()

    async def tell(self) -> None:
        """Tell of threats, as fast as the client takes them."""
        await self._begun.wait()
        while True:
            cursor, wanted = self._cursor, self._wanted
            page = await asyncio.to_thread(
                self._episodes.after, cursor, self._line.caller, wanted, _PAGE
            )
            if (cursor, wanted) != (self._cursor, self._wanted):
                # The client wants something else by now: what was read is not told.
                continue
            for episode in page.episodes:
                await self._line.say(_threat(episode))
            if self._cursor == cursor:
                self._cursor = page.cursor
            if len(page.episodes) < _PAGE:
                await asyncio.sleep(_POLL_SECONDS)


def _wanted(given: Filters | FeedQuery, pointer: str) -> FeedFilter:
    try:
        categories = frozenset(Category(name) for name in given.categories)
    except ValueError:
        reason = f"expected some of {', '.join(Category)}"
        raise invalid(f"{pointer}/categories", reason) from None
    return FeedFilter(Severity(given.severity_min), categories, frozenset(given.locations))


def _threat(episode: Episode) -> dict[str, Any]:
    return {"type": "threat", "cursor": episode.cursor, "data": _told(episode)}


def _told(it: Episode) -> WireThreat:
    told = tell_episode(it)
    return WireThreat(it.id, it.at_ms, told.category, told.severity, it.node, told)


OPERATIONS = (
    Operation(
        name="listThreats",
        method="GET",
        path="/api/v2/threats",
        summary="Read threats page by page",
        permission=Permission.READ_FEED,
        handle=_page,
        tag="memory",
        query=FeedQuery,
        response=WireFeed,
        needs="episodes",
    ),
)
SOCKETS = (SocketWay(path=PATH, permission=Permission.READ_FEED, talk=_talk, needs="episodes"),)
