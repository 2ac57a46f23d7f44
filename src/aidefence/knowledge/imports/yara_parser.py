"""Read a YARA file: rules with their strings; conditions are read by `yara_condition`."""

from __future__ import annotations

import re

from aidefence.knowledge.imports.words import Place
from aidefence.knowledge.imports.yara_condition import ConditionReader
from aidefence.knowledge.imports.yara_cursor import Cursor
from aidefence.knowledge.imports.yara_tokens import Kind, Source, Token
from aidefence.knowledge.imports.yara_tree import Modifier, YaraFile, YaraRule, YaraString

_RULES_MAX = 20_000
_STRINGS_MAX = 10_000
_MODIFIERS = frozenset(
    ("nocase", "wide", "ascii", "fullword", "private", "xor", "base64", "base64wide")
)
# Bytes, jumps and alternatives, with comments between them.
_HEX = re.compile(r"(?:[0-9a-fA-F?~\s()|\[\]-]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)


def read_yara(path: str, text: str) -> YaraFile:
    """Read a file.

    Raises:
        RuleError: it is no YARA; says line, column and what was expected there.

    """
    cursor = Cursor(Source(path, text))
    rules: list[YaraRule] = []
    imports: list[tuple[Place, str]] = []
    includes: list[tuple[Place, str]] = []
    known: set[str] = set()
    while cursor.token.kind is not Kind.END:
        token = cursor.token
        if cursor.skip_word("import"):
            imports.append((token.place, cursor.text()))
        elif cursor.skip_word("include"):
            includes.append((token.place, cursor.text()))
        else:
            rule = _rule(cursor)
            if rule.name in known or len(rules) >= _RULES_MAX:
                raise cursor.source.wrong(
                    token.at, f"one rule too many: `{rule.name}`", "rules of different names"
                )
            known.add(rule.name)
            rules.append(rule)
    return YaraFile(tuple(rules), tuple(imports), tuple(includes))


def _rule(cursor: Cursor) -> YaraRule:
    is_private = is_global = False
    while cursor.token.text in ("private", "global"):
        is_private = cursor.token.text == "private" or is_private
        is_global = cursor.token.text == "global" or is_global
        cursor.step()
    cursor.want("rule")
    name = cursor.word("the name of a rule")
    tags: list[str] = []
    if cursor.skip(":"):
        tags.append(cursor.word("a tag").text)
        while cursor.token.kind is Kind.WORD:
            tags.append(cursor.word("a tag").text)
    cursor.want("{")
    metas = _metas(cursor) if _section(cursor, "meta") else []
    strings = _strings(cursor) if _section(cursor, "strings") else []
    if not _section(cursor, "condition"):
        raise cursor.wrong("`condition:`")
    condition = ConditionReader(cursor).read()
    cursor.want("}")
    return YaraRule(
        place=name.place,
        name=name.text,
        is_private=is_private,
        is_global=is_global,
        tags=tuple(tags),
        metas=tuple(metas),
        strings=tuple(strings),
        condition=condition,
    )


def _section(cursor: Cursor, name: str) -> bool:
    if not cursor.skip_word(name):
        return False
    cursor.want(":")
    return True


def _metas(cursor: Cursor) -> list[tuple[str, str]]:
    metas: list[tuple[str, str]] = []
    while cursor.token.kind is Kind.WORD and cursor.token.text not in ("strings", "condition"):
        name = cursor.word("the name of a meta").text
        cursor.want("=")
        sign = "-" if cursor.skip("-") else ""
        value = cursor.token
        if value.kind is Kind.TEXT:
            shown = cursor.text()
        elif value.kind is Kind.NUMBER or value.text in ("true", "false"):
            shown = sign + value.text
            cursor.step()
        else:
            raise cursor.wrong("a text, a number, `true` or `false`")
        metas.append((name, shown))
    return metas


def _strings(cursor: Cursor) -> list[YaraString]:
    strings: list[YaraString] = []
    known: set[str] = set()
    while cursor.token.kind is Kind.STRING_ID:
        token = cursor.token
        if token.text.endswith("*"):
            raise cursor.wrong("the name of a string")
        cursor.step(into_value=True)
        name = token.text[1:]
        if (name and name in known) or len(strings) >= _STRINGS_MAX:
            raise cursor.source.wrong(
                token.at, f"one string too many: `{token.text}`", "strings of different names"
            )
        known.add(name)
        strings.append(_string(cursor, token, name))
    if not strings:
        raise cursor.wrong("`$` and the name of a string")
    return strings


def _string(cursor: Cursor, token: Token, name: str) -> YaraString:
    value = cursor.token
    match value.kind:
        case Kind.TEXT:
            kind, source, at = "text", value.text, value.at
            cursor.step()
        case Kind.REGEX:
            kind, source, at = "regex", value.text, value.at
            cursor.step()
        case Kind.SIGN if value.text == "{":
            kind, at = "hex", value.at + 1
            found = _HEX.match(cursor.source.text, at)
            end = found.end() if found else at
            if cursor.source.text[end : end + 1] != "}":
                raise cursor.source.wrong(end, "no hex string", "digits, `?`, `[…]`, `(…|…)`, `}`")
            source = cursor.source.text[at:end]
            cursor.jump(end + 1)
        case _:
            raise cursor.wrong("a text, a regex or bytes")
    return YaraString(token.place, name, kind, source, at, tuple(_modifiers(cursor)))


def _modifiers(cursor: Cursor) -> list[Modifier]:
    modifiers: list[Modifier] = []
    while cursor.token.kind is Kind.WORD and cursor.token.text in _MODIFIERS:
        token = cursor.token
        if any(it.name == token.text for it in modifiers):
            raise cursor.wrong("every modifier once")
        cursor.step()
        arguments: list[int | str] = []
        if token.text in ("xor", "base64", "base64wide") and cursor.skip("("):
            if cursor.at_text():
                arguments.append(cursor.text())
            else:
                arguments.append(cursor.number())
                if cursor.skip("-"):
                    arguments.append(cursor.number())
            cursor.want(")")
        modifiers.append(Modifier(token.place, token.text, tuple(arguments)))
    return modifiers
