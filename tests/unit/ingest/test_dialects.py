"""Every dialect of a chat: what is said, by whom, with which tool, and what could not be read."""

from typing import Any

import pytest

from aidefence import Content, ContentError, Modality, Origin
from aidefence.ingest.messages import CONTENTS_MAX, Message, read

_Told = tuple[str, Origin, str | None, str | None, str | None]


def _told(given: Any) -> list[_Told]:
    contents = read(given).contents
    return [(it.text, it.origin, it.tool, it.call_id, it.source) for it in contents]


def test_openai_chat_keeps_tools_and_calls() -> None:
    function = {"name": "get_mail", "arguments": '{"box":"in"}'}
    messages: list[Message] = [
        {"role": "developer", "content": "be brief"},
        {
            "role": "assistant",
            "content": None,
            "refusal": "no",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": function},
                {"id": "c2", "type": "custom", "custom": {"name": "run", "input": "ls -l"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "name": "get_mail", "content": "3 new"},
        {"role": "function", "name": "old", "content": {"total": 1}},
        {"role": "assistant", "function_call": {"name": "old", "arguments": "{}"}},
    ]
    assert _told(messages) == [
        ("be brief", Origin.SYSTEM, None, None, None),
        ("no", Origin.ASSISTANT, None, None, None),
        ('{"box":"in"}', Origin.ASSISTANT, "get_mail", "c1", None),
        ("ls -l", Origin.ASSISTANT, "run", "c2", None),
        ("3 new", Origin.TOOL, "get_mail", "c1", None),
        ('{"total": 1}', Origin.TOOL, "old", None, None),
        ("{}", Origin.ASSISTANT, "old", None, None),
    ]
    kinds = [it.modality for it in read(messages).contents]
    assert kinds.count(Modality.TOOL_CALL) == 3


def test_openai_responses_items() -> None:
    request: Message = {
        "instructions": "be kind",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "find it"}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "I look"}]},
            {"type": "function_call", "call_id": "f1", "name": "find", "arguments": '{"q":"it"}'},
            {"type": "function_call_output", "call_id": "f1", "output": "found"},
            {"type": "mcp_call", "id": "m1", "name": "read", "arguments": "{}", "output": "page"},
            {
                "type": "file_search_call",
                "id": "s1",
                "queries": ["a"],
                "results": [{"filename": "f.md", "text": "line"}],
            },
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "here"}],
            },
            {"type": "image_generation_call", "id": "i"},
        ],
    }
    assert _told(request) == [
        ("be kind", Origin.SYSTEM, None, None, None),
        ("find it", Origin.USER, None, None, None),
        ("I look", Origin.ASSISTANT, None, None, None),
        ('{"q":"it"}', Origin.ASSISTANT, "find", "f1", None),
        ("found", Origin.TOOL, None, "f1", None),
        ("{}", Origin.ASSISTANT, "read", "m1", None),
        ("page", Origin.TOOL, "read", "m1", None),
        ('["a"]', Origin.ASSISTANT, "file_search_call", "s1", None),
        ('[{"filename": "f.md", "text": "line"}]', Origin.TOOL, None, "s1", None),
        ("here", Origin.ASSISTANT, None, None, None),
    ]
    assert [it.check for it in read(request).unread] == ["item.image_generation_call"]
    assert _told({"input": "only this"}) == [("only this", Origin.USER, None, None, None)]


