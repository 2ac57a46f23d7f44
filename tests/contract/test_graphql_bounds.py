"""Operations made to be slow or large: refused before anything of them is carried out."""

from __future__ import annotations

import time

import pytest
from graphql import get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from aidefence.delivery.graphql.bounds import Bounds
from aidefence.delivery.graphql.plans import Planner
from aidefence.delivery.graphql.schema import core_schema
from aidefence.delivery.http.problems import Refusal


@pytest.fixture(scope="module")
def planner() -> Planner:
    return Planner(core_schema(), Bounds())


def _why(planner: Planner, query: str, **variables: object) -> str:
    begun = time.monotonic()
    with pytest.raises(Refusal) as caught:
        planner.plan(query, None, variables)
    assert time.monotonic() - begun < 5
    return caught.value.detail


def _deep(levels: int) -> str:
    return '{ __type(name: "Query") ' + "{ ofType " * levels + "{ name }" + " }" * levels + " }"


def test_depth(planner: Planner) -> None:
    planner.plan(_deep(12), None, {})
    assert "levels" in _why(planner, _deep(20))
    assert _why(planner, _deep(600))
    assert _why(planner, "{" * 1900)
    assert _why(planner, "{ a(x: " + "[" * 1500 + "]" * 400)


def test_aliases_and_fields(planner: Planner) -> None:
    aliased = " ".join(f"a{at}: __typename" for at in range(31))
    assert "aliases" in _why(planner, "{ " + aliased + " }")
    assert "fields" in _why(planner, "{ " + "__typename " * 401 + "}")
    assert "oken" in _why(planner, "{ " + "__typename " * 3000 + "}")


def _doubling(levels: int) -> str:
    """Fragments each of which stands twice in the next: short to write, endless to unfold."""
    parts = ["{ ...F0 }"]
    parts += [f"fragment F{at} on Query {{ ...F{at + 1} ...F{at + 1} }}" for at in range(levels)]
    parts.append(f"fragment F{levels} on Query {{ a: __typename }}")
    return " ".join(parts)


def test_fragments_that_unfold_without_end(planner: Planner) -> None:
    planner.plan(_doubling(3), None, {})
    assert "fields" in _why(planner, _doubling(50))
    assert "itself" in _why(planner, "{ ...A } fragment A on Query { ...A }")
    cycle = "{ ...A } fragment A on Query { ...B } fragment B on Query { x: __typename ...A }"
    assert "itself" in _why(planner, cycle)
    assert "no fragment" in _why(planner, "{ ...Nowhere }")


def test_a_cycle_in_what_is_not_asked_for(planner: Planner) -> None:
    query = "query A { __typename } query B { ...F } fragment F on Query { ...F }"
    with pytest.raises(Refusal):
        planner.plan(query, "A", {})


def test_cost_is_that_of_the_lists_that_are_asked_for(planner: Planner) -> None:
    query = "query($n: Int!) { threats(limit: $n) { threats { evidence { span { start } } } } }"
    planner.plan(query, None, {"n": 100})
    assert "cost" not in _why(planner, query, n=1000)
    assert "objects" in _why(planner, query, n=1_000_000_000)
    many = " ".join(f"a{at}: threats(limit: 1000) {{ threats {{ id }} }}" for at in range(10))
    assert "objects" in _why(planner, "{ " + many + " }")
    defaulted = "query($n: Int = 100000) { threats(limit: $n) { threats { id } } }"
    assert "objects" in _why(planner, defaulted)
    batch = (
        "mutation($r: [DetectInput!]!) { detectBatch(requests: $r) "
        "{ results { detection { threat { findings { span { start } } } } } } }"
    )
    planner.plan(batch, None, {"r": [{"content": "x"}] * 100})


def test_introspection_fits(planner: Planner) -> None:
    planner.plan(get_introspection_query(), None, {})
    lists = "fields { type { fields { type { fields { name } } } } }"
    assert "depth" in _why(planner, "{ __schema { types { " + lists + " } } }")


def test_merging_fields_stays_cheap(planner: Planner) -> None:
    """Validation compares fields of one name pairwise: as many as may be must not hurt."""
    begun = time.monotonic()
    planner.plan("{ " + "__typename " * 400 + "}", None, {})
    assert time.monotonic() - begun < 5


@settings(max_examples=300)
@given(
    query=st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(
                [
                    *("{", "}", "(", ")", "[", "]", ":", "...", "on", "query", "mutation", "$a"),
                    *("fragment", "F", "Query", "rules", "threats", "limit", "id", "@skip", "if"),
                    *('"x"', "1", "-1e999", "true", "null", "__typename", "__schema", "=", "!"),
                ]
            ),
            max_size=60,
        ).map(" ".join),
    )
)
def test_any_text_is_planned_or_refused(query: str) -> None:
    planner = Planner(core_schema(), Bounds())
    try:
        planner.plan(query, None, {})
    except Refusal as refusal:
        assert refusal.status == 400  # noqa: PT017 -- that it is one is what is tested
