"""The arguments of a call, taken apart: every text with its place and the name it stands under."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aidefence.domain.canonical import canonical, escape_key
from aidefence.domain.errors import ContentError, LimitError
from aidefence.service.tool_texts import words_of

ARGUMENTS_MAX = 16 << 20
_TEXTS_MAX = 20_000
_DEPTH_MAX = 64
_TO = frozenset(
    {"to", "cc", "bcc", "recipient", "recipients", "receiver", "email", "mail", "address", "phone",
     "number", "url", "uri", "link", "endpoint", "host", "webhook", "channel", "account", "iban",
     "payee", "beneficiary", "destination", "target", "user", "username", "handle", "attendees",
     "participants", "invitees", "wallet", "empfaenger", "destinatario", "destinataire", "кому",
     "получатель", "收件人", "宛先", "받는사람"}
)  # fmt: skip
_NAME = re.compile(r"[\w.$@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Argument:
    """One text or number in the arguments; `key` is the nearest name above it, as words."""

    pointer: str
    key: str
    text: str

    @property
    def is_address(self) -> bool:
        """Whether it says where something goes."""
        return not _TO.isdisjoint(self.key.split())


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one call."""

    value: object
    texts: tuple[Argument, ...]
    is_json: bool = True
    twice: tuple[str, ...] = ()


def read_arguments(given: object) -> Arguments:
    """Read arguments as an object, or as the JSON text that models write.

    Raises:
        ContentError: they are neither.
        LimitError: they are too large.

    """
    if not isinstance(given, str):
        if len(canonical(given)) > ARGUMENTS_MAX:
            raise LimitError("characters of arguments", len(canonical(given)), ARGUMENTS_MAX)
        return Arguments(given, _texts(given))
    if len(given) > ARGUMENTS_MAX:
        raise LimitError("characters of arguments", len(given), ARGUMENTS_MAX)
    if not given.strip():
        return Arguments({}, ())
    twice: list[str] = []
    try:
        value = json.loads(given, object_pairs_hook=lambda pairs: _object(pairs, twice))
        canonical(value)
    except (ValueError, RecursionError, ContentError):
        return Arguments(given, (Argument("", "", given),), is_json=False)
    return Arguments(value, _texts(value), twice=tuple(dict.fromkeys(twice)))


def _object(pairs: list[tuple[str, object]], twice: list[str]) -> dict[str, object]:
    read: dict[str, object] = {}
    for key, value in pairs:
        if key in read:
            twice.append(key)
        read[key] = value
    return read


def _texts(value: object) -> tuple[Argument, ...]:
    found: list[Argument] = []
    for argument in _walk(value):
        found.append(argument)
        if len(found) > _TEXTS_MAX:
            raise LimitError("values in arguments", len(found), _TEXTS_MAX)
    return tuple(found)


def _walk(value: object) -> Iterator[Argument]:
    waiting: list[tuple[object, str, str]] = [(value, "", "")]
    while waiting:
        value, pointer, key = waiting.pop()
        if isinstance(value, str):
            yield Argument(pointer, key, value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield Argument(pointer, key, str(value))
        elif isinstance(value, Mapping):
            for name, inner in list(value.items())[::-1]:
                words, place = words_of(name).lower(), f"{pointer}/{escape_key(name)}"
                waiting.append((inner, place, words))
                if not _NAME.fullmatch(name):
                    # What is no name may be anything: it is read like a value.
                    waiting.append((name, place, ""))
        elif isinstance(value, Sequence):
            waiting += [(it, f"{pointer}/{at}", key) for at, it in enumerate(value)][::-1]
