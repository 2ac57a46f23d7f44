"""What this installation looks for."""

from __future__ import annotations

from collections.abc import Iterator

import strawberry

from aidefence.domain.enums import CATEGORIES, SEVERITIES, Category, Severity
from aidefence.domain.refusals import NotFoundError
from aidefence.engine import RuleInfo
from aidefence.service.inspect import Inspector


@strawberry.type(description="A rule as it says of itself.")
class Rule:
    id: strawberry.ID
    title: str
    category: Category
    severity: Severity
    confidence: float
    paranoia: int = strawberry.field(description="The level from which it speaks.")
    status: str
    entity: str | None
    languages: list[str]
    tags: list[str]


@strawberry.type(description="Rules in the order of their ids; `next` is what to ask `after`.")
class RulePage:
    rules: list[Rule]
    next: str | None


def list_rules(
    inspector: Inspector, category: Category | None, tag: str | None, after: str, limit: int
) -> RulePage:
    """Give one page of rules."""
    page: list[RuleInfo] = []
    for rule in _chosen(inspector, category, tag, after):
        if len(page) == limit:
            return RulePage(rules=[_told(it) for it in page], next=page[-1].id)
        page.append(rule)
    return RulePage(rules=[_told(it) for it in page], next=None)


def show_rule(inspector: Inspector, rule_id: str) -> Rule:
    """Give one rule.

    Raises:
        NotFoundError: there is none of this id.

    """
    for rule in inspector.rules():
        if rule.id == rule_id:
            return _told(rule)
    raise NotFoundError(f"there is no rule `{rule_id[:128]}`")


def _chosen(
    inspector: Inspector, category: Category | None, tag: str | None, after: str
) -> Iterator[RuleInfo]:
    for rule in sorted(inspector.rules(), key=lambda it: it.id):
        of_category = category in {None, CATEGORIES[rule.category]}
        if of_category and tag in {None, *rule.tags} and rule.id > after:
            yield rule


def _told(rule: RuleInfo) -> Rule:
    return Rule(
        id=strawberry.ID(rule.id),
        title=rule.title,
        category=CATEGORIES[rule.category],
        severity=SEVERITIES[rule.severity],
        confidence=rule.confidence,
        paranoia=rule.paranoia,
        status=rule.status,
        entity=rule.entity,
        languages=list(rule.languages),
        tags=list(rule.tags),
    )
