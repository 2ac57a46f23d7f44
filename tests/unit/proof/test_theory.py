"""The numbers of what a theory says, which whoever continues it must use."""

import json

import pytest
from hypothesis import given, strategies

from aidefence.engine import kernel
from aidefence.knowledge.theory import Part, load
from aidefence.proof.theory import shipped


@pytest.mark.parametrize("part", Part)
def test_every_expression_is_found_at_its_own_number(part: Part) -> None:
    found = kernel.Expressions(load(part).data)
    lines = load(part).data.splitlines()
    entries = [(json.loads(it)["ie"], it) for it in lines if it.startswith(b'{"ie":')]
    assert len(found) == len(entries) > 10_000
    for number, line in entries:
        body = line.partition(b",")[2].removesuffix(b"}")
        assert found.body(number) == body
        assert found.find(body.decode()) == number
    assert found.find('"bvar":987654321') is None
    assert found.body(len(entries)) is None


def test_names_levels_and_statements_are_read() -> None:
    theory = shipped(Part.RULES)
    assert theory.names["Nat.succ"] > theory.names["Nat"] > 0
    assert theory.levels['"succ":0'] > 0
    assert "forallE" in theory.node(theory.type_of("AIDefence.in_of_tree"))
    with pytest.raises(KeyError):
        theory.node(len(theory.expressions))


@given(strategies.lists(strategies.sampled_from(('{"ie":0,x}', '{"ie":1,}', '{"ie":,', "{", ""))))
def test_no_text_is_too_odd(lines: list[str]) -> None:
    found = kernel.Expressions("\n".join(lines).encode())
    kept = [it[8:-1] for it in lines if it in ('{"ie":0,x}', '{"ie":1,}')]
    assert [found.body(at) for at in range(len(found))] == [it.encode() for it in kept]
    assert all(found.find(it) == kept.index(it) for it in kept)
    assert found.find("y") is None
