"""What takes the place of a value: placeholder, mask, keyed hash, sealed or made-up value."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Sequence
from hashlib import sha256

from aidefence.domain.rewrite import ChangeKind, Edit, Rewrite, rewrite
from aidefence.domain.sanitising import Located, Operator, Treatment, Wanted, placeholder
from aidefence.ports.cipher import Cipher
from aidefence.respond.synthetic import synthesise

_HASH_HEX = 16
_SEALED = re.compile(r"\[([A-Z][A-Z0-9_]{0,63}):sealed:([A-Za-z0-9_-]{38,1000000}={0,2})\]")
_MASK = "*"
# Of a short value, what is kept would tell too much.
_KEPT_SHARE_MAX = 0.5


def treat(
    text: str, found: Sequence[Located], wanted: Wanted, cipher: Cipher | None = None
) -> Rewrite:
    """Replace values that stand in rising order and do not overlap."""
    return rewrite(text, _edits(text, found, wanted, cipher))


def unseal(text: str, key: bytes, cipher: Cipher) -> Rewrite:
    """Put back what `encrypt` sealed under this key; what another key sealed stays."""
    return rewrite(text, _opened(text, encryption_key(key), cipher))


def encryption_key(key: bytes) -> bytes:
    """Derive what seals from what the caller holds: no key serves two ends."""
    return hmac.digest(key, b"aidefence redact encrypt", sha256)


def _edits(
    text: str, found: Sequence[Located], wanted: Wanted, cipher: Cipher | None
) -> Iterator[Edit]:
    for it in found:
        treatment = wanted.treatment(it.entity)
        if treatment.operator is Operator.KEEP:
            continue
        new = _value(it.span.of(text), it.entity, treatment, wanted.key or b"", cipher)
        kind = ChangeKind(treatment.operator.value)
        yield Edit(it.span.start, it.span.end, new, kind, it.reason, it.entity)


def _value(value: str, entity: str, treatment: Treatment, key: bytes, cipher: Cipher | None) -> str:
    match treatment.operator:
        case Operator.MASK:
            return mask(value, treatment.keep_last)
        case Operator.HASH:
            data = f"{entity}\0{value}".encode("utf-8", "surrogatepass")
            digest = hmac.digest(key, b"aidefence redact hash\0" + data, sha256).hex()
            return f"[{entity.upper()}:{digest[:_HASH_HEX]}]"
        case Operator.ENCRYPT if cipher is not None:
            data = value.encode("utf-8", "surrogatepass")
            sealed = cipher.seal(encryption_key(key), data, entity.upper().encode())
            return f"[{entity.upper()}:sealed:{urlsafe_b64encode(sealed).decode()}]"
        case Operator.SYNTHETIC:
            return synthesise(value, entity, key)
        case _:
            return placeholder(entity)


def mask(value: str, keep_last: int) -> str:
    """Cover letters and digits except the last ones, of which no more than half stays."""
    places = [at for at, it in enumerate(value) if it.isalnum()]
    kept = min(keep_last, int(len(places) * _KEPT_SHARE_MAX))
    covered = set(places[: len(places) - kept])
    return "".join(_MASK if at in covered else it for at, it in enumerate(value))


def _opened(text: str, key: bytes, cipher: Cipher) -> Iterator[Edit]:
    for match in _SEALED.finditer(text):
        try:
            sealed = urlsafe_b64decode(match[2])
        except (Base64Error, ValueError):
            continue
        value = cipher.unseal(key, sealed, match[1].encode())
        if value is not None:
            told = value.decode("utf-8", "surrogatepass")
            start, end = match.span()
            yield Edit(start, end, told, ChangeKind.RESTORE, "sealed value", match[1].lower())
