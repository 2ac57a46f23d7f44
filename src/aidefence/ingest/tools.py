"""Read tool definitions in the shapes that clients and servers send them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from aidefence.domain.canonical import canonical, escape_key
from aidefence.domain.content import Degraded
from aidefence.domain.errors import ContentError, LimitError
from aidefence.domain.tools import ToolDefinition

Tools: TypeAlias = "Mapping[str, object] | Sequence[object]"

TOOLS_MAX = 10_000
NODES_MAX = 200_000
TEXT_MAX = 4 << 20
_SCHEMAS = ("inputSchema", "input_schema", "parameters", "parametersJsonSchema")
_OUTPUTS = ("outputSchema", "output_schema", "response", "responseSchema")
# Told to clients, not to models; some of it changes from call to call.
_NOT_PINNED = frozenset({"_meta", "cache_control", "type", "icons"})
_MORE = Degraded("tools.page", "the list has a next page that was not given: its tools are unread")


@dataclass(frozen=True, slots=True)
class ToolSet:
    """All definitions that were given, and what of them could not be read."""

    tools: tuple[ToolDefinition, ...]
    unread: tuple[Degraded, ...] = ()


def read_tools(given: object) -> ToolSet:
    """Read OpenAI, Anthropic, Gemini, Bedrock and MCP definitions, also of several servers.

    Raises:
        ContentError: something is no tool definition; `path` points at it.
        LimitError: more than one call may take.

    """
    unread: dict[Degraded, None] = {}
    tools = []
    for tool in _read(given, "", "", unread):
        tools.append(tool)
        if len(tools) > TOOLS_MAX:
            raise LimitError("tools", len(tools), TOOLS_MAX)
    return ToolSet(tuple(tools), tuple(unread))


def servers_in(given: object) -> tuple[tuple[str, str, object], ...]:
    """Part what was given by servers: name, pointer and tools of each; one list alone has no name.

    Raises:
        ContentError: it is neither.

    """
    if isinstance(given, Mapping):
        answer = "jsonrpc" in given and isinstance(given.get("result"), Mapping)
        if not (_is_tool(given) or answer or isinstance(given.get("tools"), Sequence)):
            return tuple((str(name), f"/{escape_key(str(name))}", it) for name, it in given.items())
    elif not isinstance(given, Sequence) or isinstance(given, str | bytes | bytearray):
        raise ContentError(f"a `{type(given).__name__}` is no list of tool definitions")
    return (("", "", given),)


def _read(
    given: object, path: str, server: str, unread: dict[Degraded, None]
) -> Iterator[ToolDefinition]:
    if isinstance(given, Mapping):
        yield from _read_object(given, path, server, unread)
    elif isinstance(given, Sequence) and not isinstance(given, str | bytes | bytearray):
        for at, item in enumerate(given):
            yield from _read_item(item, f"{path}/{at}", server)
    else:
        raise ContentError(f"a `{type(given).__name__}` is no list of tool definitions", path)


def _read_object(
    given: Mapping[str, object], path: str, server: str, unread: dict[Degraded, None]
) -> Iterator[ToolDefinition]:
    if _is_tool(given):
        yield from _read_item(given, path, server)
        return
    result = given.get("result")
    if "jsonrpc" in given and isinstance(result, Mapping):
        yield from _read_object(result, f"{path}/result", server, unread)
        return
    if isinstance(given.get("tools"), Sequence):
        if given.get("nextCursor"):
            unread[_MORE] = None
        yield from _read(given["tools"], f"{path}/tools", server, unread)
        return
    if server:
        raise ContentError("neither a list of tools nor an object with `tools`", path)
    for name, tools in given.items():
        if not isinstance(name, str):
            raise ContentError("a server's name is no string", path)
        yield from _read(tools, f"{path}/{escape_key(name)}", name or "?", unread)


def _is_tool(given: Mapping[str, object]) -> bool:
    if isinstance(given.get("function"), Mapping) or "toolSpec" in given:
        return True
    if "functionDeclarations" in given or "function_declarations" in given:
        return True
    return isinstance(given.get("name"), str) and not isinstance(given.get("tools"), Sequence)


def _read_item(item: object, path: str, server: str) -> Iterator[ToolDefinition]:
    if not isinstance(item, Mapping):
        raise ContentError(f"a `{type(item).__name__}` is no tool definition", path)
    for key in ("functionDeclarations", "function_declarations"):
        inner = item.get(key)
        if isinstance(inner, Sequence) and not isinstance(inner, str):
            for at, one in enumerate(inner):
                yield from _read_item(one, f"{path}/{key}/{at}", server)
            return
    for key in ("function", "toolSpec"):
        inner = item.get(key)
        if isinstance(inner, Mapping):
            around = {k: v for k, v in item.items() if k != key}
            yield replace(_tool(inner, f"{path}/{key}", server, around), pointer=path)
            return
    yield _tool(item, path, server, {})


def _tool(
    given: Mapping[str, object], path: str, server: str, around: Mapping[str, object]
) -> ToolDefinition:
    _check_size(given, path)
    _check_size(around, path)
    name = given.get("name", given.get("server_label", given.get("type")))
    if not isinstance(name, str) or not name:
        raise ContentError("a tool definition without a name", f"{path}/name")
    schema = next((key for key in _SCHEMAS if key in given), None)
    output = next((key for key in _OUTPUTS if key in given), None)
    used = {"name", "title", "description", "annotations", schema, output}
    other = {**around, **{key: value for key, value in given.items() if key not in used}}
    parts = {"name": f"{path}/name", "title": f"{path}/title", "other": path}
    parts |= {"description": f"{path}/description", "annotations": f"{path}/annotations"}
    parts |= {"input": f"{path}/{schema or 'inputSchema'}"}
    parts |= {"output": f"{path}/{output or 'outputSchema'}"}
    shown, parts["input"] = _unwrapped(given.get(schema) if schema else None, parts["input"])
    return ToolDefinition(
        name=name,
        server=server,
        title=_text(given, "title", path),
        description=_text(given, "description", path),
        input_schema=shown,
        output_schema=given.get(output) if output else None,
        annotations=given.get("annotations"),
        other={key: value for key, value in other.items() if key not in _NOT_PINNED},
        pointer=path,
        parts=parts,
    )


def _unwrapped(schema: object, path: str) -> tuple[object, str]:
    if isinstance(schema, Mapping) and set(schema) == {"json"}:
        return schema["json"], f"{path}/json"
    return schema, path


def _text(given: Mapping[str, object], key: str, path: str) -> str:
    value = given.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ContentError(f"the {key} of a tool is no text", f"{path}/{key}")
    return value


def _check_size(given: object, path: str) -> None:
    # Refused here once, so that no check behind it meets what is no JSON, or too much of it.
    nodes = _count(given)
    if nodes > NODES_MAX:
        raise LimitError("values in one tool definition", nodes, NODES_MAX)
    size = len(canonical_at(given, path))
    if size > TEXT_MAX:
        raise LimitError("characters of one tool definition", size, TEXT_MAX)


def canonical_at(given: object, path: str) -> str:
    """Write a value in its one spelling; errors point into the whole."""
    try:
        return canonical(given)
    except ContentError as error:
        raise ContentError(error.reason, f"{path}{error.path}") from None


def _count(given: object) -> int:
    waiting, seen = [given], 0
    while waiting and seen <= NODES_MAX:
        value = waiting.pop()
        seen += 1
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, Sequence) and not isinstance(value, str):
            waiting += value
    return seen
