"""Say NOVA rules in our format: keywords and conditions natively, the rest named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aidefence.knowledge.imports import pieces
from aidefence.knowledge.imports.nova_regex import PythonRegex
from aidefence.knowledge.imports.when import (
    FALSE,
    TRUE,
    Has,
    When,
    every,
    fresh_name,
    least,
    names,
    no,
)
from aidefence.knowledge.imports.words import Pattern, Place, Translation, Untranslated
from aidefence.knowledge.imports.yara_cursor import Cursor
from aidefence.knowledge.imports.yara_regex import PieceError, RegexReader
from aidefence.knowledge.imports.yara_tokens import Kind, Source

_SECTIONS = ("meta", "keywords", "semantics", "llm", "condition", "falsepositives")
_ASKED = ("keywords", "semantics", "llm")
_CASE = re.compile(r"[ \t]*case[ \t]*:[ \t]*(true|false)")
_WHY = {
    "semantics": "a meaning, by a model and a threshold of its own: write a topic by example",
    "llm": "a question to a language model",
}
_DEPTH_MAX = 32
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of keywords, semantics or llm."""

    place: Place
    name: str
    section: str
    text: str
    at: int
    is_regex: bool = False
    has_case: bool = False
    number: str = ""


def translate_nova(path: str, text: str) -> tuple[Translation, ...]:
    """Translate all rules of a file.

    Raises:
        RuleError: it is no NOVA; says line, column and what was expected there.

    """
    cursor = Cursor(Source(path, text))
    rules: list[Translation] = []
    while cursor.token.kind is not Kind.END:
        rules.append(_Reader(cursor).rule())
    return tuple(rules)


