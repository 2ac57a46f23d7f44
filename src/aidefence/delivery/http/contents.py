"""What a client wants inspected, in the shapes that all doors take."""

from __future__ import annotations

from dataclasses import dataclass

from aidefence.delivery.http.problems import invalid, too_large, unsupported
from aidefence.domain.content import Inspection
from aidefence.domain.errors import ContentError
from aidefence.ingest.messages import read

_MEDIA = ("url", "base64")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for."""

    body_bytes_max: int = 8 << 20
    content_code_points_max: int = 1 << 20
    batch_requests_max: int = 1000


def read_content(
    given: str | list[object] | dict[str, object], limits: Limits, pointer: str
) -> str | Inspection:
    """Understand a content: a text, messages, or an object with one of them.

    Raises:
        Refusal: it is none of these, or larger than the limits allow; it names the place.

    """
    if isinstance(given, str):
        _measure(len(given), limits, pointer)
        return given
    if isinstance(given, dict):
        key, value = _only_field(given, pointer)
        pointer = f"{pointer}/{key}"
        if key == "text":
            return read_content(_text(value, pointer), limits, pointer)
        given = _messages(value, pointer)
    try:
        inspection = read(given)  # type: ignore[arg-type]  # read() is the check
    except ContentError as error:
        raise invalid(f"{pointer}{error.path}", error.reason) from None
    if not inspection.contents and not inspection.unread:
        raise invalid(pointer, "there is no content in it")
    _measure(sum(len(content.text) for content in inspection.contents), limits, pointer)
    return inspection


def _only_field(given: dict[str, object], pointer: str) -> tuple[str, object]:
    media = next((name for name in _MEDIA if name in given), None)
    if media:
        raise unsupported(f"{pointer}/{media}", "only text is inspected by this version")
    for name in given:
        if name not in {"text", "messages"}:
            raise invalid(f"{pointer}/{name}", "unknown field: expected `text` or `messages`")
    if len(given) != 1:
        raise invalid(pointer, "expected either `text` or `messages`")
    return next(iter(given.items()))


def _text(value: object, pointer: str) -> str:
    if not isinstance(value, str):
        raise invalid(pointer, "expected text")
    return value


def _messages(value: object, pointer: str) -> list[object]:
    if not isinstance(value, list):
        raise invalid(pointer, "expected an array of messages")
    return value


def _measure(length: int, limits: Limits, pointer: str) -> None:
    if length > limits.content_code_points_max:
        raise too_large(
            pointer, f"{length} code points are more than {limits.content_code_points_max}"
        )
