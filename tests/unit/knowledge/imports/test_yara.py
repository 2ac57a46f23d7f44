"""YARA read and said in our format; what cannot be said is named with its place."""

import pytest

from aidefence.domain.errors import RuleError
from aidefence.knowledge.imports.when import write
from aidefence.knowledge.imports.words import Translation
from aidefence.knowledge.imports.yara import translate_yara

STRINGS = r"""
    $a = "alpha\t\x41" nocase
    $b = /be[t7]a{1,2}(x|y)?/
    $c = { 4D ?A [1-2] ( 61 | 62 63 ) ~00 }
    $d = "wide" wide ascii fullword
    $e = "abc" xor(1-2)
    $f = "secret" base64
"""


def _one(condition: str, strings: str = STRINGS, before: str = "") -> Translation:
    section = f"strings:{strings}" if strings else ""
    text = f"{before}rule tried {{\n  {section}\n  condition:\n    {condition}\n}}\n"
    return next(rule for rule in translate_yara("x.yar", text) if rule.name == "tried")


def _said(condition: str, before: str = "") -> str:
    translation = _one(condition, before=before)
    assert translation.is_whole, translation.lost
    assert translation.when is not None
    return write(translation.when)


def test_strings_become_regexes_over_bytes() -> None:
    patterns = {it.name: it for it in _one("all of them").patterns}
    assert patterns["a"].narrow == (r"(?i)alpha\x09a",)
    assert patterns["b"].narrow == (r"be[7t]a{1,2}(?:x|y)?",)
    assert patterns["c"].narrow == (
        r"M[\x0a\x1a\*\:JZjz\x8a\x9a\xaa\xba\xca\xda\xea\xfa][\x00-\xff]{1,2}?(?:a|bc)[^\x00]",
    )
    assert (patterns["d"].narrow, patterns["d"].whole) == (("wide",), True)
    assert patterns["d"].wide == (r"w\x00i\x00d\x00e\x00",)
    assert patterns["e"].narrow == (r"\`cb|c\`a",)
    assert patterns["f"].narrow == ("c2VjcmV0|NlY3Jld|zZWNyZX",)


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("$a and not $b or $c", "(a and not b) or c"),
        ("any of them", "a or b or c or d or e or f"),
        ("2 of ($a, $b, $c*)", "2 of (a, b, c)"),
        ("50% of ($a, $b, $c)", "2 of (a, b, c)"),
        ("none of ($a, $b)", "none of (a, b)"),
        ("#a > 2 and #b == 0", "count(a) > 2 and not b"),
        ("3 < #a", "count(a) > 3"),
        ("#a in (0..100) >= 2", "count(a in 0..100) >= 2"),
        ("$a at 4*2", "a at 8"),
        ("$a at filesize - 5", "a at end-5"),
        ("$a in (filesize-100..filesize)", "a in end-100..end"),
        ("filesize < 2KB", "size < 2048"),
        ("filesize - 10 > 5", "size > 15"),
        ("@a < 10", "a in 0..9"),
        ("@a[1] > 10", "a in 0..end and not a in 0..10"),
        ("for any of ($a, $b) : ( $ at 0 )", "a at 0 or b at 0"),
        ("for all of ($a, $b) : ( # > 1 )", "count(a) > 1 and count(b) > 1"),
        ("for any i in (1..#a) : ( @a[i] < 9 )", "a in 0..8"),
        ("for any i in (0,4) : ( $a at i )", "a at 0 or a at 4"),
        ("any of ($a, $b) in (0..9)", "a in 0..9 or b in 0..9"),
        ("true and $a", "a"),
    ],
)
def test_conditions_are_said(condition: str, wanted: str) -> None:
    assert _said(condition) == wanted


def test_other_rules_are_drawn_in() -> None:
    before = (
        "private rule small { condition: filesize < 9 }\n"
        'rule other { strings: $a = "z" condition: $a }\n'
        'global rule everywhere { strings: $g = "g" condition: $g }\n'
    )
    assert _said("$a and small and other", before) == (
        "everywhere_g and (a and size < 9 and other_a)"
    )
    assert _said("any of (other, small)", before) == "everywhere_g and (other_a or size < 9)"


