# ruff: noqa: RUF001 - letters that look like others are the point
"""Ways to write a text so that it does not look like itself."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable
from urllib.parse import quote

_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_ALIKE = str.maketrans("aceopxyABEHKMOPTX", "асеорхуАВЕНКМОРТХ")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _caesar(text: str, step: int = 3) -> str:
    def moved(letter: str) -> str:
        if not (letter.isascii() and letter.isalpha()):
            return letter
        base = ord("a") if letter.islower() else ord("A")
        return chr((ord(letter) - base + step) % 26 + base)

    return "".join(moved(letter) for letter in text)


CODECS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("base64", lambda text: base64.b64encode(text.encode()).decode()),
    ("base64url", lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")),
    ("hex", lambda text: text.encode().hex()),
    ("hex bytes", lambda text: text.encode().hex(" ")),
    ("\\u", lambda text: "".join(f"\\u{ord(letter) & 0xFFFF:04x}" for letter in text)),
    ("rot13", lambda text: codecs.encode(text, "rot13")),
    ("caesar-3", _caesar),
    ("URL", quote),
    ("base32", lambda text: base64.b32encode(text.encode()).decode()),
    ("HTML", lambda text: "".join(f"&#{ord(letter)};" for letter in text)),
    ("reversed", lambda text: text[::-1]),
    ("binary", lambda text: " ".join(f"{byte:08b}" for byte in text[:60].encode())),
    ("leet", lambda text: text.translate(_LEET)),
    ("wide", lambda text: text.translate(_WIDE)),
    ("look-alike", lambda text: text.translate(_ALIKE)),
    ("spaced", " ".join),
    ("dashed", lambda text: "-".join(text.replace(" ", "_"))),
    ("zero-width", "\u200b".join),
    ("soft hyphen", "\u00ad".join),
    ("combining", lambda text: "".join(f"{at}\u0336" if at.isalpha() else at for at in text)),
    ("tag letters", lambda text: "".join(chr(0xE0000 + ord(at)) for at in text if ord(at) < 128)),
)
# Codecs that show nothing but what was already in Latin letters.
LATIN_ONLY = {"rot13", "caesar-3", "leet", "wide", "look-alike", "tag letters"}

BARE = (
    "{q}",
    "payload={q}",
    "{codec}: {q}",
    '{"encoding": "{codec}", "data": "{q}"}',
    "-----BEGIN MESSAGE-----\n{q}\n-----END MESSAGE-----",
    "X-Note: {q}",
    "<data enc='{codec}'>{q}</data>",
)
