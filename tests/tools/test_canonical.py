"""Equal JSON has one spelling, whatever the order in which it was written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidefence import ContentError
from aidefence.domain.canonical import canonical, digest

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _turned(it) for key, it in reversed(value.items())}
    return [_turned(it) for it in value] if isinstance(value, list) else value


def _as_it_was(digits: str) -> int | float:
    return int(digits) if len(digits) < 17 else float(digits)


def _as_read(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_read(it) for key, it in value.items()}
    if isinstance(value, list):
        return [_as_read(it) for it in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return _as_it_was(str(value))
    return value


@given(_JSON)
def test_the_order_of_keys_does_not_matter(value: Any) -> None:
    assert digest(_turned(value)) == digest(value)


@given(_JSON)
def test_it_is_json_with_the_same_value(value: Any) -> None:
    # A large whole number that was a float is spelled without an exponent, and read as one again.
    back = json.loads(canonical(value), parse_int=_as_it_was)
    assert _as_read(back) == _as_read(value)
    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (1e-7, "1e-7"),
        (1.5e-6, "0.0000015"),
        (0.00001, "0.00001"),
        (4.5, "4.5"),
        (333333333.33333329, "333333333.3333333"),
        (9007199254740993, "9007199254740993"),
        ('\u20ac$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\ud83d", '"\\ud83d"'),
        ({"\U0001f600": 1, "\ufb33": 2, "1": 3, "\r": 4}, '{"\\r":4,"1":3,"😀":1,"\ufb33":2}'),
        ([True, None, {}], "[true,null,{}]"),
    ],
)
def test_spellings(value: Any, spelled: str) -> None:
    assert canonical(value) == spelled


def test_what_is_no_json_is_refused() -> None:
    for value in (float("inf"), {1: 2}, b"x", object(), 10**5000):
        with pytest.raises(ContentError):
            canonical([value])
