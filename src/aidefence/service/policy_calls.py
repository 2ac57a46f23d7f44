"""The tool calls of a request, as policies see them: name, arguments, what the tool can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aidefence.domain.content import Content, Degraded
from aidefence.domain.enums import Modality, Origin
from aidefence.domain.errors import ContentError, LimitError
from aidefence.domain.tools import Capability
from aidefence.service.call_arguments import Arguments, read_arguments
from aidefence.service.call_values import told_by_call
from aidefence.service.tool_names import server_in

Classify: TypeAlias = Callable[[str], frozenset[Capability]]
_NO_CAPABILITIES: frozenset[Capability] = frozenset()
_UNREAD = Arguments(None, (), is_json=False)
_SHOWN_MAX = 80


@dataclass(frozen=True, slots=True)
class Call:
    """The tool call that a policy decides about; `missed` is what could not be learned of it."""

    name: str
    arguments: object = None
    capabilities: frozenset[Capability] = _NO_CAPABILITIES
    server: str = ""
    missed: tuple[Degraded, ...] = ()


def open_calls(contents: Sequence[Content]) -> tuple[Content, ...]:
    """Give the calls that nothing has answered yet, in their order: those that can still be held.

    A result answers the calls of its id; without one, the first open call of the tool it names.
    """
    waiting: list[Content] = []
    for content in contents:
        if content.modality is Modality.TOOL_CALL:
            waiting.append(content)
        elif content.origin is not Origin.TOOL or not waiting:
            continue
        elif content.call_id is not None:
            waiting = [it for it in waiting if it.call_id != content.call_id]
        elif content.tool is not None:
            named = [it for it in waiting if it.call_id is None and it.tool == content.tool]
            waiting = [it for it in waiting if not named or it is not named[0]]
    return tuple(waiting)


def read_call(content: Content, classify: Classify) -> Call:
    """Tell what is known of one call, and what is not."""
    name = content.tool or ""
    shown = f"`{name[:_SHOWN_MAX]}`"
    missed: list[Degraded] = []
    try:
        arguments = read_arguments(content.text)
    except (ContentError, LimitError):
        arguments = _UNREAD
    if not arguments.is_json:
        missed.append(Degraded("policy.tool.argument", f"the arguments of {shown} are no JSON"))
    elif arguments.twice:
        twice = f"{shown} is called with `{arguments.twice[0][:_SHOWN_MAX]}` twice: the last counts"
        missed.append(Degraded("policy.tool.argument", twice))
    if not name:
        missed.append(Degraded("policy.tool.name", "a call names no tool"))
    server = server_in(name)
    if not server:
        missed.append(Degraded("policy.tool.server", f"nobody says which server offers {shown}"))
    can = classify(name) | told_by_call(name, arguments.texts)
    if not can:
        nothing = f"neither name nor arguments tell what {shown} can do: it counts as nothing"
        missed.append(Degraded("policy.tool.can", nothing))
    value = arguments.value if arguments.is_json else None
    return Call(name, value, can, server, tuple(missed))
