"""The engine alone: where findings stand, and what normalizing does."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.own_rule import RULE

from aidefence.engine import CATEGORY_NAMES, Engine, normalize

SECRET = "passphrase is quuxzebra"
ENGINE = Engine(
    [("secret/test-zebra.yml", RULE)],
    None,
    flag=[0.5] * len(CATEGORY_NAMES),
    block=[0.9] * len(CATEGORY_NAMES),
)
# Characters of one to four bytes, lone surrogates among them: offsets in bytes would show.
SURROUNDINGS = st.text(st.characters(), max_size=60)
SURROGATES = st.text(st.characters(categories=["Cs", "L", "Zs"]), max_size=40)


@given(SURROUNDINGS, SURROUNDINGS)
@settings(max_examples=400)
def test_spans_are_code_points_whatever_stands_around(before: str, after: str) -> None:
    text = f"{before}\n{SECRET}\n{after}"
    plain = [finding for finding in ENGINE.inspect(text)[6] if not finding[7]]
    assert plain
    for _, _, start, end, _, _, _, _, matched in plain:
        assert text[start:end] == SECRET
        assert [text[at:to] for at, to in sorted(matched)] == ["passphrase", "quuxzebra"]


@given(st.lists(SURROUNDINGS, min_size=2, max_size=6))
@settings(max_examples=100)
def test_many_spans_of_one_text_all_stand_where_they_should(pieces: list[str]) -> None:
    text = f" \n{SECRET}\n ".join(pieces)
    for _, _, start, end, _, _, _, chain, matched in ENGINE.inspect(text)[6]:
        assert 0 <= start <= end <= len(text)
        if not chain:
            assert {text[at:to] for at, to in matched} == {"passphrase", "quuxzebra"}


@given(st.text(st.characters(), max_size=120))
@settings(max_examples=400)
def test_normalizing_twice_changes_nothing(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once


@given(SURROGATES)
@settings(max_examples=200)
def test_a_lone_surrogate_counts_as_one_replacement_character(text: str) -> None:
    mended = "".join("\ufffd" if "\ud800" <= it <= "\udfff" else it for it in text)
    assert normalize(text) == normalize(mended)
    assert ENGINE.inspect(text) == ENGINE.inspect(mended)
