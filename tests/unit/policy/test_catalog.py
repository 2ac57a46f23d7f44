"""Names of features say what they ask about, and are taken apart again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidefence.policy.catalog import (
    SPECS,
    Asked,
    Kind,
    Parameter,
    arguments,
    offset_minutes,
    resolve,
    spec_of,
)
from aidefence.policy.image import Feature


def _every_name() -> list[str]:
    names: list[str] = []
    for spec in SPECS:
        if spec.parameter is Parameter.NONE or spec.is_optional:
            names.append(spec.name)
        if spec.parameter is Parameter.QUOTED:
            names.append(f'{spec.name}("a (b) \\"c\\"")')
        if spec.parameter is Parameter.OFFSET:
            names += [f"{spec.name}(+02:00)", f"{spec.name}(-03:30)"]
        names += [f"{spec.name}({word})" for word in arguments(spec.parameter)]
    return names


def test_every_name_is_taken_apart_and_put_together_again() -> None:
    names = _every_name()
    assert len(names) > 600
    for name in names:
        asked = resolve(name)
        assert asked.name == name
        assert asked.kind is asked.spec.kind
        feature = asked.feature()
        assert isinstance(feature, Feature)
        assert feature.is_raw


def test_a_given_value_is_what_it_is_compared_with() -> None:
    for tail, kind, most in (
        ("", Kind.TEXT, 1),
        (" as flag", Kind.FLAG, 1),
        (" as number", Kind.NUMBER, 2**31 - 1),
        (" as money", Kind.MONEY, 2**31 - 1),
        (" is present", Kind.FLAG, 1),
        (' matches "*@example.org"', Kind.FLAG, 1),
    ):
        asked = resolve(f'tool.argument("to"){tail}')
        assert (asked.kind, asked.feature().most) == (kind, most)
    assert resolve('tool.argument("to") matches "*@example.org"').glob == "*@example.org"
    assert resolve('tool.argument("to") is present').presence
    assert resolve("tool.name").feature(("mail", "shell")) == Feature(
        "tool.name", 2, ("mail", "shell")
    )


@given(st.text(min_size=1), st.text())
def test_any_text_may_be_quoted(argument: str, glob: str) -> None:
    spec = spec_of("tool.argument")
    assert spec is not None
    for asked in (
        Asked(spec, argument, kind=Kind.TEXT),
        Asked(spec, argument, glob=glob),
    ):
        assert resolve(asked.name) == asked


@given(st.text() | st.from_regex(r"[a-z_.]{1,12}\([^)]{0,12}\)( as \w+)?", fullmatch=True))
def test_no_name_is_anything_but_refused(name: str) -> None:
    try:
        asked = resolve(name)
    except ValueError:
        return
    assert asked.name == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "confidenc", "confidence(", "confidence()", "confidence(sqli)", "confidence "),
        *("matched", "tool.can", "found", "found(email)", "found(pii.)", 'found("pii")'),
        *("role as flag", "tool.name as number", "confidence as flag", 'role matches "', "user(x)"),
        *(
            'found(pii."iban")',
            "time.of_day(02:00)",
            "time.of_day(+15:00)",
            "confidence(pii from x)",
        ),
        *("any_origin(user from tool)", 'tool.argument("")', "tool.argument(to)", "Confidence"),
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="`"):
        resolve(name)


def test_names_of_own_rules_are_quoted() -> None:
    assert resolve('found(pii."staff number")').argument == "pii.staff number"
    assert resolve("found(pii.iban)").argument == "pii.iban"


def test_offsets_are_read() -> None:
    read = [offset_minutes(it) for it in ("+02:00", "-03:30", "+00:00", "+14:01", "2:00", "+1:00")]
    assert read == [120, -210, 0, None, None, None]
