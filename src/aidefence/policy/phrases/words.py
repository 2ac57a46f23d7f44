"""Cuts what a person says into words: numbers, times and names are read here once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from aidefence.policy.catalog import quoted, spec_of
from aidefence.policy.formatting import format_value
from aidefence.policy.tree import Unit, Value

PHRASE_LEN_MAX = 1_000
WORDS_MAX = 150


class Sort(StrEnum):
    """What a word is. The letter stands for it in the patterns of the lexicon."""

    PLAIN = ""
    NUMBER = "n"
    PERCENT = "p"
    MONEY = "m"
    CLOCK = "t"
    DURATION = "d"
    EACH = "w"
    """A window that something is counted in: `an hour`, `per day`."""
    QUOTED = "q"
    NAME = "i"
    """A name as programs have them: `send_mail`."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word: as it was said and where, and what it is in the patterns of the lexicon.

    `value` is how the policy language writes it, if it is more than a plain word.
    """

    said: str
    at: int
    form: str
    sort: Sort = Sort.PLAIN
    value: str = ""


_SMALL = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
}
_TENS = {
    name: 10 * number
    for number, name in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2
    )
}
_TIMES = {"twice": 2, "thrice": 3}
_HOURS = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}
_LARGE = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "dozen": 12}
_UNITS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("second", "seconds", "sec", "secs", "s"), 1_000),
        **dict.fromkeys(("minute", "minutes", "min", "mins"), 60_000),
        **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), 3_600_000),
        **dict.fromkeys(("day", "days"), 86_400_000),
        **dict.fromkeys(("week", "weeks"), 7 * 86_400_000),
        **dict.fromkeys(("month", "months"), 30 * 86_400_000),
    }
)
_ADVERBS = {"hourly": 3_600_000, "daily": 86_400_000, "weekly": 7 * 86_400_000}
_EACH = {"a", "an", "each", "every", "per", "/"}
_DOLLARS = {"dollar", "dollars", "usd", "bucks"}
_CURRENCY_SIGN = "$"
_CONTRACTIONS = (
    (re.compile(r"\bcannot\b"), "can not"),
    (re.compile(r"\b(?:can't|cant)\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"\bdont\b"), "do not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
)
_WORD = re.compile(
    r"""
      (?P<q>"[^"]*"|\u201c[^\u201d]*\u201d|`[^`]*`)
    | (?P<arrow>->|=>|\u2192|\u21d2)
    | (?P<sign>>=|<=|!=|==|&&|\|\||[\u2265\u2264><=(),:;+&/.?!])
    | (?P<money>[$]\ ?[0-9][0-9,_]*(?:\.[0-9]+)?k?|[0-9][0-9,_]*(?:\.[0-9]+)?k?\ ?[$])
    | (?P<clock>[0-9]{1,2}:[0-9]{2}(?:\ ?[ap]\.?m\b\.?)?|[0-9]{1,2}\ ?[ap]\.?m\b\.?)
    | (?P<percent>[0-9]+(?:\.[0-9]+)?\ ?(?:%|percent\b|per\ cent\b|pct\b))
    | (?P<number>[0-9][0-9_]*(?:,[0-9]{3})*(?:\.[0-9]+)?k?\b)
    | (?P<i>[a-z][a-z0-9]*(?:[_.][a-z0-9_]+)+)
    | (?P<plain>e-mail[a-z]*|[^\W\d_]+(?:'[^\W\d_]+)?|'s|-)
    | (?P<other>\S)
    """,
    re.VERBOSE,
)


def cut(phrase: str) -> tuple[Word, ...]:
    """Cut a phrase into words. What cannot be read stays a plain word that nobody knows."""
    return tuple(_joined(list(_cut(phrase))))


def _cut(phrase: str) -> Iterator[Word]:
    # One character for one, so that places stay those of the phrase.
    text = "".join(_plainer(it) for it in phrase)
    for found in _WORD.finditer(text):
        said, at = phrase[found.start() : found.end()], found.start()
        if said == "-" and text[at - 1 : at].isalnum() and text[at + 1 : at + 2].isalnum():
            continue
        kind = found.lastgroup or "other"
        yield from _READERS.get(kind, _other)(said, found[0], at)


def _plainer(sign: str) -> str:
    if sign in "\u2019\u02bc":
        return "'"
    if sign in "\u2013\u2014":
        return "-"
    low = unicodedata.normalize("NFKC", sign).lower()
    return low if len(low) == 1 else sign


def _plain(said: str, text: str, at: int) -> Iterator[Word]:
    spread = text
    for pattern, written in _CONTRACTIONS:
        spread = pattern.sub(written, spread)
    spread = spread.removesuffix("'s").replace("e-mail", "email")
    for part in spread.split():
        hour = _HOURS.get(part)
        yield Word(said, at, "", Sort.CLOCK, hour) if hour else Word(said, at, part)


def _quote(said: str, _text: str, at: int) -> Iterator[Word]:
    # Names keep their letters as they were written.
    yield Word(said, at, "", Sort.QUOTED, quoted(said[1:-1]))


def _name(said: str, text: str, at: int) -> Iterator[Word]:
    if spec_of(text) is not None:
        # What the policy language calls it is the words that people use.
        for part in re.split(r"[_.]", text):
            yield Word(said, at, part)
        return
    yield Word(said, at, "", Sort.NAME, quoted(said))


def _money(said: str, text: str, at: int) -> Iterator[Word]:
    yield Word(said, at, "", Sort.MONEY, _dollars(_number_of(text.strip("$ "))))


def _clock(said: str, text: str, at: int) -> Iterator[Word]:
    written = text.replace(".", "").replace(" ", "")
    half = written[-2:] if written[-1] == "m" else ""
    hours, _, minutes = written.removesuffix(half).partition(":")
    hour = int(hours)
    if half:
        if not 1 <= hour <= 12:  # noqa: PLR2004 -- a dial
            yield Word(said, at, text)
            return
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or int(minutes or 0) > 59:  # noqa: PLR2004 -- a day
        yield Word(said, at, text)
        return
    yield Word(said, at, "", Sort.CLOCK, f"{hour:02}:{int(minutes or 0):02}")


def _percent(said: str, text: str, at: int) -> Iterator[Word]:
    number = re.match(r"[0-9.]+", text)
    yield _share(said, at, float(number[0]) if number else 0.0)


def _share(said: str, at: int, percent: float) -> Word:
    hundredths = round(percent * 100)
    if hundredths > 10_000 or abs(hundredths - percent * 100) > 1e-6:  # noqa: PLR2004
        return Word(said, at, said.lower())
    value = format_value(Value(Unit.PERCENT, hundredths))
    return Word(said, at, "", Sort.PERCENT, value)


def _number(said: str, text: str, at: int) -> Iterator[Word]:
    number = _number_of(text)
    if number != int(number):
        # A share of one is a percentage; any other fraction says nothing we know.
        yield _share(said, at, number * 100) if 0 < number < 1 else Word(said, at, text)
        return
    yield Word(said, at, "", Sort.NUMBER, str(int(number)))


def _number_of(text: str) -> float:
    thousands = text.endswith("k")
    number = float(text.removesuffix("k").replace(",", "").replace("_", ""))
    return number * 1000 if thousands else number


def _dollars(number: float) -> str:
    cents = round(number * 100)
    return format_value(Value(Unit.MONEY, cents, "USD"))


def _arrow(said: str, _text: str, at: int) -> Iterator[Word]:
    yield Word(said, at, ":")


def _other(said: str, text: str, at: int) -> Iterator[Word]:
    if text == "-":
        return
    yield Word(said, at, text)


_READERS = {
    "q": _quote,
    "i": _name,
    "money": _money,
    "clock": _clock,
    "percent": _percent,
    "number": _number,
    "plain": _plain,
    "arrow": _arrow,
}


# --- words that belong together ------------------------------------------------------------------


def _joined(words: list[Word]) -> Iterator[Word]:
    words = list(_spelled(words))
    at = 0
    while at < len(words):
        word, used = _measure(words, at)
        yield word
        at += used


def _spelled(words: list[Word]) -> Iterator[Word]:
    """Read numbers that are spelled out."""
    at = 0
    while at < len(words):
        number, used = _spelled_number(words, at)
        if not used:
            yield words[at]
            at += 1
            continue
        said = " ".join(it.said for it in words[at : at + used])
        yield Word(said, words[at].at, "", Sort.NUMBER, str(number))
        at += used


def _spelled_number(words: list[Word], at: int) -> tuple[int, int]:
    total, used = 0, 0
    last = 0
    while at + used < len(words):
        form = words[at + used].form
        if form in _TENS and not used:
            total = last = _TENS[form]
        elif form in _SMALL and (not used or (last in _TENS.values() and _SMALL[form] < 10)):  # noqa: PLR2004
            total, last = total + _SMALL[form], 0
        elif form in _TIMES and not used:
            return _TIMES[form], 1
        elif form in _LARGE and used:
            total, last = total * _LARGE[form], 0
        else:
            break
        used += 1
    # "no one" is nobody, "one of" chooses.
    after = words[at + 1].form if at + 1 < len(words) else ""
    if used == 1 and total == 1 and (after == "of" or (at and words[at - 1].form == "no")):
        return 0, 0
    return total, used


def _measure(words: list[Word], at: int) -> tuple[Word, int]:  # noqa: PLR0911 -- one table
    """Join a number or an article with its unit; give also how many words that took."""
    word = words[at]
    if word.form in _ADVERBS:
        return _unit_word(word, word, Sort.EACH, _ADVERBS[word.form]), 1
    after = words[at + 1] if at + 1 < len(words) else None
    if after is None:
        return word, 1
    if word.form in _EACH and after.form in _UNITS:
        return _unit_word(word, after, Sort.EACH, _UNITS[after.form]), 2
    if word.form == "usd" and after.sort is Sort.NUMBER:
        said = f"{word.said} {after.said}"
        return Word(said, word.at, "", Sort.MONEY, _dollars(float(after.value))), 2
    if word.sort is not Sort.NUMBER:
        return word, 1
    if [it.form for it in words[at + 1 : at + 4]] == ["in", "the", "morning"]:
        said = " ".join(it.said for it in words[at : at + 4])
        return Word(said, word.at, "", Sort.CLOCK, f"{int(word.value):02}:00"), 4
    joined = _counted(word, after)
    return (joined, 2) if joined else (word, 1)


def _counted(word: Word, unit: Word) -> Word | None:
    said = f"{word.said} {unit.said}"
    if unit.form in _UNITS:
        ms = int(word.value) * _UNITS[unit.form]
        return Word(said, word.at, "", Sort.DURATION, format_value(Value(Unit.DURATION, ms)))
    if unit.form in _DOLLARS:
        return Word(said, word.at, "", Sort.MONEY, _dollars(float(word.value)))
    if unit.form in {"percent", "%"}:
        return _share(said, word.at, float(word.value))
    return None


def _unit_word(first: Word, last: Word, sort: Sort, ms: int) -> Word:
    said = first.said if first is last else f"{first.said} {last.said}"
    return Word(said, first.at, "", sort, format_value(Value(Unit.DURATION, ms)))
