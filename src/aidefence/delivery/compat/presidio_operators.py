"""What Presidio's anonymizer does to values that its caller has found, and the way back."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256, sha512
from importlib import import_module
from typing import Any

from msgspec import Struct

from aidefence.delivery.http.problems import invalid

_DEFAULT = "DEFAULT"
_IV_LEN = 16
_BLOCK_BITS = 128
_KEY_LENGTHS = (16, 24, 32)
_SALT_LEN = 16
_HASHES = {"sha256": sha256, "sha512": sha512}
_LOCATED_MAX = 100_000


class Located(Struct):
    """Where a value stands. What else is said of it is read by nobody."""

    start: int
    end: int
    entity_type: str
    score: float = 0.0


class Operator(Struct):
    """What is done to values of a kind."""

    type: str = "replace"
    new_value: str | None = None
    masking_char: str = "*"
    chars_to_mask: int = 0
    from_end: bool = False
    hash_type: str = "sha256"
    salt: str | None = None
    key: str | None = None


class Anonymizing(Struct):
    """What the anonymizer is asked."""

    text: str
    analyzer_results: list[Located] = []
    anonymizers: dict[str, Operator] | None = None


class Anonymized(Struct):
    """What is asked to be put back."""

    text: str
    anonymizer_results: list[Located] = []
    deanonymizers: dict[str, Operator] | None = None


_Treat = Callable[[str, str, Operator], str]


def anonymize(given: Anonymizing) -> dict[str, object]:
    """Put something else in the place of values.

    Raises:
        Refusal: a place is not in the text, or an operator is unknown or lacks a part.

    """
    found = _apart(given.analyzer_results, len(given.text), "/analyzer_results")
    return _rewritten(given.text, found, given.anonymizers or {}, OPERATORS, "replace")


def deanonymize(given: Anonymized) -> dict[str, object]:
    """Put values back that were encrypted.

    Raises:
        Refusal: a place is not in the text, or does not open with its key.

    """
    found = _apart(given.anonymizer_results, len(given.text), "/anonymizer_results")
    return _rewritten(given.text, found, given.deanonymizers or {}, {"decrypt": _decrypt}, "")


def _rewritten(
    text: str,
    found: Sequence[Located],
    operators: Mapping[str, Operator],
    known: Mapping[str, _Treat],
    usual: str,
) -> dict[str, object]:
    pieces: list[str] = []
    items: list[dict[str, object]] = []
    at = length = 0
    # Without a salt of the caller's, one for all values of this call: equal ones stay equal.
    salt = base64.b64encode(os.urandom(_SALT_LEN)).decode()
    for it in found:
        operator = operators.get(it.entity_type) or operators.get(_DEFAULT) or Operator(usual)
        treat = known.get(operator.type)
        if treat is None:
            names = ", ".join(sorted(known))
            raise invalid("/anonymizers", f"invalid operator `{operator.type}`: expected {names}")
        operator.salt = operator.salt or salt
        new = treat(text[it.start : it.end], it.entity_type, operator)
        pieces += (text[at : it.start], new)
        length += it.start - at
        told = {"start": length, "end": length + len(new), "entity_type": it.entity_type}
        items.append({**told, "text": new, "operator": operator.type})
        length += len(new)
        at = it.end
    pieces.append(text[at:])
    return {"text": "".join(pieces), "items": items[::-1]}


def _apart(found: Sequence[Located], length: int, path: str) -> list[Located]:
    """Order places, and shorten those that overlap: every letter is treated once, none is left."""
    if len(found) > _LOCATED_MAX:
        raise invalid(path, f"{len(found)} places are more than {_LOCATED_MAX}")
    for at, it in enumerate(found):
        if not 0 <= it.start <= it.end <= length:
            raise invalid(f"{path}/{at}", f"{it.start} to {it.end} is not in the text")
    apart: list[Located] = []
    for it in sorted(found, key=lambda it: (it.start, -it.end, -it.score)):
        start = max(it.start, apart[-1].end) if apart else it.start
        if start < it.end:
            apart.append(Located(start, it.end, it.entity_type, it.score))
    return apart


def _replace(_: str, entity: str, operator: Operator) -> str:
    return f"<{entity}>" if operator.new_value is None else operator.new_value


def _redact(_: str, __: str, ___: Operator) -> str:
    return ""


def _keep(text: str, _: str, __: Operator) -> str:
    return text


def _mask(text: str, _: str, operator: Operator) -> str:
    if len(operator.masking_char) != 1:
        raise invalid("/anonymizers", "`masking_char` is one character")
    count = max(0, min(operator.chars_to_mask, len(text)))
    masked = operator.masking_char * count
    return text[: len(text) - count] + masked if operator.from_end else masked + text[count:]


def _hash(text: str, _: str, operator: Operator) -> str:
    function = _HASHES.get(operator.hash_type)
    if function is None:
        raise invalid("/anonymizers", f"unknown `hash_type`: expected {', '.join(_HASHES)}")
    salted = text.encode("utf-8", "surrogatepass") + (operator.salt or "").encode()
    return function(salted).hexdigest()


def _encrypt(text: str, _: str, operator: Operator) -> str:
    padder = _padding().padder()
    padded = padder.update(text.encode("utf-8", "surrogatepass")) + padder.finalize()
    start = os.urandom(_IV_LEN)
    encryptor = _cipher(_key(operator), start).encryptor()
    sealed = encryptor.update(padded) + encryptor.finalize()
    return base64.urlsafe_b64encode(start + sealed).decode()


def _decrypt(text: str, _: str, operator: Operator) -> str:
    key = _key(operator)
    try:
        data = base64.b64decode(text.translate(_STANDARD), validate=True)
        decryptor = _cipher(key, data[:_IV_LEN]).decryptor()
        padded = decryptor.update(data[_IV_LEN:]) + decryptor.finalize()
        unpadder = _padding().unpadder()
        opened: bytes = unpadder.update(padded) + unpadder.finalize()
        return opened.decode("utf-8", "surrogatepass")
    except (ValueError, binascii.Error):
        # One word for all that may be wrong: whoever guesses learns nothing from it.
        raise invalid("/anonymizer_results", "a value does not open with its key") from None


def _cipher(key: bytes, start: bytes) -> Any:  # noqa: ANN401 -- loaded when a value is encrypted
    ciphers: Any = import_module("cryptography.hazmat.primitives.ciphers")
    return ciphers.Cipher(ciphers.algorithms.AES(key), ciphers.modes.CBC(start))


def _padding() -> Any:  # noqa: ANN401 -- the same
    return import_module("cryptography.hazmat.primitives.padding").PKCS7(_BLOCK_BITS)


def _key(operator: Operator) -> bytes:
    key = (operator.key or "").encode("utf-8", "surrogatepass")
    if len(key) not in _KEY_LENGTHS:
        raise invalid("/anonymizers", "`key` has 16, 24 or 32 bytes")
    return key


# Both alphabets of base64 are understood.
_STANDARD = str.maketrans("-_", "+/")
OPERATORS: Mapping[str, _Treat] = {
    "replace": _replace,
    "redact": _redact,
    "keep": _keep,
    "mask": _mask,
    "hash": _hash,
    "encrypt": _encrypt,
}
