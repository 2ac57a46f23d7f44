import pickle

import pytest

from aidefence import Action, Category, Severity


def test_codes_are_positions() -> None:
    assert [category.code for category in Category] == list(range(19))


def test_severity_compares_by_rank_not_by_spelling() -> None:
    assert Severity.HIGH > Severity.LOW
    assert Severity.MEDIUM < Severity.CRITICAL
    assert max(Severity) is Severity.CRITICAL
    assert sorted(Severity) == list(Severity)


def test_action_compares_with_its_wire_name() -> None:
    assert Action.BLOCK >= "review"
    assert Action.ALLOW <= "allow"
    with pytest.raises(ValueError, match="nonsense"):
        _ = Action.ALLOW < "nonsense"


def test_members_travel_and_speak_their_wire_name() -> None:
    assert pickle.loads(pickle.dumps(Action.BLOCK)) is Action.BLOCK
    assert f"{Category.XSS}" == "xss"
