"""Whatever a file holds: it is read, or refused with its place. Nothing else happens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidefence.domain.errors import RuleError
from aidefence.knowledge.imports.nova import translate_nova
from aidefence.knowledge.imports.yara import translate_yara

_PIECES = st.sampled_from(
    [
        *("rule a { ", "strings: ", "condition: ", "meta: ", "keywords: ", "semantics: ", "llm: "),
        *('$a = "x" ', "$b = /a(b|c)*[^d-f]{2,3}?/i ", "$c = { 4? [2-] (61|62) ~0? } ", "} ", "( "),
        *(") ", "and ", "or ", "not ", "any of them ", "2 of ($a*) ", "#a > 3 ", "@a[1] == 2 "),
        *(
            "for all i in (1..3) : ( ",
            "$a at ",
            "in (0..9) ",
            "filesize ",
            "true ",
            "nocase ",
            "xor ",
        ),
        *(
            "base64 ",
            '"\\x4',
            "\\",
            "/",
            "{",
            "[",
            "* ",
            "% of ",
            "keywords.* ",
            "keywords.$a ",
            "= ",
        ),
        *(
            "// c\n",
            "/* c */",
            "\n",
            "0x",
            "9KB ",
            "1.5 ",
            "private ",
            "global ",
            "a ",
            "pe.x(1)[2] ",
        ),
    ]
)
_TEXTS = st.one_of(
    st.text(),
    st.lists(_PIECES, max_size=40).map("".join),
    st.binary().map(lambda it: it.decode("latin-1")),
)
_BODIES = st.lists(_PIECES, max_size=12).map("".join)


@pytest.mark.parametrize("translate", [translate_yara, translate_nova])
@given(text=_TEXTS)
def test_any_text_is_read_or_refused(translate, text: str) -> None:  # type: ignore[no-untyped-def]
    _read(translate, text)


@pytest.mark.parametrize(
    ("translate", "frame"),
    [
        (translate_yara, 'rule a { strings: $a = "x" $b = /y/ condition: %s }'),
        (translate_yara, "rule a { strings: $a = %s condition: $a }"),
        (translate_nova, 'rule a { keywords: $a = "x" $b = /y/ condition: %s }'),
        (translate_nova, "rule a { keywords: $a = /%s/ condition: $a }"),
    ],
)
@given(body=st.one_of(_BODIES, st.text(max_size=30)))
def test_any_part_is_read_or_refused(translate, frame: str, body: str) -> None:  # type: ignore[no-untyped-def]
    _read(translate, frame.replace("%s", body))


def _read(translate, text: str) -> None:  # type: ignore[no-untyped-def]
    try:
        rules = translate("x", text)
    except RuleError as error:
        refused = error
    else:
        assert all(rule.when is not None or rule.lost for rule in rules)
        return
    assert min(refused.line, refused.column) >= 1
    assert refused.expected
