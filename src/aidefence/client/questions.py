"""What is asked: each question knows its path, its body and how its answer is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from aidefence.client import words
from aidefence.client.errors import GatewayError
from aidefence.domain.answer import AnswerCheck, AnswerReport
from aidefence.domain.content import Content, Degraded
from aidefence.domain.enums import Category, Direction, Origin, Wrap
from aidefence.domain.errors import ContentError
from aidefence.domain.feedback import GroundTruth
from aidefence.domain.rewrite import Rewrite
from aidefence.domain.tools import CallDecision, ToolsDecision, TraceDecision

Given: TypeAlias = "str | Content | Mapping[str, object] | Sequence[object]"
Told = TypeVar("Told")

NDJSON = "application/x-ndjson"
BLOCK_TEXTS_MAX = 512
_BLOCK_BYTES_MAX = 2 << 20
_ROLES = {
    Origin.SYSTEM: "system",
    Origin.USER: "user",
    Origin.ASSISTANT: "assistant",
    Origin.TOOL: "tool",
    Origin.RETRIEVAL: "document",
    Origin.MEMORY: "memory",
}
# Reasons are part of a decision; over the wire they come when they are asked for.
_OPTIONS = {"explainability": True}

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, repr=False)
class Question(Generic[Told]):
    """One call. One that is `repeatable` changes nothing, however often it arrives."""

    path: str
    body: bytes | None
    read: Callable[[bytes], Told]
    repeatable: bool = True
    media: str = "application/json"
    verb: str = ""

    @property
    def method(self) -> str:
        """What has a body is posted, unless it says otherwise."""
        return self.verb or ("GET" if self.body is None else "POST")


def detect(content: Given, origin: Origin, direction: Direction) -> Question[words.RemoteDecision]:
    """Ask about a text, or the messages of a conversation together."""
    body = _detect_body(content, origin, direction)
    return Question("/api/v2/detect", as_json(body), words.read_decision)


def detect_blocks(
    texts: Iterable[str], origin: Origin, direction: Direction
) -> Iterator[Question[list[words.RemoteDecision]]]:
    """Ask about many texts, so many at a time that none waits for all."""
    block: list[bytes] = []
    length = 0
    for text in texts:
        if not isinstance(text, str):
            raise ContentError(f"a batch holds only texts, not a `{type(text).__name__}`")
        line = as_json(_detect_body(text, origin, direction))
        if block and (len(block) == BLOCK_TEXTS_MAX or length + len(line) > _BLOCK_BYTES_MAX):
            yield _block(block)
            block, length = [], 0
        block.append(line)
        length += len(line)
    if block:
        yield _block(block)


def _block(lines: list[bytes]) -> Question[list[words.RemoteDecision]]:
    asked = len(lines)

    def read(body: bytes) -> list[words.RemoteDecision]:
        told = [words.read_line(line) for line in body.split(b"\n") if line.strip()]
        if len(told) != asked:
            reason = f"{asked} texts were sent and {len(told)} answers came back"
            raise GatewayError(reason, 200)
        return told

    return Question("/api/v2/detect/batch", b"\n".join((*lines, b"")), read, media=NDJSON)


def answer(
    text: str,
    *,
    question: str | None,
    system: str | None,
    context: str | Iterable[str],
    canaries: Iterable[str],
    checks: Iterable[str],
    language: str | None,
    flag: Iterable[AnswerCheck | str],
    origin: Origin,
) -> Question[AnswerReport]:
    """Ask about an answer of a model together with what it answers."""
    if not isinstance(text, str):
        raise ContentError("an answer is a text")
    codes = getattr(canaries, "codes", canaries)
    asked = {
        "question": question,
        "system": system,
        "context": [context] if isinstance(context, str) else list(context),
        "canaries": list(codes),
        "checks": list(checks),
        "language": language,
        "flag": [str(it) for it in flag],
    }
    body = {**_detect_body(text, origin, Direction.OUTPUT), "answers": without_none(asked)}
    return Question("/api/v2/detect", as_json(body), words.read_report)


def tools(given: object) -> Question[ToolsDecision]:
    """Ask about tool definitions."""
    return Question("/api/v2/tools/scan", as_json({"tools": given}), words.read_tools)


def call(
    name: str, arguments: object, given: object, task: str | None, seen: Sequence[str]
) -> Question[CallDecision]:
    """Ask about a tool call before it is made."""
    body = {"name": name, "arguments": arguments, "tools": given, "task": task, "seen": list(seen)}
    return Question("/api/v2/tools/call", as_json(without_none(body)), words.read_call)


def trace(messages: object, given: object) -> Question[TraceDecision]:
    """Ask about the calls of a whole trace."""
    body = {"messages": messages, "tools": given}
    return Question("/api/v2/tools/trace", as_json(without_none(body)), words.read_trace)


def redact(
    text: str,
    *,
    categories: Iterable[Category | str] | None,
    entities: Iterable[str] | None,
    operators: Mapping[str, str] | None,
    default: str,
    key: str | None,
    min_score: float | None,
) -> Question[Rewrite]:
    """Ask for a text without private data."""
    body = {
        "text": text,
        "categories": None if categories is None else [str(it) for it in categories],
        "entities": None if entities is None else list(entities),
        "operators": None if operators is None else dict(operators),
        "default": default,
        "key": key,
        "minScore": min_score,
    }
    return Question("/api/v2/redact", as_json(without_none(body)), words.read_rewrite)


def neutralize(
    text: str, *, decode: bool, markup: bool, hosts: Iterable[str], wrap: Wrap | str | None
) -> Question[Rewrite]:
    """Ask for a harmless text."""
    body = {
        "text": text,
        "decode": decode,
        "markup": markup,
        "hosts": list(hosts),
        "wrap": None if wrap is None else str(wrap),
    }
    return Question("/api/v2/neutralize", as_json(without_none(body)), words.read_rewrite)


def feedback(request_id: str, truth: GroundTruth | str) -> Question[str]:
    """Say what a content really was."""
    body = {"requestId": request_id, "groundTruth": str(GroundTruth(truth))}
    return Question("/api/v2/feedback", as_json(body), words.read_feedback, repeatable=False)


READY: Question[tuple[Degraded, ...]] = Question("/readyz", None, words.read_ready)


def _detect_body(content: Given, origin: Origin, direction: Direction) -> dict[str, Any]:
    body: dict[str, Any] = {"content": _content(content, origin), "options": _OPTIONS}
    if direction is not Direction.INPUT:
        body["direction"] = str(direction)
    if origin is not Origin.USER or direction is not Direction.INPUT:
        body["origin"] = str(origin)
    return body


def _content(given: Given, origin: Origin) -> object:
    if isinstance(given, str):
        return given
    if isinstance(given, Content):
        return {"messages": [_message(given, origin)]}
    if isinstance(given, Mapping):
        # A message alone, or a request with messages.
        return {"messages": [given]} if "role" in given else given
    if isinstance(given, Sequence):
        return {"messages": [_message(it, origin) for it in given]}
    raise ContentError(f"a `{type(given).__name__}` is no text, content or list of messages")


def _message(given: object, origin: Origin) -> object:
    if isinstance(given, str):
        return {"role": _ROLES[origin], "content": given}
    if isinstance(given, Content):
        named = {"name": given.tool, "tool_call_id": given.call_id, "source": given.source}
        return {"role": _ROLES[given.origin], "content": given.text, **without_none(named)}
    return given


def without_none(given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not said."""
    return {name: value for name, value in given.items() if value is not None}


def as_json(body: object) -> bytes:
    """Write what is sent.

    Raises:
        ContentError: it is not JSON.

    """
    try:
        return _encode(body)
    except (TypeError, ValueError, UnicodeError, RecursionError) as error:
        raise ContentError(f"it cannot be sent as JSON: {error}") from None
