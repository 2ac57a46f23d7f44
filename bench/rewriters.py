"""Every disguise that tier 0 undoes, and which can be laid over one another."""

# ruff: noqa: RUF001 - look-alike letters are what this is about

from __future__ import annotations

import base64
import codecs
import html
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from random import Random
from urllib.parse import quote_from_bytes

Make = Callable[[str, Random], str]
Test = Callable[[str], bool]

# Of what can be seen, the share that a disguise must be able to change; below, the text stays
# readable through it.
_SHARE_MIN = 0.7
_COVERS = (
    "Thanks, that was a lovely evening 🙂",
    "Have a nice weekend 🌻",
    "See you on Monday 👋",
    "Buen día 🙂",
    "Schönes Wochenende 🌻",
    "好的，谢谢 🙂",
)


@dataclass(frozen=True, slots=True)
class Disguise:
    """A way to write a text so that a filter does not know it.

    `loses` names what a text written so no longer tells: the case of letters, which of them are
    `digits`, how long `runs` of one character are, `spaces`, how wide a `gap` is, what stood side
    by side (`joins`), or `signs` other than letters and digits. `needs` names what must not be lost
    if it is to be read back.
    """

    name: str
    group: str
    make: Make
    carries: Test
    loses: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    twice: bool = False

    def write(self, text: str, dice: Random) -> str | None:
        """Return the text in disguise, nothing where it cannot carry the text."""
        if not self.carries(text):
            return None
        written = self.make(text, dice)
        return None if written == text else written


def sensible_pairs() -> list[tuple[Disguise, Disguise]]:
    """Return the pairs, inner first, in which the outer leaves what reading the inner needs."""
    return [
        (inner, outer)
        for inner, outer in product(DISGUISES, DISGUISES)
        if not inner.needs & outer.loses and (inner is not outer or inner.twice)
    ]


def _mostly(is_able: Test) -> Test:
    def test(text: str) -> bool:
        visible = [letter for letter in text if not letter.isspace()]
        able = sum(is_able(letter) for letter in visible)
        return able >= 4 and able >= _SHARE_MIN * len(visible)

    return test


def _any(text: str) -> bool:
    return bool(text.strip())


