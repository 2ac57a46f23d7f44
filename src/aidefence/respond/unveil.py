"""Write out what stands in a text as a code: percent, entities, escapes, base64, hex."""

from __future__ import annotations

import html
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

from aidefence.domain.content import Degraded
from aidefence.domain.rewrite import ChangeKind, Edit, Rewrite, rewrite

_DEPTH_MAX = 4
_SHARE_READABLE_MIN = 0.9
_READABLE_MIN = 4
_LEFT = Degraded("neutralize.decode", f"codes lie deeper than {_DEPTH_MAX} layers: those stay")

# `&lt;` before a tag is what makes it harmless: that stays.
_SEARCH = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|lt(?!;[A-Za-z/!?])|gt|amp|quot|apos|nbsp|colon|sol|lpar"
    r"|rpar|lsqb|rsqb|excl|Tab|NewLine);)"
    r"|(?P<escape>(?:\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})+)"
    r"|(?P<hex>(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}){8,}(?![0-9A-Za-z]))"
    r"|(?P<base64>(?<![0-9A-Za-z+/_=-])[0-9A-Za-z+/_-]{16,}={0,2}(?![0-9A-Za-z+/_=-]))"
)
_ESCAPES = re.compile(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})")
_NAMES = {
    "percent": "percent codes",
    "entity": "HTML entity",
    "escape": "escaped characters",
    "hex": "hexadecimal text",
    "base64": "base64 text",
}


def unveil(text: str) -> Rewrite:
    """Decode until nothing more can be decoded, or the limit is reached; then it says so."""
    done = Rewrite(text)
    for _ in range(_DEPTH_MAX):
        layer = rewrite(done.text, _edits(done.text))
        if not layer.changed:
            return done
        done = done.then(layer)
    left = any(True for _ in _edits(done.text))
    return done.then(Rewrite(done.text, degraded=(_LEFT,))) if left else done


def _edits(text: str) -> Iterator[Edit]:
    for match in _SEARCH.finditer(text):
        what = str(match.lastgroup)
        decoded = _DECODERS[what](match[0])
        if decoded is not None and decoded != match[0]:
            reason = f"written as {_NAMES[what]}"
            yield Edit(match.start(), match.end(), decoded, ChangeKind.DECODE, reason)


def _percent(code: str) -> str | None:
    return _read(unquote_to_bytes(code))


def _entity(code: str) -> str | None:
    decoded = html.unescape(code)
    return None if "\ufffd" in decoded else decoded


def _escape(code: str) -> str | None:
    units = b"".join(
        int(wide or narrow, 16).to_bytes(2, "big") for wide, narrow in _ESCAPES.findall(code)
    )
    return units.decode("utf-16-be", "replace")


def _hex(code: str) -> str | None:
    return _read(bytes.fromhex(code), prose=True)


def _base64(code: str) -> str | None:
    body = code.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _read(b64decode(body + "=" * (-len(body) % 4), validate=True), prose=True)
    except Base64Error:
        return None


def _read(data: bytes, *, prose: bool = False) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if not prose:
        return text
    readable = sum(1 for it in text if it.isprintable() or it in "\n\t")
    told = len(text) >= _READABLE_MIN and readable >= _SHARE_READABLE_MIN * len(text)
    return text if told else None


_DECODERS: dict[str, Callable[[str], str | None]] = {
    "percent": _percent,
    "entity": _entity,
    "escape": _escape,
    "hex": _hex,
    "base64": _base64,
}
