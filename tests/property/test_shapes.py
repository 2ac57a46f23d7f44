"""No shape of a message makes reading it raise anything but a ContentError that says where."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from aidefence import ContentError, Degraded
from aidefence.domain.content import Inspection
from aidefence.ingest.blocks import DEPTH_MAX
from aidefence.ingest.items import ROLES
from aidefence.ingest.messages import read

_TYPES = st.sampled_from(
    [
        *("text", "input_text", "output_text", "refusal", "thinking", "image_url", "document"),
        *("tool_use", "tool_result", "search_result", "function_call", "function_call_output"),
        *("mcp_call", "reasoning", "web_search_tool_result", "message", "file", "x y", ""),
    ]
)
_KEYS = st.sampled_from(
    [
        *("role", "type", "content", "text", "title", "context", "source", "data", "name", "id"),
        *("tool_calls", "function", "arguments", "input", "output", "documents", "tool_use_id"),
        *("function_call", "call_id", "summary", "refusal", "results", "messages", "system"),
    ]
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.just({1, 2}),
    st.sampled_from(sorted(ROLES)),
    _TYPES,
)


def _is_hashable(thing: object) -> bool:
    return not isinstance(thing, set)


_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(_KEYS, inner, max_size=5),
        st.dictionaries(_SCALARS.filter(_is_hashable), inner, max_size=2),
    ),
    max_leaves=30,
)
_MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(sorted(ROLES))},
        optional={
            "content": _ANYTHING,
            "tool_calls": _ANYTHING,
            "documents": _ANYTHING,
            "function_call": _ANYTHING,
            "type": _TYPES,
        },
    ),
    max_size=4,
)
_REQUESTS = st.fixed_dictionaries(
    {"messages": st.one_of(_MESSAGES, _ANYTHING)},
    optional={"system": _ANYTHING, "documents": _ANYTHING, "tools": _ANYTHING},
)


def _check(shape: object) -> None:
    refused: ContentError | None = None
    inspection = Inspection(())
    try:
        inspection = read(shape)  # type: ignore[arg-type]
    except ContentError as error:
        refused = error
    if refused is not None:
        assert refused.reason
        assert refused.path == "" or refused.path.startswith("/")
    assert all(isinstance(it.text, str) for it in inspection.contents)
    assert all(isinstance(it, Degraded) for it in inspection.unread)


@settings(max_examples=400)
@given(_ANYTHING)
def test_anything(shape: object) -> None:
    _check(shape)


@settings(max_examples=400)
@given(_MESSAGES)
def test_messages(shape: object) -> None:
    _check(shape)


@settings(max_examples=400)
@given(_REQUESTS)
def test_requests(shape: object) -> None:
    _check(shape)


def test_what_contains_itself_or_is_too_long_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    ring: dict[str, object] = {"type": "tool_result"}
    ring["content"] = ring
    for body in (loop, ring, {"type": "document", "title": ring}, {"a": loop}, 10**5000):
        for shape in ([{"role": "user", "content": body}], {"documents": [body]}, body):
            _check(shape)


_WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@settings(max_examples=200)
@given(_WORDS, st.integers(0, DEPTH_MAX - 2), st.sampled_from(sorted(ROLES)))
def test_no_text_is_lost_in_any_dialect(word: str, depth: int, role: str) -> None:
    nested: object = word
    for _ in range(depth):
        nested = [{"type": "tool_result", "tool_use_id": "1", "content": nested}]
    arguments = json.dumps({"q": word}, ensure_ascii=False)
    shapes: list[object] = [
        [word],
        [{"role": role, "content": word}],
        [{"role": role, "content": [{"type": "text", "text": word}]}],
        [{"role": role, "content": nested}],
        [{"type": "function_call", "name": "f", "arguments": arguments}],
        [{"type": "function_call_output", "call_id": "1", "output": word}],
        {"system": word, "messages": []},
        {"documents": [{"anything": {"below": word}}], "messages": []},
        {"input": word},
    ]
    for shape in shapes:
        texts = [it.text for it in read(shape).contents]  # type: ignore[arg-type]
        assert word in texts or arguments in texts