def _is_plain_letter(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def _is_plain_word(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _is_plain(letter: str) -> bool:
    return "!" <= letter <= "~"


def _has_case(letter: str) -> bool:
    return len(letter.swapcase()) == 1 and letter.swapcase() != letter


def _is_spaced(letter: str) -> bool:
    return letter.isalpha() and unicodedata.east_asian_width(letter) not in "WF"


def _reads_rightwards(text: str) -> bool:
    return _any(text) and not any(unicodedata.bidirectional(it) in {"R", "AL"} for it in text)


def _has_words(text: str) -> bool:
    return text.count(" ") >= 3 and _mostly(_is_spaced)(text)


def _clusters(text: str) -> list[str]:
    """Letters with the marks that belong to them."""
    found: list[str] = []
    for letter in text:
        if found and unicodedata.category(letter).startswith("M"):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _each(change: Callable[[str, Random], str]) -> Make:
    return lambda text, dice: "".join(change(letter, dice) for letter in text)


def _case(text: str, dice: Random) -> str:
    match dice.randrange(3):
        case 0:
            return "".join(it.upper() if _has_case(it) else it for it in text)
        case 1:
            return "".join((it.upper, it.lower)[at % 2]() if _has_case(it) else it
                           for at, it in enumerate(text))  # fmt: skip
        case _:
            return "".join(dice.choice((it, it.swapcase())) if _has_case(it) else it for it in text)


def _full_width(letter: str, _: Random) -> str:
    if letter == " ":
        return "\u3000"
    return chr(ord(letter) + 0xFEE0) if _is_plain(letter) else letter


# First capital, first digit: bold, bold italic, bold script, bold Fraktur, three without serifs,
# typewriter. Styles with gaps in their row are left out.
_STYLES = (
    *((0x1D400, 0x1D7CE), (0x1D468, 0x1D7CE), (0x1D4D0, 0x1D7CE), (0x1D56C, 0x1D7CE)),
    *((0x1D5A0, 0x1D7E2), (0x1D5D4, 0x1D7EC), (0x1D670, 0x1D7F6)),
)


def _math(text: str, dice: Random) -> str:
    capital, digit = dice.choice(_STYLES)
    first = {"upper": capital - ord("A"), "lower": capital + 26 - ord("a"), "digit": digit - 48}

    def style(letter: str) -> str:
        if not _is_plain_word(letter):
            return letter
        kind = "digit" if letter.isdigit() else "upper" if letter.isupper() else "lower"
        return chr(ord(letter) + first[kind])

    return "".join(map(style, text))


def _circled(letter: str, _: Random) -> str:
    if not _is_plain_letter(letter):
        return letter
    return chr(ord(letter) + (0x24B6 - ord("A") if letter.isupper() else 0x24D0 - ord("a")))


def _squared(letter: str, dice: Random) -> str:
    first = dice.choice((0x1F130, 0x1F170))
    return chr(ord(letter.upper()) - ord("A") + first) if _is_plain_letter(letter) else letter


def _flags(letter: str, _: Random) -> str:
    # Something between them, or two neighbours show as the flag of a country.
    if not _is_plain_letter(letter):
        return letter
    return chr(ord(letter.upper()) - ord("A") + 0x1F1E6) + "\u200b"


_LOOK_ALIKES = dict(
    zip("aceiopsxyjhABCEHIKMOPTXYSvo", "асеіорѕхујһАВСЕНІКМОРТХУЅνο", strict=True)
) | dict(zip("асеіорхуАВСЕНКМОРТХ", "aceiopxyABCEHKMOPTX", strict=True))


def _look_alike(letter: str, dice: Random) -> str:
    return _LOOK_ALIKES.get(letter, letter) if dice.random() < 0.6 else letter


def _may_look_alike(letter: str) -> bool:
    return _is_plain_word(letter) or "\u0400" <= letter <= "\u04ff"


def _marked(text: str, dice: Random) -> str:
    def mark(cluster: str) -> str:
        if not cluster[0].isalnum():
            return cluster
        return cluster + "".join(
            chr(dice.randrange(0x300, 0x34F)) for _ in range(dice.randint(1, 3))
        )

    return "".join(map(mark, _clusters(text)))


def _between(signs: str, share: float) -> Make:
    def make(text: str, dice: Random) -> str:
        return "".join(
            letter + (dice.choice(signs) if not letter.isspace() and dice.random() < share else "")
            for letter in text
        )

    return make


def _bidi_override(text: str, _: Random) -> str:
    return "\n".join(f"\u202e{line[::-1]}\u202c" if line else "" for line in text.split("\n"))


def _tags(text: str, dice: Random) -> str:
    hidden = "".join(chr(0xE0000 + ord(it)) for it in text.replace("\n", " "))
    return dice.choice(_COVERS) + hidden


def _is_printable(text: str) -> bool:
    return _any(text) and all(" " <= it <= "~" or it == "\n" for it in text)


def _selectors(text: str, dice: Random) -> str:
    hidden = "".join(chr((0xFE00 if it < 16 else 0xE00F0) + it) for it in text.encode())
    return dice.choice(_COVERS) + hidden


def _emoji(text: str, dice: Random) -> str:
    return "".join(dice.choice("😀🔥🌟🎉🐱🍕🚀🌈") if it == " " else it for it in text)


def _spaced(text: str, _: Random) -> str:
    return "   ".join(" ".join(_clusters(word)) for word in text.split())


def _separated(text: str, dice: Random) -> str:
    free = [sign for sign in ".-_*|~" if sign not in text] or ["·"]
    sign = dice.choice(free)
    return " ".join(sign.join(_clusters(word)) for word in text.split())


def _glued(text: str, _: Random) -> str:
    return text.replace(" ", "")


_LEET = {"a": "4@", "b": "8", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}


def _leet(letter: str, dice: Random) -> str:
    signs = _LEET.get(letter.lower())
    return dice.choice(signs) if signs and dice.random() < 0.8 else letter


def _repeated(text: str, dice: Random) -> str:
    def stretch(word: str) -> str:
        places = [at for at, letter in enumerate(word) if letter.isalpha()]
        if len(places) < 3:
            return word
        at = dice.choice(places)
        return word[:at] + word[at] * dice.randint(3, 6) + word[at + 1 :]

    return " ".join(map(stretch, text.split(" ")))


def _base64(text: str, _: Random) -> str:
    return base64.b64encode(text.encode()).decode()


def _base64url(text: str, _: Random) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _base32(text: str, _: Random) -> str:
    return base64.b32encode(text.encode()).decode()


def _hex(text: str, dice: Random) -> str:
    data = text.encode()
    together = data.hex()
    marked = ", ".join(f"0x{byte:02x}" for byte in data)
    return dice.choice((together, together.upper(), data.hex(" "), data.hex(":"), marked))


def _binary(text: str, dice: Random) -> str:
    return dice.choice((" ", " ", "")).join(f"{byte:08b}" for byte in text.encode())


def _rot13(text: str, _: Random) -> str:
    return codecs.encode(text, "rot13")


def _url(text: str, dice: Random) -> str:
    if dice.random() < 0.5:
        return quote_from_bytes(text.encode(), safe="")
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _entities(letter: str, dice: Random) -> str:
    named = html.escape(letter)
    if named != letter:
        return named
    return dice.choice((f"&#{ord(letter)};", f"&#x{ord(letter):x};"))


def _escapes(text: str, dice: Random) -> str:
    braces = dice.random() < 0.3

    def escape(letter: str) -> str:
        code = ord(letter)
        if braces:
            return f"\\u{{{code:x}}}"
        return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    if text.isascii() and dice.random() < 0.3:
        return "".join(f"\\x{ord(letter):02x}" for letter in text)
    return "".join(map(escape, text))


def _quoted_printable(text: str, _: Random) -> str:
    coded = [f"={byte:02X}" for byte in text.encode()]
    lines = (coded[at : at + 25] for at in range(0, len(coded), 25))
    return "=\n".join(map("".join, lines))


# ITU-R M.1677-1.
_MORSE_SIGNS = """
    a.- b-... c-.-. d-.. e. f..-. g--. h.... i.. j.--- k-.- l.-.. m-- n-. o--- p.--. q--.- r.-. s...
    t- u..- v...- w.-- x-..- y-.-- z--.. 0----- 1.---- 2..--- 3...-- 4....- 5..... 6-.... 7--...
    8---.. 9----. ..-.-.- ,--..-- ?..--.. '.----. !-.-.-- /-..-. (-.--. )-.--.- &.-... :---...
    ;-.-.-. =-...- +.-.-. --....- _..--.- ".-..-. @.--.-."""
_MORSE = {sign[0]: sign[1:] for sign in _MORSE_SIGNS.split()}


def _morse(text: str, dice: Random) -> str:
    gap = dice.choice((" / ", "   ", " | "))
    bare = unicodedata.normalize("NFD", text.lower())
    words = (" ".join(_MORSE[it] for it in word if it in _MORSE) for word in bare.split())
    return gap.join(word for word in words if word)


def _reversed(text: str, _: Random) -> str:
    return text[::-1]


def _ascii85(text: str, dice: Random) -> str:
    return base64.a85encode(text.encode(), adobe=dice.random() < 0.5).decode()


_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_BIDI_MARKS = "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_LETTERS, _PLACES, _HIDDEN, _CODES = "letters", "places", "hidden", "codes"
_EXACT = frozenset({"digits", "runs", "signs"})
_CASED = _EXACT | {"case"}
_HIDING = frozenset({"signs", "case", "joins"})


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


DISGUISES: tuple[Disguise, ...] = (
    Disguise("case", _LETTERS, _case, _mostly(_has_case), loses=_set("case")),
    Disguise("full_width", _LETTERS, _each(_full_width), _mostly(_is_plain)),
    Disguise("math_letters", _LETTERS, _math, _mostly(_is_plain_word)),
    Disguise("circled", _LETTERS, _each(_circled), _mostly(_is_plain_letter)),
    Disguise("squared", _LETTERS, _each(_squared), _mostly(_is_plain_letter), loses=_set("case")),
    Disguise("flags", _LETTERS, _each(_flags), _mostly(_is_plain_letter), loses=_set("case")),
    Disguise("confusables", _LETTERS, _each(_look_alike), _mostly(_may_look_alike)),
    Disguise("leet", _LETTERS, _each(_leet), _mostly(_is_plain_letter), _set("digits", "case"),
             _set("signs")),
    Disguise("combining_marks", _PLACES, _marked, _mostly(str.isalnum), needs=_set("signs")),
    Disguise("zero_width", _PLACES, _between(_ZERO_WIDTH, 0.7), _any, needs=_set("signs")),
    Disguise("bidi_marks", _PLACES, _between(_BIDI_MARKS, 0.5), _any, needs=_set("signs")),
    Disguise("bidi_override", _PLACES, _bidi_override, _reads_rightwards, needs=_set("signs")),
    Disguise("emoji_gaps", _PLACES, _emoji, _has_words, _set("spaces", "gaps"), _set("signs")),
    Disguise("spaced", _PLACES, _spaced, _any, _set("gaps", "joins"), _set("spaces", "gaps")),
    Disguise("separators", _PLACES, _separated, _any, _set("gaps", "joins"),
             _set("signs", "spaces")),
    Disguise("repeats", _PLACES, _repeated, _mostly(_is_spaced), _set("runs"), _set("runs")),
    Disguise("glued", _PLACES, _glued, _has_words, _set("spaces", "gaps")),
    Disguise("tags", _HIDDEN, _tags, _is_printable, needs=_HIDING),
    Disguise("selectors", _HIDDEN, _selectors, _any, needs=_HIDING),
    Disguise("base64", _CODES, _base64, _any, needs=_CASED, twice=True),
    Disguise("base64url", _CODES, _base64url, _any, needs=_CASED, twice=True),
    Disguise("base32", _CODES, _base32, _any, needs=_EXACT, twice=True),
    Disguise("hex", _CODES, _hex, _any, needs=_EXACT, twice=True),
    Disguise("binary", _CODES, _binary, _any, needs=_EXACT),
    Disguise("rot13", _CODES, _rot13, _mostly(_is_plain_letter)),
    Disguise("url", _CODES, _url, _any, needs=_EXACT, twice=True),
    Disguise("html_entities", _CODES, _each(_entities), _any, needs=_EXACT, twice=True),
    Disguise("unicode_escapes", _CODES, _escapes, _any, needs=_EXACT | {"case"}),
    Disguise("quoted_printable", _CODES, _quoted_printable, _any, needs=_EXACT | {"gaps"}),
    Disguise("morse", _CODES, _morse, _mostly(_is_plain_word), _set("case", "signs", "gaps"),
             _set("signs", "spaces", "gaps")),
    Disguise("reversed", _CODES, _reversed, _any),
    Disguise("ascii85", _CODES, _ascii85, _any, needs=_CASED),
)  # fmt: skip
