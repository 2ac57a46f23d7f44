"""What a client wants inspected, in the shapes that all doors take."""

from __future__ import annotations

from dataclasses import dataclass, field

from aidefence.delivery.http.incoming import Incoming
from aidefence.delivery.http.patience import Patience
from aidefence.delivery.http.problems import invalid, too_large, unsupported
from aidefence.domain.content import Inspection
from aidefence.domain.enums import Direction, Origin
from aidefence.domain.errors import ContentError
from aidefence.ingest.messages import read

_MEDIA = ("url", "base64")
_FIELDS = ("text", "messages", "documents", "system")
_EXPECTED = "`text`, `messages`, `documents`, `system`"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for."""

    body_bytes_max: int = 8 << 20
    body_seconds_max: float = 30.0
    content_code_points_max: int = 1 << 20
    batch_requests_max: int = 1000
    incoming: Incoming = field(default_factory=Incoming)
    """What all of them together may hold."""
    patience: Patience = field(default_factory=Patience)
    """Who among them is late."""


def read_content(
    given: str | list[object] | dict[str, object],
    limits: Limits,
    pointer: str,
    *,
    origin: Origin = Origin.USER,
    direction: Direction = Direction.INPUT,
) -> str | Inspection:
    """Understand a content: a text, messages, or an object with text, messages or documents.

    Texts that do not say from whom they come are taken for `origin`. A text of a user on its way
    to the model stays a text: that is most of all traffic.

    Raises:
        Refusal: it is none of these, or larger than the limits allow; it names the place.

    """
    if isinstance(given, dict):
        _check_fields(given, pointer)
        if "text" in given:
            pointer, given = f"{pointer}/text", _text(given["text"], f"{pointer}/text")
    if isinstance(given, str):
        _measure(len(given), limits, pointer)
        if origin is Origin.USER and direction is Direction.INPUT:
            return given
    try:
        inspection = read(given, origin=origin, direction=direction)  # type: ignore[arg-type]  # it checks
    except ContentError as error:
        raise invalid(f"{pointer}{error.path}", error.reason) from None
    if not inspection.contents and not inspection.unread:
        raise invalid(pointer, "there is no content in it")
    _measure(sum(len(content.text) for content in inspection.contents), limits, pointer)
    return inspection


def _check_fields(given: dict[str, object], pointer: str) -> None:
    media = next((name for name in _MEDIA if name in given), None)
    if media:
        raise unsupported(f"{pointer}/{media}", "only text is inspected by this version")
    for name in given:
        if name not in _FIELDS:
            raise invalid(f"{pointer}/{name}", f"unknown field: expected {_EXPECTED}")
    if not given or ("text" in given and len(given) > 1):
        raise invalid(pointer, f"expected either `text`, or some of {_EXPECTED}")


def _text(value: object, pointer: str) -> str:
    if not isinstance(value, str):
        raise invalid(pointer, "expected text")
    return value


def _measure(length: int, limits: Limits, pointer: str) -> None:
    if length > limits.content_code_points_max:
        raise too_large(
            pointer, f"{length} code points are more than {limits.content_code_points_max}"
        )
