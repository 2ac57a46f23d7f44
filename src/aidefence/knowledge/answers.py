"""What is known of languages and of how people decline: lists in the package, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from types import MappingProxyType

_FOLDER = "answers"

# First and last letter of each script that tells a language or a group of them.
_SCRIPTS = (
    *((0x41, 0x24F, "latin"), (0x1E00, 0x1EFF, "latin"), (0x370, 0x3FF, "greek")),
    *((0x1F00, 0x1FFF, "greek"), (0x400, 0x52F, "cyrillic"), (0x530, 0x58F, "armenian")),
    *((0x590, 0x5FF, "hebrew"), (0x600, 0x6FF, "arabic"), (0x750, 0x77F, "arabic")),
    *((0x900, 0x97F, "devanagari"), (0x980, 0x9FF, "bengali"), (0xA00, 0xA7F, "gurmukhi")),
    *((0xA80, 0xAFF, "gujarati"), (0xB80, 0xBFF, "tamil"), (0xC00, 0xC7F, "telugu")),
    *((0xC80, 0xCFF, "kannada"), (0xD00, 0xD7F, "malayalam"), (0xE00, 0xE7F, "thai")),
    *((0xE80, 0xEFF, "lao"), (0x1000, 0x109F, "burmese"), (0x10A0, 0x10FF, "georgian")),
    *((0x1100, 0x11FF, "hangul"), (0x1200, 0x139F, "ethiopic"), (0x1780, 0x17FF, "khmer")),
    *((0x3040, 0x30FF, "kana"), (0x3400, 0x4DBF, "han"), (0x4E00, 0x9FFF, "han")),
    *((0xAC00, 0xD7AF, "hangul"), (0xF900, 0xFAFF, "han")),
)
_UNSPACED = frozenset({"han", "kana", "thai", "lao", "burmese", "khmer"})
_ALONE = {
    "greek": "el",
    "armenian": "hy",
    "hebrew": "he",
    "bengali": "bn",
    "gurmukhi": "pa",
    "gujarati": "gu",
    "tamil": "ta",
    "telugu": "te",
    "kannada": "kn",
    "malayalam": "ml",
    "thai": "th",
    "lao": "lo",
    "burmese": "my",
    "georgian": "ka",
    "hangul": "ko",
    "ethiopic": "am",
    "khmer": "km",
    "kana": "ja",
    "han": "zh",
}


@dataclass(frozen=True, slots=True)
class Language:
    """A language with its script, its small words and letters that only few others have."""

    code: str
    script: str
    words: tuple[str, ...]
    letters: str
    close: frozenset[str]


@dataclass(frozen=True)
class LanguageBook:
    """All languages that are told by words, and those a script tells."""

    languages: tuple[Language, ...]
    alone: Mapping[str, str]
    unspaced: frozenset[str]

    @cached_property
    def common(self) -> frozenset[str]:
        """Small words of any language: they claim nothing."""
        return frozenset(word for language in self.languages for word in language.words)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every language that can be told."""
        return tuple(sorted({*(it.code for it in self.languages), *self.alone.values()}))

    def script_of(self, letter: str) -> str:
        """The script of a letter; empty for one of no known script."""
        point = ord(letter)
        return next((name for low, high, name in _SCRIPTS if low <= point <= high), "")

    def languages_of(self, word: str, script: str) -> tuple[str, ...]:
        """The languages of a script that have this small word."""
        return self._by_word.get((script, word), ())

    def marked(self, word: str, script: str) -> tuple[str, ...]:
        """The languages that a letter of the word speaks for."""
        return tuple(
            code for letter in set(word) for code in self._by_letter.get((script, letter), ())
        )

    def are_close(self, one: str, other: str) -> bool:
        """Whether two languages are too close to be told apart by their small words."""
        return other in self._close.get(one, ()) or one in self._close.get(other, ())

    @cached_property
    def _close(self) -> Mapping[str, frozenset[str]]:
        return {language.code: language.close for language in self.languages}

    @cached_property
    def _by_word(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for language in self.languages:
            for word in language.words:
                key = (language.script, word)
                found[key] = (*found.get(key, ()), language.code)
        return found

    @cached_property
    def _by_letter(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for language in self.languages:
            for letter in language.letters:
                key = (language.script, letter)
                found[key] = (*found.get(key, ()), language.code)
        return found


@dataclass(frozen=True, slots=True)
class RefusalEntry:
    """How people decline in one language: set phrases, or not being able to do what helps."""

    language: str
    whole: tuple[str, ...]
    unable: tuple[str, ...]
    serve: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusalBook:
    """How people decline in all languages that are known."""

    entries: tuple[RefusalEntry, ...]


@lru_cache(maxsize=1)
def languages() -> LanguageBook:
    """Read the list of languages."""
    found = tuple(
        Language(
            code=fields["language"][0],
            script=fields["script"][0],
            words=tuple(dict.fromkeys(fields["words"])),
            letters="".join(fields.get("letters", ())),
            close=frozenset(fields.get("close", ())),
        )
        for fields in _blocks("languages.txt")
    )
    return LanguageBook(found, MappingProxyType(_ALONE), _UNSPACED)


@lru_cache(maxsize=1)
def refusals() -> RefusalBook:
    """Read the lexicon of refusals."""
    return RefusalBook(
        tuple(
            RefusalEntry(
                language=fields["language"][0],
                whole=tuple(fields.get("whole", ())),
                unable=tuple(fields.get("unable", ())),
                serve=tuple(fields.get("serve", ())),
            )
            for fields in _blocks("refusals.txt", ",")
        )
    )


def _blocks(name: str, separator: str | None = None) -> list[dict[str, list[str]]]:
    """Read blocks of `key: values`, parted by empty lines; lines that begin with `#` are notes."""
    text = (files("aidefence") / _FOLDER / name).read_text("utf-8")
    blocks: list[dict[str, list[str]]] = [{}]
    for line in text.splitlines():
        if not line.strip():
            blocks.append({})
        elif not line.startswith("#"):
            key, _, values = line.partition(":")
            told = [it.strip() for it in values.split(separator)]
            blocks[-1].setdefault(key.strip(), []).extend(it for it in told if it)
    return [block for block in blocks if block]
