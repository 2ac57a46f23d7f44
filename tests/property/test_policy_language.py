"""The language of policies: what is written is read back, and nothing read raises but its error."""

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.policies import EXPRESSIONS, NEARLY, SOURCES

from aidefence import PolicyError
from aidefence.policy.formatting import format_expression, format_source
from aidefence.policy.parsing import parse, parse_condition
from aidefence.policy.tree import Ask, AtMost, Comment, Expression, Source


@given(SOURCES)
def test_what_is_written_is_read_back(source: Source) -> None:
    written = format_source(source)
    again = parse(written)
    assert again == source
    assert format_source(again) == written


@given(EXPRESSIONS)
def test_a_condition_is_read_back(expression: Expression) -> None:
    assert parse_condition(format_expression(expression)) == expression


def _said(source: Source) -> list[str]:
    return sorted(it.text for it in source.comments)


@given(SOURCES, st.data())
def test_comments_stay(source: Source, data: st.DataObject) -> None:
    lines = format_source(source).split("\n")
    for number in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(lines)))
        if data.draw(st.booleans()) and lines:
            lines[at % len(lines)] += f" # said {number}"
        else:
            lines.insert(at, f"# said {number}")
    read = parse("\n".join(lines))
    assert read == source
    written = format_source(read)
    again = parse(written)
    assert again == source
    assert _said(again) == _said(read)
    assert format_source(again) == written


def _read(text: str) -> Source | PolicyError:
    try:
        return parse(text)
    except PolicyError as error:
        return error


@given(st.text() | NEARLY)
@example("(" * 5_000)
@example("rule x: block when " + "not " * 5_000)
@example("rule x: block when " + "a implies " * 5_000 + "a")
@example("rule x: block when " + "(a and " * 5_000)
@example("rule x: block when true " + "unless " * 100)
@example('policy "\ud800" version 1')
@example("priority " + "9" * 100_000)
@example("rule x: block when confidence >= 1" + "0" * 10_000 + "%")
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    read = _read(text)
    if isinstance(read, Source):
        assert parse(format_source(read)) == read
        return
    lines = text.replace("\r\n", "\n").split("\n")
    assert 1 <= read.line <= len(lines)
    assert 1 <= read.column <= len(lines[read.line - 1]) + 1


@given(st.binary())
def test_bytes_that_are_text_are_read_or_refused(data: bytes) -> None:
    read = _read(data.decode("utf-8", "replace"))
    if isinstance(read, PolicyError):
        assert str(read).startswith(f"policy.pdl:{read.line}:{read.column}: ")


def test_the_deepest_that_is_read_fits_into_an_ordinary_stack() -> None:
    for inside in ("(", "not (", "always (", "once ("):
        depth = 64 if inside == "(" else 32
        text = "rule x: block when " + inside * (depth // 2 - 1) + "a" + ")" * (depth // 2 - 1)
        assert parse(format_source(parse(text))) == parse(text)
    assert sys.getrecursionlimit() <= 1_000


def test_a_file_of_a_megabyte_is_read_and_a_larger_one_refused() -> None:
    rule = 'rule r: block when found(pii) unless approved because "personal data"\n'
    most = 1_000_000 // len(rule)
    assert len(parse(rule * most).items) == most
    with pytest.raises(PolicyError, match="at most 1000000"):
        parse(rule * (most + 1))


def test_a_name_ends_where_the_next_thing_is_said() -> None:
    said = ["default allow", "on error block", "timezone UTC", 'include "x"', "use x"]
    said += ["parameter x = 5", "define x as y", "rule x:\n    block always", "prove complete"]
    for after in said:
        assert len(parse(f"define mail as some name\n{after}\n").items) == 2


def test_what_is_counted_may_be_called_like_a_unit() -> None:
    for name in ("h", "days", "EUR"):
        rate = parse_condition(f"at most 5 {name} in 1 h")
        assert isinstance(rate, AtMost)
        assert (rate.most.number, rate.what) == (5, Ask(name))


def test_a_comment_is_kept_where_there_is_nothing_else() -> None:
    assert parse("# alone").comments == (Comment("alone", 0),)
    assert format_source(parse("#alone\n#  two ")) == "# alone\n# two\n"
