"""Every refusal is a problem document that names the field."""

import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

Ask = Callable[..., httpx.Response]

PATH = "/api/v2/detect"


_DEEP = b'{"content": ' + b"[" * 40_000 + b"]" * 40_000 + b"}"


def _problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, object] = answer.json()
    assert set(document) == {"type", "title", "status", "detail", "errors"}
    assert document["status"] == status
    return document


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/content"),
        ([], ""),
        ({"content": None}, "/content"),
        ({"content": 5}, "/content"),
        ({"content": []}, "/content"),
        ({"content": {}}, "/content"),
        ({"content": {"text": 5}}, "/content/text"),
        ({"content": {"text": "a", "messages": []}}, "/content"),
        ({"content": {"txt": "a"}}, "/content/txt"),
        ({"content": {"url": "http://example.com"}}, "/content/url"),
        ({"content": {"base64": "aGk="}}, "/content/base64"),
        ({"content": {"messages": [{"role": "moon"}]}}, "/content/messages/0/role"),
        ({"content": [{"role": "user", "content": 5}]}, "/content/0/content"),
        ({"content": "x", "contentType": "image"}, "/contentType"),
        ({"content": "x", "contentType": "smell"}, "/contentType"),
        ({"content": "x", "unknown": 1}, "/unknown"),
        ({"content": "x", "a/b~c": 1}, "/a~1b~0c"),
        ({"content": "x", "options": {"threshold": 2}}, "/options/threshold"),
        ({"content": "x", "options": {"threshold": "high"}}, "/options/threshold"),
        ({"content": "x", "options": {"detectors": ["magic"]}}, "/options/detectors/0"),
        ({"content": "x", "options": {"priority": "soon"}}, "/options/priority"),
        ({"content": "x", "options": {"webhook": "https://a.example"}}, "/options/webhook"),
        ({"content": "x", "options": {"explain": True}}, "/options/explain"),
        ({"content": "x", "context": {"userId": 7}}, "/context/userId"),
        ({"content": "x", "context": {"user": "u"}}, "/context/user"),
    ],
)
def test_the_wrong_field_is_named(ask: Ask, body: object, pointer: str) -> None:
    problem = _problem(ask("POST", PATH, json=body), 422)
    assert problem["errors"][0]["pointer"] == pointer  # type: ignore[index]


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"content": "\xff"}', _DEEP])
def test_what_is_not_json(ask: Ask, body: bytes) -> None:
    _problem(ask("POST", PATH, content=body, headers={"content-type": "application/json"}), 400)


def test_another_media_type(ask: Ask) -> None:
    _problem(ask("POST", PATH, content=b"x", headers={"content-type": "text/plain"}), 415)


def test_limits(ask: Ask) -> None:
    content = ask("POST", PATH, json={"content": "x" * 20_001})
    assert _problem(content, 413)["errors"][0]["pointer"] == "/content"  # type: ignore[index]
    assert ask("POST", PATH, json={"content": "x" * 20_000}).status_code == 200
    messages = [{"role": "user", "content": "x" * 15_000}] * 2
    _problem(ask("POST", PATH, json={"content": messages}), 413)
    _problem(ask("POST", PATH, json={"content": "x" * 100_001}), 413)


def test_a_body_without_a_length_is_measured_too(ask: Ask) -> None:
    body = json.dumps({"content": "x" * 100_001}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 1000):
            yield body[at : at + 1000]

    headers = {"content-type": "application/json"}
    _problem(ask("POST", PATH, content=chunks(), headers=headers), 413)


def test_a_body_in_chunks_is_put_together(ask: Ask) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"conte'
        yield b'nt": "hi"}'

    headers = {"content-type": "application/json"}
    assert ask("POST", PATH, content=chunks(), headers=headers).status_code == 200


def test_unknown_places_and_methods(ask: Ask) -> None:
    _problem(ask("GET", "/nowhere"), 404)
    _problem(ask("POST", "/healthz"), 405)
    answer = ask("GET", PATH)
    _problem(answer, 405)
    assert answer.headers["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(
    ("path", "methods"),
    [(PATH, {"POST", "OPTIONS"}), ("/healthz", {"GET", "HEAD", "OPTIONS"})],
)
def test_options_tell_the_methods(ask: Ask, path: str, methods: set[str]) -> None:
    answer = ask("OPTIONS", path)
    assert answer.status_code == 204
    assert set(answer.headers["allow"].split(", ")) == methods


def test_refusals_are_counted(ask: Ask) -> None:
    ask("POST", PATH, json={})
    ask("POST", PATH, content=b"{", headers={"content-type": "application/json"})
    counts = ask("GET", "/metrics").text
    assert 'aidefence_refusals_total{door="rest",status="422"} 1.0' in counts
    assert 'aidefence_refusals_total{door="rest",status="400"} 1.0' in counts
