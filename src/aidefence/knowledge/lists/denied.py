"""Deny entries as rules, so that they are looked for in the same pass as all others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from aidefence.domain.lists import DENIED_PREFIX, DenyEntry, ListKind, ListSet
from aidefence.knowledge.lists.entries import holds, plain_address
from aidefence.knowledge.rulebook import RuleFile

_PATH = "lists"
# Hexadecimal digits, colons and dots in a row: everything that may be an address.
_ADDRESS = re.compile(r"(?<![\w.:])[0-9A-Fa-f:.]{3,45}(?![\w:])")
_LETTERS = "0-9A-Za-z"
_HOST = "0-9A-Za-z_.-"
# A dot behind a name ends a sentence, unless more of a name follows.
_END = rf"(?:\z|[^{_HOST}]|\.(?:\z|[^{_HOST}]))"


def rule_files(lists: ListSet) -> tuple[RuleFile, ...]:
    """One file of rules for each deny entry that a rule can say."""
    return tuple(
        RuleFile(f"{_PATH}/{entry.id}.yml", _rule(entry))
        for entry in lists.deny
        if entry.kind not in (ListKind.IP, ListKind.DIGEST)
    )


def rule_id(entry: DenyEntry) -> str:
    """What the rule is called that looks for an entry."""
    return f"list-{entry.id}"


def finding_name(entry: DenyEntry) -> str:
    """What findings of an entry are called."""
    return f"{DENIED_PREFIX}{entry.id}"


def addresses(entry: DenyEntry, text: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand in a text that an entry denies."""
    for found in _ADDRESS.finditer(text):
        given = found[0].rstrip(".")
        if holds(entry.pattern, given) or holds(entry.pattern, plain_address(given)):
            yield found.start(), found.start() + len(given)


def _rule(entry: DenyEntry) -> str:
    if entry.kind is ListKind.PHRASE:
        pattern, condition = f"words: [{_quoted(entry.pattern)}]", "{ all: [it] }"
    else:
        pattern, condition = f"bytes: {_quoted(_regex(entry))}", "{ when: it }"
    scope = entry.scope
    lines = [
        f"id: {rule_id(entry)}",
        f"title: {_quoted(entry.reason)}",
        f"category: {entry.category.value}",
        f"severity: {entry.severity.value}",
        "confidence: 1",
        "languages: [any]",
        "mention: ignore",
        *([f"direction: {scope.direction.value}"] if scope.direction else []),
        *([f"origins: [{', '.join(sorted(scope.origins))}]"] if scope.origins else []),
        f"patterns: {{ it: {{ {pattern} }} }}",
        f"conditions: [{condition}]",
        "catch: [x]",
        "spare: [y]",
    ]
    return "\n".join(lines) + "\n"


def _regex(entry: DenyEntry) -> str:
    literal = "".join(_escaped(byte) for byte in entry.pattern.encode("utf-8", "surrogatepass"))
    match entry.kind:
        case ListKind.DOMAIN:
            names = {literal, *_written_out(entry.pattern)}
            name = "|".join(sorted(names))
            before = f"(?:\\A|[^{_HOST}]|%2[fF]|%40)"
            return f"(?i){before}((?:[0-9A-Za-z_-]+\\.)*(?:{name})){_END}"
        case ListKind.EMAIL:
            local = "0-9A-Za-z._%+'-"
            return f"(?i)(?:\\A|[^{local}])({literal}){_END}"
        case ListKind.REGEX:
            return f"(?u:{entry.pattern})"
        case _:
            # A value stands alone where it begins and ends with a letter or digit.
            first, last = entry.pattern[0], entry.pattern[-1]
            before = f"(?:\\A|[^{_LETTERS}])" if _is_letter(first) else ""
            behind = f"(?:\\z|[^{_LETTERS}])" if _is_letter(last) else ""
            return f"{before}({literal}){behind}"


def _is_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _written_out(domain: str) -> Iterator[str]:
    """A domain with letters beyond ASCII, as people write it."""
    if "xn--" not in domain:
        return
    try:
        shown = domain.encode("ascii").decode("idna")
    except UnicodeError:
        return
    yield "".join(_escaped(byte) for byte in shown.encode())


def _escaped(byte: int) -> str:
    sign = chr(byte)
    return sign if _is_letter(sign) else f"\\x{byte:02x}"


def _quoted(text: str) -> str:
    # JSON is YAML, but for what lies beyond 16 bits, which may stand as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f")
