"""Values and words of a text, told by their shape: addresses, accounts, numbers, names of tools."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from aidefence.domain.content import Span
from aidefence.domain.flow import Value, ValueKind
from aidefence.engine import normalize

TEXT_MAX = 200_000
VALUES_MAX = 512
WORDS_MAX = 20_000
SHINGLE_WORDS = 4
_WORD_MIN = 3
_NAMED_WORD_MIN = 4
_SHAPES = (
    (ValueKind.EMAIL, re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")),
    (
        ValueKind.HOST,
        re.compile(r"\b(?:https?|wss?|ftp)://[^\s\"'<>()\[\]{}|\\^`]{1,500}", re.IGNORECASE),
    ),
    (ValueKind.WALLET, re.compile(r"\b(?:0x[0-9a-fA-F]{40}|bc1[a-z0-9]{20,70})\b")),
    (ValueKind.ACCOUNT, re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")),
    (ValueKind.NUMBER, re.compile(r"(?<![\w.-])\+?\d[\d ()/-]{6,22}\d(?![\w-])")),
    (ValueKind.HANDLE, re.compile(r"(?<![\w.@])@[A-Za-z][\w]{2,30}\b")),
    (
        ValueKind.NAME,
        re.compile(r"\b(?:[A-Za-z][A-Za-z0-9]{0,40}(?:_[A-Za-z0-9]{1,40}){1,6}|"
                   r"(?:[A-Z]{1,8}|[A-Za-z][a-z0-9]{1,30})(?:[A-Z][a-z0-9]{1,30}){1,6}|"
                   r"(?<=[\"'`\u201c])[A-Za-z]\w{3,40}(?=[\"'`\u201d]))"),
    ),
)  # fmt: skip
_DATE = re.compile(r"(?:19|20)\d\d[-/ ]?\d\d?[-/ ]?\d\d?|\d\d?[-/]\d\d?[-/](?:19|20)\d\d")
_DIGITS_MIN = 8
# `From: Anna Smith <`, `"email": "`, `| `: what stands so is a field, not a sentence.
_FIELD = re.compile(
    r"(?:^|[{,;\[(|\t])\s*[\"']?[\w .-]{1,40}[\"']?\s*[:=]\s*[\"'\[(<]*\s*"
    r"(?:[A-Z][\w.'-]{0,40}[ \t]{1,3}){0,4}[\"'<(]{0,2}$|[|\t]\s*$|^\s*[-*]?\s*[\"'<]?$"
)
_BEFORE = 64
_HOST = re.compile(r"^[a-z]+://(?:[^/@\s]*@)?\[?([^/:?#\]\s]+)", re.IGNORECASE)
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_WORDS = re.compile(r"[^\W_]+")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{16,4000}={0,2}")
_ENCODED_MAX = 32
# Parts of addresses that name nobody.
_COMMON = frozenset(
    {"mail", "email", "info", "example", "http", "https", "contact", "support", "office", "team",
     "admin", "user", "test", "hello", "noreply", "reply", "data", "copy", "send"}
)  # fmt: skip


def values_of(text: str) -> tuple[Value, ...]:
    """Give the values of a text, in order of their kinds, at most 512."""
    found: list[Value] = []
    text = text[:TEXT_MAX]
    for kind, pattern in _SHAPES:
        for match in pattern.finditer(text):
            spelled = _spelled(kind, match[0])
            if spelled is None:
                continue
            line_start = text.rfind("\n", max(0, match.start() - _BEFORE), match.start()) + 1
            before = text[max(line_start, match.start() - _BEFORE) : match.start()]
            span = Span(match.start(), match.end())
            found.append(Value(kind, spelled, span, bool(_FIELD.search(before))))
            if len(found) >= VALUES_MAX:
                return tuple(found)
    return tuple(found)


def words_of_text(text: str) -> list[str]:
    """Give the words of a text as the engine reads it; scripts without spaces by pairs."""
    words: list[str] = []
    for word in _WORDS.findall(normalize(text[:TEXT_MAX])):
        if _UNSPACED.search(word) and len(word) > 1:
            words += (word[at : at + 2] for at in range(len(word) - 1))
        else:
            words.append(word)
        if len(words) >= WORDS_MAX:
            break
    return words


def shingles_of(words: list[str]) -> Iterator[str]:
    """Give all runs of four words; of fewer words the one run there is."""
    if len(words) < SHINGLE_WORDS:
        return
    for at in range(len(words) - SHINGLE_WORDS + 1):
        yield " ".join(words[at : at + SHINGLE_WORDS])


def naming_words(value: Value) -> Iterator[str]:
    """Give the words in an address by which a person would name it."""
    parts = value.text.rsplit(".", 1)[0] if value.kind is not ValueKind.NAME else value.text
    for word in _WORDS.findall(parts.replace("_", " ")):
        if len(word) >= _NAMED_WORD_MIN and not word.isdigit() and word not in _COMMON:
            yield word


def unwrapped(text: str) -> str:
    """Write out what stands in a text in percent codes, base64 or hex, behind the text itself."""
    parts = [text]
    plain = unquote_plus(text)
    if plain != text:
        parts.append(plain)
    for match in list(_ENCODED.finditer(plain))[:_ENCODED_MAX]:
        decoded = _decoded(match[0])
        if decoded:
            parts.append(decoded)
    return "\n".join(parts)


def is_word(word: str) -> bool:
    """Whether a word is long enough to name something."""
    return len(word) >= _WORD_MIN or bool(_UNSPACED.search(word))


def _spelled(kind: ValueKind, text: str) -> str | None:
    match kind:
        case ValueKind.HOST:
            host = _HOST.match(text)
            return None if host is None else host[1].lower().rstrip(".").removeprefix("www.")
        case ValueKind.NUMBER:
            digits = "".join(it for it in text if it.isdigit())
            return None if len(digits) < _DIGITS_MIN or _DATE.fullmatch(text.strip()) else digits
        case ValueKind.ACCOUNT:
            return text.replace(" ", "")
        case ValueKind.EMAIL | ValueKind.HANDLE:
            return text.lower().rstrip(".")
        case _:
            return text


def _decoded(text: str) -> str:
    try:
        if len(text) % 2 == 0 and re.fullmatch(r"[0-9a-fA-F]+", text):
            return bytes.fromhex(text).decode("utf-8")
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
