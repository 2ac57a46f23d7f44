"""The lexicon: its patterns, compiled once, and what each stands for in the policy language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any

from aidefence.policy.catalog import quoted
from aidefence.policy.entities import PII, SECRETS
from aidefence.policy.phrases.words import Sort, Word

_WORD = re.compile(r"[^\W\d_]+")
_ELEMENT = re.compile(r"\[(?P<optional>[^\]]*)\]|\((?P<choice>[^() ][^()]*)\)|(?P<plain>\S+)")
_MACRO = re.compile(r"\{(?P<name>[a-z_]+?)(?P<number>[2-9]?)\}")
_BE = (
    r"(?:(?:is|are|was|were|be|been|being|has|have|had|got|gets|get|does|do|did|will) )*"
    r"(?P<neg>not )?(?:(?:been|be) )*"
)
_MODAL = (
    r"(?:(?:is|are|must|shall|should|will|would|has|have|need|needs|gets|get|to|be|been|also) )*"
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = "|".join(_DAYS)
_FIXED = {
    "be": _BE,
    "modal": _MODAL,
    "end": r"(?=(?:and|or|but|unless|if|when|[+,:;.)!?]) |$)",
    "between": r"(?P<between><t[0-9]+> (?:and|to|till|until|-) <t[0-9]+> )",
    "day_window": r"<w[0-9]+d> ",
    "month_window": r"<w[0-9]+m> ",
    "days": rf"(?P<days>(?:{_DAY}) (?:to|and|till|until|through|-) (?:{_DAY}) )",
}
_BOUNDS = {
    "score": Sort.PERCENT,
    "amount": Sort.MONEY,
    "count": Sort.NUMBER,
    "age": Sort.DURATION,
    "clock": Sort.CLOCK,
}
_TYPED = {"n": Sort.NUMBER, "t": Sort.CLOCK, "d": Sort.DURATION, "w": Sort.EACH, "q": Sort.QUOTED}
_COUNTRIES = {
    "ar": "argentine",
    "at": "austrian",
    "au": "australian",
    "be": "belgian",
    "bg": "bulgarian",
    "br": "brazilian",
    "ca": "canadian",
    "ch": "swiss",
    "cl": "chilean",
    "cn": "chinese",
    "co": "colombian",
    "cz": "czech",
    "de": "german",
    "dk": "danish",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "gb": "british uk",
    "gr": "greek",
    "hr": "croatian",
    "hu": "hungarian",
    "ie": "irish",
    "il": "israeli",
    "in": "indian",
    "is": "icelandic",
    "it": "italian",
    "jp": "japanese",
    "kr": "korean",
    "mx": "mexican",
    "nl": "dutch",
    "no": "norwegian",
    "pe": "peruvian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "se": "swedish",
    "th": "thai",
    "tr": "turkish",
    "ua": "ukrainian",
    "us": "american",
    "vn": "vietnamese",
}
_WINDOWS = {"1 d": "d", "30 d": "m"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One pattern and what it stands for.

    A condition has one or several readings in the policy language, with places for what the
    pattern found; a marker has a value at most.
    """

    pattern: re.Pattern[str]
    tag: str
    sort: str = ""
    pdl: tuple[str, ...] = ()
    note: str = ""
    value: str = ""


