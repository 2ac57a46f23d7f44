"""What is set apart leaves a chat that a provider still takes."""

from typing import Any

from aidefence.domain.withholding import WITHHELD, without

CALL = {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "f"}}]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "bad"}


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def test_messages_go_and_others_stay() -> None:
    chat = [_user("a"), _user("b"), "c"]
    assert without(chat, ["/1"]) == [_user("a"), "c"]
    assert without(tuple(chat), ["/2"]) == (_user("a"), _user("b"))
    assert without(chat, []) is chat
    assert without(chat, ["/7", "/x", ""]) == chat
    assert without("text", ["/0"]) == "text"
    assert chat == [_user("a"), _user("b"), "c"]


def test_the_result_of_a_call_is_emptied() -> None:
    chat = [_user("a"), CALL, RESULT]
    assert without(chat, ["/2"]) == [_user("a"), CALL, {**RESULT, "content": WITHHELD}]
    items = [{"type": "function_call_output", "call_id": "f1", "output": "bad"}]
    assert without({"input": items}, ["/input/0"]) == {"input": [{**items[0], "output": WITHHELD}]}
    block = {"type": "tool_result", "tool_use_id": "t1", "content": "bad"}
    mixed = {"role": "user", "content": [block, {"type": "text", "text": "bad too"}]}
    assert without([mixed], ["/0"]) == [{**mixed, "content": [{**block, "content": WITHHELD}]}]


def test_a_call_goes_with_its_result() -> None:
    assert without([_user("a"), CALL, RESULT, _user("b")], ["/1"]) == [_user("a"), _user("b")]
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "input": {}}]}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "page"}
    text = {"type": "text", "text": "so?"}
    answered = {"role": "user", "content": [result, text]}
    assert without([use, answered], ["/0"]) == [{**answered, "content": [text]}]
    assert without([use, {**answered, "content": [result]}], ["/0"]) == []
    call = {"type": "function_call", "call_id": "f1", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "f1", "output": "x"}
    assert without([call, output], ["/0"]) == []


def test_requests_lose_documents_and_system_texts() -> None:
    request = {"system": "bad", "documents": ["a", "b"], "messages": [_user("a")], "model": "m"}
    left = without(request, ["/system", "/documents/1"])
    assert left == {"documents": ["a"], "messages": [_user("a")], "model": "m"}
    assert without({"input": "bad", "model": "m"}, ["/input"]) == {"model": "m"}
