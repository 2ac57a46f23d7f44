"""What this installation looks for: its rules, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, read_query, say
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.wire import SeverityName
from aidefence.domain.access import Permission
from aidefence.domain.enums import CATEGORIES, SEVERITIES
from aidefence.domain.refusals import NotFoundError
from aidefence.engine import RuleInfo

_PAGE_MAX = 1000


class RulesQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """Which rules; `after` is the last id of the page before."""

    category: Annotated[str, Meta(max_length=64)] | None = None
    tag: Annotated[str, Meta(max_length=64)] | None = None
    after: Annotated[str, Meta(max_length=128)] = ""
    limit: Annotated[int, Meta(ge=1, le=_PAGE_MAX)] = 100


class WireRule(Struct, frozen=True, rename="camel"):
    """A rule as it says of itself; `paranoia` is the level from which it speaks."""

    id: str
    title: str
    category: str
    severity: SeverityName
    confidence: float
    paranoia: int
    status: str
    entity: str | None
    languages: tuple[str, ...]
    tags: tuple[str, ...]


class WireRulePage(Struct, frozen=True, rename="camel"):
    """Rules in the order of their ids; `next` is what to ask for `after`, none at the end."""

    rules: tuple[WireRule, ...]
    next: str | None


async def _list(house: House, call: Call) -> Response:
    query = read_query(call, RulesQuery)
    page: list[RuleInfo] = []
    for rule in _chosen(house, query):
        if len(page) == query.limit:
            return say(WireRulePage(tuple(map(_told, page)), page[-1].id))
        page.append(rule)
    return say(WireRulePage(tuple(map(_told, page)), None))


async def _show(house: House, call: Call) -> Response:
    wanted = call.request.path_params["id"]
    for rule in house.services.desk.standing.inspector.rules():
        if rule.id == wanted:
            return say(_told(rule))
    raise NotFoundError(f"there is no rule `{wanted[:128]}`")


def _chosen(house: House, query: RulesQuery) -> Iterator[RuleInfo]:
    rules = house.services.desk.standing.inspector.rules()
    for rule in sorted(rules, key=lambda it: it.id):
        of_category = query.category in {None, CATEGORIES[rule.category].value}
        if of_category and query.tag in {None, *rule.tags} and rule.id > query.after:
            yield rule


def _told(rule: RuleInfo) -> WireRule:
    return WireRule(
        id=rule.id,
        title=rule.title,
        category=CATEGORIES[rule.category].value,
        severity=SEVERITIES[rule.severity].value,
        confidence=rule.confidence,
        paranoia=rule.paranoia,
        status=rule.status,
        entity=rule.entity,
        languages=rule.languages,
        tags=rule.tags,
    )


OPERATIONS = (
    Operation(
        name="listRules",
        method="GET",
        path="/api/v2/rules",
        summary="List the rules of this installation",
        permission=Permission.READ_RULES,
        handle=_list,
        tag="rules",
        query=RulesQuery,
        response=WireRulePage,
    ),
    Operation(
        name="showRule",
        method="GET",
        path="/api/v2/rules/{id}",
        summary="Show one rule",
        permission=Permission.READ_RULES,
        handle=_show,
        tag="rules",
        response=WireRule,
    ),
)
