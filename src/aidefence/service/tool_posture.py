"""What tools can do, told from their definitions, and which of it is dangerous together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from aidefence.domain.enums import Origin
from aidefence.domain.tool_rules import structure_finding
from aidefence.domain.tools import Capability, ToolDefinition, ToolFinding
from aidefence.engine import Engine
from aidefence.service.tool_texts import words_of

_PREFIX = "cap-"
_TOOL = Origin.TOOL.code
_TOLD_MAX = 240
_NAMED_MAX = 5
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n\s*\n|。")
_SENTENCES_MAX = 2
_NAME_LEN_MAX = 200
_NAMES_MAX = 4_096
_BY_HINT: Mapping[str, frozenset[Capability]] = MappingProxyType(
    {
        "readOnlyHint": frozenset(
            {Capability.WRITE, Capability.DESTRUCTIVE, Capability.PAYMENT, Capability.ADMIN}
        ),
    }
)


def classify(book: Engine, tools: Sequence[ToolDefinition]) -> tuple[frozenset[Capability], ...]:
    """Tell what each tool can do from name, title, the first sentences and its annotations."""
    records = book.inspect_batch([_told(tool) for tool in tools], _TOOL)
    return tuple(
        _capabilities([it[0] for it in records.get(at)[6]], tool) for at, tool in enumerate(tools)
    )


def classify_name(book: Engine, name: str) -> frozenset[Capability]:
    """Tell what a tool can do from its name alone."""
    return _by_name(book, name[:_NAME_LEN_MAX])


@lru_cache(maxsize=_NAMES_MAX)
def _by_name(book: Engine, name: str) -> frozenset[Capability]:
    return classify(book, [ToolDefinition(name)])[0]


def _told(tool: ToolDefinition) -> str:
    sentences = _SENTENCES.split(tool.description.strip())[:_SENTENCES_MAX]
    # Names say it shortest and are read as a sentence of their own.
    return f"{words_of(tool.name)}\n{tool.title}\n{'. '.join(sentences)[:_TOLD_MAX]}"


def _capabilities(rule_ids: Sequence[str], tool: ToolDefinition) -> frozenset[Capability]:
    found = {Capability(it.removeprefix(_PREFIX)) for it in rule_ids if it.startswith(_PREFIX)}
    hints = tool.annotations if isinstance(tool.annotations, Mapping) else {}
    if hints.get("readOnlyHint") is True:
        found -= _BY_HINT["readOnlyHint"]
    if hints.get("destructiveHint") is True:
        found.add(Capability.DESTRUCTIVE)
    return frozenset(found)


def inspect_posture(
    tools: Sequence[ToolDefinition], capabilities: Sequence[frozenset[Capability]]
) -> Iterator[ToolFinding]:
    """Give the dangerous combinations among all tools that one model is given together."""
    having: dict[Capability, list[str]] = {it: [] for it in Capability}
    for tool, can in zip(tools, capabilities, strict=True):
        for capability in can:
            having[capability].append(f"{tool.server}/{tool.name}" if tool.server else tool.name)
    strangers = having[Capability.UNTRUSTED]
    # A tool that reads mail both brings in strangers' words and private ones; that is the point.
    parts: tuple[Capability, ...]
    if having[Capability.PRIVATE] and strangers and having[Capability.OUTWARD]:
        parts = (Capability.PRIVATE, Capability.UNTRUSTED, Capability.OUTWARD)
        yield structure_finding("posture-trifecta", "", detail=_named(having, parts))
    if having[Capability.SHELL] and strangers:
        parts = (Capability.SHELL, Capability.UNTRUSTED)
        yield structure_finding("posture-shell-network", "", detail=_named(having, parts))
    elif having[Capability.WRITE] and strangers:
        parts = (Capability.WRITE, Capability.UNTRUSTED)
        yield structure_finding("posture-write-network", "", detail=_named(having, parts))


def _named(having: Mapping[Capability, Sequence[str]], parts: Sequence[Capability]) -> str:
    return "; ".join(
        f"{part.value}: {', '.join(it[:60] for it in having[part][:_NAMED_MAX])}"
        + (f" and {len(having[part]) - _NAMED_MAX} more" if len(having[part]) > _NAMED_MAX else "")
        for part in parts
    )
