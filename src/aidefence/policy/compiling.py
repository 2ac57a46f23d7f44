"""Compiles a policy: from its text to its closed form and to what is claimed about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.errors import ImageError, PolicyError
from aidefence.policy.building import Building
from aidefence.policy.catalog import resolve
from aidefence.policy.claims import Claims
from aidefence.policy.conditions import TRUE, Cond
from aidefence.policy.image import Image, PolicyRule, TemporalRule
from aidefence.policy.parsing import parse
from aidefence.policy.properties import Property
from aidefence.policy.sources import Placed, Shipped, Sources, expand
from aidefence.policy.table import Built, Table, every, leaf, opposite
from aidefence.policy.tree import (
    AtMost,
    Default,
    Header,
    OnError,
    Rule,
    Source,
    Timezone,
)

PRIORITY = 100
"""The priority of a rule that names none."""
PROFILE_ACTION = "profile.action"
PROFILE_PREFIX = "profile-"
"""Rules that stand for the profile's own decision are called so, with the action behind."""

_Setting = TypeVar("_Setting", Timezone, Default, OnError)
_MILDER = frozenset({Action.FLAG, Action.REDACT, Action.REVIEW})


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy that makes sense: its closed form, what is claimed about it, and what it said.

    `said` is all that it says, with its includes and templates in their places.
    """

    image: Image
    properties: tuple[Property, ...]
    source: Source
    said: tuple[Placed, ...]


def compile_source(
    text: str, *, file: str = "policy.pdl", sources: Sources | None = None
) -> Compiled:
    """Compile the text of a policy.

    Raises:
        PolicyError: it does not make sense; says where and what was expected.

    """
    return compile_tree(parse(text, file=file), sources=sources)


def compile_tree(source: Source, *, sources: Sources | None = None) -> Compiled:
    """Compile a policy that was read or made.

    Raises:
        PolicyError: it does not make sense; says where and what was expected.

    """
    header = _header(source)
    said = expand(source, sources or Shipped())
    first = _Compiler(header, source, said, {})
    image, properties = first.run()
    if not first.table.is_settled:
        image, properties = _Compiler(header, source, said, first.table.met()).run()
    return Compiled(image, properties, source, said)


def _header(source: Source) -> Header:
    header = source.header
    if header is None or header.is_template:
        at = header.at if header else None
        line, column = (at.line, at.column) if at else (1, 1)
        expected = "`policy NAME version N` in its first line"
        raise PolicyError(source.file, line, column, "this is not a policy", expected)
    return header


class _Compiler:
    def __init__(
        self,
        header: Header,
        source: Source,
        said: Sequence[Placed],
        known: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._header = header
        self._source = source
        self._said = said
        self.table = Table(known)
        timezone = self._once(Timezone)
        self._default = self._needed(Default, "default profile")
        self._on_error = self._needed(OnError, "on error block")
        self._build = Building(self.table, timezone.offset if timezone else "+00:00")
        self._rules: list[PolicyRule] = []
        self._temporal: list[TemporalRule] = []
        self._ids: set[str] = set()

    def run(self) -> tuple[Image, tuple[Property, ...]]:
        for placed in self._said:
            if isinstance(placed.item, Rule):
                self._rule(placed.item, placed)
        names = [it.id for it in self._rules]
        claims = Claims(self._build, names, [it.id for it in self._temporal])
        if self._default.action is None:
            self._rules += self._profile()
        properties = claims.properties(self._said)
        try:
            image = Image(
                self._header.name,
                self._header.version,
                self.table.features(),
                tuple(sorted(self._rules, key=lambda it: -it.key)),
                self._default.action or Action.ALLOW,
                self._on_error.action,
                tuple(self._temporal),
            )
        except ImageError as error:
            at = self._header.at
            message = f"the policy is too much: {error.place}: {error.reason}"
            raise PolicyError(self._source.file, at.line, at.column, message) from None
        return image, properties

    # --- settings --------------------------------------------------------------------------------

    def _once(self, kind: type[_Setting]) -> _Setting | None:
        found = None
        for placed in self._said:
            if isinstance(placed.item, kind):
                if found is not None:
                    raise placed.error(placed.item.at, "this is said already", "it once")
                found = placed.item
        return found

    def _needed(self, kind: type[_Setting], example: str) -> _Setting:
        found = self._once(kind)
        if found is None:
            at, name = self._header.at, example.rpartition(" ")[0]
            message = f"the policy does not say its `{name}`"
            expected = f"a line such as `{example}`"
            raise PolicyError(self._source.file, at.line, at.column, message, expected)
        return found

    # --- rules -----------------------------------------------------------------------------------

    def _rule(self, rule: Rule, placed: Placed) -> None:
        name = self._id(rule, placed)
        if rule.breaks is not None and not isinstance(rule.breaks, AtMost):
            formula = self._build.formula(rule.breaks, placed)
            self._temporal.append(TemporalRule(name, rule.action, formula, rule.because))
            return
        if isinstance(rule.breaks, AtMost):
            when = self._build.exceeded(rule.breaks, placed)
        else:
            when = Built(TRUE)
            if rule.when is not None:
                when = self._build.condition(rule.when, placed)
        exceptions = [opposite(self._build.condition(it, placed)) for it in rule.unless]
        if self._default.action is None and rule.action in _MILDER:
            # Only `allow` is an exception to the profile: a milder action must not hide a graver.
            exceptions.append(opposite(self._profiled(rule.action.code + 1)))
        priority = PRIORITY if rule.priority is None else rule.priority
        whole = self._whole(rule, [when, *exceptions], placed)
        self._rules.append(PolicyRule(name, priority, rule.action, whole, rule.because))

    def _whole(self, rule: Rule, parts: Iterable[Built], placed: Placed) -> Cond:
        try:
            return every(*parts).cond
        except ValueError as error:
            raise placed.error(rule.at, f"too much is asked: {error}") from None

    def _id(self, rule: Rule, placed: Placed) -> str:
        name = f"{placed.room.prefix}{rule.id}"
        if name.startswith(PROFILE_PREFIX) and name.removeprefix(PROFILE_PREFIX) in tuple(Action):
            raise placed.error(rule.at, f"`{name}` stands for the profile", "another name")
        if name in self._ids:
            message = f"a rule is called `{name[:80]}` already"
            raise placed.error(rule.at, message, "another name, or `as NAME` behind `use`")
        self._ids.add(name)
        return name

    def _profiled(self, least: int) -> Built:
        return leaf("ge", self.table.raw(resolve(PROFILE_ACTION)), least)

    def _profile(self) -> list[PolicyRule]:
        feature = self.table.raw(resolve(PROFILE_ACTION))
        return [
            PolicyRule(
                f"{PROFILE_PREFIX}{action.value}",
                0,
                action,
                ("eq", feature, action.code),
                f"the profile says {action.value}",
            )
            for action in ACTIONS
            if action is not Action.ALLOW
        ]
