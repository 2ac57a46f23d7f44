"""A YARA rule that is said to be translated whole matches exactly when YARA says so."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from aidefence.domain.enums import Category, Direction, Origin, Severity
from aidefence.knowledge.imports.writer import Heading, write_rule
from aidefence.knowledge.imports.yara import translate_yara
from aidefence.service.rule_check import RuleText
from aidefence.service.rule_engine import compile_rules

yara = pytest.importorskip("yara", reason="yara-python is an oracle of the tests only")

RULES = int(os.environ.get("AIDEFENCE_YARA_RULES", "400"))
TEXTS = 25
_WORDS = ("ab", "abc", "Abc", "foo", "foo bar", "b", "bb", "bab", "x1", "é", "aa", "a.b", "\\n")
_LETTERS = "aAbBcx1 .\n_é"


def _text_string(dice: random.Random) -> str:
    text = dice.choice(_WORDS)
    kind = dice.randrange(10)
    if kind == 0 and len(text) >= 3:
        return f'"{text}" base64{dice.choice(("", " ascii", " wide ascii", "wide"))}'
    if kind == 1:
        return f'"{text}" xor{dice.choice(("", "(1-3)", "(0)"))}{dice.choice(("", " wide ascii"))}'
    chosen = [it for it in ("nocase", "wide", "ascii", "fullword") if dice.random() < 0.35]
    return f'"{text}" {" ".join(chosen)}'


def _regex(dice: random.Random, depth: int = 0) -> str:
    atoms = ["a", "b", "ab", "c", "[ab]", "[^a]", ".", r"\d", r"\w", r"\s", "x1", r"\x61", r"\."]
    if depth < 2:
        atoms += [f"({_regex(dice, depth + 1)})", f"({_regex(dice, 2)}|{_regex(dice, 2)})"]
    parts = []
    for _ in range(dice.randrange(1, 4)):
        part = dice.choice(atoms)
        part += dice.choice(("", "", "", "", "+", "*", "?", "{2}", "{1,2}", "{0,3}", "+?"))
        parts.append(part)
    body = "".join(parts)
    if depth == 0:
        body = dice.choice(("", "", "", "^", r"\b")) + body + dice.choice(("", "", "", "$", r"\b"))
    return body


def _regex_string(dice: random.Random) -> str:
    chosen = [it for it in ("nocase", "wide", "ascii", "fullword") if dice.random() < 0.2]
    flags = dice.choice(("", "", "i", "s", "is"))
    return f"/{_regex(dice)}/{flags} {' '.join(chosen)}"


def _hex_string(dice: random.Random) -> str:
    parts = [dice.choice(("61", "62", "41"))]
    for _ in range(dice.randrange(1, 4)):
        kind = dice.randrange(6)
        if kind == 0:
            parts.append(dice.choice(("??", "6?", "?1", "~61", "~6?")))
        elif kind == 1:
            parts.append(dice.choice(("[1]", "[0-2]", "[1-3]", "[2-]", "[-]")))
        elif kind == 2:
            parts.append("( 61 62 | 63 | 6? 2E )")
        else:
            parts.append(dice.choice(("61", "62", "63", "20", "C3 A9")))
    return f"{{ {' '.join(parts)} {dice.choice(('61', '62', '63'))} }}"


def _number(dice: random.Random) -> str:
    return dice.choice(("0", "1", "2", "3", "5", "7", "0x4", "1+1", "3-1", "2*2", "9\\2", "7%4"))


def _place(dice: random.Random) -> str:
    return dice.choice((_number(dice), _number(dice), "filesize-2", "filesize", "filesize - 4"))


def _condition(dice: random.Random, names: list[str], depth: int = 0) -> str:
    name = dice.choice(names)
    op = dice.choice(("==", "!=", "<", "<=", ">", ">="))
    leaves = (
        lambda: f"${name}",
        lambda: f"${name}",
        lambda: f"${name} at {_place(dice)}",
        lambda: (
            f"${name} in ({dice.choice(('0', '1', '2'))}..{dice.choice(('4', '9', 'filesize'))})"
        ),
        lambda: f"${name} in (filesize-5..filesize)",
        lambda: f"#{name} {op} {_number(dice)}",
        lambda: f"{_number(dice)} {op} #{name}",
        lambda: f"#{name} in (1..6) {op} {_number(dice)}",
        lambda: f"filesize {op} {dice.choice(('3', '8', '20', '1KB'))}",
        lambda: f"@{name} {op} {_number(dice)}",
        lambda: f"@{name}[1] {op} {_place(dice)}",
        lambda: dice.choice(("any", "all", "none", "1", "2", "50%", "34%")) + " of them",
        lambda: dice.choice(("any", "all", "2")) + " of ($a*)",
        lambda: f"{dice.choice(('any', 'all'))} of them in (0..{_number(dice)})",
        lambda: f"any of ($a*) at {_number(dice)}",
        lambda: f"for {dice.choice(('any', 'all', '2', 'none'))} of them : ( $ in (0..5) )",
        lambda: f"for any of ($a*) : ( # {op} {_number(dice)} )",
        lambda: f"for any i in (1..#{name}) : ( @{name}[i] {op} {_number(dice)} )",
        lambda: f"for {dice.choice(('any', 'all', '2'))} i in (0,1,4) : ( ${name} at i )",
        lambda: f"for {dice.choice(('any', 'all'))} i in (0..3) : ( ${name} at i+1 )",
        lambda: dice.choice(("helper", "hidden", "true", "false")),
    )
    if depth >= 3 or dice.random() < 0.45:
        return dice.choice(leaves)()
    inner = [_condition(dice, names, depth + 1) for _ in range(dice.randrange(2, 4))]
    kind = dice.randrange(4)
    if kind == 0:
        return f"not ({inner[0]})"
    if kind == 1:
        return f"not {dice.choice(leaves)()}"
    return "(" + dice.choice((" and ", " or ")).join(inner) + ")"


def _rule(dice: random.Random) -> str:
    makers = (_text_string, _text_string, _regex_string, _hex_string)
    strings, names = [], []
    for number in range(dice.randrange(1, 4)):
        names.append(f"a{number}")
        strings.append(f"    $a{number} = {dice.choice(makers)(dice)}")
    condition = _condition(dice, names)
    body = "\n".join(strings)
    return (
        'rule helper { strings: $h = "bb" condition: #h == 1 }\n'
        "private rule hidden { strings: $h = /x[0-9]/ condition: $h }\n"
        f"rule tried {{\n  strings:\n{body}\n  condition:\n    {condition} or 7 of them\n}}\n"
    ).replace(" or 7 of them", " or (" + " and ".join(f"#{it} > 999999" for it in names) + ")")


def _sentence(dice: random.Random) -> str:
    parts = []
    for _ in range(dice.randrange(0, 7)):
        part = dice.choice((*_WORDS, "".join(dice.choices(_LETTERS, k=3)), "YWJj", "Zm9vIGJhcg"))
        if dice.random() < 0.12:
            part = "".join(f"{sign}\0" for sign in part)
        parts.append(part + dice.choice(("", "", " ", ".", "\n")))
    return "".join(parts)


def _fires(translation: Any, texts: list[str]) -> list[bool]:
    top = Heading("yara-tried", Category.ANOMALY, Severity.LOW, 0.9, "tried")
    rule = write_rule(translation, top, ["?"], ["?"])
    rules = compile_rules([RuleText("yara-tried.yml", rule)])
    return [bool(rules.fired(text, Origin.USER, Direction.INPUT)) for text in texts]


@pytest.mark.parametrize("seed", range(8))
def test_a_whole_translation_says_what_yara_says(seed: int) -> None:
    dice = random.Random(seed)
    whole = compared = fired = 0
    for _ in range(RULES // 8):
        source = _rule(dice)
        try:
            oracle = yara.compile(source=source)
        except yara.Error:
            continue
        translation = next(it for it in translate_yara("x.yar", source) if it.name == "tried")
        if not translation.is_whole or not translation.patterns:
            continue
        whole += 1
        texts = [_sentence(dice) for _ in range(TEXTS)]
        ours = _fires(translation, texts)
        for text, said in zip(texts, ours, strict=True):
            try:
                found = oracle.match(data=text.encode())
            except yara.Error:
                # Its own limit of states: nothing to compare with.
                continue
            theirs = any(match.rule == "tried" for match in found)
            assert said == theirs, (source, text, translation.when)
            compared += 1
            fired += theirs
    assert whole > RULES // 8 // 3
    assert fired > compared // 10
    assert compared - fired > compared // 10