class _Reader:
    """Reads one rule and translates it on the way."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._patterns: dict[str, Pattern | None] = {}
        self._taken: set[str] = set()
        self._lost: list[Untranslated] = []
        self._depth = 0

    def rule(self) -> Translation:
        cursor = self._cursor
        cursor.want("rule")
        name = cursor.word("the name of a rule")
        cursor.want("{")
        metas: list[tuple[str, str]] = []
        when: When | None = None
        has_condition = False
        while not cursor.skip("}"):
            section = cursor.token.text
            cursor.step()
            if section == "uuid" and cursor.skip("="):
                metas.append(("uuid", cursor.text()))
                continue
            if section not in _SECTIONS:
                raise cursor.wrong(f"a section: {', '.join(_SECTIONS)}")
            cursor.want(":")
            if section == "meta":
                metas += self._metas()
            elif section == "falsepositives":
                while cursor.token.kind is Kind.TEXT:
                    cursor.text()
            elif section == "condition":
                when, has_condition = self._either(), True
            else:
                self._section(section)
        if not has_condition:
            raise cursor.source.wrong(
                name.at, f"rule `{name.text}` has no condition", "`condition:`"
            )
        return self._translation(name.text, name.place, metas, when)

    def _translation(
        self, name: str, place: Place, metas: list[tuple[str, str]], when: When | None
    ) -> Translation:
        asked = set(names(when)) if when is not None else set()
        patterns = (it for it in self._patterns.values() if it is not None and it.name in asked)
        title = next((value for key, value in metas if key == "description"), name)
        meanings = [it.text for it in self._entries.values() if it.section == "semantics"]
        return Translation(
            name=name,
            place=place,
            title=title,
            metas=tuple(metas),
            tags=(),
            patterns=tuple(patterns),
            when=when,
            lost=tuple(dict.fromkeys(self._lost)),
            topics=tuple(meanings),
        )

    def _metas(self) -> Iterator[tuple[str, str]]:
        cursor = self._cursor
        while cursor.token.kind is Kind.WORD and cursor.token.text not in _SECTIONS:
            name = cursor.token.text
            cursor.step(into_value=True)
            value = cursor.token
            if value.kind is Kind.TEXT:
                yield name, cursor.text()
            elif value.kind in (Kind.NUMBER, Kind.FLOAT, Kind.WORD):
                cursor.step()
                yield name, value.text
            else:
                raise cursor.wrong("a text or a number")

    def _section(self, section: str) -> None:
        cursor = self._cursor
        while cursor.token.kind is Kind.STRING_ID:
            token = cursor.token
            key = section, token.text[1:]
            if key in self._entries or not token.text[1:] or token.text.endswith("*"):
                raise cursor.wrong("a name of its own")
            cursor.step(into_value=True)
            self._entries[key] = self._entry(section, token.text[1:], token.place)

    def _entry(self, section: str, name: str, place: Place) -> _Entry:
        cursor = self._cursor
        value, at = cursor.token, cursor.token.at
        if value.kind is Kind.REGEX and section == "keywords":
            end = at + len(value.text)
            text = value.text[1 : value.text.rindex("/")]
        elif value.kind is Kind.TEXT:
            end = at + len(value.text)
            text = cursor.text()
        else:
            raise cursor.wrong("a text in quotation marks, or a regex among keywords")
        flag = _CASE.match(cursor.source.text, end)
        cursor.jump(flag.end() if flag else end)
        has_case = flag is not None and flag[1] == "true"
        # The first implementation reads the word inside of the marks as well.
        if section == "keywords" and "case:true" in text:
            text, has_case = text.partition("case:true")[0].strip(), True
        number = ""
        if section != "keywords" and cursor.skip("("):
            number = cursor.token.text
            if cursor.token.kind not in (Kind.NUMBER, Kind.FLOAT):
                raise cursor.wrong("a threshold from 0 to 1")
            cursor.step()
            cursor.want(")")
        is_regex = value.kind is Kind.REGEX
        return _Entry(place, name, section, text, at, is_regex, has_case, number)

    def _either(self) -> When | None:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._cursor.wrong(f"at most {_DEPTH_MAX} parentheses inside one another")
        parts = [self._both()]
        while self._cursor.skip_word("or"):
            parts.append(self._both())
        self._depth -= 1
        left = tuple(part for part in parts if part is not None)
        return least(1, left) if left else None

    def _both(self) -> When | None:
        parts = [self._one()]
        while self._cursor.skip_word("and"):
            parts.append(self._one())
        left = tuple(part for part in parts if part is not None)
        return every(left) if left else None

    def _one(self) -> When | None:
        cursor, token = self._cursor, self._cursor.token
        if cursor.skip_word("not"):
            self._depth += 1
            if self._depth > _DEPTH_MAX:
                raise cursor.wrong("fewer `not`")
            part = self._one()
            self._depth -= 1
            return None if part is None else no(part)
        if cursor.skip("("):
            inner = self._either()
            cursor.want(")")
            return inner
        if token.text in ("true", "false") and token.kind is Kind.WORD:
            cursor.step()
            return TRUE if token.text == "true" else FALSE
        if token.text in ("any", "all") or token.kind is Kind.NUMBER:
            cursor.step()
            cursor.want("of")
            return self._some(token.text if token.kind is Kind.WORD else token.value)
        return self._some("any")

    def _some(self, quantity: str | int) -> When | None:
        """So many of the entries that a reference means: alone, it means any of them."""
        cursor, place = self._cursor, self._cursor.token.place
        chosen: dict[tuple[str, str], _Entry] = {}
        if cursor.skip("("):
            chosen |= self._reference()
            while cursor.skip(","):
                chosen |= self._reference()
            cursor.want(")")
        else:
            chosen |= self._reference()
        said = [self._said(entry) for entry in chosen.values()]
        left = tuple(part for part in said if part is not None)
        if not left:
            return None
        if isinstance(quantity, int):
            if not 0 < quantity <= len(said):
                self._lost.append(Untranslated(place, f"{quantity} of", "not as many as there are"))
                return None
            return least(quantity, left)
        return every(left) if quantity == "all" else least(1, left)

    def _reference(self) -> Mapping[tuple[str, str], _Entry]:
        cursor, token = self._cursor, self._cursor.token
        sections: tuple[str, ...] = _ASKED
        if token.kind is Kind.WORD and token.text in _ASKED:
            sections = (token.text,)
            cursor.step()
            cursor.want(".")
            if cursor.skip("*"):
                return self._named(sections, "", token.at, is_prefix=True)
        token = cursor.token
        if token.kind is not Kind.STRING_ID:
            raise cursor.wrong("`keywords.$name`, `keywords.*`, `not`, `(` or `any of`")
        cursor.step()
        name = token.text[1:]
        return self._named(sections, name.rstrip("*"), token.at, is_prefix=name.endswith("*"))

    def _named(
        self, sections: tuple[str, ...], name: str, at: int, *, is_prefix: bool
    ) -> Mapping[tuple[str, str], _Entry]:
        found = {
            key: entry
            for key, entry in self._entries.items()
            if entry.section in sections
            and (entry.name.startswith(name) if is_prefix else entry.name == name)
        }
        if not found:
            where = " or ".join(sections)
            raise self._cursor.source.wrong(
                at, f"no `${name}`", f"a name of {where}, written above"
            )
        return found

    def _said(self, entry: _Entry) -> When | None:
        if entry.section != "keywords":
            what = f"{entry.section}.${entry.name} ({entry.number or 'no threshold'})"
            self._lost.append(Untranslated(entry.place, what, _WHY[entry.section]))
            return None
        if entry.name not in self._patterns:
            self._patterns[entry.name] = self._pattern(entry)
        pattern = self._patterns[entry.name]
        return None if pattern is None else Has(pattern.name)

    def _pattern(self, entry: _Entry) -> Pattern | None:
        name = fresh_name(entry.name, self._taken)
        flags = "u" if entry.has_case else "iu"
        if not entry.is_regex:
            if not entry.text:
                self._lost.append(Untranslated(entry.place, f"${entry.name}", "an empty text"))
                return None
            samples = (entry.text.encode("utf-8", "replace"),)
            return Pattern(name, (f"(?{flags}:{_escaped(entry.text)})",), samples=samples)
        try:
            written = PythonRegex(entry.text).write()
        except PieceError as error:
            place = self._cursor.source.place(entry.at + 1 + error.at)
            self._lost.append(Untranslated(place, f"${entry.name}: {error.what}", error.why))
            return None
        return Pattern(name, (f"(?{flags}:{written})",), samples=_samples(entry.text))


def _escaped(text: str) -> str:
    return "".join(
        sign
        if sign.isalnum() or sign in " _<>" or (sign.isprintable() and not sign.isascii())
        else f"\\{sign}"
        if sign.isprintable()
        else f"\\x{{{ord(sign):x}}}"
        for sign in text
    )


def _samples(regex: str) -> tuple[bytes, ...]:
    """Texts that may match; the engine has the last word."""
    plain = re.sub(r"\(\?(?:P<\w+>|[imsx]*:)", "(", re.sub(r"\(\?[imsx]+\)", "", regex))
    try:
        piece = RegexReader(plain, nocase=False, dotall=False).read()
    except PieceError:
        return ()
    return tuple(dict.fromkeys(pieces.sample(piece, turn) for turn in range(_SAMPLES)))
