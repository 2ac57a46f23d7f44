"""Finds in a phrase what the lexicon knows: its conditions, and the words that give it shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from aidefence.policy.parsing import parse_condition
from aidefence.policy.phrases.joining import opposite
from aidefence.policy.phrases.lexicon import Entry, Lexicon
from aidefence.policy.phrases.words import Sort, Word
from aidefence.policy.tree import And, Expression

_NEAREST_MAX = 3
_ALL = {"all", "every", "each", "both", "always", "everyone", "everybody", "everything", "only"}
_NO = {"not", "never", "no", "nobody", "without", "nor"}
_NO_REACH = 3
_NOT_SO = ["not", "so", "that"]
EXACT = "exact"
"""The value of a `not` that denies all that follows, and nothing else, as paraphrases say it."""

_OPPOSITE = {"MAY": "FORBID", "FORBID": "MAY"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a phrase: a condition with its readings, or a word that gives shape."""

    tag: str
    said: str
    at: int
    sort: str = ""
    readings: tuple[Expression, ...] = ()
    note: str = ""
    value: str = ""
    led: frozenset[str] = frozenset()
    """What the words before it were that say nothing, and were left out."""


class UnreadableError(Exception):
    """The words are known, but not in this order."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class UnknownWordError(Exception):
    """A word of a phrase is not known."""

    def __init__(self, word: Word, nearest: Sequence[str]) -> None:
        super().__init__(f"`{word.said}` is not known here")
        self.word = word
        self.nearest = tuple(nearest)


def chunks_of(words: Sequence[Word], lexicon: Lexicon) -> tuple[Chunk, ...]:
    """Cut words into pieces, the longest that fits first.

    Raises:
        UnknownWordError: a word belongs to no piece.

    """
    _check_all(words)
    written = lexicon.written(words)
    kept = [at for at, form in enumerate(written) if form]
    text = "".join(written)
    begins: list[int] = []
    offset = 0
    for at in kept:
        begins.append(offset)
        offset += len(written[at])
    found: list[Chunk] = []
    number = 0
    while number < len(kept):
        # `and user` counts for users behind a window of time; elsewhere it begins a clause.
        counts = bool(found) and found[-1].tag == "WINDOW"
        entry, match = _longest(lexicon, text, begins[number], counts=counts)
        if entry is None or match is None:
            raise _unknown(words[kept[number]], lexicon)
        after = number
        while after < len(kept) and begins[after] < match.end():
            after += 1
        part = words[kept[number] : kept[after - 1] + 1]
        found += _chunk(entry, match, words, part, lexicon)
        if [it.form for it in words[kept[after - 1] : kept[after - 1] + 3]] == _NOT_SO:
            found[-1] = replace(found[-1], value=EXACT)
        number = after
    return tuple(found)


def _check_all(words: Sequence[Word]) -> None:
    """See that nothing is said of only some: that cannot be told from all or none."""
    for at, word in enumerate(words):
        if word.form not in _NO:
            continue
        for after in words[at + 1 : at + 1 + _NO_REACH]:
            if after.sort is not Sort.PLAIN or not after.form.isalpha():
                break
            if after.form in _ALL:
                message = f"`{word.said} … {after.said}` leaves open which: say which ones"
                raise UnreadableError(message, word.at)


def _longest(
    lexicon: Lexicon, text: str, begin: int, *, counts: bool
) -> tuple[Entry | None, re.Match[str] | None]:
    best: re.Match[str] | None = None
    chosen: Entry | None = None
    for entry in lexicon.entries:
        if entry.tag == "PER_THEN" and not counts:
            continue
        match = entry.pattern.match(text, begin)
        if match and match.end() > (best.end() if best else begin):
            best, chosen = match, entry
    return chosen, best


def _chunk(
    entry: Entry,
    match: re.Match[str],
    words: Sequence[Word],
    part: Sequence[Word],
    lexicon: Lexicon,
) -> list[Chunk]:
    said = " ".join(dict.fromkeys(it.said for it in part))
    negated = sum(name.startswith("neg") and bool(it) for name, it in match.groupdict().items()) % 2
    if entry.tag == "UNSAID":
        raise UnreadableError(entry.value, part[0].at)
    if entry.tag != "COND":
        tag = _OPPOSITE.get(entry.tag, "") if negated else entry.tag
        if not tag:
            raise UnreadableError(f"what `{said}` leaves to happen is not said", part[0].at)
        value = entry.value
        for name in ("n", "w", "d"):
            if name in match.re.groupindex and match[name] is not None:
                value = words[int(match[name])].value
        return [Chunk(tag, said, part[0].at, value=value)]
    if "t" in match.re.groupindex and words[int(match["t"])].value == "00:00":
        raise UnreadableError("midnight is where a day begins and ends: say until when", part[0].at)
    if negated and "{amount}" in entry.pdl[0]:
        # `payments not above $5` are payments.
        readings = tuple(parse_condition(_pdl(it, match, words, lexicon)) for it in entry.pdl)
        return [Chunk("COND", said, part[0].at, entry.sort, tuple(map(_last_denied, readings)))]
    readings = tuple(parse_condition(_pdl(it, match, words, lexicon)) for it in entry.pdl)
    note = entry.note or lexicon.note_of(match)
    found = Chunk("COND", said, part[0].at, entry.sort, readings, note)
    # What a `not` inside denies may go on behind: `is not an admin or an operator`.
    return [Chunk("NEG", "not", part[0].at), found] if negated else [found]


def _last_denied(reading: Expression) -> Expression:
    if not isinstance(reading, And):
        return opposite(reading)
    return And((*reading.parts[:-1], opposite(reading.parts[-1])))


def _pdl(pdl: str, match: re.Match[str], words: Sequence[Word], lexicon: Lexicon) -> str:
    classes = lexicon.data_classes(match)
    if not classes:
        return lexicon.filled(pdl, match, words)
    # Some names of data stand for several classes: any of them will do.
    negation, pdl = ("not ", pdl.removeprefix("not ")) if pdl.startswith("not ") else ("", pdl)
    each = [lexicon.filled(pdl.replace("{data}", it), match, words) for it in classes]
    return f"{negation}({' or '.join(each)})"


def _unknown(word: Word, lexicon: Lexicon) -> UnknownWordError:
    known = sorted(it for it in lexicon.words if len(it) > 2 and it != word.form)  # noqa: PLR2004
    return UnknownWordError(word, get_close_matches(word.form, known, _NEAREST_MAX, 0.7))
