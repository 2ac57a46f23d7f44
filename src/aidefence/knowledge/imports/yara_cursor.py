"""A place in a YARA file, one token ahead."""

from __future__ import annotations

from aidefence.domain.errors import RuleError
from aidefence.knowledge.imports.yara_tokens import Kind, Source, Token, next_token

_ESCAPES = {"n": b"\n", "t": b"\t", "r": b"\r", '"': b'"', "\\": b"\\"}
_KEYWORDS = frozenset(
    (
        *("all", "and", "any", "ascii", "at", "base64", "base64wide"),
        *("condition", "contains", "defined", "endswith", "entrypoint", "false", "filesize"),
        *("for", "fullword", "global", "icontains", "iendswith", "iequals", "import"),
        *("in", "include", "istartswith", "matches", "meta", "nocase", "none"),
        *("not", "of", "or", "private", "rule", "startswith", "strings"),
        *("them", "true", "wide", "xor"),
    )
)
_HEX_DIGITS = 2


class Cursor:
    """Reads on, or says what was expected."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.token, self._next = next_token(source, 0)

    def step(self, *, into_value: bool = False) -> None:
        """Go on to the next token; `into_value` over the `=` before a value of its own."""
        self.token, self._next = next_token(self.source, self._next)
        if into_value:
            self.want("=")

    def jump(self, at: int) -> None:
        """Go on behind a character."""
        self.token, self._next = next_token(self.source, at)

    def skip(self, sign: str) -> bool:
        """Go over a sign, if it stands here."""
        if self.token.kind is not Kind.SIGN or self.token.text != sign:
            return False
        self.step()
        return True

    def skip_word(self, word: str) -> bool:
        """Go over a word, if it stands here."""
        if self.token.kind is not Kind.WORD or self.token.text != word:
            return False
        self.step()
        return True

    def want(self, wanted: str) -> None:
        """Go over a sign or word that must stand here."""
        if not (self.skip(wanted) or self.skip_word(wanted)):
            raise self.wrong(f"`{wanted}`")

    def word(self, what: str) -> Token:
        """A name that is no word of the language."""
        token = self.token
        if token.kind is not Kind.WORD or token.text in _KEYWORDS:
            raise self.wrong(what)
        self.step()
        return token

    def number(self) -> int:
        """A number that must stand here."""
        value = self.token.value
        if self.token.kind is not Kind.NUMBER:
            raise self.wrong("a number")
        self.step()
        return value

    def at_text(self) -> bool:
        """Whether a text stands here."""
        return self.token.kind is Kind.TEXT

    def text(self) -> str:
        """A text that must stand here, without its escapes."""
        token = self.token
        if token.kind is not Kind.TEXT:
            raise self.wrong("a text in quotation marks")
        self.step()
        return unescaped(self.source, token.text, token.at).decode("utf-8", "replace")

    def wrong(self, expected: str) -> RuleError:
        """The error for what stands here."""
        shown = f"`{self.token.text[:60]}`" if self.token.text else str(self.token.kind)
        return self.source.wrong(self.token.at, f"{shown} stands here", expected)


def unescaped(source: Source, quoted: str, at: int) -> bytes:
    """The bytes of a text in quotation marks that stands at a character of the file."""
    data, rest = bytearray(), quoted[1:-1]
    here = 0
    while here < len(rest):
        sign = rest[here]
        if sign != "\\":
            data += sign.encode("utf-8", "surrogatepass")
            here += 1
            continue
        escape = rest[here + 1 : here + 2]
        digits = rest[here + 2 : here + 4]
        if escape in _ESCAPES:
            data += _ESCAPES[escape]
            here += 2
        elif escape == "x" and len(digits) == _HEX_DIGITS and all(it in _HEXES for it in digits):
            data.append(int(digits, 16))
            here += 4
        else:
            raise source.wrong(
                at + 1 + here,
                f"`\\{escape}` is no escape",
                r"`\n`, `\t`, `\r`, `\"`, `\\` or `\x41`",
            )
    return bytes(data)


_HEXES = frozenset("0123456789abcdefABCDEF")
