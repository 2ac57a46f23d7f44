"""The rules about tools: built once a process, when somebody asks."""

from __future__ import annotations

from functools import lru_cache

from aidefence.domain.enums import CATEGORIES
from aidefence.domain.tools import Capability
from aidefence.engine import Engine
from aidefence.knowledge import rulebook
from aidefence.policy.profiles import NEVER
from aidefence.service.tool_posture import classify_name

_SOME = 0.5


def capabilities_by_name(name: str) -> frozenset[Capability]:
    """Tell what a tool can do from its name alone."""
    return classify_name(shared_book()[0], name)


@lru_cache(maxsize=1)
def shared_book() -> tuple[Engine, dict[str, str]]:
    """Build the engine that reads definitions and calls; it has no model and no policy."""
    rules = [rule.pair for rule in rulebook.shipped_for_tools()]
    book = Engine(rules, None, flag=[_SOME] * len(CATEGORIES), block=[NEVER] * len(CATEGORIES))
    return book, {rule.id: rule.title for rule in book.rules()}
