"""Names that stand for something else: twins, look-alikes, and tools that speak of others."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from aidefence.domain.tool_rules import structure_finding
from aidefence.domain.tools import ToolDefinition, ToolFinding
from aidefence.engine import normalize
from aidefence.service.tool_texts import texts_of, words_of

_SEPARATORS = re.compile(r"[\W_]+")
_UNSEEN = re.compile("[\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_DIGITS = str.maketrans({"0": "o", "1": "l", "5": "s", "i": "l"})
_ALIKE_MIN = 4
_NAMED_MIN = 6
_SERVER_MIN = 3
# Said about another's tool: when and how it is to be used, or that it is not.
_ORDERS = re.compile(
    r"\b(must|always|never|instead|before|whenever|when|do not|don t|bcc|recipient\w*|deprecated|"
    r"broken|unsafe|insecure|disabled|compromised|override\w*|redirect\w*|replac\w*|immer|nie|"
    r"statt|bevor|wenn|toujours|jamais|avant|lieu de|siempre|nunca|antes|lugar de|sempre|mai|prima|"
    r"invece|altijd|nooit|plaats van|zawsze|nigdy|zamiast|przed)\b|всегда|никогда|вместо|перед|"
    "прежде|必须|总是|不要|代替|之前|必ず|代わり|前に|使わない|항상|대신|전에|يجب|بدلا|قبل"
)
_WINDOW = 24
_NAME_WORDS_MAX = 6
_SHAPED_MAX = 32
_WORD_EDGE = re.compile(r"^\W+|\W+$")


def inspect_names(tools: Sequence[ToolDefinition]) -> Iterator[ToolFinding]:
    """Give what the names of the tools do to each other."""
    yield from _confusable(tools)
    yield from _twins(tools)
    yield from _pretenders(tools)
    yield from _speakers(tools)


def _confusable(tools: Sequence[ToolDefinition]) -> Iterator[ToolFinding]:
    for tool in tools:
        for name in (tool.name, tool.server):
            if _is_dressed(name):
                yield _finding("tool-name-confusable", tool)
                break


def _is_dressed(name: str) -> bool:
    """Whether a name reads as ASCII and is not: in one script of its own it would not."""
    if name.isascii():
        return False
    if _UNSEEN.search(name):
        return True
    plain = normalize(name)
    letters = [it for it in name if it.isalpha()]
    # Accents are no disguise: only letters that another script lends.
    foreign = [it for it in letters if not it.isascii() and not _is_latin(it)]
    return bool(foreign) and plain.isascii()


def _is_latin(letter: str) -> bool:
    return letter < "\u0250" or "\u1e00" <= letter <= "\u1eff"


def _twins(tools: Sequence[ToolDefinition]) -> Iterator[ToolFinding]:
    by_name: dict[str, dict[str, ToolDefinition]] = defaultdict(dict)
    by_shape: dict[str, dict[str, ToolDefinition]] = defaultdict(dict)
    for tool in tools:
        others = by_name[tool.name]
        if tool.server in others:
            yield _finding("tool-name-twice", tool)
        elif others:
            yield _finding(
                "tool-name-same", tool, f"also of {_server(next(iter(others.values())))}"
            )
        shape = _shape(tool.name)
        shaped = by_shape[shape]
        alike = (it for it in shaped.values() if it.name != tool.name and it.server != tool.server)
        other = next(alike, None)
        if other is not None and len(shape) >= _ALIKE_MIN:
            yield _finding("tool-name-alike", tool, f"`{other.name[:80]}` of {_server(other)}")
        others[tool.server] = tool
        # One of each name and few names: a thousand twins are told by the first of them.
        if len(shaped) < _SHAPED_MAX:
            shaped.setdefault(f"{tool.server}/{tool.name}", tool)


def _shape(name: str) -> str:
    """What is left of a name to the eye: no case, no separators, no look-alikes."""
    plain = _SEPARATORS.sub("", normalize(name).lower()).translate(_DIGITS)
    return plain.replace("rn", "m").replace("vv", "w")


def _pretenders(tools: Sequence[ToolDefinition]) -> Iterator[ToolFinding]:
    servers = {_shape(tool.server): tool.server for tool in tools if tool.server}
    for tool in tools:
        claimed = _claimed(tool.name)
        if claimed is None or not tool.server:
            continue
        own = _shape(tool.server)
        shape = _shape(claimed[1])
        known = shape in servers and len(shape) >= _SERVER_MIN
        if not _is_akin(shape, own) and (claimed[0] or known):
            yield _finding("tool-name-foreign", tool, f"of `{claimed[1][:80]}`")


def _is_akin(shape: str, own: str) -> bool:
    """Whether a server may call itself so: `git` and `github`."""
    shorter, longer = sorted((shape, own), key=len)
    return shape == own or (len(shorter) >= _SERVER_MIN and shorter in longer)


def server_in(name: str) -> str:
    """Give the server that a client's prefix names, `mcp__server__tool`; nothing without one."""
    claimed = _claimed(name)
    return claimed[1] if claimed is not None and claimed[0] else ""


def _claimed(name: str) -> tuple[bool, str] | None:
    """Whose a name says that it is, and whether it says so as clients do: `mcp__server__tool`."""
    parts = name.split("__")
    if len(parts) > 2 and parts[0].lower() == "mcp":  # noqa: PLR2004 - three parts
        return True, parts[1]
    first = re.split(r"[_\-./:]", name, maxsplit=1)
    return (False, first[0]) if len(first) > 1 and first[0] else None


def _speakers(tools: Sequence[ToolDefinition]) -> Iterator[ToolFinding]:
    if len({tool.server for tool in tools}) < 2:  # noqa: PLR2004 - two servers
        return
    owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for tool in tools:
        spoken = _spoken(tool.name)
        if len(tool.name) >= _NAMED_MIN and 2 <= len(spoken) <= _NAME_WORDS_MAX:  # noqa: PLR2004
            owners[spoken].add(tool.server)
    for tool in tools if owners else ():
        for place in texts_of(tool):
            named = _other_named(_spoken(place.text), owners, tool.server)
            if named:
                yield _finding("tool-of-another", tool, f"`{named[:80]}`", pointer=place.pointer)


def _spoken(text: str) -> tuple[str, ...]:
    """Read a text as names are read: marks gone, words apart."""
    return tuple(normalize(words_of(text)).lower().split())


def _other_named(
    words: tuple[str, ...], owners: Mapping[tuple[str, ...], set[str]], server: str
) -> str:
    """Give the name of another server's tool of which a text says when or how to use it."""
    for at in range(len(words) - 1):
        for length in range(2, min(_NAME_WORDS_MAX, len(words) - at) + 1):
            name = tuple(_WORD_EDGE.sub("", it) for it in words[at : at + length])
            known = owners.get(name)
            if known is None or server in known:
                continue
            near = " ".join(words[max(0, at - _WINDOW) : at + length + _WINDOW])
            if _ORDERS.search(near):
                return " ".join(name)
    return ""


def _server(tool: ToolDefinition) -> str:
    return f"server `{tool.server[:80]}`" if tool.server else "another list"


def _finding(
    rule_id: str, tool: ToolDefinition, detail: str = "", *, pointer: str | None = None
) -> ToolFinding:
    where = tool.parts.get("name", tool.pointer) if pointer is None else pointer
    return structure_finding(rule_id, where, detail=detail, server=tool.server, tool=tool.name)
