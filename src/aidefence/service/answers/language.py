"""Which language a text is written in: its script, then its small words. Unsure is an answer."""

from __future__ import annotations

import re
from collections import Counter
from unicodedata import normalize

from aidefence.domain.answer import LanguageGuess
from aidefence.knowledge.answers import LanguageBook
from aidefence.service.answers.sentences import WORD

# Letters from which a text is long enough; where a character is a word, characters.
LETTERS_MIN = 40
UNSPACED_MIN = 12
_SHARE_OF_SCRIPT_MIN = 0.6
# The share of a language's small words in ordinary text is 0.3 to 0.5.
_SHARE_MIN = 0.12
_MARGIN = 1.25
_MARK_SHARE = 0.3
_WORDS_MIN = 8
_HELD_MIN = 3
_CODE_POINTS_MAX = 20_000
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_NOISE = re.compile(r"`[^`\n]*`|https?://\S+|\S+@\S+|<[^<>\n]*>")
_WORD = re.compile(WORD)

UNKNOWN = LanguageGuess(None, 0.0)


def guess(text: str, book: LanguageBook) -> LanguageGuess:
    """Give the language, or none where the text is too short, mixed or of no known one."""
    prose = _NOISE.sub(" ", _FENCE.sub(" ", text[:_CODE_POINTS_MAX]))
    words = [normalize("NFC", word).casefold() for word in _WORD.findall(prose)]
    scripts: Counter[str] = Counter()
    for letter, count in Counter("".join(words)).items():
        name = book.script_of(letter)
        if name:
            scripts[name] += count
    total = sum(scripts.values())
    if not total:
        return UNKNOWN
    script, count = scripts.most_common(1)[0]
    kana = scripts["kana"]
    if script in ("han", "kana") and kana * 10 >= scripts["han"] + kana:
        script, count = "kana", scripts["han"] + kana
    least = UNSPACED_MIN if script in book.unspaced else LETTERS_MIN
    if count < least or count < total * _SHARE_OF_SCRIPT_MIN:
        return UNKNOWN
    alone = book.alone.get(script)
    if alone is not None:
        return LanguageGuess(alone, count / total)
    return _by_words(words, script, book)


def _by_words(words: list[str], script: str, book: LanguageBook) -> LanguageGuess:
    if len(words) < _WORDS_MIN:
        return UNKNOWN
    # A word that several languages share tells less of each.
    points: Counter[str] = Counter()
    held: Counter[str] = Counter()
    marks: Counter[str] = Counter()
    for word in words:
        languages = book.languages_of(word, script)
        for language in languages:
            points[language] += 12 // len(languages)
            held[language] += 1
    for word in words:
        for language in book.marked(word, script):
            points[language] += 4
            marks[language] += 1
    ranked = points.most_common(2)
    if not ranked:
        return UNKNOWN
    (code, best), *rest = ranked
    second = rest[0][1] if rest else 0
    # Where endings do what small words do elsewhere, letters have to speak.
    share = (held[code] + marks[code] * _MARK_SHARE) / len(words)
    if held[code] < _HELD_MIN or share < _SHARE_MIN or best < second * _MARGIN:
        return UNKNOWN
    return LanguageGuess(code, min(share * 2, 1.0))
