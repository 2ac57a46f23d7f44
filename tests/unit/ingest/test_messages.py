import pytest

from aidefence import Content, ContentError, Direction, Modality, Origin
from aidefence.ingest.messages import CONTENTS_MAX, read


def _read(given: object) -> list[tuple[str, Origin]]:
    return [(it.text, it.origin) for it in read(given).contents]  # type: ignore[arg-type]


def test_text_and_content() -> None:
    assert _read("hi") == [("hi", Origin.USER)]
    assert _read(Content("doc", Origin.RETRIEVAL)) == [("doc", Origin.RETRIEVAL)]
    assert read("hi", direction=Direction.OUTPUT).direction is Direction.OUTPUT


def test_openai_messages() -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]
    messages: list[dict[str, object]] = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"}]},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "1", "content": "42"},
    ]
    assert _read(messages) == [
        ("be brief", Origin.SYSTEM),
        ("look", Origin.USER),
        ('{"a":1}', Origin.ASSISTANT),
        ("42", Origin.TOOL),
    ]
    assert read(messages).contents[2].modality is Modality.TOOL_CALL


def test_anthropic_blocks() -> None:
    result = {"type": "tool_result", "content": [{"type": "text", "text": "page"}]}
    messages = [
        {"role": "assistant", "content": [{"type": "tool_use", "name": "f", "input": {"q": "ü"}}]},
        {"role": "user", "content": [result, {"type": "text", "text": "so?"}]},
    ]
    assert _read(messages) == [
        ('{"q": "ü"}', Origin.ASSISTANT),
        ("page", Origin.TOOL),
        ("so?", Origin.USER),
    ]


def test_what_is_not_text_is_told_once() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:..."}}
    inspection = read([{"role": "user", "content": [image, image]}])
    assert inspection.contents == ()
    assert [it.check for it in inspection.unread] == ["content.image_url"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (5, ""),
        ({"role": "user", "content": "x"}, ""),
        ([{"role": "user", "content": "x"}, {"role": "moon", "content": "x"}], "/1/role"),
        ([{"content": "x"}], "/0/role"),
        ([{"role": "user", "content": 7}], "/0/content"),
        ([{"role": "user", "content": [7]}], "/0/content"),
        ([7], "/0"),
    ],
)
def test_refusals_say_where(given: object, path: str) -> None:
    with pytest.raises(ContentError) as caught:
        _read(given)
    assert caught.value.path == path


def test_there_is_a_limit() -> None:
    with pytest.raises(ContentError, match="more than"):
        _read(["x"] * (CONTENTS_MAX + 1))


def test_deep_blocks_end() -> None:
    block: object = "deep"
    for _ in range(50):
        block = [{"type": "tool_result", "content": block}]
    with pytest.raises(ContentError):
        _read([{"role": "user", "content": block}])
