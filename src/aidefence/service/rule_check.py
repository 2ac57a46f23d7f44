"""Load rule files for checking: broken ones are set aside, the rest is tried and linted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from aidefence.domain.enums import Category, Direction, Origin, Severity
from aidefence.domain.errors import RuleError
from aidefence.domain.taxonomy import KNOWN_IDS
from aidefence.service.ordinary_texts import ORDINARY_TEXTS
from aidefence.service.rule_trials import SCORE_MIN, Failure, FiredRule, TriedRule, try_rule

_PROMISES_MIN = 2


@dataclass(frozen=True, slots=True)
class RuleCard:
    """One rule as its file describes it."""

    rule_id: str
    title: str
    category: Category
    severity: Severity
    confidence: float
    paranoia: int
    status: str
    entity: str | None
    languages: tuple[str, ...]
    tags: tuple[str, ...]
    path: str
    catch: tuple[str, ...] = field(repr=False)
    spare: tuple[str, ...] = field(repr=False)

    @property
    def tried(self) -> TriedRule:
        """What a trial needs of it."""
        return TriedRule(self.rule_id, self.path, self.catch, self.spare)


class RuleSet(Protocol):
    """Compiled rules: what they say of themselves, and what they say of a text."""

    def cards(self) -> Sequence[RuleCard]:
        """Return every rule."""

    def fired(self, text: str, origin: Origin, direction: Direction) -> Sequence[FiredRule]:
        """Return the rules that fire on a text, strongest first."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule or lexicon file."""

    path: str
    text: str = field(repr=False)
    asked_for: bool = True
    """Whether its faults are to be told; files loaded only as company stay silent."""


Compile = Callable[[Sequence[RuleText]], RuleSet]
"""Compiles files, or raises `RuleError` for the first that is wrong."""


class Gravity(StrEnum):
    """Whether a remark must be mended."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something wrong or doubtful about a rule file, and where."""

    path: str
    line: int
    column: int
    gravity: Gravity
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rules that compile, and what is wrong with the files that do not."""

    rules: RuleSet
    broken: tuple[Remark, ...]


def load_checked(files: Iterable[RuleText], compile_rules: Compile) -> Loaded:
    """Compile what can be compiled: a broken file is set aside, so that the others can be tried."""
    left = list(files)
    broken: list[Remark] = []
    for _ in range(len(left) + 1):
        try:
            return Loaded(compile_rules(left), tuple(broken))
        except RuleError as error:
            kept = [file for file in left if file.path != error.path]
            if len(kept) == len(left):
                raise
            if any(file.asked_for for file in left if file.path == error.path):
                broken.append(_remark_of(error))
            left = kept
    raise AssertionError("every round sets a file aside")


def try_rules(rules: RuleSet, paths: frozenset[str]) -> Iterator[tuple[RuleCard, list[Failure]]]:
    """Yield each rule from `paths` with the promises it breaks."""
    for card in rules.cards():
        if card.path in paths:
            yield card, list(try_rule(card.tried, rules))


def lint(loaded: Loaded, files: Sequence[RuleText]) -> list[Remark]:
    """Return everything there is to say about the files that were asked for, in their order."""
    texts = {file.path: file.text for file in files if file.asked_for}
    everything = loaded.rules.cards()
    cards = [card for card in everything if card.path in texts]
    remarks = [*loaded.broken]
    for card in cards:
        remarks += _of_card(card, texts[card.path])
    remarks += _twins(everything, texts)
    remarks += _too_wide(loaded.rules, cards, texts)
    return sorted(remarks, key=lambda remark: (remark.path, remark.line, remark.column))


def _of_card(card: RuleCard, text: str) -> Iterator[Remark]:
    def remark(needle: str, gravity: Gravity, code: str, message: str) -> Remark:
        return Remark(card.path, *_place(text, needle), gravity, code, message)

    for tag in card.tags:
        if tag not in KNOWN_IDS:
            yield remark(tag, Gravity.ERROR, "unknown-tag", f"tag `{tag}` is in no catalogue")
    for name, promises in (("catch", card.catch), ("spare", card.spare)):
        if len(promises) < _PROMISES_MIN:
            message = f"`{name}` has {len(promises)} texts, expected {_PROMISES_MIN} or more"
            yield remark(f"{name}:", Gravity.ERROR, f"too-few-{name}", message)
        for twice in {one for one in promises if promises.count(one) > 1}:
            yield remark(twice, Gravity.ERROR, "repeated-text", f"`{name}` says a text twice")
    for both in set(card.catch) & set(card.spare):
        yield remark(both, Gravity.ERROR, "contradiction", "a text stands in `catch` and `spare`")
    folder, _, file = card.path.rpartition("/")
    if not file.startswith(f"{card.rule_id}."):
        message = f"file is not named after its rule `{card.rule_id}`"
        yield remark("id:", Gravity.WARNING, "file-name", message)
    if folder.rpartition("/")[2] not in {card.category.value, ""}:
        message = f"file does not lie in the folder of its category `{card.category.value}`"
        yield remark("id:", Gravity.WARNING, "folder-name", message)


def _twins(everything: Sequence[RuleCard], texts: dict[str, str]) -> Iterator[Remark]:
    by_id: defaultdict[str, list[RuleCard]] = defaultdict(list)
    by_title: defaultdict[str, list[RuleCard]] = defaultdict(list)
    for card in everything:
        by_id[card.rule_id].append(card)
        by_title[card.title.casefold()].append(card)
    for groups, gravity, code, what in (
        (by_id, Gravity.ERROR, "duplicate-id", "id"),
        (by_title, Gravity.WARNING, "duplicate-title", "title"),
    ):
        for cards in groups.values():
            for card in cards[1:]:
                if card.path in texts:
                    place = _place(texts[card.path], f"{what}:")
                    message = f"same {what} as in {cards[0].path}"
                    yield Remark(card.path, *place, gravity, code, message)


def _too_wide(rules: RuleSet, cards: Sequence[RuleCard], texts: dict[str, str]) -> Iterator[Remark]:
    known = {card.rule_id: card for card in cards}
    for text in ORDINARY_TEXTS:
        for fired in rules.fired(text, Origin.USER, Direction.INPUT):
            card = known.get(fired.rule_id)
            if card is None or fired.score < SCORE_MIN:
                continue
            gravity = Gravity.ERROR if card.paranoia == 1 else Gravity.WARNING
            shown = " ".join(text.split())
            message = f"fires with {fired.score:.2f} on an ordinary text: {shown[:120]}"
            yield Remark(
                card.path, *_place(texts[card.path], "conditions:"), gravity, "too-wide", message
            )


def _remark_of(error: RuleError) -> Remark:
    message = f"{error.message}, expected {error.expected}" if error.expected else error.message
    return Remark(error.path, error.line, error.column, Gravity.ERROR, "format", message)


def _place(text: str, needle: str) -> tuple[int, int]:
    """Return line and column, from 1, of the first `needle`; else the start of the file."""
    at = max(text.find(needle), 0)
    line_start = text.rfind("\n", 0, at) + 1
    return text.count("\n", 0, at) + 1, at - line_start + 1
