"""Write a translated rule as a file of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aidefence.domain.enums import Category, Severity
from aidefence.knowledge.imports.when import write
from aidefence.knowledge.imports.words import Pattern, Translation

_ID_MAX = 40
_TITLE_MAX = 160
_META_MAX = 200
_PLANE = 0xFFFF
_SEVERITIES = {
    "informational": Severity.LOW,
    "info": Severity.LOW,
    **{severity.value: severity for severity in Severity},
}


@dataclass(frozen=True, slots=True)
class Manner:
    """What our format asks for and other formats do not say."""

    category: Category
    severity: Severity
    confidence: float


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands at the top of a rule: its id, its kind, and where it came from."""

    rule_id: str
    category: Category
    severity: Severity
    confidence: float
    origin: str


def heading(
    translation: Translation, manner: Manner, origin: str, prefix: str, taken: set[str]
) -> Heading:
    """Choose an id of its own; metas that name a category or severity of ours are believed."""
    metas = {name.casefold(): value.strip().casefold() for name, value in translation.metas}
    try:
        category = Category(metas.get("category", ""))
    except ValueError:
        category = manner.category
    severity = _SEVERITIES.get(metas.get("severity", ""), manner.severity)
    place = translation.place
    where = f"{origin}:{place.line}:{place.column}, rule {translation.name}"
    rule_id = fresh_id(f"{prefix}-{translation.name}", taken)
    return Heading(rule_id, category, severity, manner.confidence, where)


def write_rule(
    translation: Translation, top: Heading, catch: Iterable[str], spare: Iterable[str]
) -> str:
    """The whole file."""
    title = " ".join(translation.title.split())[:_TITLE_MAX] or translation.name
    if not translation.is_whole:
        title += " (imported in part)"
    when = "" if translation.when is None else write(translation.when)
    lines = [f"# Imported from {_comment(top.origin)}."]
    lines += [f"# {name}: {_comment(value)}" for name, value in translation.metas]
    if translation.tags:
        lines.append(f"# tags: {_comment(' '.join(translation.tags))}")
    for lost in translation.lost:
        place = f"{lost.place.line}:{lost.place.column}"
        lines.append(f"# left out: {place}: {_comment(lost.what)}: {_comment(lost.why)}")
    lines += [
        f"id: {top.rule_id}",
        f"title: {quoted(title)}",
        f"category: {top.category.value}",
        f"severity: {top.severity.value}",
        f"confidence: {top.confidence:g}",
        "languages: [any]",
        "patterns:",
        *(f"  {quoted(pattern.name)}: {_pattern(pattern)}" for pattern in translation.patterns),
        "conditions:",
        f"  - when: {quoted(when)}",
        "catch:",
        *(f"  - {quoted(text)}" for text in catch),
        "spare:",
        *(f"  - {quoted(text)}" for text in spare),
    ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """A text in double quotes, as YAML and TOML read it."""
    return '"' + "".join(_sign(sign) for sign in text) + '"'


def _sign(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isascii() and sign.isprintable():
        return sign
    code = ord(sign)
    if sign.isprintable():
        return sign
    return f"\\u{code:04x}" if code <= _PLANE else f"\\U{code:08x}"


def _pattern(pattern: Pattern) -> str:
    parts = []
    for key, regexes in (("bytes", pattern.narrow), ("wide", pattern.wide)):
        if regexes:
            parts.append(f"{key}: {_list(regexes)}")
    if pattern.whole:
        parts.append("whole: true")
    return f"{{ {', '.join(parts)} }}"


def _list(regexes: Sequence[str]) -> str:
    if len(regexes) == 1:
        return quoted(regexes[0])
    return f"[{', '.join(quoted(regex) for regex in regexes)}]"


def _comment(text: str) -> str:
    shown = " ".join(text.split())[:_META_MAX]
    return "".join(sign if sign.isprintable() else "?" for sign in shown)


def fresh_id(wanted: str, taken: set[str]) -> str:
    """An id of a rule that no other has."""
    base = re.sub(r"[^a-z0-9]+", "-", wanted.casefold()).strip("-")[: _ID_MAX - 5].strip("-")
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name
