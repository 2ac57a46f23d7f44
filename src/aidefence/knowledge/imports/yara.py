"""Say the rules of a YARA file in our format, and name exactly what cannot be said."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from aidefence.knowledge.imports import yara_numbers as numbers
from aidefence.knowledge.imports.when import (
    FALSE,
    Bound,
    Has,
    When,
    every,
    fresh_name,
    least,
    names,
    no,
)
from aidefence.knowledge.imports.words import Pattern, Place, Translation, Untranslated
from aidefence.knowledge.imports.yara_parser import read_yara
from aidefence.knowledge.imports.yara_strings import StringTranslator
from aidefence.knowledge.imports.yara_tokens import Source
from aidefence.knowledge.imports.yara_tree import (
    Binary,
    Boolean,
    Loop,
    Member,
    Name,
    Node,
    Of,
    Opaque,
    Quantity,
    Range,
    StringAt,
    StringCount,
    StringLength,
    StringOffset,
    Unary,
    YaraRule,
    YaraString,
)

_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))
_LOOP_ITEMS_MAX = 64
_INLINED_MAX = 16


def translate_yara(path: str, text: str) -> tuple[Translation, ...]:
    """Translate all rules of a file.

    Raises:
        RuleError: it is no YARA; says line, column and what was expected there.

    """
    read = read_yara(path, text)
    source = Source(path, text)
    file = _File(source, {rule.name: rule for rule in read.rules}, StringTranslator(source))
    includes = tuple(
        Untranslated(
            place, f'include "{name}"', "files are not drawn in: import them by themselves"
        )
        for place, name in read.includes
    )
    return tuple(_translate(file, rule, includes) for rule in read.rules)


@dataclass(frozen=True, slots=True)
class _File:
    source: Source
    rules: Mapping[str, YaraRule]
    strings: StringTranslator


def _translate(file: _File, rule: YaraRule, includes: tuple[Untranslated, ...]) -> Translation:
    translator = _RuleTranslator(file, rule)
    when = translator.translate()
    asked = set(names(when)) if when is not None else set()
    title = next((value for name, value in rule.metas if name == "description"), rule.name)
    return Translation(
        name=rule.name,
        place=rule.place,
        title=title,
        metas=rule.metas,
        tags=rule.tags,
        patterns=tuple(it for it in translator.patterns.values() if it.name in asked),
        when=when,
        lost=tuple(dict.fromkeys((*includes, *translator.lost))),
        private=rule.is_private,
    )


@dataclass(frozen=True, slots=True)
class _Scope:
    """Whose strings are meant, what the variables of loops are, and under how many `not`."""

    rule: YaraRule
    variables: Mapping[str, int] = field(default_factory=dict)
    here: str | None = None
    """The string that `$`, `#` and `@` alone stand for."""
    is_negated: bool = False
    depth: int = 0


class _RuleTranslator:
    """Translates one rule, with the rules that it refers to."""

    def __init__(self, file: _File, rule: YaraRule) -> None:
        self._file = file
        self._rule = rule
        self._taken: set[str] = set()
        self.patterns: dict[tuple[str, int], Pattern] = {}
        self._refused: set[tuple[str, int]] = set()
        self.lost: list[Untranslated] = []

    def translate(self) -> When | None:
        """The whole condition; none if nothing of it is left."""
        wanted = [rule for rule in self._file.rules.values() if rule.is_global]
        wanted = [rule for rule in wanted if rule.name != self._rule.name]
        parts = [self._node(it.condition, _Scope(it, depth=1)) for it in wanted]
        parts.append(self._node(self._rule.condition, _Scope(self._rule)))
        left = tuple(part for part in parts if part is not None)
        return every(left) if parts[-1] is not None else None

    def _lose(self, place: Place, what: str, why: str) -> None:
        self.lost.append(Untranslated(place, what, why))

    def _node(  # noqa: C901, PLR0911 -- one a kind of node
        self, node: Node, scope: _Scope
    ) -> When | None:
        match node:
            case Boolean(value=value):
                return numbers.constant(value)
            case Binary(sign="and" | "or"):
                return self._joined(node, scope)
            case Binary(sign=sign) if sign in _COMPARISONS:
                return self._comparison(node, scope)
            case Unary(sign="not", part=part):
                inner = self._node(part, _negated(scope))
                return None if inner is None else no(inner)
            case StringAt():
                return self._string(node, scope)
            case Of():
                return self._of(node, scope)
            case Loop():
                return self._loop(node, scope)
            case Name(place=place, name=name):
                return self._reference(place, name, scope)
            case StringCount(place=place, name=name, within=within):
                return self._count(StringCount(place, name, within), ">", 0, scope)
            case Binary(sign=sign) if sign.isalpha():
                self._lose(node.place, _shown(node), "texts are compared in modules only")
                return None
            case Opaque(place=place, what=what, why=why):
                self._lose(place, what, why)
                return None
            case _:
                return self._number_alone(node, scope)

    def _number_alone(self, node: Node, scope: _Scope) -> When | None:
        value = numbers.known(node, scope.variables)
        if value is not None and not value.from_size:
            return numbers.constant(value.number != 0)
        self._lose(node.place, _shown(node), "a number where something true or false belongs")
        return None

    def _joined(self, node: Binary, scope: _Scope) -> When | None:
        # A long row of `or` leans to the left: walked, not called, so that none is too deep.
        parts: list[Node] = []
        rest: Node = node
        while isinstance(rest, Binary) and rest.sign == node.sign:
            parts.append(rest.right)
            rest = rest.left
        said = [self._node(part, scope) for part in (rest, *reversed(parts))]
        left = tuple(part for part in said if part is not None)
        if not left:
            return None
        return every(left) if node.sign == "and" else least(1, left)

    def _comparison(self, node: Binary, scope: _Scope) -> When | None:
        left, right, sign = node.left, node.right, node.sign
        if isinstance(right, StringCount | StringOffset):
            left, right, sign = right, left, numbers.flipped(sign)
        value = numbers.known(right, scope.variables)
        if isinstance(left, StringCount) and value is not None and not value.from_size:
            return self._count(left, sign, value.number, scope)
        if isinstance(left, StringOffset) and value is not None:
            return self._first(left, sign, value, scope)
        other = numbers.known(left, scope.variables)
        if value is not None and other is not None:
            if value.from_size == other.from_size:
                return numbers.constant(numbers.compare(sign, other.number, value.number))
            if value.from_size:
                value, other, sign = other, value, numbers.flipped(sign)
            return numbers.size(sign, value.number - other.number)
        self._lose(node.place, f"`{_shown(left)} {sign} {_shown(right)}`", _why(left, right))
        return None

    def _count(self, node: StringCount, sign: str, number: int, scope: _Scope) -> When | None:
        pattern = self._pattern(node.name, node.place, scope)
        within = self._range(node.within, scope)
        if pattern is None or (node.within is not None and within is None):
            return None
        return numbers.count(pattern, within, sign, number)

    def _first(
        self, node: StringOffset, sign: str, place: numbers.Known, scope: _Scope
    ) -> When | None:
        index = numbers.known(node.index, scope.variables) if node.index else numbers.Known(1)
        if index != numbers.Known(1):
            self._lose(node.place, f"`{_shown(node)}`", "only the first match has a known place")
            return None
        if scope.is_negated:
            why = "under `not`, a match that is not there is neither before nor behind a place"
            self._lose(node.place, f"`{_shown(node)}`", why)
            return None
        pattern = self._pattern(node.name, node.place, scope)
        if pattern is None:
            return None
        said = numbers.first_match(pattern, sign, place)
        if said is None:
            self._lose(node.place, f"`{_shown(node)} {sign}`", "not a place that a text has")
        return said

    def _string(self, node: StringAt, scope: _Scope) -> When | None:
        pattern = self._pattern(node.name, node.place, scope)
        if pattern is None:
            return None
        return self._placed(pattern, node.at, node.within, scope)

    def _placed(
        self, pattern: str, at: Node | None, within: Range | None, scope: _Scope
    ) -> When | None:
        if at is not None:
            value = numbers.known(at, scope.variables)
            if value is None:
                self._lose(at.place, f"`at {_shown(at)}`", "a place that only the text tells")
                return None
            place = numbers.bound(value)
            return FALSE if place is None else Has(pattern, (place, place))
        if within is not None:
            given = self._range(within, scope)
            return None if given is None else Has(pattern, given)
        return Has(pattern)

    def _range(self, given: Range | None, scope: _Scope) -> tuple[Bound, Bound] | None:
        if given is None:
            return None
        first = numbers.known(given.first, scope.variables)
        last = numbers.known(given.last, scope.variables)
        # A text ends where it ends, whatever a range says.
        if last is not None and last.from_size and last.number > 0:
            last = numbers.Known(0, from_size=True)
        low = None if first is None else numbers.bound(first)
        high = None if last is None else numbers.bound(last)
        if low is None or high is None or low == high:
            what = f"`in ({_shown(given.first)}..{_shown(given.last)})`"
            self._lose(given.first.place, what, "a range that only the text tells")
            return None
        return low, high

    def _pattern(self, name: str, place: Place, scope: _Scope) -> str | None:
        wanted = name or scope.here
        for number, string in enumerate(scope.rule.strings):
            if wanted == _key(string, number) and wanted:
                return self._pattern_of(string, number, scope.rule)
        raise self._file.source.wrong(
            self._at(place), f"unknown string `${name}`", "a string of the rule"
        )

    def _at(self, place: Place) -> int:
        # Only for an error's place; lines are few enough to count again.
        lines = self._file.source.text.split("\n")
        return sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1

    def _pattern_of(self, string: YaraString, number: int, rule: YaraRule) -> str | None:
        key = rule.name, number
        if key in self.patterns:
            return self.patterns[key].name
        if key in self._refused:
            return None
        prefix = "" if rule.name == self._rule.name else f"{rule.name}_"
        name = fresh_name(f"{prefix}{string.name or f's{number + 1}'}", self._taken)
        made = self._file.strings.translate(string, name)
        if isinstance(made, Untranslated):
            self._refused.add(key)
            self.lost.append(made)
            return None
        self.patterns[key] = made
        return name

    def _reference(self, place: Place, name: str, scope: _Scope) -> When | None:
        rule = self._file.rules.get(name)
        if rule is None:
            self._lose(place, name, "an external variable, or a rule of another file")
            return None
        if scope.depth >= _INLINED_MAX or rule.name == scope.rule.name:
            self._lose(place, name, f"a rule that stands for more than {_INLINED_MAX} others")
            return None
        before = len(self.lost)
        inner = _Scope(rule, is_negated=scope.is_negated, depth=scope.depth + 1)
        said = self._node(rule.condition, inner)
        return said if len(self.lost) == before or said is not None else None

    def _of(self, node: Of, scope: _Scope) -> When | None:
        parts = [each() for each in self._members(node, scope)]
        return self._some(node.quantity, parts, scope)

    def _members(self, node: Of, scope: _Scope) -> Iterable[Callable[[], When | None]]:
        strings = list(enumerate(scope.rule.strings))
        members = node.members or (Member(node.place, "", is_prefix=True, is_string=True),)
        for member in members:
            if not member.is_string:
                found = [it for it in self._file.rules if _fits(member, it)]
                if not found:
                    self._lose(member.place, member.name, "rules of another file")
                for name in found:
                    yield partial(self._reference, member.place, name, scope)
                continue
            chosen = [it for it in strings if _fits(member, it[1].name)]
            if not chosen:
                shown = f"${member.name}{'*' if member.is_prefix else ''}"
                raise self._file.source.wrong(
                    self._at(member.place), f"no string `{shown}`", "strings of the rule"
                )
            for number, string in chosen:
                yield partial(self._each, node, _key(string, number), scope)

    def _each(self, node: Of, key: str, scope: _Scope) -> When | None:
        if node.body is not None:
            inner = _Scope(scope.rule, scope.variables, key, scope.is_negated, scope.depth)
            return self._node(node.body, inner)
        pattern = self._pattern(key, node.place, scope)
        return None if pattern is None else self._placed(pattern, node.at, node.within, scope)

    def _some(  # noqa: PLR0911 -- one a quantity
        self, quantity: Quantity, parts: list[When | None], scope: _Scope
    ) -> When | None:
        left = tuple(part for part in parts if part is not None)
        if not left:
            return None
        if quantity.word == "all":
            return every(left)
        if quantity.word == "any":
            return least(1, left)
        if quantity.word == "none":
            return no(least(1, left))
        value = numbers.known(quantity.number, scope.variables) if quantity.number else None
        if value is None or value.from_size or value.number < 0:
            self._lose(quantity.place, "a quantity", "a number that only the text tells")
            return None
        number = value.number
        if quantity.percent:
            number = math.ceil(len(parts) * number / 100)
        if number == 0:
            return no(least(1, left))
        return least(number, left)

    def _loop(self, node: Loop, scope: _Scope) -> When | None:
        over = self._loop_over_matches(node, scope)
        if over is not None:
            return over
        values = self._loop_values(node, scope)
        if values is None:
            what = f"`for … {node.variable} in …`"
            self._lose(node.place, what, "a loop over what only the text tells")
            return None
        parts = []
        for value in values:
            variables = {**scope.variables, node.variable: value}
            inner = _Scope(scope.rule, variables, scope.here, scope.is_negated, scope.depth)
            parts.append(self._node(node.body, inner))
        return self._some(node.quantity, parts, scope)

    def _loop_values(self, node: Loop, scope: _Scope) -> list[int] | None:
        match node.items:
            case Range(first=first, last=last):
                ends = [numbers.known(it, scope.variables) for it in (first, last)]
                low, high = ends
                if low is None or high is None or low.from_size or high.from_size:
                    return None
                found = list(range(low.number, min(high.number, low.number + _LOOP_ITEMS_MAX) + 1))
            case tuple() as items:
                listed = [numbers.known(it, scope.variables) for it in items]
                found = [it.number for it in listed if it is not None and not it.from_size]
                if len(found) < len(listed):
                    return None
            case _:
                return None
        return found if 0 < len(found) <= _LOOP_ITEMS_MAX else None

    def _loop_over_matches(self, node: Loop, scope: _Scope) -> When | None:
        """`for any i in (1..#a) : (@a[i] < 100)` asks whether some match starts there."""
        match node:
            case Loop(
                quantity=Quantity(word="any"),
                items=Range(first=first, last=StringCount(name=name, within=None)),
                body=Binary(
                    sign=sign, left=StringOffset(name=of, index=Name(name=index)), right=to
                ),
            ) if name == of and index == node.variable and sign in _COMPARISONS:
                pass
            case _:
                return None
        place = numbers.known(to, scope.variables)
        if numbers.known(first, scope.variables) != numbers.Known(1) or place is None:
            return None
        start, end = Bound(0), Bound(0, from_end=True)
        pattern = self._pattern(name, node.place, scope)
        step = {"<": -1, ">": 1}.get(sign, 0)
        here = numbers.bound(numbers.Known(place.number + step, place.from_size))
        if pattern is None or here is None or sign == "!=":
            return None
        ranges = {"<": (start, here), "<=": (start, here), "==": (here, here)}
        return Has(pattern, ranges.get(sign, (here, end)))


def _negated(scope: _Scope) -> _Scope:
    return _Scope(scope.rule, scope.variables, scope.here, True, scope.depth)


def _key(string: YaraString, number: int) -> str:
    """A name for each string of a rule, also for those that have none."""
    return string.name or f"\0{number}"


def _fits(member: Member, name: str) -> bool:
    return name.startswith(member.name) if member.is_prefix else name == member.name


def _why(left: Node, right: Node) -> str:
    for side in (left, right):
        if isinstance(side, Opaque):
            return side.why
        if isinstance(side, StringLength):
            return "how long a match is"
    return "a comparison of two things that only the text tells"


def _shown(node: Node) -> str:  # noqa: PLR0911 -- one a kind of node
    match node:
        case StringAt(name=name):
            return f"${name}"
        case StringCount(name=name):
            return f"#{name}"
        case StringOffset(name=name, index=index):
            return f"@{name}" if index is None else f"@{name}[{_shown(index)}]"
        case StringLength(name=name):
            return f"!{name}"
        case Name(name=name):
            return name
        case Opaque(what=what):
            return what
        case Unary(sign=sign, part=part):
            return f"{sign} {_shown(part)}"
        case Binary(sign=sign, left=left, right=right):
            return f"{_shown(left)} {sign} {_shown(right)}"
        case _:
            value = numbers.known(node, {})
            if value is None:
                return "…"
            return f"filesize + {value.number}" if value.from_size else str(value.number)
