"""Answers of the server: lists without what is withheld, results with notes, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from aidefence.delivery.mcp.codes import Code
from aidefence.delivery.mcp.proxy.answers import blocked, decision, error, noted
from aidefence.delivery.mcp.proxy.events import Event, Kind, Tell, ruled_event
from aidefence.delivery.mcp.proxy.frames import Id, Message
from aidefence.delivery.mcp.proxy.passages import passages_of, with_texts
from aidefence.domain.enums import Action, Category
from aidefence.domain.errors import LimitError
from aidefence.domain.relaying import PASSED, Passage, Ruled
from aidefence.service.tool_session import ToolSession

# Which methods answer with a list, and under which key; each item is judged for itself.
_LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}
# What a server tells a client's model of itself goes away alone: the session is not at fault.
_INTRODUCTIONS = frozenset({"initialize", "server/discover"})
# Answers that bring what strangers say; others say what a server offers, and how it is.
_BRINGING = frozenset(
    {"tools/call", "resources/read", "prompts/get", "tasks/result", "completion/complete"}
)
_VALUES = frozenset({Category.PII, Category.SECRET})

Redact = Callable[[str], str]


class Asked(Protocol):
    """The request that is answered."""

    @property
    def id(self) -> Id:
        """Its id, as the client wrote it."""

    @property
    def is_first_page(self) -> bool:
        """Whether it asked for the beginning of a list."""

    @property
    def ruled(self) -> Ruled:
        """What was noted about it on its way in."""


@dataclass(frozen=True, slots=True)
class Results:
    """Reads what servers answer. `redact` puts something else in the place of private values."""

    session: ToolSession
    tell: Tell
    redact: Redact | None = None

    def read(self, message: Message, method: str, name: str, asked: Asked) -> Message:
        """Give what the client gets in the place of an answer: the same object if all of it."""
        try:
            if "error" in message:
                return self._words(message, "error", method, name, asked)
            result = message["result"]
            if isinstance(result, dict):
                listed = _LISTS.get(method, "")
                if isinstance(result.get(listed), list):
                    return self._list(message, result, listed, method, asked)
                if method in _INTRODUCTIONS:
                    return self._introduction(message, result, method, asked)
            return self._words(message, "result", method, name, asked)
        except (LimitError, RecursionError) as refused:
            self.tell(Event(Kind.REFUSED, method, name, reason=str(refused)))
            return error(asked.id, Code.LIMITED, f"the answer cannot be inspected: {refused}")

    def _list(
        self, message: Message, result: Message, key: str, method: str, asked: Asked
    ) -> Message:
        items = result[key]
        if key == "tools":
            rulings = self.session.definitions(items, is_first_page=asked.is_first_page)
        else:
            rulings = [self.session.brought(passages_of(it), defines=True) for it in items]
        rest = {name: it for name, it in result.items() if name != key}
        around = self.session.brought(passages_of(rest), defines=True)
        if around.stopped:
            self.tell(ruled_event(Kind.BLOCKED, method, "", around))
            return blocked(asked.id, f"the answer to `{method}`", around)
        if all(it.action is Action.ALLOW for it in (*rulings, around)):
            return message
        notes, kept = [], []
        for item, ruled in zip(items, rulings, strict=True):
            if not ruled.stopped:
                kept.append(item)
            if ruled.action is not Action.ALLOW:
                named = _name_of(item)
                kind = Kind.WITHHELD if ruled.stopped else Kind.FLAGGED
                self.tell(ruled_event(kind, method, named, ruled))
                notes.append({"name": named, **decision(ruled)})
        if around.action is not Action.ALLOW:
            notes.append({"name": "", **decision(around)})
        return {**message, "result": noted({**result, key: kept}, {key: notes})}

    def _introduction(
        self, message: Message, result: Message, method: str, asked: Asked
    ) -> Message:
        passages = passages_of(result.get("instructions"), "/instructions")
        ruled = self.session.brought(passages, defines=True)
        if not ruled.stopped:
            return self._words(message, "result", method, "", asked)
        self.tell(ruled_event(Kind.WITHHELD, method, "instructions", ruled))
        rest = {name: it for name, it in result.items() if name != "instructions"}
        answer = self._words({**message, "result": rest}, "result", method, "", asked)
        if "result" not in answer:
            return answer
        return {**answer, "result": noted(answer["result"], decision(ruled))}

    def _words(self, message: Message, part: str, method: str, name: str, asked: Asked) -> Message:
        """Read every text of a result or an error."""
        given = message[part]
        passages = passages_of(given)
        tool = name if method == "tools/call" else None
        defines = method not in _BRINGING
        ruled = self.session.brought(passages, tool=tool, defines=defines)
        replaced = self._replaced(passages, ruled)
        if replaced and _is_about_values(ruled):
            ruled = replace(ruled, action=Action.REDACT, stopped=False)
        ruled = asked.ruled.joined(ruled)
        if ruled.stopped:
            self.tell(ruled_event(Kind.BLOCKED, method, name, ruled))
            return blocked(asked.id, f"the answer to `{method}`", ruled)
        if replaced:
            ruled = replace(ruled, action=max(ruled.action, Action.REDACT))
            given = with_texts(given, replaced)
            message = {**message, part: given}
            self.tell(ruled_event(Kind.REDACTED, method, name, ruled))
        elif ruled.action is not Action.ALLOW:
            self.tell(ruled_event(Kind.FLAGGED, method, name, ruled))
        if ruled.action is Action.ALLOW or part == "error" or not isinstance(given, dict):
            return message
        return {**message, part: noted(given, decision(ruled))}

    def _replaced(self, passages: list[Passage], ruled: Ruled) -> dict[str, str]:
        if self.redact is None or ruled is PASSED:
            return {}
        changed = {}
        for passage in passages:
            text = self.redact(passage.text)
            if text != passage.text:
                changed[passage.pointer] = text
        return changed


def _is_about_values(ruled: Ruled) -> bool:
    """Whether all that was found has just been replaced."""
    return bool(ruled.reasons) and all(it.category in _VALUES for it in ruled.reasons)


def _name_of(item: object) -> str:
    if not isinstance(item, dict):
        return ""
    named = item.get("name") or item.get("uri") or item.get("uriTemplate")
    return named if isinstance(named, str) else ""