_DOCUMENT = {
    "type": "document",
    "title": "Q3",
    "context": "from finance",
    "source": {"type": "text", "media_type": "text/plain", "data": "numbers"},
}
_FOUND = {
    "type": "search_result",
    "source": "https://x.example",
    "title": "T",
    "content": [{"type": "text", "text": "found"}],
}
_ANTHROPIC: Message = {
    "system": [{"type": "text", "text": "rules"}],
    "tools": [{"name": "read"}],
    "messages": [
        {"role": "user", "content": [_DOCUMENT, {"type": "text", "text": "sum up"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "let me see", "signature": "s"},
                {"type": "tool_use", "id": "t1", "name": "read", "input": {"p": "ü"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [_FOUND, {"type": "text", "text": "done"}],
                },
                {"type": "image", "source": {"type": "base64", "data": "…"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {
                    "type": "bash_code_execution_tool_result",
                    "tool_use_id": "t2",
                    "content": {"type": "bash_code_execution_result", "stdout": "out"},
                },
            ],
        },
    ],
}


def test_anthropic_requests() -> None:
    assert _told(_ANTHROPIC) == [
        ("rules", Origin.SYSTEM, None, None, None),
        ("Q3", Origin.RETRIEVAL, None, None, "Q3"),
        ("from finance", Origin.RETRIEVAL, None, None, "Q3"),
        ("numbers", Origin.RETRIEVAL, None, None, "Q3"),
        ("sum up", Origin.USER, None, None, None),
        ("let me see", Origin.ASSISTANT, None, None, None),
        ('{"p": "ü"}', Origin.ASSISTANT, "read", "t1", None),
        ("T", Origin.TOOL, None, "t1", "https://x.example"),
        ("found", Origin.TOOL, None, "t1", "https://x.example"),
        ("done", Origin.TOOL, None, "t1", None),
        ("out", Origin.TOOL, None, "t2", None),
    ]
    unread = read(_ANTHROPIC).unread
    assert [it.check for it in unread] == ["request.tools", "content.image"]


def test_plain_requests_and_documents() -> None:
    request: Message = {
        "documents": [
            "loose",
            {"id": "d7", "title": "Menu", "text": "soup", "score": 0.5},
            {"page_content": "page", "metadata": {"source": "a.pdf"}},
            {"role": "document", "title": "M", "content": "spoken"},
            {"type": "document", "source": {"type": "base64", "data": "…"}},
        ],
        "messages": ["hi", {"role": "user", "content": "so?", "documents": [{"data": "own"}]}],
    }
    assert _told(request) == [
        ("loose", Origin.RETRIEVAL, None, None, None),
        ("Menu", Origin.RETRIEVAL, None, None, "Menu"),
        ("soup", Origin.RETRIEVAL, None, None, "Menu"),
        ("page", Origin.RETRIEVAL, None, None, None),
        ("a.pdf", Origin.RETRIEVAL, None, None, None),
        ("M", Origin.RETRIEVAL, None, None, "M"),
        ("spoken", Origin.RETRIEVAL, None, None, "M"),
        ("hi", Origin.USER, None, None, None),
        ("so?", Origin.USER, None, None, None),
        ("own", Origin.RETRIEVAL, None, None, None),
    ]
    assert [it.check for it in read(request).unread] == ["content.document.base64"]


def test_what_stands_in_a_tools_word_stays_the_tools() -> None:
    inner = {"type": "document", "source": {"type": "text", "data": "page"}}
    result = {"type": "tool_result", "content": [inner, {"type": "text", "text": "end"}]}
    origins = [it.origin for it in read([{"role": "user", "content": [result]}]).contents]
    assert origins == [Origin.TOOL, Origin.TOOL]


def test_a_name_that_is_none_is_not_repeated() -> None:
    block = {"type": "<b>\n" * 40, "url": "x"}
    assert [it.check for it in read([{"role": "user", "content": [block]}]).unread] == [
        "content.other"
    ]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, ""),
        ({"messages": 5}, "/messages"),
        ({"messages": {"role": "user"}}, "/messages"),
        ({"messages": ["a", {"role": "moon"}]}, "/messages/1/role"),
        ({"messages": [], "documents": "one"}, "/documents"),
        ({"messages": [], "documents": ["a", 7]}, "/documents/1"),
        ({"messages": [], "system": 7}, "/system"),
        ([{"role": "user", "content": "x", "documents": ["a", 7]}], "/0/documents/1"),
        ([{"role": "assistant", "tool_calls": [{"name": "f", "args": {1, 2}}]}], "/0"),
    ],
)
def test_refusals_say_where(given: object, path: str) -> None:
    with pytest.raises(ContentError) as caught:
        _told(given)
    assert caught.value.path == path


def test_texts_are_counted_wherever_they_stand() -> None:
    with pytest.raises(ContentError, match="more than"):
        read([{"role": "user", "content": ["x"] * (CONTENTS_MAX + 1)}])


def test_a_content_shows_no_text() -> None:
    assert "secret" not in repr(Content("secret", tool="secret", source="secret"))