@pytest.mark.parametrize(
    ("strings", "condition", "line", "column", "what", "why"),
    [
        ('$a = "x"', "$a and pe.is_dll()", 4, 12, "pe.is_dll()", "modules and functions"),
        ('$a = "x"', "$a and outside", 4, 12, "outside", "an external variable"),
        ('$a = "x"', "$a and #a > filesize", 4, 15, "`#a > filesize", "only the text tells"),
        ('$a = "x"', "!a > 3 or $a", 4, 8, "`!a > 3`", "how long a match is"),
        ('$a = "x"', "not (@a > 3)", 4, 10, "`@a`", "neither before nor behind"),
        ('$a = "x"', "@a[2] > 3", 4, 5, "`@a[2]`", "only the first match"),
        ('$a = "x"', "$a at entrypoint", 4, 11, "`at entrypoint`", "only the text tells"),
        ('$a = "x"', "for any x in pe.sections : ( $a )", 4, 5, "`for … x", "a loop over"),
        ('$a = "x"', "ext matches /a/ or $a", 4, 9, "ext matches", "texts are compared"),
        ("$a = /a(?=b)/", "$a", 2, 18, "$a: (?=b)", "no YARA"),
        ("$a = /a*/", "$a", 2, 11, "$a", "where nothing is"),
        ("$a = /\\bx/ wide", "$a", 2, 22, "`wide` of $a", "edges of words"),
        ("$a = /a.{1,5}b.?/ fullword", "$a", 2, 29, "`fullword` of $a", "which of several"),
        ("$a = /a{2000}/", "$a", 2, 18, "$a: {2000}", "more than 1,000 times"),
        ("$a = { 61 [300] 62 }", "$a", 2, 11, "$a", "part by part"),
        ('$a = "ab" base64', "$a", 2, 21, "`base64` of $a", "fewer than 3 bytes"),
        ('$a = "abc" xor nocase', "$a", 2, 22, "`xor` of $a", "together with"),
    ],
)
def test_what_cannot_be_said_is_named(
    strings: str, condition: str, line: int, column: int, what: str, why: str
) -> None:
    lost = _one(condition, strings).lost
    assert len(lost) == 1
    assert (lost[0].place.line, lost[0].place.column) == (line, column), lost
    assert lost[0].what.startswith(what)
    assert why in lost[0].why


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("rule a { condition: }", 1, 21, "`}` stands here"),
        ("rule a {\n strings:\n $a = \n condition: $a }", 4, 2, "`condition` stands here"),
        ('rule a { strings: $a = "x\n" condition: $a }', 1, 24, '`"` begins nothing'),
        ('rule a { strings: $a = "\\q" condition: $a }', 1, 25, "`\\q` is no escape"),
        ("rule a { strings: $a = {zz} condition: $a }", 1, 25, "no hex string"),
        ("rule a { condition: $b }", 1, 21, "unknown string `$b`"),
        ("rule a { condition: any of ($b*) }", 1, 29, "no string `$b*`"),
        ("rule a { condition: true } rule a { condition: true }", 1, 28, "one rule too many: `a`"),
        ("/* no end", 1, 1, "a comment without an end"),
        ("rule a { condition: 99999999999999999999 == 1 }", 1, 21, "`99999999999999999999` is too"),
        ("rule a { condition: " + "(" * 99 + "true", 1, 53, "`(` stands here"),
    ],
)
def test_what_is_no_yara_is_refused_with_its_place(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(RuleError) as refused:
        translate_yara("x.yar", text)
    assert refused.value.message.startswith(message)
    assert (refused.value.line, refused.value.column) == (line, column)


def test_includes_are_lost_for_every_rule() -> None:
    rule = _one("$a", before='include "other.yar"\nimport "pe"\n')
    assert [lost.what for lost in rule.lost] == ['include "other.yar"']