class Lexicon:
    """All patterns, the words that they are made of, and the words that say nothing."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self.ignored = frozenset(data["ignored"].split())
        self._names: dict[str, dict[str, str]] = {
            macro: _by_phrase(macro, names) for macro, names in data["names"].items()
        }
        self._names["pii_kind"] = {it.replace("_", " "): it for it in PII}
        self._names["secret_kind"] = {it.replace("_", " "): it for it in SECRETS}
        self._operators = _turned(data["comparators"])
        self._afterwards = _turned(data["afterwards"])
        self.words: set[str] = set()
        self.entries = tuple(self._entries())
        self.words |= self.ignored

    def base(self, form: str) -> str:
        """Give the form of a word that the patterns have: the singular, where it is a plural."""
        if form in self.words:
            return form
        for ending, instead in (("ies", "y"), ("es", ""), ("s", "")):
            if form.endswith(ending) and form.removesuffix(ending) + instead in self.words:
                return form.removesuffix(ending) + instead
        return form

    def written(self, words: Sequence[Word]) -> list[str]:
        """Write words as the patterns have them; one that says nothing becomes empty."""
        return [self._written(at, word) for at, word in enumerate(words)]

    def _written(self, at: int, word: Word) -> str:
        if word.sort is not Sort.PLAIN:
            window = _WINDOWS.get(word.value, "") if word.sort is Sort.EACH else ""
            return f"<{word.sort.value}{at}{window}> "
        base = self.base(word.form)
        if base in self.ignored:
            return ""
        known = base in self.words or not base[0].isalpha()
        return f"{base} " if known else f"<x{at}> "

    def filled(self, pdl: str, found: re.Match[str], words: Sequence[Word]) -> str:
        """Put what a pattern found into the places of its meaning."""
        return _MACRO.sub(lambda it: self._value(it["name"], it[0][1:-1], found, words), pdl)

    def data_classes(self, found: re.Match[str]) -> tuple[str, ...]:
        """Give the classes that a name of data stands for; some stand for several."""
        if "data" not in found.re.groupindex or found["data"] is None:
            return ()
        return tuple(self._names["data"][found["data"].strip()].split())

    def note_of(self, found: re.Match[str]) -> str:
        """Give what is taken for granted where a name stands for more than was said."""
        if "data" not in found.re.groupindex or found["data"] is None:
            return ""
        return str(self._data["notes"].get(found["data"].strip(), ""))

    # --- building --------------------------------------------------------------------------------

    def _entries(self) -> Iterator[Entry]:
        for each in self._data["condition"]:
            pdl = each["pdl"]
            readings = (pdl,) if isinstance(pdl, str) else tuple(pdl)
            for said in each["say"]:
                pattern = self._compiled(said)
                yield Entry(pattern, "COND", each["sort"], readings, each.get("note", ""))
        for each in self._data["marker"]:
            for said in each["say"]:
                yield Entry(self._compiled(said), each["tag"], value=each.get("value", ""))
        for what, phrases in self._data["fillers"].items():
            for said in phrases:
                yield Entry(self._compiled(said), "FILLER", value=what)

    def _compiled(self, said: str) -> re.Pattern[str]:
        written = "".join(self._element(it) for it in _ELEMENT.finditer(said))
        # Each place for a `not` has a group of its own.
        numbers = count()
        return re.compile(re.sub(r"\?P<neg>", lambda _: f"?P<neg{next(numbers)}>", written))

    def _element(self, element: re.Match[str]) -> str:
        if element["plain"] is not None:
            return self._plain(element["plain"])
        options = element["optional"] or element["choice"]
        choice = "|".join(
            "".join(self._plain(word) for word in option.split()) for option in options.split("|")
        )
        return f"(?:{choice})?" if element["optional"] is not None else f"(?:{choice})"

    def _plain(self, word: str) -> str:
        macro = _MACRO.fullmatch(word)
        if macro:
            return self._macro(macro["name"], word[1:-1])
        self.words.update(_WORD.findall(word))
        return re.escape(word) + " "

    def _macro(self, name: str, group: str) -> str:  # noqa: PLR0911 -- one table
        if name in _FIXED:
            return _FIXED[name]
        if name in _TYPED:
            return f"<{_TYPED[name].value}(?P<{group}>[0-9]+)[dm]?> "
        if name in _BOUNDS:
            return self._bound(group, rf"<{_BOUNDS[name].value}[0-9]+> ")
        if name == "times":
            return self._bound(group, "<n[0-9]+> ", bare=True)
        if name == "sevbound":
            return self._bound(group, f"(?:{'|'.join(f'{it} ' for it in self._names['sev'])})")
        if name in {"names", "quoted_names", "name", "roles"}:
            return self._name(name, group)
        phrases = sorted(self._names[name], key=len, reverse=True)
        for it in phrases:
            self.words.update(_WORD.findall(it))
        return f"(?P<{group}>(?:{'|'.join(map(re.escape, phrases))}) )"

    def _name(self, macro: str, group: str) -> str:
        sorts = {"names": "i", "quoted_names": "[iq]", "name": "[iqx]", "roles": "[iqx]"}[macro]
        one = f"<{sorts}[0-9]+> "
        if macro == "name":
            return f"(?P<{group}>{one})"
        later = one.replace("x", "")
        more = f"(?:(?:, )?(?:(?:or|and) )?{later})*"
        return f"(?P<{'roles' if macro == 'roles' else 'names'}>{one}{more})"

    def _bound(self, group: str, value: str, *, bare: bool = False) -> str:
        before = "|".join(re.escape(it) + " " for it in _longest(self._operators))
        after = "|".join(re.escape(it) + " " for it in _longest(self._afterwards))
        for it in (*self._operators, *self._afterwards):
            self.words.update(_WORD.findall(it))
        span = f"|between {value}(?:and|to) {value}" if "<" in value else ""
        alone = f"|{value}" if bare else ""
        return f"(?P<{group}>(?:{before}){value}|{value}(?:{after}){span}{alone})"

    # --- filling ---------------------------------------------------------------------------------

    def _value(  # noqa: PLR0911 -- one table
        self, name: str, group: str, found: re.Match[str], words: Sequence[Word]
    ) -> str:
        said = found[group]
        if name in _TYPED:
            return words[int(said)].value
        if name in _BOUNDS or name in {"times", "sevbound"}:
            return self._filled_bound(said.strip(), words)
        if name == "between":
            return _between(*_values(said, words))
        if name == "days":
            return _days(*(it for it in said.split() if it in _DAYS))
        if name in {"names", "roles"}:
            return ", ".join(_values(said, words))
        if name == "name":
            return _values(said, words)[0]
        return self._names[name][said.strip()]

    def _filled_bound(self, said: str, words: Sequence[Word]) -> str:
        if said.startswith("between "):
            return f"between {' and '.join(_values(said, words))}"
        values = _values(said, words)
        value = values[0] if values else next(it for it in said.split() if it in self._names["sev"])
        around = said.replace(value, "") if not values else re.sub(r"<[a-z][0-9]+>", "", said)
        around = around.strip()
        operator = self._operators.get(around) or self._afterwards.get(around) or ">="
        return f"{operator} {value}"


@cache
def lexicon() -> Lexicon:
    """Load the lexicon that is part of the package."""
    text = files("aidefence.policy.phrases").joinpath("lexicon.toml").read_text("utf-8")
    return Lexicon(tomllib.loads(text))


def _by_phrase(macro: str, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    found = {phrase: name for name, phrases in names.items() for phrase in phrases}
    if macro != "data":
        return found
    # Every class that the shipped rules find is known by its own name, too.
    for category, kinds in (("pii", PII), ("secret", SECRETS)):
        for kind in kinds:
            found.setdefault(kind.replace("_", " "), f"{category}.{kind}")
            if category == "pii":
                for said in _called(kind):
                    found.setdefault(said, f"{category}.{kind}")
                    found.setdefault(f"{said} number", f"{category}.{kind}")
    return found


def _called(kind: str) -> list[str]:
    """Give what a kind of private data is called: its name, and that of its country before it."""
    country, _, rest = kind.partition("_")
    said = rest.replace("_", " ")
    return [kind.replace("_", " "), *(f"{it} {said}" for it in _COUNTRIES.get(country, "").split())]


def _turned(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {phrase: operator for operator, phrases in table.items() for phrase in phrases}


def _longest(phrases: Mapping[str, str]) -> list[str]:
    return sorted(phrases, key=len, reverse=True)


def _values(said: str, words: Sequence[Word]) -> list[str]:
    found = (words[int(it)] for it in re.findall(r"<[a-z]([0-9]+)[dm]?>", said))
    return [it.value or quoted(it.said) for it in found]


def _between(first: str, last: str) -> str:
    """From one time of day to another; past midnight where the second is the earlier."""
    joined = "and" if first < last else "or"
    return f"time.of_day >= {first} {joined} time.of_day < {last}"


def _days(first: str, last: str) -> str:
    """From one day of the week to another, both of them too."""
    begin, end = _DAYS.index(first), _DAYS.index(last)
    number = (end - begin) % len(_DAYS) + 1
    return ", ".join(_DAYS[(begin + it) % len(_DAYS)] for it in range(number))
