"""Put together what stands in pieces: parts, variables, short turns, documents in a row."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aidefence.domain.content import Span
from aidefence.domain.conversation import Fragment, Joint, Piece

FRAGMENTS_MAX = 8
# So much of a message may be a piece of something; what is longer speaks for itself.
FRAGMENT_CODE_POINTS_MAX = 1000
_EDGE = 300
_TURN_CODE_POINTS_MAX = 160
_TURNS_MAX = 6
# Pieces that nothing but their order holds together: were it more, each would be read many times.
_RUN_CODE_POINTS_MAX = 600
_VARIABLES_MAX = 24
_CANDIDATES_MAX = 4


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a fragment."""

    fragment: Fragment
    start: int
    end: int

    @property
    def text(self) -> str:
        """What stands there."""
        return self.fragment.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Parts in the order in which they may be meant, with what stands between them."""

    how: Joint
    parts: tuple[Part, ...]
    between: str

    @property
    def text(self) -> str:
        """All parts as one text."""
        return self.between.join(part.text for part in self.parts)

    @property
    def confidence(self) -> float:
        """How suspicious the most suspicious message was alone."""
        return max(part.fragment.confidence for part in self.parts)

    def pieces(self, spans: Sequence[Span]) -> tuple[Piece, ...]:
        """Find where in which message the spans of the whole stand."""
        starts, at = [], 0
        for part in self.parts:
            starts.append(at)
            at += part.end - part.start + len(self.between)
        found: dict[Piece, None] = {}
        for span in spans:
            first = max(0, bisect_right(starts, span.start) - 1)
            for part, start in zip(self.parts[first:], starts[first:], strict=True):
                if start >= span.end:
                    break
                length = part.end - part.start
                inner = Span(max(0, span.start - start), min(length, max(0, span.end - start)))
                if len(inner):
                    found[_piece(part, inner)] = None
        return tuple(sorted(found, key=lambda it: (it.turn, it.content, it.span)))


def _piece(part: Part, inner: Span) -> Piece:
    base = part.fragment.start + part.start
    span = Span(base + inner.start, base + inner.end)
    return Piece(part.fragment.turn, part.fragment.index, part.fragment.content, span)


def fragments(
    text: str, *, turn: int, index: int | None, content: int, confidence: float, is_speech: bool
) -> Iterator[Fragment]:
    """Give of a text what may be a piece: all of a short one, of a document both of its ends."""

    def cut(start: int, end: int) -> Fragment:
        return Fragment(turn, index, content, start, confidence, text[start:end])

    if is_speech:
        yield cut(0, FRAGMENT_CODE_POINTS_MAX)
    elif len(text) <= 2 * _EDGE:
        yield cut(0, len(text))
    else:
        yield cut(0, _EDGE)
        yield cut(len(text) - _EDGE, len(text))


def candidates(window: Sequence[Fragment], *, is_speech: bool) -> Iterator[Candidate]:
    """Give what the last fragment may complete; at most a few, each of bounded length."""
    given = 0
    seen: set[str] = set()
    makers = (_parts, _variables, _turns) if is_speech else (_parts, _variables, _documents)
    for make in makers:
        for candidate in make(window):
            text = candidate.text
            if text in seen or len(candidate.parts) < _PIECES_MIN:
                continue
            seen.add(text)
            yield candidate
            given += 1
            if given == _CANDIDATES_MAX:
                return


def _parts(window: Sequence[Fragment]) -> Iterator[Candidate]:
    last = window[-1]
    # Most messages are no part of anything: only for those that are, the others are looked at.
    if not _may_have_label(last.text) and not _asks_to_join(last.text):
        return
    numbered: dict[int, Part] = {}
    for fragment in window:
        for number, start, end in _labelled(fragment.text):
            # Said again, it takes the place of what was said before.
            numbered[number] = Part(fragment, start, end)
    parts = tuple(numbered[number] for number in sorted(numbered))
    for between in (" ", ""):
        yield Candidate(Joint.PARTS, parts, between)


def _may_have_label(text: str) -> bool:
    # A hundredth of the time that the expression takes to find nothing.
    lower = text.lower()
    if any(word in lower for word in _PARTS) or "第" in lower:
        return True
    return _DIGIT.search(text) is not None and ("/" in text or "of" in lower)


def _asks_to_join(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _JOINS)


def _labelled(text: str) -> Iterator[tuple[int, int, int]]:
    marks = list(_LABEL.finditer(text))
    for at, mark in enumerate(marks):
        said = mark["number"] or mark["of"] or mark["nth"] or ""
        number = int(said) if said.isdecimal() else _NUMBERS.get(said.lower(), 0)
        end = marks[at + 1].start() if at + 1 < len(marks) else len(text)
        start, end = _trimmed(text, mark.end(), end)
        if number and end > start:
            yield number, start, end


def _variables(window: Sequence[Fragment]) -> Iterator[Candidate]:
    last = window[-1]
    if not _ASSIGNED.search(last.text) and not _asks_to_join(last.text):
        return
    values: dict[str, Part] = {}
    for fragment in window:
        for name, start, end in _assigned(fragment.text):
            values.pop(name, None)
            values[name] = Part(fragment, start, end)
            if len(values) > _VARIABLES_MAX:
                return
    if len(values) < _PIECES_MIN:
        return
    rest = _ASSIGNED.sub(" ", last.text)
    named = [name for name in _WORD.findall(rest) if name in values]
    if len(named) >= _PIECES_MIN:
        order = named[:_VARIABLES_MAX]
        yield Candidate(Joint.VARIABLES, tuple(values[name] for name in order), "")
    else:
        yield Candidate(Joint.VARIABLES, tuple(values.values()), "")


def _assigned(text: str) -> Iterator[tuple[str, int, int]]:
    for found in _ASSIGNED.finditer(text):
        value = "value" if found["value"] is not None else "other"
        yield found["name"], found.start(value), found.end(value)


def _turns(window: Sequence[Fragment]) -> Iterator[Candidate]:
    run: list[Part] = []
    left = _RUN_CODE_POINTS_MAX
    for fragment in reversed(window):
        left -= len(fragment.text)
        if len(fragment.text) > _TURN_CODE_POINTS_MAX or len(run) == _TURNS_MAX or left < 0:
            break
        start, end = _trimmed(fragment.text, 0, len(fragment.text))
        if end > start:
            run.insert(0, Part(fragment, start, end))
    if len(run) < _PIECES_MIN:
        return
    yield Candidate(Joint.TURNS, tuple(run), " ")
    if _continues(run[-2].text, run[-1].text):
        yield Candidate(Joint.TURNS, tuple(run), "")


def _documents(window: Sequence[Fragment]) -> Iterator[Candidate]:
    run: list[Part] = []
    left = _RUN_CODE_POINTS_MAX
    for fragment in reversed(window):
        left -= len(fragment.text)
        is_next = not run or _is_apart(fragment, run[0].fragment)
        # Beginning and end of one long document do not follow each other.
        if not is_next or len(run) == _TURNS_MAX or (left < 0 and len(run) >= _PIECES_MIN):
            break
        run.insert(0, Part(fragment, 0, len(fragment.text)))
        if run[1:] and fragment.start:
            break
    if len(run) >= _PIECES_MIN:
        yield Candidate(Joint.DOCUMENTS, tuple(run), " ")


def _is_apart(one: Fragment, other: Fragment) -> bool:
    return (one.turn, one.content) != (other.turn, other.content)


def _continues(before: str, after: str) -> bool:
    """Whether a word may have been cut between two texts."""
    return before[-1:].isalpha() and after[:1].isalpha() and not after[:1].isupper()


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    said = text[start:end]
    left = len(said) - len(said.lstrip(_EDGES))
    right = len(said.rstrip(_EDGES))
    return start + left, start + max(left, right)


_PIECES_MIN = 2
# Quotation marks of all kinds, written as their numbers: they look alike.
_OPEN, _CLOSE = "\u2018\u201c'`\u00ab", "\u2019\u201d'`\u00bb"
_EDGES = f' \t\r\n"\u201e{_OPEN}{_CLOSE}'
_COUNTED = (
    "one two three four five six seven eight",
    "first second third fourth fifth sixth",
    "eins zwei drei vier fünf",
    "erster zweiter dritter vierter",
    "uno dos tres cuatro cinco",
    "un deux trois quatre cinq",
    "uno due tre quattro cinque",
    "um dois três quatro cinco",
    "один два три четыре пять",
    "一 二 三 四 五",
)
_NUMBERS = {word: at for words in _COUNTED for at, word in enumerate(words.split(), 1)}
_SPELT = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_PARTS = (
    *("part", "piece", "chunk", "segment", "fragment", "teil", "stück"),
    *("partie", "morceau", "parte", "pezzo", "trozo", "часть", "кусок"),
)
_LABEL = re.compile(
    rf"(?:\b(?:{'|'.join(_PARTS)})\s{{0,3}}(?:no\.?\s{{0,2}}|\#)?(?P<number>\d{{1,2}}|{_SPELT})\b"
    r"(?:\s{0,2}(?:of|/|von|de|di|из)\s{0,2}\w{1,8})?"
    r"|第(?P<nth>[一二三四五\d])(?:部分|段|块)"
    r"|(?:^|(?<=[\s(\[]))(?P<of>\d{1,2})\s?(?:/|of)\s?\d{1,2}(?=[\s):\]]))"
    r"[\s):\]=,.\uff1a\u2013\u2014-]{0,6}",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(?<!\w)\$?(?P<name>\w{1,24})\s{0,3}(?::=|=|\bis\b|\bist\b|\best\b|\bbe\b|\bto\b|:)\s{0,3}"
    r"(?:\"(?P<value>[^\"\n]{1,300})\""
    rf"|[{_OPEN}](?P<other>[^\n\"{_OPEN}{_CLOSE}]{{1,300}})[{_CLOSE}])"
)
_WORD = re.compile(r"(?<!\w)\w{1,24}(?!\w)")
_JOINS = (
    *("concat", "combin", "join", "merge", "assembl", "together", "in order", "append", "+"),
    *("verbind", "zusammen", "füge", "ensemble", "junt", "unisci", "соедин", "объедин", "склей"),
    *("拼接", "连接", "合并", "結合", "連結"),
)
_DIGIT = re.compile(r"\d")
