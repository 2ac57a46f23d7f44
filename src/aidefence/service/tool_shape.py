"""What the form of a definition tells: unseen characters, odd parameters, false annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from aidefence.domain.content import Span
from aidefence.domain.tool_rules import structure_finding
from aidefence.domain.tools import Capability, ToolDefinition, ToolFinding
from aidefence.engine import normalize
from aidefence.service.tool_texts import Place, parameters_of, texts_of, words_of

_TAGS = re.compile("[\U000e0001-\U000e007f]{2,}|[\U000e0100-\U000e01ef]{4,}|[\ufe00-\ufe0f]{4,}")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007f]+")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Between letters that do not join; joiners belong to Persian, Indic scripts and emoji.
_MARKS = re.compile(
    "[\u200b\u2060-\u2064\ufeff\u00ad\u180e]|(?<=[a-zA-Z])[\u200c\u200d](?=[a-zA-Z])"
)
_MARKS_MIN = 2
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
_PADDING = re.compile(r"[ \t\u00a0\u3000]{80,}+|(?:[ \t]*+\n){15,}+")
_UNSEEN = (
    ("tool-invisible-bidi", _BIDI),
    ("tool-invisible-control", _CONTROL),
)

_TALK = re.compile(
    r"\b(system prompt|chat history|conversation history|conversation context|full conversation|"
    r"entire conversation|full context|model context|prior messages|previous messages|"
    r"message history|all messages|conversation so far|context window)\b"
)
_ITS_OWN = re.compile(
    r"\b(your|so far|current|entire|full|complete|whole|verbatim|everything|above|this chat|"
    r"this conversation|the model|assistant)\b"
)
# A tool whose job is talk is given talk.
_TALK_JOBS = re.compile(
    r"\b(chat|llm|completion|completions|prompt|prompts|conversation|conversations|agent|"
    r"assistant|summar\w+|transcript\w*|dialog\w*|message|messages)\b"
)
_KEYS = re.compile(
    r"\b(private key|ssh key|ssh private key|seed phrase|mnemonic|recovery phrase|env file|"
    r"environment variables|env vars|session cookies|browser cookies|all credentials|"
    r"user credentials|api keys|saved passwords|keychain)\b"
)
_KEY_JOBS = re.compile(
    r"\b(ssh|key|keys|sign|signs|signing|signature|wallet|crypto\w*|encrypt\w*|decrypt\w*|"
    r"certificate\w*|tls|ssl|vault|secret|secrets|env|environment|login|log in|auth\w*|cookie\w*|"
    r"deploy\w*|container\w*|docker|lambda|function|process|server|password\w*|token\w*|github|"
    r"connect\w*|mnemonic|bitcoin|ethereum|blockchain|run|launch|browser)\b"
)
_NOTES = re.compile(
    r"^(side ?note|internal note|internal notes|hidden note|scratchpad|scratch pad|"
    r"chain of thought|model reasoning|reasoning trace|thoughts|debug context|trace context|"
    r"telemetry context|context dump)s?$"
)
_NOTES_JOBS = re.compile(r"\b(think\w*|thought\w*|reason\w*|plan\w*|note|notes|journal|diary)\b")
_SCHEMA_KINDS = frozenset(
    {"object", "dict", "array", "list", "tuple", "string", "str", "number", "float", "double",
     "integer", "int", "long", "boolean", "bool", "null", "any", "none"}
)  # fmt: skip
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
_CHANGING = frozenset(
    {"delete", "remove", "drop", "purge", "wipe", "truncate", "destroy", "erase", "write", "create",
     "update", "insert", "send", "post", "publish", "upload", "transfer", "pay", "execute", "kill",
     "overwrite", "rename", "move", "grant", "revoke", "merge", "push", "deploy"}
)  # fmt: skip
_DELETING = frozenset(
    {"delete", "drop", "purge", "wipe", "truncate", "destroy", "erase", "overwrite"}
)
_DEPTH_MAX = 64


def inspect_shape(
    tool: ToolDefinition, capabilities: frozenset[Capability]
) -> Iterator[ToolFinding]:
    """Give what is wrong with the form of one definition."""
    for place in texts_of(tool):
        yield from _unseen(tool, place)
    yield from _schema(tool)
    yield from _parameters(tool)
    yield from _annotations(tool, capabilities)


def _unseen(tool: ToolDefinition, place: Place) -> Iterator[ToolFinding]:
    # Blanks at the end hide nothing.
    padded = _PADDING.search(place.text.rstrip())
    if padded is not None:
        yield _finding("tool-invisible-padding", tool, place.pointer, span=_span(padded))
    if place.text.isascii() and place.text.isprintable():
        return
    flags = [match.span() for match in _FLAG.finditer(place.text)]
    for match in _TAGS.finditer(place.text):
        # Flags of regions are spelled with tags, after a black flag.
        if not any(start <= match.start() < end for start, end in flags):
            yield _finding("tool-invisible-tags", tool, place.pointer, span=_span(match))
            break
    for rule_id, pattern in _UNSEEN:
        found = pattern.search(place.text)
        if found is not None:
            yield _finding(rule_id, tool, place.pointer, span=_span(found))
    # A mark at the very start is how some programs save a file.
    marks = [it for it in _MARKS.finditer(place.text) if it.start() > 0]
    if len(marks) >= _MARKS_MIN:
        detail = f"{len(marks)} of them"
        yield _finding(
            "tool-invisible-marks", tool, place.pointer, detail=detail, span=_span(marks[0])
        )


def _schema(tool: ToolDefinition) -> Iterator[ToolFinding]:
    place = tool.parts.get("input", tool.pointer)
    schema = tool.input_schema
    if schema is None:
        return
    if not isinstance(schema, Mapping):
        yield _finding("tool-schema-broken", tool, place, detail="it is no object")
        return
    properties = schema.get("properties")
    if properties is not None and not isinstance(properties, Mapping):
        where = f"{place}/properties"
        yield _finding("tool-schema-broken", tool, where, detail="its properties are no object")
    kind = schema.get("type")
    if isinstance(kind, str) and kind.lower() not in _SCHEMA_KINDS:
        where = f"{place}/type"
        yield _finding("tool-schema-broken", tool, where, detail="it has an unknown type")
    for where, target in _references(schema, place):
        if "://" in target or target.startswith("//"):
            yield _finding("tool-schema-remote", tool, where)
            return


def _references(schema: object, pointer: str) -> Iterator[tuple[str, str]]:
    for place in texts_of(ToolDefinition("$", input_schema=schema, parts={"input": pointer})):
        if place.kind in {"$ref", "$dynamicRef"} and place.pointer != "":
            yield place.pointer, place.text


def _parameters(tool: ToolDefinition) -> Iterator[ToolFinding]:
    place = tool.parts.get("input", tool.pointer)
    job = f"{words_of(tool.name)} {tool.title} {tool.description}".lower()
    for path, name, schema, needed in parameters_of(tool.input_schema):
        told = schema.get("description")
        words = " ".join(words_of(name).lower().split())
        text = f"{words} {normalize(told)}" if isinstance(told, str) else words
        where = f"{place}{path}"
        if _asks_for_talk(words, text, job):
            yield _finding("tool-asks-conversation", tool, where, detail=_quoted(name))
        if (_KEYS.search(words) or _wants_keys(text)) and not _KEY_JOBS.search(job):
            yield _finding("tool-asks-credentials", tool, where, detail=_quoted(name))
        if needed and _NOTES.match(words) and not _NOTES_JOBS.search(job):
            yield _finding("tool-asks-notes", tool, where, detail=_quoted(name))


def _asks_for_talk(words: str, text: str, job: str) -> bool:
    if _TALK.search(words):
        return not _TALK_JOBS.search(job)
    return bool(_TALK.search(text) and _ITS_OWN.search(text)) and not _TALK_JOBS.search(job)


def _wants_keys(text: str) -> bool:
    return bool(_KEYS.search(text) and re.search(r"\b(user s|user|contents? of|paste|all)\b", text))


def _annotations(
    tool: ToolDefinition, capabilities: frozenset[Capability]
) -> Iterator[ToolFinding]:
    given, place = tool.annotations, tool.parts.get("annotations", tool.pointer)
    if given is None:
        return
    if not isinstance(given, Mapping):
        yield _finding("annotation-broken", tool, place)
        return
    for hint in _HINTS:
        if given.get(hint) is not None and not isinstance(given[hint], bool):
            yield _finding("annotation-broken", tool, f"{place}/{hint}")
    first = words_of(tool.name).lower().split()[:1]
    verbs = set(first)
    if given.get("readOnlyHint") is True and verbs & _CHANGING:
        yield _finding("annotation-read-only", tool, f"{place}/readOnlyHint")
    if given.get("destructiveHint") is False and verbs & _DELETING:
        yield _finding("annotation-not-destructive", tool, f"{place}/destructiveHint")
    out = capabilities & {Capability.OUTWARD, Capability.NETWORK}
    if given.get("openWorldHint") is False and out and verbs & {"send", "post", "publish", "fetch"}:
        yield _finding("annotation-closed-world", tool, f"{place}/openWorldHint")


def _finding(
    rule_id: str,
    tool: ToolDefinition,
    pointer: str,
    *,
    detail: str = "",
    span: Span | None = None,
) -> ToolFinding:
    return structure_finding(
        rule_id, pointer, detail=detail, server=tool.server, tool=tool.name, span=span
    )


def _span(match: re.Match[str]) -> Span:
    return Span(match.start(), match.end())


def _quoted(name: str) -> str:
    return f"`{name[:80]}`"
